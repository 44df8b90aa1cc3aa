"""A translation given back on the page: told by its content, kept as it is, and needed before the answer says so."""

import hashlib
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import httpx
import pytest
import pytest_asyncio
from bs4 import BeautifulSoup
from docx import Document
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter
from pypdf.actions import JavaScript
from pypdf.annotations import Link
from pypdf.generic import NameObject

from starter.record import Asked, read_gate
from starter.rendition_files import files_of
from starter.translations import LARGEST_TRANSLATION, MOST_TRIES, TranslationError, format_of, give_translation
from tests.conftest import MailServer, Record
from tests.starter.disclosing import NOW, REFERENCE, RENDITION, TEAM, Disclosure, a_disclosure, errors, text_of
from tests.starter.front_desk import Browser, heading

HTML = (
    b"<!DOCTYPE html>\n<html lang='cy'><head><meta charset='utf-8'><style>p { color: black }</style></head>"
    b"<body><p>Adolygiad dyfeisiedig</p><img alt='' src='data:image/png;base64,AA'></body></html>"
)
ANSWER = {"answer": "translated", "translated.arranged_on": "2027-03-10"}


def word(**parts: bytes) -> bytes:
    """A Word file, with further parts in it."""
    file = BytesIO()
    Document().save(file)
    with ZipFile(file, "a", ZIP_DEFLATED) as container:
        for name, data in parts.items():
            container.writestr(name.replace("__", "/").replace("_DOT_", "."), data)
    return file.getvalue()


def pdf(prepare: str = "") -> bytes:
    writer, file = PdfWriter(), BytesIO()
    writer.add_blank_page(100, 100)
    match prepare:
        case "script":
            writer.add_open_action(JavaScript("app.alert(1)"))
        case "note":
            writer.add_annotation(0, Link(rect=(0, 0, 9, 9), url="https://example.test"))
            notes: Any = writer.pages[0]["/Annots"]
            notes[0].get_object()["/A"][NameObject("/S")] = NameObject("/Launch")
        case "link":
            writer.add_annotation(0, Link(rect=(0, 0, 9, 9), url="https://example.test"))
        case "file":
            writer.add_attachment("list.txt", b"x")
        case "locked":
            writer.encrypt("secret")
        case "empty":
            writer = PdfWriter()
    writer.write(file)
    return file.getvalue()


@pytest_asyncio.fixture
async def case(record: Record, mail_server: MailServer) -> Disclosure:
    found = await a_disclosure(record, mail_server)
    await found.release()
    await found.run("UPDATE victims SET language = 'cy', answer = 'accepted' WHERE ref = 'v1'")
    return found


async def at_the_page(case: Disclosure, subject: str = "v1") -> tuple[Browser, str, httpx.Response]:
    return await case.visit("language", subject, email=TEAM, rendition=RENDITION)


def inputs(page: httpx.Response) -> dict[str, str]:
    """What a browser sends along: the hidden inputs of the question's own form, and its texts."""
    (form,) = BeautifulSoup(page.text, "html.parser").select("main form")
    found = {str(i["name"]): str(i.get("value", "")) for i in form.select("input[type=hidden], input[type=date]")}
    return {**found, **{str(t["name"]): t.get_text().removeprefix("\n") for t in form.select("textarea")}}


async def give(
    browser: Browser, link: str, page: httpx.Response, data: bytes | None, name: str = "x.bin", **typed: str
) -> httpx.Response:
    files = {"translation": (name, data, "text/plain")} if data is not None else {"translation": ("", b"", "")}
    return await browser.web.post(f"{link}/translation", data={**inputs(page), **typed}, files=files)


async def rows(case: Disclosure) -> list[dict[str, object]]:
    return await case.record.rows("SELECT * FROM rendition_files WHERE language <> 'en' ORDER BY language")


async def test_a_translation_is_told_by_its_content_kept_as_it_is_and_shown(case: Disclosure) -> None:
    browser, link, page = await at_the_page(case)
    assert "Give the translation back" in page.text
    for number, (format_, data) in enumerate((("docx", word()), ("pdf", pdf()), ("html", HTML)), start=1):
        reply = await give(browser, link, page, data, "a-name-that-says-nothing.exe", reasons="Typed before")
        assert (reply.status_code, errors(reply)) == (200, {})
        assert f"Translation {number} is given back" in text_of(reply)
        assert "Typed before" in reply.text
        row = (await rows(case))[-1]
        digest = hashlib.sha256(data).hexdigest()
        assert (row["language"], row["format"], row["bytes"]) == (f"v1-{number}", format_, data)
        assert (row["kind"], row["version"], row["sha256"]) == ("victim_rendition", 1, digest)
        assert (row["given_by"], row["at"].date()) == (TEAM, NOW.date())  # type: ignore[attr-defined]
        *_, audited = await case.audits("translation_given")
        assert audited["subject"] == f"{REFERENCE}/victim-disclosure/language:v1"
        assert audited["detail"] == {"version": 1, "language": f"v1-{number}", "format": format_, "sha256": digest}
        got = await browser.web.get(f"{link}/rendition.{format_}?language=v1-{number}")
        assert got.content == data
        page = reply
    assert "translation 3 for v1" in text_of(await browser.web.get(f"{link}/decide"))


async def test_the_same_file_again_is_the_same_translation(case: Disclosure) -> None:
    browser, link, page = await at_the_page(case)
    for said in ("Translation 1 is given back", "so nothing has changed"):
        page = await give(browser, link, page, HTML)
        assert said in text_of(page)
    assert len(await rows(case)) == 1
    assert len(await case.audits("translation_given")) == 1


BAD: list[tuple[str, bytes | None, str]] = [
    ("none", None, "choose the file of the translation"),
    ("empty", b"", "choose the file of the translation"),
    ("too large", b"%PDF-" + b"x" * LARGEST_TRANSLATION, "larger than 10 MB"),
    ("a text", b"Invented words", "not a Word document, a PDF or a web page"),
    ("a picture", b"\x89PNG\r\n\x1a\n", "not a Word document, a PDF or a web page"),
    ("an old Word file", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "an old Word"),
    ("no Word file", b"PK\x03\x04nonsense", "not a Word file, or it is damaged"),
    ("macros", word(word__vbaProject_DOT_bin=b"x"), "holds macros"),
    ("a file in it", word(word__embeddings__list_DOT_xlsx=b"x"), "Other files are embedded"),
    ("a locked PDF", pdf("locked"), "has a password"),
    ("a PDF with a script", pdf("script"), "holds a script"),
    ("a PDF that starts something", pdf("note"), "holds a script"),
    ("a PDF with a file", pdf("file"), "holds a script, a form or another file"),
    ("an empty PDF", pdf("empty"), "has no page"),
    ("a damaged PDF", pdf()[:60], "damaged"),
    ("a page with a script", HTML.replace(b"<p>", b"<script>x()</script><p>"), "holds a script"),
    ("a page that acts", HTML.replace(b"<p>", b"<p onclick='x()'>"), "holds a script"),
    ("a page with a link that acts", HTML.replace(b"<p>", b"<p><a href=' javascript:x()'>y</a>"), "holds a script"),
    ("a page that fetches", HTML.replace(b"data:image/png;base64,AA", b"https://e.test/x.png"), "fetched from"),
    ("a page that goes on", HTML.replace(b"<style>", b"<meta http-equiv=refresh content=0><style>"), "fetched from"),
    ("a style that fetches", HTML.replace(b"color: black", b"background: url(//e.test/x)"), "fetched from"),
    ("another encoding", HTML.replace(b"dyfeisiedig", b"\xe9"), "not in UTF-8"),
]


async def test_a_file_that_cannot_be_taken_is_refused_by_name_and_nothing_typed_is_lost(case: Disclosure) -> None:
    browser, link, page = await at_the_page(case)
    for name, data, said in BAD:
        reply = await give(browser, link, page, data, reasons="Typed before")
        assert reply.status_code == 400, name
        assert said in errors(reply)["translation"], (name, errors(reply))
        assert "Typed before" in reply.text
    assert await rows(case) == []
    assert await case.audits("translation_given") == []


async def test_more_than_any_file_may_have_is_refused_before_it_is_read(case: Disclosure) -> None:
    browser, link, page = await at_the_page(case)
    reply = await give(browser, link, page, b"x" * (LARGEST_TRANSLATION + 2_100_000))
    assert (reply.status_code, heading(reply)) == (413, "This is too much at once")
    assert "10 MB" in reply.text


async def test_translated_without_a_file_is_refused_and_with_one_recorded(case: Disclosure) -> None:
    browser, link, page = await at_the_page(case)
    refused = await browser.post(f"{link}/decide", {**inputs(page), **ANSWER, "checked": "yes"})
    assert refused.status_code == 400
    assert errors(refused) == {"translation": "Give the file of the translation back first; nothing was given back yet"}
    assert await case.record.value("SELECT count(*) FROM decisions WHERE answer = 'translated'") == 0
    given_ = await give(browser, link, refused, HTML)
    recorded = await browser.post(f"{link}/decide", {**inputs(given_), **ANSWER, "checked": "yes"})
    assert recorded.status_code in (200, 202), errors(recorded)
    assert await case.record.value("SELECT count(*) FROM decisions WHERE answer = 'translated'") == 1


async def test_another_answer_and_another_familys_file_need_and_give_none(case: Disclosure) -> None:
    await case.file("html", HTML, "v2-1")
    browser, link, page = await at_the_page(case)
    refused = await browser.post(f"{link}/decide", {**inputs(page), **ANSWER, "checked": "yes"})
    assert set(errors(refused)) == {"translation"}
    other = {"answer": "interpreter", "interpreter.arranged_on": "2027-03-10"}
    assert (await browser.post(f"{link}/decide", {**inputs(page), **other, "checked": "yes"})).status_code in (
        200,
        202,
    )


async def test_a_translation_in_which_something_must_go_is_not_the_one_that_is_there(case: Disclosure) -> None:
    await case.file("html", HTML, "v1-1")
    await case.run(
        "INSERT INTO leaks VALUES ($1, 'victim_rendition', 1, 'k', 'name', 'p', 'x', '{v1-1.html}', NULL, NULL, NULL, "
        "now())",
        REFERENCE,
    )
    browser, link, page = await at_the_page(case)
    refused = await browser.post(f"{link}/decide", {**inputs(page), **ANSWER, "checked": "yes"})
    assert "give a corrected one back" in errors(refused)["translation"]
    corrected = await give(browser, link, refused, HTML.replace(b"Adolygiad", b"Adroddiad"))
    assert "Translation 2 is given back" in text_of(corrected)
    assert (await browser.post(f"{link}/decide", {**inputs(corrected), **ANSWER, "checked": "yes"})).status_code in (
        200,
        202,
    )


async def test_a_file_that_was_chosen_and_not_given_back_is_asked_about(case: Disclosure) -> None:
    browser, link, page = await at_the_page(case)
    data = {**inputs(page), **ANSWER, "translation": "review-cy.docx"}  # what a browser sends of a file in this form
    reply = await browser.post(f"{link}/decide", data)
    assert "give it back first" in errors(reply)["translation"]


async def test_nobody_else_and_no_other_question_takes_a_file(case: Disclosure) -> None:
    browser, link, page = await at_the_page(case)
    old = await give(browser, link, page, HTML, csrf="an old one", reasons="Typed before")
    assert (old.status_code, "Typed before" in old.text) == (403, True)
    stranger = case.desk.browser()
    signed_out = await give(stranger, link, page, HTML, reasons="Typed before")
    assert (signed_out.status_code, heading(signed_out)) == (403, "You have been signed out")
    assert "Typed before" in signed_out.text
    browser, other, page = await case.visit("handover", "v1", rendition=RENDITION)
    assert (await give(browser, other, page, HTML)).status_code == 404
    assert "Give this file back" not in page.text
    assert await rows(case) == []


async def test_a_question_that_was_closed_or_answered_takes_no_file(case: Disclosure) -> None:
    gate = await case.ask("language", "v1", email=TEAM, rendition=RENDITION)
    async with case.record.pool.acquire() as connection:
        found, by = await read_gate(connection, gate), Asked(TEAM, "Invented Person", "asked")
        assert found is not None
        await case.decide(gate, "interpreter", applied=False)
        assert await give_translation(connection, found, by, HTML, format_of(HTML)) is None
        await case.run("UPDATE decisions SET void_at = now() WHERE answer = 'interpreter'")
        await case.run("UPDATE gates SET state = 'withdrawn' WHERE gate = $1", gate)
        assert await give_translation(connection, found, by, HTML, format_of(HTML)) is None
        await case.run("UPDATE gates SET state = 'open' WHERE gate = $1", gate)
        for number in range(MOST_TRIES):
            data = HTML + b"<!-- %d -->" % number
            assert await give_translation(connection, found, by, data, format_of(data)) is not None
        with pytest.raises(TranslationError, match="20 files were given back already"):
            await give_translation(connection, found, by, HTML, format_of(HTML))
        languages = [file.language for file in (await files_of(connection, found)).translations]
    assert languages == [f"v1-{number}" for number in range(1, MOST_TRIES + 1)]  # v1-10 after v1-9


WHOLE = {"docx": word(), "pdf": pdf(), "html": HTML}


def taken(data: bytes) -> str | None:
    """As which kind of file it is taken; none: it is refused, in words. Anything else fails the test."""
    try:
        return str(format_of(data))
    except TranslationError:
        return None


@settings(max_examples=300, deadline=None)
@given(
    start=st.sampled_from(
        [b"", b"PK\x03\x04", b"%PDF-1.7\n", b"<html>", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff\xfe"]
    ),
    rest=st.binary(max_size=300),
)
def test_whatever_is_sent_is_taken_or_refused_in_words(start: bytes, rest: bytes) -> None:
    assert taken(start + rest) in (*WHOLE, None)


@settings(max_examples=150, deadline=None)
@given(which=st.sampled_from(sorted(WHOLE)), at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_damaged_file_is_taken_or_refused_in_words(which: str, at: int, byte: int) -> None:
    data = bytearray(WHOLE[which])
    data[at % len(data)] = byte
    assert taken(bytes(data)) in (which, None)


def test_the_invented_files_are_what_they_say() -> None:
    assert len(PdfReader(BytesIO(pdf())).pages) == 1
    assert format_of(pdf("link")) == "pdf"  # a link that a reader may follow is none that runs
    assert {name: str(format_of(data)) for name, data in WHOLE.items()} == {name: name for name in WHOLE}
