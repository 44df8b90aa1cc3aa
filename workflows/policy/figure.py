"""One figure: its name, how it is counted, and the measures that it gives for the cases of a region."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from .figure_rows import Period, Row
from .spread import longest, mean, median, share

NUMBER, SHARE, DAYS, WORKING_DAYS = "number", "share", "days", "working days"

SMALL = 5
"""A share or a time that rests on fewer than these is shown and marked: one case more or less would change it."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a figure. `value` None: there is nothing to measure. `n`: on how many it rests."""

    name: str
    value: float | None
    unit: str
    n: int

    @property
    def part(self) -> int:
        """The number behind a share."""
        return round((self.value or 0) * self.n)

    @property
    def is_small(self) -> bool:
        """Whether it rests on too few to be compared. A count says itself how small it is."""
        return self.unit != NUMBER and 0 < self.n < SMALL


Measured = Iterable[Measure]
Count = Callable[[Sequence[Row], Period, Collection[date]], Measured]
"""Rows of one region or of all, the period, the bank holidays."""


@dataclass(frozen=True, slots=True)
class Figure:
    """`definition`: what is counted, of which cases, in which unit, in sentences that stand on the page."""

    key: str
    name: str
    definition: str
    count: Count


def number(name: str, value: int, n: int) -> Measure:
    """How many of `n`."""
    return Measure(name, value, NUMBER, n)


def share_of(name: str, part: int, whole: int) -> Measure:
    """Which share of the whole, 0 to 1; none of nothing."""
    return Measure(name, share(part, whole), SHARE, whole)


def days_of(days: Sequence[int], prefix: str = "", unit: str = DAYS) -> Measured:
    """The middle, the mean and the longest of these spans; none of nothing."""
    for name, value in (("median", median(days)), ("mean", mean(days)), ("longest", longest(days))):
        yield Measure(f"{prefix}{name}", value, unit, len(days))
