"""Which builds of the worker Temporal knows, which of them gets work, and what each still carries. Changes nothing.

A case waits for months and moves to whatever build is current with its next step; so a build that a case ran on last
is not one that it needs. Only a workflow pinned to a build needs it.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.deployment.v1 import WorkerDeploymentInfo, WorkerDeploymentVersion
from temporalio.api.enums.v1 import RoutingConfigUpdateState, TaskQueueType, WorkerDeploymentVersionStatus
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeWorkerDeploymentRequest,
    DescribeWorkerDeploymentVersionRequest,
)
from temporalio.client import Client

from starter.registered import BY_TYPE
from starter.signals import NoSuchWorkflowError, reach
from starter.temporal_state import Listed, count_open, listed_open, ran_last_on
from workflows.contract.ids import CASEWORK_QUEUE, DEPLOYMENT, NATIONAL_QUEUE

QUEUES = (CASEWORK_QUEUE, NATIONAL_QUEUE)
POLLED = timedelta(seconds=75)
"""A poll lasts a minute. Whoever began none within this is gone, and one that has just gone still counts as long."""

FAILING = "TemporalReportedProblems IS NOT NULL"
PINNED = "TemporalWorkflowVersioningBehavior = 'Pinned'"
_KINDS = (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)
_OTHER = "other"


@dataclass(frozen=True, slots=True)
class Known:
    """A build that has polled. `status`: current, ramping, draining, drained or inactive, as Temporal calls it.

    `since`: of this status; `last_current`: when it became current last, none if it never was.
    """

    build: str
    status: str
    since: datetime | None
    last_current: datetime | None


@dataclass(frozen=True, slots=True)
class Routing:
    """Who gets work. `token`: proves to a change that nothing has changed since; `is_settled`: every queue knows it.

    An empty build: none.
    """

    current: str
    ramping: str
    percentage: float
    ramping_since: datetime | None
    token: bytes
    is_settled: bool
    builds: tuple[Known, ...]

    def knows(self, build: str) -> bool:
        """Whether a worker of this build has ever polled."""
        return any(one.build == build for one in self.builds)

    @property
    def as_it_stands(self) -> tuple[str, str, float]:
        """What a change expects to find unchanged."""
        return self.current, self.ramping, self.percentage


NOTHING = Routing("", "", 0.0, None, b"", True, ())

Workers = Mapping[str, Mapping[str, int]]
"""How many workers of each build poll each queue."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What a build carries: open workflows that ran on it last, and those that need it because they are pinned."""

    ran_last: int
    pinned: int


@dataclass(frozen=True, slots=True)
class Standing:
    """All of it at one moment."""

    routing: Routing
    workers: Workers
    carried: Mapping[str, Carried]
    open: int
    pinned: tuple[Listed, ...]
    failing: tuple[Listed, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for the workers of a build: how many steps, and how long the oldest."""

    steps: int
    oldest: timedelta


async def routing(client: Client) -> Routing:
    """Who gets work now; nobody while no worker has polled. Raises TemporalAwayError."""
    request = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=DEPLOYMENT)
    try:
        found = await reach(client.workflow_service.describe_worker_deployment(request, retry=True))
    except NoSuchWorkflowError:
        return NOTHING
    info = found.worker_deployment_info
    routes = info.routing_config
    ramping = routes.ramping_deployment_version.build_id
    return Routing(
        current=routes.current_deployment_version.build_id,
        ramping=ramping,
        percentage=routes.ramping_version_percentage if ramping else 0.0,
        ramping_since=_moment(routes.ramping_version_percentage_changed_time) if ramping else None,
        token=found.conflict_token,
        is_settled=info.routing_config_update_state != RoutingConfigUpdateState.ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS,
        builds=tuple(_known(one) for one in info.version_summaries),
    )


async def workers(client: Client) -> Workers:
    """How many workers of each build poll each queue, for steps and for activities both. Raises TemporalAwayError."""
    asked = [(queue, kind) for queue in QUEUES for kind in _KINDS]
    answers = await asyncio.gather(*(_pollers(client, queue, kind) for queue, kind in asked))
    numbers = [Counter(build for build, _ in answer) for answer in answers]
    found: dict[str, dict[str, int]] = {}
    for place, queue in enumerate(QUEUES):
        steps, activities = numbers[2 * place : 2 * place + 2]
        for build in steps.keys() & activities.keys():
            found.setdefault(build, {})[queue] = min(steps[build], activities[build])
    return found


def unserved(found: Workers, build: str) -> tuple[str, ...]:
    """The queues that no worker of this build polls."""
    return tuple(queue for queue in QUEUES if not found.get(build, {}).get(queue))


def in_numbers(found: Workers, build: str) -> str:
    """Say how many workers of this build poll each queue."""
    return ", ".join(f"{found.get(build, {}).get(queue, 0)} on {queue}" for queue in QUEUES)


async def standing(client: Client) -> Standing:
    """Read all of it. Raises TemporalAwayError."""
    routes, polling = await asyncio.gather(routing(client), workers(client))
    carried = {one.build: await carried_by(client, one.build) for one in routes.builds}
    return Standing(
        routes,
        polling,
        carried,
        open=await count_open(client),
        pinned=tuple([one async for one in listed_open(client, PINNED)]),
        failing=tuple([one async for one in listed_open(client, FAILING)]),
    )


async def carried_by(client: Client, build: str) -> Carried:
    """What this build carries. Raises TemporalAwayError."""
    ran_last = await count_open(client, ran_last_on(build))
    return Carried(ran_last, await count_open(client, ran_last_on(build), PINNED) if ran_last else 0)


def pinned_to(client: Client, build: str) -> AsyncIterator[Listed]:
    """The open workflows that need this build. Raises TemporalAwayError."""
    return listed_open(client, ran_last_on(build), PINNED)


async def by_type(client: Client, *narrowed: str) -> Mapping[str, int]:
    """How many open workflows of each type there are among these, none left out. Raises TemporalAwayError."""
    total = await count_open(client, *narrowed)
    if not total:
        return {}
    found = {kind: await count_open(client, *narrowed, f"WorkflowType = '{kind}'") for kind in sorted(BY_TYPE)}
    found[_OTHER] = max(total - sum(found.values()), 0)
    return {kind: number for kind, number in found.items() if number}


async def waiting_for(client: Client, build: str) -> Waiting:
    """What waits for the workers of this build on any queue; nothing for one unknown. Raises TemporalAwayError."""
    request = DescribeWorkerDeploymentVersionRequest(
        namespace=client.namespace,
        deployment_version=WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=build),
        report_task_queue_stats=True,
    )
    try:
        found = await reach(client.workflow_service.describe_worker_deployment_version(request, retry=True))
    except NoSuchWorkflowError:
        return Waiting(0, timedelta(0))
    stats = [queue.stats for queue in found.version_task_queues]
    oldest = max((one.approximate_backlog_age.ToTimedelta() for one in stats), default=timedelta(0))
    return Waiting(sum(one.approximate_backlog_count for one in stats), oldest)


async def _pollers(client: Client, queue: str, kind: TaskQueueType.ValueType) -> set[tuple[str, str]]:
    """The build and the identity of whoever polled lately."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
    )
    found = await reach(client.workflow_service.describe_task_queue(request, retry=True))
    oldest = datetime.now(UTC) - POLLED
    return {
        (one.deployment_options.build_id, one.identity)
        for one in found.pollers
        if one.deployment_options.deployment_name == DEPLOYMENT and one.last_access_time.ToDatetime(UTC) > oldest
    }


def _known(one: WorkerDeploymentInfo.WorkerDeploymentVersionSummary) -> Known:
    name = WorkerDeploymentVersionStatus.Name(one.status).removeprefix("WORKER_DEPLOYMENT_VERSION_STATUS_").lower()
    since = _moment(one.routing_update_time) or _moment(one.create_time)
    return Known(one.deployment_version.build_id, name, since, _moment(one.last_current_time))


def _moment(stamp: Timestamp) -> datetime | None:
    return stamp.ToDatetime(UTC) if stamp.ToNanoseconds() else None
