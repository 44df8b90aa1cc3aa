"""Clocks that are put forward and back under a running service: that of a program of ours, or the record's.

`python -m tests.drills.wrong_clock FILE PROGRAM` runs a worker or a gateway whose clock is wrong by as many seconds as
the file says. Everything that Python asks for the time is told so. What measures spans of time stays as it is, and so
does the time of day in Temporal's library, which is no Python and asks the machine.

The record has no name for the time of day but `clock_timestamp()`: defaults of columns, functions and queries all ask
that. Under a `RecordClock` it is another function. PostgreSQL's own time-outs and its log keep the machine's clock.
"""

import asyncio
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import time_machine

from tests.drills.programs import run
from tests.drills.service import POSTGRES, Service

_LOOKS_EVERY = 0.1  # seconds
_NEAR = timedelta(seconds=2)
_PATIENCE = 20.0
_INSTEAD = (
    # What the server's own function does, under another name.
    """CREATE FUNCTION public.right_clock() RETURNS timestamptz
       LANGUAGE internal VOLATILE STRICT PARALLEL SAFE AS 'clock_timestamp'""",
    # PostgreSQL calls its own functions by number and past their entry here; one that is SQL is written out in the
    # statement before it comes to that.
    """CREATE OR REPLACE FUNCTION pg_catalog.clock_timestamp() RETURNS timestamptz
       LANGUAGE sql VOLATILE PARALLEL SAFE RETURN public.right_clock()
           + coalesce(nullif(pg_catalog.current_setting('drill.wrong_by', true), ''), '0')::interval""",
)


@dataclass(frozen=True)
class ProgramClock:
    """The clock of one worker or gateway."""

    file: Path

    @classmethod
    def right(cls, folder: Path) -> "ProgramClock":
        """A clock that is right as yet."""
        clock = cls(folder / "wrong-by")
        clock.file.write_text("0")
        return clock

    def program(self, name: str) -> tuple[str, ...]:
        """What runs instead of the program of this name."""
        return ("-m", __name__, str(self.file), name)

    async def step(self, wrong_by: timedelta) -> None:
        """From now on it is wrong by so much, by the program's own word. Raises TimeoutError."""
        new = self.file.with_suffix(".new")
        new.write_text(str(wrong_by.total_seconds()))
        new.rename(self.file)
        async with asyncio.timeout(_PATIENCE):
            while not self._is_wrong_by(wrong_by):
                await asyncio.sleep(_LOOKS_EVERY)

    def _is_wrong_by(self, wrong_by: timedelta) -> bool:
        said = _said(self.file)
        if not said.exists():
            return False
        looked = datetime.fromtimestamp(said.stat().st_mtime, UTC)
        return abs(datetime.fromisoformat(said.read_text()) - looked - wrong_by) < _NEAR


def _said(file: Path) -> Path:
    """Where the program says what it takes for now."""
    return file.with_suffix(".now")


def _follow(file: Path) -> None:
    clock = time_machine.travel(datetime.now(UTC), tick=True).start()
    wrong_by = 0.0
    while True:
        wanted = float(file.read_text())
        clock.shift(wanted - wrong_by)
        wrong_by = wanted
        new = file.with_suffix(".said")
        new.write_text(datetime.now(UTC).isoformat())
        new.rename(_said(file))
        time.sleep(_LOOKS_EVERY)


@dataclass(frozen=True)
class RecordClock:
    """The clock by which the record dates everything."""

    service: Service

    @classmethod
    async def right(cls, service: Service) -> "RecordClock":
        """A clock that is right as yet. PostgreSQL starts again, since whoever is connected knows the old one."""
        clock = cls(service)
        await clock._as_superuser(*_INSTEAD)
        await service.parts[POSTGRES].stop()
        await service.start(POSTGRES)
        await clock.step(timedelta(0))
        return clock

    async def step(self, wrong_by: timedelta) -> None:
        """From now on it is wrong by so much, for everybody who is connected or connects. Raises TimeoutError."""
        seconds = f"{wrong_by.total_seconds():.0f} seconds"
        await self._as_superuser(f"ALTER SYSTEM SET drill.wrong_by = '{seconds}'", "SELECT pg_reload_conf()")
        is_wrong = "SELECT abs(extract(epoch FROM clock_timestamp() - now() - $1::interval)) < 2"
        await self.service.until(is_wrong, wrong_by, within=_PATIENCE)

    async def _as_superuser(self, *statements: str) -> None:
        connection = await asyncpg.connect(self.service.superuser_url.replace("/postgres?", "/sfo?"))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


if __name__ == "__main__":
    threading.Thread(target=_follow, args=(Path(sys.argv[1]),), daemon=True).start()
    run(sys.argv[2])
