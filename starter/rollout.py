"""Changes which build of the worker gets work: a versioned worker gets none before it is current or ramps."""

import asyncio
from datetime import timedelta

from temporalio.api.workflowservice.v1 import (
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from starter.deployment_state import Routing, routing
from starter.signals import RPC, TemporalAwayError
from workflows.contract.ids import DEPLOYMENT

_IDENTITY = "sfo rollout"
_SETTLES, _LOOKS = timedelta(seconds=30), timedelta(seconds=0.25)

_NOT_YET = {
    RPCStatusCode.NOT_FOUND,  # no worker of this build has polled
    RPCStatusCode.FAILED_PRECONDITION,  # it polls, but not yet every queue that the current build serves
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.DEADLINE_EXCEEDED,
}


_UNKNOWN = "whether anything was changed is said by `sfo rollout status` once Temporal answers"


class RolloutError(Exception):
    """The build did not become current in time, or a change was refused; the text says what the server answered."""


async def make_current(client: Client, *, deployment: str = "sfo", build_id: str, timeout: timedelta) -> None:
    """Route the open cases to this build as soon as its worker polls. Repeat-safe by the build id.

    Raises RolloutError after `timeout`, and RPCError at once for anything that waiting does not cure.
    """
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name=deployment, build_id=build_id, identity=_IDENTITY
    )
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout.total_seconds()
    while True:
        try:
            await client.workflow_service.set_worker_deployment_current_version(request)
            return
        except RPCError as error:
            if error.status not in _NOT_YET:
                raise
            if loop.time() > deadline:
                raise RolloutError(f"build {build_id} of {deployment} is not current: {error.message}") from error
        await asyncio.sleep(0.25)


async def change(
    client: Client, before: Routing, *, current: str | None = None, ramping: str = "", percentage: float = 0.0
) -> Routing:
    """One change of who gets work: `current`, or else what ramps and how far; an empty `ramping` ends a ramp.

    `before`: what was read just now. Whoever changed it meanwhile makes this refuse. Returns once every queue knows
    it. Raises RolloutError, TemporalAwayError.
    """
    try:
        async with asyncio.timeout(2 * RPC.total_seconds()):
            if current is None:
                await _ramp(client, before, ramping, percentage)
            else:
                await _current(client, before, current)
    except RPCError as error:
        if error.status in {RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.INVALID_ARGUMENT}:
            raise RolloutError(f"Temporal refused: {error.message}") from error
        raise TemporalAwayError(f"{error.status.name}; {_UNKNOWN}") from error
    except (TimeoutError, RuntimeError, OSError) as error:
        raise TemporalAwayError(f"{type(error).__name__}; {_UNKNOWN}") from error
    return await settled(client)


async def settled(client: Client) -> Routing:
    """Wait until every queue knows who gets work, for half a minute at most. Raises TemporalAwayError."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _SETTLES.total_seconds()
    while True:
        now = await routing(client)
        if now.is_settled or loop.time() > until:
            return now
        await asyncio.sleep(_LOOKS.total_seconds())


async def _current(client: Client, before: Routing, build: str) -> None:
    await client.workflow_service.set_worker_deployment_current_version(
        SetWorkerDeploymentCurrentVersionRequest(
            namespace=client.namespace,
            deployment_name=DEPLOYMENT,
            build_id=build,
            conflict_token=before.token,
            identity=_IDENTITY,
        ),
        timeout=RPC,
    )


async def _ramp(client: Client, before: Routing, build: str, percentage: float) -> None:
    await client.workflow_service.set_worker_deployment_ramping_version(
        SetWorkerDeploymentRampingVersionRequest(
            namespace=client.namespace,
            deployment_name=DEPLOYMENT,
            build_id=build,
            percentage=percentage,
            conflict_token=before.token,
            identity=_IDENTITY,
        ),
        timeout=RPC,
    )
