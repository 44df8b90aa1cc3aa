from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.bank_holidays import england_and_wales
from workflows.contract.rulebook import Rulebook, Unit
from workflows.policy.calendar import is_working_day, working_days_between
from workflows.policy.forecast import Outlook, Standing, at_risk_until, days_needed, forecast, latest_starts, remaining

HOLIDAYS = england_and_wales()
BOOK = Rulebook.from_toml((Path(__file__).resolve().parents[2] / "deploy/rulebook/2026-04-01.toml").read_text())
DUE = date(2027, 2, 28)  # a Sunday: the last working day is Friday 26


def standing(
    interviews: int = 0, *, draft: bool = True, facts: bool = True, comments: int = 0, submitted: bool = False
) -> Standing:
    return Standing(interviews, draft, facts, comments, submitted)


@pytest.mark.parametrize(
    ("state", "codes", "days"),
    [
        (standing(2, draft=False, facts=False), ("interviews:2", "draft", "facts", "submit"), 35),
        (standing(1, draft=False, facts=False), ("interviews:1", "draft", "facts", "submit"), 35),
        (standing(20, draft=False, facts=False), ("interviews:20", "draft", "facts", "submit"), 35),
        (standing(1, facts=False), ("interviews:1", "facts", "submit"), 25),
        (standing(draft=False, facts=False), ("draft", "facts", "submit"), 25),
        (standing(facts=False), ("facts", "submit"), 15),  # ten to comment, three to answer, two to submit
        (standing(comments=3), ("comments:3", "submit"), 5),
        (standing(comments=1), ("comments:1", "submit"), 5),
        (standing(), ("submit",), 2),
        (standing(submitted=True), (), 0),
        (standing(2, draft=False, facts=False, comments=1, submitted=True), (), 0),
    ],
)
def test_what_remains_is_named_in_order_and_counted_in_working_days(
    rulebook: Rulebook, state: Standing, codes: tuple[str, ...], days: int
) -> None:
    assert remaining(state) == codes
    assert days_needed(state, rulebook) == days


@pytest.mark.parametrize(("left", "days"), [(None, 15), (10, 15), (4, 9), (0, 5), (-1, 5), (30, 15)])
def test_the_running_period_for_comments_counts_only_with_what_is_left_of_it(
    rulebook: Rulebook, left: int | None, days: int
) -> None:
    state = Standing(0, True, False, 0, False, facts_days_left=left)
    assert days_needed(state, rulebook) == days


@pytest.mark.parametrize(
    ("amount", "unit", "days"),
    [(10, Unit.WORKING_DAYS, 15), (14, Unit.CALENDAR_DAYS, 15), (15, Unit.CALENDAR_DAYS, 16),
     (1, Unit.CALENDAR_MONTHS, 27)],
)  # fmt: skip
def test_a_period_for_comments_in_calendar_units_is_read_as_working_days(
    rulebook: Rulebook, amount: int, unit: Unit, days: int
) -> None:
    facts = rulebook.deadlines["facts"].model_copy(update={"amount": amount, "unit": unit})
    book = rulebook.model_copy(update={"deadlines": rulebook.deadlines | {"facts": facts}})
    assert days_needed(standing(facts=False), book) == days


@pytest.mark.parametrize(
    ("today", "state", "left", "at_risk"),
    [
        ("2027-02-22", standing(comments=1), 4, True),  # Monday: Tuesday to Friday are left, five are needed
        ("2027-02-21", standing(comments=1), 5, False),
        ("2027-02-19", standing(comments=1), 5, False),  # Friday counts as used, the weekend for nothing
        ("2027-02-24", standing(), 2, False),
        ("2027-02-25", standing(), 1, True),
        ("2027-02-28", standing(), 0, True),  # the date itself: still not overdue
        ("2027-03-01", standing(), -1, False),  # the day after: overdue, no longer "at risk"
        ("2027-06-01", standing(3, draft=False, facts=False), -63, False),
        ("2027-02-28", standing(submitted=True), 0, False),
        ("2026-11-30", standing(5, draft=False, facts=False), 61, False),
    ],
)
def test_a_review_is_at_risk_when_more_days_are_needed_than_left(
    rulebook: Rulebook, today: str, state: Standing, left: int, at_risk: bool
) -> None:
    found = forecast(state, rulebook, today=date.fromisoformat(today), due_on=DUE, holidays=HOLIDAYS)
    assert found == Outlook(left, days_needed(state, rulebook), at_risk, remaining(state))


def test_a_bank_holiday_makes_a_review_at_risk_a_day_earlier(rulebook: Rulebook) -> None:
    on, due_on = date(2026, 12, 23), date(2026, 12, 29)  # left: Thursday 24 and Tuesday 29
    assert not forecast(standing(), rulebook, today=on, due_on=due_on, holidays=HOLIDAYS).at_risk
    announced = HOLIDAYS | {date(2026, 12, 24)}
    assert forecast(standing(), rulebook, today=on, due_on=due_on, holidays=announced).at_risk


def test_the_latest_starts_of_a_review_are_the_days_on_which_standing_still_becomes_a_risk(rulebook: Rulebook) -> None:
    found = [on.isoformat() for on in latest_starts(rulebook, DUE, HOLIDAYS)]
    # 35, 25, 15, 5 and 2 working days back from Friday 26 February, that Friday counted.
    assert found == ["2027-01-11", "2027-01-25", "2027-02-08", "2027-02-22", "2027-02-25"]


def test_a_part_that_takes_no_time_has_no_latest_start(rulebook: Rulebook) -> None:
    nought = rulebook.forecast.submit.model_copy(update={"value": 0})
    book = rulebook.model_copy(update={"forecast": rulebook.forecast.model_copy(update={"submit": nought})})
    assert [on.isoformat() for on in latest_starts(book, DUE, HOLIDAYS)][-1] == "2027-02-24"
    assert not forecast(standing(), book, today=DUE, due_on=DUE, holidays=HOLIDAYS).at_risk


STANDINGS = st.sampled_from(
    [
        standing(3, draft=False, facts=False),
        standing(1, facts=False),
        standing(draft=False, facts=False),
        standing(facts=False),
        standing(comments=2),
        standing(),
    ]
)


@given(
    STANDINGS,
    st.dates(date(2026, 4, 1), date(2028, 6, 30)),
    st.integers(0, 200),
    st.frozensets(st.dates(date(2026, 4, 1), date(2028, 12, 31)), max_size=30),
    st.tuples(*[st.integers(0, 15)] * 4),
)
def test_whatever_stands_still_turns_at_risk_on_one_of_the_latest_starts(
    state: Standing, today: date, ahead: int, holidays: frozenset[date], figures: tuple[int, int, int, int]
) -> None:
    names = ("interviews", "draft", "answer_comments", "submit")
    changed = {
        name: getattr(BOOK.forecast, name).model_copy(update={"value": value})
        for name, value in zip(names, figures, strict=True)
    }
    book = BOOK.model_copy(update={"forecast": BOOK.forecast.model_copy(update=changed)})
    due_on = today + timedelta(days=ahead)
    risks = [
        forecast(state, book, today=today + timedelta(days=n), due_on=due_on, holidays=holidays).at_risk
        for n in range(ahead + 2)
    ]
    assert risks[:-1] == sorted(risks[:-1])  # standing still never makes a risk go away, up to the date
    assert not risks[-1]  # the day after it is overdue instead
    starts = latest_starts(book, due_on, holidays)
    assert list(starts) == sorted(set(starts))
    assert all(is_working_day(on, holidays) and on <= due_on for on in starts)
    if True in risks and not risks[0]:
        assert today + timedelta(days=risks.index(True)) in starts


@given(STANDINGS, st.dates(date(2026, 4, 1), date(2028, 6, 30)), st.integers(0, 120), st.booleans())
def test_no_review_is_at_risk_whose_date_lies_after_the_last_that_can_be(
    state: Standing, today: date, ahead: int, is_holiday: bool
) -> None:
    holidays = HOLIDAYS | ({today + timedelta(days=3)} if is_holiday else set())
    due_on, last = today + timedelta(days=ahead), at_risk_until(BOOK, today, holidays)
    assert due_on <= last or not forecast(state, BOOK, today=today, due_on=due_on, holidays=holidays).at_risk
    worst = standing(1, draft=False, facts=False)
    assert forecast(worst, BOOK, today=today, due_on=last - timedelta(days=1), holidays=holidays).at_risk


@given(STANDINGS, st.integers(0, 60))
def test_the_days_left_are_the_working_days_after_today_up_to_the_date(state: Standing, back: int) -> None:
    today = DUE - timedelta(days=back)
    found = forecast(state, BOOK, today=today, due_on=DUE, holidays=HOLIDAYS)
    assert found.days_left == working_days_between(today, DUE, HOLIDAYS)
    assert found.at_risk is (found.days_needed > found.days_left)


def test_a_part_of_one_day_may_begin_on_the_date_itself(rulebook: Rulebook) -> None:
    friday = date(2027, 2, 26)
    for days, last in ((1, "2027-02-26"), (2, "2027-02-25")):
        submit = rulebook.forecast.submit.model_copy(update={"value": days})
        book = rulebook.model_copy(update={"forecast": rulebook.forecast.model_copy(update={"submit": submit})})
        assert [on.isoformat() for on in latest_starts(book, friday, HOLIDAYS)][-1] == last
