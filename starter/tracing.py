"""One trace from a click to the rows that it changes, across Temporal, and never across a wait for a person.

The trace of a click travels in a header of the signal, of each activity that follows within half a minute, and of
each workflow that is started or signalled by it. Headers are no commands, so a recorded history replays as it was.

Why not `temporalio.contrib.opentelemetry`: it would put every activity of a workflow into the trace of its start,
which was months ago, and does not see a signal that is sent with a request id of our own.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from temporalio import activity, client, worker, workflow
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadConverter

from starter.log_lines import case_of_line
from workflows.contract.ids import reference_of
from workflows.contract.messages import Settlement

HEADER = "sfo-trace"
FRESH = timedelta(seconds=30)
"""How long what follows belongs to the trace of what caused it; later it has one of its own."""
_REMEMBERED = 50
_W3C = TraceContextTextMapPropagator()
_TRACER = trace.get_tracer("sfo.temporal")

Headers = Mapping[str, Payload]


def trace_header(request: str = "") -> dict[str, Payload]:
    """The header that carries the current trace, with the id of the signal; nothing where nothing is traced."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return _header(carrier["traceparent"], request) if carrier else {}


@contextmanager
def short_span(
    name: str, kind: trace.SpanKind = trace.SpanKind.INTERNAL, context: Context | None = None, **attributes: str | int
) -> Iterator[trace.Span]:
    """One span over the block. Of an exception it keeps the type alone, since its text may quote a row.

    An attribute `case` becomes `sfo.case`.
    """
    named = {f"sfo.{key}": value for key, value in attributes.items()}
    with _TRACER.start_as_current_span(
        name, context, kind, named, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except Exception as error:
            span.set_status(trace.Status(trace.StatusCode.ERROR, type(error).__name__))
            raise


def _header(traceparent: str, request: str = "") -> dict[str, Payload]:
    (payload,) = PayloadConverter.default.to_payloads([{"traceparent": traceparent, "request": request}])
    return {HEADER: payload}


def _read(headers: Headers) -> tuple[str, str]:
    """The trace and the request in a header. Anybody may send a signal: what does not fit is no trace."""
    try:
        (found,) = PayloadConverter.default.from_payloads([headers[HEADER]], [dict[str, str]])
        return str(found["traceparent"]), str(found.get("request", ""))
    except Exception:  # whatever it holds, no workflow fails by it
        return "", ""


class Tracing(client.Interceptor, worker.Interceptor):
    """For a client, which hands it on to its workers: spans for calls and activities, headers between them."""

    def intercept_client(self, next: client.OutboundInterceptor) -> client.OutboundInterceptor:
        """Wrap the calls of a client."""
        return _Calls(next)

    def intercept_activity(self, next: worker.ActivityInboundInterceptor) -> worker.ActivityInboundInterceptor:
        """Wrap the activities of a worker."""
        return _Activities(next)

    def workflow_interceptor_class(
        self,
        input: worker.WorkflowInterceptorClassInput,  # noqa: ARG002  # the SDK's signature
    ) -> type[worker.WorkflowInboundInterceptor]:
        """Carry headers through workflows; no span is opened in one."""
        return _Arriving


class _Calls(client.OutboundInterceptor):
    async def start_workflow(self, input: client.StartWorkflowInput) -> client.WorkflowHandle[Any, Any]:
        with short_span(f"start {input.workflow}", trace.SpanKind.CLIENT, case=reference_of(input.id)):
            input.headers = {**input.headers, **trace_header()}
            return await super().start_workflow(input)

    async def query_workflow(self, input: client.QueryWorkflowInput) -> Any:
        with short_span(f"query {input.query}", trace.SpanKind.CLIENT, case=reference_of(input.id)):
            return await super().query_workflow(input)


class _Activities(worker.ActivityInboundInterceptor):
    async def execute_activity(self, input: worker.ExecuteActivityInput) -> Any:
        info = activity.info()
        traceparent, _ = _read(input.headers)
        case = reference_of(info.workflow_id or "")
        gate = getattr(input.args[0], "gate", None) if input.args else None
        attributes: dict[str, str | int] = {"case": case, "attempt": info.attempt}
        if isinstance(gate, str):
            attributes["gate"] = gate
        token = case_of_line.set(case)
        try:
            # Without a trace to go on with it begins one: the context is given, so that nothing is inherited by chance.
            context = _W3C.extract({"traceparent": traceparent}, Context())
            with short_span(info.activity_type, trace.SpanKind.CONSUMER, context, **attributes):
                return await super().execute_activity(input)
        finally:
            case_of_line.reset(token)


class _Causes:
    """What a workflow has heard of lately and which trace that was. Workflow time only, so that replay is the same."""

    def __init__(self) -> None:
        self._latest, self._at = "", datetime.min.replace(tzinfo=UTC)
        self._by_request: dict[str, str] = {}

    def hear(self, headers: Headers) -> None:
        """Go on with the trace of what has just arrived; with none, where it had none."""
        self._latest, request = _read(headers)
        self._at = workflow.now()
        if request and self._latest:
            self._by_request[request] = self._latest
            if len(self._by_request) > _REMEMBERED:
                del self._by_request[next(iter(self._by_request))]

    def header(self, *arguments: Any) -> dict[str, Payload]:
        """The header of what is about to be done: with the trace of the click that it settles, or the latest one."""
        if not self._latest and not self._by_request:
            return {}
        is_fresh = bool(self._latest) and workflow.now() - self._at <= FRESH
        traceparent = self._settled(arguments) or (self._latest if is_fresh else "")
        return _header(traceparent) if traceparent else {}

    def _settled(self, arguments: tuple[Any, ...]) -> str:
        if arguments and isinstance(arguments[0], Settlement):
            return self._by_request.pop(arguments[0].signal.decision or "", "")
        return ""


class _Arriving(worker.WorkflowInboundInterceptor):
    def init(self, outbound: worker.WorkflowOutboundInterceptor) -> None:
        self._causes = _Causes()
        super().init(_Leaving(outbound, self._causes))

    async def execute_workflow(self, input: worker.ExecuteWorkflowInput) -> Any:
        self._causes.hear(input.headers)
        return await super().execute_workflow(input)

    async def handle_signal(self, input: worker.HandleSignalInput) -> None:
        self._causes.hear(input.headers)
        await super().handle_signal(input)


class _Leaving(worker.WorkflowOutboundInterceptor):
    def __init__(self, next: worker.WorkflowOutboundInterceptor, causes: _Causes) -> None:
        super().__init__(next)
        self._causes = causes

    def start_activity(self, input: worker.StartActivityInput) -> workflow.ActivityHandle[Any]:
        input.headers = {**input.headers, **self._causes.header(*input.args)}
        return super().start_activity(input)

    async def start_child_workflow(
        self, input: worker.StartChildWorkflowInput
    ) -> workflow.ChildWorkflowHandle[Any, Any]:
        input.headers = {**input.headers, **self._causes.header()}
        return await super().start_child_workflow(input)

    async def signal_child_workflow(self, input: worker.SignalChildWorkflowInput) -> None:
        input.headers = {**input.headers, **self._causes.header()}
        await super().signal_child_workflow(input)

    async def signal_external_workflow(self, input: worker.SignalExternalWorkflowInput) -> None:
        input.headers = {**input.headers, **self._causes.header()}
        await super().signal_external_workflow(input)
