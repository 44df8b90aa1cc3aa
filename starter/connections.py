"""How this process reaches PostgreSQL and Temporal: one way for gateway, command line and worker."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias, TypeVar
from urllib.parse import urlsplit

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from temporalio.client import Client
from temporalio.service import RPCError

from starter.query_spans import with_spans
from starter.settings import Settings
from starter.telemetry import Telemetry
from starter.temporal_connection import CONNECT_SECONDS, connected

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]"
Made = TypeVar("Made")

_LOG = logging.getLogger(__name__)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
_STATEMENTS = 500

OUT_OF_REACH = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.InternalClientError,
)
"""What asyncpg raises when the database is away. TimeoutError is an OSError.

The last one comes where a server that was killed took a connection with it in the middle of a question.
"""


class ServiceUnreachableError(Exception):
    """A service does not answer. The text names the service, the setting and what to do next."""


async def temporal_client(
    settings: Settings,
    telemetry: Telemetry | None = None,
    *,
    lazy: bool = False,
    attempts: int | None = None,
) -> Client:
    """Return a client of the namespace that encrypts what it sends.

    `lazy` returns at once and connects with the first call, for a process that must start without Temporal.
    Otherwise tries `attempts` times, for ever when None; then raises ServiceUnreachableError. SettingsError: a
    SFO_TEMPORAL_CONFIG that cannot be used.
    """

    async def connect() -> Client:
        return await connected(settings, telemetry, lazy=lazy)

    name = f"Temporal at {settings.temporal_address} (SFO_TEMPORAL_ADDRESS)"
    return await _persistently(connect, name, attempts, (RuntimeError, RPCError, OSError))


@asynccontextmanager
async def database_pool(
    settings: Settings, *, service: str = "sfo", attempts: int | None = 1, max_size: int = 8
) -> AsyncIterator[Pool]:
    """Yield a pool of the application role on the schema `sfo`; jsonb is Python objects, times are UTC.

    Waits for the database `attempts` times, for ever when None, not at all when 0: connections are then made
    as they are asked for. Raises ServiceUnreachableError. `service` is the application_name.
    """

    async def open_() -> Pool:
        smallest = 0 if attempts == 0 else 1
        return await open_pool(settings.database_url, service, smallest, max_size, bool(settings.otlp_endpoint))

    where = urlsplit(settings.database_url)
    name = f"PostgreSQL at {where.hostname or 'its socket'} (SFO_DATABASE_URL)"
    pool = await _persistently(open_, name, attempts or None, OUT_OF_REACH)
    try:
        yield pool
    finally:
        await _close(pool)


async def open_pool(
    url: str, service: str = "sfo", min_size: int = 1, max_size: int = 8, is_traced: bool = False
) -> Pool:
    """Return a pool on the schema `sfo`, as every process of ours uses it. Errors: OSError or asyncpg's."""
    return await asyncpg.create_pool(
        url,
        min_size=min_size,
        max_size=max_size,
        init=_learn_json_traced if is_traced else _learn_json,
        reset=_as_it_is,
        # There are more statements than the hundred that asyncpg keeps prepared by itself.
        statement_cache_size=_STATEMENTS,
        timeout=CONNECT_SECONDS,
        command_timeout=20,
        max_inactive_connection_lifetime=300,
        server_settings=_server_settings(service),
    )


@asynccontextmanager
async def leading(pool: Pool, work: str) -> "AsyncIterator[Connection | None]":
    """Yield a connection while nobody else, in any process, does this work; None where somebody does.

    Whoever dies leads no longer: the lock goes with the connection.
    """
    async with pool.acquire() as connection:
        is_leader = await connection.fetchval("SELECT pg_try_advisory_lock(hashtext($1))", work)
        try:
            yield connection if is_leader else None
        finally:
            if is_leader:
                await _lead_no_longer(connection, work)


async def _lead_no_longer(connection: Connection, work: str) -> None:
    try:
        await connection.execute("SELECT pg_advisory_unlock(hashtext($1))", work)
    except asyncpg.InterfaceError:  # the connection is gone, and the lock with it
        return
    except BaseException:
        connection.terminate()  # nobody else may get it with the lock
        raise


async def _as_it_is(_connection: Connection) -> None:
    """A connection goes back as it is: nothing here outlives a transaction, but the lock that `leading` gives back.

    asyncpg would reset the session each time, one more way to the server for every transaction.
    """


def _server_settings(service: str) -> dict[str, str]:
    return {
        "application_name": service,
        "search_path": "sfo",
        "timezone": "UTC",
        "statement_timeout": "15000",
        "lock_timeout": "10000",
        "idle_in_transaction_session_timeout": "20000",
    }


async def _learn_json(connection: Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)


async def _learn_json_traced(connection: Connection) -> None:
    await _learn_json(connection)
    with_spans(connection)


async def _close(pool: Pool) -> None:
    """Close in order, but do not let one stuck connection hold up the end of the process."""
    try:
        async with asyncio.timeout(5):
            await pool.close()
    except (TimeoutError, *OUT_OF_REACH):
        pool.terminate()


async def _persistently(
    make: Callable[[], Awaitable[Made]],
    name: str,
    attempts: int | None,
    away: tuple[type[Exception], ...],
) -> Made:
    """Try until it works; say once that it does not. The error's text may quote a password: left out."""
    tried, pause = 0, _FIRST_PAUSE
    while True:
        try:
            return await make()
        except away as error:
            tried += 1
            if attempts is not None and tried >= attempts:
                raise ServiceUnreachableError(
                    f"{name} does not answer ({type(error).__name__}); start it or correct the address"
                ) from None
            if tried == 1:
                _LOG.warning("waiting for %s: %s", name, type(error).__name__)
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
