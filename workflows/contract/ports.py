"""What the lifecycle asks of the world, as activity signatures; `activities/` implements them.

Every method is safe to repeat: the record keeps the result of each business event under its key, and a repeat
returns that result. A method fails for good only where its docstring names the error.
"""

from abc import ABC, abstractmethod

from temporalio import activity

from .messages import (
    AmendmentRecord,
    CaseLookup,
    CaseStands,
    ChargeReading,
    Chase,
    Chased,
    ClockStart,
    Closed,
    Closing,
    ConcernRecord,
    CourtRecord,
    DateLook,
    DateSeen,
    DeadlineMove,
    DeadlineMoved,
    DigestLook,
    DigestPlan,
    DigestWritten,
    EnquiryRecord,
    EscalationRef,
    GateOpened,
    GateRequest,
    Judgement,
    Lapse,
    LegsFound,
    LegsLookup,
    Notice,
    Paused,
    PauseRecord,
    PlaceDigest,
    Rearmed,
    Reassigned,
    Reassignment,
    Rendition,
    RenditionRequest,
    ReplacementRecord,
    Reschedule,
    ResumeRecord,
    Settled,
    Settlement,
    StageFound,
    StageLookup,
    StageRecord,
    TransferRecord,
    Transferred,
    Withdrawal,
)


class Gates(ABC):
    """Asking people: each method is one transition, its rows and its letters together."""

    @activity.defn
    @abstractmethod
    async def open_gate(self, request: GateRequest) -> GateOpened:
        """The question stands in the record, its schedule is fixed and its letter is on the way.

        Repeat-safe by: the gate's id. Errors: `UnknownQuestion`, `UnknownCase` (final).
        """

    @activity.defn
    @abstractmethod
    async def settle_gate(self, settlement: Settlement) -> Settled:
        """The answer is checked, applied with its effects, and the gate closed; or it is refused with a code.

        Repeat-safe by: the decision's id.
        """

    @activity.defn
    @abstractmethod
    async def chase_gate(self, chase: Chase) -> Chased:
        """The reminders and climbs whose moment has come have been made.

        Repeat-safe by: the gate's id and each step's moment and kind.
        """

    @activity.defn
    @abstractmethod
    async def lapse_gate(self, lapse: Lapse) -> Settled:
        """Silence has been given its meaning, unless the record holds an answer received in time.

        Repeat-safe by: the gate's id.
        """

    @activity.defn
    @abstractmethod
    async def withdraw_gates(self, withdrawal: Withdrawal) -> None:
        """The gates are closed unanswered; unapplied answers are void and their authors told.

        Repeat-safe by: each gate's id.
        """

    @activity.defn
    @abstractmethod
    async def reassign_gate(self, reassignment: Reassignment) -> Reassigned:
        """Another person is asked; the earlier link is dead. Refused where independence would break.

        Repeat-safe by: the gate's id and the new person's key.
        """

    @activity.defn
    @abstractmethod
    async def move_deadline(self, move: DeadlineMove) -> DeadlineMoved:
        """The date moved by this decision, the original stays beside it, the gates have new schedules.

        Repeat-safe by: the decision's id.
        """

    @activity.defn
    @abstractmethod
    async def reschedule_gate(self, reschedule: Reschedule) -> Rearmed:
        """The open gate has the date and the steps that follow from a resumed clock or a changed calendar.

        The original date stays; what already fired is not in the steps. Repeat-safe by: the gate, the cause, and the
        pause or the holiday that it names.
        """


class Casework(ABC):
    """The case itself: criteria, clocks, court, duties, closing."""

    @activity.defn
    @abstractmethod
    async def judge_charge(self, reading: ChargeReading) -> Judgement:
        """The criteria have been run over the record and the rulebook in force is pinned to the case.

        Repeat-safe by: reference, round and what the record holds.
        """

    @activity.defn
    @abstractmethod
    async def start_review_clock(self, start: ClockStart) -> DeadlineMoved:
        """The review's due date is fixed from the rulebook's anchor and stands in the record.

        Repeat-safe by: reference.
        """

    @activity.defn
    @abstractmethod
    async def look_at_date(self, look: DateLook) -> DateSeen:
        """The record holds whether the review is at risk or overdue, and who can help has been told, once a date.

        Repeat-safe by: reference, the review's date and what is told of it.
        """

    @activity.defn
    @abstractmethod
    async def tell(self, notice: Notice) -> None:
        """Each recipient has a letter on the way, and the duty, if named, is met.

        Repeat-safe by: the notice's event and the recipient.
        """

    @activity.defn
    @abstractmethod
    async def record_court_event(self, record: CourtRecord) -> None:
        """The court event stands in the record. Repeat-safe by: the event."""

    @activity.defn
    @abstractmethod
    async def record_amendment(self, record: AmendmentRecord) -> None:
        """The amended charge stands in the record. Repeat-safe by: the event."""

    @activity.defn
    @abstractmethod
    async def record_concern(self, record: ConcernRecord) -> EscalationRef:
        """The escalation has its row and number. Repeat-safe by: the event."""

    @activity.defn
    @abstractmethod
    async def record_enquiry(self, record: EnquiryRecord) -> int:
        """The enquiry has its row and number. Repeat-safe by: the event."""

    @activity.defn
    @abstractmethod
    async def end_stage(self, record: StageRecord) -> None:
        """The stage's end and outcome stand in the record. Repeat-safe by: reference and stage part."""

    @activity.defn
    @abstractmethod
    async def find_stage_end(self, lookup: StageLookup) -> StageFound:
        """How a stage ended, as the record holds it: for a case that was reset while the stage ran. Reads only."""

    @activity.defn
    @abstractmethod
    async def prepare_rendition(self, request: RenditionRequest) -> Rendition:
        """An immutable, hashed rendition and its files stand in the record, each file searched for what must not leave.

        Repeat-safe by: reference, audience and the text.
        """

    @activity.defn
    @abstractmethod
    async def search_files(self, request: RenditionRequest) -> Rendition:
        """Every file of the latest rendition was searched, translations that were given back too.

        `version` is the rendition's. Repeat-safe by: each file's bytes.
        """

    @activity.defn
    @abstractmethod
    async def find_legs(self, lookup: LegsLookup) -> LegsFound:
        """How each leg of disclosure stands, so that nobody is asked twice for the same thing. Reads only."""

    @activity.defn
    @abstractmethod
    async def find_case(self, lookup: CaseLookup) -> CaseStands:
        """How a case stood that is opened again after it had closed. Reads only."""

    @activity.defn
    @abstractmethod
    async def close_case(self, closing: Closing) -> Closed:
        """The case is closed, or what is still owed is named. Repeat-safe by: reference, once closed."""

    @activity.defn
    @abstractmethod
    async def pause_review(self, record: PauseRecord) -> Paused:
        """The clock of the review stands still, by a recorded decision; those asked are told once.

        Repeat-safe by: the event.
        """

    @activity.defn
    @abstractmethod
    async def resume_review(self, record: ResumeRecord) -> Paused:
        """The clock runs again and the review's date has its remaining working days back. Repeat-safe by: the event."""

    @activity.defn
    @abstractmethod
    async def transfer_case(self, record: TransferRecord) -> Transferred:
        """The case is in its new region or delivery unit and open questions of regional roles are put to its people.

        Refused with `unknown_place`. Repeat-safe by: the event.
        """

    @activity.defn
    @abstractmethod
    async def replace_manager(self, record: ReplacementRecord) -> Reassigned:
        """The person reviews or countersigns from now on and has every open question of that role.

        Refused where independence would break. Repeat-safe by: the event.
        """


class Digests(ABC):
    """The weekday digest: which places have one, and each of them."""

    @activity.defn
    @abstractmethod
    async def plan_digest(self, look: DigestLook) -> DigestPlan:
        """The day in London and the places with cases in real time; none on a day off. Reads only."""

    @activity.defn
    @abstractmethod
    async def write_digest(self, order: PlaceDigest) -> DigestWritten:
        """One letter to whoever reads for this place, unless every list is empty. Repeat-safe by: day and place."""
