"""The national team's page: who sees it, what stands open with the team, its clocks and its filters."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from starter.national_queue import KINDS
from tests.builders import DEPLOY, a_case
from tests.conftest import MailServer, Record
from tests.starter.front_desk import Browser, Desk, heading
from tests.starter.signed_in import (
    DUTY_ONE,
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
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import Role

DIRECTORY = DEPLOY / "directory" / "2026-04-01.toml"


@pytest_asyncio.fixture
async def desk(record: Record, mail_server: MailServer) -> Desk:
    return await a_desk(record, mail_server)


async def escalated(desk: Desk, kind: str = "overdue", number: int = 1) -> str:
    """An escalation that the national team is asked to acknowledge; the name of its question."""
    await desk.record.pool.execute(
        "INSERT INTO escalations (reference, kind, number, reason, concern, raised_at) "
        "VALUES ($1, $2, $3, 'other', 'Invented concern', $4)",
        *(desk.case.reference, kind, number, desk.case.at),
    )
    return await desk.ask("acknowledge", f"{kind}-{number}", stage=f"escalation/{kind}-{number}")


async def three(desk: Desk) -> list[str]:
    return [await escalated(desk, kind) for kind in ("overdue", "staff_safety", "extension")]


async def deputy_asked(desk: Desk, *gates: str, email: str = DUTY_ONE) -> None:
    """The deputy is asked as well."""
    for gate in gates:
        await desk.record.pool.execute(
            "INSERT INTO links (link, gate, email, name, rung) VALUES ($1, $2, $3, 'Example Deputy', 'deputy')",
            *(uuid4(), gate, email),
        )


async def ticked(browser: Browser, gates: list[str], page: httpx.Response | None = None, **form: str) -> httpx.Response:
    """Send the form of the team's page with these ticked, checked, and said by whom of the team."""
    shown = page or await browser.web.get("/national")
    own = form_of(shown) | {"checked": "yes", "person": "national.duty.1"} | form
    return await browser.web.post("/national/acknowledge", data={**own, "gate": gates})


def form_of(page: httpx.Response) -> dict[str, str]:
    inputs = sound(page).select("form[method=post] input[type=hidden]")
    return {str(one["name"]): str(one["value"]) for one in inputs}


def boxes(page: httpx.Response) -> list[str]:
    return sorted(str(box["value"]) for box in sound(page).select("input[type=checkbox]"))


def states(page: httpx.Response) -> list[str]:
    return [str(row["data-state"]) for row in sound(page).select("#results tbody tr")]


# --- who sees it ------------------------------------------------------------------------------------


@pytest.mark.parametrize("email", [NATIONAL, DUTY_ONE, "DUTY.two@National.example.test"])
async def test_the_team_sees_its_page(desk: Desk, email: str) -> None:
    page = await (await signed_in(desk, email)).web.get("/national")
    assert (page.status_code, heading(page)) == (200, "Questions of the national SFO team")
    assert "No question stands open" in text(page)
    sound(page)


@pytest.mark.parametrize(
    "email", [SPOC, TEAM, LEAD, "director@n53.example.test", "x@national.example.test", "sfo.team@national.example"]
)
async def test_nobody_else_sees_it_or_acknowledges_anything(desk: Desk, email: str) -> None:
    gate = await escalated(desk)
    await deputy_asked(desk, gate, email=email)
    browser = await signed_in(desk, email)
    page = await browser.web.get("/national")
    await is_plainly_refused(page)
    assert desk.case.reference not in page.text
    csrf = await desk.record.value("SELECT csrf FROM sessions")
    sent = await browser.web.post("/national/acknowledge", data={"csrf": str(csrf), "gate": gate})
    await is_plainly_refused(sent)
    assert await desk.decisions() == []


async def test_a_recorded_deputy_without_the_role_sees_it_and_whoever_lost_both_does_not(
    record: Record, mail_server: MailServer, tmp_path: Path
) -> None:
    told = DIRECTORY.read_text()
    for email in (DUTY_ONE, "duty.two@national.example.test"):
        told = told.replace(f'"{email}", roles = ["national_team"]', f'"{email}", roles = ["other"]')
    (tmp_path / "now.toml").write_text(told)
    desk = await a_desk(record, mail_server, SFO_DIRECTORY_DIR=str(tmp_path))
    deputy = await signed_in(desk, DUTY_ONE)
    former = await signed_in(desk, "duty.two@national.example.test")
    assert (await deputy.web.get("/national")).status_code == 200
    assert (await former.web.get("/national")).status_code == 403


async def test_a_role_that_is_taken_today_counts_today(record: Record, mail_server: MailServer, tmp_path: Path) -> None:
    (tmp_path / "now.toml").write_text(DIRECTORY.read_text())
    desk = await a_desk(record, mail_server, SFO_DIRECTORY_DIR=str(tmp_path))
    browser = await signed_in(desk, DUTY_ONE)
    assert (await browser.web.get("/national")).status_code == 200
    left = DIRECTORY.read_text().replace(DUTY_ONE, "somebody.else@national.example.test")
    (tmp_path / "now.toml").write_text(left)
    assert (await browser.web.get("/national")).status_code == 403


# --- what stands there ------------------------------------------------------------------------------


async def test_every_question_of_the_team_stands_there_and_no_other(desk: Desk) -> None:
    await escalated(desk, "staff_safety")
    await desk.ask("public_interest", stage="charge")
    await desk.ask("notification", stage="notification")
    await desk.ask("facts", "v1")
    answered = await escalated(desk, "overdue")
    await desk.case.decide(answered, "acknowledged")
    browser = await signed_in(desk, NATIONAL)
    page = await browser.web.get("/national")
    asked = {row[1].partition(" , case")[0]: row for row in rows(page, "queue")}
    assert sorted(asked) == ["Acknowledge an escalation", "Decide whether a review is in the public interest"]
    safety = asked["Acknowledge an escalation"]
    assert "Safety of staff Escalations to acknowledge" in safety[1]
    assert safety[2:4] == [desk.case.reference, "East Midlands"]
    assert safety[6] == "Asked today"
    names_nobody(page)
    assert "Invented concern" not in page.text
    for anchor in sound(page).select("#queue th a"):
        assert (await browser.web.get(str(anchor["href"]))).status_code == 200


@pytest.mark.parametrize(
    ("due", "clock"),
    [
        ("2026-10-09", "Due in 4 working days"),
        ("2026-10-06", "Due in 1 working day"),
        ("2026-10-05", "Due today"),
        ("2026-10-04", "Late by 1 working day"),
        ("2026-10-02", "Late by 1 working day"),
        ("2026-09-30", "Late by 3 working days"),
        ("2026-08-28", "Late by 25 working days"),  # over the bank holiday of 31 August
    ],
)
async def test_the_clock_counts_in_working_days(desk: Desk, due: str, clock: str) -> None:
    gate = await escalated(desk)  # on Monday 5 October
    await desk.record.pool.execute(
        "UPDATE gates SET due_on = $2::text::date, due_at = $2::text::date + time '22:59:59', "
        "opened_at = opened_at - interval '3 days' WHERE gate = $1",
        *(gate, due),
    )
    (row,) = rows(await (await signed_in(desk, NATIONAL)).web.get("/national"), "queue")
    assert (row[5], row[6]) == (clock, "Asked 3 days ago")


async def test_a_bank_holiday_announced_late_does_not_count(desk: Desk) -> None:
    gate = await escalated(desk)
    await desk.record.pool.execute(
        "UPDATE gates SET due_on = '2026-10-09', due_at = '2026-10-09 22:00Z' WHERE gate = $1", gate
    )
    await desk.record.pool.execute(
        "INSERT INTO bank_holidays (holiday, name, source, announced_by) VALUES ('2026-10-07', 'Invented', 'x', 'x')"
    )
    (row,) = rows(await (await signed_in(desk, NATIONAL)).web.get("/national"), "queue")
    assert row[5] == "Due in 3 working days"


async def test_late_ones_come_first(desk: Desk) -> None:
    gates = await three(desk)
    for gate, days in zip(gates, (3, -2, 1), strict=True):
        await desk.record.pool.execute(
            "UPDATE gates SET due_at = $2 WHERE gate = $1", gate, desk.case.at + timedelta(days=days)
        )
    # It was overdue before its date moved, which nothing hides.
    await desk.record.pool.execute("UPDATE gates SET overdue = true WHERE gate = $1", gates[0])
    page = await (await signed_in(desk, NATIONAL)).web.get("/national")
    order = [str(box["value"]) for box in sound(page).select("input[type=checkbox]")]
    assert order == [gates[1], gates[0], gates[2]]


# --- filters ----------------------------------------------------------------------------------------


async def test_the_filters_are_a_plain_form_and_each_leaves_what_it_says(
    desk: Desk, record: Record, mail_server: MailServer
) -> None:
    late = await escalated(desk, "overdue")
    await desk.record.pool.execute(
        "UPDATE gates SET due_at = $2 WHERE gate = $1", late, desk.case.at - timedelta(days=1)
    )
    await desk.ask("public_interest", stage="charge")
    other = await a_case(record.pool, mail_server)
    await record.pool.execute("UPDATE cases SET region = 'N56', pdu = 'N56CAM' WHERE reference = $1", other.reference)
    await other.ask("quality", "v1", stage="quality-assurance")
    browser = await signed_in(desk, NATIONAL)

    async def left(**filters: str) -> list[str]:
        page = await browser.web.get("/national", params=filters)
        assert page.status_code == 200
        soup = sound(page)
        for name, value in filters.items():
            assert soup.select_one(f"#{name} option[selected]")["value"] == value  # type: ignore[index]
        return sorted(row[1].split(" ,")[0] for row in rows(page, "queue"))

    escalation, interest = QUESTIONS["acknowledge"].title, QUESTIONS["public_interest"].title
    quality = QUESTIONS["quality"].title
    assert await left() == sorted([escalation, interest, quality])
    assert await left(kind="acknowledgement") == [escalation]
    assert await left(kind="public_interest") == [interest]
    assert await left(kind="quality", region="N53") == []
    assert await left(region="N56") == [quality]
    assert escalation in await left(late="yes")
    assert interest not in await left(late="yes")
    assert await left(kind="publication") == []
    empty = await browser.web.get("/national?kind=&region=&late=")
    assert len(rows(empty, "queue")) == 3
    form = sound(empty).select_one("form[method=get]")
    assert form is not None
    assert form["action"] == "/national"
    assert form.select_one("button") is not None


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("kind=everything", "kind"),
        ("kind=%00", "kind"),
        ("region=N99", "region"),
        ("region=n53", "region"),
        ("region=%27%20OR%201%3D1--", "region"),
        ("late=maybe", "late"),
        ("kind=%3Cscript%3Ealert(1)%3C/script%3E", "kind"),
        ("kind=x&region=y&late=z", "late"),
    ],
)
async def test_a_filter_that_there_is_not_is_named_and_nothing_breaks(desk: Desk, query: str, wrong: str) -> None:
    await escalated(desk)
    page = await (await signed_in(desk, NATIONAL)).web.get(f"/national?{query}")
    assert page.status_code == 400
    soup = sound(page)
    assert soup.title.text.startswith("Error: ")  # type: ignore[union-attr]
    assert wrong in [str(a["href"])[1:] for a in soup.select(".govuk-error-summary a")]
    assert soup.find(id=f"{wrong}-error") is not None
    assert "alert(1)" not in page.text
    assert boxes(page) == []


def test_every_question_of_the_national_team_has_a_kind() -> None:
    known = {question for _, questions in KINDS.values() for question in questions}
    assert known == {key for key, question in QUESTIONS.items() if question.role is Role.NATIONAL_TEAM}
    assert sum(len(questions) for _, questions in KINDS.values()) == len(known)


async def test_what_came_to_the_team_by_hand_stands_under_other(desk: Desk) -> None:
    gate = await desk.ask("notification", stage="notification")
    await desk.record.pool.execute("UPDATE gates SET role = 'national_team' WHERE gate = $1", gate)
    browser = await signed_in(desk, NATIONAL)
    assert len(rows(await browser.web.get("/national?kind=other"), "queue")) == 1
    (row,) = rows(await browser.web.get("/national"), "queue")
    assert "Not asked of you" in row[1]


async def test_five_hundred_questions_are_a_page_that_says_how_many_more(desk: Desk) -> None:
    await many_questions(desk, 500, "acknowledge", NATIONAL, "national_team")
    browser = await signed_in(desk, NATIONAL)
    page = await browser.web.get("/national")
    assert len(rows(page, "queue")) == 100
    assert "500 open questions" in text(page)
    assert "400 more are not shown" in text(page)
    every = [str(row["gate"]) for row in await desk.record.rows("SELECT gate FROM gates")]
    too_many = await ticked(browser, every[:101], page)
    assert too_many.status_code == 400
    assert "at most 100" in text(too_many)
    assert await desk.decisions() == []


async def test_reading_it_writes_nothing(desk: Desk) -> None:
    await three(desk)
    browser = await signed_in(desk, NATIONAL)
    await reading_changes_nothing(desk, browser, "/national", "/national?kind=acknowledgement&late=yes")
    assert (await browser.web.get("/national/acknowledge")).status_code == 405
