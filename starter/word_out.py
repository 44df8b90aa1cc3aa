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
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from starter.word import NUMBER, Options, choices_of, guidance, in_ink, plain
from workflows.contract.columns import COLUMNS, Column
from workflows.contract.questions import Field, FieldKind
from workflows.policy.document import PARTS

SERVICE = "Serious Further Offence service"
TITLE = "Serious Further Offence review"
INTRODUCTION = (
    "Write under each heading and in the tables. Keep the headings and the first row of each table as they are; "
    "rows may be added at the end of a table. Bold, colours, pictures and footnotes are not taken over. "
    "Write roles, never names. When it is ready, save it as a Word document (.docx) and send it back on the page "
    "of your question."
)
GUIDANCE = "Guidance"

_GREY, _BLACK = RGBColor(0x50, 0x5A, 0x5F), RGBColor(0x0B, 0x0C, 0x0C)
_PAGE_WIDTH, _PAGE_HEIGHT, _MARGIN = 21.0, 29.7, 2.0  # centimetres, A4
# How the width of a page is shared out among the columns of a table.
_SHARES = {"number": 1.2, "date": 2.6, "choice": 2.8, "text": 2.8, "long_text": 5.0}


def to_word(document: Mapping[str, Any], *, reference: str, version: int, options: Options | None = None) -> bytes:
    """Write a review as a Word file. `version` 0: the empty form. `options`: people's names for keys, where known."""
    paper, review = Document(), plain(document)
    _set_up(paper, reference, version)
    paper.add_paragraph(TITLE, "Title")
    paper.add_paragraph(INTRODUCTION, GUIDANCE)
    for described in PARTS.values():
        paper.add_heading(described.label, 1)
        paper.add_paragraph(guidance(described), GUIDANCE).paragraph_format.keep_with_next = True
        if described.kind in COLUMNS:
            _add_table(paper, described, review.get(described.name, []), options or {})
        else:
            written = in_ink(review.get(described.name, ""), described.kind, choices_of(described, None, {}))
            for line in written.split("\n"):
                paper.add_paragraph(line)
    paper.add_paragraph()  # Word wants one behind the last table
    written_to = BytesIO()
    paper.save(written_to)
    return written_to.getvalue()


def label_of(reference: str, version: int) -> str:
    """Say which file this is, as its header does."""
    return f"{reference}, review, {f'version {version}' if version else 'no version yet'}"


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
    for number, row in enumerate(rows or [{}, {}], start=1):
        texts = [in_ink(row.get(c.name, ""), c.kind, choices_of(described, c, options)) for c in columns]
        given = [str(number) if rows else ""] if numbered else []
        for cell, text in zip(table.add_row().cells, [*given, *texts], strict=True):
            _fill(cell, text, "Table text")
    _share_width(table, [*([_SHARES["number"]] if numbered else []), *(_share(c) for c in columns)])


def _share(column: Column) -> float:
    return _SHARES.get(column.kind, _SHARES["text"])


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
    row = table.rows[0]._tr.get_or_add_trPr()
    for tag in ("w:cantSplit", "w:tblHeader"):
        row.append(OxmlElement(tag))
    for cell in table.rows[0].cells:
        shade = OxmlElement("w:shd")
        shade.set(qn("w:val"), "clear")
        shade.set(qn("w:color"), "auto")
        shade.set(qn("w:fill"), "F3F2F1")
        cell._tc.get_or_add_tcPr().append(shade)


def _share_width(table: Table, shares: Sequence[float]) -> None:
    table.autofit = False
    width = (_PAGE_WIDTH - 2 * _MARGIN) / sum(shares)
    widths = [Cm(width * share) for share in shares]
    for column, wide in zip(table.columns, widths, strict=True):
        column.width = wide
    for row in table.rows:
        for cell, wide in zip(row.cells, widths, strict=True):
            cell.width = wide


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
    _drop_the_templates_picture(paper)
    _style(paper)
    page = paper.sections[0]
    page.page_width, page.page_height = Cm(_PAGE_WIDTH), Cm(_PAGE_HEIGHT)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Cm(_MARGIN)
    page.header.paragraphs[0].text = label_of(reference, version)
    _number_pages(page.footer.paragraphs[0])


def _drop_the_templates_picture(paper: WordDocument) -> None:
    relations = paper.part.package.rels
    for key in [key for key, relation in relations.items() if relation.reltype.endswith("/thumbnail")]:
        del relations[key]


def _style(paper: WordDocument) -> None:
    styles = paper.styles
    for name, size, before, after in (
        ("Normal", 11, 0, 6),
        ("Title", 24, 0, 8),
        ("Heading 1", 16, 18, 4),
        ("Header", 9, 0, 0),
        ("Footer", 9, 0, 0),
    ):
        _set_style(styles[name], size, before, after)
    for name, size, around, after in ((GUIDANCE, 10, 0, 8), ("Table heading", 10, 3, 3), ("Table text", 10, 3, 3)):
        added = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        added.base_style = styles["Normal"]
        _set_style(added, size, around, after)
    styles[GUIDANCE].font.color.rgb = _GREY
    styles[GUIDANCE].next_paragraph_style = styles["Normal"]
    styles["Table heading"].font.bold = True
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
