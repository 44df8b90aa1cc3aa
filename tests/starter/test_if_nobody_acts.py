"""What happens if nobody acts, as people read it: on the page of the case and from `sfo case`."""

from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
import pytest_asyncio

from activities.record import plain
from starter.if_nobody_acts_words import MEANINGS
from tests.activities.clocked import DUE, LEAD, REVIEWER, ask_draft, clocked, pause
from tests.activities.reviewing import commissioned, write
from tests.builders import ACase
from tests.conftest import MailServer, Record
from tests.starter.front_desk import Desk, FakeTemporal, a_settings
from tests.starter.signed_in import (
    NATIONAL,
    TEAM,
    a_desk,
    everything,
    many_questions,
    names_nobody,
    reading_changes_nothing,
    signed_in,
    sound,
    text,
)
from tests.starter.test_commands import Sfo, command  # noqa: F401  # a fixture
from workflows.contract.messages import CaseClock, Chase, DateLook, Step
from workflows.contract.question import Silence
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import Role, Rung, StepKind
from workflows.policy import due as moments

DEPUTY = "reviewer.two@n53.example.test"


@pytest_asyncio.fixture
async def desk(record: Record, mail_server: MailServer) -> Desk:
    return await a_desk(record, mail_server)


async def a_review(record: Record, mail_server: MailServer) -> Desk:
    """A review whose draft is asked for by its date; the case's clock shows its first Monday."""
    case = await clocked(record, mail_server)
    await set_clock(record, case, case.at)
    return Desk(record, mail_server, FakeTemporal(), case, a_settings(record, mail_server))


async def set_clock(record: Record, case: ACase, at: datetime) -> None:
    clock = CaseClock(case_anchor=at, wall_anchor=datetime.now(UTC))
    await record.pool.execute("UPDATE cases SET clock = $2 WHERE reference = $1", case.reference, plain(clock))


async def visit(desk: Desk) -> httpx.Response:
    return await (await signed_in(desk, NATIONAL)).web.get(f"/case/{desk.case.reference}")


def told(page: httpx.Response, where: str = "if-nobody-acts") -> list[str]:
    """The lines of the list, as read."""
    return [" ".join(one.get_text().split()) for one in sound(page).select(f"#{where} > li")]


# --- what a person reads ------------------------------------------------------------------------------


async def test_the_page_answers_what_happens_if_nobody_answers(desk: Desk) -> None:
    await desk.ask("notification", stage="notification")
    page = await visit(desk)
    spoc, notify = "the regional single point of contact", "Notify the HMPPS SFO Team"
    assert told(page)[:8] == [
        f"12 October 2026 at 9:00am. {notify}: a reminder to {spoc}",
        f"16 October 2026 at 9:00am. {notify}: a reminder to {spoc}",
        f"19 October 2026 at 9:00am. {notify}: a reminder to {spoc}",
        f"At the end of 19 October 2026. {notify}: becomes overdue",
        f"20 October 2026 at 9:00am. {notify}: the deputy of {spoc} is asked as well",
        f"22 October 2026 at 9:00am. {notify}: the senior lead is told",
        f"26 October 2026 at 9:00am. {notify}: a reminder to {spoc} and to the deputy",
        f"26 October 2026 at 9:00am. {notify}: the regional director is told",
    ]
    assert told(page)[9] == f"2 November 2026 at 9:00am. {notify}: the national team has an escalation"
    assert len(told(page)) == 12
    assert "4 more are planned and not shown" in text(page)
    assert told(page, "without-a-date") == [
        "After what is planned, reminders go on every 7 days until somebody answers"
    ]
    times = [str(one["datetime"]) for one in sound(page).select("#if-nobody-acts time")]
    assert times == sorted(times)
    names_nobody(page)


async def test_the_command_says_the_same(command: Sfo, desk: Desk) -> None:  # noqa: F811
    gate = await desk.ask("notification", stage="notification")
    before = await everything(desk)
    view = (await command("case", desk.case.reference, "--json")).json["if_nobody_acts"]
    assert view[3] == {
        "at": "2026-10-20T00:00:00+01:00",
        "waiting": False,
        "what": "overdue",
        "question": "Notify the HMPPS SFO Team",
        "role": "spoc",
        "gates": [gate],
        "words": "becomes overdue",
    }
    assert [one["what"] for one in view[3:6]] == ["overdue", "deputy_asked", "told"]
    assert len(view) == 17  # all of it, the last without a moment
    assert (view[16]["at"], view[16]["what"]) == (None, "reminders_go_on")
    said = (await command("case", desk.case.reference)).out
    assert "    if nobody acts\n        2026-10-12 09:00  Notify the HMPPS SFO Team: a reminder to the regional" in said
    assert "        and 4 more; --all shows them\n        after what is planned, reminders go on every 7 days" in said
    for name in ("Example", "Invented", "example.test"):
        assert name not in said
        assert name not in str(view)
    assert "if_nobody_acts" not in (await command("cases", "--json")).json[0]
    assert await everything(desk) == before


async def test_reading_it_changes_nothing(desk: Desk) -> None:
    await desk.ask("notification", stage="notification")
    browser = await signed_in(desk, TEAM)
    assert "If nobody acts" in (await browser.web.get(f"/case/{desk.case.reference}")).text
    await reading_changes_nothing(desk, browser, f"/case/{desk.case.reference}")


async def test_silence_that_means_something_ends_with_its_meaning(desk: Desk) -> None:
    await desk.ask("invitation", "s1", due=moments.due(date(2026, 10, 8)))
    (*_, last) = told(page := await visit(desk))
    assert last == (
        "At the end of 8 October 2026. Answer an invitation to an interview: the period ends: "
        "the first of the proposed times stands, and the reviewing manager gets in touch"
    )
    assert "deputy" not in " ".join(told(page))
    assert not told(page, "without-a-date")


def test_every_silence_that_means_something_has_words() -> None:
    assert set(MEANINGS) == {key for key, one in QUESTIONS.items() if one.silence is Silence.LAPSE}


async def test_while_its_clock_stands_still_nothing_happens(record: Record, mail_server: MailServer) -> None:
    desk = await a_review(record, mail_server)
    await ask_draft(desk.case)
    await pause(desk.case, date(2026, 10, 6))
    page = await visit(desk)
    assert not told(page)
    assert told(page, "without-a-date") == [
        "The review: its clock stands still; its date cannot be missed until it runs again",
        "Write the draft review: its clock stands still; nothing happens until it runs again",
    ]


async def test_an_answer_on_its_way_is_said_and_nothing_else(desk: Desk) -> None:
    gate = await desk.ask("notification", stage="notification")
    await desk.case.decide(gate, "notified", sent_on="2026-10-05")
    page = await visit(desk)
    assert not told(page)
    assert told(page, "without-a-date") == [
        "Notify the HMPPS SFO Team: it has been answered, and the answer is being applied"
    ]


async def test_what_is_late_because_the_service_was_away_comes_at_once(desk: Desk) -> None:
    await desk.ask("notification", stage="notification")
    await set_clock(desk.record, desk.case, datetime(2026, 10, 21, tzinfo=UTC))
    first, second, third, *_ = told(await visit(desk))
    assert first == "Now, as soon as the service runs. Notify the HMPPS SFO Team: becomes overdue"
    assert second.startswith("Now, as soon as the service runs. ")
    assert third.startswith("22 October 2026 at 9:00am")


async def test_questions_that_differ_in_nothing_are_one_line(desk: Desk) -> None:
    await many_questions(desk, 500, "notification", "spoc@n53.example.test", "spoc")
    await desk.record.pool.execute(
        "UPDATE gates SET rulebook = '2026-04-01', deadline = 'notification', due_on = '2026-10-19', "
        "due_at = '2026-10-19 22:59:59Z'"
    )
    page = await visit(desk)
    assert told(page)[3] == "At the end of 19 October 2026. Notify the HMPPS SFO Team (500 of them): becomes overdue"
    assert len(page.content) < 100_000


async def test_without_the_rulebook_it_says_so(desk: Desk) -> None:
    await desk.ask("notification", stage="notification")
    await desk.record.pool.execute("UPDATE gates SET rulebook = '2031-01-01'")
    (line,) = told(await visit(desk), "without-a-date")
    assert line.endswith("cannot be worked out here; the rulebook that it goes by is not in place")


async def test_a_closed_case_has_nothing_ahead(desk: Desk) -> None:
    await desk.ask("notification", stage="notification")
    await desk.record.pool.execute("UPDATE cases SET closed_on = '2026-10-05', outcome = 'completed'")
    assert "If nobody acts" not in (await visit(desk)).text


# --- the review itself --------------------------------------------------------------------------------


async def test_the_review_turns_at_risk_and_is_overdue_on_its_own_date(record: Record, mail_server: MailServer) -> None:
    desk = await a_review(record, mail_server)
    lines = told(await visit(desk))
    assert lines[-1] == (
        f"At the end of {DUE.day} January 2027. The review: is overdue; "
        "the reviewing manager and the senior lead are told"
    )
    (at_risk,) = [line for line in lines if "turns at risk" in line]
    # The process itself, carried from look to look, turns at risk on that morning and not before.
    look_at, turned = desk.case.at, None
    while turned is None:
        desk.case.at = look_at
        seen = await desk.case.casework.look_at_date(DateLook(reference=desk.case.reference, at=desk.case.at))
        turned = desk.case.at if seen.forecast and seen.forecast.at_risk else None
        assert seen.look_at is not None
        look_at = seen.look_at
    assert at_risk.startswith(f"{turned.day} {turned:%B %Y} at 9:00am. The review: turns at risk")
    await set_clock(record, desk.case, turned + timedelta(seconds=1))
    assert "turns at risk" not in " ".join(told(await visit(desk)))


async def test_where_a_question_stands_on_the_date_it_is_chased_and_nobody_told_twice(
    record: Record, mail_server: MailServer
) -> None:
    desk = await a_review(record, mail_server)
    await ask_draft(desk.case)
    await set_clock(record, desk.case, datetime(2027, 1, 5, 12, tzinfo=UTC))
    lines = told(await visit(desk))
    assert lines[:2] == [
        "At the end of 5 January 2027. The review: is overdue",
        "At the end of 5 January 2027. Write the draft review: becomes overdue",
    ]


# --- who hears of it ----------------------------------------------------------------------------------


def a_climb(gate: str, at: datetime) -> Chase:
    return Chase(gate=gate, at=at, steps=(Step(at=at, kind=StepKind.CLIMB, rung=Rung.DEPUTY),))


@pytest.mark.parametrize("is_independent", [True, False])
async def test_a_deputy_who_may_not_answer_is_passed_over_on_the_page_and_in_truth(
    record: Record, mail_server: MailServer, is_independent: bool
) -> None:
    desk = await a_review(record, mail_server)
    if not is_independent:
        await record.pool.execute(
            "INSERT INTO staff (reference, ref, role, name, email, in_line) "
            "VALUES ($1, 's9', 'other', 'Example Nine', $2, false)",
            *(desk.case.reference, DEPUTY),
        )
    gate = (await ask_draft(desk.case)).gate
    await set_clock(record, desk.case, datetime(2027, 1, 5, 12, tzinfo=UTC))
    page = await visit(desk)
    instead = "no deputy may answer for the reviewing manager, so the senior lead is told"
    expected = "the deputy of the reviewing manager is asked as well" if is_independent else instead
    assert f"6 January 2027 at 9:00am. Write the draft review: {expected}" in told(page)
    assert any(line.endswith("and to the deputy") for line in told(page)) is is_independent
    names_nobody(page)

    mail_server.messages.clear()
    await desk.case.gates.chase_gate(a_climb(gate, datetime(2027, 1, 6, 9, tzinfo=UTC)))
    (letter,) = mail_server.messages
    assert (DEPUTY if is_independent else LEAD) in str(letter["To"])
    assert (await record.value("SELECT deputy_email FROM gates WHERE gate = $1", gate)) == (
        DEPUTY if is_independent else None
    )


async def test_whoever_looks_after_staff_is_not_replaced_by_one_of_them(desk: Desk) -> None:
    """The deputy of the Head of PDU is a line manager here, whom the Head looks after."""
    await desk.record.pool.execute(
        "UPDATE staff SET email = 'head.deputy.lei@n53.example.test' WHERE role = 'line_manager'"
    )
    opened = await desk.case.ask("welfare", "head_of_pdu", stage="staff-care", role=Role.HEAD_OF_PDU)
    (climb,) = [step for step in opened.steps if step.rung is Rung.DEPUTY]
    page = await visit(desk)
    (line,) = [line for line in told(page) if "deputy" in line]
    assert line.endswith("no deputy may answer for the Head of PDU, so the senior lead is told")
    await desk.case.gates.chase_gate(a_climb(opened.gate, climb.at))
    assert await desk.record.value("SELECT deputy_email FROM gates") is None
    assert len(desk.mail.to("senior.lead@n53.example.test")) == 1


async def test_cover_that_was_set_for_the_day_counts(record: Record, mail_server: MailServer) -> None:
    desk = await a_review(record, mail_server)
    gate = (await ask_draft(desk.case)).gate
    await set_clock(record, desk.case, datetime(2027, 1, 5, 12, tzinfo=UTC))
    await record.pool.execute(
        "INSERT INTO absences (absence, person_key, from_on, to_on, set_by) "
        "VALUES (gen_random_uuid(), 'n53.reviewer.2', '2027-01-06', '2027-01-08', 'invented')"
    )
    expected = "6 January 2027 at 9:00am. Write the draft review: no deputy may answer for the reviewing manager"
    assert any(line.startswith(expected) for line in told(await visit(desk)))
    mail_server.messages.clear()
    await desk.case.gates.chase_gate(a_climb(gate, datetime(2027, 1, 6, 9, tzinfo=UTC)))
    assert not mail_server.to(DEPUTY)
    assert mail_server.to(LEAD)
    assert not mail_server.to(REVIEWER)


async def test_whoever_is_asked_already_is_not_told(record: Record, mail_server: MailServer) -> None:
    """The senior lead's question: nobody is told at the deputy's rung where no deputy is there."""
    case = await commissioned(record, mail_server)
    await write(case)
    desk = Desk(record, mail_server, FakeTemporal(), case, a_settings(record, mail_server))
    await set_clock(record, case, case.at)
    gate = (await case.ask("commission", ask=2)).gate
    await record.pool.execute(
        "INSERT INTO absences (absence, person_key, from_on, to_on, set_by) "
        "VALUES (gen_random_uuid(), 'n53.senior_lead.deputy', '2026-10-06', '2026-12-08', 'invented')"
    )
    assert any(
        line.endswith("no deputy may answer for the senior lead, so nobody else is told")
        for line in told(await visit(desk))
    )
    mail_server.messages.clear()
    await case.gates.chase_gate(a_climb(gate, case.at + timedelta(days=10)))
    assert not mail_server.messages
