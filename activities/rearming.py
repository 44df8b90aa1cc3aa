"""Moving the review's date by a recorded decision: the original stays, gates get what is still ahead of them."""

from activities.forecasting import keep_forecast
from activities.means import Means
from activities.record import Connection, Row, audit, decision_uuid, lock_case
from activities.scheduling import REVIEW, arm_anew
from workflows.contract.messages import DeadlineMove, DeadlineMoved, Rearmed
from workflows.policy import due as moments
from workflows.policy.pausing import was_late


async def move_deadline(connection: Connection, means: Means, move: DeadlineMove) -> DeadlineMoved:
    """The review's date moves, the original stays, late stays visible, gates get what is still ahead of them.

    No rung that was told before is told again; whether the review is at risk is worked out for the new date.
    """
    case = await lock_case(connection, move.reference)
    if case["review_due"] is None:  # a reduced charge stopped the review in the same moment: no date is left to move
        return DeadlineMoved(due=moments.due(move.new_on), original=moments.due(move.new_on))
    means = await means.with_calendar(connection)
    original = case["original_review_due"]
    late = await _was_asked_late(connection, move, case)
    await connection.execute(
        """
        UPDATE cases SET review_due = $2, review_overdue = $3 OR EXISTS (
            SELECT FROM deadlines WHERE reference = $1 AND what = 'review' AND rule = 'extension' AND late
                AND id > (SELECT max(id) FROM deadlines WHERE reference = $1 AND what = 'review' AND rule = 'review'))
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
    gates = await _rearm(connection, means, move)
    forecast = await keep_forecast(connection, means, move.reference, move.at)
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
    return DeadlineMoved(
        due=moments.due(move.new_on),
        original=moments.due(original),
        gates=tuple(gates),
        extensions=await extensions_granted(connection, move.reference),
        forecast=forecast,
    )


async def extensions_granted(connection: Connection, reference: str) -> int:
    """How often the review's date was extended since it was fixed; asked by signal or from a page alike."""
    number: int = await connection.fetchval(
        """
        SELECT count(*) FROM deadlines
        WHERE reference = $1 AND what = 'review' AND rule = 'extension' AND id > (
            SELECT coalesce(max(id), 0) FROM deadlines WHERE reference = $1 AND what = 'review' AND rule = 'review')
        """,
        reference,
    )
    return number


async def _was_asked_late(connection: Connection, move: DeadlineMove, case: Row) -> bool:
    """Whether more time was asked for after the date, as its request says; without one, as of now.

    While the clock stands still nothing becomes late, so the day on which it stopped counts.
    """
    late: bool | None = await connection.fetchval(
        "SELECT late FROM extension_requests WHERE reference = $1 AND decision = $2",
        case["reference"],
        decision_uuid(move.decision),
    )
    return was_late(move.at, moments.due_moment(case["review_due"]), case["paused_at"]) if late is None else late


async def _rearm(connection: Connection, means: Means, move: DeadlineMove) -> list[Rearmed]:
    """What stands open on the review's date in the record, whether or not its workflow knew of it when it asked."""
    due = moments.due(move.new_on)
    armed = await connection.fetch(
        """
        UPDATE gates SET due_on = $3, due_at = $4, overdue = false, counted_from = NULL, counted_days = NULL,
            ladder_from = NULL
        WHERE reference = $1 AND deadline = $2 AND state = 'open' RETURNING gate
        """,
        move.reference,
        REVIEW,
        due.on,
        due.at,
    )
    return [
        Rearmed(gate=gate, due=due, steps=await arm_anew(connection, means, gate, move.at))
        for gate in sorted(row["gate"] for row in armed)
    ]
