"""The workflows that a case starts: stages, escalations, enquiries. It starts each once and waits for its end."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, TypeAlias, cast

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import (
    ChildWorkflowError,
    FailureError,
    TerminatedError,
    WorkflowAlreadyStartedError,
    is_cancelled_exception,
)
from temporalio.workflow import ChildWorkflowCancellationType, ParentClosePolicy

from workflows.contract import ids, search
from workflows.contract.messages import (
    CareBrief,
    CaseNews,
    EnquiryBrief,
    EscalationBrief,
    StageBrief,
    StageEnd,
    StageLookup,
)
from workflows.contract.options import RECORD
from workflows.contract.ports import Casework
from workflows.contract.vocabulary import Outcome

from .cancelling import signalling, still_wanted

LOOK_AGAIN = timedelta(minutes=10)
LONGEST_LOOK = timedelta(days=1)

Brief: TypeAlias = StageBrief | CareBrief | EscalationBrief | EnquiryBrief


class Running(Protocol):
    """A workflow of the case that runs: a child, or after a reset of the case one that it finds still running."""

    def cancel(self) -> Any: ...  # noqa: D102
    async def signal(self, signal: str, arg: Any) -> None: ...  # noqa: D102


@dataclass
class _Starting:
    """What came for a child while it was being started: it is handed over once there is a hand on it.

    `is_announced`: that it starts is only being told to others so far.
    """

    news: list[CaseNews] = field(default_factory=list)
    is_stopped: bool = False
    is_announced: bool = False


class Children:
    """What the case has running. A stage's number is how often the case has run it."""

    def __init__(self) -> None:
        self.times: Counter[str] = Counter()
        self.running: dict[str, Running] = {}
        self.ended: list[str] = []
        self.starting: dict[str, _Starting] = {}
        self.stopped: set[str] = set()

    def announce(self, part: str) -> None:
        """The stage starts next; whatever stops it from now on stops it as if it ran."""
        self.starting[part] = _Starting(is_announced=True)

    async def stage(self, kind: str, round_: int, brief: Callable[[], StageBrief | CareBrief]) -> StageEnd:
        """Run a stage, or staff care, to its end. One that was terminated or failed goes on where the record says.

        `brief` is asked for at each start, so that a stage begun again knows the case as it is then.
        """
        part = ids.stage_part(kind, round_)
        try:
            return await self._to_its_end(kind, part, brief, ids.CASEWORK_QUEUE)
        finally:
            self.ended.append(part)

    async def escalation(self, brief: Callable[[], EscalationBrief]) -> StageEnd:
        """Run an escalation on the national team's queue to its resolution."""
        part = ids.part_of(ids.escalation_id(brief().reference, brief().kind, brief().number))
        return await self._to_its_end("escalation", part, brief, ids.NATIONAL_QUEUE)

    async def enquiry(self, brief: Callable[[], EnquiryBrief]) -> StageEnd:
        """Run an enquiry to its answer."""
        part = ids.part_of(ids.enquiry_id(brief().reference, brief().number))
        return await self._to_its_end("enquiry", part, brief, ids.CASEWORK_QUEUE)

    async def _to_its_end(self, kind: str, part: str, brief: Callable[[], Brief], queue: str) -> StageEnd:
        while True:
            if end := await self._run(kind, part, brief(), queue):
                return end

    async def _run(self, kind: str, part: str, brief: Brief, queue: str) -> StageEnd | None:
        self.starting.setdefault(part, _Starting()).is_announced = False
        try:
            handle = await workflow.start_child_workflow(
                kind, brief, result_type=StageEnd, task_queue=queue, **_options(kind, part, brief)
            )
        except WorkflowAlreadyStartedError:
            handle = None
        finally:
            starting = self.starting.pop(part)
        if handle is None:
            return await self._attach(brief.reference, part, starting)
        self.running[part] = handle
        if starting.is_stopped:
            handle.cancel()
        try:
            await _catch_up(handle, starting)
            return StageEnd.model_validate(await handle)
        except ChildWorkflowError as error:
            if is_cancelled_exception(error) and isinstance(brief, StageBrief | CareBrief):
                return StageEnd(outcome=Outcome.WITHDRAWN)
            await _wait_for_repair(part, error)
            return None
        finally:
            del self.running[part]

    def stop(self, *stages: str) -> None:
        """Cancel these stages where they run; each withdraws its questions and ends withdrawn."""
        for part, starting in self.starting.items():
            # Patched where it comes to it alone: a history in which it was not stopped goes on as it did.
            if _is_of(part, stages) and (not starting.is_announced or workflow.patched("stop-what-is-announced")):
                starting.is_stopped = True
                self.stopped.add(part)
        for part, handle in sorted(self.running.items(), key=lambda item: item[0]):
            if _is_of(part, stages):
                self.stopped.add(part)
                cancelling = handle.cancel()
                if asyncio.iscoroutine(cancelling):  # one that a reset case found running
                    self.cancelling = asyncio.ensure_future(cancelling)

    async def tell(self, news: CaseNews, *stages: str) -> None:
        """Tell these stages, or everything that runs, what changed elsewhere in the case."""
        for part, starting in self.starting.items():
            # What is only announced is told at its start how the case stands then.
            if not starting.is_announced and (not stages or _is_of(part, stages)):
                starting.news.append(news)
        for part, handle in sorted(self.running.items(), key=lambda item: item[0]):
            if not stages or _is_of(part, stages):
                await _send(handle, news)

    async def _attach(self, reference: str, part: str, starting: _Starting) -> StageEnd:
        """The case was reset while this ran on: keep a hand on it, and wait until the record holds its end."""
        handle = workflow.get_external_workflow_handle(f"{ids.case_id(reference)}/{part}")
        self.running[part] = cast(Running, handle)
        pause = LOOK_AGAIN
        try:
            if starting.is_stopped:
                await handle.cancel()
            await _catch_up(self.running[part], starting)
            while True:
                still_wanted()
                lookup = StageLookup(reference=reference, stage=part)
                found = await workflow.execute_activity_method(
                    Casework.find_stage_end, lookup, summary=f"Has {part} ended?", **RECORD
                )
                if found.end:
                    return found.end
                await workflow.sleep(pause, summary=f"{part} still runs")
                pause = min(pause * 2, LONGEST_LOOK)
        finally:
            del self.running[part]


async def _catch_up(handle: Running, starting: _Starting) -> None:
    """What came while a child was being started would otherwise reach nobody."""
    for news in starting.news:
        await _send(handle, news)


async def _send(handle: Running, news: CaseNews) -> None:
    """A stage that has just ended needs no news; it must not take the case down with it."""
    async with signalling():
        try:
            await handle.signal("case_news", news)
        except FailureError as error:
            if is_cancelled_exception(error):
                raise


async def _wait_for_repair(part: str, error: ChildWorkflowError) -> None:
    """What was terminated is begun again at once; what failed waits a while, since it would fail again."""
    if not isinstance(error.cause, TerminatedError):
        await workflow.sleep(LOOK_AGAIN, summary=f"{part} failed; begun again later")


def _is_of(part: str, stages: tuple[str, ...]) -> bool:
    return any(part == stage or part.startswith(f"{stage}-") for stage in stages)


def _title(kind: str, part: str, brief: Brief) -> str:
    """What the Temporal UI shows above everything else, without a worker: `review of SFO-2026-00042, N53, round 2`."""
    what = part.replace("/", " ") if "/" in part else kind
    round_ = f", round {brief.round}" if isinstance(brief, StageBrief) and brief.round > 1 else ""
    return f"{what} of {brief.reference}, {brief.region}{round_}"


def _options(kind: str, part: str, brief: Brief) -> dict[str, Any]:
    return {
        "id": f"{ids.case_id(brief.reference)}/{part}",
        "search_attributes": search.at_start(kind, brief.region, brief.pdu, brief.ground),
        "static_summary": _title(kind, part, brief),
        # Ended by hand, it may be begun again under its own id: the record gives it back every answer it had.
        "id_reuse_policy": WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
        # A case that is terminated must not take a running stage's open questions with it silently.
        "parent_close_policy": ParentClosePolicy.REQUEST_CANCEL,
        "cancellation_type": ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    }
