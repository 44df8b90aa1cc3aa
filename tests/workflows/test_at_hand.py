"""Short steps are done within the workflow's task; what fails there is done as an activity, and nothing twice."""

import asyncio
from collections import Counter
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHandle
from temporalio.exceptions import ApplicationError

from activities import gates
from activities.correspondence import Mailer
from activities.settling import settle
from starter.history_steps import step_at_hand
from starter.mailer import SendResult, SmtpMailer
from tests.conftest import MailServer
from tests.workflows.conftest import Office
from workflows.contract.vocabulary import Stage

HELD: list[asyncio.Event] = []


class Waiting:
    """Hands a letter over once it may."""

    def __init__(self, url: str) -> None:
        self.behind, self.may = SmtpMailer(url), asyncio.Event()

    async def send(self, message: EmailMessage, sender: str | None, number: UUID, attempt: int, /) -> SendResult:
        await self.may.wait()
        return await self.behind.send(message, sender, number, attempt)


@pytest.fixture
def mailer(mail_server: MailServer, request: pytest.FixtureRequest) -> Mailer:
    waiting = Waiting(mail_server.url)
    if not getattr(request, "param", False):
        waiting.may.set()
    HELD[:] = [waiting.may]
    return waiting


@pytest.fixture
async def asked(office: Office) -> tuple[Office, WorkflowHandle[Any, Any], str]:
    opening = await office.report()
    stage = await office.start(opening, Stage.NOTIFICATION)
    gate = f"{opening.reference}/notification/notification"
    await office.gate(gate)
    return office, stage, gate


async def answered(office: Office, stage: WorkflowHandle[Any, Any], gate: str) -> list[HistoryEvent]:
    """The stage's history once it has been answered and has ended."""
    today = str(office.now(stage).date())
    decision = await office.answer(stage, gate, "sent", {"sent_on": today})
    await stage.result()
    assert (await office.receipt(stage, decision))["applied"]
    rows = await office.record.rows("SELECT action FROM audit WHERE action IN ('decision_applied', 'stage_ended')")
    assert Counter(row["action"] for row in rows) == {"decision_applied": 1, "stage_ended": 1}
    return [event async for event in stage.fetch_history_events()]


def kinds(events: list[HistoryEvent]) -> Counter[str]:
    return Counter(EventType.Name(event.event_type).removeprefix("EVENT_TYPE_") for event in events)


async def test_from_the_answer_to_the_end_of_the_stage_is_one_task_of_the_workflow(
    asked: tuple[Office, WorkflowHandle[Any, Any], str],
) -> None:
    events = await answered(*asked)
    signalled = next(
        n for n, e in enumerate(events) if e.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    )
    after = kinds(events[signalled:])
    assert after["WORKFLOW_TASK_COMPLETED"] == 1
    assert not kinds(events)["ACTIVITY_TASK_SCHEDULED"]
    steps = [step[0] for event in events if (step := step_at_hand(event))]
    assert steps == ["open_gate", "settle_gate", "end_stage"]


async def test_a_step_that_fails_at_hand_is_done_as_an_activity(
    asked: tuple[Office, WorkflowHandle[Any, Any], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[bool] = []

    async def settled(*arguments: Any) -> Any:
        tried.append(activity.info().is_local)
        if activity.info().is_local:
            raise ApplicationError("invented trouble")
        return await settle(*arguments)

    monkeypatch.setattr(gates, "settle", settled)
    events = await answered(*asked)
    assert tried == [True, False]
    scheduled = [e for e in events if e.HasField("activity_task_scheduled_event_attributes")]
    assert [e.activity_task_scheduled_event_attributes.activity_type.name for e in scheduled] == ["settle_gate"]
    assert [step[0] for event in events if (step := step_at_hand(event))] == ["open_gate", "end_stage"]


@pytest.mark.parametrize("mailer", [True], indirect=True)
async def test_a_mail_server_that_keeps_a_letter_waiting_holds_up_no_step(
    asked: tuple[Office, WorkflowHandle[Any, Any], str],
) -> None:
    office, stage, gate = asked
    states = "SELECT state FROM outbox WHERE event = $1"
    assert await office.record.value(states, f"{gate}/asked") == "sending"
    await answered(office, stage, gate)
    assert await office.record.value(states, f"{gate}/asked") == "sending"
    HELD[0].set()

    async def is_sent() -> bool:
        return await office.record.value(states, f"{gate}/asked") == "sent"

    await office.until(is_sent)
    assert len([m for m in office.mail.messages if gate.split("/")[0] in str(m["Subject"])]) >= 1
