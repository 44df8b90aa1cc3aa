"""What tests of the record and of letters stand on: a real PostgreSQL, a real mail server, both of their own."""

import asyncio
import shutil
import tempfile
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from itertools import count
from pathlib import Path

import asyncpg
import pytest_asyncio
from aiosmtpd.smtp import SMTP, Envelope, Session
from hypothesis import settings as hypothesis_settings

from deploy.embedded.postgres import EmbeddedPostgres, embedded_postgres
from starter.connections import Connection, Pool, open_pool
from starter.schema import KEYS_DIR, apply_schema

_NUMBERS = count(1)

# How long an example takes says more of the machine and its other guests than of us.
hypothesis_settings.register_profile("suite", deadline=None)
hypothesis_settings.load_profile("suite")


def _url(url: str, role: str, database: str) -> str:
    tail = url.partition("@/")[2].partition("?")[2]
    return f"postgresql://{role}@/{database}?{tail}"


@dataclass
class Record:
    """One test's own database: the application's pool, and the owner for what the application may not do.

    Whoever takes the owner's or the superuser's address may have changed more than rows, so nobody has it afterwards.
    """

    pool: Pool
    name: str
    app_url: str
    _owner_url: str
    _superuser_url: str
    is_as_made: bool = True

    @property
    def owner_url(self) -> str:
        self.is_as_made = False
        return self._owner_url

    @property
    def superuser_url(self) -> str:
        self.is_as_made = False
        return self._superuser_url

    @asynccontextmanager
    async def owner(self) -> AsyncIterator[Connection]:
        connection = await asyncpg.connect(self.owner_url, server_settings={"search_path": "sfo"})
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def superuser(self) -> AsyncIterator[Connection]:
        connection = await asyncpg.connect(self.superuser_url)
        try:
            yield connection
        finally:
            await connection.close()

    async def value(self, query: str, *arguments: object) -> object:
        return await self.pool.fetchval(query, *arguments)

    async def rows(self, query: str, *arguments: object) -> list[dict[str, object]]:
        return [dict(row) for row in await self.pool.fetch(query, *arguments)]


@pytest_asyncio.fixture(scope="session")
async def postgres() -> AsyncIterator[EmbeddedPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="sfo-test-"))
    try:
        async with embedded_postgres(folder) as server:
            superuser = _url(server.owner_url, "postgres", "postgres")
            await _as_superuser(superuser, "ALTER SYSTEM SET fsync = off")  # a test's data outlives nothing
            await _as_superuser(superuser, "SELECT pg_reload_conf()")
            await apply_schema(server.owner_url)
            await apply_schema(server.owner_url, KEYS_DIR)
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture
async def record(postgres: EmbeddedPostgres) -> AsyncIterator[Record]:
    """An empty database with the schema: emptying one takes a fortieth of the time of making one."""
    async with _a_record(postgres) as made:
        yield made


@pytest_asyncio.fixture(scope="module")
async def shared_record(postgres: EmbeddedPostgres) -> AsyncIterator[Record]:
    """One database for a whole file, where each test keeps to cases of its own: making one costs a second."""
    async with _a_record(postgres) as made:
        yield made


_FREE: list[str] = []
_EMPTY = """
DO $$ DECLARE name text; BEGIN
    PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity  -- whatever the test left connected
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica;  -- rows that nobody may change, and in any order
    FOR name IN SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
        WHERE schemaname IN ('sfo', 'sfo_keys') AND tablename <> 'erasure_rules' LOOP
        EXECUTE 'DELETE FROM ' || name;
    END LOOP;
    FOR name IN SELECT format('%I.%I', schemaname, sequencename) FROM pg_sequences WHERE schemaname = 'sfo' LOOP
        EXECUTE 'ALTER SEQUENCE ' || name || ' RESTART';
    END LOOP;
END $$
"""


@asynccontextmanager
async def _a_record(postgres: EmbeddedPostgres) -> AsyncIterator[Record]:
    superuser = _url(postgres.owner_url, "postgres", "postgres")
    name = _FREE.pop() if _FREE else await _new(superuser)
    own = _url(postgres.owner_url, "postgres", name)
    app_url = _url(postgres.app_url, "sfo_app", name)
    pool = await open_pool(app_url)
    made = Record(pool, name, app_url, _url(postgres.owner_url, "sfo_owner", name), own)
    try:
        yield made
    finally:
        await pool.close()
        if made.is_as_made:
            await _as_superuser(own, _EMPTY)
            _FREE.append(name)
        else:
            await _as_superuser(superuser, f"DROP DATABASE {name} WITH (FORCE)")


async def _new(superuser: str) -> str:
    name = f"sfo_{next(_NUMBERS)}"
    await _as_superuser(superuser, f"CREATE DATABASE {name} TEMPLATE sfo OWNER sfo_owner STRATEGY file_copy")
    return name


async def _as_superuser(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@dataclass
class MailServer:
    """A mail server in this process. `replies` and `recipient_replies` are used up first, then all is accepted."""

    url: str = ""
    messages: list[EmailMessage] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    """Where each message may be returned to, as the envelope said."""
    attempts: int = 0
    replies: deque[str] = field(default_factory=deque)
    recipient_replies: deque[str] = field(default_factory=deque)

    def to(self, email: str) -> list[EmailMessage]:
        return [m for m in self.messages if email in str(m["To"])]

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.recipient_replies and (reply := self.recipient_replies.popleft()) != "250 OK":
            self.attempts += 1
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.attempts += 1
        if self.replies and (reply := self.replies.popleft()) != "250 OK":
            return reply
        content = envelope.content
        assert isinstance(content, bytes)
        self.messages.append(message_from_bytes(content, policy=default_policy))
        self.senders.append(envelope.mail_from or "")
        return "250 OK"


@pytest_asyncio.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    sink = MailServer()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(sink, enable_SMTPUTF8=True, hostname="localhost", loop=loop), "127.0.0.1", 0
    )
    sink.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield sink
    finally:
        server.close()
        await server.wait_closed()
