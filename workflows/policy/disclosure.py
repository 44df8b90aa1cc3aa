"""What may reach a victim, and when. Rule: Annex J (victims), facts.md 2.14, 5.8, 5.18, 6.6; design.md 3.3.

Sharing opens on conviction; a death before trial with responsibility found counts as one. Acquittal and
discontinuance do not open it. A conviction quashed on appeal closes it again for what has not left, until another
conviction; for a quashing no source was found (facts.md 8.2.5), and nothing may be shared without a conviction.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from workflows.contract.vocabulary import CourtEventKind

OPENING = frozenset({CourtEventKind.CONVICTED, CourtEventKind.SENTENCED, CourtEventKind.DIED_RESPONSIBLE})
EXCEPTIONAL, CONTINGENCY = "exceptional", "contingency"


def is_open(court: Iterable[CourtEventKind]) -> bool:
    """Whether the court's events, in their order, open disclosure and none has closed it since."""
    opens = False
    for kind in court:
        opens = (opens or kind in OPENING) and kind is not CourtEventKind.QUASHED
    return opens


@dataclass(frozen=True)
class ReleaseFacts:
    """What the record holds when a rendition is to be released. `court` is in order.

    `impacts` is the last assessment by staff number: manageable, contingency, exceptional. `agreed_exceptions` are the
    numbers whose exceptional impact the national team has released, `confirmed_plans` those whose plan is in place.
    """

    court: tuple[CourtEventKind, ...]
    accepted_version: int | None
    rendition_version: int | None
    staff: tuple[str, ...]
    impacts: Mapping[str, str]
    agreed_exceptions: frozenset[str] = field(default=frozenset())
    confirmed_plans: frozenset[str] = field(default=frozenset())
    undecided_redactions: int = 0
    unsettled_leaks: int = 0
    is_searched: bool = True
    is_held: bool = False
    is_corrected: bool = False


def why_not_release(facts: ReleaseFacts) -> tuple[str, ...]:
    """Every reason why the rendition may not be released; empty when it may.

    Codes: `not_convicted`, `held`, `being_corrected`, `not_accepted`, `not_rendered`, `other_version`,
    `redactions_undecided`, `not_searched`, `leaks_unsettled`, `impact_missing:s2`, `impact_exceptional:s2`,
    `plan_unconfirmed:s2`.
    """
    return (*_gate(facts), *_version(facts), *_impacts(facts))


@dataclass(frozen=True)
class Handing:
    """One rendition about to be handed over: its hash as released, as it is now, and what the leg still waits for.

    `given_sha256`: what this leg was given under the same version before, if anything.
    """

    released_sha256: str | None
    offered_sha256: str
    given_sha256: str | None = None
    needs_language: bool = False
    is_child: bool = False
    has_adult: bool = False


def why_not_hand_over(facts: ReleaseFacts, handing: Handing) -> tuple[str, ...]:
    """Why this rendition may not be handed over now: what shut the gate, or something that the leg waits for.

    Codes: those of the gate, `not_released`, `other_version`, `language_not_arranged`, `adult_missing`.
    """
    refusals = _gate(facts)
    if handing.released_sha256 is None:
        return (*refusals, "not_released")
    same = {handing.offered_sha256, handing.given_sha256 or handing.offered_sha256} == {handing.released_sha256}
    return (
        *refusals,
        *(() if same and facts.rendition_version == facts.accepted_version else ("other_version",)),
        *(("language_not_arranged",) if handing.needs_language else ()),
        *(("adult_missing",) if handing.is_child and not handing.has_adult else ()),
    )


def _gate(facts: ReleaseFacts) -> list[str]:
    refusals = [] if is_open(facts.court) else ["not_convicted"]
    refusals += ["held"] if facts.is_held else []
    return [*refusals, "being_corrected"] if facts.is_corrected else refusals


def _version(facts: ReleaseFacts) -> list[str]:
    refusals = ["redactions_undecided"] if facts.undecided_redactions else []
    refusals += [] if facts.is_searched else ["not_searched"]
    refusals += ["leaks_unsettled"] if facts.unsettled_leaks else []
    if facts.accepted_version is None:
        return ["not_accepted", *refusals]
    if facts.rendition_version is None:
        return ["not_rendered", *refusals]
    return refusals if facts.rendition_version == facts.accepted_version else ["other_version", *refusals]


def _impacts(facts: ReleaseFacts) -> list[str]:
    return [f"{code}:{ref}" for ref in facts.staff if (code := _impact(facts, ref))]


def _impact(facts: ReleaseFacts, ref: str) -> str | None:
    impact = facts.impacts.get(ref)
    if impact is None:
        return "impact_missing"
    if impact == EXCEPTIONAL and ref not in facts.agreed_exceptions:
        return "impact_exceptional"
    return "plan_unconfirmed" if impact == CONTINGENCY and ref not in facts.confirmed_plans else None
