"""More time for a review: asked by its reviewing manager, one request at a time, decided by the rulebook's role."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID, uuid4

import asyncpg

from starter.connections import Connection
from starter.judging import Rules
from starter.record import append_audit
from starter.reports import LockedCase, ReportRefusedError, court_of, locked_case, open_case_of
from workflows.contract.vocabulary import ReasonCode, Role
from workflows.policy.authority import same_person
from workflows.policy.court import ends_the_review
from workflows.policy.deadlines import extension_decider, proposed
from workflows.policy.due import due_moment, on_in_london
from workflows.policy.pausing import was_late


@dataclass(frozen=True, slots=True)
class MoreTime:
    """One request for a later date of a review, in its author's words; `reasons` stay in the record."""

    new_on: date
    code: ReasonCode
    reasons: str | None = None
    request: UUID = field(default_factory=uuid4)


async def request_extension(connection: Connection, reference: str, wanted: MoreTime, email: str) -> UUID:
    """Put the reviewing manager's request for a later date on the record; one waits at a time.

    The same request twice is one. Raises ReportRefusedError. Whoever asks never decides it. Rule: design.md 2,
    review: asked with a reason and a date; the original date is never forgotten.
    """
    request, new_on = wanted.request, wanted.new_on
    async with connection.transaction():
        case = await open_case_of(connection, reference)
        if await connection.fetchval("SELECT EXISTS (SELECT FROM sfo.extension_requests WHERE request = $1)", request):
            return request
        await _check_extension(connection, case, new_on, email)
        late = _is_late(case)
        await connection.execute(
            """INSERT INTO sfo.extension_requests
                   (request, reference, new_on, reason_code, reasons, late, at, requested_by)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
            request,
            reference,
            new_on,
            str(wanted.code),
            wanted.reasons,
            late,
            case.now,
            email,
        )
        detail = {"new_on": new_on.isoformat(), "reason": str(wanted.code), "late": late}
        await append_audit(connection, case.now, reference, email, "extension_requested", str(request), detail)
        return request


@dataclass(frozen=True, slots=True)
class Requests:
    """The dates of a review and every request for more time, the oldest first, each with what was decided and why.

    `is_owed`: the text of the review is still to be submitted, so there is a date to move.
    """

    today: date
    due_on: date | None
    original_on: date | None
    is_owed: bool
    made: tuple[asyncpg.Record, ...]

    @property
    def waiting(self) -> asyncpg.Record | None:
        """The request that waits for its decision; one at a time."""
        return next((row for row in self.made if row["granted"] is None and row["void_at"] is None), None)


async def requests_of(connection: Connection, reference: str) -> Requests:
    """Read what was asked for and decided in this case. Raises ReportRefusedError where there is no such case."""
    async with connection.transaction():
        case = await locked_case(connection, reference)
        made = await connection.fetch(_MADE, reference)
        is_owed = await _is_owed(connection, case)
    row = case.row
    return Requests(on_in_london(case.now), row["review_due"], row["original_review_due"], is_owed, tuple(made))


# The first request for a date belongs to the first question about it, the second to the second: clocks may differ.
_MADE = """
    WITH asked AS (
        SELECT subject, role, due_on, gate, row_number() OVER (PARTITION BY subject ORDER BY opened_at, gate) AS n
        FROM sfo.gates WHERE reference = $1 AND question = 'extension' AND state <> 'withdrawn'
    ), made AS (
        SELECT *, row_number() OVER (PARTITION BY new_on, void_at IS NULL ORDER BY at, request) AS n
        FROM sfo.extension_requests WHERE reference = $1
    )
    SELECT made.*, asked.role AS asked_of, asked.due_on AS decided_by_on, d.reasons AS decided_because
    FROM made
    LEFT JOIN asked ON asked.subject = made.new_on::text AND asked.n = made.n AND made.void_at IS NULL
    LEFT JOIN sfo.decisions d ON d.decision = made.decision
    ORDER BY made.at, made.request
"""


async def later_by(connection: Connection, reference: str, *, months: int = 0, weeks: int = 0) -> date:
    """The date this far after the review's date as it stands. Raises ReportRefusedError."""
    async with connection.transaction():
        case = await open_case_of(connection, reference)
        due_on = _review_due(case)
        try:
            return proposed(due_on, months=months, weeks=weeks, original_on=case.row["original_review_due"])
        except ValueError as error:
            raise ReportRefusedError(str(error)) from None


async def extension_decided_by(connection: Connection, rules: Rules, reference: str, new_on: date) -> Role:
    """Whom the rulebook of the case asks to decide on this date."""
    case = await locked_case(connection, reference)
    return extension_decider(case.row["original_review_due"], new_on, rules.pinned(case.row["rulebook"]))


def _is_late(case: LockedCase) -> bool:
    """Asked after the date; while the clock stands still, only if the date had passed by then."""
    return was_late(case.now, due_moment(case.row["review_due"]), case.row["paused_at"])


def _review_due(case: LockedCase) -> date:
    due_on: date | None = case.row["review_due"]
    if due_on is None:
        raise ReportRefusedError(f"{case.reference} has no review date yet; nothing can be extended")
    return due_on


async def _is_owed(connection: Connection, case: LockedCase) -> bool:
    """Whether the text is still to be submitted, and neither the court nor a reduced charge has ended the review."""
    row, court = case.row, await court_of(connection, case.reference)
    if row["closed_on"] or row["accepted_version"] or row["review_due"] is None or ends_the_review(court):
        return False
    submitted = await connection.fetchval("SELECT is_submitted FROM sfo.standings WHERE reference = $1", case.reference)
    return not submitted


async def _may_ask(connection: Connection, case: LockedCase, email: str) -> bool:
    """The reviewing manager, or the recorded deputy to whom the open question for the text has gone."""
    author = await connection.fetchval(
        "SELECT email FROM sfo.appointments WHERE reference = $1 AND role = $2",
        case.reference,
        str(Role.REVIEWING_MANAGER),
    )
    deputies = await connection.fetch(
        "SELECT deputy_email FROM sfo.gates WHERE reference = $1 AND state = 'open' AND deadline = 'review'",
        case.reference,
    )
    return any(same_person(one, email) for one in (author, *(row["deputy_email"] for row in deputies)))


async def _check_extension(connection: Connection, case: LockedCase, new_on: date, email: str) -> None:
    due_on = _review_due(case)
    today = on_in_london(case.now)
    if new_on < today:
        raise ReportRefusedError(f"{new_on} lies in the past; today is {today} in this case, ask for a later date")
    if new_on <= due_on:
        raise ReportRefusedError(f"the review is due on {due_on} already; ask for a later date")
    if not await _is_owed(connection, case):
        raise ReportRefusedError(f"the review of {case.reference} is submitted or stopped; no date is left to move")
    if not await _may_ask(connection, case, email):
        raise ReportRefusedError(
            "only the reviewing manager of the case, or a deputy who is asked for the text, asks for more time; "
            "give their address"
        )
    waiting = await connection.fetchval(
        "SELECT count(*) FROM sfo.extension_requests WHERE reference = $1 AND granted IS NULL AND void_at IS NULL",
        case.reference,
    )
    if waiting:
        raise ReportRefusedError("an earlier request is still waiting for its decision; wait for that")
