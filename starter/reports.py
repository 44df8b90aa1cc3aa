"""What people report to a case from outside its gates: court events, concerns. Enquiries: enquiring.py.

Each is one transaction with its audit row; `Delivery` tells Temporal. A closed case takes none of them.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from starter.connections import Connection
from starter.record import append_audit
from workflows.contract.messages import CaseClock, OffenceRef
from workflows.contract.vocabulary import (
    CourtEventKind,
    EscalationKind,
    ReasonCode,
)
from workflows.policy.clock import case_time
from workflows.policy.due import on_in_london

RELAY = "relay"
"""Who raises a concern that no person raised."""


class ReportRefusedError(Exception):
    """A rule stands against it; the text says which and what to do instead."""


@dataclass(frozen=True, slots=True)
class LockedCase:
    """A case whose row is held until the transaction ends; `now` is its own time, `wall` the real one: the record's."""

    reference: str
    now: datetime
    wall: datetime
    row: asyncpg.Record


@dataclass(frozen=True, slots=True)
class _Concern:
    """What becomes an escalation. `about` is a code, `words` are a person's and stay in the record."""

    kind: EscalationKind
    reason: ReasonCode
    raised_by: str
    words: str | None = None
    about: str | None = None


async def open_case_of(connection: Connection, reference: str) -> LockedCase:
    """Lock the case, which must be open. Raises ReportRefusedError."""
    case = await locked_case(connection, reference)
    _check_open(case)
    return case


def _check_open(case: LockedCase) -> None:
    require_not_erased(case)
    if case.row["closed_on"] is not None:
        raise ReportRefusedError(
            f"{case.reference} closed on {case.row['closed_on']}, {case.row['outcome']}; nothing can follow"
        )


async def locked_case(connection: Connection, reference: str) -> LockedCase:
    """Lock the case, so that numbers are given out one at a time. Raises ReportRefusedError."""
    row = await connection.fetchrow(
        "SELECT *, clock_timestamp() AS read_at FROM sfo.cases WHERE reference = $1 FOR NO KEY UPDATE", reference
    )
    if row is None:
        raise ReportRefusedError(f"there is no case {reference}; `sfo cases` lists them")
    return LockedCase(reference, case_time(CaseClock.model_validate(row["clock"]), row["read_at"]), row["read_at"], row)


def require_not_erased(case: LockedCase) -> None:
    """Nothing can follow in a case that was erased. Raises ReportRefusedError."""
    if case.row["erased_at"] is not None:
        raise ReportRefusedError(
            f"{case.reference} was erased on {on_in_london(case.row['erased_at'])}; nothing can follow"
        )


async def court_of(connection: Connection, reference: str) -> list[CourtEventKind]:
    """What the court has done in this case so far, as far as the case has heard of it, in that order."""
    rows = await connection.fetch(
        """SELECT kind FROM sfo.court_events WHERE reference = $1 AND applied_at IS NOT NULL
           ORDER BY applied_at, at, event""",
        reference,
    )
    return [CourtEventKind(row["kind"]) for row in rows]


async def report_court_event(
    connection: Connection,
    reference: str,
    kind: CourtEventKind,
    on: date,
    offences: Sequence[OffenceRef] = (),
    actor: str = "command",
) -> tuple[str, bool]:
    """Put a court event on the record; return its id and whether it is new. The same one twice is one event.

    `offences` is the charge as it now stands, for an amended one. Raises ReportRefusedError.
    """
    async with connection.transaction():
        case = await locked_case(connection, reference)
        charge = [offence.model_dump(mode="json") for offence in offences]
        event = _event(reference, kind, on, charge)
        if await connection.fetchval("SELECT EXISTS (SELECT FROM sfo.court_events WHERE event = $1)", event):
            return event, False  # also once the case has closed: a message may come again much later
        _check_open(case)
        _check_date(case, on)
        added = await connection.fetchval(
            """INSERT INTO sfo.court_events (event, reference, kind, on_date, offences, at)
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING event""",
            event,
            reference,
            kind,
            on,
            charge or None,
            case.now,
        )
        if added:
            detail = {"kind": str(kind), "on": on.isoformat()}
            await append_audit(connection, case.now, reference, actor, "court_event_reported", event, detail)
        return event, added is not None


def _event(reference: str, kind: CourtEventKind, on: date, charge: list[dict[str, Any]]) -> str:
    content = json.dumps(sorted(charge, key=str)).encode()
    which = f"-{hashlib.sha256(content).hexdigest()[:8]}" if charge else ""
    return f"{reference}/court/{kind}-{on}{which}"


def _check_date(case: LockedCase, on: date) -> None:
    if on < case.row["charged_on"]:
        raise ReportRefusedError(f"{on} is before the charge of {case.row['charged_on']}; correct the date")
    if on > max(on_in_london(case.now), on_in_london(case.wall)):
        raise ReportRefusedError(f"{on} lies in the future; report it when it has happened")


async def report_concern(
    connection: Connection, reference: str, kind: EscalationKind, words: str, raised_by: str
) -> int:
    """Put a person's concern on the record as an escalation and return its number. Raises ReportRefusedError."""
    async with connection.transaction():
        case = await open_case_of(connection, reference)
        return await _raise(connection, case, _Concern(kind, ReasonCode.OTHER, raised_by, words))


async def _raise(connection: Connection, case: LockedCase, concern: _Concern) -> int:
    """The concern stands under the next number of its kind, with its audit row; the relay delivers it."""
    number: int = await connection.fetchval(
        """INSERT INTO sfo.escalations (reference, kind, number, reason, concern, about, raised_by, raised_at)
           SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7
           FROM sfo.escalations WHERE reference = $1 AND kind = $2 RETURNING number""",
        case.reference,
        str(concern.kind),
        str(concern.reason),
        concern.words,
        concern.about,
        concern.raised_by,
        case.now,
    )
    subject = f"{case.reference}/escalation/{concern.kind}-{number}"
    detail = {"about": concern.about} if concern.about else {}
    await append_audit(connection, case.now, case.reference, concern.raised_by, "concern_raised", subject, detail)
    return number


async def report_refused_letter(connection: Connection, letter: UUID) -> int | None:
    """A letter of no gate that was refused for good is a concern of its case; returns the number, or None.

    The letter counts as told in the same transaction. One unresolved concern of this kind is enough for a case, and
    a closed case has none, so that an address that refuses everything cannot raise concerns without end.
    """
    async with connection.transaction():
        row = await connection.fetchrow(
            """UPDATE sfo.outbox SET told_workflow = true
               WHERE letter_id = $1 AND state = 'refused' AND NOT told_workflow RETURNING reference, letter""",
            letter,
        )
        if row is None or row["reference"] is None:
            return None
        return await report_failure(connection, await locked_case(connection, row["reference"]), row["letter"])


async def report_failure(connection: Connection, case: LockedCase, about: str) -> int | None:
    """Something of the service failed in this case: the national team has an escalation; returns its number.

    None: the case is closed, or has an unresolved one already. `about`: a letter, or the id part of a workflow.
    """
    if case.row["closed_on"] is not None or await _has_failed_already(connection, case.reference):
        return None
    concern = _Concern(EscalationKind.OTHER, ReasonCode.SYSTEM_FAILURE, RELAY, about=about)
    return await _raise(connection, case, concern)


async def _has_failed_already(connection: Connection, reference: str) -> bool:
    return bool(
        await connection.fetchval(
            """SELECT EXISTS (SELECT FROM sfo.escalations
                   WHERE reference = $1 AND kind = $2 AND reason = $3 AND state <> 'resolved')""",
            reference,
            str(EscalationKind.OTHER),
            str(ReasonCode.SYSTEM_FAILURE),
        )
    )
