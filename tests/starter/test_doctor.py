"""`sfo doctor` on a real service: all is well, then one thing at a time is not, and exactly that is told."""

import asyncio
import base64
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiosmtpd.smtp import SMTP
from google.protobuf.duration_pb2 import Duration
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, RemoveSearchAttributesRequest
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from deploy.namespace import SEARCH_ATTRIBUTES
from starter.__main__ import run
from starter.doctor import Level, registry
from starter.keys import KeyRing
from starter.schema import SCHEMA_DIR
from starter.up import RunningStack
from tests.starter.examined import as_typed, but, found, is_wrong, until, wrong
from tests.starter.examined import running as running  # the fixture
from tests.starter.strict_mail import Strict

KEYS = [check.key for check in registry()]


# --- all is well --------------------------------------------------------------------------------------


async def test_a_service_that_works_is_well_in_every_part(running: RunningStack) -> None:
    all_ = await found(running.settings)
    assert {key: (one.level, one.found) for key, one in all_.items() if one.level is not Level.OK} == {}
    assert {key: one.remedy for key, one in all_.items() if one.remedy} == {}
    assert list(all_) == KEYS
    assert all_["payload-keys"].found.startswith("the input of sfo/SFO-")
    assert all_["link-keys"].found.startswith("the newest link opens at the gateway")
    assert all_["worker-version"].found.startswith(f"current is {running.settings.build_id}, this code")
    assert "nothing was sent" in all_["mail-sender"].found


async def test_looking_changes_nothing_and_sends_nothing(running: RunningStack) -> None:
    async def state() -> tuple[Any, ...]:
        connection = await asyncpg.connect(running.settings.database_url)
        rows = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM sfo.audit), (SELECT count(*) FROM sfo.outbox), "
            "(SELECT count(*) FROM sfo.sessions), (SELECT count(*) FROM sfo.codes)"
        )
        await connection.close()
        mailbox = running.settings.mailbox_dir
        assert rows
        assert mailbox
        return (*rows, len(list((mailbox / "new").iterdir())))

    before: tuple[Any, ...] = ()
    while before != (before := await state()):  # the case comes to rest
        await asyncio.sleep(2)
    await found(running.settings)
    await found(running.settings)
    assert await state() == before


async def test_the_command_prints_a_line_a_check_and_ends_with_nought(
    running: RunningStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    as_typed(monkeypatch, running.settings)
    capsys.readouterr()
    assert await asyncio.to_thread(run, ["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:-2]] == [["ok", key] for key in ["settings", *KEYS]]
    assert lines[-1] == f"{len(KEYS) + 1} ok"


async def test_no_secret_is_printed(
    running: RunningStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = but(running, smtp_url="smtp://user:hunter2secret@127.0.0.1:1", payload_keys=KeyRing.generate())
    as_typed(monkeypatch, broken)
    monkeypatch.setenv("SFO_TEMPORAL_ADDRESS", "nonsense")
    monkeypatch.setenv("SFO_DATABASE_URL", "postgresql://sfo_app:tr0ub4dor@127.0.0.1:1/sfo")
    capsys.readouterr()
    await asyncio.to_thread(run, ["doctor", "--json"])
    said = "".join(capsys.readouterr())
    secrets = ["hunter2secret", "tr0ub4dor"]
    for ring in (broken.link_keys, broken.payload_keys):
        secrets += [base64.urlsafe_b64encode(key).decode().rstrip("=") for key in ring.readable.values()]
    assert [secret for secret in secrets if secret in said] == []


# --- one thing at a time --------------------------------------------------------------------------------


async def test_without_a_mail_server_that_is_told_and_what_needs_it_is_not_looked_at(running: RunningStack) -> None:
    settings = but(running, smtp_url="smtp://127.0.0.1:1")
    assert await wrong(settings) == {"mail": Level.AWAY, "mail-sender": Level.UNKNOWN}
    one = (await found(settings))["mail"]
    assert "SFO_SMTP_URL" in one.remedy


@pytest.mark.parametrize(
    ("strict", "level", "said"),
    [
        (Strict(sender="553 5.1.8 no"), Level.FAIL, "SFO_BOUNCE_ADDRESS"),
        (Strict(recipient="550 5.1.1 no"), Level.WARN, "SFO_REPLY_TO"),
        (Strict(), Level.OK, ""),
    ],
)
async def test_a_sender_or_recipient_that_the_server_refuses_is_told(
    running: RunningStack, strict: Strict, level: Level, said: str
) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(strict, hostname="localhost", loop=loop), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    one = (await found(but(running, smtp_url=f"smtp://127.0.0.1:{port}")))["mail-sender"]
    server.close()
    assert (one.level, strict.letters) == (level, 0)
    assert said in one.remedy


async def test_a_server_without_starttls_is_no_server_for_starttls(running: RunningStack) -> None:
    settings = but(running, smtp_url=running.settings.smtp_url.replace("smtp://", "smtp+starttls://"))
    assert await wrong(settings) == {"mail": Level.FAIL, "mail-sender": Level.UNKNOWN}


async def test_a_search_attribute_that_is_not_registered_is_named_with_the_command(running: RunningStack) -> None:
    client = await Client.connect(running.settings.temporal_address)
    remove = RemoveSearchAttributesRequest(namespace="default", search_attributes=["SfoClock", "SfoEscalation"])
    await client.operator_service.remove_search_attributes(remove)
    try:
        await until(lambda: is_wrong(running.settings, "search-attributes"))
        all_ = await found(running.settings)
        assert {key for key, one in all_.items() if one.level is not Level.OK} == {"search-attributes"}
        one = all_["search-attributes"]
        assert one.level is Level.FAIL
        assert "SfoClock, SfoEscalation" in one.found
        assert "--name SfoClock --type Keyword --name SfoEscalation --type KeywordList" in one.remedy
    finally:
        attributes = {name: SEARCH_ATTRIBUTES[name] for name in ("SfoClock", "SfoEscalation")}
        add = AddSearchAttributesRequest(namespace="default", search_attributes=attributes)
        await client.operator_service.add_search_attributes(add)


async def test_a_namespace_of_nobody_lacks_attributes_workers_a_version_and_time(running: RunningStack) -> None:
    client = await Client.connect(running.settings.temporal_address)
    bare = RegisterNamespaceRequest(namespace="bare", workflow_execution_retention_period=Duration(seconds=3 * 86400))
    await client.workflow_service.register_namespace(bare)
    settings = but(running, temporal_namespace="bare")
    async with asyncio.timeout(60):
        while any(one.level is Level.UNKNOWN for one in (await found(settings)).values()):
            await asyncio.sleep(0.5)  # the server learns of it after a while
    all_ = await found(settings)
    assert {key: one.level for key, one in all_.items() if one.level is not Level.OK} == {
        "namespace": Level.FAIL,
        "search-attributes": Level.FAIL,
        "pollers": Level.FAIL,
        "worker-version": Level.FAIL,
        "schedules": Level.FAIL,
    }
    assert "kept for 3 days" in all_["namespace"].found
    assert "sfo-casework for workflows" in all_["pollers"].found
    assert "sfo-national for activities" in all_["pollers"].found
    assert "python worker.py" in all_["pollers"].remedy


async def test_a_namespace_that_is_not_there_is_told_once(running: RunningStack) -> None:
    levels = await wrong(but(running, temporal_namespace="nowhere"))
    assert levels.pop("namespace") is Level.FAIL
    assert set(levels.values()) == {Level.UNKNOWN}
    assert set(levels) <= {check.key for check in registry() if "SFO_TEMPORAL_NAMESPACE" in check.needs}


async def test_without_temporal_only_what_needs_it_is_not_looked_at(running: RunningStack) -> None:
    levels = await wrong(but(running, temporal_address="127.0.0.1:1"))
    assert levels.pop("temporal") is Level.AWAY
    assert set(levels.values()) == {Level.UNKNOWN}
    assert set(levels) == {check.key for check in registry() if "SFO_TEMPORAL_NAMESPACE" in check.needs}


async def test_without_the_record_only_what_needs_it_is_not_looked_at(running: RunningStack) -> None:
    all_ = await found(but(running, database_url="postgresql://sfo_app@127.0.0.1:1/sfo"))
    levels = {key: one.level for key, one in all_.items() if one.level is not Level.OK}
    assert levels.pop("database") is Level.AWAY
    assert set(levels.values()) == {Level.UNKNOWN}
    assert "absences on record were not looked at" in all_["directory"].found  # which is looked at all the same


@pytest.mark.parametrize(("changed", "key"), [("payload_keys", "payload-keys"), ("link_keys", "link-keys")])
async def test_another_key_than_that_in_use_is_told(running: RunningStack, changed: str, key: str) -> None:
    settings = but(running, **{changed: KeyRing.generate()})
    sealed = {"case-keys": Level.FAIL} if key == "payload-keys" else {}  # the cases' keys lie under the same ring
    assert await wrong(settings) == {key: Level.FAIL, **sealed}
    assert f"SFO_{changed.upper()}" in (await found(settings))[key].remedy


@pytest.mark.parametrize(
    ("seconds", "level"), [(-3.5, Level.WARN), (5, Level.WARN), (70, Level.FAIL), (-120, Level.FAIL)]
)
async def test_a_clock_that_goes_wrong_is_told_against_both_servers(
    running: RunningStack, seconds: float, level: Level
) -> None:
    skew = timedelta(seconds=seconds)
    levels = await wrong(running.settings, now=lambda: datetime.now(UTC) + skew)
    assert levels == {"database-clock": level, "temporal-clock": level}


async def test_a_schema_file_that_differs_or_is_new_is_told(running: RunningStack, tmp_path: Path) -> None:
    folder = tmp_path / "schema"
    shutil.copytree(SCHEMA_DIR, folder)
    newest = max(folder.glob("*.sql"))
    after = folder / f"{int(newest.name[:4]) + 1:04}_later.sql"
    after.write_text("SELECT 1;")
    one = (await found(running.settings, schema_dir=folder))["schema"]
    assert (one.level, one.found) == (Level.FAIL, f"not applied yet: {after.name}")
    assert "sfo schema" in one.remedy
    after.unlink()
    newest.write_text(newest.read_text() + "-- edited\n")
    assert await wrong(running.settings, schema_dir=folder) == {"schema": Level.FAIL}
    newest.unlink()
    assert await wrong(running.settings, schema_dir=folder) == {"schema": Level.WARN}


async def test_the_owner_is_no_role_to_work_with(running: RunningStack) -> None:
    settings = but(running, database_url=running.settings.schema_database_url)
    one = (await found(settings))["database-rights"]
    assert one.level is Level.FAIL
    assert "may change the audit chain" in one.found
    assert "owns tables" in one.found
    assert "sfo_app" in one.remedy


async def test_a_row_of_the_chain_that_was_edited_is_told(running: RunningStack) -> None:
    superuser = await asyncpg.connect(running.settings.schema_database_url.replace("sfo_owner@", "postgres@"))
    try:
        await superuser.execute("SET session_replication_role = replica")
        await superuser.execute("UPDATE sfo.audit SET actor = 'x' || actor WHERE seq = 2")
        assert await wrong(running.settings) == {"audit-chain": Level.FAIL}
        assert "row 2" in (await found(running.settings))["audit-chain"].found
        await superuser.execute("UPDATE sfo.audit SET actor = substr(actor, 2) WHERE seq = 2")
    finally:
        await superuser.close()
    assert await wrong(running.settings) == {}


async def test_what_waits_too_long_is_told_with_its_age(running: RunningStack) -> None:
    superuser = await asyncpg.connect(running.settings.schema_database_url)
    try:
        await superuser.execute(
            """
            INSERT INTO sfo.outbox
                (event, letter, to_name, to_email, message_id, state, claimed_at_wall, at, recorded_at)
            VALUES ('x', 'asked', 'Example', 'x@example.test', 'x', 'sending', now() + interval '1 day', now(),
                    now() - interval '20 minutes'),
                   ('y', 'asked', 'Example', 'x@example.test', 'y', 'refused', NULL, now(), now() - interval '2 days')
            """
        )
        await superuser.execute("UPDATE sfo.outbox SET told_workflow = true WHERE event = 'y'")
        all_ = await found(running.settings)
        assert all_["outbox"].level is Level.WARN
        assert "1 letters wait" in all_["outbox"].found
        assert "1 refused in a week; the oldest waits since 20 minutes ago" in all_["outbox"].found
        await superuser.execute("UPDATE sfo.outbox SET recorded_at = now() - interval '5 hours' WHERE event = 'x'")
        assert await wrong(running.settings) == {"outbox": Level.FAIL}
        await superuser.execute("DELETE FROM sfo.outbox WHERE event = 'x'")
        assert await wrong(running.settings) == {"outbox": Level.WARN}  # the refused one
        await superuser.execute("DELETE FROM sfo.outbox WHERE event = 'y'")
        await superuser.execute(
            """
            INSERT INTO sfo.requests (request, reference, workflow, signal, message, at, recorded_at)
            SELECT gen_random_uuid(), reference, 'sfo/SFO-1999-00001', 'pause', '{}', now(), now() - interval '2 hours'
            FROM sfo.cases LIMIT 1
            """
        )
        all_ = await found(running.settings)
        assert (all_["relay"].level, all_["relay"].found) == (Level.FAIL, "1 requests since 2 hours ago")
    finally:
        await superuser.execute("DELETE FROM sfo.requests")
        await superuser.close()


async def test_a_head_that_is_old_or_of_another_chain_is_told(running: RunningStack, tmp_path: Path) -> None:
    later = await found(running.settings, now=lambda: datetime.now(UTC) + timedelta(hours=3))
    assert later["audit-head"].level is Level.WARN
    settings = but(running, data_dir=tmp_path)
    assert (await found(settings))["audit-head"].level is Level.WARN  # there is none
    line = json.dumps({"seq": 1, "hash": "00", "exported_at": datetime.now(UTC).isoformat()})
    (tmp_path / "audit-heads.jsonl").write_text(line + "\n")
    assert await wrong(settings) == {"audit-head": Level.FAIL}


async def test_a_gateway_that_does_not_answer_is_told(running: RunningStack) -> None:
    levels = await wrong(but(running, public_url="http://127.0.0.1:1"))
    assert levels == {"gateway": Level.AWAY, "link-keys": Level.UNKNOWN}


async def test_another_build_than_this_code_is_told(running: RunningStack) -> None:
    settings = but(running, build_id="another")
    assert await wrong(settings) == {"worker-version": Level.WARN, "gateway": Level.WARN}
    assert "--build-id another" in (await found(settings))["worker-version"].remedy
    elsewhere = (await found(but(running, deployment="sfo/another")))["worker-version"]
    assert elsewhere.level is Level.FAIL
    assert "--deployment-name sfo/another" in elsewhere.remedy


# --- the command --------------------------------------------------------------------------------------


async def test_wrong_settings_are_all_named_and_the_rest_is_looked_at(
    running: RunningStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    as_typed(monkeypatch, running.settings)
    monkeypatch.setenv("SFO_SMTP_URL", "nonsense")
    monkeypatch.setenv("SFO_PAYLOAD_KEYS", "k1:c2hvcnQ=")
    monkeypatch.setenv("SFO_OIDC_ISSUER", "https://provider.example.test")
    capsys.readouterr()
    assert await asyncio.to_thread(run, ["doctor", "--json"]) == 1
    data = {one["check"]: one for one in json.loads(capsys.readouterr().out)}
    assert data["settings"]["level"] == "fail"
    for name in ("SFO_SMTP_URL", "SFO_PAYLOAD_KEYS: key 1 has 5 bytes, not 32", "SFO_OIDC_CLIENT_ID"):
        assert name in data["settings"]["found"]
    not_looked_at = {key for key, one in data.items() if one["level"] == "unknown"}
    assert not_looked_at == {"keys", "provider", "payload-keys", "case-keys", "mail", "mail-sender"}
    assert {one["level"] for key, one in data.items() if key not in not_looked_at | {"settings"}} == {"ok"}


async def test_the_command_ends_with_3_for_a_service_out_of_reach_and_says_what_to_do(
    running: RunningStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    as_typed(monkeypatch, but(running, smtp_url="smtp://127.0.0.1:1"))
    capsys.readouterr()
    assert await asyncio.to_thread(run, ["doctor"]) == 3
    out = capsys.readouterr().out
    assert "FAIL  mail " in out
    assert "do: see whether it runs and whether SFO_SMTP_URL names it" in out
    assert "-     mail-sender" in out
