"""A rendition as a Word file: real headings and lists, gaps in a style of their own, nobody in its properties."""

from collections.abc import Sequence
from io import BytesIO
from itertools import count, zip_longest
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docx import Document
from docx.document import Document as WordDocument
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm
from docx.text.paragraph import Paragraph as WordParagraph
from docx.text.run import Run as WordRun

from activities.rendering_paper import Bullets, Element, Heading, Pairs, Paper, Paragraph, Run, Runs, Table
from activities.rendering_word_styles import GAP, LINK, MARGIN, PAGE_WIDTH, PARAGRAPHS, STRONG, set_up

# A zip holds dates from this one on. It says nothing of when the file was made.
_NO_DATE = (1980, 1, 1, 0, 0, 0)
_STYLES = {"plain": None, "strong": STRONG, "gap": GAP, "link": LINK}
_TOGETHER = 6  # rows that stay on one page; more would leave half a page empty
_LAST_COLUMN = 4.4  # centimetres


def to_word(paper: Paper, number: int) -> bytes:
    """The file; the same paper and number give the same bytes, since nothing in it says when or where it was made."""
    document = Document()
    set_up(document, paper, number)
    _paragraph(document, "Title", (Run(paper.title),))
    _paragraph(document, "Subtitle", (Run(paper.kind),))
    _paragraph(document, PARAGRAPHS["status"], (Run(paper.status),))
    bookmarks = count(1)
    for element, following in zip_longest(paper.elements, paper.elements[1:]):
        # What stands above a contact stays on its page.
        _add(document, element, bookmarks, is_kept=isinstance(following, Pairs))
    _paragraph(document, PARAGRAPHS["source"], (Run(paper.source),))
    written = BytesIO()
    document.save(written)
    return _without_dates(written)


def _add(document: WordDocument, element: Element, bookmarks: "count[int]", *, is_kept: bool) -> None:
    match element:
        case Heading():
            # The title is no heading in Word, so the headings below it begin at 1.
            _mark(_paragraph(document, f"Heading {element.level - 1}", element.runs), element.place, bookmarks)
        case Paragraph():
            paragraph = _paragraph(document, PARAGRAPHS[element.kind], element.runs)
            paragraph.paragraph_format.keep_with_next = is_kept or None
            _mark(paragraph, element.place, bookmarks)
        case Bullets():
            for item in element.items:
                _paragraph(document, "List Bullet", item)
        case Pairs():
            for number, (label, runs) in enumerate(element.rows, start=1):
                strong = (*(Run(run.text, "strong", "", run.language) for run in label), Run(": ", "strong"))
                paragraph = _paragraph(document, PARAGRAPHS["pair"], (*strong, *runs))
                paragraph.paragraph_format.keep_with_next = number < len(element.rows) <= _TOGETHER
        case Table():
            _add_table(document, element)


# --- runs --------------------------------------------------------------------------------------------


def _paragraph(document: WordDocument, style: str, runs: Runs) -> WordParagraph:
    paragraph = document.add_paragraph()
    paragraph._p.style = _style_id(style)
    _say(paragraph, runs)
    return paragraph


def _style_id(name: str) -> str:
    """The id of a style, which the library would search anew for every run, at twenty times the cost."""
    return name.replace(" ", "")


def _say(paragraph: WordParagraph, runs: Runs) -> None:
    for run in runs:
        added = paragraph.add_run(run.text)
        if style := _STYLES[run.kind]:
            added._r.style = _style_id(style)
        if run.language:
            language = OxmlElement("w:lang")
            language.set(qn("w:val"), run.language)
            added._r.get_or_add_rPr().append(language)
        if run.target:
            _link(paragraph, added, run.target)


def _link(paragraph: WordParagraph, run: WordRun, target: str) -> None:
    """Make the run a link: to a place of this file, or to whatever dials or writes."""
    link = OxmlElement("w:hyperlink")
    if target.startswith("#"):
        link.set(qn("w:anchor"), _bookmark(target[1:]))
    else:
        link.set(qn("r:id"), paragraph.part.relate_to(target, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
    paragraph._p.append(link)
    link.append(run._r)


def _mark(paragraph: WordParagraph, place: str, bookmarks: "count[int]") -> None:
    if not place:
        return
    number = str(next(bookmarks))
    begin, end = OxmlElement("w:bookmarkStart"), OxmlElement("w:bookmarkEnd")
    for mark in (begin, end):
        mark.set(qn("w:id"), number)
    begin.set(qn("w:name"), _bookmark(place))
    properties = paragraph._p.pPr
    paragraph._p.insert(0 if properties is None else 1, begin)
    paragraph._p.append(end)


def _bookmark(place: str) -> str:
    """A name that Word takes: letters, digits and underscores."""
    return place.replace("-", "_")


# --- tables ------------------------------------------------------------------------------------------


def _add_table(document: WordDocument, element: Table) -> None:
    table = document.add_table(0, len(element.head), "Table Grid")
    for tag in ("w:tblCaption", "w:tblDescription"):
        _set(table._tbl.tblPr, tag, element.name)
    _fill(table.add_row(), [(Run(label),) for label in element.head], "table heading")
    _set(table.rows[0]._tr.get_or_add_trPr(), "w:tblHeader")
    for cell in table.rows[0].cells:
        shade = OxmlElement("w:shd")
        for name, value in (("w:val", "clear"), ("w:color", "auto"), ("w:fill", "F3F2F1")):
            shade.set(qn(name), value)
        cell._tc.get_or_add_tcPr().append(shade)
    for row in element.rows:
        _fill(table.add_row(), row, "table text")
    first = (PAGE_WIDTH - 2 * MARGIN - _LAST_COLUMN) / (len(element.head) - 1)
    widths = [*[first] * (len(element.head) - 1), _LAST_COLUMN]
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
        for cell in column.cells:
            cell.width = Cm(width)


def _fill(row: Any, cells: Sequence[Runs], style: str) -> None:
    _set(row._tr.get_or_add_trPr(), "w:cantSplit")
    for cell, runs in zip(row.cells, cells, strict=True):
        cell.paragraphs[0]._p.style = _style_id(PARAGRAPHS[style])
        _say(cell.paragraphs[0], runs)


def _set(parent: Any, tag: str, value: str | None = None) -> None:
    element = OxmlElement(tag)
    if value is not None:
        element.set(qn("w:val"), value)
    parent.append(element)


# --- the file ----------------------------------------------------------------------------------------


def _without_dates(written: BytesIO) -> bytes:
    """The same zip with no moment in it and no system that wrote it."""
    again = BytesIO()
    with ZipFile(written) as source, ZipFile(again, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            entry = ZipInfo(name, _NO_DATE)
            entry.create_system, entry.compress_type = 0, ZIP_DEFLATED
            target.writestr(entry, source.read(name))
    return again.getvalue()
