"""What Temporal runs, as lists and descriptions say it; read by raw calls, since the client cannot read PAUSED.

Every list is paged. A list may be a moment behind; a description is not.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from zlib import crc32

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import PendingActivityState, PendingWorkflowTaskState, WorkflowExecutionStatus
from temporalio.api.workflow.v1 import PendingActivityInfo, WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
    GetWorkflowExecutionHistoryReverseRequest,
    ListWorkflowExecutionsRequest,
)
from temporalio.client import Client

from starter.signals import NoSuchWorkflowError, reach
from workflows.contract.ids import DEPLOYMENT, case_id

MISSING = "MISSING"
_PAGE = 500
_AT_ONCE = 8
_PROBLEMS = "TemporalReportedProblems"
_OURS = f"WorkflowId STARTS_WITH '{case_id('')}'"
_OPEN = frozenset({"RUNNING", "PAUSED"})
_TASK_WAITS = PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED
_ACTIVITY_PAUSED = frozenset(
    {
        PendingActivityState.PENDING_ACTIVITY_STATE_PAUSED,
        PendingActivityState.PENDING_ACTIVITY_STATE_PAUSE_REQUESTED,
    }
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A run as a list shows it. `status`: RUNNING, PAUSED, TERMINATED ...; `fails`: its code was reported to fail."""

    workflow: str
    run: str
    status: str
    started_at: datetime
    closed_at: datetime | None
    fails: bool

    @property
    def is_open(self) -> bool:
        """Whether it has not ended; a paused one has not."""
        return self.status in _OPEN


@dataclass(frozen=True, slots=True)
class Trying:
    """An activity that failed before: how often it was begun and since when it is wanted. `activity`: its type."""

    activity: str
    attempt: int
    since: datetime
    is_paused: bool


@dataclass(frozen=True, slots=True)
class Described:
    """A run as its description says. `task_since`: since when its next step waits for a worker; None: it does not.

    `reset_at`: it was made by a reset; `reset_to`: it was ended by one, which made that run. `build`: the build that
    did its last step, or that is trying the next one. `attempt`: of its next step, 0 where none waits.
    """

    listed: Listed
    task_since: datetime | None
    trying: tuple[Trying, ...]
    reset_at: datetime | None
    reset_to: str
    build: str = ""
    attempt: int = 0


async def running(client: Client) -> dict[str, Listed]:
    """Every workflow of ours that has not ended, paused ones too, by its id. Raises TemporalAwayError."""
    return {one.workflow: one async for one in open_now(client)}


def open_now(
    client: Client, *, kind: str | None = None, region: str | None = None, ran_on: str | None = None
) -> AsyncIterator[Listed]:
    """Every workflow of ours that has not ended, of one type or region where given. Raises TemporalAwayError.

    `ran_on`: only those of which this build has done a step.
    """
    narrowed = [f"WorkflowType = '{kind}'"] if kind else []
    narrowed += [f"SfoRegion = '{region}'"] if region else []
    narrowed += [ever_ran_on(ran_on)] if ran_on else []
    return listed_open(client, *narrowed)


def ran_last_on(build: str) -> str:
    """The part of a query for workflows whose last step this build has done."""
    return f"TemporalWorkerDeploymentVersion = '{DEPLOYMENT}:{build}'"


def ever_ran_on(build: str) -> str:
    """The part of a query for workflows of which this build has done at least one step."""
    return f"TemporalUsedWorkerDeploymentVersions = '{DEPLOYMENT}:{build}'"


def listed_open(client: Client, *narrowed: str) -> AsyncIterator[Listed]:
    """Every workflow of ours that has not ended and of which all of this query is true. Raises TemporalAwayError."""
    return _listed(client, " AND ".join([_OURS, "CloseTime IS NULL", *narrowed]))


async def count_open(client: Client, *narrowed: str) -> int:
    """How many such there are. Raises TemporalAwayError."""
    return await count_all(client, "CloseTime IS NULL", *narrowed)


async def count_all(client: Client, *narrowed: str) -> int:
    """How many runs of ours there are, open or ended, of which all of this query is true. Raises TemporalAwayError."""
    request = CountWorkflowExecutionsRequest(namespace=client.namespace, query=" AND ".join([_OURS, *narrowed]))
    return (await reach(client.workflow_service.count_workflow_executions(request, retry=True))).count


async def terminated_since(client: Client, moment: datetime) -> list[Listed]:
    """Every run of ours that was terminated after this moment; a reset ends a run so. Raises TemporalAwayError."""
    after = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    query = f"{_OURS} AND ExecutionStatus = 'Terminated' AND CloseTime > '{after}'"
    return [one async for one in _listed(client, query)]


def every_run(client: Client) -> AsyncIterator[Listed]:
    """Every run of every workflow of ours that Temporal has not forgotten. Raises TemporalAwayError."""
    return _listed(client, _OURS)


def runs_of(client: Client, reference: str) -> AsyncIterator[Listed]:
    """Every run of every workflow of this case that Temporal has not forgotten. Raises TemporalAwayError."""
    case = case_id(reference)
    return _listed(client, f"WorkflowId = '{case}' OR WorkflowId STARTS_WITH '{case}/'")


async def described(client: Client, wanted: Iterable[tuple[str, str]], attempts: int) -> list[Described]:
    """Describe these runs: workflow id and run, an empty one for the latest. What Temporal lacks is left out.

    Since when an activity is wanted is read from the history, for those begun more than `attempts` times.
    Raises TemporalAwayError.
    """
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(workflow: str, run: str) -> Described | None:
        async with turn:
            return await _describe(client, workflow, run, attempts)

    found = await asyncio.gather(*(one(*each) for each in wanted))
    return [each for each in found if each]


def in_turn(listed: Iterable[Listed], most: int, turn: int) -> list[Listed]:
    """Which of these are described in this turn: all while there are at most so many, else a part of equal size.

    A workflow is always in the same part, and the parts follow one another, so that each is looked at in its turn.
    """
    every = list(listed)
    parts = -(-len(every) // most) or 1
    return [one for one in every if crc32(one.workflow.encode()) % parts == turn % parts]


async def _listed(client: Client, query: str) -> AsyncIterator[Listed]:
    token = b""
    while True:
        request = ListWorkflowExecutionsRequest(
            namespace=client.namespace, query=query, page_size=_PAGE, next_page_token=token
        )
        page = await reach(client.workflow_service.list_workflow_executions(request))
        for info in page.executions:
            yield _as_listed(info)
        token = page.next_page_token
        if not token:
            return


def _as_listed(info: WorkflowExecutionInfo) -> Listed:
    return Listed(
        workflow=info.execution.workflow_id,
        run=info.execution.run_id,
        status=WorkflowExecutionStatus.Name(info.status).removeprefix("WORKFLOW_EXECUTION_STATUS_"),
        started_at=info.start_time.ToDatetime(UTC),
        closed_at=info.close_time.ToDatetime(UTC) if info.HasField("close_time") else None,
        fails=_PROBLEMS in info.search_attributes.indexed_fields,
    )


async def _describe(client: Client, workflow: str, run: str, attempts: int) -> Described | None:
    execution = WorkflowExecution(workflow_id=workflow, run_id=run)
    request = DescribeWorkflowExecutionRequest(namespace=client.namespace, execution=execution)
    try:
        found = await reach(client.workflow_service.describe_workflow_execution(request))
    except NoSuchWorkflowError:
        return None
    tried = [one for one in found.pending_activities if one.attempt > attempts or one.state in _ACTIVITY_PAUSED]
    scheduled = await _scheduled_at(client, execution, {one.activity_id for one in tried}) if tried else {}
    return Described(
        listed=_as_listed(found.workflow_execution_info),
        task_since=_task_since(found),
        trying=tuple(_trying(one, scheduled) for one in tried),
        reset_at=(
            found.workflow_extended_info.last_reset_time.ToDatetime(UTC)
            if found.workflow_extended_info.HasField("last_reset_time")
            else None
        ),
        reset_to=found.workflow_extended_info.reset_run_id,
        build=_build(found.workflow_execution_info),
        attempt=found.pending_workflow_task.attempt,
    )


def _build(info: WorkflowExecutionInfo) -> str:
    """Of a workflow that moves, the one it moves to: a step that fails there leaves it on the way."""
    versioning = info.versioning_info
    return versioning.version_transition.deployment_version.build_id or versioning.deployment_version.build_id


def _task_since(found: DescribeWorkflowExecutionResponse) -> datetime | None:
    task = found.pending_workflow_task
    waits = found.HasField("pending_workflow_task") and task.state == _TASK_WAITS and task.attempt <= 1
    return task.scheduled_time.ToDatetime(UTC) if waits else None


def _trying(one: PendingActivityInfo, scheduled: dict[str, datetime]) -> Trying:
    since = scheduled.get(one.activity_id, one.scheduled_time.ToDatetime(UTC))
    return Trying(one.activity_type.name, one.attempt, since, one.state in _ACTIVITY_PAUSED)


async def _scheduled_at(client: Client, execution: WorkflowExecution, activities: set[str]) -> dict[str, datetime]:
    """When these activities were asked for; the newest events first, for nothing much follows a pending one."""
    found: dict[str, datetime] = {}
    token = b""
    while True:
        request = GetWorkflowExecutionHistoryReverseRequest(
            namespace=client.namespace, execution=execution, maximum_page_size=100, next_page_token=token
        )
        page = await reach(client.workflow_service.get_workflow_execution_history_reverse(request))
        for event in page.history.events:
            asked = event.activity_task_scheduled_event_attributes
            if event.HasField("activity_task_scheduled_event_attributes") and asked.activity_id in activities:
                found.setdefault(asked.activity_id, event.event_time.ToDatetime(UTC))
        token = page.next_page_token
        if not token or activities <= found.keys():
            return found
