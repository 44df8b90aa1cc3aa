"""The review: commissioned, people told and interviewed, written, checked for facts, submitted within three months."""

import asyncio
from collections import deque
from datetime import datetime

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import is_cancelled_exception

from workflows.asking import case_time
from workflows.asking.cancelling import still_wanted, stopped
from workflows.asking.display import dated
from workflows.asking.inbox import one_input
from workflows.asking.stage import Stage, procedure
from workflows.contract.messages import (
    CaseNews,
    ClockStart,
    DateLook,
    DeadlineMove,
    DeadlineMoved,
    Decision,
    Due,
    ExtensionSignal,
    StageBrief,
    StageEnd,
    StageNews,
)
from workflows.contract.options import RECORD
from workflows.contract.ports import Casework, Gates
from workflows.contract.vocabulary import DutyKind, EscalationKind, Outcome
from workflows.contract.vocabulary import Stage as Stages
from workflows.policy.duties import INTERVIEWED

ON_THE_REVIEW_DATE = ("draft", "submit")


@workflow.defn(name=Stages.REVIEW)
class Review(Stage):
    """Asks the senior lead to commission, the reviewing manager to interview and write, the Head of PDU on facts.

    Waits three calendar months from the rulebook's anchor; overdue climbs the ladder, and only a recorded
    decision moves the date. Ends with a submitted version. Rule: facts.md 2.3, 2.4, 2.6; Annex J.
    """

    def __init__(self) -> None:
        super().__init__()
        self.requests: deque[ExtensionSignal] = deque()
        self.dates: DeadlineMoved
        self.resumed: Due | None = None
        self.times_moved = 0

    @workflow.signal(description="Ask for a later date: {new_on, reason}")
    @one_input
    def request_extension(self, raw: RawValue) -> None:
        """The reviewing manager asks for more time."""
        if signal := self.dead_letters.read("request_extension", raw, ExtensionSignal):
            self.requests.append(signal)

    @workflow.run
    @procedure
    async def run(self, brief: StageBrief) -> StageEnd:
        """Commission, tell, interview, write; a review that was returned or is wrong is only written again."""
        if brief.correction:
            return await self.finish(await self.ask_on_the_date("draft"))
        self.dates = await self.start_clock()
        # Before anything is asked, so that a review begun anew after a reset never says that it is in time again.
        look_at = await self.look_at_date()
        beside = [asyncio.create_task(self.decide_extensions()), asyncio.create_task(self.watch_date(look_at))]
        try:
            end = await self.carry_out(brief)
        except BaseException as error:
            if is_cancelled_exception(error):
                await stopped(*beside)
            raise
        await stopped(*beside)
        return end

    async def carry_out(self, brief: StageBrief) -> StageEnd:
        """The people first, then the text; the date runs from the start."""
        if brief.is_commissioned:
            return await self.finish(await self.ask_on_the_date("draft"))
        await self.commission()
        await self.tell_staff()
        _, drafted = await asyncio.gather(self.interview_staff(), self.ask_on_the_date("draft"))
        return await self.finish(drafted)

    # --- who reviews ------------------------------------------------------------------------------

    async def commission(self) -> None:
        """Ask the senior lead until a reviewing manager is found: here, in another region, or at the inspectorate.

        Rule: Annex J (who reviews), facts.md 5.1, 5.2.
        """
        while not await self.is_found(await self.ask("commission")):
            continue

    async def is_found(self, commission: Decision) -> bool:
        """Whether the answer led to a reviewing manager; where it did not, the search goes on."""
        match commission.answer:
            case "another_region":
                lent = await self.ask("lend", subject=commission.facts["region"])
                return lent.answer == "accepted"
            case "hmip":
                return (await self.ask("hmip")).answer == "recorded"
            case "nobody":
                await self.national_team_has_looked()
                return False
            case _:
                return True

    async def national_team_has_looked(self) -> None:
        """The answer itself raised the escalation; what the team resolved stands on the page that is asked next."""
        self.news.clear()
        await workflow.wait_condition(lambda: any(n.resolved is EscalationKind.REVIEWER for n in self.news))

    # --- the people -------------------------------------------------------------------------------

    async def tell_staff(self) -> None:
        """Everyone in the case is told that a review is under way, before anyone is interviewed."""
        everyone = tuple(member.ref for member in self.brief.staff)
        await self.tell("under-way", "review_under_way", everyone, DutyKind.TOLD)

    async def interview_staff(self) -> None:
        """Practitioners and managers are interviewed, or it is recorded why not. Rule: Annex J, information used."""
        people = [member.ref for member in self.brief.staff if member.role in INTERVIEWED]
        await asyncio.gather(*(self.interview(ref) for ref in people))

    async def interview(self, member: str) -> None:
        """Invited with times, answered, held; or not possible with a reason. Another time begins anew."""
        while await self.is_invited(member):
            held = await self.ask("interview", subject=member)
            if held.answer != "rearrange":
                return

    async def is_invited(self, member: str) -> bool:
        """Invite until a time suits; a wish to be accompanied is decided for this person. False: not possible."""
        while (await self.ask("invite", subject=member)).answer == "invited":
            reply = await self.ask("invitation", subject=member)
            if reply.answer == "accompanied":
                await self.ask("companion", subject=member)
            if reply.answer != "another_time":
                return True
        return False

    # --- the text ---------------------------------------------------------------------------------

    async def finish(self, drafted: Decision) -> StageEnd:
        """Facts are checked, each comment answered, the review submitted; revising it begins the text again."""
        while True:
            version = drafted.facts["version"]
            checked = await self.ask("facts", subject=f"v{version}")
            if checked.answer == "comments":
                await self.ask("answer_comments", subject=f"v{version}")
            submitted = await self.ask_on_the_date("submit", subject=f"v{version}")
            if submitted.answer == "submitted":
                return StageEnd(outcome=Outcome.SUBMITTED, version=int(version))
            drafted = await self.ask_on_the_date("draft")

    # --- its date ---------------------------------------------------------------------------------

    async def ask_on_the_date(self, question: str, subject: str | None = None) -> Decision:
        """Ask until the review's own date, as it stands once the clock runs; a correction has a period of its own."""
        if self.brief.correction:
            return await self.ask(question, subject=subject, deadline="correction")
        await workflow.wait_condition(lambda: not self.paused)
        return await self.ask(question, subject=subject, due=self.due)

    @property
    def due(self) -> Due:
        """The review's date: as it was fixed or last moved, or as a pause has left it since."""
        return self.resumed or self.dates.due

    async def watch_date(self, look_at: datetime | None) -> None:
        """See while there is time whether the text will be late, and that it is once it is; whoever is being asked.

        Rule: facts.md 6.6, design.md 3.4.
        """
        moved = 0
        while True:
            still_wanted()
            await self.until_it_may_turn(look_at, moved)
            still_wanted()
            moved = self.times_moved
            look_at = await self.look_at_date()

    async def look_at_date(self) -> datetime | None:
        """The outlook as it is now, shown; when to look again, if ever."""
        look = DateLook(reference=self.brief.reference, at=self.now())
        seen = await workflow.execute_activity_method(
            Casework.look_at_date, look, summary="Look at the review's date", **RECORD
        )
        self.forecast, self.is_late = seen.forecast or self.forecast, seen.overdue
        await self.show()
        return seen.look_at

    async def until_it_may_turn(self, look_at: datetime | None, moved: int) -> None:
        """Until the next look is due, or the date has moved once more; no timer runs while the clock stands still."""
        delay = case_time.delay_until(self.brief.clock, look_at) if look_at and not self.paused else None
        if delay is not None:
            try:
                await workflow.wait_condition(
                    lambda: self.paused or self.times_moved > moved,
                    timeout=delay,
                    timeout_summary=f"look at the review's date on {look_at:%Y-%m-%d}",
                )
            except TimeoutError:
                return
            still_wanted()
        await workflow.wait_condition(lambda: not self.paused and self.times_moved > moved)

    async def start_clock(self) -> DeadlineMoved:
        """The review's date, computed once from the rulebook's anchor; later rounds keep it."""
        start = ClockStart(reference=self.brief.reference, at=self.now(), rulebook=self.rulebook)
        return await workflow.execute_activity_method(
            Casework.start_review_clock, start, summary="Start the three months", **RECORD
        )

    async def decide_extensions(self) -> None:
        """Each request for more time is decided and, when granted, moves the date and every gate armed on it."""
        while True:
            still_wanted()
            await workflow.wait_condition(lambda: bool(self.requests))
            request = self.requests.popleft()
            if why := self.why_no_time(request):
                self.dead_letters.keep("request_extension", why)
                continue
            answer = await self.ask("extension", subject=request.new_on.isoformat(), reason=request.reason)
            if answer.answer == "granted":
                await self.move(answer)

    def why_no_time(self, request: ExtensionSignal) -> str | None:
        """Why nobody could grant this date, typed by hand; the record checked what stands in it, and waits for it."""
        if request.request:
            return None
        if request.new_on < self.now().date():
            return "in_the_past"
        return "not_later" if request.new_on <= self.due.on else None

    async def move(self, granted: Decision) -> None:
        """The date moves by this decision; what already fired does not fire again."""
        armed = tuple(g.id for g in self.gates.values() if g.request.question in ON_THE_REVIEW_DATE)
        move = DeadlineMove(
            reference=self.brief.reference,
            gates=armed,
            decision=granted.decision,
            new_on=granted.facts["new_on"],
            at=self.now(),
            rulebook=self.rulebook,
        )
        self.dates = await workflow.execute_activity_method(
            Gates.move_deadline, move, summary="Move the date", **RECORD
        )
        self.resumed = None
        self.times_moved += 1
        self.forecast = self.dates.forecast or self.forecast
        for rearmed in self.dates.gates:
            if gate := self.gates.get(rearmed.gate):
                gate.rearm(rearmed)
        await self.show()

    def heard(self, news: CaseNews) -> None:
        """After a pause the review has the date that gives its working days back."""
        super().heard(news)
        self.resumed = news.due or self.resumed
        self.times_moved += news.paused is False

    def calendar_changed(self) -> None:
        """One working day less: the outlook is looked at again."""
        self.times_moved += 1

    def said_of_it(self) -> list[str]:
        """The review's date stands beside its first one; a correction has no date of the review."""
        if self.brief.correction:
            return super().said_of_it()
        return [*super().said_of_it(), dated(self.due.on, self.dates.original.on, self.dates.extensions)]

    def tidings(self) -> StageNews:
        """The case shows how its review stands towards its date, before it is overdue as well as after."""
        if self.brief.correction:
            return super().tidings()
        return StageNews(
            stage=self.part,
            overdue=self.display.is_overdue,
            at_risk=self.forecast.at_risk,
            remaining=tuple(code.partition(":")[0] for code in self.forecast.remaining),
            due=self.due.on,
            original_due=self.dates.original.on,
            due_at=self.due.at,
            original_due_at=self.dates.original.at,
            extensions=self.dates.extensions,
        )
