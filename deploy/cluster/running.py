"""A cluster that runs as long as a block lasts, and whose processes can be killed one by one."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client
from temporalio.service import RPCError, TLSConfig

from deploy.cluster.balancer import balanced
from deploy.cluster.binaries import SERVER
from deploy.cluster.nodes import Node, command_of, planned
from deploy.cluster.persistence import prepare_persistence, socket_of
from deploy.embedded.ports import kept_port
from deploy.embedded.postgres import EmbeddedPostgres, embedded_postgres
from deploy.embedded.process import Say, ServiceError, kept_running, private_folder
from deploy.namespace import prepare_namespace

CONNECTIONS = 400
"""What PostgreSQL must take: 175 of the seven processes, 8 of each worker and 16 of each gateway, and commands."""
_PATIENCE = timedelta(minutes=2)
_FIRST_PORT = 21_000
_MARK = "SFO_CLUSTER_NODE"


@dataclass(frozen=True, slots=True)
class Entry:
    """How the first client gets in: what the cluster asks for."""

    api_key: str | None = None
    tls: TLSConfig | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Temporal cluster that answers, with the namespace as the service needs it."""

    address: str
    database: EmbeddedPostgres
    nodes: tuple[Node, ...]
    folder: Path

    def pids(self) -> dict[str, int]:
        """The process of each node as it is now; one that has just died is missing."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                environment = (folder / "environ").read_bytes().split(b"\0")
                name = (folder / "comm").read_text().strip()
            except OSError:
                continue  # it has ended, or is not ours
            for node in self.nodes:
                if name == SERVER and f"{_MARK}={self.mark(node)}".encode() in environment:
                    found[node.name] = int(folder.name)
        return found

    def mark(self, node: Node) -> str:
        """What stands in a node's environment, so that its process is found again."""
        return f"{self.folder}/{node.name}"


@asynccontextmanager
async def cluster(
    data_dir: Path, say: Say, *, more: Mapping[str, str] | None = None, entry: Entry | None = None
) -> AsyncIterator[Cluster]:
    """Run PostgreSQL and every node with data and logs in `data_dir`; a node that dies is started again.

    `more` are variables of `deploy/temporal-server/server.yaml`, `entry` what they make the cluster ask for.
    Raises ServiceError when it does not answer within two minutes.
    """
    private_folder(data_dir)
    async with AsyncExitStack() as parts:
        database = await parts.enter_async_context(
            embedded_postgres(data_dir, say=say, settings={"max_connections": str(CONNECTIONS)})
        )
        socket = socket_of(database.owner_url)
        await prepare_persistence(socket, data_dir / "schema.log")
        nodes = planned(lambda: _low_port(parts))
        frontends = [node.ports["frontend"][0] for node in nodes if "frontend" in node.ports]
        port = parts.enter_context(kept_port(0))
        address = await parts.enter_async_context(balanced(port, frontends))
        made = Cluster(address, database, nodes, data_dir)
        for node in nodes:
            command = command_of(node, socket, data_dir / f"{node.name}.log", {**(more or {}), _MARK: made.mark(node)})
            await parts.enter_async_context(kept_running(node.name, command, say))
        await _answering(made, entry or Entry())
        yield made


def _low_port(parts: ExitStack | AsyncExitStack) -> int:
    """Keep a free port below 32768: Temporal's schema for PostgreSQL holds membership ports in two signed bytes."""
    for port in range(_FIRST_PORT, 32_768):
        with ExitStack() as kept:
            if kept.enter_context(kept_port(port)) == port:
                parts.push(kept.pop_all())
                return port
    raise ServiceError(f"no port from {_FIRST_PORT} to 32767 is free")


async def _answering(made: Cluster, entry: Entry) -> None:
    """Wait until the namespace is there and known everywhere."""
    try:
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            while True:
                try:
                    client = await Client.connect(made.address, api_key=entry.api_key, tls=entry.tls or False)
                    await prepare_namespace(client)
                    return
                except (RPCError, RuntimeError):  # it comes up piece by piece
                    await asyncio.sleep(0.5)
    except TimeoutError:
        raise ServiceError(f"the cluster does not answer; read the logs in {made.folder}") from None
