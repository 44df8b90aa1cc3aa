"""A request from outside: freedom of information, subject access, media, coroner, parallel reviews, publication."""

from datetime import date, datetime

from temporalio import workflow

from workflows.asking.asking import Asking
from workflows.asking.preparing import Preparation
from workflows.contract.messages import CaseLookup, Decision, Due, EnquiryBrief, EscalationRef, StageEnd
from workflows.contract.options import RECORD
from workflows.contract.ports import Casework
from workflows.contract.rendition import Audience
from workflows.contract.vocabulary import EscalationOutcome, Outcome
from workflows.policy.duties import AFFECTED
from workflows.policy.enquiries import PUBLISH, ROUTES, further


@workflow.defn(name="enquiry")
class Enquiry(Asking):
    """Asks whoever the kind's route names. The route, its clock and what may be given are policy's.

    Waits on the kind's own clock, from receipt; an answer may lead to a further question on a longer one. Silence is
    chased up the ladder. Ends answered by a recorded decision. Rule: facts.md 2.15, 2.17, 2.18, 5.10 to 5.22.
    """

    @workflow.run
    async def run(self, brief: EnquiryBrief) -> StageEnd:
        """Ask until an answer ends it; where publication was decided, the public version is prepared."""
        self.brief, self.rulebook = brief, brief.rulebook
        decision = await self.final_answer(brief)
        if decision.answer == PUBLISH:
            await self.publish(brief)
        return await self.record_end(StageEnd(outcome=Outcome.ANSWERED))

    async def final_answer(self, brief: EnquiryBrief) -> Decision:
        """The answer that ends the enquiry; more time, or a coroner's report, is asked about once more."""
        asked, counted_from, due = ROUTES[brief.kind].first, brief.received_on, None
        while True:
            decision = await self.ask(
                asked.question,
                subject=str(brief.number),
                deadline=asked.deadline,
                counted_from=counted_from,
                due=due,
            )
            following = further(asked.question, decision.answer)
            if following is None:
                return decision
            asked, counted_from, due = following, date.fromisoformat(decision.facts["received_on"]), _date_set(decision)

    async def publish(self, brief: EnquiryBrief) -> None:
        """The public version is prepared from the accepted review, released by the national team, and no other.

        It has redactions of its own, is searched as every other, and waits for no hold: while one stands, its release
        is refused. Rule: facts.md 4.2, public version; 5.18, 5.21.
        """
        lookup = CaseLookup(reference=brief.reference, at=self.now())
        stands = await workflow.execute_activity_method(
            Casework.find_case, lookup, summary="What was accepted", **RECORD
        )
        preparation = Preparation(
            self,
            Audience.PUBLIC,
            stands.version or 0,
            is_moot=lambda: False,
            ask_freely=self.ask_until,
            names=lambda: self.refused["not_searched"],
            outcome_of=self.nobody_waits,
        )
        await preparation.carry_out(member.ref for member in brief.staff if member.role in AFFECTED)

    async def nobody_waits(self, _escalation: EscalationRef) -> EscalationOutcome | None:
        """The release is refused until the national team has released a concern, so nothing is waited for here."""
        return None


def _date_set(decision: Decision) -> Due | None:
    """The date that somebody outside has set, with the moment at which it ends; none: the rulebook counts."""
    if "due_at" not in decision.facts:
        return None
    return Due(on=date.fromisoformat(decision.facts["new_on"]), at=datetime.fromisoformat(decision.facts["due_at"]))
