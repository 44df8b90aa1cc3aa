"""What the court's decisions mean for a case.

A plain convicted or acquitted flag would be wrong: a death before trial with responsibility found counts as a
conviction. Rule: facts.md 5.3, 5.4, 5.8 and 8.1.7.
"""

from collections.abc import Collection

from workflows.contract.vocabulary import CourtEventKind

from .disclosure import OPENING, is_open

NO_CONVICTION = frozenset({CourtEventKind.DISCONTINUED, CourtEventKind.ACQUITTED})


def ends_the_case(court: Collection[CourtEventKind]) -> bool:
    """Whether the prosecution has come to its end, whichever way."""
    return not (OPENING | NO_CONVICTION).isdisjoint(court)


def has_appeared(court: Collection[CourtEventKind]) -> bool:
    """Whether the person has been before the court for this charge; a verdict implies it. Rule: facts.md 1.2, 1.3."""
    return any(kind not in (CourtEventKind.DISCONTINUED, CourtEventKind.AMENDED) for kind in court)


def ends_the_review(court: Collection[CourtEventKind], *, acquittal_ends_it: bool = True) -> bool:
    """Whether a review under way is not completed: charges dropped, or acquitted where the rulebook says so.

    Rule: facts.md 5.3; for an acquittal in mid-review no source was found, 5.4, nor for a conviction that is quashed,
    8.2.5: a review goes on then, since a trial may follow, and its learning stands.
    """
    if is_open(court):
        return False
    return CourtEventKind.DISCONTINUED in court or (acquittal_ends_it and CourtEventKind.ACQUITTED in court)
