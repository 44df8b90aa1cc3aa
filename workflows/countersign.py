"""A second manager signs the review, or returns it with reasons."""

from temporalio import workflow

from workflows.asking.stage import Stage, procedure
from workflows.contract.messages import StageBrief, StageEnd
from workflows.contract.vocabulary import Outcome
from workflows.contract.vocabulary import Stage as Stages


@workflow.defn(name=Stages.COUNTERSIGN)
class Countersign(Stage):
    """Asks the countersigning manager, who is neither the author nor in the line of the case.

    Waits `countersign`; silence is chased up the ladder.
    Ends signed, or returned for the next round of review. Rule: Annex J, feedback and employee care.
    """

    @workflow.run
    @procedure
    async def run(self, brief: StageBrief) -> StageEnd:
        """Ask once."""
        answer = await self.ask("countersign", subject=f"v{brief.version}")
        outcome = Outcome.SIGNED if answer.answer == "signed" else Outcome.RETURNED
        return StageEnd(outcome=outcome, version=brief.version)
