"""Whether what the service depends on answers, asked four times a minute, and who works on the task queues.

The same questions as `/health` puts, kept for `/metrics`: each gateway shows what it can reach itself.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from opentelemetry import metrics
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from starter.health import Probe, probed
from workflows.contract.ids import CASEWORK_QUEUE, NATIONAL_QUEUE

EVERY = timedelta(seconds=15)
_WITHIN = timedelta(seconds=2)


class Reachable:
    """Asks while `run` runs."""

    def __init__(self, probes: Mapping[str, Probe], client: Client) -> None:
        self._probes, self._client = probes, client
        self._answers: dict[str, int] = {}
        self._pollers: dict[str, int] = {}
        meter = metrics.get_meter("sfo.gateway")
        meter.create_observable_gauge(
            "sfo.reachable", [self._show_answers], description="1 where a service answers, 0 where it does not"
        )
        meter.create_observable_gauge(
            "sfo.queue.pollers", [self._show_pollers], description="Workers that ask Temporal for work, as it sees them"
        )

    async def run(self) -> None:
        """Ask until cancelled. Never raises."""
        while True:
            found = await asyncio.gather(*map(probed, self._probes.values()))
            self._answers = {name: int(one["status"] == "UP") for name, one in zip(self._probes, found, strict=True)}
            self._pollers = {
                queue: n for queue in (CASEWORK_QUEUE, NATIONAL_QUEUE) if (n := await self.pollers_of(queue)) >= 0
            }
            await asyncio.sleep(EVERY.total_seconds())

    async def pollers_of(self, queue: str) -> int:
        """How many workers poll for workflow tasks; -1 where Temporal does not say."""
        request = DescribeTaskQueueRequest(
            namespace=self._client.namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
        try:
            described = await self._client.workflow_service.describe_task_queue(request, timeout=_WITHIN)
        except (RPCError, RuntimeError, OSError):  # RuntimeError: a lazy client that cannot connect
            return -1
        return len(described.pollers)

    def _show_answers(self, _: metrics.CallbackOptions) -> list[metrics.Observation]:
        return [metrics.Observation(answers, {"service": name}) for name, answers in self._answers.items()]

    def _show_pollers(self, _: metrics.CallbackOptions) -> list[metrics.Observation]:
        return [metrics.Observation(number, {"queue": queue}) for queue, number in self._pollers.items()]
