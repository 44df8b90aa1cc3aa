"""A planted change that carries open cases: its new path is behind a patch. Alone, since the sandbox loads it."""

from temporalio import workflow

from workflows.asking.stage import Stage, procedure
from workflows.contract.messages import StageBrief, StageEnd
from workflows.contract.vocabulary import Outcome
from workflows.contract.vocabulary import Stage as Stages


@workflow.defn(name=Stages.NOTIFICATION)
class Thanking(Stage):
    """A compatible change: whoever has answered hears once more."""

    @workflow.run
    @procedure
    async def run(self, brief: StageBrief) -> StageEnd:
        await self.ask("notification", counted_from=brief.appeared_on)
        if workflow.patched("thanked"):
            await self.tell("thanked", "review_under_way", ("spoc",))
        return StageEnd(outcome=Outcome.NOTIFIED)
