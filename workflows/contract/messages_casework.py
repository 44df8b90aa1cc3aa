"""What the case asks of the record: criteria, court, concerns, notices, renditions, closing."""

from datetime import date

from pydantic import AwareDatetime, Field

from .message import Due, EscalationRef, Message, OffenceRef, Ref
from .messages_case import StageEnd
from .rendition import Audience
from .vocabulary import (
    CourtEventKind,
    CriteriaReason,
    DutyKind,
    EnquiryKind,
    EscalationKind,
    Ground,
    Outcome,
    ReasonCode,
    Role,
)


class ChargeReading(Message):
    """Judge the charge as the record now holds it."""

    reference: Ref
    round: int
    at: AwareDatetime


class Judgement(Message):
    """What the criteria say. `question` is set when a person must be asked first."""

    ground: Ground
    reason: CriteriaReason
    rulebook: str
    is_sfo: bool
    must_notify: bool = True
    acquittal_ends_review: bool = True
    question: str | None = None


class Notice(Message):
    """Tell people something that asks nothing. `event` names the business event: one email each, ever."""

    reference: Ref
    event: Ref
    letter: str
    to: tuple[Ref, ...]
    at: AwareDatetime
    duty: DutyKind | None = None
    only_told: bool = False


class CourtRecord(Message):
    """Write a court event to the record, once."""

    reference: Ref
    at: AwareDatetime
    event: Ref
    kind: CourtEventKind
    on: date


class AmendmentRecord(Message):
    """Write an amended charge to the record, once."""

    reference: Ref
    at: AwareDatetime
    event: Ref
    amended_on: date
    offences: tuple[OffenceRef, ...]


class ConcernRecord(Message):
    """Give an escalation that arrived without a number its row."""

    reference: Ref
    at: AwareDatetime
    event: Ref
    kind: EscalationKind
    reason: ReasonCode
    about: Ref | None = None


class EnquiryRecord(Message):
    """Give an enquiry that arrived without a number its row."""

    reference: Ref
    at: AwareDatetime
    event: Ref
    kind: EnquiryKind
    received_on: date | None = None


class StageRecord(Message):
    """A stage ended."""

    reference: Ref
    stage: str
    outcome: Outcome
    at: AwareDatetime
    end: StageEnd


class StageLookup(Message):
    """Ask the record how a stage ended."""

    reference: Ref
    stage: str


class StageFound(Message):
    """How the stage ended, or nothing while it runs."""

    end: StageEnd | None = None


class RenditionRequest(Message):
    """Make the rendition of a review version for its audience, with its decided redactions."""

    reference: Ref
    version: int
    at: AwareDatetime
    audience: Audience = Audience.VICTIM


class Rendition(Message):
    """An immutable rendition and its hash; `leaks`: how many findings of the search nobody has settled yet."""

    rendition: Ref
    sha256: str
    leaks: int = 0


class LegsLookup(Message):
    """Ask the record how the legs of disclosure stand."""

    reference: Ref


class Leg(Message):
    """How one victim or family stands: a leg is never asked twice for what the record holds.

    `answer`: accepted, declined, later or not_answered; `needs_language`: their language is to be arranged first;
    `given`: the number of the rendition that they have, if any; `is_stop_told`: they know that nothing will be
    shared; `is_closed`: nobody to tell, or no contact wanted.
    """

    victim: Ref
    referred_on: date | None = None
    is_told: bool = False
    is_stop_told: bool = False
    answer: str | None = None
    needs_language: bool = False
    given: int | None = None
    is_closed: bool = False


class LegsFound(Message):
    """The legs, and the released rendition with the version of the review that it shows, if there is one.

    `convicted_on`: when the court opened disclosure; the referral is counted from it.
    """

    legs: tuple[Leg, ...]
    convicted_on: date | None = None
    released: int | None = None
    released_version: int | None = None


class CaseLookup(Message):
    """Ask the record how a case stands that is opened again."""

    reference: Ref
    at: AwareDatetime


class CaseStands(Message):
    """How a case stood when it closed; `stages`: how often each stage has run; `is_corrected`: its review is wrong."""

    ground: Ground
    rulebook: str
    court: tuple[CourtEventKind, ...] = ()
    appeared_on: date | None = None
    version: int | None = None
    rounds: int = 0
    region: Ref
    pdu: Ref
    stages: dict[str, int] = Field(default_factory=dict)
    is_corrected: bool = False


class Closing(Message):
    """Close the case if nothing is owed."""

    reference: Ref
    outcome: Outcome
    at: AwareDatetime


class Closed(Message):
    """Whether the case closed; if not, the codes of what is still owed, for example `fed_back:s2`."""

    closed: bool
    unmet: tuple[str, ...] = ()


class PauseRecord(Message):
    """Stop the clock of the review, once, by the decision `event`."""

    reference: Ref
    at: AwareDatetime
    event: Ref
    reason: ReasonCode


class ResumeRecord(Message):
    """Let the clock of the review run again, once, by the decision `event`."""

    reference: Ref
    at: AwareDatetime
    event: Ref
    reason: ReasonCode
    rulebook: str


class Paused(Message):
    """Whether the clock stands still now. `due` is the review's date once it runs again, where it has one.

    `refused` is a code where the clock could not be stopped.
    """

    is_paused: bool
    due: Due | None = None
    refused: str | None = None


class TransferRecord(Message):
    """Move the case to another region or delivery unit, once."""

    reference: Ref
    at: AwareDatetime
    event: Ref
    region: Ref
    pdu: Ref
    reason: ReasonCode


class Transferred(Message):
    """Where the case is now; a refusal says why it stays. An escalation where nobody independent is left."""

    region: Ref
    pdu: Ref
    refused: str | None = None
    escalation: EscalationRef | None = None


class ReplacementRecord(Message):
    """Give the review or its countersignature, and every open question of that role, to another person, once."""

    reference: Ref
    at: AwareDatetime
    event: Ref
    role: Role
    to: Ref
    reason: ReasonCode
