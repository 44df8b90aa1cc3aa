"""How a workflow asks people: it opens gates, chases them, settles answers and tells. It decides nothing itself."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import is_cancelled_exception

from workflows.contract import ids, search
from workflows.contract.messages import (
    CalendarSignal,
    CaseClock,
    CaseNews,
    Chase,
    ConcernRecord,
    DecideSignal,
    Decision,
    Due,
    EscalationRef,
    Forecast,
    GateRequest,
    Lapse,
    Notice,
    RaisedConcern,
    Reassignment,
    ReassignSignal,
    Receipt,
    Settled,
    Settlement,
    StageEnd,
    StageNews,
    StageRecord,
    Step,
    UndeliverableSignal,
    Withdrawal,
)
from workflows.contract.options import RECORD
from workflows.contract.ports import Casework, Gates
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import DateCause, DutyKind, EscalationKind, Ground, ReasonCode, Role, StepKind

from . import case_time
from .cancelling import still_wanted, stopped
from .display import Display
from .gate import Gate
from .inbox import DeadLetters

Result = TypeVar("Result")

# So often everything that can run has run before nobody counts as awaited: a question's own first wait is one.
_QUIET = 3


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


class Asking:
    """A workflow that asks people. Its state exists before the first signal, so no early answer is lost."""

    def __init__(self) -> None:
        self.gates: dict[str, Gate] = {}
        self.early: defaultdict[str, list[DecideSignal]] = defaultdict(list)
        self.receipts: dict[str, Receipt] = {}
        self.asked: defaultdict[str, int] = defaultdict(int)
        self.refused: Counter[str] = Counter()
        self.dead_letters = DeadLetters()
        self.display = Display()
        self.brief: Brief
        self.rulebook = ""
        self.paused = False
        self.forecast = Forecast(at_risk=False)
        self.is_late = False
        self.told = StageNews(stage="", overdue=False)
        self.has_ended = False
        self.clearing: asyncio.Task[None] | None = None

    # --- signals and the query: sync, never raise, never wait -----------------------------------

    @workflow.signal(description="Answer a gate: {gate, decision} from a link, {gate, answer, reason} by hand")
    def decide(self, raw: RawValue) -> None:
        """An answer has been given to one of this stage's gates."""
        self._offer("decide", raw)

    @workflow.signal(description="Ask another person: {gate, to, reason}; `to` is a directory key or staff number")
    def reassign(self, raw: RawValue) -> None:
        """A gate is to be given to another person."""
        signal = self.dead_letters.read("reassign", raw, ReassignSignal)
        if signal and (gate := self._standing("reassign", signal.gate)):
            gate.reassignments.append(signal)

    @workflow.signal(description="The letter of a gate was refused for good: {gate}")
    def undeliverable(self, raw: RawValue) -> None:
        """The mail server refused a gate's letter, so the ladder is climbed at once."""
        signal = self.dead_letters.read("undeliverable", raw, UndeliverableSignal)
        if signal and (gate := self._standing("undeliverable", signal.gate)):
            gate.undeliverable = True

    @workflow.signal(description="A bank holiday was announced: {holiday}; open questions that span it move")
    def calendar(self, raw: RawValue) -> None:
        """The calendar changed; every open gate's date is counted again."""
        if signal := self.dead_letters.read("calendar", raw, CalendarSignal):
            for gate in self.gates.values():
                gate.changes.append((DateCause.CALENDAR, signal.holiday))
            self.calendar_changed()

    @workflow.signal(description="What changed elsewhere in the case; sent by the case itself")
    def case_news(self, raw: RawValue) -> None:
        """Something changed elsewhere in the case."""
        if news := self.dead_letters.read("case_news", raw, CaseNews):
            self.heard(news)

    @workflow.query(description="What became of a decision: applied, or refused with a code; empty while waiting")
    def receipt(self, decision: str) -> Receipt | None:
        """What became of this decision."""
        return self.receipts.get(decision)

    def _offer(self, name: str, raw: RawValue) -> None:
        signal = self.dead_letters.read(name, raw, DecideSignal)
        if signal is None:
            return
        if gate := self.gates.get(signal.gate):
            gate.offers.append(signal)
        elif signal.decision is None:
            self.dead_letters.keep(name, "no such open gate")
        elif signal.decision not in self.receipts:
            # After a reset an answer can arrive before its gate stands again: keep it until the gate opens.
            self.early[signal.gate].append(signal)

    def _standing(self, name: str, gate: str) -> Gate | None:
        if gate not in self.gates:
            self.dead_letters.keep(name, "no such open gate")
        return self.gates.get(gate)

    def begin(self) -> None:
        """Called once the brief is there and before anything is asked."""

    def calendar_changed(self) -> None:
        """Called when a bank holiday was announced. Sync, as every handler."""

    def heard(self, news: CaseNews) -> None:
        """Take what changed elsewhere; a case that moved is found in its new place. Sync, as every handler."""
        if news.region and news.pdu:
            workflow.upsert_search_attributes([search.REGION.value_set(news.region), search.PDU.value_set(news.pdu)])

    # --- what a stage says ------------------------------------------------------------------------

    def now(self) -> datetime:
        """The case's time now, UTC."""
        return case_time.now(self.brief.clock)

    async def ask(
        self,
        question: str,
        *,
        subject: str | None = None,
        role: Role | None = None,
        deadline: str | None = None,
        due: Due | None = None,
        counted_from: date | None = None,
        reason: ReasonCode | None = None,
    ) -> Decision:
        """Ask one question and return the one decision. Cancelled: the question is withdrawn.

        While the clock stands still nothing new is asked. Rule: design.md 3.12.
        """
        await workflow.wait_condition(lambda: not self.paused)
        about: dict[str, Any] = {
            "subject": subject,
            "role": role or QUESTIONS[question].role,
            "deadline": deadline,
            "due": due,
            "counted_from": counted_from,
            "reason": reason,
        }
        gate = self._stand(question, **about)
        try:
            with gate.events():
                decision = await self._ask(gate)
        except BaseException as error:
            del self.gates[gate.id]
            if is_cancelled_exception(error):
                await self._withdraw(gate)
                await self.show()
                # An activity that was cancelled says so in its own way; for whoever asked, both are the same.
                raise asyncio.CancelledError from error
            raise
        del self.gates[gate.id]
        if decision is None:  # begun anew, it comes upon a question that was taken back before: it is asked once more
            return await self.ask(question, **about)
        if self.gates or gate.overdue:
            await self.show()
        elif self.display.lists_gates:
            self.clearing = asyncio.create_task(self._show_nobody())
        return decision

    async def _ask(self, gate: Gate) -> Decision | None:
        """Open the gate and wait for its answer; none where the record holds that it was taken back."""
        title = QUESTIONS[gate.request.question].title
        opened = await workflow.execute_activity_method(
            Gates.open_gate, gate.request, summary=f"Ask: {title}", **RECORD
        )
        gate.open(opened)
        still_wanted()
        if opened.escalation:
            await self.raise_concern(opened.escalation, gate.id)
        await self.show()
        return None if opened.is_withdrawn else await self._answer(gate)

    async def _show_nobody(self) -> None:
        """Once everything that can be done now is done: nobody is awaited, unless the next question is on its way."""
        for _ in range(_QUIET):
            await workflow.wait_condition(lambda: True)
        if not self.gates and not self.has_ended:
            await self.show()

    async def ask_until(
        self,
        is_over: Callable[[], bool],
        question: str,
        *,
        subject: str | None = None,
        role: Role | None = None,
        counted_from: date | None = None,
    ) -> Decision | None:
        """Ask, and withdraw the question as soon as `is_over` holds; then none. An answer that was applied counts."""
        still_wanted()
        if is_over():
            return None
        asking = asyncio.create_task(self.ask(question, subject=subject, role=role, counted_from=counted_from))
        try:
            await workflow.wait_condition(lambda: asking.done() or is_over())
        except asyncio.CancelledError:
            await stopped(asking)
            raise
        # A stage that is cancelled while its question is being withdrawn must not leave it open.
        _, is_broken = await _finish(stopped(asking))
        if is_broken:
            raise asyncio.CancelledError
        return None if asking.cancelled() else asking.result()

    async def tell(self, event: str, letter: str, to: tuple[str, ...], duty: DutyKind | None = None) -> None:
        """Tell people something that asks nothing; `event` is unique within this stage."""
        notice = Notice(
            reference=self.brief.reference,
            event=f"{self.brief.reference}/{self.part}/{event}",
            letter=letter,
            to=to,
            at=self.now(),
            duty=duty,
        )
        await workflow.execute_activity_method(Casework.tell, notice, summary=f"Tell: {letter}", **RECORD)

    async def raise_concern(self, escalation: EscalationRef, about: str) -> None:
        """Hand an escalation that the record has numbered to the case, which starts it."""
        concern = RaisedConcern(kind=escalation.kind, number=escalation.number, about=about)
        await self._signal_case("raise_concern", concern)

    async def record_end(self, end: StageEnd) -> StageEnd:
        """How this workflow ended stands in the record, where a case that was reset finds it."""
        self.has_ended = True
        workflow.set_current_details(f"Ended: {end.outcome}")
        self.display.close()
        record = StageRecord(
            reference=self.brief.reference, stage=self.part, outcome=end.outcome, at=self.now(), end=end
        )
        await workflow.execute_activity_method(Casework.end_stage, record, summary=f"End: {end.outcome}", **RECORD)
        return end

    @property
    def part(self) -> str:
        """The part of this workflow's id after the case's, `review-2` or `escalation/overdue-1`."""
        return ids.part_of(workflow.info().workflow_id)

    # --- the gate's life ----------------------------------------------------------------------------

    def _stand(self, question: str, subject: str | None, **about: Any) -> Gate:
        times = f"{question}:{subject}"
        self.asked[times] += 1
        request = GateRequest(
            gate=ids.gate_id(workflow.info().workflow_id, question, subject, self.asked[times]),
            question=question,
            subject=subject,
            at=self.now(),
            rulebook=self.rulebook,
            **about,
        )
        gate = Gate(request)
        gate.offers.extend(self.early.pop(gate.id, ()))
        self.gates[gate.id] = gate
        return gate

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
        settled, is_broken = await _finish(
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
        chased, is_broken = await _finish(
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
        if gate.is_reported or self.part.startswith("escalation/"):
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

    async def show(self) -> None:
        """Operations see the most urgent open gate and the clock; the case is told when what it shows changes."""
        self.display.lists_gates = self.brief.lists_gates
        self.display.show(
            self.gates.values(), self.forecast, late=self.is_late, paused=self.paused, said=self.said_of_it()
        )
        news = self.tidings()
        if news != self.told.model_copy(update={"stage": self.part}):
            self.told = news
            await self._signal_case("stage_news", news)

    def said_of_it(self) -> list[str]:
        """What the page of this workflow says above its open gates."""
        return [f"**{self.part}** of {self.brief.reference}, ground {self.brief.ground}"]

    def tidings(self) -> StageNews:
        """What the case shows of this workflow."""
        return StageNews(stage=self.part, overdue=self.display.is_overdue)

    async def _signal_case(self, signal: str, message: RaisedConcern | StageNews) -> None:
        case = workflow.get_external_workflow_handle(ids.case_id(self.brief.reference))
        try:
            await case.signal(signal, message)
        except Exception as error:
            if is_cancelled_exception(error):
                raise
            self.dead_letters.keep(signal, "the case is not running")


async def _finish(doing: Awaitable[Result]) -> tuple[Result, bool]:
    """What the record may already hold is not dropped: finish it, and say whether a cancellation came meanwhile."""
    task = asyncio.ensure_future(doing)
    try:
        return await asyncio.shield(task), False
    except asyncio.CancelledError:
        return await task, True
