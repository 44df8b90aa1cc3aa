"""The embedded Temporal and mail from outside, and what becomes of all of them when their parent dies."""

import asyncio
import json
import os
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from deploy.embedded.mail import ReturnedMail, embedded_mail
from deploy.embedded.ports import usable_port
from deploy.embedded.postgres import EmbeddedPostgres, embedded_postgres
from deploy.embedded.process import Command, Identity, ServiceError, kept_running
from deploy.embedded.temporal import EmbeddedTemporal, embedded_temporal
from tests.drills.embedded import (
    PROJECT,
    STARTER,
    add_row,
    gone_within,
    is_alive,
    on_linux,
    temporal,
    tethered,
)
from tests.drills.embedded import private as private  # the fixture
from workflows.policy.returns import return_address

# --- Temporal

STAGE = SearchAttributeKey.for_keyword("SfoStage")
DUE = SearchAttributeKey.for_datetime("SfoDue")
OVERDUE = SearchAttributeKey.for_bool("SfoOverdue")
RAISED = SearchAttributeKey.for_keyword_list("SfoEscalation")


async def open_case(server: EmbeddedTemporal, workflow_id: str) -> Client:
    client = await Client.connect(server.address)
    pairs: list[SearchAttributePair[Any]] = [
        SearchAttributePair(STAGE, "review"),
        SearchAttributePair(DUE, datetime(2027, 1, 6, 23, 59, 59, tzinfo=UTC)),
        SearchAttributePair(OVERDUE, False),
        SearchAttributePair(RAISED, ["overdue"]),
    ]
    await client.start_workflow(
        "sfo-case",
        id=workflow_id,
        task_queue="nobody-listens",
        search_attributes=TypedSearchAttributes(pairs),
    )
    return client


async def test_cases_outlive_a_stop_and_a_kill_of_temporal(private: Path) -> None:
    async with temporal(private) as server:
        await open_case(server, "sfo/1")
    assert gone_within(1, server.pid)
    async with temporal(private) as server:
        await open_case(server, "sfo/2")
        os.kill(server.pid, signal.SIGKILL)
    async with temporal(private) as server:
        client = await open_case(server, "sfo/3")
        for workflow_id in ("sfo/1", "sfo/2", "sfo/3"):
            found = await client.get_workflow_handle(workflow_id).describe()
            assert found.typed_search_attributes[STAGE] == "review"


async def test_closed_cases_stay_for_ten_years_in_every_namespace(private: Path) -> None:
    for namespace in ("default", "probation"):
        ports = {"port": usable_port(0), "ui_port": usable_port(0)}
        async with embedded_temporal(private, namespace=namespace, time_skipping=True, **ports) as server:  # type: ignore[arg-type]
            client = await Client.connect(server.address, namespace=namespace)
            described = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
            assert described.config.workflow_execution_retention_ttl.ToTimedelta() == timedelta(days=3650)


@on_linux
async def test_temporal_listens_on_loopback_only(private: Path) -> None:
    async with temporal(private) as server:
        assert set(listening_addresses(server.pid)) == {"127.0.0.1"}


def listening_addresses(pid: int) -> list[str]:
    sockets = {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()}
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]
    ]
    heard = [row[1].split(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets]
    return [socket.inet_ntoa(bytes.fromhex(address)[::-1]) if len(address) == 8 else address for address in heard]


async def test_temporal_that_cannot_start_names_its_log(private: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ServiceError, match=r"ended with status 1; .*temporal\.log says last: .*[Aa]ddress"):
            async with embedded_temporal(private, port=taken.getsockname()[1], ui_port=usable_port(0)):
                pass


# --- whatever happens to the parent


@on_linux
@pytest.mark.parametrize("identity", [None, Identity.NOBODY])
async def test_killing_the_parent_leaves_no_orphan_and_no_damage(private: Path, identity: Identity | None) -> None:
    if identity is Identity.NOBODY and os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    parent = subprocess.Popen(
        [*STARTER, "both", private, identity or ""], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent, parent.stdout:
        pids = json.loads(parent.stdout.readline())
        left = Path((private / "postgres.scratch").read_text())
        assert all(is_alive(pid) for pid in pids)
        parent.kill()
    assert gone_within(15, *pids)
    async with embedded_postgres(private) as database, temporal(private):
        assert await add_row(database) == 2
        assert not left.exists()


@on_linux
async def test_a_command_whose_parent_is_gone_already_does_not_start(private: Path) -> None:
    command = [*tethered(1, "self"), shutil.which("touch") or "", str(private / "ran")]
    done = subprocess.run(command, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert not (private / "ran").exists()


async def test_a_server_that_dies_is_started_again_and_that_is_said(private: Path) -> None:
    lines: list[str] = []
    async with embedded_postgres(private, say=lines.append) as database:
        await add_row(database)
        os.kill(database.pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            while await rows_or_nothing(database) != 2:
                await asyncio.sleep(0.1)
    assert lines[0].startswith("PostgreSQL ended with status -9; it starts again in 0.5 s")


async def rows_or_nothing(database: EmbeddedPostgres) -> object:
    try:
        return await add_row(database)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return None


async def test_the_pause_before_another_start_grows(private: Path) -> None:
    lines: list[str] = []
    false = Command([shutil.which("false") or ""], log=private / "false.log")
    async with kept_running("nothing", false, lines.append):
        await asyncio.sleep(2.2)
    assert [line.split("again in ")[1].split(" s")[0] for line in lines[:2]] == ["0.5", "1"]


async def test_a_process_that_ignores_its_signal_is_killed_after_its_grace(private: Path) -> None:
    deaf = [
        sys.executable,
        "-c",
        "import signal,time; signal.signal(15, signal.SIG_IGN); print(1,flush=True); time.sleep(60)",
    ]
    command = Command(deaf, log=private / "deaf.log", grace=timedelta(seconds=0.3))
    async with kept_running("deaf", command, print) as process:
        while not (private / "deaf.log").read_text():
            await asyncio.sleep(0.02)
    assert process.returncode == -signal.SIGKILL


# --- mail and ports


async def test_mail_lands_whole_in_the_mailbox(private: Path) -> None:
    port = usable_port(0)
    async with embedded_mail(private / "mail", port=port) as mail:
        assert mail.smtp_url == f"smtp://127.0.0.1:{port}"
        await asyncio.to_thread(send, port, "Gr\u00fc\u00dfe " * 20_000)
        [path] = (mail.mailbox / "new").iterdir()
    message = message_from_bytes(path.read_bytes())
    assert message.get_all("Delivered-To") == ["one@example.test", "two@example.test"]
    assert message["Subject"] == "Wide"
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().split() == ["Gr\u00fc\u00dfe"] * 20_000


async def test_what_comes_back_to_a_letter_has_a_mailbox_of_its_own(private: Path) -> None:
    pattern, port = "sfo+*@example.test", usable_port(0)
    tagged = return_address(pattern, bytes(16), b"k" * 32)
    returned = ReturnedMail(pattern, private / "returned")
    async with embedded_mail(private / "mail", port=port, returned=returned) as mail:
        await asyncio.to_thread(send_back, port, ["one@example.test", tagged.upper()])
    [ours], [back] = [[*(folder / "new").iterdir()] for folder in (mail.mailbox, returned.folder)]
    assert message_from_bytes(ours.read_bytes()).get_all("Delivered-To") == ["one@example.test"]
    message = message_from_bytes(back.read_bytes())
    assert message.get_all("Delivered-To") == [tagged.upper()]
    assert message["Return-Path"] == "<>"


def send_back(port: int, recipients: list[str]) -> None:
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.sendmail("", recipients, "Subject: Undelivered\r\n\r\nInvented.")


def send(port: int, text: str) -> None:
    lines = text.replace("Gr\u00fc\u00dfe Gr\u00fc\u00dfe", "Gr\u00fc\u00dfe\r\nGr\u00fc\u00dfe")
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.sendmail(
            "a@example.test",
            ["one@example.test", "two@example.test"],
            f"Subject: Wide\r\n\r\n{lines}".encode(),
        )


def test_the_usual_port_is_kept_where_it_is_free() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.listen()
        assert usable_port(port) != port
    assert usable_port(port) == port


@on_linux
def test_a_port_that_is_chosen_for_a_server_is_none_that_whoever_connects_may_be_given() -> None:
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert all(not first <= usable_port(0) <= last for _ in range(50))
