"""What a Word file may not be or hold: refused by its place and with the remedy, and nothing is run or unpacked."""

from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from struct import pack
from time import monotonic
from typing import Any
from zipfile import ZipFile

import pytest
from docx.document import Document as WordDocument
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls
from hypothesis import given, settings
from hypothesis import strategies as st

from starter.word import LARGEST_FILE, WordError, guidance
from starter.word_in import from_word
from tests.starter.a_review import edited, paragraph, read, refused, repacked, written
from workflows.policy.document import PARTS


@pytest.mark.parametrize("tag", ["w:ins", "w:del", "w:moveFrom", "w:moveTo"])
def test_tracked_changes_are_refused(tag: str) -> None:
    def track(paper: WordDocument) -> None:
        found = paragraph(paper, "Most steps were taken.")
        changed = OxmlElement(tag)
        changed.append(found.runs[0]._r)
        found._p.append(changed)

    found = refused(edited(track))["file"]
    assert "tracked changes in “Why this is the judgement”: accept or reject the changes" in found


@pytest.mark.parametrize("place", ["w:rPr", "w:trPr", "w:tcPr"])
def test_a_tracked_paragraph_row_or_cell_is_refused_with_its_section(place: str) -> None:
    tag = {"w:rPr": "w:ins", "w:trPr": "w:del", "w:tcPr": "w:cellIns"}[place]

    def track(paper: WordDocument) -> None:
        changed = parse_xml(f'<{place} {nsdecls("w")}><{tag} w:id="1" w:author="A"/></{place}>')
        row: Any = paper.tables[1].rows[1]._tr
        holder = {"w:rPr": row.tc_lst[0].p_lst[0].get_or_add_pPr(), "w:trPr": row, "w:tcPr": row.tc_lst[0]}[place]
        holder.insert(0, changed)

    assert "tracked changes in “Chronology”" in refused(edited(track))["file"]


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


def _add_a_column(paper: WordDocument) -> None:
    table: Any = paper.tables[1]
    table.add_column(100_000)
    table.rows[0].cells[3].text = "Our remarks"


def _strike_through(paper: WordDocument) -> None:
    paper.tables[1].rows[1].cells[1].paragraphs[0].runs[0].font.strike = True


def _hide(paper: WordDocument) -> None:
    paper.tables[1].rows[1].cells[1].paragraphs[0].runs[0].font.hidden = True


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
        (_add_a_column, "must have these columns and no others, in this order: Date; What happened; Source (optional)"),
        (_strike_through, "words that are struck through: delete them"),
        (_hide, "hidden words: show them, or delete them"),
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


def test_a_line_through_that_was_switched_off_again_is_none() -> None:
    def switch_off(paper: WordDocument) -> None:
        paper.tables[1].rows[1].cells[1].paragraphs[0].runs[0].font.strike = False

    assert read(edited(switch_off)).document == read(written()).document


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


def _from_elsewhere(kind: str, part: str = "settings") -> Callable[[dict[str, bytes]], None]:
    def refer(entries: dict[str, bytes]) -> None:
        entries[f"word/_rels/{part}.xml.rels"] = (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1"'
            f' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"'
            ' Target="https://elsewhere.example.test/x" TargetMode="External"/></Relationships>'
        ).encode()

    return refer


def _entity(entries: dict[str, bytes]) -> None:
    text = entries["word/document.xml"].decode()
    _, _, rest = text.partition("?>")
    doctype = '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    entries["word/document.xml"] = (doctype + rest.replace("Most steps", "&e;")).encode()


def _entity_in_an_attribute(entries: dict[str, bytes]) -> None:
    """A billion laughs: ten entities, each of them ten of the one before."""
    _, _, rest = entries["word/document.xml"].decode().partition("?>")
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a0 "{"ha" * 50}">{laughs}]>'
    entries["word/document.xml"] = (doctype + rest.replace("<w:body>", '<w:body x="&a9;">')).encode()


def _a_million_paragraphs(entries: dict[str, bytes]) -> None:
    before, end, after = entries["word/document.xml"].partition(b"<w:sectPr")
    entries["word/document.xml"] = before + b"<w:p/>" * 1_000_000 + end + after


def _a_large_part(entries: dict[str, bytes]) -> None:
    before, end, after = entries["word/document.xml"].partition(b"<w:sectPr")
    entries["word/document.xml"] = before + b"<w:p/>" + b" " * 9_000_000 + end + after


def _a_template(entries: dict[str, bytes]) -> None:
    types = entries["[Content_Types].xml"]
    entries["[Content_Types].xml"] = types.replace(b"document.main+xml", b"template.main+xml")


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
        (_from_elsewhere("attachedTemplate"), "refers to something outside of it: its template"),
        (_from_elsewhere("image", "header1"), "refers to something outside of it: a linked picture"),
        (_from_elsewhere("oleObject", "footer1"), "refers to something outside of it: a linked object"),
        (_from_elsewhere("subDocument", "comments"), "refers to something outside of it: something"),
        (_a_template, "is not a Word file"),
        (_entity, "declares a document type"),
        (_entity_in_an_attribute, "is not a Word file"),
        (_a_million_paragraphs, "unpacks to too much"),
        (_a_large_part, "unpacks to too much"),
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


def test_an_embedded_object_is_named_with_its_section() -> None:
    def put(paper: WordDocument) -> None:
        paragraph(paper, "Most steps were taken.").runs[0]._r.append(parse_xml(f"<w:object {nsdecls('w')}/>"))

    found = refused(repacked(_embed, edited(put)))
    assert set(found) == {"judgement_reasons"}
    assert "holds an embedded object: write in words what it shows" in found["judgement_reasons"]


def _with_a_false_size(data: bytes, name: bytes, size: int) -> bytes:
    """The container, which now says in both places that this entry is of this size."""
    changed = bytearray(data)
    for sign, at, length_at, name_at in ((b"PK\x03\x04", 22, 26, 30), (b"PK\x01\x02", 24, 28, 46)):
        start = changed.find(sign)
        while start >= 0:
            length = int.from_bytes(changed[start + length_at : start + length_at + 2], "little")
            if changed[start + name_at : start + name_at + length] == name:
                changed[start + at : start + at + 4] = pack("<I", size)
            start = changed.find(sign, start + 4)
    return bytes(changed)


def test_an_entry_that_is_larger_than_it_says_is_not_unpacked() -> None:
    def fill(entries: dict[str, bytes]) -> None:
        entries["word/document.xml"] = bytes(300_000_000)

    data = _with_a_false_size(repacked(fill), b"word/document.xml", 1_000)
    with ZipFile(BytesIO(data)) as container:
        assert container.getinfo("word/document.xml").file_size == 1_000
    started = monotonic()
    assert "is not a Word file, or it is damaged" in refused(data)["file"]
    assert monotonic() - started < 1


def test_the_deepest_nesting_of_many_elements_is_read_in_seconds() -> None:
    def nest(entries: dict[str, bytes]) -> None:
        before, end, after = entries["word/document.xml"].partition(b"<w:sectPr")
        inside = b"<w:sdt>" * 200 + b"<w:p/>" * 20_000 + b"</w:sdt>" * 200
        entries["word/document.xml"] = before + inside + end + after

    started = monotonic()
    assert read(repacked(nest)).document == read(written()).document
    assert monotonic() - started < 15


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
