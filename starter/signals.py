"""Signals as Temporal takes them from us: each with a request id, so that one sent twice counts once."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import TypeVar

from opentelemetry.trace import SpanKind
from pydantic import BaseModel
from temporalio.api.common.v1 import Header, Payload, Payloads, WorkflowExecution
from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.converter import WorkflowSerializationContext
from temporalio.service import RPCError, RPCStatusCode

from starter.keys import PayloadKeyError
from starter.tracing import short_span, trace_header
from workflows.contract.ids import reference_of

Result = TypeVar("Result")

RPC = timedelta(seconds=5)

# What says nothing about the message: the server is away or overloaded, or a setting of ours is wrong.
# UNKNOWN and INTERNAL are what the client makes of a connection that broke.
_AWAY = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.UNKNOWN,
        RPCStatusCode.INTERNAL,
        RPCStatusCode.UNAUTHENTICATED,
        RPCStatusCode.PERMISSION_DENIED,
    }
)


_BY_FORCE = (
    WorkflowExecutionStatus.TERMINATED,
    WorkflowExecutionStatus.FAILED,
    WorkflowExecutionStatus.TIMED_OUT,
)


class TemporalAwayError(Exception):
    """Temporal did not take it; it stays in the record and is delivered later. The text names the cause."""


class RowRefusedError(TemporalAwayError):
    """Temporal is there and will not take this one message. It stays in the record; the others are not concerned."""


class NoSuchWorkflowError(Exception):
    """No running workflow has this id."""


async def send_signal(client: Client, workflow_id: str, signal: str, message: BaseModel, request: str) -> None:
    """Send one signal; after this it is durable, worker or no worker.

    Repeat-safe by `request` within a run of the workflow. Raises TemporalAwayError, RowRefusedError,
    NoSuchWorkflowError.
    """
    payloads = await reach(_encoded(client, workflow_id, message))
    with short_span(f"signal {signal}", SpanKind.CLIENT, case=reference_of(workflow_id)):
        await reach(
            client.workflow_service.signal_workflow_execution(
                SignalWorkflowExecutionRequest(
                    namespace=client.namespace,
                    workflow_execution=WorkflowExecution(workflow_id=workflow_id),
                    signal_name=signal,
                    input=Payloads(payloads=payloads),
                    identity="sfo-starter",
                    request_id=request,
                    header=Header(fields=trace_header(request)),
                ),
                timeout=RPC,
            )
        )


async def _encoded(client: Client, workflow_id: str, message: BaseModel) -> list[Payload]:
    """Sealed for the case of the workflow: a raw call does not say by itself whose payload it is."""
    context = WorkflowSerializationContext(namespace=client.namespace, workflow_id=workflow_id)
    return await client.data_converter.with_context(context).encode([message])


async def is_closed(client: Client, workflow_id: str) -> bool:
    """Whether the workflow has run and ended; False for one that runs and one that Temporal never heard of."""
    return await _status(client, workflow_id) not in (None, WorkflowExecutionStatus.RUNNING)


async def is_over(client: Client, workflow_id: str) -> bool:
    """Whether the workflow has ended and stays so: one that was ended by force or failed is begun again by its case."""
    return await _status(client, workflow_id) not in (None, WorkflowExecutionStatus.RUNNING, *_BY_FORCE)


async def _status(client: Client, workflow_id: str) -> WorkflowExecutionStatus | None:
    try:
        return (await reach(client.get_workflow_handle(workflow_id).describe(rpc_timeout=RPC))).status
    except NoSuchWorkflowError:
        return None


async def reach(call: Awaitable[Result]) -> Result:
    """Await a call to Temporal and sort its errors. Raises TemporalAwayError, RowRefusedError, NoSuchWorkflowError."""
    try:
        async with asyncio.timeout(RPC.total_seconds()):
            return await call
    except RPCError as error:
        raise _sorted(error) from None
    except PayloadKeyError as error:  # of one case: erased, or its key cannot be opened
        raise RowRefusedError(str(error)) from None
    except (TimeoutError, RuntimeError, OSError) as error:  # RuntimeError: a lazy client that cannot connect
        raise TemporalAwayError(type(error).__name__) from None


def _sorted(error: RPCError) -> Exception:
    """What an answer of the server means for the row that was being delivered."""
    if error.status is RPCStatusCode.NOT_FOUND and not _is_about_namespace(error):
        return NoSuchWorkflowError()
    is_away = error.status in _AWAY or error.status is RPCStatusCode.NOT_FOUND
    return (TemporalAwayError if is_away else RowRefusedError)(error.status.name)


def _is_about_namespace(error: RPCError) -> bool:
    """A missing namespace is a wrong setting, not a closed workflow: nothing may be marked void for it."""
    return any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in error.grpc_status.details)
