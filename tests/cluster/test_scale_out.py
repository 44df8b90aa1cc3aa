"""More workers and gateways beside those that run: work is shared, and nothing is done twice."""

import asyncio
import os
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import httpx
from temporalio.api.enums.v1 import EventType, TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

from deploy.cluster.persistence import socket_of
from deploy.cluster.running import CONNECTIONS
from deploy.embedded.ports import kept_port
from deploy.embedded.process import running
from tests.cluster.conftest import OnCluster
from tests.cluster.test_kills import until_open
from tests.journeys.staged import children
from workflows.contract import ids

CASES = 60
TICKS = os.sysconf("SC_CLK_TCK")


def cpu(pids: dict[str, int]) -> dict[str, float]:
    """Seconds of processor time that each process has used."""
    found = {}
    for name, pid in pids.items():
        ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        found[name] = sum(map(int, ticks)) / TICKS
    return found


async def test_three_workers_share_the_work_and_two_gateways_serve_side_by_side(on_cluster: OnCluster) -> None:
    alone = await measured(on_cluster, {})
    async with AsyncExitStack() as parts:
        more = {}
        for number in (2, 3):
            process = await parts.enter_async_context(running(on_cluster.another("worker")))
            more[f"our worker {number}"] = process.pid
        port = parts.enter_context(kept_port(0))
        gateway = on_cluster.another("starter", "gateway", SFO_GATEWAY_PORT=str(port), SFO_METRICS_ADDRESS="")
        await parts.enter_async_context(running(gateway))
        async with httpx.AsyncClient(trust_env=False) as web, asyncio.timeout(60):
            while True:
                try:
                    if (await web.get(f"http://127.0.0.1:{port}/health")).status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.2)
        await pollers(on_cluster, 3)
        together = await measured(on_cluster, more)
        connections = await connections_by(on_cluster)
    print(f"\n| workers | cases | cases a second | CPU seconds by process |\n|---|---|---|---|\n{alone}\n{together}")
    print("connections:", ", ".join(f"{name} {count}" for name, count in connections.most_common()))
    assert sum(connections.values()) < CONNECTIONS
    await shared(on_cluster, 3)


class Load:
    """How quickly cases were opened until each asked somebody, and what each process spent on it."""

    def __init__(self, workers: int, references: list[str], seconds: float, spent: dict[str, float]) -> None:
        self.workers, self.references, self.seconds, self.spent = workers, references, seconds, spent

    def __str__(self) -> str:
        spent = ", ".join(f"{name} {seconds:.1f}" for name, seconds in self.spent.items())
        return f"| {self.workers} | {len(self.references)} | {len(self.references) / self.seconds:.1f} | {spent} |"


async def measured(on_cluster: OnCluster, more: dict[str, int]) -> Load:
    pids = on_cluster.cluster.pids() | {"our worker": children("worker")[0]} | more
    before, began = cpu(pids), time.monotonic()
    references = await on_cluster.waiting_cases(CASES)
    await until_open(on_cluster, references, "notification")
    seconds = time.monotonic() - began
    after = cpu(pids)
    return Load(1 + len(more), references, seconds, {name: after[name] - before[name] for name in pids})


async def pollers(on_cluster: OnCluster, wanted: int) -> None:
    """Until so many workers poll the queue of the casework."""
    request = DescribeTaskQueueRequest(
        namespace=on_cluster.client.namespace,
        task_queue=TaskQueue(name=ids.CASEWORK_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    async with asyncio.timeout(60):
        while True:
            found = await on_cluster.client.workflow_service.describe_task_queue(request)
            if len({poller.identity for poller in found.pollers}) >= wanted:
                return
            await asyncio.sleep(0.2)


async def connections_by(on_cluster: OnCluster) -> Counter[str]:
    socket = socket_of(on_cluster.cluster.database.owner_url)
    connection = await asyncpg.connect(host=str(socket), user="postgres", database="postgres")
    try:
        rows = await connection.fetch(
            """SELECT coalesce(nullif(application_name, ''), datname, 'PostgreSQL itself') AS who, count(*)
               FROM pg_stat_activity GROUP BY 1"""
        )
    finally:
        await connection.close()
    return Counter({row["who"]: row["count"] for row in rows})


async def shared(on_cluster: OnCluster, workers: int) -> None:
    """Each of the workers did part of the work on the last cases, as their histories say."""
    rows = await on_cluster.pool.fetch("SELECT reference FROM sfo.cases ORDER BY reference DESC LIMIT $1", CASES)
    did: Counter[str] = Counter()
    for row in rows:
        handle = on_cluster.client.get_workflow_handle(ids.case_id(row["reference"]))
        async for event in handle.fetch_history_events():
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED:
                did[event.workflow_task_started_event_attributes.identity] += 1
    print("tasks of the last cases by worker:", sorted(did.values()))
    assert len(did) >= workers
