"""How far a review's date may be moved: from the date as it stands, within a cap counted from the original."""

import calendar
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.contract.rulebook import Rulebook
from workflows.contract.vocabulary import Role
from workflows.policy.deadlines import extended, extension_decider, proposed

DAYS = st.dates(date(2020, 1, 1), date(2034, 12, 31))
BOOK = Rulebook.from_toml((Path(__file__).resolve().parents[2] / "deploy/rulebook/2026-04-01.toml").read_text())


def months_by_hand(on: date, months: int) -> date:
    year, month = divmod(on.year * 12 + on.month - 1 + months, 12)
    return date(year, month + 1, min(on.day, calendar.monthrange(year, month + 1)[1]))


ORIGINAL = date(2027, 2, 28)


@pytest.mark.parametrize(
    ("new_on", "current_on", "refusal"),
    [
        ("2027-02-28", None, "not_later"),
        ("2027-02-01", None, "not_later"),
        ("2027-03-01", None, None),
        ("2027-05-28", None, None),  # three months after the original
        ("2027-05-29", None, "too_long"),
        ("2027-05-28", "2027-05-28", "not_later"),
        ("2027-08-28", "2027-05-28", None),
        ("2028-02-28", "2027-12-01", None),  # the cap itself is allowed
        ("2028-02-29", "2027-12-01", "beyond_cap"),
    ],
)
def test_an_extension_is_legal_only_later_not_too_long_and_within_the_cap(
    rulebook: Rulebook, new_on: str, current_on: str | None, refusal: str | None
) -> None:
    current = date.fromisoformat(current_on) if current_on else None
    assert extended(ORIGINAL, date.fromisoformat(new_on), rulebook, current_on=current) == refusal


def test_beyond_the_cap_another_role_decides(rulebook: Rulebook) -> None:
    figure = rulebook.extension.cap_decider.model_copy(update={"value": Role.REGIONAL_DIRECTOR})
    extension = rulebook.extension.model_copy(update={"cap_decider": figure})
    book = rulebook.model_copy(update={"extension": extension})
    within, beyond, current = date(2028, 2, 1), date(2028, 3, 1), date(2027, 12, 1)
    assert extension_decider(ORIGINAL, within, book) is Role.NATIONAL_TEAM
    assert extension_decider(ORIGINAL, beyond, book) is Role.REGIONAL_DIRECTOR
    assert extended(ORIGINAL, beyond, book, current_on=current, by=Role.NATIONAL_TEAM) == "beyond_cap"
    assert extended(ORIGINAL, beyond, book, current_on=current, by=Role.REGIONAL_DIRECTOR) is None


@pytest.mark.parametrize(
    ("new_on", "today", "asked_on", "refusal"),
    [
        ("2027-03-15", "2027-03-20", None, "in_the_past"),
        ("2027-02-01", "2027-02-10", None, "in_the_past"),  # said before "not later": it names the mistake
        ("2027-03-20", "2027-03-20", None, None),  # today is a date that can still be kept
        ("2027-02-28", "2027-02-10", None, "not_later"),
        ("2027-04-10", "2027-02-10", "2027-04-10", None),
        ("2027-04-09", "2027-02-10", "2027-04-10", None),  # shortened
        ("2027-04-11", "2027-02-10", "2027-04-10", "later_than_asked"),
        ("2027-09-01", "2027-02-10", "2027-04-10", "later_than_asked"),
        ("2027-09-01", "2027-02-10", "2027-09-01", "too_long"),
    ],
)
def test_an_extension_is_neither_into_the_past_nor_longer_than_was_asked(
    rulebook: Rulebook, new_on: str, today: str, asked_on: str | None, refusal: str | None
) -> None:
    asked = date.fromisoformat(asked_on) if asked_on else None
    new, now = date.fromisoformat(new_on), date.fromisoformat(today)
    assert extended(ORIGINAL, new, rulebook, today=now, asked_on=asked) == refusal


@pytest.mark.parametrize(
    ("base_on", "months", "weeks", "original_on", "expected"),
    [
        ("2027-02-28", 0, 6, None, "2027-04-11"),  # six weeks on from a Sunday is a Sunday
        ("2027-02-28", 1, 0, None, "2027-03-28"),
        ("2027-02-28", 1, 0, "2027-01-31", "2027-03-31"),  # the original ends a month, so does this
        ("2027-02-28", 2, 0, "2026-11-30", "2027-04-30"),
        ("2028-02-29", 12, 0, "2027-11-30", "2029-02-28"),
        ("2027-03-31", 1, 0, "2027-01-31", "2027-04-30"),
        ("2027-02-15", 1, 0, "2027-01-31", "2027-03-15"),  # a date that was set by hand counts from itself
        ("2027-01-31", 1, 1, None, "2027-03-07"),  # months first, then weeks
        ("2027-01-31", 0, 0, None, "2027-01-31"),
        ("2027-12-31", 2, 0, None, "2028-02-29"),
    ],
)
def test_a_length_of_time_is_counted_from_the_date_as_it_stands(
    base_on: str, months: int, weeks: int, original_on: str | None, expected: str
) -> None:
    original = date.fromisoformat(original_on) if original_on else None
    found = proposed(date.fromisoformat(base_on), months=months, weeks=weeks, original_on=original)
    assert found == date.fromisoformat(expected)


@pytest.mark.parametrize(("months", "weeks"), [(0, 10**6), (10**6, 0), (0, 10**12)])
def test_a_length_of_time_beyond_the_calendar_is_refused_with_a_remedy(months: int, weeks: int) -> None:
    with pytest.raises(ValueError, match=r"^months, weeks: lead beyond the calendar; give fewer$"):
        proposed(ORIGINAL, months=months, weeks=weeks)


def test_three_months_at_a_month_s_end_are_not_too_long_after_a_shorter_month(rulebook: Rulebook) -> None:
    original, current = date(2027, 1, 31), date(2027, 2, 28)
    assert extended(original, date(2027, 5, 31), rulebook, current_on=current) is None
    assert extended(original, date(2027, 6, 1), rulebook, current_on=current) == "too_long"


@given(DAYS, st.integers(1, 12))
def test_ten_extensions_in_a_row_never_pass_the_cap_counted_from_the_original(original: date, months: int) -> None:
    current, granted = original, 0
    for _ in range(10):
        new_on = proposed(current, months=min(months, 3), original_on=original)
        if extended(original, new_on, BOOK, current_on=current, by=Role.REGIONAL_DIRECTOR) is None:
            current, granted = new_on, granted + 1
    assert current <= months_by_hand(original, 12)
    assert granted == min(10, 12 // min(months, 3))


@given(DAYS, st.integers(1, 24), st.integers(0, 30))
def test_an_extension_counts_from_a_date_that_was_never_rolled_to_a_working_day(
    original: date, months: int, weeks: int
) -> None:
    expected = months_by_hand(original, months) + timedelta(weeks=weeks)
    assert proposed(original, months=months, weeks=weeks) == expected
    assert proposed(original, weeks=weeks).weekday() == original.weekday()
