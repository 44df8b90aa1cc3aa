"""Whether a review will be late, while there is still time. Rule: facts.md 6.6; the figures `[forecast.*]` are ours.

What remains is counted in working days, one part after another, against the working days left: today does not count,
the due date does. More needed than left is at risk. Once the date has passed the review is overdue, which is
another thing and said elsewhere. While the clock stands still, `today` is the day of the pause.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from workflows.contract.rulebook import DeadlineRule, Rulebook, Unit

from .calendar import add_working_days, working_days_between

_DAY = timedelta(days=1)
_WORKING_DAYS_A_WEEK, _WORKING_DAYS_A_MONTH = 5, 22  # without holidays, so that a forecast errs towards early


@dataclass(frozen=True)
class Standing:
    """How far a review has come, in counts and facts about its version in hand.

    `facts_offered`: the Head of PDU has commented, said none, or let the period pass. `facts_days_left`: working days
    of that period still to run while the question stands open; none before it was asked.
    """

    interviews_open: int
    has_draft: bool
    facts_offered: bool
    comments_open: int
    is_submitted: bool
    facts_days_left: int | None = None


def standing_of(row: Mapping[str, Any], at_on: date, holidays: Collection[date]) -> Standing:
    """How far a review has come by the record's row of it, on this date in London."""
    facts_due: date | None = row["facts_due_on"]
    return Standing(
        interviews_open=row["interviews_open"],
        has_draft=row["version"] is not None,
        facts_offered=row["facts_offered"],
        comments_open=row["comments_open"],
        is_submitted=row["is_submitted"],
        facts_days_left=working_days_between(at_on, facts_due, holidays) if facts_due else None,
    )


@dataclass(frozen=True)
class Outlook:
    """Working days left and needed, whether that is a risk, and the codes of what remains."""

    days_left: int
    days_needed: int
    at_risk: bool
    remaining: tuple[str, ...]


# Every standing that a review may rest in, with a different need of days.
_RESTS = (
    Standing(interviews_open=1, has_draft=False, facts_offered=False, comments_open=0, is_submitted=False),
    Standing(interviews_open=1, has_draft=True, facts_offered=False, comments_open=0, is_submitted=False),
    Standing(interviews_open=0, has_draft=False, facts_offered=False, comments_open=0, is_submitted=False),
    Standing(interviews_open=0, has_draft=True, facts_offered=False, comments_open=0, is_submitted=False),
    Standing(interviews_open=0, has_draft=True, facts_offered=True, comments_open=1, is_submitted=False),
    Standing(interviews_open=0, has_draft=True, facts_offered=True, comments_open=0, is_submitted=False),
)


def remaining(standing: Standing) -> tuple[str, ...]:
    """What is still to do, in order: `interviews:2`, `draft`, `facts`, `comments:3`, `submit`; none once submitted."""
    if standing.is_submitted:
        return ()
    parts = (
        (f"interviews:{standing.interviews_open}", standing.interviews_open > 0),
        ("draft", not standing.has_draft),
        ("facts", not standing.facts_offered),
        (f"comments:{standing.comments_open}", standing.comments_open > 0),
        ("submit", True),
    )
    return tuple(code for code, is_open in parts if is_open)


def days_needed(standing: Standing, rulebook: Rulebook) -> int:
    """Working days that the remaining parts take, one after another; interviews go side by side and count once.

    Answering comments counts while comments may still come, and while any is unanswered.
    """
    if standing.is_submitted:
        return 0
    figures = rulebook.forecast
    needs = (
        (figures.interviews.value, standing.interviews_open > 0),
        (figures.draft.value, not standing.has_draft),
        (_facts_days(standing, rulebook), not standing.facts_offered),
        (figures.answer_comments.value, not standing.facts_offered or standing.comments_open > 0),
        (figures.submit.value, True),
    )
    return sum(days for days, is_open in needs if is_open)


def forecast(
    standing: Standing, rulebook: Rulebook, *, today: date, due_on: date, holidays: Collection[date]
) -> Outlook:
    """How a review stands towards its date; at risk only up to and on the date, never after it."""
    left, needed = working_days_between(today, due_on, holidays), days_needed(standing, rulebook)
    return Outlook(left, needed, today <= due_on and needed > left, remaining(standing))


def at_risk_until(rulebook: Rulebook, today: date, holidays: Collection[date]) -> date:
    """The last date of a review that can be at risk on this day: a later one leaves time for all that it may need."""
    return add_working_days(today, max(days_needed(rest, rulebook) for rest in _RESTS), holidays)


def latest_starts(rulebook: Rulebook, due_on: date, holidays: Collection[date]) -> tuple[date, ...]:
    """The dates, in order, on which a review that does not move turns at risk: working days up to the due date.

    Each is the day after the last on which the work was still in time: with interviews outstanding, a draft missing,
    facts not offered, comments unanswered, or only the submission left.
    """
    needs = {days_needed(rest, rulebook) for rest in _RESTS}
    return tuple(sorted(add_working_days(due_on + _DAY, -days, holidays) for days in needs if days > 0))


def _facts_days(standing: Standing, rulebook: Rulebook) -> int:
    """The whole period, or what is left of it while it runs."""
    whole = _in_working_days(rulebook.deadlines["facts"])
    return whole if standing.facts_days_left is None else min(whole, max(standing.facts_days_left, 0))


def _in_working_days(rule: DeadlineRule) -> int:
    if rule.unit is Unit.WORKING_DAYS:
        return rule.amount
    if rule.unit is Unit.CALENDAR_DAYS:
        return math.ceil(rule.amount * _WORKING_DAYS_A_WEEK / 7)
    return rule.amount * _WORKING_DAYS_A_MONTH
