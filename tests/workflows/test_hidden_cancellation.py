"""A stage that is stopped while it tells its case something: the SDK waits for that signal and forgets the rest.

Found by the storm of kills (`tests/drills/storm.py`): the court had ended eleven cases, whose reviews went on.
"""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import is_cancelled_exception
from temporalio.worker import Replayer

from starter.registered import BY_TYPE
from starter.sandbox import workflow_runner
from starter.script import SILENT
from tests.workflows.conftest import Office
from tests.workflows.test_case import running
from workflows.asking import children
from workflows.asking.cancelling import still_wanted, stopped
from workflows.asking.gate_life import GateLife
from workflows.asking.preparing import Preparation
from workflows.contract.messages import CaseNews
from workflows.contract.vocabulary import Stage

_SEEN = 30.0
_AT_MOST = 1.5
"""Seconds that one step of a workflow may take before the SDK takes it for hung."""


class Telling:
    """The moment in which a workflow sends its first signal to its case: it stays in it until `go_on`."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()

    async def seen(self) -> None:
        assert await asyncio.to_thread(self.begun.wait, _SEEN)

    def stays(self) -> None:
        if not workflow.unsafe.is_replaying() and not self.begun.is_set():
            self.begun.set()
            self.go_on.wait(_AT_MOST)


@pytest.fixture
def telling(monkeypatch: pytest.MonkeyPatch) -> Iterator[Telling]:
    moment, signal_case = Telling(), GateLife._signal_case

    async def staying(self: GateLife, signal: str, message: Any) -> None:
        moment.stays()
        await signal_case(self, signal, message)

    monkeypatch.setattr(GateLife, "_signal_case", staying)
    yield moment
    moment.go_on.set()


async def test_a_review_that_is_stopped_while_it_tells_its_case_stops(office: Office, telling: Telling) -> None:
    opening = await office.report()
    review = await office.start(opening, Stage.REVIEW)
    await telling.seen()
    await review.cancel()
    telling.go_on.set()
    async with asyncio.timeout(_SEEN):
        assert (await review.result())["outcome"] == "withdrawn"
    assert await office.record.value("SELECT count(*) FROM gates WHERE state = 'open'") == 0
    await took_the_new_path_and_replays(office, review)


async def test_a_case_that_is_cancelled_while_it_tells_a_stage_something_ends(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By hand: it must not take a second attempt, and the case not go on meanwhile as if nothing had been asked."""
    telling, send = Telling(), children._send

    async def staying(handle: children.Running, news: CaseNews) -> None:
        if news.stage is Stage.REVIEW:  # told by the case's own task, which is the one that is cancelled
            telling.stays()
        await send(handle, news)

    monkeypatch.setattr(children, "_send", staying)
    async with running(office, {"welfare": [SILENT], "commission": [SILENT]}, speed=86_400) as (_, case):
        await telling.seen()
        await case.cancel()
        telling.go_on.set()
        async with asyncio.timeout(_SEEN):
            with pytest.raises(WorkflowFailureError) as failed:
                await case.result()
    assert is_cancelled_exception(failed.value.cause)
    await took_the_new_path_and_replays(office, case)


async def test_what_we_cancel_ourselves_stops_although_its_task_was_made_to_forget_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workflow, "patched", lambda _name: True)
    going = asyncio.create_task(forgetful())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await stopped(going)
    assert going.cancelled()


async def test_a_preparation_that_is_stopped_takes_back_every_question_about_staff(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every family has declined: what was being asked about each member of staff is stopped with it, told or not."""
    monkeypatch.setattr(workflow, "patched", lambda _name: True)
    asked: list[asyncio.Task[Any] | None] = []

    async def assess_one(_self: Preparation, _ref: str) -> None:
        asked.append(asyncio.current_task())
        await forgetful()

    monkeypatch.setattr(Preparation, "assess_one", assess_one)
    going = asyncio.create_task(Preparation.assess(object.__new__(Preparation), ("s1", "s2")))
    await asyncio.sleep(0.01)
    async with asyncio.timeout(5):
        await stopped(going)
    assert going.cancelled()
    assert [task.cancelled() for task in asked if task] == [True, True]


async def forgetful() -> None:
    """Forget one cancellation, as the SDK makes a task do while it signals another workflow; then wait on."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        if task := asyncio.current_task():
            task.uncancel()
    still_wanted()
    await asyncio.Event().wait()


async def took_the_new_path_and_replays(office: Office, handle: WorkflowHandle[Any, Any]) -> None:
    history = await handle.fetch_history()
    assert any(event.HasField("marker_recorded_event_attributes") for event in history.events)
    replayer = Replayer(
        workflows=list(BY_TYPE.values()),
        workflow_runner=workflow_runner(),
        data_converter=office.client.data_converter,
    )
    await replayer.replay_workflow(history)
