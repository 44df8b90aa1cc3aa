"""Workers are killed in the middle and come back with code that open cases could not follow, behind a patch.

What was begun goes on as it began, what begins takes the new way, and nothing fails.
"""

import random

import pytest

from starter.demo import beside
from tests.drills.crowd import Alike, Crowd
from tests.drills.harm import counted
from tests.drills.service import WORKERS, a_service
from tests.drills.thousand import WITH_CHANGED
from tests.drills.told_first import ToldFirst
from tests.drills.worker_memory import a_charge

pytestmark = pytest.mark.drill

CASES = 20
"""Before the change, and as many after it."""
_TOLD = "SELECT reference FROM outbox WHERE event LIKE '%told-first%'"


async def test_cases_begun_before_a_change_go_on_as_they_began_and_new_ones_take_the_new_way() -> None:
    async with a_service(workers=WORKERS) as service:
        clocks = await service.open([a_charge(number) for number in range(CASES)])
        before = set(clocks)
        await service.asked("notification", CASES)
        by = random.Random(17)  # noqa: S311
        crowd = Crowd(service, Alike(), clocks, by, lambda: by.uniform(0, 8))
        async with beside(crowd.run()):
            await service.applied("notification", CASES // 4)
            await service.kill(*WORKERS)
            answered = len(crowd.heard.recorded)
            await service.ship("two", ("-c", WITH_CHANGED), CHANGED=f"{ToldFirst.__module__}:{ToldFirst.__name__}")
            clocks |= await service.open([a_charge(CASES + number) for number in range(CASES)])
            resumed = await service.applied("notification", CASES // 2)
            await service.applied("notification", 2 * CASES)
        what = f"behind a patch, after {answered} answers"
        done = await counted(service, "upgraded", what, 2 * CASES, crowd.heard.recorded, resumed)
        assert done.found == {}
        assert {row["reference"] for row in await service.pool.fetch(_TOLD)} == set(clocks) - before
