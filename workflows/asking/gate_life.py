"""A gate from its letter to its one decision: waited for, chased, settled, reassigned; and what is seen of it."""

import asyncio
from collections import Counter
from datetime import datetime
from typing import Protocol

from temporalio import workflow
from temporalio.exceptions import is_cancelled_exception

from workflows.contract import ids
from workflows.contract.messages import (
    CaseClock,
    Chase,
    ConcernRecord,
    DecideSignal,
    Decision,
    EscalationRef,
    Forecast,
    Lapse,
    RaisedConcern,
    Reassignment,
    Receipt,
    Settled,
    Settlement,
    StageNews,
    Step,
    Withdrawal,
)
from workflows.contract.options import RECORD
from workflows.contract.ports import Casework, Gates
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import EscalationKind, Ground, ReasonCode, StepKind

from . import case_time
from .asking_signals import AskingSignals
from .cancelling import finished, signalling, still_wanted
from .display import Display, page
from .gate import Gate


class Brief(Protocol):
    """What a stage, an escalation and an enquiry all start with."""

    @property
    def reference(self) -> str: ...  # noqa: D102
    @property
    def clock(self) -> CaseClock: ...  # noqa: D102
    @property
    def rulebook(self) -> str: ...  # noqa: D102
    @property
    def ground(self) -> Ground: ...  # noqa: D102
    @property
    def lists_gates(self) -> bool: ...  # noqa: D102


class GateLife(AskingSignals):
    """Carries each gate that stands to its decision, and shows operations and the case how it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: Counter[str] = Counter()
        self.display = Display()
        self.brief: Brief
        self.paused = False
        self.forecast = Forecast(at_risk=False)
        self.is_late = False
        self.told = StageNews(stage="", overdue=False)

    def now(self) -> datetime:
        """The case's time now, UTC."""
        return case_time.now(self.brief.clock)

    @property
    def part(self) -> str:
        """The part of this workflow's id after the case's, `review-2` or `escalation/overdue-1`."""
        return ids.part_of(workflow.info().workflow_id)

    # --- what is done about a gate ----------------------------------------------------------------

    async def _answer(self, gate: Gate) -> Decision:
        """Wait, chase and settle until one answer is applied."""
        while True:
            still_wanted()
            await self._wait(gate)
            if gate.offers:
                settled = await self._settle(gate)
            elif gate.reassignments:
                await self._reassign(gate)
                continue
            elif self.paused:
                await self.show()
                continue
            elif gate.changes:
                await self._reschedule(gate)
                continue
            else:
                settled = await self._step(gate)
            if settled.decision:
                return settled.decision

    async def _wait(self, gate: Gate) -> None:
        """Until something arrives, the clock stops or runs again, or the next step's moment has come."""
        gate.rearmed = False
        if self.paused:
            await self.show()
            await workflow.wait_condition(lambda: not self.paused or bool(gate.offers or gate.reassignments))
            return
        if gate.next_at is None:
            await workflow.wait_condition(lambda: gate.is_stirred or self.paused)
            return
        delay = case_time.delay_until(self.brief.clock, gate.next_at)
        if gate.is_stirred or not delay:
            return
        try:
            summary = f"{gate.steps[0].kind} {gate.request.question} on {gate.next_at:%Y-%m-%d}"
            await workflow.wait_condition(
                lambda: gate.is_stirred or self.paused, timeout=delay, timeout_summary=summary
            )
        except TimeoutError:
            return  # the step's moment has come; silence gets its meaning in _step

    async def _settle(self, gate: Gate) -> Settled:
        offer = gate.offers.popleft()
        settled, is_broken = await finished(
            workflow.execute_activity_method(
                Gates.settle_gate,
                Settlement(gate=gate.id, at=self.now(), signal=offer),
                summary=f"Apply the answer: {QUESTIONS[gate.request.question].title}",
                **RECORD,
            )
        )
        self._note(offer, settled)
        self.forecast = settled.forecast or self.forecast
        if settled.decision and settled.decision.escalation:
            await self.raise_concern(settled.decision.escalation, gate.id)
        # An answer that the record has applied counts, even when a hold came between; not when the stage ends.
        if is_broken and (settled.decision is None or workflow.cancellation_reason() is not None):
            raise asyncio.CancelledError
        return settled

    def _note(self, offer: DecideSignal, settled: Settled) -> None:
        """Receipts for whoever asks; a refusal is seen by operations too."""
        receipt = Receipt(applied=settled.decision is not None, code=settled.refused or "applied")
        if offer.decision:
            self.receipts[offer.decision] = receipt
        if settled.decision:
            self.receipts[settled.decision.decision] = receipt
        if settled.refused:
            self.refused[settled.refused] += 1
            self.dead_letters.keep("decide", settled.refused)

    async def _reassign(self, gate: Gate) -> None:
        signal = gate.reassignments.popleft()
        gate.times_reassigned += 1
        message = Reassignment(
            gate=gate.id, at=self.now(), to=signal.to, reason=signal.reason, number=gate.times_reassigned
        )
        done = await workflow.execute_activity_method(Gates.reassign_gate, message, summary="Reassign", **RECORD)
        if not done.allowed:
            self.dead_letters.keep("reassign", done.refused or "refused")

    async def _reschedule(self, gate: Gate) -> None:
        """The date as it stands after a pause or a new bank holiday, with the steps that are still ahead."""
        change = gate.change_of_dates(self.now())
        summary = f"Dates anew: {change.cause}"
        gate.rearm(await workflow.execute_activity_method(Gates.reschedule_gate, change, summary=summary, **RECORD))
        await self.show()

    async def _step(self, gate: Gate) -> Settled:
        """Carry out what is due; a gate whose silence has a meaning lapses."""
        now = self.now()
        is_undeliverable = gate.undeliverable
        steps = gate.take_climb() if is_undeliverable else gate.take_due(now)
        if any(step.kind is StepKind.LAPSE for step in steps):
            lapse = Lapse(gate=gate.id, at=now)
            return await workflow.execute_activity_method(Gates.lapse_gate, lapse, summary="Period over", **RECORD)
        if steps:
            await self._chase(gate, steps)
        elif is_undeliverable:
            await self._report_undeliverable(gate)
        return Settled()

    async def _chase(self, gate: Gate, steps: tuple[Step, ...]) -> None:
        kinds = ", ".join(f"{s.kind} {s.rung}" for s in steps)
        chased, is_broken = await finished(
            workflow.execute_activity_method(
                Gates.chase_gate,
                Chase(gate=gate.id, at=self.now(), steps=steps),
                summary=f"Chase: {kinds}",
                **RECORD,
            )
        )
        gate.chased(steps, chased)
        if chased.escalation:
            await self.raise_concern(chased.escalation, gate.id)
        if is_broken:
            raise asyncio.CancelledError
        await self.show()

    async def _report_undeliverable(self, gate: Gate) -> None:
        """Nobody can be reached by mail and no rung is left: the national team hears of it, once for each gate."""
        if gate.is_reported or ids.is_escalation(self.part):
            return  # an escalation of an escalation would go to the same mailbox
        gate.is_reported = True
        record = ConcernRecord(
            reference=self.brief.reference,
            at=self.now(),
            event=f"{gate.id}/undeliverable",
            kind=EscalationKind.OTHER,
            reason=ReasonCode.SYSTEM_FAILURE,
            about=gate.id,
        )
        raised = await workflow.execute_activity_method(
            Casework.record_concern, record, summary="Escalate: the letter cannot be delivered", **RECORD
        )
        await self.raise_concern(raised, gate.id)

    async def _withdraw(self, gate: Gate) -> None:
        message = Withdrawal(reference=self.brief.reference, gates=(gate.id,), at=self.now())
        await workflow.execute_activity_method(Gates.withdraw_gates, message, summary="Withdraw", **RECORD)

    # --- what is seen of it -----------------------------------------------------------------------

    async def raise_concern(self, escalation: EscalationRef, about: str) -> None:
        """Hand an escalation that the record has numbered to the case, which starts it."""
        concern = RaisedConcern(kind=escalation.kind, number=escalation.number, about=about)
        await self._signal_case("raise_concern", concern)

    async def show(self) -> None:
        """Operations see the most urgent open gate and the clock; the case is told when what it shows changes."""
        self.write_page()
        self.display.show(
            self.gates.values(),
            self.forecast,
            late=self.is_late,
            paused=self.paused,
            lists_gates=self.brief.lists_gates,
        )
        news = self.tidings()
        if news != self.told.model_copy(update={"stage": self.part}):
            self.told = news
            await self._signal_case("stage_news", news)

    def write_page(self) -> None:
        """The short page is that of this moment; it costs the history nothing."""
        said = self.said_of_it()
        workflow.set_current_details(
            page(self.gates.values(), self.forecast, late=self.is_late, paused=self.paused, said=said)
        )

    def said_of_it(self) -> list[str]:
        """What the page of this workflow says above its open gates."""
        return [f"**{self.part}** of {self.brief.reference}, ground {self.brief.ground}"]

    def tidings(self) -> StageNews:
        """What the case shows of this workflow."""
        return StageNews(stage=self.part, overdue=self.display.is_overdue)

    async def _signal_case(self, signal: str, message: RaisedConcern | StageNews) -> None:
        case = workflow.get_external_workflow_handle(ids.case_id(self.brief.reference))
        async with signalling():
            try:
                await case.signal(signal, message)
            except Exception as error:
                if is_cancelled_exception(error):
                    raise
                self.dead_letters.keep(signal, "the case is not running")
