"""What follows in the record from a letter that came back, and whether a question climbs because somebody is away.

A failure marks the letter as refused, as if the mail server had refused it at once; the relay does the rest.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from starter.connections import Connection
from starter.measures import RETURNED
from starter.record import append_audit
from starter.returned_kinds import Kind, Returned
from workflows.contract.messages import CaseClock
from workflows.contract.questions import QUESTIONS, Silence
from workflows.contract.vocabulary import GateState, Role, Rung
from workflows.policy.clock import case_time
from workflows.policy.reminders import rungs_above

ASKING = frozenset({"asked", "deputy", "reassigned", "reminder"})
"""The letters with which somebody is asked: not delivered, the question must climb. What only informs never climbs."""

RECORDED = frozenset({Kind.FAILED, Kind.DELAYED, Kind.AWAY})
"""What stands in the record. That somebody has read a letter is not our business."""

_REFUSED = 550  # for a failure whose report names no code of SMTP


async def note_return(connection: Connection, letter: UUID, returned: Returned) -> bool:
    """What came back stands in the record, once for a letter and kind. False: there is no such letter."""
    async with connection.transaction():
        row = await connection.fetchrow(
            """SELECT o.event, o.letter, o.reference, c.clock FROM sfo.outbox o
               LEFT JOIN sfo.cases c USING (reference) WHERE letter_id = $1 FOR UPDATE OF o""",
            letter,
        )
        if row is None:
            return False
        at = _now(row["clock"])
        climbs = returned.kind is Kind.AWAY and await climbing_gate(connection, letter) is not None
        is_new = await connection.fetchval(
            """INSERT INTO sfo.returned_mail (letter_id, kind, status, climbs, at) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT DO NOTHING RETURNING true""",
            letter,
            str(returned.kind),
            returned.status,
            climbs,
            at,
        )
        if is_new and returned.kind is Kind.FAILED:
            await _refuse(connection, letter, returned.code or _REFUSED)
        if is_new:
            detail = {"kind": str(returned.kind), "letter": row["letter"]}
            detail |= {"status": returned.status} if returned.status else {}
            await append_audit(connection, at, row["reference"], "relay", "letter_returned", row["event"], detail)
        if is_new and returned.kind is Kind.AWAY:
            await _note_gathered(connection, letter, returned)
    if is_new:
        RETURNED.add(1, {"kind": str(returned.kind)})
    return True


async def _note_gathered(connection: Connection, letter: UUID, returned: Returned) -> None:
    """Whoever is away has none of the letters that went in this one; a refused one is taken apart by the relay."""
    for row in await connection.fetch("SELECT letter_id FROM sfo.outbox WHERE gathered_in = $1", letter):
        await note_return(connection, row["letter_id"], returned)


async def climbing_gate(connection: Connection, letter: UUID) -> str | None:
    """The question that climbs because the recipient of this letter is away; None where nothing follows.

    Up to the deputy for the person asked, up to the rung above for the deputy, and no further: reminders bring the
    same note again. A question whose silence has a meaning has no ladder: whoever is asked it is waited for.
    """
    row = await connection.fetchrow(
        """SELECT g.*, o.letter, lower(o.to_email) AS recipient,
               EXISTS (SELECT FROM sfo.decisions d WHERE d.gate = g.gate AND d.void_at IS NULL) AS is_answered,
               EXISTS (SELECT FROM sfo.returned_mail r JOIN sfo.outbox earlier USING (letter_id)
                   WHERE earlier.gate = g.gate AND lower(earlier.to_email) = lower(o.to_email)
                     AND r.climbs AND r.letter_id <> o.letter_id) AS has_climbed
           FROM sfo.outbox o JOIN sfo.gates g USING (gate) WHERE o.letter_id = $1""",
        letter,
    )
    if row is None or row["letter"] not in ASKING or row["has_climbed"] or not _waits(row):
        return None
    rung = _next_rung(row)
    return row["gate"] if rung and rung not in row["climbed"] else None


def _waits(gate: asyncpg.Record) -> bool:
    """Whether the question stands open, its clock runs and it has a ladder."""
    is_open = gate["state"] == GateState.OPEN and gate["paused_at"] is None and not gate["is_answered"]
    return is_open and QUESTIONS[gate["question"]].silence is not Silence.LAPSE


def _next_rung(gate: asyncpg.Record) -> Rung | None:
    rungs = rungs_above(Role(gate["role"]))
    if gate["recipient"] == gate["person_email"].lower():
        return rungs[0]
    if gate["recipient"] == (gate["deputy_email"] or "").lower():
        return next(iter(rungs[1:]), None)
    return None  # it was asked of somebody else since


async def _refuse(connection: Connection, letter: UUID, code: int) -> None:
    """The letter counts as refused, also one that the worker has not marked as sent yet."""
    await connection.execute(
        "UPDATE sfo.outbox SET state = 'refused', error_code = $2 WHERE letter_id = $1 AND state <> 'refused'",
        letter,
        code,
    )


def _now(clock: Any) -> datetime:
    now = datetime.now(UTC)
    return case_time(CaseClock.model_validate(clock), now) if clock else now
