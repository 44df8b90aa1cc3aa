"""A case that must take something up again: it hears of it, or is opened again where it had closed.

The row in `requests` keeps who asked and why. A running case has its signal; one that had closed reads from the
record how it stood, so it is started again and nothing is signalled. Rule: facts.md 5.23.
"""

from dataclasses import dataclass
from uuid import UUID

from starter.connections import Connection
from starter.delivery import Delivery
from starter.record import append_audit
from starter.reports import LockedCase
from workflows.contract import ids
from workflows.contract.message import Signal
from workflows.contract.messages import CorrectSignal, OptInSignal
from workflows.contract.vocabulary import Stage
from workflows.policy.due import on_in_london

_SIGNALS: dict[type[Signal], str] = {OptInSignal: "opt_in", CorrectSignal: "correct"}


@dataclass(frozen=True, slots=True)
class TakenUp:
    """What was asked of a case: the row of `requests`, and whether the case had closed and is opened again."""

    request: UUID
    reference: str
    is_reopened: bool


async def take_up(
    connection: Connection, case: LockedCase, message: OptInSignal | CorrectSignal, reasons: str | None, email: str
) -> TakenUp:
    """Put the request on the record; a closed case is open again and waits to be started.

    The caller holds the case's row, so that a case which is closing at this moment is either still open, and then
    refuses to close while something is owed, or has closed, and then is opened again. The audit row of the opening
    orders every writer until the commit: what the caller audits comes right after it.
    """
    request = UUID(str(message.request))
    is_closed = case.row["closed_on"] is not None
    await connection.execute(
        """INSERT INTO sfo.requests
               (request, reference, workflow, signal, message, reasons, asked_by, at, delivered_at_wall)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, CASE WHEN $9::boolean THEN clock_timestamp() END)""",
        request,
        case.reference,
        ids.case_id(case.reference),
        _SIGNALS[type(message)],
        message.model_dump(mode="json"),
        reasons,
        email,
        case.now,
        is_closed,
    )
    if is_closed:
        await _reopen(connection, case, email)
    return TakenUp(request, case.reference, is_closed)


async def _reopen(connection: Connection, case: LockedCase, email: str) -> None:
    """Open from now on, where it is now; the relay starts whatever Temporal was not told of."""
    changed = {"reopened": True, "region": case.row["region"], "pdu": case.row["pdu"]}
    await connection.execute(
        """UPDATE sfo.cases SET closed_on = NULL, outcome = NULL, reopened_on = $2, started_at_wall = NULL, stage = $3,
               opening = opening || $4::jsonb
           WHERE reference = $1""",
        case.reference,
        on_in_london(case.now),
        str(Stage.VICTIM_DISCLOSURE),
        changed,
    )
    detail = {"closed_on": case.row["closed_on"].isoformat(), "outcome": case.row["outcome"]}
    await append_audit(connection, case.now, case.reference, email, "case_reopened", case.reference, detail)


async def hand_on(delivery: Delivery, taken: TakenUp) -> None:
    """The case hears of it, or runs again. Raises TemporalAwayError, NoSuchWorkflowError; the relay tries again."""
    if taken.is_reopened:
        await delivery.start_case(taken.reference)
    else:
        await delivery.deliver_request(taken.request)
