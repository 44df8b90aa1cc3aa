"""What many possible futures of a region's backlog say together: by week, when it clears, whether it grows.

A band runs from the value that a tenth of the futures do not exceed to the one that nine tenths do not exceed; the
middle is the value that half do not exceed. Each is one of the values themselves, so that a band of dates has dates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Generic, TypeVar

from .backlog import WEEK, Horizon, Played
from .spread import nearest_rank

LOW, MIDDLE, HIGH = Fraction(1, 10), Fraction(1, 2), Fraction(9, 10)
GROWS = 0.05
"""Reviews a month: what is less is shown as nought."""

T = TypeVar("T")


class Verdict(StrEnum):
    """What becomes of a backlog within the horizon.

    `grows`: in the end reviews are overdue or wait for a manager, and more are open than today; it may have been clear
    before. `clear`: today nothing is overdue and no review waits. `clears`: that comes in half of the futures at
    least. `shrinks` and `stands`: it does not, and fewer or as many are open in the end.
    """

    CLEAR = "clear"
    CLEARS = "clears"
    GROWS = "grows"
    SHRINKS = "shrinks"
    STANDS = "stands"


@dataclass(frozen=True)
class Band(Generic[T]):
    """A tenth, half and nine tenths of the futures are at this value or below."""

    low: T
    middle: T
    high: T


@dataclass(frozen=True)
class Week:
    """The reviews open, and of them overdue, at the end of this day."""

    on: date
    open: Band[int]
    overdue: Band[int]


@dataclass(frozen=True)
class BacklogOutlook:
    """`clears_on`: none where so many futures do not get there. `growth`: reviews a month, negative where it shrinks.

    `utilisation`: which share of the places that managers have is taken, none where there are none; `arrived` and
    `submitted`: reviews within the horizon, on average.
    """

    weeks: tuple[Week, ...]
    verdict: Verdict
    clears_on: Band[date | None]
    growth: float
    utilisation: float | None
    arrived: float
    submitted: float


def outlook(futures: Sequence[Played], horizon: Horizon, places: Sequence[int], months: int) -> BacklogOutlook:
    """Sum up futures of one region over so many months. There is at least one; `places` are those they had."""
    counts = [_by_week(one, horizon) for one in futures]
    weeks = tuple(_week(number, counts, horizon) for number in range(horizon.weeks + 1))
    cleared = sorted(one.cleared if one.cleared is not None else date.max.toordinal() for one in futures)
    clears_on = _band([None if day == date.max.toordinal() else date.fromordinal(day) for day in cleared])
    growth = (sum(open_[-1] for open_, _ in counts) / len(futures) - weeks[0].open.middle) / months
    offered = sum(one.places for one in futures)
    is_behind = weeks[-1].overdue.middle > 0 or weeks[-1].open.middle > (places[-1] if places else 0)
    return BacklogOutlook(
        weeks,
        _verdict(clears_on.middle, growth, horizon, is_behind=is_behind),
        clears_on,
        growth,
        sum(one.busy for one in futures) / offered if offered else None,
        sum(sum(day > horizon.today for day in one.came) for one in futures) / len(futures),
        sum(_submitted(one) for one in futures) / len(futures),
    )


def _verdict(clears_on: date | None, growth: float, horizon: Horizon, *, is_behind: bool) -> Verdict:
    if is_behind and growth >= GROWS:
        return Verdict.GROWS
    if clears_on is not None:
        return Verdict.CLEAR if clears_on.toordinal() == horizon.today else Verdict.CLEARS
    return Verdict.SHRINKS if growth <= -GROWS else Verdict.STANDS


def _submitted(played: Played) -> int:
    return sum(done is not None and counted for done, counted in zip(played.done, played.is_counted, strict=True))


def _by_week(played: Played, horizon: Horizon) -> tuple[list[int], list[int]]:
    """How many reviews are open and how many overdue at the end of today and of each week after it."""
    opened, late = [0] * (horizon.weeks + 2), [0] * (horizon.weeks + 2)
    end = horizon.weeks + 1
    for came, due, done, counted in zip(played.came, played.due, played.done, played.is_counted, strict=True):
        if not counted:
            continue
        first = -(-(came - horizon.today) // WEEK)  # the first week's end on or after that day
        gone = end if done is None else min(end, -(-(done - horizon.today) // WEEK))
        overdue = max(first, (due - horizon.today) // WEEK + 1)  # the first after the date
        if first < gone:
            opened[first] += 1
            opened[gone] -= 1
        if overdue < gone:
            late[overdue] += 1
            late[gone] -= 1
    return _running(opened), _running(late)


def _running(changes: list[int]) -> list[int]:
    found, number = [], 0
    for change in changes[:-1]:
        number += change
        found.append(number)
    return found


def _week(number: int, counts: Sequence[tuple[list[int], list[int]]], horizon: Horizon) -> Week:
    return Week(
        date.fromordinal(horizon.today + number * WEEK),
        _band(sorted(open_[number] for open_, _ in counts)),
        _band(sorted(late[number] for _, late in counts)),
    )


def _band(ordered: Sequence[T]) -> Band[T]:
    """The band of values in their order."""
    return Band(*(nearest_rank(ordered, share) for share in (LOW, MIDDLE, HIGH)))
