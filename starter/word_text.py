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


# How a run looks that is meant to be gone, or that nobody sees.
_MEANT_OTHERWISE = {
    "strike": "words that are struck through: delete them, or take the line through them away",
    "dstrike": "words that are struck through: delete them, or take the line through them away",
    "vanish": "hidden words: show them, or delete them",
}


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph or a table. `mark`: what Word puts before a paragraph of a list, such as "- " or "2. "."""

    element: Element
    is_table: bool
    text: str = ""
    mark: str = ""
    is_heading: bool = False
    is_guidance: bool = False


class Styles:
    """Knows how a paragraph looks: as a heading, as our guidance, as one of a list."""

    def __init__(self, styles: Element | None, numbering: Element | None = None) -> None:
        found = styles.iter(f"{_W}style") if styles is not None else ()
        self._styles = {str(style.get(f"{_W}styleId")): style for style in found}
        self._lists = Lists(numbering)

    def is_heading(self, paragraph: Element) -> bool:
        """Whether a paragraph stands out as a heading: by its style's name, or by its level in the outline."""
        if paragraph.find(f"{_W}pPr/{_W}outlineLvl") is not None:
            return True
        return any(
            _value(style.find(f"{_W}name")).lower().startswith("heading ")
            or style.find(f"{_W}pPr/{_W}outlineLvl") is not None
            for style in self._used(paragraph)
        )

    def is_of(self, paragraph: Element, name: str) -> bool:
        """Whether a paragraph has the style of this name."""
        return any(_value(style.find(f"{_W}name")) == name for style in self._used(paragraph))

    def mark(self, paragraph: Element) -> str:
        """Return what Word puts before a paragraph of a list, counted in the order of the calls; "": no list."""
        for described in (paragraph, *self._used(paragraph)):
            numbered = described.find(f"{_W}pPr/{_W}numPr")
            if numbered is not None:
                return self._lists.mark(_value(numbered.find(f"{_W}numId")), _value(numbered.find(f"{_W}ilvl")))
        return ""

    def _used(self, paragraph: Element) -> Iterator[Element]:
        """Yield a paragraph's style and those that it is based on."""
        name = _value(paragraph.find(f"{_W}pPr/{_W}pStyle"))
        for _ in range(len(self._styles)):
            style = self._styles.get(name)
            if style is None:
                return
            yield style
            name = _value(style.find(f"{_W}basedOn"))


_DEEPEST = 8  # Word has nine levels


class Lists:
    """Counts what Word counts by itself, since the text of a list has no bullets and no numbers in it."""

    def __init__(self, numbering: Element | None) -> None:
        root = numbering if numbering is not None else ()
        levels = {_attribute(e, "abstractNumId"): list(e.iter(f"{_W}lvl")) for e in root if _is(e, "abstractNum")}
        used = {_attribute(e, "numId"): _value(e.find(f"{_W}abstractNumId")) for e in root if _is(e, "num")}
        self._levels = {number: levels.get(shape, []) for number, shape in used.items()}
        self._counted: dict[str, dict[int, int]] = {}

    def mark(self, number: str, level: str) -> str:
        """Return the mark of the next paragraph of a list at a level, with a space behind it."""
        at = min(_whole(level, 0), _DEEPEST)
        shapes = self._levels.get(number, [])
        if number in ("", "0") or not shapes:
            return ""
        counted = self._counted.setdefault(number, {})
        counted[at] = counted.get(at, _start(shapes, at) - 1) + 1
        for deeper in [other for other in counted if other > at]:
            del counted[deeper]
        kind = _shape(shapes, at, "numFmt")
        if kind in ("", "none"):
            return ""
        if kind == "bullet":
            return "- "
        written = _shape(shapes, at, "lvlText")
        for one in range(at + 1):
            counter = _counter(counted.get(one, _start(shapes, one)), _shape(shapes, one, "numFmt"))
            written = written.replace(f"%{one + 1}", counter)
        return f"{written} " if written else ""


def _shape(levels: list[Element], at: int, name: str) -> str:
    found = next((level for level in levels if _attribute(level, "ilvl") == str(at)), None)
    return _value(found.find(f"{_W}{name}")) if found is not None else ""


def _start(levels: list[Element], at: int) -> int:
    return _whole(_shape(levels, at, "start"), 1)


def _whole(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else otherwise


def _counter(number: int, kind: str) -> str:
    if kind in ("lowerLetter", "upperLetter") and 0 < number <= 26:
        letter = chr(ord("a") + number - 1)
        return letter if kind == "lowerLetter" else letter.upper()
    if kind in ("lowerRoman", "upperRoman") and 0 < number < 40:
        roman = "x" * (number // 10) + ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")[number % 10]
        return roman if kind == "lowerRoman" else roman.upper()
    return str(number)


def _is(element: Element, name: str) -> bool:
    return bool(element.tag == f"{_W}{name}")


def _attribute(element: Element, name: str) -> str:
    return str(element.get(f"{_W}{name}", ""))


def _value(element: Element | None) -> str:
    return str(element.get(f"{_W}val", "")) if element is not None else ""


def blocks(document: Element, styles: Styles, guidance: str) -> Iterator[Block]:
    """Yield the paragraphs and tables of a document in their order, those in content controls too.

    `guidance` is the name of the style in which our own words stand.
    """
    for element in _flat(document.find(f"{_W}body"), _BLOCKS):
        if element.tag == f"{_W}tbl":
            yield Block(element, is_table=True)
        else:
            yield Block(
                element,
                is_table=False,
                text=text_of(element),
                mark=styles.mark(element),
                is_heading=styles.is_heading(element),
                is_guidance=styles.is_of(element, guidance),
            )


_BLOCKS, _ROWS, _CELLS, _PARAGRAPHS = {f"{_W}p", f"{_W}tbl"}, {f"{_W}tr"}, {f"{_W}tc"}, {f"{_W}p"}


def _flat(parent: Element | None, tags: set[str]) -> Iterator[Element]:
    """Yield the nearest descendants with these tags; what stands inside of one of them is its own."""
    for child in parent if parent is not None else ():
        if child.tag in tags:
            yield child
        elif child.tag not in _SILENT and child.tag != _FALLBACK:
            yield from _flat(child, tags)


def rows(table: Element) -> Iterator[Element]:
    """Yield the rows of a table."""
    return _flat(table, _ROWS)


def cells(row: Element, styles: Styles) -> Iterator[str]:
    """Yield the text of each cell of a row; a joined cell counts as one."""
    for cell in _flat(row, _CELLS):
        yield "\n".join(marked(styles.mark(p), text_of(p)) for p in _flat(cell, _PARAGRAPHS))


def has_lists(table: Element, styles: Styles) -> bool:
    """Whether a list stands in one of a table's cells."""
    return any(styles.mark(p) and text_of(p).strip() for p in table.iter(f"{_W}p"))


def marked(mark: str, text: str) -> str:
    """Return a text with its mark before it; an empty one of a list has none."""
    return f"{mark}{text}" if text.strip() else text


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


def has_a_body(document: Element) -> bool:
    """Whether this is a document of the usual kind; Word's own “Strict” is another one."""
    return document.find(f"{_W}body") is not None


def is_tracked(element: Element) -> bool:
    """Whether changes are tracked in it, so that it has two texts."""
    return bool(_names_in(element).intersection(_TRACKED))


def without_place(block: Block) -> Iterator[str]:
    """Say what a paragraph or table holds that would be lost or misread, each with its remedy."""
    present = _names_in(block.element)
    yield from dict.fromkeys(words for name, words in _NO_PLACE.items() if name in present)
    yield from dict.fromkeys(words for name, words in _MEANT_OTHERWISE.items() if name in present and _on(block, name))
    if block.is_table and len(list(block.element.iter(f"{_W}tbl"))) > 1:
        yield "a table inside of a table: write its words into the cell"


def _on(block: Block, name: str) -> bool:
    """Whether a run with words in it looks so; what it says can be switched off again."""
    runs = (mark.getparent().getparent() for mark in block.element.iter(f"{_W}{name}") if _value(mark) not in _OFF)
    return any(_is(run, "r") and text_of(run).strip() for run in runs if run is not None)


_OFF = ("0", "false", "off")


def _names_in(element: Element) -> set[str]:
    return {tag.rpartition("}")[2] for tag in {e.tag for e in element.iter()} if isinstance(tag, str)}
