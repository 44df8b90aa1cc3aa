"""A decision for which nobody waits any more: marked void, its author told, kept in the record for ever."""

from datetime import datetime
from uuid import UUID

import asyncpg

from starter.connections import Connection
from starter.notices import Notice, queue_notice
from starter.record import Gate, append_audit, read_gate
from workflows.contract.questions import QUESTIONS


async def void_decision(connection: Connection, decision: UUID) -> bool:
    """Mark an unapplied decision void and queue the letter to its author; the worker's sweep sends it.

    One transaction of its own. Repeat-safe: the second time it changes nothing and returns False.
    """
    async with connection.transaction():
        row = await connection.fetchrow(
            """SELECT * FROM sfo.decisions
               WHERE decision = $1 AND applied_at IS NULL AND void_at IS NULL FOR UPDATE""",
            decision,
        )
        gate = await read_gate(connection, row["gate"]) if row else None
        if row is None or gate is None:
            return False
        now = gate.now()
        await connection.execute(
            """UPDATE sfo.decisions
               SET void_at = $2, delivered_at_wall = clock_timestamp(), fields = fields - $3::text[]
               WHERE decision = $1""",
            decision,
            now,
            list(QUESTIONS[gate.question].walled),
        )
        await _tell_author(connection, row, gate, now)
        return True


async def _tell_author(connection: Connection, row: asyncpg.Record, gate: Gate, now: datetime) -> None:
    if row["by_email"]:
        title = gate.page.get("title") or QUESTIONS[gate.question].title
        notice = Notice(
            f"{gate.gate}/void", "decision_void", gate.reference, row["by_name"], row["by_email"], now, gate.gate,
            {"title": title},
        )  # fmt: skip
        await queue_notice(connection, notice)
    detail = {"decision": str(row["decision"]), "why": "the stage had ended"}
    await append_audit(connection, now, gate.reference, "relay", "decision_void", gate.gate, detail)
