"""What every stage of a case has: a brief, the case's news, and an end that stands in the record."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import is_cancelled_exception

from workflows.contract.messages import CaseNews, Decision, EscalationRef, StageBrief, StageEnd
from workflows.contract import search
from workflows.contract.vocabulary import DateCause, EscalationKind, Outcome

from .asking import Asking


class Stage(Asking):
    """A stage of a case: it has a brief, hears the case's news, and its end stands in the record."""

    def __init__(self) -> None:
        super().__init__()
        self.brief: StageBrief
        self.held = False
        self.stopped = False
        self.accepted_version: int | None = None
        self.news: list[CaseNews] = []

    @workflow.signal(description="What changed elsewhere in the case; sent by the case itself")
    def case_news(self, raw: RawValue) -> None:
        """Something changed elsewhere in the case."""
        news = self.dead_letters.read("case_news", raw, CaseNews)
        if news is None:
            return
        self.news.append(news)
        self.held = self.held if news.held is None else news.held
        self.stopped = self.stopped or bool(news.stopped)
        self.accepted_version = news.accepted_version or self.accepted_version
        if news.paused is not None:
            self.pause(news.paused)
        if news.region and news.pdu:
            workflow.upsert_search_attributes([search.REGION.value_set(news.region), search.PDU.value_set(news.pdu)])

    def pause(self, paused: bool) -> None:
        """The clock stands still or runs again; then every open question gets its remaining working days back."""
        if self.paused and not paused:
            for gate in self.gates.values():
                gate.changes.appendleft((DateCause.RESUMED, None))
        self.paused = paused

    def begin(self, brief: StageBrief) -> None:
        """Take the brief; from here on the stage can ask."""
        self.brief = brief
        self.rulebook = brief.rulebook
        self.held = self.held or brief.held
        self.stopped = self.stopped or brief.stopped
        self.accepted_version = self.accepted_version or brief.version
        self.paused = self.paused or brief.paused

    async def raise_concern(self, escalation: EscalationRef, about: str) -> None:
        """Hand an escalation to the case; a staff-safety concern holds from this moment, before the case answers."""
        self.held = self.held or escalation.kind is EscalationKind.STAFF_SAFETY
        await super().raise_concern(escalation, about)

    async def ask_while_free(self, question: str, *, subject: str | None = None) -> Decision | None:
        """Ask only while nothing is held: a hold withdraws the question, its end asks again. None: stopped."""
        while True:
            await workflow.wait_condition(lambda: not self.held or self.stopped)
            if self.stopped:
                return None
            decision = await self._ask_until_held(question, subject)
            if decision:
                return decision

    async def _ask_until_held(self, question: str, subject: str | None) -> Decision | None:
        asking = asyncio.create_task(self.ask(question, subject=subject))
        try:
            await workflow.wait_condition(lambda: asking.done() or self.held or self.stopped)
        except asyncio.CancelledError:
            await stopped(asking)
            raise
        await stopped(asking)
        return None if asking.cancelled() else asking.result()


async def stopped(task: "asyncio.Task[Any]") -> None:
    """Cancel a task and wait until it has put away what it had open.

    Not to be called in a `finally`: a workflow that leaves the cache is closed there and may not wait any more.
    """
    if not task.done():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


StageT = TypeVar("StageT", bound=Stage)
Run = Callable[[StageT, StageBrief], Awaitable[StageEnd]]


def procedure(run: Run[StageT]) -> Run[StageT]:
    """Wrap a stage's `run`: take the brief before it, record its end after it; cancelled means withdrawn."""

    @wraps(run)
    async def carried(self: StageT, brief: StageBrief) -> StageEnd:
        self.begin(brief)
        try:
            end = await run(self, brief)
        except BaseException as error:
            if not is_cancelled_exception(error):
                raise
            end = StageEnd(outcome=Outcome.WITHDRAWN, ground=brief.ground)
        return await self.record_end(end)

    return carried
