"""A review that will be late is seen while there is time: counted from a real record, told to who can help."""

from datetime import date, timedelta

from activities.composition import compose
from activities.forecasting import in_lines
from tests.activities.clocked import DUE, LEAD, REVIEWER, ask_draft, at, clocked, pause, words_of
from tests.activities.reviewing import DRAFT, submit
from tests.builders import PRACTITIONER, ACase
from tests.conftest import MailServer, Record
from workflows.contract.messages import Chase, DateLook, DateSeen, DeadlineMove, Forecast, Step
from workflows.contract.vocabulary import StepKind
from workflows.policy.due import due_moment, moment_at, on_in_london
from workflows.policy.forecast import Outlook

IN_TIME = date(2026, 11, 2)  # a Monday long before the date: what remains needs fewer working days than are left


async def look(case: ACase) -> DateSeen:
    return await case.casework.look_at_date(DateLook(reference=case.reference, at=case.at))


async def remind(case: ACase, gate: str) -> None:
    await case.gates.chase_gate(Chase(gate=gate, at=case.at, steps=(Step(at=case.at, kind=StepKind.REMIND),)))


async def owe_interview(record: Record, case: ACase, state: str = "owed") -> None:
    await record.pool.execute(
        "INSERT INTO duties (reference, kind, subject, state, at) VALUES ($1, 'interviewed', $2, $3, $4)",
        case.reference,
        PRACTITIONER,
        state,
        case.at,
    )


async def letters(record: Record, letter: str) -> list[str]:
    rows = await record.rows("SELECT to_email FROM outbox WHERE letter = $1 ORDER BY to_email", letter)
    return [str(row["to_email"]) for row in rows]


async def test_each_look_names_the_next_morning_on_which_the_outlook_may_turn_and_the_moment_of_lateness(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    case.at = at(IN_TIME)
    seen = await look(case)
    looks = [seen.look_at]
    while looks[-1] is not None:
        case.at = looks[-1]
        looks.append((await look(case)).look_at)
    past = due_moment(DUE) + timedelta(seconds=1)
    assert looks[-2:] == [past, None]
    mornings = [moment for moment in looks[:-2] if moment]
    assert len(mornings) > 3
    assert all(moment == moment_at(on_in_london(moment), 9) for moment in mornings)
    assert (await look(case)).overdue


async def test_what_remains_is_counted_from_the_record(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    await owe_interview(record, case)
    case.at = at(IN_TIME)
    seen = await look(case)
    assert not seen.overdue
    assert seen.forecast == Forecast(at_risk=False, remaining=("interviews:1", "draft", "facts", "submit"))
    assert await case.column("at_risk") is False
    assert await letters(record, "at_risk") == []


async def test_a_review_that_turns_at_risk_is_told_once_to_the_two_who_can_help(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    for day in (date(2026, 12, 7), date(2026, 12, 8)):
        case.at = at(day)
        seen = await look(case)
        assert seen.forecast is not None
        assert seen.forecast.at_risk
    assert await case.column("at_risk") is True
    assert await letters(record, "at_risk") == [REVIEWER, LEAD]
    [noted] = await record.rows("SELECT detail FROM audit WHERE action = 'at_risk'")
    assert noted["detail"] == {
        "due_on": "2027-01-05", "days_left": 18, "days_needed": 25, "remaining": ["draft", "facts", "submit"],
    }  # fmt: skip


async def test_the_letter_tells_what_remains_and_how_long_there_is_and_names_nobody(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    await owe_interview(record, case)
    case.at = at(date(2026, 12, 7))
    await look(case)
    [row] = await record.rows("SELECT * FROM outbox WHERE letter = 'at_risk' AND to_email = $1", LEAD)
    message = compose("at_risk", "sfo@example.test", "Lead", LEAD, "<a@b>", row["context"])  # type: ignore[arg-type]
    text = words_of(message)
    for line in ("1 interview not held yet", "draft not ready", "18 working days left", "5 January 2027"):
        assert line in text
    assert "practitioner" not in text.lower()


async def test_more_time_takes_the_risk_away_and_a_later_one_is_told_anew(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    opened = await ask_draft(case)
    case.at = at(date(2026, 12, 7))
    await look(case)
    granted = await case.answer("extension", "granted", "2027-03-05", reasons="Trial", new_on="2027-03-05")
    assert granted.decision is not None
    moved = await case.gates.move_deadline(
        DeadlineMove(
            reference=case.reference, gates=(opened.gate,), decision=granted.decision.decision,
            new_on=date(2027, 3, 5), at=case.at, rulebook="2026-04-01",
        )
    )  # fmt: skip
    assert moved.extensions == 1
    assert moved.forecast is not None
    assert not moved.forecast.at_risk
    assert await case.column("at_risk") is False
    case.at = at(date(2027, 2, 22))
    await look(case)
    assert await letters(record, "at_risk") == [REVIEWER, REVIEWER, LEAD, LEAD]


async def test_each_answer_of_the_review_says_how_it_stands_now(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    written = await case.settle(
        (opened := await ask_draft(case)).gate, await case.decide(opened.gate, "draft_ready", **DRAFT)
    )
    assert written.forecast == Forecast(at_risk=False, remaining=("facts", "submit"))
    offered = await case.answer("facts", "no_comments", "v1")
    assert offered.forecast == Forecast(at_risk=False, remaining=("submit",))
    revised = await case.answer("submit", "revise", "v1", reasons="A gap")
    assert revised.forecast == Forecast(at_risk=False, remaining=("draft", "facts", "submit"))
    opened = await ask_draft(case, ask=2)
    await case.settle(opened.gate, await case.decide(opened.gate, "draft_ready", **DRAFT))
    await case.answer("facts", "no_comments", "v2")
    done = await submit(case, "2", ask=1)
    assert done.decision is not None, done.refused
    assert done.forecast == Forecast(at_risk=False, remaining=())


async def test_an_answer_of_another_stage_says_nothing_of_the_review(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    settled = await case.answer("confirm_actions", "confirmed", stage="early-look")
    assert settled.decision is not None
    assert settled.forecast is None


async def test_a_reminder_on_the_reviews_date_tells_what_remains(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    await owe_interview(record, case)
    opened = await ask_draft(case)
    case.at = at(IN_TIME)
    mail_server.messages.clear()
    await remind(case, opened.gate)
    [message] = mail_server.to(REVIEWER)
    text = words_of(message)
    for line in ("1 interview not held yet", "draft not ready", "factual accuracy not checked", "working days left"):
        assert line in text


async def test_a_reminder_of_another_question_tells_nothing_of_the_review(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    opened = await case.ask("countersign", "v1", stage="countersign")
    case.at += timedelta(days=3)
    mail_server.messages.clear()
    await remind(case, opened.gate)
    assert "What remains" not in words_of(mail_server.messages[0])


async def test_a_review_that_is_late_is_not_at_risk_any_more(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    await ask_draft(case)
    case.at = at(DUE + timedelta(days=1))
    for _ in range(2):
        seen = await look(case)
        assert seen.forecast is not None
        assert not seen.forecast.at_risk
        assert (seen.overdue, seen.look_at) == (True, None)
    assert await case.column("review_overdue") is True
    assert await letters(record, "at_risk") == []
    assert await letters(record, "review_late") == []  # the draft's own ladder tells of it
    [noted] = await record.rows("SELECT detail FROM audit WHERE action = 'review_overdue'")
    assert noted["detail"] == {"due_on": "2027-01-05", "chased": True}


async def test_a_review_that_becomes_late_while_no_question_stands_on_its_date_is_told_once(
    record: Record, mail_server: MailServer
) -> None:
    """The draft is ready and its facts are being looked at when the three months end."""
    case = await clocked(record, mail_server)
    case.at = at(DUE - timedelta(days=4))
    assert (await case.answer("draft", "draft_ready", **DRAFT)).decision is not None
    await case.ask("facts", "v1")
    case.at = at(DUE + timedelta(days=1))
    for _ in range(2):
        assert (await look(case)).overdue
    assert await letters(record, "review_late") == [REVIEWER, LEAD]
    [row] = await record.rows("SELECT * FROM outbox WHERE letter = 'review_late' AND to_email = $1", LEAD)
    message = compose("review_late", "sfo@example.test", "Lead", LEAD, "<a@b>", row["context"])  # type: ignore[arg-type]
    assert "was due: 5 January 2027" in words_of(message)
    assert "factual accuracy not checked" in words_of(message)


async def test_overdue_ends_with_the_submission_and_not_with_time_granted_late(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    opened = await ask_draft(case)
    case.at = at(DUE + timedelta(days=1))
    assert (await look(case)).overdue
    granted = await case.answer("extension", "granted", "2027-03-05", reasons="Trial", new_on="2027-03-05")
    assert granted.decision is not None
    await case.gates.move_deadline(
        DeadlineMove(
            reference=case.reference, gates=(opened.gate,), decision=granted.decision.decision,
            new_on=date(2027, 3, 5), at=case.at, rulebook="2026-04-01",
        )
    )  # fmt: skip
    assert (await look(case)).overdue
    await case.settle(opened.gate, await case.decide(opened.gate, "draft_ready", **DRAFT))
    await case.answer("facts", "no_comments", "v1")
    assert (await look(case)).overdue
    assert (await submit(case, "1")).decision is not None
    assert not (await look(case)).overdue


async def test_nothing_becomes_late_while_the_clock_stands_still(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    await pause(case, DUE - timedelta(days=5))
    case.at = at(DUE + timedelta(days=30))
    seen = await look(case)
    assert not seen.overdue
    assert await case.column("review_overdue") is False


def test_one_day_and_one_interview_are_said_in_the_singular_and_nothing_of_what_is_done() -> None:
    outlook = Outlook(days_left=1, days_needed=2, at_risk=True, remaining=("interviews:1", "comments:2"))
    assert in_lines(outlook) == [
        "1 interview not held yet", "2 comments on factual accuracy not answered", "1 working day left",
    ]  # fmt: skip
    assert in_lines(Outlook(days_left=5, days_needed=0, at_risk=False, remaining=())) == []
    assert in_lines(None) == []
