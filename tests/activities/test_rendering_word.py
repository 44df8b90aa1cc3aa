"""A rendition as a Word file: real styles, nobody in its properties, no moment in its zip, every text literal."""

import re
from functools import lru_cache
from io import BytesIO
from itertools import pairwise
from typing import Any
from zipfile import ZipFile

import pytest
from docx import Document
from docx.document import Document as WordDocument
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph as WordParagraph
from docx.text.run import Run as WordRun
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.rendering import render
from activities.rendering_outline import outline
from activities.rendering_paper import Bullets, Element, Heading, Pairs, Paragraph, Table, shown
from activities.rendering_words import WORDINGS
from tests.activities.rendition_sample import NUMBER, a_rendition, a_review_saying, grounds_in
from workflows.contract.rendition import Audience, FileFormat, RenditionText


@lru_cache(maxsize=8)
def file_of(text: RenditionText, number: int = NUMBER) -> bytes:
    return render(text, number, FileFormat.WORD)


def read(text: RenditionText) -> WordDocument:
    return Document(BytesIO(file_of(text)))


def everything(document: WordDocument) -> list[WordParagraph]:
    """Every paragraph in the order of the file: of the body, of tables, of the header and the footer."""
    page = document.sections[0]
    roots = (document.element.body, page.header._element, page.footer._element)
    return [WordParagraph(p, document._body) for root in roots for p in root.iter(qn("w:p"))]


def runs(document: WordDocument, style: str) -> list[str]:
    every = (WordRun(run, p) for p in everything(document) for run in p._p.iter(qn("w:r")))
    return [run.text for run in every if run._r.style == style]


def expected(element: Element) -> list[str]:
    """The paragraphs that an element becomes."""
    match element:
        case Heading() | Paragraph():
            return ["".join(run.text for run in element.runs)]
        case Bullets():
            return ["".join(run.text for run in item) for item in element.items]
        case Pairs():
            return [": ".join("".join(run.text for run in part) for part in pair) for pair in element.rows]
        case Table():
            return [*element.head, *("".join(run.text for run in cell) for row in element.rows for cell in row)]


@pytest.mark.parametrize("audience", Audience)
def test_every_word_stands_there_in_order_and_no_paragraph_is_empty(audience: Audience) -> None:
    text = a_rendition(audience)
    paper = outline(text, NUMBER)
    body = [line for element in paper.elements for line in expected(element)]
    document = read(text)
    texts = [paragraph.text for paragraph in everything(document)]
    assert texts == [
        paper.title,
        paper.kind,
        paper.status,
        *body,
        paper.source,
        paper.running,
        "Page  of ",
    ]  # its numbers are fields
    assert all(text.strip() for text in texts)


def test_headings_are_real_and_in_order_below_the_title() -> None:
    document = read(a_rendition())
    styles = [str(paragraph.style.name) for paragraph in document.paragraphs if paragraph.style]
    assert styles[:3] == ["Title", "Subtitle", "Status"]
    levels = [int(style[-1]) for style in styles if style.startswith("Heading")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    named = [
        paragraph.text for paragraph in document.paragraphs if paragraph.style and paragraph.style.name == "Heading 2"
    ]
    assert named == [section.heading for section in a_rendition().sections]


def test_a_gap_has_a_style_of_its_own_and_says_its_ground() -> None:
    gaps = runs(read(a_rendition()), "Gap")
    assert len(gaps) == grounds_in(a_rendition().sections).total() + 1  # one shows how a gap looks
    assert set(gaps) == {
        "[Removed: given in confidence by a third party]",
        "[Removed: personal data of the supervised person, others or staff]",
        "[Removed: third-party personal data not in the public domain]",
    }
    assert runs(read(a_rendition(Audience.INTERNAL)), "Gap") == []


def test_tables_have_a_heading_row_and_a_name() -> None:
    document = read(a_rendition())
    assert len(document.tables) == 2
    for table, name in zip(document.tables, ("What changed", "What was removed, and why"), strict=True):
        is_heading = [row._tr.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None for row in table.rows]
        assert is_heading == [True, *[False] * (len(table.rows) - 1)]
        caption = table._tbl.tblPr.find(qn("w:tblCaption"))
        assert caption is not None
        assert caption.get(qn("w:val")) == name


@pytest.mark.parametrize("audience", Audience)
def test_the_properties_say_title_and_language_and_nothing_of_anybody_or_any_moment(audience: Audience) -> None:
    document = read(a_rendition(audience))
    properties = document.core_properties
    assert properties.title == f"{WORDINGS[audience].title}, version {NUMBER}"
    assert properties.language == "en-GB"
    assert (properties.author, properties.last_modified_by, properties.comments) == ("", "", "")
    assert (properties.created, properties.modified, properties.last_printed) == (None, None, None)
    languages = {lang.get(qn("w:val")) for lang in document.styles.element.iter(qn("w:lang"))}
    assert languages == {"en-GB"}


def test_the_zip_holds_text_alone_and_no_date_system_or_software() -> None:
    with ZipFile(BytesIO(file_of(a_rendition()))) as package:
        names = package.namelist()
        assert {(entry.date_time, entry.create_system) for entry in package.infolist()} == {((1980, 1, 1, 0, 0, 0), 0)}
        assert not [name for name in names if not name.endswith((".xml", ".rels"))]
        assert not [name for name in names if re.search(r"app\.xml|custom|comments|thumbnail|media", name)]
        whole = b"".join(package.read(name) for name in names)
    assert not re.search(rb"python|[Mm]acintosh|w:rsid[A-Z]|/Users/|/home/", whole)


def test_links_dial_write_or_lead_to_a_place_that_is_there() -> None:
    document = read(a_rendition())
    outside = {str(r.target_ref) for r in document.part.rels.values() if r.is_external}
    assert outside == {"tel:01632960017", "mailto:liaison.one@n53.example.test"}
    bookmarks = [mark.get(qn("w:name")) for mark in document.element.iter(qn("w:bookmarkStart"))]
    anchors = {link.get(qn("w:anchor")) for link in document.element.iter(qn("w:hyperlink"))} - {None}
    assert len(anchors) == len(a_rendition().sections) + 2
    assert anchors <= set(bookmarks)
    assert len(bookmarks) == len(set(bookmarks))
    assert not [r for r in read(a_rendition(Audience.PUBLIC)).part.rels.values() if r.is_external]


def test_what_people_wrote_in_another_language_is_marked() -> None:
    marked: list[Any] = [
        run for run in read(a_review_saying("Bu farw.", language="cy")).element.iter(qn("w:r"))
        if run.find(f"{qn('w:rPr')}/{qn('w:lang')}") is not None
    ]  # fmt: skip
    assert "Bu farw." in [run.text for run in marked]
    assert {run.find(f"{qn('w:rPr')}/{qn('w:lang')}").get(qn("w:val")) for run in marked} == {"cy"}
    assert not list(read(a_rendition()).element.iter(qn("w:lang")))


_MARKUP = st.sampled_from(["<w:t>&amp;</w:t>", "]]>", "_x0007_", "{{ 7 }}", "\\n", "word " * 10_000])


_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=80).filter(lambda text: shown(text).strip())


@settings(max_examples=10, deadline=None)
@given(st.lists(_TEXT | _MARKUP, min_size=1, max_size=6))
def test_any_text_comes_out_literally(texts: list[str]) -> None:
    paragraphs = read(a_review_saying(*texts)).paragraphs
    labels = [n for n, one in enumerate(paragraphs) if one.style and one.style.name == "Label"]
    assert [paragraphs[place + 1].text for place in labels] == [shown(text) for text in texts]
    assert paragraphs[labels[-1] + 2].text == "Words used in this document"
