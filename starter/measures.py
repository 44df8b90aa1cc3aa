"""What the way in counts: codes, decisions, mail that came back, messages of other services, errors of our code."""

import asyncpg
from opentelemetry import metrics

_METER = metrics.get_meter("sfo.starter")

CODES = _METER.create_counter("sfo.sign.in.codes", description="One-time codes: sent, withheld, right, wrong, spent")
DECISIONS = _METER.create_counter("sfo.decisions.recorded", description="Answers taken into the record, by channel")
RETURNED = _METER.create_counter("sfo.mail.returned", description="What came back to a letter, by kind")
ERRORS = _METER.create_counter("sfo.gateway.errors", description="Requests that ended in an error of our code")
REQUESTS = _METER.create_histogram("sfo.gateway.requests", unit="s", description="Requests by route and status")
COURT_MESSAGES = _METER.create_counter("sfo.court.messages", description="Messages of the court queue, by outcome")
CASE_EVENTS = _METER.create_counter("sfo.case.events.published", description="Case events published, by type")
_CONNECTIONS = "sfo.database.connections"

REFUSED_CODES = ("withheld", "wrong", "spent")


def start_at_nothing() -> None:
    """Show what alerts watch from the start: a counter that appears with its first event seems not to have grown."""
    for outcome in ("sent", "right", *REFUSED_CODES):
        CODES.add(0, {"outcome": outcome})
    ERRORS.add(0)


def watch_pool(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    """Show how many connections of this process's pool are in use, idle, and at most possible."""

    def look(_: metrics.CallbackOptions) -> list[metrics.Observation]:
        idle, size = pool.get_idle_size(), pool.get_size()
        counts = {"used": size - idle, "idle": idle, "most": pool.get_max_size()}
        return [metrics.Observation(count, {"state": state}) for state, count in counts.items()]

    _METER.create_observable_gauge(_CONNECTIONS, [look], description="Connections of the pool, by state")
