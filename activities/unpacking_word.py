"""A Word file taken apart: every part of its container, whatever the document makes of it.

Parts are told by what is in them and not only by their names; one that is of no known kind is unreadable. Nothing in
it is run, fetched or followed.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from lxml import etree

from activities.unpacked import JOINED, MOST_SHOWN, Unpacking
from activities.unpacking_package import entries
from activities.unpacking_word_text import W, local, texts_of
from workflows.policy.leaks import LeakKind

MOST_ELEMENTS = 500_000  # of one part
_DEEPEST = 3  # files within files

_PICTURE = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"\x01\0\0\0",
    b"\xd7\xcd\xc6\x9a",
    b"RIFF",
)
_PICTURES = re.compile(r"\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|svg|webp|ico|heic|wdp)$", re.IGNORECASE)
_OLE = b"\xd0\xcf\x11\xe0"
_MACRO = re.compile(r"vba(?:project|data)|macro", re.IGNORECASE)
_EMBEDDED = re.compile(r"/(?:embeddings|activex|afchunk|ctrlprops|fonts)", re.IGNORECASE)
_TEXTS = re.compile(r"\.(?:txt|html?|xhtml|mht(?:ml)?|rtf|csv|json|eml|md)$", re.IGNORECASE)
_PARTS = (
    (r"word/document", "document"), (r"word/header", "header"), (r"word/footer", "footer"),
    (r"word/footnotes", "footnote"), (r"word/endnotes", "endnote"), (r"word/comments", "comment"),
    (r"word/glossary", "building block"), (r"word/people", "list of people"), (r"word/settings", "settings"),
    (r"docprops/", "document property"), (r"customxml/", "custom XML"), (r".*\.rels$", "target of a link"),
)  # fmt: skip
# Parts that say how text looks; what their attributes name are styles and fonts, searched coarsely.
_FURNITURE = re.compile(
    r"word/(?:styles|stylesWithEffects|theme|fontTable|numbering|webSettings)|\[Content", re.IGNORECASE
)
_SPOKEN = frozenset({"descr", "title", "alt", "author", "initials", "tooltip", "instr", "displayText", "userId"})
_SPEAKING = frozenset({
    "alias", "tag", "docVar", "listItem", "listEntry", "statusText", "helpText", "tblCaption", "tblDescription",
    "caption", "default", "bookmarkStart", "docPr", "cNvPr", "person", "presenceInfo", "comment", "docPart", "property",
})  # fmt: skip
_OWNERS = frozenset({"creator", "lastModifiedBy", "Company", "Manager"})

Element = Any  # lxml has no types of its own


def unpack_word(data: bytes, into: Unpacking) -> None:
    """Unpack a Word file; without a document in it, it is unreadable."""
    names = [_part(name, content, into) for name, content in entries(data, into)]
    if "word/document.xml" not in names:
        into.unreadable("file", "there is no Word document in it")


def _part(name: str, content: bytes, into: Unpacking) -> str:
    where = next((words for start, words in _PARTS if re.match(start, name.lower())), f"part {name}")
    if _MACRO.search(name):
        into.binary(LeakKind.MACRO, where, content)
    elif content.startswith(b"PK\x03\x04"):
        _nested(where, content, into)
    elif content.startswith(_PICTURE) or _PICTURES.search(name):
        into.binary(LeakKind.IMAGE, f"picture {name}", content)
    elif content.startswith(_OLE) or _EMBEDDED.search(f"/{name}"):
        into.binary(LeakKind.ATTACHMENT, f"embedded file {name}", content)
    elif _TEXTS.search(name):
        into.binary(LeakKind.ATTACHMENT, f"embedded file {name}", content)
        into.text(f"embedded file {name}", content.decode("utf-8", "replace"))
    elif name.lower().endswith((".xml", ".rels", ".vml")) or content.lstrip().startswith(b"<"):
        _xml(name, where, content, into)
    elif content.strip():
        into.binary(LeakKind.UNREADABLE, where, content)
    return name.lower()


def _nested(where: str, content: bytes, into: Unpacking) -> None:
    into.found(LeakKind.ATTACHMENT, f"file within the file, {where}", sha256(content).hexdigest()[:16])
    if into.depth >= _DEEPEST:
        into.unreadable(where, "files lie within files too deep")
        return
    into.depth += 1
    for name, inner in entries(content, into):
        _part(name, inner, into)
    into.depth -= 1


def _xml(name: str, where: str, content: bytes, into: Unpacking) -> None:
    into.text(where, content.decode("utf-8", "replace"), coarse=True)
    root = _parsed(where, content, into)
    if root is None:
        return
    if not _FURNITURE.match(name):
        for element in root.iter(etree.Element):
            _attributes(where, element, into)
    for aside in root.xpath("//comment() | //processing-instruction()"):
        into.text("note in the code of the file", aside.text or "")
    told = list(texts_of(root, where))
    for place, text in told:
        into.text(place, text)
    into.text(f"whole {where}", JOINED.join(text for _, text in told if text.strip()), coarse=True)
    _structure(name, where, root, into)


def _parsed(where: str, content: bytes, into: Unpacking) -> Element | None:
    """Parse a part, without anything that it refers to."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        into.unreadable(where, "its code is damaged")
        return None
    if root.getroottree().docinfo.doctype or b"<!ENTITY" in content:
        into.unreadable(where, "it declares a document type, which Word never does")
        return None
    if root.xpath("count(//*)") > MOST_ELEMENTS:
        into.unreadable(where, "it holds too much")
        return None
    return root


def _attributes(where: str, element: Element, into: Unpacking) -> None:
    """What somebody may have typed into an attribute; all of them are searched coarsely besides."""
    told = local(element.tag)
    for name, value in element.attrib.items():
        if local(name) in _SPOKEN:
            into.text(_spoken(local(name), where), value)
        elif told == "bookmarkStart":
            into.text("name of a bookmark", value)
        elif told in _SPEAKING or " " in value or "@" in value:
            into.text(where, value)


def _spoken(name: str, where: str) -> str:
    return {
        "descr": "alternative text of a picture",
        "alt": "alternative text of a picture",
        "author": "author of a change or a comment",
        "instr": "field code",
        "tooltip": "tip of a link",
    }.get(name, where)


# --- how it is made ----------------------------------------------------------------------------------


def _structure(name: str, where: str, root: Element, into: Unpacking) -> None:
    for element in root.iter(etree.Element):
        told = local(element.tag)
        if told == "Relationship":
            _relation(element, into)
        elif told in ("Override", "Default") and _MACRO.search(str(element.get("ContentType", ""))):
            into.found(LeakKind.MACRO, where, str(element.get("ContentType", "")))
        elif told in _OWNERS and name.lower().startswith("docprops/"):
            into.owner(f"document property {told}", element.text or "")
        elif element.tag == f"{W}comment":
            into.found(LeakKind.COMMENT, "comment", _inside(element))
        elif told == "person" and "people" in name.lower():
            author = next((value for key, value in element.attrib.items() if local(key) == "author"), "")
            into.owner("list of people", author or "somebody")
        elif element.get(f"{W}author") is not None:
            into.found(LeakKind.REVISION, f"tracked change ({told})", _inside(element) or told)
        elif told in ("vanish", "specVanish", "webHidden") and element.get(f"{W}val") not in ("0", "false", "off"):
            _hidden(where, element, into)
        elif told == "altChunk":
            into.found(LeakKind.ATTACHMENT, where, "another file is taken in here")
    if re.match(r"docprops/custom", name, re.IGNORECASE):
        for element in root:
            into.owner("document property of its own", f"{element.get('name', '')} {_inside(element)}")
    for code in _fetching(root):
        into.found(LeakKind.EXTERNAL_LINK, "field code", code)


def _inside(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())[:MOST_SHOWN]


def _relation(element: Element, into: Unpacking) -> None:
    """A link typed in the text is told by its target; whatever would be fetched is a finding whatever it says."""
    if str(element.get("TargetMode", "")).lower() != "external":
        return
    kind, target = str(element.get("Type", "")).rpartition("/")[2], str(element.get("Target", ""))
    into.link("target of a link", target)
    if kind != "hyperlink":
        into.found(LeakKind.EXTERNAL_LINK, f"something outside of the file ({kind})", target[:MOST_SHOWN], target)


def _hidden(where: str, element: Element, into: Unpacking) -> None:
    """Text that is not shown; in a style, whatever has the style is not."""
    owner = element.getparent()
    while owner is not None and owner.tag not in (f"{W}r", f"{W}style", f"{W}p", f"{W}docDefaults"):
        owner = owner.getparent()
    if owner is None or owner.tag == f"{W}p":  # the mark at the end of a paragraph
        return
    text = _inside(owner)
    if owner.tag == f"{W}r" and not text:
        return
    into.found(LeakKind.HIDDEN_TEXT, where, text or str(owner.get(f"{W}styleId", "a style hides text")))


def _fetching(root: Element) -> Iterator[str]:
    """Field codes that take something in from elsewhere."""
    codes = ["".join(element.itertext()) for element in root.iter(f"{W}instrText", f"{W}delInstrText")]
    codes += [str(element.get(f"{W}instr", "")) for element in root.iter(f"{W}fldSimple")]
    for code in ("".join(codes), *codes):
        if re.search(r"\b(?:INCLUDE(?:TEXT|PICTURE)|DDE(?:AUTO)?|LINK|IMPORT|RD|MACROBUTTON|DATABASE)\b", code):
            yield code[:MOST_SHOWN]
            return
