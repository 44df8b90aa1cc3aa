"""One victim or family up to their yes or no: referred, told at once, offered the review; each asked once."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time

from temporalio import workflow

from workflows.contract.messages import Decision, Leg

from . import case_time
from .asking import Asking

ANSWERED = ("accepted", "declined")


class Offering:
    """What is still to be asked of a leg, from where the record says. Rule: facts.md 2.11, 2.13, 5.23.

    `is_over`: nothing will be shared any more. `changed_mind`: who wants it after all, while they are being asked.
    `heard_names`: called when a referral has brought names into the record, such as that of a responsible adult.
    """

    def __init__(
        self,
        asking: Asking,
        leg: Leg,
        *,
        is_over: Callable[[], bool],
        changed_mind: set[str],
        find_leg: Callable[[str], Awaitable[Leg]],
        heard_names: Callable[[], None],
    ) -> None:
        self.asking, self.leg, self.victim = asking, leg, leg.victim
        self.is_over, self.changed_mind, self.find_leg, self.heard_names = is_over, changed_mind, find_leg, heard_names

    async def is_accepted(self, convicted_on: date | None, *, again: bool) -> bool:
        """Whether they want the review; false also when it became moot before they had an answer.

        `again`: they want it after all; where that was typed by hand the record still has their no, so they are asked.
        """
        if not await self.is_told(convicted_on):
            return False
        if self.leg.answer == "accepted" or (self.leg.answer == "declined" and not again):
            return self.leg.answer == "accepted"
        return await self.accepts()

    async def is_told(self, convicted_on: date | None) -> bool:
        """Referred, then told that the case was supervised, whether or not there is a review yet."""
        referred_on = self.leg.referred_on
        if referred_on is None:
            referral = await self.ask("refer", counted_from=convicted_on)
            if referral is None or referral.answer == "nobody":
                return False
            self.heard_names()
            referred_on = date.fromisoformat(referral.facts["referred_on"])
        if self.leg.is_told:
            return True
        told = await self.ask("tell_family", counted_from=referred_on)
        return told is not None and told.answer == "told"

    async def accepts(self) -> bool:
        """Offer until there is a yes or a no; "later" and no answer are not a refusal. Whoever opts in is not asked."""
        while not self.is_over():
            offer = await self.asking.ask_until(self.is_stirred, "offer", subject=self.victim)
            if offer and offer.answer in ANSWERED:
                return offer.answer == "accepted"
            if self.victim in self.changed_mind:
                self.changed_mind.discard(self.victim)
                if (await self.find_leg(self.victim)).answer == "accepted":
                    return True
            elif offer and (named := offer.facts.get("ask_again_on")):
                await self.until_the_day(date.fromisoformat(named))
        return False

    async def until_the_day(self, named: date) -> None:
        """Nobody asks them before the day that they named, unless they come forward themselves."""
        await self.asking.show()  # nobody of this leg is awaited meanwhile
        day = datetime.combine(named, time(tzinfo=UTC))
        if not (delay := case_time.delay_until(self.asking.brief.clock, day)):
            return
        try:
            await workflow.wait_condition(
                self.is_stirred, timeout=delay, timeout_summary=f"they decide later: asked again on {named}"
            )
        except TimeoutError:
            return

    def is_stirred(self) -> bool:
        """Whether the question is not to be asked any more: it is over, or they came forward themselves."""
        return self.is_over() or self.victim in self.changed_mind

    async def ask(self, question: str, counted_from: date | None) -> Decision | None:
        """Ask until it is over; then none."""
        return await self.asking.ask_until(self.is_over, question, subject=self.victim, counted_from=counted_from)
