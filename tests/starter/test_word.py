"""The review as a Word file: written, edited as people do, and read back without loss or refused with the remedy."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from docx import Document
from docx.document import Document as WordDocument
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from starter.word import LARGEST_FILE, Paper, WordError, guidance, plain
from starter.word_in import from_word
from starter.word_out import to_word
from tests.starter.a_review import REVIEW
from workflows.contract.columns import COLUMNS, Column
from workflows.contract.questions import Field
from workflows.policy.document import PARTS

REFERENCE = "SFO-2026-00042"
OPTIONS = {
    "actions": [
        {"value": "s2", "label": "Example Manager, line manager"},
        {"value": "s3", "label": "Example Head, head of PDU"},
        {"value": "k1", "label": "Example Twin"},
        {"value": "k2", "label": "Example Twin"},
    ]
}


def written(document: dict[str, Any] = REVIEW, version: int = 2) -> bytes:
    return to_word(document, reference=REFERENCE, version=version, options=OPTIONS)


def read(data: bytes) -> Paper:
    return from_word(data, reference=REFERENCE, options=OPTIONS)


def edited(edit: Callable[[WordDocument], object], document: dict[str, Any] = REVIEW) -> bytes:
    """The file after somebody opened it, did something and saved it."""
    paper = Document(BytesIO(written(document)))
    edit(paper)
    saved = BytesIO()
    paper.save(saved)
    return saved.getvalue()


def repacked(change: Callable[[dict[str, bytes]], object]) -> bytes:
    """The file with its entries changed."""
    with ZipFile(BytesIO(written())) as container:
        entries = {name: container.read(name) for name in container.namelist()}
    change(entries)
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as container:
        for name, content in entries.items():
            container.writestr(name, content)
    return packed.getvalue()


def refused(data: bytes) -> dict[str, str]:
    """The problems of a file that is refused, by section."""
    with pytest.raises(WordError) as error:
        read(data)
    return {problem.field: problem.message for problem in error.value.problems}


def paragraph(paper: WordDocument, text: str) -> Any:
    return next(p for p in paper.paragraphs if p.text == text)


def added_row(paper: WordDocument, table: int, *texts: str) -> None:
    found: Any = paper.tables[table]
    for cell, text in zip(found.add_row().cells, texts, strict=True):
        cell.text = text


# --- round trip ---------------------------------------------------------------------------------------

# What neither a keyboard nor a form of ours lets through, and what XML cannot hold.
_CHARACTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
_TEXT = st.text(_CHARACTERS | st.sampled_from("\n\t \xa0\u2019\u201c\u2028\x85"), max_size=60) | st.sampled_from(
    [*(f.label for f in PARTS.values()), "A\nLearning\nB", "Yes", "2", "-", *map(guidance, PARTS.values())]
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
    assert "12 March 2027" in [cell.text for cell in paper.tables[-1].columns[3].cells]
    assert [cell.text for cell in paper.tables[2].columns[0].cells] == ["No.", "1", "2", "3"]


def test_the_file_names_the_service_and_nobody_else_and_says_which_version_it_is() -> None:
    paper = Document(BytesIO(to_word(REVIEW, reference=REFERENCE, version=2)))
    properties = paper.core_properties
    assert properties.author == properties.last_modified_by == "Serious Further Offence service"
    assert paper.sections[0].header.paragraphs[0].text == "SFO-2026-00042, review, version 2"
    assert b"Example" not in b"".join(
        ZipFile(BytesIO(to_word(REVIEW, reference=REFERENCE, version=2))).read(n)
        for n in ("word/document.xml", "docProps/core.xml", "docProps/app.xml")
    )


def test_the_file_can_be_listened_to() -> None:
    paper = Document(BytesIO(written()))
    assert not list(paper.element.iter(qn("w:drawing"), qn("w:pict")))
    for table in paper.tables:
        assert table.rows[0]._tr.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None
        assert table._tbl.tblPr.find(qn("w:tblCaption")) is not None
    languages = [found.get(qn("w:val")) for found in paper.styles.element.iter(qn("w:lang"))]
    assert languages == ["en-GB"]


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
    paragraph(paper, "In part").text = "Partly"


def test_choices_and_dates_are_read_however_they_are_typed() -> None:
    assert read(edited(_retype)).document == plain(REVIEW)


def test_what_cannot_be_told_stays_for_the_check_to_name() -> None:
    def unclear(paper: WordDocument) -> None:
        paper.tables[3].rows[1].cells[2].text = "Example Twin"
        paper.tables[3].rows[1].cells[3].text = "31 February 2027"

    (action, _) = read(edited(unclear)).document["actions"]
    assert (action["owner"], action["due_on"]) == ("Example Twin", "31 February 2027")


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
        added_row(paper, 2, "", "Deficiency", "Team", "New", "Why")
        added_row(paper, 3, "3", "What", "s2", "2027-03-12", "Improvement")

    paper = read(edited(renumber))
    assert [row["finding"] for row in paper.document["actions"]] == ["1", "2", "2"]
    assert "numbered anew" in paper.remarks[0]


def test_an_action_whose_finding_was_deleted_is_named() -> None:
    found = refused(edited(lambda paper: paper.tables[2]._tbl.remove(paper.tables[2].rows[2]._tr)))
    assert found == {
        "actions-1-finding": "Action plan, row 1: it answers a finding that is not in the table; name another"
    }


def test_two_findings_of_the_same_number_are_named() -> None:
    def double(paper: WordDocument) -> None:
        paper.tables[2].rows[2].cells[0].text = "1"

    assert "same number" in refused(edited(double))["findings"]


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
_IMAGE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"


# --- what is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["w:ins", "w:del", "w:moveFrom", "w:moveTo"])
def test_tracked_changes_are_refused(tag: str) -> None:
    def track(paper: WordDocument) -> None:
        found = paragraph(paper, "Most steps were taken.")
        changed = OxmlElement(tag)
        changed.append(found.runs[0]._r)
        found._p.append(changed)

    assert "accept or reject the changes" in refused(edited(track))["file"]


def test_a_missing_and_a_doubled_section_are_both_named() -> None:
    def spoil(paper: WordDocument) -> None:
        paragraph(paper, "Learning").text = "Lessons"
        paper.add_heading("Analysis of practice", 1)

    found = refused(edited(spoil))
    assert "“Learning” is missing" in found["learning"]
    assert "stands there 2 times" in found["analysis"]


def _drop_a_column(paper: WordDocument) -> None:
    for row in paper.tables[1].rows:
        row._tr.remove(row.cells[1]._tc)


def _swap_columns(paper: WordDocument) -> None:
    for row in paper.tables[1].rows:
        row._tr.append(row.cells[0]._tc)


def _join_cells(paper: WordDocument) -> None:
    paper.tables[1].rows[1].cells[0].merge(paper.tables[1].rows[1].cells[1])


def _lose_a_cell(paper: WordDocument) -> None:
    row = paper.tables[1].rows[2]
    row._tr.remove(row.cells[2]._tc)


def _write_beside_the_table(paper: WordDocument) -> None:
    paragraph(paper, guidance(PARTS["chronology"])).insert_paragraph_before("Something else happened.")


def _lose_the_table(paper: WordDocument) -> None:
    paper.tables[1]._tbl.getparent().remove(paper.tables[1]._tbl)


def _two_tables(paper: WordDocument) -> None:
    paper.tables[1]._tbl.addnext(parse_xml(f"<w:tbl {nsdecls('w')}><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>"))


def _nest_a_table(paper: WordDocument) -> None:
    paper.tables[1].rows[1].cells[1].add_table(1, 1)


def _put_in(content: str) -> Callable[[WordDocument], None]:
    def put(paper: WordDocument) -> None:
        run = paper.tables[1].rows[1].cells[1].paragraphs[0].add_run()
        run._r.append(parse_xml(content))

    return put


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (_drop_a_column, "lacks in the first row of its table: What happened"),
        (_swap_columns, "in this order: Date; What happened; Source (optional)"),
        (_join_cells, "has in row 1 of its table cells that are joined or missing"),
        (_lose_a_cell, "has in row 2 of its table cells that are joined or missing"),
        (_write_beside_the_table, "has text outside its table"),
        (_lose_the_table, "has lost its table"),
        (_two_tables, "has several tables"),
        (_nest_a_table, "a table inside of a table"),
        (_put_in(f"<w:drawing {nsdecls('w')}/>"), "a picture or a text box"),
        (_put_in(f"<w:object {nsdecls('w')}/>"), "an embedded object"),
        (_put_in(f'<w:footnoteReference {nsdecls("w")} w:id="1"/>'), "a footnote"),
        (_put_in(f'<w:sym {nsdecls("w")} w:font="Wingdings" w:char="F0E0"/>'), "a sign of a picture font"),
    ],
)
def test_what_would_be_lost_is_named_with_its_section(edit: Callable[[WordDocument], None], words: str) -> None:
    found = refused(edited(edit))
    assert set(found) == {"chronology"}
    assert found["chronology"].startswith("The section “Chronology” ")
    assert words in found["chronology"]


def test_a_table_in_a_section_of_text_is_named() -> None:
    def put(paper: WordDocument) -> None:
        paragraph(paper, "Most steps were taken.")._p.addnext(paper.tables[0]._tbl)

    found = refused(edited(put))
    assert "is written in paragraphs" in found["judgement_reasons"]
    assert "has lost its table" in found["sources"]


def test_a_file_of_another_case_is_refused() -> None:
    with pytest.raises(WordError, match="of case SFO-2026-00042, not of SFO-2026-00043"):
        from_word(written(), reference="SFO-2026-00043")


def test_a_file_that_names_no_case_is_refused() -> None:
    def forget(paper: WordDocument) -> None:
        paper.sections[0].header.paragraphs[0].text = ""
        paper.core_properties.subject = ""

    assert "without the reference" in refused(edited(forget))["file"]


def _macros(entries: dict[str, bytes]) -> None:
    entries["word/vbaProject.bin"] = b"x"


def _macro_type(entries: dict[str, bytes]) -> None:
    entries["[Content_Types].xml"] = entries["[Content_Types].xml"].replace(
        b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
        b"application/vnd.ms-word.document.macroEnabled.main+xml",
    )


def _embed(entries: dict[str, bytes]) -> None:
    entries["word/embeddings/oleObject1.bin"] = b"x"


def _template_from_elsewhere(entries: dict[str, bytes]) -> None:
    entries["word/_rels/settings.xml.rels"] = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1"'
        b' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"'
        b' Target="https://elsewhere.example.test/x.dotm" TargetMode="External"/></Relationships>'
    )


def _entity(entries: dict[str, bytes]) -> None:
    text = entries["word/document.xml"].decode()
    _, _, rest = text.partition("?>")
    doctype = '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    entries["word/document.xml"] = (doctype + rest.replace("Most steps", "&e;")).encode()


def _bomb(entries: dict[str, bytes]) -> None:
    entries["word/media/none.bin"] = bytes(21_000_000)


def _a_thousand_entries(entries: dict[str, bytes]) -> None:
    entries.update({f"word/{n}.bin": b"" for n in range(1_000)})


def _no_document(entries: dict[str, bytes]) -> None:
    del entries["word/document.xml"]


def _no_xml(entries: dict[str, bytes]) -> None:
    entries["word/document.xml"] = b"nothing"


def _strict(entries: dict[str, bytes]) -> None:
    entries["word/document.xml"] = entries["word/document.xml"].replace(
        b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        b"http://purl.oclc.org/ooxml/wordprocessingml/main",
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_macros, "holds macros"),
        (_macro_type, "holds macros"),
        (_embed, "holds another file"),
        (_template_from_elsewhere, "refers to something outside"),
        (_entity, "declares a document type"),
        (_bomb, "unpacks to too much"),
        (_a_thousand_entries, "unpacks to too much"),
        (_no_document, "is not a Word file"),
        (_no_xml, "is not a Word file"),
        (_strict, "not Strict"),
    ],
)
def test_a_container_that_holds_what_it_should_not_is_refused(
    change: Callable[[dict[str, bytes]], None], words: str
) -> None:
    assert words in refused(repacked(change))["file"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is not a Word file"),
        (b"plain text", "is not a Word file"),
        (b"%PDF-1.7", "is not a Word file"),
        (b"PK\x03\x04 cut off", "is not a Word file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "old Word (.doc)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "has a password"),
        (bytes(LARGEST_FILE + 1), "larger than 5 MB"),
    ],
)
def test_what_is_no_word_file_is_refused_with_the_remedy(data: bytes, words: str) -> None:
    assert words in refused(data)["file"]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_damaged_file_is_refused_and_never_a_defect(data: st.DataObject) -> None:
    whole = bytearray(written())
    for _ in range(data.draw(st.integers(1, 20))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(WordError):
        read(bytes(whole))
