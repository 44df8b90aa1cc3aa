"""What Temporal holds of a case: of each of its workflows the latest run, what that has carried out and heard."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from starter.signals import RPC, NoSuchWorkflowError, reach
from starter.temporal_state import Listed, runs_of
from starter.traces import TRACES
from workflows.contract import ids
from workflows.contract.messages import AmendmentRecord, CourtRecord, Decision, GateOpened

_FIRST_DONE = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED


@dataclass(frozen=True, slots=True)
class Step:
    """A step that a history holds as done, with the trace that it left.

    `decision`: the answer that it applied; `is_paused`: how it left the clock of the review.
    """

    activity: str
    trace: str
    decision: Decision | None = None
    is_paused: bool | None = None


@dataclass(slots=True)
class Carried:
    """The latest run of a workflow. `heard`: the ids of what it was told; `signals`: each with what it carried.

    `first_task`: the event to which it can be reset, 0 where it has done nothing yet.
    """

    workflow: str
    run: str
    status: str
    started_at: datetime
    first_task: int = 0
    steps: list[Step] = field(default_factory=list)
    heard: set[str] = field(default_factory=set)
    signals: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.status in ("RUNNING", "PAUSED")

    @property
    def is_case(self) -> bool:
        """Whether it is the case itself and not a part of it."""
        return self.workflow == ids.case_id(ids.reference_of(self.workflow))


async def carried_by(client: Client, reference: str) -> dict[str, Carried]:
    """Every workflow of the case by its id, in its latest run. Raises TemporalAwayError, PayloadKeyError."""
    latest: dict[str, Listed] = {}
    async for one in runs_of(client, reference):
        before = latest.get(one.workflow)
        if before is None or (one.is_open, one.started_at) > (before.is_open, before.started_at):
            latest[one.workflow] = one
    read = await asyncio.gather(*(_read(client, one) for one in latest.values()))
    found = {one.workflow: one for one in read if one}
    if case := found.get(ids.case_id(reference)):  # it has begun them, so it has heard of them
        case.heard |= {ids.part_of(one) for one in found if one != case.workflow}
    return found


async def _read(client: Client, listed: Listed) -> Carried | None:
    carried = Carried(listed.workflow, listed.run, listed.status, listed.started_at)
    scheduled: dict[int, tuple[str, Payloads]] = {}
    try:
        async for event in _events(client, listed):
            await _take(client, event, carried, scheduled)
    except NoSuchWorkflowError:  # forgotten: its time was over
        return None
    return carried


async def _events(client: Client, listed: Listed) -> AsyncIterator[HistoryEvent]:
    pages = client.get_workflow_handle(listed.workflow, run_id=listed.run).fetch_history_events(rpc_timeout=RPC)
    while True:
        await reach(pages.fetch_next_page())
        for event in pages.current_page or ():
            yield event
        if not pages.next_page_token:
            return


async def _take(
    client: Client, event: HistoryEvent, carried: Carried, scheduled: dict[int, tuple[str, Payloads]]
) -> None:
    if event.event_type == _FIRST_DONE and not carried.first_task:
        carried.first_task = event.event_id
    elif event.HasField("activity_task_scheduled_event_attributes"):
        asked = event.activity_task_scheduled_event_attributes
        scheduled[event.event_id] = asked.activity_type.name, asked.input
    elif event.HasField("activity_task_completed_event_attributes"):
        done = event.activity_task_completed_event_attributes
        name, given = scheduled[done.scheduled_event_id]
        carried.steps += await _steps(client, name, given, done.result, carried)
    elif event.HasField("workflow_execution_signaled_event_attributes"):
        signalled = event.workflow_execution_signaled_event_attributes
        message = await _as_data(client, signalled.input)
        carried.signals.append((signalled.signal_name, message))
        carried.heard |= heard_in(signalled.signal_name, message)


async def _steps(client: Client, name: str, given: Payloads, result: Payloads, carried: Carried) -> list[Step]:
    trace = TRACES.get(name)
    if trace is None:
        return []
    (message,) = await client.data_converter.decode(given.payloads, [trace.takes])
    done = (await client.data_converter.decode(result.payloads, [trace.gives]))[0] if trace.gives else None
    decision = getattr(done, "decision", None)
    if isinstance(done, GateOpened):  # it found the answer in the record and goes on to apply it
        carried.heard |= {decision} if decision else set()
    elif decision:
        carried.heard.add(decision.decision)
    if isinstance(message, CourtRecord | AmendmentRecord):  # one that was typed got its name here
        carried.heard.add(message.event)
    applied = decision if isinstance(decision, Decision) else None
    return [Step(name, key, applied, getattr(done, "is_paused", None)) for key in trace.keys(message, done)]


async def _as_data(client: Client, payloads: Payloads) -> dict[str, Any]:
    """What a message carries; nothing for one that was typed by hand and is no message."""
    try:
        found = await client.data_converter.decode(payloads.payloads)
    except ValueError:
        return {}
    return found[0] if found and isinstance(found[0], dict) else {}


def heard_in(signal: str, message: dict[str, Any]) -> set[str]:
    """Under which ids the record would know what a signal said."""
    named = {str(message[name]) for name in ("decision", "event", "request") if message.get(name)}
    if message.get("number"):
        part = f"escalation/{message.get('kind')}-" if signal == "raise_concern" else "enquiry/"
        named.add(f"{part}{message['number']}")
    if signal == "calendar":  # it carries no id; a day is announced once
        named.add(f"calendar/{message.get('holiday')}")
    return named
