"""What tests of the reconciliation share: a server that can pause, a comparison without patience, cases that wait."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from temporalio import activity, workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import (
    DeleteWorkflowExecutionRequest,
    PauseWorkflowExecutionRequest,
    ResetWorkflowExecutionRequest,
    UnpauseWorkflowExecutionRequest,
)
from temporalio.client import Client

from activities.rulebooks import FileRulebooks
from starter.comparing import Limits
from starter.connections import Connection
from starter.delivery import Delivery
from starter.findings import Kept
from starter.reconciling import Reconciliation
from tests.workflows.conftest import DEPLOY, Office
from workflows.contract import ids
from workflows.contract.directory import Directory
from workflows.contract.messages import CaseOpening
from workflows.contract.vocabulary import Stage

AT_ONCE = Limits(grace=timedelta(0))
NOBODY = "nobody-polls-this-queue"


async def people(_connection: Connection) -> Directory:
    return FileRulebooks(DEPLOY / "rulebook", DEPLOY / "directory").directory(datetime.now(UTC).date())


@dataclass
class Watched:
    """One case, compared; findings of other tests' workflows on the same server are left out.

    `is_idle`: its workflow gets nowhere, so it never starts the escalation that a finding raises.
    """

    office: Office
    reference: str
    limits: Limits = AT_ONCE
    is_idle: bool = False
    rounds: list[Kept] = field(default_factory=list)

    @property
    def case(self) -> str:
        return ids.case_id(self.reference)

    @property
    def client(self) -> Client:
        return self.office.client

    @property
    def reconciliation(self) -> Reconciliation:
        return Reconciliation(
            Delivery(self.client, self.office.record.pool), self.office.record.pool, people, self.limits
        )

    async def round(self) -> list[tuple[str, str]]:
        """Compare once; what was found of this case, as kind and part."""
        kept = await self.reconciliation.round()
        self.rounds.append(kept)
        return [
            (str(one.stranded.kind), one.stranded.workflow.removeprefix(self.case).lstrip("/"))
            for one in kept.findings
            if one.stranded.reference == self.reference
            and not (self.is_idle and one.stranded.workflow == f"{self.case}/escalation/other-1")
        ]

    async def until(self, expected: list[tuple[str, str]]) -> None:
        """Compare until exactly this is found: lists are a moment behind. Nothing else may be found on the way."""

        async def look() -> bool:
            found = await self.round()
            assert set(found) <= set(expected) or not expected, found
            return found == expected

        await self.office.until(look)

    async def rows(self, kind: str | None = None) -> list[dict[str, Any]]:
        return await self.office.record.rows(
            "SELECT * FROM stranded WHERE reference = $1 AND ($2::text IS NULL OR kind = $2) ORDER BY first_seen",
            self.reference,
            kind,
        )

    async def told(self) -> list[dict[str, Any]]:
        """The letters to operations about this case."""
        rows = await self.office.record.rows("SELECT * FROM outbox WHERE letter = 'stranded' ORDER BY recorded_at")
        contexts: list[tuple[dict[str, Any], Any]] = [(row, row["context"]) for row in rows]
        return [row for row, words in contexts if any(self.reference in one["about"] for one in words["stranded"])]

    async def audited(self, *actions: str) -> list[str]:
        rows = await self.office.record.rows(
            "SELECT action FROM audit WHERE reference = $1 AND action = ANY($2) ORDER BY seq",
            self.reference,
            [*actions],
        )
        return [str(row["action"]) for row in rows]

    async def escalations(self) -> list[tuple[object, ...]]:
        rows = await self.office.record.rows(
            "SELECT kind, number, reason, about, raised_by FROM escalations WHERE reference = $1 ORDER BY kind, number",
            self.reference,
        )
        return [tuple(row.values()) for row in rows]


async def an_idle_case(office: Office, **changes: Any) -> tuple[Watched, CaseOpening]:
    """A case whose workflow runs and gets nowhere, since nobody polls its queue."""
    opening = await office.report(**changes)
    await office.client.start_workflow("sfo-case", opening, id=ids.case_id(opening.reference), task_queue=NOBODY)
    await started(office, opening)
    return Watched(office, opening.reference, is_idle=True), opening


async def started(office: Office, opening: CaseOpening) -> None:
    await office.record.pool.execute("UPDATE cases SET started_at_wall = now() WHERE reference = $1", opening.reference)


async def a_notification(office: Office) -> tuple[Watched, Any]:
    """An idle case with a stage that asks: the gate `notification/notification` stands open."""
    watched, opening = await an_idle_case(office)
    stage = await office.start(opening, Stage.NOTIFICATION)
    await office.gate(f"{opening.reference}/notification/notification")
    return watched, stage


async def first_task(client: Client, workflow: str) -> int:
    history = await client.get_workflow_handle(workflow).fetch_history()
    done = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
    return next(event.event_id for event in history.events if event.event_type == done)


async def reset(client: Client, workflow: str) -> None:
    """Reset to its first step."""
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow),
            reason="drill",
            request_id=str(uuid4()),
            workflow_task_finish_event_id=await first_task(client, workflow),
        )
    )


async def delete(client: Client, workflow: str) -> None:
    await client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=client.namespace, workflow_execution=WorkflowExecution(workflow_id=workflow)
        )
    )


async def pause(client: Client, workflow: str) -> None:
    await client.workflow_service.pause_workflow_execution(
        PauseWorkflowExecutionRequest(
            namespace=client.namespace, workflow_id=workflow, reason="drill", request_id=str(uuid4())
        )
    )


async def unpause(client: Client, workflow: str) -> None:
    await client.workflow_service.unpause_workflow_execution(
        UnpauseWorkflowExecutionRequest(
            namespace=client.namespace, workflow_id=workflow, reason="drill", request_id=str(uuid4())
        )
    )


async def soon(look: Callable[[], Any]) -> Any:
    async with asyncio.timeout(60):
        while not (found := await look()):
            await asyncio.sleep(0.1)
    return found


async def quiet(office: Office, reference: str) -> None:
    """Until nothing was asked, told or decided for two seconds, and no interview waits for its day."""

    async def look() -> bool:
        still = await office.record.value(
            """SELECT (SELECT count(*) FROM audit WHERE reference = $1 AND action <> 'gate_chased'
                       AND recorded_at > now() - interval '2 seconds')
                    + (SELECT count(*) FROM gates
                       WHERE reference = $1 AND question = 'interview' AND state = 'open')""",
            reference,
        )
        return still == 0

    await soon(look)


@workflow.defn(name="fails")
class Fails:
    @workflow.run
    async def run(self) -> None:
        raise ValueError("invented")


@activity.defn(name="never-works")
async def never_works() -> None:
    raise RuntimeError("invented")


@workflow.defn(name="tries")
class Tries:
    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(never_works, start_to_close_timeout=timedelta(seconds=5))
