"""`sfo doctor` on a real service: what it says of cases that are paused, fail, lack a rulebook, and of mail unread."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from starter.doctor import Level
from starter.temporal_state import running as running_workflows
from starter.up import RunningStack
from tests.starter.examined import but, found, is_wrong, until, wrong
from tests.starter.examined import running as running  # the fixture
from tests.workflows.reconciled import Fails, pause, unpause


async def test_a_case_that_somebody_paused_is_looked_at_like_any_other(running: RunningStack) -> None:
    """The client of this version cannot list it: its status has no name there."""
    client = await Client.connect(running.settings.temporal_address)
    case = (await found(running.settings))["payload-keys"].found.split()[3]
    assert case.startswith("sfo/SFO-")
    await pause(client, case)
    try:
        await until(lambda: is_paused(client, case))
        assert await wrong(running.settings) == {}
    finally:
        await unpause(client, case)


async def is_paused(client: Client, case: str) -> bool:
    """Whether lists show it, which are a moment behind."""
    return (await running_workflows(client))[case].status == "PAUSED"


async def test_a_case_whose_rulebook_is_not_here_is_told(running: RunningStack) -> None:
    owner = await asyncpg.connect(running.settings.schema_database_url)
    try:
        (reference,) = await owner.fetchrow("SELECT reference FROM sfo.cases LIMIT 1") or ("",)
        before = await owner.fetchval("SELECT rulebook FROM sfo.cases WHERE reference = $1", reference)
        await owner.execute("UPDATE sfo.cases SET rulebook = '1999-01-01' WHERE reference = $1", reference)
        one = (await found(running.settings))["pinned-rulebooks"]
        assert (one.level, one.found) == (Level.FAIL, "1 cases need 1999-01-01")
        await owner.execute("UPDATE sfo.cases SET rulebook = $2 WHERE reference = $1", reference, before)
    finally:
        await owner.close()


async def test_a_workflow_whose_code_fails_is_told(running: RunningStack) -> None:
    client = await Client.connect(running.settings.temporal_address)
    async with Worker(client, task_queue="fails", workflows=[Fails], workflow_runner=UnsandboxedWorkflowRunner()):
        handle = await client.start_workflow("fails", id="sfo/SFO-1999-00001/review", task_queue="fails")
        await until(lambda: is_wrong(running.settings, "problems"))
        one = (await found(running.settings))["problems"]
        assert (one.level, one.found) == (Level.FAIL, "the code of 1 open workflows fails and is retried")
        await handle.terminate("the test is over")


async def test_what_comes_back_and_is_not_read_is_told(running: RunningStack, tmp_path: Path) -> None:
    async def returned(folder: Path | None) -> tuple[Level, str]:
        one = (await found(but(running, bounce_dir=folder)))["returned-mail"]
        return one.level, one.found

    assert (await returned(None))[0] is Level.WARN
    assert await returned(tmp_path) == (Level.FAIL, f"{tmp_path} is no Maildir: it lacks new, cur, tmp")
    for name in ("new", "cur", "tmp"):
        (tmp_path / name).mkdir()
    assert (await returned(tmp_path))[0] is Level.OK
    message = tmp_path / "new" / "1"
    message.write_text("")
    assert (await returned(tmp_path))[0] is Level.OK
    hour_ago = (datetime.now(UTC) - timedelta(hours=1)).timestamp()
    os.utime(message, (hour_ago, hour_ago))
    assert (await returned(tmp_path))[0] is Level.WARN
