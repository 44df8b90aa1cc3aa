"""The figures about reviews and their dates: how many, more time, how old, how late, how many rounds."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date

from workflows.contract.choices import MORE_TIME_BECAUSE
from workflows.contract.vocabulary import ReasonCode, Role

from .figure import DAYS, Figure, Measure, Measured, days_of, number, share_of
from .figure_rows import EXTENSION, PAUSE, Period, Row
from .spread import longest, median

BANDS = (("up_to_3_months", 91), ("3_to_6_months", 182), ("6_to_12_months", 365), ("over_12_months", 10**6))
"""Ages of open reviews, each up to and including this many calendar days."""

MOST_ROUNDS = 4
RETURNING = (Role.COUNTERSIGNING_MANAGER, Role.NATIONAL_TEAM)
AWAY = "absence_or_illness"
"""That somebody is ill is theirs to tell, so both reasons are one here."""
REASONS = tuple(
    dict.fromkeys(
        AWAY if code.value in (ReasonCode.ABSENCE, ReasonCode.ILLNESS) else str(code.value)
        for code in MORE_TIME_BECAUSE
    )
)


def _submitted(rows: Sequence[Row], period: Period) -> list[tuple[Row, date]]:
    """Each review first submitted in the period, with that day."""
    return [(row, row.submitted_on) for row in rows if row.submitted_on and period.holds(row.submitted_on)]


def _open(rows: Sequence[Row], period: Period) -> list[Row]:
    return [row for row in rows if row.is_open(period.to_on)]


def _reviews(rows: Sequence[Row], period: Period, _holidays: Collection[date]) -> Measured:
    days = {
        "begun": [row.began_on for row in rows],
        "submitted": [row.submitted_on for row in rows],
        "accepted": [row.accepted_on for row in rows],
        "stopped": [row.stopped_on for row in rows if row.began_on],
    }
    for name, found in days.items():
        inside = sum(period.holds(day) for day in found)
        yield number(name, inside, inside)
    left = len(_open(rows, period))
    yield number("open_at_the_end", left, left)


def _extended(rows: Sequence[Row], period: Period, _holidays: Collection[date]) -> Measured:
    done = _submitted(rows, period)
    spans = [moved for row, on in done if (moved := row.moved_by(EXTENSION, on))]
    yield share_of("extended", len(spans), len(done))
    yield share_of("extended_after_the_date", sum(row.was_late_granted(on) for row, on in done), len(done))
    yield from days_of([sum(moved) for moved in spans])
    left = _open(rows, period)
    yield share_of("open_and_extended", sum(bool(row.moved_by(EXTENSION, period.to_on)) for row in left), len(left))


def _moved_otherwise(rows: Sequence[Row], period: Period, _holidays: Collection[date]) -> Measured:
    done = _submitted(rows, period)
    spans = [sum(moved) for row, on in done if (moved := row.moved_by(PAUSE, on))]
    yield share_of("moved_by_a_pause", len(spans), len(done))
    yield from days_of(spans, "pause_")
    rebased = sum(period.holds(on) for row in rows for on in row.holidays_moved)
    yield number("question_dates_moved_by_a_bank_holiday", rebased, rebased)


def _reasons(rows: Sequence[Row], period: Period, _holidays: Collection[date]) -> Measured:
    given = [one.reason for row in rows for one in row.granted if period.holds(one.on)]
    counted = Counter(AWAY if reason in (ReasonCode.ABSENCE, ReasonCode.ILLNESS) else reason for reason in given)
    # A reason that is typed by hand may be one that the page does not offer.
    counted[ReasonCode.OTHER] += sum(count for reason, count in counted.items() if reason not in REASONS)
    for reason in REASONS:
        yield number(reason, counted[reason], len(given))


def _age(rows: Sequence[Row], period: Period, _holidays: Collection[date]) -> Measured:
    ages = [(period.to_on - row.began_on).days for row in _open(rows, period) if row.began_on]
    above = -1
    for name, most in BANDS:
        yield number(name, sum(above < age <= most for age in ages), len(ages))
        above = most
    yield Measure("median", median(ages), DAYS, len(ages))
    yield Measure("oldest", longest(ages), DAYS, len(ages))


def _standing(rows: Sequence[Row], period: Period, _holidays: Collection[date]) -> Measured:
    left, on = _open(rows, period), period.to_on
    owed = [row for row in left if row.is_with_its_author(on)]
    late = [days for row in owed if (days := row.days_late(on))]
    yield number("before_the_date", len(owed) - len(late), len(left))
    yield number("overdue", len(late), len(left))
    yield number("handed_in", len(left) - len(owed), len(left))
    yield share_of("overdue_share", len(late), len(left))
    yield from days_of(late, "overdue_")


def _late(rows: Sequence[Row], period: Period, _holidays: Collection[date]) -> Measured:
    done = _submitted(rows, period)
    late = [days for row, on in done if (days := row.days_late(on))]
    yield share_of("after_the_date", len(late), len(done))
    yield from days_of(late, "late_")
    first = [(on, row.first_due(on)) for row, on in done]
    yield share_of("after_the_first_date", sum(due is not None and on > due for on, due in first), len(done))


def _rounds(rows: Sequence[Row], period: Period, _holidays: Collection[date]) -> Measured:
    accepted = [row for row in rows if period.holds(row.accepted_on)]
    tried = [row.rounds[: 1 + next(n for n, one in enumerate(row.rounds) if one.is_accepted)] for row in accepted]
    numbers = [len(rounds) for rounds in tried]
    for count in range(1, MOST_ROUNDS):
        yield number(f"rounds_{count}", numbers.count(count), len(numbers))
    yield number(f"rounds_{MOST_ROUNDS}_or_more", sum(found >= MOST_ROUNDS for found in numbers), len(numbers))
    yield share_of("returned", sum(found > 1 for found in numbers), len(numbers))
    returns = Counter(one.returned_by for rounds in tried for one in rounds)
    for role in RETURNING:
        yield number(f"returns_by_{role}", returns[role], len(numbers))


REVIEWS = (
    Figure(
        "reviews",
        "Reviews",
        "Begun: the three months started in the period. Submitted and accepted: for the first time. "
        "Stopped: no review is written any more, as the court or a reduced charge ended it. "
        "Open: begun by the last day, and neither accepted nor stopped by then.",
        _reviews,
    ),
    Figure(
        "extended",
        "More time",
        "Of the reviews first submitted in the period: those whose date was moved by a granted request. "
        "Days: by how many calendar days all such moves of one review moved it, up to the day it was submitted. "
        "After the date: the request came when the review was already overdue. "
        "Pauses and bank holidays do not count here. Open and extended is of the open reviews.",
        _extended,
    ),
    Figure(
        "moved_otherwise",
        "Dates moved by a pause or a bank holiday",
        "Of the reviews first submitted in the period: those to which a pause gave days back, and how many. "
        "A review counts in months, so a bank holiday moves no review. It moves dates of questions, counted here.",
        _moved_otherwise,
    ),
    Figure(
        "reasons",
        "Why more time was granted",
        "Requests granted in the period, by the reason that was chosen from the list. "
        "Somebody away and somebody ill are one reason here, so that nobody's illness is told.",
        _reasons,
    ),
    Figure(
        "open_age",
        "Age of open reviews",
        "Calendar days from the start of the three months to the last day of the period, for each open review. "
        "Three months are 91 days here, six are 182 and twelve are 365.",
        _age,
    ),
    Figure(
        "open_standing",
        "Open reviews and their dates",
        "Overdue: the text is owed and its date has passed on the last day of the period. "
        "Time that was asked for too late does not count, and nor do the days of a running pause. "
        "Handed in: it is with whoever countersigns or rates it.",
        _standing,
    ),
    Figure(
        "late",
        "Reviews submitted late",
        "Of the reviews first submitted in the period: those submitted after their date as it then stood. "
        "Time that was asked for too late does not count. Days are calendar days after that date. "
        "The first date is the one before anything moved it.",
        _late,
    ),
    Figure(
        "rounds",
        "Rounds until a review is accepted",
        "Of the reviews first accepted in the period: how many versions were submitted up to that one. "
        "Returned: at least one version came back. Returns are counted by the role that sent the version back.",
        _rounds,
    ),
)
