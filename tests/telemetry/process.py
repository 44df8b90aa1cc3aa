"""A process of the service as it is, but that it looks about many times a second, so that a test need not wait.

`python -m tests.telemetry.process gateway` or `worker`; `late` is a worker of its own queue that finds work waiting.
"""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

from temporalio import workflow
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
WAITED = 3.0


@workflow.defn(name="quick")
class Quick:
    @workflow.run
    async def run(self) -> None:
        """Nothing: it only has to be taken by a worker."""


async def late(settings: Settings) -> None:
    """Some work is done at once; then work waits for seconds until somebody takes it, as where workers are too few."""
    telemetry = start_telemetry(settings, "worker")
    async with telemetry.running():
        client = await temporal_client(settings, telemetry)
        for round_ in (1, 2):
            handles = [
                await client.start_workflow("quick", id=f"quick-{round_}-{n}", task_queue=QUEUE)
                for n in range(round_ * 3)
            ]
            await asyncio.sleep(WAITED if round_ == 2 else 0)
            async with Worker(client, task_queue=QUEUE, workflows=[Quick], workflow_runner=UnsandboxedWorkflowRunner()):
                for handle in handles:
                    await handle.result()
            while round_ == 1 and not (settings.data_dir / "go-on").exists():
                await asyncio.sleep(0.05)
        await asyncio.Event().wait()


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
