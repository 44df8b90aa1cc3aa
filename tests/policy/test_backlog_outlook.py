"""What futures say together, each written down here: the weeks, what becomes of the backlog, and its figures."""

from datetime import date, timedelta

import pytest

from tests.policy.test_backlog import HOLIDAYS, RULE
from workflows.policy.backlog import Horizon, Played
from workflows.policy.backlog_outlook import BacklogOutlook, Band, Verdict, outlook

TODAY = date(2026, 12, 22)
AT = TODAY.toordinal()
HORIZON = Horizon.of(TODAY, 1, RULE, HOLIDAYS)
NEVER = None

# When a review came, when it is due, when it was submitted, in days from today; and whether it is of this region.
Told = tuple[int, int, int | None, bool]


def review(came: int = 0, due: int = 200, done: int | None = NEVER, *, is_counted: bool = True) -> Told:
    return came, due, done, is_counted


def future(*reviews: Told, cleared: int | None = NEVER, busy: int = 0, places: int = 0) -> Played:
    return Played(
        tuple(AT + came for came, _, _, _ in reviews),
        tuple(AT + due for _, due, _, _ in reviews),
        tuple(None if done is None else AT + done for _, _, done, _ in reviews),
        tuple(is_counted for _, _, _, is_counted in reviews),
        None if cleared is None else AT + cleared,
        busy,
        places,
    )


def summed(*futures: Played, places: tuple[int, ...] = (), months: int = 1) -> BacklogOutlook:
    return outlook(futures, HORIZON, places, months)


@pytest.mark.parametrize(
    ("told", "is_open", "is_overdue"),
    [
        # At the end of today, and 7, 14, 21 and 28 days later.
        (review(), [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]),
        (review(done=1), [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]),
        (review(done=7), [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]),
        (review(done=8), [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]),
        (review(done=28), [1, 1, 1, 1, 0], [0, 0, 0, 0, 0]),
        (review(done=29), [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]),
        (review(done=31), [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]),
        (review(came=1), [0, 1, 1, 1, 1], [0, 0, 0, 0, 0]),
        (review(came=7), [0, 1, 1, 1, 1], [0, 0, 0, 0, 0]),
        (review(came=8), [0, 0, 1, 1, 1], [0, 0, 0, 0, 0]),
        (review(came=8, done=14), [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]),
        (review(came=8, done=15), [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]),
        (review(came=29), [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]),
        (review(came=29, done=31), [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]),
        (review(due=-30), [1, 1, 1, 1, 1], [1, 1, 1, 1, 1]),
        (review(due=-1), [1, 1, 1, 1, 1], [1, 1, 1, 1, 1]),
        (review(due=0), [1, 1, 1, 1, 1], [0, 1, 1, 1, 1]),
        (review(due=6), [1, 1, 1, 1, 1], [0, 1, 1, 1, 1]),
        (review(due=7), [1, 1, 1, 1, 1], [0, 0, 1, 1, 1]),
        (review(due=27), [1, 1, 1, 1, 1], [0, 0, 0, 0, 1]),
        (review(due=28), [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]),
        (review(due=13, done=14), [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]),
        (review(due=13, done=15), [1, 1, 1, 0, 0], [0, 0, 1, 0, 0]),
        (review(due=-1, done=22), [1, 1, 1, 1, 0], [1, 1, 1, 1, 0]),
        (review(due=-1, is_counted=False), [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]),
    ],
)
def test_a_review_is_open_and_overdue_at_the_end_of_these_weeks(
    told: Told, is_open: list[int], is_overdue: list[int]
) -> None:
    weeks = summed(future(told)).weeks
    assert [week.on for week in weeks] == [TODAY + timedelta(weeks=number) for number in range(5)]
    assert [week.open for week in weeks] == [Band(number, number, number) for number in is_open]
    assert [week.overdue for week in weeks] == [Band(number, number, number) for number in is_overdue]
    # Beside one of another region, and another that is never overdue.
    beside = summed(future(review(is_counted=False), told, review())).weeks
    assert [week.open.middle for week in beside] == [number + 1 for number in is_open]
    assert [week.overdue.middle for week in beside] == is_overdue


def test_each_week_has_a_band_of_its_own() -> None:
    futures = [future(*[review(due=-1)] * number, *[review(done=7)] * (10 - number)) for number in (3, 1, 4, 2, 5)]
    weeks = summed(*futures).weeks
    assert (weeks[0].open, weeks[0].overdue) == (Band(10, 10, 10), Band(1, 3, 5))
    assert (weeks[1].open, weeks[1].overdue) == (Band(1, 3, 5), Band(1, 3, 5))


def test_the_figures_are_the_mean_of_the_futures() -> None:
    found = summed(
        future(review(), review(done=9), review(came=3), review(came=5, done=30), busy=3, places=10),
        future(review(), review(done=2), review(done=9, is_counted=False), review(came=6), busy=1, places=6),
        months=2,
    )
    # Two are open today; in the end three and two.
    assert found.growth == (2.5 - 2) / 2
    assert (found.arrived, found.submitted) == ((2 + 1) / 2, (2 + 1) / 2)
    assert found.utilisation == 4 / 16
    assert summed(future()).utilisation is None


def test_what_comes_back_tells_when_it_clears_in_days() -> None:
    found = summed(*(future(cleared=cleared) for cleared in (NEVER, 3, 0, NEVER, 9)))
    assert found.clears_on == Band(TODAY, TODAY + timedelta(days=9), None)


GROWING = (review(), review(came=1))
SHRINKING = (review(), review(done=1))


@pytest.mark.parametrize(
    ("one", "places", "months", "verdict"),
    [
        # Two are open in the end, and one today.
        (future(*GROWING), (), 1, Verdict.GROWS),
        (future(*GROWING), (9, 9, 1), 1, Verdict.GROWS),
        (future(*GROWING), (1, 1, 2), 1, Verdict.STANDS),  # none waits, as managers can carry both
        (future(*GROWING, cleared=0), (1, 2), 1, Verdict.CLEAR),
        (future(*GROWING, cleared=1), (1, 2), 1, Verdict.CLEARS),
        (future(*GROWING, cleared=0), (2, 1), 1, Verdict.GROWS),
        # None waits, but one is overdue in the end.
        (future(review(), review(came=1, due=27)), (2, 2), 1, Verdict.GROWS),
        (future(review(), review(came=1, due=28)), (2, 2), 1, Verdict.STANDS),
        # It was overdue a week before the end, and another took its place.
        (future(review(due=-1, done=28), review(came=1), review(came=1)), (2, 2), 1, Verdict.STANDS),
        # Nobody is there and one came.
        (future(review(came=1)), (), 1, Verdict.GROWS),
        (future(review(came=28)), (), 1, Verdict.GROWS),  # in the last week
        # One more in twenty months is as little as counts.
        (future(*GROWING), (), 20, Verdict.GROWS),
        (future(*GROWING), (), 21, Verdict.STANDS),
        (future(*SHRINKING), (), 20, Verdict.SHRINKS),
        (future(*SHRINKING), (), 21, Verdict.STANDS),
        (future(*SHRINKING, cleared=0), (), 1, Verdict.CLEAR),
        (future(*SHRINKING, cleared=31), (), 1, Verdict.CLEARS),
        (future(review()), (), 1, Verdict.STANDS),
        (future(review(due=-1), cleared=2), (), 1, Verdict.CLEARS),
    ],
)
def test_what_becomes_of_a_backlog(one: Played, places: tuple[int, ...], months: int, verdict: Verdict) -> None:
    assert summed(one, places=places, months=months).verdict is verdict
