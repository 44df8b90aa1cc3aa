"""The real service while it is watched: people answer by their links, a collector and `/metrics` see what follows."""

import asyncio
import contextlib
import json
import secrets
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from starter.cast import Cast
from starter.connections import Pool, database_pool, temporal_client
from starter.delivery import Delivery
from starter.demo import Playing, beside, open_parts
from starter.up import Children, RunningStack, stack
from tests.telemetry.collector import Collector, collecting

ANSWERS = 12
OFTEN = Children(
    worker=(sys.executable, "-m", "tests.telemetry.process", "worker"),
    gateway=(sys.executable, "-m", "tests.telemetry.process", "gateway"),
)
PATIENCE = 120.0


@dataclass(frozen=True)
class Watched:
    """What was seen, and the service, which has stopped: everything that it had to hand over has arrived."""

    collector: Collector
    scraped: dict[str, str]
    """What each process said at `/metrics`."""
    lines: list[dict[str, Any]]
    """The log lines of both."""
    running: RunningStack
    decisions: list[dict[str, Any]]
    """Those that were applied."""
    opened: int
    """How many questions were put."""
    sent: int
    """How many letters went out."""


def two_ports() -> int:
    """A free port whose next is free too, of those that no connection is given while nobody listens there yet."""
    while True:
        port = 20_000 + 2 * secrets.randbelow(5_000)
        with socket.socket() as first, socket.socket() as second, contextlib.suppress(OSError):
            first.bind(("127.0.0.1", port))
            second.bind(("127.0.0.1", port + 1))
            return port


@contextlib.asynccontextmanager
async def playing(running: RunningStack, pool: Pool) -> AsyncIterator[Cast]:
    """The demo's cases, and its people at work: three cases in rehearsal time, the fourth in real time."""
    delivery = Delivery(await temporal_client(running.settings), pool)
    cases: list[Playing] = await open_parts(running, pool, delivery, lambda _: None)
    assert running.settings.mailbox_dir is not None
    lines = {case.reference: case.part.lines for case in cases}
    cast = Cast(running.settings.mailbox_dir, lines, {case.reference: case.clock for case in cases})
    async with beside(cast.run()):
        yield cast


async def scrape(running: RunningStack) -> dict[str, str]:
    """What each process says at `/metrics`."""
    async with httpx.AsyncClient(trust_env=False, timeout=10) as browser:
        found = {}
        for service in ("gateway", "worker"):
            found[service] = (await browser.get(f"http://{running.settings.metrics_of(service)}/metrics")).text
        return found


async def watch(folder: Path) -> Watched:
    """Run the service until its people have answered a number of questions; then stop it."""
    with collecting() as collector:
        environ = {
            "SFO_DATA_DIR": str(folder),
            "SFO_OTLP_ENDPOINT": collector.url,
            "SFO_METRICS_ADDRESS": f"127.0.0.1:{two_ports()}",
        }
        async with (
            stack(environ, children=OFTEN, say=lambda _: None) as running,
            database_pool(running.settings) as pool,
        ):
            async with playing(running, pool) as cast, asyncio.timeout(PATIENCE):
                while cast.answered < ANSWERS:  # the cast sends no event
                    await asyncio.sleep(0.1)
            await asyncio.sleep(4)  # what the last answers brought about
            scraped, (opened, sent) = await at_one_moment(running, pool)
            rows = await pool.fetch("SELECT gate, decision FROM sfo.decisions WHERE applied_at IS NOT NULL")
        lines = [json.loads(line) for name in ("gateway", "worker") for line in _lines(folder / f"{name}.log")]
        return Watched(collector, scraped, lines, running, [dict(row) for row in rows], opened, sent)


async def at_one_moment(running: RunningStack, pool: Pool) -> tuple[dict[str, str], tuple[int, int]]:
    """What the processes say and what the record holds, while nothing changes: cases in rehearsal go on meanwhile."""
    counts = """SELECT (SELECT count(*) FROM sfo.gates), (SELECT count(*) FROM sfo.outbox WHERE state = 'sent')"""
    async with asyncio.timeout(PATIENCE):
        while True:
            before = tuple(await pool.fetchrow(counts) or ())
            scraped = await scrape(running)
            if before == tuple(await pool.fetchrow(counts) or ()):
                return scraped, (before[0], before[1])


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line.startswith("{")]
