"""The clock of a gateway, a worker or the record is put forward and then back, by days, while cases are under way.

What is due is due by Temporal's clock, and what people do is dated by the record's. So a program's clock moves nothing
at all, and the record's own moves the dates of what is recorded meanwhile and nothing else. More of both, without a
service: `tests/house/test_wall_clock.py`, `tests/starter/test_wrong_clocks.py`.
"""

import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from starter.demo import beside
from tests.drills.crowd import Alike, Crowd
from tests.drills.harm import counted, rested
from tests.drills.service import GATEWAYS, MAIL, POSTGRES, TEMPORAL, WORKERS, Service, a_service
from tests.drills.worker_memory import a_charge
from tests.drills.wrong_clock import ProgramClock, RecordClock

pytestmark = pytest.mark.drill

CASES = 20
"""Before the clock is stepped, and half as many while it is ahead."""
AT_THE_STEP = 10.0
"""Seconds around a step of the record's clock in which a letter may be with the mail server: see `went_again`."""
_NOBODY_CHASED = """
    SELECT NOT EXISTS (SELECT FROM gates WHERE overdue) AND NOT EXISTS (SELECT FROM decisions WHERE void_at IS NOT NULL)
       AND NOT EXISTS (SELECT FROM outbox WHERE letter IN ('reminder', 'overdue'))
"""
_STUCK_LETTERS = "SELECT letter_id FROM outbox WHERE state = 'queued' AND attempts > 0"
_UNHEARD_ANSWERS = "SELECT decision FROM decisions WHERE applied_at IS NULL AND void_at IS NULL"
_GONE_ON = """
    SELECT NOT EXISTS (SELECT FROM outbox WHERE letter_id = ANY($1) AND state <> 'sent')
       AND NOT EXISTS (SELECT FROM decisions WHERE decision = ANY($2) AND applied_at IS NULL AND void_at IS NULL)
"""
_DATED = {
    "answers": "SELECT max(received_at) FROM decisions",
    "letters": "SELECT max(recorded_at) FROM outbox",
    "the chain": "SELECT max(recorded_at) FROM audit",
}


class Stepping:
    """Cases under way, people who answer, and what is done to a clock meanwhile."""

    def __init__(self, service: Service, clock: ProgramClock | RecordClock, wrong: timedelta) -> None:
        self.service, self.clock, self.wrong = service, clock, wrong
        self.began = datetime.now(UTC)
        self.stepped_at = 0.0

    async def run(self) -> tuple[Crowd, float]:
        """Ahead, back, and right in the end. Returns the people, and the seconds until what waited had gone on."""
        service = self.service
        clocks = await service.open([a_charge(number) for number in range(CASES)])
        await service.asked("early_look", CASES)
        await rested(service)
        by = random.Random(19)  # noqa: S311
        crowd = Crowd(service, Alike(), clocks, by, lambda: by.uniform(0, 20))
        async with beside(crowd.run()):
            await service.applied("notification", 2)
            self.stepped_at = time.time()
            await self.clock.step(self.wrong)
            clocks |= await service.open([a_charge(CASES + number) for number in range(CASES // 2)])
            await service.asked("notification", CASES + CASES // 2)
            resumed = await self.put_back_while_letters_and_answers_wait()
            await service.applied("notification", CASES + CASES // 2)
            await rested(service)
            await self.clock.step(timedelta(0))
        return crowd, resumed

    async def put_back_while_letters_and_answers_wait(self) -> float:
        """What waits then was recorded at a time that is yet to come."""
        service = self.service
        await service.parts[MAIL].stop()
        await service.until(f"SELECT EXISTS ({_STUCK_LETTERS})", within=40)
        await service.parts[TEMPORAL].stop()
        await service.until(f"SELECT count(*) >= 5 FROM ({_UNHEARD_ANSWERS}) AS unheard", within=40)
        letters = [row["letter_id"] for row in await service.pool.fetch(_STUCK_LETTERS)]
        answers = [row["decision"] for row in await service.pool.fetch(_UNHEARD_ANSWERS)]
        # A record whose clock is behind would call today's date in an answer one to come, and say so.
        await self.clock.step(timedelta(0) if isinstance(self.clock, RecordClock) else -self.wrong)
        await service.start(TEMPORAL, MAIL)
        return await service.until(_GONE_ON, letters, answers, within=90)

    async def dated(self) -> dict[str, timedelta]:
        """How long after the drill's beginning the latest of each kind of row says that it was written."""
        return {what: await self.service.pool.fetchval(query) - self.began for what, query in _DATED.items()}

    def went_again(self, times: list[float]) -> bool:
        """Whether this letter was with the mail server when the record's clock was put forward.

        By that clock nobody had renewed its claim for days, so the other worker took it for one that had died.
        """
        return len(times) == 2 and abs(times[0] - self.stepped_at) < AT_THE_STEP


@asynccontextmanager
async def stepping(part: str, days: int, folder: Path) -> AsyncIterator[Stepping]:
    """A service of which the clock of one part can be stepped, and is right as yet."""
    wrong = timedelta(days=days)
    if part == POSTGRES:
        async with a_service(workers=WORKERS) as service:
            yield Stepping(service, await RecordClock.right(service), wrong)
    else:
        clock = ProgramClock.right(folder)
        async with a_service(programs={part: clock.program(part)}) as service:
            yield Stepping(service, clock, wrong)


@pytest.mark.parametrize(("part", "days"), [(GATEWAYS[0], 100), (WORKERS[0], 100), (POSTGRES, 1)])
async def test_a_clock_that_is_stepped_loses_nothing_and_makes_nobody_late(
    part: str, days: int, tmp_path: Path
) -> None:
    async with stepping(part, days, tmp_path) as drill:
        crowd, resumed = await drill.run()
        what = f"{part}, {days} day{'s' * (days > 1)} ahead, then {'right' if part == POSTGRES else 'behind'}"
        cases = CASES + CASES // 2
        done = await counted(drill.service, "clock stepped", what, cases, crowd.heard.recorded, resumed)
        assert done.found == {}
        assert await drill.service.value(_NOBODY_CHASED)
        assert not await drill.service.value("SELECT bool_or(late) FROM decisions")
        dated = await drill.dated()
        if part == POSTGRES:
            assert all(after > drill.wrong for after in dated.values()), dated
            assert [times for times in done.mails.twice.values() if not drill.went_again(times)] == []
        else:
            assert all(after < timedelta(hours=1) for after in dated.values()), dated
            assert done.mails.twice == {}
