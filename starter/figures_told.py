"""The figures for a terminal, for a spreadsheet and for a program. References, names and free text are in none."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from starter.columns import in_columns
from starter.figures_tables import FEW, Told, tables
from workflows.policy.figure import Measure
from workflows.policy.figures import FIGURES

REHEARSED = "REHEARSED CASES ARE INCLUDED: these are not figures of real reviews."


def as_text(told: Told, sentences: Mapping[str, str]) -> str:
    """Every figure for a person at a terminal: what it says in a sentence, then its tables."""
    period = told.period
    lines = [f"Figures from {period.from_on} to {period.to_on}, both included. {FEW}."]
    if told.with_rehearsed:
        lines.append(REHEARSED)
    for figure in FIGURES:
        lines += ["", figure.name.upper(), sentences[figure.key]]
        for table in tables(told, figure):
            lines += ["", *in_columns([table.columns, *table.rows], range(1, len(table.columns)))]
    return "\n".join(lines)


HEADER = ("region", "figure", "measure", "value", "unit", "n")


def as_csv(told: Told) -> str:
    """One line for each measure of each region. A share is 0 to 1; an empty value: nothing to measure."""
    written = io.StringIO()
    sheet = csv.writer(written, lineterminator="\n")
    sheet.writerow(HEADER)
    sheet.writerows(_flat(told))
    return written.getvalue()


def _flat(told: Told) -> list[tuple[Any, ...]]:
    return [
        (place, key, measure.name, _exact(measure), measure.unit, measure.n)
        for place in told.places
        for key, found in told.measures[place].items()
        for measure in found.values()
    ]


def _exact(measure: Measure) -> float | int | None:
    value = measure.value
    return int(value) if value is not None and value == int(value) else None if value is None else round(value, 4)


def as_data(told: Told) -> dict[str, Any]:
    """The same as plain objects, with the definitions; `small` marks what rests on too few."""
    return {
        "from": told.period.from_on.isoformat(),
        "to": told.period.to_on.isoformat(),
        "rehearsed": told.with_rehearsed,
        "definitions": [{"figure": one.key, "name": one.name, "definition": one.definition} for one in FIGURES],
        "regions": {
            place: {
                key: {
                    one.name: {"value": _exact(one), "unit": one.unit, "n": one.n, "small": one.is_small}
                    for one in found.values()
                }
                for key, found in told.measures[place].items()
            }
            for place in told.places
        },
    }
