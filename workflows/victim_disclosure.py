"""After conviction: each victim or family is told, offered the review, and given the released version if wanted."""

import asyncio

from temporalio import workflow

from workflows.asking.stage import Stage, procedure
from workflows.contract.messages import RenditionRequest, StageBrief, StageEnd
from workflows.contract.options import RECORD
from workflows.contract.ports import Casework
from workflows.contract.vocabulary import Outcome
from workflows.contract.vocabulary import Stage as Stages
from workflows.policy.duties import AFFECTED


@workflow.defn(name=Stages.VICTIM_DISCLOSURE)
class VictimDisclosure(Stage):
    """Asks each liaison officer for their leg; the SFO Team, senior lead, Head of PDU and director for the release.

    Waits for each step's deadline; a victim's silence is "not yet answered", never a refusal.
    Ends disclosed, or not disclosed when nobody wanted it or the national team stopped it.
    Rule: facts.md 2.13, 2.14, 5.25.
    """

    def __init__(self) -> None:
        super().__init__()
        self.legs_open = 0
        self.wanted: set[str] = set()
        self.released = False

    @workflow.run
    @procedure
    async def run(self, brief: StageBrief) -> StageEnd:
        """Every leg at once, beside the preparation of what may be given."""
        self.legs_open = len(brief.victims)
        await asyncio.gather(self.prepare(), *(self.leg(victim) for victim in brief.victims))
        given = self.released and bool(self.wanted)
        return StageEnd(outcome=Outcome.DISCLOSED if given else Outcome.NOT_DISCLOSED)

    async def leg(self, victim: str) -> None:
        """One victim or family, from being told to being given the review or not wanting it."""
        if await self.wants_it(victim):
            self.wanted.add(victim)
            await self.show()  # nobody of this leg is awaited until something may be given
            await workflow.wait_condition(lambda: self.released or self.stopped)
            await self.hand_over(victim)
        self.legs_open -= 1

    async def wants_it(self, victim: str) -> bool:
        """Tell the family at once, then offer; "later" and no answer are asked again, not counted as a refusal."""
        told = await self.ask("tell_family", subject=victim)
        if told.answer == "no_contact":
            return False
        while (offer := await self.ask("offer", subject=victim)).answer in ("later", "not_answered"):
            continue
        return offer.answer == "accepted"

    async def hand_over(self, victim: str) -> None:
        """Hand over the released version, and only while nothing is held; a family may still change its mind."""
        handed = await self.ask_while_free("handover", subject=victim)
        if handed is None or handed.answer == "declined":
            self.wanted.discard(victim)

    async def prepare(self) -> None:
        """Once somebody wants an accepted review: redact, assess the impact on staff, release."""
        await workflow.wait_condition(lambda: self.can_prepare or self.stopped or not self.legs_open)
        if self.stopped or not self.wanted:
            return
        await self.redact()
        await self.assess_impact()
        while not self.stopped:
            rendition = await self.render()
            decided = await self.ask_while_free("release", subject=f"r{rendition}")
            if decided and decided.answer == "released":
                self.released = True
                return
            if decided:
                await self.redact()

    @property
    def can_prepare(self) -> bool:
        """Whether somebody wants the review and there is an accepted one."""
        return bool(self.wanted and self.accepted_version)

    async def redact(self) -> None:
        """One person proposes, a second decides each; whoever wants more removed has it proposed again."""
        decided = None
        while decided is None or decided.answer == "again":
            await self.ask("redactions", subject=f"v{self.accepted_version}")
            decided = await self.ask("redaction_decision", subject=f"v{self.accepted_version}")

    async def assess_impact(self) -> None:
        """Every affected member of staff, before anything leaves; an exceptional concern holds from that moment."""
        people = [member.ref for member in self.brief.staff if member.role in AFFECTED]
        await asyncio.gather(*(self.ask("staff_impact", subject=ref) for ref in people))

    async def render(self) -> str:
        """An immutable, hashed rendition of the accepted version with its decided redactions."""
        request = RenditionRequest(reference=self.brief.reference, version=self.accepted_version or 0, at=self.now())
        rendition = await workflow.execute_activity_method(
            Casework.prepare_rendition, request, summary="Make the victim version", **RECORD
        )
        return rendition.rendition
