"""A planted change whose new path, behind a patch, takes a day: cases stand on it. Alone, as the sandbox loads it."""

from datetime import timedelta

from temporalio import workflow

from workflows.asking.stage import Stage, procedure
from workflows.contract.messages import StageBrief, StageEnd
from workflows.contract.vocabulary import Outcome
from workflows.contract.vocabulary import Stage as Stages


@workflow.defn(name=Stages.NOTIFICATION)
class Lingering(Stage):
    """A compatible change: whoever has answered is heard of for another day."""

    @workflow.run
    @procedure
    async def run(self, brief: StageBrief) -> StageEnd:
        await self.ask("notification", counted_from=brief.appeared_on)
        if workflow.patched("lingers"):
            await workflow.sleep(timedelta(days=1))
        return StageEnd(outcome=Outcome.NOTIFIED)
