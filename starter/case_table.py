"""A list of cases for a person: a table that fits the terminal, a line that sums up, and the same as CSV.

States stand in words, so that nothing depends on a colour. Roles, stages and kinds are the codes that the filters take.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import click

from starter.case_list import UNREAD, Line, Listed
from starter.columns import GAP, in_columns
from workflows.contract.vocabulary import ClockState

ROLES_SHOWN = 3


def clock_in_words(line: Line) -> str:
    """Write how a case stands: OVERDUE, AT RISK, PAUSED, in time or closed; what is late stays beside a pause."""
    if line.clock is None:
        return "closed"
    if line.clock is ClockState.PAUSED:
        return "PAUSED, OVERDUE" if line.overdue else "PAUSED"
    return {ClockState.OVERDUE: "OVERDUE", ClockState.AT_RISK: "AT RISK"}.get(line.clock, "in time")


@dataclass(frozen=True, slots=True)
class _Column:
    """`rank`: what a narrow terminal leaves out first has the highest; those of rank 0 always stand."""

    heading: str
    rank: int
    cell: Callable[[Line], str]


def _awaits(line: Line) -> str:
    more = f" +{line.questions - 1}" if line.questions > 1 else ""
    return f"{line.awaits}{more}" if line.awaits else line.outcome or "-"


def _review(line: Line) -> str:
    moved = line.review_due != line.original_review_due and line.original_review_due
    return f"{_day(line.review_due)} (first {line.original_review_due})" if moved else _day(line.review_due)


def _escalations(line: Line) -> str:
    return ", ".join(f"{one[:-1]} NOT ACKNOWLEDGED" if one.endswith(UNREAD) else one for one in line.escalations)


def _day(on: date | None) -> str:
    return on.isoformat() if on else "-"


_CLOCK = _Column("Clock", 0, clock_in_words)
_COLUMNS = (
    _Column("Case", 0, lambda one: one.reference),
    _CLOCK,
    _Column("Waits for", 0, _awaits),
    _Column("Due", 0, lambda one: _day(one.due_on or one.closed_on)),
    _Column("Stage", 1, lambda one: one.stage),
    _Column("PDU", 2, lambda one: one.pdu),
    _Column("Review due", 3, _review),
    _Column("Escalations", 4, _escalations),
    _Column("Region", 6, lambda one: one.region),
    _Column("Ground", 5, lambda one: one.ground),
    _Column("Opened", 7, lambda one: one.opened_on.isoformat()),
)
_COLOURS = {"OVERDUE": "red", "AT RISK": "yellow", "PAUSED": "cyan", "PAUSED, OVERDUE": "red"}


def as_table(lines: Sequence[Line], width: int | None = None, *, colour: bool = False) -> list[str]:
    """Write cases under headings, columns aligned. `width`: the terminal's, in characters; None: as wide as it needs.

    What does not fit is left out by column, the least urgent first, and named beneath.
    """
    cells = {column: [column.heading, *map(column.cell, lines)] for column in _COLUMNS}
    said = [one for one in _COLUMNS if one.rank == 0 or any(cell not in ("", "-") for cell in cells[one][1:])]
    shown = _fitting(said, {column: max(map(len, cells[column])) for column in said}, width)
    heading, *rows = in_columns([[cells[column][number] for column in shown] for number in range(len(lines) + 1)])
    if colour:
        start = heading.index(_CLOCK.heading)
        rows = [_coloured(row, start, cell) for row, cell in zip(rows, cells[_CLOCK][1:], strict=True)]
    left_out = [one.heading for one in said if one not in shown]
    return [heading, *rows, *([f"Left out for want of room: {', '.join(left_out)}"] if left_out else [])]


def _coloured(row: str, start: int, cell: str) -> str:
    end = start + len(cell)
    return row[:start] + click.style(cell, fg=_COLOURS.get(cell)) + row[end:]


def _fitting(columns: Sequence[_Column], widths: dict[_Column, int], width: int | None) -> list[_Column]:
    kept = list(columns)
    while width and sum(widths[one] + len(GAP) for one in kept) - len(GAP) > width:
        last = max(kept, key=lambda one: one.rank)
        if last.rank == 0:
            break
        kept.remove(last)
    return kept


def as_summary(found: Listed) -> str:
    """Count what was found: open, overdue, at risk, paused, closed; then whom the open ones wait for, most first."""
    numbers = (
        (len(found.open), "open"),
        (sum(one.overdue for one in found.open), "overdue"),
        (sum(one.at_risk for one in found.open), "at risk"),
        (sum(one.clock is ClockState.PAUSED for one in found.open), "paused"),
        (sum(any(kind.endswith(UNREAD) for kind in one.escalations) for one in found.open), "not acknowledged"),
        (found.closed_number, "closed"),
    )
    said = ", ".join(f"{number:,} {what}" for number, what in numbers if number or what == "open")
    return f"{said}{_awaited(Counter(one.awaits for one in found.open if one.awaits))}"


def _awaited(roles: "Counter[str]") -> str:
    first = roles.most_common(ROLES_SHOWN)
    rest = roles.total() - sum(number for _, number in first)
    parts = [f"{role} {number:,}" for role, number in first] + ([f"others {rest:,}"] if rest else [])
    return f"\nwaiting for {', '.join(parts)}" if parts else ""


_OF_A_LINE = (
    "reference", "region", "pdu", "stage", "ground", "clock", "overdue", "at_risk", "awaits", "questions", "due_on",
    "review_due", "original_review_due", "escalations", "unacknowledged", "opened_on", "closed_on", "outcome",
)  # fmt: skip


def as_csv(lines: Iterable[Line]) -> str:
    """Write cases as CSV with a heading: dates in ISO, yes or no, kinds of open escalations parted by a semicolon."""
    out = io.StringIO()
    writer = csv.DictWriter(out, _OF_A_LINE)
    writer.writeheader()
    for one in lines:
        kinds = [kind.rstrip(UNREAD) for kind in one.escalations]
        unread = [kind[:-1] for kind in one.escalations if kind.endswith(UNREAD)]
        row = one._asdict() | {"escalations": ";".join(kinds), "unacknowledged": ";".join(unread)}
        row |= {"overdue": _yes(one.overdue), "at_risk": _yes(one.at_risk)}
        writer.writerow(row)
    return out.getvalue()


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"
