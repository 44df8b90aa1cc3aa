"""A planted change that would break running cases; the replay test must find it. Alone, since the sandbox loads it."""

from temporalio import workflow

from workflows.asking.stage import Stage, procedure
from workflows.contract.messages import StageBrief, StageEnd
from workflows.contract.vocabulary import Outcome
from workflows.contract.vocabulary import Stage as Stages


@workflow.defn(name=Stages.NOTIFICATION)
class AskedTwice(Stage):
    """An incompatible change: it tells somebody before it asks."""

    @workflow.run
    @procedure
    async def run(self, brief: StageBrief) -> StageEnd:
        await self.tell("early", "review_under_way", ("spoc",))
        await self.ask("notification", counted_from=brief.appeared_on)
        return StageEnd(outcome=Outcome.NOTIFIED)
