from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import floor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workflows.contract.messages import CaseClock
from workflows.policy.clock import case_time, is_rehearsed, wall_delay, wall_time

ANCHOR = datetime(2026, 11, 23, 9, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
SPEEDS = st.floats(0.01, 1_000_000)
CLOCKS = st.builds(CaseClock, case_anchor=MOMENTS, wall_anchor=MOMENTS, speed=SPEEDS)


@given(MOMENTS, MOMENTS)
def test_at_speed_one_with_equal_anchors_case_time_is_real_time(anchor: datetime, moment: datetime) -> None:
    clock = CaseClock(case_anchor=anchor, wall_anchor=anchor)
    assert case_time(clock, moment) == moment
    assert wall_time(clock, moment) == moment
    assert wall_delay(clock, anchor, moment) == max(timedelta(0), moment - anchor)


@pytest.mark.parametrize(
    ("anchor", "speed", "expected"),
    [(ANCHOR, 1, False), (ANCHOR, 100, True), (ANCHOR, 0.5, True), (ANCHOR + timedelta(days=30), 1, True)],
    ids=["real time", "faster", "slower", "other dates"],
)
def test_a_case_on_days_of_its_own_is_rehearsed(anchor: datetime, speed: float, expected: bool) -> None:
    clock = CaseClock(case_anchor=anchor, wall_anchor=ANCHOR, speed=speed)
    assert is_rehearsed(clock) is expected


@given(CLOCKS, MOMENTS)
def test_a_timer_never_fires_before_its_case_time(clock: CaseClock, moment: datetime) -> None:
    try:
        wall = wall_time(clock, moment)
    except OverflowError:  # a slow clock reaches past the calendar's end
        return
    reached = case_time(clock, wall)
    assert reached >= moment
    assert reached - moment <= timedelta(microseconds=clock.speed + 1)


@given(CLOCKS, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=300)))
def test_case_time_never_runs_backwards(clock: CaseClock, moment: datetime, later: timedelta) -> None:
    try:
        assert case_time(clock, moment) <= case_time(clock, moment + later)
    except OverflowError:
        return


@pytest.mark.parametrize(
    ("speed", "days", "seconds"),
    [(86400, 1, 1.0), (86400, 90, 90.0), (1, 1, 86400.0), (3600, 1, 24.0), (0.5, 1, 172800.0)],
)
def test_a_rehearsal_waits_in_proportion(speed: float, days: int, seconds: float) -> None:
    clock = CaseClock(case_anchor=ANCHOR, wall_anchor=ANCHOR, speed=speed)
    assert wall_delay(clock, ANCHOR, ANCHOR + timedelta(days=days)) == timedelta(seconds=seconds)


def test_nothing_is_waited_for_what_is_past() -> None:
    clock = CaseClock(case_anchor=ANCHOR, wall_anchor=ANCHOR, speed=7)
    assert wall_delay(clock, ANCHOR, ANCHOR - timedelta(days=3)) == timedelta(0)


def test_a_rehearsal_may_start_on_another_date() -> None:
    clock = CaseClock(case_anchor=datetime(2026, 6, 1, tzinfo=UTC), wall_anchor=ANCHOR, speed=86400)
    assert case_time(clock, ANCHOR + timedelta(seconds=30)) == datetime(2026, 7, 1, tzinfo=UTC)


@given(CLOCKS, MOMENTS)
@example(CaseClock(case_anchor=ANCHOR, wall_anchor=ANCHOR, speed=0.1), ANCHOR + timedelta(days=3_001, microseconds=7))
@example(CaseClock(case_anchor=ANCHOR, wall_anchor=ANCHOR, speed=3.3), ANCHOR + timedelta(days=9_001, microseconds=3))
def test_case_time_is_exact_to_the_microsecond_however_long_the_clock_has_run(
    clock: CaseClock, moment: datetime
) -> None:
    elapsed = (moment - clock.wall_anchor) // timedelta(microseconds=1)
    try:
        expected = clock.case_anchor + timedelta(microseconds=floor(Fraction(clock.speed) * elapsed))
    except OverflowError:
        return
    assert case_time(clock, moment) == expected
