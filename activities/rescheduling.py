"""The schedule of an open question made anew: after a pause, or for a bank holiday announced late.

Rule: design.md 3.12. Each is a recorded decision, of a person or of the calendar; the original date stays.
"""

from dataclasses import dataclass
from datetime import date, datetime

from temporalio.exceptions import ApplicationError

from activities.correspondence import Letter
from activities.hearing import Hearing, hearing_of
from activities.means import Means
from activities.opening import question_of
from activities.record import Connection, Row, audit
from activities.scheduling import REVIEW, arm_anew
from workflows.contract import ids
from workflows.contract.messages import Rearmed, Reschedule
from workflows.contract.vocabulary import DateCause, GateState
from workflows.policy import due as moments
from workflows.policy import pausing
from workflows.policy.calendar import rebased
from workflows.policy.due import on_in_london


@dataclass(frozen=True)
class Moved:
    """The date of a question, what it is counted from, and where its ladder starts, once its clock runs again."""

    due_on: date
    counted_from: date | None
    counted_days: int | None
    ladder_from: date | None


async def reschedule_gate(connection: Connection, means: Means, reschedule: Reschedule) -> Rearmed:
    """The question has the date and the steps that follow; one that is no longer open keeps its date, without steps.

    Errors: `UnknownGate` where the record holds no such question, final.
    """
    hearing = await hearing_of(connection, means, reschedule.gate, reschedule.at)
    if hearing is None:
        raise ApplicationError("no such question in the record", type="UnknownGate", non_retryable=True)
    gate = hearing.gate
    if gate["state"] != GateState.OPEN:
        return Rearmed(gate=hearing.name, due=moments.due(gate["due_on"]), steps=(), overdue=gate["overdue"])
    if reschedule.cause is DateCause.RESUMED:
        due_on = await _resume(hearing)
    else:
        due_on = await _rebase(hearing, reschedule.holiday)
    steps = await arm_anew(connection, hearing.means, hearing.name, reschedule.at)
    return Rearmed(gate=hearing.name, due=moments.due(due_on), steps=steps, overdue=gate["overdue"])


def date_moved_event(gate: str, holiday: date) -> str:
    """The business event of telling people in this case of this holiday: one letter each, however many questions."""
    return f"{ids.reference_of(gate)}/calendar/{holiday}"


# --- after a pause -----------------------------------------------------------------------------------


async def _resume(hearing: Hearing) -> date:
    """The remaining working days come back, once: afterwards the question no longer stands still."""
    gate, case = hearing.gate, hearing.place.case
    due_on: date = gate["due_on"]
    if gate["paused_at"] is None:
        return due_on
    moved = await resumed_date(hearing.connection, hearing.means, case, gate)
    await hearing.connection.execute(
        """
        UPDATE gates SET due_on = $2, due_at = $3, counted_from = $4, counted_days = $5, ladder_from = $6,
            paused_at = $7
        WHERE gate = $1
        """,
        hearing.name,
        moved.due_on,
        moments.due_moment(moved.due_on),
        moved.counted_from,
        moved.counted_days,
        moved.ladder_from,
        case["paused_at"],  # stopped again before this question heard of the first end
    )
    if moved.due_on != due_on and gate["deadline"] != REVIEW:  # the review's own date moved with the case
        await record_date(hearing.connection, gate, moved.due_on, "pause", hearing.at)
    await _note(hearing, "gate_resumed", moved.due_on)
    return moved.due_on


async def resumed_date(connection: Connection, means: Means, case: Row, gate: Row) -> Moved:
    """What becomes of an open question's date by every pause that has ended since its clock stopped.

    A question on the review's date has the date of the case, as it stands after the pause. `means` hold the calendar.
    """
    holidays = means.holidays
    due_on = rebased(gate["due_on"], gate["counted_from"], gate["counted_days"], holidays)
    counted_from, counted_days = gate["counted_from"], gate["counted_days"]
    late_from = ladder_from = gate["ladder_from"]
    is_late = gate["paused_at"] is not None and gate["due_at"] < gate["paused_at"]
    for paused_on, resumed_on in await _pauses(connection, gate):
        new_on = pausing.resumed(due_on, paused_on, resumed_on, holidays)
        if new_on != due_on and counted_days is not None:
            counted_from = resumed_on
            counted_days = max(pausing.days_left(paused_on, due_on, holidays), 1)
        due_on = new_on
        late_from = late_from or max(gate["due_on"], on_in_london(gate["opened_at"]))
        ladder_from = late_from = pausing.ladder_from(late_from, paused_on, resumed_on, holidays)
    if gate["deadline"] == REVIEW and case["review_due"]:
        due_on = case["review_due"]
    return Moved(due_on, counted_from, counted_days, ladder_from if is_late else None)


async def _pauses(connection: Connection, gate: Row) -> list[tuple[date, date]]:
    """Each pause that held this question and has ended, as dates in London, in order."""
    rows = await connection.fetch(
        """
        SELECT greatest(paused_at, $2) AS paused_at, resumed_at FROM pauses
        WHERE reference = $1 AND resumed_at >= $2 ORDER BY number
        """,
        gate["reference"],
        gate["paused_at"],
    )
    return [(on_in_london(row["paused_at"]), on_in_london(row["resumed_at"])) for row in rows]


# --- a holiday announced late ------------------------------------------------------------------------


async def _rebase(hearing: Hearing, holiday: date | None) -> date:
    """The date as counted with every holiday now known. Nothing moves twice: a date that is so counted stays."""
    gate = hearing.gate
    due_on: date = gate["due_on"]
    new_on = _rebased(hearing, gate)
    if holiday is None or new_on == due_on:
        return due_on
    await _tell(hearing, holiday)
    await hearing.connection.execute(
        "UPDATE gates SET due_on = $2, due_at = $3 WHERE gate = $1",
        hearing.name,
        new_on,
        moments.due_moment(new_on),
    )
    await record_date(hearing.connection, gate, new_on, "calendar", hearing.at)
    await _note(hearing, "deadline_rebased", new_on, holiday=holiday)
    return new_on


def _rebased(hearing: Hearing, gate: Row) -> date:
    return rebased(gate["due_on"], gate["counted_from"], gate["counted_days"], hearing.means.holidays)


async def _tell(hearing: Hearing, holiday: date) -> None:
    """Whoever is asked anything whose date moves has one letter with all of it, at the first question that moves."""
    rows = await hearing.connection.fetch(
        "SELECT * FROM gates WHERE reference = $1 AND state = 'open' AND paused_at IS NULL ORDER BY due_on, gate",
        hearing.place.reference,
    )
    moving = [(row, new_on) for row in rows if (new_on := _rebased(hearing, row)) != row["due_on"]]
    event = date_moved_event(hearing.name, holiday)
    await tell_dates(hearing.connection, hearing.means, moving, event, hearing.at, "date_moved")


async def tell_dates(
    connection: Connection,
    means: Means,
    dates: list[tuple[Row, date]],
    event: str,
    at: datetime,
    letter: str,
    **words: str,
) -> None:
    """Each person and deputy who is asked has one letter of this event, with every one of their questions and dates."""
    told: dict[str, tuple[str, str, list[dict[str, str]]]] = {}
    for gate, due_on in dates:
        question = {"title": question_of(gate["question"]).title, "due": due_on.isoformat()}
        for who in ("person", "deputy"):
            if email := gate[f"{who}_email"]:
                told.setdefault(email.lower(), (gate[f"{who}_name"] or "", email, []))[2].append(question)
    for name, email, questions in told.values():
        reference = ids.reference_of(dates[0][0]["gate"])
        await means.letters.queue(
            connection, Letter(event, letter, name, email, reference, at, words={**words, "questions": questions})
        )


async def record_date(connection: Connection, gate: Row, due_on: date, rule: str, at: datetime) -> None:
    """The question's new date stands beside its original one."""
    await connection.execute(
        """
        INSERT INTO deadlines (reference, what, due_on, original_due_on, rulebook, rule, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        gate["reference"],
        gate["gate"],
        due_on,
        gate["original_due_on"],
        gate["rulebook"],
        rule,
        at,
    )


async def _note(hearing: Hearing, action: str, due_on: date, **detail: object) -> None:
    gate = hearing.gate
    await audit(
        hearing.connection,
        hearing.at,
        hearing.place.reference,
        "system",
        action,
        hearing.name,
        from_on=gate["due_on"],
        to_on=due_on,
        original_on=gate["original_due_on"],
        **detail,
    )
