"""A planted change that would break running cases and is behind a patch. Alone, since the sandbox loads it."""

from temporalio import workflow

from workflows.asking.stage import Stage, procedure
from workflows.contract.messages import StageBrief, StageEnd
from workflows.contract.vocabulary import Outcome
from workflows.contract.vocabulary import Stage as Stages


@workflow.defn(name=Stages.NOTIFICATION)
class ToldFirst(Stage):
    """It tells somebody before it asks; a case that has asked already goes on as it began."""

    @workflow.run
    @procedure
    async def run(self, brief: StageBrief) -> StageEnd:
        if workflow.patched("told-first"):
            await self.tell("told-first", "review_under_way", ("spoc",))
        await self.ask("notification", counted_from=brief.appeared_on)
        return StageEnd(outcome=Outcome.NOTIFIED)
