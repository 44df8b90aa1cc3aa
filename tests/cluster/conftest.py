"""One cluster for all tests here, with our whole service on it. `make cluster` builds its programs first."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.client import Client

from deploy.cluster.binaries import are_built
from deploy.cluster.running import Cluster, cluster
from deploy.embedded.process import Command
from starter.connections import Pool, database_pool, temporal_client
from starter.delivery import Delivery
from starter.intake import Pace, open_cases
from starter.record import Asked, Offer, asked_person, record_decision
from starter.signals import NoSuchWorkflowError, TemporalAwayError
from starter.up import RunningStack, stack
from tests.drills.worker_memory import a_charge
from tests.journeys.staged import children
from workflows.contract.vocabulary import Channel

AWAY = (TemporalAwayError, NoSuchWorkflowError)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What lies here is run by `make cluster` alone."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.cluster)
            if not are_built():
                item.add_marker(pytest.mark.skip(reason="`make cluster` builds the Temporal server, and needs Go"))


@dataclass
class OnCluster:
    """Our service on the cluster, and what tests do with it."""

    cluster: Cluster
    running: RunningStack
    pool: Pool
    client: Client
    delivery: Delivery
    said: list[str]
    opened: int = 0

    async def waiting_cases(self, wanted: int) -> list[str]:
        """Open this many cases more. Returns their references; each may not ask anybody yet."""
        batch = [a_charge(500_000 + self.opened + number) for number in range(wanted)]
        self.opened += wanted
        references = []
        for one in await open_cases(self.pool, batch, Pace()):
            await self.delivery.start_case(one.reference)
            references.append(one.reference)
        return references

    async def open_gates(self, references: Sequence[str], question: str) -> list[str]:
        rows = await self.pool.fetch(
            "SELECT gate FROM sfo.gates WHERE reference = ANY($1) AND question = $2 AND state = 'open'",
            references, question,
        )  # fmt: skip
        return [row["gate"] for row in rows]

    async def answer(self, gate: str, answer: str, fields: dict[str, object]) -> None:
        """Record an answer as the gateway does and hand it on; what Temporal cannot take is left to the relay."""
        offer = Offer(uuid4(), answer, fields, None, Channel.COMMAND)
        async with self.pool.acquire() as connection:
            email = await connection.fetchval("SELECT person_email FROM sfo.gates WHERE gate = $1", gate)
            by = await asked_person(connection, gate, email)
            assert isinstance(by, Asked)
            outcome = await record_decision(connection, gate, by, offer)
        assert outcome.is_new
        try:
            await self.delivery.deliver_decision(offer.decision)
        except AWAY:
            return

    def kill(self, *names: str) -> None:
        """Kill nodes of the cluster, our `worker` or `gateway`, or `PostgreSQL`, all at the same moment."""
        ours = {"our worker": "worker", "our gateway": "gateway"}
        pids = self.cluster.pids() | {name: children(what)[0] for name, what in ours.items()}
        pids["PostgreSQL"] = int((self.cluster.folder / "postgres" / "postmaster.pid").read_text().split()[0])
        for name in names:
            os.kill(pids[name], signal.SIGKILL)

    def another(self, *module: str, **settings: str) -> Command:
        """One more process of ours, beside those that run."""
        outer = {name: value for name, value in os.environ.items() if not name.startswith("SFO_")}
        return Command(
            (sys.executable, "-m", *module),
            log=self.cluster.folder / f"another-{uuid4().hex[:6]}.log",
            environment=outer | self.running.settings.to_environment() | settings,
            grace=timedelta(seconds=45),
        )


@pytest_asyncio.fixture(scope="session")
async def on_cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OnCluster]:
    said: list[str] = []
    folder = tmp_path_factory.mktemp("cluster")
    async with cluster(folder / "temporal", said.append) as made:
        environ = {
            "SFO_DATA_DIR": str(folder / "sfo"),
            "SFO_DATABASE_URL": made.database.app_url,
            "SFO_SCHEMA_DATABASE_URL": made.database.owner_url,
            "SFO_TEMPORAL_ADDRESS": made.address,
        }
        async with stack(environ, say=said.append) as running, database_pool(running.settings, max_size=12) as pool:
            client = await temporal_client(running.settings)
            yield OnCluster(made, running, pool, client, Delivery(client, pool), said)
