"""Closing a case: everything owed is gathered from the record, policy says what is unmet."""

from collections.abc import Iterable

from activities.record import Connection, audit, lock_case
from workflows.contract.messages import Closed, Closing
from workflows.policy.due import on_in_london
from workflows.policy.duties import ACTION, ENQUIRY, ESCALATION, Owed, unmet

GATE, DECISION, COURT_EVENT, CORRECTION = "gate", "decision", "court_event", "correction"


async def close_case(connection: Connection, closing: Closing) -> Closed:
    """Closed on the London date with its outcome, or open with the codes of what is still owed. Rule: design.md 3.6."""
    case = await lock_case(connection, closing.reference)
    if case["closed_on"] is not None:
        return Closed(closed=True)
    owed = unmet([*await _duties(connection, closing.reference), *await _work(connection, closing.reference)])
    if owed:
        return Closed(closed=False, unmet=owed)
    await connection.execute(
        "UPDATE cases SET closed_on = $2, outcome = $3, stage = 'closed' WHERE reference = $1",
        closing.reference,
        on_in_london(closing.at),
        str(closing.outcome),
    )
    await audit(
        connection,
        closing.at,
        closing.reference,
        "system",
        "case_closed",
        closing.reference,
        outcome=closing.outcome,
    )
    return Closed(closed=True)


async def _duties(connection: Connection, reference: str) -> Iterable[Owed]:
    rows = await connection.fetch("SELECT * FROM duties WHERE reference = $1", reference)
    return [
        Owed(
            row["kind"],
            row["subject"],
            is_met=row["state"] == "met",
            # Closed without a decision of a person: by a court event, which stands in the record itself.
            closed_by=str(row["decision"] or "court") if row["state"] == "closed" else None,
        )
        for row in rows
    ]


async def _work(connection: Connection, reference: str) -> Iterable[Owed]:
    """Actions, escalations, enquiries; and what nothing may cut off: open questions, answers and court events."""
    found: list[Owed] = []
    for kind, query in _WORK.items():
        rows = await connection.fetch(query, reference)
        found += [Owed(kind, row["subject"], is_met=row["is_met"]) for row in rows]
    return found


_WORK = {
    ACTION: "SELECT ref AS subject, state <> 'open' AS is_met FROM actions WHERE reference = $1",
    ESCALATION: """
        SELECT kind || '-' || number AS subject, state = 'resolved' AS is_met FROM escalations WHERE reference = $1
    """,
    ENQUIRY: "SELECT number::text AS subject, state = 'answered' AS is_met FROM enquiries WHERE reference = $1",
    GATE: "SELECT gate AS subject, false AS is_met FROM gates WHERE reference = $1 AND state = 'open'",
    CORRECTION: """
        SELECT 'review' AS subject, false AS is_met FROM cases WHERE reference = $1 AND corrected_since IS NOT NULL
    """,
    DECISION: """
        SELECT d.gate AS subject, false AS is_met FROM decisions d JOIN gates g USING (gate)
        WHERE g.reference = $1 AND d.applied_at IS NULL AND d.void_at IS NULL
    """,
    COURT_EVENT: """
        SELECT event AS subject, false AS is_met FROM court_events WHERE reference = $1 AND applied_at IS NULL
    """,
}
