"""An escalation to the national HMPPS SFO Team, on the team's own task queue."""

from temporalio import workflow
from temporalio.common import RawValue

from workflows.asking.asking import Asking
from workflows.asking.inbox import one_input
from workflows.contract.messages import EscalationBrief, StageEnd
from workflows.contract.vocabulary import EscalationOutcome, Outcome, Role


@workflow.defn(name="escalation")
class Escalation(Asking):
    """Asks the national team to acknowledge, then for the outcome.

    Waits `escalation_ack`, then `escalation_resolve`; silence is chased, and a hold is asked about again.
    Ends with the outcome that the case obeys: release, change or stop. Rule: design.md 4; facts.md 5.18.
    """

    @workflow.signal(description="Acknowledge: {gate, decision} or {gate, answer, reason}")
    @one_input
    def acknowledge(self, raw: RawValue) -> None:
        """The national team has seen it; the same path as `decide`."""
        self._offer("acknowledge", raw)

    @workflow.signal(description="Resolve: {gate, decision} or {gate, answer, reason}")
    @one_input
    def resolve(self, raw: RawValue) -> None:
        """The national team has an outcome; the same path as `decide`."""
        self._offer("resolve", raw)

    @workflow.run
    async def run(self, brief: EscalationBrief) -> StageEnd:
        """The region is told; the national team acknowledges, then resolves."""
        self.brief, self.rulebook = brief, brief.rulebook
        subject = f"{brief.kind}-{brief.number}"
        await self.tell("raised", "escalation_notice", (Role.SENIOR_LEAD, Role.SFO_TEAM))
        await self.ask("acknowledge", subject=subject)
        while (resolved := await self.ask("resolve", subject=subject)).answer == "hold":
            continue
        if resolved.answer == EscalationOutcome.CHANGE:
            await self.tell("change", "change_wanted", (Role.SENIOR_LEAD,))
        end = StageEnd(outcome=Outcome.RESOLVED, resolution=EscalationOutcome(resolved.answer))
        return await self.record_end(end)
