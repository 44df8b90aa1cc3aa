"""The backlog: a case counted by hand, a slow reckoning beside the quick one, and what must hold whatever comes."""

import random
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.bank_holidays import england_and_wales
from tests.policy.test_forecast import BOOK
from workflows.contract.directory import Absence
from workflows.policy.backlog import (
    DAYS_A_MONTH,
    Horizon,
    OpenReview,
    Played,
    Situation,
    places_by_day,
    play,
    rate_of,
)
from workflows.policy.backlog_outlook import BacklogOutlook, Band, Verdict, outlook
from workflows.policy.calendar import is_working_day

HOLIDAYS = england_and_wales()
RULE = BOOK.deadlines["review"]
TODAY = date(2026, 12, 23)  # a Wednesday: Friday 25 and Monday 28 December and Friday 1 January are bank holidays
HERE: tuple[Absence, ...] = ()

BY_HAND = Situation(
    reviews=(
        OpenReview(date(2027, 2, 1), 4),
        OpenReview(date(2027, 1, 8), 3, is_begun=True),
        OpenReview(date(2027, 1, 4), 2),
    ),
    arrivals_a_month=0,
    reviewers=(HERE,),
    carries=1,
    whole=35,
    durations=(35,),
)


def chance(seed: int | str) -> random.Random:
    return random.Random(seed)  # noqa: S311  # repeatable by design


def played(situation: Situation, months: int = 3, seed: int = 1, today: date = TODAY) -> Played:
    horizon = Horizon.of(today, months, RULE, HOLIDAYS)
    return play(situation, horizon, places_by_day(situation, horizon), chance(seed))


def summed(situation: Situation, months: int = 3, seed: int = 1, runs: int = 50) -> BacklogOutlook:
    horizon = Horizon.of(TODAY, months, RULE, HOLIDAYS)
    places, drawn = places_by_day(situation, horizon), chance(seed)
    return outlook([play(situation, horizon, places, drawn) for _ in range(runs)], horizon, places, months)


def submitted(found: Played) -> dict[str, str]:
    """By its date, when each review is submitted."""
    return {
        date.fromordinal(due).isoformat(): date.fromordinal(done).isoformat() if done else "never"
        for due, done in zip(found.due, found.done, strict=True)
    }


def test_a_band_runs_from_the_value_of_a_tenth_to_that_of_nine_tenths() -> None:
    horizon = Horizon.of(TODAY, 3, RULE, HOLIDAYS)
    futures = [Played((), (), (), (), TODAY.toordinal() + day, 0, 0) for day in (3, 10, 1, 7, 5, 2, 9, 4, 8, 6)]
    days = (TODAY + timedelta(days=day) for day in (1, 5, 9))
    assert outlook(futures, horizon, (), 3).clears_on == Band(*days)
    never = [replace(one, cleared=None) for one in futures[:6]]
    assert outlook([*never, *futures[6:]], horizon, (), 3).clears_on == Band(TODAY + timedelta(days=4), None, None)


# --- by hand ----------------------------------------------------------------------------------------


def test_three_reviews_and_one_manager_over_christmas_counted_by_hand() -> None:
    """The one in hand takes 24, 29 and 30 December; then the next due 31 December and 4 January; then 5 to 8."""
    found = played(BY_HAND)
    assert submitted(found) == {"2027-01-08": "2026-12-30", "2027-01-04": "2027-01-04", "2027-02-01": "2027-01-08"}
    assert found.cleared == date(2027, 1, 4).toordinal()  # then one is left, which the manager has
    assert found.busy == 9
    # 24, 29, 30, 31 December; 20 working days in January; 20 in February; 1 to 23 March: 17.
    assert found.places == 61


def test_the_same_by_week() -> None:
    weeks = summed(BY_HAND, runs=7).weeks
    assert [(week.on.isoformat(), week.open.middle) for week in weeks[:4]] == [
        ("2026-12-23", 3),
        ("2026-12-30", 2),
        ("2027-01-06", 1),
        ("2027-01-13", 0),
    ]
    assert {week.open.low == week.open.high for week in weeks} == {True}  # nothing varies
    assert {week.overdue.high for week in weeks} == {0}


def test_what_is_late_stays_late_until_it_is_submitted_and_the_backlog_is_not_clear_before() -> None:
    late = replace(BY_HAND, reviews=(*BY_HAND.reviews, OpenReview(date(2026, 12, 22), 6, is_begun=True)))
    found = summed(late)
    # The late one is begun and due first: 24, 29, 30, 31 December, 4 and 5 January. Then 3, 2 and 4 days.
    assert submitted(played(late)) == {
        "2026-12-22": "2027-01-05",
        "2027-01-08": "2027-01-08",
        "2027-01-04": "2027-01-12",
        "2027-02-01": "2027-01-18",
    }
    assert [week.overdue.middle for week in found.weeks[:5]] == [1, 1, 1, 0, 0]
    # On 6 January the one of 4 January is overdue; on 12 January it is submitted, and one is left.
    assert found.clears_on == Band(date(2027, 1, 12), date(2027, 1, 12), date(2027, 1, 12))
    assert (found.verdict, found.submitted, found.arrived) == (Verdict.CLEARS, 4, 0)


def test_a_second_manager_an_absence_and_a_second_review_at_a_time_by_hand() -> None:
    away = (Absence(from_on=date(2026, 12, 24), to_on=date(2026, 12, 30)),)
    two = replace(BY_HAND, reviewers=(HERE, away))
    # Alone until 30 December, then two: from 31 December the reviews of 4 January (2) and 1 February (4) side by side.
    assert submitted(played(two)) == {
        "2027-01-08": "2026-12-30",
        "2027-01-04": "2027-01-04",
        "2027-02-01": "2027-01-06",
    }
    both = replace(BY_HAND, carries=2)
    assert submitted(played(both)) == {
        "2027-01-08": "2026-12-30",
        "2027-01-04": "2026-12-29",
        "2027-02-01": "2027-01-05",  # 30 and 31 December, 4 and 5 January
    }


def test_what_others_write_takes_no_place_and_what_is_written_for_others_is_not_counted() -> None:
    elsewhere = OpenReview(date(2027, 1, 29), 5, is_begun=True, takes_a_place=False)
    lent = OpenReview(date(2026, 12, 31), 5, is_begun=True, is_counted=False)
    found = summed(replace(BY_HAND, reviews=(*BY_HAND.reviews, elsewhere, lent)))
    by_date = submitted(played(replace(BY_HAND, reviews=(*BY_HAND.reviews, elsewhere, lent))))
    assert by_date["2027-01-29"] == "2027-01-04"  # 24, 29, 30, 31 December and 4 January
    assert by_date["2026-12-31"] == "2027-01-04"  # the same days, before the rest, and a place of ours
    assert by_date["2027-01-08"] == "2027-01-07"
    assert found.weeks[0].open.middle == 4
    # On 6 January only ours are overdue: that of 4 January.
    assert [week.overdue.middle for week in found.weeks[:3]] == [0, 0, 1]


def test_without_a_manager_nothing_is_ever_submitted_and_what_comes_stays() -> None:
    found = summed(replace(BY_HAND, reviewers=(), arrivals_a_month=4), months=12, runs=200)
    assert (found.submitted, found.utilisation, found.clears_on.low) == (0, None, None)
    assert found.verdict is Verdict.GROWS
    assert found.growth == pytest.approx(4, rel=0.05)
    assert found.weeks[-1].open.middle == pytest.approx(3 + 48, abs=2)


def test_with_no_reviews_and_none_that_come_all_is_clear_today() -> None:
    found = summed(replace(BY_HAND, reviews=()))
    assert (found.verdict, found.clears_on.high, found.growth) == (Verdict.CLEAR, TODAY, 0)


def test_a_backlog_that_neither_grows_nor_clears_stands_and_one_that_is_long_shrinks() -> None:
    many = tuple(OpenReview(date(2026, 12, 1), 35) for _ in range(20))
    assert summed(replace(BY_HAND, reviews=many, reviewers=())).verdict is Verdict.STANDS
    shrinking = summed(replace(BY_HAND, reviews=many, reviewers=(HERE,), carries=2))
    assert shrinking.verdict is Verdict.SHRINKS  # 61 working days let each of two places submit one
    assert shrinking.growth == pytest.approx(-2 / 3)


def test_what_is_clear_today_and_then_more_than_the_managers_can_do_grows() -> None:
    found = summed(replace(BY_HAND, reviews=(), arrivals_a_month=6), months=12, runs=200)
    assert (found.verdict, found.clears_on.middle) == (Verdict.GROWS, TODAY)
    soon = summed(replace(BY_HAND, reviews=(), arrivals_a_month=6), months=2, runs=200)  # before the first is overdue
    assert (soon.verdict, soon.weeks[-1].overdue.high) == (Verdict.GROWS, 0)
    few = summed(replace(BY_HAND, reviews=(), arrivals_a_month=0.3), months=12, runs=200)
    assert few.verdict is Verdict.CLEAR


def test_reviews_that_come_are_due_by_the_rule_from_the_day_on_which_they_come() -> None:
    found = played(replace(BY_HAND, reviews=(), arrivals_a_month=8), months=6)
    assert len(found.came) > 20
    for came, due, done in zip(found.came, found.due, found.done, strict=True):
        on = date.fromordinal(came)
        assert is_working_day(on, HOLIDAYS)
        assert on > TODAY
        assert date.fromordinal(due).month == (on.month + 2) % 12 + 1
        assert done is None or done > came


def test_as_many_come_as_the_rate_says() -> None:
    found = summed(replace(BY_HAND, arrivals_a_month=3.5), months=12, runs=500)
    assert found.arrived == pytest.approx(42, rel=0.02)  # the standard error is 0.7 of a hundred


def test_what_varies_makes_a_band_and_the_part_that_is_left_is_scaled() -> None:
    varied = replace(BY_HAND, reviews=(OpenReview(date(2027, 3, 1), 7),), durations=(35, 70))
    days = {submitted(played(varied, seed=seed))["2027-03-01"] for seed in range(20)}
    assert days == {"2027-01-06", "2027-01-15"}  # 7 of 35 are 7 or, where the whole takes 70, 14 working days


def test_a_rate_is_counted_by_months_of_a_year() -> None:
    assert rate_of(12, 365) == pytest.approx(12 / 365 * DAYS_A_MONTH)
    assert rate_of(0, 30) == 0


# --- whatever comes ---------------------------------------------------------------------------------

REVIEWS = st.builds(
    OpenReview,
    due_on=st.dates(date(2026, 10, 1), date(2027, 3, 31)),
    days_needed=st.integers(1, 40),
    is_begun=st.booleans(),
    is_counted=st.booleans(),
    takes_a_place=st.booleans(),
)
ABSENCES = st.builds(
    lambda start, days: Absence(from_on=start, to_on=start + timedelta(days=days)),
    st.dates(date(2026, 12, 1), date(2027, 3, 31)),
    st.integers(0, 40),
)
SITUATIONS = st.builds(
    Situation,
    reviews=st.lists(REVIEWS, max_size=12).map(tuple),
    arrivals_a_month=st.floats(0, 12),
    reviewers=st.lists(st.lists(ABSENCES, max_size=2).map(tuple), max_size=4).map(tuple),
    carries=st.integers(1, 3),
    whole=st.just(35),
    durations=st.lists(st.integers(1, 80), min_size=1, max_size=4).map(tuple),
)


@given(SITUATIONS, st.lists(ABSENCES, max_size=2), st.integers(0, 1000))
@settings(max_examples=150)
def test_one_more_manager_makes_nothing_later(situation: Situation, away: list[Absence], seed: int) -> None:
    fewer = played(situation, seed=seed)
    more = played(replace(situation, reviewers=(*situation.reviewers, tuple(away))), seed=seed)
    assert (more.came, more.due) == (fewer.came, fewer.due)  # the same chance
    for later, sooner in zip(fewer.done, more.done, strict=True):
        assert later is None or (sooner is not None and sooner <= later)
    assert fewer.cleared is None or (more.cleared is not None and more.cleared <= fewer.cleared)


@given(SITUATIONS, st.integers(0, 1000))
@settings(max_examples=150)
def test_what_was_there_and_came_is_open_or_submitted_and_never_less_than_none(situation: Situation, seed: int) -> None:
    horizon = Horizon.of(TODAY, 3, RULE, HOLIDAYS)
    places = places_by_day(situation, horizon)
    one = play(situation, horizon, places, chance(seed))
    found = outlook([one], horizon, places, 3)
    start = sum(review.is_counted for review in situation.reviews)
    for week in found.weeks:
        end = week.on.toordinal()
        came = sum(TODAY.toordinal() < day <= end for day in one.came)
        gone = sum(
            done is not None and done <= end and counted for done, counted in zip(one.done, one.is_counted, strict=True)
        )
        assert start + came == week.open.middle + gone
        assert 0 <= week.overdue.middle <= week.open.middle
    assert 0 <= one.busy <= one.places


@given(SITUATIONS, st.integers(0, 1000), st.randoms(use_true_random=False))
@settings(max_examples=75)
def test_the_same_seed_gives_the_same_whatever_the_order_of_the_reviews(
    situation: Situation, seed: int, shuffle: random.Random
) -> None:
    reviews = list(situation.reviews)
    shuffle.shuffle(reviews)
    assert played(replace(situation, reviews=tuple(reviews)), seed=seed) == played(situation, seed=seed)


@given(SITUATIONS, st.integers(0, 1000))
@settings(max_examples=100)
def test_the_quick_reckoning_is_the_slow_one(situation: Situation, seed: int) -> None:
    """Day by day and review by review, with durations that do not vary, so that they are known here."""
    situation = replace(situation, durations=(35,))
    found = played(situation, seed=seed)
    horizon = Horizon.of(TODAY, 3, RULE, HOLIDAYS)
    places = places_by_day(situation, horizon)
    reviews = sorted(situation.reviews)
    left = [review.days_needed for review in reviews] + [35] * (len(found.came) - len(reviews))
    begun = [review.is_begun for review in reviews] + [False] * (len(found.came) - len(reviews))
    here = [review.takes_a_place for review in reviews] + [True] * (len(found.came) - len(reviews))
    done: list[int | None] = [None] * len(left)
    cleared = None
    for day, today in enumerate([TODAY.toordinal(), *horizon.worked]):
        free = places[day - 1] if day else 0
        waiting = [n for n in range(len(left)) if left[n] and found.came[n] < today]
        for n in sorted(waiting, key=lambda n: (not begun[n], found.due[n], n)):
            if day and (free > 0 or not here[n]):
                free -= here[n]
                left[n] -= 1
                done[n] = None if left[n] else today
        still = [n for n in range(len(left)) if left[n] and found.came[n] <= today]
        is_late = any(found.due[n] < today and found.is_counted[n] for n in still)
        carried = places[min(day, len(places) - 1)]
        if cleared is None and not is_late and sum(here[n] for n in still) <= carried:
            cleared = today
    assert tuple(done) == found.done
    assert cleared == found.cleared


def test_the_first_runs_are_the_same_however_many_follow() -> None:
    situation = replace(BY_HAND, arrivals_a_month=3)
    horizon = Horizon.of(TODAY, 3, RULE, HOLIDAYS)
    places = places_by_day(situation, horizon)
    few, many = chance("1/N53"), chance("1/N53")
    first = [play(situation, horizon, places, few) for _ in range(5)]
    assert first == [play(situation, horizon, places, many) for _ in range(50)][:5]
    assert any(one != other for one, other in pairwise(first))
