"""What Temporal's own histories hold of a case's decisions: which were offered to a workflow, which one applied."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from temporalio.api.common.v1 import Payloads
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from starter.comparing import reference_of
from starter.keys import PayloadKeyError
from starter.temporal_state import every_run, runs_of
from workflows.contract import ids
from workflows.contract.messages import DecideSignal, Decision, GateOpened, Settled

_Message = TypeVar("_Message", bound=BaseModel)
_APPLYING = ("settle_gate", "lapse_gate")
_OPENING = "open_gate"


@dataclass(slots=True)
class Held:
    """What the histories hold. `offered`: the workflow that was told of each decision; `read`: every workflow read.

    `unreadable`: workflows with a payload that no key of the ring opens, each with the reason.
    """

    applied: dict[str, Decision] = field(default_factory=dict)
    offered: dict[str, str] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    unreadable: dict[str, str] = field(default_factory=dict)


async def retention_of(client: Client) -> timedelta:
    """How long Temporal keeps the history of a workflow that has ended. Raises RPCError."""
    found = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    return found.config.workflow_execution_retention_ttl.ToTimedelta()


async def references_known(client: Client) -> set[str]:
    """Every case of which Temporal knows a workflow. Raises TemporalAwayError."""
    named = {reference_of(one.workflow) async for one in every_run(client)}
    return {name for name in named if name}  # the weekday digest is of no case


async def held_of(client: Client, reference: str, gates: Iterable[str]) -> Held:
    """Read every run of every workflow of the case, those that have ended too. Raises RPCError, TemporalAwayError.

    `gates` of the record name workflows that Temporal's search may not list yet.
    """
    held = Held()
    runs = {(one.workflow, one.run) async for one in runs_of(client, reference)}
    listed = {workflow for workflow, _ in runs}
    named = {(workflow, None) for workflow in map(ids.workflow_of_gate, gates) if workflow not in listed}
    for workflow, run in sorted(runs | named, key=str):
        try:
            await _read(client, workflow, run, held)
            held.read.add(workflow)
        except PayloadKeyError as error:
            held.unreadable[workflow] = str(error)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # forgotten: its time was over
                raise
    return held


async def _read(client: Client, workflow: str, run: str | None, held: Held) -> None:
    scheduled: dict[int, str] = {}
    async for event in _events(client, workflow, run):
        if event.HasField("activity_task_scheduled_event_attributes"):
            scheduled[event.event_id] = event.activity_task_scheduled_event_attributes.activity_type.name
        elif event.HasField("activity_task_completed_event_attributes"):
            done = event.activity_task_completed_event_attributes
            await _take_result(client, scheduled.get(done.scheduled_event_id, ""), done.result, workflow, held)
        elif event.HasField("workflow_execution_signaled_event_attributes"):
            signalled = event.workflow_execution_signaled_event_attributes
            if signalled.signal_name == "decide":
                signal = await _decoded(client, signalled.input, DecideSignal)
                if signal and signal.decision:
                    held.offered.setdefault(signal.decision, workflow)


def _events(client: Client, workflow: str, run: str | None) -> AsyncIterator[HistoryEvent]:
    return client.get_workflow_handle(workflow, run_id=run).fetch_history_events()


async def _take_result(client: Client, activity: str, result: Payloads, workflow: str, held: Held) -> None:
    if activity in _APPLYING:
        settled = await _decoded(client, result, Settled)
        if settled and settled.decision:
            held.applied[settled.decision.decision] = settled.decision
    elif activity == _OPENING:  # it found the answer in the record and goes on to apply it
        opened = await _decoded(client, result, GateOpened)
        if opened and opened.decision:
            held.offered.setdefault(opened.decision, workflow)


async def _decoded(client: Client, payloads: Payloads, kind: type[_Message]) -> _Message | None:
    """The message, or none for something typed by hand that is no such message, which its workflow left aside too."""
    try:
        found: list[Any] = await client.data_converter.decode(payloads.payloads, [kind])
    except PayloadKeyError:
        raise
    except (ValidationError, ValueError, RuntimeError, TypeError):
        return None
    return found[0] if found and isinstance(found[0], kind) else None
