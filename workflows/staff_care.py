"""The staff of a reviewed case are looked after for as long as it goes on."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from temporalio import workflow

from workflows.asking import case_time
from workflows.asking.asking import Asking
from workflows.asking.cancelling import still_wanted
from workflows.asking.stage import procedure
from workflows.contract import ids
from workflows.contract.messages import CareBrief, CaseNews, Decision, StageEnd
from workflows.contract.vocabulary import Outcome
from workflows.policy.care import Caring, carers


@workflow.defn(name=ids.STAFF_CARE)
class StaffCare(Asking):
    """Asks whoever looks after the staff of the case whether contact was made; never what was said.

    Waits `welfare` for each contact; due again after `welfare_again`, and sooner when another stage begins. Silence is
    chased up the ladder. Ends when nothing else of the case is open and everybody has been reached or has declined.
    Rule: Annex J (feedback and employee care), facts.md 5.17.
    """

    def __init__(self) -> None:
        super().__init__()
        self.brief: CareBrief
        self.stages_begun = 0
        self.is_at_rest = False
        self.is_closing = False

    def begin(self) -> None:
        """Begun anew while no review is due, it rests from the start."""
        self.is_at_rest = self.is_at_rest or self.brief.stopped

    def heard(self, news: CaseNews) -> None:
        """A stage began, a review is no longer due, or is again, or nothing else of the case is open."""
        super().heard(news)
        self.stages_begun += news.stage is not None
        self.is_at_rest = self.is_at_rest if news.stopped is None else news.stopped
        self.is_closing = self.is_closing or news.closing

    @workflow.run
    @procedure
    async def run(self, brief: CareBrief) -> StageEnd:
        """Everybody who looks after somebody, side by side."""
        await asyncio.gather(*(self.look_after(caring) for caring in carers(brief.staff)))
        return StageEnd(outcome=Outcome.CARED_FOR)

    async def look_after(self, caring: Caring) -> None:
        """Ask for contact again and again, until the case ends with nobody left who is still owed one."""
        is_owed = True
        while not self.is_over(is_owed=is_owed):
            still_wanted()
            decision = await self.ask_until_over(caring, is_owed=is_owed)
            if decision:
                is_owed = decision.facts["owed"] == "yes"
                await self.wait_until_due(decision)
            else:
                await workflow.wait_condition(lambda: not self.is_at_rest or self.is_closing)

    def is_over(self, *, is_owed: bool) -> bool:
        """Whether this carer is asked nothing more; a review that is no longer due owes nobody anything."""
        return self.is_closing and (self.is_at_rest or not is_owed)

    async def ask_until_over(self, caring: Caring, *, is_owed: bool) -> Decision | None:
        """Ask once; none where the question was withdrawn because the review, or everything, had ended."""
        if self.is_at_rest:
            return None
        return await self.ask_until(
            lambda: self.is_at_rest or self.is_over(is_owed=is_owed),
            "welfare",
            subject=caring.role,
            role=caring.role,
        )

    async def wait_until_due(self, contact: Decision) -> None:
        """Until contact is due again; once another stage begins, as soon as the rest after the last one is over."""
        begun = self.stages_begun
        await self.wait_until(contact.facts["rest_until"], lambda: self.is_closing)
        await self.wait_until(contact.facts["again_at"], lambda: self.is_closing or self.stages_begun > begun)

    async def wait_until(self, moment: str, is_earlier: Callable[[], bool]) -> None:
        """Until this moment of the case's time, or earlier for a reason."""
        delay = case_time.delay_until(self.brief.clock, datetime.fromisoformat(moment))
        if not delay:
            return
        try:
            await workflow.wait_condition(is_earlier, timeout=delay, timeout_summary="Welfare contact is due again")
        except TimeoutError:
            return
