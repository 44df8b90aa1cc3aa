"""What is stranded is found, each kind by itself, on a real server; raised once; and gone once it is put right."""

import asyncio
import json
import logging
import shutil
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from deploy.embedded import temporal as embedded
from deploy.embedded.ports import usable_port
from starter.__main__ import run
from starter.audit_completeness import completeness
from starter.comparing import Limits
from starter.delivery import Delivery
from starter.reconciling import Reconciliation
from starter.relay import Relay
from starter.signals import TemporalAwayError
from starter.stranded import MEANINGS, Kind
from tests.starter.front_desk import a_settings
from tests.workflows.conftest import Office
from tests.workflows.reconciled import (
    AT_ONCE,
    NOBODY,
    Fails,
    Tries,
    Watched,
    a_notification,
    an_idle_case,
    delete,
    never_works,
    pause,
    people,
    started,
    unpause,
)
from workflows.contract import ids
from workflows.contract.vocabulary import Stage

DOCS = Path(__file__).parents[2] / "docs"


@pytest_asyncio.fixture(scope="module")
async def temporal() -> AsyncIterator[embedded.EmbeddedTemporal]:
    """A server of this file's own, on which a workflow can be paused."""
    folder = Path(tempfile.mkdtemp(prefix="sfo-reconciling-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(embedded._SETTINGS, "frontend.WorkflowPauseEnabled", "true")
        server = embedded.embedded_temporal(folder, port=usable_port(0), ui_port=usable_port(0), time_skipping=True)
        async with server as running:
            yield running
    shutil.rmtree(folder, ignore_errors=True)


# --- the record and Temporal do not agree -------------------------------------------------------------


async def test_what_agrees_is_no_finding(office: Office) -> None:
    watched, _ = await a_notification(office)
    for _ in range(3):
        assert await watched.round() == []
    assert await watched.rows() == []


async def test_a_terminated_case_is_raised_once_and_its_escalation_runs_by_itself(office: Office) -> None:
    watched, _ = await an_idle_case(office)
    await watched.client.get_workflow_handle(watched.case).terminate("drill")
    await watched.until([("case_gone", "")])
    assert await watched.round() == [("case_gone", "")]
    (row,) = await watched.rows()
    assert (row["state"], row["resolved_at"]) == ("TERMINATED", None)
    assert row["since"] < row["first_seen"] < row["last_seen"]
    (letter,) = await watched.told()
    assert letter["to_email"] == "operations@national.example.test"
    assert letter["reference"] is None
    assert letter["context"]["count"] == 1
    assert await watched.audited("workflow_stranded", "workflow_unstranded") == ["workflow_stranded"]
    assert await watched.escalations() == [("other", 1, "system_failure", watched.reference, "relay")]
    # The national team is asked, with a clock, though no case runs.
    gate = await office.gate(f"{watched.reference}/escalation/other-1/acknowledge:other-1")
    assert gate["role"] == "national_team"


async def test_a_deleted_case_is_missing(office: Office) -> None:
    watched, _ = await an_idle_case(office)
    await delete(watched.client, watched.case)
    await watched.until([("case_gone", "")])
    assert [row["state"] for row in await watched.rows()] == ["MISSING"]


async def test_what_has_just_been_written_is_left_for_the_next_round(office: Office) -> None:
    watched, _ = await an_idle_case(office)
    await watched.client.get_workflow_handle(watched.case).terminate("drill")
    watched.limits = Limits(grace=timedelta(hours=1))
    for _ in range(3):
        assert await watched.round() == []
        await asyncio.sleep(0.3)
    watched.limits = AT_ONCE
    await watched.until([("case_gone", "")])
    watched.limits = Limits(grace=timedelta(hours=1))  # known already, it stands, whatever is written meanwhile
    assert await watched.round() == [("case_gone", "")]


async def test_a_case_that_was_closed_past_the_service_runs_on(office: Office) -> None:
    watched, _ = await a_notification(office)
    await office.record.pool.execute(
        "UPDATE cases SET closed_on = '2026-10-05', outcome = 'completed' WHERE reference = $1", watched.reference
    )
    await watched.until([("case_runs_on", "")])
    assert await watched.escalations() == []  # a closed case can have none
    assert len(await watched.told()) == 1
    await office.record.pool.execute("UPDATE cases SET closed_on = NULL WHERE reference = $1", watched.reference)
    assert await watched.round() == []
    assert [row["resolved_at"] is None for row in await watched.rows()] == [False]


async def test_a_stage_of_a_closed_case_runs_on(office: Office) -> None:
    opening = await office.report()
    await started(office, opening)
    watched = Watched(office, opening.reference)
    await office.start(opening, Stage.EARLY_LOOK)
    await office.gate(f"{opening.reference}/early-look/early_look")
    await office.record.pool.execute(
        "UPDATE cases SET closed_on = '2026-10-05', outcome = 'completed' WHERE reference = $1", opening.reference
    )
    await watched.until([("stage_runs_on", "early-look")])


async def test_a_case_that_the_record_does_not_know(office: Office) -> None:
    watched = Watched(office, "SFO-2026-99999")
    for part in ("", "/review", "/escalation/other-1"):
        await office.client.start_workflow("sfo-case", id=f"{watched.case}{part}", task_queue=NOBODY)
    await watched.until([("case_unknown", "")])
    assert [row["reference"] for row in await watched.rows()] == ["SFO-2026-99999"]
    audit = await office.record.rows("SELECT reference, subject FROM audit WHERE action = 'workflow_stranded'")
    assert [tuple(row.values()) for row in audit] == [(None, watched.case)]


async def test_a_terminated_stage_has_an_escalation_in_its_case_and_is_gone_again_when_it_runs(office: Office) -> None:
    watched, stage = await a_notification(office)
    await stage.terminate("drill")
    await watched.until([("stage_gone", "notification")])
    about = f"{watched.reference}/notification"
    assert await watched.escalations() == [("other", 1, "system_failure", about, "relay")]
    signals = [
        event.workflow_execution_signaled_event_attributes.signal_name
        async for event in office.client.get_workflow_handle(watched.case).fetch_history_events()
        if event.HasField("workflow_execution_signaled_event_attributes")
    ]
    assert signals == ["raise_concern"]
    await _again(office, watched, "notification", Stage.NOTIFICATION)
    await office.record.pool.execute("UPDATE escalations SET state = 'resolved', resolved_at = now()")
    await office.until(lambda: _resolved(watched))
    assert await watched.audited("workflow_stranded", "workflow_unstranded") == [
        "workflow_stranded", "workflow_unstranded",
    ]  # fmt: skip
    assert len(await watched.told()) == 1


async def _again(office: Office, watched: Watched, part: str, stage: Stage) -> None:
    """Begun again under its own id, with what it started with first."""
    history = await office.client.get_workflow_handle(f"{watched.case}/{part}").fetch_history()
    given = history.events[0].workflow_execution_started_event_attributes.input.payloads
    (brief,) = await office.client.data_converter.decode(given)
    await office.client.start_workflow(str(stage), brief, id=f"{watched.case}/{part}", task_queue=ids.CASEWORK_QUEUE)


async def _resolved(watched: Watched) -> bool:
    await watched.round()
    return all(row["resolved_at"] for row in await watched.rows())


async def test_an_escalation_and_an_enquiry_without_a_workflow(office: Office) -> None:
    watched, _ = await an_idle_case(office)
    await office.record.pool.execute(
        """INSERT INTO escalations (reference, kind, number, reason, raised_at, delivered_at_wall)
           VALUES ($1, 'overdue', 1, 'other', now(), now()), ($1, 'overdue', 2, 'other', now(), NULL)""",
        watched.reference,
    )
    await office.record.pool.execute(
        """INSERT INTO enquiries (reference, number, kind, received_on, at, delivered_at_wall)
           VALUES ($1, 1, 'foi', current_date, now(), now())""",
        watched.reference,
    )
    await watched.until([("enquiry_gone", "enquiry/1"), ("escalation_gone", "escalation/overdue-1")])
    # The team's own row is missing, so another one about it would be missing as well; the enquiry has one.
    others = [one for one in await watched.escalations() if one[0] == "other"]
    assert others == [("other", 1, "system_failure", f"{watched.reference}/enquiry/1", "relay")]


async def test_an_escalation_that_runs_for_nothing(office: Office) -> None:
    watched, _ = await an_idle_case(office)
    await office.client.start_workflow("escalation", id=f"{watched.case}/escalation/overdue-7", task_queue=NOBODY)
    await watched.until([("escalation_runs_on", "escalation/overdue-7")])


# --- it runs and does not move ---------------------------------------------------------------------------


async def test_a_paused_workflow_is_found_and_hides_no_other(office: Office) -> None:
    """The client of this version cannot list or describe one: its status has no name there."""
    watched, _ = await an_idle_case(office)
    await pause(office.client, watched.case)
    with pytest.raises(ValueError, match="8 is not a valid"):
        await office.client.get_workflow_handle(watched.case).describe()
    try:
        await watched.until([("paused", "")])
        assert await watched.escalations() == []  # a paused case could start none
        one = await completeness(office.record.pool, office.client, [watched.reference])
        assert (one.histories, one.differences) == (1, [])
        every = await completeness(office.record.pool, office.client, None)
        assert (every.cases, {found.kind for found in every.differences} <= {"unknown_case"}) == (1, True)
    finally:
        await unpause(office.client, watched.case)
    await office.until(lambda: _resolved(watched))


async def test_code_that_fails_and_a_step_that_fails(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    watched, _ = await an_idle_case(office)
    watched.limits = Limits(grace=timedelta(0), attempts=2, failing=timedelta(seconds=2))
    worker = Worker(
        office.client, task_queue="fails", workflows=[Fails, Tries], activities=[never_works],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )  # fmt: skip
    async with worker:
        await office.client.start_workflow("fails", id=f"{watched.case}/review", task_queue="fails")
        await office.client.start_workflow("tries", id=f"{watched.case}/countersign", task_queue="fails")
        await watched.until([("activity_failing", "countersign"), ("code_failing", "review")])
    (row,) = await watched.rows("activity_failing")
    assert row["state"] == "never-works"
    started_at = (await office.client.get_workflow_handle(f"{watched.case}/countersign").describe()).start_time
    assert abs(row["since"] - started_at) < timedelta(seconds=5)  # since it was asked for, not since the last try
    # Two findings of one case are one escalation.
    assert len(await watched.escalations()) == 1


async def test_a_step_that_has_failed_for_a_short_time_only_is_no_finding(office: Office) -> None:
    watched, _ = await an_idle_case(office)
    watched.limits = Limits(grace=timedelta(0), attempts=1)
    async with Worker(
        office.client, task_queue="fails", workflows=[Tries], activities=[never_works],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):  # fmt: skip
        await office.client.start_workflow("tries", id=f"{watched.case}/countersign", task_queue="fails")
        await asyncio.sleep(4)
        assert await watched.round() == []


async def test_a_step_that_no_worker_takes(office: Office) -> None:
    watched, _ = await an_idle_case(office)
    assert await watched.round() == []  # not yet a quarter of an hour
    watched.limits = Limits(grace=timedelta(0), untaken=timedelta(seconds=1))
    await office.record.pool.execute(
        """INSERT INTO escalations (reference, kind, number, reason, raised_at, delivered_at_wall)
           VALUES ($1, 'overdue', 1, 'other', now(), now())""",
        watched.reference,
    )
    await asyncio.sleep(1.5)
    await watched.until([("not_taken", "")])  # and not also that the escalation has not begun
    assert [one for one in await watched.escalations() if one[0] == "other"] == []
    assert len(await watched.told()) == 1


# --- how it is told --------------------------------------------------------------------------------------


async def test_temporal_away_is_no_finding_and_ends_no_relay(
    office: Office, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watched, _ = await an_idle_case(office)
    away = await Client.connect("127.0.0.1:1", lazy=True)
    pool = office.record.pool
    comparing = Reconciliation(Delivery(away, pool), pool, people, AT_ONCE)
    with pytest.raises(TemporalAwayError):
        await comparing.round()
    relay = Relay(Delivery(away, pool), pool, tmp_path, None, comparing)
    await relay.tick()
    assert relay._comparing is not None
    await relay._comparing
    assert "was not compared with Temporal" in caplog.text
    assert await watched.rows() == []


async def test_the_relay_compares_in_its_turn(office: Office, tmp_path: Path) -> None:
    watched, _ = await an_idle_case(office)
    await watched.client.get_workflow_handle(watched.case).terminate("drill")
    await asyncio.sleep(2)
    pool = office.record.pool
    relay = Relay(Delivery(office.client, pool), pool, tmp_path, None, watched.reconciliation)
    await relay.tick()
    first = relay._comparing
    await relay.tick()
    assert first is not None
    assert relay._comparing is first  # the next one in ten minutes
    await first
    assert [row["kind"] for row in await watched.rows()] == ["case_gone"]


async def test_many_at_once_are_one_letter_and_a_bounded_number_of_escalations(office: Office) -> None:
    cases = [await an_idle_case(office) for _ in range(23)]
    for watched, _ in cases:
        await watched.client.get_workflow_handle(watched.case).terminate("drill")
    await asyncio.sleep(2)
    kept = await cases[0][0].reconciliation.round()
    assert len(kept.findings) == 23
    letters = await office.record.rows("SELECT context FROM outbox WHERE letter = 'stranded'")
    assert len(letters) == 1
    words: Any = letters[0]["context"]
    assert (words["count"], len(words["stranded"]), words["more"]) == (23, 20, 3)
    assert len(kept.escalated) == 20


async def test_two_rounds_at_once_raise_one_thing_once(office: Office) -> None:
    watched, _ = await an_idle_case(office)
    await watched.client.get_workflow_handle(watched.case).terminate("drill")
    await asyncio.sleep(2)
    await asyncio.gather(*(watched.reconciliation.round() for _ in range(4)))
    assert len(await watched.rows()) == 1
    assert len(await watched.told()) == 1
    assert len(await watched.escalations()) == 1


async def test_the_command_says_what_to_do_and_ends_with_one(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    watched, _ = await an_idle_case(office)
    _as_a_service(office, monkeypatch)
    assert await asyncio.to_thread(run, ["reconcile"]) == 0
    assert "agree, and nothing is stuck" in capsys.readouterr().out
    await watched.client.get_workflow_handle(watched.case).terminate("drill")
    await asyncio.sleep(2)
    assert await asyncio.to_thread(run, ["reconcile"]) == 0  # it happened just now
    capsys.readouterr()
    monkeypatch.setattr("starter.reconciling.Limits", lambda: AT_ONCE)
    assert await asyncio.to_thread(run, ["reconcile", "--dry-run", "--json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["found"]
    assert (found["kind"], found["workflow"], found["state"]) == ("case_gone", watched.case, "TERMINATED")
    assert found["what_to_do"] == f"Run `sfo reconcile --restart {watched.reference}`."
    assert await watched.rows() == []
    assert await watched.told() == []
    assert await asyncio.to_thread(run, ["reconcile"]) == 1
    said = capsys.readouterr()
    assert f"CASE GONE  {watched.case} (TERMINATED)" in said.out
    assert "1 stranded workflow" in said.err
    assert len(await watched.rows()) == 1


def _as_a_service(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    address = office.client.service_client.config.target_host
    settings = a_settings(
        office.record, office.mail, SFO_TEMPORAL_ADDRESS=address, SFO_PAYLOAD_KEYS=office.ring.encode()
    )
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)


def test_every_kind_says_what_to_do_in_a_section_that_the_runbook_has() -> None:
    headings = [
        line.lstrip("# ").lower().replace(" ", "-") for line in (DOCS / "operations.md").read_text().splitlines()
        if line.startswith("#")
    ]  # fmt: skip
    assert set(MEANINGS) == set(Kind)
    for meaning in MEANINGS.values():
        assert meaning.anchor in headings


async def test_what_is_told_names_no_person(office: Office) -> None:
    watched, _ = await an_idle_case(office)
    await watched.client.get_workflow_handle(watched.case).terminate("drill")
    await watched.until([("case_gone", "")])
    (letter,) = await watched.told()
    words = json.dumps(letter["context"])
    people_of = await office.record.rows("SELECT name, email FROM staff UNION ALL SELECT person_name, crn FROM cases")
    for row in people_of:
        for value in row.values():
            assert str(value) not in words
