"""Working days: not Saturday, not Sunday, not a bank holiday of England and Wales. Rule: facts.md 2, design.md 6.

The holidays come in as dates. The day that a period is counted from is day nought.

A bank holiday announced late moves only dates that are counted in working days: the holiday takes one of those days
away, and counting anew gives it back. Calendar days and months run over days off anyway, and a date that somebody gave
or decided says what it says, so those stay; no source rolls them. Rule: design.md 3.12.
"""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from datetime import date, timedelta

_DAY = timedelta(days=1)
_SATURDAY = 5


def is_working_day(on: date, holidays: Collection[date]) -> bool:
    """Whether this is a working day."""
    return on.weekday() < _SATURDAY and on not in holidays


def add_working_days(from_on: date, days: int, holidays: Collection[date]) -> date:
    """The last of this many working days after `from_on`; before it when negative, `from_on` itself at nought."""
    step = _DAY if days > 0 else -_DAY
    on = from_on
    for _ in range(abs(days)):
        on += step
        while not is_working_day(on, holidays):
            on += step
    return on


def working_days_between(from_on: date, to_on: date, holidays: Collection[date]) -> int:
    """How many working days lie after `from_on` up to and including `to_on`; negative when `to_on` is earlier."""
    if to_on < from_on:
        return -working_days_between(to_on, from_on, holidays)
    weeks, rest = divmod((to_on - from_on).days, 7)
    weekdays = weeks * _SATURDAY + sum((from_on.weekday() + n) % 7 < _SATURDAY for n in range(1, rest + 1))
    return weekdays - len({on for on in holidays if from_on < on <= to_on and on.weekday() < _SATURDAY})


def working_days_of_each(spans: Sequence[tuple[date, date]], holidays: Collection[date]) -> list[int]:
    """`working_days_between` of many spans, none of which ends before it begins, without walking each of them."""
    if not spans:
        return []
    first, last = min(begin for begin, _ in spans), max(end for _, end in spans)
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    worked = [day for day in days if is_working_day(day, holidays)]
    return [bisect_right(worked, end) - bisect_right(worked, begin) for begin, end in spans]


def working_day_on_or_before(on: date, holidays: Collection[date]) -> date:
    """Return this date, or the last working day before it."""
    return on if is_working_day(on, holidays) else add_working_days(on, -1, holidays)


def working_day_on_or_after(on: date, holidays: Collection[date]) -> date:
    """Return this date, or the first working day after it."""
    return on if is_working_day(on, holidays) else add_working_days(on, 1, holidays)


def rebased(due_on: date, counted_from: date | None, counted_days: int | None, holidays: Collection[date]) -> date:
    """The due date as counted with the holidays now known; never earlier than the date that people were told.

    Without `counted_from` and `counted_days` it is not counted in working days and stays.
    """
    if counted_from is None or counted_days is None:
        return due_on
    return max(due_on, add_working_days(counted_from, counted_days, holidays))
