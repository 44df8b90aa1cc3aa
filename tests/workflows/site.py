"""A service of its own that is backed up, lost and restored: a PostgreSQL that archives, a Temporal on disk."""

import asyncio
import contextlib
import json
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import TimeSkipper, TimeSkippingConfig

import worker
from activities.casework import PostgresCasework
from activities.correspondence import Correspondence
from activities.gates import PostgresGates
from activities.rulebooks import FileRulebooks
from activities.weekday_digest import PostgresDigests
from deploy.embedded import postgres as embedded
from deploy.embedded.account import installed_binaries
from deploy.embedded.ports import usable_port
from deploy.embedded.temporal import embedded_temporal
from starter.__main__ import run
from starter.case_keys import CaseKeys
from starter.connections import open_pool
from starter.delivery import Delivery
from starter.keys import KeyRing
from starter.mailer import SmtpMailer
from starter.payloads import data_converter
from starter.relay import Relay
from starter.reports import report_court_event
from starter.schema import KEYS_DIR, apply_schema
from tests.conftest import MailServer, Record
from tests.workflows.conftest import DEPLOY, Office
from tests.workflows.people import People
from workflows.contract import ids
from workflows.contract.vocabulary import CourtEventKind

SPEED = 2 * 86_400
PATIENCE = 120


class Held(People):
    """Answers everything but the questions that are held back for now."""

    def __init__(self, office: Office, reference: str, held: set[str], lines: dict[str, Any] | None = None) -> None:
        super().__init__(office, reference, lines or {})
        self.held = held

    async def answer(self, row: dict[str, Any]) -> None:
        if row["question"] not in self.held:
            with contextlib.suppress(RPCError):  # its stage is not begun again yet: the relay delivers it
                await super().answer(row)


@dataclass
class Site:
    """Its folders, and how each part is stopped, backed up and brought back."""

    folder: Path
    mail: MailServer
    ring: KeyRing = field(default_factory=KeyRing.generate)
    has_case_keys: bool = True
    """Without: as before cases had keys of their own, when everything was sealed with the ring."""
    keys_database: str = "sfo"
    """Where the store of the cases' keys is: in the record's own database unless it is another."""
    owner_url: str = ""
    app_url: str = ""
    address: str = ""
    servers: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def key_copies(self) -> Path:
        """Where a restored record finds the keys of cases that it no longer knows."""
        return self.folder / "keys"

    @property
    def archive(self) -> Path:
        return self.folder / "wal"

    @property
    def heads(self) -> Path:
        return self.folder / "heads"

    def archives(self, patch: pytest.MonkeyPatch) -> None:
        """The server keeps every segment of its log where a backup finds it."""
        self.archive.mkdir(mode=0o777)
        self.archive.chmod(0o777)  # whoever the server runs as
        settings = {"archive_mode": "on", "archive_command": f"test ! -f {self.archive}/%f && cp %p {self.archive}/%f"}
        for name, value in settings.items():
            patch.setitem(embedded._SETTINGS, name, value)

    async def start(self) -> None:
        """Both servers run, and the record has its schema."""
        postgres = await self.servers.enter_async_context(embedded.embedded_postgres(self.folder / "record"))
        self.owner_url, self.app_url = postgres.owner_url, postgres.app_url
        while await self.value("SELECT pg_is_in_recovery()"):
            await asyncio.sleep(0.05)
        await apply_schema(self.owner_url)
        await apply_schema(self.of_keys(self.owner_url), KEYS_DIR)
        server = embedded_temporal(
            self.folder / "temporal", port=usable_port(0), ui_port=usable_port(0), time_skipping=True
        )
        self.address = (await self.servers.enter_async_context(server)).address

    async def stop(self) -> None:
        await self.servers.aclose()
        self.servers = AsyncExitStack()

    def of_keys(self, url: str) -> str:
        """The same server and role, in the database of the keys."""
        return url.replace("/sfo?", f"/{self.keys_database}?")

    async def empty_store_of_keys(self) -> None:
        """A store of its own with nothing in it, and no copies; the one of before stays where it is, unread."""
        await self.value("CREATE DATABASE sfo_keys OWNER sfo_owner")
        self.keys_database = "sfo_keys"
        shutil.rmtree(self.key_copies)
        self.key_copies.mkdir()

    async def value(self, query: str, *arguments: object) -> Any:
        connection = await asyncpg.connect(self.superuser_url)
        try:
            return await connection.fetchval(query, *arguments)
        finally:
            await connection.close()

    @property
    def superuser_url(self) -> str:
        return self.owner_url.replace("sfo_owner@", "postgres@")

    # --- backups ------------------------------------------------------------------------------------

    async def back_up_the_record(self) -> None:
        """A base backup, verified; the archive carries it on."""
        socket = self.app_url.partition("host=")[2].partition("&")[0]
        base = self.folder / "base"
        await _program("pg_basebackup", "-h", socket, "-p", "5432", "-U", "postgres", "-D", str(base), "-c", "fast")
        await _program("pg_verifybackup", str(base))

    def back_up_temporal(self) -> None:
        """A copy of its database as it is in this moment."""
        with (
            contextlib.closing(sqlite3.connect(self.folder / "temporal" / "temporal.db")) as live,
            contextlib.closing(sqlite3.connect(self.folder / "temporal.copy")) as copy,
        ):
            live.backup(copy)

    def restore_the_record(self, moment: datetime) -> None:
        """The base backup in place of the data, to be carried on from the archive to this moment."""
        data = self.folder / "record" / "postgres"
        shutil.rmtree(data)
        shutil.copytree(self.folder / "base", data)
        (data / "recovery.signal").touch()
        with (data / "postgresql.auto.conf").open("a") as file:
            file.write(
                f"restore_command = 'cp {self.archive}/%f %p'\nrecovery_target_time = '{moment.isoformat()}'\n"
                "recovery_target_action = 'promote'\n"
            )

    def restore_temporal(self) -> None:
        self.lose_temporal()
        shutil.copy(self.folder / "temporal.copy", self.folder / "temporal" / "temporal.db")

    def lose_temporal(self) -> None:
        for path in (self.folder / "temporal").glob("temporal.db*"):
            path.unlink()

    # --- the service --------------------------------------------------------------------------------

    @asynccontextmanager
    async def at_work(self, **more: Any) -> AsyncIterator[Office]:
        """A worker and a relay run; nobody answers yet."""
        async with self.office("sfo-worker") as office:
            queues = (ids.CASEWORK_QUEUE, ids.NATIONAL_QUEUE)
            workers = [worker.build_worker(office.client, queue, office.activities, None) for queue in queues]
            relay = Relay(Delivery(office.client, office.record.pool), office.record.pool, self.heads)
            async with workers[0], workers[1]:
                relaying = asyncio.create_task(relay.run())
                try:
                    yield office
                finally:
                    relaying.cancel()
                    await asyncio.gather(relaying, return_exceptions=True)

    @asynccontextmanager
    async def office(self, name: str = "sfo") -> AsyncIterator[Office]:
        """The record and a client, with nothing at work."""
        pool = await open_pool(self.app_url, name)
        keys = CaseKeys(self.of_keys(self.app_url), self.ring, self.key_copies) if self.has_case_keys else None
        client = await Client.connect(self.address, data_converter=data_converter(self.ring, keys))
        rulebooks = FileRulebooks(DEPLOY / "rulebook", DEPLOY / "directory")
        letters = Correspondence(
            pool,
            SmtpMailer(self.mail.url),
            mail_from="sfo@service.example.test",
            public_url="http://gateway.example.test",
            link_key_id=self.ring.active_id,
            link_keys=self.ring.readable,
            language_of=rulebooks.language_of,
        )
        casework = PostgresCasework(pool, letters, rulebooks)
        ports = (PostgresGates(pool, letters, rulebooks), casework, PostgresDigests(pool, letters, rulebooks))
        record = Record(pool, "sfo", self.app_url, self.owner_url, self.superuser_url)
        skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
        try:
            yield Office(record, self.mail, skipper, casework, worker.activities_of(*ports), ring=self.ring)
        finally:
            await pool.close()

    async def command(self, *arguments: str, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> Any:
        """A command of `sfo` beside the service; its exit code and what it printed as JSON."""
        for name, value in {
            "SFO_DATABASE_URL": self.app_url,
            "SFO_SCHEMA_DATABASE_URL": self.owner_url,
            "SFO_TEMPORAL_ADDRESS": self.address,
            "SFO_SMTP_URL": self.mail.url,
            "SFO_MAIL_FROM": "sfo@service.example.test",
            "SFO_PUBLIC_URL": "http://gateway.example.test",
            "SFO_LINK_KEYS": self.ring.encode(),
            "SFO_PAYLOAD_KEYS": self.ring.encode(),
            "SFO_KEYS_DATABASE_URL": self.of_keys(self.app_url),
            "SFO_KEYS_SCHEMA_DATABASE_URL": self.of_keys(self.owner_url),
            "SFO_KEY_BACKUP_DIR": str(self.key_copies),
            "SFO_DATA_DIR": str(self.heads),
        }.items():
            patch.setenv(name, value)
        capsys.readouterr()
        code = await asyncio.to_thread(run, [*arguments])
        printed = capsys.readouterr()
        return code, json.loads(printed.out) if "--json" in arguments else printed.out + printed.err


async def _program(name: str, *arguments: str) -> None:
    done = await asyncio.to_thread(
        subprocess.run, [str(installed_binaries() / name), *arguments], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


async def report(office: Office, reference: str, kind: CourtEventKind) -> str:
    """The court did this today."""
    async with office.record.pool.acquire() as connection:
        event, _ = await report_court_event(connection, reference, kind, datetime.now(UTC).date())
    return event


def unlisted() -> dict[str, Any]:
    """A charge about whose offence the national team is asked."""
    return {"offences": [{"code": "ZZ99001", "offence_on": str(_days_ago(8)), "victim_age": 34}]}


def _days_ago(days: int) -> date:
    return datetime.now(UTC).date() - timedelta(days=days)


@asynccontextmanager
async def a_site(
    mail: MailServer, *, has_case_keys: bool = True, monkeypatch: pytest.MonkeyPatch | None = None
) -> AsyncIterator[Site]:
    """A site in a folder of its own, as long as the block lasts; with `monkeypatch` its record archives."""
    folder = Path(tempfile.mkdtemp(prefix="sfo-site-", dir="/tmp"))
    folder.chmod(0o711)
    site = Site(folder, mail, has_case_keys=has_case_keys)
    site.key_copies.mkdir()
    if monkeypatch:
        site.archives(monkeypatch)
    await site.start()
    try:
        yield site
    finally:
        await site.stop()
        shutil.rmtree(folder, ignore_errors=True)
