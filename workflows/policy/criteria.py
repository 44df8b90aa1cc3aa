"""Is a review due? The criteria over a charge, run again on every amended charge and every answer.

Rule: facts.md 1.4 and 1.13 to 1.16. Offences outside supervision are set aside; of the rest the strongest decides:
always reviewed, then what must be asked about the offence, then risk, then below the threshold. A review in the
public interest is asked for only where nothing else leads to one. A gap is asked about, never guessed.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from workflows.contract.messages import OffenceRef
from workflows.contract.rulebook import Rulebook
from workflows.contract.vocabulary import CriteriaReason, Ground, OffenceCategory, Rosh, SupervisionType

from .calendar import add_working_days
from .offences import OffenceTable


@dataclass(frozen=True)
class ChargeFacts:
    """What the record holds of a charge. `offence_class` and `public_interest` are the answers given, if any."""

    offences: tuple[OffenceRef, ...]
    supervision: SupervisionType
    supervised_from: date
    supervised_until: date | None
    rosh: Rosh
    charged_on: date
    is_public_interest_proposed: bool = False
    offence_class: OffenceCategory | None = None
    public_interest: bool | None = None


@dataclass(frozen=True)
class Verdict:
    """What the criteria say. `question` names what must be asked first; `is_sfo`: a listed offence is charged."""

    ground: Ground
    reason: CriteriaReason
    question: str | None = None
    is_sfo: bool = False


def judge(facts: ChargeFacts, offences: OffenceTable, rulebook: Rulebook, holidays: Collection[date]) -> Verdict:
    """Judge a charge against the criteria."""
    window = rulebook.supervision_window_days.value
    inside = [o for o in facts.offences if is_supervised(facts, o.offence_on, window, holidays)]
    if not inside:
        return _in_public_interest(facts, Verdict(Ground.NONE, CriteriaReason.OUTSIDE_SUPERVISION))
    return _in_public_interest(facts, _by_offence(facts, inside, offences))


def is_supervised(facts: ChargeFacts, offence_on: date, window_days: int, holidays: Collection[date]) -> bool:
    """Whether the offence falls in supervision or within the working days after its end. Rule: facts.md 1.4."""
    if offence_on < facts.supervised_from:
        return False
    ended_on = facts.supervised_until
    return ended_on is None or offence_on <= add_working_days(ended_on, window_days, holidays)


def _by_offence(facts: ChargeFacts, inside: list[OffenceRef], table: OffenceTable) -> Verdict:
    placed = {_placed(offence, facts, table) for offence in inside}
    is_sfo = not placed.isdisjoint({OffenceCategory.MANDATORY, OffenceCategory.QUALIFYING})
    if OffenceCategory.MANDATORY in placed:
        return Verdict(Ground.ALWAYS_REVIEWED, CriteriaReason.NAMED_OFFENCE, is_sfo=True)
    if OffenceCategory.UNKNOWN in placed:
        return Verdict(Ground.ASK, _why_unknown(inside, table), "offence_class", is_sfo)
    if OffenceCategory.QUALIFYING in placed:
        return _by_risk(facts.rosh)
    return Verdict(Ground.NONE, CriteriaReason.NOT_SFO)


def _placed(offence: OffenceRef, facts: ChargeFacts, table: OffenceTable) -> OffenceCategory:
    category = table.classify(offence.code, offence.victim_age)
    if category is OffenceCategory.UNKNOWN and facts.offence_class is not None:
        return facts.offence_class
    return category


def _why_unknown(inside: list[OffenceRef], table: OffenceTable) -> CriteriaReason:
    if any(table.row(offence.code) is None for offence in inside):
        return CriteriaReason.UNKNOWN_OFFENCE
    return CriteriaReason.VICTIM_AGE_MISSING


def _by_risk(rosh: Rosh) -> Verdict:
    """Place a qualifying offence. "Never assessed" is a ground, "not recorded" a gap. Rule: facts.md 1.14, 1.16."""
    if rosh in (Rosh.HIGH, Rosh.VERY_HIGH):
        return Verdict(Ground.RISK, CriteriaReason.HIGH_RISK, is_sfo=True)
    if rosh is Rosh.NEVER_ASSESSED:
        return Verdict(Ground.NOT_ASSESSED, CriteriaReason.NEVER_ASSESSED, is_sfo=True)
    if rosh is Rosh.NOT_RECORDED:
        return Verdict(Ground.ASK, CriteriaReason.RISK_NOT_RECORDED, "rosh", is_sfo=True)
    return Verdict(Ground.NONE, CriteriaReason.BELOW_THRESHOLD, is_sfo=True)


def _in_public_interest(facts: ChargeFacts, verdict: Verdict) -> Verdict:
    """Ask for, or apply, a decision in the public interest where nothing else is due. Rule: facts.md 1.15."""
    if verdict.ground is not Ground.NONE or not facts.is_public_interest_proposed:
        return verdict
    if facts.public_interest is None:
        reason = CriteriaReason.PUBLIC_INTEREST_PROPOSED
        return Verdict(Ground.ASK, reason, "public_interest", verdict.is_sfo)
    if facts.public_interest:
        return Verdict(Ground.PUBLIC_INTEREST, CriteriaReason.PUBLIC_INTEREST, is_sfo=verdict.is_sfo)
    return verdict
