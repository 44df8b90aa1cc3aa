"""A gate between its opening and its answer: what is due, what is climbed, what was offered. No server is needed."""

from datetime import UTC, date, datetime, timedelta

import pytest

from workflows.asking.gate import Gate
from workflows.contract.messages import (
    Chased,
    DecideSignal,
    Due,
    GateOpened,
    GateRequest,
    Rearmed,
    ReassignSignal,
    Reschedule,
    Step,
)
from workflows.contract.vocabulary import DateCause, ReasonCode, Role, Rung, StepKind

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ID = "SFO-2026-00042/review/facts:v1"
DUE = Due(on=date(2026, 12, 7), at=datetime(2026, 12, 7, 23, 59, 59, tzinfo=UTC))
LATER = Due(on=date(2026, 12, 21), at=datetime(2026, 12, 21, 23, 59, 59, tzinfo=UTC))
REMIND = Step(at=NOW + timedelta(days=1), kind=StepKind.REMIND)
CLIMB = Step(at=NOW + timedelta(days=2), kind=StepKind.CLIMB, rung=Rung.DEPUTY)
CLIMB_ON = Step(at=NOW + timedelta(days=4), kind=StepKind.CLIMB, rung=Rung.SENIOR_LEAD)
DECISION = "6f6c2a4e-0000-4000-8000-000000000001"


def a_gate(*steps: Step) -> Gate:
    gate = Gate(GateRequest(gate=ID, at=NOW, rulebook="2026-04-01", question="facts", role=Role.HEAD_OF_PDU))
    gate.steps = list(steps)
    return gate


def opened(**more: object) -> GateOpened:
    return GateOpened.model_validate({"gate": ID, "role": Role.SPOC, "due": DUE, "steps": (REMIND, CLIMB), **more})


def test_a_new_gate_stands_for_nothing_yet() -> None:
    gate = Gate(a_gate().request)
    assert gate.steps == []
    assert (gate.id, gate.name, gate.role) == (ID, "facts:v1", Role.HEAD_OF_PDU)
    assert (gate.due, gate.next_at, gate.rung, gate.times_reassigned) == (None, None, Rung.ASKED, 0)
    assert (gate.overdue, gate.rearmed, gate.undeliverable, gate.is_reported) == (False, False, False, False)
    assert gate.is_stirred is False


def test_what_stirs_a_gate_is_whatever_its_stage_must_look_at() -> None:
    for stir in (
        lambda gate: gate.offers.append(DecideSignal(gate=ID, decision=DECISION)),
        lambda gate: gate.reassignments.append(ReassignSignal(gate=ID, to="s1", reason=ReasonCode.ABSENCE)),
        lambda gate: setattr(gate, "undeliverable", True),
        lambda gate: setattr(gate, "rearmed", True),
        lambda gate: gate.changes.append((DateCause.CALENDAR, None)),
    ):
        gate = a_gate()
        stir(gate)
        assert gate.is_stirred is True


def test_opened_it_has_the_schedule_of_the_record_and_the_role_that_is_asked() -> None:
    gate = a_gate()
    gate.open(opened())
    assert (gate.role, gate.due, gate.steps, gate.next_at) == (Role.SPOC, DUE, [REMIND, CLIMB], REMIND.at)
    assert not gate.offers


def test_a_date_that_moved_while_it_was_being_opened_is_newer() -> None:
    gate = a_gate()
    gate.rearm(Rearmed(gate=ID, due=LATER, steps=(CLIMB,), overdue=True))
    assert (gate.overdue, gate.rearmed) == (True, True)
    gate.open(opened())
    assert (gate.due, gate.steps, gate.role) == (LATER, [CLIMB], Role.SPOC)


def test_an_answer_that_the_record_holds_already_is_offered_once() -> None:
    gate = a_gate()
    gate.open(opened(decision=DECISION))
    gate.open(opened(decision=DECISION))
    assert list(gate.offers) == [DecideSignal(gate=ID, decision=DECISION)]
    gate.open(opened(decision=DECISION.replace("1", "2")))
    assert len(gate.offers) == 2


def test_due_is_what_has_come_and_no_more_and_comes_once() -> None:
    gate = a_gate(REMIND, CLIMB, CLIMB_ON)
    assert gate.take_due(REMIND.at - timedelta(seconds=1)) == ()
    assert gate.take_due(CLIMB.at) == (REMIND, CLIMB)
    assert gate.steps == [CLIMB_ON]
    assert gate.take_due(CLIMB.at) == ()


def test_a_refused_letter_takes_the_next_rung_before_its_time() -> None:
    gate = a_gate(REMIND, CLIMB, CLIMB_ON)
    gate.undeliverable = True
    assert gate.take_climb() == (CLIMB,)
    assert gate.undeliverable is False
    assert gate.steps == [REMIND, CLIMB_ON]
    assert gate.take_climb() == (CLIMB_ON,)
    gate.undeliverable = True
    assert gate.take_climb() == ()
    assert gate.undeliverable is False
    assert gate.steps == [REMIND]


@pytest.mark.parametrize(("was", "now", "after"), [(False, True, True), (True, False, True), (False, False, False)])
def test_once_overdue_it_stays_so_and_the_last_rung_told_is_kept(was: bool, now: bool, after: bool) -> None:
    gate = a_gate()
    gate.overdue = was
    gate.chased((REMIND, CLIMB), Chased(overdue=now, further=(CLIMB_ON,)))
    assert (gate.overdue, gate.rung, gate.steps) == (after, Rung.DEPUTY, [CLIMB_ON])
    gate.chased((CLIMB_ON,), Chased(overdue=False, further=(REMIND,)))
    assert (gate.rung, gate.steps) == (Rung.SENIOR_LEAD, [CLIMB_ON])


def test_changes_of_dates_are_taken_oldest_first() -> None:
    gate = a_gate()
    gate.changes.extend([(DateCause.CALENDAR, date(2027, 1, 4)), (DateCause.RESUMED, None)])
    assert gate.change_of_dates(NOW) == Reschedule(gate=ID, at=NOW, cause=DateCause.CALENDAR, holiday=date(2027, 1, 4))
    assert gate.change_of_dates(NOW) == Reschedule(gate=ID, at=NOW, cause=DateCause.RESUMED, holiday=None)
    assert not gate.changes
