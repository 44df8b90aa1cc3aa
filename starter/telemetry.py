"""What a process tells operations: JSON logs, traces and metrics; where they go is in `exporting`.

Nothing of a person leaves here: an exception is logged by its types and places and never by its text, which
may quote a row or an address; what looks like an address or a link's token is taken out of every line.
"""

import logging
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from opentelemetry import metrics, trace
from opentelemetry.sdk.resources import Resource
from temporalio import client
from temporalio.runtime import Runtime

from starter.exporting import Measuring, start_measuring, start_tracing
from starter.log_lines import JsonLines
from starter.settings import Settings
from starter.tracing import Tracing


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What a Temporal client needs to be seen."""

    interceptors: Sequence[client.Interceptor]
    _measuring: Measuring

    @property
    def runtime(self) -> Runtime | None:
        """The runtime to connect with; None where nothing is measured."""
        return self._measuring.runtime

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Measure for as long as the block lasts, then hand over what still waits, five seconds at most each."""
        try:
            async with self._measuring.carrying():
                yield
        finally:
            for provider in (trace.get_tracer_provider(), metrics.get_meter_provider()):
                flush = getattr(provider, "force_flush", None)
                if flush:
                    flush(5_000)


def start_telemetry(settings: Settings, service: str) -> Telemetry:
    """Set up logs, traces and metrics of a process. Call once, on its event loop, before connecting.

    `service` is `gateway` or `worker`. No span is held open across a wait for a person: a span covers
    one request or one attempt of an activity, and the trace id travels between them. Raises SettingsError when
    the address of the metrics is taken.
    """
    log_json(service)
    resource = Resource.create({"service.name": f"sfo-{service}", "service.version": settings.build_id})
    start_tracing(settings, resource)
    return Telemetry((Tracing(),), start_measuring(settings, service, resource))


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
