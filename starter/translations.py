"""A translation given back: told by its content which kind of file it is, and put on the record beside the rendition.

What is given back leaves as it is, so nothing is taken that runs, fetches, is locked, or holds another file that
nobody would search. Rule: facts.md 2.14; design.md 3.3.
"""

import hashlib
import re
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from lxml import etree, html
from pypdf import PdfReader

from starter.connections import Connection
from starter.record import Asked, Gate, append_audit
from starter.rendition_files import FORMAT_WORDS, about
from starter.reports import locked_case
from starter.word import WordError
from starter.word_package import open_package
from workflows.contract.rendition import FileFormat
from workflows.contract.vocabulary import GateState

LARGEST_TRANSLATION = 10_000_000  # bytes
MOST_TRIES = 20  # of one leg and version; each is kept for good

_ZIP, _OLE, _PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"%PDF-"
_HTML = re.compile(r"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_RUNS = frozenset({"script", "iframe", "frame", "object", "embed", "applet", "form", "base", "link", "svg", "math"})
_LOADS = frozenset({"src", "srcset", "background", "poster", "data"})
_CARRIED = frozenset({"/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/3D", "/Screen", "/Widget"})
_SCHEME = re.compile(r"\s*(javascript|vbscript)\s*:", re.IGNORECASE)
_FETCHED = re.compile(r"@import|url\(\s*['\"]?\s*(?!data:|#)", re.IGNORECASE)


class TranslationError(Exception):
    """The file cannot be taken; the text says what is wrong with it and the remedy."""


@dataclass(frozen=True, slots=True)
class Given:
    """A translation on the record: `v2-1`, its kind of file, and whether it is there since now."""

    language: str
    format: FileFormat
    is_new: bool

    @property
    def in_words(self) -> str:
        """Say what was given back."""
        number = self.language.partition("-")[2]
        again = "" if self.is_new else " This file was given back before, so nothing has changed."
        return f"Translation {number} is given back: {FORMAT_WORDS[self.format]}.{again}"


def format_of(data: bytes) -> FileFormat:
    """Tell by its content which of the three kinds this is. Raises TranslationError for anything that is not taken."""
    if not data:
        raise TranslationError("The file is empty, or none was chosen: choose the file of the translation")
    if len(data) > LARGEST_TRANSLATION:
        largest = LARGEST_TRANSLATION // 1_000_000
        raise TranslationError(f"The file is larger than {largest} MB: make its pictures smaller and send it again")
    if data.startswith((_ZIP, _OLE)):
        _check_word(data)
        return FileFormat.WORD
    if data.startswith(_PDF):
        _check_pdf(data)
        return FileFormat.PDF
    _check_html(data)
    return FileFormat.HTML


def _check_word(data: bytes) -> None:
    try:
        package = open_package(data, LARGEST_TRANSLATION)
    except WordError as error:
        raise TranslationError(error.problems[0].message) from None
    if package.has_files:
        raise TranslationError("Other files are embedded in the Word file: take them out and send it again")


def _check_pdf(data: bytes) -> None:
    try:
        reader = PdfReader(BytesIO(data))
        if reader.is_encrypted:
            raise TranslationError("The PDF has a password: save it without one and send it again")
        pages, runs = len(reader.pages), _runs(reader)
    except TranslationError:
        raise
    except Exception:  # pypdf raises whatever a damaged file leads to
        raise TranslationError("The PDF is damaged and cannot be read: make it anew and send that") from None
    if not pages:
        raise TranslationError("The PDF has no page: make it anew and send that")
    if runs:
        raise TranslationError("The PDF holds a script, a form or another file: print it to a new PDF and send that")


def _runs(reader: PdfReader) -> bool:
    """Whether the document does something when it is opened or read, or carries something beside its pages."""
    catalogue = _resolved(reader.trailer["/Root"])
    names, opening = _resolved(catalogue.get("/Names")), _resolved(catalogue.get("/OpenAction"))
    carries = any(key in names for key in ("/JavaScript", "/EmbeddedFiles"))
    acts = _acts(opening) or any(key in catalogue for key in ("/AA", "/AcroForm", "/AF"))
    return carries or acts or any("/AA" in page or any(map(_is_active_note, _notes(page))) for page in reader.pages)


def _resolved(part: Any) -> Any:
    """What a reference leads to; an empty dictionary where there is none."""
    return {} if part is None else part.get_object()


def _notes(page: Any) -> list[Any]:
    return [_resolved(note) for note in _resolved(page.get("/Annots")) or ()]


def _is_active_note(note: Any) -> bool:
    return "/AA" in note or note.get("/Subtype") in _CARRIED or _acts(_resolved(note.get("/A")))


def _acts(action: Any) -> bool:
    return isinstance(action, dict) and action.get("/S") not in (None, "/GoTo", "/URI")


def _check_html(data: bytes) -> None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    if not _HTML.match(text[:5_000]):
        if _HTML.match(data[:5_000].decode("latin-1")):
            raise TranslationError("The web page is not in UTF-8: save it in that encoding and send it again")
        raise TranslationError(
            "This is not a Word document, a PDF or a web page: save it as one of these and send that"
        )
    try:
        root = html.document_fromstring(data, parser=html.HTMLParser(encoding="utf-8", no_network=True))
    except (etree.LxmlError, ValueError):
        raise TranslationError("The web page is damaged and cannot be read: save it anew and send that") from None
    if any(_is_active(element) for element in root.iter()):
        raise TranslationError(
            "The web page holds a script, a form or something that is fetched from elsewhere: save it as a plain page "
            "and send that"
        )


def _is_active(element: Any) -> bool:
    tag = element.tag.lower() if isinstance(element.tag, str) else ""
    attributes = {str(name).lower(): str(value) for name, value in element.attrib.items()} if tag else {}
    refreshes = tag == "meta" and attributes.get("http-equiv", "").strip().lower() not in ("", "content-type")
    return (
        tag in _RUNS
        or refreshes
        or (tag == "style" and bool(_FETCHED.search(element.text or "")))
        or any(name.startswith("on") or _SCHEME.match(value) for name, value in attributes.items())
        or any(not attributes[name].strip().startswith("data:") for name in _LOADS & attributes.keys())
        or bool(_FETCHED.search(attributes.get("style", "")))
    )


async def give_translation(
    connection: Connection, gate: Gate, by: Asked, data: bytes, format_: FileFormat
) -> Given | None:
    """Put the file on the record as the next translation for the leg, in one transaction; none: the question closed.

    The same bytes again as the last time are the same translation. Raises TranslationError when too many were given.
    """
    given = about(gate)
    async with connection.transaction():
        case = await locked_case(connection, gate.reference)
        state = await connection.fetchval("SELECT state FROM sfo.gates WHERE gate = $1 FOR UPDATE", gate.gate)
        is_answered = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM sfo.decisions WHERE gate = $1 AND void_at IS NULL)", gate.gate
        )
        if given is None or gate.subject is None or state != GateState.OPEN or is_answered:
            return None
        key = (gate.reference, given["kind"], given["version"])
        digest = hashlib.sha256(data).hexdigest()
        last = await connection.fetchrow(_LAST, *key, f"{gate.subject}-")
        if last and last["sha256"] == digest:
            return Given(last["language"], FileFormat(last["format"]), is_new=False)
        number = (last["number"] if last else 0) + 1
        if number > MOST_TRIES:
            raise TranslationError(f"{MOST_TRIES} files were given back already: tell whoever runs this service")
        language = f"{gate.subject}-{number}"
        await connection.execute(
            """INSERT INTO sfo.rendition_files
                   (reference, kind, version, language, format, bytes, sha256, given_by, at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
            *key,
            language,
            str(format_),
            data,
            digest,
            by.email,
            case.now,
        )
        detail = {"version": given["version"], "language": language, "format": str(format_), "sha256": digest}
        await append_audit(connection, case.now, gate.reference, by.email, "translation_given", gate.gate, detail)
        return Given(language, format_, is_new=True)


_LAST = """
    SELECT language, format, sha256, substr(language, length($4) + 1)::integer AS number FROM sfo.rendition_files
    WHERE reference = $1 AND kind = $2 AND version = $3 AND starts_with(language, $4) ORDER BY 4 DESC LIMIT 1
"""
