"""Nobody left to choose: seen at the moment of asking, not when it is overdue. Rule: design.md 3.13, Annex J."""

from dataclasses import replace

from activities.asked import Asking
from workflows.contract.directory import Person
from workflows.contract.vocabulary import Role
from workflows.policy.authority import eligible_countersigners, eligible_reviewers

REVIEWER, COUNTERSIGNER = "reviewer", "countersigner"


async def nobody_left(asking: Asking) -> tuple[str, ...]:
    """The fields of a commission for which the case's own region has nobody today: `reviewer`, `countersigner`.

    One person who alone could take both leaves nobody to countersign, since the author never does.
    """
    place, on = asking.place, asking.opened_on
    ties = replace(await place.ties(), author=None, countersigner=None)  # both are still to be chosen
    reviewers = eligible_reviewers(place.listed(Role.REVIEWING_MANAGER), ties, on).eligible
    countersigners = eligible_countersigners(place.listed(Role.COUNTERSIGNING_MANAGER), ties, on).eligible
    missing = () if reviewers else (REVIEWER,)
    return missing if _is_a_pair_left(reviewers, countersigners) else (*missing, COUNTERSIGNER)


def _is_a_pair_left(reviewers: tuple[Person, ...], countersigners: tuple[Person, ...]) -> bool:
    """Whether somebody can countersign whom nobody needs for the review itself."""
    return bool(countersigners) and (not reviewers or len({p.key for p in (*reviewers, *countersigners)}) > 1)
