"""What the drills of the embedded services share; run as a program, a parent to be killed or to be somebody else."""

import asyncio
import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from deploy.embedded import tether
from deploy.embedded.ports import usable_port
from deploy.embedded.postgres import EmbeddedPostgres, embedded_postgres
from deploy.embedded.process import Identity
from deploy.embedded.temporal import EmbeddedTemporal, embedded_temporal

PROJECT = Path(__file__).resolve().parents[2]
STARTER = [sys.executable, str(Path(__file__).resolve())]  # this file as a program: see its end
NOBODY = 65534

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="parent-death signals and namespaces are Linux's")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def private(tmp_path: Path) -> Iterator[Path]:
    """A folder that only its owner can enter, with a space in its name."""
    folder = tmp_path / "a private place"
    folder.mkdir(mode=0o700)
    yield folder
    assert folder.stat().st_mode & 0o777 == 0o700


async def query(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def add_row(database: EmbeddedPostgres) -> object:
    await query(database.owner_url, "CREATE TABLE IF NOT EXISTS kept (seen int)")
    await query(database.owner_url, "INSERT INTO kept VALUES (1)")
    return await query(database.owner_url, "SELECT count(*) FROM kept")


@asynccontextmanager
async def temporal(folder: Path) -> AsyncIterator[EmbeddedTemporal]:
    async with embedded_temporal(folder, port=usable_port(0), ui_port=usable_port(0)) as server:
        yield server


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def tethered(parent: int, identity: str) -> list[str]:
    return [sys.executable, "-I", "-S", tether.__file__, str(parent), str(int(signal.SIGKILL)), identity]


def gone_within(seconds: float, *pids: int) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(is_alive(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


async def start_both(folder: Path, identity: str) -> None:
    known = Identity(identity) if identity else None
    async with embedded_postgres(folder, identity=known) as database, temporal(folder) as server:
        await add_row(database)
        sys.stdout.write(json.dumps([database.pid, server.pid]) + "\n")
        sys.stdout.flush()
        await asyncio.sleep(600)


async def start_where_namespaces_are_refused(folder: Path) -> None:
    if ctypes.CDLL(None).unshare(0x10000000) == 0:  # CLONE_NEWUSER
        sys.stdout.write("entered\n")
        sys.stdout.flush()
        sys.stdin.readline()
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
        await start_postgres(folder)


async def start_postgres(folder: Path) -> None:
    async with embedded_postgres(folder) as database:
        assert await add_row(database) == 1


if __name__ == "__main__":
    programs: dict[str, Callable[..., object]] = {
        "both": start_both,
        "postgres": start_postgres,
        "refused": start_where_namespaces_are_refused,
    }
    asyncio.run(programs[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:]))  # type: ignore[arg-type]
