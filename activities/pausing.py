"""Stopping and resuming the clock of a review: a recorded decision each time, the remaining working days given back.

Rule: design.md 3.4 and 3.12; a trial can stand in the way of interviews, facts.md 5.13.
"""

from dataclasses import dataclass
from datetime import date, datetime

from activities.forecasting import keep_forecast
from activities.handing_over import request_of
from activities.means import Means
from activities.opening import is_on_the_clock
from activities.owing import court_of, is_ended
from activities.record import Connection, Row, audit, decision_uuid, lock_case
from activities.refusing import Refusal, tell_refused
from activities.rescheduling import resumed_date, tell_dates
from workflows.contract.messages import Due, Paused, PauseRecord, ResumeRecord
from workflows.policy import due as moments
from workflows.policy import pausing
from workflows.policy.due import on_in_london


@dataclass(frozen=True)
class Request:
    """Who asked for it and why, as the record holds it; nothing where operations typed the signal."""

    asked_by: str | None = None
    reasons: str | None = None


async def pause_review(connection: Connection, means: Means, record: PauseRecord) -> Paused:
    """The clock stands still, with the questions that hang on it, and whoever is asked one has a letter on the way.

    Standing still already, nothing changes. Nothing under review: refused, and the audit says why.
    """
    case = await lock_case(connection, record.reference)
    if case["paused_at"] is not None:
        return Paused(is_paused=True)
    request = await _request(connection, record)
    if why := await _why_not(connection, means, case, record.at):
        refusal = Refusal(record.reference, record.event, record.at, "pause", why)
        await tell_refused(connection, means, refusal)
        return Paused(is_paused=False, refused=why)
    means = await means.with_calendar(connection)
    paused_on = on_in_london(record.at)
    left = pausing.days_left(paused_on, case["review_due"], means.holidays)
    number = await _insert(connection, record, request, case["review_due"], left)
    await connection.execute("UPDATE cases SET paused_at = $2 WHERE reference = $1", record.reference, record.at)
    gates = await _gates(connection, record.reference)
    await connection.execute(
        "UPDATE gates SET paused_at = $2 WHERE gate = ANY($1) AND paused_at IS NULL",
        [gate["gate"] for gate in gates],
        record.at,
    )
    dates = [(gate, gate["due_on"]) for gate in gates]
    await tell_dates(connection, means, dates, record.event, record.at, "clock_paused")
    await _note(connection, record, request, "clock_paused", number=number, due_on=case["review_due"], days_left=left)
    return Paused(is_paused=True)


async def resume_review(connection: Connection, means: Means, record: ResumeRecord) -> Paused:
    """The clock runs again: the review's date has its remaining working days back and the original stays beside it.

    The questions that stood still get their own dates one by one, in `reschedule_gate`; the letter names them already.
    """
    case = await lock_case(connection, record.reference)
    if case["paused_at"] is None:
        return Paused(is_paused=False, due=_due(case["review_due"]))
    means = await means.with_calendar(connection)
    request = await _request(connection, record)
    new_due = await _move(connection, means, case, record)
    await connection.execute(
        """
        UPDATE pauses SET resumed_at = $2, resumed_by = $3, resume_reason_code = $4, new_due = $5
        WHERE reference = $1 AND resumed_at IS NULL
        """,
        record.reference,
        record.at,
        request.asked_by,
        str(record.reason),
        new_due,
    )
    await connection.execute(
        "UPDATE cases SET paused_at = NULL, review_due = $2 WHERE reference = $1", record.reference, new_due
    )
    if new_due and not is_ended(means, case, await court_of(connection, record.reference), record.at):
        await _tell_resumed(connection, means, record, new_due)
    await keep_forecast(connection, means, record.reference, record.at)
    await _note(
        connection,
        record,
        request,
        "clock_resumed",
        from_on=case["review_due"],
        to_on=new_due,
        original_on=case["original_review_due"],
    )
    return Paused(is_paused=False, due=_due(new_due))


async def _why_not(connection: Connection, means: Means, case: Row, at: datetime) -> str | None:
    """Only a review that has a date and is neither finished nor ended by the court has a clock to stop."""
    if case["closed_on"] is not None:
        return "case_closed"
    if case["accepted_version"] is not None:
        return "review_accepted"
    if is_ended(means, case, await court_of(connection, case["reference"]), at):
        return "review_ended"
    return "nothing_under_review" if case["review_due"] is None else None


def _due(on: date | None) -> Due | None:
    return moments.due(on) if on else None


async def _request(connection: Connection, record: PauseRecord | ResumeRecord) -> Request:
    row = await request_of(connection, record.event)
    return Request(row["asked_by"], row["reasons"]) if row else Request()


async def _insert(connection: Connection, record: PauseRecord, request: Request, due_on: date, left: int) -> int:
    number: int = await connection.fetchval(
        """
        INSERT INTO pauses (reference, number, reason_code, reasons, paused_by, paused_at, review_due, days_left)
        SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6, $7 FROM pauses WHERE reference = $1
        RETURNING number
        """,
        record.reference,
        str(record.reason),
        request.reasons,
        request.asked_by,
        record.at,
        due_on,
        left,
    )
    return number


async def _gates(connection: Connection, reference: str) -> list[Row]:
    """The open questions that hang on the clock of the review."""
    rows = await connection.fetch(
        "SELECT * FROM gates WHERE reference = $1 AND state = 'open' ORDER BY gate", reference
    )
    return [row for row in rows if is_on_the_clock(row["stage"])]


async def _move(connection: Connection, means: Means, case: Row, record: ResumeRecord) -> date | None:
    """The review's date once the clock runs again, noted where it moves; none where the review was stopped."""
    due_on: date | None = case["review_due"]
    if due_on is None:
        return None
    # A date that was fixed during the pause, for a later review, lost only the days since.
    fixed_at = await connection.fetchval(
        "SELECT max(at) FROM deadlines WHERE reference = $1 AND what = 'review' AND rule = 'review'", record.reference
    )
    stood_on = on_in_london(max(case["paused_at"], fixed_at or case["paused_at"]))
    new_due = pausing.resumed(due_on, stood_on, on_in_london(record.at), means.holidays)
    if new_due == due_on:
        return due_on
    await connection.execute(
        """
        INSERT INTO deadlines (reference, what, due_on, original_due_on, rulebook, rule, decision, late, at)
        VALUES ($1, 'review', $2, $3, $4, 'pause', $5, $6, $7)
        """,
        record.reference,
        new_due,
        case["original_review_due"],
        record.rulebook,
        decision_uuid(record.event),
        case["review_overdue"],
        record.at,
    )
    return new_due


async def _tell_resumed(connection: Connection, means: Means, record: ResumeRecord, new_due: date) -> None:
    case = await lock_case(connection, record.reference)
    dates = []
    for gate in await _gates(connection, record.reference):
        moved = await resumed_date(connection, means, case, gate) if gate["paused_at"] else None
        dates.append((gate, moved.due_on if moved else gate["due_on"]))
    await tell_dates(connection, means, dates, record.event, record.at, "clock_resumed", due=new_due.isoformat())


async def _note(
    connection: Connection, record: PauseRecord | ResumeRecord, request: Request, action: str, **detail: object
) -> None:
    is_of_itself = "/ended-" in record.event  # the review was finished or stopped while its clock stood still
    actor = request.asked_by or ("system" if is_of_itself else "operations")
    await audit(
        connection, record.at, record.reference, actor, action, "review", event=record.event, reason=record.reason,
        **detail,
    )  # fmt: skip
