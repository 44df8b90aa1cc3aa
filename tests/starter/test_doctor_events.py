"""What the doctor says of queue and topic; the gateway with them, without them, and without the SDK."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from starter.amazon import Queue, Topic
from starter.court_queue import CourtQueue
from starter.doctor import Finding, Level, Practice
from starter.doctor_events import CHECKS
from starter.gateway import _domain_events
from starter.settings import Settings, SettingsError
from tests.conftest import Record
from tests.starter.on_amazon import Amazon, a_charged_case, about, the_queue
from tests.starter.on_amazon import amazon as amazon  # the fixtures
from tests.starter.on_amazon import amazon_server as amazon_server
from tests.starter.on_amazon import no_waiting as no_waiting

TOPIC = "arn:aws:sns:eu-west-2:123456789012:nowhere"


async def found(settings: Settings) -> list[Finding]:
    practice = Practice(settings, now=lambda: datetime.now(UTC))
    try:
        return [await check.look(practice) for check in CHECKS]
    finally:
        await practice.close()


async def test_with_nothing_set_all_is_well_and_nothing_runs(amazon: Amazon) -> None:
    assert [one.level for one in await found(amazon.settings())] == [Level.OK, Level.OK]
    assert (Queue.of(amazon.settings()), Topic.of(amazon.settings())) == (None, None)


async def test_a_queue_and_a_topic_that_work_are_well(record: Record, amazon: Amazon) -> None:
    url = amazon.queue(receives=1)
    topic = amazon.topic(into=amazon.queue())
    said = {"SFO_COURT_EVENTS_QUEUE_URL": url, "SFO_CASE_EVENTS_TOPIC_ARN": topic, "SFO_DATABASE_URL": record.app_url}
    settings = amazon.settings(**said)
    assert [(one.level, one.remedy) for one in await found(settings)] == [(Level.OK, "")] * 2
    amazon.sqs.send_message(QueueUrl=url, MessageBody="nonsense")
    court = CourtQueue(the_queue(amazon, url), record.pool)
    await court.take_some()
    await court.take_some()
    await a_charged_case(record)
    async with record.owner() as owner:
        await owner.execute("UPDATE case_events SET recorded_at = recorded_at - interval '11 minutes'")
    queue, events = await found(settings)
    assert (queue.level, queue.found) == (
        Level.WARN,
        "0 court events wait in the queue, and 1 in the dead-letter queue",
    )
    assert (events.level, "1 case events wait, the oldest since 11 minutes ago" in events.found) == (Level.WARN, True)


async def test_a_queue_without_dead_letters_and_what_is_not_there_are_told(amazon: Amazon) -> None:
    queue, topic = await found(
        amazon.settings(SFO_COURT_EVENTS_QUEUE_URL=amazon.queue(), SFO_CASE_EVENTS_TOPIC_ARN=TOPIC)
    )
    assert (queue.level, "no dead-letter queue" in queue.found) == (Level.WARN, True)
    assert (topic.level, topic.found) == (Level.AWAY, "the topic for case events does not answer: NotFound")
    nowhere = f"{amazon.url}/123456789012/nowhere"
    queue, _ = await found(amazon.settings(SFO_COURT_EVENTS_QUEUE_URL=nowhere))
    assert (queue.level, "SFO_COURT_EVENTS_QUEUE_URL" in queue.remedy) == (Level.AWAY, True)


async def test_the_gateway_takes_and_tells_beside_its_pages(record: Record, amazon: Amazon) -> None:
    url, heard = amazon.queue(), amazon.queue()
    reference = await a_charged_case(record)
    amazon.say(amazon.topic(into=url), await about(record, reference))
    topic = amazon.topic(into=heard)
    settings = amazon.settings(SFO_COURT_EVENTS_QUEUE_URL=url, SFO_CASE_EVENTS_TOPIC_ARN=topic)
    async with _domain_events(settings, record.pool):
        while not await record.value(
            "SELECT EXISTS (SELECT FROM court_events) AND NOT EXISTS "
            "(SELECT FROM case_events WHERE published_at_wall IS NULL)"
        ):
            await asyncio.sleep(0.05)
    (one,) = amazon.heard(heard)
    assert one["Message"]["additionalInformation"]["caseReference"] == reference


async def test_without_the_extra_the_gateway_names_it_and_the_doctor_too(
    record: Record, amazon: Amazon, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in ("boto3", "botocore")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "boto3", None)
    settings = amazon.settings(SFO_CASE_EVENTS_TOPIC_ARN=TOPIC, SFO_COURT_EVENTS_QUEUE_URL=f"{amazon.url}/1/q")
    with pytest.raises(SettingsError, match=r"the extra `aws`.*\[aws\]"):
        async with _domain_events(settings, record.pool):
            pass
    assert [(one.level, "aws" in one.remedy) for one in await found(settings)] == [(Level.FAIL, True)] * 2


def test_without_a_setting_no_sdk_is_loaded() -> None:
    loaded = "import sys, starter.gateway, starter.doctor_events; sys.exit('boto3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded], check=False).returncode == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SFO_COURT_EVENTS_QUEUE_URL", "queue"),
        ("SFO_CASE_EVENTS_TOPIC_ARN", "arn:aws:sqs:eu-west-2:123456789012:q"),
        ("SFO_CASE_EVENTS_TOPIC_ARN", "topic"),
        ("SFO_AWS_REGION", "london"),
        ("SFO_AWS_ENDPOINT_URL", "127.0.0.1:4566"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.with_stand_ins({name: value})
