"""What the court's decisions mean for a case.

A plain convicted or acquitted flag would be wrong: a death before trial with responsibility found counts as a
conviction. Rule: facts.md 5.3, 5.4, 5.8 and 8.1.7.
"""

from collections.abc import Collection

from workflows.contract.vocabulary import CourtEventKind

from .disclosure import is_open

NO_CONVICTION = frozenset({CourtEventKind.DISCONTINUED, CourtEventKind.ACQUITTED})


def ends_the_case(court: Collection[CourtEventKind]) -> bool:
    """Whether the prosecution has come to its end, whichever way."""
    return is_open(court) or any(kind in NO_CONVICTION for kind in court)


def ends_the_review(court: Collection[CourtEventKind]) -> bool:
    """Whether a review under way is not completed. Rule: facts.md 5.3 (dropped); 5.4 (acquitted: our reading)."""
    return any(kind in NO_CONVICTION for kind in court) and not is_open(court)
