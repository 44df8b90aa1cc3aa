"""What may reach a victim, and when. Rule: Annex J (victims), facts.md 2.14, 5.8, 5.18, 6.6; design.md 3.3.

Sharing opens on conviction; a death before trial with responsibility found counts as one. Acquittal and
discontinuance do not open it. A conviction overturned later is a matter for a recorded hold, not for this gate.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from workflows.contract.vocabulary import CourtEventKind

OPENING = frozenset({CourtEventKind.CONVICTED, CourtEventKind.SENTENCED, CourtEventKind.DIED_RESPONSIBLE})
EXCEPTIONAL = "exceptional"


def is_open(court: Iterable[CourtEventKind]) -> bool:
    """Whether any of the court's events opens disclosure."""
    return not OPENING.isdisjoint(court)


@dataclass(frozen=True)
class ReleaseFacts:
    """What the record holds when a victim version is to be released.

    `impacts` is the assessment by staff number: manageable, contingency, exceptional. `agreed_exceptions` are the
    numbers whose exceptional impact the national team has released.
    """

    court: tuple[CourtEventKind, ...]
    accepted_version: int | None
    rendition_version: int | None
    staff: tuple[str, ...]
    impacts: Mapping[str, str]
    agreed_exceptions: frozenset[str] = field(default=frozenset())
    undecided_redactions: int = 0
    is_held: bool = False


def why_not_release(facts: ReleaseFacts) -> tuple[str, ...]:
    """Every reason why the victim version may not be released; empty when it may.

    Codes: `not_convicted`, `held`, `not_accepted`, `not_rendered`, `other_version`, `redactions_undecided`,
    `impact_missing:s2`, `impact_exceptional:s2`.
    """
    return (*_gate(facts), *_version(facts), *_impacts(facts))


def why_not_hand_over(facts: ReleaseFacts, released_sha256: str | None, offered_sha256: str) -> tuple[str, ...]:
    """Why this rendition may not be handed over now: `not_released`, `other_version`, or what shut the gate since."""
    if released_sha256 is None:
        return (*_gate(facts), "not_released")
    return (*_gate(facts), *(("other_version",) if released_sha256 != offered_sha256 else ()))


def _gate(facts: ReleaseFacts) -> list[str]:
    refusals = [] if is_open(facts.court) else ["not_convicted"]
    return [*refusals, "held"] if facts.is_held else refusals


def _version(facts: ReleaseFacts) -> list[str]:
    refusals = ["redactions_undecided"] if facts.undecided_redactions else []
    if facts.accepted_version is None:
        return ["not_accepted", *refusals]
    if facts.rendition_version is None:
        return ["not_rendered", *refusals]
    return refusals if facts.rendition_version == facts.accepted_version else ["other_version", *refusals]


def _impacts(facts: ReleaseFacts) -> list[str]:
    missing = [f"impact_missing:{ref}" for ref in facts.staff if ref not in facts.impacts]
    exceptional = [
        f"impact_exceptional:{ref}"
        for ref in facts.staff
        if facts.impacts.get(ref) == EXCEPTIONAL and ref not in facts.agreed_exceptions
    ]
    return [*missing, *exceptional]
