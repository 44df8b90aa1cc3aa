"""A planted change that no replay can find: only what comes next fails. Alone, since the sandbox loads it."""

from temporalio import workflow

from workflows.asking.stage import Stage, procedure
from workflows.contract.messages import StageBrief, StageEnd
from workflows.contract.vocabulary import Stage as Stages


@workflow.defn(name=Stages.NOTIFICATION)
class FailsOnceAnswered(Stage):
    """Asks as ever, and its code fails as soon as the answer is there."""

    @workflow.run
    @procedure
    async def run(self, brief: StageBrief) -> StageEnd:
        await self.ask("notification", counted_from=brief.appeared_on)
        raise ValueError("planted: the new path fails")
