"""Signals of any content to workflows that run: each is taken or is a dead letter, and the workflow goes on as ever."""

from typing import Any

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHandle
from temporalio.common import RawValue

from starter.registered import BY_TYPE
from tests.workflows.conftest import Office
from tests.workflows.test_case import running
from workflows.contract.vocabulary import Stage

# What a command line, a page of the Temporal UI or a faulty client can send; none, one or several inputs.
SENT: tuple[tuple[Any, ...], ...] = (
    (),
    (None,),
    (b"\x00\xff",),
    ("a text",),
    ({"gate": None},),
    ([],),
    ({"gate": "SFO-2026-00042/charge/rosh", "decision": "x" * 5_000},),
    ({}, {}),
    (b"", b"", b""),
    (RawValue(Payload(metadata={"encoding": b"json/plain"}, data=b'{"gate": ')),),
    (RawValue(Payload(metadata={"encoding": b"invented/kind"}, data=b"x")),),
    (RawValue(Payload()),),
)


def signals_of(kind: str) -> list[str]:
    return sorted(str(name) for name in workflow._Definition.must_from_class(BY_TYPE[kind]).signals)


async def flooded(handle: WorkflowHandle[Any, Any], kind: str) -> None:
    for name in signals_of(kind):
        for given in SENT:
            await handle.signal(name, args=list(given))


async def failures(handle: WorkflowHandle[Any, Any]) -> list[str]:
    """Why steps of the workflow failed. A step that fails is tried again for good: the workflow stands still."""
    history = await handle.fetch_history()
    failed = [event.workflow_task_failed_event_attributes for event in history.events]
    return [each.failure.message for each in failed if each.failure.message]


async def test_a_stage_that_is_sent_anything_takes_the_next_answer_as_ever(office: Office) -> None:
    opening = await office.report()
    handle = await office.start(opening, Stage.NOTIFICATION)
    gate = f"{opening.reference}/notification/notification"
    await office.gate(gate)
    await flooded(handle, Stage.NOTIFICATION)
    decision = await office.answer(handle, gate, "sent", {"sent_on": str(office.now(handle).date())})
    receipt = await office.receipt(handle, decision)
    assert await failures(handle) == []
    assert receipt["applied"]
    assert (await handle.result())["outcome"]


async def test_a_case_that_is_sent_anything_listens_as_ever(office: Office) -> None:
    async with running(office, {}) as (_, case):
        await flooded(case, "sfo-case")
        status = await case.query("status")
        assert await failures(case) == []
        assert status["dead_letters"] >= len(signals_of("sfo-case")) * (len(SENT) - 2)
