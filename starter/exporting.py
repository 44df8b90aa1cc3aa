"""Where traces and metrics go: to a collector by OTLP, to whoever asks at `/metrics`, to both, or nowhere.

The SDK of Temporal counts in a buffer that is emptied into the same meters, so that one address of a process shows
everything and nothing is exported twice.
"""

from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import start_http_server
from temporalio.contrib.opentelemetry import MetricsExporter
from temporalio.runtime import (
    LoggingConfig,
    LoggingFormat,
    MetricBuffer,
    MetricBufferDurationFormat,
    Runtime,
    TelemetryConfig,
)

from starter.settings import Address, Settings, SettingsError

_EVERY = timedelta(seconds=15)
_WITHIN = 2.0  # seconds; a collector that is away must not hold up the end of a process
_BUFFERED = 20_000  # updates between two emptyings, a second apart
# Seconds: a click, a statement, a workflow task, up to what waited for a worker.
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


@dataclass(frozen=True, slots=True)
class Measuring:
    """The runtime that Temporal's client must use, and what carries its figures over while the process runs."""

    runtime: Runtime | None
    _exporter: MetricsExporter | None

    def carrying(self) -> AbstractAsyncContextManager[object]:
        """Carry the figures of Temporal's SDK over for as long as the block lasts."""
        return self._exporter or nullcontext()


def start_tracing(settings: Settings, resource: Resource) -> None:
    """Give every span an id, and send spans to the collector where one is set. Once a process."""
    provider = TracerProvider(resource=resource)
    if settings.otlp_endpoint:
        exporter = OTLPSpanExporter(endpoint=f"{settings.otlp_endpoint}/v1/traces", timeout=_WITHIN)
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


def start_measuring(settings: Settings, service: str, resource: Resource) -> Measuring:
    """Count, where anybody asks or collects; answer at `/metrics` where an address is set. Once a process.

    Raises SettingsError when that address cannot be listened on.
    """
    readers: list[MetricReader] = []
    if settings.otlp_endpoint:
        exporter = OTLPMetricExporter(endpoint=f"{settings.otlp_endpoint}/v1/metrics", timeout=_WITHIN)
        readers.append(PeriodicExportingMetricReader(exporter, export_interval_millis=_EVERY.total_seconds() * 1000))
    at = settings.metrics_of(service)
    if at:
        readers.append(PrometheusMetricReader(scope_info_enabled=False))
        answer_at(at)
    if not readers:
        return Measuring(None, None)
    seconds = View(instrument_type=Histogram, aggregation=ExplicitBucketHistogramAggregation(_BOUNDS))
    provider = MeterProvider(metric_readers=readers, resource=resource, views=[seconds])
    metrics.set_meter_provider(provider)
    runtime, buffer = _runtime()
    return Measuring(runtime, MetricsExporter(buffer, provider))


def answer_at(address: Address) -> None:
    """Answer at `/metrics` from now on. Raises SettingsError when nothing can listen there."""
    try:
        start_http_server(address.port, address.host)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise SettingsError(f"SFO_METRICS_ADDRESS: {address} cannot be listened on ({why}); give another") from None


@lru_cache  # a process has one runtime however often it connects
def _runtime() -> tuple[Runtime, MetricBuffer]:
    buffer = MetricBuffer(_BUFFERED, duration_format=MetricBufferDurationFormat.SECONDS)
    logs = LoggingConfig(filter=LoggingConfig.default.filter, format=LoggingFormat.JSON)
    return Runtime(telemetry=TelemetryConfig(logging=logs, metrics=buffer)), buffer
