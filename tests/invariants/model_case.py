"""The case of the model: its charge, the order of its stages, and its end; said once more without Temporal."""

from datetime import datetime, timedelta
from typing import Any

from tests.invariants.model_effects import Effects
from tests.invariants.model_record import a_model_record, rules
from tests.invariants.model_stages import EVERYBODY
from tests.invariants.observed import Flow
from tests.invariants.trampoline import Task, until
from workflows.contract.messages import OffenceRef
from workflows.contract.vocabulary import CourtEventKind, Ground, OffenceCategory, Rosh, SupervisionType
from workflows.policy import pausing
from workflows.policy.court import ends_the_case, ends_the_review, has_appeared
from workflows.policy.criteria import ChargeFacts, Verdict, judge
from workflows.policy.disclosure import is_open

OF_THE_REVIEW = ("review", "countersign", "quality-assurance")


class Procedure(Effects):
    """One case from charge to closed."""

    def __init__(
        self, reference: str = "SFO-2026-00001", *, appeared: bool = True, start: datetime | None = None
    ) -> None:
        super().__init__(a_model_record(reference, appeared, (lambda: start) if start else None))
        self.offences: tuple[OffenceRef, ...] = ()
        self.court: list[CourtEventKind] = [CourtEventKind.APPEARED] if appeared else []
        self.ground = Ground.ASK
        self.is_sfo, self.must_notify, self.is_notified = True, False, False
        self.times: dict[str, int] = {}
        self.stages: dict[str, Task[Any]] = {}
        self.rounds = 0
        self.charging: Task[None] | None = None
        self.caring: Task[None] | None = None

    def open(self, *offences: OffenceRef, rosh: Rosh = Rosh.MEDIUM, is_proposed: bool = False) -> "Procedure":
        """The charge is on the record and the case runs."""
        self.offences = offences
        self.record.case.update(rosh=str(rosh), is_interest_proposed=is_proposed)
        self.charging = self.tasks.start(self.charge())
        self.tasks.start(self.run())
        self.tasks.start(self.disclosing())
        self.go_on()
        return self

    # --- the procedure -----------------------------------------------------------------------------

    async def run(self) -> None:
        """The case: charge, notification beside the early look, rounds of review, what follows, the end."""
        await until(lambda: self.ground is not Ground.ASK)
        if self.is_sfo or self.ground.is_reviewed:
            await until(lambda: bool(self.court))
            if has_appeared(self.court):
                await self.follow()
        await until(self.may_close)
        self.close()

    async def follow(self) -> None:
        """From the court appearance on."""
        self.begin_care()
        notifying = self.tasks.start(self.notify())
        if await self.reviewed():
            feedback = self.stage("staff-feedback", lambda part: self.side_by_side(self.feed_back, part, EVERYBODY))
            plan = self.stage("action-plan", lambda part: self.side_by_side(self.complete, part, self.plan))
            await until(lambda: feedback.is_done and plan.is_done)
        await until(lambda: notifying.is_done)
        await until(lambda: ends_the_case(self.court))

    async def side_by_side(self, each: Any, part: str, subjects: tuple[str, ...]) -> None:
        """The same with each of these."""
        await self.tasks.together(*(each(part, subject) for subject in subjects))

    async def notify(self) -> None:
        """Both, as soon as the charge is to be notified."""
        await until(lambda: self.is_notifiable or ends_the_case(self.court))
        if self.is_notifiable:
            looking = self.stage("early-look", self.early_look)
            notifying = self.stage("notification", self.notification)
            await until(lambda: notifying.is_done)
            self.is_notified = True
            await until(lambda: looking.is_done)

    @property
    def is_notifiable(self) -> bool:
        """Whether the national team must hear of this charge."""
        return self.must_notify or self.ground.is_reviewed

    @property
    def is_wanted(self) -> bool:
        """Whether a review is due and the court has not ended it."""
        return self.ground.is_reviewed and not ends_the_review(self.court)

    async def reviewed(self) -> bool:
        """Whether a review was accepted."""
        while self.record.case["accepted_version"] is None:
            await until(lambda: (self.is_wanted and self.is_notified) or self.nothing_to_review)
            if self.nothing_to_review:
                return False
            await self.rounds_of_review()
        return True

    @property
    def nothing_to_review(self) -> bool:
        """Whether the prosecution is over and no review is due."""
        return ends_the_case(self.court) and not self.is_wanted

    async def rounds_of_review(self) -> None:
        """Until one is accepted, or none is wanted."""
        while self.is_wanted:
            self.rounds += 1
            end = await self.ended(self.stage("review", self.review))
            if end == "submitted" and self.is_wanted:
                end = await self.ended(self.stage("countersign", self.countersign))
            if end == "signed" and self.is_wanted:
                end = await self.ended(self.stage("quality-assurance", self.quality))
            if end == "accepted":
                self.let_the_clock_run()
                return

    def stage(self, kind: str, work: Any) -> Task[Any]:
        """A stage runs under the next of its numbers."""
        self.times[kind] = self.times.get(kind, 0) + 1
        part = kind if self.times[kind] == 1 else f"{kind}-{self.times[kind]}"
        self.stages[kind] = self.tasks.start(work(part))
        return self.stages[kind]

    async def ended(self, stage: Task[Any]) -> Any:
        """How it ended."""
        await until(lambda: stage.is_done)
        return stage.result

    async def disclosing(self) -> None:
        """At conviction, whenever that comes."""
        while True:
            await until(lambda: is_open(self.court) and self.ground.is_reviewed)
            await self.ended(self.stage("victim-disclosure", self.disclose))
            await until(lambda: not is_open(self.court) or not self.ground.is_reviewed)

    # --- the charge --------------------------------------------------------------------------------

    async def charge(self) -> None:
        """Judge, ask what is missing, judge again; a person says what a reduced charge does to a review."""
        self.times["charge"] = self.times.get("charge", 0) + 1
        part = "charge" if self.times["charge"] == 1 else f"charge-{self.times['charge']}"
        while (verdict := self.judged()).question:
            await self.ask(part, verdict.question)
        ground = verdict.ground
        was_reviewed = self.ground.is_reviewed
        if was_reviewed and not ground.is_reviewed:
            goes_on = (await self.ask(part, "reduced_charge")).answer == "goes_on"
            ground = self.ground if goes_on else ground
        self.ground, self.is_sfo = ground, verdict.is_sfo
        self.must_notify = verdict.ground.is_reviewed or verdict.is_sfo
        self.record.case["ground"] = str(ground)
        if was_reviewed and not ground.is_reviewed and self.record.case["accepted_version"] is None:
            self.stop(*OF_THE_REVIEW, "victim-disclosure")
            self.record.case.update(review_due=None, original_review_due=None, review_overdue=False)
            self.close_duties("told", "interviewed", "facts_offered", "fed_back", "cared_for")
            self.close_duties("victim_told", "victim_answered", "victim_given")
            self.let_the_clock_run()
        self.bring_in_line(self.court, self.ground)
        self.begin_care()

    def judged(self) -> Verdict:
        """The criteria over what is known."""
        case = self.record.case
        interest, said = case["interest_answer"], case["offence_class"]
        facts = ChargeFacts(
            offences=self.offences,
            supervision=SupervisionType.LICENCE,
            supervised_from=min((o.offence_on for o in self.offences), default=self.record.today) - timedelta(days=30),
            supervised_until=None,
            rosh=Rosh(case["rosh"]),
            charged_on=case["charged_on"],
            is_public_interest_proposed=case["is_interest_proposed"],
            offence_class=OffenceCategory(said) if said else None,
            public_interest=None if interest is None else interest == "review",
        )
        verdict = judge(facts, rules().offences(self.record.rulebook.version), self.record.rulebook, frozenset())
        self.record.audit("system", "charge_judged", self.record.reference, ground=verdict.ground)
        if verdict.ground.is_reviewed:
            self.bring_in_line(self.court, verdict.ground)
        return verdict

    def begin_care(self) -> None:
        """From the court appearance staff are looked after; at rest while no review is due."""
        is_due = self.ground.is_reviewed and (
            self.record.case["accepted_version"] is not None or not ends_the_review(self.court)
        )
        if self.caring is None and is_due and has_appeared(self.court):
            self.caring = self.tasks.start(self.care())
        elif self.caring is not None and not is_due and not self.caring.is_done:
            self.caring.stop()
            self.caring = None

    def stop(self, *kinds: str) -> None:
        """These stages end where they are."""
        for kind in kinds:
            if kind in self.stages:
                self.stages[kind].stop()

    # --- the end -----------------------------------------------------------------------------------

    def may_close(self) -> bool:
        """Whether nothing is owed, asked or on its way."""
        record = self.record
        is_owed = record.rows("duties", state="owed") or record.rows("actions", state="open")
        is_asked = record.rows("gates", state="open") or any(
            row["state"] != "resolved" for row in record.rows("escalations")
        )
        leg = self.stages.get("victim-disclosure")
        disclosing = is_open(self.court) and self.ground.is_reviewed and not (leg is not None and leg.is_done)
        is_judging = self.charging is not None and not self.charging.is_done
        return not (is_owed or is_asked or disclosing or is_judging)

    def close(self) -> None:
        """The case has ended."""
        self.record.case.update(closed_on=self.record.today, outcome="completed")
        self.record.audit("system", "case_closed", self.record.reference)
        self.record.flows[f"sfo/{self.record.reference}"] = Flow("COMPLETED")

    def go_on(self) -> None:
        """Until nothing moves any more."""
        self.tasks.run(self.record.mark)
        for row in self.record.rows("gates", state="open"):
            self.record.flows.setdefault(f"sfo/{row['gate'].rpartition('/')[0]}", Flow("RUNNING"))

    # --- the clock of the review -------------------------------------------------------------------

    def on_the_clock(self) -> list[dict[str, Any]]:
        """The open questions that stand still with it."""
        rows = self.record.rows("gates", state="open")
        return [row for row in rows if row["stage"].rstrip("-0123456789") in OF_THE_REVIEW]

    def let_the_clock_run(self) -> None:
        """What was left of working days comes back."""
        case, record = self.record.case, self.record
        if case["paused_at"] is None:
            return
        stopped_on = case["paused_at"].date()
        pause = record.rows("pauses")[-1]
        holidays = record.observe().holidays
        for gate in self.on_the_clock():
            new = pausing.resumed(gate["due_on"], max(stopped_on, gate["opened_at"].date()), record.today, holidays)
            if new != gate["due_on"]:
                record.add("deadlines", what=gate["gate"], due_on=new, original_due_on=gate["original_due_on"],
                           rule="pause", decision=None, late=False, at=record.now)  # fmt: skip
                self.set_due(gate, new)
            gate["paused_at"] = None
        if case["review_due"] is not None:
            due = pausing.resumed(case["review_due"], stopped_on, record.today, holidays)
            if due != case["review_due"]:
                record.add("deadlines", what="review", due_on=due, original_due_on=case["original_review_due"],
                           rule="pause", decision=None, late=False, at=record.now)  # fmt: skip
            case["review_due"] = pause["new_due"] = due
        pause["resumed_at"], case["paused_at"] = record.now, None
        record.audit("operations", "clock_resumed", "review")
