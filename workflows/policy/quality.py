"""When a review is good enough, and which reviews the inspectorate samples. Rule: facts.md 2.8, 2.9 and 6.1."""

import hashlib
from typing import get_args

from workflows.contract.rulebook import Rating, Rulebook

# Best first, as the scale is published. Rule: facts.md 6.1.
SCALE: tuple[str, ...] = get_args(Rating)


def is_accepted(composite: str, rulebook: Rulebook) -> bool:
    """Whether this composite rating is at or above the accepted one. Errors: ValueError off the scale."""
    return SCALE.index(composite) <= SCALE.index(rulebook.accepted_rating.value)


def is_hmip_sample(reference: str, share: float) -> bool:
    """Whether this case falls in the inspectorate's sample: spread evenly, and always the same for a case."""
    drawn = int.from_bytes(hashlib.sha256(reference.encode()).digest()[:8], "big")
    return drawn < share * 2**64


def rater(reference: str, rulebook: Rulebook) -> str:
    """Who rates this review: `hmip` in the inspectorate's sample, `national_team` for the rest. Rule: facts.md 2.8."""
    return "hmip" if is_hmip_sample(reference, rulebook.hmip_share.value) else "national_team"
