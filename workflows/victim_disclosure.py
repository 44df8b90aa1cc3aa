"""After conviction: each victim or family is told, offered the review, and given the released version if wanted."""

import asyncio
from datetime import date

from temporalio import workflow
from temporalio.exceptions import is_cancelled_exception

from workflows.asking.cancelling import still_wanted, stopped
from workflows.asking.offering import Offering
from workflows.asking.preparing import Preparation
from workflows.asking.stage import Stage, newest, procedure
from workflows.contract.messages import (
    CaseNews,
    EscalationRef,
    Leg,
    LegsFound,
    LegsLookup,
    Rendition,
    RenditionRequest,
    StageBrief,
    StageEnd,
)
from workflows.contract.options import FILES, RECORD
from workflows.contract.ports import Casework
from workflows.contract.rendition import Audience
from workflows.contract.vocabulary import EscalationOutcome, Outcome
from workflows.contract.vocabulary import Stage as Stages
from workflows.policy.duties import AFFECTED


@workflow.defn(name=Stages.VICTIM_DISCLOSURE)
class VictimDisclosure(Stage):
    """Asks each liaison officer for their leg; the SFO Team, senior lead, Head of PDU and director for the release.

    Waits for each step's deadline; a victim's silence is "not yet answered", never a refusal. Nobody is asked twice
    for what the record holds. Ends disclosed, or not disclosed when nobody wanted it, the national team stopped it,
    or the conviction was quashed. Rule: facts.md 2.11, 2.13, 2.14, 5.23, 5.25.
    """

    def __init__(self) -> None:
        super().__init__()
        self.shut = False
        self.corrected = False
        self.convicted_on: date | None = None
        self.legs: dict[str, asyncio.Task[None]] = {}
        self.begun_for: dict[str, int | None] = {}
        self.wanted: set[str] = set()
        self.given: dict[str, int] = {}
        self.opted_in: list[str] = []
        self.changed_mind: set[str] = set()
        self.heard_of: list[str] = []
        self.released: int | None = None
        self.released_version: int | None = None
        self.one_search = asyncio.Lock()
        self.assessed: int | None = None
        self.named = 0
        self.searched: int | None = None

    @workflow.run
    @procedure
    async def run(self, brief: StageBrief) -> StageEnd:
        """Every leg at once, beside the preparation of what may be given and the search for whoever becomes known."""
        self.corrected = newest((news.corrected for news in self.news), brief.correction)
        self.opted_in = [*brief.opted_in, *self.opted_in]
        found = await self.find_legs()
        self.convicted_on, self.released, self.released_version = (
            found.convicted_on,
            found.released,
            found.released_version,
        )
        self.take_up_opt_ins()
        for leg in found.legs:
            self.begin_leg(leg)
        beside = [asyncio.create_task(self.prepare()), asyncio.create_task(self.keep_searched())]
        try:
            await self.until_every_leg_ends(beside)
        except BaseException as error:
            if is_cancelled_exception(error):
                await stopped(*beside, *self.legs.values())
            raise
        await stopped(*beside)
        return StageEnd(
            outcome=Outcome.DISCLOSED if self.given else Outcome.NOT_DISCLOSED,
            version=self.accepted_version,
            heard=tuple(self.heard_of),
        )

    # --- the legs ---------------------------------------------------------------------------------

    async def until_every_leg_ends(self, beside: "list[asyncio.Task[None]]") -> None:
        """A leg that has ended begins again for a family that opts back in, and for a corrected version.

        Rule: facts.md 5.23, 6.5.
        """
        while True:
            still_wanted()
            await workflow.wait_condition(
                lambda: (
                    bool(self.opted_in or self.to_begin_again)
                    or any(task.done() for task in beside)
                    or self.has_every_leg_ended
                )
            )
            for task in (*beside, *self.legs.values()):
                if task.done():
                    task.result()  # what failed in one of them fails the stage
            self.take_up_opt_ins()
            if self.has_every_leg_ended and not self.to_begin_again:
                return
            for victim in self.to_begin_again:
                self.begin_leg(await self.find_leg(victim))

    def take_up_opt_ins(self) -> None:
        """Their legs hear of it: at once where one is being asked, when it begins again where it has ended."""
        self.heard_of += self.opted_in
        self.changed_mind.update(self.opted_in)
        self.opted_in.clear()

    def begin_leg(self, leg: Leg) -> None:
        """The leg goes on from where the record says."""
        self.begun_for[leg.victim] = self.accepted_version
        self.legs[leg.victim] = asyncio.create_task(self.leg(leg))

    @property
    def has_every_leg_ended(self) -> bool:
        """Whether nobody is waited for any more."""
        return all(leg.done() for leg in self.legs.values())

    @property
    def to_begin_again(self) -> tuple[str, ...]:
        """Whose leg has ended too early: they opted back in meanwhile, or have a version that was corrected since."""
        return tuple(
            victim
            for victim, leg in self.legs.items()
            if leg.done() and (victim in self.changed_mind or self.has_an_old_one(victim))
        )

    def has_an_old_one(self, victim: str) -> bool:
        """Whether another version than the one that they were given has been accepted since their leg began."""
        is_new = self.accepted_version != self.begun_for[victim] and not self.corrected
        return victim in self.given and is_new and not self.is_over

    async def leg(self, leg: Leg) -> None:
        """One victim or family, from the referral to being given the review, or not wanting it, or hearing why not."""
        has_changed_mind = leg.victim in self.changed_mind
        self.changed_mind.discard(leg.victim)
        if leg.is_closed or self.has_it(leg):
            return
        offering = Offering(
            self,
            leg,
            is_over=lambda: self.is_over,
            changed_mind=self.changed_mind,
            find_leg=self.find_leg,
            heard_names=self.hear_names,
        )
        if await offering.is_accepted(self.convicted_on, again=has_changed_mind):
            await self.give(leg.victim)
        if self.is_over and not leg.is_stop_told and leg.victim not in self.given:
            await self.tell_stopped(leg.victim)

    def has_it(self, leg: Leg) -> bool:
        """Whether they have what was released last, and nothing is being corrected."""
        if leg.given is not None:
            self.given[leg.victim] = leg.given
        return leg.given is not None and leg.given == self.released and self.is_current

    async def give(self, victim: str) -> None:
        """Hand over the released version, and only while nothing is held; a family may still change its mind."""
        self.wanted.add(victim)
        await self.show()  # nobody of this leg is awaited until something may be given
        while await self.until_there_is_one():
            handed = None
            if await self.speaks_their_language(victim) and await self.is_searched():
                handed = await self.ask_while_free(lambda: not self.can_give, "handover", subject=victim)
            if handed is None:
                continue
            # Begun anew, the stage first hears again what they were given, or declined, before.
            if handed.answer == "handed_over":
                self.given[victim] = int(handed.refs["rendition"][0])
                if self.given[victim] == self.released:
                    break
            elif (await self.find_leg(victim)).answer != "accepted":
                break
        self.wanted.discard(victim)

    async def until_there_is_one(self) -> bool:
        """Wait until a released version may be given. False: nothing will be given any more."""
        still_wanted()
        await workflow.wait_condition(lambda: self.can_give or self.is_over)
        return not self.is_over

    async def speaks_their_language(self, victim: str) -> bool:
        """Another language than English is arranged first; a translation is searched like every other file."""
        while (await self.find_leg(victim)).needs_language:
            arranged = await self.ask_until(lambda: not self.can_give, "language", subject=victim)
            if arranged is None:
                return False
            if arranged.answer == "translated":
                await self.search_again()
        return True

    async def is_searched(self) -> bool:
        """Wait until the files were searched for everybody who is known by now. False: nothing may be given now."""
        await workflow.wait_condition(lambda: not self.must_search or not self.can_give)
        return self.can_give

    async def keep_searched(self) -> None:
        """Whoever becomes known is searched for in what may be given, while the questions about it stay open.

        The record hands nothing out meanwhile: it knows for how many names each file was searched.
        """
        while True:
            await workflow.wait_condition(lambda: self.must_search and self.can_give)
            await self.search_again()

    async def search_again(self) -> None:
        """A translation is searched as every file is, and every file for a name that was recorded since.

        What was found is settled; or a translation is arranged once more, or all of it is redacted once more.
        """
        async with self.one_search:  # of two that come at once, nobody settles the findings twice
            if not self.can_give:
                return
            names, found = self.names, await self.search_files()
            if found.leaks:
                settled = await self.ask_until(lambda: not self.can_give, "leaks", subject=f"r{found.rendition}")
                if settled is None:
                    return
                if settled.facts.get("rendered") == "yes":
                    self.released = self.released_version = None
            self.searched = names

    def hear_names(self) -> None:
        """A name that was not known before stands in the record: what has not left is searched for it."""
        self.named += 1

    @property
    def names(self) -> int:
        """How often names were recorded, or an answer was refused because of one that this stage did not hear of."""
        return self.named + self.refused["not_searched"]

    @property
    def must_search(self) -> bool:
        """Whether somebody has become known since the files were searched, as far as this stage knows."""
        return self.searched != self.names

    async def tell_stopped(self, victim: str) -> None:
        """They know of the review and did not decline it, so they hear from a person that it will not be shared.

        Rule: facts.md 6.5.
        """
        leg = await self.find_leg(victim)
        if leg.is_told and not leg.is_closed and leg.answer != "declined":
            await self.ask("tell_stopped", subject=victim)

    # --- what may be given ------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Whenever somebody wants an accepted version that has not been released: redact, assess, release."""
        while True:
            await workflow.wait_condition(lambda: self.must_prepare)
            await self.prepare_version(self.accepted_version or 0)

    async def prepare_version(self, version: int) -> None:
        """Carry a version to its release, unless it becomes moot: another one is wanted, or nothing will be shared."""

        def is_moot() -> bool:
            return self.is_over or self.corrected or self.accepted_version != version

        preparation = Preparation(
            self,
            Audience.VICTIM,
            version,
            is_moot=is_moot,
            ask_freely=self.ask_while_free,
            names=lambda: self.names,
            outcome_of=self.outcome_of,
        )
        # What must go from a version that was released once has no other impact on staff than the rest of it had.
        affected = () if version == self.assessed else (m.ref for m in self.brief.staff if m.role in AFFECTED)
        released = await preparation.carry_out(affected)
        if released is not None:
            self.released, self.released_version, self.assessed = released, version, version
            self.searched = preparation.searched

    async def outcome_of(self, escalation: EscalationRef) -> EscalationOutcome | None:
        """What the national team decided about a concern; none: disclosure is over."""
        known = (escalation.kind, escalation.number)
        await workflow.wait_condition(lambda: known in self.resolved or self.is_over)
        return self.resolved.get(known)

    @property
    def is_over(self) -> bool:
        """Whether nothing will be shared: the conviction was quashed, or the national team stopped it."""
        return self.stopped or self.shut

    @property
    def must_prepare(self) -> bool:
        """Whether somebody wants the review, and what was accepted last has not been released."""
        is_new = self.accepted_version is not None and self.accepted_version != self.released_version
        return bool(self.wanted) and is_new and not self.corrected and not self.is_over

    @property
    def is_current(self) -> bool:
        """Whether what was released is the version accepted last, and nothing is being corrected."""
        return self.released is not None and self.released_version == self.accepted_version and not self.corrected

    @property
    def can_give(self) -> bool:
        """Whether a released version may be given."""
        return self.is_current and not self.is_over

    # --- the record, and news ---------------------------------------------------------------------

    async def find_legs(self) -> LegsFound:
        """How the legs stand in the record."""
        lookup = LegsLookup(reference=self.brief.reference)
        return await workflow.execute_activity_method(
            Casework.find_legs, lookup, summary="How the legs stand", **RECORD
        )

    async def find_leg(self, victim: str) -> Leg:
        """How this leg stands in the record; one that the record does not know is closed."""
        found = {leg.victim: leg for leg in (await self.find_legs()).legs}
        return found.get(victim) or Leg(victim=victim, is_closed=True)

    async def search_files(self) -> Rendition:
        """Every file of what was released has been searched."""
        request = RenditionRequest(reference=self.brief.reference, version=self.released or 0, at=self.now())
        return await workflow.execute_activity_method(
            Casework.search_files, request, summary="Search the files", **FILES
        )

    def heard(self, news: CaseNews) -> None:
        """The conviction was quashed, the review is corrected, somebody wants it after all, or there is a new name."""
        super().heard(news)
        self.shut = self.shut or news.shut
        self.corrected = self.corrected if news.corrected is None else news.corrected
        if news.opted_in:
            self.opted_in.append(news.opted_in)
        if news.named:
            self.hear_names()
