"""The review as a Word file: written, edited as people do in Word and LibreOffice, and read back without loss."""

import shutil
import subprocess
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from docx import Document
from docx.document import Document as WordDocument
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from starter.word import guidance, not_shown, plain
from starter.word_out import GUIDANCE, to_word
from tests.starter.a_review import (
    OPTIONS,
    REFERENCE,
    REVIEW,
    added_row,
    edited,
    paragraph,
    read,
    refused,
    repacked,
    written,
)
from workflows.contract.columns import COLUMNS, Column
from workflows.contract.questions import Field
from workflows.policy.document import PARTS

# --- round trip ---------------------------------------------------------------------------------------

# Control characters and halves of a pair too: XML cannot hold them, and `plain` says what becomes of them.
_TEXT = st.text(st.characters() | st.sampled_from("\n\t \xa0\u2019\u201c\u2028\x85"), max_size=60) | st.sampled_from(
    [
        *(f.label for f in PARTS.values()),
        *(guidance(f) for f in PARTS.values()),
        *(
            "A\nLearning\nB",
            "Yes",
            "2",
            "-",
            "- a list\n- of two",
            "1. numbered",
            "word " * 400,
            "trailing  \n  leading",
        ),
    ]
)


def _values(described: Field, column: Column | None) -> st.SearchStrategy[str]:
    kind = column.kind if column else str(described.kind)
    choices = (column.choices if column else described.choices) or ()
    if column and column.choices is None:
        return st.sampled_from(["", *(str(o["value"]) for o in OPTIONS["actions"])])
    if kind == "choice":
        return st.sampled_from(["", *(c.value for c in choices)])
    if kind == "date":
        return st.dates(date(2000, 1, 1), date(2100, 12, 31)).map(date.isoformat) | st.just("")
    if column and column.name == "finding":
        return st.integers(1, 5).map(str) | st.just("")
    return _TEXT


def _parts(described: Field) -> st.SearchStrategy[Any]:
    if described.kind not in COLUMNS:
        return _values(described, None)
    row = st.fixed_dictionaries({c.name: _values(described, c) for c in COLUMNS[described.kind]})
    return st.lists(row, max_size=5)


_REVIEWS = st.fixed_dictionaries({}, optional={f.name: _parts(f) for f in PARTS.values()})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_REVIEWS)
@example({"analysis": "One\n  two  \n\n\t three", "sources": [{"what": "A\n  B"}]})
def test_any_review_comes_back_as_it_was(document: dict[str, Any]) -> None:
    paper = read(written(document))
    assert paper.document == plain(document)
    assert (paper.reference, paper.version, paper.remarks) == (REFERENCE, 2, ())


def test_a_hundred_rows_come_back_and_spaces_around_them_do_not() -> None:
    rows = [{"on": "2026-06-02", "what": f"  Contact {n}\r\nkept  ", "source": ""} for n in range(100)]
    back = read(written({"chronology": rows})).document
    assert back == {"chronology": [{"on": "2026-06-02", "what": f"Contact {n}\nkept"} for n in range(100)]}


def test_the_empty_form_is_an_empty_review() -> None:
    paper = read(to_word({}, reference=REFERENCE, version=0))
    assert (paper.document, paper.version) == ({}, 0)


def test_a_version_of_earlier_years_that_has_texts_for_rows_can_be_written() -> None:
    assert read(written({"sources": "Case record\nInterviews"})).document == {
        "sources": [{"what": "Case record"}, {"what": "Interviews"}]
    }


# --- the file -----------------------------------------------------------------------------------------


def test_the_file_has_a_heading_a_section_in_the_words_and_order_of_the_question() -> None:
    paper = Document(BytesIO(written()))
    headings = [p.text for p in paper.paragraphs if p.style is not None and p.style.name == "Heading 1"]
    assert headings == [described.label for described in PARTS.values()]
    assert "12\xa0March 2027" in [cell.text for cell in paper.tables[-1].columns[3].cells]
    assert [cell.text for cell in paper.tables[2].columns[0].cells] == ["No.", "1", "2", "3"]


def test_the_file_names_the_service_and_nobody_else_and_says_which_version_it_is() -> None:
    paper = Document(BytesIO(to_word(REVIEW, reference=REFERENCE, version=2)))
    properties = paper.core_properties
    assert properties.author == properties.last_modified_by == "Serious Further Offence service"
    assert paper.sections[0].header.paragraphs[0].text == "SFO-2026-00042, review, version 2"
    with ZipFile(BytesIO(to_word(REVIEW, reference=REFERENCE, version=2))) as container:
        entries = {name: container.read(name) for name in container.namelist()}
    assert b"Example" not in b"".join(entries.values())
    assert not [name for name in entries if name.startswith(("docProps/app", "docProps/thumb", "customXml"))]
    core = entries["docProps/core.xml"]
    assert (b"dcterms:created" in core, b"Serious Further Offence review</dc:title>" in core) == (False, True)


def test_the_file_can_be_listened_to() -> None:
    paper = Document(BytesIO(written()))
    assert not list(paper.element.iter(qn("w:drawing"), qn("w:pict")))
    for table in paper.tables:
        assert table.rows[0]._tr.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None
        assert table._tbl.tblPr.find(qn("w:tblCaption")) is not None
    languages = [found.get(qn("w:val")) for found in paper.styles.element.iter(qn("w:lang"))]
    languages += [found.get(qn("w:val")) for found in paper.settings.element.iter(qn("w:themeFontLang"))]
    assert languages == ["en-GB", "en-GB"]


def test_the_file_says_above_the_headings_how_it_is_edited_and_what_the_check_cannot_find() -> None:
    above = " ".join(p.text for p in Document(BytesIO(written())).paragraphs[:9])
    for words in ("Case SFO-2026-00042, version 2", "tracked changes", "Comments in the margin", "nickname", ".docx"):
        assert words in above


def test_no_row_is_broken_by_a_page_and_the_first_keeps_to_the_second() -> None:
    paper = Document(BytesIO(written()))
    for row in (row for table in paper.tables for row in table.rows):
        assert row._tr.find(f"{qn('w:trPr')}/{qn('w:cantSplit')}") is not None
    assert paper.styles["Table heading"].paragraph_format.keep_with_next


@pytest.mark.parametrize("document", [REVIEW, {}])
def test_the_columns_of_a_table_fill_the_page_and_no_more(document: dict[str, Any]) -> None:
    for table in Document(BytesIO(written(document))).tables:
        widths = [column.width.cm for column in table.columns if column.width]
        assert sum(widths) == pytest.approx(17.0, abs=0.1)
        assert min(widths) > 1.1


def test_a_readers_copy_has_no_guidance_and_comes_back_as_it_was() -> None:
    options = {"actions": [{"value": "s2", "label": "line manager (s2)"}]}
    data = to_word(REVIEW, reference=REFERENCE, version=2, options=options, is_for_editing=False)
    paper = Document(BytesIO(data))
    assert {p.style.name for p in paper.paragraphs if p.style is not None}.isdisjoint({GUIDANCE, "Guidance list"})
    assert paper.tables[-1].rows[1].cells[2].text == "line manager (s2)"
    assert read(data).document == plain(REVIEW)  # whoever is asked for the next draft has other labels for the keys


# --- what Word, LibreOffice and people do -----------------------------------------------------------------


def _split_runs(paper: WordDocument) -> None:
    found = paragraph(paper, "Most steps were taken.")
    found.text = ""
    for part in ("Mo", "st steps", " ", "were ", "taken."):
        found.add_run(part).bold = len(part) > 2


def test_runs_that_were_split_are_one_text() -> None:
    assert read(edited(_split_runs)).document == plain(REVIEW)


def _restyle(paper: WordDocument) -> None:
    for found in paper.paragraphs:
        found.style = paper.styles["Normal"]
    heading = paragraph(paper, "Why this is the judgement")
    heading.text = " Why this\xa0is the  JUDGEMENT:"


def test_headings_are_told_by_their_words_when_their_style_is_gone() -> None:
    assert read(edited(_restyle)).document == plain(REVIEW)


def _retype(paper: WordDocument) -> None:
    findings, plan = paper.tables[2], paper.tables[3]
    findings.rows[0].cells[2].text = "At which\xa0level (needed for a\ndeficiency)"
    findings.rows[2].cells[1].text = " DEFICIENCY "
    plan.rows[1].cells[2].text = "example manager, line manager"
    plan.rows[2].cells[2].text = "S3"
    plan.rows[1].cells[3].text = "2027-03-12"
    plan.rows[2].cells[3].text = "30th Apr 2027"
    paper.tables[1].rows[1].cells[0].text = "12/1/2026"
    paper.tables[1].rows[2].cells[0].text = "02.06.2026"
    paragraph(paper, "In part").text = "Partly"


def test_choices_and_dates_are_read_however_they_are_typed() -> None:
    assert read(edited(_retype)).document == plain(REVIEW)


def test_what_cannot_be_told_stays_for_the_check_to_name() -> None:
    def unclear(paper: WordDocument) -> None:
        paper.tables[3].rows[1].cells[2].text = "Example Twin"
        paper.tables[3].rows[1].cells[3].text = "31 February 2027"

    paper = read(edited(unclear))
    (action, _) = paper.document["actions"]
    assert (action["owner"], action["due_on"]) == ("Example Twin", "31 February 2027")
    assert list(not_shown(paper.document, OPTIONS)) == [
        "Action plan, row 1, Who does it: the file says “Example Twin”, which is none of those offered.",
        "Action plan, row 1, By when: the file says “31 February 2027”, which is no date.",
    ]
    assert list(not_shown(plain(REVIEW), OPTIONS)) == []


def _type_more(paper: WordDocument) -> None:
    found = paragraph(paper, "Most steps were taken.")
    found.add_run().add_break()
    found.add_run("One\xa0was not.\tIt mattered.")
    guide = paragraph(paper, guidance(PARTS["analysis"]))
    guide.add_run(" Typed behind the guidance.")
    added_row(paper, 0, "A third source")
    added_row(paper, 0, "")
    paper.tables[1]._tbl.remove(paper.tables[1].rows[1]._tr)


def test_soft_breaks_tabs_rows_added_and_deleted_are_taken_over() -> None:
    back = read(edited(_type_more)).document
    assert back["judgement_reasons"] == "Most steps were taken.\nOne\xa0was not.\tIt mattered."
    assert back["analysis"].startswith("Typed behind the guidance.\nSeen weekly")
    assert [row["what"] for row in back["sources"]][2:] == ["A third source"]
    assert len(back["chronology"]) == 1


def test_actions_follow_their_findings_when_rows_are_deleted_and_added() -> None:
    def renumber(paper: WordDocument) -> None:
        findings = paper.tables[2]
        findings._tbl.remove(findings.rows[1]._tr)
        added_row(paper, 2, "", "Deficiency", "Team", "Records", "New", "Why")
        added_row(paper, 3, "3", "What", "s2", "2027-03-12", "Improvement")

    paper = read(edited(renumber))
    assert [row["finding"] for row in paper.document["actions"]] == ["1", "2", "2"]
    assert "numbered anew" in paper.remarks[0]


def test_an_action_whose_finding_was_deleted_is_named() -> None:
    found = refused(edited(lambda paper: paper.tables[2]._tbl.remove(paper.tables[2].rows[2]._tr)))
    assert found == {
        "actions-1-finding": "Action plan, row 1: it answers a finding that is not in the table; name another"
    }


def test_actions_follow_a_finding_that_was_moved() -> None:
    def move(paper: WordDocument) -> None:
        table = paper.tables[2]
        table.rows[0]._tr.addnext(table.rows[3]._tr)

    back = read(edited(move)).document
    assert back["findings"][0]["text"] == "Contact was reduced."
    assert [row["finding"] for row in back["actions"]] == ["3", "1"]


def test_two_findings_of_the_same_number_are_named_with_their_rows() -> None:
    def double(paper: WordDocument) -> None:
        paper.tables[2].rows[2].cells[0].text = "1"

    assert "Rows 1, 2 of the findings have the same number" in refused(edited(double))["findings"]


def test_lists_become_lines_with_their_mark_and_that_is_said() -> None:
    def paste(paper: WordDocument) -> None:
        found = paragraph(paper, "Most steps were taken.")
        for text, style in (
            ("First", "List Bullet"),
            ("", "List Bullet"),
            ("Uno", "List Number"),
            ("Due", "List Number"),
        ):
            found.insert_paragraph_before(text, style)
        paper.tables[2].rows[2].cells[5].add_paragraph("In a cell", "List Bullet")

    paper = read(edited(paste))
    assert paper.document["judgement_reasons"] == "- First\n\n1. Uno\n2. Due\nMost steps were taken."
    assert paper.document["findings"][1]["reasons"] == "Nobody had the mail.\n- In a cell"
    assert [remark for remark in paper.remarks if "Lists" in remark]


_NUMBERING = """<w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
<w:abstractNum w:abstractNumId="7"><w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="lowerLetter"/>
<w:lvlText w:val="(%1)"/></w:lvl><w:lvl w:ilvl="1"><w:numFmt w:val="lowerRoman"/><w:lvlText w:val="%1.%2"/></w:lvl>
<w:lvl w:ilvl="2"><w:numFmt w:val="none"/><w:lvlText w:val=""/></w:lvl></w:abstractNum>
<w:num w:numId="9"><w:abstractNumId w:val="7"/></w:num></w:numbering>"""


@pytest.mark.parametrize(
    ("levels", "marks"),
    [
        (["0", "0"], ["(c) ", "(d) "]),
        (["0", "1", "1", "0", "1"], ["(c) ", "c.i ", "c.ii ", "(d) ", "d.i "]),
        (["2", "7", "x", ""], ["", "", "(c) ", "(d) "]),
    ],
)
def test_numbers_that_word_counts_by_itself_are_written_out(levels: list[str], marks: list[str]) -> None:
    def number(paper: WordDocument) -> None:
        found = paragraph(paper, "Most steps were taken.")
        for level in levels:
            added = found.insert_paragraph_before("x")._p.get_or_add_pPr()
            at = f'<w:ilvl w:val="{level}"/>' if level else ""
            added.append(parse_xml(f'<w:numPr {nsdecls("w")}>{at}<w:numId w:val="9"/></w:numPr>'))

    def put(entries: dict[str, bytes]) -> None:
        entries["word/numbering.xml"] = _NUMBERING.encode()

    back = read(repacked(put, edited(number))).document["judgement_reasons"]
    assert back.split("\n") == [*(f"{mark}x" for mark in marks), "Most steps were taken."]


def test_words_typed_over_the_guidance_are_taken_over_and_that_is_said() -> None:
    def type_over(paper: WordDocument) -> None:
        paragraph(paper, guidance(PARTS["analysis"])).text = "Our own words."

    paper = read(edited(type_over))
    assert paper.document["analysis"].startswith("Our own words.\nSeen weekly")
    assert [remark for remark in paper.remarks if remark.startswith("“Analysis of practice” begins with words in")]


def test_comments_links_and_words_above_the_headings_are_said_and_left_out() -> None:
    def comment(paper: WordDocument) -> None:
        paper.add_comment(paragraph(paper, "Most steps were taken.").runs, text="Sure?", author="A", initials="A")
        relation = paper.part.relate_to("https://example.test/", _HYPERLINK, is_external=True)
        link = parse_xml(f'<w:hyperlink {nsdecls("w", "r")} r:id="{relation}"><w:r><w:t>see</w:t></w:r></w:hyperlink>')
        paragraph(paper, "From April once a month.")._p.append(link)
        paper.paragraphs[0].insert_paragraph_before("Draft for discussion")

    paper = read(edited(comment))
    assert paper.document["analysis"].count("month.see") == 1
    assert len(paper.remarks) == 3
    assert "1 comment" in paper.remarks[0]


_HYPERLINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"


# --- LibreOffice itself ---------------------------------------------------------------------------------


def _resaved(folder: Path, *files: bytes) -> list[bytes]:
    """The files as LibreOffice opens them and saves them again as Word documents."""
    for number, data in enumerate(files):
        (folder / f"{number}.docx").write_bytes(data)
    given = [str(folder / f"{number}.docx") for number in range(len(files))]
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    word = ("--convert-to", "docx:MS Word 2007 XML", "--outdir", str(folder / "out"))
    subprocess.run(["soffice", "--headless", profile, *word, *given], check=True, capture_output=True, timeout=180)
    return [(folder / "out" / f"{number}.docx").read_bytes() for number in range(len(files))]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_what_libreoffice_saves_again_reads_as_it_did_before(tmp_path: Path) -> None:
    def paste(paper: WordDocument) -> None:
        _type_more(paper)
        _split_runs_of(paper, "From April once a month.")
        paragraph(paper, "Learning").insert_paragraph_before("A point", "List Number")
        paper.add_comment(paper.paragraphs[-2].runs, text="Sure?", author="A", initials="A")

    files = [written(), written({}, 0), edited(paste), edited(_move_and_delete)]
    for before, after in zip(files, _resaved(tmp_path, *files), strict=True):
        was, now = read(before), read(after)
        assert (now.document, now.reference, now.version) == (was.document, REFERENCE, was.version)
        assert set(now.remarks) == set(was.remarks)


def _split_runs_of(paper: WordDocument, text: str) -> None:
    found = paragraph(paper, text)
    found.text = ""
    for word in text.split():
        found.add_run(f"{word} ").bold = len(word) > 4


def _move_and_delete(paper: WordDocument) -> None:
    findings = paper.tables[2]
    findings.rows[0]._tr.addnext(findings.rows[3]._tr)
    findings._tbl.remove(findings.rows[2]._tr)
