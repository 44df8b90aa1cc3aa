"""The stages as the model runs them: the same procedure as the workflows, said once more and without Temporal.

Written from design.md 2 and docs/lifecycle.md, so that the two can disagree.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from tests.invariants.model_asking import Answered
from tests.invariants.model_disclosure import PUBLIC, Disclosure
from tests.invariants.model_record import STAFF, ModelRecord
from tests.invariants.trampoline import until
from workflows.contract.messages import StaffRef
from workflows.contract.vocabulary import Role
from workflows.policy import deadlines
from workflows.policy.care import carers
from workflows.policy.due import due_moment
from workflows.policy.duties import INTERVIEWED
from workflows.policy.enquiries import PUBLISH, ROUTES, further

STAFF_REFS = [StaffRef(ref=ref, role=role, in_line=True) for ref, role, _ in STAFF]
EVERYBODY = tuple(ref for ref, _, _ in STAFF)
INTERVIEWEES = tuple(ref for ref, role, _ in STAFF if role in INTERVIEWED)
ON_THE_REVIEW_DATE = ("draft", "submit")
EARLY = timedelta(hours=1)  # of the case: twenty milliseconds at two days a second


class Stages(Disclosure):
    """Every stage of one case. `leaky`: the versions in whose files the search finds something."""

    def __init__(self, record: ModelRecord) -> None:
        super().__init__(record)
        self.leaky: set[int] = set()
        self.requests: list[dict[str, Any]] = []
        self.is_commissioned = False
        self.plan: tuple[str, ...] = ()
        self.stages_begun = 0
        self.is_at_rest = self.is_closing = False

    # --- before the review -------------------------------------------------------------------------

    async def notification(self, part: str) -> str:
        """Until it is sent."""
        await self.ask(part, "notification", counted_from=self.record.case["appeared_on"])
        return "notified"

    async def early_look(self, part: str) -> str:
        """Where action is needed, it is done and confirmed."""
        look = await self.ask(part, "early_look", counted_from=self.record.case["appeared_on"])
        if look.answer == "no_action":
            return "no_action"
        while True:
            await self.tasks.together(*(self.ask(part, "management_action", ref) for ref in look.refs))
            if (await self.ask(part, "confirm_actions")).answer == "confirmed":
                return "actions_confirmed"

    # --- the review --------------------------------------------------------------------------------

    async def review(self, part: str) -> str:
        """Commissioned, people told and interviewed, written and submitted; later rounds only write."""
        if self.is_corrected:
            await self.text(part, "draft")
            return await self.finish(part)
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
        begun_on = deadlines.review_counted_from(
            record.rulebook, charged_on=case["charged_on"], appeared_on=case["appeared_on"],
            notified_on=case["notified_on"], required_on=case["review_required_on"],
        )  # fmt: skip
        due = deadlines.due_on(rule, begun_on or record.today, record.holidays)
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
        """A question that stands until the review's own date; that of a correction has a period of its own."""
        if self.is_corrected:
            return await self.ask(part, question, subject, deadline="correction")
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
        case.update(review_due=new_on, review_overdue=any(row["late"] for row in self.dates_of_this_review()))
        for gate in record.rows("gates", state="open"):
            if gate["question"] in ON_THE_REVIEW_DATE:
                gate.update(counted_from=None, counted_days=None)
                self.set_due(gate, new_on)
        record.audit("system", "deadline_moved", "review", decision=request["decision"], to_on=new_on)

    def dates_of_this_review(self) -> list[dict[str, Any]]:
        """The review's date as it was fixed last, and each to which it moved since."""
        rows = self.record.rows("deadlines", what="review")
        return rows[max(n for n, row in enumerate(rows) if row["rule"] == "review") :]

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

    # --- staff care --------------------------------------------------------------------------------

    async def care(self, number: int) -> None:
        """Whoever looks after somebody is asked for contact, again and again, until the case closes."""
        part = f"staff-care-{number}" if number > 1 else "staff-care"
        await self.tasks.together(*(self.look_after(part, caring.role) for caring in carers(STAFF_REFS)))

    async def look_after(self, part: str, role: Role) -> None:
        """Due again after a while, sooner when another stage begins; at rest while no review is due."""
        is_owed = True
        while not self.is_cared_for(is_owed=is_owed):
            contact = None
            if not self.is_at_rest:
                contact = await self.ask_until(
                    lambda owed=is_owed: self.is_at_rest or self.is_cared_for(is_owed=owed),  # type: ignore[misc]
                    part, "welfare", str(role), role=role,
                )  # fmt: skip
            if contact:
                is_owed = contact.fields["owed"]
                begun, rest_until, again_at = (
                    self.stages_begun,
                    contact.fields["rest_until"],
                    contact.fields["again_at"],
                )
                await self.wait_for(rest_until, lambda: self.is_closing)
                await self.wait_for(again_at, lambda was=begun: self.is_closing or self.stages_begun > was)  # type: ignore[misc]
            else:
                await until(lambda: not self.is_at_rest or self.is_closing)

    def is_cared_for(self, *, is_owed: bool) -> bool:
        """Whether this carer is asked nothing more."""
        return self.is_closing and (self.is_at_rest or not is_owed)

    async def wait_for(self, moment: datetime, is_earlier: Callable[[], bool]) -> None:
        """Until this moment, or earlier for a reason; a timer of the server is a millisecond early now and then."""
        early = EARLY if self.told else timedelta(0)
        await until(lambda: self.record.now >= moment - early or is_earlier())

    # --- enquiries ---------------------------------------------------------------------------------

    async def enquiry(self, row: dict[str, Any]) -> None:
        """Asked until an answer ends it; what is to be published is prepared like any other version."""
        part, asked, due = f"enquiry/{row['number']}", ROUTES[row["kind"]].first, None
        while True:
            answered = await self.ask(
                part, asked.question, str(row["number"]), deadline=asked.deadline, counted_from=row["received_on"],
                due=due,
            )  # fmt: skip
            following = further(asked.question, answered.answer)
            if following is None:
                break
            asked, new_on = following, answered.fields.get("new_on")
            due = date.fromisoformat(new_on) if new_on else None
        row["state"] = "answered"
        if answered.answer == PUBLISH:
            await self.carry_out(part, PUBLIC, self.record.case["accepted_version"] or 0, INTERVIEWEES)
