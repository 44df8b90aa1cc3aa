"""Everything is killed at random while people answer, and no answer is lost or doubled: see `storm`.

`CASES`, `KILLS` and `SEED` in the environment set other numbers.
"""

import os

import pytest

from tests.drills.storm import counted

CASES = int(os.environ.get("CASES", "200"))
KILLS = int(os.environ.get("KILLS", "2"))
SEED = int(os.environ.get("SEED", "7"))


@pytest.mark.drill
async def test_killing_anything_at_any_moment_loses_no_answer_and_doubles_none() -> None:
    async with counted(CASES, KILLS, SEED) as storm:
        assert storm.harm.found == {}
        assert storm.unexplained == {}
        # Where the court was quicker than the commission, no review had begun.
        assert storm.outcomes.keys() == {"not_reviewed", "discontinued"}
        assert storm.outcomes["not_reviewed"] >= CASES - CASES // 2
        assert sum(storm.outcomes.values()) == CASES
        assert storm.recorded >= 3 * (CASES // 2)
        assert max(kill.in_flight for kill in storm.kills) > CASES // 2
        assert [kill.what for kill in storm.kills if storm.progress.resumed(kill) is None] == []
