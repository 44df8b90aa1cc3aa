import calendar
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.contract.rulebook import Confidence, DeadlineRule, ReviewAnchor, Rulebook, Unit
from workflows.policy.deadlines import (
    due,
    due_on,
    review_counted_from,
)
from workflows.policy.due import due_moment, moment_at, on_in_london

DAYS = st.dates(date(2020, 1, 1), date(2034, 12, 31))


def rule(amount: int, unit: Unit) -> DeadlineRule:
    return DeadlineRule(amount=amount, unit=unit, source="a test", confidence=Confidence.UNSURE)


def months_by_hand(on: date, months: int) -> date:
    year, month = divmod(on.year * 12 + on.month - 1 + months, 12)
    return date(year, month + 1, min(on.day, calendar.monthrange(year, month + 1)[1]))


@pytest.mark.parametrize(
    ("from_on", "expected"),
    [
        ("2026-11-30", "2027-02-28"),
        ("2027-11-30", "2028-02-29"),  # leap year
        ("2026-10-31", "2027-01-31"),
        ("2026-11-23", "2027-02-23"),
        ("2026-03-31", "2026-06-30"),
        ("2028-02-29", "2028-05-29"),
        ("2026-12-25", "2027-03-25"),
    ],
)
def test_three_calendar_months_end_on_the_same_day_or_the_month_s_last(from_on: str, expected: str) -> None:
    three_months = rule(3, Unit.CALENDAR_MONTHS)
    assert due_on(three_months, date.fromisoformat(from_on), ()) == date.fromisoformat(expected)


@given(DAYS, st.integers(1, 24))
def test_calendar_months_agree_with_an_independent_calculation(from_on: date, months: int) -> None:
    assert due_on(rule(months, Unit.CALENDAR_MONTHS), from_on, ()) == months_by_hand(from_on, months)


@given(DAYS, st.integers(1, 400))
def test_calendar_days_ignore_days_off(from_on: date, days: int) -> None:
    assert due_on(rule(days, Unit.CALENDAR_DAYS), from_on, {from_on}) == from_on + timedelta(days=days)


def test_working_days_heed_the_holidays_passed_in() -> None:
    five = rule(5, Unit.WORKING_DAYS)
    assert due_on(five, date(2026, 10, 5), ()) == date(2026, 10, 12)
    assert due_on(five, date(2026, 10, 5), {date(2026, 10, 8)}) == date(2026, 10, 13)


@pytest.mark.parametrize(
    ("on", "moment"),
    [
        (date(2027, 2, 28), datetime(2027, 2, 28, 23, 59, 59, tzinfo=UTC)),
        (date(2026, 7, 1), datetime(2026, 7, 1, 22, 59, 59, tzinfo=UTC)),
        (date(2026, 3, 28), datetime(2026, 3, 28, 23, 59, 59, tzinfo=UTC)),  # the eve of summer time
        (date(2026, 3, 29), datetime(2026, 3, 29, 22, 59, 59, tzinfo=UTC)),  # clocks went forward that night
        (date(2026, 10, 24), datetime(2026, 10, 24, 22, 59, 59, tzinfo=UTC)),
        (date(2026, 10, 25), datetime(2026, 10, 25, 23, 59, 59, tzinfo=UTC)),  # clocks went back
    ],
)
def test_a_date_is_due_at_one_second_to_midnight_in_london(on: date, moment: datetime) -> None:
    assert due_moment(on) == moment
    assert due(rule(1, Unit.CALENDAR_DAYS), on - timedelta(days=1), ()).at == moment


@given(DAYS)
def test_the_due_moment_is_the_last_second_of_its_date(on: date) -> None:
    assert on_in_london(due_moment(on)) == on
    assert on_in_london(due_moment(on) + timedelta(seconds=1)) == on + timedelta(days=1)


@given(DAYS, st.integers(0, 23))
def test_an_hour_in_london_stands_on_its_own_date(on: date, hour: int) -> None:
    assert on_in_london(moment_at(on, hour)) == on


def test_nine_in_the_morning_is_eight_utc_in_summer() -> None:
    assert moment_at(date(2026, 7, 1), 9) == datetime(2026, 7, 1, 8, tzinfo=UTC)
    assert moment_at(date(2026, 12, 1), 9) == datetime(2026, 12, 1, 9, tzinfo=UTC)


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        on_in_london(datetime(2026, 7, 1, 9))  # noqa: DTZ001


def test_midnight_in_utc_is_already_tomorrow_in_a_london_summer() -> None:
    assert on_in_london(datetime(2026, 7, 1, 23, 30, tzinfo=UTC)) == date(2026, 7, 2)


# --- the review's anchor -----------------------------------------------------------


def test_the_review_counts_from_the_rulebook_s_anchor(rulebook: Rulebook) -> None:
    dates = {"charged_on": date(2026, 10, 5), "appeared_on": date(2026, 10, 6), "notified_on": date(2026, 10, 9)}
    for anchor, expected in zip(
        (ReviewAnchor.CHARGE, ReviewAnchor.FIRST_APPEARANCE, ReviewAnchor.NOTIFICATION), dates.values(), strict=True
    ):
        figure = rulebook.review_anchor.model_copy(update={"value": anchor})
        book = rulebook.model_copy(update={"review_anchor": figure})
        assert review_counted_from(book, **dates) == expected


def test_an_anchor_that_has_not_happened_gives_no_date(rulebook: Rulebook) -> None:
    assert review_counted_from(rulebook, charged_on=date(2026, 10, 5), appeared_on=None, notified_on=None) is None


def test_a_review_that_an_amended_charge_made_due_has_its_three_months_from_the_amendment(rulebook: Rulebook) -> None:
    dates = {"charged_on": date(2026, 9, 14), "appeared_on": date(2026, 9, 15), "notified_on": date(2026, 9, 19)}
    assert review_counted_from(rulebook, **dates, required_on=date(2026, 10, 12)) == date(2026, 10, 12)
    assert review_counted_from(rulebook, **dates, required_on=date(2026, 9, 16)) == date(2026, 9, 19)


def test_a_moment_is_given_in_utc_whatever_the_zone_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert due_moment(date(2026, 7, 1)).isoformat() == "2026-07-01T22:59:59+00:00"
        assert moment_at(date(2026, 7, 1), 9).isoformat() == "2026-07-01T08:00:00+00:00"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_moment_without_a_zone_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match=r"^a moment without a time zone has no date in London$"):
        on_in_london(datetime(2026, 7, 1))  # noqa: DTZ001
