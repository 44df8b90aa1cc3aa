"""How the service stands, read from the record twice a minute by the relay that leads: counts and ages, nobody.

A gateway that does not lead shows none of it, so that nothing is counted twice; nor does one whose figures are old.
Ages are real seconds, also of a case in rehearsal. The audit chain is verified once an hour.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
from opentelemetry import metrics

from starter.audit import HEADS_FILE, HeadsError, read_heads, verify
from starter.connections import Connection, Pool
from starter.gauges_sql import FIGURES, Figure

_LOG = logging.getLogger(__name__)

EVERY = timedelta(seconds=30)
VERIFIED_EVERY = timedelta(hours=1)
_OLD = 4 * EVERY
Observations = list[metrics.Observation]


class Gauges:
    """What the leading relay shows. `data_dir` holds the exported heads."""

    def __init__(self, pool: Pool, data_dir: Path) -> None:
        self._pool, self._heads = pool, data_dir / HEADS_FILE
        self._found: dict[str, Sequence[asyncpg.Record]] = {}
        self._problems: int | None = None
        self._read_at = self._next_look = self._next_proof = 0.0
        self._proving: asyncio.Task[None] | None = None
        meter = metrics.get_meter("sfo.relay")
        for figure in FIGURES:
            meter.create_observable_gauge(figure.name, [self._shower(figure)], figure.unit, figure.description)
        meter.create_observable_gauge(
            "sfo.audit.head.age", [self._head_age], "s", "Time since the head of the audit chain was last exported"
        )
        meter.create_observable_gauge(
            "sfo.audit.problems", [self._proof], description="What the last proof of the audit chain found wrong"
        )

    async def look(self, connection: Connection) -> None:
        """Read the figures, if it is time to, as the leader's."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + EVERY.total_seconds()
        queries = {figure.query for figure in FIGURES}
        self._found = {query: await connection.fetch(query) for query in queries}
        self._read_at = time.monotonic()
        if now >= self._next_proof and (self._proving is None or self._proving.done()):
            self._next_proof = now + VERIFIED_EVERY.total_seconds()
            # Beside the deliveries: proving a long chain takes a while.
            self._proving = asyncio.create_task(self._prove())

    def forget(self) -> None:
        """Show nothing: another relay leads."""
        self._found, self._problems, self._next_look, self._next_proof = {}, None, 0.0, 0.0

    async def _prove(self) -> None:
        try:
            heads = await asyncio.to_thread(read_heads, self._heads) if self._heads.exists() else []
            async with self._pool.acquire() as connection:
                problems = await verify(connection, heads)
        except (HeadsError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            _LOG.warning("the audit chain could not be verified: %s", type(error).__name__)
            self._next_proof = 0.0
            return
        if problems:
            _LOG.error("the audit chain does not verify: %d problems, the first at %s", len(problems), problems[0])
        self._problems = len(problems)

    def _shower(self, figure: Figure) -> Callable[[metrics.CallbackOptions], Observations]:
        def show(_: metrics.CallbackOptions) -> Observations:
            if time.monotonic() - self._read_at > _OLD.total_seconds():
                return []
            return [
                _observed(row, figure) for row in self._found.get(figure.query, ()) if row[figure.column] is not None
            ]

        return show

    def _head_age(self, _: metrics.CallbackOptions) -> Observations:
        """Of the file that this process writes, so that it counts on across a restart."""
        try:
            return [metrics.Observation(max(0.0, time.time() - self._heads.stat().st_mtime))]
        except OSError:
            return []

    def _proof(self, _: metrics.CallbackOptions) -> Observations:
        return [] if self._problems is None else [metrics.Observation(self._problems)]


def _observed(row: asyncpg.Record, figure: Figure) -> metrics.Observation:
    labels: dict[str, Any] = {label: str(row[label]) for label in figure.labels}
    return metrics.Observation(float(row[figure.column]), labels)
