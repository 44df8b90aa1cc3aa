"""How a review stands towards its date, from the record; whoever can still help is told while there is time.

Rule: facts.md 6.6. What a forecast needs is policy's; what remains is counted here, in numbers, never in names.
"""

from datetime import datetime
from uuid import UUID

from activities.correspondence import Letter
from activities.means import Means
from activities.people import Place
from activities.record import Connection, Row, audit, lock_case, remember, remembered
from workflows.contract.messages import DateLook, DateSeen, Forecast
from workflows.contract.vocabulary import Role
from workflows.policy.ahead import looks
from workflows.policy.due import due_moment, on_in_london
from workflows.policy.forecast import Outlook, Standing, forecast, standing_of

_WORDS = {
    "interviews": ("interview not held yet", "interviews not held yet"),
    "comments": ("comment on factual accuracy not answered", "comments on factual accuracy not answered"),
    "draft": ("draft not ready", ""),
    "facts": ("factual accuracy not checked", ""),
    "submit": ("review not submitted", ""),
}


DATE_LETTERS = ("at_risk", "review_late")
"""What is told of a review's date; the event of each is the case, the letter and the date."""


async def outlook_of(connection: Connection, means: Means, case: Row, at: datetime) -> Outlook | None:
    """The outlook of the case's review at this moment; none without a date, or once it was accepted.

    While its clock stands still: as it stood.

    `means` hold the calendar of the record.
    """
    if case["review_due"] is None or case["accepted_version"] is not None:
        return None
    today = on_in_london(case["paused_at"] or at)
    standing = await _standing(connection, means, case["reference"], at)
    rulebook = means.rulebook(case["rulebook"], at)
    return forecast(standing, rulebook, today=today, due_on=case["review_due"], holidays=means.holidays)


async def keep_forecast(connection: Connection, means: Means, reference: str, at: datetime) -> Forecast | None:
    """The case holds whether its review is at risk; where it has turned so, the two who can help have letters.

    One letter a person for each due date, however often the outlook turns. None: the case has no review date.
    """
    case = await lock_case(connection, reference)
    outlook = await outlook_of(connection, means, case, at)
    if outlook is None:
        await connection.execute("UPDATE cases SET at_risk = false WHERE reference = $1 AND at_risk", reference)
        return None
    await connection.execute("UPDATE cases SET at_risk = $2 WHERE reference = $1", reference, outlook.at_risk)
    if outlook.at_risk and not case["at_risk"]:
        await _tell(connection, means, case, "at_risk", in_lines(outlook), at)
        await audit(
            connection,
            at,
            reference,
            "system",
            "at_risk",
            "review",
            due_on=case["review_due"],
            days_left=outlook.days_left,
            days_needed=outlook.days_needed,
            remaining=list(outlook.remaining),
        )
    return Forecast(at_risk=outlook.at_risk, remaining=outlook.remaining)


def in_lines(outlook: Outlook | None) -> list[str]:
    """What remains and how long there is, as letters say it: `2 interviews not held yet`, `18 working days left`."""
    if outlook is None or not outlook.remaining:
        return []
    lines = [_line(code) for code in outlook.remaining]
    if outlook.days_left >= 0:
        lines.append(f"{outlook.days_left} working day{'' if outlook.days_left == 1 else 's'} left")
    return lines


def _line(code: str) -> str:
    what, _, count = code.partition(":")
    one, more = _WORDS[what]
    return f"{count} {one if count == '1' else more}" if count else one


async def look_at_date(connection: Connection, means: Means, look: DateLook) -> DateSeen:
    """The outlook of this moment stands in the record, and that the review is overdue once it is.

    Overdue stands until the text is submitted, also where more time was granted late. Rule: design.md 3.4.
    """
    means = await means.with_calendar(connection)
    found = await keep_forecast(connection, means, look.reference, look.at)
    if found is None:
        return DateSeen()
    case = await lock_case(connection, look.reference)
    is_late = bool(found.remaining) and _has_passed(case, look.at)
    if is_late:
        await _mark_late(connection, means, case, look.at)
    overdue = bool(found.remaining) and (is_late or case["review_overdue"])
    return DateSeen(forecast=found, overdue=overdue, look_at=_next_look(means, case, look.at))


def _has_passed(case: Row, at: datetime) -> bool:
    """While the clock stands still nothing becomes overdue. Rule: design.md 3.12."""
    return due_moment(case["review_due"]) < min(at, case["paused_at"] or at)


def _next_look(means: Means, case: Row, at: datetime) -> datetime | None:
    """The next morning on which a review that stands still turns at risk, or the moment at which it is overdue."""
    planned = looks(means.rulebook(case["rulebook"], at), case["review_due"], means.holidays)
    return next((moment for moment in planned if at < moment), None)


async def _mark_late(connection: Connection, means: Means, case: Row, at: datetime) -> None:
    """Once a date. Where no question stands on the date, nobody would be chased, so the two who can help are told."""
    reference, due_on = case["reference"], case["review_due"]
    known = f"{reference}/review-overdue/{due_on}"
    if await remembered(connection, known):
        return
    await remember(connection, known, True)
    await connection.execute("UPDATE cases SET review_overdue = true WHERE reference = $1", reference)
    is_chased = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM gates WHERE reference = $1 AND state = 'open' AND deadline = 'review')", reference
    )
    if not is_chased:
        outlook = await outlook_of(connection, means, case, at)
        await _tell(connection, means, case, "review_late", in_lines(outlook), at)
    await audit(connection, at, reference, "system", "review_overdue", "review", due_on=due_on, chased=is_chased)


async def _tell(connection: Connection, means: Means, case: Row, letter: str, lines: list[str], at: datetime) -> None:
    """The reviewing manager and the senior lead each have this letter once for each date of the review."""
    place = Place(connection, await means.directory(connection, at), case)
    due = case["review_due"].isoformat()
    event = f"{place.reference}/{letter}/{due}"
    for person in await place.recipients((Role.REVIEWING_MANAGER, Role.SENIOR_LEAD)):
        gate, link = await link_to_text(connection, place.reference, person.email)
        words = {"due": due, "lines": lines}
        await means.letters.queue(
            connection, Letter(event, letter, person.name, person.email, place.reference, at, gate, link, words)
        )


async def link_to_text(connection: Connection, reference: str, email: str) -> tuple[str | None, UUID | None]:
    """The gate and link by which this person was asked for the text last: its page leads to more time and why."""
    row = await connection.fetchrow(
        """
        SELECT l.gate, l.link FROM links l JOIN gates g USING (gate)
        WHERE g.reference = $1 AND g.question IN ('draft', 'submit') AND l.revoked_at IS NULL
            AND g.state IN ('open', 'decided') AND lower(l.email) = lower($2)
        ORDER BY g.state = 'open' DESC, g.opened_at DESC LIMIT 1
        """,
        reference,
        email,
    )
    return (row["gate"], row["link"]) if row else (None, None)


async def _standing(connection: Connection, means: Means, reference: str, at: datetime) -> Standing:
    row = await connection.fetchrow("SELECT * FROM standings WHERE reference = $1", reference)
    if row is None:  # the caller holds the case's row
        raise LookupError("no such case in the record")
    return standing_of(dict(row), on_in_london(row["facts_paused_at"] or at), means.holidays)
