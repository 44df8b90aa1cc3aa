"""The text inside a Word file's XML: paragraphs, tables and their cells, as a reader would read them."""

from collections.abc import Iterator
from dataclasses import dataclass

from starter.word_package import Element

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"

_CHARACTERS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "\u2011", "softHyphen": "\u00ad"}
_SILENT = {f"{_W}{name}" for name in ("pPr", "rPr", "sectPr", "tblPr", "trPr", "tcPr", "sdtPr", "instrText")}
_TRACKED = ("ins", "del", "moveFrom", "moveTo", "cellIns", "cellDel", "cellMerge")
_NO_PLACE = {
    "drawing": "a picture or a text box: write in words what it shows, and take it out",
    "pict": "a picture or a text box: write in words what it shows, and take it out",
    "object": "an embedded object: write in words what it shows, and take it out",
    "altChunk": "another file inside: copy its text into the document",
    "subDoc": "another file inside: copy its text into the document",
    "footnoteReference": "a footnote: move its text into the paragraph",
    "endnoteReference": "an endnote: move its text into the paragraph",
    "sym": "a sign of a picture font: type it as a letter or in words",
    "oMath": "a formula: write it in words",
    "vMerge": "joined cells: split them, so that every row has the cells of the first",
}


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, with its text and whether it looks like a heading, or a table."""

    element: Element
    is_table: bool
    text: str = ""
    is_heading: bool = False


class Styles:
    """Knows which styles are headings: by name, by outline level, or by the style that they are based on."""

    def __init__(self, styles: Element | None) -> None:
        found = styles.iter(f"{_W}style") if styles is not None else ()
        self._styles = {str(style.get(f"{_W}styleId")): style for style in found}

    def is_heading(self, paragraph: Element) -> bool:
        """Whether a paragraph stands out as a heading."""
        if paragraph.find(f"{_W}pPr/{_W}outlineLvl") is not None:
            return True
        used = paragraph.find(f"{_W}pPr/{_W}pStyle")
        name = _value(used)
        for _ in range(len(self._styles)):
            style = self._styles.get(name)
            if style is None:
                return False
            if _value(style.find(f"{_W}name")).lower().startswith("heading "):
                return True
            if style.find(f"{_W}pPr/{_W}outlineLvl") is not None:
                return True
            name = _value(style.find(f"{_W}basedOn"))
        return False


def _value(element: Element | None) -> str:
    return str(element.get(f"{_W}val", "")) if element is not None else ""


def blocks(document: Element, styles: Styles) -> Iterator[Block]:
    """Yield the paragraphs and tables of a document in their order, those in content controls too."""
    for element in _flat(document.find(f"{_W}body"), ("p", "tbl")):
        if element.tag == f"{_W}tbl":
            yield Block(element, is_table=True)
        else:
            yield Block(element, is_table=False, text=text_of(element), is_heading=styles.is_heading(element))


def _flat(parent: Element | None, names: tuple[str, ...]) -> Iterator[Element]:
    """Yield the nearest descendants of these names; what stands inside of one of them is its own."""
    for child in parent if parent is not None else ():
        if child.tag in [f"{_W}{name}" for name in names]:
            yield child
        elif child.tag not in _SILENT and child.tag != _FALLBACK:
            yield from _flat(child, names)


def rows(table: Element) -> Iterator[Element]:
    """Yield the rows of a table."""
    return _flat(table, ("tr",))


def cells(row: Element) -> Iterator[str]:
    """Yield the text of each cell of a row; a joined cell counts as one."""
    for cell in _flat(row, ("tc",)):
        yield "\n".join(text_of(paragraph) for paragraph in _flat(cell, ("p",)))


def text_of(element: Element) -> str:
    """Return the text of a paragraph, as one that splits runs, breaks lines and hides nothing."""
    return "".join(_pieces(element))


def _pieces(element: Element) -> Iterator[str]:
    for child in element:
        if not isinstance(child.tag, str) or child.tag in _SILENT or child.tag == _FALLBACK:
            continue
        name = child.tag.removeprefix(_W)
        if name == "t":
            yield _written(child)
        elif name in _CHARACTERS:
            yield _CHARACTERS[name]
        else:
            yield from _pieces(child)


def _written(element: Element) -> str:
    text = (element.text or "").replace("\n", " ").replace("\r", " ").replace("\t", " ")
    return text if element.get(_XML_SPACE) == "preserve" else text.strip(" ")


def unreadable(document: Element) -> str:
    """Say why a document as a whole cannot be read, with the remedy; "": it can."""
    body = document.find(f"{_W}body")
    if body is None:
        return "This is not a Word document of the usual kind: save it as “Word Document (.docx)”, not Strict"
    if _names_in(body).intersection(_TRACKED):
        return "The file holds tracked changes: accept or reject the changes in Word, then send it again"
    return ""


def without_place(block: Block) -> Iterator[str]:
    """Say what a paragraph or table holds that would be lost or misread, each with its remedy."""
    present = _names_in(block.element)
    yield from dict.fromkeys(words for name, words in _NO_PLACE.items() if name in present)
    if block.is_table and len(list(block.element.iter(f"{_W}tbl"))) > 1:
        yield "a table inside of a table: write its words into the cell"


def _names_in(element: Element) -> set[str]:
    return {tag.rpartition("}")[2] for tag in {e.tag for e in element.iter()} if isinstance(tag, str)}
