"""What the weekday digest lists, of what stands open at one moment, and who reads it. Nobody is named: roles and days.

Late and at risk are what `pausing` and `forecast` say they are; the figures here are ours.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from workflows.contract.directory import Directory, Person

from .calendar import working_days_between
from .due import on_in_london
from .pausing import was_late

SHOWN = 20
"""Lines of one list; how many more there are is said below them."""

WAITED = 5
"""Working days from which an open question counts as waiting long."""


@dataclass(frozen=True)
class Open:
    """A question without an answer, at `now` of its case. `late`: the record says that it is, whatever its date."""

    reference: str
    title: str
    role: str
    due_on: date
    due_at: datetime
    opened_at: datetime
    paused_at: datetime | None
    late: bool
    now: datetime

    @property
    def is_late(self) -> bool:
        """Whether its date has passed; a clock that stands still adds no lateness. Rule: design.md 3.12."""
        return self.late or was_late(self.now, self.due_at, self.paused_at)


@dataclass(frozen=True)
class Review:
    """A review that is owed, at `now` of its case. `days_left`: working days up to its date."""

    reference: str
    due_on: date
    is_late: bool
    at_risk: bool
    days_left: int
    paused: bool
    now: datetime


@dataclass(frozen=True)
class Raised:
    """An escalation that nobody has acknowledged."""

    reference: str
    kind: str
    raised_at: datetime
    now: datetime


@dataclass(frozen=True)
class Line:
    """One line. `what`: a question's title, `review`, or the kind of an escalation; `days`: working days."""

    reference: str
    what: str
    role: str = ""
    due_on: date | None = None
    days: int | None = None


@dataclass(frozen=True)
class Part:
    """One list, the most urgent line first; `more`: how many lines it leaves out."""

    name: str
    lines: tuple[Line, ...]
    more: int = 0


REVIEW = "review"


def parts(
    questions: Sequence[Open], reviews: Sequence[Review], raised: Sequence[Raised], holidays: Collection[date]
) -> tuple[Part, ...]:
    """Every list that is not empty: overdue, at risk, due this week, waiting longest, not acknowledged."""
    found = (
        ("overdue", _overdue(questions, reviews, holidays)),
        ("at_risk", _at_risk(reviews)),
        ("due", _due(questions, reviews)),
        ("waiting", _waiting(questions, holidays)),
        ("raised", _raised(raised, holidays)),
    )
    return tuple(part(name, lines) for name, lines in found if lines)


def part(name: str, lines: Sequence[Line]) -> Part:
    """A list that shows its first lines and says how many more there are."""
    return Part(name, tuple(lines[:SHOWN]), max(len(lines) - SHOWN, 0))


def recipient(holders: Sequence[Person], directory: Directory, on: date) -> Person | None:
    """The first who is there on this day, or who stands in for them; the first of all where nobody is. Rule: 3.13."""
    for person in holders:
        if not person.is_away(on):
            return person
        deputy = directory.deputy_of(person.key)
        if deputy and not deputy.is_away(on):
            return deputy
    return holders[0] if holders else None


def _overdue(questions: Sequence[Open], reviews: Sequence[Review], holidays: Collection[date]) -> list[Line]:
    lines = [
        _line(one, days=_days(one.due_on, on_in_london(one.paused_at or one.now), holidays))
        for one in questions
        if one.is_late
    ]
    lines += [
        Line(one.reference, REVIEW, due_on=one.due_on, days=_days(one.due_on, on_in_london(one.now), holidays))
        for one in reviews
        if one.is_late
    ]
    return sorted(lines, key=lambda line: (line.due_on or date.max, line.reference, line.what))


def _at_risk(reviews: Iterable[Review]) -> list[Line]:
    lines = [
        Line(one.reference, REVIEW, due_on=one.due_on, days=max(one.days_left, 0))
        for one in reviews
        if one.at_risk and not one.is_late
    ]
    return sorted(lines, key=lambda line: (line.due_on or date.max, line.reference))


def _due(questions: Iterable[Open], reviews: Iterable[Review]) -> list[Line]:
    lines = [
        _line(one) for one in questions if not one.is_late and not one.paused_at and _is_this_week(one.due_on, one.now)
    ]
    lines += [
        Line(one.reference, REVIEW, due_on=one.due_on)
        for one in reviews
        if not one.is_late and not one.paused and _is_this_week(one.due_on, one.now)
    ]
    return sorted(lines, key=lambda line: (line.due_on or date.max, line.reference, line.what))


def _waiting(questions: Iterable[Open], holidays: Collection[date]) -> list[Line]:
    waited = [
        (working_days_between(on_in_london(one.opened_at), on_in_london(one.now), holidays), one)
        for one in questions
        if not one.paused_at
    ]
    longest = sorted((each for each in waited if each[0] >= WAITED), key=lambda each: (-each[0], each[1].reference))
    return [Line(one.reference, one.title, one.role, days=days) for days, one in longest]


def _raised(raised: Iterable[Raised], holidays: Collection[date]) -> list[Line]:
    ordered = sorted(raised, key=lambda one: (one.raised_at, one.reference))
    return [
        Line(one.reference, one.kind, days=_days(on_in_london(one.raised_at), on_in_london(one.now), holidays))
        for one in ordered
    ]


def _line(one: Open, days: int | None = None) -> Line:
    return Line(one.reference, one.title, one.role, one.due_on, days)


def _days(from_on: date, to_on: date, holidays: Collection[date]) -> int:
    return max(working_days_between(from_on, to_on, holidays), 0)


def _is_this_week(due_on: date, now: datetime) -> bool:
    """From today up to and including Sunday."""
    today = on_in_london(now)
    return today <= due_on <= today + timedelta(days=6 - today.weekday())
