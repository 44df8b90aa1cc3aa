"""What ran before still replays: an incompatible change to a workflow is caught before it meets a running case."""

import json
import re
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from starter.payloads import data_converter
from starter.registered import BY_TYPE
from starter.sandbox import workflow_runner
from starter.tracing import Tracing
from tests.histories.incompatible import AskedTwice
from tests.histories.recorded import RING, histories, type_of

RECORDED = dict(histories())
REPLAYED_ELSEWHERE = {"stop-what-is-announced", "a-signal-hides-no-cancellation"}
"""By `tests/workflows/test_stopped_as_it_begins.py` and `test_hidden_cancellation.py`, which make the rare moment."""
WORKFLOWS = Path(__file__).parents[2] / "workflows"


def replayer(*workflows: type) -> Replayer:
    """As a worker runs them, headers that carry a trace included."""
    return Replayer(
        workflows=list(workflows),
        workflow_runner=workflow_runner(),
        data_converter=data_converter(RING),
        interceptors=[Tracing()],
    )


@pytest.mark.parametrize("name", sorted(RECORDED))
async def test_a_recorded_history_replays(name: str) -> None:
    await replayer(*BY_TYPE.values()).replay_workflow(RECORDED[name])


def test_every_workflow_has_a_recorded_history() -> None:
    assert {type_of(name) for name in RECORDED} == set(BY_TYPE)


def test_every_patch_has_a_history_that_took_its_new_path() -> None:
    code = "".join(path.read_text() for path in WORKFLOWS.rglob("*.py"))
    patches = re.findall(r'workflow\.patched\("([^"]+)"\)', code)
    assert len(patches) == code.count("workflow.patched(") > 0, "a patch is named where it is asked for"
    markers = [
        event.marker_recorded_event_attributes
        for history in RECORDED.values()
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED
    ]
    taken = {
        json.loads(one.details["patch-data"].payloads[0].data)["id"]
        for one in markers
        if one.marker_name == "core_patch"
    }
    assert set(patches) - taken == REPLAYED_ELSEWHERE


async def test_a_planted_incompatible_change_is_caught() -> None:
    history = next(h for name, h in RECORDED.items() if type_of(name) == "notification")
    with pytest.raises(NondeterminismError):
        await replayer(AskedTwice).replay_workflow(history)
