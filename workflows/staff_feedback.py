"""Everyone who managed the case hears the findings and any learning for them."""

import asyncio

from temporalio import workflow

from workflows.asking.stage import Stage, procedure
from workflows.contract.messages import StageBrief, StageEnd
from workflows.contract.vocabulary import Outcome, Role
from workflows.contract.vocabulary import Stage as Stages


@workflow.defn(name=Stages.STAFF_FEEDBACK)
class StaffFeedback(Stage):
    """Asks each member of staff in the case to confirm that they have had feedback.

    Waits `feedback`; silence is chased. Ends when all are fed back; a case cannot close with one unmet.
    Rule: Annex J, feedback and employee care.
    """

    @workflow.run
    @procedure
    async def run(self, brief: StageBrief) -> StageEnd:
        """Everyone side by side."""
        await asyncio.gather(*(self.feed_back(member.ref) for member in brief.staff))
        return StageEnd(outcome=Outcome.FED_BACK)

    async def feed_back(self, member: str) -> None:
        """Ask until this person has had feedback; whoever says "not yet" prompts the reviewing manager."""
        while (await self.ask("feedback", subject=member)).answer != "received":
            event = f"feedback-missing:{member}-{self.asked[f'feedback:{member}']}"
            await self.tell(event, "feedback_missing", (Role.REVIEWING_MANAGER,))
