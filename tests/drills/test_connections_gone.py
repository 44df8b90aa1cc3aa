"""PostgreSQL has no connection left, or every connection waits: people are told to try again, and nothing is lost."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
import httpx
import pytest

from starter.demo import beside
from tests.drills.crowd import Alike, Crowd
from tests.drills.harm import counted, rested
from tests.drills.service import Service, a_service
from tests.drills.worker_memory import a_charge

pytestmark = pytest.mark.drill

CASES = 20
FEW = {"max_connections": "30"}
LONG = 15.0
"""Seconds for which there are none; longer than anybody of ours waits for a lock or a statement."""


@asynccontextmanager
async def asked(cases: int = CASES, **more: object) -> AsyncIterator[tuple[Service, Crowd]]:
    """Cases that have asked their first questions, and people who know of them and have sent no answer yet."""
    async with a_service(**more) as service:  # type: ignore[arg-type]
        clocks = await service.open([a_charge(number) for number in range(cases)])
        await service.asked("early_look", cases)
        await rested(service)
        crowd = Crowd(service, Alike(), clocks, random.Random(5), at_once=40)  # noqa: S311
        crowd.sending.clear()
        await crowd.all_signed_in()
        yield service, crowd


async def test_without_a_free_connection_people_are_told_to_try_again_and_nothing_is_lost() -> None:
    async with asked(postgres=FEW) as (service, crowd):
        resumed = await without_a_free_connection(service, crowd, CASES)
        await nothing_lost(service, crowd, "no connection left", resumed)


async def without_a_free_connection(service: Service, crowd: Crowd, cases: int) -> float:
    """People send what they filled in before. Returns the seconds until something moved again."""
    async with beside(crowd.run()):
        await crowd.filled_in(cases)
        async with all_taken(service) as taken:
            crowd.sending.set()
            await asyncio.sleep(LONG)
            assert (await service.health())["database"] == "DOWN"
            assert crowd.heard.told["status 503"] > 0
            assert crowd.heard.recorded == set()
            await taken.given_back()
            resumed = await service.applied("notification", 1)
            await service.applied("notification", cases)
    return resumed


async def test_while_every_connection_waits_the_rest_is_answered_and_nothing_is_lost() -> None:
    async with asked() as (service, crowd):
        resumed = await while_every_connection_waits(service, crowd, CASES)
        await nothing_lost(service, crowd, "every connection waits", resumed)


async def while_every_connection_waits(service: Service, crowd: Crowd, cases: int) -> float:
    """As `without_a_free_connection`; the connections are there, and none comes to an end."""
    locking: asyncpg.Connection = await asyncpg.connect(service.superuser_url.replace("/postgres?", "/sfo?"))
    try:
        async with beside(crowd.run()):
            await crowd.filled_in(cases)
            await locking.execute("BEGIN; LOCK TABLE sfo.decisions IN ACCESS EXCLUSIVE MODE")
            crowd.sending.set()
            await asyncio.sleep(3)
            began = time.monotonic()
            async with httpx.AsyncClient(trust_env=False) as web:
                assert (await web.get(f"{service.gateways[0]}/ping")).status_code == 200
            assert (await service.health())["database"] == "DOWN"
            assert time.monotonic() - began < 5
            await asyncio.sleep(LONG)
            assert crowd.heard.told["status 503"] > 0
            assert crowd.heard.recorded == set()
            await locking.execute("COMMIT")
            resumed = await service.applied("notification", 1)
            await service.applied("notification", cases)
    finally:
        await locking.close()
    return resumed


@dataclass
class Taken:
    """Every connection that the application's role may have is somebody else's, until `given_back`."""

    service: Service
    superuser: asyncpg.Connection
    held: list[asyncpg.Connection] = field(default_factory=list)

    async def all(self) -> None:
        """Whatever the service had is gone, as after a short failure of the network, and others were quicker."""
        while True:
            try:
                connection = await asyncpg.connect(
                    self.service.settings.database_url, server_settings={"application_name": "others"}
                )
            except asyncpg.TooManyConnectionsError:
                if not await self._ended():
                    return
            else:
                self.held.append(connection)

    async def _ended(self) -> int:
        """How many connections of the service were still there; they are ended."""
        rows = await self.superuser.fetch(
            """SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
               WHERE usename = 'sfo_app' AND application_name <> 'others'"""
        )
        return len(rows)

    async def given_back(self) -> None:
        """They are free again."""
        while self.held:
            await self.held.pop().close()


@asynccontextmanager
async def all_taken(service: Service) -> AsyncIterator[Taken]:
    """As `Taken`, and free again at the latest when the block ends."""
    taken = Taken(service, await asyncpg.connect(service.superuser_url))
    try:
        await taken.all()
        yield taken
    finally:
        await taken.given_back()
        await taken.superuser.close()


async def nothing_lost(service: Service, crowd: Crowd, what: str, resumed: float) -> None:
    """What people were told is so, once, and the row stands in the table."""
    done = await counted(service, "connections", what, CASES, crowd.heard.recorded, resumed)
    assert done.found == {}
    assert done.mails.twice == {}
    assert len(crowd.heard.recorded) >= CASES
