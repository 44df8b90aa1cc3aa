"""How a rendition looks in Word, and what its properties say: its title and language, and nobody's name or date."""

from typing import Any

from docx.document import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.text.paragraph import Paragraph

from activities.rendering_paper import Paper
from activities.rendering_words import LANGUAGE

PAGE_WIDTH, PAGE_HEIGHT, MARGIN = 21.0, 29.7, 2.2  # centimetres, A4
GAP, STRONG, LINK = "Gap", "Strong", "Link"
# The style of each kind of paragraph.
PARAGRAPHS = {
    "plain": "Normal",
    "label": "Label",
    "notice": "Notice",
    "status": "Status",
    "source": "Source",
    "pair": "Pair",
    "table heading": "Table heading",
    "table text": "Table text",
}

_BLACK, _DARK, _GREY, _BLUE, _LINK, _RULE = "0B0C0C", "3D4449", "505A5F", "1D70B8", "144E81", "B1B4B6"
# Style, the style that it is based on, size, space before and after in points, colour.
_KNOWN = (
    ("Normal", 12, 0, 8, _BLACK),
    ("Title", 23, 0, 4, _BLACK),
    ("Subtitle", 15, 0, 10, _GREY),
    ("Heading 1", 18, 26, 6, _BLACK),
    ("Heading 2", 15, 20, 5, _BLACK),
    ("Heading 3", 12, 12, 3, _DARK),
    ("List Bullet", 12, 0, 6, _BLACK),
    ("Header", 9, 0, 0, _GREY),
    ("Footer", 9, 0, 0, _GREY),
)
_OURS = (
    ("Label", "Normal", 10, 8, 1, _GREY),
    ("Notice", "Normal", 12, 0, 8, _BLACK),
    ("Status", "Normal", 12, 4, 12, _BLACK),
    ("Source", "Normal", 10, 24, 0, _GREY),
    ("Pair", "Normal", 12, 0, 0, _BLACK),
    ("Table heading", "Normal", 11, 3, 3, _BLACK),
    ("Table text", "Normal", 11, 3, 3, _BLACK),
)
# What the template of the library brings along: a picture, its Word's name, a list of books, a second set of styles.
_BROUGHT = ("/thumbnail", "/extended-properties", "/customXml", "/stylesWithEffects")


def set_up(document: WordDocument, paper: Paper, number: int) -> None:
    """The document has the paper's title, language, styles, header and page numbers, and no author and no date."""
    _set_properties(document, paper, number)
    for relations in (document.part.package.rels, document.part.rels):
        for key in [key for key, relation in relations.items() if relation.reltype.endswith(_BROUGHT)]:
            del relations[key]
    _set_settings(document.settings.element)
    for element in document.element.iter():
        for name in [name for name in element.attrib if name.startswith(f"{qn('w:rsid')}")]:
            del element.attrib[name]  # in which sitting of Word the template was written
    _set_styles(document)
    page = document.sections[0]
    page.page_width, page.page_height = Cm(PAGE_WIDTH), Cm(PAGE_HEIGHT)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Cm(MARGIN)
    page.header.paragraphs[0].text = paper.running
    _number_pages(page.footer.paragraphs[0])


def _set_properties(document: WordDocument, paper: Paper, number: int) -> None:
    properties = document.core_properties
    properties.title, properties.language = f"{paper.title}, version {number}", LANGUAGE
    properties.author = properties.last_modified_by = properties.comments = properties.keywords = ""
    properties.revision = 1
    for tag in ("dcterms:created", "dcterms:modified"):
        for moment in properties._element.findall(qn(tag)):
            properties._element.remove(moment)  # those of the template; a wrong date is worse than none


def _set_settings(settings: Any) -> None:
    for tag in ("w:zoom", "w:proofState", "w:rsids", "w:savePreviewPicture"):
        for found in settings.findall(qn(tag)):
            settings.remove(found)
    for found in settings.iter(qn("w:compatSetting")):
        if found.get(qn("w:name")) == "compatibilityMode":
            found.set(qn("w:val"), "15")
    for found in settings.iter(qn("w:themeFontLang")):
        found.set(qn("w:val"), LANGUAGE)


# --- styles ------------------------------------------------------------------------------------------


def _set_styles(document: WordDocument) -> None:
    styles = document.styles
    for name, size, before, after, colour in _KNOWN:
        _set_style(styles[name], size, before, after, colour)
    for name, base, size, before, after, colour in _OURS:
        added = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        added.base_style = styles[base]
        _set_style(added, size, before, after, colour)
    for name in ("Title", "Status", "Table heading"):
        styles[name].font.bold = True
    for name in ("Label", "Table heading"):
        styles[name].paragraph_format.keep_with_next = True
    styles["Subtitle"].font.italic = False
    for apart in styles["Subtitle"].element.rPr.findall(qn("w:spacing")):  # its letters
        styles["Subtitle"].element.rPr.remove(apart)
    for name, colour in (("Status", _BLUE), ("Notice", _BLACK), ("Pair", _RULE)):
        _border(styles[name], colour)
    styles["Pair"].paragraph_format.keep_together = True
    for close in styles["List Bullet"].element.pPr.findall(qn("w:contextualSpacing")):
        styles["List Bullet"].element.pPr.remove(close)  # it would take the space between items away
    for border in styles["Table Grid"].element.iter(qn("w:tblBorders")):
        for side in border:
            side.set(qn("w:color"), "767676")
    language = styles.element.find(f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}/{qn('w:rPr')}/{qn('w:lang')}")
    language.set(qn("w:val"), LANGUAGE)
    _add_character_styles(styles)


def _add_character_styles(styles: Any) -> None:
    """A gap is seen by its brackets, its ground and its shade; its words carry the meaning without any of them."""
    styles[STRONG].font.bold = True
    gap = styles.add_style(GAP, WD_STYLE_TYPE.CHARACTER)
    shade = OxmlElement("w:shd")
    for name, value in (("w:val", "clear"), ("w:color", "auto"), ("w:fill", "E7E6E4")):
        shade.set(qn(name), value)
    gap.element.get_or_add_rPr().append(shade)
    link = styles.add_style(LINK, WD_STYLE_TYPE.CHARACTER)
    link.font.color.rgb, link.font.underline = RGBColor.from_string(_LINK), True


def _set_style(style: Any, size: int, before: int, after: int, colour: str) -> None:
    style.font.name, style.font.size, style.font.color.rgb = "Arial", Pt(size), RGBColor.from_string(colour)
    fonts = style.element.rPr.rFonts
    for theme in [name for name in fonts.attrib if name.endswith("Theme")]:
        del fonts.attrib[theme]  # the theme's font would win over Arial
    fonts.set(qn("w:cs"), "Arial")
    style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
    style.paragraph_format.line_spacing = 1.15
    border = style.element.pPr.find(qn("w:pBdr"))
    if border is not None:
        style.element.pPr.remove(border)


def _border(style: Any, colour: str) -> None:
    """A bar at the left of the paragraph, within the margin."""
    style.paragraph_format.left_indent = Cm(0.45)
    borders, left = OxmlElement("w:pBdr"), OxmlElement("w:left")
    for name, value in (("w:val", "single"), ("w:sz", "36"), ("w:space", "10"), ("w:color", colour)):
        left.set(qn(name), value)
    borders.append(left)
    # Where the schema wants it: before shade, tabs, spacing and what follows them.
    style.element.get_or_add_pPr().insert_element_before(borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc")


def _number_pages(paragraph: Paragraph) -> None:
    for text, field in (("Page ", "PAGE"), (" of ", "NUMPAGES")):
        paragraph.add_run(text)
        counted, run, shown = OxmlElement("w:fldSimple"), OxmlElement("w:r"), OxmlElement("w:t")
        counted.set(qn("w:instr"), field)
        shown.text = "1"
        run.append(shown)
        counted.append(run)
        paragraph._p.append(counted)
