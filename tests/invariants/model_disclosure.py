"""Disclosure of the model: the legs of the families, and what may be given. Said once more from docs/lifecycle.md."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time
from typing import Any

from tests.invariants.model_asking import Answered, Asking
from tests.invariants.model_record import STAFF, VICTIMS, ModelRecord
from tests.invariants.trampoline import Task, until
from workflows.policy.duties import AFFECTED

PUBLIC, TO_FAMILIES = "public", "victims"
_VERSION, _RENDITION = {TO_FAMILIES: "v", PUBLIC: "p"}, {TO_FAMILIES: "r", PUBLIC: "p"}
_RELEASE = {TO_FAMILIES: "release", PUBLIC: "release_public"}
Ask = Callable[..., Awaitable[Answered | None]]


class Disclosure(Asking):
    """What reaches a family, and when. `opted_in`: who wants it after all and has not been taken up."""

    def __init__(self, record: ModelRecord) -> None:
        super().__init__(record)
        self.is_corrected = False
        self.is_shut = False
        self.opted_in: list[str] = []
        self.changed_mind: set[str] = set()
        self.wanted: set[str] = set()
        self.given_to: dict[str, int] = {}
        self.begun_for: dict[str, int | None] = {}
        self.released: int | None = None
        self.released_version: int | None = None
        self.assessed: int | None = None
        self.legs: dict[str, Task[None]] = {}

    # --- the stage ---------------------------------------------------------------------------------

    async def disclose(self, part: str) -> str:
        """Each family is told and offered; what is wanted is prepared, released and handed over."""
        self.find_what_was_released()
        self.legs, self.begun_for, self.wanted, self.given_to = {}, {}, set(), {}
        self.changed_mind, self.assessed = set(), None
        preparing = self.tasks.start(self.prepare(part))
        try:
            self.take_up()
            for ref in VICTIMS:
                self.begin_leg(part, ref)
            while True:
                await until(lambda: bool(self.opted_in or self.to_begin_again) or self.has_every_leg_ended)
                self.take_up()
                if self.has_every_leg_ended and not self.to_begin_again:
                    return "disclosed"
                for ref in self.to_begin_again:
                    self.begin_leg(part, ref)
        finally:
            for task in (*self.legs.values(), preparing):
                task.stop()

    def find_what_was_released(self) -> None:
        """As the record has it."""
        rows = self.record.rows("documents", kind="victim_rendition")
        self.released = rows[-1]["version"] if rows else None
        self.released_version = rows[-1]["of"] if rows else None

    def take_up(self) -> None:
        """Whoever wants it after all."""
        self.changed_mind.update(self.opted_in)
        self.opted_in.clear()

    def begin_leg(self, part: str, ref: str) -> None:
        """From where the record says."""
        self.begun_for[ref] = self.record.case["accepted_version"]
        self.legs[ref] = self.tasks.start(self.leg(part, ref))

    @property
    def has_every_leg_ended(self) -> bool:
        """Whether nobody is waited for."""
        return all(leg.is_done for leg in self.legs.values())

    @property
    def to_begin_again(self) -> tuple[str, ...]:
        """Whose leg ended too early."""
        return tuple(
            ref for ref, leg in self.legs.items() if leg.is_done and (ref in self.changed_mind or self.has_an_old(ref))
        )

    def has_an_old(self, ref: str) -> bool:
        """Whether another version was accepted since they were given theirs."""
        is_new = self.record.case["accepted_version"] != self.begun_for[ref] and not self.is_corrected
        return ref in self.given_to and is_new and not self.is_over

    # --- a leg -------------------------------------------------------------------------------------

    async def leg(self, part: str, ref: str) -> None:
        """From the referral to having it, or not wanting it, or hearing why not."""
        again, victim = ref in self.changed_mind, self.victim(ref)
        self.changed_mind.discard(ref)
        if victim["closed_because"] or self.has_it(ref):
            return
        if await self.is_told(part, ref) and await self.accepts(part, ref, again=again):
            await self.give(part, ref)
        is_left = self.is_over and not victim["stopped_told_on"] and ref not in self.given_to
        if is_left and victim["told_on"] and not victim["closed_because"] and victim["answer"] != "declined":
            await self.ask(part, "tell_stopped", ref)

    def has_it(self, ref: str) -> bool:
        """Whether they have what was released last."""
        given = self.victim(ref)["given"]
        if given is not None:
            self.given_to[ref] = given
        return given is not None and given == self.released and self.is_current

    async def is_told(self, part: str, ref: str) -> bool:
        """Referred and told, each once."""
        victim = self.victim(ref)
        if victim["referred_on"] is None:
            referral = await self.ask_until(
                lambda: self.is_over, part, "refer", ref, counted_from=self.record.convicted_on
            )
            if referral is None or referral.answer == "nobody":
                return False
        if victim["told_on"]:
            return True
        told = await self.ask_until(lambda: self.is_over, part, "tell_family", ref, counted_from=victim["referred_on"])
        return told is not None and told.answer == "told"

    async def accepts(self, part: str, ref: str, *, again: bool) -> bool:
        """Until there is a yes or a no; silence is asked about again."""
        victim = self.victim(ref)
        if victim["answer"] == "accepted" or (victim["answer"] == "declined" and not again):
            return bool(victim["answer"] == "accepted")
        while not self.is_over:
            offer = await self.ask_until(lambda: self.is_stirred(ref), part, "offer", ref)
            if offer and offer.answer in ("accepted", "declined"):
                return offer.answer == "accepted"
            if ref in self.changed_mind:
                self.changed_mind.discard(ref)
                if victim["answer"] == "accepted":
                    return True
            elif offer and victim["ask_again_on"]:
                named = datetime.combine(victim["ask_again_on"], time(tzinfo=UTC))
                await until(lambda at=named: self.is_stirred(ref) or self.record.now >= at)  # type: ignore[misc]
        return False

    def is_stirred(self, ref: str) -> bool:
        """Whether the offer is not to be asked any more."""
        return self.is_over or ref in self.changed_mind

    async def give(self, part: str, ref: str) -> None:
        """Handed over, and only while nothing is held."""
        self.wanted.add(ref)
        while True:
            await until(lambda: self.can_give or self.is_over)
            if self.is_over:
                break
            handed = None
            if await self.speaks_their_language(part, ref):
                handed = await self.ask_while_free(lambda: not self.can_give, part, "handover", ref)
            if handed is None:
                continue
            if handed.answer == "handed_over":
                self.given_to[ref] = self.victim(ref)["given"]
                if self.given_to[ref] == self.released:
                    break
            elif self.victim(ref)["answer"] != "accepted":
                break
        self.wanted.discard(ref)

    async def speaks_their_language(self, part: str, ref: str) -> bool:
        """Another language than English is arranged first."""
        victim = self.victim(ref)
        while victim["language"] != "en" and victim["language_arranged"] is None:
            if await self.ask_until(lambda: not self.can_give, part, "language", ref) is None:
                return False
        return True

    # --- what may be given -------------------------------------------------------------------------

    async def prepare(self, part: str) -> None:
        """Whenever somebody wants an accepted version that was not released."""
        while True:
            await until(lambda: self.must_prepare)
            version = self.record.case["accepted_version"]
            affected = () if version == self.assessed else _AFFECTED
            if await self.carry_out(part, TO_FAMILIES, version, affected):
                self.assessed = version

    async def carry_out(self, part: str, audience: str, version: int, affected: tuple[str, ...]) -> bool:
        """Redacted, decided by a second person, its impact on staff looked at, released; false: moot."""

        def is_moot() -> bool:
            is_old = self.is_over or self.is_corrected or self.record.case["accepted_version"] != version
            return audience == TO_FAMILIES and is_old

        text = f"{_VERSION[audience]}{version}"
        ask_freely: Ask = self.ask_while_free if audience == TO_FAMILIES else self.ask_until
        if not await self.redact(is_moot, part, text):
            return False
        await self.assess(is_moot, part, affected, audience)
        while True:
            kind = "victim_rendition" if audience == TO_FAMILIES else "public_rendition"
            name = f"{_RENDITION[audience]}{len(self.record.rows('documents', kind=kind)) + 1}"
            decided = await ask_freely(is_moot, part, _RELEASE[audience], name)
            if decided is None:
                return False
            if decided.answer == "released":
                self.find_what_was_released()
                return True
            if not await self.redact(is_moot, part, text):
                return False
            if audience == PUBLIC:
                await self.assess(is_moot, part, affected, audience)

    async def redact(self, is_moot: Callable[[], bool], part: str, text: str) -> bool:
        """Proposed and decided; false: moot."""
        while await self.ask_until(is_moot, part, "redactions", text):
            decided = await self.ask_until(is_moot, part, "redaction_decision", text)
            if decided is None or decided.answer != "again":
                return decided is not None
        return False

    async def assess(self, is_moot: Callable[[], bool], part: str, affected: tuple[str, ...], audience: str) -> None:
        """Everybody side by side."""
        await self.tasks.together(*(self.assess_one(is_moot, part, ref, audience) for ref in affected))

    async def assess_one(self, is_moot: Callable[[], bool], part: str, ref: str, audience: str) -> None:
        """Manageable, with a plan, or an exception on which the national team decides."""
        while impact := await self.ask_until(is_moot, part, "staff_impact", ref):
            if impact.answer == "contingency":
                plan = await self.ask_until(is_moot, part, "contingency_plan", ref)
                if plan is None or plan.answer == "confirmed":
                    return
            elif impact.escalation is None or audience == PUBLIC or not await self.wants_change(impact.escalation):
                return

    async def wants_change(self, escalation: dict[str, Any]) -> bool:
        """Whether the national team wants the impact to be assessed again."""
        await until(lambda: escalation["state"] == "resolved" or self.is_over)
        return bool(escalation["outcome"] == "change")

    async def ask_while_free(
        self, is_moot: Callable[[], bool], part: str, question: str, subject: str
    ) -> Answered | None:
        """A hold takes the question back, its end asks again."""
        while True:
            await until(lambda: not self.is_held or is_moot())
            if is_moot():
                return None
            if answered := await self.ask_until(lambda: self.is_held or is_moot(), part, question, subject):
                return answered

    # --- how it stands -----------------------------------------------------------------------------

    def victim(self, ref: str) -> dict[str, Any]:
        """The row of a family."""
        return self.record.rows("victims", ref=ref)[0]

    @property
    def is_over(self) -> bool:
        """Whether nothing will be shared."""
        return self.is_stopped or self.is_shut

    @property
    def must_prepare(self) -> bool:
        """Whether somebody wants what was accepted and not released."""
        accepted = self.record.case["accepted_version"]
        is_new = accepted is not None and accepted != self.released_version
        return bool(self.wanted) and is_new and not self.is_corrected and not self.is_over

    @property
    def is_current(self) -> bool:
        """Whether what was released is what was accepted."""
        is_same = self.released is not None and self.released_version == self.record.case["accepted_version"]
        return is_same and not self.is_corrected

    @property
    def can_give(self) -> bool:
        """Whether something may be given."""
        return self.is_current and not self.is_over


_AFFECTED = tuple(ref for ref, role, _ in STAFF if role in AFFECTED)
