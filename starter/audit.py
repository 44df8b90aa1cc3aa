"""The audit chain seen from outside: its head, exported where the database's owner cannot reach, and its proof.

The chain shows that a row was edited or taken out of the middle. That its end was cut off shows only against a
head that was written down before, so the head goes to the log and to a file, at start and every hour.
"""

import asyncio
import json
import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from starter.connections import Connection, Pool
from starter.record import append_audit

_LOG = logging.getLogger(__name__)

HEADS_FILE = "audit-heads.jsonl"
_WHOLE_CHAIN = 3600.0  # seconds; a chain of years is read from its first row
_WHY = {
    "gap": "a row before it was removed",
    "chain": "it does not follow from the row before it",
    "content": "it was edited",
}


class HeadsError(Exception):
    """A file of exported heads cannot be read or written; the text names the file, and the line that is wrong."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest row of the chain at some moment: its number and its hash in hex."""

    seq: int
    hash: str

    def as_line(self) -> str:
        """Write the head with the real time as one JSON line."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return json.dumps({"seq": self.seq, "hash": self.hash, "exported_at": now})


async def read_head(connection: Connection) -> Head | None:
    """Return the head, or None while nothing was ever recorded."""
    row = await connection.fetchrow("SELECT seq, hash FROM sfo.audit ORDER BY seq DESC LIMIT 1")
    return Head(row["seq"], row["hash"].hex()) if row else None


async def export_head(pool: Pool, data_dir: Path) -> Head | None:
    """Write the head to the log and to the file of heads in `data_dir`, and return it. Raises HeadsError."""
    async with pool.acquire() as connection:
        head = await read_head(connection)
    if head:
        _LOG.info("audit head: row %d, hash %s", head.seq, head.hash)
        await _keep(data_dir / HEADS_FILE, head)
    return head


async def _keep(path: Path, head: Head) -> None:
    try:
        await asyncio.to_thread(_append, path, head.as_line())
    except OSError as error:
        raise HeadsError(f"{path}: cannot be written, {error.strerror or type(error).__name__}") from None


def _append(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_heads(path: Path) -> list[Head]:
    """Return the heads in a file. Raises HeadsError, OSError."""
    heads = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            entry = json.loads(line)
            heads.append(Head(int(entry["seq"]), str(entry["hash"])))
        except (ValueError, KeyError, TypeError):
            raise HeadsError(f"{path}, line {number}: not a head as `sfo audit head` writes it") from None
    return heads


async def verify(connection: Connection, heads: Iterable[Head] = ()) -> list[str]:
    """Prove the chain and hold it against exported heads; return what is wrong, nothing when it is whole."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("SET LOCAL statement_timeout = 0")
        broken = await connection.fetch("SELECT bad, why FROM sfo.audit_verify()", timeout=_WHOLE_CHAIN)
        problems = [f"row {row['bad']}: {_WHY[row['why']]}" for row in broken]
        return problems + await _against(connection, list(heads))


async def _against(connection: Connection, heads: list[Head]) -> list[str]:
    noted = await _noted(connection)
    found = await _rows(connection, heads)
    problems = []
    for head in heads:
        if head in noted:
            continue  # lost when a backup was restored, which the chain itself says
        if head.seq not in found:
            problems.append(f"row {head.seq}: it was exported as the head and is gone; the end was cut off")
        elif found[head.seq] != head.hash:
            problems.append(f"row {head.seq}: it is not the row that was exported as the head")
    return list(dict.fromkeys(problems))


async def lost_heads(connection: Connection, heads: Iterable[Head]) -> list[Head]:
    """The exported heads that the chain does not hold and of which it does not say so, oldest first."""
    noted, every = await _noted(connection), list(heads)
    found = await _rows(connection, every)
    return sorted({one for one in every if found.get(one.seq) != one.hash} - noted, key=lambda one: one.seq)


async def note_restored(connection: Connection, heads: Iterable[Head]) -> list[Head]:
    """The chain says which exported heads a restore has lost, and from which row on it is a new one. Returns them.

    Nothing is written where none is lost, or where that stands in it already. Whoever reads the chain sees it; the
    file of heads still holds what was lost.
    """
    async with connection.transaction():
        lost = await lost_heads(connection, heads)
        if lost:
            last = await read_head(connection)
            detail = {
                "last": last.seq if last else 0,
                "lost_to": lost[-1].seq,
                "heads": [{"seq": one.seq, "hash": one.hash} for one in lost],
            }
            await append_audit(connection, datetime.now(UTC), None, "operations", "record_restored", "audit", detail)
        return lost


async def _noted(connection: Connection) -> set[Head]:
    rows = await connection.fetch(
        """SELECT one ->> 'seq' AS seq, one ->> 'hash' AS hash
           FROM sfo.audit, jsonb_array_elements(detail -> 'heads') one WHERE action = 'record_restored'"""
    )
    return {Head(int(row["seq"]), row["hash"]) for row in rows}


async def _rows(connection: Connection, heads: list[Head]) -> dict[int, str]:
    rows = await connection.fetch("SELECT seq, hash FROM sfo.audit WHERE seq = ANY($1)", [h.seq for h in heads])
    return {row["seq"]: row["hash"].hex() for row in rows}
