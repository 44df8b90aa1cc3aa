"""A thousand open cases while workers come and go and builds are shipped: `python -m tests.drills.thousand [CASES]`.

On a real PostgreSQL and a real Temporal server of its own, with real workers as processes of their own. Four workers
are stopped and killed at random while people answer; then a change that carries open cases and one that does not are
rolled out and back. Prints what was counted. A thousand cases take about twenty minutes on two cores that others use.
"""

import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from temporalio.client import Client

from deploy.embedded.process import end, spawn
from starter.audit import verify
from starter.columns import in_columns
from starter.connections import Pool, open_pool, temporal_client
from starter.delivery import Delivery
from starter.deployment_state import FAILING, routing, unserved, workers
from starter.reconciling import Reconciliation
from starter.record import Asked, Offer, record_decision
from starter.registered import CASEWORK, NATIONAL
from starter.replaying import Fate
from starter.rollout import change, make_current
from starter.rollout_back import take_back
from starter.rollout_drain import drain
from starter.rollout_guide import Guide
from starter.rollout_keeping import Kept, keep
from starter.rollout_record import Ledger, as_counts
from starter.rollout_watch import Watch
from starter.settings import Settings
from starter.signals import TemporalAwayError
from starter.stranded import Stranded
from starter.temporal_state import count_all, count_open
from tests.drills.harm import put_down
from tests.drills.worker_memory import Bench, embedded_services, worker_command
from tests.histories.compatible import Thanking
from tests.histories.incompatible import AskedTwice
from workflows.contract.vocabulary import Channel, Rung
from workflows.notification import Notification

FLEET = 4
OLD, COMPATIBLE, INCOMPATIBLE = "one", "two", "three"
CHANGED = {COMPATIBLE: Thanking, INCOMPATIBLE: AskedTwice}
PATIENCE = 240
"""Seconds for what was answered to be applied: a step that a killed worker held is given on after its time is up."""

HARM = (
    "ended in failure",
    "cases that do not run",
    "stranded",
    "answers not applied",
    "rows of the chain that do not verify",
)
"""In which ways a case could be harmed, or what is known of it."""

WITH_CHANGED = """
import asyncio, importlib, os, worker
module, name = os.environ["CHANGED"].split(":")
changed = getattr(importlib.import_module(module), name)
worker.CASEWORK = [one for one in worker.CASEWORK if one.__name__ != "Notification"] + [changed]
asyncio.run(worker.main(worker.Settings.from_environment()))
os._exit(0)
"""


def code_of(build: str) -> list[type]:
    """Every workflow that this build runs."""
    changed = CHANGED.get(build, Notification)
    return [*(one for one in CASEWORK if one is not Notification), changed, *NATIONAL]


@dataclass
class Fleet:
    """Worker processes of several builds."""

    folder: Path
    settings: Settings
    processes: list[tuple[str, asyncio.subprocess.Process]] = field(default_factory=list)
    stopped: int = 0
    killed: int = 0

    async def start(self, build: str) -> None:
        """One more worker of this build."""
        settings = self.settings.model_copy(update={"build_id": build})
        changed = CHANGED.get(build)
        command = (
            worker_command(
                self.folder, settings, ("-c", WITH_CHANGED), CHANGED=f"{changed.__module__}:{changed.__name__}"
            )
            if changed
            else worker_command(self.folder, settings)
        )
        self.processes.append((build, await spawn(command)))

    async def another(self, by: random.Random) -> None:
        """Some worker ends, in order or not, and a new one comes in its place."""
        build, process = self.processes.pop(by.randrange(len(self.processes)))
        how = by.choice([signal.SIGTERM, signal.SIGKILL])
        await end(process, how, timedelta(seconds=45))
        self.stopped += how is signal.SIGTERM
        self.killed += how is signal.SIGKILL
        await self.start(build)

    async def leave(self, build: str | None = None) -> None:
        """The workers of this build end in order, or all of them."""
        for each in [one for one in self.processes if build in (None, one[0])]:
            self.processes.remove(each)
            await end(each[1], signal.SIGTERM, timedelta(seconds=45))


@dataclass
class Drill:
    """A service with open cases, and what was counted in it."""

    settings: Settings
    pool: Pool
    client: Client
    fleet: Fleet
    by: random.Random
    answered: list[str] = field(default_factory=list)
    counted: list[tuple[str, str]] = field(default_factory=list)

    def count(self, what: str, number: object) -> None:
        """Put it into the table, and say it."""
        self.counted.append((what, str(number)))
        print(f"{datetime.now(UTC):%H:%M:%S}  {what}: {number}", flush=True)  # noqa: T201

    async def answer(self, number: int) -> None:
        """So many people answer that the notification has been sent, as the gateway would take it."""
        rows = await self.pool.fetch(
            """SELECT g.* FROM sfo.gates g WHERE g.question = 'notification' AND g.state = 'open'
               AND NOT EXISTS (SELECT FROM sfo.decisions d WHERE d.gate = g.gate) ORDER BY g.gate"""
        )
        delivery = Delivery(self.client, self.pool)
        for row in self.by.sample(rows, min(number, len(rows))):
            offer = Offer(uuid4(), "sent", {"sent_on": str(datetime.now(UTC).date())}, None, Channel.LINK)
            async with self.pool.acquire() as connection:
                asked = Asked(row["person_email"], row["person_name"], Rung.ASKED)
                outcome = await record_decision(connection, row["gate"], asked, offer)
            assert outcome.is_new, row["gate"]
            self.answered.append(str(offer.decision))
            await _until_taken(delivery, offer)

    async def applied(self) -> int:
        """How many of the answers were applied; each once, or this fails."""
        rows = await self.pool.fetch(
            """SELECT d.decision::text AS decision, (SELECT count(*) FROM sfo.audit a
                   WHERE a.action = 'decision_applied' AND a.detail ->> 'decision' = d.decision::text) AS times
               FROM sfo.decisions d WHERE d.applied_at IS NOT NULL"""
        )
        assert [row["decision"] for row in rows if row["times"] != 1] == []
        return len(rows)

    async def all_applied(self) -> float:
        """Wait until every answer is applied; returns the seconds."""
        start = time.monotonic()
        async with asyncio.timeout(PATIENCE):
            while await self.applied() < len(self.answered):
                await asyncio.sleep(0.5)
        return time.monotonic() - start

    def checked(self, what: str, found: Mapping[str, int]) -> None:
        """Put the counts of a check into the table."""
        for fate in Fate:
            self.count(f"{what}, {fate.replace('_', ' ')}", found[fate])

    async def unharmed(self, what: str) -> None:
        """Count what went wrong with any case so far, which is nothing."""
        found = await self.harmed()
        for name, number in found.items():
            self.count(f"{what}: {name}", number)
        assert set(found.values()) == {0}

    async def harmed(self) -> dict[str, int]:
        """Each way in which a case may have been harmed, with how often it was."""
        cases = await self.pool.fetchval("SELECT count(*) FROM sfo.cases")
        open_ = await count_open(self.client, "WorkflowType = 'sfo-case'")
        async with asyncio.timeout(PATIENCE):
            while await count_open(self.client, FAILING):
                await asyncio.sleep(1)
        async with self.pool.acquire() as connection:
            broken = await verify(connection, [])
        ended = "ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated', 'Canceled')"
        found = [
            await count_all(self.client, ended),
            cases - open_,
            len(await self.stranded()),
            len(self.answered) - await self.applied(),
            len(broken),
        ]
        return dict(zip(HARM, found, strict=True))

    async def stranded(self) -> list[Stranded]:
        """What the reconciliation finds."""
        return await Reconciliation.of(self.settings, Delivery(self.client, self.pool), self.pool).look()

    async def polling(self, build: str) -> None:
        """Wait for workers of this build."""
        async with asyncio.timeout(120):
            while unserved(await workers(self.client), build):
                await asyncio.sleep(0.5)

    def guide(self, build: str, lasting: float) -> Guide:
        """A guide that ships this build without asking."""
        ledger = Ledger(self.pool, "operator@example.test")
        return Guide(
            self.client,
            ledger,
            build,
            (10, 50),
            timedelta(seconds=lasting),
            timedelta(seconds=60),
            lambda line: print(f"  {line}", flush=True),  # noqa: T201
            lambda _: True,
            self.stranded,
            code_of(build),
            every=timedelta(seconds=2),
        )


async def _until_taken(delivery: Delivery, offer: Offer) -> None:
    """As the relay does: again and again."""
    while True:
        try:
            await delivery.deliver_decision(offer.decision)
        except TemporalAwayError:
            await asyncio.sleep(1)
        else:
            return


@asynccontextmanager
async def drill(folder: Path, cases: int, seed: int = 7) -> AsyncIterator[Drill]:
    """So many open cases, each asking somebody, carried by four workers of one build."""
    async with embedded_services(folder) as settings:
        settings = settings.model_copy(update={"build_id": OLD})
        fleet = Fleet(folder, settings)
        client = await temporal_client(settings)
        pool = await open_pool(settings.database_url)
        try:
            for _ in range(FLEET):
                await fleet.start(OLD)
            await make_current(client, build_id=OLD, timeout=timedelta(minutes=2))
            start = time.monotonic()
            await Bench(pool, client, 0).grow(cases)
            drilled = Drill(settings, pool, client, fleet, random.Random(seed))  # noqa: S311
            drilled.count("open cases", cases)
            drilled.count("open workflows", await count_open(client))
            drilled.count("opened in", f"{time.monotonic() - start:.0f} s")
            yield drilled
        finally:
            await fleet.leave()
            await pool.close()


async def workers_come_and_go(drilled: Drill, answers: int, stops: int) -> None:
    """So many workers end at random while so many people answer; every answer is applied once and no case is harmed."""
    fleet = drilled.fleet

    async def churned() -> None:
        for _ in range(stops):
            await fleet.another(drilled.by)
            await asyncio.sleep(drilled.by.uniform(0.5, 2.5))

    churning = asyncio.create_task(churned())
    part = max(1, answers // (2 * stops))
    while not churning.done() or len(drilled.answered) < answers:
        await drilled.answer(min(part, answers - len(drilled.answered)))
        await asyncio.sleep(0.5)
    await churning
    waited = await drilled.all_applied()
    drilled.count("workers stopped, SIGTERM", fleet.stopped)
    drilled.count("workers killed, SIGKILL", fleet.killed)
    drilled.count("answers given meanwhile", len(drilled.answered))
    drilled.count("answers applied once", await drilled.applied())
    drilled.count("last one applied after the last stop", f"{waited:.0f} s")
    await drilled.unharmed("workers come and go")


async def compatible_change(drilled: Drill, answers: int, lasting: float) -> None:
    """A change that carries open cases is rolled out by the guide and taken back, while people answer."""
    for _ in range(2):
        await drilled.fleet.start(COMPATIBLE)
    await drilled.polling(COMPATIBLE)
    guide = drilled.guide(COMPATIBLE, lasting)
    shipping = asyncio.create_task(guide.go())
    while not shipping.done():
        if (await routing(drilled.client)).ramping:
            await drilled.answer(max(1, answers // 10))
        await asyncio.sleep(2)
    ended = await shipping
    assert ended.is_shipped, ended.text
    row = await drilled.pool.fetchval("SELECT detail FROM sfo.audit WHERE action = 'build_made_current'")
    drilled.checked("compatible: check", row["checked"])
    await drilled.answer(answers)
    await drilled.all_applied()

    async def keeping(left: str, _: str) -> Kept:
        return await keep(drilled.client, guide.ledger, left, code_of(OLD))

    answering = asyncio.create_task(drilled.answer(answers))
    back = await take_back(drilled.client, guide.ledger, "the drill", keeping=keeping)
    await answering
    assert back.kept
    assert not back.kept.unread
    drilled.count("compatible: rolled out, then back; open workflows with steps on it", back.ran)
    drilled.count("compatible: of them stay with it, since the old code cannot follow", len(back.kept.workflows))
    await drilled.answer(answers)
    await drilled.all_applied()
    needed = await drain(drilled.client, COMPATIBLE, timedelta(seconds=PATIENCE), guide.say)
    assert needed.is_done, needed
    await drilled.fleet.leave(COMPATIBLE)
    drilled.count("compatible: answers applied once so far", await drilled.applied())
    await drilled.unharmed("compatible")


async def incompatible_change(drilled: Drill, answers: int) -> None:
    """A change that breaks open cases is refused; forced past the check it is seen by the watch and taken back."""
    for _ in range(2):
        await drilled.fleet.start(INCOMPATIBLE)
    await drilled.polling(INCOMPATIBLE)
    guide = drilled.guide(INCOMPATIBLE, 60)
    plan = await guide.plan()
    drilled.checked("incompatible: check", as_counts(plan.found))
    assert plan.problems
    assert {one.kind for one in plan.found.troubled} == {"notification"}
    watch = Watch(drilled.client, INCOMPATIBLE, None, guide.say, guide.every)
    await watch.begin()
    after = await change(drilled.client, await routing(drilled.client), ramping=INCOMPATIBLE, percentage=100)
    assert after.ramping == INCOMPATIBLE
    answering = asyncio.create_task(drilled.answer(answers))
    verdict = await watch.run(timedelta(seconds=120))
    await answering
    assert not verdict.is_good
    drilled.count("incompatible: forced, watch turned bad after", f"{verdict.lasted.total_seconds():.0f} s")
    await asyncio.sleep(10)
    drilled.count("incompatible: workflows that failed under it", await count_open(drilled.client, FAILING))
    await take_back(drilled.client, guide.ledger, "; ".join(verdict.bad))
    waited = await drilled.all_applied()
    drilled.count("incompatible: all applied after the way back in", f"{waited:.0f} s")
    await drilled.fleet.leave(INCOMPATIBLE)
    drilled.count("incompatible: answers applied once so far", await drilled.applied())
    await drilled.unharmed("incompatible")


async def main(cases: int) -> Sequence[tuple[str, str]]:
    """All of it, with as many answers as befit the number; returns the table."""
    with tempfile.TemporaryDirectory() as folder:
        async with drill(Path(folder), cases) as drilled:
            some = max(2, cases // 20)
            await workers_come_and_go(drilled, answers=4 * some, stops=20 if cases >= 500 else 8)
            await compatible_change(drilled, some, lasting=10 if cases >= 500 else 4)
            await incompatible_change(drilled, some)
            what = "workers stopped and killed, builds shipped and taken back"
            await put_down(drilled.pool, "rollout", what, drilled.fleet.stopped + drilled.fleet.killed)
            return drilled.counted


if __name__ == "__main__":
    counted = asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000))
    print("\n".join(in_columns(counted)))  # noqa: T201
    sys.stdout.flush()
    os._exit(0)
