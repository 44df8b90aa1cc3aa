"""`sfo doctor`: every check of the service, all at once, each within its own time, and none hides another.

A check looks at one thing and returns a finding: what was found, and what to do next. It changes nothing, sends no
letter and prints no secret. A check whose service does not answer is not looked at, and says so.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from starter.connections import OUT_OF_REACH, Pool, open_pool
from starter.schema import SCHEMA_DIR
from starter.settings import Settings
from starter.temporal_connection import connected

WITHIN = 6.0
"""Seconds that a check may take."""
CONNECT = 4.0
"""Seconds within which a service answers first; less than a check has, so that it can say that it did not."""
SKEW_WARN, SKEW_FAIL = timedelta(seconds=2), timedelta(seconds=60)

_AWAY = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED)


class Level(StrEnum):
    """`away`: the service that is looked at does not answer; `unknown`: not looked at, for want of something else."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    AWAY = "away"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, and what to do next; no remedy where nothing is to be done."""

    level: Level
    found: str
    remedy: str = ""


class NotLookedAtError(Exception):
    """Something that a check needs is not there, which another check reports. The text says what."""


@dataclass
class Practice:
    """What checks look through: the settings and each service's connection, made once and closed at the end.

    `wrong`: variables that cannot be read, with stand-ins in their place. `now` is our own clock.
    """

    settings: Settings
    wrong: frozenset[str] = frozenset()
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    schema_dir: Path = SCHEMA_DIR
    _pool: "asyncio.Task[Pool] | None" = None
    _client: "asyncio.Task[Client] | None" = None

    async def pool(self) -> Pool:
        """The record, as the application role. Raises what asyncpg raises, for the check that looks at just that."""
        self._pool = self._pool or asyncio.ensure_future(
            asyncio.wait_for(open_pool(self.settings.database_url, "sfo-doctor", 1, 4), CONNECT)
        )
        return await asyncio.shield(self._pool)

    async def record(self) -> Pool:
        """The record, for every other check. Raises NotLookedAtError."""
        try:
            return await self.pool()
        except (*OUT_OF_REACH, asyncpg.PostgresError):
            raise NotLookedAtError("PostgreSQL cannot be used, see database") from None

    async def client(self) -> Client:
        """The Temporal server. Raises RuntimeError or TimeoutError, for the check that looks at just that."""
        self._client = self._client or asyncio.ensure_future(asyncio.wait_for(connected(self.settings), CONNECT))
        return await asyncio.shield(self._client)

    async def temporal(self) -> Client:
        """The Temporal server, for every other check. Raises NotLookedAtError."""
        try:
            return await self.client()
        except (RuntimeError, RPCError, OSError):
            raise NotLookedAtError("Temporal does not answer, see temporal") from None

    async def close(self) -> None:
        """Let go of whatever was reached."""
        if self._pool and self._pool.done() and not self._pool.cancelled() and not self._pool.exception():
            self._pool.result().terminate()


Look = Callable[[Practice], Awaitable[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at. `needs`: the variables without which it cannot be."""

    key: str
    look: Look = field(repr=False)
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Examined:
    """A check with what it found."""

    key: str
    finding: Finding


DATABASE, TEMPORAL = ("SFO_DATABASE_URL",), ("SFO_TEMPORAL_ADDRESS", "SFO_TEMPORAL_NAMESPACE")


def registry() -> tuple[Check, ...]:
    """Every check, in the order in which they are told."""
    from starter import (
        doctor_case,
        doctor_database,
        doctor_events,
        doctor_house,
        doctor_keeping,
        doctor_mail,
        doctor_notify,
        doctor_temporal,
    )

    modules = (
        doctor_house,
        doctor_database,
        doctor_temporal,
        doctor_case,
        doctor_keeping,
        doctor_mail,
        doctor_notify,
        doctor_events,
    )
    return tuple(check for module in modules for check in module.CHECKS)


async def examine(
    practice: Practice, checks: Sequence[Check], say: Callable[[str], None], *, say_after: float = 2.0
) -> list[Examined]:
    """Run every check and return what each found, in their order. `say` hears what takes longer than `say_after`."""
    tasks = {check.key: asyncio.create_task(_look(practice, check)) for check in checks}
    saying = asyncio.create_task(_say_what_is_slow(tasks, say, say_after))
    try:
        return [Examined(key, await task) for key, task in tasks.items()]
    finally:
        saying.cancel()
        await practice.close()


async def _look(practice: Practice, check: Check) -> Finding:
    if wrong := sorted(practice.wrong.intersection(check.needs)):
        return Finding(Level.UNKNOWN, f"not looked at: {', '.join(wrong)} is wrong, see settings")
    try:
        async with asyncio.timeout(WITHIN):
            return await check.look(practice)
    except NotLookedAtError as reason:
        return Finding(Level.UNKNOWN, f"not looked at: {reason}")
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.InvalidSchemaNameError):
        return Finding(Level.UNKNOWN, "not looked at: the schema is not that of this version, see schema")
    except asyncpg.PostgresError as error:  # its text may quote a row
        return Finding(Level.FAIL, f"the record refuses: SQLSTATE {error.sqlstate}", "look at the log of PostgreSQL")
    except RPCError as error:
        return _of_temporal(error)
    except (TimeoutError, OSError, httpx.TransportError):
        return Finding(Level.AWAY, f"no answer within {WITHIN:.0f} seconds", "see whether it runs and can be reached")
    except Exception as error:  # no check may hide another
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} at {place.filename.rpartition('/')[2]}:{place.lineno}"
        return Finding(Level.FAIL, f"the check itself has a defect, {where}", "please report it")


def _of_temporal(error: RPCError) -> Finding:
    if error.status in _AWAY:
        return Finding(Level.AWAY, f"Temporal does not answer: {error.status.name}", "see whether it runs")
    if error.status is RPCStatusCode.NOT_FOUND and "amespace" in error.message:
        return Finding(Level.UNKNOWN, "not looked at: the namespace is not there, see namespace")
    if error.status in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED):
        return Finding(Level.WARN, "Temporal does not let us look", "grant this identity the right to read it")
    return Finding(Level.FAIL, f"Temporal refuses: {error.status.name}", "look at the log of the Temporal server")


async def _say_what_is_slow(tasks: dict[str, Any], say: Callable[[str], None], after: float) -> None:
    while True:
        await asyncio.sleep(after)
        if open_ := [key for key, task in tasks.items() if not task.done()]:
            say(f"still looking at {', '.join(open_)}")


def exit_code(found: Iterable[Examined]) -> int:
    """0: nothing fails; 3: a service is out of reach; 1: something else fails, which is ours to mend."""
    levels = {one.finding.level for one in found}
    return 3 if Level.AWAY in levels else 1 if Level.FAIL in levels else 0


def of_skew(skew: timedelta, whose: str) -> Finding:
    """What a difference between our clock and another means; positive where ours is ahead."""
    seconds = skew.total_seconds()
    found = f"ours is {abs(seconds):.1f} s {'ahead of' if seconds > 0 else 'behind'} {whose}"
    if abs(skew) > SKEW_FAIL:
        remedy = "set both clocks by NTP at once: dates are counted by one and answers are timed by the other"
        return Finding(Level.FAIL, found, remedy)
    return Finding(Level.WARN, found, "set both clocks by NTP") if abs(skew) > SKEW_WARN else Finding(Level.OK, found)


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    seconds = max(0.0, (now - moment).total_seconds())
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit} ago"
    return f"{seconds:.0f} seconds ago"
