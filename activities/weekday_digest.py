"""PostgresDigests: the weekday digest from the record, one letter a place and day."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from temporalio import activity

from activities.correspondence import Correspondence, Letter
from activities.means import Means
from activities.opening import role_in_words
from activities.record import Connection, Pool, Row, audit, once, transaction
from activities.rulebooks import FileRulebooks
from workflows.contract.directory import Directory, Person
from workflows.contract.messages import (
    NATIONAL,
    CaseClock,
    DigestLook,
    DigestPlan,
    DigestWritten,
    PlaceDigest,
)
from workflows.contract.ports import Digests
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import CourtEventKind, Role
from workflows.policy import weekday_digest as digest
from workflows.policy.calendar import is_working_day
from workflows.policy.clock import is_rehearsed
from workflows.policy.court import ends_the_review
from workflows.policy.due import due_moment, on_in_london
from workflows.policy.forecast import forecast, standing_of

LETTER = "weekday_digest"

_OPEN = "c.closed_on IS NULL AND ($1::text IS NULL OR c.region = $1)"
_REGIONS = f"SELECT c.region, c.clock FROM cases c WHERE {_OPEN}"

_QUESTIONS = f"""
    SELECT g.*, c.clock FROM gates g JOIN cases c USING (reference)
    WHERE g.state = 'open' AND {_OPEN}
        AND NOT EXISTS (SELECT FROM decisions d WHERE d.gate = g.gate AND d.void_at IS NULL)
"""
_REVIEWS = f"""
    SELECT c.*, s.version, s.is_submitted, s.interviews_open, s.facts_offered, s.comments_open, s.facts_due_on,
        s.facts_paused_at, ARRAY(SELECT e.kind FROM court_events e
            WHERE e.reference = c.reference AND e.applied_at IS NOT NULL) AS court
    FROM cases c JOIN standings s USING (reference)
    WHERE c.review_due IS NOT NULL AND c.accepted_version IS NULL AND {_OPEN}
"""
_RAISED = f"""
    SELECT e.*, c.clock FROM escalations e JOIN cases c USING (reference)
    WHERE e.state = 'raised' AND {_OPEN}
"""


class PostgresDigests(Digests):
    """The digest of each place from the record; every error that leaves is a code."""

    def __init__(self, pool: Pool, letters: Correspondence, rulebooks: FileRulebooks) -> None:
        self._means = Means(pool, letters, rulebooks)

    @activity.defn
    async def plan_digest(self, look: DigestLook) -> DigestPlan:
        """The day, and where there are cases in real time; nowhere on a weekend or a bank holiday."""
        on = on_in_london(look.at)
        async with transaction(self._means.pool) as connection:
            means = await self._means.with_calendar(connection)
            if not is_working_day(on, means.holidays):
                return DigestPlan(on=on)
            rows = await _in_real_time(connection, _REGIONS, None)
            stranded = await connection.fetchval("SELECT EXISTS (SELECT FROM stranded WHERE resolved_at IS NULL)")
        regions = sorted({row["region"] for row in rows})
        return DigestPlan(on=on, places=(*regions, NATIONAL) if regions or stranded else ())

    @activity.defn
    async def write_digest(self, order: PlaceDigest) -> DigestWritten:
        """The letter of this place and day stands in the outbox, or there was nothing to say."""
        event = f"weekday-digest/{order.on}/{order.place}"

        async def work(connection: Connection) -> DigestWritten:
            return await _write(connection, self._means, order, event)

        done = await once(self._means.pool, event, DigestWritten, work)
        await self._means.letters.send_waiting([event])
        return done


async def _write(connection: Connection, means: Means, order: PlaceDigest, event: str) -> DigestWritten:
    means = await means.with_calendar(connection)
    directory = await means.directory(connection, order.at)
    listed = await _parts(connection, means, order)
    person = digest.recipient(_readers(directory, order.place), directory, order.on)
    if not listed or person is None:
        return DigestWritten(place=order.place, written=False)
    region = directory.region(order.place)
    words = {
        "place": region.name if region else "England and Wales",
        "digest_on": order.on.isoformat(),
        "parts": [_in_words(part) for part in listed],
        "head": await _head(connection),
        "url": means.letters.page_url("/national" if order.place == NATIONAL else "/my"),
    }
    await means.letters.queue(connection, Letter(event, LETTER, person.name, person.email, None, order.at, words=words))
    count = sum(len(part.lines) + part.more for part in listed)
    counts = {part.name: len(part.lines) + part.more for part in listed}
    await audit(connection, order.at, None, "system", "digest_written", order.place, on=order.on, lists=counts)
    return DigestWritten(place=order.place, written=True, listed=count)


def _readers(directory: Directory, place: str) -> Sequence[Person]:
    role = Role.NATIONAL_TEAM if place == NATIONAL else Role.SENIOR_LEAD
    return directory.people_for(role, place, "")


async def _in_real_time(connection: Connection, query: str, region: str | None) -> list[Row]:
    """Rows of the cases that are not rehearsed: those have days of their own, which no morning here belongs to."""
    rows = await connection.fetch(query, region)
    return [row for row in rows if not is_rehearsed(CaseClock.model_validate(row["clock"]))]


async def _parts(connection: Connection, means: Means, order: PlaceDigest) -> list[digest.Part]:
    region = None if order.place == NATIONAL else order.place
    questions = [_question(row, order.at) for row in await _in_real_time(connection, _QUESTIONS, region)]
    reviews = [_review(row, means, order.at) for row in await _in_real_time(connection, _REVIEWS, region)]
    raised = [
        digest.Raised(row["reference"], row["kind"].replace("_", " "), row["raised_at"], order.at)
        for row in await _in_real_time(connection, _RAISED, region)
    ]
    found = list(digest.parts(questions, [one for one in reviews if one], raised, means.holidays))
    return found + (await _stranded(connection) if region is None else [])


async def _stranded(connection: Connection) -> list[digest.Part]:
    """What the comparison of the record with Temporal has open; the national team alone reads it."""
    rows = await connection.fetch("SELECT * FROM stranded WHERE resolved_at IS NULL ORDER BY first_seen, workflow")
    lines = [digest.Line(row["workflow"].removeprefix("sfo/"), row["kind"].replace("_", " ")) for row in rows]
    return [digest.part("stranded", lines)] if lines else []


def _question(row: Row, at: datetime) -> digest.Open:
    question = QUESTIONS.get(row["question"])
    return digest.Open(
        reference=row["reference"],
        title=question.title if question else row["question"],
        role=role_in_words(row["role"]),
        due_on=row["due_on"],
        due_at=row["due_at"],
        opened_at=row["opened_at"],
        paused_at=row["paused_at"],
        late=row["overdue"],
        now=at,
    )


def _review(row: Row, means: Means, at: datetime) -> digest.Review | None:
    """The review's date, by the policy that the review itself goes by; none once its text is submitted or stopped."""
    rulebook = means.rulebook(row["rulebook"], at)
    court = [CourtEventKind(kind) for kind in row["court"]]
    is_stopped = ends_the_review(court, acquittal_ends_it=not rulebook.review_continues_after_acquittal.value)
    if row["is_submitted"] or is_stopped:
        return None
    standing = standing_of(dict(row), on_in_london(row["facts_paused_at"] or at), means.holidays)
    outlook = forecast(
        standing,
        rulebook,
        today=on_in_london(row["paused_at"] or at),
        due_on=row["review_due"],
        holidays=means.holidays,
    )
    return digest.Review(
        reference=row["reference"],
        due_on=row["review_due"],
        is_late=row["review_overdue"] or due_moment(row["review_due"]) < min(at, row["paused_at"] or at),
        at_risk=outlook.at_risk,
        days_left=outlook.days_left,
        paused=row["paused_at"] is not None,
        now=at,
    )


def _in_words(part: digest.Part) -> dict[str, Any]:
    lines = [{**asdict(line), "due_on": line.due_on.isoformat() if line.due_on else None} for line in part.lines]
    return {"name": part.name, "lines": lines, "more": part.more}


async def _head(connection: Connection) -> dict[str, Any]:
    """The newest row of the chain: what is kept in a mailbox shows later that nothing before it was cut off."""
    row = await connection.fetchrow("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
    return {"seq": row["seq"], "hash": row["hash"].hex()} if row else {}
