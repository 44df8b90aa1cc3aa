"""Every action of the review is done, or withdrawn by a recorded decision."""

import asyncio

from temporalio import workflow

from workflows.asking.stage import Stage, procedure
from workflows.contract.messages import StageBrief, StageEnd
from workflows.contract.vocabulary import Outcome
from workflows.contract.vocabulary import Stage as Stages


@workflow.defn(name=Stages.ACTION_PLAN)
class ActionPlan(Stage):
    """Asks each action's owner; the Head of PDU where an owner wants to withdraw.

    Waits until each action's own date; silence is chased up the ladder. Ends when every action is done or withdrawn.
    """

    @workflow.run
    @procedure
    async def run(self, brief: StageBrief) -> StageEnd:
        """All actions side by side."""
        await asyncio.gather(*(self.complete(action) for action in brief.actions))
        return StageEnd(outcome=Outcome.ACTIONS_CLOSED)

    async def complete(self, action: str) -> None:
        """Ask the owner until the action is done or its withdrawal is agreed."""
        while True:
            if (await self.ask("action", subject=action)).answer == "done":
                return
            if (await self.ask("withdraw_action", subject=action)).answer == "agreed":
                return
