"""The workflows that a case starts: stages, escalations, enquiries. It starts each once and waits for its end."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol, cast

from temporalio import workflow
from temporalio.common import TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import (
    ChildWorkflowError,
    FailureError,
    TerminatedError,
    WorkflowAlreadyStartedError,
    is_cancelled_exception,
)
from temporalio.workflow import ChildWorkflowCancellationType, ParentClosePolicy

from workflows.contract import ids
from workflows.contract.messages import (
    CaseNews,
    EnquiryBrief,
    EscalationBrief,
    StageBrief,
    StageEnd,
    StageLookup,
)
from workflows.contract.options import RECORD
from workflows.contract.ports import Casework
from workflows.contract.vocabulary import Outcome, Stage

from .display import at_start

LOOK_AGAIN = timedelta(minutes=10)
LONGEST_LOOK = timedelta(days=1)
HEARS_NEWS = (Stage.VICTIM_DISCLOSURE,)


class Running(Protocol):
    """A stage that runs: a child, or after a reset of the case one that it finds still running."""

    def cancel(self) -> Any: ...  # noqa: D102
    async def signal(self, signal: str, arg: Any) -> None: ...  # noqa: D102


class Children:
    """What the case has running. A stage's number is how often the case has run it."""

    def __init__(self) -> None:
        self.times: Counter[Stage] = Counter()
        self.running: dict[str, Running] = {}
        self.ended: list[str] = []
        self.starting: dict[str, bool] = {}
        self.stopped: set[str] = set()

    async def stage(self, brief: StageBrief, news: Callable[[], CaseNews]) -> StageEnd:
        """Run a stage to its end. One that was terminated or failed goes on where the record says it was."""
        part = ids.stage_part(brief.stage, brief.round)
        try:
            while True:
                if end := await self._run(brief, part, news):
                    return end
        finally:
            self.ended.append(part)

    async def _run(self, brief: StageBrief, part: str, news: Callable[[], CaseNews]) -> StageEnd | None:
        self.starting[part] = False
        try:
            handle = await self._start(brief)
        except WorkflowAlreadyStartedError:
            handle = None
        finally:
            stopped = self.starting.pop(part)
        if handle is None:
            return await self._attach(brief.reference, part)
        self.running[part] = handle
        if stopped:
            handle.cancel()
        try:
            await self._catch_up(handle, brief, news())
            return StageEnd.model_validate(await handle)
        except ChildWorkflowError as error:
            if is_cancelled_exception(error):
                return StageEnd(outcome=Outcome.WITHDRAWN)
            await _wait_for_repair(part, error)
            return None
        finally:
            del self.running[part]

    async def _start(self, brief: StageBrief) -> workflow.ChildWorkflowHandle[Any, Any]:
        id_ = ids.stage_id(brief.reference, brief.stage, brief.round)
        return await workflow.start_child_workflow(
            str(brief.stage), brief, result_type=StageEnd, **_options(id_, brief, str(brief.stage))
        )

    async def _catch_up(self, handle: Running, brief: StageBrief, news: CaseNews) -> None:
        """What changed between writing the brief and the start would otherwise reach nobody."""
        before, now = (brief.version, brief.held, brief.stopped), (news.accepted_version, news.held, news.stopped)
        if before != now and brief.stage in HEARS_NEWS:
            await _send(handle, news)

    async def escalation(self, brief: EscalationBrief) -> StageEnd:
        """Run an escalation on the national team's queue to its resolution."""
        id_ = ids.escalation_id(brief.reference, brief.kind, brief.number)
        options = {**_options(id_, brief, "escalation"), "task_queue": ids.NATIONAL_QUEUE}
        return await self._beside("escalation", brief, options)

    async def enquiry(self, brief: EnquiryBrief) -> StageEnd:
        """Run an enquiry to its answer."""
        id_ = ids.enquiry_id(brief.reference, brief.number)
        return await self._beside("enquiry", brief, _options(id_, brief, "enquiry"))

    async def _beside(self, name: str, brief: EscalationBrief | EnquiryBrief, options: dict[str, Any]) -> StageEnd:
        """As a stage: ended by hand it goes on where the record says it was; after a reset its end is awaited."""
        part = options["id"].removeprefix(f"{ids.case_id(brief.reference)}/")
        while True:
            try:
                end: StageEnd = await workflow.execute_child_workflow(name, brief, result_type=StageEnd, **options)
                return end
            except WorkflowAlreadyStartedError:
                return await self._attach(brief.reference, part)
            except ChildWorkflowError as error:
                await _wait_for_repair(part, error)

    def stop(self, *stages: Stage) -> None:
        """Cancel these stages where they run; each withdraws its questions and ends withdrawn."""
        for part in self.starting:
            if _is_of(part, stages):
                self.starting[part] = True
                self.stopped.add(part)
        for part, handle in sorted(self.running.items(), key=lambda item: item[0]):
            if _is_of(part, stages):
                self.stopped.add(part)
                cancelling = handle.cancel()
                if asyncio.iscoroutine(cancelling):  # one that a reset case found running
                    self.cancelling = asyncio.ensure_future(cancelling)

    async def tell(self, stage: Stage, news: CaseNews) -> None:
        """Tell a stage what changed elsewhere, where it runs."""
        for part, handle in sorted(self.running.items(), key=lambda item: item[0]):
            if _is_of(part, (stage,)):
                await _send(handle, news)

    async def _attach(self, reference: str, part: str) -> StageEnd:
        """The case was reset while this ran on: keep a hand on it, and wait until the record holds its end."""
        self.running[part] = cast(Running, workflow.get_external_workflow_handle(f"{ids.case_id(reference)}/{part}"))
        pause = LOOK_AGAIN
        try:
            while True:
                lookup = StageLookup(reference=reference, stage=part)
                found = await workflow.execute_activity_method(Casework.find_stage_end, lookup, **RECORD)
                if found.end:
                    return found.end
                await workflow.sleep(pause, summary=f"{part} still runs")
                pause = min(pause * 2, LONGEST_LOOK)
        finally:
            del self.running[part]


async def _send(handle: Running, news: CaseNews) -> None:
    """A stage that has just ended needs no news; it must not take the case down with it."""
    try:
        await handle.signal("case_news", news)
    except FailureError as error:
        if is_cancelled_exception(error):
            raise


async def _wait_for_repair(part: str, error: ChildWorkflowError) -> None:
    """What was terminated is begun again at once; what failed waits a while, since it would fail again."""
    if not isinstance(error.cause, TerminatedError):
        await workflow.sleep(LOOK_AGAIN, summary=f"{part} failed; begun again later")


def _is_of(part: str, stages: tuple[Stage, ...]) -> bool:
    return any(part == stage or part.startswith(f"{stage}-") for stage in stages)


def _options(id_: str, brief: StageBrief | EscalationBrief | EnquiryBrief, stage: str) -> dict[str, Any]:
    attributes: TypedSearchAttributes = at_start(stage, brief.region, brief.pdu, brief.ground)
    return {
        "id": id_,
        "search_attributes": attributes,
        "static_summary": f"{stage} of {brief.reference}, {brief.region}",
        # Ended by hand, it may be begun again under its own id: the record gives it back every answer it had.
        "id_reuse_policy": WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
        # A case that is terminated must not take a running stage's open questions with it silently.
        "parent_close_policy": ParentClosePolicy.REQUEST_CANCEL,
        "cancellation_type": ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    }
