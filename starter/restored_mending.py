"""Doing what a restore asks for, case by case: telling again, ending what ran ahead, starting from the record.

Safe to repeat after a kill at any point: what was ended or told is found so in the next look.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client

from starter.carried import Carried
from starter.connections import Connection, Pool
from starter.delivery import Delivery
from starter.record import append_audit
from starter.reports import ReportRefusedError, report_court_event
from starter.restarting import OUT_OF_ORDER, restart
from starter.restored import Lost, Stands, Way
from starter.signals import NoSuchWorkflowError, reach
from workflows.contract import ids
from workflows.contract.vocabulary import CourtEventKind, EscalationKind

_ACTOR = "operations"
_REASON = "restored: begun anew from the record"
_LOOKS, _BETWEEN = 60, 0.5  # a list of Temporal is a moment behind what was ended


async def mend(delivery: Delivery, pool: Pool, stands: Stands) -> None:
    """The case's workflows follow the record, and what it has lost stands in the audit chain.

    No worker and no gateway may run meanwhile. Where an engineer is needed only the loss is noted. Raises
    TemporalAwayError, ReportRefusedError.
    """
    async with pool.acquire() as connection:
        await _note(connection, stands)
        if stands.unheard:
            await _note_histories(connection, stands)
    if stands.way is Way.TELL:
        for kind, name in stands.untold:
            await _tell(delivery, stands.reference, kind, name)
    elif stands.way in (Way.STAGES, Way.STOP):
        for one in stands.anew:
            await _end(delivery.client, one)
    elif stands.way in (Way.CASE, Way.START):
        # The case last: while it runs it would begin a stage again, and its end would have its stages take back
        # their questions.
        for one in sorted(stands.anew, key=lambda each: each.is_case):
            await _end(delivery.client, one)
        await _start(delivery, pool, stands)


async def _note(connection: Connection, stands: Stands) -> None:
    """Each loss once."""
    known = await connection.fetch(
        "SELECT subject, detail ->> 'id' AS id FROM sfo.audit WHERE action = 'lost_in_restore' AND "
        "(reference = $1 OR subject = $2)",
        stands.reference,
        ids.case_id(stands.reference),
    )
    noted = {row["id"] for row in known}
    is_held = await connection.fetchval("SELECT count(*) FROM sfo.cases WHERE reference = $1", stands.reference)
    for lost in stands.lost:
        if lost.id not in noted:
            detail = {"kind": lost.kind, "id": lost.id, "answer": lost.answer}
            at, reference = datetime.now(UTC), stands.reference if is_held else None
            await append_audit(connection, at, reference, _ACTOR, "lost_in_restore", lost.about, detail)


async def _note_histories(connection: Connection, stands: Stands) -> None:
    """That histories of the case are gone, once for what it has decided so far: an auditor would miss them."""
    is_noted = await connection.fetchval(
        """SELECT EXISTS (SELECT FROM sfo.audit WHERE reference = $1 AND action = 'histories_lost' AND seq > (
               SELECT coalesce(max(seq), 0) FROM sfo.audit
               WHERE reference = $1 AND action IN ('decision_applied', 'gate_lapsed')))""",
        stands.reference,
    )
    if not is_noted:
        detail = {"decisions": stands.unheard}
        subject = ids.case_id(stands.reference)
        await append_audit(connection, datetime.now(UTC), stands.reference, _ACTOR, "histories_lost", subject, detail)


async def _tell(delivery: Delivery, reference: str, kind: str, name: str) -> None:
    """Under the id that it had first, so that what was heard already counts once."""
    with suppress(NoSuchWorkflowError):  # it has ended meanwhile
        if kind == "decision":
            await delivery.deliver_decision(UUID(name))
        elif kind == "court_event":
            await delivery.deliver_court_event(name)
        elif kind == "escalation":
            which, _, number = name.rpartition("-")
            await delivery.deliver_concern(reference, EscalationKind(which), int(number))
        elif kind == "enquiry":
            await delivery.deliver_enquiry(reference, int(name))
        elif kind == "extension":
            await delivery.deliver_extension(UUID(name))
        else:
            await delivery.deliver_request(UUID(name))


async def _end(client: Client, one: Carried) -> None:
    """Its latest run is terminated, so that the same id may be begun again. Its history stays.

    One that ended well is reset first: only what was ended by force may be begun again.
    """
    run = one.run
    with suppress(NoSuchWorkflowError):
        if not one.runs:
            run = await _reset(client, one)
        handle = client.get_workflow_handle(one.workflow, run_id=run)
        await reach(handle.terminate(reason=_REASON))


async def _reset(client: Client, one: Carried) -> str:
    request = ResetWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=one.workflow, run_id=one.run),
        reason=_REASON,
        request_id=str(uuid5(NAMESPACE_URL, f"{one.workflow}/{one.run}/restored")),
        workflow_task_finish_event_id=one.first_task,
    )
    return (await reach(client.workflow_service.reset_workflow_execution(request))).run_id


async def _start(delivery: Delivery, pool: Pool, stands: Stands) -> None:
    await pool.execute(
        "UPDATE sfo.cases SET started_at_wall = coalesce(started_at_wall, clock_timestamp()) WHERE reference = $1",
        stands.reference,
    )
    async with pool.acquire() as connection:
        for kind, on in given_back(stands.carried.values(), stands.lost):
            await report_court_event(connection, stands.reference, kind, on, actor=_ACTOR)
    for look in range(_LOOKS):
        try:
            await restart(delivery, pool, stands.reference)
            return
        except ReportRefusedError:
            if look == _LOOKS - 1:
                raise
            await asyncio.sleep(_BETWEEN)


def given_back(carried: Iterable[Carried], lost: Iterable[Lost]) -> list[tuple[CourtEventKind, date]]:
    """What the court did, from the histories: a date and a code are all that it is.

    Left out is what means another thing when the case hears of it at its start; somebody reports that again.
    """
    names = {one.id for one in lost if one.kind == "court_event"}
    told = [
        message
        for one in carried
        for signal, message in one.signals
        if signal == "court_event" and message.get("event") in names
    ]
    found = [(CourtEventKind(message["kind"]), date.fromisoformat(message["on"])) for message in told]
    return [one for one in dict.fromkeys(found) if one[0] not in OUT_OF_ORDER]
