"""The gate lets a clean file through, in each format, and nothing that it could not read. All of it is invented."""

import logging
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities import unpacked, unpacking
from activities.leak_gate import search_file
from activities.rendering import formats, render
from tests.activities.planted import (
    CONTACT,
    KNOWN,
    found,
    page,
    part_of_word,
    pdf,
    pdf_changed,
    pdf_saved_again,
    runs,
    word,
    word_code,
    word_parts,
)
from workflows.contract.rendition import Audience, Block, Cell, Contact, FileFormat, Piece, RenditionText, Section
from workflows.policy.leaks import Known, LeakKind

CLEAN = {FileFormat.HTML: page(), FileFormat.WORD: word(), FileFormat.PDF: pdf()}


@pytest.mark.parametrize("format", list(FileFormat))
def test_a_clean_file_passes(format: FileFormat) -> None:
    assert found(format, CLEAN[format]) == []


@pytest.mark.parametrize("audience", list(Audience))
@pytest.mark.parametrize("format", formats())
def test_a_rendition_as_it_is_rendered_passes(audience: Audience, format: FileFormat) -> None:
    pieces = (Piece(text="He was seen every week, then "), Piece(ground="personal_data"), Piece(text=" moved."))
    block = Block(key="analysis-1", label="What we found, paragraph 1", cells=(Cell(pieces=pieces),))
    text = RenditionText(
        audience=audience,
        review_version=2,
        summary=("Most of the work was done well. Some of it was late.",),
        sections=(Section(name="analysis", heading="What we found", blocks=(block,)),),
        contact=Contact(
            name="Invented SFO Team",
            phone="01632 960001",
            email="team@example.test",
            hours=CONTACT.partition("test, ")[2],
        ),
    )
    assert found(format, render(text, 7, format)) == []


def test_the_texts_of_the_frame_are_held_where_they_are_not_of_this_frame() -> None:
    for format, data in CLEAN.items():
        kinds = {leak.kind for leak in search_file(format, data, Known(names=KNOWN.names))}
        assert {LeakKind.PHONE, LeakKind.EMAIL} <= kinds


def test_what_may_stand_by_its_text_may_own_the_file_or_be_linked_to() -> None:
    data = page('<a href="https://example.test/help">help</a>', '<meta name="author" content="HMPPS">')
    allowed = Known(names=KNOWN.names, allowed=(*KNOWN.allowed, "HMPPS", "https://example.test/help"))
    assert {leak.kind for leak in search_file(FileFormat.HTML, data, KNOWN)} == {"metadata", "external_link"}
    assert search_file(FileFormat.HTML, data, allowed) == ()


def test_each_finding_stands_once_and_is_the_same_in_the_file_made_again() -> None:
    data = page("<p>By Quillfeather</p><p>By Quillfeather</p><p>Of Quillfeather</p>")
    first, again = search_file(FileFormat.HTML, data, KNOWN), search_file(FileFormat.HTML, data, KNOWN)
    assert [leak.excerpt for leak in first] == ["By Quillfeather", "Of Quillfeather"]
    assert [leak.key for leak in first] == [leak.key for leak in again]
    assert len({leak.key for leak in first}) == 2


def test_another_picture_of_the_same_name_is_another_finding() -> None:
    keys = [
        {leak.key for leak in search_file(FileFormat.WORD, word_parts({"word/media/a.png": data}), KNOWN)}
        for data in (b"\x89PNG1", b"\x89PNG2")
    ]
    assert keys[0].isdisjoint(keys[1])


# --- nothing passes unread ---------------------------------------------------------------------------


@given(st.binary(max_size=2000))
@settings(max_examples=150, deadline=None)
def test_bytes_of_no_kind_never_pass_and_are_no_error(data: bytes) -> None:
    for format in FileFormat:
        assert any(leak.kind is LeakKind.UNREADABLE for leak in search_file(format, data, KNOWN))


@given(st.sampled_from([FileFormat.WORD, FileFormat.PDF]), st.data())
@settings(max_examples=40, deadline=None)
def test_a_file_that_is_damaged_anywhere_is_no_error(format: FileFormat, data: st.DataObject) -> None:
    clean = CLEAN[format]
    start = data.draw(st.integers(0, len(clean) - 1))
    change = data.draw(st.binary(min_size=1, max_size=40))
    damaged = clean[:start] + change + clean[start + len(change) :]
    assert all(leak.key for leak in search_file(format, damaged, KNOWN))
    assert found(format, clean[: start // 2]) != []


@given(st.sampled_from([p.name for p in KNOWN.names]), st.data())
@settings(max_examples=25, deadline=None)
def test_no_splitting_into_runs_hides_a_name(name: str, data: st.DataObject) -> None:
    pieces = [""]
    for sign in name:
        if data.draw(st.integers(0, 2)) == 0:
            pieces.append("")
        pieces[-1] += data.draw(st.sampled_from([sign, sign.upper(), sign.lower(), f"{sign}\u00ad", f"{sign}\u200b"]))
    split = "".join(f"<b>{piece}</b>" for piece in pieces)
    for format, made in (
        (FileFormat.HTML, page(f"<p>So {split} said</p>")),
        (FileFormat.WORD, word_code(runs(*pieces))),
    ):
        assert (LeakKind.NAME, "paragraph") in found(format, made)


def test_a_file_of_another_format_does_not_pass() -> None:
    for format in FileFormat:
        for other, data in CLEAN.items():
            if other is not format:
                assert any(kind is LeakKind.UNREADABLE for kind, _ in found(format, data)), (format, other)


def test_a_file_that_unpacks_to_too_much_is_held_and_not_unpacked() -> None:
    written = BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as container:
        container.writestr("word/document.xml", bytes(unpacked.LARGEST_PIECE + 1))
    assert (LeakKind.UNREADABLE, "file") in found(FileFormat.WORD, written.getvalue())
    inner = word_parts({f"customXml/{n}.xml": bytes(15_000_000) for n in range(3)})
    nested = word_parts({f"word/embeddings/{n}.docx": inner for n in range(3)})
    assert any("unpacks to too much" in leak.excerpt for leak in search_file(FileFormat.WORD, nested, KNOWN))


def bomb(document: Any) -> None:
    """A stream of a size that says nothing of what it unpacks to."""
    document.Root["/Bomb"] = pikepdf.Stream(document, bytes(40_000_000))


def test_a_stream_that_unpacks_to_too_much_is_held() -> None:
    packed = pdf_changed(bomb)
    assert len(packed) < 200_000
    assert any("unpacks to too much" in leak.excerpt for leak in search_file(FileFormat.PDF, packed, KNOWN))


def test_an_entry_that_lies_about_its_size_or_its_sum_is_held() -> None:
    clean = word_parts({"customXml/long.xml": "<a>" + "x" * 5000 + "</a>"})
    with ZipFile(BytesIO(clean)) as container:
        told = container.getinfo("customXml/long.xml")
    for before, after in (
        (told.file_size.to_bytes(4, "little"), (4000).to_bytes(4, "little")),
        (told.CRC.to_bytes(4, "little"), bytes(4)),
    ):
        assert clean.count(before) >= 2
        assert any(kind is LeakKind.UNREADABLE for kind, _ in found(FileFormat.WORD, clean.replace(before, after)))


def test_what_was_deleted_from_the_container_is_held() -> None:
    """An editor of zips may take an entry out of the list and leave its bytes."""
    planted = word_parts({"customXml/who.xml": "<a>Zelda Quillfeather</a>"})
    with ZipFile(BytesIO(planted)) as container:
        start = container.start_dir
    name = planted.rindex(b"customXml/who.xml")
    entry = planted.rindex(b"PK\x01\x02", start, name)
    size = name + len(b"customXml/who.xml") - entry
    fewer = (int.from_bytes(planted[-12:-10], "little") - 1).to_bytes(2, "little")
    length = (int.from_bytes(planted[-10:-6], "little") - size).to_bytes(4, "little")
    shortened = planted[:entry] + planted[entry + size :]
    shortened = shortened[:-14] + fewer + fewer + length + shortened[-6:]
    assert "customXml/who.xml" not in ZipFile(BytesIO(shortened)).namelist()
    told = found(FileFormat.WORD, shortened)
    assert (LeakKind.UNREADABLE, "bytes that belong to no part") in told
    assert (LeakKind.NAME, "bytes that belong to no part") in told


def test_a_huge_file_is_held_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (LeakKind.UNREADABLE, "file") in found(FileFormat.HTML, page(" " * unpacked.LARGEST_FILE))
    monkeypatch.setattr(unpacked, "MOST_TEXT", 1000)
    assert any(kind is LeakKind.UNREADABLE for kind, _ in found(FileFormat.WORD, CLEAN[FileFormat.WORD]))


def test_a_reader_that_fails_keeps_what_it_has_read_and_the_file_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(data: bytes, into: unpacked.Unpacking) -> None:
        into.text("page", data.decode())
        raise KeyError("Zelda")

    monkeypatch.setitem(unpacking._UNPACK, FileFormat.HTML, fail)
    told = search_file(FileFormat.HTML, b"Quillfeather", KNOWN)
    assert [leak.kind for leak in told] == ["unreadable", "name"]
    assert "Zelda" not in told[0].excerpt


def test_a_search_that_fails_holds_the_file_and_says_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("Zelda Quillfeather")

    monkeypatch.setattr("activities.leak_gate.leaks_in", fail)
    (leak,) = search_file(FileFormat.HTML, page(), KNOWN)
    assert leak.kind is LeakKind.UNREADABLE
    assert "Zelda" not in leak.excerpt


class Listening(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record)


def test_nothing_of_a_file_goes_to_the_log_of_the_service() -> None:
    listening = Listening()  # caplog listens to what goes nowhere as well
    logging.getLogger().addHandler(listening)
    try:
        for data in (pdf_saved_again(b"900 0 obj\n<</Who (Zelda)>>\nendobj\n"), pdf()[:9000], b"Zelda"):
            for format in FileFormat:
                assert search_file(format, data, KNOWN)
    finally:
        logging.getLogger().removeHandler(listening)
    assert listening.heard == []


def test_what_the_reader_of_pdf_complains_of_is_held() -> None:
    saved = search_file(FileFormat.PDF, pdf_saved_again(b"900 0 obj\n<</Who 1>>\nendobj\n"), KNOWN)
    assert any(leak.excerpt.startswith("its reader complains: Xref table not zero-indexed") for leak in saved)


def test_a_page_that_is_too_long_is_held() -> None:
    assert (LeakKind.UNREADABLE, "page") in found(FileFormat.HTML, page("x" * unpacked.MOST_TEXT))


def test_a_style_that_hides_text_is_held() -> None:
    styles = part_of_word("word/styles.xml").replace("<w:rPr>", "<w:rPr><w:vanish/>", 3)
    assert any(
        kind is LeakKind.HIDDEN_TEXT for kind, _ in found(FileFormat.WORD, word_parts({"word/styles.xml": styles}))
    )
