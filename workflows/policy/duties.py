"""What is owed, and what blocks closing. Rule: Annex J (feedback and employee care), facts.md 6.6, design.md 3.6.

Everything owed is met, or closed by a recorded decision; a case with anything else left cannot close.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from workflows.contract.messages import StaffRef
from workflows.contract.vocabulary import DutyKind, Role

# Whom a review interviews, and on whom disclosure may have an impact; the Head of PDU comments on facts instead and
# assesses the impact. Rule: Annex J (information used in a review; victims).
INTERVIEWED = (Role.PRACTITIONER, Role.LINE_MANAGER, Role.OTHER)
AFFECTED = INTERVIEWED

ACTION = "action"
ESCALATION = "escalation"
ENQUIRY = "enquiry"


@dataclass(frozen=True)
class Owed:
    """One thing owed: its kind (a DutyKind, `action`, `escalation`, `enquiry`) and whom or what it is about.

    `closed_by` is the decision that closed it without its being met.
    """

    kind: str
    subject: str
    is_met: bool = False
    closed_by: str | None = None

    @property
    def code(self) -> str:
        """How it is named in a refusal to close, `fed_back:s2`."""
        return f"{self.kind}:{self.subject}"

    @property
    def is_settled(self) -> bool:
        """Whether it no longer blocks closing."""
        return self.is_met or self.closed_by is not None


def unmet(owed: Iterable[Owed]) -> tuple[str, ...]:
    """The codes of what still blocks closing, each once, in counting order (`s2` before `s10`)."""
    return tuple(sorted({duty.code for duty in owed if not duty.is_settled}, key=_counting_order))


def owed_to_staff(staff: Sequence[StaffRef], *, is_reviewed: bool) -> tuple[Owed, ...]:
    """What each member of staff is owed by a review; nothing where there is none.

    Everybody is told, cared for and fed back to; practitioners and managers are interviewed; the Head of PDU is
    offered the draft on matters of fact. Care is met by the first contact: the contacts that follow at each stage
    are questions of their own, and an open question blocks closing as well. Rule: facts.md 5.17.
    """
    if not is_reviewed:
        return ()
    everybody = [Owed(kind, m.ref) for m in staff for kind in (DutyKind.TOLD, DutyKind.CARED_FOR, DutyKind.FED_BACK)]
    everybody += [Owed(DutyKind.INTERVIEWED, m.ref) for m in staff if m.role in INTERVIEWED]
    heads = [Owed(DutyKind.FACTS_OFFERED, m.ref) for m in staff if m.role is Role.HEAD_OF_PDU]
    return (*everybody, *heads)


def owed_to_victims(victims: Sequence[str], *, is_convicted: bool, wanting: Collection[str] = ()) -> tuple[Owed, ...]:
    """What each victim or family is owed after conviction; `wanting` are those who asked for the review.

    Rule: facts.md 2.13, 2.14 and 5.25. Silence is not a refusal, so an answer stays owed until there is one.
    """
    if not is_convicted:
        return ()
    kinds = (DutyKind.VICTIM_TOLD, DutyKind.VICTIM_ANSWERED)
    everybody = [Owed(kind, victim) for victim in victims for kind in kinds]
    return (*everybody, *(Owed(DutyKind.VICTIM_GIVEN, victim) for victim in victims if victim in wanting))


def _counting_order(code: str) -> tuple[tuple[str, int], ...]:
    """Split at numbers: letters by the alphabet, numbers by size."""
    return tuple((text, int(number or 0)) for text, number in re.findall(r"(\D*)(\d*)", code))
