"""Told, invited, prepared, interviewed: in this order for everybody."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.policy.interviewing import Progress, ready_on, why_not_hold, why_not_invite

MONDAY, DAY = date(2026, 10, 12), timedelta(days=1)
READY = date(2026, 10, 19)  # five working days later
TOLD = Progress(told_on=MONDAY)
INVITED = Progress(told_on=MONDAY, invited_on=date(2026, 10, 13))


def test_the_time_to_prepare_leaves_out_weekends_and_bank_holidays() -> None:
    assert ready_on(MONDAY, 5, ()) == READY
    assert ready_on(MONDAY, 5, {date(2026, 10, 14)}) == date(2026, 10, 20)


@pytest.mark.parametrize(
    ("progress", "proposed", "code"),
    [
        (Progress(), [READY], "not_told"),
        (Progress(), [], "not_told"),
        (TOLD, [READY - DAY], "too_early"),
        (TOLD, [READY, READY - DAY, READY + DAY], "too_early"),
        (TOLD, [READY], None),
        (INVITED, [READY + DAY], None),
        (Progress(MONDAY, MONDAY, READY), [READY + DAY], "already_held"),
    ],
)
def test_nobody_is_invited_untold_or_without_time_to_prepare(
    progress: Progress, proposed: list[date], code: str | None
) -> None:
    assert why_not_invite(progress, proposed, 5, ()) == code


@pytest.mark.parametrize(
    ("progress", "held_on", "code"),
    [
        (Progress(), READY, "not_told"),
        (Progress(invited_on=MONDAY), READY, "not_told"),
        (TOLD, READY, "not_invited"),
        (INVITED, READY - DAY, "too_early"),
        (INVITED, READY, None),
        (Progress(MONDAY, READY + DAY), READY, "too_early"),
        (Progress(MONDAY, READY + DAY), READY + DAY, None),
        (Progress(MONDAY, MONDAY, READY), READY, "already_held"),
    ],
)
def test_an_interview_counts_only_after_telling_inviting_and_preparing(
    progress: Progress, held_on: date, code: str | None
) -> None:
    assert why_not_hold(progress, held_on, 5, ()) == code


DATES = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@given(st.none() | DATES, st.none() | DATES, DATES, st.integers(0, 10))
def test_whatever_is_allowed_kept_the_order(
    told_on: date | None, invited_on: date | None, held_on: date, preparation: int
) -> None:
    if why_not_hold(Progress(told_on, invited_on), held_on, preparation, ()) is None:
        assert told_on
        assert invited_on
        assert told_on <= held_on
        assert invited_on <= held_on
        days = [told_on + n * DAY for n in range(1, (held_on - told_on).days + 1)]
        assert sum(day.weekday() < 5 for day in days) >= preparation
