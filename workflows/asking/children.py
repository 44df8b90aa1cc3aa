"""The workflows that a case starts: stages, escalations, enquiries. It starts each once and waits for its end."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import (
    ChildWorkflowError,
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
    Withdrawal,
)
from workflows.contract.options import RECORD
from workflows.contract.ports import Casework, Gates
from workflows.contract.vocabulary import Outcome, Stage

from . import case_time
from .display import at_start

LOOK_AGAIN = timedelta(hours=1)
HEARS_NEWS = (Stage.VICTIM_DISCLOSURE,)


class Children:
    """What the case has running. A stage's number is how often the case has run it."""

    def __init__(self) -> None:
        self.times: Counter[Stage] = Counter()
        self.running: dict[str, workflow.ChildWorkflowHandle[Any, Any]] = {}
        self.ended: list[str] = []
        self.starting: dict[str, bool] = {}

    async def stage(self, brief: StageBrief, news: Callable[[], CaseNews]) -> StageEnd | None:
        """Run a stage to its end. Stopped by the case: the end says withdrawn. None: it was ended by hand."""
        part = ids.stage_part(brief.stage, brief.round)
        self.starting[part] = False
        try:
            handle = await self._start(brief)
        except WorkflowAlreadyStartedError:
            return await self._attach(brief.reference, part)
        finally:
            stopped = self.starting.pop(part)
        self.running[part] = handle
        if stopped:
            handle.cancel()
        try:
            await self._catch_up(handle, brief, news())
            return StageEnd.model_validate(await handle)
        except ChildWorkflowError as error:
            if is_cancelled_exception(error):
                return StageEnd(outcome=Outcome.WITHDRAWN)
            await self._clear(brief, part, error)
            return None
        finally:
            del self.running[part]
            self.ended.append(part)

    async def _clear(self, brief: StageBrief, part: str, error: ChildWorkflowError) -> None:
        """What a stage that was terminated or failed still asks is withdrawn; a failed one waits for a repair."""
        if not isinstance(error.cause, TerminatedError):
            await workflow.sleep(LOOK_AGAIN, summary=f"{part} failed; begun again later")
        withdrawal = Withdrawal(reference=brief.reference, stage=part, at=case_time.now(brief.clock))
        await workflow.execute_activity_method(
            Gates.withdraw_gates, withdrawal, summary=f"Withdraw what {part} asked", **RECORD
        )

    async def _start(self, brief: StageBrief) -> workflow.ChildWorkflowHandle[Any, Any]:
        id_ = ids.stage_id(brief.reference, brief.stage, brief.round)
        return await workflow.start_child_workflow(
            str(brief.stage), brief, result_type=StageEnd, **_options(id_, brief, str(brief.stage))
        )

    async def _catch_up(
        self, handle: workflow.ChildWorkflowHandle[Any, Any], brief: StageBrief, news: CaseNews
    ) -> None:
        """What changed between writing the brief and the start would otherwise reach nobody."""
        before, now = (brief.version, brief.held, brief.stopped), (news.accepted_version, news.held, news.stopped)
        if before != now and brief.stage in HEARS_NEWS:
            await handle.signal("case_news", news)

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
        try:
            end: StageEnd = await workflow.execute_child_workflow(name, brief, result_type=StageEnd, **options)
        except WorkflowAlreadyStartedError:
            return await self._attach(brief.reference, options["id"].removeprefix(f"{ids.case_id(brief.reference)}/"))
        return end

    def stop(self, *stages: Stage) -> None:
        """Cancel these stages where they run; each withdraws its questions and ends withdrawn."""
        for part in self.starting:
            self.starting[part] = self.starting[part] or _is_of(part, stages)
        for part, handle in sorted(self.running.items(), key=lambda item: item[0]):
            if _is_of(part, stages):
                handle.cancel()

    async def tell(self, stage: Stage, news: CaseNews) -> None:
        """Tell a stage what changed elsewhere, where it runs."""
        for part, handle in sorted(self.running.items(), key=lambda item: item[0]):
            if _is_of(part, (stage,)):
                await handle.signal("case_news", news)

    async def _attach(self, reference: str, part: str) -> StageEnd:
        """The case was reset while the stage ran on: wait until the record holds the stage's end."""
        while True:
            lookup = StageLookup(reference=reference, stage=part)
            found = await workflow.execute_activity_method(Casework.find_stage_end, lookup, **RECORD)
            if found.end:
                return found.end
            await workflow.sleep(LOOK_AGAIN, summary=f"{part} still runs")


def _is_of(part: str, stages: tuple[Stage, ...]) -> bool:
    return any(part == stage or part.startswith(f"{stage}-") for stage in stages)


def _options(id_: str, brief: StageBrief | EscalationBrief | EnquiryBrief, stage: str) -> dict[str, Any]:
    attributes: TypedSearchAttributes = at_start(stage, brief.region, brief.pdu, brief.ground)
    return {
        "id": id_,
        "search_attributes": attributes,
        "static_summary": f"{stage} of {brief.reference}, {brief.region}",
        "id_reuse_policy": WorkflowIDReusePolicy.REJECT_DUPLICATE,
        # A case that is terminated must not take a running stage's open questions with it silently.
        "parent_close_policy": ParentClosePolicy.REQUEST_CANCEL,
        "cancellation_type": ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    }
