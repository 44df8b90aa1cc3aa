"""Work that a gateway repeats for as long as it runs, with longer pauses while what it needs is away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import asyncpg

from starter.amazon import AmazonAwayError
from starter.connections import OUT_OF_REACH

AWAY = (AmazonAwayError, *OUT_OF_REACH, asyncpg.PostgresError)
"""What says that Amazon or the record is away, and that the same may work later."""

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0


@dataclass(frozen=True, slots=True)
class Persisting:
    """Says of `what`, such as court events, that they are `done`, or meanwhile `instead`; `where` Amazon has them."""

    log: logging.Logger
    what: str
    done: str
    instead: str
    where: str

    async def run(self, work: Callable[[], Awaitable[object]], every: float = 0.0) -> None:
        """Do the work until cancelled, `every` so many seconds. Never raises; an outage is logged at its two ends.

        The text of a database error may quote a row, so only its type is told.
        """
        pause = 0.0
        while True:
            try:
                await work()
            except AWAY as error:
                if not pause:
                    cause = f"{self.where}, {error}" if isinstance(error, AmazonAwayError) else type(error).__name__
                    self.log.warning("%s are %s: %s", self.what, self.instead, cause)
                pause = min(max(pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)
            except Exception:  # nothing that nobody foresaw may end it
                self.log.exception("%s go on after an error", self.what)
                pause = _LONGEST_PAUSE
            else:
                if pause:
                    self.log.warning("%s are %s again", self.what, self.done)
                pause = 0.0
            await asyncio.sleep(pause or every)
