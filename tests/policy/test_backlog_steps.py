"""One future of a backlog, step by step: when reviews come, in which order they are worked on, when all is clear.

Chance is written down here instead of drawn, so that each day can be counted by hand.
"""

import math
from dataclasses import replace
from datetime import date

import pytest

from tests.policy.test_backlog import HERE, HOLIDAYS, RULE
from workflows.contract.directory import Absence
from workflows.contract.rulebook import Unit
from workflows.policy.backlog import DAYS_A_MONTH, Horizon, OpenReview, Played, Situation, places_by_day, play

TODAY = date(2026, 12, 22)  # a Tuesday; 25 and 28 December and 1 January are bank holidays
# 23, 24, 29, 30, 31 December, then 4 to 8, 11 to 15 and 18 to 22 January.
HORIZON = Horizon.of(TODAY, 1, RULE, HOLIDAYS)
QUIET = Situation((), 0, (HERE,), carries=1, whole=35, durations=(35,))
FAR = date(2027, 6, 1)


class Written:
    """Numbers that are written down; then nought, with which a duration is the first of them."""

    def __init__(self, *numbers: float) -> None:
        self._left = list(numbers)

    def random(self) -> float:
        return self._left.pop(0) if self._left else 0.0


def coming(*days: float, a_month: float) -> Written:
    """Reviews that come so many days after this morning, and none after them."""
    gaps = [day - before for before, day in zip((0.0, *days), days, strict=False)]
    return Written(*(1 - math.exp(-gap * a_month / DAYS_A_MONTH) for gap in gaps), 1 - 1e-15)


def played(situation: Situation, chance: Written | None = None, horizon: Horizon = HORIZON) -> Played:
    return play(situation, horizon, places_by_day(situation, horizon), chance or Written())


def day(ordinal: int | None) -> str:
    return f"{date.fromordinal(ordinal):%d %b}" if ordinal else "never"


def done(found: Played) -> list[str]:
    return [day(ordinal) for ordinal in found.done]


def away(first: date, last: date) -> tuple[Absence, ...]:
    return (Absence(from_on=first, to_on=last),)


# --- the days there are -------------------------------------------------------------------------------


def test_a_horizon_holds_its_working_days_the_dates_from_them_and_which_one_is_next() -> None:
    """From a Wednesday to a Saturday: after Friday 22 January no working day comes."""
    found = Horizon.of(date(2026, 12, 23), 1, RULE, HOLIDAYS)
    december = [date(2026, 12, on) for on in (24, 29, 30, 31)]
    january = [date(2027, 1, on) for on in (4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 18, 19, 20, 21, 22)]
    assert found == Horizon(
        today=date(2026, 12, 23).toordinal(),
        worked=tuple(on.toordinal() for on in (*december, *january)),
        dues=tuple(
            on.toordinal()
            for on in (*(on.replace(year=2027, month=3) for on in december), *(on.replace(month=4) for on in january))
        ),
        # From 23 December; the weekend before the fourth is the fifth day in a row that leads to one.
        from_day=(0, 0, *[1] * 5, 2, 3, *[4] * 4, 5, 6, 7, 8, *[9] * 3, 10, 11, 12, 13, *[14] * 3, 15, 16, 17, 18, 19),
        weeks=4,
    )


def test_dates_counted_in_working_days_leave_out_the_holidays() -> None:
    five_days = RULE.model_copy(update={"amount": 5, "unit": Unit.WORKING_DAYS})
    found = Horizon.of(TODAY, 1, five_days, HOLIDAYS)
    assert day(found.dues[0]) == "04 Jan"  # from 23 December: 24, 29, 30 and 31 December, then Monday


def test_managers_carry_so_many_reviews_each_on_the_days_on_which_they_are_there() -> None:
    two = replace(QUIET, reviewers=(HERE, away(date(2026, 12, 24), date(2026, 12, 30))), carries=3)
    assert places_by_day(two, HORIZON)[:6] == (6, 3, 3, 3, 6, 6)
    twice = (*away(date(2026, 12, 23), date(2026, 12, 23)), *away(date(2026, 12, 31), date(2027, 1, 4)))
    assert places_by_day(replace(QUIET, reviewers=(twice,)), HORIZON)[:7] == (0, 1, 1, 1, 0, 0, 1)
    assert places_by_day(replace(QUIET, reviewers=()), HORIZON) == (0,) * len(HORIZON.worked)


# --- when reviews come --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ((0.5,), ["23 Dec"]),
        ((0.5, 0.75), ["23 Dec", "23 Dec"]),
        ((0.5, 1.5, 8.5), ["23 Dec", "24 Dec", "31 Dec"]),
        ((2.5,), ["29 Dec"]),  # on a bank holiday: the next working day
        ((30.5,), ["22 Jan"]),  # the last day
        ((31.5,), []),
        ((), []),
    ],
)
@pytest.mark.parametrize("a_month", [0.5, 1, 4])
def test_a_review_comes_on_the_day_that_chance_says_or_the_next_working_day(
    after: tuple[float, ...], expected: list[str], a_month: float
) -> None:
    found = played(replace(QUIET, arrivals_a_month=a_month), coming(*after, a_month=a_month))
    assert [day(ordinal) for ordinal in found.came] == expected
    assert [date.fromordinal(due) for due in found.due] == [
        date.fromordinal(HORIZON.dues[HORIZON.worked.index(came)]) for came in found.came
    ]


def test_what_comes_after_the_last_working_day_does_not_come_within_the_horizon() -> None:
    saturday = Horizon.of(date(2026, 12, 23), 1, RULE, HOLIDAYS)
    at_rate = replace(QUIET, arrivals_a_month=1)
    friday = played(at_rate, coming(29.5, 30.5, a_month=1), saturday)
    assert [day(ordinal) for ordinal in friday.came] == ["22 Jan"]


def test_what_comes_when_the_last_day_is_over_does_not_come_within_the_horizon() -> None:
    """Just 31 days after this morning, to the last figure."""
    a_month = math.log(2) * DAYS_A_MONTH / 31
    assert -math.log(1 - 0.5) * DAYS_A_MONTH / a_month == 31
    assert played(replace(QUIET, arrivals_a_month=a_month), Written(0.5)).came == ()


def test_without_reviews_that_come_none_does() -> None:
    assert played(QUIET, Written(0.5, 0.5)).came == ()


# --- in which order, and how long ---------------------------------------------------------------------


def test_what_comes_is_worked_on_from_the_next_working_day() -> None:
    found = played(replace(QUIET, arrivals_a_month=1, whole=3, durations=(3,)), coming(0.5, a_month=1))
    assert (done(found), found.busy) == (["30 Dec"], 3)  # 24, 29 and 30 December


def test_what_comes_one_after_the_other_is_worked_on_in_turn() -> None:
    at_rate = replace(QUIET, arrivals_a_month=4, whole=3, durations=(3,))
    found = played(at_rate, coming(0.5, 0.75, 8.5, 13.5, a_month=4))
    assert [day(ordinal) for ordinal in found.came] == ["23 Dec", "23 Dec", "31 Dec", "05 Jan"]
    # 24, 29, 30 December; 31 December, 4 and 5 January; 6 to 8 January; 11 to 13 January.
    assert done(found) == ["30 Dec", "05 Jan", "08 Jan", "13 Jan"]


@pytest.mark.parametrize(
    ("absence", "needed"), [(HERE, 19), (away(date(2027, 1, 4), date(2027, 1, 8)), 14)], ids=["here", "away"]
)
def test_work_goes_on_to_the_last_day(absence: tuple[Absence, ...], needed: int) -> None:
    reviews = (OpenReview(date(2027, 5, 1), needed), OpenReview(FAR, 1), OpenReview(FAR, 1))
    found = played(replace(QUIET, reviews=reviews, reviewers=(absence,)))
    assert done(found) == ["21 Jan", "22 Jan", "never"]


@pytest.mark.parametrize(
    ("waits_until", "expected"),
    [
        # Due on 15 April, after the one that comes on 23 December, due on 23 March: 30, 31 December and 4 January.
        (date(2027, 4, 15), {"begun": "29 Dec", "waits": "11 Jan", "comes": "04 Jan"}),
        (date(2027, 3, 24), {"begun": "29 Dec", "waits": "11 Jan", "comes": "04 Jan"}),
        # Due first, and as soon: the one that was there before.
        (date(2027, 3, 23), {"begun": "29 Dec", "waits": "06 Jan", "comes": "11 Jan"}),
        (date(2027, 3, 1), {"begun": "29 Dec", "waits": "06 Jan", "comes": "11 Jan"}),
    ],
)
def test_what_is_begun_comes_first_and_then_what_is_due_first_whether_it_waits_or_comes(
    waits_until: date, expected: dict[str, str]
) -> None:
    reviews = (OpenReview(waits_until, 5), OpenReview(FAR, 3, is_begun=True))
    situation = replace(QUIET, reviews=reviews, arrivals_a_month=1, whole=3, durations=(3,))
    found = played(situation, coming(0.5, a_month=1))
    assert dict(zip(("waits", "begun", "comes"), done(found), strict=True)) == expected
    assert [day(ordinal) for ordinal in found.came] == ["22 Dec", "22 Dec", "23 Dec"]  # what was there came before
    assert found.is_counted == (True, True, True)
    assert (found.busy, found.places) == (11, 20)


@pytest.mark.parametrize(
    ("needed", "whole", "drawn", "days"),
    [
        (1, 35, 35, 1),
        (0, 35, 35, 1),  # a day at least
        (2, 35, 35, 2),
        (3, 35, 70, 6),
        (3, 35, 12, 2),  # 36 / 35
        (3, 36, 12, 1),
        (3, 0, 7, 7),  # nothing to scale by
    ],
)
def test_what_is_left_of_a_review_is_scaled_by_how_long_a_whole_one_took(
    needed: int, whole: int, drawn: int, days: int
) -> None:
    found = played(replace(QUIET, reviews=(OpenReview(FAR, needed),), whole=whole, durations=(drawn,)))
    assert found.done == (HORIZON.worked[days - 1],)
    assert found.busy == days


@pytest.mark.parametrize(("drawn", "days"), [(0.0, 4), (0.33, 4), (0.34, 6), (0.66, 6), (0.67, 9), (0.999, 9)])
def test_each_duration_is_as_likely_as_the_others(drawn: float, days: int) -> None:
    situation = replace(QUIET, reviews=(OpenReview(FAR, 35),), durations=(4, 6, 9))
    assert played(situation, Written(drawn)).done == (HORIZON.worked[days - 1],)


def test_work_stands_still_while_the_only_manager_is_away_and_what_others_write_goes_on() -> None:
    ours = OpenReview(date(2027, 5, 1), 6, is_begun=True)
    theirs = OpenReview(date(2027, 6, 1), 8, is_begun=True, takes_a_place=False)
    found = played(replace(QUIET, reviews=(ours, theirs), reviewers=(away(date(2027, 1, 4), date(2027, 1, 8)),)))
    # Ours has five days in December and one on the first Monday after the absence; theirs goes on from 4 January.
    assert done(found) == ["11 Jan", "06 Jan"]
    assert (found.busy, found.places) == (6, 15)


# --- when all is clear --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due_on", "is_counted", "cleared"),
    [
        # One is submitted on 23 December; the one that is left takes 24, 29 and 30 December.
        (date(2026, 12, 23), True, "23 Dec"),  # due that day: not overdue
        (date(2026, 12, 22), True, "30 Dec"),
        (date(2026, 12, 22), False, "23 Dec"),  # overdue, but of another region
    ],
)
def test_a_backlog_is_not_clear_while_a_review_of_the_region_is_overdue(
    due_on: date, is_counted: bool, cleared: str
) -> None:
    reviews = (
        OpenReview(date(2026, 12, 1), 1, is_begun=True, is_counted=False),
        OpenReview(due_on, 3, is_counted=is_counted),
    )
    assert day(played(replace(QUIET, reviews=reviews)).cleared) == cleared


@pytest.mark.parametrize(
    ("absence", "cleared"),
    [
        (HERE, "22 Dec"),
        (away(date(2026, 12, 23), date(2026, 12, 23)), "23 Dec"),
        (away(date(2026, 12, 23), date(2026, 12, 30)), "30 Dec"),
        (away(date(2026, 12, 24), date(2027, 1, 22)), "22 Dec"),
        (away(date(2026, 12, 23), date(2027, 1, 21)), "21 Jan"),
        (away(date(2026, 12, 23), date(2027, 1, 22)), "never"),
    ],
)
def test_a_review_waits_until_the_end_of_the_day_before_a_manager_is_there(
    absence: tuple[Absence, ...], cleared: str
) -> None:
    situation = replace(QUIET, reviews=(OpenReview(FAR, 30),), reviewers=(absence,))
    assert day(played(situation).cleared) == cleared


def test_what_is_due_later_is_not_overdue_today() -> None:
    soon = OpenReview(date(2026, 12, 31), 9, is_begun=True)
    assert day(played(replace(QUIET, reviews=(soon,))).cleared) == "22 Dec"


def test_what_somebody_elsewhere_writes_holds_the_backlog_while_it_is_overdue() -> None:
    late = OpenReview(date(2026, 12, 1), 4, is_begun=True, takes_a_place=False)
    assert day(played(replace(QUIET, reviews=(late,))).cleared) == "30 Dec"
    assert day(played(replace(QUIET, reviews=(replace(late, due_on=FAR),))).cleared) == "22 Dec"
