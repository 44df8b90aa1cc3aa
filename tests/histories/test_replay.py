"""What ran before still replays: an incompatible change to a workflow is caught before it meets a running case."""

import pytest
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from starter.payloads import data_converter
from starter.registered import BY_TYPE
from starter.sandbox import workflow_runner
from starter.tracing import Tracing
from tests.histories.incompatible import AskedTwice
from tests.histories.recorded import RING, histories

RECORDED = dict(histories())


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
    assert {name.partition("--")[0] for name in RECORDED} == set(BY_TYPE)


async def test_a_planted_incompatible_change_is_caught() -> None:
    history = next(h for name, h in RECORDED.items() if name.startswith("notification--"))
    with pytest.raises(NondeterminismError):
        await replayer(AskedTwice).replay_workflow(history)
