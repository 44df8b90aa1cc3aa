"""Starts the workflow of a case: once, and once more each time that a closed case is opened again."""

import asyncio
from contextlib import suppress

from asyncpg import Record as Row
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from starter.signals import RPC, NoSuchWorkflowError, RowRefusedError, reach
from workflows.contract import ids, search
from workflows.contract.messages import CaseClock, CaseOpening, EscalationBrief
from workflows.contract.vocabulary import EscalationKind, Ground, Stage

AGAIN = "started-again"
"""In the memo of a run that was started in place of one that was lost."""
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
        if latest is not None and await reach(latest.memo_value(_MARK, default=None)) == mark:
            return
        if latest is None or latest.status is not WorkflowExecutionStatus.RUNNING:
            try:
                await _start(client, opening, Stage.VICTIM_DISCLOSURE, ground, {_MARK: mark}, "opened again")
            except WorkflowAlreadyStartedError:
                continue  # somebody else was quicker: look whether it is this opening's
            return
        await asyncio.sleep(_BETWEEN)
    raise RowRefusedError("the earlier run of this case has not ended yet")


async def start_lost(client: Client, opening: CaseOpening, ground: Ground) -> None:
    """The workflow of an open case that was lost runs again. Raises RowRefusedError where one runs already.

    Raises TemporalAwayError.
    """
    try:
        await _start(client, opening, Stage.CHARGE, ground, {AGAIN: True}, "started again")
    except WorkflowAlreadyStartedError:
        raise RowRefusedError("somebody else has started it in this moment") from None


async def start_escalation(client: Client, case: Row, kind: EscalationKind, number: int) -> None:
    """The escalation's workflow runs by itself, or has run. `case`: its row. Repeat-safe by the workflow id.

    For a case whose own workflow is gone: nothing in it needs that workflow. Raises TemporalAwayError.
    """
    reference, ground = case["reference"], Ground(case["ground"])
    clock = CaseClock.model_validate(case["clock"])
    brief = EscalationBrief(
        reference=reference,
        kind=kind,
        number=number,
        clock=clock,
        region=case["region"],
        pdu=case["pdu"],
        ground=ground,
        rulebook=case["rulebook"] or "",
        lists_gates=True,
    )
    with suppress(WorkflowAlreadyStartedError):
        await reach(
            client.start_workflow(
                "escalation",
                brief,
                id=ids.escalation_id(reference, kind, number),
                task_queue=ids.NATIONAL_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                search_attributes=search.at_start("escalation", case["region"], case["pdu"], ground),
                static_summary=f"escalation of {reference}, {case['region']}",
                rpc_timeout=RPC,
            )
        )


async def _latest(client: Client, reference: str) -> WorkflowExecutionDescription | None:
    try:
        return await reach(client.get_workflow_handle(ids.case_id(reference)).describe(rpc_timeout=RPC))
    except NoSuchWorkflowError:  # past Temporal's retention
        return None


async def _start(
    client: Client, opening: CaseOpening, stage: Stage, ground: Ground, memo: dict[str, int], why: str
) -> None:
    """A further run of the case, which begins with this stage. Raises WorkflowAlreadyStartedError while one runs."""
    await reach(
        client.start_workflow(
            "sfo-case",
            opening,
            id=ids.case_id(opening.reference),
            task_queue=ids.CASEWORK_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            memo=memo,
            search_attributes=search.at_start(stage, opening.region, opening.pdu, ground),
            static_summary=f"SFO case {opening.reference}, {opening.region}, {why}",
            rpc_timeout=RPC,
        )
    )
