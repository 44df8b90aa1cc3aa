"""The figures as one page that stands by itself: to be opened, sent and printed, without a service behind it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starter.charts import Chart
from starter.figures_charts import charts
from starter.figures_sentences import sentences
from starter.figures_tables import FEW, Table, Told, shown, tables
from starter.views import report
from workflows.policy.figures import FIGURES

TITLE = "Figures on Serious Further Offence reviews"

_KEY = (
    ("reviews", "submitted", "reviews submitted"),
    ("extended", "extended", "of those had more time"),
    ("extended", "median", "more time given, median"),
    ("reviews", "open_at_the_end", "reviews open at the end"),
    ("open_standing", "overdue", "of those overdue"),
    ("rounds", "returned", "of accepted reviews were returned first"),
)
"""What stands large at the top."""


@dataclass(frozen=True, slots=True)
class Section:
    """One figure on the page."""

    key: str
    name: str
    definition: str
    units: str
    sentence: str
    charts: list[Chart]
    tables: list[Table]


def as_page(told: Told, made_at: datetime) -> str:
    """The whole page as HTML."""
    return report(
        "figures.html",
        title=TITLE,
        from_on=told.period.from_on,
        to_on=told.period.to_on,
        place=told.places[told.whole],
        with_rehearsed=told.with_rehearsed,
        key_figures=_key_figures(told),
        sections=_sections(told),
        made_at=made_at,
        few=FEW,
    )


def _sections(told: Told) -> list[Section]:
    said = sentences(told)
    return [
        Section(
            figure.key,
            figure.name,
            figure.definition,
            ", ".join(dict.fromkeys(one.unit for one in told.measures[told.whole][figure.key].values())),
            said[figure.key],
            charts(told, figure.key, said[figure.key]),
            tables(told, figure),
        )
        for figure in FIGURES
    ]


def _key_figures(told: Told) -> list[dict[str, Any]]:
    found = told.measures[told.whole]
    return [{"words": words, "value": shown(found[figure][measure])} for figure, measure, words in _KEY]
