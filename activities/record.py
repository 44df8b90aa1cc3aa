"""The asyncpg side that every port shares: one transition a business event, one audit row.

Refuses to let a database error speak: its text may quote a row, so only the SQLSTATE leaves this module.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from pydantic import BaseModel, TypeAdapter
from temporalio.exceptions import ApplicationError

from activities.measures import counted_on_commit

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]"
Row: TypeAlias = asyncpg.Record
Result = TypeVar("Result")


class RecordError(Exception):
    """The record could not be read or written; the text is a SQLSTATE or the name of the error, never a row."""


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """Yield a connection inside one transaction; raises RecordError for whatever the database says."""
    try:
        with counted_on_commit():
            async with pool.acquire() as connection, connection.transaction():
                yield connection
    except asyncpg.PostgresError as error:
        raise RecordError(f"SQLSTATE {error.sqlstate}") from None
    except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:  # the second where a server was killed
        raise RecordError(type(error).__name__) from None


async def once(pool: Pool, key: str, result: type[Result], work: Callable[[Connection], Awaitable[Result]]) -> Result:
    """Return what `work` did, the first time; what it did then, every other time.

    One transaction. Concurrent repeats wait for the first and read its result. Raises RecordError.
    """
    adapter = TypeAdapter(result)
    async with transaction(pool) as connection:
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", key)
        stored = await remembered(connection, key)
        if stored is not None:
            return adapter.validate_python(stored[0])
        done = await work(connection)
        await remember(connection, key, adapter.dump_python(done, mode="json"))
        return done


async def remembered(connection: Connection, key: str) -> tuple[Any] | None:
    """The stored result of this transition, as JSON, in a tuple of one; None where it has not happened."""
    row = await connection.fetchrow("SELECT result FROM transitions WHERE key = $1", key)
    return (row["result"],) if row else None


async def remember(connection: Connection, key: str, result: object) -> None:
    """What every repeat of this transition returns; an earlier result under the key stays."""
    await connection.execute(
        "INSERT INTO transitions (key, result) VALUES ($1, $2) ON CONFLICT DO NOTHING", key, result
    )


async def lock_case(connection: Connection, reference: str) -> Row:
    """Return the case's row, held until the transaction ends so that its numbers are given out one at a time.

    Rows that merely point at the case stay writable for others. Raises ApplicationError `UnknownCase`.
    """
    row = await connection.fetchrow("SELECT * FROM cases WHERE reference = $1 FOR NO KEY UPDATE", reference)
    if row is None:
        raise ApplicationError("no such case in the record", type="UnknownCase", non_retryable=True)
    return row


async def audit(
    connection: Connection, at: datetime, reference: str | None, actor: str, action: str, subject: str, **detail: object
) -> None:
    """Add one row to the chain: who did what to which thing, at case time `at`; `detail` holds codes and dates.

    Call it last in a transaction: it orders every writer of the record until the commit.
    """
    await connection.execute(
        "SELECT audit_append($1, $2, $3, $4, $5, $6)", at, reference, actor, action, subject, _plain(detail)
    )


def _plain(detail: dict[str, object]) -> dict[str, Any]:
    """What JSON can hold: dates, times and ids as text."""
    plain: dict[str, Any] = json.loads(json.dumps(detail, default=str))
    return plain


def plain(model: BaseModel) -> dict[str, Any]:
    """A message as the record stores it."""
    return model.model_dump(mode="json")


def canonical(content: object) -> bytes:
    """The one spelling of a JSON value, so that equal contents have equal hashes."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def fingerprint(content: object) -> str:
    """The sha256 of a JSON value in its one spelling, in hex."""
    return hashlib.sha256(canonical(content)).hexdigest()


def decision_uuid(name: str) -> UUID | None:
    """The id inside a signal's reference to a decision, or None when it is not one."""
    try:
        return UUID(name)
    except ValueError:
        return None


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait this long in real time, or until told to stop."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
