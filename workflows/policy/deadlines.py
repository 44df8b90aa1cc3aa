"""Due dates: counted once from a rule and a date, moved only by a decision. Rule: design.md 3.4, 6; facts.md 2.

A due date that is not a working day stays where it is: no source moves it.
"""

from collections.abc import Collection
from datetime import date

from dateutil.relativedelta import relativedelta

from workflows.contract.messages import Due
from workflows.contract.rulebook import DeadlineRule, ReviewAnchor, Rulebook, Unit
from workflows.contract.vocabulary import Role

from . import due as moments
from .calendar import add_working_days


def due_on(rule: DeadlineRule, from_on: date, holidays: Collection[date]) -> date:
    """The date by which something counted from `from_on` is due.

    Calendar months end on the same day of the month, or on its last day where there is no such day.
    """
    if rule.unit is Unit.WORKING_DAYS:
        return add_working_days(from_on, rule.amount, holidays)
    if rule.unit is Unit.CALENDAR_DAYS:
        return from_on + relativedelta(days=rule.amount)
    return from_on + relativedelta(months=rule.amount)


def due(rule: DeadlineRule, from_on: date, holidays: Collection[date]) -> Due:
    """The due date together with its moment in UTC."""
    return moments.due(due_on(rule, from_on, holidays))


def review_counted_from(
    rulebook: Rulebook,
    *,
    charged_on: date,
    appeared_on: date | None,
    notified_on: date | None,
    required_on: date | None = None,
) -> date | None:
    """The date from which the review's three months run, or none while it has not happened. Rule: facts.md 2.4.

    `required_on` is the date of the amended charge that made a review due; no month runs before there is one to
    write. That is our reading of facts.md 5.7, which names no clock.
    """
    anchor = {
        ReviewAnchor.CHARGE: charged_on,
        ReviewAnchor.FIRST_APPEARANCE: appeared_on,
        ReviewAnchor.NOTIFICATION: notified_on,
    }[rulebook.review_anchor.value]
    return max(anchor, required_on) if anchor and required_on else anchor


def proposed(base_on: date, *, months: int = 0, weeks: int = 0, original_on: date | None = None) -> date:
    """The date that lies this far after `base_on`, the date as it stands: months first, then weeks.

    Where the date as it stands is `original_on` and whole months, the months count from the original, so that
    31 January leads by way of 28 February to 31 March. Days off move nothing: what is counted from was never rolled.
    Errors: ValueError for a date beyond the calendar.
    """
    start, whole = _whole_months(original_on or base_on, base_on)
    try:
        return start + relativedelta(months=whole + months, weeks=weeks)
    except (OverflowError, ValueError):
        raise ValueError("months, weeks: lead beyond the calendar; give fewer") from None


def extended(
    base_on: date,
    new_on: date,
    rulebook: Rulebook,
    *,
    current_on: date | None = None,
    by: Role | None = None,
    today: date | None = None,
    asked_on: date | None = None,
) -> str | None:
    """Why the review's date may not be moved to `new_on`, or none when it may. Rule: facts.md 2.6, design.md 3.4.

    `base_on` is the original date, `current_on` the date as it stands (the original unless given), `by` the role that
    decides, `asked_on` the date that was asked for. Codes: `in_the_past` before `today`, `not_later`,
    `later_than_asked`, `too_long` for one extension, `beyond_cap` of all together for this role.
    """
    rule, current = rulebook.extension, current_on or base_on
    if today and new_on < today:
        return "in_the_past"
    if new_on <= current:
        return "not_later"
    if asked_on and new_on > asked_on:
        return "later_than_asked"
    if new_on > proposed(current, months=rule.longest_months.value, original_on=base_on):
        return "too_long"
    if _is_beyond_cap(base_on, new_on, rulebook) and by is not rule.cap_decider.value:
        return "beyond_cap"
    return None


def extension_decider(base_on: date, new_on: date, rulebook: Rulebook) -> Role:
    """Who decides on this date: the ordinary decider, or beyond the cap counted from the original the other."""
    rule = rulebook.extension
    return rule.cap_decider.value if _is_beyond_cap(base_on, new_on, rulebook) else rule.decider.value


def _is_beyond_cap(base_on: date, new_on: date, rulebook: Rulebook) -> bool:
    return new_on > proposed(base_on, months=rulebook.extension.cap_months.value)


def _whole_months(original_on: date, current_on: date) -> tuple[date, int]:
    """Where months count from and how many have gone: the original if whole months lead from it to the current date."""
    months = (current_on.year - original_on.year) * 12 + current_on.month - original_on.month
    return (original_on, months) if original_on + relativedelta(months=months) == current_on else (current_on, 0)
