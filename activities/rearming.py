"""Moving the review's date by a recorded decision: the original stays, gates get what is still ahead of them."""

from datetime import date

from activities.means import Means
from activities.record import Connection, Row, audit, decision_uuid, lock_case
from workflows.contract.messages import DeadlineMove, DeadlineMoved, Rearmed
from workflows.contract.questions import QUESTIONS, Silence
from workflows.contract.vocabulary import Role
from workflows.policy import due as moments
from workflows.policy.due import on_in_london
from workflows.policy.reminders import schedule


async def move_deadline(connection: Connection, means: Means, move: DeadlineMove) -> DeadlineMoved:
    """The review's date moves, the original stays, late stays visible, gates get what is still ahead of them."""
    case = await lock_case(connection, move.reference)
    if case["review_due"] is None:  # a reduced charge stopped the review in the same moment: no date is left to move
        return DeadlineMoved(due=moments.due(move.new_on), original=moments.due(move.new_on))
    original = case["original_review_due"]
    late = await _asked_on(connection, move, case) > case["review_due"]
    await connection.execute(
        """
        UPDATE cases SET review_due = $2, review_overdue = CASE WHEN $3 THEN review_overdue ELSE false END
        WHERE reference = $1
        """,
        move.reference,
        move.new_on,
        late,
    )
    await connection.execute(
        """
        INSERT INTO deadlines (reference, what, due_on, original_due_on, rulebook, rule, decision, late, at)
        VALUES ($1, 'review', $2, $3, $4, 'extension', $5, $6, $7)
        """,
        move.reference,
        move.new_on,
        original,
        move.rulebook,
        decision_uuid(move.decision),
        late,
        move.at,
    )
    gates = [rearmed for gate in move.gates if (rearmed := await _rearm(connection, means, move, gate))]
    await audit(
        connection,
        move.at,
        move.reference,
        "system",
        "deadline_moved",
        "review",
        decision=move.decision,
        from_on=case["review_due"],
        to_on=move.new_on,
        original_on=original,
        late=late,
    )
    return DeadlineMoved(due=moments.due(move.new_on), original=moments.due(original), gates=tuple(gates))


async def _asked_on(connection: Connection, move: DeadlineMove, case: Row) -> date:
    """The date in London on which more time was asked for; the day of the move where no gate asked."""
    opened_at = await connection.fetchval(
        "SELECT g.opened_at FROM gates g JOIN decisions d USING (gate) WHERE d.decision = $1 AND g.reference = $2",
        decision_uuid(move.decision),
        case["reference"],
    )
    return on_in_london(opened_at or move.at)


async def _rearm(connection: Connection, means: Means, move: DeadlineMove, gate: str) -> Rearmed | None:
    row = await connection.fetchrow("SELECT * FROM gates WHERE gate = $1 AND state = 'open' FOR UPDATE", gate)
    if row is None:
        return None
    due = moments.due(move.new_on)
    await connection.execute(
        "UPDATE gates SET due_on = $2, due_at = $3, overdue = false WHERE gate = $1", gate, due.on, due.at
    )
    steps = schedule(
        means.rulebook(row["rulebook"] or move.rulebook, move.at),
        row["deadline"],
        on_in_london(row["opened_at"]),
        due.on,
        means.holidays,
        lapses=QUESTIONS[row["question"]].silence is Silence.LAPSE,
        role=Role(row["role"]),
        after=move.at,
    )
    return Rearmed(gate=gate, due=due, steps=steps)
