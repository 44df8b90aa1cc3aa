"""A rendition as PDF/UA-1: tagged, in a font of its own, made by typst where the extra `pdf` is installed."""

import json
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from activities.rendering_html import TEMPLATES
from activities.rendering_paper import Paper
from activities.rendering_words import LANGUAGE

if TYPE_CHECKING:
    import typst

# Ours first, which is like Arial and has Welsh letters; then those that typst brings, for other scripts.
FONTS = ("Arimo", "Libertinus Serif", "New Computer Modern", "DejaVu Sans Mono")
_TEMPLATE = TEMPLATES / "document.typ"
# One that shows each of some characters, plain and bold, or does not compile.
_PROBE = b"""#set document(title: "-")
#set text(font: json(bytes(sys.inputs.fonts)))
#for one in json(bytes(sys.inputs.shown)) { [#text(one) #strong(text(one)) #parbreak()] }
"""


def can_write_pdf() -> bool:
    """Whether typst is installed here."""
    return find_spec("typst") is not None


def to_pdf(paper: Paper, number: int) -> bytes:
    """The file, without any date. Errors: RuntimeError where typst is not installed or cannot make it.

    PDF/UA forbids a character that no font can show. Such a one is written out as its name: `(grinning face)`.
    """
    if not can_write_pdf():
        raise RuntimeError("a PDF needs the extra `pdf`")
    data = _data(paper, number)
    try:
        return _compile(data)
    except RuntimeError:
        # Rare, so that only then it is looked which characters they are.
        return _compile(_spelled(data, _unseen(sorted({one for text in _texts(data) for one in _clusters(text)}))))


def _data(paper: Paper, number: int) -> dict[str, Any]:
    language, _, region = LANGUAGE.partition("-")
    elements = [{"is": type(element).__name__, **asdict(element)} for element in paper.elements]
    return {
        **asdict(paper),
        "elements": elements,
        "document_title": f"{paper.title}, version {number}",
        "language": language,
        "region": region,
        "fonts": FONTS,
    }


def _compile(data: dict[str, Any]) -> bytes:
    import typst

    inputs = {"paper": json.dumps(data)}
    try:
        return typst.compile(_TEMPLATE, format="pdf", font_paths=_fonts(), sys_inputs=inputs, pdf_standards=["ua-1"])
    except typst.TypstError:
        # What typst says quotes the text, which belongs in no log.
        raise RuntimeError("typst could not make the PDF") from None


@lru_cache(maxsize=1)
def _fonts() -> "typst.Fonts":
    """The fonts that are the same on every machine, and not those that happen to be installed."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[TEMPLATES])


# --- characters that no font shows -------------------------------------------------------------------


def _clusters(text: str) -> Iterator[str]:
    """What is beyond ASCII, each character together with the marks that are set on it."""
    cluster = ""
    for character in text:
        if cluster and unicodedata.category(character).startswith("M"):
            cluster += character
            continue
        if not cluster.isascii():
            yield cluster
        cluster = character
    if not cluster.isascii():
        yield cluster


def _unseen(clusters: Sequence[str]) -> list[str]:
    """Those of them that no font shows: typst names most of them; for the rest it is asked half by half."""
    complaint = _complaint(clusters) if clusters else ""
    if not complaint or len(clusters) == 1:
        return list(clusters) if complaint else []
    if named := {cluster for cluster in clusters if f'`"{cluster}"`' in complaint}:
        return [*named, *_unseen([cluster for cluster in clusters if cluster not in named])]
    half = len(clusters) // 2
    return _unseen(clusters[:half]) + _unseen(clusters[half:])


def _complaint(clusters: Sequence[str]) -> str:
    """What typst says of characters, each alone and plain and bold; empty where it shows them all."""
    import typst

    inputs = {"fonts": json.dumps(FONTS), "shown": json.dumps(clusters)}
    try:
        typst.compile(_PROBE, format="pdf", font_paths=_fonts(), sys_inputs=inputs, pdf_standards=["ua-1"])
    except typst.TypstError as error:
        return error.diagnostic or error.message
    return ""


def _spelled(data: Any, unseen: Sequence[str]) -> Any:
    """The same data with names for the characters; the longest first, since one may stand within another."""
    if isinstance(data, dict):
        return {key: _spelled(value, unseen) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_spelled(value, unseen) for value in data]
    if isinstance(data, str):
        for cluster in sorted(unseen, key=len, reverse=True):
            data = data.replace(cluster, f"({', '.join(map(_name, cluster))})")
    return data


def _name(character: str) -> str:
    return unicodedata.name(character, f"U+{ord(character):04X}").lower()


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, str):
        yield data
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _texts(value)
