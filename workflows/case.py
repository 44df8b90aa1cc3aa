"""The case: it awaits the stages in order and listens to the court, to concerns and to changes throughout."""

import asyncio
from collections import Counter
from datetime import timedelta

from temporalio import workflow

from workflows.asking import case_time
from workflows.asking.case_details import keep_details
from workflows.asking.case_stages import CaseStages
from workflows.asking.changes import Changes
from workflows.asking.children import Children
from workflows.asking.concerns import Concerns
from workflows.asking.court import Court
from workflows.asking.inbox import DeadLetters
from workflows.asking.listening import Listening
from workflows.asking.standing import CaseStanding
from workflows.contract import search
from workflows.contract.messages import (
    AmendedCharge,
    CaseClosed,
    CaseLookup,
    CaseNews,
    CaseOpening,
    Closing,
    CorrectSignal,
    CourtEvent,
    Notice,
    OptInSignal,
    PauseSignal,
    RaisedConcern,
    RaisedEnquiry,
    ReplaceSignal,
    ResumeSignal,
    StageEnd,
    StageNews,
    TransferSignal,
)
from workflows.contract.options import RECORD
from workflows.contract.ports import Casework
from workflows.contract.vocabulary import CourtEventKind, Ground, Outcome, Stage
from workflows.policy.stages import OF_THE_REVIEW

LOOK_AGAIN = timedelta(days=7)


@workflow.defn(name="sfo-case")
class Case(CaseStages):
    """A thin parent: order, ways back, and who must hear of what. Everything else happens in its children.

    Ends closed, when every staff duty, action and victim leg is met or closed by a recorded decision.
    """

    @workflow.init
    def __init__(self, opening: CaseOpening) -> None:
        self.opening = opening
        self.ground = Ground.ASK
        self.rulebook = ""
        self.is_sfo = True
        self.must_notify = False
        self.is_notified = False
        self.is_commissioned = False
        self.one_charge = asyncio.Lock()
        self.court = Court(opening)
        self.rounds = 0
        self.version: int | None = None
        self.plan: tuple[str, ...] = ()
        self.is_corrected = False
        self.opted_in: Counter[str] = Counter()
        self.is_disclosing = self.has_disclosed = False
        self.disclosed_version: int | None = None
        self.corrected_to: int | None = None
        self.dead_letters = DeadLetters()
        self.children = Children()
        self.concerns = Concerns(opening, self.children, self.common)
        self.changes = Changes(opening, self.children, self.dead_letters, self.escalate)
        self.standing = CaseStanding(self.changes, shows_dates=opening.shows_dates)
        self.owed: tuple[str, ...] = ()
        self.listening = Listening(
            self.dead_letters,
            {
                CourtEvent: self.hear_court,
                AmendedCharge: self.hear_amendment,
                RaisedConcern: self.concerns.escalate,
                RaisedEnquiry: self.concerns.enquire,
                StageNews: self.hear_stage,
                PauseSignal: self.hear_pause,
                ResumeSignal: self.hear_resumption,
                TransferSignal: self.changes.transfer,
                ReplaceSignal: self.changes.replace,
                OptInSignal: self.hear_opt_in,
                CorrectSignal: self.hear_correction,
            },
            beside=(RaisedConcern, RaisedEnquiry),
        )
        self.caring: asyncio.Task[StageEnd] | None = None
        self.notifying: asyncio.Task[None] | None = None
        self.is_past_review = self.is_let_go = False
        self.is_cared_for = True

    # --- the procedure ----------------------------------------------------------------------------

    @workflow.run
    async def run(self, _opening: CaseOpening) -> CaseClosed:
        """From charge to closed; a case that had closed and is opened again begins where it stood."""
        if self.opening.reopened:
            await self.pick_up()
        listening = asyncio.create_task(self.listening.run())
        disclosing = asyncio.create_task(self.disclose())
        showing = asyncio.create_task(keep_details(self.status, lambda: self.owed))
        if not self.opening.reopened:
            await self.charge()
            await self.carry()
        await workflow.wait_condition(lambda: not self.disclosure_is_due)
        await self.end_care()
        closed = await self.close()
        listening.cancel()
        disclosing.cancel()
        showing.cancel()
        return closed

    async def carry(self) -> None:
        """Once the charge is judged: from the court appearance on, where there is anything to do."""
        # An amendment that came while the first charge was still being asked about has taken its place.
        await workflow.wait_condition(lambda: self.ground is not Ground.ASK)
        self.is_let_go = not (self.is_sfo or self.ground.is_reviewed)
        if not self.is_let_go:
            await self.follow_from_court()

    async def pick_up(self) -> None:
        """The case as it stood when it closed: a family opted back in, or its review is wrong. Rule: facts.md 5.23."""
        lookup = CaseLookup(reference=self.opening.reference, at=self.now())
        stood = await workflow.execute_activity_method(Casework.find_case, lookup, summary="Open again", **RECORD)
        self.ground, self.rulebook = stood.ground, stood.rulebook
        self.version, self.rounds = stood.version, stood.rounds
        self.court.events, self.court.appeared_on = list(stood.court), stood.appeared_on
        self.changes.region, self.changes.pdu = stood.region, stood.pdu
        self.children.times.update(stood.stages)
        # What is typed by hand is numbered behind whatever was typed while the case ran before.
        self.concerns.typed = self.changes.typed = 1_000 * self.children.times.total()
        self.is_commissioned = self.is_notified = True
        if stood.is_corrected:
            self.listening.attend_to(self.correct_review())

    async def charge(self) -> None:
        """Run the criteria: at the start, and again on every amendment, upward as well as downward."""
        self.children.stop(Stage.CHARGE)
        async with self.one_charge:
            end = await self.stage(Stage.CHARGE)
        if end.outcome is Outcome.WITHDRAWN:
            return
        was_reviewed = self.ground.is_reviewed
        self.ground = end.ground or self.ground
        self.rulebook = end.rulebook or self.rulebook
        self.is_sfo, self.must_notify = end.is_sfo, end.must_notify
        self.court.acquittal_ends_review = end.acquittal_ends_review
        workflow.upsert_search_attributes([search.GROUND.value_set(str(self.ground))])
        if was_reviewed and not self.ground.is_reviewed and self.version is None:
            self.children.stop(*OF_THE_REVIEW, Stage.VICTIM_DISCLOSURE)
            await self.let_the_clock_run()
        await self.care()

    async def follow_from_court(self) -> None:
        """Nothing of it begins before the court appearance; an end without one leaves nothing to do."""
        await workflow.wait_condition(lambda: bool(self.court.events))
        if self.court.has_appeared:
            await self.follow()

    async def follow(self) -> None:
        """From the court appearance until nothing is left to do but what conviction opens."""
        await self.care()
        self.notifying = asyncio.create_task(self.notify())
        await self.pass_review()
        await self.notifying
        await workflow.wait_condition(lambda: self.court.is_over)

    async def notify(self) -> None:
        """Notification beside the early look; below the threshold only where the rulebook says so."""
        await workflow.wait_condition(lambda: self.is_notifiable or self.court.is_over)
        if self.is_notifiable:
            looking = asyncio.create_task(self.stage(Stage.EARLY_LOOK))
            self.is_notified = (await self.stage(Stage.NOTIFICATION)).outcome is Outcome.NOTIFIED
            await looking

    @property
    def is_notifiable(self) -> bool:
        """Whether the HMPPS SFO Team must be notified of this charge. Rule: facts.md 1.5, 1.16."""
        return self.must_notify or self.ground.is_reviewed

    async def pass_review(self) -> None:
        """The review and what follows an accepted one, or past it where none is due or it was stopped."""
        if await self.reviewed():
            await asyncio.gather(self.stage(Stage.STAFF_FEEDBACK), self.stage(Stage.ACTION_PLAN))
        else:
            self.is_past_review = True

    async def reviewed(self) -> bool:
        """Whether a review was accepted. Without a ground the case waits: the charge may be amended upward."""
        while self.version is None:
            await workflow.wait_condition(lambda: self.review_can_start or self.nothing_to_review)
            if self.nothing_to_review:
                return False
            await self.review()
        return True

    @property
    def review_can_start(self) -> bool:
        """Whether a review is due and its clock has its anchor."""
        return self.review_is_wanted and self.is_notified

    @property
    def nothing_to_review(self) -> bool:
        """Whether the prosecution has ended and no review is due."""
        return self.court.is_over and not self.review_is_wanted

    async def review(self) -> None:
        """Rounds of review, countersignature and quality assurance until one is accepted or no review is wanted."""
        while self.review_is_wanted:
            self.rounds += 1
            end = await self.stage(Stage.REVIEW)
            self.is_commissioned = self.is_commissioned or end.outcome is Outcome.SUBMITTED
            if end.outcome is Outcome.SUBMITTED and self.review_is_wanted:
                end = await self.stage(Stage.COUNTERSIGN, end.version)
            if end.outcome is Outcome.SIGNED and self.review_is_wanted:
                end = await self.stage(Stage.QUALITY_ASSURANCE, end.version)
            if end.outcome is Outcome.ACCEPTED:
                await self.accept(end)
                return
        if self.version is None:
            await self.tell_staff("review_stopped")

    @property
    def review_is_wanted(self) -> bool:
        """Whether one is due and the court has not ended it, or one is corrected. Rule: facts.md 5.3, 5.4."""
        return self.is_corrected or (self.ground.is_reviewed and not self.court.ends_review)

    async def accept(self, rated: StageEnd) -> None:
        """The review is final: everyone in it hears so, and a disclosure that has been waiting for it."""
        self.version, self.plan = rated.version, rated.actions
        await self.let_the_clock_run()
        await self.tell_staff("review_signed")
        await self.children.tell(CaseNews(accepted_version=rated.version), Stage.VICTIM_DISCLOSURE)

    async def correct_review(self) -> None:
        """The accepted review is written, checked and signed once more; nothing of the old one leaves meanwhile."""
        self.is_corrected = True
        await self.children.tell(CaseNews(corrected=True), Stage.VICTIM_DISCLOSURE)
        await self.review()
        self.is_corrected, self.corrected_to = False, self.version
        await self.children.tell(CaseNews(corrected=False), Stage.VICTIM_DISCLOSURE)
        if self.plan:
            await self.stage(Stage.ACTION_PLAN)

    async def disclose(self) -> None:
        """At conviction, whenever that comes; again for whoever wants it after all, and for a corrected version."""
        while True:
            await workflow.wait_condition(lambda: self.disclosure_is_due)
            self.is_disclosing, quashed = True, self.court.events.count(CourtEventKind.QUASHED)
            end = await self.stage(Stage.VICTIM_DISCLOSURE)
            self.opted_in -= Counter(end.heard)
            # Stopped by a reduced charge or shut by the court, it is taken up again should that change.
            stands = quashed == self.court.events.count(CourtEventKind.QUASHED)
            self.has_disclosed = stands and end.outcome is not Outcome.WITHDRAWN
            self.is_disclosing, self.disclosed_version = False, end.version

    @property
    def disclosure_is_due(self) -> bool:
        """Whether disclosure runs; or a conviction stands, the case is reviewed, and somebody is owed something."""
        # A conviction can be reported while the charge is still being judged.
        is_open = self.court.opens_disclosure and self.ground.is_reviewed and bool(self.opening.victims)
        is_corrected = self.corrected_to is not None and self.corrected_to != self.disclosed_version
        return self.is_disclosing or (is_open and (not self.has_disclosed or bool(self.opted_in) or is_corrected))

    async def tell_staff(self, letter: str) -> None:
        """Everyone who was told of the review hears that it is finished, or not completed. Rule: facts.md 5.3."""
        reference = self.opening.reference
        notice = Notice(
            reference=reference,
            event=f"{reference}/{letter}-{self.rounds}",
            letter=letter,
            to=tuple(member.ref for member in self.opening.staff),
            at=self.now(),
            only_told=True,
        )
        await workflow.execute_activity_method(Casework.tell, notice, summary=f"Tell: {letter}", **RECORD)

    async def close(self) -> CaseClosed:
        """Close when nothing is owed; until then wait for whatever is still open."""
        reference = self.opening.reference
        while True:
            await workflow.wait_condition(lambda: not self.listening.is_busy and not self.disclosure_is_due)
            await self.end_care()  # begun again for a review that was due after all
            closing = Closing(reference=reference, outcome=self.outcome, at=self.now())
            closed = await workflow.execute_activity_method(Casework.close_case, closing, summary="Close", **RECORD)
            if closed.closed:
                return CaseClosed(reference=reference, outcome=closing.outcome, ground=self.ground, rounds=self.rounds)
            self.owed = closed.unmet
            await self.wait_for_news()

    async def wait_for_news(self) -> None:
        """Until something arrives; a week of the case's time at the longest, so that nothing owed is forgotten."""
        week = case_time.delay_until(self.opening.clock, self.now() + LOOK_AGAIN)
        # A rehearsal's week can be seconds; a case that cannot close must not fill its history with looking.
        longest = max(week, timedelta(minutes=1))
        try:
            await workflow.wait_condition(
                lambda: self.listening.is_busy or self.disclosure_is_due,
                timeout=longest,
                timeout_summary="Cannot close yet: look again",
            )
        except TimeoutError:
            return

    @property
    def outcome(self) -> Outcome:
        """How the case ends, from what happened in it."""
        if not self.rounds:
            return Outcome.NOT_REVIEWED
        if self.version:
            return Outcome.COMPLETED
        if not self.court.ends_review:
            return Outcome.WITHDRAWN  # a reduced charge, and the national team's decision, stopped it
        return Outcome.ACQUITTED if CourtEventKind.ACQUITTED in self.court.events else Outcome.DISCONTINUED

    # --- listening --------------------------------------------------------------------------------

    def escalate(self, concern: RaisedConcern) -> None:
        """Start this escalation in its turn."""
        self.listening.take(concern)

    async def hear_court(self, event: CourtEvent) -> None:
        """An end of the prosecution stops the review; without a conviction nothing is shared, with a new one anew."""
        was_open = self.court.opens_disclosure
        await self.court.hear(event)
        if was_open and not self.court.opens_disclosure:
            await self.children.tell(CaseNews(shut=True), Stage.VICTIM_DISCLOSURE)
        elif self.court.opens_disclosure and not was_open:
            self.children.stop(Stage.VICTIM_DISCLOSURE)  # still telling families that nothing will be shared
        if not self.review_is_wanted:
            self.children.stop(*OF_THE_REVIEW)
            await self.let_the_clock_run()
            await self.care()
        elif not self.is_cared_for and workflow.patched("cared-for-again"):  # a review is due after all
            await self.care()
        self.listening.attend_to(self.catch_up())

    async def hear_amendment(self, amended: AmendedCharge) -> None:
        """The criteria are run again, beside whatever else arrives."""
        await self.court.hear_amendment(amended)
        self.listening.attend_to(self.charge_anew())

    async def charge_anew(self) -> None:
        """Judge the charge as it now stands; a review may be due only now. Rule: facts.md 5.7."""
        await self.charge()
        await self.catch_up()

    async def catch_up(self) -> None:
        """The case went past its review when none was due; one that is due after all is carried out as any other.

        One that was no serious further offence, and is one now, is followed from the start.
        """
        is_followed = self.is_let_go and (self.is_sfo or self.ground.is_reviewed)
        if is_followed and workflow.patched("followed-after-all"):
            self.is_let_go = False
            await self.follow_from_court()
            return
        is_due = self.is_past_review and self.review_is_wanted
        if not is_due or not workflow.patched("reviewed-after-the-verdict"):
            return
        self.is_past_review = False
        if self.notifying:
            await self.notifying
        if not self.is_notified:
            await self.notify()
        await self.pass_review()

    async def hear_opt_in(self, signal: OptInSignal) -> None:
        """A victim or family wants the review after all; disclosure takes it up, or is begun again."""
        if signal.victim not in self.opening.victims:
            self.dead_letters.keep("opt_in", "no such victim or family")
            return
        self.opted_in[signal.victim] += 1
        await self.children.tell(CaseNews(opted_in=signal.victim), Stage.VICTIM_DISCLOSURE)

    async def hear_correction(self, _signal: CorrectSignal) -> None:
        """The accepted review is corrected, beside whatever else arrives; one correction at a time."""
        if self.version is None or self.is_corrected:
            self.dead_letters.keep("correct", "no accepted review, or it is being corrected")
        else:
            self.listening.attend_to(self.correct_review())

    async def hear_stage(self, news: StageNews) -> None:
        """How a stage stands towards its dates has changed."""
        self.standing.note(news)
