from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from activities.bank_holidays import england_and_wales
from workflows.policy.calendar import add_working_days, rebased, working_days_between
from workflows.policy.pausing import days_left, ladder_from, resumed, was_late

HOLIDAYS = england_and_wales()
DAYS = st.dates(date(2026, 1, 1), date(2028, 6, 30))
OFF = st.frozensets(DAYS, max_size=20)


@pytest.mark.parametrize(
    ("paused_on", "due_on", "left"),
    [
        ("2026-10-05", "2026-10-09", 4),  # Monday to Friday: the day of the pause counts as used
        ("2026-10-09", "2026-10-09", 0),
        ("2026-10-10", "2026-10-12", 1),  # paused on a Saturday
        ("2026-12-24", "2026-12-29", 1),  # Christmas, the weekend and the day in lieu between
        ("2026-10-12", "2026-10-09", -1),
        ("2026-10-10", "2026-10-09", 0),  # late by a Saturday: late, and by no working day
    ],
)
def test_the_days_left_are_counted_after_the_day_of_the_pause(paused_on: str, due_on: str, left: int) -> None:
    assert days_left(date.fromisoformat(paused_on), date.fromisoformat(due_on), HOLIDAYS) == left


@pytest.mark.parametrize(
    ("due_on", "paused_on", "resumed_on", "expected"),
    [
        ("2026-10-09", "2026-10-05", "2026-10-19", "2026-10-23"),  # four days left, two weeks off
        ("2026-10-09", "2026-10-05", "2026-10-06", "2026-10-12"),  # one day lost, one day back
        ("2026-10-09", "2026-10-05", "2026-10-05", "2026-10-09"),  # the same day: nothing lost
        ("2026-10-09", "2026-10-09", "2026-10-09", "2026-10-09"),  # also on the due date itself
        ("2026-10-09", "2026-10-09", "2026-10-14", "2026-10-15"),  # due that day: the working day after resuming
        ("2026-10-09", "2026-10-09", "2026-10-10", "2026-10-12"),  # resumed on the Saturday after
        ("2026-10-12", "2026-10-09", "2026-10-11", "2026-10-12"),  # paused over a weekend only: no working day lost
        ("2026-10-08", "2026-10-09", "2026-11-09", "2026-10-08"),  # it was late: it stays late
        ("2026-10-09", "2026-10-10", "2026-11-09", "2026-10-09"),  # late by a Saturday is late too
        ("2027-02-28", "2027-02-01", "2027-02-02", "2027-03-01"),  # from a Sunday to the Monday
        (
            "2027-02-28",
            "2027-02-26",
            "2027-02-27",
            "2027-03-01",
        ),  # due on that Sunday: the Monday, like what was due first
        ("2027-02-28", "2027-02-20", "2027-02-21", "2027-02-28"),  # a weekend alone lost: the Sunday stays
        ("2026-12-23", "2026-12-21", "2026-12-24", "2026-12-30"),  # the days come back after Christmas
        ("2026-10-09", "2026-10-05", "2026-10-17", "2026-10-22"),  # resumed on a Saturday: four days from Monday on
        ("2027-02-26", "2026-12-01", "2027-12-01", "2028-02-28"),  # a year: 60 days before, 60 after
    ],
)
def test_resuming_gives_back_the_working_days_that_were_left(
    due_on: str, paused_on: str, resumed_on: str, expected: str
) -> None:
    due, paused, again = (date.fromisoformat(on) for on in (due_on, paused_on, resumed_on))
    assert resumed(due, paused, again, HOLIDAYS) == date.fromisoformat(expected)


def test_a_clock_cannot_run_again_before_it_stopped() -> None:
    with pytest.raises(ValueError, match="give a date on or after it"):
        resumed(date(2026, 10, 9), date(2026, 10, 6), date(2026, 10, 5), HOLIDAYS)


def test_a_holiday_announced_during_a_pause_moves_the_date_first_and_takes_no_day_away() -> None:
    counted_from, due_on = date(2026, 10, 1), date(2026, 10, 15)  # ten working days
    announced = HOLIDAYS | {date(2026, 10, 13)}
    moved = rebased(due_on, counted_from, 10, announced)
    assert moved == date(2026, 10, 16)
    assert resumed(moved, date(2026, 10, 9), date(2026, 11, 9), announced) == date(2026, 11, 13)
    assert resumed(due_on, date(2026, 10, 9), date(2026, 11, 9), HOLIDAYS) == date(2026, 11, 13)


@given(DAYS, st.integers(-30, 90), st.integers(0, 200), OFF)
def test_a_pause_never_gives_an_earlier_date_and_never_hides_lateness(
    paused_on: date, ahead: int, pause: int, holidays: frozenset[date]
) -> None:
    due_on, resumed_on = paused_on + timedelta(days=ahead), paused_on + timedelta(days=pause)
    found = resumed(due_on, paused_on, resumed_on, holidays)
    assert found >= due_on
    if due_on < paused_on:
        assert found == due_on
    else:
        assert found >= resumed_on or found == due_on
        left = days_left(paused_on, due_on, holidays)
        assert working_days_between(resumed_on, found, holidays) >= left


@given(DAYS, st.integers(1, 60), st.lists(st.tuples(st.integers(0, 20), st.integers(0, 40)), max_size=4), OFF)
def test_pauses_one_after_another_give_back_exactly_the_working_days_lost(
    start: date, left: int, pauses: list[tuple[int, int]], holidays: frozenset[date]
) -> None:
    due_on = add_working_days(start, left, holidays)
    now, lost = start, 0
    for run, pause in pauses:
        paused_on = now + timedelta(days=run)
        now = paused_on + timedelta(days=pause)
        if days_left(paused_on, due_on, holidays) < 1:
            break
        due_on = resumed(due_on, paused_on, now, holidays)
        lost += working_days_between(paused_on, now, holidays)
    assert working_days_between(start, due_on, holidays) == left + lost


@given(DAYS, st.integers(0, 40), st.integers(0, 40), st.integers(0, 100), OFF)
@example(date(2027, 2, 26), 0, 2, 1, frozenset())  # over a weekend
def test_what_is_due_first_stays_due_first(
    paused_on: date, sooner: int, more: int, pause: int, holidays: frozenset[date]
) -> None:
    first, second = paused_on + timedelta(days=sooner), paused_on + timedelta(days=sooner + more)
    resumed_on = paused_on + timedelta(days=pause)
    assert resumed(first, paused_on, resumed_on, holidays) <= resumed(second, paused_on, resumed_on, holidays)


# --- the ladder of what was late already ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("late_from", "paused_on", "resumed_on", "expected"),
    [
        ("2026-10-05", "2026-10-07", "2026-10-21", "2026-10-19"),  # two days climbed before, none during
        ("2026-10-05", "2026-10-05", "2026-10-21", "2026-10-21"),
        ("2026-10-05", "2026-10-07", "2026-10-07", "2026-10-05"),
        ("2026-10-05", "2026-10-08", "2026-10-24", "2026-10-20"),  # resumed on a Saturday: three days up to Friday
        ("2026-12-21", "2026-12-23", "2026-12-29", "2026-12-23"),  # 24 and 29 December; Christmas counts for nothing
    ],
)
def test_the_working_days_of_a_pause_do_not_count_for_the_ladder(
    late_from: str, paused_on: str, resumed_on: str, expected: str
) -> None:
    late, paused, again = (date.fromisoformat(on) for on in (late_from, paused_on, resumed_on))
    assert ladder_from(late, paused, again, HOLIDAYS) == date.fromisoformat(expected)


@given(DAYS, st.integers(0, 30), st.integers(0, 100), st.integers(1, 20), OFF)
def test_the_next_rung_comes_as_many_working_days_after_resuming_as_it_was_away_at_the_pause(
    late_from: date, run: int, pause: int, rung: int, holidays: frozenset[date]
) -> None:
    paused_on = late_from + timedelta(days=run)
    resumed_on = paused_on + timedelta(days=pause)
    climbed = working_days_between(late_from, paused_on, holidays)
    found = add_working_days(ladder_from(late_from, paused_on, resumed_on, holidays), climbed + rung, holidays)
    assert found == add_working_days(resumed_on, rung, holidays)


# --- late answers ---------------------------------------------------------------------------------------

DUE_AT = datetime(2026, 10, 9, 22, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("received", "paused", "late"),
    [
        (timedelta(0), None, False),
        (timedelta(seconds=1), None, True),
        (timedelta(days=5), timedelta(days=-1), False),  # it came during the pause, which began in time
        (timedelta(days=5), timedelta(0), False),
        (timedelta(days=5), timedelta(seconds=1), True),  # it was late when the clock stopped
        (timedelta(days=-1), timedelta(days=2), False),  # it came before the pause and is only read now
        (timedelta(days=1), timedelta(days=2), True),
    ],
)
def test_an_answer_during_a_pause_is_late_only_if_it_was_late_when_the_clock_stopped(
    received: timedelta, paused: timedelta | None, late: bool
) -> None:
    assert was_late(DUE_AT + received, DUE_AT, None if paused is None else DUE_AT + paused) is late
