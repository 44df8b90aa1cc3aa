"""The stages of a case, as the case runs them: what each is told, where the case is, its clock, its people."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from temporalio import workflow

from workflows.contract import ids, search
from workflows.contract.messages import (
    CareBrief,
    CaseNews,
    CaseOpening,
    CaseStatus,
    PauseSignal,
    ResumeSignal,
    StageBrief,
    StageEnd,
)
from workflows.contract.vocabulary import Ground, Outcome, Stage
from workflows.policy.stages import OF_THE_REVIEW

from . import case_time
from .case_signals import CaseSignals
from .changes import Changes
from .children import Children
from .concerns import Concerns
from .court import Court
from .standing import CaseStanding


class CaseStages(CaseSignals):
    """Starts each stage with what the case knows then. What is declared here is the case's to keep."""

    opening: CaseOpening
    ground: Ground
    rulebook: str
    court: Court
    children: Children
    concerns: Concerns
    changes: Changes
    standing: CaseStanding
    is_commissioned: bool
    caring: asyncio.Task[StageEnd] | None
    is_cared_for: bool
    is_corrected: bool
    version: int | None
    plan: tuple[str, ...]
    opted_in: Counter[str]
    rounds: int

    @workflow.query(description="Where the case is")
    def status(self) -> CaseStatus:
        """Where the case is, without anything about a person."""
        outlook = self.standing.outlook
        return CaseStatus(
            reference=self.opening.reference,
            ground=self.ground,
            stages_open=tuple(sorted(part for part in self.children.running if "/" not in part)),
            stages_ended=tuple(self.children.ended),
            court=tuple(self.court.events),
            on_hold=self.concerns.is_held,
            escalations_open=tuple(sorted(self.concerns.escalations)),
            dead_letters=self.dead_letters.count,
            clock=self.standing.clock,
            review_due=outlook.due,
            original_review_due=outlook.original_due,
            remaining=outlook.remaining or (),
            extensions=outlook.extensions or 0,
            rounds=self.rounds,
        )

    def now(self) -> datetime:
        """The case's time now, UTC."""
        return case_time.now(self.opening.clock)

    def common(self) -> dict[str, Any]:
        """What every child is told."""
        opening = self.opening
        return {
            "reference": opening.reference,
            "clock": opening.clock,
            "region": self.changes.region,
            "pdu": self.changes.pdu,
            "ground": self.ground,
            "rulebook": self.rulebook,
            "lists_gates": True,
        }

    async def stage(self, stage: Stage, version: int | None = None) -> StageEnd:
        """Run a stage to its end, once more each time."""
        workflow.upsert_search_attributes([search.STAGE.value_set(str(stage))])
        if not self.children.times[stage]:
            self.children.announce(ids.stage_part(stage, 1))
            await self.children.tell(CaseNews(stage=stage), ids.STAFF_CARE)
        return await self.carried(stage, partial(self.brief, stage, version, self.plan))

    async def carried(self, kind: str, brief: Callable[[int], StageBrief | CareBrief]) -> StageEnd:
        """Carry a stage, or staff care, to its end; one that was cancelled by hand is begun anew."""
        while True:
            self.children.times[kind] += 1
            round_ = self.children.times[kind]
            part = ids.stage_part(kind, round_)
            end = await self.children.stage(kind, round_, partial(brief, round_))
            self.standing.note_end(part, kind)
            if end.outcome is not Outcome.WITHDRAWN or part in self.children.stopped:
                return end
            self.dead_letters.keep(kind, "cancelled by hand, begun anew")

    def brief(self, stage: Stage, version: int | None, plan: tuple[str, ...], round_: int) -> StageBrief:
        """What a stage starts with; disclosure takes whichever version was accepted last, and the court as it is."""
        is_disclosure = stage is Stage.VICTIM_DISCLOSURE
        return StageBrief(
            stage=stage,
            round=round_,
            staff=self.opening.staff,
            victims=self.opening.victims,
            actions=plan if stage is Stage.ACTION_PLAN else (),
            appeared_on=self.court.appeared_on,
            is_commissioned=self.is_commissioned,
            version=self.version if is_disclosure else version,
            held=self.concerns.is_held,
            stopped=self.concerns.is_stopped or (is_disclosure and not self.court.opens_disclosure),
            paused=self.changes.paused and stage in OF_THE_REVIEW,
            correction=self.is_corrected,
            opted_in=tuple(sorted(self.opted_in.elements())) if is_disclosure else (),
            **self.common(),
        )

    async def care(self) -> None:
        """From the court appearance the staff of a reviewed case are looked after; at rest while no review is due.

        Rule: facts.md 5.17, at every stage; whatever the court did, until nothing else of the case is open.
        """
        is_due = self.ground.is_reviewed and (self.version is not None or not self.court.ends_review)
        was_due, self.is_cared_for = self.is_cared_for, is_due
        if is_due and self.court.has_appeared and (self.caring is None or self.has_to_care_again(was_due=was_due)):
            self.caring = asyncio.create_task(self.carried(ids.STAFF_CARE, self.care_brief))
        elif self.caring and is_due != was_due:
            await self.children.tell(CaseNews(stopped=not is_due), ids.STAFF_CARE)

    def has_to_care_again(self, *, was_due: bool) -> bool:
        """Whether their care had come to its end because no review was due any more, and one is due after all."""
        has_ended = self.caring is not None and self.caring.done() and not was_due
        return has_ended and workflow.patched("cared-for-again")

    async def end_care(self) -> None:
        """Nothing else is open: what is still owed is done, and no further contact falls due."""
        if self.caring and not self.caring.done():
            await self.children.tell(CaseNews(closing=True), ids.STAFF_CARE)
            await self.caring

    def care_brief(self, _round: int) -> CareBrief:
        """What staff care starts with."""
        return CareBrief(staff=self.opening.staff, stopped=not self.is_cared_for, **self.common())

    async def hear_pause(self, signal: PauseSignal) -> None:
        """The clock stands still, and operations see it."""
        await self.changes.pause(signal)
        self.standing.show()

    async def hear_resumption(self, signal: ResumeSignal) -> None:
        """The clock runs again, towards a date that gives the remaining working days back."""
        self.standing.note_resumption(await self.changes.resume(signal, self.rulebook))

    async def let_the_clock_run(self) -> None:
        """A review that is finished or stopped leaves nothing whose clock could stand still."""
        if self.changes.paused:
            self.standing.note_resumption(await self.changes.let_run(self.rulebook))
