"""A request from outside: freedom of information, subject access, media, coroner, parallel reviews."""

from temporalio import workflow

from workflows.asking.asking import Asking
from workflows.contract.messages import EnquiryBrief, StageEnd
from workflows.contract.vocabulary import EnquiryKind, Outcome

# Which question, and on which clock. Rule: facts.md 2.15, 2.18, 5.21; everything else on the ordinary clock.
ROUTES = {
    EnquiryKind.FOI: ("enquiry_foi", "enquiry_foi"),
    EnquiryKind.SUBJECT_ACCESS: ("enquiry_other", "enquiry_sar"),
}


@workflow.defn(name="enquiry")
class Enquiry(Asking):
    """Asks the national team for freedom of information, the regional SFO Team otherwise.

    Waits for the kind's own clock; silence is chased up the ladder. Ends answered by a recorded decision.
    """

    @workflow.run
    async def run(self, brief: EnquiryBrief) -> StageEnd:
        """Route and ask once."""
        self.brief, self.rulebook = brief, brief.rulebook
        question, deadline = ROUTES.get(brief.kind, ("enquiry_other", "enquiry_other"))
        await self.ask(question, subject=str(brief.number), deadline=deadline, counted_from=brief.received_on)
        return await self.record_end(StageEnd(outcome=Outcome.ANSWERED))
