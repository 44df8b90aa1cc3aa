"""What open cases cost the worker in memory: `python -m tests.drills.worker_memory [CASES [MINUTES]]`.

Opens that many invented cases on a real PostgreSQL and a real Temporal server, carried by the real worker, and prints
the worker's memory as they grow. Ten thousand take about an hour on two cores that others use too; what was not
reached in the time given is said. `CACHED` in the environment sets another size of the worker's cache, for a short run.
"""

import asyncio
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client

from deploy.embedded.mail import ReturnedMail, embedded_mail
from deploy.embedded.ports import usable_port
from deploy.embedded.postgres import embedded_postgres
from deploy.embedded.process import Command, running
from deploy.embedded.temporal import embedded_temporal
from starter.connections import Pool, open_pool, temporal_client
from starter.delivery import Delivery
from starter.demo import CHARGES
from starter.intake import Pace, open_cases
from starter.keys import KeyRing
from starter.rollout import make_current
from starter.schema import KEYS_DIR, apply_schema
from starter.settings import Settings
from starter.signals import TemporalAwayError
from workflows.contract.charge import Charge

UNDER_WAY = 60
"""Cases that are started and not yet asking anybody: more would only queue."""
BATCH = 20
MARKS = (0, 50, 100, 250, 500, 1_000, 2_000, 3_000, 5_000, 7_500, 10_000)
ASKING = "SELECT count(DISTINCT reference) FROM sfo.gates WHERE state = 'open'"

_WITH_CACHE = """
import asyncio, os, worker
worker.CACHED = int(os.environ["CACHED"])
asyncio.run(worker.main(worker.Settings.from_environment()))
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """The worker's memory in MB at so many open cases and running workflows, and the CPU seconds it has used."""

    cases: int
    workflows: int
    rss: float
    pss: float
    cpu: float

    def __str__(self) -> str:
        rest = f"RSS {self.rss:.0f} MB, PSS {self.pss:.0f} MB, {self.cpu:.0f} s of CPU"
        return f"{self.cases:>6} cases, {self.workflows:>6} workflows: {rest}"


@dataclass(frozen=True, slots=True)
class Bench:
    """A running worker and what cases are opened with."""

    pool: Pool
    client: Client
    pid: int

    async def grow(self, cases: int, *, before: float | None = None) -> int:
        """Bring the number of open cases to this, until each asks somebody. Returns how many there are by then."""
        delivery = Delivery(self.client, self.pool)
        opened = await self.pool.fetchval("SELECT count(*) FROM sfo.cases")
        while opened < cases and (before is None or time.monotonic() < before):
            batch = [a_charge(opened + number) for number in range(min(BATCH, cases - opened))]
            for one in await open_cases(self.pool, batch, Pace()):
                await _persistently(delivery, one.reference)
            opened += len(batch)
            while opened - await self.pool.fetchval(ASKING) > UNDER_WAY:
                await asyncio.sleep(0.1)
        while await self.pool.fetchval(ASKING) < opened:
            await asyncio.sleep(0.2)
        return int(opened)

    async def reading(self) -> Reading:
        """Read the worker's memory once it rests."""
        await asyncio.sleep(5)
        status = Path(f"/proc/{self.pid}/status").read_text()
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        ticks = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return Reading(
            cases=await self.pool.fetchval("SELECT count(*) FROM sfo.cases"),
            workflows=(await self.client.count_workflows("ExecutionStatus = 'Running'")).count,
            rss=_megabytes(status, "VmRSS"),
            pss=_megabytes(rollup, "Pss"),
            cpu=sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"),
        )


async def _persistently(delivery: Delivery, reference: str) -> None:
    """Start the case, however long a busy server lets us wait."""
    while True:
        try:
            return await delivery.start_case(reference)
        except TemporalAwayError:
            await asyncio.sleep(1)


def _megabytes(text: str, name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    assert found is not None, name
    return int(found[1]) / 1024


def a_charge(number: int) -> Charge:
    """An invented charge like the demo's first, on another person."""
    today = datetime.now(UTC).date()
    entry: dict[str, Any] = json.loads((CHARGES / "1-always-reviewed.json").read_text())
    entry |= {"crn": f"X{number:06}", "charged_on": str(today - timedelta(days=1))}
    entry["first_appearance_on"] = str(today)
    entry["offences"][0]["offence_on"] = str(today - timedelta(days=8))
    return Charge.model_validate(entry)


@asynccontextmanager
async def embedded_services(folder: Path) -> AsyncIterator[Settings]:
    """PostgreSQL, Temporal and mail of their own, with the schema applied, and the settings that reach them."""
    returned = ReturnedMail("", folder / "returned")
    async with (
        embedded_postgres(folder) as database,
        embedded_temporal(folder, port=usable_port(0), ui_port=usable_port(0)) as temporal,
        embedded_mail(folder / "mail", port=usable_port(0), returned=returned) as mail,
    ):
        await apply_schema(database.owner_url)
        await apply_schema(database.owner_url, KEYS_DIR)
        yield Settings.from_environment(
            {
                "SFO_DATABASE_URL": database.app_url,
                "SFO_TEMPORAL_ADDRESS": temporal.address,
                "SFO_SMTP_URL": mail.smtp_url,
                "SFO_PUBLIC_URL": "http://sfo.example.test",
                "SFO_LINK_KEYS": KeyRing.generate().encode(),
                "SFO_PAYLOAD_KEYS": KeyRing.generate().encode(),
            }
        )


def worker_command(folder: Path, settings: Settings, program: Sequence[str] = ("-m", "worker"), **more: str) -> Command:
    """A worker of these settings, as its own process; `more`: further variables."""
    outer = {name: value for name, value in os.environ.items() if not name.startswith("SFO_")}
    return Command(
        (sys.executable, *program),
        log=folder / "worker.log",
        environment=outer | settings.to_environment() | more,
        grace=timedelta(seconds=45),
    )


@asynccontextmanager
async def bench(folder: Path, cached: int | None = None) -> AsyncIterator[Bench]:
    """Run the real worker on embedded services; with `cached`, its cache has that size."""
    async with embedded_services(folder) as settings:
        command = (
            worker_command(folder, settings)
            if cached is None
            else worker_command(folder, settings, ("-c", _WITH_CACHE), CACHED=str(cached))
        )
        async with running(command) as process:
            client = await temporal_client(settings)
            await make_current(client, build_id=settings.build_id, timeout=timedelta(minutes=2))
            pool = await open_pool(settings.database_url)
            try:
                yield Bench(pool, client, process.pid)
            finally:
                await pool.close()


async def measure(cases: int, minutes: float, cached: int | None = None) -> Sequence[Reading]:
    """Grow to this many open cases within the time and print a reading at each mark and at the end."""
    readings = []
    before = time.monotonic() + minutes * 60
    with tempfile.TemporaryDirectory() as folder:
        async with bench(Path(folder), cached) as running_bench:
            for mark in sorted({*(one for one in MARKS if one < cases), cases}):
                reached = await running_bench.grow(mark, before=before)
                readings.append(await running_bench.reading())
                print(readings[-1], flush=True)  # noqa: T201
                if reached < mark:
                    print(f"{minutes:.0f} minutes are over: {reached} of {cases} cases", flush=True)  # noqa: T201
                    break
    return readings


if __name__ == "__main__":
    given = [float(one) for one in sys.argv[1:3]]
    cases, minutes = [*given, 10_000.0, 25.0][:2] if len(given) != 1 else (given[0], 25.0)
    asyncio.run(measure(int(cases), minutes, int(os.environ["CACHED"]) if "CACHED" in os.environ else None))
    sys.stdout.flush()
    os._exit(0)
