"""How long a case is kept, and what stands against its erasure. Rule: facts.md 8.2.9; design.md 3.8."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from workflows.contract.rulebook import RetentionRule


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a case when somebody would erase it. Dates are the case's own.

    `holds`: reason codes of the holds that stand. `related`: references of cases that belong to it and need it: open
    ones, and joint ones under hold. `running`: workflows of it that have not ended.
    """

    closed_on: date | None
    outcome: str
    today: date
    holds: Sequence[str] = ()
    related: Sequence[str] = ()
    running: Sequence[str] = ()


def kept_until(closed_on: date, outcome: str, rule: RetentionRule) -> date:
    """The day from which the case may be erased; 29 February becomes 1 March where the year has none."""
    year = closed_on.year + rule.years(outcome)
    try:
        return closed_on.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def why_not_erase(case: Kept, rule: RetentionRule | None, *, is_ordered: bool) -> Iterator[str]:
    """Everything that stands against it, each in words; nothing: it may be erased.

    `is_ordered`: a court or the Information Commissioner ordered it, which needs no date to have come.
    """
    if case.closed_on is None:
        yield "it is open"
    elif not is_ordered and rule is None:
        yield "the rulebook in force says no period for which a case is kept"
    elif not is_ordered and rule and (until := kept_until(case.closed_on, case.outcome, rule)) > case.today:
        yield f"it is kept until {until}"
    for reason in case.holds:
        yield f"it is under hold: {reason.replace('_', ' ')}"
    for other in case.related:
        yield f"{other} belongs to it and is open or held"
    for workflow in case.running:
        yield f"{workflow} still runs"
