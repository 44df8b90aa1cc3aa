"""Disclosure that is terminated, reset or cancelled in the midst: what was decided counts, nothing stays open."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest

from activities.moving import withdraw
from starter.script import SILENT, Line
from tests.workflows.conftest import Office
from tests.workflows.disclosing import (
    CONCERN,
    DISCLOSURE,
    EXCEPTIONAL,
    LONGEST,
    REASON,
    WANTS,
    Handle,
    answering,
    asked,
    convicted,
    ended,
    news,
    open_gates,
    recorded,
    released,
    stage_of,
    stands,
    terminated,
    the_case,
    the_stage,
    until_state,
)
from tests.workflows.test_case import opened
from workflows.contract.messages import CaseNews

pytestmark = pytest.mark.usefixtures("plain_files")


async def test_a_held_stage_that_is_begun_anew_hears_what_was_decided(office: Office) -> None:
    """Terminated after the national team has decided, reset to its beginning while it still looks, or long after."""
    await asyncio.gather(
        begun_anew(office, terminated, is_decided=True),
        begun_anew(office, reset, is_decided=False),
        begun_anew_after_a_hold(office),
    )


async def begun_anew(office: Office, how: Callable[[Handle], Awaitable[None]], *, is_decided: bool) -> None:
    opening = await recorded(office)
    await convicted(office, opening)
    await stands(office, opening, "v1", **WANTS)
    change = Line("change", reasons=REASON)
    lines = {"staff_impact": [EXCEPTIONAL, SILENT], "resolve": [change if is_decided else SILENT]}
    async with answering(office, opening, lines):
        case, stage = await the_case(office, opening), stage_of(office, opening)
        resolve, again = f"{CONCERN}/resolve:staff_safety-1", f"{DISCLOSURE}/staff_impact:s1#2"
        await opened(office, opening, again if is_decided else resolve)
        await how(stage)
        if not is_decided:
            concern = stage_of(office, opening, CONCERN)
            await office.answer(concern, f"{opening.reference}/{resolve}", "change", reasons=REASON)
        await office.answer(stage, f"{opening.reference}/{again}", "manageable")
        await ended(case)
    assert await asked(office, opening, part=DISCLOSURE) == [
        "redactions:v1", "redaction_decision:v1", "staff_impact:s1", "staff_impact:s1#2", "release:r1", "handover:v1",
    ]  # fmt: skip
    assert await office.record.value("SELECT count(*) FROM escalations WHERE reference = $1", opening.reference) == 1


async def begun_anew_after_a_hold(office: Office) -> None:
    """A concern that was typed by hand took the release question back; a second one is open when the stage ends."""
    opening = await recorded(office)
    await convicted(office, opening)
    await stands(office, opening, "v1", **WANTS)
    async with answering(office, opening, {"release": [SILENT]}):
        case, stage = await the_case(office, opening), stage_of(office, opening)
        await opened(office, opening, f"{DISCLOSURE}/release:r1")
        await case.signal("raise_concern", {"kind": "staff_safety", "reason": "other"})
        await until_state(office, opening, f"{DISCLOSURE}/release:r1", "withdrawn")
        await opened(office, opening, f"{DISCLOSURE}/release:r1#2")
        await terminated(stage)
        await office.answer(stage, f"{opening.reference}/{DISCLOSURE}/release:r1#2", "released")
        assert (await ended(case))["reference"] == opening.reference
    assert await asked(office, opening, "release", "handover") == ["release:r1", "release:r1#2", "handover:v1"]


async def reset(stage: Handle) -> None:
    """Reset to its first step; the signals that came since come again."""
    history = await stage.fetch_history()
    first = next(e for e in history.events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
    request = ResetWorkflowExecutionRequest(
        namespace="default", workflow_execution=WorkflowExecution(workflow_id=stage.id), reason="drill",
        request_id=str(uuid4()), workflow_task_finish_event_id=first.event_id,
    )  # fmt: skip
    await stage._client.workflow_service.reset_workflow_execution(request)


async def test_what_was_said_while_it_was_being_started_is_newer_than_what_it_was_started_with(office: Office) -> None:
    opening = await recorded(office)
    await convicted(office, opening)
    await released(office, opening)
    await stands(office, opening, "v1", **WANTS)
    over = CaseNews(held=False, corrected=False)
    stage = await the_stage(office, opening, news=over, held=True, correction=True)
    async with answering(office, opening):
        assert (await ended(stage))["outcome"] == "disclosed"


async def test_cancelled_while_a_hold_takes_its_question_back_it_leaves_nothing_open(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is away in that moment, so that the withdrawal is still to be tried again."""
    opening = await recorded(office)
    await convicted(office, opening)
    await released(office, opening)
    await stands(office, opening, "v1", **WANTS)
    stage = await the_stage(office, opening)
    await office.gate(f"{opening.reference}/{DISCLOSURE}/handover:v1")
    is_away = asyncio.Event()

    async def unreliable(*arguments: Any) -> None:
        if not is_away.is_set():
            is_away.set()
            raise ConnectionError
        await withdraw(*arguments)

    monkeypatch.setattr("activities.gates.withdraw", unreliable)
    await news(stage, held=True)
    await asyncio.wait_for(is_away.wait(), LONGEST)
    await stage.cancel()
    assert (await ended(stage))["outcome"] == "withdrawn"
    assert await open_gates(office, opening) == []
