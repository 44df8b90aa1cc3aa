"""The pool of connections: what one does of which there may be several, and what a connection is given back with."""

import asyncio

import pytest

from starter.connections import leading
from tests.conftest import Record

LOCKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"


async def test_one_leads_at_a_time_and_the_next_when_it_has_done(record: Record) -> None:
    async with leading(record.pool, "invented") as first, leading(record.pool, "invented") as second:
        assert first is not None
        assert second is None
        async with leading(record.pool, "another") as other:
            assert other is not None
    async with leading(record.pool, "invented") as again:
        assert again is not None


async def test_whoever_fails_or_is_cancelled_leads_no_longer(record: Record) -> None:
    async def fail() -> None:
        async with leading(record.pool, "invented"):
            raise LookupError

    async def wait() -> None:
        async with leading(record.pool, "invented") as connection:
            assert connection is not None
            await connection.execute("SELECT pg_sleep(60)")

    with pytest.raises(LookupError):
        await fail()
    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0.2)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await record.value(LOCKS) == 0


async def test_whoever_loses_the_connection_leads_no_longer(record: Record) -> None:
    async with leading(record.pool, "invented") as connection:
        assert connection is not None
        connection.terminate()
    async with asyncio.timeout(10):
        while await record.value(LOCKS):
            await asyncio.sleep(0.05)
    async with leading(record.pool, "invented") as again:
        assert again is not None
