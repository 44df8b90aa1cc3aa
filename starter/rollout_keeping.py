"""What cannot go back: a workflow that took a path which only one build knows stays with that build until it is over.

Code behind `workflow.patched` carries old histories forward and never backward. So on the way back each workflow of
which the build that is left did a step is replayed with the code that gets work again. What that code cannot follow is
pinned to the build that is left, whose workers then carry it and nothing else. Best before the work is given back: what
has been given to the old build by then must be taken from it again.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from uuid import NAMESPACE_URL, uuid5

from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.deployment.v1 import WorkerDeploymentVersion
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflow.v1 import PostResetOperation, VersioningOverride, WorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    ResetWorkflowExecutionRequest,
    UpdateWorkflowExecutionOptionsRequest,
)
from temporalio.client import Client

from starter.deployment_state import pinned_to, routing, unserved, workers
from starter.replaying import Fate, Replayed, foresee
from starter.rollout import RolloutError
from starter.rollout_record import Ledger
from starter.signals import NoSuchWorkflowError, reach
from workflows.contract.ids import DEPLOYMENT

_MASK = FieldMask(paths=["versioning_override"])
_STEP_DONE = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
_PINNED = VersioningOverride.PinnedOverrideBehavior.PINNED_OVERRIDE_BEHAVIOR_PINNED
Heard = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Kept:
    """The workflows that stay with `build`; `before`: how many stayed with it already. `unread`: nobody knows."""

    build: str
    looked_at: int
    before: int
    workflows: tuple[str, ...]
    unread: tuple[Replayed, ...]

    def and_then(self, later: "Kept") -> "Kept":
        """Both looks as one."""
        before = later.before - len(self.workflows)
        return replace(later, before=max(before, self.before), workflows=(*self.workflows, *later.workflows))

    def __str__(self) -> str:
        if not self.workflows and not self.before:
            return f"{self.looked_at} open workflows have taken steps on build {self.build}; every one goes on without"
        rest = f", and {self.before} stayed with it already" if self.before else ""
        return (
            f"of {self.looked_at} open workflows that have taken steps on build {self.build} {len(self.workflows)} "
            f"cannot go on without it and stay with it{rest}: keep its workers until `sfo rollout drain {self.build}` "
            "says that nothing needs it"
        )


Keeping = Callable[[str, str], Awaitable[Kept | None]]
"""Looks for what only the first build can carry of what the second is to get; none: its code is not there to say."""


@dataclass(frozen=True, slots=True)
class Freed:
    """The workflows that were set free of `build`, and those that only it can carry still."""

    build: str
    workflows: tuple[str, ...]
    staying: tuple[Replayed, ...]

    def __str__(self) -> str:
        stay = f"; {len(self.staying)} stay, since the code installed here cannot carry them" if self.staying else ""
        return f"{len(self.workflows)} workflows are free of build {self.build}{stay}"


async def keep(
    client: Client,
    ledger: Ledger,
    build: str,
    code: Iterable[type],
    *,
    is_rehearsal: bool = False,
    replayed: Heard = lambda _: None,
) -> Kept:
    """What ran on this build and breaks under `code` stays with the build, and nothing else. Safe to repeat.

    `code`: of the build that gets the work instead. With its row in the audit chain where any stays. A rehearsal
    changes nothing. Raises RolloutError where the build is unknown or has no workers, TemporalAwayError,
    NotOnRecordError.
    """
    if not (await routing(client)).knows(build):
        raise RolloutError(f"no worker of build {build} has ever polled; `sfo rollout status` lists the builds")
    if not is_rehearsal and (missing := unserved(await workers(client), build)):
        raise RolloutError(
            f"no worker of build {build} polls {' and '.join(missing)}, so nothing can stay with it; "
            "start its workers, then say it again"
        )
    before = {one.workflow async for one in pinned_to(client, build)}
    found = await foresee(client, code, ran_on=build, seen=replayed)
    broken = [one.workflow for one in found.troubled if one.fate is Fate.BREAKS and one.workflow not in before]
    if not is_rehearsal:
        broken = [one for one in broken if await _pinned(client, one, build)]
        if broken:
            await ledger.kept(build, len(broken))
    unread = tuple(one for one in found.troubled if one.fate is Fate.UNREAD)
    return Kept(build, sum(found.counts.values()), len(before), tuple(broken), unread)


async def free(
    client: Client, ledger: Ledger, build: str, code: Iterable[type], *, is_rehearsal: bool = False
) -> Freed:
    """What is pinned to this build and goes on under `code`, that of the build that is current, goes there.

    With its row in the audit chain where any does. Safe to repeat; a rehearsal changes nothing. Raises
    TemporalAwayError, NotOnRecordError.
    """
    pinned = {one.workflow async for one in pinned_to(client, build)}
    found = await foresee(client, code, ran_on=build)
    staying = tuple(one for one in found.troubled if one.workflow in pinned)
    going = sorted(pinned - {one.workflow for one in staying})
    if not is_rehearsal:
        going = [one for one in going if await _pinned(client, one, None)]
        if going:
            await ledger.freed(build, len(going))
    return Freed(build, tuple(going), staying)


async def _pinned(client: Client, workflow: str, build: str | None) -> bool:
    """It runs on this build alone, or with None on whichever is current; whether there was anything to change."""
    try:
        await reach(
            client.workflow_service.update_workflow_execution_options(
                UpdateWorkflowExecutionOptionsRequest(
                    namespace=client.namespace,
                    workflow_execution=WorkflowExecution(workflow_id=workflow),
                    workflow_execution_options=_options(build),
                    update_mask=_MASK,
                ),
                retry=True,
            )
        )
        if build:
            await _out_of_transition(client, workflow, build)
    except NoSuchWorkflowError:  # it has ended meanwhile
        return False
    return True


async def _out_of_transition(client: Client, workflow: str, build: str) -> None:
    """A workflow whose step another build has been given already goes on from the last one that this build has done.

    The server heeds the pin only once that step is through, and under code that cannot follow it never is. So the
    workflow is reset to its last step, which this build does again; what it heard since is kept, and its activities are
    safe to repeat.
    """
    about = WorkflowExecution(workflow_id=workflow)
    request = DescribeWorkflowExecutionRequest(namespace=client.namespace, execution=about)
    info = (await reach(client.workflow_service.describe_workflow_execution(request))).workflow_execution_info
    moving_to = info.versioning_info.version_transition.deployment_version.build_id
    if moving_to in ("", build):
        return
    handle = client.get_workflow_handle(workflow, run_id=info.execution.run_id)
    done = [event.event_id async for event in handle.fetch_history_events() if event.event_type == _STEP_DONE]
    request_id = str(uuid5(NAMESPACE_URL, f"{workflow}/{info.execution.run_id}/kept/{build}"))
    await reach(
        client.workflow_service.reset_workflow_execution(
            ResetWorkflowExecutionRequest(
                namespace=client.namespace,
                workflow_execution=info.execution,
                reason=f"kept with build {build}",
                request_id=request_id,
                workflow_task_finish_event_id=done[-1],
                post_reset_operations=[
                    PostResetOperation(
                        update_workflow_options=PostResetOperation.UpdateWorkflowOptions(
                            workflow_execution_options=_options(build), update_mask=_MASK
                        )
                    )
                ],
            ),
            retry=True,
        )
    )


def _options(build: str | None) -> WorkflowExecutionOptions:
    options = WorkflowExecutionOptions()
    if build:
        version = WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=build)
        override = VersioningOverride(pinned=VersioningOverride.PinnedOverride(behavior=_PINNED, version=version))
        options.versioning_override.CopyFrom(override)
    return options
