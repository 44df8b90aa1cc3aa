"""Record the histories of a release: `python -m tests.histories.record 0.2.0`.

Plays the demo, then the tests of the ways back, and keeps what ran, under a public key. A release is recorded once:
what ran under it is never replaced to please a test.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from temporalio.client import Client

from starter.connections import temporal_client
from starter.demo import play
from starter.schedules import DIGEST
from starter.up import stack
from tests.histories.recorded import FOLDER, write

_DONE = "WorkflowType = 'weekday-digest' AND ExecutionStatus = 'Completed'"
_CASE, _CLOCK = "tests/workflows/test_case.py::test_", "tests/workflows/test_review_clock.py::test_"
WAYS_BACK = (
    f"{_CASE}an_amendment_takes_the_place_of_a_charge_that_is_still_asked_about",
    f"{_CASE}a_review_that_a_reduced_charge_stopped_begins_anew_on_an_upgrade",
    f"{_CASE}discontinued_before_the_court_appearance_closes_the_case",
    f"{_CASE}a_stage_cancelled_by_hand_is_begun_anew",
    f"{_CASE}a_charge_reduced_after_conviction_leaves_nothing_hanging",
    f"{_CASE}letters_that_nobody_takes_climb_once_and_end",
    f"{_CASE}disclosure_that_the_national_team_stopped_gives_nothing",
    f"{_CLOCK}pause_and_resume_typed_by_hand_stop_a_whole_case_and_give_the_days_back",
    f"{_CLOCK}a_review_accepted_while_its_clock_stands_still_lets_it_run",
    "tests/workflows/test_due_after_all.py",
    "tests/workflows/test_disclosure_again.py",
)
"""Tests whose cases go a way that the demo's do not."""


async def main(release: str) -> int:
    """Play, then write the history of every workflow that ran."""
    with tempfile.TemporaryDirectory() as folder:
        async with stack({**os.environ, "SFO_DATA_DIR": folder}) as running:
            problems = await play(running, lambda line: print(line, flush=True))  # noqa: T201
            client = await temporal_client(running.settings)
            codec = client.data_converter.payload_codec
            assert codec is not None
            await _digest(client)
            async for execution in client.list_workflows():
                handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
                # What a schedule starts has the moment in its id, which would make another file each time.
                name = DIGEST if execution.id.startswith(DIGEST) else execution.id
                await write(release, execution.workflow_type, name, await handle.fetch_history(), codec)
    return len(problems)


async def _digest(client: Client) -> None:
    """The schedule starts it on a weekday morning; here it is started at once, as it is then."""
    await client.get_schedule_handle(DIGEST).trigger()
    async with asyncio.timeout(60):
        while not [one async for one in client.list_workflows(_DONE)]:
            await asyncio.sleep(0.2)


def ways_back(release: str) -> int:
    """Run the tests of the ways back, which write what ran."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", *WAYS_BACK]
    root = Path(__file__).parents[2]
    return subprocess.run(
        command, cwd=root, env={**os.environ, "SFO_RECORD_HISTORIES": release}, check=False
    ).returncode


if __name__ == "__main__":
    if len(sys.argv) != 2 or (FOLDER / sys.argv[1]).exists():
        sys.exit("name a release that is not recorded yet: python -m tests.histories.record 0.2.0")
    code = asyncio.run(main(sys.argv[1])) or ways_back(sys.argv[1])
    sys.stdout.flush()
    os._exit(code)
