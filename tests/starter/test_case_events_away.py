"""What waits for the topic while topic or record is away, and how that is told: once, shown by one, naming nobody."""

import asyncio
import logging
from typing import Any

import pytest

from starter.amazon import AmazonAwayError
from starter.case_events import CaseEvents
from starter.connections import OUT_OF_REACH, open_pool
from tests.conftest import Record
from tests.starter.on_amazon import Amazon, a_charged_case, out, the_topic
from tests.starter.on_amazon import amazon as amazon  # the fixtures
from tests.starter.on_amazon import amazon_server as amazon_server
from tests.starter.on_amazon import no_waiting as no_waiting


async def test_an_outage_of_the_topic_is_told_once_and_what_waits_leaves_afterwards(
    record: Record, amazon: Amazon, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("starter.persisting._FIRST_PAUSE", 0.02)
    monkeypatch.setattr("starter.persisting._LONGEST_PAUSE", 0.02)
    await a_charged_case(record)
    arn = f"arn:aws:sns:eu-west-2:123456789012:later-{record.name}"
    running = asyncio.create_task(CaseEvents(the_topic(amazon, arn), record.pool).run())
    url = amazon.queue()
    try:
        async with asyncio.timeout(30):
            while "are not published" not in caplog.text:
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.3)
            amazon.sns.create_topic(Name=f"later-{record.name}")
            amazon.sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=amazon.arn(url))
            while "published again" not in caplog.text:
                await asyncio.sleep(0.02)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert caplog.text.count("are not published") == 1
    assert await record.value("SELECT published_at_wall FROM case_events") is not None
    assert "X900001" not in caplog.text


async def test_with_the_record_away_nothing_is_published(amazon: Amazon) -> None:
    topic, url = out(amazon)
    nowhere = await open_pool("postgresql://sfo_app@/sfo?host=/nonexistent", min_size=0)
    with pytest.raises(OUT_OF_REACH):
        await CaseEvents(topic, nowhere).publish_some()
    await nowhere.close()
    assert amazon.heard(url) == []


async def test_no_log_line_says_who(record: Record, amazon: Amazon, caplog: pytest.LogCaptureFixture) -> None:
    await a_charged_case(record)
    topic, _ = out(amazon)
    with caplog.at_level(logging.DEBUG, logger="starter"):
        await CaseEvents(topic, record.pool).publish_some()
        with pytest.raises(AmazonAwayError):
            await the_topic(amazon, "arn:aws:sns:eu-west-2:123456789012:none").publish("X900001", "t", "g", "e")
    assert "X900001" not in caplog.text


async def test_what_waits_is_shown_by_the_gateway_that_publishes(record: Record, amazon: Amazon) -> None:
    await a_charged_case(record)
    async with record.owner() as owner:
        await owner.execute("UPDATE case_events SET recorded_at = recorded_at - interval '5 minutes'")
    none = the_topic(amazon, "arn:aws:sns:eu-west-2:123456789012:none")
    first, second = CaseEvents(none, record.pool), CaseEvents(none, record.pool)
    options: Any = None
    with pytest.raises(AmazonAwayError):
        await first.publish_some()
    (waiting,), (oldest,) = (first._shower(column)(options) for column in ("waiting", "oldest"))
    assert (waiting.value, oldest.value > 299) == (1, True)
    assert second._shower("waiting")(options) == []
