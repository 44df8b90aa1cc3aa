"""What can go wrong at services of others, each made to happen to a gateway that is set to reach them."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

from starter.record import append_audit
from tests.builders import ACase
from tests.starter.front_desk import a_case_now
from tests.starter.on_amazon import REGION, Amazon
from tests.telemetry.induced import Service


async def a_case(service: Service) -> ACase:
    case = await a_case_now(service.record, service.mail)
    await service.record.pool.execute("UPDATE cases SET started_at_wall = now()")
    return case


NOWHERE = "http://127.0.0.1:1"
NOTIFY_KEY = f"example-{uuid4()}-{uuid4()}"


async def notify_away(service: Service, amazon: Amazon) -> dict[str, str]:
    own = {"SFO_NOTIFY_API_KEY": NOTIFY_KEY, "SFO_NOTIFY_TEMPLATE": str(uuid4())}
    return own | {"SFO_NOTIFY_CALLBACK_TOKEN": str(uuid4()), "SFO_NOTIFY_URL": NOWHERE}


async def case_events_wait(service: Service, amazon: Amazon) -> dict[str, str]:
    """The topic is out of reach, and for twenty minutes a review has been overdue."""
    topic = amazon.topic(into=amazon.queue())
    case = await a_case(service)
    detail = {"due_on": "2027-01-05", "chased": 1}
    async with service.record.pool.acquire() as connection, connection.transaction():
        await append_audit(connection, case.at, case.reference, "system", "review_overdue", "review", detail)
    async with service.record.owner() as owner:
        await owner.execute("UPDATE case_events SET published_at_wall = now() WHERE reference <> $1", case.reference)
        await owner.execute("UPDATE case_events SET recorded_at = now() - interval '20 minutes'")
        assert await owner.fetchval("SELECT count(*) FROM case_events WHERE published_at_wall IS NULL")
    return {"SFO_CASE_EVENTS_TOPIC_ARN": topic, "SFO_AWS_ENDPOINT_URL": NOWHERE, "SFO_AWS_REGION": REGION}


async def court_events_refused(service: Service, amazon: Amazon) -> dict[str, str]:
    """Somebody sends what is no court event (below): a counter must be seen before it grows."""
    queue = amazon.queue(visible=600)
    return {"SFO_COURT_EVENTS_QUEUE_URL": queue, "SFO_AWS_ENDPOINT_URL": amazon.url, "SFO_AWS_REGION": REGION}


ELSEWHERE: dict[str, Callable[[Service, Amazon], Awaitable[dict[str, str]]]] = {
    "NotifyAway": notify_away,
    "CaseEventsWait": case_events_wait,
    "CourtEventsRefused": court_events_refused,
}
"""What can go wrong only with a gateway that is set to reach services of others."""
