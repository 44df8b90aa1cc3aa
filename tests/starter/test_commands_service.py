"""The commands of the service itself: schema, audit, and how a command finds the service of this machine."""

import asyncio
import os
import re
from pathlib import Path

import asyncpg
import pytest

from starter.__main__ import run, sfo
from starter.running import recalled, remembered
from tests.conftest import MailServer, Record
from tests.starter.front_desk import a_case_now, a_settings
from tests.starter.test_commands import Sfo, a_file
from tests.starter.test_commands import command as command  # the fixture

# --- the service ------------------------------------------------------------------------------------


async def test_the_schema_is_applied_and_then_up_to_date(command: Sfo) -> None:
    ended = await command("schema")
    assert (ended.code, ended.out) == (0, "the database is up to date\n")


async def test_the_audit_is_proved_and_a_cut_is_found(
    command: Sfo, record: Record, mail_server: MailServer, tmp_path: Path
) -> None:
    case = await a_case_now(record, mail_server)
    await case.ask("notification", stage="notification")
    await case.ask("early_look", stage="early-look")
    head = await command("audit", "head")
    elsewhere = a_file(tmp_path, head.out, "heads.jsonl")
    assert (await command("audit", "verify")).out == "2 rows, whole; 1 exported heads agree\n"
    superuser = await asyncpg.connect(record.superuser_url)
    await superuser.execute("SET session_replication_role = replica; DELETE FROM sfo.audit WHERE seq = 2")
    await superuser.close()
    for options in ((), ("--heads", elsewhere)):
        broken = await command("audit", "verify", *options)
        assert broken.code == 1
        assert "row 2: it was exported as the head and is gone" in broken.err
    assert (await command("audit", "verify", "--heads", a_file(tmp_path, "x\n", "wrong.jsonl"))).code == 2


async def test_without_a_head_a_cut_end_is_plainly_said_not_to_be_checked(
    command: Sfo, record: Record, mail_server: MailServer, tmp_path: Path
) -> None:
    case = await a_case_now(record, mail_server)
    await case.ask("notification", stage="notification")
    ended = await command("audit", "verify")
    assert ended.code == 0
    assert ended.out.startswith("1 rows, whole; whether its end was cut off was NOT checked")
    assert "sfo audit verify --heads FILE" in ended.out
    empty = await command("audit", "verify", "--heads", a_file(tmp_path, "", "empty.jsonl"))
    assert (empty.code, "NOT checked" in empty.out) == (0, True)


async def test_a_head_that_cannot_be_written_ends_with_2_and_names_the_file(
    command: Sfo, record: Record, mail_server: MailServer, tmp_path: Path
) -> None:
    case = await a_case_now(record, mail_server)
    await case.ask("notification", stage="notification")
    (tmp_path / "data").write_text("a file where the folder should be")
    ended = await command("audit", "head")
    assert ended.code == 2
    assert "audit-heads.jsonl: cannot be written" in ended.err


@pytest.mark.parametrize(
    "variable", ["SFO_DATABASE_URL", "SFO_SCHEMA_DATABASE_URL", "SFO_TEMPORAL_ADDRESS", "SFO_SMTP_URL"]
)
async def test_the_demo_never_opens_invented_cases_in_a_live_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str
) -> None:
    for name in [name for name in os.environ if name.startswith("SFO_")]:
        monkeypatch.delenv(name)
    kept = tmp_path / "demo" / "kept"
    kept.parent.mkdir()
    kept.touch()
    monkeypatch.setenv("SFO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv(variable, "live.example.test")
    assert await asyncio.to_thread(run, ["demo"]) == 2
    said = capsys.readouterr()
    assert f"unset {variable}" in said.err
    assert "live.example.test" not in said.out + said.err
    assert kept.exists()  # refused before anything was touched


async def test_a_record_out_of_reach_ends_with_3(command: Sfo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFO_DATABASE_URL", "postgresql://sfo_app:secret@127.0.0.1:1/sfo")
    ended = await command("cases")
    assert ended.code == 3
    assert "SFO_DATABASE_URL" in ended.err
    assert "secret" not in ended.err


async def test_missing_settings_end_with_2_and_name_the_way_out(command: Sfo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SFO_LINK_KEYS")
    ended = await command("cases")
    assert ended.code == 2
    assert "SFO_LINK_KEYS: missing" in ended.err
    assert "sfo up" in ended.err


@pytest.mark.parametrize("arguments", [["nonsense"], ["charge"], ["case"], ["cases", "--nonsense"], []])
async def test_what_cannot_be_read_ends_with_2(command: Sfo, arguments: list[str]) -> None:
    assert (await command(*arguments)).code == 2


async def test_every_command_teaches_with_an_example(command: Sfo) -> None:
    for name, one in sfo.commands.items():
        names = [[name, sub] for sub in getattr(one, "commands", {})] or [[name]]
        for typed in names:
            ended = await command(*typed, "--help")
            assert ended.code == 0
            assert re.search(rf"Example:\n +(SFO_.*)?sfo {' '.join(typed)}", ended.out)


# --- the service of this machine ----------------------------------------------------------------------


def test_a_command_finds_the_service_that_runs_here(record: Record, mail_server: MailServer, tmp_path: Path) -> None:
    settings = a_settings(record, mail_server, SFO_DATA_DIR=str(tmp_path))
    here = {"SFO_DATA_DIR": str(tmp_path)}
    (tmp_path / "keys.env").touch()
    with remembered(settings):
        assert (tmp_path / "running.env").stat().st_mode & 0o077 == 0
        assert type(settings).from_environment(recalled(here)) == settings
        assert recalled({**here, "SFO_GATEWAY_PORT": "9"})["SFO_GATEWAY_PORT"] == "9"
        assert recalled({**here, "SFO_DATABASE_URL": "x"}) == {**here, "SFO_DATABASE_URL": "x"}
    assert recalled(here) == here


def test_where_no_keys_lie_none_are_left(record: Record, mail_server: MailServer, tmp_path: Path) -> None:
    with remembered(a_settings(record, mail_server, SFO_DATA_DIR=str(tmp_path))):
        assert list(tmp_path.iterdir()) == []
