"""A collector of one's own: takes OTLP over HTTP as a real one does and keeps the bytes and what they say."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google.protobuf.message import Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

IDS = {"trace_id", "span_id", "parent_span_id"}


@dataclass(frozen=True)
class Span:
    """One span as it was exported."""

    service: str
    trace: str
    id: str
    parent: str
    name: str
    seconds: float
    attributes: dict[str, Any]
    events: int


@dataclass
class Collector:
    """What arrived; `texts` is every text in it, wherever it stood: what random ids spell by chance is not."""

    url: str = ""
    texts: list[str] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    metrics: set[str] = field(default_factory=set)

    def take(self, path: str, body: bytes) -> None:
        request: ExportTraceServiceRequest | ExportMetricsServiceRequest
        if path == "/v1/traces":
            request = ExportTraceServiceRequest.FromString(body)
            self.spans += _spans(request)
        else:
            request = ExportMetricsServiceRequest.FromString(body)
            self.metrics |= {m.name for r in request.resource_metrics for s in r.scope_metrics for m in s.metrics}
        self.texts += _texts(request)

    def of_trace(self, trace: str) -> list[Span]:
        return [span for span in list(self.spans) if span.trace == trace]


def _texts(message: Message) -> Iterator[str]:
    """Every text in a message and the messages in it; of bytes, all but the ids of traces and spans."""
    for name, value in message.ListFields():
        for one in value if name.is_repeated else [value]:
            if isinstance(one, Message):
                yield from _texts(one)
            elif isinstance(one, str):
                yield one
            elif isinstance(one, bytes) and name.name not in IDS:
                yield one.decode(errors="replace")


def _spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for resource in request.resource_spans:
        service = _plain(resource.resource.attributes)["service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    service,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    span.name,
                    (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
                    _plain(span.attributes),
                    len(span.events),
                )


def _plain(attributes: Any) -> dict[str, Any]:
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in attributes}


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens for as long as the block lasts."""
    collector = Collector()

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            collector.take(self.path, body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
