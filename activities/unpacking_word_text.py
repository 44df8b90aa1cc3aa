"""The text of one part of a Word file, paragraph by paragraph: runs joined, so that a name split over them is whole.

What was deleted and what a field says stand beside the paragraph they are in, by themselves and in their order.
"""

from collections.abc import Iterator
from typing import Any

from lxml import etree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

_SHOWN, _DELETED, _FIELD = "shown", "deleted text", "field code"
_SIGNS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": "\u00ad"}
_TEXTS = frozenset({"t", "delText", "instrText", "delInstrText"})
_KINDS = {"delText": _DELETED, "instrText": _FIELD, "delInstrText": _FIELD}

Element = Any  # lxml has no types of its own


def local(tag: object) -> str:
    """A tag or an attribute without its namespace."""
    return str(tag).rpartition("}")[2]


def texts_of(root: Element, where: str) -> Iterator[tuple[str, str]]:
    """Every text of a part, with where it stands in words; first by paragraph, then whatever lies outside of one."""
    for element in root.iter(etree.Element):
        if local(element.tag) == "p" and not _is_leaf(element):
            yield from _paragraph(element, where)
        elif not _is_within_paragraph(element):
            text = element.text or ""
            yield f"{where} {local(element.tag)}" if where in _NAMED else where, text
        if not _is_within_paragraph(element):
            yield where, element.tail or ""


_NAMED = frozenset({"document property", "custom XML"})


def _is_leaf(element: Element) -> bool:
    return len(element) == 0


def _is_within_paragraph(element: Element) -> bool:
    return any(local(above.tag) == "p" for above in element.iterancestors())


def _paragraph(paragraph: Element, where: str) -> Iterator[tuple[str, str]]:
    pieces = list(_pieces(paragraph))
    place = _place(paragraph) if where == "document" else where
    yield place, "".join(text for kind, text in pieces if kind == _SHOWN)
    for kind in (_DELETED, _FIELD):
        if any(one == kind for one, _ in pieces):
            yield kind, "".join(text for one, text in pieces if one == kind)
            yield f"{place} with {kind}", "".join(text for one, text in pieces if one in (_SHOWN, kind))


def _pieces(element: Element) -> Iterator[tuple[str, str]]:
    """The texts of a paragraph in their order, without paragraphs that lie in it, such as those of a text box."""
    tag = local(element.tag)
    if tag in _SIGNS and element.tag.startswith(W):
        yield _SHOWN, _SIGNS[tag]
    if tag == "sym":
        yield _SHOWN, _symbol(element)
    yield _KINDS.get(tag, _SHOWN), _told(element.text, tag)
    for child in element:
        if not isinstance(child.tag, str):
            yield _SHOWN, _told(child.tail, tag)
        elif local(child.tag) == "p":
            yield _SHOWN, f"\n{_told(child.tail, tag)}"
        else:
            yield from _pieces(child)
            yield _KINDS.get(tag, _SHOWN), _told(child.tail, tag)


def _told(text: str | None, tag: str) -> str:
    """Spaces between elements are how the code is laid out; only in a text are they spaces."""
    return text if text and (tag in _TEXTS or text.strip()) else ""


def _symbol(element: Element) -> str:
    """A sign from a font of symbols, which may be a plain letter."""
    try:
        code = int(element.get(f"{W}char", ""), 16)
    except ValueError:
        return ""
    return chr(code & 0xFF if 0xF000 <= code <= 0xF0FF else code) if code < 0x110000 else ""


def _place(paragraph: Element) -> str:
    """Where in the document a paragraph stands, for a person."""
    above = {local(element.tag) for element in paragraph.iterancestors()}
    if "txbxContent" in above:
        return "text box"
    if "tc" in above:
        return "table"
    style = paragraph.find(f"{W}pPr/{W}pStyle")
    named = str(style.get(f"{W}val", "")).lower() if style is not None else ""
    return "heading" if named.startswith(("heading", "title")) else "paragraph"
