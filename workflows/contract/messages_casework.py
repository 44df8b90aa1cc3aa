"""What the case asks of the record: criteria, court, concerns, notices, renditions, closing."""

from datetime import date

from pydantic import AwareDatetime

from .message import Due, EscalationRef, Message, OffenceRef, Ref
from .messages_case import StageEnd
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
    """Make the victim rendition of a review version with its decided redactions."""

    reference: Ref
    version: int
    at: AwareDatetime


class Rendition(Message):
    """An immutable rendition and its hash."""

    rendition: Ref
    sha256: str


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
