"""The questions that stand open, by person or for the national team, and what a person has decided. Reads only.

What the page of one question decides by its link, whether it can be answered now, is decided here for many at once.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

import asyncpg

from starter.connections import Connection
from starter.keys import KeyRing
from starter.record import LINK_LASTS
from workflows.contract.messages import CaseClock
from workflows.contract.question import Question, Silence
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import Role
from workflows.policy.clock import case_time
from workflows.policy.links import seal
from workflows.policy.pausing import was_late

PAST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open question that nobody has answered yet. `link` None: this person cannot answer it now.

    `now` is the case's time, `if_silent` what the question's own page says.
    """

    gate: str
    reference: str
    question: Question
    subject: str | None
    region: str
    due_on: date
    original_due_on: date
    due_at: datetime
    opened_at: datetime
    paused_at: datetime | None
    now: datetime
    is_late: bool
    if_silent: str
    link: UUID | None

    @property
    def has_moved(self) -> bool:
        """Whether the date is another than the first one."""
        return self.due_on != self.original_due_on

    def path(self, keys: KeyRing) -> str | None:
        """The address of the question's page for the person whose link it is, as letters have it."""
        return f"/a/{seal(self.link.bytes, keys.active_id, keys.active)}/decide" if self.link else None


@dataclass(frozen=True, slots=True)
class Past:
    """A decision that a person took. `state`: applied, waiting, or void where policy or the case refused it."""

    reference: str
    title: str
    answer: str
    received_at: datetime
    late: bool
    state: str


# One row a question. A link counts while it is alive; of two of one person the one with the newest letter.
_WAITING = """
    WITH own AS (
        SELECT gate, link FROM sfo.links WHERE revoked_at IS NULL AND lower(btrim(email)) = lower(btrim($1))
    ), sent AS (
        SELECT link, max(at) AS sent_at FROM sfo.outbox WHERE link IN (SELECT link FROM own) GROUP BY link
    ), mine AS (
        SELECT DISTINCT ON (gate) gate, link, sent_at FROM own LEFT JOIN sent USING (link)
        ORDER BY gate, sent_at DESC NULLS LAST, link
    )
    SELECT g.gate, g.reference, g.question, g.subject, g.due_on, g.original_due_on, g.due_at, g.opened_at,
        g.paused_at, g.overdue, g.page ->> 'if_silent' AS if_silent, c.clock, c.region, mine.link, mine.sent_at
    FROM sfo.gates g JOIN sfo.cases c USING (reference) LEFT JOIN mine USING (gate)
    WHERE g.state = 'open' AND {which}
        AND NOT EXISTS (SELECT FROM sfo.decisions d WHERE d.gate = g.gate AND d.void_at IS NULL)
"""
_OF_A_PERSON = _WAITING.format(which="mine.link IS NOT NULL")
_OF_THE_TEAM = _WAITING.format(which="g.role = $2")


async def waiting_for(connection: Connection, email: str) -> list[Waiting]:
    """Return what this person is asked and could answer now, late first, then by date."""
    rows = await connection.fetch(_OF_A_PERSON, email)
    return [one for one in _in_order(rows) if one.link is not None]


async def waiting_nationally(connection: Connection, email: str) -> list[Waiting]:
    """Return what the national team is asked, late first, then by date; with a link where this person can answer."""
    return _in_order(await connection.fetch(_OF_THE_TEAM, email, str(Role.NATIONAL_TEAM)))


async def decisions_of(connection: Connection, email: str) -> list[Past]:
    """Return what this person decided last, newest first, at most `PAST_SHOWN`."""
    rows = await connection.fetch(
        """SELECT g.reference, g.question, d.answer, d.received_at, d.late, d.applied_at, d.void_at
           FROM sfo.decisions d JOIN sfo.gates g USING (gate)
           WHERE lower(btrim(d.by_email)) = lower(btrim($1))
           ORDER BY d.recorded_at DESC, d.decision LIMIT $2""",
        email,
        PAST_SHOWN,
    )
    return [_past(row) for row in rows]


def is_expired(due_at: datetime, opened_at: datetime, sent_at: datetime | None, now: datetime) -> bool:
    """Whether a link is too old to open: the period runs from the date or the latest letter, whichever is later."""
    return now > max(due_at, sent_at or opened_at) + LINK_LASTS


def _in_order(rows: list[asyncpg.Record]) -> list[Waiting]:
    found = [_waiting(row) for row in rows if row["question"] in QUESTIONS]
    return sorted(found, key=lambda one: (not one.is_late, one.due_at, one.gate))


def _waiting(row: asyncpg.Record) -> Waiting:
    question, now = QUESTIONS[row["question"]], case_time(CaseClock.model_validate(row["clock"]), datetime.now(UTC))
    is_late = was_late(now, row["due_at"], row["paused_at"])
    return Waiting(
        gate=row["gate"],
        reference=row["reference"],
        question=question,
        subject=row["subject"],
        region=row["region"],
        due_on=row["due_on"],
        original_due_on=row["original_due_on"],
        due_at=row["due_at"],
        opened_at=row["opened_at"],
        paused_at=row["paused_at"],
        now=now,
        is_late=row["overdue"] or is_late,
        if_silent=row["if_silent"] or question.if_silent,
        link=row["link"] if _opens(row, question, now, is_late=is_late) else None,
    )


def _opens(row: asyncpg.Record, question: Question, now: datetime, *, is_late: bool) -> bool:
    """Whether the link opens and an answer would count: one that comes after a period that lapses would not."""
    if question.silence is Silence.LAPSE and is_late:
        return False
    return not is_expired(row["due_at"], row["opened_at"], row["sent_at"], now)


def _past(row: asyncpg.Record) -> Past:
    question = QUESTIONS.get(row["question"])
    answer = question.answer(row["answer"]) if question else None
    return Past(
        reference=row["reference"],
        title=question.title if question else row["question"],
        answer=answer.label if answer else row["answer"],
        received_at=row["received_at"],
        late=row["late"],
        state="void" if row["void_at"] else "applied" if row["applied_at"] else "waiting",
    )
