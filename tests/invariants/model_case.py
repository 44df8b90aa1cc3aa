"""The case of the model: its charge, the order of its stages, and its end; said once more without Temporal."""

from datetime import date, datetime, timedelta
from typing import Any

from tests.invariants.model_effects import Effects
from tests.invariants.model_record import a_model_record, rules
from tests.invariants.model_stages import EVERYBODY, ON_THE_REVIEW_DATE
from tests.invariants.observed import Flow
from tests.invariants.trampoline import Task, until
from workflows.contract.messages import OffenceRef
from workflows.contract.vocabulary import CourtEventKind, Ground, OffenceCategory, Rosh, SupervisionType
from workflows.policy import pausing
from workflows.policy.calendar import rebased
from workflows.policy.court import ends_the_case, ends_the_review, has_appeared
from workflows.policy.criteria import ChargeFacts, Verdict, judge
from workflows.policy.disclosure import is_open
from workflows.policy.due import on_in_london

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
        self.begun_at: list[datetime] = []
        self.wants_to_close = False
        self.rounds = 0
        self.charging: Task[None] | None = None
        self.caring: Task[None] | None = None
        self.notifying: Task[None] | None = None
        self.catching: Task[None] | None = None
        self.correcting: Task[None] | None = None
        self.is_past_review = self.is_let_go = False
        self.is_disclosing = self.has_disclosed = False
        self.disclosed_version: int | None = None
        self.corrected_to: int | None = None

    def open(self, *offences: OffenceRef, rosh: Rosh = Rosh.MEDIUM, is_proposed: bool = False) -> "Procedure":
        """The charge is on the record and the case runs."""
        self.offences = offences
        self.record.case.update(rosh=str(rosh), is_interest_proposed=is_proposed)
        self.charging = self.tasks.start(self.charge())
        self.running = [self.tasks.start(self.run()), self.tasks.start(self.disclosing())]
        self.go_on()
        return self

    def open_again(self) -> None:
        """A case that had closed is open again and begins where it stood."""
        record = self.record
        detail = {"closed_on": record.case["closed_on"], "outcome": record.case["outcome"]}
        record.audit("operations", "case_reopened", record.reference, **detail)
        record.case.update(closed_on=None, outcome=None)
        record.flows[f"sfo/{record.reference}"] = Flow("RUNNING")
        for task in self.running:
            task.stop()
        self.is_disclosing = self.has_disclosed = False
        self.disclosed_version = self.corrected_to = None
        self.running = [self.tasks.start(self.close_when_due()), self.tasks.start(self.disclosing())]

    # --- the procedure -----------------------------------------------------------------------------

    async def run(self) -> None:
        """The case: charge, notification beside the early look, rounds of review, what follows, the end."""
        await until(lambda: self.ground is not Ground.ASK)
        self.is_let_go = not (self.is_sfo or self.ground.is_reviewed)
        if not self.is_let_go:
            await self.follow_from_court()
        await self.close_when_due()

    async def follow_from_court(self) -> None:
        """Nothing of it begins before the court appearance."""
        await until(lambda: bool(self.court))
        if has_appeared(self.court):
            await self.follow()

    async def close_when_due(self) -> None:
        """Nothing else is open: contact that is still owed is made, and the case closes."""
        await until(lambda: not self.disclosure_is_due)
        await self.end_care()
        while True:
            await until(lambda: not self.is_busy and not self.disclosure_is_due)
            await self.end_care()
            if self.may_close():
                return self.close()
            await until(lambda: self.may_close() or self.is_busy or self.disclosure_is_due)

    async def end_care(self) -> None:
        """No further contact falls due; what is still owed is made. One that fell due a moment before is asked."""
        is_running = self.caring is not None and not self.caring.is_done
        self.wants_to_close = True
        await until(lambda: self.told is None or not is_running or self.told.is_closing)
        self.is_closing = True
        if self.told and self.caring:
            self.caring.stop()  # it ended, as the record says
        await until(lambda: self.caring is None or self.caring.is_done)

    @property
    def is_busy(self) -> bool:
        """Whether a charge is judged, a review is caught up with or corrected."""
        return any(task is not None and not task.is_done for task in (self.charging, self.catching, self.correcting))

    async def follow(self) -> None:
        """From the court appearance on."""
        self.begin_care()
        self.notifying = notifying = self.tasks.start(self.notify())
        await self.carry_out_review()
        await until(lambda: notifying.is_done)
        await until(lambda: ends_the_case(self.court))

    async def carry_out_review(self) -> None:
        """The review with what follows it; where none was due it may become so later, and is carried out then."""
        self.is_past_review = not await self.reviewed()
        if not self.is_past_review:
            feedback = self.stage("staff-feedback", lambda part: self.side_by_side(self.feed_back, part, EVERYBODY))
            plan = self.stage("action-plan", lambda part: self.side_by_side(self.complete, part, self.plan))
            await until(lambda: feedback.is_done and plan.is_done)

    async def catch_up(self) -> None:
        """The charge or the court has made a review due after the verdict."""
        self.is_past_review = False
        await until(lambda: self.notifying is None or self.notifying.is_done)
        if not self.is_notified:
            await self.notify()
        await self.carry_out_review()

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
        return self.is_corrected or (self.ground.is_reviewed and not ends_the_review(self.court))

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

    async def correct_review(self) -> None:
        """The accepted review is written, checked and signed once more."""
        await self.rounds_of_review()
        self.is_corrected, self.corrected_to = False, self.record.case["accepted_version"]
        if self.plan:
            await self.ended(self.stage("action-plan", lambda part: self.side_by_side(self.complete, part, self.plan)))

    def stage(self, kind: str, work: Any) -> Task[Any]:
        """A stage runs under the next of its numbers; that one begins is a reason to look after people."""
        if kind not in self.times:
            self.stages_begun += 1
            self.begun_at.append(self.record.now)
        self.times[kind] = self.times.get(kind, 0) + 1
        part = kind if self.times[kind] == 1 else f"{kind}-{self.times[kind]}"
        self.stages[kind] = self.tasks.start(work(part))
        return self.stages[kind]

    async def ended(self, stage: Task[Any]) -> Any:
        """How it ended."""
        await until(lambda: stage.is_done)
        return stage.result

    async def disclosing(self) -> None:
        """At conviction, whenever that comes; again for whoever wants it after all, and for a corrected version."""
        while True:
            await until(lambda: self.disclosure_is_due)
            self.is_disclosing, quashed = True, self.court.count(CourtEventKind.QUASHED)
            self.is_shut = not is_open(self.court)
            stage = self.stage("victim-disclosure", self.disclose)
            await self.ended(stage)
            stands = quashed == self.court.count(CourtEventKind.QUASHED)
            self.has_disclosed = stands and not stage.was_stopped
            self.is_disclosing = False
            self.disclosed_version = None if stage.was_stopped else self.record.case["accepted_version"]

    @property
    def disclosure_is_due(self) -> bool:
        """Whether it runs; or a conviction stands, the case is reviewed, and somebody is owed something."""
        is_due = is_open(self.court) and self.ground.is_reviewed
        is_corrected = self.corrected_to is not None and self.corrected_to != self.disclosed_version
        return self.is_disclosing or (is_due and (not self.has_disclosed or bool(self.opted_in) or is_corrected))

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
        self.begin_catching_up()

    def begin_catching_up(self) -> None:
        """Where a review is due after all, or the charge is a serious further offence after all."""
        if self.is_let_go and (self.is_sfo or self.ground.is_reviewed):
            self.is_let_go = False
            self.catching = self.tasks.start(self.follow_from_court())
            return
        if self.is_past_review and self.is_wanted and self.record.case["accepted_version"] is None:
            self.catching = self.tasks.start(self.catch_up())

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
        offences = rules().offences(self.record.rulebook.version)
        verdict = judge(facts, offences, self.record.rulebook, self.record.holidays)
        self.record.audit("system", "charge_judged", self.record.reference, ground=verdict.ground)
        if verdict.ground.is_reviewed or not Ground(case["ground"]).is_reviewed:
            case["ground"] = str(verdict.ground)  # a review under way keeps its ground until a person has decided
        if verdict.ground.is_reviewed:
            self.bring_in_line(self.court, verdict.ground)
        return verdict

    def begin_care(self) -> None:
        """From the court appearance staff are looked after; at rest while no review is due."""
        is_due = self.ground.is_reviewed and (
            self.record.case["accepted_version"] is not None or not ends_the_review(self.court)
        )
        has_ended = self.caring is not None and self.caring.is_done and self.is_at_rest
        if is_due and has_appeared(self.court) and (self.caring is None or has_ended):
            self.times["staff-care"] = self.times.get("staff-care", 0) + 1
            self.is_at_rest = self.is_closing = self.wants_to_close = False
            if self.told:
                self.told.is_closing = False
            self.caring = self.tasks.start(self.care(self.times["staff-care"]))
        self.is_at_rest = not is_due

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
            row["state"] not in ("resolved", "answered")
            for row in (*record.rows("escalations"), *record.rows("enquiries"))
        )
        is_open = self.is_busy or self.disclosure_is_due or self.is_corrected
        return not (is_owed or is_asked or is_open)

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
        fixed = [row["at"] for row in record.rows("deadlines", what="review", rule="review")]
        stopped_on = on_in_london(max(case["paused_at"], *fixed[-1:]))
        pause = record.rows("pauses")[-1]
        holidays = record.holidays
        stopped = [(on_in_london(gate["paused_at"] or case["paused_at"]), gate) for gate in self.on_the_clock()]
        if case["review_due"] is not None:
            due = pausing.resumed(case["review_due"], stopped_on, record.today, holidays)
            if due != case["review_due"]:
                record.add("deadlines", what="review", due_on=due, original_due_on=case["original_review_due"],
                           rule="pause", decision=None, late=False, at=record.now)  # fmt: skip
            case["review_due"] = pause["new_due"] = due
        for paused_on, gate in stopped:
            self.run_again(gate, paused_on)
        pause["resumed_at"], case["paused_at"] = record.now, None
        record.audit("operations", "clock_resumed", "review")

    def run_again(self, gate: dict[str, Any], paused_on: date) -> None:
        """The question has what was left of its working days; one on the review's date has that date."""
        record, holidays = self.record, self.record.holidays
        due_on = rebased(gate["due_on"], gate["counted_from"], gate["counted_days"], holidays)
        new = pausing.resumed(due_on, paused_on, record.today, holidays)
        if new != due_on and gate["counted_days"] is not None:
            days = max(pausing.days_left(paused_on, due_on, holidays), 1)
            gate.update(counted_from=record.today, counted_days=days)
        if gate["question"] in ON_THE_REVIEW_DATE and record.case["review_due"] and not self.is_corrected:
            new = record.case["review_due"]
        if new != gate["due_on"]:
            record.add("deadlines", what=gate["gate"], due_on=new, original_due_on=gate["original_due_on"],
                       rule="pause", decision=None, late=False, at=record.now)  # fmt: skip
            self.set_due(gate, new)
        gate["paused_at"] = None
