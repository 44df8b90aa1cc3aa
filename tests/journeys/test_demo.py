"""Everything real: the demo's cases from charge to closed by the links in their letters, and what they left behind."""

import asyncio
import hashlib
import json
import os
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
import pytest_asyncio
from dateutil.relativedelta import relativedelta
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus

from activities.leak_gate import search_file
from activities.unpacking import unpack
from starter.casebook import view_cases
from starter.connections import Pool, database_pool, temporal_client
from starter.demo import CHARGES, PARTS, play
from starter.script import PASSAGE
from starter.up import RunningStack, stack
from tests.journeys.afterwards import CORRECTED, answering, given, text_of, times_asked, until_closed
from tests.journeys.privacy import encodings, held, letters, payloads_of
from tests.journeys.staged import children, typed
from workflows.contract import ids
from workflows.contract.rendition import FileFormat
from workflows.policy.anonymity import Named
from workflows.policy.leaks import Known

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
                views = await view_cases(connection, None)
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
           WHERE d.void_at IS NULL  -- one that came as its question was withdrawn is void
               AND (d.received_at < g.opened_at OR g.closed_at < d.received_at OR d.applied_at < d.received_at)"""
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


async def test_no_log_holds_anything_of_a_person_or_a_link(played: Played) -> None:
    logs = list(played.running.settings.data_dir.glob("*.log"))
    assert {"worker.log", "gateway.log"} <= {log.name for log in logs}
    for log in logs:
        text = log.read_text(errors="replace")
        assert not held(text), log.name
        assert not re.search(r"/a/[A-Za-z0-9_-]{20,}", text), log.name


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
    case = played.client.get_workflow_handle(ids.case_id(played.case(4)["reference"]))
    shown = len(await overdue_as_shown(case))
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
    # Not for a moment did the case say that it is in time again.
    assert b"false" not in (await overdue_as_shown(case))[shown:]


async def overdue_as_shown(handle: Any) -> list[bytes]:
    """What the workflow has shown as `SfoOverdue`, in its order."""
    events = (await handle.fetch_history()).events
    fields = [
        e.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
        for e in events
        if e.HasField("upsert_workflow_search_attributes_event_attributes")
    ]
    return [shown["SfoOverdue"].data for shown in fields if "SfoOverdue" in shown]


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


def test_the_demo_says_what_to_look_at(played: Played) -> None:
    said = "\n".join(played.said)
    assert "SfoOverdue" in said
    assert "/mailbox" in said


# --- after the cases had closed ---------------------------------------------------------------------------


async def test_what_left_is_what_was_released_and_gives_nobody_away(played: Played) -> None:
    """From outside: the bytes have the hash of the audit chain, and hold no name and nothing that was removed."""
    reference = played.case(1)["reference"]
    (released,) = await played.pool.fetch(
        "SELECT detail FROM sfo.audit WHERE reference = $1 AND action = 'rendition_released'", reference
    )
    files = await played.pool.fetch(
        "SELECT language, format, bytes FROM sfo.rendition_files WHERE reference = $1 AND kind = 'victim_rendition'",
        reference,
    )
    hashes = {f"{f['language']}.{f['format']}": hashlib.sha256(f["bytes"]).hexdigest() for f in files}
    assert hashes == released["detail"]["files"]
    assert {"en.html", "en.docx"} <= set(hashes)
    people = [json.loads((CHARGES / part.file).read_text()) for part in PARTS]
    names = {p["person"]["name"] for p in people} | {r["name"] for p in people for r in p["roster"]}
    for file in files:
        found = search_file(FileFormat(file["format"]), file["bytes"], Known(names=tuple(map(Named, names))))
        assert not [leak for leak in found if leak.kind not in ("name", "phone", "email")], file["format"]
        assert PASSAGE not in " ".join(extract.text for extract in unpack(file["format"], file["bytes"]).extracts)


async def test_a_family_opts_back_in_and_a_review_is_corrected_after_their_cases_had_closed(played: Played) -> None:
    """Each case is opened again, asks nobody twice, gives what is wanted, and closes again."""
    first, second = played.case(1)["reference"], played.case(2)["reference"]
    family, lead = "liaison.2.ash@invented.example.test", "senior.lead@n07.example.test"
    async with answering(played.running, played.pool, first, second):
        await typed(
            played.running, "opt-in", first, "v2", "--wish", "read_out", "--language", "cy",
            "--reasons", "Invented reason: they rang", "--as", family,
        )  # fmt: skip
        await typed(
            played.running, "correct", second, "--reason-code", "error_found", "--reasons", "Invented: a date is wrong",
            "--as", lead,
        )  # fmt: skip
        await until_closed(played.pool, first, second)
    assert await given(played.pool, first) == [("v1", 1), ("v2", 1)]
    assert [await times_asked(played.pool, first, question, "v2") for question in ("tell_family", "offer")] == [1, 1]
    assert await times_asked(played.pool, first, "language", "v2") == 1
    assert await given(played.pool, second) == [("v1", 1), ("v1", 2)]
    corrected = await text_of(played.pool, second, 2)
    assert corrected["changed_since"] == 1
    assert {change["label"] for change in corrected["changes"]} == {"Learning, paragraph 1"}
    assert CORRECTED in str(corrected)
    assert await times_asked(played.pool, second, "offer", "v1") == 1
    assert await played.pool.fetch("SELECT * FROM sfo.audit_verify()") == []


async def test_the_disclosure_of_a_case_reads_as_a_story(played: Played) -> None:
    """Printed as a person would read it, without a name, with every step in the chain."""
    said = await typed(played.running, "disclosure", played.case(1)["reference"])
    assert not held(said.replace("Invented reason", ""))
    steps = (
        "referred v2", "told v2 that", "wants the review after all", "decided 1 redaction", "released r1",
        "handed the review over to v1", "staff_safety-1", "opened the case again", "audit chain is whole",
    )  # fmt: skip
    for words in steps:
        assert words in said, words
