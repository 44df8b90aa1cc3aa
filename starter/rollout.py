"""Lets a new build of the worker take over: a versioned worker gets no work before its version is current."""

import asyncio
from datetime import timedelta

from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

_NOT_YET = {
    RPCStatusCode.NOT_FOUND,  # no worker of this build has polled
    RPCStatusCode.FAILED_PRECONDITION,  # it polls, but not yet every queue that the current build serves
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.DEADLINE_EXCEEDED,
}


class RolloutError(Exception):
    """The build did not become current in time; the text says what the server last answered."""


async def make_current(client: Client, *, deployment: str = "sfo", build_id: str, timeout: timedelta) -> None:
    """Route the open cases to this build as soon as its worker polls. Repeat-safe by the build id.

    Raises RolloutError after `timeout`, and RPCError at once for anything that waiting does not cure.
    """
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name=deployment, build_id=build_id, identity="sfo rollout"
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
