"""What this process says of itself in spans and metrics, kept in memory as a collector would be given it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler, SamplingResult
from temporalio.contrib.opentelemetry import MetricsExporter
from temporalio.runtime import MetricBuffer, MetricBufferDurationFormat, Runtime, TelemetryConfig

_BUFFERED = 20_000


class _WhileKept(Sampler):
    """A process has one provider for good: nothing is recorded but while somebody keeps what is said."""

    is_kept = False

    def should_sample(self, *about: Any, **more: Any) -> SamplingResult:
        return (ALWAYS_ON if self.is_kept else ALWAYS_OFF).should_sample(*about, **more)

    def get_description(self) -> str:
        return "while kept"


class TelemetryKeeper:
    """Spans and metrics of the product and of Temporal's SDK. `runtime`: what a client must connect with."""

    def __init__(self) -> None:
        self._sampler, self._spans, self._reader = _WhileKept(), InMemorySpanExporter(), InMemoryMetricReader()
        tracers = TracerProvider(sampler=self._sampler)
        tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        trace.set_tracer_provider(tracers)
        self._meters = MeterProvider(metric_readers=[self._reader])
        metrics.set_meter_provider(self._meters)
        assert trace.get_tracer_provider() is tracers
        assert metrics.get_meter_provider() is self._meters
        self._buffer = MetricBuffer(_BUFFERED, duration_format=MetricBufferDurationFormat.SECONDS)
        self.runtime = Runtime(telemetry=TelemetryConfig(metrics=self._buffer))

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        """Everything is kept as long as the block lasts."""
        self._spans.clear()
        self._sampler.is_kept = True
        try:
            async with MetricsExporter(self._buffer, self._meters):
                yield
        finally:
            self._sampler.is_kept = False

    def taken(self) -> dict[str, str]:
        """What spans have said since this was called last, and all that the metrics say."""
        spans = self._spans.get_finished_spans()
        self._spans.clear()
        data = self._reader.get_metrics_data()
        return {
            "the traces": "\n".join(span.to_json(indent=None) for span in spans),
            "the metrics": data.to_json(indent=None) if data else "",
        }


@cache
def keeper() -> TelemetryKeeper:
    """The one of this process."""
    return TelemetryKeeper()
