"""The rows of escalations: numbered per case and kind, raised by a stage, a person or an answer."""

from dataclasses import dataclass
from datetime import datetime

from activities.record import Connection
from workflows.contract.messages import EscalationRef
from workflows.contract.vocabulary import EscalationKind, ReasonCode


@dataclass(frozen=True)
class Concern:
    """What is escalated. `about` is a gate or a staff number; `words` and `raised_by` stay in the record."""

    kind: EscalationKind
    at: datetime
    reason: str = ReasonCode.OTHER
    about: str | None = None
    words: str | None = None
    raised_by: str | None = None


async def raise_escalation(connection: Connection, reference: str, concern: Concern) -> EscalationRef:
    """The escalation has its row and the next number of its kind. The caller holds the case's row."""
    number: int = await connection.fetchval(
        """
        INSERT INTO escalations
            (reference, kind, number, reason, concern, about, raised_by, raised_at, delivered_at_wall)
        -- The workflow that raises it tells the case itself, so the relay has nothing to deliver.
        SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7, clock_timestamp()
        FROM escalations WHERE reference = $1 AND kind = $2
        RETURNING number
        """,
        reference,
        str(concern.kind),
        str(concern.reason),
        concern.words,
        concern.about,
        concern.raised_by,
        concern.at,
    )
    return EscalationRef(kind=concern.kind, number=number)


def named(escalation: EscalationRef | None) -> str | None:
    """How an escalation is named in the audit and in ids, `overdue-1`."""
    return f"{escalation.kind}-{escalation.number}" if escalation else None


async def is_held(connection: Connection, reference: str) -> bool:
    """Whether a staff-safety escalation is unresolved, which holds every disclosure. Rule: facts.md 5.18."""
    return bool(
        await connection.fetchval(
            """
            SELECT EXISTS (SELECT FROM escalations
                WHERE reference = $1 AND kind = 'staff_safety' AND state <> 'resolved')
            """,
            reference,
        )
    )


async def is_stopped(connection: Connection, reference: str) -> bool:
    """Whether the national team has stopped disclosure for the safety of staff; then nothing leaves any more."""
    return bool(
        await connection.fetchval(
            """
            SELECT EXISTS (SELECT FROM escalations
                WHERE reference = $1 AND kind = 'staff_safety' AND state = 'resolved' AND outcome = 'stop')
            """,
            reference,
        )
    )
