"""`sfo watch`: looks at a list, or at one case, again and again, and shows it on a screen or line by line.

The record may be away for hours: that is said once, and once more when it is back. What changed meanwhile is told then.
"""

import asyncio
import logging
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import click

from starter.case_filters import Filters
from starter.case_list import list_cases
from starter.case_table import as_summary, as_table
from starter.case_text import read_case
from starter.connections import OUT_OF_REACH, Connection, Pool
from starter.judging import Pinned
from starter.watching import Seen, by_reference, changes

_AWAY = (*OUT_OF_REACH, asyncpg.PostgresError)
_ALTERNATE, _BACK = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
_HOME, _REST_OF_LINE, _REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"
_AROUND = 6
"""Lines of a screen that are not cases."""
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Watch:
    """What is watched, every how many seconds, and whether it is drawn on a screen or told line by line."""

    filters: Filters
    reference: str | None
    every: float
    is_screen: bool


async def look_again_and_again(pool: Pool, pinned: Pinned, wanted: Watch) -> None:
    """Show until cancelled. An outage of the record is survived; anything else ends it."""
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)  # that the record is away is said here, once
    if wanted.is_screen:
        with _screen():
            await _Screen(pool, pinned, wanted).run()
    else:
        await _Lines(pool, pinned, wanted).run()


class _Looking(ABC):
    """Looks every few seconds and says what it saw, or since when it sees nothing."""

    def __init__(self, pool: Pool, pinned: Pinned, wanted: Watch) -> None:
        self.pool, self.pinned, self.wanted = pool, pinned, wanted
        self.away_since: datetime | None = None

    async def run(self) -> None:
        while True:
            try:
                # No longer than that: a connection that hangs is an outage too.
                async with asyncio.timeout(_PATIENCE), self.pool.acquire() as connection:
                    await self.look(connection)
                    self.away_since = None
            except _AWAY as error:
                if self.away_since is None:
                    self.away_since = _now()
                    self.is_away(type(error).__name__)
            await asyncio.sleep(self.wanted.every)

    @abstractmethod
    async def look(self, connection: Connection) -> None:
        """Read what is watched and show it; `away_since` is still set where the record has just come back."""

    @abstractmethod
    def is_away(self, why: str) -> None:
        """Say so, once an outage."""


class _Lines(_Looking):
    """One line for each change."""

    seen: Seen | None = None

    async def look(self, connection: Connection) -> None:
        found = await list_cases(connection, self.wanted.filters, self.pinned)
        now = by_reference(found.open)
        ended = await _ended(connection, [one for one in self.seen or () if one not in now])
        if self.away_since is not None:
            _say("the record is back")
        if self.seen is None:
            every = f"looking every {self.wanted.every:g} seconds"
            _say(f"{len(now):,} open case{'' if len(now) == 1 else 's'} watched, {every}", err=True)
        else:
            for line in changes(self.seen, now, ended):
                _say(line)
        self.seen = now

    def is_away(self, why: str) -> None:
        _say(f"the record is out of reach ({why}); it is tried again until it answers")


async def _ended(connection: Connection, gone: list[str]) -> dict[str, str | None]:
    """The outcome of each of these cases that has closed."""
    if not gone:
        return {}
    rows = await connection.fetch(
        "SELECT reference, outcome FROM sfo.cases WHERE reference = ANY($1) AND closed_on IS NOT NULL", gone
    )
    return {row["reference"]: row["outcome"] for row in rows}


class _Screen(_Looking):
    """The table, or one case, drawn anew in its place."""

    drawn: tuple[str, ...] = ()

    async def look(self, connection: Connection) -> None:
        size = shutil.get_terminal_size()
        if self.wanted.reference is None:
            self.drawn = await self._table(connection, size.columns, max(size.lines - _AROUND, 3))
        else:
            read = await read_case(connection, self.wanted.reference, self.pinned)
            text = read.as_text() if read else f"there is no case {self.wanted.reference}"
            self.drawn = tuple(text.splitlines())
        self._draw(f"{_now():%H:%M:%S}  every {self.wanted.every:g} seconds, Ctrl-C ends it", size.lines)

    async def _table(self, connection: Connection, columns: int, rows: int) -> tuple[str, ...]:
        found = await list_cases(connection, self.wanted.filters, self.pinned)
        if not found.open:
            return ("no cases",)
        left = len(found.open) - rows
        more = [f"and {left:,} more"] if left > 0 else []
        return (*as_summary(found).splitlines(), "", *as_table(found.open[:rows], columns, colour=True), *more)

    def is_away(self, why: str) -> None:
        said = click.style(f"THE RECORD IS OUT OF REACH since {self.away_since:%H:%M:%S} ({why})", bold=True)
        self._draw(f"{said}; what stands below was read before", shutil.get_terminal_size().lines)

    def _draw(self, heading: str, lines: int) -> None:
        shown = [heading, *self.drawn][: max(lines - 1, 1)]
        click.echo(_HOME + "".join(f"{line}{_REST_OF_LINE}\n" for line in shown) + _REST_OF_SCREEN, nl=False)


@contextmanager
def _screen() -> Iterator[None]:
    """A screen of our own, after which the terminal is as it was."""
    click.echo(_ALTERNATE, nl=False)
    try:
        yield
    finally:
        click.echo(_BACK, nl=False)


def _say(line: str, *, err: bool = False) -> None:
    click.echo(f"{_now():%H:%M:%S}  {line}", err=err)


def _now() -> datetime:
    """The moment as the clock on the wall here shows it."""
    return datetime.now().astimezone()
