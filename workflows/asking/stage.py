"""What every stage of a case has: a brief, the case's news, and an end that stands in the record."""

from collections.abc import Awaitable, Callable, Iterable
from functools import wraps
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import is_cancelled_exception

from workflows.contract.messages import CaseNews, Decision, EscalationRef, StageBrief, StageEnd
from workflows.contract.vocabulary import DateCause, EscalationKind, EscalationOutcome, Outcome

from .asking import Asking
from .cancelling import still_wanted
from .gate_life import Brief


class Stage(Asking):
    """A stage of a case: it has a brief, hears the case's news, and its end stands in the record."""

    def __init__(self) -> None:
        super().__init__()
        self.brief: StageBrief
        self.held = False
        self.stopped = False
        self.accepted_version: int | None = None
        self.news: list[CaseNews] = []
        self.resolved: dict[tuple[EscalationKind, int], EscalationOutcome | None] = {}

    def heard(self, news: CaseNews) -> None:
        """Take what changed elsewhere in the case."""
        super().heard(news)
        self.news.append(news)
        if news.resolved and news.number is not None:
            self.resolved[news.resolved, news.number] = news.outcome
        self.held = self.held if news.held is None else news.held
        self.stopped = self.stopped or bool(news.stopped)
        self.accepted_version = news.accepted_version or self.accepted_version
        if news.paused is not None:
            self.pause(news.paused)
        if self.told.stage and not self.has_ended:  # it has shown itself before
            self.write_page()

    def pause(self, paused: bool) -> None:
        """The clock stands still or runs again; then every open question gets its remaining working days back."""
        if self.paused and not paused:
            for gate in self.gates.values():
                gate.changes.appendleft((DateCause.RESUMED, None))
        self.paused = paused

    def begin(self) -> None:
        """Take what the brief says of the case; what was heard before the first step is newer than the brief."""
        brief = self.brief
        self.held = newest((news.held for news in self.news), brief.held)
        self.stopped = self.stopped or brief.stopped
        self.accepted_version = self.accepted_version or brief.version
        self.paused = newest((news.paused for news in self.news), brief.paused)

    def said_of_it(self) -> list[str]:
        """What is held or stopped stands above the open gates."""
        held = ["**Held by a concern for the safety of staff.**"] if self.held else []
        return [*super().said_of_it(), *held, *(["**Stopped: nothing more is given.**"] if self.stopped else [])]

    async def raise_concern(self, escalation: EscalationRef, about: str) -> None:
        """Hand an escalation to the case; a staff-safety concern holds from this moment, before the case answers."""
        self.held = self.held or escalation.kind is EscalationKind.STAFF_SAFETY
        await super().raise_concern(escalation, about)

    async def ask_while_free(
        self, is_moot: Callable[[], bool], question: str, *, subject: str | None = None
    ) -> Decision | None:
        """Ask only while nothing is held: a hold withdraws the question, its end asks again. None: it is moot."""
        while True:
            still_wanted()
            await workflow.wait_condition(lambda: not self.held or is_moot())
            if is_moot():
                return None
            decision = await self.ask_until(lambda: self.held or is_moot(), question, subject=subject)
            if decision:
                return decision


def newest(heard: Iterable[bool | None], otherwise: bool) -> bool:
    """What was heard last, in the order of the news; as the brief says where nothing was."""
    for said in heard:
        otherwise = otherwise if said is None else said
    return otherwise


AskingT = TypeVar("AskingT", bound=Asking)
BriefT = TypeVar("BriefT", bound=Brief)
Run = Callable[[AskingT, BriefT], Awaitable[StageEnd]]


def procedure(run: Run[AskingT, BriefT]) -> Run[AskingT, BriefT]:
    """Wrap a stage's `run`: take the brief before it, record its end after it; cancelled means withdrawn."""

    @wraps(run)
    async def carried(self: AskingT, brief: BriefT) -> StageEnd:
        self.brief, self.rulebook = brief, brief.rulebook
        self.begin()
        try:
            end = await run(self, brief)
        except BaseException as error:
            if not is_cancelled_exception(error):
                raise
            end = StageEnd(outcome=Outcome.WITHDRAWN, ground=brief.ground)
        return await self.record_end(end)

    return carried
