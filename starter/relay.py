"""Delivers what a click could not: everything on the record that Temporal has not been told, again and again.

Any number of relays may run, in any number of processes: one advisory lock of the database makes one of them the
leader for a round, and the others wait. Rows are not claimed; every delivery is repeat-safe, so that a leader that
died in the middle does no harm. Temporal or the database may be away for hours; that is said once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
from opentelemetry.trace import SpanKind

from starter.audit import HeadsError, export_head
from starter.connections import OUT_OF_REACH, Pool, leading
from starter.delivery import Delivery
from starter.gauges import Gauges
from starter.reconciling import EVERY as COMPARED_EVERY
from starter.reconciling import Reconciliation
from starter.returned_mail import ReturnedMail
from starter.signals import NoSuchWorkflowError, RowRefusedError, TemporalAwayError
from starter.tracing import short_span
from workflows.contract.vocabulary import EscalationKind

_LOG = logging.getLogger(__name__)

EVERY = timedelta(seconds=1)
HEADS_EVERY = timedelta(hours=1)
_LEAVE_ALONE = timedelta(minutes=1)
_BATCH = 200
_AWAY = (TemporalAwayError, *OUT_OF_REACH, asyncpg.PostgresError)


@dataclass(frozen=True, slots=True)
class Backlog:
    """One kind of row that may wait: which, `since` when, and how one is delivered."""

    name: str
    query: str
    deliver: Callable[[Delivery, asyncpg.Record], Awaitable[Any]]


_SECOND = "recorded_at NOT BETWEEN clock_timestamp() - interval '1 second' AND clock_timestamp()"
"""Older than that; or later than now, as whatever was recorded before the server's clock was put back."""
BACKLOGS = (
    Backlog(
        "cases",
        f"""SELECT reference, recorded_at AS since FROM sfo.cases
            WHERE started_at_wall IS NULL AND {_SECOND} ORDER BY recorded_at""",
        lambda d, row: d.start_case(row["reference"]),
    ),
    Backlog(
        "court events",
        """SELECT event, sfo.court_events.at AS since FROM sfo.court_events JOIN sfo.cases USING (reference)
           WHERE delivered_at_wall IS NULL AND applied_at IS NULL AND started_at_wall IS NOT NULL
           ORDER BY sfo.court_events.at""",
        lambda d, row: d.deliver_court_event(row["event"]),
    ),
    Backlog(
        "decisions",
        f"""SELECT decision, recorded_at AS since FROM sfo.decisions
            WHERE applied_at IS NULL AND void_at IS NULL AND channel <> 'operations' AND {_SECOND}
              AND (delivered_at_wall IS NULL
                   OR delivered_at_wall NOT BETWEEN clock_timestamp() - interval '30 seconds' AND clock_timestamp())
            ORDER BY recorded_at""",
        lambda d, row: d.deliver_decision(row["decision"]),
    ),
    Backlog(
        "concerns",
        """SELECT reference, kind, number, raised_at AS since FROM sfo.escalations
           WHERE delivered_at_wall IS NULL AND state = 'raised' AND raised_by IS NOT NULL ORDER BY raised_at""",
        lambda d, row: d.deliver_concern(row["reference"], EscalationKind(row["kind"]), row["number"]),
    ),
    Backlog(
        "enquiries",
        """SELECT reference, number, at AS since FROM sfo.enquiries
           WHERE delivered_at_wall IS NULL AND state = 'open' ORDER BY at""",
        lambda d, row: d.deliver_enquiry(row["reference"], row["number"]),
    ),
    Backlog(
        "requests for time",
        """SELECT request, at AS since FROM sfo.extension_requests
           WHERE delivered_at_wall IS NULL AND granted IS NULL AND void_at IS NULL ORDER BY at""",
        lambda d, row: d.deliver_extension(row["request"]),
    ),
    Backlog(
        "requests",
        """SELECT request, sfo.requests.recorded_at AS since FROM sfo.requests JOIN sfo.cases USING (reference)
           WHERE delivered_at_wall IS NULL AND started_at_wall IS NOT NULL ORDER BY sfo.requests.recorded_at""",
        lambda d, row: d.deliver_request(row["request"]),
    ),
    # What the record shows of the ladder is left out: whoever stands in was asked already, or the rung was told.
    Backlog(
        "absences",
        """SELECT a.absence, g.gate, greatest(a.recorded_at, g.recorded_at) AS since
           FROM sfo.absences a JOIN sfo.gates g USING (person_key) JOIN sfo.cases c USING (reference),
               LATERAL (SELECT ((c.clock ->> 'case_anchor')::timestamptz
                   + (clock_timestamp() - (c.clock ->> 'wall_anchor')::timestamptz) * (c.clock ->> 'speed')::float
                   ) AT TIME ZONE 'Europe/London' AS now) london
           WHERE a.ended_at IS NULL AND london.now::date BETWEEN a.from_on AND a.to_on
               AND g.state = 'open' AND g.deputy_email IS NULL AND NOT 'deputy' = ANY (g.climbed)
               AND NOT EXISTS (SELECT FROM sfo.absences_told t WHERE t.absence = a.absence AND t.gate = g.gate)
               AND NOT EXISTS (SELECT FROM sfo.decisions d WHERE d.gate = g.gate AND d.void_at IS NULL)
           ORDER BY a.recorded_at, g.gate""",
        lambda d, row: d.deliver_absence(row["absence"], row["gate"]),
    ),
    Backlog(
        "refused letters",
        """SELECT letter_id, recorded_at AS since FROM sfo.outbox
           WHERE state = 'refused' AND NOT told_workflow ORDER BY recorded_at""",
        lambda d, row: d.deliver_refused_letter(row["letter_id"]),
    ),
    Backlog(
        "out-of-office notes",
        """SELECT letter_id, recorded_at AS since FROM sfo.returned_mail
           WHERE climbs AND NOT told_workflow ORDER BY recorded_at""",
        lambda d, row: d.deliver_out_of_office(row["letter_id"]),
    ),
)
"""Whatever may wait in the record, in the order of delivery. Some moments of `since` are a case's own."""


class Relay:
    """Runs beside a gateway. `data_dir` holds the exported heads of the audit chain, `returned` what comes back.

    `reconciliation` compares the record with Temporal every ten minutes, beside the deliveries.
    """

    def __init__(
        self,
        delivery: Delivery,
        pool: Pool,
        data_dir: Path,
        returned: ReturnedMail | None = None,
        reconciliation: Reconciliation | None = None,
    ) -> None:
        self._returned = returned
        self._reconciliation = reconciliation
        self._comparing: asyncio.Task[None] | None = None
        self._next_comparison = 0.0
        self._delivery = delivery
        self._pool = pool
        self._data_dir = data_dir
        self._is_away = False
        self._not_before: dict[str, float] = {}
        self._next_head = 0.0
        self._is_head_kept = True
        self._gauges = Gauges(pool, data_dir)

    async def run(self) -> None:
        """Deliver until cancelled. Never raises; an outage is logged when it begins and when it ends."""
        try:
            await self._run()
        finally:
            if self._comparing:
                self._comparing.cancel()
                await asyncio.gather(self._comparing, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                await self.tick()
                self._is_back()
            except _AWAY as error:
                self._begins_to_be_away(error)
            except Exception:  # a row that nobody foresaw must not end the relay
                _LOG.exception("the relay goes on after an error")
            await asyncio.sleep(EVERY.total_seconds())

    async def tick(self) -> int:
        """Deliver what waits now and return how much that was; nothing while another relay is at it.

        Raises TemporalAwayError, once every kind of row has had its turn: slow for one is not away for all.
        """
        await self._export_head()
        delivered, away = 0, None
        async with leading(self._pool, "sfo.relay") as connection:
            if connection is None:
                self._gauges.forget()
                return 0
            await self._gauges.look(connection)
            self._compare()
            if self._returned:
                await self._returned.take_in()
            for backlog in BACKLOGS:
                try:
                    for row in await connection.fetch(f"{backlog.query} LIMIT {_BATCH}"):
                        delivered += await self._try(backlog, row)
                except TemporalAwayError as error:
                    away = away or error
        if away:
            raise away
        return delivered

    def _compare(self) -> None:
        """By the leader, each in its turn; a comparison takes longer than a round, so deliveries go on beside it."""
        now = asyncio.get_running_loop().time()
        is_at_it = self._comparing is not None and not self._comparing.done()
        if self._reconciliation and now >= self._next_comparison and not is_at_it:
            self._next_comparison = now + COMPARED_EVERY.total_seconds()
            self._comparing = asyncio.create_task(self._one_comparison(self._reconciliation))

    async def _one_comparison(self, reconciliation: Reconciliation) -> None:
        """Never raises. Temporal or the record away is no finding: it is looked again in the next turn."""
        try:
            kept = await reconciliation.round()
        except _AWAY as error:
            _LOG.warning("the record was not compared with Temporal: %s", _cause(error))
        except Exception:  # a comparison that fails must not end the relay
            _LOG.exception("the record was not compared with Temporal")
        else:
            new = sum(one.is_new for one in kept.findings)
            if new or kept.gone:
                _LOG.warning("stranded workflows: %d new, %d gone again; `sfo reconcile` lists them", new, kept.gone)

    async def _try(self, backlog: Backlog, row: asyncpg.Record) -> bool:
        """Deliver one row. One that cannot be delivered is left alone for a while; the others go on."""
        key, now = f"{backlog.name} {tuple(row.values())}", asyncio.get_running_loop().time()
        if self._not_before.get(key, 0.0) > now:
            return False
        try:
            with short_span(f"relay {backlog.name}", SpanKind.PRODUCER):
                await backlog.deliver(self._delivery, row)
        except (NoSuchWorkflowError, RowRefusedError, LookupError, ValueError) as error:
            _LOG.error("one of the %s cannot be delivered: %s; looking again later", backlog.name, _cause(error))
            self._not_before[key] = now + _LEAVE_ALONE.total_seconds()
            return False
        self._not_before.pop(key, None)
        return True

    async def _export_head(self) -> None:
        """The head is exported every hour; where it cannot be written, that is said once and tried every minute."""
        now = asyncio.get_running_loop().time()
        if now < self._next_head:
            return
        try:
            if await export_head(self._pool, self._data_dir):
                self._next_head = now + HEADS_EVERY.total_seconds()
                self._is_head_kept = True
        except HeadsError as error:
            self._next_head = now + _LEAVE_ALONE.total_seconds()
            if self._is_head_kept:
                _LOG.error("the audit head is not exported, deliveries go on: %s", error)
            self._is_head_kept = False

    def _begins_to_be_away(self, error: Exception) -> None:
        if not self._is_away:
            _LOG.warning("the relay cannot deliver and keeps trying: %s", _cause(error))
        self._is_away = True

    def _is_back(self) -> None:
        if self._is_away:
            _LOG.warning("the relay delivers again")
        self._is_away = False


def _cause(error: Exception) -> str:
    """Name an outage of Temporal by its code; the text of a database error may quote a row."""
    return f"Temporal, {error}" if isinstance(error, TemporalAwayError) else type(error).__name__
