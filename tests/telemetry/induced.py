"""The service in real processes, and a Prometheus of our own that asks them at `/metrics` while something goes wrong.

A look is a real scrape; only the clock between two looks is put forward, by a minute, so that nobody waits for `for`.
"""

import asyncio
import os
import re
import shutil
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
from aiosmtpd.smtp import SMTP
from prometheus_client.parser import text_string_to_metric_families
from temporalio.client import Client

from deploy.embedded.ports import usable_port
from deploy.embedded.temporal import EmbeddedTemporal, embedded_temporal
from starter.connections import temporal_client
from starter.rollout import make_current
from starter.settings import Settings
from tests.conftest import MailServer, Record
from tests.starter.front_desk import a_settings
from tests.telemetry.promql import Query, Samples
from tests.telemetry.rules import firing, rules
from tests.telemetry.watched import two_ports

MINUTE = 60.0
LONG = 16
"""Minutes that a failure is watched: longer than any rule waits."""
SOON = 120.0
"""Seconds that something may take which takes five; beside other tests a process takes long to start."""
_WANTED = {name for rule in rules() for name in re.findall(r"\w+", rule.expression)}


@dataclass
class Service:
    """Gateway and worker as processes, with what they depend on within reach of the test."""

    record: Record
    mail: MailServer
    temporal: EmbeddedTemporal
    settings: Settings
    processes: dict[str, Process] = field(default_factory=dict)
    hangs: "asyncpg.Connection[asyncpg.Record] | None" = None
    """A session that holds what it should not."""
    _smtp: asyncio.Server | None = None

    async def start(self, name: str, **changes: str) -> None:
        """Start a process and wait until it answers at `/metrics`."""
        log = (self.settings.data_dir / f"{name}.log").open("ab")
        rest = {key: value for key, value in os.environ.items() if not key.startswith("SFO_")}
        self.processes[name] = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.telemetry.process", name),
            env=rest | self.settings.to_environment() | changes,
            cwd=Path(__file__).parents[2],
            stderr=log,
        )
        log.close()

    async def stop(self, name: str) -> None:
        process = self.processes.pop(name, None)
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(5):
                    await process.wait()
            except TimeoutError:  # a worker that still waits for Temporal
                process.kill()
                await process.wait()

    async def serve_mail(self) -> None:
        port = int(self.mail.url.rpartition(":")[2] or 0) if self.mail.url else 0
        loop = asyncio.get_running_loop()
        self._smtp = await loop.create_server(
            lambda: SMTP(self.mail, hostname="localhost", loop=loop), "127.0.0.1", port
        )
        self.mail.url = f"smtp://127.0.0.1:{self._smtp.sockets[0].getsockname()[1]}"

    async def close_mail(self) -> None:
        if self._smtp:
            self._smtp.close()
            await self._smtp.wait_closed()

    async def client(self) -> Client:
        return await temporal_client(self.settings)

    async def make_current(self) -> None:
        await make_current(await self.client(), build_id=self.settings.build_id, timeout=timedelta(minutes=1))

    async def calm(self) -> None:
        """Nothing waits, nothing is open: what one test left behind is none of the next one's business."""
        self.mail.replies.clear()
        async with self.record.owner() as owner:
            for statement in (
                "UPDATE gates SET state = 'withdrawn' WHERE state = 'open'",
                "UPDATE decisions SET void_at = now() WHERE applied_at IS NULL",
                "UPDATE outbox SET state = 'sent', told_workflow = true",
                "UPDATE escalations SET state = 'resolved'",
                # These cases never ran in Temporal: open and older than two minutes they would be found stranded.
                "UPDATE cases SET started_at_wall = now(), closed_on = coalesce(closed_on, charged_on)",
                "UPDATE stranded SET resolved_at = now() WHERE resolved_at IS NULL",
            ):
                await owner.execute(statement)


@asynccontextmanager
async def running(record: Record) -> AsyncIterator[Service]:
    """What the service depends on, and no process of its own yet."""
    folder = Path(tempfile.mkdtemp(prefix="sfo-induced-"))
    try:
        async with embedded_temporal(folder / "t", port=usable_port(0), ui_port=usable_port(0)) as temporal:
            mail = MailServer()
            service = Service(record, mail, temporal, _settings(record, "smtp://127.0.0.1:1", temporal, folder))
            await service.serve_mail()
            service.settings = _settings(record, mail.url, temporal, folder)
            service.settings.data_dir.mkdir()
            try:
                yield service
            finally:
                for name in list(service.processes):
                    await service.stop(name)
                await service.close_mail()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _settings(record: Record, smtp: str, temporal: EmbeddedTemporal, folder: Path) -> Settings:
    return a_settings(
        record,
        MailServer(url=smtp),
        SFO_TEMPORAL_ADDRESS=temporal.address,
        SFO_METRICS_ADDRESS=f"127.0.0.1:{two_ports()}",
        SFO_GATEWAY_PORT=str(two_ports()),
        SFO_DATA_DIR=str(folder / "data"),
    )


def _valued(labels: Mapping[str, str]) -> dict[str, str]:
    return {label: value for label, value in labels.items() if value}


@dataclass
class Watch:
    """Looks at the targets as Prometheus does and knows what fires."""

    targets: dict[str, str]
    """The job and the address of each target, as `prometheus.yml` would have them: `worker-2` is a second one."""
    samples: Samples = field(default_factory=Samples)
    now: float = 0.0
    _seen: dict[str, set[frozenset[tuple[str, str]]]] = field(default_factory=dict)

    async def look(self, times: int = 1) -> None:
        """Ask every target, so many times, a minute apart as the rules see it."""
        async with httpx.AsyncClient(trust_env=False, timeout=5) as browser:
            for _ in range(times):
                for target, address in self.targets.items():
                    await self._ask(browser, target, address)
                self.now += MINUTE
                await asyncio.sleep(0.02)

    async def _ask(self, browser: httpx.AsyncClient, target: str, address: str) -> None:
        own = {"job": f"sfo-{target.partition('-')[0]}", "instance": address}
        try:
            text = (await browser.get(f"http://{address}/metrics")).text
        except httpx.TransportError:
            text = ""
        found = {
            # A label without a value is none, to Prometheus: it appears beside others of the metric that have one.
            frozenset({"__name__": sample.name, **_valued(sample.labels), **own}.items()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name in _WANTED
        }
        for gone in self._seen.get(target, set()) - found.keys():
            self.samples.add(self.now, dict(gone), None)
        self._seen[target] = set(found)
        for labels, value in found.items():
            self.samples.add(self.now, dict(labels), value)
        self.samples.add(self.now, {"__name__": "up", **own}, float(bool(text)))

    async def until_seen(self, name: str) -> None:
        """Look until what the rule asks for is the case."""
        (rule,) = [rule for rule in rules() if rule.name == name]
        async with asyncio.timeout(SOON):
            while True:
                await self.look()
                if self.sees(rule.expression):
                    return
                await asyncio.sleep(0.3)

    def sees(self, expression: str) -> bool:
        """Whether the expression has a value as of the latest look."""
        return bool(Query(expression).at(self.samples, self.now - MINUTE))

    def fired(self) -> set[str]:
        """The names of the alerts that fire, or have fired since the watch began."""
        return {name for name, _ in firing(self.samples, self.now - MINUTE, MINUTE, ever=True)}
