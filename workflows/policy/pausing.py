"""What a pause does to a date: the working days that were left come back on resuming. Rule: design.md 3.12.

The day of the pause counts as used and the day of resuming is day nought, so neither day is given twice. What was due
on the very day of the pause is due on the working day after resuming: nobody finds a question in the evening that ends
at midnight. A date that had passed before the pause stays where it is: a pause never hides that something was late.
"""

from collections.abc import Collection
from datetime import date, datetime

from .calendar import add_working_days, working_day_on_or_before, working_days_between


def days_left(paused_on: date, due_on: date, holidays: Collection[date]) -> int:
    """How many working days lie after the day of the pause up to and including the date; negative once it has passed.

    A date that passed over days off alone was late by no working day: `paused_on > due_on` says that it was late.
    """
    return working_days_between(paused_on, due_on, holidays)


def resumed(due_on: date, paused_on: date, resumed_on: date, holidays: Collection[date]) -> date:
    """The date that gives back the working days which were left when the clock stopped; never an earlier one.

    Resumed on the same day, or the date already past when the clock stopped: it stays. What was due first stays due
    first. The holidays are those known on resuming; a holiday announced during the pause moves `due_on` first. Errors:
    ValueError where the clock would run again before it stopped.
    """
    if resumed_on < paused_on:
        raise ValueError(f"resumed on {resumed_on}, before the pause of {paused_on}: give a date on or after it")
    if due_on < paused_on or resumed_on == paused_on:
        return due_on
    back = max(days_left(paused_on, due_on, holidays), 1)
    return max(due_on, add_working_days(resumed_on, back, holidays))


def ladder_from(late_from: date, paused_on: date, resumed_on: date, holidays: Collection[date]) -> date:
    """The date from which the ladder counts after a pause, for what was overdue when the clock stopped.

    `late_from` is the date from which it counted until then: the due date, the opening if later, or the result of an
    earlier pause. Working days after the day of the pause up to and including the day of resuming do not count.
    """
    climbed = working_days_between(late_from, paused_on, holidays)
    return add_working_days(working_day_on_or_before(resumed_on, holidays), -climbed, holidays)


def was_late(received_at: datetime, due_at: datetime, paused_at: datetime | None = None) -> bool:
    """Whether an answer is late; with its clock standing still since `paused_at`, only if it was late by then."""
    return (received_at if paused_at is None else min(received_at, paused_at)) > due_at
