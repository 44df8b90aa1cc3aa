"""The region notifies the HMPPS SFO Team in time."""

from temporalio import workflow

from workflows.asking.stage import Stage, procedure
from workflows.contract.messages import StageBrief, StageEnd
from workflows.contract.vocabulary import Outcome
from workflows.contract.vocabulary import Stage as Stages


@workflow.defn(name=Stages.NOTIFICATION)
class Notification(Stage):
    """Asks the regional SPoC whether the notification has been sent.

    Waits 10 working days from the first court appearance; silence is chased, then overdue and escalated.
    Ends with the date of notification recorded. Rule: facts.md 2.1.
    """

    @workflow.run
    @procedure
    async def run(self, brief: StageBrief) -> StageEnd:
        """Ask until it is sent."""
        await self.ask("notification", counted_from=brief.appeared_on)
        return StageEnd(outcome=Outcome.NOTIFIED)
