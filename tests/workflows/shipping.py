"""What tests of a rollout share: a server of their own, workers of several builds, and notifications that wait."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
import pytest_asyncio
from click.testing import CliRunner, Result
from temporalio.client import Client, WorkflowHandle

import worker
from deploy.embedded.ports import usable_port
from deploy.embedded.temporal import EmbeddedTemporal, embedded_temporal
from starter import commands_rollout_steps
from starter.command import Services
from starter.commands_rollout import rollout
from starter.connections import open_pool
from starter.delivery import Delivery
from starter.deployment_state import routing, unserved
from starter.deployment_state import workers as polling
from starter.keys import KeyRing
from starter.payloads import data_converter
from starter.registered import CASEWORK, NATIONAL
from starter.rollout import change, make_current
from starter.rollout_guide import Guide
from starter.rollout_record import Ledger
from tests.conftest import MailServer, Record
from tests.starter.front_desk import a_settings
from tests.workflows.conftest import Office, an_office
from workflows.contract import ids
from workflows.contract.vocabulary import Stage
from workflows.notification import Notification

OPERATOR = "operator@example.test"
SOON = timedelta(seconds=20)


def with_(changed: type) -> list[type]:
    """Every workflow that a worker runs, with this one in place of the notification."""
    return [one for one in CASEWORK if one is not Notification] + [changed]


@dataclass
class Shop:
    """A service in which builds are shipped. `old` is current; `new` is what a test ships."""

    office: Office
    address: str
    old: str = field(default_factory=lambda: f"old-{uuid4().hex[:6]}")
    new: str = field(default_factory=lambda: f"new-{uuid4().hex[:6]}")
    said: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def client(self) -> Client:
        return self.office.client

    @contextlib.asynccontextmanager
    async def workers(self, build: str, workflows: Sequence[type] = CASEWORK) -> AsyncIterator[None]:
        """Workers of this build on both queues, known to Temporal, with a client of their own."""
        client = await Client.connect(self.address, data_converter=data_converter(self.office.ring))
        with patch.object(worker, "CASEWORK", [*workflows]), patch.object(worker, "DRAIN", timedelta(seconds=2)):
            queues = (ids.CASEWORK_QUEUE, ids.NATIONAL_QUEUE)
            both = [worker.build_worker(client, queue, self.office.activities, build) for queue in queues]
        async with both[0], both[1]:
            async with asyncio.timeout(60):
                while unserved(await polling(self.client), build):
                    await asyncio.sleep(0.3)
            yield

    async def ramps(self) -> None:
        """Until the new build ramps and every queue knows of it: a step before that runs on the old one."""
        while True:
            routes = await routing(self.client)
            if routes.ramping == self.new and routes.is_settled:
                return
            await asyncio.sleep(0.3)

    async def opened(self, number: int) -> list[WorkflowHandle[Any, Any]]:
        """So many notifications that wait for their answer, and are listed."""
        handles = [await self.office.start(await self.office.report(), Stage.NOTIFICATION) for _ in range(number)]
        async with asyncio.timeout(60):
            for handle in handles:
                query = f"WorkflowId = '{handle.id}' AND SfoAwaiting IS NOT NULL"
                while not (await self.client.count_workflows(query)).count:
                    await asyncio.sleep(0.1)
        return handles

    async def answer(self, handle: WorkflowHandle[Any, Any]) -> str:
        """Answer its question; returns the decision."""
        gate = f"{ids.reference_of(handle.id)}/notification/notification"
        return await self.office.answer(handle, gate, "sent", {"sent_on": str(self.office.now(handle).date())})

    async def build_of(self, handle: WorkflowHandle[Any, Any]) -> str:
        """The build that has done its last step."""
        raw = (await handle.describe()).raw_description.workflow_execution_info
        return str(raw.versioning_info.deployment_version.build_id)

    async def ended(self, handles: Sequence[WorkflowHandle[Any, Any]], within: float = 90) -> None:
        """All of them end well."""
        async with asyncio.timeout(within):
            for handle in handles:
                await handle.result()

    async def applied(self) -> list[tuple[str, int]]:
        """Each decision, with how often the chain says that it was applied."""
        rows = await self.office.record.rows(
            """SELECT d.decision::text, (SELECT count(*) FROM audit a WHERE a.action = 'decision_applied'
               AND a.detail ->> 'decision' = d.decision::text) AS times FROM decisions d WHERE applied_at IS NOT NULL"""
        )
        return [(str(row["decision"]), int(str(row["times"]))) for row in rows]

    def guide(self, changed: type | None = None, **more: Any) -> Guide:
        """A guide that ships `new`, which never waits long and is never asked."""
        given: dict[str, Any] = {
            "steps": (100,), "lasting": timedelta(seconds=2), "patience": timedelta(seconds=4),
            "say": self.said.append, "ask": lambda _: True, "every": timedelta(seconds=0.5),
        }  # fmt: skip
        code = [*with_(changed), *NATIONAL] if changed else [*CASEWORK, *NATIONAL]
        ledger = Ledger(self.office.record.pool, OPERATOR)
        return Guide(self.client, ledger, self.new, code=code, **given | more)

    def reached(self) -> Any:
        """What a command reaches, as if `new` were installed; it runs in a loop of its own."""
        record, mail = self.office.record, self.office.mail
        settings = a_settings(record, mail, **{"SFO_BUILD_ID": self.new} | self.settings)

        @contextlib.asynccontextmanager
        async def services() -> AsyncIterator[Services]:
            client = await Client.connect(self.address, data_converter=data_converter(self.office.ring))
            pool = await open_pool(record.app_url)
            try:
                yield Services(settings, pool, Delivery(client, pool))
            finally:
                await pool.close()

        return services

    async def made_current(self) -> None:
        await make_current(self.client, build_id=self.old, timeout=SOON)


@pytest_asyncio.fixture(scope="module")
async def alone() -> AsyncIterator[EmbeddedTemporal]:
    """A server of this file's own: a build that is current takes the work from workers without one.

    Its polls are short, for a worker that stops may have to wait for the end of its last ones.
    """
    folder = Path(tempfile.mkdtemp(prefix="sfo-rollout-"))
    try:
        with patch.dict("deploy.embedded.temporal._SETTINGS", {"matching.longPollExpirationInterval": '"5s"'}):
            serving = embedded_temporal(folder, port=usable_port(0), ui_port=usable_port(0), time_skipping=True)
            async with serving as server:
                yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture
async def shop(record: Record, mail_server: MailServer, alone: EmbeddedTemporal) -> AsyncIterator[Shop]:
    ring = KeyRing.generate()
    client = await Client.connect(alone.address, data_converter=data_converter(ring))
    shop = Shop(an_office(record, mail_server, client, ring), alone.address)
    async with shop.workers(shop.old):
        await shop.made_current()
        yield shop
        routes = await routing(client)
        if routes.ramping:
            await change(client, routes)
        async for one in client.list_workflows("ExecutionStatus = 'Running'"):
            await client.get_workflow_handle(one.id).terminate("the test is over")


async def typed(shop: Shop, monkeypatch: pytest.MonkeyPatch, *words: str) -> Result:
    """What the command says and how it ends."""
    monkeypatch.setattr(commands_rollout_steps, "services", shop.reached())
    return await asyncio.to_thread(CliRunner().invoke, rollout, [*words])


async def rows(shop: Shop) -> list[tuple[str, str]]:
    """Which changes stand in the chain, in order."""
    found = await shop.office.record.rows("SELECT action, subject FROM audit WHERE reference IS NULL ORDER BY seq")
    return [(str(row["action"]), str(row["subject"])) for row in found]
