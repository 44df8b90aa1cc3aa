"""Gates over time against a real record: chased, lapsed, withdrawn, reassigned, their dates moved."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.activities.test_gates import DIRECTOR, LEAD, NOTIFIED, SPOC, SPOC_DEPUTY, appoint, step
from tests.builders import HEAD_EMAIL, a_case
from tests.conftest import MailServer, Record
from workflows.contract.messages import (
    Chase,
    DeadlineMove,
    Lapse,
    Reassignment,
    Withdrawal,
)
from workflows.contract.vocabulary import EscalationKind, ReasonCode, Rung, StepKind

# --- chasing ---------------------------------------------------------------------------------------


async def test_the_ladder_writes_one_letter_to_each(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("notification", stage="notification")
    steps = (
        step(StepKind.REMIND),
        step(StepKind.REMIND, days=2),
        step(StepKind.OVERDUE, days=3),
        step(StepKind.CLIMB, Rung.DEPUTY, 4),
        step(StepKind.CLIMB, Rung.SENIOR_LEAD, 5),
        step(StepKind.CLIMB, Rung.REGIONAL_DIRECTOR, 6),
        step(StepKind.CLIMB, Rung.NATIONAL_TEAM, 7),
    )
    mail_server.messages.clear()
    chase = Chase(gate=opened.gate, at=case.at, steps=steps)
    chased = await case.gates.chase_gate(chase)
    assert chased.overdue
    assert chased.escalation is not None
    assert chased.escalation.kind is EscalationKind.OVERDUE
    assert await case.gates.chase_gate(chase) == chased
    to = sorted(str(m["To"]).split("<")[-1].rstrip(">") for m in mail_server.messages)
    assert to == sorted([SPOC, SPOC_DEPUTY, LEAD, DIRECTOR])
    for email, linked in ((SPOC, True), (SPOC_DEPUTY, True), (LEAD, False), (DIRECTOR, False)):
        [message] = mail_server.to(email)
        assert ("/a/" in message.get_body(("plain",)).get_content()) is linked  # type: ignore[union-attr]
    assert await record.value("SELECT overdue FROM gates") is True
    assert await case.column("review_overdue") is False


async def test_a_step_is_made_once_in_whatever_company_it_comes(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("notification", stage="notification")
    first, second = step(StepKind.REMIND), step(StepKind.OVERDUE, days=2)
    await case.gates.chase_gate(Chase(gate=opened.gate, at=case.at, steps=(first,)))
    await case.gates.chase_gate(Chase(gate=opened.gate, at=case.at, steps=(first, second)))
    assert len(mail_server.to(SPOC)) == 2  # asked, reminded


async def test_further_reminders_come_when_the_planned_ones_are_used_up(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("notification", stage="notification")
    last = max(opened.steps, key=lambda s: s.at)
    case.at = last.at
    early = await case.gates.chase_gate(Chase(gate=opened.gate, at=case.at, steps=opened.steps[:1]))
    assert early.further == ()
    chased = await case.gates.chase_gate(Chase(gate=opened.gate, at=case.at, steps=(last,)))
    assert chased.further
    assert all(s.at > last.at for s in chased.further)


async def test_a_closed_gate_is_not_chased(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("notification", stage="notification")
    await case.settle(opened.gate, await case.decide(opened.gate, "sent", **NOTIFIED))
    mail_server.messages.clear()
    chased = await case.gates.chase_gate(Chase(gate=opened.gate, at=case.at, steps=(step(StepKind.REMIND),)))
    assert (chased.overdue, chased.escalation, mail_server.messages) == (False, None, [])


async def test_a_deputy_in_the_line_is_passed_over(record: Record, mail_server: MailServer) -> None:
    staff = (("practitioner", "reviewer.two@n53.example.test", True), ("head_of_pdu", HEAD_EMAIL, True))
    case = await a_case(record.pool, mail_server, staff=staff)
    await appoint(record, case.reference, "n53.reviewer.1", "reviewer.one@n53.example.test")
    opened = await case.ask("draft")
    await case.gates.chase_gate(Chase(gate=opened.gate, at=case.at, steps=(step(StepKind.CLIMB, Rung.DEPUTY),)))
    assert not mail_server.to("reviewer.two@n53.example.test")
    assert mail_server.to(LEAD)


# --- silence, withdrawal, reassignment, time --------------------------------------------------------


async def _facts_gate(record: Record, mail_server: MailServer):  # type: ignore[no-untyped-def]
    case = await a_case(record.pool, mail_server)
    await record.pool.execute("INSERT INTO documents VALUES ($1, 'review', 1, '{}', 'x', NULL, now())", case.reference)
    return case, await case.ask("facts", "v1")


async def test_silence_lapses_with_its_meaning(record: Record, mail_server: MailServer) -> None:
    case, opened = await _facts_gate(record, mail_server)
    case.at = opened.steps[-1].at
    lapsed = await case.gates.lapse_gate(Lapse(gate=opened.gate, at=case.at))
    assert lapsed.decision.answer == "lapsed"
    assert await case.gates.lapse_gate(Lapse(gate=opened.gate, at=case.at)) == lapsed
    [comment] = await record.rows("SELECT * FROM factual_comments")
    assert (comment["version"], comment["comments"]) == (1, None)
    assert await record.value("SELECT state FROM gates") == "lapsed"
    assert await record.value("SELECT state FROM duties WHERE kind = 'facts_offered'") == "met"


async def test_an_answer_received_in_time_beats_the_lapse(record: Record, mail_server: MailServer) -> None:
    case, opened = await _facts_gate(record, mail_server)
    decision = await case.decide(opened.gate, "no_comments")
    case.at = opened.steps[-1].at
    settled = await case.gates.lapse_gate(Lapse(gate=opened.gate, at=case.at))
    assert settled.decision.decision == str(decision)
    assert await case.settle(opened.gate, decision) == settled
    assert await record.value("SELECT state FROM gates") == "decided"


async def test_an_answer_after_the_period_is_void_and_its_author_told(record: Record, mail_server: MailServer) -> None:
    case, opened = await _facts_gate(record, mail_server)
    case.at = opened.due.at + timedelta(seconds=1)
    decision = await case.decide(opened.gate, "comments", "Too late")
    mail_server.messages.clear()
    lapsed = await case.gates.lapse_gate(Lapse(gate=opened.gate, at=case.at))
    assert lapsed.decision.answer == "lapsed"
    assert "not used" in mail_server.to(HEAD_EMAIL)[0]["Subject"]
    assert await voided(record) == [(str(decision), "lapsed")]


async def voided(record: Record) -> list[tuple[object, object]]:
    """Each answer that the chain says counted for nothing, with what became of its question."""
    rows = await record.rows("SELECT detail FROM audit WHERE action = 'decision_void'")
    details: list[Any] = [row["detail"] for row in rows]
    return [(detail["decision"], detail["state"]) for detail in details]


async def test_an_answer_that_a_wrong_clock_dated_after_the_period_counts_where_the_period_still_runs(
    record: Record, mail_server: MailServer
) -> None:
    case, opened = await _facts_gate(record, mail_server)
    heard_at, case.at = case.at, opened.due.at + timedelta(days=1)
    decision = await case.decide(opened.gate, "no_comments")
    case.at = heard_at
    settled = await case.settle(opened.gate, decision)
    assert settled.refused is None
    assert await record.value("SELECT state FROM gates") == "decided"


async def test_withdrawing_voids_the_waiting_answer_and_tells_its_author_once(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("notification", stage="notification")
    decision = await case.decide(opened.gate, "sent", **NOTIFIED)
    mail_server.messages.clear()
    withdrawal = Withdrawal(reference=case.reference, gates=(opened.gate,), at=case.at)
    for _ in range(2):
        await case.gates.withdraw_gates(withdrawal)
    [message] = mail_server.messages
    assert "not used" in message["Subject"]
    assert (await case.settle(opened.gate, decision)).refused == "void"
    assert await voided(record) == [(str(decision), "withdrawn")]
    assert await record.value("SELECT count(*) FROM links WHERE revoked_at IS NULL") == 0


async def test_withdrawing_an_unanswered_gate_tells_the_person_asked(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("notification", stage="notification")
    mail_server.messages.clear()
    await case.gates.withdraw_gates(Withdrawal(reference=case.reference, gates=(opened.gate,), at=case.at))
    [message] = mail_server.to(SPOC)
    assert "No longer needed" in message["Subject"]


async def test_a_gate_withdrawn_before_it_opened_is_not_asked(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    gate = case.gate("notification", stage="notification")
    await case.gates.withdraw_gates(Withdrawal(reference=case.reference, gates=(gate,), at=case.at))
    assert (await case.ask("notification", stage="notification")).steps
    assert mail_server.messages == []
    assert await record.value("SELECT count(*) FROM gates") == 0


async def test_an_answer_to_a_withdrawn_gate_is_void(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("notification", stage="notification")
    await case.gates.withdraw_gates(Withdrawal(reference=case.reference, gates=(opened.gate,), at=case.at))
    decision = await case.decide(opened.gate, "sent", **NOTIFIED)
    assert (await case.settle(opened.gate, decision)).refused == "withdrawn"
    assert any("not used" in m["Subject"] for m in mail_server.to(SPOC))


async def test_reassigning_kills_the_old_link_and_moves_the_appointment(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    await appoint(record, case.reference, "n53.reviewer.1", "reviewer.one@n53.example.test")
    opened = await case.ask("draft")
    request = Reassignment(gate=opened.gate, at=case.at, to="n53.reviewer.3", reason=ReasonCode.ABSENCE)
    for _ in range(2):
        assert (await case.gates.reassign_gate(request)).allowed
    assert len(mail_server.to("reviewer.three@n53.example.test")) == 1
    assert len(mail_server.to("reviewer.one@n53.example.test")) == 2  # asked, no longer needed
    links = {r["email"]: r["revoked_at"] for r in await record.rows("SELECT * FROM links")}
    assert links["reviewer.one@n53.example.test"] is not None
    assert links["reviewer.three@n53.example.test"] is None
    assert await record.value("SELECT person_key FROM appointments") == "n53.reviewer.3"
    back = Reassignment(
        gate=opened.gate, at=case.at + timedelta(days=1), to="n53.reviewer.1", reason=ReasonCode.ABSENCE, number=2
    )
    assert (await case.gates.reassign_gate(back)).allowed
    links = {r["email"]: r["revoked_at"] for r in await record.rows("SELECT * FROM links")}
    assert links["reviewer.one@n53.example.test"] is None


async def test_a_reassignment_repeated_at_another_moment_sends_nothing_more(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    await appoint(record, case.reference, "n53.reviewer.1", "reviewer.one@n53.example.test")
    opened = await case.ask("draft")
    first = Reassignment(gate=opened.gate, at=case.at, to="n53.reviewer.3", reason=ReasonCode.ABSENCE, number=1)
    later = first.model_copy(update={"at": case.at + timedelta(minutes=7)})
    for request in (first, later):
        assert (await case.gates.reassign_gate(request)).allowed
    assert len(mail_server.to("reviewer.three@n53.example.test")) == 1
    assert len(mail_server.to("reviewer.one@n53.example.test")) == 2
    back = first.model_copy(update={"to": "n53.reviewer.1", "number": 2})
    again = first.model_copy(update={"number": 3})
    for request in (back, again):
        assert (await case.gates.reassign_gate(request)).allowed
    sent = await record.value("SELECT count(*) FROM outbox WHERE letter = 'reassigned'")
    assert sent == 3  # a third reassignment to the same person is another event


@pytest.mark.parametrize(
    ("to", "code"), [("n53lei.head", "in_the_line"), ("n53.nobody", "unknown_person"), ("s1", "in_the_line")]
)
async def test_reassigning_never_breaks_independence(
    record: Record, mail_server: MailServer, to: str, code: str
) -> None:
    case = await a_case(record.pool, mail_server)
    await appoint(record, case.reference, "n53.reviewer.1", "reviewer.one@n53.example.test")
    opened = await case.ask("draft")
    reassigned = await case.gates.reassign_gate(
        Reassignment(gate=opened.gate, at=case.at, to=to, reason=ReasonCode.ABSENCE)
    )
    assert (reassigned.allowed, reassigned.refused) == (False, code)


async def test_moving_the_date_keeps_the_original_and_rearms_what_is_ahead(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    await record.pool.execute("UPDATE cases SET review_due = '2027-01-06', original_review_due = '2027-01-06'")
    opened = await case.ask("draft")
    granted = await case.answer("extension", "granted", "2027-02-01", reasons="Trial", new_on="2027-02-01")
    assert granted.decision is not None
    case.pass_days(30)
    move = DeadlineMove(
        reference=case.reference,
        gates=(opened.gate,),
        decision=granted.decision.decision,
        new_on=date(2027, 2, 1),
        at=case.at,
        rulebook="2026-04-01",
    )
    moved = await case.gates.move_deadline(move)
    assert await case.gates.move_deadline(move) == moved
    assert (moved.due.on, moved.original.on) == (date(2027, 2, 1), date(2027, 1, 6))
    [rearmed] = moved.gates
    assert rearmed.due.on == date(2027, 2, 1)
    assert all(s.at > case.at for s in rearmed.steps)
    [row] = await record.rows("SELECT * FROM deadlines")
    assert (row["late"], row["original_due_on"]) == (False, date(2027, 1, 6))


async def test_a_stage_begun_anew_takes_up_the_date_that_was_moved(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await record.pool.execute("UPDATE cases SET review_due = '2027-01-06', original_review_due = '2027-01-06'")
    request = case.request("draft")
    opened = await case.gates.open_gate(request)
    assert await case.gates.open_gate(request) == opened
    case.pass_days(30)
    move = DeadlineMove(
        reference=case.reference,
        gates=(opened.gate,),
        decision="invented-1",
        new_on=date(2027, 2, 1),
        at=case.at,
        rulebook="2026-04-01",
    )
    [rearmed] = (await case.gates.move_deadline(move)).gates
    again = await case.gates.open_gate(request)
    assert (again.due, again.steps) == (rearmed.due, rearmed.steps)
    assert again.due != opened.due
    assert len(mail_server.messages) == 1  # asked once


async def test_a_date_moved_too_late_stays_overdue(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await record.pool.execute(
        "UPDATE cases SET review_due = '2027-01-06', original_review_due = '2027-01-06', review_overdue = true"
    )
    case.at = datetime(2027, 1, 8, 10, tzinfo=UTC)
    granted = await case.answer("extension", "granted", "2027-02-01", reasons="Trial", new_on="2027-02-01")
    assert granted.decision is not None
    await case.gates.move_deadline(
        DeadlineMove(
            reference=case.reference,
            gates=(),
            decision=granted.decision.decision,
            new_on=date(2027, 2, 1),
            at=case.at,
            rulebook="2026-04-01",
        )
    )
    assert await case.column("review_overdue") is True
    assert await record.value("SELECT late FROM deadlines") is True
