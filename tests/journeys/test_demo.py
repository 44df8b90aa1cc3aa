"""Everything real: the demo's cases from charge to closed by the links in their letters, and what they left behind."""

import asyncio
import json
import mailbox
import os
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as modern
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from dateutil.relativedelta import relativedelta
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus

from starter.casebook import Wanted, view_cases
from starter.connections import Pool, database_pool, temporal_client
from starter.demo import CHARGES, PARTS, play
from starter.script import ALWAYS_REVIEWED, BY_PERSON, LATE_REPORTED, USUAL, Line
from starter.up import RunningStack, stack
from workflows.contract import ids

pytestmark = pytest.mark.journey


@dataclass
class Played:
    """What the demo left: still running, so that it can be looked at."""

    running: RunningStack
    pool: Pool
    client: Client
    problems: list[str]
    said: list[str]
    views: dict[str, dict[str, Any]]
    killed: list[str]

    def case(self, number: int) -> dict[str, Any]:
        return self.views[sorted(self.views)[number - 1]]


@pytest_asyncio.fixture(scope="module")
async def played(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Played]:
    said: list[str] = []
    environ = {"SFO_DATA_DIR": str(tmp_path_factory.mktemp("demo"))}
    async with stack(environ, say=said.append) as running:
        killing = asyncio.create_task(kill_now_and_then())
        problems = await play(running, said.append)
        killed = await killing
        async with database_pool(running.settings) as pool:
            async with pool.acquire() as connection:
                views = await view_cases(connection, Wanted())
            client = await temporal_client(running.settings)
            yield Played(running, pool, client, problems, said, {v["reference"]: v for v in views}, killed)


async def kill_now_and_then() -> list[str]:
    """Worker and gateway die without warning, twice each, while cases are in flight; the stack starts them again."""
    killed = []
    for wait, what in ((12, "worker"), (8, "gateway"), (12, "worker"), (8, "gateway")):
        await asyncio.sleep(wait)
        for pid in children(what):
            os.kill(pid, signal.SIGKILL)
            killed.append(what)
    return killed


def children(what: str) -> list[int]:
    """The processes of this name that this test's stack has started."""
    command = {"worker": b"-m\0worker", "gateway": b"-m\0starter\0gateway"}[what]
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and command in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except (OSError, ValueError):
            continue  # it ended meanwhile
    return found


async def test_each_case_ends_as_it_should(played: Played) -> None:
    assert played.problems == []
    assert [played.case(n)["outcome"] for n in (1, 2, 3, 4)] == ["completed", "completed", "discontinued", None]
    assert [played.case(n)["ground"] for n in (1, 2, 3, 4)] == ["always_reviewed", "always_reviewed", "risk", "risk"]
    assert played.case(4)["overdue"]


async def test_killing_worker_and_gateway_lost_nothing_and_doubled_nothing(played: Played) -> None:
    """Proved by every other test here as well, since the kills happened while these cases ran."""
    assert Counter(played.killed) == {"worker": 2, "gateway": 2}
    doubled = await played.pool.fetch(
        "SELECT gate FROM sfo.decisions WHERE void_at IS NULL GROUP BY gate HAVING count(*) > 1"
    )
    assert doubled == []
    waiting = await played.pool.fetchval(
        "SELECT count(*) FROM sfo.decisions WHERE applied_at IS NULL AND void_at IS NULL"
    )
    assert waiting == 0


async def test_the_always_reviewed_case_went_through_every_way_back(played: Played) -> None:
    reference = played.case(1)["reference"]
    stages = await played.pool.fetch("SELECT DISTINCT stage FROM sfo.gates WHERE reference = $1", reference)
    assert {"review", "review-2", "review-3", "countersign-3", "quality-assurance-2"} <= {r["stage"] for r in stages}
    victims = await played.pool.fetch(
        "SELECT ref, answer, given_on IS NOT NULL AS given FROM sfo.victims WHERE reference = $1 ORDER BY ref",
        reference,
    )
    assert [(v["answer"], v["given"]) for v in victims] == [("accepted", True), ("declined", False)]
    safety = [e for e in played.case(1)["escalations"] if e["kind"] == "staff_safety"]
    assert [(e["state"], e["outcome"]) for e in safety] == [("resolved", "release")]


async def test_nothing_reached_the_family_while_disclosure_was_held(played: Played) -> None:
    reference = played.case(1)["reference"]
    held_until = await played.pool.fetchval(
        "SELECT max(resolved_at) FROM sfo.escalations WHERE reference = $1 AND kind = 'staff_safety'", reference
    )
    opened = await played.pool.fetchval(
        "SELECT min(opened_at) FROM sfo.gates WHERE reference = $1 AND question IN ('release', 'handover')", reference
    )
    released = await played.pool.fetchval("SELECT min(at) FROM sfo.releases WHERE reference = $1", reference)
    assert held_until < opened < released


async def test_the_amended_case_was_first_not_reviewed(played: Played) -> None:
    reference = played.case(2)["reference"]
    client = played.client
    first = await client.get_workflow_handle(ids.case_id(reference) + "/charge").result()
    second = await client.get_workflow_handle(ids.case_id(reference) + "/charge-2").result()
    assert (first["ground"], second["ground"]) == ("none", "always_reviewed")
    amended = date.fromisoformat(next(e["on_date"] for e in played.case(2)["court_events"] if e["kind"] == "amended"))
    assert played.case(2)["original_review_due"] == str(amended + relativedelta(months=3))


async def test_the_discontinued_review_was_withdrawn_and_everybody_told(played: Played) -> None:
    reference = played.case(3)["reference"]
    end = await played.client.get_workflow_handle(ids.case_id(reference) + "/review").result()
    assert end["outcome"] == "withdrawn"
    told = await played.pool.fetch("SELECT to_email FROM sfo.outbox WHERE event = $1", f"{reference}/review_stopped-1")
    staff = await played.pool.fetch("SELECT email FROM sfo.staff WHERE reference = $1", reference)
    assert {t["to_email"] for t in told} == {s["email"] for s in staff}
    disclosed = await played.pool.fetchval(
        "SELECT count(*) FROM sfo.gates WHERE reference = $1 AND stage = 'victim-disclosure'", reference
    )
    assert disclosed == 0


async def test_the_record_s_dates_agree(played: Played) -> None:
    """Case dates everywhere: a gate opens before it closes, an answer falls between, letters carry the same days."""
    bad = await played.pool.fetch(
        """SELECT g.gate FROM sfo.gates g JOIN sfo.decisions d USING (gate)
           WHERE d.received_at < g.opened_at OR g.closed_at < d.received_at OR d.applied_at < d.received_at"""
    )
    assert bad == []
    early = await played.pool.fetch(
        """SELECT g.gate FROM sfo.gates g JOIN sfo.cases c USING (reference)
           WHERE g.opened_at::date < c.charged_on OR (c.closed_on IS NOT NULL AND g.opened_at::date > c.closed_on)"""
    )
    assert early == []
    spans = await played.pool.fetch("SELECT closed_on - charged_on AS days FROM sfo.cases WHERE closed_on IS NOT NULL")
    assert all(40 < s["days"] < 700 for s in spans)


async def test_the_audit_chain_holds_and_has_every_decision_once(played: Played) -> None:
    assert await played.pool.fetch("SELECT * FROM sfo.audit_verify()") == []
    decisions = await played.pool.fetch("SELECT decision::text FROM sfo.decisions WHERE channel <> 'operations'")
    recorded = await played.pool.fetch(
        "SELECT detail->>'decision' AS decision FROM sfo.audit WHERE action = 'decision_recorded'"
    )
    assert Counter(d["decision"] for d in decisions) == Counter(r["decision"] for r in recorded)


# --- privacy ------------------------------------------------------------------------------------------


def invented() -> set[str]:
    """Every name, address and identifier of the demo, and everything that its people type."""
    found = set(typed([USUAL, ALWAYS_REVIEWED, LATE_REPORTED, BY_PERSON]))
    for part in PARTS:
        charge = json.loads((CHARGES / part.file).read_text())
        found |= {charge["crn"], charge["noms"], charge["person"]["name"], charge["offences"][0]["wording"]}
        found |= {person[key] for person in charge["roster"] for key in ("name", "email")}
        found |= {v["name"] for v in charge["victims"]} | {v["liaison_officer_email"] for v in charge["victims"]}
    return found | {"example.test", "Example ", "An invented request"}


def typed(value: Any) -> Iterator[str]:
    """The sentences anywhere in the script; choices and dates may stand in histories."""
    if isinstance(value, Line):
        yield from typed([value.fields, value.reasons])
    elif isinstance(value, Mapping):
        yield from typed(list(value.values()))
    elif isinstance(value, list):
        for item in value:
            yield from typed(item)
    elif isinstance(value, str) and " " in value:
        yield value


def held(text: str) -> set[str]:
    return {name for name in invented() if name.casefold() in text.casefold()}


async def test_no_history_holds_anything_of_a_person(played: Played) -> None:
    """Histories as stored, and as they read once decrypted."""
    count = 0
    codec = played.client.data_converter.payload_codec
    assert codec is not None
    async for execution in played.client.list_workflows():
        history = await played.client.get_workflow_handle(execution.id, run_id=execution.run_id).fetch_history()
        stored = history.to_json()
        decoded = [p.data.decode(errors="replace") for p in await codec.decode(payloads_of(history.events))]
        assert not held(stored), execution.id
        assert not held("\n".join(decoded)), execution.id
        assert not held(json.dumps({str(k): str(v) for k, v in execution.search_attributes.items()}))
        assert "binary/encrypted" not in stored or "json/plain" not in encodings(stored), execution.id
        count += 1
    assert count > 35


def payloads_of(message: Any) -> list[Any]:
    """Every payload anywhere in these messages."""
    from temporalio.api.common.v1 import Payload

    found: list[Any] = []
    for part in message if isinstance(message, list) or hasattr(message, "append") else [message]:
        if isinstance(part, Payload):
            found.append(part)
            continue
        for descriptor, value in part.ListFields():
            if descriptor.message_type is None:
                continue
            if descriptor.message_type.GetOptions().map_entry:
                values = list(value.values()) if hasattr(value, "values") else []
                found += payloads_of([v for v in values if hasattr(v, "ListFields")])
            elif hasattr(value, "ListFields"):
                found += payloads_of([value])
            else:
                found += payloads_of(list(value))
    return found


def encodings(stored: str) -> str:
    """The encodings named in a history, search attributes left out: those are never encrypted."""
    without = re.sub(r'"(searchAttributes|indexedFields)":\s*\{.*?\}\s*\}\s*\}', "", stored, flags=re.DOTALL)
    return " ".join(re.findall(r'"encoding":\s*"([^"]+)"', without))


async def test_no_log_holds_anything_of_a_person_or_a_link(played: Played) -> None:
    logs = list(played.running.settings.data_dir.glob("*.log"))
    assert {"worker.log", "gateway.log"} <= {log.name for log in logs}
    for log in logs:
        text = log.read_text(errors="replace")
        assert not held(text), log.name
        assert not re.search(r"/a/[A-Za-z0-9_-]{20,}", text), log.name


def letters(settings_mailbox: Path | None) -> list[EmailMessage]:
    assert settings_mailbox is not None
    box = mailbox.Maildir(settings_mailbox, create=False)
    return [
        BytesParser(_class=EmailMessage, policy=modern).parsebytes(box.get_bytes(key)) for key, _ in box.iteritems()
    ]


async def test_a_letter_names_nobody_but_its_reader(played: Played) -> None:
    for letter in letters(played.running.settings.mailbox_dir):
        reader = letter["To"].addresses[0]
        own = {reader.addr_spec, reader.display_name, "example.test", "Example "}
        parts = [p.get_content() for p in letter.walk() if p.get_content_maintype() == "text"]
        assert held(" ".join([letter["Subject"], *parts])) <= own, letter["Subject"]


async def test_one_event_is_one_letter(played: Played) -> None:
    """Twice only where a worker died between the mail server's yes and our note of it: SMTP leaves no choice there."""
    async with asyncio.timeout(90):  # a letter that a dead worker was sending is taken up again after a minute
        while await played.pool.fetchval("SELECT count(*) FROM sfo.outbox WHERE state <> 'sent'"):
            await asyncio.sleep(0.5)
    identities = Counter(letter["Message-ID"] for letter in letters(played.running.settings.mailbox_dir))
    tried_again = await played.pool.fetch("SELECT message_id FROM sfo.outbox WHERE attempts > 1")
    doubled = {identity for identity, times in identities.items() if times > 1}
    assert doubled <= {row["message_id"] for row in tried_again}
    assert len(doubled) <= played.killed.count("worker")


# --- drills on what is still running --------------------------------------------------------------------


async def test_resetting_a_stage_sends_no_letter_twice_and_repeats_no_decision(played: Played) -> None:
    """The open case's review, reset to its first task: every signal is applied again by Temporal."""
    workflow_id = ids.case_id(played.case(4)["reference"]) + "/review"
    handle = played.client.get_workflow_handle(workflow_id)
    before = len(letters(played.running.settings.mailbox_dir))
    decided = await played.pool.fetchval("SELECT count(*) FROM sfo.decisions")
    audit = await played.pool.fetchval("SELECT max(seq) FROM sfo.audit")
    history = await handle.fetch_history()
    first = next(e for e in history.events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
    await played.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=played.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id),
            reason="drill",
            request_id="drill-reset",
            workflow_task_finish_event_id=first.event_id,
        )
    )
    again = played.client.get_workflow_handle(workflow_id)
    gates = {gate["gate"] for gate in played.case(4)["open_gates"] if "/review/" in gate["gate"]}
    async with asyncio.timeout(60):
        while await opened_in(again) < len(gates) + 1:
            await asyncio.sleep(0.3)
    assert (await again.describe()).status is WorkflowExecutionStatus.RUNNING
    assert len(letters(played.running.settings.mailbox_dir)) == before
    assert await played.pool.fetchval("SELECT count(*) FROM sfo.decisions") == decided
    assert await played.pool.fetchval("SELECT max(seq) FROM sfo.audit") == audit


async def opened_in(handle: Any) -> int:
    history = await handle.fetch_history()
    scheduled = {
        e.event_id: e.activity_task_scheduled_event_attributes.activity_type.name
        for e in history.events
        if e.HasField("activity_task_scheduled_event_attributes")
    }
    done = [
        e.activity_task_completed_event_attributes.scheduled_event_id
        for e in history.events
        if e.HasField("activity_task_completed_event_attributes")
    ]
    return sum(scheduled.get(event) == "open_gate" for event in done)


async def test_a_signal_with_rubbish_is_a_dead_letter_and_the_case_goes_on(played: Played) -> None:
    handle = played.client.get_workflow_handle(ids.case_id(played.case(4)["reference"]))
    before = (await handle.query("status"))["dead_letters"]
    await handle.signal("court_event", {"kind": "eclipse"})
    await handle.signal("raise_concern", "rubbish")
    assert (await handle.query("status"))["dead_letters"] == before + 2
    assert (await handle.describe()).status is WorkflowExecutionStatus.RUNNING


async def test_operations_find_the_overdue_case_by_its_search_attribute(played: Played) -> None:
    """Visibility follows the histories by some moments."""
    reference = played.case(4)["reference"]
    wanted = {ids.case_id(reference), ids.case_id(reference) + "/review"}
    query = "SfoOverdue=true AND ExecutionStatus='Running'"
    async with asyncio.timeout(30):
        while not wanted <= {e.id async for e in played.client.list_workflows(query)}:
            await asyncio.sleep(0.2)


async def test_once_overdue_the_case_never_said_that_it_is_in_time(played: Played) -> None:
    """Not even while its review was reset, by a test above, and began anew."""
    handle = played.client.get_workflow_handle(ids.case_id(played.case(4)["reference"]))
    shown = [
        event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields["SfoOverdue"].data
        for event in (await handle.fetch_history()).events
        if event.HasField("upsert_workflow_search_attributes_event_attributes")
        and "SfoOverdue" in event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
    ]
    assert b"true" in shown
    assert b"false" not in shown[shown.index(b"true") :]


def test_the_demo_says_what_to_look_at(played: Played) -> None:
    said = "\n".join(played.said)
    assert "SfoOverdue" in said
    assert "/mailbox" in said
