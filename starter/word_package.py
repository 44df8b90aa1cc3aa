"""The container of a Word file, opened with care: what it may hold, how large it may be, and its parts as XML.

Nothing in a file is run, fetched or followed. What could not be taken over without losing it is refused by name.
"""

import re
import zlib
from dataclasses import dataclass
from io import BytesIO
from posixpath import dirname, join, normpath
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from lxml import etree

from starter.word import LARGEST_FILE, WordError
from workflows.policy.answers import Problem

MOST_ENTRIES = 500
LARGEST_UNPACKED = 20_000_000  # bytes, of all entries together
LARGEST_PART = 8_000_000  # bytes, of a part that is read: many times the longest review
MOST_ELEMENTS = 250_000  # of a part that is read

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_OVERRIDE = "{http://schemas.openxmlformats.org/package/2006/content-types}Override"
_OUTSIDE = {"attachedTemplate": "its template", "image": "a linked picture", "oleObject": "a linked object"}
_EMBEDDED = re.compile(r"/(embeddings|activeX|afchunk|ctrlProps)", re.IGNORECASE)

Element = Any  # lxml has no types of its own


@dataclass(frozen=True, slots=True)
class Package:
    """The parts of a Word file that are read. `notes` say what a person should know about the file.

    `has_files`: other files are embedded, such as a spreadsheet. They are never opened.
    """

    body: Element
    styles: Element | None
    numbering: Element | None
    headers: tuple[Element, ...]
    properties: Element | None
    notes: tuple[str, ...]
    has_files: bool


def open_package(data: bytes, largest: int = LARGEST_FILE) -> Package:
    """Open a Word file of at most so many bytes. Raises WordError for anything that is none, or may not be taken."""
    if len(data) > largest:
        raise _refused(f"The file is larger than {largest // 1_000_000} MB: take out pictures and send it again")
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            raise _encrypted()
        raise _refused("This is a file of an old Word (.doc): save it as a Word document (.docx) and send that")
    try:
        with ZipFile(BytesIO(data)) as container:
            return _opened(container)
    except (BadZipFile, zlib.error, RuntimeError, EOFError, KeyError, OSError, ValueError):
        raise _no_word_file() from None


def _refused(message: str) -> WordError:
    return WordError(Problem("file", message))


def _encrypted() -> WordError:
    return _refused(
        "The file has a password, or a restriction on who may open it: take that away in Word (File, Info, "
        "Protect Document) and send it again"
    )


def _too_much() -> WordError:
    return _refused("The file unpacks to too much: copy its text into a file exported from here and send that")


def _no_word_file() -> WordError:
    return _refused("This is not a Word file, or it is damaged: save it as a Word document (.docx) and send that")


def _opened(container: ZipFile) -> Package:
    _measure(container)
    names = container.namelist()
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise _with_macros()
    main, outside = _relations(container, "")
    (document,) = [target for kind, target in main if kind.endswith("/officeDocument")][:1] or [""]
    if not document or outside:
        raise _no_word_file()
    _check_type(_parsed(container, "[Content_Types].xml"), document)
    parts = _check_relations(container, names, document)
    found = {kind.rpartition("/")[2]: target for kind, target in parts}
    properties = [target for kind, target in main if kind.endswith("/core-properties")]
    read = {kind: _parsed(container, found[kind]) for kind in ("styles", "numbering", "comments") if kind in found}
    return Package(
        body=_parsed(container, document),
        styles=read.get("styles"),
        numbering=read.get("numbering"),
        headers=tuple(_parsed(container, target) for kind, target in parts if kind.endswith("/header")),
        properties=_parsed(container, properties[0]) if properties else None,
        notes=_notes(read.get("comments"), has_links=any("hyperlink" in kind for kind, _ in parts)),
        has_files=any(_EMBEDDED.search(f"/{name}") for name in names),
    )


def _notes(comments: Element | None, *, has_links: bool) -> tuple[str, ...]:
    noted = []
    if comments is not None and len(comments):
        counted = (
            "1 comment in the margin was" if len(comments) == 1 else f"{len(comments)} comments in the margin were"
        )
        noted.append(f"{counted} not taken over.")
    if has_links:
        noted.append("Links were taken over as their words alone.")
    return tuple(noted)


def _measure(container: ZipFile) -> None:
    entries = container.infolist()
    names = [entry.filename for entry in entries]
    if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > LARGEST_UNPACKED:
        raise _too_much()
    if len(set(names)) != len(names) or any(e.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for e in entries):
        raise _no_word_file()
    if any(entry.flag_bits & 1 for entry in entries):
        raise _encrypted()


def _check_type(types: Element, document: str) -> None:
    declared = {str(o.get("PartName", "")).lower(): str(o.get("ContentType", "")) for o in types.iter(_OVERRIDE)}
    of_document = declared.get(f"/{document}".lower(), "")
    if any("macroenabled" in kind.lower() or "vbaproject" in kind.lower() for kind in declared.values()):
        raise _with_macros()
    if of_document != _DOCX:
        raise _no_word_file()


def _with_macros() -> WordError:
    return _refused("The file holds macros: save it as a Word document (.docx), which holds none, and send that")


def _check_relations(container: ZipFile, names: list[str], document: str) -> list[tuple[str, str]]:
    """Return the document's relations. A link typed in the text is nothing; whatever would be fetched is refused."""
    for name in names:
        if name.endswith(".rels"):
            _, outside = _relations(container, name)
            if outside:
                what = _OUTSIDE.get(outside[0].rpartition("/")[2], "something")
                raise _refused(
                    f"The file refers to something outside of it: {what}. Nothing is fetched from elsewhere: take it "
                    "out, or copy your text into a new export, and send that"
                )
    return _relations(container, document)[0]


def _relations(container: ZipFile, part: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Return what a part relates to inside the file, by kind, and the kinds of what lies outside but links."""
    if part.endswith(".rels"):
        name, folder = part, dirname(dirname(part))
    else:
        name, folder = join(dirname(part), "_rels", f"{part.rpartition('/')[2]}.rels"), dirname(part)
    if name not in container.namelist():
        return [], []
    inside, outside = [], []
    for relation in _parsed(container, name).iter(_RELATION):
        kind, target = str(relation.get("Type", "")), str(relation.get("Target", ""))
        if str(relation.get("TargetMode", "")).lower() != "external":
            inside.append((kind, normpath(target.lstrip("/") if target.startswith("/") else join(folder, target))))
        elif kind.endswith("/hyperlink"):
            inside.append((kind, ""))
        else:
            outside.append(kind)
    return inside, outside


def _parsed(container: ZipFile, name: str) -> Element:
    """Parse a part, without anything that it refers to."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(_unpacked(container, name), parser)
    except etree.XMLSyntaxError:
        raise _no_word_file() from None
    if root.getroottree().docinfo.doctype:
        raise _refused("The file declares a document type, which Word never does: save it anew in Word and send that")
    if root.xpath("count(//*)") > MOST_ELEMENTS:
        raise _too_much()
    return root


def _unpacked(container: ZipFile, name: str) -> bytes:
    """Unpack a part up to the size that it says, whatever is packed in it. zipfile then finds one that lies."""
    size = container.getinfo(name).file_size
    if size > LARGEST_PART:
        raise _too_much()
    with container.open(name) as part:
        return part.read(size + 1)
