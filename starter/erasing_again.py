"""After a restore: every erasure that the file of erasures knows is carried out anew where something came back.

A backup of the record brings back what named people, and one of the keys a key. The file stands beside neither.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from starter.connections import Connection
from starter.erasure import Eraser, unfinished
from starter.key_backup import has_copy, noted_erasures
from starter.reports import ReportRefusedError


@dataclass(frozen=True, slots=True)
class Renewed:
    """What became of a case: `finished`, `erased again`, `erased`; `key destroyed`: the record has no such case."""

    reference: str
    what: str


async def again(eraser: Eraser, email: str) -> Sequence[Renewed]:
    """Finish what is unfinished, and erase anew whatever a restore brought back. Safe to repeat.

    Raises ReportRefusedError where a hold stands that was set since, KeysAwayError, TemporalAwayError, ValueError for a
    broken file of erasures.
    """
    renewed = []
    async with eraser.pool.acquire() as connection:
        begun = await unfinished(connection)
    for reference in begun:
        await eraser.carry_out(reference, email=email)
        renewed.append(Renewed(reference, "finished"))
    for noted in await asyncio.to_thread(noted_erasures, eraser.folder):
        if noted["reference"] not in begun:
            renewed.append(Renewed(noted["reference"], await _renew(eraser, noted, email)))
    return renewed


async def _renew(eraser: Eraser, noted: Mapping[str, Any], email: str) -> str:
    reference = noted["reference"]
    async with eraser.pool.acquire() as connection:
        row = await connection.fetchrow("SELECT erased_at FROM sfo.cases WHERE reference = $1", reference)
        if row is None:  # the backup is older than the case
            await eraser.keys.destroy(reference)
            return "key destroyed"
        if row["erased_at"] is not None and not await _came_back(eraser, reference):
            return "erased"
        await _order_again(connection, noted)
    await eraser.carry_out(reference, email=email, again=True)
    return "erased again"


async def _came_back(eraser: Eraser, reference: str) -> bool:
    state, copies = await eraser.keys.state(reference), eraser.settings.key_backup_dir
    is_copied = copies is not None and await asyncio.to_thread(has_copy, copies, reference)
    return state is None or not state.destroyed or is_copied


async def _order_again(connection: Connection, noted: Mapping[str, Any]) -> None:
    """The order of then stands, and the case is closed as it was, whatever it was when the backup was made."""
    reference = noted["reference"]
    async with connection.transaction():
        held = await connection.fetchval(
            "SELECT reason_code FROM sfo.holds WHERE reference = $1 AND lifted_at IS NULL", reference
        )
        if held:
            raise ReportRefusedError(
                f"{reference} was erased on {noted['erased_at'][:10]} and is under hold in this record ({held}): where "
                "the hold was lifted before, lift it again with `sfo hold lift`, then repeat this"
            )
        await connection.execute(
            """INSERT INTO sfo.erasures (reference, reason_code, proposed_by, confirmed_by, confirmed_at)
               VALUES ($1, $2, $3, $4, clock_timestamp()) ON CONFLICT (reference) DO UPDATE
               SET confirmed_by = coalesce(erasures.confirmed_by, CASE erasures.proposed_by
                       WHEN excluded.confirmed_by THEN excluded.proposed_by ELSE excluded.confirmed_by END),
                   confirmed_at = coalesce(erasures.confirmed_at, clock_timestamp())""",
            reference,
            noted["reason_code"],
            noted["proposed_by"],
            noted["confirmed_by"],
        )
        await connection.execute(
            "UPDATE sfo.gates SET state = 'withdrawn', closed_at = opened_at WHERE reference = $1 AND state = 'open'",
            reference,
        )
        await connection.execute(
            """UPDATE sfo.cases SET stage = 'closed', closed_on = coalesce(closed_on, $2),
                   outcome = coalesce(outcome, $3), started_at_wall = coalesce(started_at_wall, clock_timestamp())
               WHERE reference = $1""",
            reference,
            date.fromisoformat(noted["closed_on"]),
            noted["outcome"],
        )
