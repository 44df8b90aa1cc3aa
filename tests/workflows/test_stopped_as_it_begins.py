"""The court ends a case in the very moment in which its review is about to begin: the review is not begun."""

import asyncio
from datetime import UTC, datetime

from temporalio import client, worker, workflow
from temporalio.client import Client

from deploy.embedded.temporal import EmbeddedTemporal
from starter.keys import KeyRing
from starter.payloads import data_converter
from starter.registered import BY_TYPE
from starter.sandbox import workflow_runner
from tests.conftest import MailServer, Record
from tests.workflows.conftest import an_office
from tests.workflows.site import Held
from worker import build_worker
from workflows.contract import ids
from workflows.contract.messages import CaseNews, CourtEvent
from workflows.contract.search import STAGE
from workflows.contract.vocabulary import CourtEventKind, Stage


class Late(client.Interceptor, worker.Interceptor):
    """Staff care is told of the review only once the court has ended the case, which otherwise takes a moment."""

    def workflow_interceptor_class(
        self, _input: worker.WorkflowInterceptorClassInput
    ) -> type[worker.WorkflowInboundInterceptor] | None:
        return _Arriving


class _Arriving(worker.WorkflowInboundInterceptor):
    def init(self, outbound: worker.WorkflowOutboundInterceptor) -> None:
        super().init(_Leaving(outbound))


class _Leaving(worker.WorkflowOutboundInterceptor):
    async def signal_child_workflow(self, input: worker.SignalChildWorkflowInput) -> None:
        news = input.args[0]
        if isinstance(news, CaseNews) and news.stage == Stage.REVIEW:
            await workflow.wait_condition(lambda: bool(workflow.instance().court.ends_review))
        await super().signal_child_workflow(input)


async def test_a_review_that_is_stopped_before_it_has_begun_asks_nobody(
    record: Record, mail_server: MailServer, temporal: EmbeddedTemporal
) -> None:
    ring = KeyRing.generate()
    connected = await Client.connect(temporal.address, data_converter=data_converter(ring), interceptors=[Late()])
    office = an_office(record, mail_server, connected, ring)
    one, two = (
        build_worker(connected, queue, office.activities, None) for queue in (ids.CASEWORK_QUEUE, ids.NATIONAL_QUEUE)
    )
    async with one, two:
        opening = await office.report(speed=5 * 86_400)
        case = await connected.start_workflow(
            "sfo-case", opening, id=ids.case_id(opening.reference), task_queue=ids.CASEWORK_QUEUE
        )
        answering = asyncio.create_task(Held(office, opening.reference, set()).run())
        try:

            async def is_announced() -> bool:
                return (await case.describe()).typed_search_attributes.get(STAGE) == str(Stage.REVIEW)

            await office.until(is_announced)
            event = CourtEvent(kind=CourtEventKind.DISCONTINUED, on=datetime.now(UTC).date())
            await case.signal("court_event", event)
            async with asyncio.timeout(60):
                closed = await case.result()
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)
        assert closed["outcome"] == "discontinued"
        # Recorded with the others it would not replay: there nothing arrives late.
        replayer = worker.Replayer(
            workflows=list(BY_TYPE.values()),
            workflow_runner=workflow_runner(),
            data_converter=connected.data_converter,
            interceptors=[Late()],
        )
        await replayer.replay_workflow(await case.fetch_history())
        assert await record.value("SELECT count(*) FROM gates WHERE stage = 'review' AND state <> 'withdrawn'") == 0
