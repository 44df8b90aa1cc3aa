"""A queue and a topic of AWS, or of whatever speaks as they do. Loads the SDK, which is the extra `aws`, when made.

Credentials are found by the SDK's own chain and are no setting of ours. Every call has a timeout and is tried twice.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from starter.settings import Settings, SettingsError

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

Result = TypeVar("Result")

MOST = 10
"""Messages of one call, as many as SQS allows."""
WAIT_SECONDS = 5
"""How long one call waits for a message: a gateway that is stopped waits for it, so not the twenty that SQS allows."""
VISIBLE_AGAIN_SECONDS = 60
_CONNECT_SECONDS, _READ_SECONDS = 3, WAIT_SECONDS + 5
# What SNS says of one message; anything else is about the topic or the way to it, and holds up all of them.
_OF_ONE_MESSAGE = frozenset({"InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid"})


class AmazonAwayError(Exception):
    """Queue or topic did not answer, or will not let us in. Nothing is lost; the text is a code, never a message."""


class AmazonRefusedError(Exception):
    """The topic is there and will not take this one message; the text is a code."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message as the queue gave it: ours until it is deleted, or visible again after `VISIBLE_AGAIN_SECONDS`."""

    id: str
    body: str
    receipt: str


@dataclass(frozen=True, slots=True)
class QueueState:
    """How many messages wait, about. `dead`: in the dead-letter queue; None: there is none, or we may not look."""

    waiting: int
    has_dead_letters: bool
    dead: int | None


class Queue:
    """A queue of SQS by its address."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client, self._url = client, url

    @classmethod
    def of(cls, settings: Settings) -> "Queue | None":
        """The queue of court events, or None where none is set. Raises SettingsError without the SDK."""
        url = settings.court_events_queue_url
        return cls(_client("sqs", settings), url) if url else None

    async def receive(self) -> list[Received]:
        """Wait for messages and return them, none after `WAIT_SECONDS`. Raises AmazonAwayError."""
        answer = await _reached(
            lambda: self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=MOST,
                WaitTimeSeconds=WAIT_SECONDS,
                VisibilityTimeout=VISIBLE_AGAIN_SECONDS,
            )
        )
        return [Received(m["MessageId"], m["Body"], m["ReceiptHandle"]) for m in answer.get("Messages", ())]

    async def delete(self, message: Received) -> None:
        """The message is done with. Raises AmazonAwayError: it comes again."""
        await _reached(lambda: self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message.receipt))

    async def state(self) -> QueueState:
        """How the queue stands. Raises AmazonAwayError."""
        own = await _reached(
            lambda: self._client.get_queue_attributes(
                QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages", "RedrivePolicy"]
            )
        )
        attributes: Mapping[str, str] = own["Attributes"]  # type: ignore[assignment]  # keyed by a Literal
        policy = json.loads(attributes.get("RedrivePolicy", "{}"))
        arn = str(policy.get("deadLetterTargetArn", ""))
        dead = await self._waiting_in(arn) if arn else None
        return QueueState(int(attributes["ApproximateNumberOfMessages"]), bool(arn), dead)

    async def _waiting_in(self, arn: str) -> int | None:
        _, account, name = arn.rsplit(":", 2)

        def look() -> str:
            url = self._client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
            found = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
            return found["Attributes"]["ApproximateNumberOfMessages"]

        try:
            return int(await _reached(look))
        except AmazonAwayError:  # the right to look at it is another one than the right to read ours
            return None


class Topic:
    """A topic of SNS by its ARN; one that ends in .fifo keeps the order and drops what it had already."""

    def __init__(self, client: "SNSClient", arn: str) -> None:
        self._client, self._arn = client, arn

    @classmethod
    def of(cls, settings: Settings) -> "Topic | None":
        """The topic of case events, or None where none is set. Raises SettingsError without the SDK."""
        arn = settings.case_events_topic_arn
        return cls(_client("sns", settings), arn) if arn else None

    async def publish(self, message: str, event_type: str, group: str, event: str) -> None:
        """The topic has the message, with its type where subscribers filter by it.

        `group` is what keeps its order, `event` the id under which a FIFO topic takes it once. Raises AmazonAwayError,
        AmazonRefusedError.
        """
        once = {"MessageGroupId": group, "MessageDeduplicationId": event} if self._arn.endswith(".fifo") else {}
        attributes: Any = {"eventType": {"DataType": "String", "StringValue": event_type}}
        await _reached(
            lambda: self._client.publish(TopicArn=self._arn, Message=message, MessageAttributes=attributes, **once)
        )

    async def look(self) -> None:
        """The topic answers and lets us in. Raises AmazonAwayError."""
        await _reached(lambda: self._client.get_topic_attributes(TopicArn=self._arn))


def _client(service: str, settings: Settings) -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ModuleNotFoundError:
        raise SettingsError(
            "SFO_COURT_EVENTS_QUEUE_URL and SFO_CASE_EVENTS_TOPIC_ARN need the extra `aws`, which is not installed; "
            "install it with pip install 'serious-further-offences[aws]', or leave both out"
        ) from None
    tries: Any = {"total_max_attempts": 2, "mode": "standard"}
    config = Config(connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS, retries=tries)
    make: Any = boto3.session.Session().client
    return make(service, region_name=settings.aws_region, endpoint_url=settings.aws_endpoint_url, config=config)


async def _reached(call: Callable[[], Result]) -> Result:
    """Make a call of the SDK beside the event loop, and sort its errors: their text may quote a message."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return await asyncio.to_thread(call)
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        raise (AmazonRefusedError if code in _OF_ONE_MESSAGE else AmazonAwayError)(code) from None
    except (BotoCoreError, OSError) as error:
        raise AmazonAwayError(type(error).__name__) from None
