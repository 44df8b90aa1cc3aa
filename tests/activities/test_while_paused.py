"""While the clock of a review stands still: nothing fires, silence means nothing, no lateness is made or hidden."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from starter.record import Offer, asked_person, record_decision
from tests.activities.clocked import (
    AGAIN,
    COUNTERSIGNER,
    DUE,
    REVIEWER,
    STOPPED,
    ask_draft,
    at,
    clocked,
    gate_row,
    letters,
    pause,
    reschedule,
    resume,
)
from tests.activities.reviewing import DRAFT, drafted
from tests.builders import HEAD_EMAIL
from tests.conftest import MailServer, Record
from workflows.contract.messages import (
    CaseClock,
    Chase,
    DateLook,
    DeadlineMove,
    DecideSignal,
    Lapse,
    Settlement,
    Step,
)
from workflows.contract.vocabulary import Channel, ReasonCode, Rung, StepKind
from workflows.policy import due as moments


async def test_nothing_fires_while_the_clock_stands_still(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    draft = await ask_draft(case)
    await pause(case, STOPPED)
    mail_server.messages.clear()
    case.at = at(DUE + timedelta(days=1))
    steps = (
        Step(at=case.at, kind=StepKind.REMIND),
        Step(at=case.at, kind=StepKind.OVERDUE),
        Step(at=case.at, kind=StepKind.CLIMB, rung=Rung.DEPUTY),
    )
    chased = await case.gates.chase_gate(Chase(gate=draft.gate, at=case.at, steps=steps))
    assert (chased.overdue, chased.escalation, chased.further, mail_server.messages) == (False, None, (), [])
    assert await case.column("review_overdue") is False


async def test_silence_gets_no_meaning_while_the_clock_stands_still_and_its_own_afterwards(
    record: Record, mail_server: MailServer
) -> None:
    case = await drafted(record, mail_server)
    await record.pool.execute("UPDATE cases SET review_due = $1, original_review_due = $1", DUE)
    opened = await case.ask("facts", "v1")
    await pause(case, date(2026, 10, 12))
    case.at = opened.steps[-1].at
    assert (await case.gates.lapse_gate(Lapse(gate=opened.gate, at=case.at))).refused == "paused"
    await resume(case, date(2026, 10, 26))
    rearmed = await reschedule(case, opened.gate)
    case.at = rearmed.steps[-1].at
    lapsed = await case.gates.lapse_gate(Lapse(gate=opened.gate, at=case.at))
    assert lapsed.decision is not None
    assert lapsed.decision.answer == "lapsed"
    assert lapsed.forecast is not None
    assert lapsed.forecast.remaining == ("submit",)


async def test_an_answer_during_the_pause_is_in_time_even_where_the_period_would_have_ended(
    record: Record, mail_server: MailServer
) -> None:
    case = await drafted(record, mail_server)
    await record.pool.execute("UPDATE cases SET review_due = $1, original_review_due = $1", DUE)
    opened = await case.ask("facts", "v1")
    await pause(case, date(2026, 10, 12))
    case.at = opened.due.at + timedelta(days=5)
    settled = await case.settle(opened.gate, await case.decide(opened.gate, "no_comments", by=HEAD_EMAIL))
    assert settled.decision is not None, settled.refused


@pytest.mark.parametrize(("paused_on", "is_late"), [(date(2026, 10, 6), False), (date(2026, 10, 20), True)])
async def test_what_the_gateway_writes_is_late_only_if_it_was_late_when_the_clock_stopped(
    record: Record, mail_server: MailServer, paused_on: date, is_late: bool
) -> None:
    case = await clocked(record, mail_server)
    now = CaseClock(case_anchor=at(AGAIN), wall_anchor=datetime.now(UTC))
    await record.pool.execute("UPDATE cases SET clock = $1", now.model_dump(mode="json"))
    opened = await case.ask("invite", "s1")  # due on 12 October
    await pause(case, paused_on)
    async with record.pool.acquire() as connection:
        asked = await asked_person(connection, opened.gate, REVIEWER)
        assert asked is not None
        offer = Offer(uuid4(), "not_possible", {}, "Abroad", Channel.COMMAND)
        outcome = await record_decision(connection, opened.gate, asked, offer)
    assert outcome.decided is not None
    assert outcome.decided.late is is_late


@pytest.mark.parametrize(("paused_on", "is_late"), [(date(2026, 10, 6), False), (date(2026, 10, 20), True)])
async def test_what_operations_type_is_late_only_if_it_was_late_when_the_clock_stopped(
    record: Record, mail_server: MailServer, paused_on: date, is_late: bool
) -> None:
    case = await clocked(record, mail_server)
    opened = await case.ask("invite", "s1")
    await pause(case, paused_on)
    case.at = at(AGAIN)
    typed = DecideSignal(gate=opened.gate, answer="not_possible", reason=ReasonCode.ILLNESS)
    settled = await case.gates.settle_gate(Settlement(gate=opened.gate, at=case.at, signal=typed))
    assert settled.decision is not None, settled.refused
    assert settled.decision.late is is_late


async def test_a_pause_never_hides_that_the_review_was_late(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    draft = await ask_draft(case)
    case.at = at(date(2027, 1, 6), hour=9)
    steps = (
        Step(at=draft.due.at + timedelta(seconds=1), kind=StepKind.OVERDUE),
        *(Step(at=case.at, kind=StepKind.CLIMB, rung=rung) for rung in (Rung.DEPUTY, Rung.SENIOR_LEAD)),
    )
    await case.gates.chase_gate(Chase(gate=draft.gate, at=case.at, steps=steps))
    assert (await case.casework.look_at_date(DateLook(reference=case.reference, at=case.at))).overdue
    await pause(case, date(2027, 1, 7))  # two working days late
    resumed = await resume(case, date(2027, 1, 28))
    assert resumed.due == moments.due(DUE)
    assert await case.column("review_overdue") is True
    rearmed = await reschedule(case, draft.gate)
    assert (rearmed.due.on, rearmed.overdue) == (DUE, True)
    climbs = {step.rung: step.at for step in rearmed.steps if step.kind is StepKind.CLIMB}
    # Two days had gone by, so the fifth is three working days after resuming, and nobody is told a second time.
    assert climbs == {
        Rung.REGIONAL_DIRECTOR: at(date(2027, 2, 2), hour=9),
        Rung.NATIONAL_TEAM: at(date(2027, 2, 9), hour=9),
    }
    assert all(step.kind is not StepKind.OVERDUE for step in rearmed.steps)
    assert await record.value("SELECT count(*) FROM deadlines WHERE rule = 'pause'") == 0


async def test_more_time_granted_during_the_pause_is_kept_and_the_lost_days_are_added(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    draft = await ask_draft(case)
    await pause(case, STOPPED)
    granted = await case.answer("extension", "granted", "2027-02-01", reasons="Trial", new_on="2027-02-01")
    assert granted.decision is not None
    move = DeadlineMove(
        reference=case.reference, gates=(draft.gate,), decision=granted.decision.decision,
        new_on=date(2027, 2, 1), at=case.at, rulebook="2026-04-01",
    )  # fmt: skip
    await case.gates.move_deadline(move)
    await resume(case, AGAIN)
    assert await case.column("review_due") == date(2027, 2, 15)
    assert (await reschedule(case, draft.gate)).due.on == date(2027, 2, 15)


async def test_more_time_asked_for_during_the_pause_is_not_asked_too_late(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    await pause(case, STOPPED)
    case.at = at(DUE + timedelta(days=5))
    granted = await case.answer("extension", "granted", "2027-02-01", reasons="Trial", new_on="2027-02-01")
    assert granted.decision is not None
    move = DeadlineMove(
        reference=case.reference, gates=(), decision=granted.decision.decision,
        new_on=date(2027, 2, 1), at=case.at, rulebook="2026-04-01",
    )  # fmt: skip
    await case.gates.move_deadline(move)
    assert await record.value("SELECT late FROM deadlines WHERE rule = 'extension'") is False


async def test_a_question_opened_in_the_moment_of_the_pause_waits_with_the_others(
    record: Record, mail_server: MailServer
) -> None:
    case = await clocked(record, mail_server)
    await pause(case, STOPPED)
    opened = await case.ask("invite", "s1")
    assert (await gate_row(record, opened.gate))["paused_at"] == case.at
    await resume(case, AGAIN)
    assert (await reschedule(case, opened.gate)).due.on == date(2026, 11, 23)  # its five days, from resuming


async def test_the_countersigning_manager_is_told_of_the_pause_too(record: Record, mail_server: MailServer) -> None:
    case = await clocked(record, mail_server)
    opened = await case.ask("draft")
    await case.settle(opened.gate, await case.decide(opened.gate, "draft_ready", **DRAFT))
    await case.ask("countersign", "v1", stage="countersign")
    await pause(case, STOPPED)
    assert await letters(record, "clock_paused") == [COUNTERSIGNER]
