"""What crosses a process boundary: frozen models that carry references, roles, dates and verdicts, never people.

Every time is UTC and case time (the case's own clock, equal to real time at speed 1) unless its name says `wall`.
New fields always have a default that says what an old history decodes to.
"""

from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from .vocabulary import (
    CourtEventKind,
    CriteriaReason,
    DutyKind,
    EnquiryKind,
    EscalationKind,
    EscalationOutcome,
    Ground,
    Outcome,
    ReasonCode,
    Role,
    Rung,
    Stage,
    StepKind,
)

Code = Annotated[str, Field(pattern=r"^[A-Z0-9]{4,10}$")]
Ref = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/#-]{0,120}$")]


class Message(BaseModel):
    """A frozen message; unknown fields are refused so that a typing error is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CaseClock(Message):
    """How a case's time runs: at `speed` 1 it is real; at another, case time runs `speed` times as fast."""

    case_anchor: AwareDatetime
    wall_anchor: AwareDatetime
    speed: float = Field(default=1.0, gt=0)


class Due(Message):
    """A due date and its moment, 23:59:59 Europe/London on that date, as UTC. Rule: design.md 6."""

    on: date
    at: AwareDatetime


class StaffRef(Message):
    """A member of staff in the case, by the number that the record gave: `s1`, `s2`."""

    ref: Ref
    role: Role
    in_line: bool = False


class OffenceRef(Message):
    """One offence charged: a CJS code and the date, nothing else."""

    code: Code
    offence_on: date
    victim_age: int | None = Field(default=None, ge=0, le=130)


# --- Case -----------------------------------------------------------------------------------------


class CaseOpening(Message):
    """What a case starts with: where it is, when it runs, and who is in it by number."""

    reference: Ref
    clock: CaseClock
    region: Ref
    pdu: Ref
    charged_on: date
    appeared_on: date | None = None
    staff: tuple[StaffRef, ...] = ()
    victims: tuple[Ref, ...] = ()


class CaseClosed(Message):
    """How a case ended."""

    reference: Ref
    outcome: Outcome
    ground: Ground
    rounds: int = 0


class CaseStatus(Message):
    """The answer of the case's `status` query."""

    reference: Ref
    ground: Ground
    stages_open: tuple[str, ...]
    stages_ended: tuple[str, ...]
    court: tuple[CourtEventKind, ...]
    on_hold: bool
    escalations_open: tuple[str, ...]
    dead_letters: int


class CourtEvent(Message):
    """Signal `court_event`: what the court did and on which date. `event` is the record's id of it, if it has one."""

    kind: CourtEventKind
    on: date
    event: Ref | None = None


class AmendedCharge(Message):
    """Signal `amend_charge`: the charge as it now stands; the criteria are run again. Rule: facts.md 5.6, 5.7."""

    amended_on: date
    offences: tuple[OffenceRef, ...] = Field(min_length=1)
    event: Ref | None = None


class RaisedConcern(Message):
    """Signal `raise_concern`: `number` is set when the record already holds the escalation."""

    kind: EscalationKind
    number: int | None = Field(default=None, ge=1)
    reason: ReasonCode = ReasonCode.OTHER
    about: Ref | None = None


class RaisedEnquiry(Message):
    """Signal `enquiry`: `number` is set when the record already holds the enquiry."""

    kind: EnquiryKind
    number: int | None = Field(default=None, ge=1)
    received_on: date | None = None


class CaseNews(Message):
    """Signal `case_news`, case to stage: what changed elsewhere that a running stage must know."""

    held: bool | None = None
    stopped: bool | None = None
    accepted_version: int | None = None
    resolved: EscalationKind | None = None
    outcome: EscalationOutcome | None = None


class StageNews(Message):
    """Signal `stage_news`, stage to case: whether a gate of the stage is overdue."""

    stage: str
    overdue: bool


# --- Stages ---------------------------------------------------------------------------------------


class StageBrief(Message):
    """What every stage starts with."""

    reference: Ref
    stage: Stage
    round: int = 1
    clock: CaseClock
    region: Ref
    pdu: Ref
    ground: Ground = Ground.ASK
    rulebook: str = ""
    staff: tuple[StaffRef, ...] = ()
    victims: tuple[Ref, ...] = ()
    actions: tuple[Ref, ...] = ()
    appeared_on: date | None = None
    version: int | None = None
    held: bool = False


class StageEnd(Message):
    """How a stage ended: its outcome, the ground it settled, the document version it made."""

    outcome: Outcome
    ground: Ground | None = None
    rulebook: str | None = None
    version: int | None = None
    actions: tuple[Ref, ...] = ()
    is_sfo: bool = True


class EscalationBrief(Message):
    """What an escalation starts with."""

    reference: Ref
    kind: EscalationKind
    number: int
    clock: CaseClock
    region: Ref
    pdu: Ref
    ground: Ground
    rulebook: str


class EscalationEnd(Message):
    """How an escalation ended; the case obeys it."""

    kind: EscalationKind
    number: int
    outcome: str


class EnquiryBrief(Message):
    """What an enquiry starts with."""

    reference: Ref
    kind: EnquiryKind
    number: int
    clock: CaseClock
    region: Ref
    pdu: Ref
    ground: Ground
    rulebook: str


# --- Gates ----------------------------------------------------------------------------------------


class Step(Message):
    """What happens at `at` while a gate stands open."""

    at: AwareDatetime
    kind: StepKind
    rung: Rung = Rung.ASKED


class GateRequest(Message):
    """Ask `question` at `at`. A deadline is a rulebook key counted from `counted_from`, or `due` as given."""

    gate: Ref
    question: str
    at: AwareDatetime
    rulebook: str
    subject: Ref | None = None
    role: Role | None = None
    deadline: str | None = None
    counted_from: date | None = None
    due: Due | None = None


class EscalationRef(Message):
    """An escalation that the record has numbered."""

    kind: EscalationKind
    number: int


class GateOpened(Message):
    """A gate as the record opened it. `decision` is set when the record already holds its answer."""

    gate: Ref
    role: Role
    due: Due
    steps: tuple[Step, ...]
    decision: Ref | None = None
    escalation: EscalationRef | None = None


class DecideSignal(Message):
    """Signals `decide`, `acknowledge`, `resolve`.

    From a link: `decision` names the row that is believed. Typed by operations: `answer` and `reason` instead.
    """

    gate: Ref
    decision: Ref | None = None
    answer: str | None = Field(default=None, pattern=r"^[a-z_]{2,40}$")
    reason: ReasonCode | None = None


class ReassignSignal(Message):
    """Signal `reassign`: give the gate to the person with this directory key or staff number."""

    gate: Ref
    to: Ref
    reason: ReasonCode


class ExtensionSignal(Message):
    """Signal `request_extension`: the reviewing manager asks for a later date, with a reason code."""

    new_on: date
    reason: ReasonCode
    request: Ref | None = None


class UndeliverableSignal(Message):
    """Signal `undeliverable`: the letter of this gate was refused for good; climb at once."""

    gate: Ref


class Settlement(Message):
    """Apply an answer to a gate: the record's row, or what operations typed."""

    gate: Ref
    at: AwareDatetime
    signal: DecideSignal


class Decision(Message):
    """An answer as applied. `facts` holds dates, choices and keys; `refs` the numbers of rows it made."""

    decision: Ref
    gate: Ref
    answer: str
    received_at: AwareDatetime
    late: bool = False
    facts: dict[str, str] = Field(default_factory=dict)
    refs: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    escalation: EscalationRef | None = None


class Settled(Message):
    """What became of an offered answer: applied, or refused with a code that says why."""

    decision: Decision | None = None
    refused: str | None = None


class Receipt(Message):
    """The answer of a stage's `receipt` query."""

    applied: bool
    code: str = "applied"


class Chase(Message):
    """The steps whose moment has come; one letter per recipient however many there are."""

    gate: Ref
    at: AwareDatetime
    steps: tuple[Step, ...]


class Chased(Message):
    """What the chase did, and the further steps when the planned ones are used up."""

    overdue: bool = False
    escalation: EscalationRef | None = None
    further: tuple[Step, ...] = ()


class Lapse(Message):
    """The period of a gate whose silence has a meaning has passed."""

    gate: Ref
    at: AwareDatetime


class Withdrawal(Message):
    """These gates are no longer asked; unapplied answers are marked void and their authors told."""

    reference: Ref
    gates: tuple[Ref, ...]
    at: AwareDatetime


class Reassignment(Message):
    """Give a gate to another person."""

    gate: Ref
    at: AwareDatetime
    to: Ref
    reason: ReasonCode


class Reassigned(Message):
    """Whether the reassignment was allowed; the code says why not."""

    allowed: bool
    refused: str | None = None


class ClockStart(Message):
    """Start the review's clock from the rulebook's anchor."""

    reference: Ref
    at: AwareDatetime
    rulebook: str


class DeadlineMove(Message):
    """Move the review's date and the gates armed on it, by a recorded decision. Rule: design.md 3.4."""

    reference: Ref
    gates: tuple[Ref, ...]
    decision: Ref
    new_on: date
    at: AwareDatetime
    rulebook: str


class Rearmed(Message):
    """A gate's new schedule after its deadline moved; steps already fired are not in it."""

    gate: Ref
    due: Due
    steps: tuple[Step, ...]


class DeadlineMoved(Message):
    """The new date, the original kept beside it, and the gates re-armed."""

    due: Due
    original: Due
    gates: tuple[Rearmed, ...] = ()


# --- Casework -------------------------------------------------------------------------------------


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
    question: str | None = None


class Notice(Message):
    """Tell people something that asks nothing. `event` names the business event: one email each, ever."""

    reference: Ref
    event: Ref
    letter: str
    to: tuple[Ref, ...]
    at: AwareDatetime
    duty: DutyKind | None = None


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
