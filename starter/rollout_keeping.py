"""What cannot go back: a workflow that took a path which only one build knows stays with that build until it is over.

Code behind `workflow.patched` carries old histories forward and never backward. So on the way back each workflow of
which the build that is left did a step is replayed with the code that gets work again. What that code cannot follow is
pinned to the build that is left, whose workers then carry it and nothing else.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.deployment.v1 import WorkerDeploymentVersion
from temporalio.api.workflow.v1 import VersioningOverride, WorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import UpdateWorkflowExecutionOptionsRequest
from temporalio.client import Client

from starter.deployment_state import pinned_to, routing, unserved, workers
from starter.replaying import Fate, Replayed, foresee
from starter.rollout import RolloutError
from starter.rollout_record import Ledger
from starter.signals import NoSuchWorkflowError, reach
from workflows.contract.ids import DEPLOYMENT

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

    def __str__(self) -> str:
        if not self.workflows and not self.before:
            return f"{self.looked_at} open workflows have taken steps on build {self.build}; every one goes on without"
        rest = f", and {self.before} stayed with it already" if self.before else ""
        return (
            f"of {self.looked_at} open workflows that have taken steps on build {self.build} {len(self.workflows)} "
            f"cannot go on without it and stay with it{rest}: keep its workers until `sfo rollout drain {self.build}` "
            "says that nothing needs it"
        )


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
    options = WorkflowExecutionOptions()
    if build:
        version = WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=build)
        override = VersioningOverride(pinned=VersioningOverride.PinnedOverride(behavior=_PINNED, version=version))
        options.versioning_override.CopyFrom(override)
    request = UpdateWorkflowExecutionOptionsRequest(
        namespace=client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=workflow),
        workflow_execution_options=options,
        update_mask=FieldMask(paths=["versioning_override"]),
    )
    try:
        await reach(client.workflow_service.update_workflow_execution_options(request, retry=True))
    except NoSuchWorkflowError:  # it has ended meanwhile
        return False
    return True
