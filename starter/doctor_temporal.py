"""The checks of Temporal: server, namespace, search attributes, workers and their version, clock, keys, schedules."""

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from temporalio.api.enums.v1 import IndexedValueType, TaskQueueType, VersionDrainageStatus
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeWorkerDeploymentRequest,
    GetSystemInfoRequest,
    GetWorkflowExecutionHistoryRequest,
    ListSchedulesRequest,
    ListWorkflowExecutionsRequest,
    PollWorkflowTaskQueueRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from deploy.namespace import SEARCH_ATTRIBUTES
from starter.audit_histories import retention_of
from starter.case_keys import ErasedError
from starter.doctor import TEMPORAL, Check, Finding, Level, NotLookedAtError, Practice, of_skew
from starter.keys import PayloadKeyError
from starter.payloads import ENCODING, converter_of
from starter.schedules import DIGEST
from workflows.contract.ids import CASEWORK_QUEUE, NATIONAL_QUEUE

OLDEST = (1, 28)
"""The first version of the server that routes cases by worker deployment versions for good."""
RETENTION, RETENTION_LEAST = timedelta(days=730), timedelta(days=90)
"""A case may be open for years, and a closed stage vanishes after the retention."""
SCHEDULES: tuple[str, ...] = (DIGEST,)
"""The ids of the schedules that the service needs."""
_POLLED_WITHIN = timedelta(minutes=2)  # a long poll lasts for one
_SCRATCH = "sfo-doctor"  # a queue that no workflow uses


async def _temporal(practice: Practice) -> Finding:
    try:
        client = await practice.client()
        started = time.monotonic()
        version = (await client.workflow_service.get_system_info(GetSystemInfoRequest())).server_version
    except (RuntimeError, OSError, RPCError) as error:
        remedy = "see whether Temporal runs and whether SFO_TEMPORAL_ADDRESS names it; answers wait in the record"
        return Finding(Level.AWAY, f"Temporal does not answer: {type(error).__name__}", remedy)
    found = f"Temporal {version} answers in {(time.monotonic() - started) * 1000:.0f} ms"
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    if numbers < OLDEST:
        return Finding(Level.FAIL, found, f"move to {'.'.join(map(str, OLDEST))} or newer: versions of workers need it")
    return Finding(Level.OK, found)


async def _namespace(practice: Practice) -> Finding:
    client = await practice.temporal()
    try:
        retention = await retention_of(client)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        remedy = "correct SFO_TEMPORAL_NAMESPACE, or make it: `sfo namespace`"
        return Finding(Level.FAIL, f"there is no namespace {client.namespace}", remedy)
    said = f"{client.namespace}, closed workflows are kept for {retention.days} days"
    remedy = "`sfo namespace`, with --keep for as many days as are allowed"
    if retention < RETENTION:
        return Finding(Level.FAIL if retention < RETENTION_LEAST else Level.WARN, said, remedy)
    return Finding(Level.OK, said)


async def _search_attributes(practice: Practice) -> Finding:
    client = await practice.temporal()
    request = ListSearchAttributesRequest(namespace=client.namespace)
    there = (await client.operator_service.list_search_attributes(request)).custom_attributes
    missing = sorted(name for name in SEARCH_ATTRIBUTES if name not in there)
    wrong = sorted(name for name, type_ in SEARCH_ATTRIBUTES.items() if there.get(name, type_) != type_)
    if wrong:
        remedy = (
            "an attribute cannot change its type: remove it, then create it anew; until then nobody can search by it"
        )
        return Finding(Level.FAIL, f"of another type: {', '.join(wrong)}", remedy)
    if missing:
        made = " ".join(f"--name {name} --type {_as_typed(name)}" for name in missing)
        remedy = f"`sfo namespace`, or temporal operator search-attribute create --namespace {client.namespace} {made}"
        return Finding(Level.FAIL, f"not registered: {', '.join(missing)}; no case can start", remedy)
    return Finding(Level.OK, f"all {len(SEARCH_ATTRIBUTES)} are registered with their types")


def _as_typed(name: str) -> str:
    """The attribute's type as the server's own command takes it, KeywordList."""
    kind = IndexedValueType.Name(SEARCH_ATTRIBUTES[name]).removeprefix("INDEXED_VALUE_TYPE_")
    return "".join(part.title() for part in kind.split("_"))


_KINDS = {
    "workflows": TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    "activities": TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
}


async def _pollers(practice: Practice) -> Finding:
    client = await practice.temporal()
    builds: set[str] = set()
    silent = []
    for queue in (CASEWORK_QUEUE, NATIONAL_QUEUE):
        for kind, number in _KINDS.items():
            request = DescribeTaskQueueRequest(
                namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=number
            )
            pollers = (await client.workflow_service.describe_task_queue(request)).pollers
            newest = max((one.last_access_time.ToDatetime(UTC) for one in pollers), default=None)
            if newest is None or practice.now() - newest > _POLLED_WITHIN:
                silent.append(f"{queue} for {kind}")
            builds |= {one.deployment_options.build_id for one in pollers}
    if silent:
        return Finding(Level.FAIL, f"nobody polls {', '.join(silent)}", "start `python worker.py`, and read worker.log")
    return Finding(Level.OK, f"both queues are polled, by build {', '.join(sorted(builds - {''})) or 'without a name'}")


async def _worker_version(practice: Practice) -> Finding:
    client, build, deployment = await practice.temporal(), practice.settings.build_id, practice.settings.deployment
    request = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=deployment)
    remedy = f"temporal worker deployment set-current-version --deployment-name {deployment} --build-id {build}"
    try:
        info = (await client.workflow_service.describe_worker_deployment(request)).worker_deployment_info
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND or "amespace" in error.message:
            raise
        return Finding(Level.FAIL, "no worker of any version was ever seen", "start `python worker.py`, then " + remedy)
    current = info.routing_config.current_deployment_version.build_id
    if not current:
        return Finding(Level.FAIL, "no version is current, so no case moves", remedy)
    others = [one.deployment_version.build_id for one in info.version_summaries]
    counts = {other: await _open_on(client, deployment, other) for other in others if other != current}
    behind = ", ".join(f"{number} on {other}" for other, number in counts.items() if number)
    draining = sorted(
        one.deployment_version.build_id
        for one in info.version_summaries
        if one.drainage_status == VersionDrainageStatus.VERSION_DRAINAGE_STATUS_DRAINING
        and counts.get(one.deployment_version.build_id)
    )
    is_ours = "this code" if current == build else f"not this code, {build}"
    said = f"current is {current}, {is_ours}" + (
        f"; open workflows last worked on by others: {behind}" if behind else ""
    )
    if current != build:
        return Finding(Level.WARN, said, f"if this code is to carry the cases: {remedy}")
    if draining:
        remedy = "keep a worker of each running until it has drained; cases move by themselves with their next step"
        return Finding(Level.WARN, f"{said}; not drained yet: {', '.join(draining)}", remedy)
    return Finding(Level.OK, said)


async def _open_on(client: Client, deployment: str, build: str) -> int:
    query = f"TemporalWorkerDeploymentVersion = '{deployment}:{build}' AND ExecutionStatus = 'Running'"
    return (await client.count_workflows(query)).count


async def _problems(practice: Practice) -> Finding:
    client = await practice.temporal()
    query = "TemporalReportedProblems IS NOT NULL AND ExecutionStatus = 'Running'"
    number = (await client.count_workflows(query)).count
    if number:
        remedy = (
            "look for TemporalReportedProblems IS NOT NULL in the Temporal UI and call an engineer; nothing is lost"
        )
        return Finding(Level.FAIL, f"the code of {number} open workflows fails and is retried", remedy)
    return Finding(Level.OK, "no open workflow reports a problem")


async def _clock(practice: Practice) -> Finding:
    """Temporal tells its time nowhere but as the moment of a poll: so we poll a queue that nobody uses, and let go."""
    client = await practice.temporal()
    queue, identity = TaskQueue(name=_SCRATCH), f"sfo doctor {uuid4()}"  # an earlier one is still listed
    request = PollWorkflowTaskQueueRequest(namespace=client.namespace, task_queue=queue, identity=identity)
    asked = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=queue, task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
    )
    before = practice.now()
    poll = asyncio.ensure_future(
        client.workflow_service.poll_workflow_task_queue(request, timeout=timedelta(seconds=20), retry=False)
    )
    try:
        for _ in range(30):
            after = practice.now()
            pollers = (await client.workflow_service.describe_task_queue(asked)).pollers
            seen = [one.last_access_time.ToDatetime(UTC) for one in pollers if one.identity == identity]
            if seen:
                return of_skew(_outside(before, after, max(seen)), "Temporal")
            if poll.done():
                poll.result()
            await asyncio.sleep(0.1)
    finally:
        poll.cancel()
        await asyncio.wait([poll])
    raise NotLookedAtError("Temporal does not tell its time")


def _outside(before: datetime, after: datetime, theirs: datetime) -> timedelta:
    """By how much their moment lies outside of the span in which it was; nothing where it lies inside."""
    return before - theirs if theirs < before else min(after - theirs, timedelta(0))


async def _payload_keys(practice: Practice) -> Finding:
    """The input of the newest case must open with our keys: what cannot be read stops a case for good."""
    client = await practice.temporal()
    # By a raw call, since the client cannot read the status of a case that somebody paused.
    newest = ListWorkflowExecutionsRequest(namespace=client.namespace, query="WorkflowType = 'sfo-case'", page_size=50)
    for one in (await client.workflow_service.list_workflow_executions(newest)).executions:
        case = one.execution.workflow_id
        request = GetWorkflowExecutionHistoryRequest(
            namespace=client.namespace, execution=one.execution, maximum_page_size=1
        )
        events = (await client.workflow_service.get_workflow_execution_history(request)).history.events
        payloads = events[0].workflow_execution_started_event_attributes.input.payloads
        if any(payload.metadata.get("encoding") != ENCODING for payload in payloads):
            remedy = "start cases by `sfo charge` alone, which encrypts; look who else writes to the namespace"
            return Finding(Level.FAIL, f"the input of {case} is not encrypted", remedy)
        try:
            await converter_of(practice.settings).decode(payloads)
        except ErasedError:
            continue
        except PayloadKeyError as error:
            remedy = "put the key that it was encrypted with back into SFO_PAYLOAD_KEYS, after the active one"
            return Finding(Level.FAIL, f"the input of {case} cannot be read: {error}", remedy)
        return Finding(Level.OK, f"the input of {case} opens; active key {practice.settings.payload_keys.active_id}")
    return Finding(Level.OK, "the namespace has no case yet")


async def _schedules(practice: Practice) -> Finding:
    client = await practice.temporal()
    found = await client.workflow_service.list_schedules(ListSchedulesRequest(namespace=client.namespace))
    there = {one.schedule_id for one in found.schedules}
    if missing := [name for name in SCHEDULES if name not in there]:
        return Finding(Level.FAIL, f"not there: {', '.join(missing)}", "run `sfo schedules`, which makes them")
    return Finding(Level.OK, f"this version needs {len(SCHEDULES)}; the namespace has {len(there) or 'none'}")


CHECKS = (
    Check("temporal", _temporal, TEMPORAL[:1]),
    Check("namespace", _namespace, TEMPORAL),
    Check("search-attributes", _search_attributes, TEMPORAL),
    Check("pollers", _pollers, TEMPORAL),
    Check("worker-version", _worker_version, (*TEMPORAL, "SFO_BUILD_ID", "SFO_DEPLOYMENT")),
    Check("problems", _problems, TEMPORAL),
    Check("temporal-clock", _clock, TEMPORAL),
    Check("payload-keys", _payload_keys, (*TEMPORAL, "SFO_PAYLOAD_KEYS")),
    Check("schedules", _schedules, TEMPORAL),
)
