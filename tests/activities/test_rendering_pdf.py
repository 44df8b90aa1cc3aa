"""A rendition as PDF/UA-1: checked, read back, without a date or a name; every text literal."""

import re
import unicodedata
from functools import lru_cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pdfua import Validator
from pypdf import PdfReader

from activities.rendering import render
from activities.rendering_outline import outline
from activities.rendering_paper import runs_of
from activities.rendering_words import WORDINGS
from tests.activities.rendition_sample import NUMBER, a_rendition, a_review_saying, pieces
from workflows.contract.rendition import Audience, Block, Cell, FileFormat, RenditionText, Section

pytest.importorskip("typst")


@lru_cache(maxsize=8)
def file_of(text: RenditionText, number: int = NUMBER) -> bytes:
    return render(text, number, FileFormat.PDF)


def read(text: RenditionText) -> PdfReader:
    return PdfReader(BytesIO(file_of(text)))


def words_in(reader: PdfReader) -> str:
    """Its text without the white space, which a line's end changes, and without what stands on every page."""
    whole = "\n".join(page.extract_text() for page in reader.pages)
    running = re.escape(outline(a_rendition(), NUMBER).running).replace(str(NUMBER), r"\d+")
    return squeezed(re.sub(rf"^(Page \d+ of \d+|{running})$", "", whole, flags=re.M))


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u200b\u200d]+", "", text)


def root(reader: PdfReader) -> Any:
    return reader.root_object


def structure(node: Any) -> list[str]:
    """The tags of the structure tree in the order of reading."""
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        return [tag for kid in node for tag in structure(kid)]
    if not isinstance(node, dict):
        return []
    return [*([str(node["/S"])] if "/S" in node else []), *(structure(node["/K"]) if "/K" in node else [])]


@pytest.mark.parametrize("audience", Audience)
def test_it_passes_the_checker_of_pdf_ua(audience: Audience, tmp_path: Path) -> None:
    path = tmp_path / "rendition.pdf"
    path.write_bytes(file_of(a_rendition(audience)))
    report = Validator().validate(str(path))
    assert report.findings == ()
    # The checker breaks on the headings of a correct file; they are looked at below.
    assert {outcome.rule_id for outcome in report.skipped} <= {"UA-14-001"}


def test_its_headings_lists_and_tables_are_tagged_in_order() -> None:
    tags = structure(root(read(a_rendition()))["/StructTreeRoot"]["/K"])
    levels = [int(tag[2]) for tag in tags if re.fullmatch("/H[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    counts = {tag: tags.count(tag) for tag in ("/Table", "/THead", "/TH", "/L", "/Figure")}
    assert counts == {"/Table": 2, "/THead": 2, "/TH": 4, "/L": 2, "/Figure": 0}


def test_its_bookmarks_are_its_headings() -> None:
    reader = read(a_rendition())

    def titles(entries: list[Any]) -> list[str]:
        return [t for e in entries for t in (titles(e) if isinstance(e, list) else [str(e.title)])]

    named = titles(reader.outline)
    assert named[:2] == ["In short", "What happens next"]
    assert set(named) >= {section.heading for section in a_rendition().sections}


@pytest.mark.parametrize("audience", Audience)
def test_every_word_stands_there_in_order(audience: Audience) -> None:
    text = a_rendition(audience)
    found = words_in(read(text))
    place = 0
    for element in outline(text, NUMBER).elements:
        for run in runs_of(element):
            where = found.find(squeezed(run.text), place)
            assert where >= place, run.text
            place = where


@pytest.mark.parametrize("audience", Audience)
def test_its_properties_say_title_and_language_and_nothing_of_anybody_or_any_moment(audience: Audience) -> None:
    reader = read(a_rendition(audience))
    assert reader.metadata is not None
    assert set(reader.metadata) == {"/Title", "/Creator"}
    assert reader.metadata.title == f"{WORDINGS[audience].title}, version {NUMBER}"
    assert str(reader.metadata.creator).startswith("Typst")
    assert root(reader)["/Lang"] == "en-GB"
    assert root(reader)["/ViewerPreferences"]["/DisplayDocTitle"].value is True
    assert reader.xmp_metadata is not None
    assert not re.search(rb"Date|creator|author", reader.xmp_metadata.stream.get_data())


def test_it_holds_no_image_script_or_attachment_and_only_its_own_font() -> None:
    reader = read(a_rendition())
    assert not [image for page in reader.pages for image in page.images]
    assert set(root(reader)) & {"/OpenAction", "/AA", "/AcroForm", "/AF"} == set()
    assert reader.attachments == {}
    pages: list[Any] = list(reader.pages)
    fonts = {str(f.get_object()["/BaseFont"]) for page in pages for f in page["/Resources"]["/Font"].values()}
    assert all("Arimo" in font for font in fonts)


def test_links_dial_write_or_lead_to_a_place_and_say_so() -> None:
    reader = read(a_rendition())
    notes = [note.get_object() for page in reader.pages for note in page.get("/Annots", [])]
    uris = {str(note["/A"]["/URI"]) for note in notes if "/URI" in note.get("/A", {})}
    assert uris == {"tel:01632960017", "mailto:liaison.one@n53.example.test"}
    assert len(notes) >= len(a_rendition().sections) + 4
    assert all(note["/Subtype"] == "/Link" and note.get("/Contents") for note in notes)


# --- any text ----------------------------------------------------------------------------------------

MARKUP = "#set page(width: 1cm) #panic() *b* _i_ $x$ `c` <l> @r // /* \\ \\# ] [ = ~ -- --- ... \"q\" 'q' &amp; <b>"
_SIMPLE = st.characters(min_codepoint=33, max_codepoint=0x17F, categories=("L", "N", "P", "S"))


_LITERAL = st.text(_SIMPLE, min_size=1, max_size=100) | st.sampled_from([MARKUP, *MARKUP.split()])


@settings(max_examples=10, deadline=None)
@given(st.lists(_LITERAL, min_size=1, max_size=8))
def test_any_text_comes_out_literally(texts: list[str]) -> None:
    _, _, found = words_in(read(a_review_saying(*texts))).rpartition("ThereviewAnalysisofpractice")
    review, _, _ = found.partition("Wordsusedinthisdocument")
    named = [f"Analysis of practice, paragraph {n}{text}" for n, text in enumerate(texts, start=1)]
    assert unicodedata.normalize("NFC", review) == unicodedata.normalize("NFC", squeezed("".join(named)))


@settings(max_examples=10, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40), min_size=1, max_size=8))
def test_any_text_can_be_made(texts: list[str]) -> None:
    assert file_of(a_review_saying(*texts)).startswith(b"%PDF-1.7")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Gŵyr ŷ Łódź Ελλάδα Москва", "Gŵyr ŷ Łódź Ελλάδα Москва"),
        ("glad \U0001f600 and \u4e2d", "glad (grinning face) and (cjk unified ideograph-4e2d)"),
        ("\U0001f468\u200d\U0001f469", "(man)(woman)"),
        ("\U000f0000 \u0378", "(u+f0000) (u+0378)"),
        ("\x07 bell", "\ufffd bell"),
    ],
)
def test_a_character_that_no_font_shows_is_written_out_as_its_name(text: str, expected: str) -> None:
    assert squeezed(expected) in words_in(read(a_review_saying(text)))


def test_a_long_text_and_a_long_word_stay_on_the_pages() -> None:
    reader = read(a_review_saying("word " * 10_000, "x" * 5_000))
    found = words_in(reader)
    assert found.count("word") == 10_000
    assert found.count("x" * 5_000) == 1
    widest = max(len(line) for page in reader.pages for line in page.extract_text().split("\n"))
    assert widest < 130


def test_many_short_lines_in_one_cell_stay_on_the_pages() -> None:
    block = Block(
        key="a-1",
        label="One",
        cells=(Cell(label="Lines", pieces=pieces("a\n" * 200)), Cell(label="B", pieces=pieces("b"))),
    )
    reader = read(a_rendition(sections=(Section(name="a", heading="Part", blocks=(block,)),), changes=()))
    on_pages = [page.extract_text().split("\n").count("a") for page in reader.pages]
    assert sum(on_pages) >= 199
    assert max(on_pages) < 60


def test_an_error_says_nothing_of_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.rendering_pdf._unseen", lambda _: [])
    with pytest.raises(RuntimeError) as failed:
        file_of(a_review_saying("Invented Secret \U0001f600"))
    assert str(failed.value) == "typst could not make the PDF"
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__


def test_people_who_write_in_another_language_are_read_out_in_it() -> None:
    raw = file_of(a_review_saying("Bu farw.", language="cy"))
    assert "Bufarw." in words_in(PdfReader(BytesIO(raw)))
    assert b"(cy)" in raw
    assert b"(cy)" not in file_of(a_review_saying("Bu farw."))
