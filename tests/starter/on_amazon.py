"""What tests of domain events share: queues and topics behind real HTTP, a case that they are about, messages."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count
from typing import Any, cast

import boto3
import pytest
from moto.server import ThreadedMotoServer

from starter.amazon import Queue, Topic
from starter.intake import Pace, open_case
from starter.settings import Settings
from tests.conftest import Record
from tests.starter.test_intake import a_charge

REGION = "eu-west-2"
_NUMBERS = count(1)
TODAY = datetime.now(UTC).date()


@dataclass
class Amazon:
    """A region of its own server. `sqs` and `sns` are the SDK's clients, as another service would have them."""

    url: str
    sqs: Any
    sns: Any

    def settings(self, **more: str) -> Settings:
        return Settings.with_stand_ins({"SFO_AWS_ENDPOINT_URL": self.url, "SFO_AWS_REGION": REGION, **more})

    def queue(self, receives: int | None = None, visible: int = 0) -> str:
        """A new queue; with `receives` it has a dead-letter queue that takes what was received so often."""
        name, attributes = f"q{next(_NUMBERS)}", {"VisibilityTimeout": str(visible)}
        if receives:
            dead = self.sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
            policy = {"deadLetterTargetArn": self.arn(dead), "maxReceiveCount": receives}
            attributes["RedrivePolicy"] = json.dumps(policy)
        return cast(str, self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    def arn(self, url: str) -> str:
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return cast(str, found["Attributes"]["QueueArn"])

    def topic(self, *, into: str, only: list[str] | None = None, fifo: bool = False) -> str:
        """A new topic with a queue that subscribes to it, by type where `only` says which."""
        attributes = {"FifoTopic": "true"} if fifo else {}
        name = f"t{next(_NUMBERS)}" + (".fifo" if fifo else "")
        arn = cast(str, self.sns.create_topic(Name=name, Attributes=attributes)["TopicArn"])
        policy = {"FilterPolicy": json.dumps({"eventType": only})} if only else {}
        self.sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=self.arn(into), Attributes=policy)
        return arn

    def say(self, topic: str, message: dict[str, Any]) -> None:
        """Publish as another service does."""
        attribute = {"DataType": "String", "StringValue": str(message["eventType"])}
        self.sns.publish(TopicArn=topic, Message=json.dumps(message), MessageAttributes={"eventType": attribute})

    def waiting(self, url: str) -> int:
        """How many messages are there, visible or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def heard(self, url: str) -> list[dict[str, Any]]:
        """Every notification in the queue, in order, taken out of it; `Message` is read."""
        found = []
        while messages := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                notification = json.loads(message["Body"])
                found.append({**notification, "Message": json.loads(notification["Message"])})
        return found


@pytest.fixture(scope="session")
def amazon_server() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def amazon(amazon_server: str, monkeypatch: pytest.MonkeyPatch) -> Amazon:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "invented")
    make: Any = boto3.session.Session().client
    sqs, sns = (make(name, region_name=REGION, endpoint_url=amazon_server) for name in ("sqs", "sns"))
    return Amazon(amazon_server, sqs, sns)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test does not wait for a message that is not there."""
    monkeypatch.setattr("starter.amazon.WAIT_SECONDS", 0)
    monkeypatch.setattr("starter.amazon.VISIBLE_AGAIN_SECONDS", 0)


def the_queue(amazon: Amazon, url: str) -> Queue:
    queue = Queue.of(amazon.settings(SFO_COURT_EVENTS_QUEUE_URL=url))
    assert queue
    return queue


def the_topic(amazon: Amazon, arn: str) -> Topic:
    topic = Topic.of(amazon.settings(SFO_CASE_EVENTS_TOPIC_ARN=arn))
    assert topic
    return topic


def out(amazon: Amazon, **how: Any) -> tuple[Topic, str]:
    url = amazon.queue()
    return the_topic(amazon, amazon.topic(into=url, **how)), url


async def a_charged_case(record: Record, speed: float = 1.0, **changes: Any) -> str:
    """A case as it comes in, of the person X900001 or whom `changes` says."""
    charge = a_charge(**{"crn": "X900001", **changes})
    async with record.pool.acquire() as connection:
        return (await open_case(connection, charge, Pace(speed=speed))).reference


async def about(record: Record, reference: str, kind: str = "convicted", on: date | None = None) -> dict[str, Any]:
    """A message about this case, as it is agreed."""
    case = (await record.rows("SELECT crn, charged_on FROM cases WHERE reference = $1", reference))[0]
    offences = await record.rows("SELECT code, offence_on FROM offences WHERE reference = $1", reference)
    return {
        "eventType": f"probation-case.court-event.{kind}",
        "version": 1,
        "description": "Invented",
        "occurredAt": "2026-11-27T09:10:15.123456789+00:00",
        "personReference": {"identifiers": [{"type": "CRN", "value": case["crn"]}, {"type": "PNC", "value": "1/2A"}]},
        "additionalInformation": {
            "onDate": str(on or case["charged_on"]),
            "offences": [{"code": row["code"], "offenceOn": str(row["offence_on"])} for row in offences],
        },
    }
