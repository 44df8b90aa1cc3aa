"""PostgreSQL's disk is full: the service says so, takes no answer that it cannot keep, and goes on with new room.

On a file system of its own in memory, which only root can make; skipped for anybody else.
"""

import asyncio
import errno
import os
import random
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

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
    settings = {"min_wal_size": "32MB", "max_wal_size": "48MB"}
    async with a_service(record=small_disk / "record", postgres=settings) as service:
        clocks = await service.open([a_charge(number) for number in range(CASES)])
        await service.asked("early_look", CASES)
        await rested(service)
        by = random.Random(13)  # noqa: S311
        crowd = Crowd(service, Alike(), clocks, by, lambda: by.uniform(0, 4))
        await crowd.all_signed_in()
        ballast = fill(small_disk / "ballast")
        async with beside(crowd.run()):
            await until_it_cannot_write(service)
            await asyncio.sleep(FULL_FOR)
            assert "No space left on device" in (small_disk / "record" / "postgres.log").read_text()
            assert crowd.heard.told["status 503"] > 0
            kept = set(crowd.heard.recorded)
            is_down = (await service.health())["database"] == "DOWN"
            ballast.unlink()
            # What an operator does: make room, and start it where it has given up.
            await service.kill(POSTGRES)
            await service.start(POSTGRES)
            resumed = await service.until(_MOVES, len(kept), within=90)
            await service.applied("notification", CASES)
        done = await counted(
            service, "disk full", f"{len(kept)} answers before", CASES, crowd.heard.recorded | kept, resumed
        )
        assert done.found == {}
        assert is_down


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
