"""Workers that come and go and builds that are shipped harm no case: a small version of what `thousand` does.

`CASES` in the environment sets another number of open cases; a thousand are run by hand.
"""

import os

import pytest

from tests.drills.thousand import HARM, main

CASES = int(os.environ.get("CASES", "40"))


@pytest.mark.drill
async def test_no_case_is_harmed_while_workers_come_and_go_and_builds_are_shipped_and_taken_back() -> None:
    counted = dict(await main(CASES))
    assert counted["open cases"] == str(CASES)
    assert int(counted["workers stopped, SIGTERM"]) > 0
    assert int(counted["workers killed, SIGKILL"]) > 0
    assert counted["answers given meanwhile"] == counted["answers applied once"]
    assert counted["compatible: check, breaks"] == counted["compatible: check, unread"] == "0"
    assert int(counted["compatible: check, goes on"]) >= CASES
    assert int(counted["incompatible: check, breaks"]) > 0
    assert int(counted["compatible: rolled out, then back; open workflows with steps on it"]) > 0
    assert int(counted["incompatible: workflows that failed under it"]) > 0
    harm = {what: number for what, number in counted.items() if what.split(": ")[-1] in HARM}
    assert len(harm) == 3 * len(HARM)
    assert set(harm.values()) == {"0"}
