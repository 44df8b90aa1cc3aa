"""Publishes what happened in cases to a topic, from the outbox `sfo.case_events`, which the audit fills by a trigger.

One gateway at a time does it, by an advisory lock that is held for a whole round, so that the events of a case leave in
their order. At least once: a process that dies between publishing and marking sends the same event with the same id.
"""

import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, timedelta
from typing import Any

import asyncpg
from opentelemetry import metrics

from starter.amazon import AmazonRefusedError, Topic
from starter.connections import Connection, Pool, leading
from starter.measures import CASE_EVENTS
from starter.persisting import Persisting

_LOG = logging.getLogger(__name__)

_IDENTIFIERS = (("CRN", "crn", r"[A-Z][0-9]{6}"), ("NOMS", "noms", r"[A-Z][0-9]{4}[A-Z]{2}"))
VERSION = 1
EVERY = timedelta(seconds=1)
_BATCH = 100
_LEAVE_ALONE = 60.0
_OLD = 120.0

Said = Callable[[asyncpg.Record], Mapping[str, Any]]


def _from_detail(**names: str) -> Said:
    """What the audit row says, by the names under which it is published; what it does not say is left out."""
    return lambda row: {name: row["detail"].get(key) for name, key in names.items()}


def _place(row: asyncpg.Record) -> Mapping[str, Any]:
    region, _, pdu = row["subject"].partition(" ")
    return {"region": region, "pdu": pdu}


def _due(row: asyncpg.Record) -> Mapping[str, Any]:
    detail = row["detail"]
    due_on = detail.get("to_on") or detail.get("on")
    return {
        "dueOn": due_on,
        "dueOnBefore": detail.get("from_on"),
        "dueOnAtFirst": detail.get("original_on") or due_on,
    }


TYPES: Mapping[str, tuple[str, Said]] = {
    "probation.sfo.case.opened": (
        "A case of a serious further offence was opened",
        _from_detail(region="region", pdu="pdu"),
    ),
    "probation.sfo.case.reopened": ("A case that had closed was opened again", _from_detail()),
    "probation.sfo.case.transferred": ("A case was moved to another place", _place),
    "probation.sfo.case.closed": ("A case was closed", _from_detail(outcome="outcome")),
    "probation.sfo.review.due-changed": ("The review has a date by which it is due, or another one", _due),
    "probation.sfo.review.overdue": ("The review is overdue", _from_detail(dueOn="due_on")),
    "probation.sfo.review.submitted": ("The review was submitted", _from_detail()),
}
"""Each type of event with what it is in words, and what is said of it beside the reference: codes and dates alone.

Which row of the audit is an event of which type stands in `sfo.case_event_type`.
"""

_WAITING = """
    SELECT e.audit, e.event, e.reference, e.type, a.at, a.subject, a.detail, c.crn, c.noms
    FROM sfo.case_events e JOIN sfo.audit a ON a.seq = e.audit LEFT JOIN sfo.cases c ON c.reference = e.reference
    WHERE e.published_at_wall IS NULL AND NOT e.reference = ANY ($2) ORDER BY e.audit LIMIT $1
"""
_STATE = """
    SELECT count(*) AS waiting, extract(epoch FROM clock_timestamp() - min(recorded_at))::float AS oldest
    FROM sfo.case_events WHERE published_at_wall IS NULL
"""


def message_of(row: asyncpg.Record) -> dict[str, Any]:
    """An event as it is published; the same row gives the same message. Shape: deploy/events/case-event.json."""
    description, said = TYPES[row["type"]]
    about = {"eventId": str(row["event"]), "caseReference": row["reference"], **said(row)}
    identifiers = [
        {"type": kind, "value": row[column]}
        for kind, column, shape in _IDENTIFIERS
        if re.fullmatch(shape, row[column] or "")  # whoever was erased from the record has none
    ]
    return {
        "eventType": row["type"],
        "version": VERSION,
        "description": description,
        "occurredAt": row["at"].astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "personReference": {"identifiers": identifiers},
        "additionalInformation": {name: value for name, value in about.items() if value is not None},
    }


class CaseEvents:
    """Runs beside a gateway where SFO_CASE_EVENTS_TOPIC_ARN is set."""

    def __init__(self, topic: Topic, pool: Pool) -> None:
        self._topic, self._pool = topic, pool
        self._not_before: dict[str, float] = {}
        self._state: asyncpg.Record | None = None
        self._read_at = 0.0
        meter = metrics.get_meter("sfo.relay")
        for name, column, unit, words in (
            ("sfo.case.events.waiting", "waiting", "", "Case events that are not published yet"),
            ("sfo.case.events.oldest", "oldest", "s", "Age of the oldest of them"),
        ):
            meter.create_observable_gauge(name, [self._shower(column)], unit, words)

    async def run(self) -> None:
        """Publish until cancelled. Never raises; an outage is logged when it begins and when it ends."""
        persisting = Persisting(_LOG, "case events", "published", "not published and wait", "the topic")
        await persisting.run(self.publish_some, EVERY.total_seconds())

    async def publish_some(self) -> int:
        """Publish what waits, in order, and return how much that was; nothing while another gateway is at it."""
        async with leading(self._pool, "sfo.case_events") as connection:
            if connection is None:
                self._state = None
                return 0
            self._state, self._read_at = await connection.fetchrow(_STATE), time.monotonic()
            return await self._published(connection)

    async def _published(self, connection: Connection) -> int:
        published, now = 0, time.monotonic()
        self._not_before = {case: until for case, until in self._not_before.items() if until > now}
        for row in await connection.fetch(_WAITING, _BATCH, list(self._not_before)):
            if row["reference"] in self._not_before:
                continue  # what follows it in the case must not overtake it
            published += await self._publish(connection, row)
        return published

    async def _publish(self, connection: Connection, row: asyncpg.Record) -> bool:
        try:
            message = json.dumps(message_of(row))
            await self._topic.publish(message, row["type"], row["reference"], str(row["event"]))
        except (AmazonRefusedError, KeyError) as error:
            cause = error if isinstance(error, AmazonRefusedError) else "its type is not known here"
            _LOG.error("event %s of %s is not published: %s; trying again later", row["type"], row["reference"], cause)
            self._not_before[row["reference"]] = time.monotonic() + _LEAVE_ALONE
            return False
        await connection.execute(
            "UPDATE sfo.case_events SET published_at_wall = clock_timestamp() WHERE audit = $1", row["audit"]
        )
        CASE_EVENTS.add(1, {"type": row["type"]})
        return True

    def _shower(self, column: str) -> Callable[[metrics.CallbackOptions], list[metrics.Observation]]:
        def show(_: metrics.CallbackOptions) -> list[metrics.Observation]:
            if self._state is None or time.monotonic() - self._read_at > _OLD:
                return []
            return [metrics.Observation(float(self._state[column] or 0))]

        return show
