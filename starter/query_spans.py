"""A span for each statement that belongs to a click or an activity: its text as the code has it, never a value.

asyncpg reports each statement after it ran. What runs outside of any span, such as the relay's looking about once a
second, gets none.
"""

import time

import asyncpg
from asyncpg.connection import LoggedQuery
from opentelemetry import trace

_TRACER = trace.get_tracer("sfo.database")
_LONGEST = 500  # characters of a statement


def note_query(done: LoggedQuery) -> None:
    """Add the span of one statement to the current trace; its values are not looked at."""
    if not trace.get_current_span().is_recording():
        return
    statement = " ".join(str(done.query).split())[:_LONGEST]
    verb = statement.partition(" ")[0].upper()
    ended = time.time_ns()
    span = _TRACER.start_span(
        verb,
        kind=trace.SpanKind.CLIENT,
        attributes={"db.system.name": "postgresql", "db.operation.name": verb, "db.query.text": statement},
        start_time=ended - int((done.elapsed or 0) * 1e9),
    )
    if done.exception is not None:
        # The text of a database error may quote a row: its code is all that is kept.
        code = getattr(done.exception, "sqlstate", None) or type(done.exception).__name__
        span.set_attribute("error.type", code)
        span.set_status(trace.Status(trace.StatusCode.ERROR, code))
    span.end(ended)


def with_spans(
    connection: "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]",
) -> None:
    """Every statement of this connection is noted from now on."""
    connection.add_query_logger(note_query)
