"""The checks of domain events: the queue of court events and its dead letters, the topic and what waits for it."""

from datetime import timedelta

from starter.amazon import AmazonAwayError, Queue, Topic
from starter.doctor import DATABASE, Check, Finding, Level, Practice, ago
from starter.settings import SettingsError

LATE = timedelta(minutes=10)


async def _queue(practice: Practice) -> Finding:
    try:
        queue = Queue.of(practice.settings)
        if queue is None:
            return Finding(Level.OK, "no queue of court events is set; they come by `sfo court-event`")
        state = await queue.state()
    except SettingsError as error:
        return Finding(Level.FAIL, "the SDK of AWS is not installed", str(error))
    except AmazonAwayError as error:
        return _away("the queue of court events", "SFO_COURT_EVENTS_QUEUE_URL", error)
    said = f"{state.waiting} court events wait in the queue"
    if not state.has_dead_letters:
        remedy = "give the queue a dead-letter queue, or a message that cannot be used comes again until it expires"
        return Finding(Level.WARN, f"{said}, which has no dead-letter queue", remedy)
    if state.dead is None:
        remedy = "grant sqs:GetQueueUrl and sqs:GetQueueAttributes on it, or watch it elsewhere"
        return Finding(Level.WARN, f"{said}; the dead-letter queue may not be looked at", remedy)
    if state.dead:
        remedy = "report each by hand or mend its cause and send it again: see `Domain events`"
        return Finding(Level.WARN, f"{said}, and {state.dead} in the dead-letter queue", remedy)
    return Finding(Level.OK, f"{said}, and none in the dead-letter queue")


async def _topic(practice: Practice) -> Finding:
    try:
        topic = Topic.of(practice.settings)
        if topic is None:
            return Finding(Level.OK, "no topic for case events is set; nobody is told")
        await topic.look()
    except SettingsError as error:
        return Finding(Level.FAIL, "the SDK of AWS is not installed", str(error))
    except AmazonAwayError as error:
        return _away("the topic for case events", "SFO_CASE_EVENTS_TOPIC_ARN", error)
    pool = await practice.record()
    waiting, oldest = await pool.fetchrow(
        "SELECT count(*), min(recorded_at) FROM sfo.case_events WHERE published_at_wall IS NULL"
    ) or (0, None)
    if oldest is None:
        return Finding(Level.OK, "the topic answers and no case event waits")
    said = f"the topic answers; {waiting} case events wait, the oldest since {ago(oldest, practice.now())}"
    if practice.now() - oldest > LATE:
        remedy = "see in gateway.log why they are not published; after 30 days they are dropped"
        return Finding(Level.WARN, said, remedy)
    return Finding(Level.OK, said)


def _away(what: str, variable: str, error: AmazonAwayError) -> Finding:
    remedy = f"see whether {variable} and SFO_AWS_REGION are right, and what the credentials of this process may do"
    return Finding(Level.AWAY, f"{what} does not answer: {error}", remedy)


CHECKS = (
    Check("court-queue", _queue, ("SFO_COURT_EVENTS_QUEUE_URL", "SFO_AWS_REGION", "SFO_AWS_ENDPOINT_URL")),
    Check("case-events", _topic, ("SFO_CASE_EVENTS_TOPIC_ARN", "SFO_AWS_REGION", "SFO_AWS_ENDPOINT_URL", *DATABASE)),
)
