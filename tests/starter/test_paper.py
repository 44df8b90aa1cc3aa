"""The review between a question's page and Word: downloaded by who is asked, sent back onto the page, not recorded."""

from io import BytesIO
from typing import Any

import httpx
import pytest
import pytest_asyncio
from bs4 import BeautifulSoup
from docx import Document

from starter.paper import WORD
from starter.word import guidance, plain
from starter.word_in import from_word
from starter.word_out import to_word
from tests.activities.reviewing import DRAFT, write
from tests.conftest import MailServer, Record
from tests.starter.front_desk import Browser, Desk, FakeTemporal, a_case_now, a_settings, heading, hidden
from workflows.policy.document import PARTS


@pytest_asyncio.fixture
async def desk(record: Record, mail_server: MailServer) -> Desk:
    temporal = FakeTemporal()
    found = Desk(record, mail_server, temporal, await a_case_now(record, mail_server), a_settings(record, mail_server))
    await found.case.answer("commission", "appoint", reviewer="n53.reviewer.1", countersigner="n53.countersigner.1")
    return found


async def link_of(desk: Desk, question: str, subject: str | None = None, **more: Any) -> str:
    gate = await desk.ask(question, subject, **more)
    return desk.link(str(await desk.record.value("SELECT person_email FROM gates WHERE gate = $1", gate)))


async def sent_back(
    browser: Browser, link: str, page: httpx.Response, data: bytes | None, **typed: str
) -> httpx.Response:
    inputs = {**hidden(page), "answer": "draft_ready", **{f"draft_ready.{name}": text for name, text in typed.items()}}
    files = {"paper": ("review.docx", data, WORD)} if data is not None else {"paper": ("", b"", WORD)}
    return await browser.web.post(f"{link}/review.docx", data=inputs, files=files)


def errors(page: httpx.Response) -> dict[str, str]:
    soup = BeautifulSoup(page.text, "html.parser")
    for anchor in soup.select(".govuk-error-summary a"):
        assert soup.find(id=str(anchor["href"])[1:]), anchor
    return {str(anchor["href"])[1:]: anchor.get_text() for anchor in soup.select(".govuk-error-summary a")}


async def test_the_author_downloads_edits_sends_back_checks_and_records(desk: Desk) -> None:
    await write(desk.case)
    link = await link_of(desk, "draft", ask=2)
    browser = desk.browser()
    page = await browser.sign_in(link)
    assert "/review.docx" in page.text
    got = await browser.web.get(f"{link}/review.docx")
    assert got.headers["content-type"] == WORD
    assert got.headers["content-disposition"] == f'attachment; filename="{desk.case.reference}-review-v1.docx"'
    assert got.headers["cache-control"] == "no-store"
    paper = Document(BytesIO(got.content))
    next(p for p in paper.paragraphs if p.text == "Listen").text = "Listen <more>"
    edited = BytesIO()
    paper.save(edited)
    filled = await sent_back(browser, link, page, edited.getvalue(), learning="Typed before")
    assert (filled.status_code, errors(filled)) == (200, {})
    assert "It is not recorded yet" in filled.text
    assert "Listen &lt;more&gt;" in filled.text
    assert await desk.record.value("SELECT count(*) FROM decisions WHERE gate LIKE '%draft#2'") == 0
    soup = BeautifulSoup(filled.text, "html.parser")
    inputs = {str(i["name"]): str(i.get("value", "")) for i in soup.select("main form input[type=hidden]")}
    inputs |= {str(t["name"]): t.get_text().removeprefix("\n") for t in soup.select("main form textarea")}
    inputs |= {str(i["name"]): str(i.get("value", "")) for i in soup.select("main form input[type=text]")}
    inputs |= {str(i["name"]): str(i.get("value", "")) for i in soup.select("main form input[type=date]")}
    inputs |= {str(i["name"]): str(i["value"]) for i in soup.select("main form input[checked]")}
    inputs |= {str(o.find_parent("select")["name"]): str(o["value"]) for o in soup.select("option[selected]")}  # type: ignore[index]
    recorded = await browser.post(f"{link}/decide", {**inputs, "checked": "yes"})
    assert recorded.status_code in (200, 202), errors(recorded)
    fields = await desk.record.value("SELECT fields FROM decisions WHERE gate LIKE '%draft#2'")
    assert plain(fields) == plain({**DRAFT, "learning": "Listen <more>"})  # type: ignore[arg-type]


async def test_before_there_is_a_version_the_empty_form_is_handed_out_and_get_changes_nothing(desk: Desk) -> None:
    link = await link_of(desk, "draft")
    browser = desk.browser()
    await browser.sign_in(link)
    tables = ("gates", "links", "decisions", "outbox", "audit", "documents")
    before = [await desk.record.rows(f"SELECT * FROM {table}") for table in tables]
    got = await browser.web.get(f"{link}/review.docx")
    paper = from_word(got.content, reference=desk.case.reference)
    assert (paper.document, paper.version) == ({}, 0)
    assert [await desk.record.rows(f"SELECT * FROM {table}") for table in tables] == before


async def test_a_reader_downloads_the_version_that_is_read_and_sends_nothing_back(desk: Desk) -> None:
    await write(desk.case)
    await write(desk.case, ask=2, learning="Listen more")
    link = await link_of(desk, "facts", "v1")
    browser = desk.browser()
    page = await browser.sign_in(link)
    assert "Download this version" in page.text
    got = (await browser.web.get(f"{link}/review.docx")).content
    paper = from_word(got)
    assert (paper.version, paper.document["learning"]) == (1, "Listen")
    shown = Document(BytesIO(got))
    owners = [row.cells[2].text for row in shown.tables[-1].rows[1:]]
    assert owners == ["line manager (s2)", "n53.sfo_team"]  # roles and keys: a review names nobody
    assert "How to edit this file:" not in [p.text for p in shown.paragraphs]
    assert (await sent_back(browser, link, page, b"PK")).status_code == 404


async def test_nobody_else_gets_the_review(desk: Desk) -> None:
    await write(desk.case)
    facts = await link_of(desk, "facts", "v1")
    draft = await link_of(desk, "draft", ask=2)
    stranger = desk.browser()
    assert (await stranger.web.get(f"{facts}/review.docx")).headers["location"] == facts
    await stranger.sign_in(draft)
    assert (await stranger.web.get(f"{facts}/review.docx")).status_code == 403
    other = await link_of(desk, "notification", stage="notification")
    browser = desk.browser()
    await browser.sign_in(other)
    assert (await browser.web.get(f"{other}/review.docx")).status_code == 404


async def test_a_file_that_cannot_be_taken_keeps_what_was_typed_and_names_the_remedy(desk: Desk) -> None:
    link = await link_of(desk, "draft")
    browser = desk.browser()
    page = await browser.sign_in(link)
    paper = Document(BytesIO(to_word(DRAFT, reference=desk.case.reference, version=0)))
    next(p for p in paper.paragraphs if p.text == "Learning").text = "Lessons"
    spoilt = BytesIO()
    paper.save(spoilt)
    for data, place, words in (
        (None, "paper", "Choose the Word file"),
        (b"nothing", "paper", "not a Word file"),
        (bytes(5_000_001), "paper", "larger than 5 MB"),
        (to_word(DRAFT, reference="SFO-2026-99999", version=0), "paper", "of case SFO-2026-99999"),
        (spoilt.getvalue(), "draft_ready.learning", "is missing"),
    ):
        reply = await sent_back(browser, link, page, data, analysis="Typed before")
        assert reply.status_code == 400
        assert words in errors(reply)[place]
        assert "Typed before" in reply.text
    assert await desk.record.value("SELECT count(*) FROM decisions WHERE gate LIKE '%draft'") == 0


async def test_what_the_file_lacks_is_named_on_the_page_that_it_filled(desk: Desk) -> None:
    link = await link_of(desk, "draft")
    browser = desk.browser()
    page = await browser.sign_in(link)
    half = {**DRAFT, "learning": "", "chronology": [{"on": "31 February", "what": "Kept words"}]}
    reply = await sent_back(browser, link, page, to_word(half, reference=desk.case.reference, version=0))
    assert reply.status_code == 400
    assert {"draft_ready.learning", "draft_ready.chronology-1-on"} <= set(errors(reply))
    assert "Kept words" in reply.text


async def test_what_a_field_cannot_show_is_told_word_for_word(desk: Desk) -> None:
    link = await link_of(desk, "draft")
    browser = desk.browser()
    page = await browser.sign_in(link)
    odd = {**DRAFT, "judgement": "Mostly", "actions": [{**DRAFT["actions"][0], "owner": "A colleague"}]}
    reply = await sent_back(browser, link, page, to_word(odd, reference=desk.case.reference, version=0))
    assert {"draft_ready.judgement", "draft_ready.actions-1-owner"} <= set(errors(reply))
    told = BeautifulSoup(reply.text, "html.parser").get_text()
    assert "the file says “Mostly”, which is none of those offered. Choose or enter it again below." in told
    assert "Action plan, row 1, Who does it: the file says “A colleague”" in told


async def test_the_page_says_what_the_check_cannot_find(desk: Desk) -> None:
    page = await desk.browser().sign_in(await link_of(desk, "draft"))
    assert "A nickname, initials alone, or somebody whom the record does not know, are not found" in page.text


async def test_a_file_from_an_older_version_is_said_to_be_one(desk: Desk) -> None:
    await write(desk.case)
    link = await link_of(desk, "draft", ask=2)
    browser = desk.browser()
    page = await browser.sign_in(link)
    reply = await sent_back(browser, link, page, to_word(DRAFT, reference=desk.case.reference, version=0))
    assert "made from the empty form, and version 1 is the latest" in reply.text


async def test_a_file_that_was_chosen_and_not_read_is_not_passed_over(desk: Desk) -> None:
    link = await link_of(desk, "draft")
    browser = desk.browser()
    page = await browser.sign_in(link)
    reply = await browser.web.post(
        f"{link}/decide", data={**hidden(page), "answer": "draft_ready", "paper": "review.docx"}
    )
    assert "fill the page from it first" in errors(reply)["paper"]


@pytest.mark.parametrize("length", [7_000_001, 20_000_000])
async def test_too_large_a_file_is_refused_unread(desk: Desk, length: int) -> None:
    link = await link_of(desk, "draft")
    browser = desk.browser()
    page = await browser.sign_in(link)
    reply = await sent_back(browser, link, page, bytes(length))
    assert reply.status_code == 413


async def test_a_file_from_an_earlier_session_is_looked_at_again(desk: Desk) -> None:
    link = await link_of(desk, "draft")
    browser = desk.browser()
    page = await browser.sign_in(link)
    data = to_word(DRAFT, reference=desk.case.reference, version=0)
    other = httpx.Response(200, text=page.text.replace(hidden(page)["csrf"], "forged"))
    reply = await sent_back(browser, link, other, data, learning="Typed before")
    assert (reply.status_code, "Typed before" in reply.text) == (403, True)
    browser.web.cookies.clear()
    reply = await sent_back(browser, link, page, data, learning="Typed before")
    assert (reply.status_code, heading(reply)) == (403, "You have been signed out")
    assert "Typed before" in reply.text


def test_where_one_of_the_choices_ends_can_be_seen() -> None:
    told = guidance(PARTS["findings"])
    assert "“Asking for, checking and sharing information”, “Keeping children, partners and others safe”" in told
    assert "write Individual, Team, Organisational or A mix of these." in told
