"""What is measured: each a worker process, and the ways in which a case begins and a person answers."""

import asyncio
import signal
import sys
from abc import ABC, abstractmethod
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import ClassVar, Self
from uuid import UUID

from temporalio.client import Client

from deploy.embedded.process import Command, end, spawn
from starter.connections import Pool, open_pool
from tests.bench.floor import Floor, Shape
from tests.bench.site import Site


class Contender(ABC):
    """One of those that are compared. Use as a context: its worker runs until the end of the block."""

    name: ClassVar[str]
    schema: ClassVar[str] = "floor"
    runs_on_temporal: ClassVar[bool] = False
    first_question: ClassVar[str] = "q0"
    """At which cases that are left open wait."""

    def __init__(self, site: Site, shape: Shape) -> None:
        self.site, self.shape = site, shape
        self.pool: Pool
        self.parts = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.pool = await open_pool(self.site.app_url, "driver", max_size=20)
        self.parts.push_async_callback(self.pool.close)
        await self.prepare()
        await self.begin()
        self.parts.push_async_callback(self.stop)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.parts.aclose()

    @property
    def worker(self) -> int:
        """The worker's process id."""
        return self.process.pid

    async def begin(self) -> None:
        """Start the worker; it may still be getting ready."""
        self.process = await spawn(self.command())

    async def stop(self) -> None:
        """End the worker at once, as kill -9 does; nothing here needs it to end in order."""
        await end(self.process, signal.SIGKILL, timedelta(seconds=10))

    async def prepare(self) -> None:  # noqa: B027  # most need nothing
        """Whatever must be there before the worker."""

    @abstractmethod
    def command(self) -> Command:
        """The worker."""

    @abstractmethod
    async def open(self, number: int) -> str:
        """Begin the case of this number and return its reference."""

    @abstractmethod
    async def answer(self, gate: str) -> UUID:
        """Somebody answers: it stands in the record, and whoever waits for it is told. Returns the decision's id."""

    async def receipt(self, gate: str, decision: UUID) -> bool:
        """Ask the process itself until it has applied the answer; false where nothing can be asked."""
        return False

    async def close_later(self, reference: str) -> None:  # noqa: B027  # only the product waits for a court
        """What must happen so that the case can close."""


def program(module: str, *arguments: str, site: Site) -> Command:
    """A worker of ours."""
    return Command((sys.executable, "-m", f"tests.bench.{module}", *arguments), log=site.folder / f"{module}.log")


class OnFloor(Contender):
    """What has the floor's effects."""

    async def prepare(self) -> None:
        """The effects, for the driver's side."""
        self.floor = Floor(self.pool, self.site.smtp_url, self.shape)

    async def open(self, number: int) -> str:
        """The row, then whoever carries it."""
        reference = f"{self.name}-{number}"
        await self.floor.open_case(reference)
        await self.start(reference)
        return reference

    async def start(self, reference: str) -> None:
        """Whoever carries the case begins; by default it is woken."""
        await self.pool.execute("SELECT pg_notify('floor_wake', $1)", reference)

    async def answer(self, gate: str) -> UUID:
        """The row, then whoever waits is told."""
        decision = await self.floor.answer(gate)
        await self.tell(gate, decision)
        return decision

    @abstractmethod
    async def tell(self, gate: str, decision: UUID) -> None:
        """Whoever waits for the answer is told of it."""


class Skeleton(OnFloor):
    """A bare Temporal workflow."""

    name = "skeleton"
    runs_on_temporal = True
    is_local: ClassVar[bool] = False

    async def prepare(self) -> None:
        """A client without encryption."""
        await super().prepare()
        self.client = await Client.connect(self.site.temporal)

    def command(self) -> Command:
        """Its worker."""
        site = self.site
        arguments = (site.temporal, site.app_url, site.smtp_url, self.shape.encode())
        return program("floor_temporal", *arguments, site=site)

    async def start(self, reference: str) -> None:
        """One workflow."""
        arguments = [reference, self.shape.gates, self.is_local]
        await self.client.start_workflow("floor-case", args=arguments, id=f"floor/{reference}", task_queue="floor")

    async def tell(self, gate: str, decision: UUID) -> None:
        """A signal."""
        await self.client.get_workflow_handle(_workflow_of(gate)).signal("decide", gate)

    async def receipt(self, gate: str, decision: UUID) -> bool:
        """The query that the product asks, as often."""
        handle, pause = self.client.get_workflow_handle(_workflow_of(gate)), 0.03
        while not await handle.query("receipt", gate, result_type=bool):
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.25)
        return True


class LocalSkeleton(Skeleton):
    """The same with its settling as a local activity."""

    name = "skeleton-local"
    is_local = True


class OnDbos(OnFloor):
    """The floor on DBOS."""

    name = "dbos"

    async def prepare(self) -> None:
        """A database of its own, made anew, and a client."""
        from dbos import DBOSClient

        await super().prepare()
        await self.site.as_superuser("DROP DATABASE IF EXISTS dbos WITH (FORCE)")
        await self.site.as_superuser("CREATE DATABASE dbos")
        self.system = self.site.superuser_url.replace("/sfo?", "/dbos?")
        self.client = DBOSClient(system_database_url=self.system, lazy=True)
        self.parts.callback(self.client.destroy)

    def command(self) -> Command:
        """Its worker."""
        site = self.site
        return program("floor_dbos", site.app_url, self.system, site.smtp_url, self.shape.encode(), site=site)

    async def tell(self, gate: str, decision: UUID) -> None:
        """A message."""
        await self.client.send_async(gate.partition("/")[0], str(decision), gate)


class ByHand(OnFloor):
    """The floor by hand."""

    name = "by-hand"

    def command(self) -> Command:
        """Its worker."""
        site = self.site
        return program("floor_by_hand", site.app_url, site.smtp_url, self.shape.encode(), site=site)

    async def tell(self, gate: str, decision: UUID) -> None:
        """A notice."""
        await self.start(gate.partition("/")[0])


def _workflow_of(gate: str) -> str:
    return f"floor/{gate.partition('/')[0]}"
