"""From an accepted review to a released rendition: redacted, searched, staff considered, released, for one audience."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from temporalio import workflow
from temporalio.exceptions import is_cancelled_exception

from workflows.contract.messages import Decision, EscalationRef, Rendition, RenditionRequest
from workflows.contract.options import FILES
from workflows.contract.ports import Casework
from workflows.contract.rendition import Audience
from workflows.contract.vocabulary import EscalationOutcome

from .asking import Asking
from .cancelling import stopped

# How subjects are called: v3 is the version of the review, r1 a victim rendition; p3 and p1 for the public one.
_VERSION = {Audience.VICTIM: "v", Audience.PUBLIC: "p"}
_RENDITION = {Audience.VICTIM: "r", Audience.PUBLIC: "p"}
_RELEASE = {Audience.VICTIM: "release", Audience.PUBLIC: "release_public"}


class Ask(Protocol):
    """Asks a question of the preparation; none: the preparation is moot, since nothing is to be released any more."""

    def __call__(self, question: str, subject: str) -> Awaitable[Decision | None]: ...  # noqa: D102


class Preparation:
    """Everything between an accepted version and its release; nothing of it reaches anybody by itself.

    `ask` withdraws its question once the preparation is moot, `ask_freely` also while anything is held.
    `outcome_of` waits for what the national team decided about a concern; none: it is moot, or nobody waits here.
    """

    def __init__(
        self,
        asking: Asking,
        audience: Audience,
        version: int,
        *,
        ask: Ask,
        ask_freely: Ask,
        outcome_of: Callable[[EscalationRef], Awaitable[EscalationOutcome | None]],
    ) -> None:
        self.asking, self.audience, self.version = asking, audience, version
        self.ask, self.ask_freely, self.outcome_of = ask, ask_freely, outcome_of

    async def carry_out(self, staff: Iterable[str]) -> int | None:
        """The number of the released rendition; none: it became moot. Rule: Annex J (victims), facts.md 5.18."""
        affected = tuple(staff)
        if not await self.redact():
            return None
        await self.assess(affected)
        while True:
            rendition = await self.render()
            settled = not rendition.leaks or await self.settle(rendition)
            if settled is None:
                return None
            decided = await self.ask_freely(_RELEASE[self.audience], self.named(rendition)) if settled else None
            if decided and decided.answer == "released":
                return int(rendition.rendition)
            if settled and decided is None:
                return None
            if not await self.redact():
                return None
            if self.audience is Audience.PUBLIC:
                await self.assess(affected)

    async def redact(self) -> bool:
        """One person proposes, a second decides each; whoever wants more removed has it proposed again. False: moot."""
        subject = f"{_VERSION[self.audience]}{self.version}"
        while await self.ask("redactions", subject):
            decided = await self.ask("redaction_decision", subject)
            if decided is None or decided.answer != "again":
                return decided is not None
        return False

    async def assess(self, staff: tuple[str, ...]) -> None:
        """Every affected member of staff, before anything leaves; an exceptional concern holds from that moment."""
        assessing = [asyncio.create_task(self.assess_one(ref)) for ref in staff]
        try:
            await asyncio.gather(*assessing)
        except BaseException as error:
            if is_cancelled_exception(error):
                await stopped(*assessing)
            raise

    async def assess_one(self, ref: str) -> None:
        """Manageable; or a plan that its owner confirms; or exceptional, and the national team decides.

        Where the team wants a change, or a plan cannot be put in place, the impact is assessed again.
        """
        while impact := await self.ask("staff_impact", ref):
            if impact.answer == "contingency":
                plan = await self.ask("contingency_plan", ref)
                if plan is None or plan.answer == "confirmed":
                    return
            elif impact.escalation is None or await self.outcome_of(impact.escalation) is not EscalationOutcome.CHANGE:
                return

    async def render(self) -> Rendition:
        """An immutable, hashed rendition with its files, each of them searched."""
        request = RenditionRequest(
            reference=self.asking.brief.reference,
            version=self.version,
            at=self.asking.now(),
            audience=self.audience,
        )
        return await workflow.execute_activity_method(
            Casework.prepare_rendition, request, summary=f"Make the {self.audience} version", **FILES
        )

    async def settle(self, rendition: Rendition) -> bool | None:
        """Whether what the search found may stay; false: something must go; none: moot."""
        settled = await self.ask("leaks", self.named(rendition))
        return None if settled is None else settled.answer == "settled"

    def named(self, rendition: Rendition) -> str:
        """How questions name the rendition, `r1`."""
        return f"{_RENDITION[self.audience]}{rendition.rendition}"
