"""More time asked from the page of the draft: recorded once, decided elsewhere, and its story shown to its author."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from bs4 import BeautifulSoup

from tests.activities.reviewing import DRAFT, submitted
from tests.builders import LINK_KEY, RULEBOOK
from tests.conftest import MailServer, Record
from tests.starter.front_desk import Browser, Desk, FakeTemporal, a_case_now, a_settings, heading, hidden
from workflows.contract.messages import ClockStart, DeadlineMove, StageEnd, StageRecord
from workflows.contract.vocabulary import Outcome
from workflows.policy.links import seal

ASKED = {"new_on": "2027-02-05", "code": "trial", "reasons": "The trial is listed for January"}


@pytest_asyncio.fixture
async def desk(record: Record, mail_server: MailServer) -> Desk:
    temporal = FakeTemporal()
    found = Desk(record, mail_server, temporal, await a_case_now(record, mail_server), a_settings(record, mail_server))
    await found.case.answer("commission", "appoint", reviewer="n53.reviewer.1", countersigner="n53.countersigner.1")
    await found.case.casework.start_review_clock(
        ClockStart(reference=found.case.reference, at=found.case.at, rulebook=RULEBOOK)
    )
    return found


async def page_of(desk: Desk, question: str = "draft", **more: Any) -> tuple[Browser, str, httpx.Response]:
    """The author, signed in, at the form for more time."""
    gate = await desk.ask(question, **more)
    link = desk.link(str(await desk.record.value("SELECT person_email FROM gates WHERE gate = $1", gate)))
    browser = desk.browser()
    await browser.sign_in(link)
    return browser, link, await browser.web.get(f"{link}/more-time")


async def ask(browser: Browser, link: str, page: httpx.Response, **typed: str) -> httpx.Response:
    data = {**hidden(page), **ASKED, **typed}
    return await browser.web.post(f"{link}/more-time", data=data, follow_redirects=True)


def errors(page: httpx.Response) -> set[str]:
    soup = BeautifulSoup(page.text, "html.parser")
    targets = {str(anchor["href"])[1:] for anchor in soup.select(".govuk-error-summary a")}
    assert all(soup.find(id=target) for target in targets)
    return targets


async def test_the_question_leads_to_the_form_and_a_request_is_recorded_once(desk: Desk) -> None:
    browser, link, page = await page_of(desk)
    assert f"{link}/more-time" in (await browser.web.get(f"{link}/decide")).text
    assert heading(page) == "More time for the review"
    assert "5 January 2027" in page.text
    for _ in range(2):  # sent twice by an impatient finger
        reply = await ask(browser, link, page)
        assert reply.status_code == 200
        assert "Your request is recorded" in reply.text
        assert "Asked for 5 February 2027" in reply.text
    (row,) = await desk.record.rows("SELECT * FROM extension_requests")
    assert (str(row["new_on"]), row["reason_code"], row["reasons"]) == ("2027-02-05", "trial", ASKED["reasons"])
    assert (row["late"], row["requested_by"]) == (False, "reviewer.one@n53.example.test")
    (signal,) = [s for s in desk.temporal.signals if s.name == "request_extension"]
    assert ASKED["reasons"] not in str(signal.content)
    assert await desk.record.value("SELECT state FROM gates WHERE question = 'draft'") == "open"


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"new_on": ""}, {"new_on"}),
        ({"new_on": "soon", "code": ""}, {"new_on", "code"}),
        ({"reasons": "  "}, {"reasons"}),
        ({"reasons": "x" * 5_001}, {"reasons"}),
        ({"code": "made_up"}, {"code"}),
    ],
)
async def test_what_is_missing_is_named_and_what_was_typed_is_kept(
    desk: Desk, typed: dict[str, str], wrong: set[str]
) -> None:
    browser, link, page = await page_of(desk)
    reply = await ask(browser, link, page, **typed)
    assert reply.status_code == 400
    assert errors(reply) == wrong
    kept = {**ASKED, **typed}
    assert kept["reasons"].strip() in reply.text
    assert await desk.record.value("SELECT count(*) FROM extension_requests") == 0


@pytest.mark.parametrize("new_on", ["2026-10-01", "2027-01-05"])
async def test_a_date_that_is_past_or_no_later_is_refused_with_the_reason(desk: Desk, new_on: str) -> None:
    browser, link, page = await page_of(desk)
    reply = await ask(browser, link, page, new_on=new_on)
    assert reply.status_code == 409
    assert errors(reply) == {"new_on"}
    assert ASKED["reasons"] in reply.text
    assert await desk.record.value("SELECT count(*) FROM extension_requests") == 0


async def test_temporal_away_keeps_the_request_for_the_relay(desk: Desk) -> None:
    browser, link, page = await page_of(desk)
    desk.temporal.is_away = True
    reply = await ask(browser, link, page)
    assert "Your request is recorded" in reply.text
    assert await desk.record.value("SELECT count(*) FROM extension_requests WHERE delivered_at_wall IS NULL") == 1


async def test_nobody_else_and_no_other_question_has_the_form(desk: Desk) -> None:
    _, link, _ = await page_of(desk)
    stranger = desk.browser()
    assert (await stranger.web.get(f"{link}/more-time")).status_code == 303
    assert (await stranger.web.post(f"{link}/more-time", data=ASKED)).status_code == 403
    browser, other, page = await page_of(desk, "invite", subject="s1")
    assert page.status_code == 404
    assert (await browser.web.get(f"{link}/more-time")).status_code == 200  # the same person, her own link
    assert other != link


async def test_a_page_from_an_earlier_sign_in_is_shown_again_with_what_was_typed(desk: Desk) -> None:
    browser, link, page = await page_of(desk)
    reply = await ask(browser, link, page, csrf="an old one")
    assert reply.status_code == 403
    assert ASKED["reasons"] in reply.text
    assert (await ask(browser, link, reply)).status_code == 200


async def test_the_decision_is_mailed_and_the_page_tells_why(desk: Desk) -> None:
    browser, link, page = await page_of(desk)
    await ask(browser, link, page)
    case = desk.case
    gate = await desk.ask("extension", "2027-02-05")
    waiting = await browser.web.get(f"{link}/more-time")
    assert "The national team is asked until" in waiting.text
    decision = await case.decide(gate, "granted", "The trial is short", new_on="2027-01-22")
    settled = await case.settle(gate, decision)
    assert settled.decision is not None, settled.refused
    await case.gates.move_deadline(
        DeadlineMove(
            reference=case.reference, gates=(), decision=str(decision), new_on="2027-01-22", at=case.at,
            rulebook=RULEBOOK,
        )
    )  # fmt: skip
    case.at += timedelta(seconds=1)
    told = await desk.record.rows("SELECT to_email, context, link FROM outbox WHERE letter = 'extension_decided'")
    assert {row["to_email"]: row["link"] is not None for row in told} == {
        "reviewer.one@n53.example.test": True, "senior.lead@n53.example.test": False,
    }  # fmt: skip
    assert "The trial is short" not in str(told)
    shown = (await browser.web.get(f"{link}/more-time")).text
    assert "Granted until 22 January 2027. The trial is short" in shown
    assert "First date" in shown
    assert "Asked for 5 February 2027" in shown


async def test_a_refusal_is_mailed_to_the_author_alone_and_another_request_is_possible(desk: Desk) -> None:
    browser, link, page = await page_of(desk)
    await ask(browser, link, page)
    gate = await desk.ask("extension", "2027-02-05")
    settled = await desk.case.settle(gate, await desk.case.decide(gate, "refused", "Too early to tell"))
    assert settled.decision is not None
    told = await desk.record.rows("SELECT to_email FROM outbox WHERE letter = 'extension_decided'")
    assert [row["to_email"] for row in told] == ["reviewer.one@n53.example.test"]
    again = await browser.web.get(f"{link}/more-time")
    assert "Refused. Too early to tell" in again.text
    assert "Ask for more time" in again.text


async def test_once_the_draft_is_answered_its_link_still_leads_to_more_time(desk: Desk) -> None:
    """While the Head of PDU looks at the facts, the reviewing manager is asked nothing and may need more time."""
    browser, link, _ = await page_of(desk)
    await answered_draft(desk)
    answered = await browser.web.get(f"{link}/decide")
    assert answered.status_code == 409
    assert f"{link}/more-time" in answered.text
    page = await browser.web.get(f"{link}/more-time")
    assert "Your request is recorded" in (await ask(browser, link, page)).text


async def answered_draft(desk: Desk) -> None:
    gate = str(await desk.record.value("SELECT gate FROM gates WHERE question = 'draft'"))
    decision = await desk.case.decide(gate, "draft_ready", **DRAFT)
    assert (await desk.case.settle(gate, decision)).decision is not None


async def test_once_the_review_is_submitted_no_time_is_asked_for(desk: Desk) -> None:
    browser, link, page = await page_of(desk)
    await answered_draft(desk)
    await submitted(desk.case, "1")
    reply = await ask(browser, link, page)
    assert reply.status_code == 409
    assert "submitted or stopped" in reply.text
    assert "Which date do you ask for?" not in (await browser.web.get(f"{link}/more-time")).text


async def test_a_deputy_who_is_asked_for_the_text_may_ask_for_time_too(desk: Desk) -> None:
    await page_of(desk)
    deputy, link = "reviewer.two@n53.example.test", uuid4()
    await desk.record.pool.execute("UPDATE gates SET deputy_email = $1 WHERE question = 'draft'", deputy)
    await desk.record.pool.execute(
        "INSERT INTO links (link, gate, email, name, rung) SELECT $1, gate, $2, 'Example Deputy', 'deputy' FROM gates "
        "WHERE question = 'draft'",
        link, deputy,
    )  # fmt: skip
    path = f"/a/{seal(link.bytes, 'k1', LINK_KEY)}"
    browser = desk.browser()
    await browser.sign_in(path)
    page = await browser.web.get(f"{path}/more-time")
    assert "Your request is recorded" in (await ask(browser, path, page)).text
    assert await desk.record.value("SELECT requested_by FROM extension_requests") == deputy


async def test_a_request_that_the_submission_overtook_is_void_and_stands_in_nobodys_way(desk: Desk) -> None:
    browser, link, page = await page_of(desk)
    await ask(browser, link, page)
    case = desk.case
    await case.casework.end_stage(
        StageRecord(
            reference=case.reference, stage="review", outcome=Outcome.SUBMITTED, at=case.at,
            end=StageEnd(outcome=Outcome.SUBMITTED),
        )
    )  # fmt: skip
    shown = await browser.web.get(f"{link}/more-time")
    assert "No longer needed" in shown.text
    assert (await ask(browser, link, shown, new_on="2027-02-19")).status_code == 200
    rows = await desk.record.rows("SELECT void_at IS NOT NULL AS void FROM extension_requests ORDER BY new_on")
    assert [row["void"] for row in rows] == [True, False]
