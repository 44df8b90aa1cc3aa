"""The court as a case hears it: what it did, in order, and what that means by policy."""

from temporalio import workflow

from workflows.contract.messages import AmendedCharge, AmendmentRecord, CaseOpening, CourtEvent, CourtRecord
from workflows.contract.options import RECORD
from workflows.contract.ports import Casework
from workflows.contract.vocabulary import CourtEventKind
from workflows.policy import court, disclosure

from . import case_time


class Court:
    """Each event is put on the record before it counts."""

    def __init__(self, opening: CaseOpening) -> None:
        self.opening = opening
        self.events: list[CourtEventKind] = [CourtEventKind.APPEARED] if opening.appeared_on else []
        self.appeared_on = opening.appeared_on
        self.acquittal_ends_review = True

    @property
    def has_appeared(self) -> bool:
        """Whether the person has been before the court for this charge."""
        return court.has_appeared(self.events)

    @property
    def is_over(self) -> bool:
        """Whether the prosecution has come to its end, whichever way."""
        return court.ends_the_case(self.events)

    @property
    def ends_review(self) -> bool:
        """Whether a review under way is not completed. Rule: facts.md 5.3."""
        return court.ends_the_review(self.events, acquittal_ends_it=self.acquittal_ends_review)

    @property
    def opens_disclosure(self) -> bool:
        """Whether victims may be told and given the review. Rule: facts.md 2.14."""
        return disclosure.is_open(self.events)

    async def hear(self, event: CourtEvent) -> None:
        """The event stands on the record, and counts from here on."""
        reference = self.opening.reference
        record = CourtRecord(
            reference=reference,
            at=case_time.now(self.opening.clock),
            event=event.event or f"{reference}/{event.kind}-{event.on}",
            kind=event.kind,
            on=event.on,
        )
        await workflow.execute_activity_method(
            Casework.record_court_event, record, summary=f"Court: {event.kind}", **RECORD
        )
        self.events.append(event.kind)
        if self.has_appeared:
            self.appeared_on = self.appeared_on or event.on

    async def hear_amendment(self, amended: AmendedCharge) -> None:
        """The charge as it now stands is on the record."""
        reference = self.opening.reference
        record = AmendmentRecord(
            reference=reference,
            at=case_time.now(self.opening.clock),
            event=amended.event or f"{reference}/amended-{amended.amended_on}",
            amended_on=amended.amended_on,
            offences=amended.offences,
        )
        await workflow.execute_activity_method(Casework.record_amendment, record, summary="Charge amended", **RECORD)
