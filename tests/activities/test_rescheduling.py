"""A bank holiday announced late, an extension: dates that span it move, and no rung is told twice."""

from datetime import date, timedelta

import pytest
from temporalio.exceptions import ApplicationError

from tests.activities.clocked import DUE, LATER, REVIEWER, announce, ask_draft, at, clocked, reschedule, words_of
from tests.builders import ACase
from tests.conftest import MailServer, Record
from workflows.contract.messages import Chase, DeadlineMove, DeadlineMoved, Due, Step
from workflows.contract.vocabulary import Rung, StepKind
from workflows.policy import due as moments

HOLIDAY = date(2026, 10, 8)  # a Thursday on which nobody is off in the packaged calendar
EXTENDED = date(2027, 2, 1)


async def invited(case: ACase, subject: str = "s1") -> str:
    """A question of five working days, asked on Monday 5 October: due on Monday 12 October."""
    opened = await case.ask("invite", subject)
    assert opened.due.on == date(2026, 10, 12)
    return opened.gate


async def test_a_date_that_spans_the_holiday_moves_and_the_original_stays(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    gate = await invited(case)
    await announce(record, HOLIDAY)
    case.pass_days(1)
    moved = await reschedule(case, gate, HOLIDAY)
    assert moved.due == moments.due(date(2026, 10, 13))
    assert all(step.at > case.at for step in moved.steps)
    overdue = [step for step in moved.steps if step.kind is StepKind.OVERDUE]
    assert [step.at for step in overdue] == [moved.due.at + timedelta(seconds=1)]
    [row] = await record.rows("SELECT due_on, original_due_on, due_at FROM gates WHERE gate = $1", gate)
    assert row == {
        "due_on": date(2026, 10, 13), "original_due_on": date(2026, 10, 12), "due_at": moved.due.at,
    }  # fmt: skip
    [noted] = await record.rows("SELECT due_on, original_due_on, rule FROM deadlines WHERE what = $1", gate)
    assert noted == {"due_on": date(2026, 10, 13), "original_due_on": date(2026, 10, 12), "rule": "calendar"}
    detail = await record.value("SELECT detail FROM audit WHERE action = 'deadline_rebased'")
    assert detail == {
        "from_on": "2026-10-12", "to_on": "2026-10-13", "original_on": "2026-10-12", "holiday": "2026-10-08",
    }  # fmt: skip


async def test_the_same_holiday_moves_nothing_twice(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    gate = await invited(case)
    await announce(record, HOLIDAY)
    first = await reschedule(case, gate, HOLIDAY)
    assert await reschedule(case, gate, HOLIDAY) == first
    assert await record.value("SELECT count(*) FROM deadlines WHERE rule = 'calendar'") == 1
    assert await record.value("SELECT count(*) FROM audit WHERE action = 'deadline_rebased'") == 1


async def test_two_holidays_announced_together_both_count(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    gate = await invited(case)
    await announce(record, HOLIDAY)
    await announce(record, HOLIDAY + timedelta(days=1))
    assert (await reschedule(case, gate, HOLIDAY)).due.on == date(2026, 10, 14)
    assert (await reschedule(case, gate, HOLIDAY + timedelta(days=1))).due.on == date(2026, 10, 14)


async def test_people_have_one_letter_a_holiday_with_all_their_questions(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    gates = [await invited(case, subject) for subject in ("s1", "s2")]
    review = await ask_draft(case)
    await announce(record, HOLIDAY)
    mail_server.messages.clear()
    for gate in (*gates, review.gate):
        await reschedule(case, gate, HOLIDAY)
    [message] = mail_server.messages
    assert REVIEWER in message["To"]
    text = words_of(message)
    assert text.count("Invite a member of staff to an interview: please answer by 13 October 2026") == 2
    assert "Write the draft review" not in text


async def test_another_holiday_is_told_by_a_letter_of_its_own(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    gate = await invited(case)
    mail_server.messages.clear()
    for holiday in (HOLIDAY, HOLIDAY + timedelta(days=1)):
        await announce(record, holiday)
        await reschedule(case, gate, holiday)
    assert len(mail_server.to(REVIEWER)) == 2


@pytest.mark.parametrize("holiday", [date(2026, 10, 10), date(2026, 10, 5), date(2026, 10, 13), date(2026, 10, 2)])
async def test_a_holiday_that_takes_no_working_day_away_moves_nothing_and_is_told_to_nobody(
    record: Record, mail_server: MailServer, holiday: date
) -> None:
    case = await clocked(record, mail_server)
    gate = await invited(case)
    await announce(record, holiday)
    mail_server.messages.clear()
    same = await reschedule(case, gate, holiday)
    assert same.due.on == date(2026, 10, 12)
    assert same.steps
    assert mail_server.messages == []


async def test_the_reviews_own_date_counts_in_months_and_stays_but_its_reminders_are_made_anew(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    opened = await ask_draft(case)
    [week_before] = [s for s in opened.steps if s.kind is StepKind.REMIND and s.at == at(date(2026, 12, 29), hour=9)]
    await announce(record, week_before.at.date())
    same = await reschedule(case, opened.gate, week_before.at.date())
    assert same.due.on == DUE
    reminders = {step.at for step in same.steps if step.kind is StepKind.REMIND}
    assert week_before.at not in reminders
    assert at(date(2026, 12, 24), hour=9) in reminders  # the working day before
    assert await record.value("SELECT count(*) FROM deadlines WHERE rule = 'calendar'") == 0


async def test_a_date_that_was_given_says_what_it_says(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    given = Due(on=date(2026, 10, 12), at=moments.due_moment(date(2026, 10, 12)))
    opened = await case.ask("invite", "s1", due=given)
    await announce(record, HOLIDAY)
    assert (await reschedule(case, opened.gate, HOLIDAY)).due.on == date(2026, 10, 12)


async def test_a_question_asked_after_the_announcement_was_counted_with_it(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    await announce(record, HOLIDAY)
    opened = await case.ask("invite", "s1")
    assert opened.due.on == date(2026, 10, 13)
    assert (await reschedule(case, opened.gate, HOLIDAY)).due.on == date(2026, 10, 13)
    assert await record.value("SELECT count(*) FROM outbox WHERE letter = 'date_moved'") == 0


async def test_a_question_that_is_closed_keeps_its_date_and_has_no_steps(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    gate = await invited(case)
    await case.settle(gate, await case.decide(gate, "not_possible", "Abroad"))
    await announce(record, HOLIDAY)
    closed = await reschedule(case, gate, HOLIDAY)
    assert (closed.due.on, closed.steps) == (date(2026, 10, 12), ())


async def test_a_question_that_the_record_does_not_hold_is_refused(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    with pytest.raises(ApplicationError) as unknown:
        await reschedule(case, case.gate("invite", "s9"), HOLIDAY)
    assert (unknown.value.type, unknown.value.non_retryable) == ("UnknownGate", True)


async def test_an_overdue_question_stays_overdue_and_no_rung_is_told_twice(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    gate = await invited(case)
    case.at = at(date(2026, 10, 13), hour=9)
    steps = (
        Step(at=moments.due_moment(date(2026, 10, 12)), kind=StepKind.OVERDUE),
        Step(at=case.at, kind=StepKind.CLIMB, rung=Rung.DEPUTY),
    )
    await case.gates.chase_gate(Chase(gate=gate, at=case.at, steps=steps))
    case.pass_days(1)
    holiday = date(2026, 10, 30)
    await announce(record, holiday)
    same = await reschedule(case, gate, holiday)
    assert same.overdue
    assert [s.rung for s in same.steps if s.kind is StepKind.CLIMB] == [
        Rung.SENIOR_LEAD, Rung.REGIONAL_DIRECTOR, Rung.NATIONAL_TEAM,
    ]  # fmt: skip
    assert all(step.kind is not StepKind.OVERDUE for step in same.steps)


# --- an extension --------------------------------------------------------------------------------------


async def extend(case: ACase, new_on: date, ask: int = 1) -> DeadlineMoved:
    granted = await case.answer("extension", "granted", str(new_on), ask=ask, reasons="Trial", new_on=str(new_on))
    assert granted.decision is not None, granted.refused
    return await case.gates.move_deadline(
        DeadlineMove(
            reference=case.reference, gates=(), decision=granted.decision.decision, new_on=new_on,
            at=case.at, rulebook="2026-04-01",
        )
    )  # fmt: skip


async def test_after_an_extension_no_rung_is_told_again_and_the_rest_of_the_ladder_waits_for_the_new_date(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    opened = await ask_draft(case)
    case.at = at(date(2027, 1, 6), hour=9)
    rungs = (Rung.DEPUTY, Rung.SENIOR_LEAD)
    steps = tuple(Step(at=case.at, kind=StepKind.CLIMB, rung=rung) for rung in rungs)
    overdue = Step(at=opened.due.at, kind=StepKind.OVERDUE)
    await case.gates.chase_gate(Chase(gate=opened.gate, at=case.at, steps=(overdue, *steps)))
    moved = await extend(case, EXTENDED)
    climbs = {s.rung: s.at for s in moved.gates[0].steps if s.kind is StepKind.CLIMB}
    assert climbs == {
        Rung.REGIONAL_DIRECTOR: at(date(2027, 2, 8), hour=9),
        Rung.NATIONAL_TEAM: at(date(2027, 2, 15), hour=9),
    }
    assert await case.column("review_overdue") is True  # asked for after the date
    assert await record.value("SELECT late FROM deadlines WHERE rule = 'extension'") is True
    await extend(case, EXTENDED + timedelta(weeks=4), ask=2)
    lates = await record.rows("SELECT late FROM deadlines WHERE rule = 'extension' ORDER BY id")
    assert [row["late"] for row in lates] == [True, False]
    assert await case.column("review_overdue") is True, "more time asked for in time does not hide that it was late"


async def test_ten_extensions_are_counted_and_the_original_date_stays(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    await ask_draft(case)
    for number in range(1, 11):
        moved = await extend(case, DUE + timedelta(weeks=number))
        assert (moved.extensions, moved.original.on) == (number, DUE)
        assert moved.due.on == DUE + timedelta(weeks=number)
        assert len({(s.kind, s.rung, s.at) for s in moved.gates[0].steps}) == len(moved.gates[0].steps)
    dates = await record.rows("SELECT DISTINCT original_due_on FROM deadlines WHERE rule = 'extension'")
    assert dates == [{"original_due_on": DUE}]


async def test_reminders_go_on_after_the_planned_ones_of_a_schedule_made_anew(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    opened = await ask_draft(case)
    case.at = at(DUE + timedelta(weeks=12))
    await announce(record, HOLIDAY)
    anew = await reschedule(case, opened.gate, HOLIDAY)
    last = max(step.at for step in anew.steps)
    case.at = anew.steps[0].at
    early = await case.gates.chase_gate(Chase(gate=opened.gate, at=case.at, steps=anew.steps[:1]))
    assert early.further == ()  # the planned ones are not used up, however long ago the opening was
    case.at = last
    late = await case.gates.chase_gate(Chase(gate=opened.gate, at=case.at, steps=anew.steps[1:]))
    assert late.further
    assert all(step.at > last for step in late.further)


@pytest.mark.parametrize("is_asked_first", [True, False], ids=["asked first", "moved first"])
async def test_a_question_on_its_way_while_more_time_is_granted_has_the_new_date(
    record: Record, mail_server: MailServer, is_asked_first: bool
) -> None:
    """Its review told neither of the other; the invariants' machine found one that was escalated by the old date."""
    case = await clocked(record, mail_server)
    if is_asked_first:
        gate = (await ask_draft(case)).gate
        [rearmed] = (await extend(case, LATER)).gates
        assert (rearmed.gate, rearmed.due) == (gate, moments.due(LATER))
    else:
        await extend(case, LATER)
        opened = await case.ask("draft", due=moments.due(DUE))
        gate = opened.gate
        assert opened.due == moments.due(LATER)
    assert await record.value("SELECT due_on FROM gates WHERE question = 'draft'") == LATER
    assert await record.value("SELECT gate FROM gates WHERE question = 'draft'") == gate
