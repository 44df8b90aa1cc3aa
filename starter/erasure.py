"""Carrying out an ordered erasure, step by step: each is safe to repeat, so that whatever stops it, it goes on later.

First the record, then the key in its store and its copy, then the proof that nothing sealed with it can be read. Only
with that proof is it done. What was erased is noted in a file as well, since a record that is restored forgets it.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
from temporalio.api.common.v1 import Payload
from temporalio.client import Client

from starter.case_keys import CaseKeys, ErasedError
from starter.connections import Connection, Pool
from starter.history_payloads import payloads_of
from starter.key_backup import has_copy, note_erasure, noted_erasures
from starter.payloads import KEY_ID, EncryptionCodec
from starter.record import append_audit
from starter.reports import locked_case
from starter.settings import Settings

_SAID = Payload(metadata={"encoding": b"json/plain"}, data=b'"sealed before the erasure"')


class NotProvedError(Exception):
    """After its key was destroyed something of the case could still be read, or its copy is still there."""


@dataclass(frozen=True, slots=True)
class Erased:
    """An erasure that is done. `proof`: what could not be read any more; `counts`: rows by table.

    `under_ring`: payloads in Temporal from before cases had keys; they go with the ring's key, not with the case's.
    """

    reference: str
    fingerprint: str | None
    proof: str
    counts: Mapping[str, int]
    under_ring: int


@dataclass(frozen=True, slots=True)
class Eraser:
    """Carries out erasures that two people have ordered."""

    settings: Settings
    pool: Pool
    client: Client

    @property
    def keys(self) -> CaseKeys:
        """The keys as somebody sees them who holds none in memory."""
        return CaseKeys.of(self.settings)

    @property
    def folder(self) -> Path:
        """Where the file of erasures is."""
        return erasures_folder(self.settings)

    async def carry_out(self, reference: str, *, email: str, again: bool = False) -> Erased:
        """Erase, or go on where it stopped; done already, say so. `email`: who goes on with it.

        Raises KeysAwayError, TemporalAwayError, NotProvedError, and what asyncpg raises; what is done stays done.
        """
        row = await self._row(reference)
        if row["done_at"] and not again:
            return Erased(reference, row["fingerprint"], row["proof"], row["counts"], 0)
        await self.keys.require_within_reach(reference, self._is_noted(reference))
        under_ring = await self._keep_a_probe(reference) if row["proof"] is None else 0
        await self.pool.execute("SELECT sfo.erase_case($1, false)", reference, timeout=120)
        row = await self._row(reference)
        await asyncio.to_thread(note_erasure, self.folder, _noted(row))
        fingerprint = await self.keys.destroy(reference) or row["fingerprint"]
        await self._prove(reference, row)
        await self._done(reference, fingerprint, email, under_ring, again=again)
        return Erased(reference, fingerprint, row["proof"], row["counts"], under_ring)

    async def _row(self, reference: str) -> asyncpg.Record:
        row = await self.pool.fetchrow(
            """SELECT e.*, c.closed_on, c.outcome FROM sfo.erasures e JOIN sfo.cases c USING (reference)
               WHERE reference = $1""",
            reference,
        )
        if row is None:
            raise LookupError(f"nobody ordered the erasure of {reference}")
        return row

    def _is_noted(self, reference: str) -> bool:
        return any(one["reference"] == reference for one in noted_erasures(self.folder))

    async def _keep_a_probe(self, reference: str) -> int:
        """Keep something that only the case's key opens, of its own history where there is any; see that it opens."""
        state, probe, proof, under_ring = await self.keys.state(reference), None, "none", 0
        async for _, payload in payloads_of(self.client, reference):
            kid = payload.metadata.get(KEY_ID, b"").decode()
            if kid.startswith(f"case:{reference}:"):
                probe, proof = probe or payload, "history"
            elif kid:
                under_ring += 1
        if state is not None and not state.destroyed:
            codec = EncryptionCodec(self.settings.payload_keys, self.keys)
            if probe is None:
                (probe,) = await codec.of_case(reference).encode([_SAID])
                proof = "probe"
            await codec.decode([probe])
        sealed = probe.SerializeToString() if probe else None
        await self.pool.execute(
            "UPDATE sfo.erasures SET probe = $2, proof = $3 WHERE reference = $1 AND proof IS NULL",
            reference,
            sealed,
            proof,
        )
        return under_ring

    async def _prove(self, reference: str, row: asyncpg.Record) -> None:
        """Nothing opens what the key had sealed, no other key is made, no copy is left. Raises NotProvedError."""
        codec = EncryptionCodec(self.settings.payload_keys, self.keys)
        sealed = [Payload.FromString(row["probe"])] if row["probe"] else []
        attempts = [codec.of_case(reference).encode([_SAID])]
        attempts += [codec.decode(sealed)] if sealed else []
        for found in await asyncio.gather(*attempts, return_exceptions=True):
            if isinstance(found, ErasedError):
                continue
            if isinstance(found, BaseException):
                raise found
            raise NotProvedError(f"{reference}: what its key had sealed could still be read, or a new key was made")
        copies = self.settings.key_backup_dir
        if copies is not None and has_copy(copies, reference):
            raise NotProvedError(f"{reference}: the copy of its key is still in SFO_KEY_BACKUP_DIR")

    async def _done(self, reference: str, fingerprint: str | None, email: str, under_ring: int, *, again: bool) -> None:
        """It is done and the chain says so, once. One transaction."""
        async with self.pool.acquire() as connection, connection.transaction():
            case = await locked_case(connection, reference)
            row = await connection.fetchrow(
                """UPDATE sfo.erasures SET done_at = coalesce(done_at, clock_timestamp()), fingerprint = $2,
                       again = again + $3::integer
                   WHERE reference = $1 AND (done_at IS NULL OR $3 = 1) RETURNING *""",
                reference,
                fingerprint,
                int(again),
            )
            if row is None:  # somebody else finished it in this moment
                return
            detail = {
                "reason": row["reason_code"],
                "proposed_by": row["proposed_by"],
                "confirmed_by": row["confirmed_by"],
                "fingerprint": fingerprint,
                "proof": row["proof"],
                "counts": row["counts"],
                "under_ring": under_ring,
                "again": again,
            }
            await append_audit(connection, case.now, reference, email, "case_erased", reference, detail)


def erasures_folder(settings: Settings) -> Path:
    """Where the file of erasures is: beside the copies of the keys, or in the data folder where there are none."""
    return settings.key_backup_dir or settings.data_dir


async def unfinished(connection: Connection) -> list[str]:
    """Return the cases whose erasure two people have ordered and that is not done."""
    rows = await connection.fetch(
        "SELECT reference FROM sfo.erasures WHERE confirmed_by IS NOT NULL AND done_at IS NULL ORDER BY confirmed_at"
    )
    return [row["reference"] for row in rows]


def _noted(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "reference": row["reference"],
        "erased_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "reason_code": row["reason_code"],
        "proposed_by": row["proposed_by"],
        "confirmed_by": row["confirmed_by"],
        "closed_on": row["closed_on"].isoformat(),
        "outcome": row["outcome"],
    }
