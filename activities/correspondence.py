"""Letters: the row first, then the letter. A transition queues rows; the letter follows after the commit.

Temporary trouble leaves the row queued for the sweep and fails nothing; what a server refuses for good is kept
with its code; what it takes its time about stays in hand (`in_hand`). No name or address is logged.
Rule: design.md 3.9, 3.11.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from email.errors import MessageError
from email.message import EmailMessage
from typing import Any, Protocol
from uuid import UUID

from opentelemetry import trace

from activities.composition import compose, message_id, subject_of
from activities.gathering import DIGEST, gather, had_enough, waited_enough
from activities.headers import with_headers
from activities.in_hand import STALE, Became, InHand
from activities.measures import LETTERS
from activities.measures import note as count
from activities.record import Connection, Pool, RecordError, Row, pause, transaction
from workflows.contract.rulebook import DigestRule
from workflows.policy.due import on_in_london
from workflows.policy.gathering import may_wait
from workflows.policy.links import seal
from workflows.policy.returns import derived, return_address

_LOG = logging.getLogger(__name__)
_TRACER = trace.get_tracer("sfo.letters")

INLINE_SECONDS = 15.0  # how long a transition, or a round of the sweep, waits for its letters
SWEEP_SECONDS = 1.0
BATCH = 20
MOST_IN_HAND = 100  # letters that a mail server takes its time about; more are not begun
SETTLES_SECONDS = 5.0  # after the record was away, so that each worker first notes what it knows
UNSENDABLE = 553  # SMTP's own code for an address that cannot be, here for one that we cannot even write
UNWRITABLE = (ValueError, IndexError, MessageError)  # what the email package raises for such an address


class SendOutcome(Protocol):
    """What a mail server said for good."""

    @property
    def accepted(self) -> bool:
        """Whether it took the message."""

    @property
    def code(self) -> int | None:
        """Its code when it refused."""


class Mailer(Protocol):
    """The mail server. Whatever `send` raises means: later."""

    async def send(self, message: EmailMessage, sender: str | None, number: UUID, attempt: int, /) -> SendOutcome:
        """Hand over a message with one recipient; what cannot be delivered goes back to `sender`.

        `number` is the letter's own; `attempt` is above 1 where it may have been handed over before.
        """


@dataclass(frozen=True)
class Letter:
    """One letter to one person about one business event. `words` hold what the template shows."""

    event: str
    letter: str
    name: str
    email: str
    reference: str | None
    at: datetime
    gate: str | None = None
    link: UUID | None = None
    words: Mapping[str, Any] = field(default_factory=dict)


_CLAIM = """
    UPDATE outbox SET state = 'sending', claimed_at_wall = clock_timestamp(), attempts = attempts + 1
    WHERE letter_id IN (
        SELECT letter_id FROM outbox WHERE {which} ORDER BY recorded_at FOR UPDATE SKIP LOCKED LIMIT $1
    ) RETURNING *
"""
_CLAIM_NEW = _CLAIM.format(which="state = 'queued' AND attempts = 0 AND event = ANY($2)")
# Back-off doubles from two seconds to five minutes; a worker that died while sending is waited for a minute.
# What was written before the server's clock was put back is later than now, and would wait until the clock is there.
_CLAIM_WAITING = _CLAIM.format(
    which="""
        (state = 'queued' AND coalesce(claimed_at_wall, recorded_at) NOT BETWEEN
                clock_timestamp() - least(interval '2 seconds' * 2 ^ least(attempts, 10), interval '5 minutes')
                AND clock_timestamp()
            AND (attempts > 0
                OR recorded_at NOT BETWEEN clock_timestamp() - interval '2 seconds' AND clock_timestamp()))
        OR (state = 'sending' AND claimed_at_wall < clock_timestamp() - STALE)
    """.replace("STALE", STALE)
)


class Correspondence:
    """Sends every letter once, as far as SMTP allows, and knows the key with which links are sealed.

    `digest`: when letters to one person are gathered into one; without it each goes alone.
    """

    def __init__(
        self,
        pool: Pool,
        mailer: Mailer,
        *,
        mail_from: str,
        public_url: str,
        link_key_id: str,
        link_keys: Mapping[str, bytes],
        digest: DigestRule | None = None,
        return_pattern: str | None = None,
        reply_to: str | None = None,
        language_of: Callable[[str, datetime], str],
    ) -> None:
        self._pool = pool
        self._mailer = mailer
        self._mail_from = mail_from
        self._return_pattern = return_pattern or derived(mail_from)
        self._reply_to = reply_to or mail_from
        self._public_url = public_url.rstrip("/")
        self._link_key_id = link_key_id
        self._link_key = link_keys[link_key_id]
        self._digest = digest
        self._language_of = language_of
        self._in_hand = InHand(pool, self._send, self._mark)
        self._not_before = 0.0

    async def queue(self, connection: Connection, letter: Letter) -> None:
        """The letter's row stands in the record; a row for the same event and person stays as it is."""
        waits = await self._waits(connection, letter)
        await connection.execute(
            """
            INSERT INTO outbox
                (event, reference, gate, link, letter, to_name, to_email, context, message_id, at, state)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ON CONFLICT DO NOTHING
            """,
            letter.event,
            letter.reference,
            letter.gate,
            letter.link,
            letter.letter,
            letter.name,
            letter.email,
            {"reference": letter.reference, **letter.words},
            message_id(letter.event, letter.email, self._domain),
            letter.at,
            "held" if waits else "queued",
        )

    async def _waits(self, connection: Connection, letter: Letter) -> bool:
        """Whether the letter waits to be gathered with others."""
        if self._digest is None:
            return False
        due = letter.words.get("due")
        due_on = date.fromisoformat(due) if due else None
        return may_wait(letter.letter, due_on, on_in_london(letter.at), self._digest) and await had_enough(
            connection, self._digest, letter.email, letter.reference
        )

    def page_url(self, path: str) -> str:
        """The address of a page of the gateway that no link of a question leads to, `/my`."""
        return f"{self._public_url}{path}"

    @property
    def _domain(self) -> str:
        return self._mail_from.rpartition("@")[2]

    async def send_waiting(self, events: Sequence[str]) -> None:
        """The new letters of these events are sent, or stay queued. Never raises: the transition stands."""
        try:
            async with asyncio.timeout(INLINE_SECONDS):
                await self._send_claimed(_CLAIM_NEW, BATCH, list(events))
        except (RecordError, OSError, TimeoutError) as error:
            _LOG.warning("letters wait for the sweep: %s", type(error).__name__)

    async def sweep(self, stop: asyncio.Event | None = None) -> None:
        """Send what waits, until `stop` is set or the task is cancelled; no error ends it. Any number may sweep."""
        stop = stop or asyncio.Event()
        while not stop.is_set():
            try:
                full = await self.sweep_once() == BATCH
            except (RecordError, OSError, TimeoutError) as error:
                _LOG.warning("the sweep goes on later: %s", type(error).__name__)
                self._not_before = asyncio.get_running_loop().time() + SETTLES_SECONDS
                full = False
            except Exception as error:  # a defect in one round must not end the sending of letters
                _LOG.error("the sweep goes on after an error: %s", type(error).__name__)
                full = False
            if not full:
                await pause(stop, SWEEP_SECONDS)

    async def finish(self, within: float) -> None:
        """Wait so many seconds for what the mail server still has to say: whoever stops may not hear it any more."""
        await self._in_hand.finish(within)

    async def sweep_once(self) -> int:
        """Try the letters whose turn has come and return how many they were."""
        await self._in_hand.look_after()
        if len(self._in_hand) >= MOST_IN_HAND or asyncio.get_running_loop().time() < self._not_before:
            return 0
        if self._digest:
            await self._gather(self._digest)
        return await self._send_claimed(_CLAIM_WAITING, BATCH)

    async def _gather(self, rule: DigestRule) -> None:
        async with transaction(self._pool) as connection:
            for email in await waited_enough(connection, rule):
                await gather(connection, email, self._domain)

    async def _send_claimed(self, claim: str, *arguments: object) -> int:
        async with transaction(self._pool) as connection:
            rows = await connection.fetch(claim, *arguments)
        # The connection is free again while the mail server takes its time.
        await self._in_hand.take(rows, INLINE_SECONDS)
        return len(rows)

    async def _send(self, row: Row) -> Became:
        named = {"sfo.case": row["reference"] or "", "sfo.letter": row["letter"], "sfo.attempt": row["attempts"]}
        with _TRACER.start_as_current_span("letter", attributes=named, record_exception=False):
            became = await self._handed_over(row)
            trace.get_current_span().set_attribute("sfo.outcome", _outcome(became))
            return became

    async def _handed_over(self, row: Row) -> Became:
        try:
            number, attempt = row["letter_id"], row["attempts"]
            outcome = await self._mailer.send(self._message(row), self._returns_to(number), number, attempt)
        except UNWRITABLE:
            return Became("refused", UNSENDABLE)
        except Exception as error:  # whatever it is, the letter goes later
            _LOG.warning("letter %s waits: %s", row["letter_id"], type(error).__name__)
            return Became("queued")
        return Became("sent" if outcome.accepted else "refused", outcome.code)

    def _message(self, row: Row) -> EmailMessage:
        words = dict(row["context"])
        if row["link"] is not None:
            words["url"] = self._url(row["link"])
        language = self._language_of(row["to_email"], row["at"])
        if row["letter"] == DIGEST:
            words["letters"] = [self._line(line, row["to_name"], language) for line in words["letters"]]
        message = compose(
            row["letter"], self._mail_from, row["to_name"], row["to_email"], row["message_id"], words, language
        )
        return with_headers(message, row["reference"], self._reply_to)

    def _returns_to(self, letter: UUID) -> str:
        """An address of the letter's own, so that whatever comes back says by itself which letter it is about."""
        return return_address(self._return_pattern, letter.bytes, self._link_key)

    def _line(self, line: Mapping[str, Any], name: str, language: str) -> dict[str, str]:
        """One letter within a digest: its subject and its link, where it has one."""
        url = self._url(UUID(line["link"])) if line["link"] else ""
        return {"subject": subject_of(line["letter"], name, line["words"], language), "url": url}

    def _url(self, link: UUID) -> str:
        return f"{self._public_url}/a/{seal(link.bytes, self._link_key_id, self._link_key)}"

    async def _mark(self, letter_id: UUID, became: Became) -> None:
        async with transaction(self._pool) as connection:
            await connection.execute(
                """
                UPDATE outbox SET state = $2, error_code = $3,
                    sent_at_wall = CASE WHEN $2 = 'sent' THEN clock_timestamp() END
                WHERE letter_id = $1 AND state = 'sending'
                """,
                letter_id,
                became.state,
                became.code,
            )
            count(LETTERS, outcome=_outcome(became))


def _outcome(became: Became) -> str:
    """As a metric and a trace call it."""
    return "failed" if became.state == "queued" else became.state
