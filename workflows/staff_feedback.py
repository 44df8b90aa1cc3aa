"""Everyone who managed the case hears the findings and any learning for them."""

import asyncio

from temporalio import workflow

from workflows.asking.stage import Stage, procedure
from workflows.contract.messages import StageBrief, StageEnd
from workflows.contract.vocabulary import Outcome, Role
from workflows.contract.vocabulary import Stage as Stages


@workflow.defn(name=Stages.STAFF_FEEDBACK)
class StaffFeedback(Stage):
    """Asks the reviewing manager to give feedback to each member of staff, then each of them to confirm it.

    Waits `give_feedback`, then `feedback`. Ends when everybody has confirmed, let the period pass, or could not be
    reached after an attempt that stands in the record; agency and former staff included.
    Rule: Annex J, feedback and employee care.
    """

    @workflow.run
    @procedure
    async def run(self, brief: StageBrief) -> StageEnd:
        """Everyone side by side."""
        await asyncio.gather(*(self.feed_back(member.ref) for member in brief.staff))
        return StageEnd(outcome=Outcome.FED_BACK)

    async def feed_back(self, member: str) -> None:
        """Until this person confirms or is silent; whoever says "not yet" is given feedback again."""
        while (await self.ask("give_feedback", subject=member)).answer == "given":
            if (await self.ask("feedback", subject=member)).answer != "not_yet":
                return
            event = f"feedback-missing:{member}-{self.asked[f'feedback:{member}']}"
            await self.tell(event, "feedback_missing", (Role.REVIEWING_MANAGER,))
