"""One case with one question on a real record, for the tests of `starter/record.py`; its clock says `NOW`."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio

from starter.connections import Connection
from starter.record import Asked, Offer, asked_person
from tests.builders import MONDAY, ACase, a_case
from tests.conftest import MailServer, Record
from workflows.contract.messages import CaseClock
from workflows.contract.vocabulary import Channel

SPOC, DEPUTY = "spoc@n53.example.test", "deputy@n53.example.test"
NOW = MONDAY + timedelta(hours=3)
TEAM = [{"name": "Example One", "key": "n53.one", "email": "one@n53.example.test"}]


@pytest_asyncio.fixture
async def case(record: Record, mail_server: MailServer) -> ACase:
    """A case whose clock says `NOW`, within the seconds that a test takes."""
    made = await a_case(record.pool, mail_server)
    await set_clock(made, NOW)
    return made


@pytest_asyncio.fixture
async def connection(record: Record) -> AsyncIterator[Connection]:
    async with record.pool.acquire() as taken:
        yield taken


@pytest_asyncio.fixture
async def gate(case: ACase) -> str:
    """The question whether the notification was sent, asked of the single point of contact."""
    return (await case.ask("notification", stage="notification")).gate


async def set_clock(case: ACase, at: datetime, speed: float = 1.0) -> None:
    clock = CaseClock(case_anchor=at, wall_anchor=datetime.now(UTC), speed=speed)
    await case.pool.execute("UPDATE cases SET clock = $1", clock.model_dump(mode="json"))


async def link_of(case: ACase) -> UUID:
    link: UUID = await case.pool.fetchval("SELECT link FROM links")
    return link


def offer(answer: str = "sent", reasons: str | None = None, **more: Any) -> Offer:
    return Offer(uuid4(), answer, {"sent_on": "2026-10-05"}, reasons, more.pop("channel", Channel.LINK), **more)


async def asked(connection: Connection, gate: str) -> Asked:
    found = await asked_person(connection, gate, SPOC)
    assert found is not None
    return found


def is_now(at: object) -> bool:
    return isinstance(at, datetime) and NOW <= at < NOW + timedelta(minutes=2)
