"""PostgreSQL's disk is full: the service says so, takes no answer that it cannot keep, and goes on with new room.

On a file system of its own in memory, which only root can make; skipped for anybody else.
"""

import asyncio
import errno
import os
import random
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from starter.demo import beside
from tests.drills.crowd import Alike, Crowd
from tests.drills.harm import counted, rested
from tests.drills.service import AWAY, POSTGRES, Service, a_service
from tests.drills.worker_memory import a_charge

pytestmark = pytest.mark.drill

CASES = 20
MEGABYTES = 192
FULL_FOR = 10.0  # seconds
LITTLE_LOG = {"min_wal_size": "32MB", "max_wal_size": "48MB"}
_MOVES = "SELECT count(*) > $1 FROM decisions WHERE applied_at IS NOT NULL"


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system with little room."""
    folder = Path(tempfile.mkdtemp(prefix="sfo-disk-", dir="/tmp"))
    options = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=0711", "sfo-drill", str(folder)]
    done = subprocess.run(options, capture_output=True, text=True)
    if done.returncode:
        folder.rmdir()
        pytest.skip(f"this user can mount nothing here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


async def test_a_full_disk_is_said_and_no_answer_is_taken_that_is_not_kept(small_disk: Path) -> None:
    async with asked(small_disk) as (service, crowd):
        before, resumed = await until_there_is_room(service, crowd, small_disk, CASES)
        done = await counted(
            service, "disk full", f"{len(before)} answers before", CASES, crowd.heard.recorded | before, resumed
        )
        assert done.found == {}


@asynccontextmanager
async def asked(
    disk: Path, cases: int = CASES, think: float = 4, **more: object
) -> AsyncIterator[tuple[Service, Crowd]]:
    """Cases that have asked their first questions, on this disk, and people who have sent no answer yet.

    `think`: seconds that somebody may take before sending what is filled in.
    """
    async with a_service(record=disk / "record", postgres=LITTLE_LOG, **more) as service:  # type: ignore[arg-type]
        clocks = await service.open([a_charge(number) for number in range(cases)])
        await service.asked("early_look", cases)
        await rested(service)
        by = random.Random(13)  # noqa: S311
        crowd = Crowd(service, Alike(), clocks, by, lambda: by.uniform(0, think))
        crowd.sending.clear()
        await crowd.all_signed_in()
        yield service, crowd


async def until_there_is_room(
    service: Service, crowd: Crowd, disk: Path, cases: int, within: float = 120
) -> tuple[set[UUID], float]:
    """People send what they filled in while the disk runs full, and until an operator has made room.

    Returns the links whose answers were called recorded by the time nothing could be written any more, and the
    seconds until something moved again.
    """
    async with beside(crowd.run()):
        await crowd.filled_in(cases)
        crowd.sending.set()
        await crowd.told_recorded(1)
        ballast = fill(disk / "ballast")
        await until_it_cannot_write(service)
        await asyncio.sleep(FULL_FOR)
        assert crowd.heard.told["status 503"] > 0
        before = set(crowd.heard.recorded)
        assert (await service.health())["database"] == "DOWN"
        ballast.unlink()
        # What an operator does: make room, and start it where it has given up.
        await service.kill(POSTGRES)
        await service.start(POSTGRES)
        resumed = await service.until(_MOVES, len(before), within=90)
        await service.applied("notification", cases, within)
    return before, resumed


def fill(path: Path) -> Path:
    """Nothing is left on its file system."""
    for size in (1_048_576, 4_096):
        with path.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(size))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    os.sync()
    return path


async def until_it_cannot_write(service: Service) -> None:
    """Let the log of the server need a new segment, as a busy day would, until there is none."""
    async with asyncio.timeout(60):
        while True:
            try:
                connection = await asyncpg.connect(service.superuser_url, timeout=5)
                try:
                    await connection.execute("SELECT pg_logical_emit_message(true, 'drill', repeat('x', 4000000))")
                finally:
                    connection.terminate()
            except AWAY:
                return
            await asyncio.sleep(0.2)
