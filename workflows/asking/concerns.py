"""Escalations and enquiries of a case: started at any time, numbered by the record, and obeyed."""

from collections.abc import Callable
from typing import Any

from temporalio import workflow

from workflows.contract import search
from workflows.contract.messages import (
    CaseNews,
    CaseOpening,
    ConcernRecord,
    EnquiryBrief,
    EnquiryRecord,
    EscalationBrief,
    RaisedConcern,
    RaisedEnquiry,
)
from workflows.contract.options import RECORD
from workflows.contract.ports import Casework
from workflows.contract.vocabulary import EscalationKind, EscalationOutcome, Stage

from . import case_time
from .children import Children

_HELD = (Stage.VICTIM_DISCLOSURE,)


class Concerns:
    """What is open beside the stages. A staff-safety escalation holds disclosure until it is resolved."""

    def __init__(self, opening: CaseOpening, children: Children, common: Callable[[], dict[str, Any]]) -> None:
        self.opening = opening
        self.children = children
        self.common = common
        self.escalations: dict[str, EscalationKind] = {}
        self.raised: set[str] = set()
        self.resolved: dict[str, EscalationOutcome | None] = {}
        self.is_stopped = False
        self.typed = 0

    @property
    def is_held(self) -> bool:
        """Whether a staff-safety escalation is open. Rule: facts.md 5.18."""
        return EscalationKind.STAFF_SAFETY in self.escalations.values()

    async def escalate(self, concern: RaisedConcern) -> None:
        """Start the escalation and obey its outcome; the same one raised twice is one."""
        number = concern.number or await self._number_concern(concern)
        name = f"{concern.kind}-{number}"
        if name in self.resolved:  # a stage that was begun anew raises it again, and waits for what became of it
            await self._show(concern.kind, number, self.resolved[name])
        if name in self.raised:
            return
        self.raised.add(name)
        self.escalations[name] = concern.kind
        await self._show()
        end = await self.children.escalation(lambda: EscalationBrief(kind=concern.kind, number=number, **self.common()))
        del self.escalations[name]
        self.resolved[name] = end.resolution
        await self._show(concern.kind, number, end.resolution)

    async def enquire(self, raised: RaisedEnquiry) -> None:
        """Start the enquiry; one typed by hand gets its row first."""
        number = raised.number or await self._number_enquiry(raised)
        await self.children.enquiry(
            lambda: EnquiryBrief(
                kind=raised.kind,
                number=number,
                received_on=raised.received_on,
                staff=self.opening.staff,
                **self.common(),
            )
        )

    async def _show(
        self,
        resolved: EscalationKind | None = None,
        number: int | None = None,
        outcome: EscalationOutcome | None = None,
    ) -> None:
        """Operations see the open kinds; disclosure and review hear whether they are held and what was resolved."""
        kinds = sorted({str(kind) for kind in self.escalations.values()})
        workflow.upsert_search_attributes([search.ESCALATION.value_set(kinds)])
        if resolved is EscalationKind.STAFF_SAFETY and outcome is EscalationOutcome.STOP:
            self.is_stopped = True
        news = CaseNews(held=self.is_held, stopped=self.is_stopped, resolved=resolved, number=number, outcome=outcome)
        hearing = (Stage.VICTIM_DISCLOSURE, Stage.REVIEW) if resolved is EscalationKind.REVIEWER else _HELD
        await self.children.tell(news, *hearing)

    async def _number_concern(self, concern: RaisedConcern) -> int:
        self.typed += 1  # the same after a reset, where a random name would make a second row
        record = ConcernRecord(
            reference=self.opening.reference,
            at=case_time.now(self.opening.clock),
            event=f"{self.opening.reference}/concern-typed-{self.typed}",
            kind=concern.kind,
            reason=concern.reason,
            about=concern.about,
        )
        raised = await workflow.execute_activity_method(
            Casework.record_concern, record, summary="Number the escalation", **RECORD
        )
        return raised.number

    async def _number_enquiry(self, raised: RaisedEnquiry) -> int:
        self.typed += 1
        record = EnquiryRecord(
            reference=self.opening.reference,
            at=case_time.now(self.opening.clock),
            event=f"{self.opening.reference}/enquiry-typed-{self.typed}",
            kind=raised.kind,
            received_on=raised.received_on,
        )
        return await workflow.execute_activity_method(
            Casework.record_enquiry, record, summary="Number the enquiry", **RECORD
        )
