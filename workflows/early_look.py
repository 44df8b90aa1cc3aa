"""The early look after the court appearance: is immediate management action needed?"""

import asyncio

from temporalio import workflow

from workflows.asking.stage import Stage, procedure
from workflows.contract.messages import StageBrief, StageEnd
from workflows.contract.vocabulary import Outcome
from workflows.contract.vocabulary import Stage as Stages


@workflow.defn(name=Stages.EARLY_LOOK)
class EarlyLook(Stage):
    """Asks the regional SFO Team; then each owner of an action; then the Head of PDU to confirm.

    Waits `early_look` from the court appearance; silence is chased up the ladder.
    Ends with no action needed, or every action confirmed. Rule: facts.md 1.2, 2.2.
    """

    @workflow.run
    @procedure
    async def run(self, brief: StageBrief) -> StageEnd:
        """Look; where action is needed, have it done and confirmed."""
        look = await self.ask("early_look", counted_from=brief.appeared_on)
        if look.answer == "no_action":
            return StageEnd(outcome=Outcome.NO_ACTION)
        while True:
            owners = (self.ask("management_action", subject=action) for action in look.refs["actions"])
            await asyncio.gather(*owners)
            confirmed = await self.ask("confirm_actions")
            if confirmed.answer == "confirmed":
                return StageEnd(outcome=Outcome.ACTIONS_CONFIRMED)
