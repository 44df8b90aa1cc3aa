"""Asking: what opens, answers, chases, moves and closes a gate."""

from datetime import date

from pydantic import AwareDatetime, Field

from .message import Due, EscalationRef, Message, Ref, Signal
from .vocabulary import DateCause, ReasonCode, Role, Rung, StepKind


class Step(Message):
    """What happens at `at` while a gate stands open."""

    at: AwareDatetime
    kind: StepKind
    rung: Rung = Rung.ASKED


class GateRequest(Message):
    """Ask `question` at `at`. A deadline is a rulebook key counted from `counted_from`, or `due` as given.

    `reason` says why, where a signal that asks carries a code.
    """

    gate: Ref
    question: str
    at: AwareDatetime
    rulebook: str
    subject: Ref | None = None
    role: Role | None = None
    deadline: str | None = None
    counted_from: date | None = None
    due: Due | None = None
    reason: ReasonCode | None = None


class GateOpened(Message):
    """A gate as the record opened it. `decision` is set when the record already holds its answer.

    `is_withdrawn`: it was taken back before the stage was begun anew, so nobody can answer it any more.
    """

    gate: Ref
    role: Role
    due: Due
    steps: tuple[Step, ...]
    decision: Ref | None = None
    escalation: EscalationRef | None = None
    is_withdrawn: bool = False


class DecideSignal(Signal):
    """Signals `decide`, `acknowledge`, `resolve`.

    From a link: `decision` names the row that is believed. Typed by operations: `answer` and `reason` instead.
    """

    gate: Ref
    decision: Ref | None = None
    answer: str | None = Field(default=None, pattern=r"^[a-z_]{2,40}$")
    reason: ReasonCode | None = None


class ReassignSignal(Signal):
    """Signal `reassign`: give the gate to the person with this directory key or staff number."""

    gate: Ref
    to: Ref
    reason: ReasonCode


class ExtensionSignal(Signal):
    """Signal `request_extension`: the reviewing manager asks for a later date, with a reason code."""

    new_on: date
    reason: ReasonCode
    request: Ref | None = None


class UndeliverableSignal(Signal):
    """Signal `undeliverable`: the letter of this gate was refused for good; climb at once."""

    gate: Ref


class CalendarSignal(Signal):
    """Signal `calendar`: a bank holiday was announced; open questions whose time spans it get a later date."""

    holiday: date


class Forecast(Message):
    """How a review stands towards its date. `remaining` are codes with counts: `interviews:2`, `draft`, `facts`."""

    at_risk: bool
    remaining: tuple[str, ...] = ()


class DateLook(Message):
    """Look how the review of this case stands towards its date."""

    reference: Ref
    at: AwareDatetime


class DateSeen(Message):
    """How the review stands: its forecast, where it has a date; whether it is overdue; when to look again, if ever."""

    forecast: Forecast | None = None
    overdue: bool = False
    look_at: AwareDatetime | None = None


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
    forecast: Forecast | None = None


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
    number: int = 1


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
    """Move the review's date and the gates armed on it, by a recorded decision. Rule: design.md 3.4.

    `gates` are those that the review knew of; which are armed is read from the record, where one more may stand.
    """

    reference: Ref
    gates: tuple[Ref, ...]
    decision: Ref
    new_on: date
    at: AwareDatetime
    rulebook: str


class Reschedule(Message):
    """Make the schedule of an open gate anew: its clock was resumed, or the calendar has changed by `holiday`."""

    gate: Ref
    at: AwareDatetime
    cause: DateCause
    holiday: date | None = None


class Rearmed(Message):
    """A gate's new schedule after its deadline moved; steps already fired are not in it."""

    gate: Ref
    due: Due
    steps: tuple[Step, ...]
    overdue: bool = False


class DeadlineMoved(Message):
    """The new date, the original kept beside it, and the gates re-armed."""

    due: Due
    original: Due
    gates: tuple[Rearmed, ...] = ()
    extensions: int = 0
    forecast: Forecast | None = None
