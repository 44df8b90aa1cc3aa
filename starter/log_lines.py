"""A log record as one line of JSON, without anything that a person typed and without what opens a door."""

import json
import logging
import re
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType

from opentelemetry import trace

_REFERENCE = re.compile(r"SFO-\d{4}-\d{5}")
_ADDRESS = re.compile(r"[^\s<>\"'@=:,;(]+@[^\s<>\"'@=:,;)]+")
_TOKEN = re.compile(r"/a/[A-Za-z0-9_=-]{20,}")
_CODE = re.compile(r"\w{1,60}")
_FRAMES = 6

case_of_line: ContextVar[str] = ContextVar("case_of_line", default="")
"""The case that this request or activity is about, once that is known: each of its lines carries it."""


class JsonLines(logging.Formatter):
    """Formats time, level, logger, message, case, trace and error; the error by type and place only."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Write the record on one line, times in UTC."""
        message = cleaned(record.getMessage())
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "message": message,
        }
        line |= {name: value for name, value in _context(record, message) if value}
        return json.dumps(line, ensure_ascii=False, default=str)


def cleaned(text: str) -> str:
    """Return the text without email addresses and link tokens."""
    return _TOKEN.sub("/a/[link]", _ADDRESS.sub("[address]", text))


def _context(record: logging.LogRecord, message: str) -> Iterator[tuple[str, object]]:
    details = getattr(record, "temporal_workflow", None) or getattr(record, "temporal_activity", None) or {}
    workflow = str(details.get("workflow_id", ""))
    found = _REFERENCE.search(str(getattr(record, "case", "")) or workflow or message)
    yield "case", found[0] if found else case_of_line.get()
    yield "workflow", workflow
    yield "activity", details.get("activity_type")
    yield "why", getattr(record, "why", None)
    yield "signal", getattr(record, "signal", None)
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        yield "trace_id", f"{span.trace_id:032x}"
        yield "span_id", f"{span.span_id:016x}"
    if record.exc_info and record.exc_info[1]:
        yield "error", list(_errors(record.exc_info[1]))


def _errors(error: BaseException | None) -> Iterator[dict[str, object]]:
    """Yield the error and what caused it: type, codes, and where it was raised."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        codes = dict(_codes(error))
        yield {"type": type(error).__name__, **codes, "at": _places(error.__traceback__)}
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _codes(error: BaseException) -> Iterator[tuple[str, str]]:
    """Yield what classifies an error and cannot hold a sentence: a SQLSTATE, an SMTP code, a failure type."""
    for name in ("sqlstate", "code", "status", "type"):
        value = getattr(error, name, None)
        if isinstance(value, int | str) and _CODE.fullmatch(str(value)):
            yield name, str(value)


def _places(frames: TracebackType | None) -> list[str]:
    places = traceback.extract_tb(frames)[-_FRAMES:]
    return [f"{place.filename.rpartition('/')[2]}:{place.lineno} {place.name}" for place in places]
