"""A process of the service as it is, but that it looks about many times a second, so that a test need not wait.

`python -m tests.telemetry.process gateway` or `worker`; `late` is a worker of its own queue that finds work waiting.
"""

import asyncio
import os
import sys
import time
from datetime import timedelta
from pathlib import Path

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

import starter.gauges
import starter.health
import starter.reachable
import worker
from starter.connections import temporal_client
from starter.gateway import run_gateway
from starter.settings import Settings
from starter.telemetry import start_telemetry

OFTEN = timedelta(seconds=0.3)
QUEUE = "late"
TAKES = 1.5
"""Seconds that a task of the second round keeps the only slot of its worker; the server's own limit is two."""


@workflow.defn(name="quick")
class Quick:
    @workflow.run
    async def run(self, takes: float) -> None:
        """Keep the slot, as a worker that has too much to do."""
        time.sleep(takes)  # noqa: ASYNC251


async def late(settings: Settings) -> None:
    """Some work is done at once; then work waits for seconds until the worker takes it, as where workers are too few.

    It is one worker for both: what a second one in the same process measures is not shown.
    """
    telemetry = start_telemetry(settings, "worker")
    async with telemetry.running():
        client = await temporal_client(settings, telemetry)
        async with Worker(
            client,
            task_queue=QUEUE,
            workflows=[Quick],
            workflow_runner=UnsandboxedWorkflowRunner(),
            max_concurrent_workflow_tasks=1,
            max_cached_workflows=0,
        ):
            await done(client, 0, 3)
            while not (settings.data_dir / "go-on").exists():
                await asyncio.sleep(0.05)
            await done(client, TAKES, 8)
            await asyncio.Event().wait()


async def done(client: Client, takes: float, times: int) -> None:
    """So many at once, until all are done."""
    handles = [
        await client.start_workflow("quick", takes, id=f"quick-{takes}-{n}", task_queue=QUEUE) for n in range(times)
    ]
    for handle in handles:
        await handle.result()


if __name__ == "__main__":
    starter.gauges.EVERY = starter.reachable.EVERY = OFTEN
    # Minutes are moments here, so that one answer which is late because the machine is busy would be an alert.
    starter.health.WITHIN = 6.0
    starter.gauges.VERIFIED_EVERY = timedelta(seconds=1)
    settings = Settings.from_environment()
    Path(settings.data_dir).mkdir(parents=True, exist_ok=True)
    asyncio.run({"gateway": run_gateway, "worker": worker.main, "late": late}[sys.argv[1]](settings))
    sys.stderr.flush()
    os._exit(0)
