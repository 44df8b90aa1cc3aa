"""Is this charge a serious further offence under supervision, and is it reviewed?"""

from temporalio import workflow

from workflows.asking.stage import Stage, procedure
from workflows.contract.messages import ChargeReading, Judgement, StageBrief, StageEnd
from workflows.contract.options import RECORD
from workflows.contract.ports import Casework
from workflows.contract.vocabulary import Outcome
from workflows.contract.vocabulary import Stage as Stages


@workflow.defn(name=Stages.CHARGE)
class Charge(Stage):
    """Asks policy first; the regional SPoC where risk is not recorded; the national team where only it can say.

    Waits until the criteria need no further answer; silence is chased and never a silent "no review".
    Ends reviewed on a ground, or not reviewed with the reason.
    """

    @workflow.run
    @procedure
    async def run(self, brief: StageBrief) -> StageEnd:
        """Judge, ask what is missing, judge again."""
        judgement = await self.judge(brief)
        while judgement.question:
            await self.ask(judgement.question)
            judgement = await self.judge(brief)
        ground = judgement.ground
        if brief.ground.is_reviewed and not ground.is_reviewed:
            # Rule: facts.md 5.6: no source says what a reduced charge does to a review, so a person does.
            goes_on = (await self.ask("reduced_charge")).answer == "goes_on"
            ground = brief.ground if goes_on else ground
        return StageEnd(
            outcome=Outcome.REVIEWED if ground.is_reviewed else Outcome.NOT_REVIEWED,
            ground=ground,
            rulebook=judgement.rulebook,
            is_sfo=judgement.is_sfo,
            must_notify=judgement.must_notify,
            acquittal_ends_review=judgement.acquittal_ends_review,
        )

    async def judge(self, brief: StageBrief) -> Judgement:
        """Run the criteria over the record; the rulebook in force is pinned from here on."""
        reading = ChargeReading(reference=brief.reference, round=brief.round, at=self.now())
        judgement = await workflow.execute_activity_method(
            Casework.judge_charge, reading, summary="Run the review criteria", **RECORD
        )
        self.rulebook = judgement.rulebook
        return judgement
