from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.policy.calendar import (
    add_working_days,
    is_working_day,
    rebased,
    working_day_on_or_after,
    working_day_on_or_before,
    working_days_between,
)

DAYS = st.dates(date(2020, 1, 1), date(2034, 12, 31))
HOLIDAYS = st.frozensets(st.dates(date(2019, 1, 1), date(2035, 12, 31)), max_size=40)


def count_by_list(from_on: date, days: int, holidays: frozenset[date]) -> date:
    """The slow way, written differently: list every day ahead and take the right one."""
    ahead = (from_on + timedelta(days=n) for n in range(1, 1000))
    return [d for d in ahead if d.strftime("%a") not in ("Sat", "Sun") and d not in holidays][days - 1]


@pytest.mark.parametrize(
    ("from_on", "days", "expected"),
    [
        ("2026-12-18", 10, "2027-01-06"),  # Christmas, Boxing Day observed on Monday 28, New Year
        ("2026-12-18", 28, "2027-02-01"),
        ("2026-10-05", 1, "2026-10-06"),
        ("2026-10-09", 1, "2026-10-12"),  # Friday to Monday
        ("2026-10-10", 1, "2026-10-12"),  # Saturday counts as day nought too
        ("2026-10-11", 5, "2026-10-16"),
        ("2026-04-02", 1, "2026-04-07"),  # over Easter
        ("2028-02-28", 2, "2028-03-01"),  # a leap day is a working day
        ("2026-10-12", -1, "2026-10-09"),
        ("2026-10-12", 0, "2026-10-12"),
        ("2026-10-11", 0, "2026-10-11"),  # nought moves nothing, not even from a Sunday
        ("2023-05-05", 1, "2023-05-09"),  # the coronation holiday
    ],
)
def test_working_days_are_counted_over_weekends_and_holidays(
    from_on: str, days: int, expected: str, holidays: frozenset[date]
) -> None:
    assert add_working_days(date.fromisoformat(from_on), days, holidays) == date.fromisoformat(expected)


@pytest.mark.parametrize("day", ["2026-12-25", "2026-12-28", "2027-01-01", "2026-04-06", "2026-10-10", "2026-10-11"])
def test_days_off_are_not_working_days(day: str, holidays: frozenset[date]) -> None:
    assert not is_working_day(date.fromisoformat(day), holidays)


@given(DAYS, st.integers(1, 60), HOLIDAYS)
def test_counting_agrees_with_an_independent_count(from_on: date, days: int, holidays: frozenset[date]) -> None:
    assert add_working_days(from_on, days, holidays) == count_by_list(from_on, days, holidays)


@given(DAYS, st.integers(1, 60), HOLIDAYS)
def test_counting_back_undoes_counting_from_a_working_day(from_on: date, days: int, holidays: frozenset[date]) -> None:
    start = working_day_on_or_after(from_on, holidays)
    assert add_working_days(add_working_days(start, days, holidays), -days, holidays) == start


@given(DAYS, st.integers(0, 60), HOLIDAYS)
def test_between_measures_what_was_added(from_on: date, days: int, holidays: frozenset[date]) -> None:
    to_on = add_working_days(from_on, days, holidays)
    assert working_days_between(from_on, to_on, holidays) == days
    assert working_days_between(to_on, from_on, holidays) == -days


@given(DAYS, st.integers(0, 400), HOLIDAYS)
def test_between_is_every_working_day_counted_one_by_one(from_on: date, span: int, holidays: frozenset[date]) -> None:
    days = [from_on + timedelta(days=n) for n in range(1, span + 1)]
    counted = sum(is_working_day(on, holidays) for on in days)
    assert working_days_between(from_on, from_on + timedelta(days=span), holidays) == counted
    assert working_days_between(from_on, from_on + timedelta(days=span), sorted(holidays) * 2) == counted


@given(DAYS, HOLIDAYS)
def test_the_nearest_working_days_enclose_the_date(on: date, holidays: frozenset[date]) -> None:
    before, after = working_day_on_or_before(on, holidays), working_day_on_or_after(on, holidays)
    assert before <= on <= after
    assert is_working_day(before, holidays)
    assert is_working_day(after, holidays)
    assert (before == on == after) is is_working_day(on, holidays)


@given(DAYS, st.integers(1, 40), HOLIDAYS, DAYS)
def test_a_holiday_announced_late_never_makes_a_date_earlier(
    from_on: date, days: int, holidays: frozenset[date], announced: date
) -> None:
    assert add_working_days(from_on, days, holidays | {announced}) >= add_working_days(from_on, days, holidays)


# --- a bank holiday announced late ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counted_from", "days", "announced", "told", "expected"),
    [
        ("2026-10-05", 5, "2026-10-08", "2026-10-12", "2026-10-13"),  # inside the period
        ("2026-10-05", 5, "2026-10-12", "2026-10-12", "2026-10-13"),  # on the due date
        ("2026-10-05", 4, "2026-10-09", "2026-10-09", "2026-10-12"),  # on a Friday due date: over the weekend
        ("2026-10-05", 5, "2026-10-05", "2026-10-12", "2026-10-12"),  # on the day it counts from: day nought
        ("2026-10-05", 5, "2026-10-13", "2026-10-12", "2026-10-12"),  # the day after the date
        ("2026-10-05", 5, "2026-10-02", "2026-10-12", "2026-10-12"),  # before the period
        ("2026-10-05", 5, "2026-10-10", "2026-10-12", "2026-10-12"),  # on a Saturday: it takes no working day
        ("2026-12-18", 3, "2026-12-23", "2026-12-23", "2026-12-24"),  # next to Christmas
        ("2026-12-18", 4, "2026-12-24", "2026-12-24", "2026-12-29"),  # pushed over Christmas and its day in lieu
        ("2026-12-18", 5, "2026-12-25", "2026-12-29", "2026-12-29"),  # announced again: it was known
    ],
)
def test_a_holiday_announced_late_moves_exactly_the_dates_that_span_it(
    counted_from: str, days: int, announced: str, told: str, expected: str, holidays: frozenset[date]
) -> None:
    start, due_on = date.fromisoformat(counted_from), date.fromisoformat(told)
    assert add_working_days(start, days, holidays) == due_on
    now = holidays | {date.fromisoformat(announced)}
    assert rebased(due_on, start, days, now) == date.fromisoformat(expected)


@pytest.mark.parametrize(("counted_from", "days"), [(None, None), (date(2026, 10, 5), None), (None, 5)])
def test_a_date_that_was_given_or_counted_in_calendar_units_does_not_move(
    counted_from: date | None, days: int | None
) -> None:
    due_on = date(2026, 10, 12)
    assert rebased(due_on, counted_from, days, {due_on, date(2026, 10, 8)}) == due_on


def test_a_holiday_taken_back_leaves_people_the_date_that_they_were_told() -> None:
    start, later = date(2026, 10, 5), date(2026, 10, 13)
    assert rebased(later, start, 5, ()) == later


@given(DAYS, st.integers(1, 60), HOLIDAYS, st.lists(st.dates(date(2020, 1, 1), date(2035, 3, 31)), max_size=6))
def test_holidays_announced_one_by_one_in_any_order_give_the_date_counted_from_scratch(
    counted_from: date, days: int, known: frozenset[date], announced: list[date]
) -> None:
    told = add_working_days(counted_from, days, known)
    everything = known | frozenset(announced)
    for order in (announced, announced[::-1], [*announced, *announced]):
        on, now = told, known
        for holiday in order:
            now = now | {holiday}
            moved = rebased(on, counted_from, days, now)
            assert moved >= on
            assert rebased(moved, counted_from, days, now) == moved  # twice announced moves nothing more
            on = moved
        assert on == rebased(told, counted_from, days, everything)
        assert on == add_working_days(counted_from, days, everything)


@given(DAYS, st.integers(1, 60), HOLIDAYS, DAYS)
def test_only_a_holiday_inside_the_period_moves_the_date(
    counted_from: date, days: int, known: frozenset[date], announced: date
) -> None:
    told = add_working_days(counted_from, days, known)
    takes_a_day = counted_from < announced <= told and is_working_day(announced, known)
    assert (rebased(told, counted_from, days, known | {announced}) > told) is takes_a_day
