"""The review: commissioned, people told and interviewed, written, checked for facts, submitted within three months."""

import asyncio
from collections import deque

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import is_cancelled_exception

from workflows.asking.stage import Stage, procedure, stopped
from workflows.contract.messages import (
    ClockStart,
    DeadlineMove,
    Decision,
    Due,
    ExtensionSignal,
    StageBrief,
    StageEnd,
)
from workflows.contract.options import RECORD
from workflows.contract.ports import Casework, Gates
from workflows.contract.vocabulary import DutyKind, EscalationKind, Outcome
from workflows.contract.vocabulary import Stage as Stages
from workflows.policy.duties import INTERVIEWED

ON_THE_REVIEW_DATE = ("draft", "submit")


@workflow.defn(name=Stages.REVIEW)
class Review(Stage):
    """Asks the senior lead to commission, the reviewing manager to interview and write, the Head of PDU on facts.

    Waits three calendar months from the rulebook's anchor; overdue climbs the ladder, and only a recorded
    decision moves the date. Ends with a submitted version. Rule: facts.md 2.3, 2.4, 2.6; Annex J.
    """

    def __init__(self) -> None:
        super().__init__()
        self.requests: deque[ExtensionSignal] = deque()
        self.due: Due

    @workflow.signal(description="Ask for a later date: {new_on, reason}")
    def request_extension(self, raw: RawValue) -> None:
        """The reviewing manager asks for more time."""
        if signal := self.dead_letters.read("request_extension", raw, ExtensionSignal):
            self.requests.append(signal)

    @workflow.run
    @procedure
    async def run(self, brief: StageBrief) -> StageEnd:
        """Commission, tell, interview, write; a review that was returned is only written again."""
        self.due = await self.start_clock()
        extensions = asyncio.create_task(self.decide_extensions())
        try:
            end = await self.carry_out(brief)
        except BaseException as error:
            if is_cancelled_exception(error):
                await stopped(extensions)
            raise
        await stopped(extensions)
        return end

    async def carry_out(self, brief: StageBrief) -> StageEnd:
        """The people first, then the text; the date runs from the start."""
        if brief.is_commissioned:
            return await self.finish(await self.ask("draft", due=self.due))
        await self.commission()
        await self.tell_staff()
        _, drafted = await asyncio.gather(self.interview_staff(), self.ask("draft", due=self.due))
        return await self.finish(drafted)

    async def start_clock(self) -> Due:
        """The review's date, computed once from the rulebook's anchor; later rounds keep it."""
        start = ClockStart(reference=self.brief.reference, at=self.now(), rulebook=self.rulebook)
        started = await workflow.execute_activity_method(
            Casework.start_review_clock, start, summary="Start the three months", **RECORD
        )
        return started.due

    async def commission(self) -> None:
        """Appoint two independent managers; where the region has none, the national team finds them first."""
        while (await self.ask("commission")).answer == "nobody":
            self.news.clear()
            # The answer itself raised the escalation; it is asked again once the national team has resolved it.
            await workflow.wait_condition(lambda: any(n.resolved is EscalationKind.REVIEWER for n in self.news))

    async def tell_staff(self) -> None:
        """Everyone in the case is told that a review is under way, before anyone is interviewed."""
        everyone = tuple(member.ref for member in self.brief.staff)
        await self.tell("under-way", "review_under_way", everyone, DutyKind.TOLD)

    async def interview_staff(self) -> None:
        """Practitioners and managers are interviewed, or it is recorded why not."""
        people = [member.ref for member in self.brief.staff if member.role in INTERVIEWED]
        await asyncio.gather(*(self.ask("interview", subject=ref) for ref in people))

    async def finish(self, drafted: Decision) -> StageEnd:
        """Facts are checked and the review submitted; revising it asks for the draft and the facts again."""
        while True:
            version = drafted.facts["version"]
            await self.ask("facts", subject=f"v{version}")
            submitted = await self.ask("submit", subject=f"v{version}", due=self.due)
            if submitted.answer == "submitted":
                return StageEnd(outcome=Outcome.SUBMITTED, version=int(version))
            drafted = await self.ask("draft", due=self.due)

    async def decide_extensions(self) -> None:
        """Each request for more time is decided and, when granted, moves the date and every gate armed on it."""
        while True:
            await workflow.wait_condition(lambda: bool(self.requests))
            request = self.requests.popleft()
            answer = await self.ask("extension", subject=request.new_on.isoformat())
            if answer.answer == "granted":
                await self.move(answer)

    async def move(self, granted: Decision) -> None:
        """The date moves by this decision; what already fired does not fire again."""
        armed = tuple(g.id for g in self.gates.values() if g.request.question in ON_THE_REVIEW_DATE)
        move = DeadlineMove(
            reference=self.brief.reference,
            gates=armed,
            decision=granted.decision,
            new_on=granted.facts["new_on"],
            at=self.now(),
            rulebook=self.rulebook,
        )
        moved = await workflow.execute_activity_method(Gates.move_deadline, move, summary="Move the date", **RECORD)
        self.due = moved.due
        for rearmed in moved.gates:
            if gate := self.gates.get(rearmed.gate):
                gate.rearm(rearmed)
        await self.show()
