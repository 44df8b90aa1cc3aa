"""What a process tells operations: JSON logs; traces and metrics where SFO_OTLP_ENDPOINT is set.

Nothing of a person leaves here: an exception is logged by its types and places and never by its text, which
may quote a row or an address; what looks like an address or a link's token is taken out of every line.
"""

import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from temporalio import activity, client, worker
from temporalio.contrib.opentelemetry import OpenTelemetryPlugin, create_tracer_provider
from temporalio.runtime import LoggingConfig, LoggingFormat, OpenTelemetryConfig, Runtime, TelemetryConfig

from starter.log_lines import JsonLines
from starter.settings import Settings
from workflows.contract.ids import reference_of

_EXPORT_EVERY = timedelta(seconds=15)
_EXPORT_WITHIN = 2.0  # seconds; a collector that is away must not hold up the end of a process


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What a Temporal client needs to be seen; empty where no collector is set. `stop` it at the end."""

    plugins: Sequence[client.Plugin] = ()
    interceptors: Sequence[client.Interceptor] = ()
    runtime: Runtime | None = None

    def stop(self) -> None:
        """Hand over what is still waiting to be exported, five seconds at most."""
        for provider in (trace.get_tracer_provider(), metrics.get_meter_provider()):
            flush = getattr(provider, "force_flush", None)
            if flush:
                flush(5_000)


def start_telemetry(settings: Settings, service: str) -> Telemetry:
    """Set up logs, and traces and metrics if a collector is set. Call once, before connecting.

    `service` is `gateway`, `worker` or `sfo`. No span is held open across a wait for a person: a span covers
    one request or one attempt of an activity, and the trace id travels between them.
    """
    log_json(service)
    if settings.otlp_endpoint is None:
        return Telemetry()
    resource = Resource.create({"service.name": f"sfo-{service}", "service.version": settings.build_id})
    _trace(settings.otlp_endpoint, resource)
    _measure(settings.otlp_endpoint, resource)
    return Telemetry(
        plugins=(OpenTelemetryPlugin(),),
        interceptors=(ActivitySpans(),),
        runtime=_runtime(settings.otlp_endpoint, service),
    )


def log_json(service: str, level: int = logging.INFO) -> None:
    """Write every log line of this process to stderr as one JSON object."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    for name in ("httpx", "httpcore", "uvicorn.access", "mail.log"):  # they would write addresses and links
        logging.getLogger(name).setLevel(logging.WARNING)


def _trace(endpoint: str, resource: Resource) -> None:
    provider = create_tracer_provider(resource=resource)
    exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=_EXPORT_WITHIN)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


def _measure(endpoint: str, resource: Resource) -> None:
    exporter = OTLPMetricExporter(endpoint=f"{endpoint}/v1/metrics", timeout=_EXPORT_WITHIN)
    every = _EXPORT_EVERY.total_seconds() * 1000
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=every)
    metrics.set_meter_provider(MeterProvider(metric_readers=[reader], resource=resource))


@lru_cache  # a process has one runtime however often it connects
def _runtime(endpoint: str, service: str) -> Runtime:
    exported = OpenTelemetryConfig(
        url=f"{endpoint}/v1/metrics", http=True, durations_as_seconds=True, metric_periodicity=_EXPORT_EVERY
    )
    logs = LoggingConfig(filter=LoggingConfig.default.filter, format=LoggingFormat.JSON)
    tags = {"service_name": f"sfo-{service}"}
    return Runtime(telemetry=TelemetryConfig(logging=logs, metrics=exported, global_tags=tags))


class ActivitySpans(client.Interceptor, worker.Interceptor):
    """One span for each attempt of an activity: its name, the case's reference and nothing else."""

    def intercept_activity(self, next: worker.ActivityInboundInterceptor) -> worker.ActivityInboundInterceptor:
        """Wrap the activities of a worker; a client that carries this hands it on to its workers."""
        return _ActivitySpan(next)


class _ActivitySpan(worker.ActivityInboundInterceptor):
    async def execute_activity(self, input: worker.ExecuteActivityInput) -> Any:
        info = activity.info()
        attributes = {"sfo.case": reference_of(info.workflow_id or ""), "sfo.attempt": str(info.attempt)}
        tracer = trace.get_tracer("sfo.activities")
        # The text of an exception may quote a row, so the span keeps its type alone.
        with tracer.start_as_current_span(
            info.activity_type, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                return await super().execute_activity(input)
            except Exception as error:
                span.set_status(trace.Status(trace.StatusCode.ERROR, type(error).__name__))
                raise
