"""A review as a Word file: real headings, plain tables, nobody's name in its properties."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.table import Table, _Cell, _Row
from docx.text.paragraph import Paragraph

from starter.word import NUMBER, Options, choices_of, guidance, in_ink, plain
from workflows.contract.columns import COLUMNS, Column
from workflows.contract.questions import Choice, Field, FieldKind
from workflows.policy.document import PARTS

SERVICE = "Serious Further Offence service"
TITLE = "Serious Further Offence review"
INTRODUCTION = (
    "How to edit this file:",
    "Write under the headings and in the tables. Keep the headings, and the first row of each table, as they are.",
    "Add rows, move them, take them out. Leave no cells joined.",
    "Write roles, never names. Only in “Who does it” does a name stand; on the record it becomes a key. Names and "
    "numbers that the record knows are looked for. A nickname, or somebody whom the record does not know, is not "
    "found: read for those yourself.",
    "Write plain text: bold and colours are lost. Put in words what a picture, a footnote or an object would say.",
    "Accept or reject all tracked changes before you send the file back. Comments in the margin are left out.",
    "Save it as a Word document (.docx) and send it back on the page of your question. You see there what was read, "
    "and nothing is recorded before you say so.",
)
GUIDANCE = "Guidance"

_LIST = "Guidance list"
_GREY, _BLACK = RGBColor(0x50, 0x5A, 0x5F), RGBColor(0x0B, 0x0C, 0x0C)
_PAGE_WIDTH, _PAGE_HEIGHT, _MARGIN = 21.0, 29.7, 2.0  # centimetres, A4
# How wide a column is, by its name or kind, in centimetres. Columns of long text share what is left of the page.
_WIDTHS = {"number": 1.2, "finding": 2.3, "date": 2.8, "choice": 2.9, "text": 3.6, "kind": 2.3, "level": 2.7}
_WIDE_DATE = 3.7  # holds any date in one line, where there is room
_EMPTY_ROWS = 2


def to_word(
    document: Mapping[str, Any],
    *,
    reference: str,
    version: int,
    options: Options | None = None,
    is_for_editing: bool = True,
) -> bytes:
    """Write a review as a Word file. `version` 0: the empty form. `options`: people's names for keys, where known.

    `is_for_editing`: with guidance, and with room in empty tables; without, it is a document to read.
    """
    paper, review = Document(), plain(document)
    _set_up(paper, reference, version)
    paper.add_paragraph(TITLE, "Title")
    paper.add_paragraph(subtitle_of(reference, version), "Subtitle")
    if is_for_editing:
        for number, line in enumerate(INTRODUCTION):
            paper.add_paragraph(line, _LIST if number else GUIDANCE)
    for described in PARTS.values():
        paper.add_heading(described.label, 1)
        if is_for_editing:
            paper.add_paragraph(guidance(described), GUIDANCE).paragraph_format.keep_with_next = True
        if described.kind in COLUMNS:
            rows = review.get(described.name) or [{}] * (_EMPTY_ROWS if is_for_editing else 1)
            _add_table(paper, described, rows, options or {})
        else:
            _add_text(paper, in_ink(review.get(described.name, ""), described.kind, choices_of(described, None, {})))
    paper.add_paragraph()  # Word wants one behind the last table
    written_to = BytesIO()
    paper.save(written_to)
    return written_to.getvalue()


def _add_text(paper: WordDocument, text: str) -> None:
    for line in text.split("\n"):
        paragraph = paper.add_paragraph(line)
        if not line.strip():
            paragraph.paragraph_format.space_after = Pt(0)  # the empty line is space enough


def subtitle_of(reference: str, version: int) -> str:
    """Say below the title which review this is."""
    return f"Case {reference}, {_called(version)}"


def label_of(reference: str, version: int) -> str:
    """Say which file this is, as its header does."""
    return f"{reference}, review, {_called(version)}"


def _called(version: int) -> str:
    return f"version {version}" if version else "no version yet"


# --- tables ------------------------------------------------------------------------------------------


def _add_table(paper: WordDocument, described: Field, rows: Sequence[Mapping[str, str]], options: Options) -> None:
    columns = COLUMNS[described.kind]
    numbered = described.kind is FieldKind.FINDINGS
    labels = [*([NUMBER] if numbered else []), *(c.label for c in columns)]
    table = paper.add_table(1, len(labels), "Table Grid")
    _describe(table, described)
    for cell, label in zip(table.rows[0].cells, labels, strict=True):
        _fill(cell, label, "Table heading")
    _mark_heading(table)
    for number, row in enumerate(rows, start=1):
        texts = [_in_cell(row.get(c.name, ""), c, choices_of(described, c, options)) for c in columns]
        given = [str(number) if row else ""] if numbered else []
        added = table.add_row()
        _keep_in_one_piece(added)
        for cell, text in zip(added.cells, [*given, *texts], strict=True):
            _fill(cell, text, "Table text")
    _set_widths(table, [*([_WIDTHS["number"]] if numbered else []), *_widths(columns, numbered=numbered)])


def _in_cell(value: str, column: Column, choices: Sequence[Choice]) -> str:
    text = in_ink(value, column.kind, choices)
    return text.replace(" ", "\xa0", 1) if column.kind == "date" and text != value else text  # day and month together


def _widths(columns: Sequence[Column], *, numbered: bool) -> list[float]:
    long = [c.name for c in columns if c.kind == "long_text"]
    widths = {c.name: _WIDTHS.get(c.name, _WIDTHS.get(c.kind, _WIDTHS["text"])) for c in columns if c.name not in long}
    if len(long) < 2:
        widths |= {c.name: _WIDE_DATE for c in columns if c.kind == "date"}
    left = _PAGE_WIDTH - 2 * _MARGIN - sum(widths.values()) - (_WIDTHS["number"] if numbered else 0)
    return [widths.get(c.name, left / max(len(long), 1)) for c in columns]


def _fill(cell: _Cell, text: str, style: str) -> None:
    first, *more = text.split("\n")
    paragraph = cell.paragraphs[0]
    paragraph.text = first
    for one in (paragraph, *(cell.add_paragraph(line) for line in more)):
        one.style = style


def _describe(table: Table, described: Field) -> None:
    """Give the table its name for who listens to it."""
    for tag in ("w:tblCaption", "w:tblDescription"):
        named = OxmlElement(tag)
        named.set(qn("w:val"), described.label)
        table._tbl.tblPr.append(named)


def _mark_heading(table: Table) -> None:
    """Repeat the first row on every page, on grey, and keep it in one piece."""
    _keep_in_one_piece(table.rows[0])
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    for cell in table.rows[0].cells:
        shade = OxmlElement("w:shd")
        shade.set(qn("w:val"), "clear")
        shade.set(qn("w:color"), "auto")
        shade.set(qn("w:fill"), "F3F2F1")
        cell._tc.get_or_add_tcPr().append(shade)


def _keep_in_one_piece(row: _Row) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _set_widths(table: Table, centimetres: Sequence[float]) -> None:
    table.autofit = False
    for column, width in zip(table.columns, centimetres, strict=True):
        column.width = Cm(width)
    for row in table.rows:
        for cell, width in zip(row.cells, centimetres, strict=True):
            cell.width = Cm(width)


# --- the file ----------------------------------------------------------------------------------------


def _set_up(paper: WordDocument, reference: str, version: int) -> None:
    properties = paper.core_properties
    properties.author = properties.last_modified_by = SERVICE
    properties.title, properties.subject = TITLE, label_of(reference, version)
    properties.language, properties.comments, properties.keywords = "en-GB", "", ""
    for moment in properties._element.findall(qn("dcterms:created")) + properties._element.findall(
        qn("dcterms:modified")
    ):
        properties._element.remove(moment)  # those of the template, which say nothing
    _drop_what_the_template_brings(paper)
    _set_settings(paper.settings.element)
    _style(paper)
    page = paper.sections[0]
    page.page_width, page.page_height = Cm(_PAGE_WIDTH), Cm(_PAGE_HEIGHT)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Cm(_MARGIN)
    page.header.paragraphs[0].text = label_of(reference, version)
    _number_pages(page.footer.paragraphs[0])


def _drop_what_the_template_brings(paper: WordDocument) -> None:
    """Take out the template's picture, its Word's name, its list of books and its second set of styles."""
    for relations in (paper.part.package.rels, paper.part.rels):
        for key in [key for key, relation in relations.items() if relation.reltype.endswith(_BROUGHT)]:
            del relations[key]


_BROUGHT = ("/thumbnail", "/extended-properties", "/customXml", "/stylesWithEffects")


def _set_settings(settings: Any) -> None:
    """Open as a document of today, in British English, with its spelling unchecked."""
    for tag in ("w:zoom", "w:proofState", "w:rsids", "w:savePreviewPicture"):
        for found in settings.findall(qn(tag)):
            settings.remove(found)
    for found in settings.iter(qn("w:compatSetting")):
        if found.get(qn("w:name")) == "compatibilityMode":
            found.set(qn("w:val"), "15")
    for found in settings.iter(qn("w:themeFontLang")):
        found.set(qn("w:val"), "en-GB")


def _style(paper: WordDocument) -> None:
    styles = paper.styles
    for name, size, before, after in (
        ("Normal", 11, 0, 6),
        ("Title", 24, 0, 4),
        ("Subtitle", 13, 0, 12),
        ("Heading 1", 16, 18, 4),
        ("Header", 9, 0, 0),
        ("Footer", 9, 0, 0),
    ):
        _set_style(styles[name], size, before, after)
    for name, base, size, before, after in (
        (GUIDANCE, "Normal", 10, 0, 8),
        (_LIST, "List Bullet", 10, 0, 3),
        ("Table heading", "Normal", 10, 3, 3),
        ("Table text", "Normal", 10, 3, 3),
    ):
        added = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        added.base_style = styles[base]
        _set_style(added, size, before, after)
    for name in (GUIDANCE, _LIST):
        styles[name].font.color.rgb = _GREY
    styles[GUIDANCE].next_paragraph_style = styles["Normal"]
    styles["Table heading"].font.bold = styles["Title"].font.bold = True
    styles["Table heading"].paragraph_format.keep_with_next = True
    styles["Subtitle"].font.italic = False
    for apart in styles["Subtitle"].element.rPr.findall(qn("w:spacing")):  # its letters
        styles["Subtitle"].element.rPr.remove(apart)
    for border in styles["Table Grid"].element.iter(qn("w:tblBorders")):
        for side in border:
            side.set(qn("w:color"), "767676")
    language = styles.element.find(f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}/{qn('w:rPr')}/{qn('w:lang')}")
    if language is not None:
        language.set(qn("w:val"), "en-GB")


def _set_style(style: Any, size: int, before: int, after: int) -> None:
    style.font.name, style.font.size, style.font.color.rgb = "Arial", Pt(size), _BLACK
    fonts = style.element.rPr.rFonts
    for theme in [name for name in fonts.attrib if name.endswith("Theme")]:
        del fonts.attrib[theme]  # the theme's font would win over Arial
    fonts.set(qn("w:cs"), "Arial")
    style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
    border = style.element.pPr.find(qn("w:pBdr"))
    if border is not None:
        style.element.pPr.remove(border)


def _number_pages(paragraph: Paragraph) -> None:
    for text, field in (("Page ", "PAGE"), (" of ", "NUMPAGES")):
        paragraph.add_run(text)
        counted = OxmlElement("w:fldSimple")
        counted.set(qn("w:instr"), field)
        paragraph._p.append(counted)
        counted.append(_a_run("1"))


def _a_run(text: str) -> Any:
    run, words = OxmlElement("w:r"), OxmlElement("w:t")
    words.text = text
    run.append(words)
    return run
