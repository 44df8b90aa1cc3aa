"""Starting a case again whose workflow is gone: open in the record, and nobody carries it.

It starts as it did first, from its charge. Each stage that had ended is found ended in the record, each question that
was answered is found answered, and what the court did, what is escalated and what was asked from outside is sent to
it once more under the same ids, so nobody is written to or asked a second time. What only the lost workflow knew
cannot be given back: then it is refused, with the reason. Rule: design.md 3.5, 3.9.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import Client

from starter.connections import Connection, Pool
from starter.delivery import Delivery
from starter.record import append_audit
from starter.reports import LockedCase, ReportRefusedError, open_case_of
from starter.signals import NoSuchWorkflowError, reach
from starter.starting import AGAIN, start_lost
from starter.temporal_state import running
from workflows.contract import ids
from workflows.contract.messages import CaseOpening
from workflows.contract.vocabulary import CourtEventKind, EscalationKind, Ground

_Send = Callable[[], Awaitable[None]]

_ACTOR = "operations"
OUT_OF_ORDER = (CourtEventKind.AMENDED, CourtEventKind.DISCONTINUED, CourtEventKind.ACQUITTED, CourtEventKind.QUASHED)
"""What the court did whose effect hangs on when the case heard of it: told at the start it would mean another thing."""


@dataclass(frozen=True, slots=True)
class Restarted:
    """A case that runs again, or would; `sent`: what was sent to it once more. `is_repeated`: it had been started."""

    reference: str
    sent: tuple[str, ...]
    is_rehearsal: bool = False
    is_repeated: bool = False

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {
            "reference": self.reference,
            "workflow": ids.case_id(self.reference),
            "started": not self.is_rehearsal and not self.is_repeated,
            "sent": list(self.sent),
        }

    def as_text(self) -> str:
        """The same for a person."""
        done = "would be started" if self.is_rehearsal else "ran already" if self.is_repeated else "started"
        lines = [f"{ids.case_id(self.reference)}  {done} again from its record", *(f"    {one}" for one in self.sent)]
        return "\n".join(lines)


async def restart(delivery: Delivery, pool: Pool, reference: str, *, is_rehearsal: bool = False) -> Restarted:
    """The case's workflow runs again and knows what the record knows; with its row in the audit chain.

    Safe to repeat: one that was started so and is repeated gets what it was to be sent, once. Raises
    ReportRefusedError, TemporalAwayError.
    """
    latest = await _latest(delivery.client, reference)
    is_repeated = latest is not None and AGAIN in latest.memo.fields and not latest.HasField("close_time")
    async with pool.acquire() as connection, connection.transaction():
        case = await open_case_of(connection, reference)
        if not is_repeated:
            await _refuse_unless_gone(delivery.client, reference, latest)
            if why := await why_not(connection, case.row):
                raise ReportRefusedError(f"{reference} cannot be started again by itself: {why}; call an engineer")
        again = await _to_send(connection, delivery, reference)
        done = Restarted(reference, tuple(name for name, _ in again), is_rehearsal, is_repeated)
        if is_rehearsal:
            return done
        if not is_repeated:
            await append_audit(connection, case.now, reference, _ACTOR, "case_restarted", ids.case_id(reference), {})
    if not is_repeated:
        await start_lost(delivery.client, _opening(case), Ground(case.row["ground"]))
    for _, send in again:  # where Temporal goes away meanwhile: repeat the command
        await send()
    return done


def _opening(case: LockedCase) -> CaseOpening:
    """As it was opened, where it is now."""
    opening = CaseOpening.model_validate(case.row["opening"])
    return opening.model_copy(update={"region": case.row["region"], "pdu": case.row["pdu"]})


async def _latest(client: Client, reference: str) -> WorkflowExecutionInfo | None:
    request = DescribeWorkflowExecutionRequest(
        namespace=client.namespace, execution=WorkflowExecution(workflow_id=ids.case_id(reference))
    )
    try:
        return (await reach(client.workflow_service.describe_workflow_execution(request))).workflow_execution_info
    except NoSuchWorkflowError:
        return None


async def _refuse_unless_gone(client: Client, reference: str, latest: WorkflowExecutionInfo | None) -> None:
    """Nothing of it may run but escalations, which the case finds running."""
    if latest and not latest.HasField("close_time"):
        raise ReportRefusedError(f"the workflow of {reference} runs; nothing is to be started again")
    case = ids.case_id(reference)
    parts = [one for one in await running(client) if one.startswith(f"{case}/") and "/escalation/" not in one]
    if parts:
        raise ReportRefusedError(f"{parts[0]} still runs and is ending; try again in a minute")


async def why_not(connection: Connection, row: asyncpg.Record, *, was_told: bool = False) -> str | None:
    """What only the lost workflow knew of the case with this row; none where the record holds all that matters.

    `was_told`: it had been started, though the record has lost that.
    """
    reference = row["reference"]
    if row["started_at_wall"] is None and not was_told:
        return "it has not been started yet, which the relay does"
    if CaseOpening.model_validate(row["opening"]).reopened:
        return "it had closed and was opened again"
    if row["paused_at"] is not None:
        return "the clock of its review stands still"
    for query, why in _REASONS:
        if found := await connection.fetchval(query, reference):
            return why.format(found)
    kinds = await connection.fetch("SELECT kind FROM sfo.court_events WHERE reference = $1", reference)
    told = [kind for kind in OUT_OF_ORDER if kind in {one["kind"] for one in kinds}]
    return f"the court event {told[0]} would be told in another order" if told else None


_REASONS = (
    (
        """SELECT signal FROM sfo.requests
           WHERE reference = $1 AND signal IN ('opt_in', 'correct') LIMIT 1""",
        "the request {} belongs to a later part of it",
    ),
    (
        """SELECT kind || '-' || number FROM sfo.escalations
           WHERE reference = $1 AND kind = 'staff_safety' AND outcome = 'stop' LIMIT 1""",
        "the escalation {} stopped the disclosure",
    ),
    (
        # It ended because the case did, and would be begun anew: everybody in it would be asked a second time.
        """SELECT split_part(t.key, '/', 3) FROM sfo.transitions t
           WHERE t.key LIKE $1 || '/ended/%' AND t.result ->> 'outcome' = 'withdrawn' AND EXISTS (
               SELECT FROM sfo.gates g WHERE g.reference = $1 AND g.state IN ('decided', 'lapsed')
                   AND g.gate LIKE $1 || '/' || split_part(t.key, '/', 3) || '/%') LIMIT 1""",
        "the stage {} was withdrawn with the case after questions in it had been answered",
    ),
)


async def _to_send(connection: Connection, delivery: Delivery, reference: str) -> list[tuple[str, _Send]]:
    """What the case must hear once more, in the order in which it heard it, each under the id that it had first."""
    court = await connection.fetch(
        """SELECT event, kind FROM sfo.court_events WHERE reference = $1 ORDER BY applied_at NULLS LAST, at, event""",
        reference,
    )
    escalations = await connection.fetch(
        """SELECT kind, number FROM sfo.escalations WHERE reference = $1 AND state <> 'resolved'
           ORDER BY raised_at, kind, number""",
        reference,
    )
    enquiries = await connection.fetch(
        "SELECT number FROM sfo.enquiries WHERE reference = $1 AND state = 'open' ORDER BY number", reference
    )
    return [
        *((f"court event {row['kind']}", partial(delivery.deliver_court_event, row["event"])) for row in court),
        *(
            (f"escalation {kind}-{number}", partial(delivery.deliver_concern, reference, EscalationKind(kind), number))
            for kind, number in escalations
        ),
        *((f"enquiry {number}", partial(delivery.deliver_enquiry, reference, number)) for (number,) in enquiries),
    ]
