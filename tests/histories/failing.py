"""A planted change whose code fails and quotes what the workflow was given. Alone, since the sandbox loads it."""

from temporalio import workflow

from workflows.asking.stage import Stage, procedure
from workflows.contract.messages import StageBrief, StageEnd
from workflows.contract.vocabulary import Stage as Stages


@workflow.defn(name=Stages.NOTIFICATION)
class Quoting(Stage):
    """Fails at once, with a text that must not reach a log."""

    @workflow.run
    @procedure
    async def run(self, brief: StageBrief) -> StageEnd:
        raise ValueError(f"quoted: {brief}")
