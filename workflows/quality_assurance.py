"""The national team, or the inspectorate for its sample, rates the review against four standards."""

from temporalio import workflow

from workflows.asking.stage import Stage, procedure
from workflows.contract.messages import StageBrief, StageEnd
from workflows.contract.vocabulary import Outcome
from workflows.contract.vocabulary import Stage as Stages


@workflow.defn(name=Stages.QUALITY_ASSURANCE)
class QualityAssurance(Stage):
    """Asks the national SFO team for four ratings and a composite.

    Waits `quality_assurance`; silence is chased.
    Ends accepted, with the actions of the plan numbered, or returned for another round. Rule: facts.md 2.7 to 2.9, 6.1.
    """

    @workflow.run
    @procedure
    async def run(self, brief: StageBrief) -> StageEnd:
        """Ask once; policy compares the composite with the accepted rating."""
        rated = await self.ask("quality", subject=f"v{brief.version}")
        if rated.facts["accepted"] != "yes":
            return StageEnd(outcome=Outcome.RETURNED, version=brief.version)
        return StageEnd(outcome=Outcome.ACCEPTED, version=brief.version, actions=rated.refs.get("actions", ()))
