"""Starts the workflow of a case: once, and once more each time that a closed case is opened again."""

import asyncio
from contextlib import suppress

from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from starter.signals import RPC, NoSuchWorkflowError, RowRefusedError, reach
from workflows.contract import ids, search
from workflows.contract.messages import CaseOpening
from workflows.contract.vocabulary import Ground, Stage

_MARK = "opened-again"
_LOOKS, _BETWEEN = 12, 0.25  # a run that has closed its case ends within a moment


async def start_first(client: Client, opening: CaseOpening) -> None:
    """The workflow runs, or has run. Repeat-safe by the workflow id. Raises TemporalAwayError."""
    with suppress(WorkflowAlreadyStartedError):  # it ran and ended; the record only missed being told
        await reach(
            client.start_workflow(
                "sfo-case",
                opening,
                id=ids.case_id(opening.reference),
                task_queue=ids.CASEWORK_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                search_attributes=search.at_start(Stage.CHARGE, opening.region, opening.pdu, Ground.ASK),
                static_summary=f"SFO case {opening.reference}, {opening.region}",
                rpc_timeout=RPC,
            )
        )


async def start_again(client: Client, opening: CaseOpening, ground: Ground, mark: int) -> None:
    """The workflow of a case that was opened again runs, or has run since. Raises TemporalAwayError.

    Repeat-safe by `mark`, the number of this opening, which the run carries: a run that has it is this one. A run
    without it is the earlier one: while it has not ended it is left alone, and RowRefusedError says so.
    """
    for _ in range(_LOOKS):
        latest = await _latest(client, opening.reference)
        if latest is not None and await latest.memo_value(_MARK, default=None) == mark:
            return
        if latest is None or latest.status is not WorkflowExecutionStatus.RUNNING:
            try:
                await _start(client, opening, ground, mark)
            except WorkflowAlreadyStartedError:
                continue  # somebody else was quicker: look whether it is this opening's
            return
        await asyncio.sleep(_BETWEEN)
    raise RowRefusedError("the earlier run of this case has not ended yet")


async def _latest(client: Client, reference: str) -> WorkflowExecutionDescription | None:
    try:
        return await reach(client.get_workflow_handle(ids.case_id(reference)).describe(rpc_timeout=RPC))
    except NoSuchWorkflowError:  # past Temporal's retention
        return None


async def _start(client: Client, opening: CaseOpening, ground: Ground, mark: int) -> None:
    await reach(
        client.start_workflow(
            "sfo-case",
            opening,
            id=ids.case_id(opening.reference),
            task_queue=ids.CASEWORK_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            memo={_MARK: mark},
            search_attributes=search.at_start(Stage.VICTIM_DISCLOSURE, opening.region, opening.pdu, ground),
            static_summary=f"SFO case {opening.reference}, {opening.region}, opened again",
            rpc_timeout=RPC,
        )
    )
