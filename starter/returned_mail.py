"""The Maildir of what comes back: each message is read once, its meaning goes to the record, and it is put away.

Read messages lie in `cur`: a person's answer flagged (F), everything else seen (S). What is not about a letter of
ours or cannot be understood lies in `aside`. Both are deleted after a month. The log has counts and never content.
"""

import asyncio
import logging
import os
import stat
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from starter.connections import OUT_OF_REACH, Pool
from starter.returned_kinds import (
    READ_BYTES,
    Kind,
    Returned,
    UnreadableError,
    addressees,
    read_message,
    recognise,
)
from starter.returned_letters import RECORDED, note_return
from workflows.policy.returns import letter_of

_LOG = logging.getLogger(__name__)

KEPT = timedelta(days=30)
_BATCH = 50
_LEAVE_ALONE = timedelta(minutes=1)
_TIDY_EVERY = timedelta(hours=1)
_ASIDE = "set aside"
_LEFT = "left where they are"


@dataclass
class ReturnedMail:
    """What a mail server has delivered to letters' return addresses. One reader at a time: the relay that leads."""

    pool: Pool
    folder: Path
    pattern: str
    keys: Mapping[str, bytes] = field(repr=False)
    _not_before: dict[str, float] = field(default_factory=dict)
    _next_tidy: float = 0.0
    _next_look: float = 0.0
    _is_away: bool = False

    async def take_in(self) -> int:
        """Handle what has arrived and return how many messages that was. Raises what asyncpg raises."""
        now = asyncio.get_running_loop().time()
        if now < self._next_look:
            return 0
        try:
            names = await asyncio.to_thread(self._arrived, now)
        except OSError as error:
            self._begins_to_be_away(error, now)
            return 0
        self._is_away = False
        handled = Counter([await self._handle(name, now) for name in names])
        if handled:
            _LOG.info("mail came back: %s", ", ".join(f"{number} {what}" for what, number in sorted(handled.items())))
        if now >= self._next_tidy:
            self._next_tidy = now + _TIDY_EVERY.total_seconds()
            await asyncio.to_thread(self._tidy)
        return handled.total() - handled[_LEFT]

    def _arrived(self, now: float) -> list[str]:
        """The oldest messages under `new`, by the names that Maildir gives, but those left alone for a while."""
        found = sorted(os.listdir(self.folder / "new"))
        self._not_before = {name: at for name, at in self._not_before.items() if at > now}
        return [name for name in found if name not in self._not_before][:_BATCH]

    async def _handle(self, name: str, now: float) -> str:
        """Handle one message and say what it was. One that cannot be handled is left alone and stops no other."""
        try:
            letter, returned = await asyncio.to_thread(self._look, self.folder / "new" / name)
        except UnreadableError:
            letter, returned = None, Returned(Kind.UNCLEAR)
        except OSError:
            return self._leave_alone(name, now)
        try:
            is_ours = letter is not None and await self._noted(letter, returned)
        except OUT_OF_REACH:
            raise
        except asyncpg.PostgresError:
            return self._leave_alone(name, now)
        ending = "" if not is_ours else ":2,F" if returned.kind is Kind.PERSON else ":2,S"
        try:
            await asyncio.to_thread(self._put_away, name, ending)
        except OSError:
            return self._leave_alone(name, now)
        return str(returned.kind) if is_ours else _ASIDE

    async def _noted(self, letter: UUID, returned: Returned) -> bool:
        """What belongs in the record stands there. False for what nobody understands or no letter of ours brought."""
        if returned.kind in RECORDED:
            async with self.pool.acquire() as connection:
                return await note_return(connection, letter, returned)
        return returned.kind is not Kind.UNCLEAR

    def _leave_alone(self, name: str, now: float) -> str:
        self._not_before[name] = now + _LEAVE_ALONE.total_seconds()
        return _LEFT

    def _look(self, path: Path) -> tuple[UUID | None, Returned]:
        """Read whom a message is for and, only where that is a letter of ours, what it is."""
        message = read_message(_beginning(path))
        letter = letter_of(addressees(message), self.pattern, self.keys)
        return (UUID(bytes=letter), recognise(message)) if letter else (None, Returned(Kind.UNCLEAR))

    def _put_away(self, name: str, ending: str) -> None:
        folder = self.folder / ("cur" if ending else "aside")
        folder.mkdir(mode=0o700, exist_ok=True)
        (self.folder / "new" / name).rename(folder / (name.partition(":2,")[0] + ending))

    def _tidy(self) -> None:
        """Delete what has been read and is older than a month."""
        before = time.time() - KEPT.total_seconds()
        for folder in ("cur", "aside"):
            try:
                for path in (self.folder / folder).iterdir():
                    if path.lstat().st_mtime < before:
                        path.unlink()
            except FileNotFoundError:
                continue
            except OSError as error:
                _LOG.error("returned mail is not tidied: %s", type(error).__name__)

    def _begins_to_be_away(self, error: OSError, now: float) -> None:
        self._next_look = now + _LEAVE_ALONE.total_seconds()
        if not self._is_away:
            _LOG.error("returned mail cannot be read, looking again every minute: %s", type(error).__name__)
        self._is_away = True


def _beginning(path: Path) -> bytes:
    """The first part of a message, of an ordinary file alone. Errors: OSError, `UnreadableError`."""
    # Neither a link out of the folder nor a pipe that never ends.
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if path.is_symlink():
            raise UnreadableError from None
        raise error
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise UnreadableError
        return file.read(READ_BYTES)
