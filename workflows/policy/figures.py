"""Every figure of a period, for each region and for all of them, with its definition beside it.

Counted from what was recorded as work was done; nobody fills in a return. Rule: facts.md 6.6: share extended and
by how long, age of what is open, time for each stage, rounds, causes, none of which could be told before.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date

from .figure import Figure, Measure
from .figure_rows import Period, Row
from .figures_of_reviews import REVIEWS
from .figures_of_work import WORK

EVERYWHERE = "ALL"
"""Stands in place of a region code for all of them together."""

FIGURES: tuple[Figure, ...] = (*REVIEWS, *WORK)
"""In the order in which they are shown."""

Measures = Mapping[str, Mapping[str, Measure]]
"""By figure, then by measure."""


def figures(rows: Iterable[Row], period: Period, holidays: Collection[date]) -> dict[str, Measures]:
    """Each region's measures by its code, all regions first. A case counts where it is now."""
    every = list(rows)
    places = {EVERYWHERE: every}
    for region in sorted({row.region for row in every}):
        places[region] = [row for row in every if row.region == region]
    return {place: _measured(found, period, holidays) for place, found in places.items()}


def _measured(rows: list[Row], period: Period, holidays: Collection[date]) -> Measures:
    return {
        figure.key: {measure.name: measure for measure in figure.count(rows, period, holidays)} for figure in FIGURES
    }
