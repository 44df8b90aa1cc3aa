"""The weekday digest as Temporal starts it: a schedule on a real server, a letter over real SMTP, once a day."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import (
    ScheduleActionStartWorkflow,
    ScheduleOverlapPolicy,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from starter.__main__ import run
from starter.schedules import DIGEST, put_right
from tests.starter.front_desk import a_settings
from tests.workflows.conftest import Office
from workflows.policy.due import LONDON

LEAD, TEAM = "senior.lead@n53.example.test", "sfo.team@national.example.test"


@pytest_asyncio.fixture(autouse=True)
async def no_schedule(office: Office) -> Any:
    yield
    async for schedule in await office.client.list_schedules():
        await office.client.get_schedule_handle(schedule.id).delete()


async def test_it_is_made_once_and_runs_on_weekdays_at_half_past_seven_in_london(office: Office) -> None:
    made = await put_right(office.client)
    assert (made.schedule, made.change, made.paused) == (DIGEST, "made", False)
    assert (await put_right(office.client)).change == "nothing"
    assert len(made.next_runs) == 5
    for at in made.next_runs:
        local = at.astimezone(LONDON)
        assert local.weekday() < 5
        assert (
            timedelta(hours=7, minutes=30)
            <= timedelta(hours=local.hour, minutes=local.minute)
            <= timedelta(hours=7, minutes=31)
        )
    found = await office.client.get_schedule_handle(DIGEST).describe()
    assert found.schedule.policy.overlap is ScheduleOverlapPolicy.SKIP
    assert found.schedule.policy.catchup_window == timedelta(hours=3)
    assert found.schedule.spec.time_zone_name == "Europe/London"


async def test_two_that_make_it_at_once_make_one(office: Office) -> None:
    changes = [one.change for one in await asyncio.gather(*(put_right(office.client) for _ in range(4)))]
    assert sorted(changes) == ["made", "nothing", "nothing", "nothing"]


async def test_what_somebody_changed_is_put_right_and_a_pause_stays(office: Office) -> None:
    await put_right(office.client)
    handle = office.client.get_schedule_handle(DIGEST)

    def spoil(given: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule = given.description.schedule
        action = schedule.action
        assert isinstance(action, ScheduleActionStartWorkflow)
        action.task_queue = "nobody"
        schedule.spec.time_zone_name = "America/New_York"
        return ScheduleUpdate(schedule=schedule)

    await handle.update(spoil)
    await handle.pause(note="Invented reason")
    right = await put_right(office.client)
    assert (right.change, right.paused, right.note) == ("put right", True, "Invented reason")
    assert (await put_right(office.client)).change == "nothing"


def digests_to(office: Office, email: str) -> list[str]:
    return office.letters(email, "weekday digest")


async def test_triggered_it_writes_to_each_place_once_a_day(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    await _on_a_working_day(office, monkeypatch)
    await _late_cases(office)
    await put_right(office.client)
    handle, before = office.client.get_schedule_handle(DIGEST), await _runs(office)
    await handle.trigger()
    await office.until(lambda: _ended(office, before, 1))
    assert len(digests_to(office, LEAD)) == 1
    assert len(digests_to(office, "senior.lead@n54.example.test")) == 1
    assert len(digests_to(office, TEAM)) == 1
    await handle.trigger()
    await office.until(lambda: _ended(office, before, 2))
    assert [len(digests_to(office, email)) for email in (LEAD, TEAM)] == [1, 1]
    written = await office.record.rows("SELECT subject FROM audit WHERE action = 'digest_written' ORDER BY seq")
    assert [row["subject"] for row in written] == ["N53", "N54", "national"]
    # Nothing of a letter stands in the history: codes of places and counts.
    async for execution in office.client.list_workflows("WorkflowType = 'weekday-digest'"):
        if execution.run_id in await _runs(office) - before:
            result = await office.client.get_workflow_handle(execution.id, run_id=execution.run_id).result()
            assert set(result) == {"on", "written"}


async def _on_a_working_day(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever day the test runs on."""
    monkeypatch.setattr("activities.weekday_digest.is_working_day", lambda _on, _holidays: True)


async def _late_cases(office: Office) -> None:
    for region, pdu in (("N53", "N53LEI"), ("N54", "N54LIV")):
        opening = await office.report()
        await office.record.pool.execute(
            "UPDATE cases SET region = $2, pdu = $3 WHERE reference = $1", opening.reference, region, pdu
        )
        await office.record.pool.execute(
            """INSERT INTO gates (gate, reference, stage, round, question, role, person_name, person_email, page,
                   due_on, due_at, original_due_on, opened_at)
               VALUES ($1 || '/notification/notification', $1, 'notification', 1, 'notification', 'spoc',
                   'Example', 'spoc@x.example.test', '{}', $2, $3, $2, $3)""",
            opening.reference,
            datetime.now(UTC).date() - timedelta(days=8),
            datetime.now(UTC) - timedelta(days=8),
        )


async def _runs(office: Office) -> set[str]:
    query = "WorkflowType = 'weekday-digest' AND ExecutionStatus = 'Completed'"
    return {one.run_id async for one in office.client.list_workflows(query)}


async def _ended(office: Office, before: set[str], number: int) -> bool:
    return len(await _runs(office) - before) >= number


async def test_on_a_holiday_it_asks_for_nothing_more(office: Office) -> None:
    await _late_cases(office)
    day = datetime.now(UTC).astimezone(LONDON).date()
    await office.record.pool.execute(
        "INSERT INTO bank_holidays (holiday, name, source, announced_by) VALUES ($1, 'I', 'i', 'x@example.test')", day
    )
    done = await office.client.execute_workflow(
        "weekday-digest", {}, id=f"{DIGEST}-holiday-{datetime.now(UTC):%H%M%S%f}", task_queue="sfo-casework"
    )
    assert done == {"on": day.isoformat(), "written": []}
    assert office.mail.messages == []


async def test_the_command_says_when_it_runs_next(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    address = office.client.service_client.config.target_host
    settings = a_settings(
        office.record, office.mail, SFO_TEMPORAL_ADDRESS=address, SFO_PAYLOAD_KEYS=office.ring.encode()
    )
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    assert await asyncio.to_thread(run, ["schedules"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("sfo/weekday-digest  made\n")
    assert said.count(" London\n") == 5
    assert " 07:3" in said
    assert await asyncio.to_thread(run, ["schedules", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["change"], told["paused"], len(told["next_runs"])) == ("nothing", False, 5)


async def test_without_temporal_the_command_says_so(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = a_settings(office.record, office.mail)
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    for command in ("schedules", "reconcile"):
        assert await asyncio.to_thread(run, [command]) == 3
    assert await office.record.value("SELECT count(*) FROM stranded") == 0
