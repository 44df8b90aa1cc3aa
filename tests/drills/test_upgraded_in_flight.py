"""Workers are killed in the middle and come back with code that open cases could not follow, behind a patch.

What was begun goes on as it began, what begins takes the new way, and nothing fails.
"""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from starter.demo import beside
from tests.drills.crowd import Alike, Crowd
from tests.drills.harm import counted
from tests.drills.service import WORKERS, Service, a_service
from tests.drills.thousand import WITH_CHANGED
from tests.drills.told_first import ToldFirst
from tests.drills.worker_memory import a_charge
from workflows.contract.messages import CaseClock

pytestmark = pytest.mark.drill

CASES = 20
"""Before the change, and as many after it."""
_TOLD = "SELECT reference FROM outbox WHERE event LIKE '%told-first%'"


async def test_cases_begun_before_a_change_go_on_as_they_began_and_new_ones_take_the_new_way() -> None:
    async with begun(CASES) as (service, crowd, clocks):
        before = set(clocks)
        answered, resumed = await upgrade(service, crowd, clocks, ToldFirst)
        what = f"behind a patch, after {answered} answers"
        done = await counted(service, "upgraded", what, 2 * CASES, crowd.heard.recorded, resumed)
        assert done.found == {}
        assert {row["reference"] for row in await service.pool.fetch(_TOLD)} == set(clocks) - before


@asynccontextmanager
async def begun(cases: int) -> AsyncIterator[tuple[Service, Crowd, dict[str, CaseClock]]]:
    """So many cases that have asked, and people who have yet to sit down."""
    async with a_service(workers=WORKERS) as service:
        clocks = await service.open([a_charge(number) for number in range(cases)])
        await service.asked("notification", cases)
        by = random.Random(17)  # noqa: S311
        yield service, Crowd(service, Alike(), clocks, by, lambda: by.uniform(0, 8)), clocks


async def upgrade(
    service: Service, crowd: Crowd, clocks: dict[str, CaseClock], changed: type, within: float = 120
) -> tuple[int, float]:
    """The workers are killed, others come with this workflow changed, and as many cases again are opened.

    Returns how many answers there were before, and the seconds until half of the older cases had gone on.
    """
    older = len(clocks)
    async with beside(crowd.run()):
        await service.applied("notification", older // 4)
        await service.kill(*WORKERS)
        answered = len(crowd.heard.recorded)
        await service.ship("two", ("-c", WITH_CHANGED), CHANGED=f"{changed.__module__}:{changed.__name__}")
        clocks |= await service.open([a_charge(older + number) for number in range(older)])
        resumed = await service.applied("notification", older // 2, within)
        await service.applied("notification", 2 * older, within)
    return answered, resumed
