"""Takes court events from a queue into the record, from where the relay tells Temporal, as for `sfo court-event`.

Any number of gateways read at once: the queue shows a message to one of them at a time. A message is deleted only after
the record has it; one that comes again changes nothing. One that cannot be used stays, until the queue moves it to its
dead-letter queue. While the record is away nothing is received, so that an outage kills no message.
"""

import logging
from enum import StrEnum

from starter.amazon import Queue, Received
from starter.connections import Connection, Pool
from starter.court_messages import CourtMessage, UnreadableError, read
from starter.measures import COURT_MESSAGES
from starter.persisting import AWAY, Persisting
from starter.reports import ReportRefusedError, report_court_event

_LOG = logging.getLogger(__name__)

ACTOR = "court-queue"


class Taken(StrEnum):
    """What became of a message. The first three are deleted, the others stay for the dead-letter queue."""

    RECORDED = "recorded"
    REPEATED = "repeated"
    NOT_OURS = "not_ours"
    UNREADABLE = "unreadable"
    REFUSED = "refused"
    FAILED = "failed"


_DONE = frozenset({Taken.RECORDED, Taken.REPEATED, Taken.NOT_OURS})


class CourtQueue:
    """Runs beside a gateway where SFO_COURT_EVENTS_QUEUE_URL is set."""

    def __init__(self, queue: Queue, pool: Pool) -> None:
        self._queue, self._pool = queue, pool
        for outcome in Taken:  # a counter that appears with its first event seems not to have grown
            COURT_MESSAGES.add(0, {"outcome": outcome})

    async def run(self) -> None:
        """Take messages until cancelled. Never raises; an outage is logged when it begins and when it ends."""
        await Persisting(_LOG, "court events", "taken", "not taken and wait in the queue", "the queue").run(
            self.take_some
        )

    async def take_some(self) -> list[Taken]:
        """Wait a few seconds for messages and return what became of each. Raises what says that something is away."""
        await self._pool.fetchval("SELECT 1")
        return [await self._take(message) for message in await self._queue.receive()]

    async def _take(self, message: Received) -> Taken:
        outcome = await self._outcome(message)
        if outcome in _DONE:
            await self._queue.delete(message)
        COURT_MESSAGES.add(1, {"outcome": outcome})
        return outcome

    async def _outcome(self, message: Received) -> Taken:
        try:
            return await self._recorded(message.body)
        except (UnreadableError, ReportRefusedError) as error:
            outcome = Taken.UNREADABLE if isinstance(error, UnreadableError) else Taken.REFUSED
            _LOG.error("court event in message %s is %s and stays in the queue: %s", message.id, outcome, error)
            return outcome
        except AWAY:
            raise
        except Exception as error:  # one message that nobody foresaw holds up no other
            _LOG.error("court event in message %s failed and stays: %s", message.id, type(error).__name__)
            return Taken.FAILED

    async def _recorded(self, body: str) -> Taken:
        said = read(body)
        if said is None:
            return Taken.NOT_OURS
        async with self._pool.acquire() as connection:
            reference = await case_of(connection, said)
            if reference is None:
                return Taken.NOT_OURS
            try:
                _, is_new = await report_court_event(
                    connection, reference, said.kind, said.on, said.amended_to, actor=ACTOR
                )
            except ReportRefusedError as error:
                raise ReportRefusedError(f"in {reference}, {error}") from None
        return Taken.RECORDED if is_new else Taken.REPEATED


async def case_of(connection: Connection, said: CourtMessage) -> str | None:
    """The case of this person in which one of these offences is or was charged; None: there is none.

    By person and offence together, since the same person may be before a court for something else. A case in rehearsal
    time hears nothing. Raises ReportRefusedError where several cases fit.
    """
    rows = await connection.fetch(
        """SELECT DISTINCT reference FROM sfo.cases JOIN sfo.offences o USING (reference)
           WHERE crn = $1 AND (clock ->> 'speed')::float = 1
             AND EXISTS (SELECT FROM unnest($2::text[], $3::date[]) AS said(code, offence_on)
                 WHERE said.code = o.code AND said.offence_on = o.offence_on)
           ORDER BY reference""",
        said.crn,
        [code for code, _ in said.offences],
        [on for _, on in said.offences],
    )
    if len(rows) > 1:
        which = ", ".join(row["reference"] for row in rows)
        raise ReportRefusedError(f"{which} all fit; report it to the right one with `sfo court-event`")
    return rows[0]["reference"] if rows else None
