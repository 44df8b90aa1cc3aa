"""The finished review is made and searched; the national team, or the inspectorate for its sample, rates it."""

from temporalio import workflow

from workflows.asking.stage import Stage, procedure
from workflows.contract.messages import Rendition, RenditionRequest, StageBrief, StageEnd
from workflows.contract.options import FILES
from workflows.contract.ports import Casework
from workflows.contract.rendition import Audience
from workflows.contract.vocabulary import Outcome
from workflows.contract.vocabulary import Stage as Stages


@workflow.defn(name=Stages.QUALITY_ASSURANCE)
class QualityAssurance(Stage):
    """Asks the national SFO team for four ratings and a composite, of the internal version with its files.

    Before, the senior lead settles what the search of these files found, if anything. Waits `leaks` and
    `quality_assurance`; silence is chased. Ends accepted, with the actions of the plan numbered, or returned for
    another round. Rule: Annex J, fully anonymised; facts.md 2.7 to 2.9, 4.2, 6.1.
    """

    @workflow.run
    @procedure
    async def run(self, brief: StageBrief) -> StageEnd:
        """Ask once; policy compares the composite with the accepted rating."""
        made = await self.make(brief.version or 0)
        if made.leaks and not await self.settle(made):
            return StageEnd(outcome=Outcome.RETURNED, version=brief.version)
        rated = await self.ask("quality", subject=f"v{brief.version}")
        if rated.facts["accepted"] != "yes":
            return StageEnd(outcome=Outcome.RETURNED, version=brief.version)
        return StageEnd(outcome=Outcome.ACCEPTED, version=brief.version, actions=rated.refs.get("actions", ()))

    async def make(self, version: int) -> Rendition:
        """The review as its internal readers are given it: fixed, hashed, each of its files searched."""
        request = RenditionRequest(
            reference=self.brief.reference, version=version, at=self.now(), audience=Audience.INTERNAL
        )
        return await workflow.execute_activity_method(
            Casework.prepare_rendition, request, summary="Make the internal version", **FILES
        )

    async def settle(self, made: Rendition) -> bool:
        """Whether what the search found may stay; else the review is revised."""
        return (await self.ask("internal_leaks", subject=f"i{made.rendition}")).answer == "settled"
