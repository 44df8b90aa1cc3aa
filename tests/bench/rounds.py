"""What is measured of one contender: whole cases, and cases that stand open."""

import asyncio
import os
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from temporalio.client import Client

from tests.bench.contenders import Contender
from tests.bench.floor import Shape
from tests.bench.measuring import Cpu, busy, megabytes_of, say
from tests.bench.product import Product
from tests.bench.watch import Watch, watching

UNDER_WAY = 60
"""Cases that are begun and not yet asking anybody: more would only queue."""
TOLD_EVERY = 100
"""Open cases between two lines to whoever watches."""


@dataclass(frozen=True, slots=True)
class History:
    """What Temporal holds of one case on average: events, bytes, workflows."""

    events: float
    bytes: float
    workflows: float


@dataclass(slots=True)
class Lives:
    """Whole cases, from charge to closed. Latencies in seconds: from the click to its effect in the record."""

    cases: int
    gates: int = 0
    seconds: float = 0.0
    cpu: Cpu = field(default_factory=lambda: Cpu(0, 0, 0, 0))
    others: float = 0.0
    latencies: list[float] = field(default_factory=list)
    rows: float = 0.0
    bytes: float = 0.0
    history: History | None = None

    @property
    def cpu_a_gate(self) -> float:
        """CPU milliseconds for each question answered, all but the driver's."""
        return 1000 * self.cpu.total / self.gates


@dataclass(slots=True)
class Standing:
    """Cases that stand open: what they hold, a click alone, and a worker that is killed. Seconds, MB, bytes."""

    cases: int
    opened_in: float = 0.0
    worker_kb: float = 0.0
    temporal_kb: float = 0.0
    rows: float = 0.0
    bytes: float = 0.0
    applied: list[float] = field(default_factory=list)
    receipts: list[float] = field(default_factory=list)
    burst: int = 0
    burst_in: float = 0.0
    killed: int = 0
    recovered_in: float = 0.0


class Meter:
    """What was used between two moments, and by how much others kept the machine busy."""

    def __init__(self, contender: Contender) -> None:
        self.contender = contender
        self.began, self.cpu, self.machine = time.perf_counter(), self._cpu(), busy()

    def _cpu(self) -> Cpu:
        return self.contender.site.cpu(self.contender.worker, os.getpid())

    def read(self) -> tuple[float, Cpu, float]:
        """Seconds, CPU, and the share of the machine that others took."""
        cpu, (worked, could) = self._cpu() - self.cpu, busy()
        others = worked - self.machine[0] - cpu.total - cpu.driver
        return time.perf_counter() - self.began, cpu, max(0.0, others / (could - self.machine[1]))


async def lives(contender: Contender, numbers: Sequence[int], at_once: int) -> Lives:
    """These cases are carried from the charge to the end, so many at once, everybody answering as soon as asked."""
    done = Lives(len(numbers))
    before, began = await contender.site.stored(contender.schema), datetime.now(UTC)
    async with watching(contender.site.app_url) as watch:
        people = asyncio.create_task(_everybody(contender, watch, done))
        meter = Meter(contender)
        try:
            await _beside(people, limited(at_once, [_life(contender, watch, number) for number in numbers]))
        finally:
            done.seconds, done.cpu, done.others = meter.read()
            people.cancel()
            await asyncio.gather(people, return_exceptions=True)
    after = await contender.site.stored(contender.schema)
    done.rows, done.bytes = ((b - a) / done.cases for a, b in zip(before, after, strict=True))
    done.history = await _history(contender, began, done.cases)
    return done


async def _life(contender: Contender, watch: Watch, number: int) -> None:
    reference = await contender.open(number)
    await contender.close_later(reference)
    await watch.closed(reference)


async def _everybody(contender: Contender, watch: Watch, done: Lives) -> None:
    """Each question is answered by somebody as soon as it is asked; a failure of one is everybody's."""
    async with asyncio.TaskGroup() as answers:
        while True:
            answers.create_task(_answered(contender, watch, await watch.opened.get(), done))


async def _answered(contender: Contender, watch: Watch, gate: str, done: Lives) -> None:
    began = time.perf_counter()
    await contender.answer(gate)
    await watch.settled(gate)
    done.latencies.append(time.perf_counter() - began)
    done.gates += 1


async def shape_of(product: Product, cases: int = 1) -> Shape:
    """Count what one case of the product does in the record, on cases that closed before."""
    row = await product.pool.fetchrow(
        """SELECT (SELECT count(*) FROM sfo.gates WHERE state = 'decided') AS gates,
                  (SELECT count(*) FROM sfo.outbox) AS letters, (SELECT count(*) FROM sfo.audit) AS audits,
                  (SELECT count(*) FROM sfo.cases) AS cases"""
    )
    assert row is not None
    assert row["cases"] == cases
    return Shape(*(round(row[name] / cases) for name in ("gates", "letters", "audits")))


async def standing(contender: Contender, cases: int, clicks: int, first: int = 0) -> Standing:
    """So many cases stand open, each asking somebody; then clicks, a worker that is killed, and one that is not."""
    done = Standing(cases)
    async with watching(contender.site.app_url) as watch:
        await _open(contender, watch, range(first, first + 5))  # whatever is made once is made
        await asyncio.sleep(2)
        memory, stored = _memory(contender), await contender.site.stored(contender.schema)
        done.opened_in = await _timed(_open(contender, watch, range(first + 5, first + 5 + cases)))
        await asyncio.sleep(3)
        done.worker_kb, done.temporal_kb = (
            1024 * (now - then) / cases for now, then in zip(_memory(contender), memory, strict=True)
        )
        now = await contender.site.stored(contender.schema)
        done.rows, done.bytes = ((b - a) / cases for a, b in zip(stored, now, strict=True))
        gates = _first_gates(contender, watch)[5:]
        alone, rest = gates[:clicks], gates[clicks:]
        for gate in alone:
            await _alone(contender, watch, gate, done)
        done.killed = min(500, len(rest) // 2)
        done.recovered_in = await _timed(_killed(contender, watch, rest[: done.killed]))
        await asyncio.sleep(3)
        left = rest[done.killed : 2 * done.killed]
        done.burst = len(left)
        done.burst_in = await _timed(limited(50, [_moved(contender, watch, gate) for gate in left]))
    return done


async def _open(contender: Contender, watch: Watch, numbers: Sequence[int]) -> None:
    waiting, opened = asyncio.Semaphore(UNDER_WAY), 0

    async def one(number: int) -> None:
        nonlocal opened
        async with waiting:
            reference = await contender.open(number)
            while not _asks(contender, watch, reference):
                await asyncio.sleep(0.05)
        opened += 1
        if opened % TOLD_EVERY == 0:
            say(f"{contender.name}: {opened:,} of {len(numbers):,} open")

    await limited(UNDER_WAY, [one(number) for number in numbers])


def _asks(contender: Contender, watch: Watch, reference: str) -> bool:
    return _first_gate(contender, reference) in watch.asking


def _first_gate(contender: Contender, reference: str) -> str:
    return f"{reference}/{contender.first_question}"


def _first_gates(contender: Contender, watch: Watch) -> list[str]:
    return sorted(gate for gate in watch.asking if gate == _first_gate(contender, gate.partition("/")[0]))


async def _alone(contender: Contender, watch: Watch, gate: str, done: Standing) -> None:
    """One click, with nothing else going on: until its effect stands in the record, and until the process says so."""
    began = time.perf_counter()

    async def applied() -> None:
        await watch.settled(gate)
        done.applied.append(time.perf_counter() - began)

    waiting = asyncio.create_task(applied())
    decision = await contender.answer(gate)
    if await contender.receipt(gate, decision):
        done.receipts.append(time.perf_counter() - began)
    await waiting
    await asyncio.sleep(1)  # what follows is not the next click's


async def _killed(contender: Contender, watch: Watch, gates: Sequence[str]) -> None:
    """The worker is killed and another started at once, while everybody answers; until each answer is applied."""
    await contender.stop()
    await Contender.begin(contender)  # the process alone: its build gets work already
    await limited(50, [_moved(contender, watch, gate) for gate in gates])


async def _moved(contender: Contender, watch: Watch, gate: str) -> None:
    await contender.answer(gate)
    await watch.settled(gate)


def _memory(contender: Contender) -> tuple[float, float]:
    return megabytes_of(contender.worker), sum(map(megabytes_of, contender.site.temporal_pids))


async def _timed(doing: Awaitable[object]) -> float:
    began = time.perf_counter()
    await doing
    return time.perf_counter() - began


async def _history(contender: Contender, began: datetime, cases: int) -> History | None:
    """Of what began since then and has ended; Temporal's lists follow by some moments."""
    if not contender.runs_on_temporal:
        return None
    client: Client = contender.client  # type: ignore[attr-defined]
    await asyncio.sleep(2)
    query = f"StartTime >= '{began:%Y-%m-%dT%H:%M:%S.%fZ}' AND ExecutionStatus = 'Completed'"
    ended = [one.raw_info async for one in client.list_workflows(query)]
    if not ended:
        return None
    events, size = sum(one.history_length for one in ended), sum(one.history_size_bytes for one in ended)
    return History(events / cases, size / cases, len(ended) / cases)


async def limited(at_once: int, work: Sequence[Awaitable[None]]) -> None:
    """All of it, so many at a time; the first failure ends the rest."""
    free = asyncio.Semaphore(at_once)

    async def one(each: Awaitable[None]) -> None:
        async with free:
            await each

    async with asyncio.TaskGroup() as group:
        for each in work:
            group.create_task(one(each))


async def _beside(people: "asyncio.Task[None]", work: Awaitable[None]) -> None:
    """Do the work, and fail at once where the people beside it fail."""
    doing = asyncio.ensure_future(work)
    await asyncio.wait([people, doing], return_when=asyncio.FIRST_COMPLETED)
    if not doing.done():
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)
        await people
    await doing
