"""The page of a case: for whom there is one, what it tells, and that it names nobody."""

import logging
import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from activities.record import plain
from starter.case_timeline import AHEAD, DONE, LATE, MOVED, TODAY
from starter.casebook import known_cases, view_cases
from starter.views import PAGES
from tests.activities.reviewing import drafted, submitted, write
from tests.builders import HEAD_EMAIL, RULEBOOK, a_case
from tests.conftest import MailServer, Record
from tests.starter.front_desk import Desk, FakeTemporal, a_settings, heading
from tests.starter.signed_in import (
    DUTY_ONE,
    EXPIRED,
    LEAD,
    NATIONAL,
    SPOC,
    TEAM,
    a_desk,
    is_plainly_refused,
    many_questions,
    names_nobody,
    reading_changes_nothing,
    rows,
    signed_in,
    sound,
    text,
)
from workflows.contract.messages import CaseClock

DIRECTOR, REVIEWER = "director@n53.example.test", "reviewer.one@n53.example.test"


@pytest_asyncio.fixture
async def desk(record: Record, mail_server: MailServer) -> Desk:
    return await a_desk(record, mail_server)


async def visit(desk: Desk, email: str, reference: str | None = None) -> httpx.Response:
    return await (await signed_in(desk, email)).web.get(f"/case/{reference or desk.case.reference}")


def entries(page: httpx.Response) -> list[tuple[str, str, str]]:
    """The line of the case: date, what, and how it stands."""
    found = []
    for one in sound(page).select("ol.timeline > li"):
        on, what = one.select_one("time"), one.select_one(".what")
        assert on is not None
        assert what is not None
        state = str(one["class"][0])
        assert state.startswith("is-")
        found.append((str(on["datetime"]), what.get_text(strip=True), state.removeprefix("is-")))
    return found


# --- for whom there is one --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "email",
    [TEAM, LEAD, DIRECTOR, HEAD_EMAIL, NATIONAL, DUTY_ONE, "sfo.team.deputy@n53.example.test", HEAD_EMAIL.upper()],
)
async def test_whoever_answers_for_the_case_sees_it(desk: Desk, email: str) -> None:
    page = await visit(desk, email)
    assert (page.status_code, heading(page)) == (200, f"Case {desk.case.reference}")
    sound(page)
    names_nobody(page)


@pytest.mark.parametrize(
    "email",
    [
        SPOC,
        REVIEWER,
        "practitioner@n53.example.test",
        "officer1@n53.example.test",
        "head.not@n53.example.test",
        "sfo.team@n56.example.test",
        "director@n56.example.test",
        "nobody@example.test",
    ],
)
async def test_for_everybody_else_there_is_no_such_case(desk: Desk, email: str) -> None:
    page, unknown = await visit(desk, email), await visit(desk, email, "SFO-2026-99999")
    await is_plainly_refused(page, 404)
    assert page.text == unknown.text
    assert page.headers == unknown.headers
    assert desk.case.reference not in page.text


@pytest.mark.parametrize(
    "odd",
    [
        "SFO-2026-99999", "{real}%0A", "{real}%00", "{real}%20", "{real}'", "%00", "'%20OR%201=1--", "%25", "..",
        "SFO-%D9%A2%D9%A0%D9%A2%D9%A6-00001", "%3Cscript%3E", "x" * 5000,
    ],
)  # fmt: skip
async def test_an_odd_reference_is_one_that_is_not_there(desk: Desk, odd: str) -> None:
    browser = await signed_in(desk, NATIONAL)
    assert (await browser.web.get(f"/case/{desk.case.reference}")).status_code == 200
    page = await browser.web.get(f"/case/{odd.replace('{real}', desk.case.reference)}")
    assert page.status_code == 404
    assert "<script>" not in page.text
    if odd != "..":  # a browser makes /.. of it, which is another page
        assert page.text == (await browser.web.get("/case/SFO-2026-99998")).text


async def test_without_a_session_a_case_and_none_are_alike(desk: Desk) -> None:
    web = desk.browser().web
    here, none = await web.get(f"/case/{desk.case.reference}"), await web.get("/case/SFO-2026-99999")
    await is_plainly_refused(here)
    assert here.text == none.text


@pytest.mark.parametrize("end", EXPIRED)
async def test_a_session_that_has_ended_shows_nothing(desk: Desk, end: str) -> None:
    browser = await signed_in(desk, NATIONAL)
    await desk.record.pool.execute(f"UPDATE sessions SET {end}")
    await is_plainly_refused(await browser.web.get(f"/case/{desk.case.reference}"))


async def test_its_two_managers_see_it_while_they_are_and_only_this_case(
    desk: Desk, record: Record, mail_server: MailServer
) -> None:
    other, reviewer = await a_case(record.pool, mail_server), "reviewer.one@n53.example.test"
    assert (await visit(desk, reviewer)).status_code == 404
    await desk.record.pool.execute(
        """INSERT INTO appointments (reference, role, person_key, name, email, at)
           VALUES ($1, $2, 'n53.reviewer.1', 'Invented', $3, $4)""",
        *(desk.case.reference, "reviewing_manager", reviewer.upper(), desk.case.at),
    )
    assert (await visit(desk, reviewer)).status_code == 200
    assert (await visit(desk, reviewer, other.reference)).status_code == 404
    await desk.record.pool.execute("UPDATE appointments SET email = 'reviewer.two@n53.example.test'")
    assert (await visit(desk, reviewer)).status_code == 404


@pytest.mark.parametrize("rung", ["asked", "deputy"])
async def test_to_be_asked_something_in_it_is_not_enough(desk: Desk, rung: str) -> None:
    """Where it stands there whether the safety of staff is a concern, a member of staff could read it."""
    gate = await desk.ask("companion", "s1")
    await desk.record.pool.execute(
        "INSERT INTO links (link, gate, email, name, rung) VALUES ($1, $2, 'somebody@n53.example.test', 'Example', $3)",
        *(uuid4(), gate, rung),
    )
    assert (await visit(desk, "somebody@n53.example.test")).status_code == 404


async def test_a_case_that_has_moved_is_seen_where_it_is_now(desk: Desk) -> None:
    assert (await visit(desk, TEAM)).status_code == 200
    await desk.record.pool.execute("UPDATE cases SET region = 'N56', pdu = 'N56CAM'")
    assert (await visit(desk, TEAM)).status_code == 404
    assert (await visit(desk, HEAD_EMAIL)).status_code == 404
    assert (await visit(desk, "head.cam@n56.example.test")).status_code == 200


# --- what it tells ----------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def long_case(record: Record, mail_server: MailServer) -> Desk:
    """A case in its second round, with more time granted, a pause, escalations, and questions late and to come."""
    case = await drafted(record, mail_server)
    await submitted(case, "1")
    case.pass_days(5)
    await case.answer("countersign", "returned", "v1", stage="countersign", reasons="Invented reasons")
    await write(case, "review-2")
    pool, reference = record.pool, case.reference
    await case.ask("facts", "v2", stage="review-2")
    await case.ask("early_look", stage="early-look")
    await pool.execute(
        "UPDATE gates SET due_on = '2026-10-08', due_at = '2026-10-08 22:00Z', original_due_on = '2026-10-07' "
        "WHERE question = 'early_look'"
    )
    await pool.execute(
        "UPDATE cases SET review_due = '2027-01-20', original_review_due = '2027-01-06', rulebook = $2, "
        "stage = 'review', ground = 'risk', notified_on = '2026-10-07', clock = $3 WHERE reference = $1",
        *(reference, RULEBOOK, plain(CaseClock(case_anchor=case.at, wall_anchor=datetime.now(UTC)))),
    )
    await pool.execute(
        "INSERT INTO extension_requests (request, reference, new_on, reason_code, reasons, late, granted, granted_on, "
        "at) VALUES ($1, $2, '2027-02-01', 'illness', 'Invented words', false, true, '2027-01-20', $3)",
        *(uuid4(), reference, case.at - timedelta(days=1)),
    )
    await pool.execute(
        "INSERT INTO pauses (reference, number, reason_code, reasons, paused_by, paused_at, days_left) "
        "VALUES ($1, 1, 'illness', 'Invented words', 'Example', $2, 12)",
        *(reference, case.at - timedelta(days=2)),
    )
    await pool.executemany(
        "INSERT INTO escalations (reference, kind, number, state, reason, concern, about, raised_by, outcome, "
        "raised_at, resolved_at) VALUES ($1, $2, 1, $3, 'other', 'Invented concern', 's1', 'Example', $4, $5, $6)",
        [
            (reference, "staff_safety", "acknowledged", None, case.at - timedelta(days=2), None),
            (reference, "overdue", "resolved", "release", case.at - timedelta(days=3), case.at - timedelta(days=1)),
        ],
    )
    await pool.executemany(
        "INSERT INTO duties VALUES ($1, $2, $3, $4, NULL, $5) "
        "ON CONFLICT (reference, kind, subject) DO UPDATE SET state = excluded.state",
        [
            (reference, "told", "s1", "met", case.at),
            (reference, "told", "s2", "met", case.at),
            (reference, "interviewed", "s1", "met", case.at - timedelta(days=1)),
            (reference, "interviewed", "s2", "owed", case.at),
            (reference, "interviewed", "s4", "closed", case.at),
            (reference, "victim_told", "v1", "owed", case.at),
        ],
    )
    return Desk(record, mail_server, FakeTemporal(), case, a_settings(record, mail_server))


async def test_the_line_of_a_case_goes_from_the_charge_over_today_to_what_is_due(long_case: Desk) -> None:
    page = await visit(long_case, TEAM)
    assert entries(page) == [
        ("2026-10-05", "Charged with a serious further offence", "done"),
        ("2026-10-05", "The case was opened", "done"),
        ("2026-10-05", "Version 1 of the review was submitted", "done"),
        ("2026-10-06", "First appearance in court", "done"),
        ("2026-10-07", "The HMPPS SFO Team was notified", "done"),
        ("2026-10-07", "Escalated to the national team", "done"),
        ("2026-10-08", "The clock of the review was stopped", "done"),
        ("2026-10-08", "Escalated to the national team", "done"),
        ("2026-10-08", "Complete the early look into practice", "late"),
        ("2026-10-09", "An interview was held", "done"),
        ("2026-10-09", "More time was asked for, until 1 February 2027", "done"),
        ("2026-10-09", "The national team resolved an escalation", "done"),
        ("2026-10-10", "Version 1 of the review was returned by the countersigning manager", "done"),
        ("2026-10-10", "Today", "today"),
        ("2026-10-23", "Comment on factual accuracy", "ahead"),
        ("2027-01-06", "First date of the review", "moved"),
        ("2027-01-20", "Date of the review", "ahead"),
    ]
    (today,) = sound(page).select("[aria-current=date]")
    assert "2026-10-10" in str(today)
    told = text(page)
    assert "Place East Midlands, delivery unit Leicester" in told
    assert "Granted until 20 January 2027" in told
    assert "Round 1 took 5 days" in told
    assert "Review due 20 January 2027 (first 6 January 2027)" in told


async def test_late_is_said_in_words_and_who_is_awaited_by_role(long_case: Desk) -> None:
    page = await visit(long_case, TEAM)
    late, ahead = rows(page, "awaited")
    assert late == [
        "Complete the early look into practice", "the regional SFO Team",
        "8 October 2026 (first 7 October 2026)", "Late",
    ]  # fmt: skip
    assert ahead[1] == "the Head of PDU"
    (line,) = [one for one in sound(page).select("li.is-late") if "early look" in one.text]
    assert "Late" in line.text


async def test_duties_are_counted_and_holds_and_open_escalations_listed(long_case: Desk) -> None:
    page = await visit(long_case, TEAM)
    assert rows(page, "duties") == [
        ["Staff told that a review is under way", "2", "0", "0"],
        ["Staff interviewed", "1", "1", "1"],
        ["Draft offered for comments on matters of fact", "1", "0", "0"],
        ["Families told that the case was supervised", "0", "1", "0"],
    ]
    holds = [one.get_text(strip=True) for one in sound(page).select("#holds li")]
    assert holds == [
        "The clock of the review has stood still since 8 October 2026",
        "Escalation to the national team: safety of staff, acknowledged",
        "Nothing is given to families while a concern about the safety of staff is open",
    ]


async def test_it_names_nobody_and_says_nothing_that_somebody_wrote(long_case: Desk) -> None:
    await long_case.record.pool.execute("UPDATE cases SET court = 'Invented Court', public_interest = 'Invented wish'")
    page = await visit(long_case, NATIONAL)
    names_nobody(page)
    for told in ("s1", "s2", "v1", "X123456", "llness", "Say why"):
        assert told not in text(page), told


async def test_a_late_review_is_late_in_the_line_until_it_is_submitted(long_case: Desk) -> None:
    pool = long_case.record.pool
    await pool.execute("UPDATE cases SET review_due = '2026-10-09', original_review_due = '2026-10-09'")
    assert ("2026-10-09", "Date of the review", "late") in entries(await visit(long_case, TEAM))
    await submitted(long_case.case, "2", "review-2")
    lines = entries(await visit(long_case, TEAM))
    assert ("2026-10-09", "Date of the review", "done") in lines
    assert ("2026-10-10", "Version 2 of the review was submitted", "done") in lines
    await pool.execute("UPDATE cases SET accepted_version = 2")
    assert "Date of the review" not in [what for _, what, _ in entries(await visit(long_case, TEAM))]


async def test_a_closed_case_has_no_today(long_case: Desk) -> None:
    await long_case.record.pool.execute("UPDATE cases SET closed_on = '2026-10-10', outcome = 'completed'")
    page = await visit(long_case, TEAM)
    assert ("2026-10-10", "The case was closed", "done") in entries(page)
    assert "Today" not in [what for _, what, _ in entries(page)]
    assert "Outcome Completed" in text(page)


@pytest.mark.parametrize(("outcome", "told"), [("stop", True), ("release", False)])
async def test_disclosure_that_was_stopped_stays_said(desk: Desk, outcome: str, told: bool) -> None:
    await desk.record.pool.execute(
        "INSERT INTO escalations (reference, kind, number, state, reason, outcome, raised_at, resolved_at) "
        "VALUES ($1, 'staff_safety', 1, 'resolved', 'other', $2, $3, $3)",
        *(desk.case.reference, outcome, desk.case.at),
    )
    page = await visit(desk, TEAM)
    assert ("The national team has stopped disclosure in this case" in page.text) is told


async def test_five_hundred_questions_are_a_page_that_says_how_many_more(desk: Desk) -> None:
    await many_questions(desk, 500, "notification", SPOC, "spoc")
    page = await visit(desk, TEAM)
    assert len(rows(page, "awaited")) == 60
    assert "440 more open questions are not shown" in text(page)
    assert len(page.content) < 100_000
    await desk.record.pool.execute("UPDATE gates SET due_on = '2026-11-02', original_due_on = '2026-11-02'")
    (line,) = rows(await visit(desk, TEAM), "awaited")
    assert line[0] == "Notify the HMPPS SFO Team (500 of them)"


async def test_reading_it_writes_nothing(long_case: Desk) -> None:
    await reading_changes_nothing(long_case, await signed_in(long_case, TEAM), f"/case/{long_case.case.reference}")


async def test_it_is_what_sfo_case_prints_which_lists_only_what_is_owed(long_case: Desk) -> None:
    async with long_case.record.pool.acquire() as connection:
        wanted = (long_case.case.reference,)
        (view,), (known,) = await view_cases(connection, wanted), await known_cases(connection, wanted)
    assert view["duties_owed"] == ["interviewed:s2", "victim_told:v1"]
    assert {**known.view, "case_time": ""} == {**view, "case_time": ""}


@pytest.mark.parametrize(("question", "is_hers"), [("notification", False), ("early_look", True)])
async def test_the_way_to_it_stands_on_my_decisions_of_whoever_may_go_it(
    desk: Desk, question: str, is_hers: bool
) -> None:
    gate = await desk.ask(question, stage="notification")
    email = str(await desk.record.value("SELECT person_email FROM gates WHERE gate = $1", gate))
    browser = await signed_in(desk, email)
    page = await browser.web.get("/my")
    ways = [str(anchor["href"]) for anchor in sound(page).select("#waiting td a")]
    assert ways == [f"/case/{desk.case.reference}"] * is_hers
    for way in ways:
        assert heading(await browser.web.get(way)) == f"Case {desk.case.reference}"


def test_the_line_of_a_case_has_no_class_that_means_something_else_elsewhere() -> None:
    styles = (PAGES / "static" / "sfo.css").read_text()
    elsewhere = {name for rule in re.findall(r"^([^@{]*)\{", styles, re.MULTILINE) if ".timeline" not in rule
                 for name in re.findall(r"\.([a-z-]+)", rule)}  # fmt: skip
    assert "mine" in elsewhere
    assert elsewhere.isdisjoint(f"is-{state}" for state in (DONE, TODAY, LATE, AHEAD, MOVED))


async def test_a_case_with_a_referral_looks_like_one_without(
    desk: Desk, record: Record, mail_server: MailServer
) -> None:
    other = await a_case(record.pool, mail_server)
    await record.pool.execute(
        "UPDATE cases SET clock = (SELECT clock FROM cases WHERE reference = $1)", desk.case.reference
    )
    await record.pool.execute("SELECT note_referral($1, 'sfo_team', $2)", other.reference, desk.case.at)
    page, walled = await visit(desk, TEAM), await visit(desk, TEAM, other.reference)
    assert walled.status_code == 200
    assert walled.text.replace(other.reference, "") == page.text.replace(desk.case.reference, "")


async def test_the_log_names_the_kind_of_page_and_neither_case_nor_person(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = await signed_in(desk, NATIONAL)
    for path in ("/my", "/national?region=N53", f"/case/{desk.case.reference}", "/national/acknowledge", "/case/a/b"):
        await browser.web.get(path)
    lines = [record.getMessage() for record in caplog.records if record.name.split(".")[0] == "starter"]
    kinds = [line.split()[1] for line in lines if line.startswith("GET ")]
    assert kinds == ["/my", "/national", "/case/{reference}", "/national/acknowledge", "elsewhere"]
    assert not [line for line in lines if desk.case.reference in line or "@" in line or "N53" in line]
