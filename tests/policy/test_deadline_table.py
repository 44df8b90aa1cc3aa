"""Every kind of deadline against a calculation that shares no code with the product: no library, no time zone data.

Bank holidays are typed in here, working days are counted day by day, months by hand, and British Summer Time comes
from its own rule: from 01:00 UTC on the last Sunday of March to 01:00 UTC on the last Sunday of October.
"""

import calendar
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from activities.bank_holidays import england_and_wales
from workflows.contract.messages import Step
from workflows.contract.rulebook import Confidence, DeadlineRule, Rulebook, Unit
from workflows.contract.vocabulary import Role, StepKind
from workflows.policy.calendar import rebased
from workflows.policy.deadlines import due, due_on, proposed
from workflows.policy.pausing import resumed
from workflows.policy.reminders import schedule

BOOK = Rulebook.from_toml((Path(__file__).resolve().parents[2] / "deploy/rulebook/2026-04-01.toml").read_text())
BANK_HOLIDAYS = frozenset(
    date(year, int(day[:2]), int(day[3:]))
    for year, days in {
        2025: "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26",
        2026: "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28",
        2027: "01-01 03-26 03-29 05-03 05-31 08-30 12-27 12-28",
        2028: "01-03 04-14 04-17 05-01 05-29 08-28 12-25 12-26",
    }.items()
    for day in days.split()
)


# --- the independent calculation ------------------------------------------------------------------------


def worked(year: int, month: int, day: int, off: frozenset[date]) -> bool:
    return calendar.weekday(year, month, day) not in (calendar.SATURDAY, calendar.SUNDAY) and (
        date(year, month, day) not in off
    )


def tomorrow(on: date) -> date:
    """The next day without date arithmetic."""
    if on.day < calendar.monthrange(on.year, on.month)[1]:
        return date(on.year, on.month, on.day + 1)
    return date(on.year + on.month // 12, on.month % 12 + 1, 1)


def counted(from_on: date, working_days: int, off: frozenset[date]) -> date:
    on = from_on
    while working_days > 0:
        on = tomorrow(on)
        working_days -= worked(on.year, on.month, on.day, off)
    return on


def left_between(from_on: date, to_on: date, off: frozenset[date]) -> int:
    number, on = 0, from_on
    while on < to_on:
        on = tomorrow(on)
        number += worked(on.year, on.month, on.day, off)
    return number


def months_on(on: date, months: int) -> date:
    year, month = on.year, on.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    last = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]
    return date(year, month, min(on.day, last))


def last_sunday(year: int, month: int) -> int:
    return max(week[calendar.SUNDAY] for week in calendar.monthcalendar(year, month))


def in_utc(on: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A moment of the London day that is not in the hour of the change."""
    forward, back = (on.year, 3, last_sunday(on.year, 3)), (on.year, 10, last_sunday(on.year, 10))
    here = (on.year, on.month, on.day)
    is_summer = forward < here < back or (here == forward and hour >= 2) or (here == back and hour < 1)
    return datetime(on.year, on.month, on.day, hour, minute, second, tzinfo=UTC) - timedelta(hours=is_summer)


def by_hand(from_on: date, amount: int, unit: Unit, off: frozenset[date]) -> date:
    if unit is Unit.WORKING_DAYS:
        return counted(from_on, amount, off)
    if unit is Unit.CALENDAR_MONTHS:
        return months_on(from_on, amount)
    on = from_on
    for _ in range(amount):
        on = tomorrow(on)
    return on


# --- the table: one line each ---------------------------------------------------------------------------

TABLE = """
30 November and three months, leap year              | 2027-11-30 | 3 months  | 2028-02-29T23:59:59
30 November and three months, common year            | 2026-11-30 | 3 months  | 2027-02-28T23:59:59
31 December and two months, common year              | 2026-12-31 | 2 months  | 2027-02-28T23:59:59
31 December and two months, leap year                | 2027-12-31 | 2 months  | 2028-02-29T23:59:59
31 December and one month                            | 2026-12-31 | 1 months  | 2027-01-31T23:59:59
31 January and one month                             | 2027-01-31 | 1 months  | 2027-02-28T23:59:59
31 January and three months, into summer time        | 2027-01-31 | 3 months  | 2027-04-30T22:59:59
31 March and three months                            | 2026-03-31 | 3 months  | 2026-06-30T22:59:59
31 August and six months, leap year                  | 2027-08-31 | 6 months  | 2028-02-29T23:59:59
leap day and twelve months                           | 2028-02-29 | 12 months | 2029-02-28T23:59:59
leap day and three months                            | 2028-02-29 | 3 months  | 2028-05-29T22:59:59
28 February and three months stays the 28th          | 2027-02-28 | 3 months  | 2027-05-28T22:59:59
three months end on Christmas Day and stay there     | 2026-09-25 | 3 months  | 2026-12-25T23:59:59
three months end on a Sunday and stay there          | 2026-11-28 | 3 months  | 2027-02-28T23:59:59
three months end on Good Friday and stay there       | 2026-12-26 | 3 months  | 2027-03-26T23:59:59
three months end the night before summer time        | 2026-12-27 | 3 months  | 2027-03-27T23:59:59
three months end on the day summer time begins       | 2026-12-28 | 3 months  | 2027-03-28T22:59:59
three months end the night before winter time        | 2026-07-24 | 3 months  | 2026-10-24T22:59:59
three months end on the day winter time begins       | 2026-07-25 | 3 months  | 2026-10-25T23:59:59
ten working days across Easter                       | 2026-03-27 | 10 working days | 2026-04-14T22:59:59
one working day before Good Friday                   | 2026-04-02 | 1 working days  | 2026-04-07T22:59:59
from Good Friday itself                              | 2026-04-03 | 1 working days  | 2026-04-07T22:59:59
from Easter Sunday, five                             | 2026-04-05 | 5 working days  | 2026-04-13T22:59:59
early May bank holiday is the next day               | 2026-05-03 | 1 working days  | 2026-05-05T22:59:59
spring bank holiday at the end of the count          | 2026-05-18 | 5 working days  | 2026-05-26T22:59:59
summer bank holiday on a month's last day            | 2026-08-28 | 1 working days  | 2026-09-01T22:59:59
Boxing Day on a Saturday: Monday 28 is off instead   | 2026-12-24 | 1 working days  | 2026-12-29T23:59:59
28 working days across Christmas                     | 2026-12-18 | 28 working days | 2027-02-01T23:59:59
Christmas on a weekend: Monday and Tuesday are off   | 2027-12-24 | 1 working days  | 2027-12-29T23:59:59
28 working days across that Christmas and New Year   | 2027-12-17 | 28 working days | 2028-01-31T23:59:59
New Year on a Saturday: Monday 3 January is off      | 2027-12-31 | 1 working days  | 2028-01-04T23:59:59
ten working days from 18 December                    | 2026-12-18 | 10 working days | 2027-01-06T23:59:59
from Christmas Day, one                              | 2025-12-25 | 1 working days  | 2025-12-29T23:59:59
two working days across a leap day                   | 2028-02-28 | 2 working days  | 2028-03-01T23:59:59
one working day ends on the leap day                 | 2028-02-28 | 1 working days  | 2028-02-29T23:59:59
from a Saturday, which is day nought                 | 2026-10-10 | 1 working days  | 2026-10-12T22:59:59
working days across the end of summer time           | 2026-10-23 | 1 working days  | 2026-10-26T23:59:59
working days across Easter and the start of summer   | 2027-03-25 | 1 working days  | 2027-03-30T22:59:59
56 days from a coroner across the end of summer time | 2026-09-01 | 56 days   | 2026-10-27T23:59:59
one day onto the leap day                            | 2028-02-28 | 1 days    | 2028-02-29T23:59:59
365 days across the leap day                         | 2027-03-01 | 365 days  | 2028-02-29T23:59:59
one day to the night before the clocks go forward    | 2026-03-27 | 1 days    | 2026-03-28T23:59:59
one day to the day the clocks go forward             | 2026-03-28 | 1 days    | 2026-03-29T22:59:59
one day to the night before the clocks go back       | 2027-10-29 | 1 days    | 2027-10-30T22:59:59
one day to the day the clocks go back                | 2027-10-30 | 1 days    | 2027-10-31T23:59:59
"""
UNITS = {"working days": Unit.WORKING_DAYS, "days": Unit.CALENDAR_DAYS, "months": Unit.CALENDAR_MONTHS}
CASES = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()]


def rule(amount: int, unit: Unit) -> DeadlineRule:
    return DeadlineRule(amount=amount, unit=unit, source="a test", confidence=Confidence.UNSURE)


@pytest.mark.parametrize(("name", "from_on", "length", "moment"), CASES, ids=[case[0] for case in CASES])
def test_the_table_of_deadlines_holds(name: str, from_on: str, length: str, moment: str) -> None:
    amount, _, words = length.partition(" ")
    expected = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    found = due(rule(int(amount), UNITS[words]), date.fromisoformat(from_on), BANK_HOLIDAYS)
    assert (found.on, found.at) == (expected.date(), expected)


# --- the same by many examples --------------------------------------------------------------------------

EDGES = sorted(
    {*BANK_HOLIDAYS}
    | {date(y, m, calendar.monthrange(y, m)[1]) for y in range(2025, 2029) for m in range(1, 13)}
    | {date(y, m, last_sunday(y, m)) for y in range(2025, 2029) for m in (3, 10)}
)
SPAN = st.dates(date(2025, 1, 1), date(2028, 6, 30))
# Half of the dates lie within a few days of a holiday, a month's end or a change of the clocks.
DATES = st.one_of(
    SPAN,
    st.builds(lambda on, days: on + timedelta(days=days), st.sampled_from(EDGES), st.integers(-3, 3)),
)
ANNOUNCED = st.frozensets(SPAN, max_size=4)
AMOUNTS = st.one_of(
    st.tuples(st.integers(1, 60), st.just(Unit.WORKING_DAYS)),
    st.tuples(st.integers(1, 120), st.just(Unit.CALENDAR_DAYS)),
    st.tuples(st.integers(1, 24), st.just(Unit.CALENDAR_MONTHS)),
)


@given(DATES, AMOUNTS, ANNOUNCED)
@example(date(2026, 12, 24), (28, Unit.WORKING_DAYS), frozenset())
@example(date(2027, 11, 30), (3, Unit.CALENDAR_MONTHS), frozenset())
def test_every_due_date_and_moment_agrees_with_the_independent_calculation(
    from_on: date, length: tuple[int, Unit], announced: frozenset[date]
) -> None:
    amount, unit = length
    off = BANK_HOLIDAYS | announced
    expected = by_hand(from_on, amount, unit, off)
    found = due(rule(amount, unit), from_on, off)
    assert (found.on, found.at) == (expected, in_utc(expected, 23, 59, 59))


@given(DATES, st.integers(1, 30), ANNOUNCED)
def test_every_step_falls_on_the_moment_of_the_independent_calculation(
    from_on: date, amount: int, announced: frozenset[date]
) -> None:
    off = BANK_HOLIDAYS | announced
    book = _book(amount)
    last = counted(from_on, amount, off)
    steps = schedule(book, "commission", from_on, last, off, lapses=False, role=Role.SPOC)
    overdue = in_utc(last, 23, 59, 59) + timedelta(seconds=1)
    assert [s.at for s in steps if s.kind is StepKind.OVERDUE] == [overdue]
    assert [(s.rung, s.at) for s in steps if s.kind is StepKind.CLIMB] == [
        (rung, in_utc(counted(last, days, off), 9)) for rung, days in book.ladders["default"].climbs()
    ]
    assert all(_is_nine_on_a_working_day(s, off) for s in steps if s.kind is StepKind.REMIND)


@given(DATES, st.integers(0, 60), st.integers(0, 40), st.integers(0, 120), ANNOUNCED)
def test_a_pause_gives_back_what_the_independent_calculation_gives_back(
    paused_on: date, left: int, further: int, pause: int, announced: frozenset[date]
) -> None:
    off = BANK_HOLIDAYS | announced
    last = counted(paused_on, left, off)
    again = paused_on + timedelta(days=pause)
    lost = left_between(paused_on, again, off)
    found = resumed(last, paused_on, again, off)
    # As many working days after resuming as were left, at least one; nothing changes where nothing was lost.
    expected = counted(again, max(left, 1), off) if lost or last < again else last
    assert found == expected
    assert resumed(found, again, again + timedelta(days=further), off) >= found


@given(DATES, st.integers(1, 40), ANNOUNCED)
def test_a_changed_calendar_gives_the_date_of_the_independent_calculation(
    from_on: date, amount: int, announced: frozenset[date]
) -> None:
    told = counted(from_on, amount, BANK_HOLIDAYS)
    off = BANK_HOLIDAYS | announced
    assert rebased(told, from_on, amount, off) == counted(from_on, amount, off)


@given(DATES, st.lists(st.integers(1, 4), min_size=1, max_size=10))
def test_extension_after_extension_by_months_is_one_count_from_the_original(on: date, months: list[int]) -> None:
    current = on
    for number in months:
        current = proposed(current, months=number, original_on=on)
    assert current == months_on(on, sum(months))


@given(DATES, AMOUNTS)
def test_a_date_counted_on_calendar_days_or_months_is_never_rolled(from_on: date, length: tuple[int, Unit]) -> None:
    amount, unit = length
    if unit is not Unit.WORKING_DAYS:
        assert due_on(rule(amount, unit), from_on, BANK_HOLIDAYS) == due_on(rule(amount, unit), from_on, ())


# --- the two calendars agree ----------------------------------------------------------------------------


def test_the_packaged_calendar_names_the_same_days_as_the_list_typed_here() -> None:
    packaged = england_and_wales()
    until = max(packaged)
    assert {on for on in packaged if on.year >= 2025} == {on for on in BANK_HOLIDAYS if on <= until}


@pytest.mark.parametrize(("year", "forward", "back"), [(2025, 30, 26), (2026, 29, 25), (2027, 28, 31), (2028, 26, 29)])
def test_the_rule_of_the_last_sunday_gives_the_published_changes(year: int, forward: int, back: int) -> None:
    assert (last_sunday(year, 3), last_sunday(year, 10)) == (forward, back)


def _book(amount: int) -> Rulebook:
    return BOOK.model_copy(update={"deadlines": BOOK.deadlines | {"commission": rule(amount, Unit.WORKING_DAYS)}})


def _is_nine_on_a_working_day(step: Step, off: frozenset[date]) -> bool:
    on = step.at.date()  # nine in London is the same date in UTC
    return step.at == in_utc(on, 9) and worked(on.year, on.month, on.day, off)
