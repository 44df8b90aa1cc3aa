"""A gateway's clock is put forward and then back, each time by days, while cases are under way, and moves nothing.

What is due is due by Temporal's clock, and what people do is dated by the record's. A worker reads its clock for no
date at all: `tests/house/test_wall_clock.py`. The record's own clock put back: `tests/starter/test_wrong_clocks.py`.
"""

import random
from datetime import UTC, datetime, timedelta

import pytest

from starter.demo import beside
from tests.drills.crowd import Alike, Crowd
from tests.drills.harm import counted, rested
from tests.drills.service import GATEWAYS, MAIL, TEMPORAL, Service, a_service
from tests.drills.worker_memory import a_charge
from tests.drills.wrong_clock import Clock, clock

__all__ = ["clock"]
pytestmark = pytest.mark.drill

CASES = 20
"""Before the clock is stepped, and half as many while it is ahead."""
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


@pytest.mark.parametrize("days", [1, 100])
async def test_a_clock_that_is_stepped_loses_nothing_and_makes_nobody_late(clock: Clock, days: int) -> None:
    gateway, began, wrong = GATEWAYS[0], datetime.now(UTC), timedelta(days=days)
    async with a_service(more={gateway: clock.variables}) as service:
        assert clock.rules(service.parts[gateway].pid)
        clocks = await service.open([a_charge(number) for number in range(CASES)])
        await service.asked("early_look", CASES)
        await rested(service)
        by = random.Random(19)  # noqa: S311
        crowd = Crowd(service, Alike(), clocks, by, lambda: by.uniform(0, 20))
        async with beside(crowd.run()):
            await service.applied("notification", 2)
            clock.step(wrong)
            clocks |= await service.open([a_charge(CASES + number) for number in range(CASES // 2)])
            await service.asked("notification", CASES + CASES // 2)
            resumed = await put_back_while_letters_and_answers_wait(service, clock, wrong)
            await service.applied("notification", CASES + CASES // 2)
            await rested(service)
            clock.step(timedelta(0))
        what = f"{gateway}, {days} day{'s' * (days > 1)} ahead, then behind"
        done = await counted(service, "clock stepped", what, len(clocks), crowd.heard.recorded, resumed)
        assert done.found == {}
        assert done.mails.twice == {}
        assert await service.value(_NOBODY_CHASED)
        ended = datetime.now(UTC)
        dated = await service.pool.fetch("SELECT received_at, late FROM decisions")
        assert all(began <= row["received_at"] <= ended for row in dated)
        assert not any(row["late"] for row in dated)


async def put_back_while_letters_and_answers_wait(service: Service, clock: Clock, wrong: timedelta) -> float:
    """What waits then was recorded at a time that is yet to come. Returns the seconds until it had gone on."""
    await service.parts[MAIL].stop()
    await service.until(f"SELECT EXISTS ({_STUCK_LETTERS})", within=40)
    await service.parts[TEMPORAL].stop()
    await service.until(f"SELECT count(*) >= 5 FROM ({_UNHEARD_ANSWERS}) AS unheard", within=40)
    letters = [row["letter_id"] for row in await service.pool.fetch(_STUCK_LETTERS)]
    answers = [row["decision"] for row in await service.pool.fetch(_UNHEARD_ANSWERS)]
    clock.step(-wrong)
    await service.start(TEMPORAL, MAIL)
    return await service.until(_GONE_ON, letters, answers, within=90)
