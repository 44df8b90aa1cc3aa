"""A middle, a high mark and a share of a few numbers; of none there is nothing to say, which is not nought."""

from collections.abc import Collection, Sequence
from fractions import Fraction
from math import ceil
from typing import TypeVar

T = TypeVar("T")


def median(numbers: Collection[int]) -> float | None:
    """The middle number, or the mean of the two in the middle."""
    ordered = sorted(numbers)
    if not ordered:
        return None
    half = len(ordered) // 2
    return float(ordered[half]) if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def mean(numbers: Collection[int]) -> float | None:
    """The sum divided by how many there are."""
    return sum(numbers) / len(numbers) if numbers else None


def longest(numbers: Collection[int]) -> float | None:
    """The highest number."""
    return float(max(numbers)) if numbers else None


def within(numbers: Sequence[int], share: Fraction) -> float | None:
    """The smallest of these numbers that at least this share of them does not exceed; none of nothing."""
    return float(nearest_rank(sorted(numbers), share)) if numbers else None


def nearest_rank(ordered: Sequence[T], share: Fraction) -> T:
    """The first of these, which are in their order and one at least, that at least this share does not exceed."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def share(part: int, whole: int) -> float | None:
    """Which part of the whole, 0 to 1."""
    return part / whole if whole else None
