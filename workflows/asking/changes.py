"""What people change about a case under way: its clock stops and runs again, it moves, its managers are replaced."""

from collections.abc import Callable
from typing import Any

from temporalio import workflow

from workflows.contract import search
from workflows.contract.messages import (
    CaseNews,
    CaseOpening,
    Paused,
    PauseRecord,
    PauseSignal,
    RaisedConcern,
    ReplacementRecord,
    ReplaceSignal,
    ResumeRecord,
    ResumeSignal,
    TransferRecord,
    TransferSignal,
)
from workflows.contract.options import RECORD
from workflows.contract.ports import Casework
from workflows.contract.vocabulary import ReasonCode, Stage
from workflows.policy.stages import OF_THE_REVIEW

from . import case_time
from .children import Children
from .inbox import DeadLetters


class Changes:
    """Each is put on the record first and obeyed as the record says; a refusal is seen as a dead letter."""

    def __init__(
        self,
        opening: CaseOpening,
        children: Children,
        dead_letters: DeadLetters,
        escalate: Callable[[RaisedConcern], None],
    ) -> None:
        self.opening, self.children, self.dead_letters, self.escalate = opening, children, dead_letters, escalate
        self.region, self.pdu = opening.region, opening.pdu
        self.paused = False
        self.typed = 0

    async def pause(self, signal: PauseSignal) -> None:
        """The clock of the review stands still. Refused where nothing is under review."""
        record = PauseRecord(**self._common("pause", signal.request), reason=signal.reason)
        done = await workflow.execute_activity_method(Casework.pause_review, record, summary="Stop the clock", **RECORD)
        if not done.is_paused:
            self.dead_letters.keep("pause", done.refused or "refused")
        elif not self.paused:
            self.paused = True
            await self.children.tell(CaseNews(paused=True), *OF_THE_REVIEW)

    async def resume(self, signal: ResumeSignal, rulebook: str) -> Paused:
        """The clock runs again, with the working days that were left; returns the review's date."""
        record = ResumeRecord(**self._common("resume", signal.request), reason=signal.reason, rulebook=rulebook)
        done = await workflow.execute_activity_method(
            Casework.resume_review, record, summary="The clock runs again", **RECORD
        )
        if self.paused:
            self.paused = False
            await self.children.tell(CaseNews(paused=False, due=done.due), *OF_THE_REVIEW)
        return done

    async def let_run(self, rulebook: str) -> Paused:
        """The review was finished or stopped while its clock stood still: nothing is left to stand still."""
        self.typed += 1
        signal = ResumeSignal(reason=ReasonCode.OTHER, request=f"ended-{self.typed}")
        return await self.resume(signal, rulebook)

    async def transfer(self, signal: TransferSignal) -> None:
        """The case is in another place: everything that runs is found there from now on."""
        record = TransferRecord(
            **self._common("transfer", signal.request), region=signal.region, pdu=signal.pdu, reason=signal.reason
        )
        done = await workflow.execute_activity_method(Casework.transfer_case, record, summary="Transfer", **RECORD)
        if done.refused:
            self.dead_letters.keep("transfer", done.refused)
            return
        self.region, self.pdu = done.region, done.pdu
        workflow.upsert_search_attributes([search.REGION.value_set(self.region), search.PDU.value_set(self.pdu)])
        if done.escalation:
            self.escalate(RaisedConcern(kind=done.escalation.kind, number=done.escalation.number))
        await self.children.tell(CaseNews(region=self.region, pdu=self.pdu))

    async def replace(self, signal: ReplaceSignal) -> None:
        """Another person reviews or countersigns, with every open question of that role. Refused: not independent."""
        record = ReplacementRecord(
            **self._common("replace", signal.request), role=signal.role, to=signal.to, reason=signal.reason
        )
        done = await workflow.execute_activity_method(
            Casework.replace_manager, record, summary=f"Replace the {signal.role}", **RECORD
        )
        if not done.allowed:
            self.dead_letters.keep("replace_manager", done.refused or "refused")
            return
        await self.children.tell(CaseNews(named=True), Stage.VICTIM_DISCLOSURE)

    def _common(self, what: str, request: str | None) -> dict[str, Any]:
        """The event is the record's request; what was typed by hand is numbered, the same after a reset."""
        if request is None:
            self.typed += 1
        reference = self.opening.reference
        return {
            "reference": reference,
            "at": case_time.now(self.opening.clock),
            "event": f"{reference}/{what}/{request or f'typed-{self.typed}'}",
        }
