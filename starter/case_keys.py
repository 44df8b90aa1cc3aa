"""A key for each case: made with the case's first payload, kept sealed, cached for minutes, destroyed by an erasure.

Workflow modules never import this one, as they never import `starter.payloads`.
"""

import asyncio
import hashlib
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import asyncpg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from starter.key_backup import SealedKey, destroy_copy, has_copy, read_copy, write_copy
from starter.keys import KEY_BYTES, KeyRing, PayloadKeyError
from starter.settings import Settings

_LOG = logging.getLogger(__name__)

LASTS = 300.0
"""Seconds for which a process may go on reading a case whose key is destroyed meanwhile."""
AT_MOST = 4_096
_NONCE_BYTES = 12
_CONNECT_SECONDS, _STATEMENT_SECONDS = 5.0, 10.0
_UNREACHED = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('sfo_keys/' || $1, 0))"


class ErasedError(PayloadKeyError):
    """The case was erased: its key is destroyed and nothing sealed with it can be read again."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"case {reference} was erased: its key is destroyed, nothing of it can be read or sealed")


class KeysAwayError(ConnectionError):
    """The store of keys, or the folder of their copies, cannot be reached; nothing is sealed with another key."""


@dataclass(frozen=True, slots=True, repr=False)
class CaseKey:
    """The key of one case. Its text form never shows it."""

    reference: str
    fingerprint: str
    cipher: AESGCM

    @property
    def key_id(self) -> str:
        """How a payload names the key, so that it is read without knowing its workflow."""
        return f"case:{self.reference}:{self.fingerprint}"


@dataclass(frozen=True, slots=True)
class KeyState:
    """How a case's key stands in the store. `copied`: a copy was written to the folder of copies."""

    fingerprint: str | None
    kid: str | None
    copied: bool
    destroyed: bool


class CaseKeys:
    """The keys of cases as a process uses them: at most `at_most` in memory, each for `lasts` seconds.

    What is asked for while a connection is open goes over that one, which is closed when nothing is left to ask.
    """

    def __init__(
        self, url: str, ring: KeyRing, copies: Path | None = None, *, lasts: float = LASTS, at_most: int = AT_MOST
    ) -> None:
        self._url, self._ring, self._copies = url, ring, copies
        self._lasts, self._at_most = lasts, at_most
        self._cache: OrderedDict[str, tuple[float, CaseKey]] = OrderedDict()
        self._wanted: dict[tuple[str, bool], asyncio.Future[CaseKey]] = {}
        self._fetching: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The keys of the service that these settings describe."""
        return cls(settings.keys_database_url, settings.payload_keys, settings.key_backup_dir)

    async def sealing(self, reference: str) -> CaseKey:
        """Return a case's key, made now where there is none. Raises ErasedError, PayloadKeyError, KeysAwayError."""
        return self._cached(reference) or await self._fetched(reference, makes=True)

    async def opening(self, reference: str, fingerprint: str) -> CaseKey:
        """Return the key by which a payload was sealed. Raises ErasedError, PayloadKeyError, KeysAwayError."""
        key = self._cached(reference) or await self._fetched(reference, makes=False)
        if key.fingerprint != fingerprint:
            raise PayloadKeyError(f"the store holds another key of {reference} than the one that sealed this payload")
        return key

    async def state(self, reference: str) -> KeyState | None:
        """Return how the key stands, or None where none was ever made. Raises KeysAwayError."""
        connection = await self._connected()
        try:
            row = await connection.fetchrow("SELECT * FROM sfo_keys.case_keys WHERE reference = $1", reference)
        except _UNREACHED as error:
            raise _away(error) from None
        finally:
            await _closed(connection)
        if row is None:
            return None
        return KeyState(row["fingerprint"], row["kid"], row["backed_up_at"] is not None, row["sealed"] is None)

    async def require_within_reach(self, reference: str, is_noted: bool) -> None:
        """Both places from which the key is to go can be reached, and are those that it was written to.

        `is_noted`: its destruction was begun before. Raises KeysAwayError.
        """
        state, folder = await self.state(reference), self._copies
        copied = state is not None and state.copied and not state.destroyed
        if folder is None:
            if copied:
                raise KeysAwayError("a copy of the key was written: set SFO_KEY_BACKUP_DIR here as the workers have it")
            return
        if not await asyncio.to_thread(folder.is_dir):
            raise KeysAwayError(f"SFO_KEY_BACKUP_DIR {folder} is not there; mount it, and go on with the same command")
        if copied and not is_noted and not await asyncio.to_thread(has_copy, folder, reference):
            raise KeysAwayError(f"the copy of the key is not in SFO_KEY_BACKUP_DIR {folder}; is it the right folder?")

    async def destroy(self, reference: str) -> str | None:
        """The key and its copy are gone for good, and the key's fingerprint is returned. Safe to repeat.

        Raises KeysAwayError while the store or the folder cannot be reached.
        """
        self._cache.pop(reference, None)
        connection = await self._connected()
        try:
            fingerprint: str | None = await connection.fetchval("SELECT sfo_keys.destroy($1)", reference)
        except _UNREACHED as error:
            raise _away(error) from None
        finally:
            await _closed(connection)
        if self._copies:
            try:
                await asyncio.to_thread(destroy_copy, self._copies, reference)
            except OSError as error:
                raise KeysAwayError(f"SFO_KEY_BACKUP_DIR cannot be changed ({type(error).__name__})") from None
        return fingerprint

    def _cached(self, reference: str) -> CaseKey | None:
        held = self._cache.get(reference)
        if held is None or held[0] < time.monotonic():
            return None
        self._cache.move_to_end(reference)
        return held[1]

    async def _fetched(self, reference: str, *, makes: bool) -> CaseKey:
        wish = (reference, makes)
        if wish not in self._wanted:
            self._wanted[wish] = asyncio.get_running_loop().create_future()
        waiting = self._wanted[wish]
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetch())
        return await asyncio.shield(waiting)

    async def _fetch(self) -> None:
        """Answer every wish, those too that arrive meanwhile."""
        while self._wanted:
            try:
                await self._serve()
            except Exception as error:
                failed, self._wanted = self._wanted, {}
                _fail(failed.values(), _away(error) if isinstance(error, _UNREACHED) else error)

    async def _serve(self) -> None:
        connection = await self._connected()
        try:
            while self._wanted:
                (reference, makes), waiting = next(iter(self._wanted.items()))
                await self._answer(connection, reference, makes, waiting)
                del self._wanted[reference, makes]
        finally:
            await _closed(connection)

    async def _answer(
        self, connection: asyncpg.Connection, reference: str, makes: bool, waiting: "asyncio.Future[CaseKey]"
    ) -> None:
        try:
            key = await self._read(connection, reference, makes)
        except PayloadKeyError as error:
            _fail([waiting], error)
            return
        self._cache[reference] = (time.monotonic() + self._lasts, key)
        self._cache.move_to_end(reference)
        while len(self._cache) > self._at_most:
            self._cache.popitem(last=False)
        if not waiting.done():
            waiting.set_result(key)

    async def _read(self, connection: asyncpg.Connection, reference: str, makes: bool) -> CaseKey:
        row = await connection.fetchrow(_READ, reference)
        if row is None:
            kept = await self._copy(reference) or (self._new(reference) if makes else None)
            if kept is None:
                raise PayloadKeyError(f"there is no key of case {reference}, neither in the store nor a copy")
            await connection.execute(_KEEP, kept.reference, kept.fingerprint, kept.kid, kept.sealed)
            row = await connection.fetchrow(_READ, reference)  # somebody else may have been quicker
        if row is None or row["sealed"] is None:
            raise ErasedError(reference)
        key = SealedKey(reference, row["fingerprint"], row["kid"], row["sealed"])
        secret = self._opened(key)
        if key.kid != self._ring.active_id:
            key = self._sealed(reference, secret)
            await connection.execute(
                "SELECT sfo_keys.reseal($1, $2, $3, $4)", reference, row["kid"], key.kid, key.sealed
            )
            await self._keep_copy(connection, key)
        elif self._copies and not await asyncio.to_thread(has_copy, self._copies, reference):
            await self._keep_copy(connection, key)
        return CaseKey(reference, key.fingerprint, AESGCM(secret))

    async def _copy(self, reference: str) -> SealedKey | None:
        if self._copies is None:
            return None
        try:
            return await asyncio.to_thread(read_copy, self._copies, reference)
        except ValueError as error:
            raise PayloadKeyError(str(error)) from None

    async def _keep_copy(self, connection: asyncpg.Connection, key: SealedKey) -> None:
        """Write the copy while nobody can destroy the key. Where that fails the case goes on, and the log says so."""
        if self._copies is None:
            return
        async with connection.transaction():
            await connection.execute(_LOCK, key.reference)
            row = await connection.fetchrow(_READ, key.reference)
            if row is None or row["sealed"] is None:
                raise ErasedError(key.reference)
            try:
                await asyncio.to_thread(write_copy, self._copies, key)
            except OSError as error:
                _LOG.error("no copy of the key of %s in SFO_KEY_BACKUP_DIR: %s", key.reference, type(error).__name__)
                return
            await connection.execute("SELECT sfo_keys.note_backup($1)", key.reference)

    def _new(self, reference: str) -> SealedKey:
        return self._sealed(reference, secrets.token_bytes(KEY_BYTES))

    def _sealed(self, reference: str, secret: bytes) -> SealedKey:
        kid, nonce = self._ring.active_id, secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(self._ring.active).encrypt(nonce, secret, f"{kid}/{reference}".encode())
        return SealedKey(reference, fingerprint(secret), kid, nonce + sealed)

    def _opened(self, key: SealedKey) -> bytes:
        own = self._ring.get(key.kid)
        if own is None:
            raise PayloadKeyError(
                f"the key of {key.reference} is sealed under {key.kid!r}, which is not in the ring; "
                "add it to SFO_PAYLOAD_KEYS after the active one"
            )
        try:
            nonce, sealed = key.sealed[:_NONCE_BYTES], key.sealed[_NONCE_BYTES:]
            secret = AESGCM(own).decrypt(nonce, sealed, f"{key.kid}/{key.reference}".encode())
        except (InvalidTag, ValueError):
            raise PayloadKeyError(f"the key of {key.reference} was altered, or {key.kid!r} is another one") from None
        if fingerprint(secret) != key.fingerprint:
            raise PayloadKeyError(f"the key of {key.reference} is not the one that its fingerprint names")
        return secret

    async def _connected(self) -> asyncpg.Connection:
        try:
            return await asyncpg.connect(
                self._url,
                timeout=_CONNECT_SECONDS,
                command_timeout=_STATEMENT_SECONDS,
                server_settings={"application_name": "sfo-keys", "timezone": "UTC"},
            )
        except _UNREACHED as error:
            raise _away(error) from None


_READ = "SELECT fingerprint, kid, sealed FROM sfo_keys.case_keys WHERE reference = $1"
_KEEP = """INSERT INTO sfo_keys.case_keys (reference, fingerprint, kid, sealed) VALUES ($1, $2, $3, $4)
           ON CONFLICT DO NOTHING"""


def fingerprint(secret: bytes) -> str:
    """Sixteen hex digits by which a key is known without being shown."""
    return hashlib.sha256(b"sfo case key\0" + secret).hexdigest()[:16]


async def _closed(connection: asyncpg.Connection) -> None:
    try:
        await connection.close(timeout=2)
    except _UNREACHED:
        connection.terminate()


def _away(error: Exception) -> KeysAwayError:
    if isinstance(error, KeysAwayError):
        return error
    return KeysAwayError(f"the store of keys (SFO_KEYS_DATABASE_URL) cannot be used: {type(error).__name__}")


def _fail(several: Iterable["asyncio.Future[CaseKey]"], error: Exception) -> None:
    for waiting in several:
        if not waiting.done():
            waiting.set_exception(error)
