"""How a workflow asks people: it opens gates, settles answers and tells. It decides nothing itself."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from typing import Any

from temporalio import workflow
from temporalio.exceptions import is_cancelled_exception

from workflows.contract import ids
from workflows.contract.messages import Decision, Due, GateRequest, Notice, StageEnd, StageRecord
from workflows.contract.options import RECORD
from workflows.contract.ports import Casework, Gates
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import DutyKind, ReasonCode, Role

from .cancelling import finished, still_wanted, stopped
from .gate import Gate
from .gate_life import GateLife

# So often everything that can run has run before nobody counts as awaited: a question's own first wait is one.
_QUIET = 3


class Asking(GateLife):
    """A workflow that asks people."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: defaultdict[str, int] = defaultdict(int)
        self.rulebook = ""
        self.has_ended = False
        self.clearing: asyncio.Task[None] | None = None

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
        elif self.brief.lists_gates:
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
        _, is_broken = await finished(stopped(asking))
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
