"""The case and its stages: what each starts with, hears and ends with."""

from datetime import date

from pydantic import AwareDatetime, Field

from .message import CaseClock, Due, Message, OffenceRef, Ref, Signal, StaffRef
from .vocabulary import (
    ClockState,
    CourtEventKind,
    EnquiryKind,
    EscalationKind,
    EscalationOutcome,
    Ground,
    Outcome,
    ReasonCode,
    Role,
    Stage,
)


class CaseOpening(Message):
    """What a case starts with: where it is, when it runs, and who is in it by number.

    `reopened`: the case had closed; what happened in it stands in the record. Rule: facts.md 5.23.
    `shows_dates`: it keeps the review's dates in its search attributes; one begun by older code goes on without.
    """

    reference: Ref
    clock: CaseClock
    region: Ref
    pdu: Ref
    charged_on: date
    appeared_on: date | None = None
    staff: tuple[StaffRef, ...] = ()
    victims: tuple[Ref, ...] = ()
    reopened: bool = False
    shows_dates: bool = False


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
    clock: ClockState = ClockState.IN_TIME
    review_due: date | None = None
    original_review_due: date | None = None
    remaining: tuple[str, ...] = ()
    extensions: int = 0
    rounds: int = 0


class CourtEvent(Signal):
    """Signal `court_event`: what the court did and on which date. `event` is the record's id of it, if it has one."""

    kind: CourtEventKind
    on: date
    event: Ref | None = None


class AmendedCharge(Signal):
    """Signal `amend_charge`: the charge as it now stands; the criteria are run again. Rule: facts.md 5.6, 5.7."""

    amended_on: date
    offences: tuple[OffenceRef, ...] = Field(min_length=1)
    event: Ref | None = None


class RaisedConcern(Signal):
    """Signal `raise_concern`: `number` is set when the record already holds the escalation."""

    kind: EscalationKind
    number: int | None = Field(default=None, ge=1)
    reason: ReasonCode = ReasonCode.OTHER
    about: Ref | None = None


class RaisedEnquiry(Signal):
    """Signal `enquiry`: `number` is set when the record already holds the enquiry."""

    kind: EnquiryKind
    number: int | None = Field(default=None, ge=1)
    received_on: date | None = None


class PauseSignal(Signal):
    """Signal `pause`: stop the clock of the review. `request` is the record's row of it, if it has one."""

    reason: ReasonCode
    request: Ref | None = None


class ResumeSignal(Signal):
    """Signal `resume`: the clock of the review runs again, and the remaining working days are given back."""

    reason: ReasonCode
    request: Ref | None = None


class TransferSignal(Signal):
    """Signal `transfer`: supervision has moved to another region or delivery unit."""

    region: Ref
    pdu: Ref
    reason: ReasonCode
    request: Ref | None = None


class ReplaceSignal(Signal):
    """Signal `replace_manager`: another person reviews or countersigns; `to` is a directory key."""

    role: Role
    to: Ref
    reason: ReasonCode
    request: Ref | None = None


class OptInSignal(Signal):
    """Signal `opt_in`: this victim or family wants the review after all. Rule: facts.md 5.23."""

    victim: Ref
    request: Ref | None = None


class CorrectSignal(Signal):
    """Signal `correct`: the accepted review is wrong in something and is written and signed once more."""

    reason: ReasonCode
    request: Ref | None = None


class CaseNews(Message):
    """Signal `case_news`, case to stage: what changed elsewhere that a running stage must know.

    `due` is the review's date after a pause, `region` and `pdu` where the case is now. For staff care: `stage` is the
    one just begun, `stopped` false says that a review is due again, `closing` that nothing else of the case is open.
    For disclosure: `number` is that of the resolved escalation, `shut` that the conviction was quashed, `corrected`
    whether the accepted review is being corrected, `opted_in` who wants the review after all, `named` that somebody
    else has a part in the case, whose name must not leave either.
    """

    held: bool | None = None
    stopped: bool | None = None
    accepted_version: int | None = None
    resolved: EscalationKind | None = None
    outcome: EscalationOutcome | None = None
    paused: bool | None = None
    due: Due | None = None
    region: Ref | None = None
    pdu: Ref | None = None
    stage: Stage | None = None
    closing: bool = False
    number: int | None = None
    shut: bool = False
    corrected: bool | None = None
    opted_in: Ref | None = None
    named: bool = False


class StageNews(Message):
    """Signal `stage_news`, stage to case: whether a gate of it is overdue; from a review also how its date stands.

    `remaining` are the kinds of what is still to do, `interviews`, `draft`; how many stands in the record and in the
    review's own details, so that the case need not hear of each interview. None: as before.
    """

    stage: str
    overdue: bool
    at_risk: bool | None = None
    remaining: tuple[str, ...] | None = None
    due: date | None = None
    original_due: date | None = None
    due_at: AwareDatetime | None = None
    original_due_at: AwareDatetime | None = None
    extensions: int | None = None


class StageBrief(Message):
    """What every stage starts with. `opted_in`: who wants the review after all, for disclosure to take up.

    `lists_gates`, here and in the other briefs: it keeps `SfoGates`; one begun by older code goes on without.
    """

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
    is_commissioned: bool = False
    version: int | None = None
    held: bool = False
    stopped: bool = False
    paused: bool = False
    correction: bool = False
    opted_in: tuple[Ref, ...] = ()
    lists_gates: bool = False


class StageEnd(Message):
    """How a stage ended: its outcome, the ground it settled, the document version it made.

    `heard`: the victims and families whose change of mind disclosure has taken up.
    """

    outcome: Outcome
    ground: Ground | None = None
    rulebook: str | None = None
    version: int | None = None
    actions: tuple[Ref, ...] = ()
    is_sfo: bool = True
    must_notify: bool = True
    acquittal_ends_review: bool = True
    resolution: EscalationOutcome | None = None
    heard: tuple[Ref, ...] = ()


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
    lists_gates: bool = False


class CareBrief(Message):
    """What staff care starts with. `stopped`: no review is due just now, so nobody is asked yet."""

    reference: Ref
    clock: CaseClock
    region: Ref
    pdu: Ref
    ground: Ground
    rulebook: str
    staff: tuple[StaffRef, ...] = ()
    stopped: bool = False
    lists_gates: bool = False


class EnquiryBrief(Message):
    """What an enquiry starts with."""

    reference: Ref
    kind: EnquiryKind
    number: int
    received_on: date | None = None
    staff: tuple[StaffRef, ...] = ()
    clock: CaseClock
    region: Ref
    pdu: Ref
    ground: Ground
    rulebook: str
    lists_gates: bool = False
