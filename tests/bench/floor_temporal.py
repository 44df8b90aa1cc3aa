"""The floor on Temporal, its worker: `python -m tests.bench.floor_temporal ADDRESS DATABASE SMTP SHAPE`.

One workflow a case: ask, show whom it awaits, wait with a timer, settle; the case says whether its settling is a local
activity. No sandbox, no encryption, no versioning; pollers that scale, as the product's.
"""

import asyncio
import sys
from datetime import UTC, timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import PollerBehaviorAutoscaling, UnsandboxedWorkflowRunner, Worker

from starter.connections import open_pool
from tests.bench.floor import TIMER, Floor, Shape, gate_of, sweeping
from workflows.contract import search

QUEUE = "floor"
_LONGEST = timedelta(seconds=30)


@workflow.defn(name="floor-case", sandboxed=False)
class FloorCase:
    """Asks so many questions, one after the other."""

    def __init__(self) -> None:
        self.answered: set[str] = set()
        self.applied: set[str] = set()

    @workflow.run
    async def run(self, reference: str, gates: int, is_local: bool) -> None:
        for number in range(gates):
            await workflow.execute_activity("floor-ask", args=[reference, number], start_to_close_timeout=_LONGEST)
            due = (workflow.now() + TIMER).astimezone(UTC)
            workflow.upsert_search_attributes(
                [search.AWAITING.value_set("spoc"), search.DUE.value_set(due), search.OVERDUE.value_set(False)]
            )
            await self.answer(gate_of(reference, number), is_local)
        await workflow.execute_activity("floor-close", reference, start_to_close_timeout=_LONGEST)

    async def answer(self, gate: str, is_local: bool) -> None:
        await workflow.wait_condition(lambda: gate in self.answered, timeout=TIMER, timeout_summary="due")
        if is_local:
            await workflow.execute_local_activity("floor-settle", gate, start_to_close_timeout=_LONGEST)
        else:
            await workflow.execute_activity("floor-settle", gate, start_to_close_timeout=_LONGEST)
        self.applied.add(gate)

    @workflow.signal
    def decide(self, gate: str) -> None:
        self.answered.add(gate)

    @workflow.query
    def receipt(self, gate: str) -> bool:
        return gate in self.applied


class Activities:
    """The effects, as activities."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor

    @activity.defn(name="floor-ask")
    async def ask(self, reference: str, number: int) -> None:
        await self.floor.ask(reference, number)

    @activity.defn(name="floor-settle")
    async def settle(self, gate: str) -> None:
        await self.floor.settle(gate)

    @activity.defn(name="floor-close")
    async def close(self, reference: str) -> None:
        await self.floor.close(reference)


async def main(address: str, database: str, smtp: str, shape: str) -> None:
    """Work until ended."""
    client = await Client.connect(address)
    floor = Floor(await open_pool(database), smtp, Shape.decode(shape))
    does = Activities(floor)
    worker = Worker(
        client,
        task_queue=QUEUE,
        workflows=[FloorCase],
        activities=[does.ask, does.settle, does.close],
        workflow_runner=UnsandboxedWorkflowRunner(),
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
        max_cached_workflows=2_000,
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=3),
    )
    async with sweeping(floor):
        await worker.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5]))
