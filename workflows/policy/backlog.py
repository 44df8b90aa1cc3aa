"""When a region's backlog of reviews clears, or how it grows: one possible future, played day by day.

The order in which reviews are worked on is fixed: first those that a manager has begun, then by due date. On each
working day the first of them, as many as the managers present carry, come one day further, the others wait. So one
more manager never makes any review later. Today does not count, as in `forecast.py`; a review begins to be worked on
on the working day after it came. Chance is drawn before anything is worked on, in an order that no capacity changes.
"""

import math
from bisect import insort
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from dateutil.relativedelta import relativedelta

from workflows.contract.directory import Absence
from workflows.contract.rulebook import DeadlineRule

from .calendar import is_working_day
from .deadlines import due_on

DAYS_A_MONTH = 365.25 / 12
ENOUGH = 10
"""So many submitted reviews tell how long one takes; with fewer the rulebook's figures do."""
WEEK = 7


class Chance(Protocol):
    """Where chance comes from, such as a seeded `random.Random`: numbers from 0 up to and without 1."""

    def random(self) -> float:
        """The next number."""


@dataclass(frozen=True, order=True)
class OpenReview:
    """A review whose text is not submitted: its date, and the working days that it still needs.

    `is_begun`: a manager has it. `is_counted` is false for one of another region that a manager from here writes;
    `takes_a_place` is false for one of this region that somebody from elsewhere writes.
    """

    due_on: date
    days_needed: int
    is_begun: bool = False
    is_counted: bool = True
    takes_a_place: bool = True


@dataclass(frozen=True)
class Situation:
    """A region today. `reviewers`: for each of them when they are away. `durations`: working days that a review took.

    `whole`: working days of a whole review by the figures with which `days_needed` was counted. A duration is drawn
    for each review; of an open one the part that is left is scaled by it.
    """

    reviews: tuple[OpenReview, ...]
    arrivals_a_month: float
    reviewers: tuple[tuple[Absence, ...], ...]
    carries: int
    whole: int
    durations: tuple[int, ...]


@dataclass(frozen=True)
class Horizon:
    """The working days after `today`, with the date of a review that comes on each, and the ends of the weeks.

    `from_day`: by calendar days after today, which working day that is or comes next. Dates are ordinals.
    """

    today: int
    worked: tuple[int, ...]
    dues: tuple[int, ...]
    from_day: tuple[int, ...]
    weeks: int

    @classmethod
    def of(cls, today: date, months: int, rule: DeadlineRule, holidays: Collection[date]) -> "Horizon":
        """So many calendar months from today; reviews that come are due by this rule."""
        span = (today + relativedelta(months=months) - today).days
        days = [today + timedelta(days=n) for n in range(span + 1)]
        worked = [day for day in days[1:] if is_working_day(day, holidays)]
        place, from_day = 0, []
        for day in days:
            while place < len(worked) and worked[place] < day:
                place += 1
            from_day.append(place)
        dues = tuple(due_on(rule, day, holidays).toordinal() for day in worked)
        return cls(today.toordinal(), tuple(day.toordinal() for day in worked), dues, tuple(from_day), span // WEEK)


@dataclass(frozen=True)
class Played:
    """One possible future. By review, those open today first: ordinals of coming, due and submitted, or none.

    `cleared`: the first day at whose end nothing was overdue and no review waited for a manager. `busy` of `places`:
    working days on which a manager's place was taken, and all that there were.
    """

    came: tuple[int, ...]
    due: tuple[int, ...]
    done: tuple[int | None, ...]
    is_counted: tuple[bool, ...]
    cleared: int | None
    busy: int
    places: int


def rate_of(number: int, days: int) -> float:
    """How many a month come, where so many came within so many days."""
    return number * DAYS_A_MONTH / days


def places_by_day(situation: Situation, horizon: Horizon) -> tuple[int, ...]:
    """How many reviews the managers present can carry, on each working day of the horizon."""
    spans = [[(a.from_on.toordinal(), a.to_on.toordinal()) for a in away] for away in situation.reviewers]
    return tuple(
        situation.carries * sum(not any(first <= day <= last for first, last in away) for away in spans)
        for day in horizon.worked
    )


def play(situation: Situation, horizon: Horizon, places: Sequence[int], chance: Chance) -> Played:
    """Play one future, with the places that `places_by_day` gives."""
    reviews = sorted(situation.reviews)
    came = [-1] * len(reviews) + _arrivals(situation.arrivals_a_month, horizon, chance)
    due = [one.due_on.toordinal() for one in reviews] + [horizon.dues[day] for day in came[len(reviews) :]]
    left = [_days(one.days_needed, situation, chance) for one in reviews]
    left += [_days(situation.whole, situation, chance) for _ in came[len(reviews) :]]
    counted = [one.is_counted for one in reviews] + [True] * (len(came) - len(reviews))
    game = _Game(horizon, places, counted)
    for number, one in enumerate(reviews):
        game.add([0 if one.is_begun else 1, due[number], number, left[number]], takes_a_place=one.takes_a_place)
    arriving = [(came[number], [1, due[number], number, left[number]]) for number in range(len(reviews), len(came))]
    done = game.play(arriving)
    days = (horizon.today, *horizon.worked)  # by number: -1 is today
    cleared = None if game.cleared is None else days[game.cleared + 1]
    ended = tuple(None if day is None else days[day + 1] for day in done)
    return Played(
        tuple(days[day + 1] for day in came), tuple(due), ended, tuple(counted), cleared, game.busy, sum(places)
    )


def _arrivals(a_month: float, horizon: Horizon, chance: Chance) -> list[int]:
    """The working days on which reviews come: at random, independent of each other, so many a month on average."""
    found: list[int] = []
    if a_month <= 0:
        return found
    at = -math.log(1 - chance.random()) * DAYS_A_MONTH / a_month
    while at < len(horizon.from_day) - 1:
        day = horizon.from_day[int(at) + 1]
        if day == len(horizon.worked):
            break
        found.append(day)
        at -= math.log(1 - chance.random()) * DAYS_A_MONTH / a_month
    return found


def _days(needed: int, situation: Situation, chance: Chance) -> int:
    """Working days for what is left of a review, if the whole takes as long as one that is drawn; a day at least."""
    drawn = situation.durations[int(chance.random() * len(situation.durations))]
    return max(1, -(-needed * drawn // situation.whole) if situation.whole else drawn)


class _Game:
    """The reviews in work, each as [begun before, due, number, days left], so that their order is that of the work."""

    def __init__(self, horizon: Horizon, places: Sequence[int], is_counted: Sequence[bool]) -> None:
        self._horizon, self._places, self._is_counted = horizon, places, is_counted
        self._here: list[list[int]] = []
        self._elsewhere: list[list[int]] = []
        self._steady = _steady_until(places)
        self.cleared: int | None = None
        self.busy = 0

    def add(self, review: list[int], *, takes_a_place: bool) -> None:
        """The review is in work, or waits for it."""
        insort(self._here if takes_a_place else self._elsewhere, review)

    def play(self, arriving: Sequence[tuple[int, list[int]]]) -> list[int | None]:
        """Work until the horizon ends; return on which working day each review is submitted, or none."""
        done: list[int | None] = [None] * len(self._is_counted)
        day, coming, last = -1, 0, len(self._places) - 1
        self._look(day)
        while day < last:
            served = self._here[: self._places[day + 1]] + self._elsewhere
            to = self._steady[day + 1]
            if coming < len(arriving):
                to = min(to, arriving[coming][0])
            if served:
                to = min(to, day + min(one[3] for one in served))
            self.busy += (to - day) * (len(served) - len(self._elsewhere))
            for one in served:
                one[3] -= to - day
                if not one[3]:
                    done[one[2]] = to
            day = to
            self._here = [one for one in self._here if one[3]]
            self._elsewhere = [one for one in self._elsewhere if one[3]]
            while coming < len(arriving) and arriving[coming][0] == day:
                insort(self._here, arriving[coming][1])
                coming += 1
            self._look(day)
        return done

    def _look(self, day: int) -> None:
        """Note the first day at whose end nobody waits for a place and nothing of this region is overdue.

        Both can only begin when a review is submitted or the places change, so looking then misses no day.
        """
        if self.cleared is not None:
            return
        places = self._places[min(day + 1, len(self._places) - 1)]
        today = self._horizon.worked[day] if day >= 0 else self._horizon.today
        is_late = any(one[1] < today and self._is_counted[one[2]] for one in self._here + self._elsewhere)
        if len(self._here) <= places and not is_late:
            self.cleared = day


def _steady_until(places: Sequence[int]) -> list[int]:
    """For each working day the last one until which the places stay as many."""
    found = list(range(len(places)))
    for day in range(len(places) - 2, -1, -1):
        if places[day] == places[day + 1]:
            found[day] = found[day + 1]
    return found
