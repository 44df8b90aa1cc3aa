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


class AskUntil(Protocol):
    """Asks, and takes the question back as soon as `is_over` holds; then none."""

    def __call__(  # noqa: D102
        self, is_over: Callable[[], bool], question: str, /, *, subject: str
    ) -> Awaitable[Decision | None]: ...


class Preparation:
    """Everything between an accepted version and its release; nothing of it reaches anybody by itself.

    `is_moot`: nothing is to be released any more, so its questions are taken back. `ask_freely` asks only while nothing
    is held. `names` grows whenever a name has been recorded that the files may not have been searched for.
    `outcome_of` waits for what the national team decided about a concern; none: it is moot, or nobody waits here.
    """

    def __init__(
        self,
        asking: Asking,
        audience: Audience,
        version: int,
        *,
        is_moot: Callable[[], bool],
        ask_freely: AskUntil,
        names: Callable[[], int],
        outcome_of: Callable[[EscalationRef], Awaitable[EscalationOutcome | None]],
    ) -> None:
        self.asking, self.audience, self.version = asking, audience, version
        self.is_moot, self.ask_freely, self.names, self.outcome_of = is_moot, ask_freely, names, outcome_of
        self.searched = names()

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
            decided = await self.release(rendition) if settled else None
            if decided and decided.answer == "released":
                return int(rendition.rendition)
            if settled and decided is None:
                if self.is_moot():
                    return None
                continue  # somebody has become known meanwhile: the files are searched for them as well
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
            # What is cancelled is this wait alone; `stopped` remembers whom it asked to stop, `gather` would not.
            await asyncio.shield(asyncio.gather(*assessing))
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
        self.searched = self.names()
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

    async def release(self, rendition: Rendition) -> Decision | None:
        """Whether it may leave; none: nothing is released any more, or it must be searched for another name first."""
        return await self.ask_freely(
            lambda: self.is_moot() or self.names() != self.searched,
            _RELEASE[self.audience],
            subject=self.named(rendition),
        )

    async def ask(self, question: str, subject: str) -> Decision | None:
        """Ask; none: nothing is to be released any more."""
        return await self.asking.ask_until(self.is_moot, question, subject=subject)

    def named(self, rendition: Rendition) -> str:
        """How questions name the rendition, `r1`."""
        return f"{_RENDITION[self.audience]}{rendition.rendition}"
