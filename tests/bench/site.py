"""Where everything is measured: one PostgreSQL that syncs what it commits, one Temporal, one mail server.

Temporal is the development server on SQLite, or a cluster of seven processes on that PostgreSQL (`deploy/cluster`).
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from deploy.cluster.running import cluster
from deploy.embedded.ports import usable_port
from deploy.embedded.postgres import EmbeddedPostgres, embedded_postgres
from deploy.embedded.process import Command, running
from deploy.embedded.temporal import embedded_temporal
from starter.connections import Connection
from starter.schema import KEYS_DIR, apply_schema
from tests.bench.measuring import Cpu, cpu_of
from tests.bench.watch import install

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Site:
    """The services of a run, by their addresses and processes."""

    folder: Path
    app_url: str
    superuser_url: str
    temporal: str
    smtp_url: str
    postgres_pid: int
    temporal_pids: tuple[int, ...]

    def cpu(self, worker: int | None, driver: int) -> Cpu:
        """What each has used so far."""
        used = cpu_of(worker) if worker else 0.0
        return Cpu(used, sum(map(cpu_of, self.temporal_pids)), cpu_of(self.postgres_pid), _own(driver))

    async def as_superuser(self, script: str) -> None:
        """Run a script as the database's superuser."""
        async with self.superuser() as connection:
            await connection.execute(script)

    @asynccontextmanager
    async def superuser(self) -> AsyncIterator[Connection]:
        """A connection that may do everything."""
        connection = await asyncpg.connect(self.superuser_url)
        try:
            yield connection
        finally:
            await connection.close()

    async def stored(self, schema: str) -> tuple[int, int]:
        """Rows and bytes of this schema's tables, indexes included."""
        async with self.superuser() as connection:
            tables = await connection.fetch(
                "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = $1", schema
            )
            counts = [await connection.fetchval(f"SELECT count(*) FROM {row['name']}") for row in tables]
            sizes = [
                await connection.fetchval("SELECT pg_total_relation_size($1::regclass)", row["name"]) for row in tables
            ]
        return sum(counts), sum(sizes)


@dataclass(frozen=True, slots=True)
class _Services:
    database: EmbeddedPostgres
    temporal: str
    temporal_pids: tuple[int, ...]


@asynccontextmanager
async def _on_one_server(folder: Path) -> AsyncIterator[_Services]:
    async with (
        embedded_postgres(folder) as database,
        embedded_temporal(folder, port=usable_port(0), ui_port=usable_port(0)) as temporal,
    ):
        yield _Services(database, temporal.address, (temporal.pid,))


@asynccontextmanager
async def _on_a_cluster(folder: Path) -> AsyncIterator[_Services]:
    async with cluster(folder / "cluster", lambda line: None) as made:
        yield _Services(made.database, made.address, tuple(made.pids().values()))


@asynccontextmanager
async def site(folder: Path, *, on_cluster: bool = False) -> AsyncIterator[Site]:
    """Everything runs, with the product's schema and that of the floors in one database."""
    mail = usable_port(0)
    sink = Command((sys.executable, "-m", "tests.bench.sink", str(mail)), log=folder / "mail.log")
    async with (_on_a_cluster if on_cluster else _on_one_server)(folder) as services, running(sink):
        database = services.database
        await apply_schema(database.owner_url)
        await apply_schema(database.owner_url, KEYS_DIR)
        await _answers(mail)
        tail = database.owner_url.partition("@/")[2].partition("?")[2]
        at = Site(
            folder,
            database.app_url,
            f"postgresql://postgres@/sfo?{tail}",
            services.temporal,
            f"smtp://127.0.0.1:{mail}",
            database.pid,
            services.temporal_pids,
        )
        await install(at.as_superuser)
        yield at


async def _answers(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


def _own(pid: int) -> float:
    """Of the driver itself, without the services below it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
