"""Letters in hand: given to the mail server, and what became of them not yet on the record.

A mail server may take minutes to say that it has taken a message, and the record may be away just then. Whoever gave
up waiting, or forgot what was said, would send the letter again. So a letter stays in hand until the record knows.
Rule: design.md 3.11; RFC 5321, 4.5.3.2.6.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from activities.record import Pool, Row, transaction

_LOG = logging.getLogger(__name__)

STALE = "interval '60 seconds'"
"""After so long a claim that nobody renews is somebody else's: its worker died."""
_RENEW = """
    UPDATE outbox SET claimed_at_wall = clock_timestamp() WHERE state = 'sending' AND (
        letter_id = ANY($1) AND claimed_at_wall < clock_timestamp() - interval '20 seconds'
        OR claimed_at_wall > clock_timestamp())
"""
"""Ours; and whosever is claimed later than now, since the server's clock was put back: it has a minute from now on."""


@dataclass(frozen=True, slots=True)
class Became:
    """What became of one attempt, in the words of the outbox: `sent`, `refused` or `queued`, and the server's code."""

    state: str
    code: int | None = None


@dataclass
class InHand:
    """`send` gives one letter to the mail server and never raises; `note` puts down what became of it."""

    pool: Pool
    send: Callable[[Row], Awaitable[Became]]
    note: Callable[[UUID, Became], Awaitable[None]]
    _under_way: dict[UUID, asyncio.Task[None]] = field(default_factory=dict)
    _to_note: dict[UUID, Became] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._under_way.keys() | self._to_note.keys())

    async def take(self, rows: Sequence[Row], within: float) -> None:
        """Give these letters to the mail server, and wait so many seconds for them; afterwards they go on alone.

        Cancelled, it leaves them alone too: a letter cut off behind its last word may have been taken.
        """
        for row in rows:
            self._under_way[row["letter_id"]] = asyncio.create_task(self._carried(row))
        if tasks := [self._under_way[row["letter_id"]] for row in rows]:
            await asyncio.wait(tasks, timeout=within)

    async def look_after(self) -> None:
        """Note what could not be noted, and say to others that the rest is still ours. Raises RecordError, OSError."""
        for letter, became in list(self._to_note.items()):
            await self.note(letter, became)
            self._to_note.pop(letter, None)
        async with transaction(self.pool) as connection:
            await connection.execute(_RENEW, list(self._under_way))

    async def finish(self, within: float) -> None:
        """Wait so many seconds for whatever is under way."""
        if self._under_way:
            await asyncio.wait(list(self._under_way.values()), timeout=within)

    async def _carried(self, row: Row) -> None:
        letter = row["letter_id"]
        try:
            became = await self.send(row)
            try:
                await self.note(letter, became)
            except Exception as error:  # whatever it is, what the mail server said is not forgotten
                _LOG.warning("what became of letter %s is noted later: %s", letter, type(error).__name__)
                self._to_note[letter] = became
        finally:
            self._under_way.pop(letter, None)
