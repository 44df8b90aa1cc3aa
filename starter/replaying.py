"""Whether open workflows would go on under the code of this build: each history is replayed before anything runs.

Histories are read a few at a time and let go once replayed, so a thousand open cases take no more memory than eight.
What is told of a history is its types and its numbers, never a payload.
"""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHistory
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from starter.comparing import reference_of
from starter.keys import PayloadKeyError
from starter.registered import BY_TYPE
from starter.sandbox import workflow_runner
from starter.temporal_state import Listed, open_now
from starter.tracing import Tracing

_AT_ONCE = 8
_RPC = timedelta(seconds=15)
_EVENT = re.compile(r"HistoryEvent\(id: (\d+)")
_SCHEDULED = re.compile(r"scheduled event '([\w-]+)'")


class Fate(StrEnum):
    """What would become of a workflow. UNREAD: its history could not be read, so nobody knows."""

    GOES_ON = "goes_on"
    BREAKS = "breaks"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Replayed:
    """One open workflow. `kind`: its type, empty where not even that could be read; `why`: where it first differs."""

    workflow: str
    kind: str
    fate: Fate
    why: str = ""

    @property
    def reference(self) -> str:
        """The case it belongs to; empty for one of no case."""
        return reference_of(self.workflow) or ""


@dataclass(slots=True)
class Foreseen:
    """What a check found: a number for each type and fate, and each workflow that would not simply go on."""

    counts: Counter[tuple[str, Fate]] = field(default_factory=Counter)
    troubled: list[Replayed] = field(default_factory=list)

    def add(self, one: Replayed) -> None:
        """Count it, and keep it if it does not go on."""
        self.counts[one.kind, one.fate] += 1
        if one.fate is not Fate.GOES_ON:
            self.troubled.append(one)

    def number(self, fate: Fate) -> int:
        """How many workflows have this fate."""
        return sum(number for (_, which), number in self.counts.items() if which is fate)


async def foresee(
    client: Client,
    workflows: Iterable[type] = tuple(BY_TYPE.values()),
    *,
    kind: str | None = None,
    region: str | None = None,
    ran_on: str | None = None,
    limit: int | None = None,
    seen: Callable[[int], None] = lambda _: None,
) -> Foreseen:
    """Replay every open workflow, at most `limit`, with this code; nothing is changed. Raises TemporalAwayError.

    `ran_on`: only those of which this build has done a step. `seen` hears after each how many were replayed. One that
    ends between the list and its reading is left out.
    """
    replayer = Replayer(
        workflows=[*workflows],
        workflow_runner=workflow_runner(),
        data_converter=client.data_converter,
        interceptors=[Tracing()],
        runtime=_quiet(),
    )
    found = Foreseen()
    async for listed in _by_few(open_now(client, kind=kind, region=region, ran_on=ran_on), limit):
        read = await asyncio.gather(*(_read(client, one) for one in listed))
        for one in read:
            if isinstance(one, Replayed):
                found.add(one)
        with _silence():
            histories = [one for one in read if isinstance(one, WorkflowHistory)]
            results = await replayer.replay_workflows(_each(histories), raise_on_replay_failure=False)
        for history in histories:
            found.add(_fate(history, results.replay_failures.get(history.run_id)))
        seen(sum(found.counts.values()))
    return found


async def _by_few(listed: AsyncIterator[Listed], limit: int | None) -> AsyncIterator[list[Listed]]:
    few: list[Listed] = []
    number = 0
    async for one in listed:
        if number == limit:
            break
        number += 1
        few.append(one)
        if len(few) == _AT_ONCE:
            yield few
            few = []
    if few:
        yield few


async def _each(histories: Sequence[WorkflowHistory]) -> AsyncIterator[WorkflowHistory]:
    for history in histories:
        yield history


async def _read(client: Client, one: Listed) -> WorkflowHistory | Replayed | None:
    """The history; none for a workflow that Temporal has forgotten meanwhile."""
    handle = client.get_workflow_handle(one.workflow, run_id=one.run)
    try:
        history = await handle.fetch_history(rpc_timeout=_RPC)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        return Replayed(one.workflow, "", Fate.UNREAD, f"Temporal did not give its history: {error.status.name}")
    started = history.events[0].workflow_execution_started_event_attributes
    try:
        codec = client.data_converter.payload_codec
        if codec:
            await codec.decode(started.input.payloads)
    except PayloadKeyError as error:
        return Replayed(one.workflow, started.workflow_type.name, Fate.UNREAD, str(error))
    return history


def _fate(history: WorkflowHistory, failure: Exception | None) -> Replayed:
    kind = history.events[0].workflow_execution_started_event_attributes.workflow_type.name
    if failure is None:
        return Replayed(history.workflow_id, kind, Fate.GOES_ON)
    return Replayed(history.workflow_id, kind, Fate.BREAKS, _why(history, failure))


def _why(history: WorkflowHistory, failure: Exception) -> str:
    """Where it first differs, from the types of the history alone: the SDK's own text may quote what it carries."""
    if not isinstance(failure, NondeterminismError):
        return f"its code fails when it is replayed, after event {history.events[-1].event_id} at the latest"
    said = str(failure)
    if number := _EVENT.search(said):
        event = next((one for one in history.events if one.event_id == int(number[1])), None)
        if event:
            return f"the new code does not do what event {event.event_id} holds, {_in_words(event)}"
    if (scheduled := _SCHEDULED.search(said)) and any(scheduled[1] == _activity(one) for one in history.events):
        return f"the new code does something else where activity {scheduled[1]} was asked for"
    return "the new code does not do in the same order what its history holds"


def _in_words(event: HistoryEvent) -> str:
    name = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_").replace("_", " ").lower()
    return f"{name} ({_activity(event)})" if _activity(event) else name


def _activity(event: HistoryEvent) -> str:
    return event.activity_task_scheduled_event_attributes.activity_type.name


@lru_cache  # a process needs one however often it checks
def _quiet() -> Runtime:
    """A runtime whose core prints nothing: what breaks is told once, by us."""
    return Runtime(telemetry=TelemetryConfig(logging=None))


@contextmanager
def _silence() -> Iterator[None]:
    """What a replay that fails logs may quote a payload; its finding says the same without."""
    loggers = [logging.getLogger(name) for name in ("temporalio.worker", "temporalio.workflow")]
    levels = [(logger, logger.level) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in levels:
            logger.setLevel(level)
