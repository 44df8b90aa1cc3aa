"""The whole service as processes of its own, each of which can be killed and comes back where it was.

PostgreSQL writes through to its disk, Temporal has its file, the mail server its folder: a kill is what a crash is.
Two workers and two gateways, so that one of each may be gone; a relay is part of every gateway, and one leads.
"""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
from temporalio.client import Client

from deploy.embedded.ports import LOOPBACK, usable_port
from deploy.embedded.postgres import embedded_postgres
from deploy.embedded.process import Command, running
from deploy.embedded.temporal import embedded_temporal
from starter.connections import OUT_OF_REACH, Pool, open_pool, temporal_client
from starter.intake import Pace, open_cases
from starter.keys import KeyRing
from starter.rollout import make_current
from starter.schema import KEYS_DIR, apply_schema
from starter.settings import Settings
from tests.drills.worker_memory import worker_command
from workflows.contract.charge import Charge
from workflows.contract.messages import CaseClock

RULEBOOKS = Path(__file__).parents[2] / "deploy" / "rulebook"
POSTGRES, TEMPORAL, MAIL = "PostgreSQL", "Temporal", "the mail server"
WORKERS, GATEWAYS = ("worker 1", "worker 2"), ("gateway 1", "gateway 2")
AWAY = (*OUT_OF_REACH, asyncpg.PostgresError)
_GATEWAY, _WORKER = ("-m", "starter", "gateway"), ("-m", "worker")
_LEADS = """
    SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND objid = (hashtext('sfo.relay')::bigint & 4294967295)::oid
"""

_STANDING = """
    SELECT g.gate, g.state, o.state AS letter, o.attempts, o.claimed_at_wall, d.recorded_at, d.delivered_at_wall,
        d.void_at, clock_timestamp() AS now
    FROM gates g LEFT JOIN outbox o ON o.gate = g.gate AND o.letter = 'asked' LEFT JOIN decisions d ON d.gate = g.gate
    WHERE g.question = $1 AND d.applied_at IS NULL
"""


@dataclass
class Part:
    """One process, or none at the moment. `make` starts it on the same port and data each time and yields its pid."""

    name: str
    make: Callable[[], AbstractAsyncContextManager[int]]
    pid: int = 0
    _life: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        """It runs, as far as it can tell itself."""
        self.pid = await self._life.enter_async_context(self.make())

    async def stop(self) -> None:
        """It ends in order."""
        self.pid = 0
        await self._life.aclose()

    async def kill(self) -> None:
        """It is gone in the middle of whatever it did, with every process that it had made."""
        for pid in (*_children(self.pid), self.pid):
            _kill(pid)
        await self.stop()


def _children(pid: int) -> list[int]:
    """A server's own processes, which are in groups of their own; none where it has ended by itself."""
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@dataclass
class Service:
    """Its parts by name, and how the test reaches it: a pool and a client that outlive what they talk to."""

    folder: Path
    settings: Settings
    parts: dict[str, Part]
    pool: Pool
    client: Client
    gateways: tuple[str, ...]
    """Where each gateway answers; people try the next where one does not."""
    superuser_url: str
    mailbox: Path
    """Every message that the mail server has taken."""

    async def start(self, *names: str) -> None:
        """These parts run, side by side as after a power cut."""
        await asyncio.gather(*(self.parts[name].start() for name in names))

    async def kill(self, *names: str) -> None:
        """These parts are killed within the same moment."""
        await asyncio.gather(*(self.parts[name].kill() for name in names))

    async def leading(self) -> str:
        """The gateway whose relay is in the middle of a round now, or else the first."""
        for _ in range(1_000):
            name = str(await self.value(_LEADS))
            found = [one for one in GATEWAYS if name.endswith(_build(one))]
            if found:
                return found[0]
            await asyncio.sleep(0.005)
        return GATEWAYS[0]

    async def value(self, query: str, *arguments: object) -> object:
        """One value of the record, however long the record is away."""
        while True:
            try:
                return await self.pool.fetchval(query, *arguments)
            except AWAY:
                await asyncio.sleep(0.2)

    async def until(self, query: str, *arguments: object, within: float) -> float:
        """Wait until this holds in the record; returns the seconds. Raises TimeoutError."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.timeout(within):
            while not await self.value(query, *arguments):
                await asyncio.sleep(0.1)
        return loop.time() - began

    async def ship(self, build: str, program: Sequence[str], **more: str) -> None:
        """Workers of another build come in the place of the ones that there were, and get all work from now on.

        `program` is what they run, `more` their further variables.
        """
        settings = self.settings.model_copy(update={"build_id": build})
        names = [name for name in self.parts if name in WORKERS]
        for name in names:
            self.parts[name].make = _worker(self.folder, settings, name, program, **more).make
        await self.start(*names)
        await make_current(self.client, build_id=build, timeout=timedelta(minutes=2))

    async def open(self, charges: Sequence[Charge], pace: Pace | None = None) -> dict[str, CaseClock]:
        """Put these cases on the record, which the relay begins; returns the clock of each."""
        opened = [one.reference for one in await open_cases(self.pool, charges, pace or Pace())]
        rows = await self.pool.fetch("SELECT reference, clock FROM cases WHERE reference = ANY($1)", opened)
        return {row["reference"]: CaseClock.model_validate(row["clock"]) for row in rows}

    async def asked(self, question: str, cases: int, within: float = 120) -> float:
        """Wait until so many cases have asked this; returns the seconds."""
        query = "SELECT count(DISTINCT reference) >= $2 FROM gates WHERE question = $1"
        return await self.until(query, question, cases, within=within)

    async def applied(self, question: str, answers: int, within: float = 120) -> float:
        """Wait until so many answers to this were applied; returns the seconds.

        Raises TimeoutError, which says how far each of the others has come: the record is gone afterwards.
        """
        query = """SELECT count(*) >= $2 FROM decisions JOIN gates USING (gate)
                   WHERE question = $1 AND applied_at IS NOT NULL"""
        try:
            return await self.until(query, question, answers, within=within)
        except TimeoutError:
            standing = await self.pool.fetch(_STANDING, question)
            opened = await self.value("SELECT count(*) FROM gates WHERE question = $1", question)
            raise TimeoutError(f"{opened} asked; not applied: {[dict(row) for row in standing]}") from None

    async def health(self) -> dict[str, str]:
        """What the first gateway says of each service that it needs: UP or DOWN."""
        async with httpx.AsyncClient(trust_env=False) as web:
            told = (await web.get(f"{self.gateways[0]}/health")).json()
        return {name: component["status"] for name, component in told["components"].items()}


def _build(name: str) -> str:
    return name.replace(" ", "-")


def rules(folder: Path, changed: Mapping[str, str]) -> Path:
    """The rulebooks, with whole lines of theirs changed."""
    shutil.copytree(RULEBOOKS, folder)
    for path in folder.glob("*.toml"):
        text = path.read_text()
        for old, new in changed.items():
            assert old in text
            text = text.replace(old, new)
        path.write_text(text)
    return folder


_NOT_GATHERED = {
    "[digest.after] # letters that reach one person singly within 24 hours; what comes after them is gathered\n"
    "value = 6": "[digest.after]\nvalue = 1000"
}
"""A handful of invented people have hundreds of cases here, and each letter is to come by itself."""


@asynccontextmanager
async def a_service(
    *,
    workers: Sequence[str] = WORKERS[:1],
    gateways: Sequence[str] = GATEWAYS[:1],
    record: Path | None = None,
    postgres: Mapping[str, str] | None = None,
    smtp_url: str = "",
    mailbox: Path | None = None,
    programs: Mapping[str, Sequence[str]] | None = None,
) -> AsyncIterator[Service]:
    """A service that takes answers, for as long as the block lasts.

    `record`: where PostgreSQL keeps its data, `postgres` its further settings. With `smtp_url` and `mailbox` the mail
    server is somebody else's. `programs`: what Python runs instead, by the name of a worker or gateway.
    """
    folder = Path(tempfile.mkdtemp(prefix="sfo-drill-", dir="/tmp"))
    ports = {name: usable_port(0) for name in (TEMPORAL, "ui", MAIL, *GATEWAYS)}
    addresses = tuple(f"http://{LOOPBACK}:{ports[name]}" for name in gateways)
    environment = {
        "SFO_DATABASE_URL": f"postgresql://sfo_app@/sfo?host={folder}/socket&port=5432",
        "SFO_TEMPORAL_ADDRESS": f"{LOOPBACK}:{ports[TEMPORAL]}",
        "SFO_SMTP_URL": smtp_url or f"smtp://{LOOPBACK}:{ports[MAIL]}",
        "SFO_PUBLIC_URL": addresses[0],
        "SFO_LINK_KEYS": KeyRing.generate().encode(),
        "SFO_PAYLOAD_KEYS": KeyRing.generate().encode(),
        "SFO_RULEBOOK_DIR": str(rules(folder / "rulebook", _NOT_GATHERED)),
        "SFO_DATA_DIR": str(folder / "kept"),
    }
    settings = Settings.from_environment(environment)
    parts = {
        POSTGRES: Part(POSTGRES, lambda: _postgres(folder, record or folder / "record", postgres or {})),
        TEMPORAL: Part(TEMPORAL, lambda: _temporal(folder, ports[TEMPORAL], ports["ui"])),
        MAIL: Part(MAIL, lambda: _mail(folder, ports[MAIL])),
    }
    for name in gateways:
        parts[name] = _gateway(folder, settings, name, ports[name], (programs or {}).get(name, _GATEWAY))
    for name in workers:
        parts[name] = _worker(folder, settings, name, (programs or {}).get(name, _WORKER))
    async with AsyncExitStack() as life:
        life.callback(shutil.rmtree, folder, ignore_errors=True)
        life.push(_LastLines(folder))
        for part in parts.values():
            life.push_async_callback(part.stop)
        await asyncio.gather(*(parts[one].start() for one in (POSTGRES, TEMPORAL, *(() if smtp_url else (MAIL,)))))
        owner = settings.database_url.replace("sfo_app@", "sfo_owner@")
        for schema in (None, KEYS_DIR):
            await apply_schema(owner, schema) if schema else await apply_schema(owner)
        await asyncio.gather(*(parts[one].start() for one in (*gateways, *workers)))
        client, pool = await temporal_client(settings), await open_pool(settings.database_url)
        life.push_async_callback(_closed, pool)
        superuser = settings.database_url.replace("sfo_app@/sfo", "postgres@/postgres")
        service = Service(folder, settings, parts, pool, client, addresses, superuser, mailbox or folder / "mail")
        await make_current(client, build_id=settings.build_id, timeout=timedelta(minutes=2))
        yield service


@dataclass
class _LastLines:
    """What the processes said last, for whoever reads a failure."""

    folder: Path

    def __call__(self, kind: type[BaseException] | None, *_: object) -> None:
        for log in self.folder.glob("*.log") if kind else ():
            last = log.read_text(errors="replace").splitlines()[-12:]
            print(f"--- {log.name}", *(line[:400] for line in last), sep="\n")  # noqa: T201


async def _closed(pool: Pool) -> None:
    try:
        async with asyncio.timeout(5):
            await pool.close()
    except (TimeoutError, *AWAY):
        pool.terminate()


@asynccontextmanager
async def _postgres(folder: Path, record: Path, settings: Mapping[str, str]) -> AsyncIterator[int]:
    """Its socket is found under one name, whichever folder this start has chosen for it."""
    async with embedded_postgres(record, settings=settings) as server:
        where = Path(dict(one.split("=") for one in urlsplit(server.app_url).query.split("&"))["host"])
        name = folder / "socket"
        name.unlink(missing_ok=True)
        name.symlink_to(where)
        yield server.pid


@asynccontextmanager
async def _temporal(folder: Path, port: int, ui_port: int) -> AsyncIterator[int]:
    async with embedded_temporal(folder / "temporal", port=port, ui_port=ui_port) as server:
        yield server.pid


@asynccontextmanager
async def _mail(folder: Path, port: int) -> AsyncIterator[int]:
    program = (sys.executable, "-m", "tests.drills.mail_server", str(folder / "mail"), str(port))
    async with running(Command(program, log=folder / "mail.log")) as process:
        await _listens(port)
        yield process.pid


async def _listens(port: int) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection(LOOPBACK, port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


def _gateway(folder: Path, settings: Settings, name: str, port: int, program: Sequence[str]) -> Part:
    own = settings.model_copy(
        update={"gateway_port": port, "build_id": _build(name), "data_dir": folder / f"kept-{_build(name)}"}
    )
    command = Command((sys.executable, *program), log=folder / "gateway.log", environment=_environment(own))
    return Part(name, lambda: _program(command))


def _worker(folder: Path, settings: Settings, name: str, program: Sequence[str], **more: str) -> Part:
    return Part(name, lambda: _program(worker_command(folder, settings, program, **more)))


def _environment(settings: Settings) -> dict[str, str]:
    outer = {name: value for name, value in os.environ.items() if not name.startswith("SFO_")}
    return outer | settings.to_environment()


@asynccontextmanager
async def _program(command: Command) -> AsyncIterator[int]:
    async with running(command) as process:
        yield process.pid


def today() -> date:
    """The date by this machine."""
    return datetime.now(UTC).date()
