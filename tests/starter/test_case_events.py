"""What happens in a case is published once it is committed: in order, to the schema, and again with the same id."""

import asyncio
import json
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from starter.amazon import AmazonRefusedError, Topic
from starter.case_events import TYPES, CaseEvents
from starter.connections import Connection
from starter.record import append_audit
from tests.conftest import Record
from tests.starter.on_amazon import Amazon, a_charged_case, out, the_topic
from tests.starter.on_amazon import amazon as amazon  # the fixtures
from tests.starter.on_amazon import amazon_server as amazon_server
from tests.starter.on_amazon import no_waiting as no_waiting

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "deploy" / "events" / "case-event.json").read_text())
SAYS = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
AT = datetime(2026, 10, 6, 9, 30, tzinfo=UTC)
OPENED, CLOSED = "probation.sfo.case.opened", "probation.sfo.case.closed"

# What the code writes into the audit, and what is published of it: the type, and what is said beside the reference.
TOLD: list[tuple[str, str, dict[str, Any], str, dict[str, Any]]] = [
    ("case_reopened", "{ref}", {"closed_on": "2026-10-01"}, "case.reopened", {}),
    (
        "case_transferred",
        "N07 N07CAM",
        {"before": "N53 N53LEI", "reason": "moved", "gates": ["g"]},
        "case.transferred",
        {"region": "N07", "pdu": "N07CAM"},
    ),
    ("case_closed", "{ref}", {"outcome": "reviewed"}, "case.closed", {"outcome": "reviewed"}),
    (
        "deadline_fixed",
        "review",
        {"on": "2027-01-05", "rulebook": "x"},
        "review.due-changed",
        {"dueOn": "2027-01-05", "dueOnAtFirst": "2027-01-05"},
    ),
    (
        "deadline_moved",
        "review",
        {"decision": "d", "from_on": "2027-01-05", "to_on": "2027-02-05", "original_on": "2027-01-05", "late": False},
        "review.due-changed",
        {"dueOn": "2027-02-05", "dueOnBefore": "2027-01-05", "dueOnAtFirst": "2027-01-05"},
    ),
    (
        "clock_resumed",
        "review",
        {"event": "e", "from_on": "2027-01-05", "to_on": "2027-01-12", "original_on": "2027-01-05"},
        "review.due-changed",
        {"dueOn": "2027-01-12", "dueOnBefore": "2027-01-05", "dueOnAtFirst": "2027-01-05"},
    ),
    ("review_overdue", "review", {"due_on": "2027-01-05", "chased": 1}, "review.overdue", {"dueOn": "2027-01-05"}),
    (
        "decision_applied",
        "{ref}/review-2/submit:v1",
        {"answer": "submitted", "late": False, "decision": "d"},
        "review.submitted",
        {},
    ),
]
UNTOLD: list[tuple[str, str, dict[str, Any]]] = [
    ("decision_applied", "{ref}/review/submit:v1", {"answer": "revise"}),
    ("decision_applied", "{ref}/review/draft", {"answer": "submitted"}),
    ("deadline_moved", "{ref}/review/draft", {"to_on": "2027-02-05"}),
    ("clock_resumed", "review", {"from_on": None, "to_on": None}),
    ("concern_raised", "{ref}/escalation/staff_safety-1", {}),
    ("court_event", "{ref}/court/convicted-2026-10-06", {"kind": "convicted", "on": "2026-10-06"}),
]


async def happens(record: Record, ref: str, action: str, subject: str, detail: dict[str, Any]) -> None:
    async with record.pool.acquire() as connection, connection.transaction():
        await append_audit(connection, AT, ref, "somebody@example.test", action, subject.format(ref=ref), detail)


async def closes(record: Record, reference: str) -> None:
    await happens(record, reference, "case_closed", "{ref}", {"outcome": "reviewed"})


async def age(record: Record, days: int) -> None:
    async with record.owner() as owner:
        await owner.execute("UPDATE case_events SET recorded_at = recorded_at - make_interval(days => $1)", days)


def types(heard: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["Message"]["additionalInformation"]["caseReference"], one["Message"]["eventType"]) for one in heard]


# --- what is published ------------------------------------------------------------------------------------


async def test_a_case_that_is_opened_is_told_once_with_its_person_and_codes(record: Record, amazon: Amazon) -> None:
    reference = await a_charged_case(record)
    topic, url = out(amazon, only=[OPENED])
    events = CaseEvents(topic, record.pool)
    assert [await events.publish_some() for _ in range(3)] == [1, 0, 0]
    (heard,) = amazon.heard(url)
    at = await record.value("SELECT at FROM audit")
    assert isinstance(at, datetime)
    assert heard["MessageAttributes"]["eventType"] == {"Type": "String", "Value": OPENED}
    assert heard["Message"] == {
        "eventType": OPENED,
        "version": 1,
        "description": "A case of a serious further offence was opened",
        "occurredAt": at.isoformat().replace("+00:00", "Z"),
        "personReference": {"identifiers": [{"type": "CRN", "value": "X900001"}, {"type": "NOMS", "value": "A1234BC"}]},
        "additionalInformation": {
            "eventId": str(await record.value("SELECT event FROM case_events")),
            "caseReference": reference,
            "region": "N53",
            "pdu": "N53LEI",
        },
    }


@pytest.mark.parametrize(("action", "subject", "detail", "name", "said"), TOLD)
async def test_each_is_told_by_codes_and_dates_as_the_schema_says(
    record: Record, amazon: Amazon, action: str, subject: str, detail: dict[str, Any], name: str, said: dict[str, Any]
) -> None:
    reference = await a_charged_case(record)
    await happens(record, reference, action, subject, detail)
    topic, url = out(amazon)
    await CaseEvents(topic, record.pool).publish_some()
    first, second = (one["Message"] for one in amazon.heard(url))
    for message in (first, second):
        SAYS.validate(message)
    assert (second["eventType"], second["occurredAt"]) == (f"probation.sfo.{name}", "2026-10-06T09:30:00Z")
    told = second["additionalInformation"]
    assert {key: told[key] for key in told if key not in ("eventId", "caseReference")} == said
    words = json.dumps([first, second])
    assert not any(name in words for name in ("Example", "example.test", "1991", "Court"))


@pytest.mark.parametrize(("action", "subject", "detail"), UNTOLD)
async def test_anything_else_is_not_told(record: Record, action: str, subject: str, detail: dict[str, Any]) -> None:
    reference = await a_charged_case(record)
    await happens(record, reference, action, subject, detail)
    assert await record.rows("SELECT type FROM case_events") == [{"type": OPENED}]


async def test_the_database_the_code_and_the_schema_know_the_same_types(record: Record) -> None:
    source = str(await record.value("SELECT prosrc FROM pg_proc WHERE proname = 'case_event_type'"))
    in_database = {word.strip("'") for word in source.replace("\n", " ").split() if word.startswith("'probation.")}
    assert in_database == set(TYPES) == set(SCHEMA["properties"]["eventType"]["enum"])
    assert {f"probation.sfo.{name}" for *_, name, _ in TOLD} | {OPENED} == set(TYPES)


async def test_a_case_in_rehearsal_tells_nobody(record: Record) -> None:
    reference = await a_charged_case(record, speed=1000)
    await closes(record, reference)
    assert await record.rows("SELECT * FROM case_events") == []


async def test_whoever_is_no_longer_in_the_record_is_not_told_of(record: Record, amazon: Amazon) -> None:
    reference = await a_charged_case(record)
    await record.pool.execute("UPDATE cases SET crn = 'erased', noms = NULL WHERE reference = $1", reference)
    topic, url = out(amazon)
    await CaseEvents(topic, record.pool).publish_some()
    (heard,) = amazon.heard(url)
    assert heard["Message"]["personReference"] == {"identifiers": []}
    SAYS.validate(heard["Message"])


# --- as durable as its row of the audit -------------------------------------------------------------------


async def test_what_was_rolled_back_is_not_told(record: Record) -> None:
    reference = await a_charged_case(record)

    async def changes_its_mind(connection: Connection) -> None:
        async with connection.transaction():
            await append_audit(connection, AT, reference, "system", "case_closed", reference, {"outcome": "reviewed"})
            raise LookupError

    async with record.pool.acquire() as connection:
        with pytest.raises(LookupError):
            await changes_its_mind(connection)
    assert await record.value("SELECT count(*) FROM case_events WHERE type = $1", CLOSED) == 0


async def test_the_service_can_neither_invent_an_event_nor_take_one_back(record: Record) -> None:
    await a_charged_case(record)
    for statement in (
        "INSERT INTO case_events (audit, reference, type) VALUES (99, 'x', 'y')",
        "DELETE FROM case_events",
        "UPDATE case_events SET event = gen_random_uuid()",
    ):
        with pytest.raises(Exception, match="permission denied"):
            await record.pool.execute(statement)


async def test_without_a_topic_the_outbox_stays_small_and_keeps_thirty_days(record: Record) -> None:
    reference = await a_charged_case(record)
    await age(record, 29)
    await closes(record, reference)
    assert await record.value("SELECT count(*) FROM case_events") == 2
    await age(record, 2)
    await a_charged_case(record, crn="X900002")
    assert await record.value("SELECT count(*) FROM case_events") == 2
    assert await record.value("SELECT count(*) FROM audit") == 3


# --- in order, at least once ------------------------------------------------------------------------------


async def test_events_of_a_case_leave_in_the_order_in_which_they_happened(record: Record, amazon: Amazon) -> None:
    cases = [await a_charged_case(record, crn=f"X90000{n}") for n in range(3)]
    for reference in reversed(cases):
        await closes(record, reference)
    url = amazon.queue()
    topic = the_topic(amazon, amazon.topic(into=url))
    await CaseEvents(topic, record.pool).publish_some()
    wanted = [(one, OPENED) for one in cases] + [(one, CLOSED) for one in reversed(cases)]
    assert sorted(types(amazon.heard(url))) == sorted(wanted)
    rows = await record.rows("SELECT reference, type FROM case_events ORDER BY published_at_wall")
    assert [(row["reference"], row["type"]) for row in rows] == wanted


async def test_what_the_topic_refuses_holds_up_its_own_case_and_no_other(
    record: Record, amazon: Amazon, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = await a_charged_case(record), await a_charged_case(record, crn="X900002")
    for reference in (bad, good):
        await closes(record, reference)

    class Picky(Topic):
        is_picky = True

        async def publish(self, message: str, event_type: str, group: str, event: str) -> None:
            if self.is_picky and group == bad and event_type == OPENED:
                raise AmazonRefusedError("InvalidParameter")
            await super().publish(message, event_type, group, event)

    topic, url = out(amazon)
    picky = Picky(topic._client, topic._arn)
    events = CaseEvents(picky, record.pool)
    assert [await events.publish_some() for _ in range(3)] == [2, 0, 0]
    assert sorted(types(amazon.heard(url))) == [(good, CLOSED), (good, OPENED)]
    assert caplog.text.count("is not published: InvalidParameter") == 1
    picky.is_picky, events._not_before = False, {}
    assert await events.publish_some() == 2
    assert sorted(types(amazon.heard(url))) == [(bad, CLOSED), (bad, OPENED)]


KILLED = """
import asyncio, os, signal, sys
from starter.amazon import Topic
from starter.case_events import CaseEvents
from starter.connections import open_pool
from starter.settings import Settings

class Killed(Topic):
    async def publish(self, *said):
        await super().publish(*said)
        os.kill(os.getpid(), signal.SIGKILL)

async def main(url, endpoint, arn):
    given = {"SFO_AWS_ENDPOINT_URL": endpoint, "SFO_CASE_EVENTS_TOPIC_ARN": arn}
    topic = Topic.of(Settings.with_stand_ins(given))
    await CaseEvents(Killed(topic._client, arn), await open_pool(url)).publish_some()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_killed_between_publishing_and_marking_the_same_event_comes_again_with_the_same_id(
    record: Record, amazon: Amazon
) -> None:
    await a_charged_case(record)
    url = amazon.queue()
    arn = amazon.topic(into=url)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, record.app_url, amazon.url, arn, cwd=ROOT
    )
    assert await process.wait() == -signal.SIGKILL
    assert await record.value("SELECT published_at_wall FROM case_events") is None
    events = CaseEvents(the_topic(amazon, arn), record.pool)
    async with asyncio.timeout(20):
        while not await events.publish_some():  # PostgreSQL gives the lock of the dead back
            await asyncio.sleep(0.05)
    first, second = (one["Message"] for one in amazon.heard(url))
    assert first == second


async def test_several_gateways_publish_each_event_once(record: Record, amazon: Amazon) -> None:
    for n in range(20):
        await a_charged_case(record, crn=f"X9001{n:02}")
    topic, url = out(amazon)
    gateways = [CaseEvents(topic, record.pool) for _ in range(4)]
    published = await asyncio.gather(*(gateway.publish_some() for gateway in gateways))
    assert sum(published) == 20
    assert len(types(amazon.heard(url))) == 20


async def test_a_fifo_topic_is_told_the_case_and_the_id(record: Record, amazon: Amazon) -> None:
    reference = await a_charged_case(record)
    said: dict[str, Any] = {}

    class Client:
        def publish(self, **given: Any) -> None:
            said.update(given)

    client: Any = Client()
    await CaseEvents(Topic(client, "arn:aws:sns:eu-west-2:123456789012:t.fifo"), record.pool).publish_some()
    event = str(await record.value("SELECT event FROM case_events"))
    assert (said["MessageGroupId"], said["MessageDeduplicationId"]) == (reference, event)


def test_the_schema_is_one_and_asks_for_what_every_domain_event_has() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["required"]) >= {"eventType", "version", "occurredAt"}


def test_what_is_sent_and_taken_is_described_for_other_services() -> None:
    folder = ROOT / "deploy" / "events"
    described = yaml.safe_load((folder / "asyncapi.yml").read_text())
    messages = described["components"]["messages"]
    for name, message in messages.items():
        assert json.loads((folder / message["payload"]["$ref"]).read_text())["$id"] == f"{name}.json"
    used = {
        (operation["action"], message)
        for operation in described["operations"].values()
        for message in described["channels"][operation["channel"]["$ref"].rpartition("/")[2]]["messages"]
    }
    assert used == {("send", "case-event"), ("receive", "court-event")}
    assert set(messages) == {message for _, message in used}
