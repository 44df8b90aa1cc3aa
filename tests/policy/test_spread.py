"""The middle, the mean, the highest and a share of a few numbers, counted by hand."""

from fractions import Fraction

import pytest

from workflows.policy.figure import DAYS, NUMBER, SHARE, WORKING_DAYS, Measure, days_of, number, share_of
from workflows.policy.spread import longest, mean, median, share, within


@pytest.mark.parametrize(
    ("numbers", "middle", "average", "highest"),
    [
        ([], None, None, None),
        ([4], 4, 4, 4),
        ([9, 2], 5.5, 5.5, 9),
        ([9, 1, 2], 2, 4, 9),
        ([1, 9, 2, 4], 3, 4, 9),
        ([7, 1, 3, 9, 5], 5, 5, 9),
        ([1, 2, 3, 10, 20, 30], 6.5, 11, 30),
    ],
)
def test_the_middle_the_mean_and_the_highest(
    numbers: list[int], middle: float | None, average: float | None, highest: float | None
) -> None:
    assert (median(numbers), mean(numbers), longest(numbers)) == (middle, average, highest)


@pytest.mark.parametrize(
    ("part", "mark"), [((1, 10), 1), ((1, 5), 1), ((3, 10), 2), ((4, 5), 4), ((1, 1), 5), ((0, 1), 1)]
)
def test_a_high_mark_is_one_of_the_numbers_that_so_many_do_not_exceed(part: tuple[int, int], mark: int) -> None:
    assert within([3, 5, 1, 4, 2], Fraction(*part)) == mark
    assert within([], Fraction(*part)) is None


def test_a_share_of_nothing_is_none_and_not_nought() -> None:
    assert (share(1, 4), share(0, 4), share(0, 0)) == (0.25, 0.0, None)


def test_a_measure_says_in_which_unit_it_is() -> None:
    assert number("open", 3, 7) == Measure("open", 3, NUMBER, 7)
    assert share_of("late", 1, 4) == Measure("late", 0.25, SHARE, 4)
    assert list(days_of([3, 5, 10], "late_", WORKING_DAYS)) == [
        Measure("late_median", 5, WORKING_DAYS, 3),
        Measure("late_mean", 6, WORKING_DAYS, 3),
        Measure("late_longest", 10, WORKING_DAYS, 3),
    ]
    assert [(measure.name, measure.unit) for measure in days_of([])] == [
        ("median", DAYS),
        ("mean", DAYS),
        ("longest", DAYS),
    ]
    assert (NUMBER, SHARE, DAYS, WORKING_DAYS) == ("number", "share", "days", "working days")
