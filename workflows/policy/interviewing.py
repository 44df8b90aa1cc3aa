"""In which order a member of staff is told, invited and interviewed, and the time that they have to prepare.

Rule: Annex J (information used in a review; feedback and employee care), facts.md 3, design.md 3.1.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from .calendar import add_working_days

NOT_TOLD = "not_told"
NOT_INVITED = "not_invited"
TOO_EARLY = "too_early"
ALREADY_HELD = "already_held"


@dataclass(frozen=True)
class Progress:
    """What has happened with one member of staff so far, each by its date in London; none: not yet."""

    told_on: date | None = None
    invited_on: date | None = None
    held_on: date | None = None


def ready_on(told_on: date, preparation: int, holidays: Collection[date]) -> date:
    """The first date that leaves somebody told on `told_on` this many working days to prepare."""
    return add_working_days(told_on, preparation, holidays)


def why_not_invite(
    progress: Progress, proposed: Iterable[date], preparation: int, holidays: Collection[date]
) -> str | None:
    """Why this person may not be invited to these dates, or none. `preparation` is in working days.

    Codes: `already_held`, `not_told`, `too_early` where one of the dates leaves less time to prepare.
    """
    if progress.held_on:
        return ALREADY_HELD
    if progress.told_on is None:
        return NOT_TOLD
    ready = ready_on(progress.told_on, preparation, holidays)
    return TOO_EARLY if any(on < ready for on in proposed) else None


def why_not_hold(progress: Progress, held_on: date, preparation: int, holidays: Collection[date]) -> str | None:
    """Why an interview cannot count as held on this date, or none. `preparation` is in working days.

    Codes: `already_held`, `not_told`, `not_invited`, `too_early` before the invitation or the end of the time to
    prepare. Nobody is asked to give that time up, so nobody can be pressed to.
    """
    if progress.held_on:
        return ALREADY_HELD
    if progress.told_on is None:
        return NOT_TOLD
    if progress.invited_on is None:
        return NOT_INVITED
    earliest = max(progress.invited_on, ready_on(progress.told_on, preparation, holidays))
    return TOO_EARLY if held_on < earliest else None
