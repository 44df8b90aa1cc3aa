"""The wall clock of a process is stepped by a day in the middle of cases, forwards and back.

The worker's own clock times nothing: timers and moments are Temporal's, dates stand in the record.
"""

import asyncio
import importlib.util
import os
import platform
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from starter.demo import beside
from tests.drills.crowd import Alike, Crowd
from tests.drills.harm import counted
from tests.drills.service import WORKERS, Service, a_service
from tests.drills.worker_memory import a_charge
from workflows.contract.messages import CaseClock

pytestmark = [
    pytest.mark.drill,
    pytest.mark.skipif(
        (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="libfaketime's wheel has that library alone"
    ),
]

CASES = 8
"""Opened at each step."""
DAY = 86_400.0
_APART = """
    SELECT max(abs(extract(epoch FROM g.opened_at - g.recorded_at)))::float FROM gates g WHERE g.reference = ANY($1)
"""
_DUE = "SELECT DISTINCT due_on FROM gates WHERE question = 'notification'"


class Clock:
    """What a process with `variables` takes for the time: this machine's, and the step in `file`."""

    def __init__(self, file: Path) -> None:
        self.file = file
        found = importlib.util.find_spec("libfaketime")
        assert found is not None
        assert found.origin is not None
        library = Path(found.origin).parent / "vendor/libfaketime/src/libfaketime.so.1"
        self.variables = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            # A step of the wall clock leaves the other clock alone, on real machines too.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def step(self, days: int) -> None:
        """It is so many days away from now on, as another process with these variables finds."""
        self.file.write_text(f"{days:+d}d\n" if days else "+0\n")
        program = [sys.executable, "-c", "import time; print(time.time())"]
        told = subprocess.run(program, env=os.environ | self.variables, capture_output=True, text=True, check=True)
        assert abs(float(told.stdout) - time.time() - days * DAY) < 30


async def test_a_step_of_a_worker_s_clock_moves_no_date_and_no_answer(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "step")
    clock.step(0)
    async with a_service(more={WORKERS[0]: clock.variables}) as service:
        assert "libfaketime" in Path(f"/proc/{service.parts[WORKERS[0]].pid}/maps").read_text()
        clocks = await service.open([a_charge(number) for number in range(CASES)])
        await service.asked("notification", CASES)
        by = random.Random(19)  # noqa: S311
        crowd = Crowd(service, Alike(), clocks, by, lambda: by.uniform(0, 5))
        async with beside(crowd.run()):
            for steps, days in enumerate((1, -1, 0), start=1):
                clock.step(days)
                began = time.monotonic()
                clocks |= await stepped(service, steps)
                await service.applied("notification", CASES * (steps + 1))
                resumed = time.monotonic() - began
        assert len(await service.pool.fetch(_DUE)) == 1
        done = await counted(
            service, "clock stepped", "worker: +1, -1 day, back", len(clocks), crowd.heard.recorded, resumed
        )
        assert done.found == {}
        assert done.mails.twice == {}


async def stepped(service: Service, steps: int) -> dict[str, CaseClock]:
    """Cases that begin after the step ask when they should, by the clock of the record."""
    fresh = await service.open([a_charge(steps * CASES + number) for number in range(CASES)])
    await service.asked("early_look", CASES * (steps + 1))
    await asyncio.sleep(1)
    apart = await service.pool.fetchval(_APART, list(fresh))
    assert apart < 60
    return fresh
