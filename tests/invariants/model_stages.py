"""The stages as the model runs them: the same procedure as the workflows, said once more and without Temporal.

Written from design.md 2 and docs/lifecycle.md, so that the two can disagree.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.invariants.model_record import STAFF, VICTIMS, ModelRecord
from tests.invariants.trampoline import Task, Tasks, until
from workflows.contract.messages import StaffRef
from workflows.contract.vocabulary import Role
from workflows.policy import deadlines
from workflows.policy.care import carers
from workflows.policy.due import due_moment
from workflows.policy.duties import AFFECTED, INTERVIEWED

STAFF_REFS = [StaffRef(ref=ref, role=role, in_line=True) for ref, role, _ in STAFF]
EVERYBODY = tuple(ref for ref, _, _ in STAFF)
INTERVIEWEES = tuple(ref for ref, role, _ in STAFF if role in INTERVIEWED)
ON_THE_REVIEW_DATE = ("draft", "submit")


@dataclass
class Answered:
    """What a question returned to the stage that asked it."""

    answer: str
    fields: dict[str, Any] = field(default_factory=dict)
    refs: tuple[str, ...] = ()


class Stages:
    """Every stage of one case. `leaky`: the versions in whose files the search finds something."""

    def __init__(self, record: ModelRecord) -> None:
        self.record = record
        self.tasks = Tasks()
        self.answers: dict[str, Answered] = {}
        self.leaky: set[int] = set()
        self.requests: list[dict[str, Any]] = []
        self.is_commissioned = False
        self.plan: tuple[str, ...] = ()

    # --- asking ------------------------------------------------------------------------------------

    async def ask(
        self, part: str, question: str, subject: str | None = None, role: Role | None = None, due: date | None = None
    ) -> Answered:
        """Ask and wait; a stage that is stopped takes its question back."""
        gate, is_fallback = self.record.open_gate(part, question, subject, role, due)
        if is_fallback:
            self.escalate("reviewer", gate["gate"])
        try:
            await until(lambda: gate["gate"] in self.answers)
        except GeneratorExit:
            self.withdraw(gate)
            raise
        return self.answers[gate["gate"]]

    def withdraw(self, gate: dict[str, Any]) -> None:
        """It is no longer asked; an answer on its way counts for nothing, and its author hears so."""
        if gate["state"] != "open":
            return
        name = gate["gate"]
        for row in self.record.rows("decisions", gate=name, applied_at=None, void_at=None):
            row["void_at"] = self.record.now
            self.record.letter(f"{name}/void", "decision_void", row["by_email"], name)
            self.record.audit(row["by_email"], "decision_void", name, decision=row["decision"])
        self.record.close_gate(gate, "withdrawn")
        self.record.letter(f"{name}/withdrawn", "withdrawn", gate["person_email"], name)
        self.record.audit("system", "gate_withdrawn", name)

    def escalate(self, kind: str, about: str | None = None) -> None:
        """The national team has it, acknowledges it and resolves it."""
        number = len(self.record.rows("escalations", kind=kind)) + 1
        row = self.record.add(
            "escalations", kind=kind, number=number, state="raised", about=about, outcome=None,
            raised_at=self.record.now, resolved_at=None,
        )  # fmt: skip
        self.tasks.start(self.escalation(row))

    async def escalation(self, row: dict[str, Any]) -> None:
        """Acknowledged, then resolved; a hold keeps it open."""
        part, subject = f"escalation/{row['kind']}-{row['number']}", f"{row['kind']}-{row['number']}"
        await self.ask(part, "acknowledge", subject)
        row["state"] = "acknowledged"
        while (resolved := await self.ask(part, "resolve", subject)).answer == "hold":
            row["outcome"] = "hold"
        row.update(state="resolved", outcome=resolved.answer, resolved_at=self.record.now)
        for duty in self.record.rows("duties", kind="victim_given", state="owed") if self.is_stopped else ():
            duty.update(state="closed", decision=resolved.fields.get("decision"))

    @property
    def is_held(self) -> bool:
        """Whether the safety of staff keeps everything back."""
        return any(r["state"] != "resolved" for r in self.record.rows("escalations", kind="staff_safety"))

    @property
    def is_stopped(self) -> bool:
        """Whether the national team has ended disclosure for good."""
        return any(row["outcome"] == "stop" for row in self.record.rows("escalations", kind="staff_safety"))

    # --- before the review -------------------------------------------------------------------------

    async def notification(self, part: str) -> str:
        """Until it is sent."""
        await self.ask(part, "notification")
        return "notified"

    async def early_look(self, part: str) -> str:
        """Where action is needed, it is done and confirmed."""
        look = await self.ask(part, "early_look")
        if look.answer == "no_action":
            return "no_action"
        while True:
            await self.tasks.together(*(self.ask(part, "management_action", ref) for ref in look.refs))
            if (await self.ask(part, "confirm_actions")).answer == "confirmed":
                return "actions_confirmed"

    # --- the review --------------------------------------------------------------------------------

    async def review(self, part: str) -> str:
        """Commissioned, people told and interviewed, written and submitted; later rounds only write."""
        self.start_clock()
        deciding = self.tasks.start(self.decide_extensions(part))
        try:
            if not self.is_commissioned:
                await self.commission(part)
                self.tell_staff(part)
                drafting = self.tasks.start(self.text(part, "draft"))
                try:
                    await self.tasks.together(*(self.interview(part, ref) for ref in INTERVIEWEES))
                    await until(lambda: drafting.is_done)
                finally:
                    drafting.stop()
            else:
                await self.text(part, "draft")
            return await self.finish(part)
        finally:
            deciding.stop()

    def start_clock(self) -> None:
        """Three months from the notification, once."""
        case, record = self.record.case, self.record
        if case["review_due"] is not None:
            return
        rule = record.rulebook.deadlines["review"]
        due = deadlines.due_on(rule, case["notified_on"] or record.today, frozenset())
        case.update(review_due=due, original_review_due=due, review_overdue=False)
        record.add("deadlines", what="review", due_on=due, original_due_on=due, rule="review", decision=None,
                   late=False, at=record.now)  # fmt: skip
        record.audit("system", "deadline_fixed", "review", on=due)

    async def commission(self, part: str) -> None:
        """Until a reviewing manager is found: here, in another region, or at the inspectorate."""
        while True:
            commission = await self.ask(part, "commission")
            match commission.answer:
                case "another_region":
                    lent = await self.ask(part, "lend", commission.fields["region"])
                    is_found = lent.answer == "accepted"
                case "hmip":
                    is_found = (await self.ask(part, "hmip")).answer == "recorded"
                case "nobody":
                    await self.national_team_has_looked()
                    is_found = False
                case _:
                    is_found = True
            if is_found:
                return

    async def national_team_has_looked(self) -> None:
        """Until one more search for a reviewer is resolved."""
        known = len(self.record.rows("escalations", kind="reviewer", state="resolved"))
        await until(lambda: len(self.record.rows("escalations", kind="reviewer", state="resolved")) > known)

    def tell_staff(self, part: str) -> None:
        """Everybody hears that a review is under way, once for each stage that begins at the commission."""
        event = f"{self.record.reference}/{part}/under-way"
        for ref, _, email in STAFF:
            self.record.letter(event, "review_under_way", email)
            self.meet("told", ref)
        self.record.audit("system", "told", event, letter="review_under_way")

    async def interview(self, part: str, member: str) -> None:
        """Invited, answered, held; or not possible."""
        if self.record.rows("duties", kind="interviewed", subject=member, state="met"):
            return
        while await self.is_invited(part, member):
            if (await self.ask(part, "interview", member)).answer != "rearrange":
                return

    async def is_invited(self, part: str, member: str) -> bool:
        """Until a time suits."""
        while (await self.ask(part, "invite", member)).answer == "invited":
            reply = await self.ask(part, "invitation", member)
            if reply.answer == "accompanied":
                await self.ask(part, "companion", member)
            if reply.answer != "another_time":
                return True
        return False

    async def text(self, part: str, question: str, subject: str | None = None) -> Answered:
        """A question that stands until the review's own date."""
        await until(lambda: self.record.case["paused_at"] is None)
        return await self.ask(part, question, subject, due=self.record.case["review_due"])

    async def finish(self, part: str) -> str:
        """Facts are checked, each comment answered, the review submitted or written once more."""
        while True:
            version = f"v{len(self.record.rows('documents', kind='review'))}"
            if (await self.ask(part, "facts", version)).answer == "comments":
                await self.ask(part, "answer_comments", version)
            if (await self.text(part, "submit", version)).answer == "submitted":
                self.is_commissioned = True
                return "submitted"
            await self.text(part, "draft")

    async def decide_extensions(self, part: str) -> None:
        """Each request for more time is decided; granted, it moves the date and every question armed on it."""
        while True:
            await until(lambda: bool(self.requests))
            request = self.requests.pop(0)
            answer = await self.ask(part, "extension", request["new_on"].isoformat())
            request["granted"] = answer.answer == "granted"
            if answer.answer == "granted":
                self.move(request, answer)

    def move(self, request: dict[str, Any], granted: Answered) -> None:
        """The date moves by this decision; the original stays, and so does that it was late."""
        case, record = self.record.case, self.record
        new_on = date.fromisoformat(granted.fields["new_on"])
        request["decision"] = granted.fields["decision"]
        late = request["late"]
        record.add("deadlines", what="review", due_on=new_on, original_due_on=case["original_review_due"],
                   rule="extension", decision=request["decision"], late=late, at=record.now)  # fmt: skip
        case.update(review_due=new_on, review_overdue=case["review_overdue"] and late)
        for gate in record.rows("gates", state="open"):
            if gate["question"] in ON_THE_REVIEW_DATE:
                self.set_due(gate, new_on)
        record.audit("system", "deadline_moved", "review", decision=request["decision"], to_on=new_on)

    def set_due(self, gate: dict[str, Any], on: date) -> None:
        """The question stands until another date."""
        gate.update(due_on=on, due_at=due_moment(on), overdue=gate["overdue"] and due_moment(on) < self.record.now)

    async def countersign(self, part: str) -> str:
        """Signed, or returned."""
        return (await self.ask(part, "countersign", f"v{len(self.record.rows('documents', kind='review'))}")).answer

    async def quality(self, part: str) -> str:
        """Rated; what the search found is settled first."""
        version = len(self.record.rows("documents", kind="review"))
        if version in self.leaky:
            number = len(self.record.rows("gates", question="internal_leaks")) + 1
            if (await self.ask(part, "internal_leaks", f"i{number}")).answer != "settled":
                return "returned"
        rated = await self.ask(part, "quality", f"v{version}")
        return "accepted" if rated.fields["accepted"] == "yes" else "returned"

    # --- after it ----------------------------------------------------------------------------------

    async def feed_back(self, part: str, member: str) -> None:
        """Until this person confirms, or it stands why not."""
        while (await self.ask(part, "give_feedback", member)).answer == "given":
            if (await self.ask(part, "feedback", member)).answer != "not_yet":
                return

    async def complete(self, part: str, action: str) -> None:
        """Until it is done, or its withdrawal agreed."""
        while (await self.ask(part, "action", action)).answer != "done":
            if (await self.ask(part, "withdraw_action", action)).answer == "agreed":
                return

    async def care(self) -> None:
        """Whoever looks after somebody is asked; contact that is owed is made before the case closes."""
        await self.tasks.together(*(self.look_after(caring.role) for caring in carers(STAFF_REFS)))

    async def look_after(self, role: Role) -> None:
        """Once for each round of the review; nothing new once the case is closing."""
        await self.ask("staff-care", "welfare", str(role), role)

    # --- disclosure --------------------------------------------------------------------------------

    async def disclose(self, part: str) -> str:
        """Each family is told and offered; what is wanted is prepared, released and handed over."""
        legs = {ref: self.tasks.start(self.leg(part, ref)) for ref in VICTIMS}
        preparing = self.tasks.start(self.prepare(part))
        try:
            await until(lambda: all(leg.is_done for leg in legs.values()))
        finally:
            for task in (*legs.values(), preparing):
                task.stop()
        return "disclosed"

    async def leg(self, part: str, ref: str) -> None:
        """Told, asked, and given what was released; silence is asked about again."""
        if (await self.ask(part, "refer", ref)).answer != "referred":
            return
        if (await self.ask(part, "tell_family", ref)).answer != "told":
            return
        while (offer := await self.ask(part, "offer", ref)).answer not in ("accepted", "declined"):
            if self.is_stopped:
                return
        if offer.answer == "declined":
            return
        await until(lambda: self.is_stopped or (self.is_released and not self.is_held))
        while not self.is_stopped and not self.given(ref):
            await self.ask(part, "handover", ref)
            await until(lambda: self.is_stopped or not self.is_held)

    def given(self, ref: str) -> bool:
        """Whether this family has it, or no longer wants it."""
        return not self.record.rows("duties", kind="victim_given", subject=ref, state="owed")

    @property
    def is_released(self) -> bool:
        """Whether a version may leave."""
        return any(row["action"] == "rendition_released" for row in self.record.rows("audit"))

    @property
    def is_asked_for(self) -> bool:
        """Whether any family wants the review."""
        return bool(self.record.rows("victims", answer="accepted"))

    async def prepare(self, part: str) -> None:
        """Redacted, decided by a second person, its impact on staff looked at, released."""
        await until(lambda: self.is_asked_for and self.record.case["accepted_version"] is not None)
        version = f"v{self.record.case['accepted_version']}"
        while True:
            await self.ask(part, "redactions", version)
            if (await self.ask(part, "redaction_decision", version)).answer == "again":
                continue
            await self.tasks.together(*(self.assess(part, ref) for ref, r, _ in STAFF if r in AFFECTED))
            await until(lambda: not self.is_held)
            if self.is_stopped or (await self.ask(part, "release", "r1")).answer == "released":
                return

    async def assess(self, part: str, ref: str) -> None:
        """Manageable, or an exception that the national team releases first."""
        while (await self.ask(part, "staff_impact", ref)).answer == "exceptional":
            self.escalate("staff_safety", ref)
            await until(lambda: not self.is_held)

    # --- duties ------------------------------------------------------------------------------------

    def meet(self, kind: str, subject: str, state: str = "met", decision: Any = None) -> None:
        """What was owed is met, or closed by this decision."""
        rows = self.record.rows("duties", kind=kind, subject=subject)
        row = rows[0] if rows else self.record.add("duties", kind=kind, subject=subject, state="owed", decision=None)
        row.update(state=state, decision=decision)


def ended(task: Task[Any] | None) -> bool:
    """Whether it has run and ended."""
    return task is not None and task.is_done
