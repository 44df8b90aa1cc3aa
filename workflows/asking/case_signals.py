"""The signals of a case: sync, never raising, never waiting; each is taken in its turn by `Listening`."""

from temporalio import workflow
from temporalio.common import RawValue

from workflows.contract.messages import (
    AmendedCharge,
    CorrectSignal,
    CourtEvent,
    OptInSignal,
    PauseSignal,
    RaisedConcern,
    RaisedEnquiry,
    ReplaceSignal,
    ResumeSignal,
    StageNews,
    TransferSignal,
)
from workflows.contract.vocabulary import CourtEventKind

from .inbox import DeadLetters, one_input
from .listening import Listening


class CaseSignals:
    """What can be sent to a case, by the service and by hand in the Temporal UI."""

    dead_letters: DeadLetters
    listening: Listening

    @workflow.signal(description="What the court did: {kind, on}")
    @one_input
    def court_event(self, raw: RawValue) -> None:
        """The court did something."""
        event = self.dead_letters.read("court_event", raw, CourtEvent)
        if event and event.kind is CourtEventKind.AMENDED:
            self.dead_letters.keep("court_event", "amended: use amend_charge with the offences")
        elif event:
            self.listening.take(event)

    @workflow.signal(description="The charge as it now stands: {amended_on, offences: [{code, offence_on}]}")
    @one_input
    def amend_charge(self, raw: RawValue) -> None:
        """The charge was amended."""
        self.listening.receive("amend_charge", raw, AmendedCharge)

    @workflow.signal(description="Escalate to the national SFO team: {kind, reason}")
    @one_input
    def raise_concern(self, raw: RawValue) -> None:
        """Somebody, or a stage, escalates."""
        self.listening.receive("raise_concern", raw, RaisedConcern)

    @workflow.signal(description="A request from outside: {kind, received_on}")
    @one_input
    def enquiry(self, raw: RawValue) -> None:
        """Somebody outside asks."""
        self.listening.receive("enquiry", raw, RaisedEnquiry)

    @workflow.signal(description="Stop the clock of the review: {reason}")
    @one_input
    def pause(self, raw: RawValue) -> None:
        """The clock of the review is to stand still."""
        self.listening.receive("pause", raw, PauseSignal)

    @workflow.signal(description="The clock of the review runs again: {reason}")
    @one_input
    def resume(self, raw: RawValue) -> None:
        """The clock of the review is to run again."""
        self.listening.receive("resume", raw, ResumeSignal)

    @workflow.signal(description="Supervision has moved: {region, pdu, reason}")
    @one_input
    def transfer(self, raw: RawValue) -> None:
        """The case is to move to another region or delivery unit."""
        self.listening.receive("transfer", raw, TransferSignal)

    @workflow.signal(description="Another reviewing or countersigning manager: {role, to, reason}")
    @one_input
    def replace_manager(self, raw: RawValue) -> None:
        """Another person is to review or to countersign."""
        self.listening.receive("replace_manager", raw, ReplaceSignal)

    @workflow.signal(description="This victim or family wants the review after all: {victim}")
    @one_input
    def opt_in(self, raw: RawValue) -> None:
        """A victim or family has changed its mind."""
        self.listening.receive("opt_in", raw, OptInSignal)

    @workflow.signal(description="The accepted review is wrong in something: {reason}")
    @one_input
    def correct(self, raw: RawValue) -> None:
        """The accepted review is to be corrected."""
        self.listening.receive("correct", raw, CorrectSignal)

    @workflow.signal(description="Sent by the stages themselves")
    @one_input
    def stage_news(self, raw: RawValue) -> None:
        """How a stage stands towards its dates has changed."""
        self.listening.receive("stage_news", raw, StageNews)
