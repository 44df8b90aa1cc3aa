"""The whole way: a message in a queue, the case that hears of it, its end, and what other services hear of that."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from temporalio.client import Client

from starter.case_events import CaseEvents
from starter.court_queue import CourtQueue, Taken
from starter.delivery import Delivery
from starter.relay import Relay
from starter.script import SILENT, Line
from starter.signals import TemporalAwayError
from tests.starter.on_amazon import Amazon, about, the_queue, the_topic
from tests.starter.on_amazon import amazon as amazon  # the fixtures
from tests.starter.on_amazon import amazon_server as amazon_server
from tests.starter.on_amazon import no_waiting as no_waiting
from tests.workflows.conftest import PATIENCE, Office
from tests.workflows.people import People
from tests.workflows.test_case import UNLISTED, offence
from workflows.contract import ids

_APPLIED = "SELECT kind FROM court_events WHERE reference = $1 AND applied_at IS NOT NULL"


async def test_a_court_event_from_the_queue_reaches_the_case_and_its_end_reaches_the_topic(
    office: Office, amazon: Amazon, tmp_path: Path
) -> None:
    reference = (await office.report(offences=[offence(UNLISTED)])).reference
    pool, today = office.record.pool, datetime.now(UTC).date()
    url, heard = amazon.queue(receives=5), amazon.queue()
    topic = amazon.topic(into=url)
    court = CourtQueue(the_queue(amazon, url), pool)
    events = CaseEvents(the_topic(amazon, amazon.topic(into=heard)), pool)
    message = await about(office.record, reference, "appeared", today)

    # Temporal is away: the message is taken all the same, and waits in the record.
    amazon.say(topic, message)
    away = await Client.connect("127.0.0.1:1", lazy=True, data_converter=office.client.data_converter)
    assert await court.take_some() == [Taken.RECORDED]
    await pool.execute("UPDATE cases SET recorded_at = recorded_at - interval '2 seconds'")
    with pytest.raises(TemporalAwayError):
        await Relay(Delivery(away, pool), pool, tmp_path / "away").tick()
    assert amazon.waiting(url) == 0

    # It is back: the case starts, hears of it once, and the same message again is no second event.
    relay = Relay(Delivery(office.client, pool), pool, tmp_path / "here")
    await relay.tick()
    await office.until(lambda: office.record.rows(_APPLIED, reference))
    amazon.say(topic, message)
    assert await court.take_some() == [Taken.REPEATED]
    assert await relay.tick() == 0

    # A person answers, and the case closes.
    lines = {"offence_class": [Line("not_sfo")], "rosh": [SILENT]}
    answering = asyncio.create_task(People(office, reference, lines).run())
    try:
        case = office.client.get_workflow_handle(ids.case_id(reference))
        assert (await asyncio.wait_for(case.result(), PATIENCE))["outcome"] == "not_reviewed"
    finally:
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
    await events.publish_some()
    told = {one["Message"]["eventType"]: one["Message"]["additionalInformation"] for one in amazon.heard(heard)}
    assert set(told) == {"probation.sfo.case.opened", "probation.sfo.case.closed"}
    assert told["probation.sfo.case.closed"]["caseReference"] == reference
    assert told["probation.sfo.case.closed"]["outcome"] == "not_reviewed"
    history = [event async for event in case.fetch_history_events()]
    signals = [e.workflow_execution_signaled_event_attributes.signal_name for e in history if e.event_type == 26]
    assert signals.count("court_event") == 1
