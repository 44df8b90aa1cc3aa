"""The embedded services from outside: real processes that start, stop, are killed and come back."""

import asyncio
import ctypes
import json
import os
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from deploy.embedded import tether
from deploy.embedded.account import fitting_identity, installed_binaries
from deploy.embedded.mail import ReturnedMail, embedded_mail
from deploy.embedded.ports import usable_port
from deploy.embedded.postgres import EmbeddedPostgres, embedded_postgres
from deploy.embedded.process import Command, Identity, ServiceError, kept_running, locked
from deploy.embedded.temporal import EmbeddedTemporal, embedded_temporal
from workflows.policy.returns import return_address

PROJECT = Path(__file__).resolve().parents[2]
STARTER = [sys.executable, str(Path(__file__).resolve())]  # this file as a program: see its end
NOBODY = 65534

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="parent-death signals and namespaces are Linux's")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def private(tmp_path: Path) -> Iterator[Path]:
    """A folder that only its owner can enter, with a space in its name."""
    folder = tmp_path / "a private place"
    folder.mkdir(mode=0o700)
    yield folder
    assert folder.stat().st_mode & 0o777 == 0o700


async def query(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def add_row(database: EmbeddedPostgres) -> object:
    await query(database.owner_url, "CREATE TABLE IF NOT EXISTS kept (seen int)")
    await query(database.owner_url, "INSERT INTO kept VALUES (1)")
    return await query(database.owner_url, "SELECT count(*) FROM kept")


@asynccontextmanager
async def temporal(folder: Path) -> AsyncIterator[EmbeddedTemporal]:
    async with embedded_temporal(folder, port=usable_port(0), ui_port=usable_port(0)) as server:
        yield server


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone_within(seconds: float, *pids: int) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(is_alive(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


# --- PostgreSQL


async def test_rows_outlive_a_stop(private: Path) -> None:
    async with embedded_postgres(private) as database:
        assert await add_row(database) == 1
    assert gone_within(1, database.pid)
    async with embedded_postgres(private) as database:
        assert await add_row(database) == 2


async def test_owner_owns_the_database_and_the_application_owns_nothing(private: Path) -> None:
    async with embedded_postgres(private) as database:
        owns = "SELECT pg_get_userbyid(datdba) = current_user FROM pg_database WHERE datname = 'sfo'"
        assert await query(database.owner_url, owns) is True
        assert await query(database.app_url, owns) is False
        assert await query(database.app_url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await query(database.app_url, "CREATE TABLE mine (x int)")


async def test_killed_server_comes_back_though_its_pid_is_in_use_again(private: Path) -> None:
    async with embedded_postgres(private) as database:
        await add_row(database)
        os.kill(database.pid, signal.SIGKILL)
        assert gone_within(5, database.pid)
    stale = private / "postgres" / "postmaster.pid"
    sleeper = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        stale.write_text("\n".join([str(sleeper.pid), *stale.read_text().splitlines()[1:]]) + "\n")
        async with embedded_postgres(private) as database:
            assert await add_row(database) == 2
    finally:
        sleeper.kill()
        await sleeper.wait()


@on_linux
@as_root
async def test_every_identity_serves_the_same_private_folder(private: Path) -> None:
    chosen = await fitting_identity(private / "probe.log")
    for count, identity in enumerate([chosen, Identity.NOBODY, None, Identity.NOBODY], start=1):
        async with embedded_postgres(private, identity=identity) as database:
            assert await add_row(database) == count
            user = Path(f"/proc/{database.pid}").stat().st_uid
            assert user == (NOBODY if Identity.NOBODY in (identity, chosen) else 0)
            scratch = Path((private / "postgres.scratch").read_text())
        assert not scratch.exists()


@on_linux
@as_root
@pytest.mark.parametrize("user", [NOBODY, 54321], ids=["known to passwd", "unknown to passwd"])
def test_an_ordinary_user_needs_no_more_than_a_private_folder(user: int) -> None:
    # The Python that runs the tests may live in root's home: reading it is the one liberty taken here.
    reading = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    postgres = [str(installed_binaries() / "postgres"), "--version"]
    renamed = [*become, *reading, *tethered(os.getpid(), "mapped"), *postgres]
    if not works(*become, *postgres) or not works(*renamed):
        pytest.skip("this machine or this checkout does not let another user run PostgreSQL")
    home = Path(tempfile.mkdtemp(prefix="sfo-user-", dir="/tmp"))
    try:
        os.chown(home, user, user)
        subprocess.run([*become, *reading, *STARTER, "postgres", home / "data"], cwd=PROJECT, check=True, timeout=60)
        assert (home / "data" / "postgres").stat().st_uid == user
    finally:
        shutil.rmtree(home)


@on_linux
@as_root
def test_root_becomes_nobody_where_namespaces_are_refused(private: Path) -> None:
    """As in a container: the program below is root in a world of its own, in which it forbids any other."""
    program = subprocess.Popen(
        [*STARTER, "refused", private], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert program.stdin is not None
    assert program.stdout is not None
    with program:
        if program.stdout.readline() != "entered\n":
            pytest.skip("this machine refuses user namespaces itself")
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{program.pid}/{name}").write_text("0 0 70000")
        program.stdin.write("go on\n")
        program.stdin.close()
        assert program.wait(60) == 0
    assert (private / "postgres").stat().st_uid == NOBODY
    assert "unshare was refused" in (private / "postgres.log").read_text()


def works(*command: str) -> bool:
    return shutil.which(command[0]) is not None and subprocess.run(command, capture_output=True).returncode == 0


def tethered(parent: int, identity: str) -> list[str]:
    return [sys.executable, "-I", "-S", tether.__file__, str(parent), str(int(signal.SIGKILL)), identity]


async def test_a_start_that_fails_names_the_log(private: Path) -> None:
    async with embedded_postgres(private):
        pass
    (private / "postgres" / "global" / "pg_control").write_bytes(b"no")
    with pytest.raises(ServiceError, match=r"postgres\.log"):
        async with embedded_postgres(private):
            pass
    assert "pg_control" in (private / "postgres.log").read_text()


async def test_an_unfinished_first_start_is_made_again(private: Path) -> None:
    unfinished = private / "postgres.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18")
    async with embedded_postgres(private) as database:
        assert await query(database.owner_url, "SELECT 1") == 1
    assert not unfinished.exists()


async def test_the_log_keeps_no_statement_and_no_detail(private: Path) -> None:
    async with embedded_postgres(private) as database:
        await query(database.owner_url, "CREATE TABLE people (name text UNIQUE)")
        await query(database.owner_url, "INSERT INTO people VALUES ('Ada Example')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await query(database.owner_url, "INSERT INTO people VALUES ('Ada Example')")
    log = (private / "postgres.log").read_text()
    assert "people_name_key" in log
    assert "Ada" not in log


async def test_a_folder_serves_one_process_at_a_time(private: Path) -> None:
    async with locked(private / "x.lock"):
        with pytest.raises(ServiceError, match="another process is using"):
            async with locked(private / "x.lock", timedelta(seconds=0.1)):
                pass
    async with locked(private / "x.lock", timedelta(seconds=0.1)):
        pass


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
        with pytest.raises(ServiceError, match=r"temporal\.log"):
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


# --- run as a program: a parent to be killed, or to be somebody else


async def start_both(folder: Path, identity: str) -> None:
    known = Identity(identity) if identity else None
    async with embedded_postgres(folder, identity=known) as database, temporal(folder) as server:
        await add_row(database)
        sys.stdout.write(json.dumps([database.pid, server.pid]) + "\n")
        sys.stdout.flush()
        await asyncio.sleep(600)


async def start_where_namespaces_are_refused(folder: Path) -> None:
    if ctypes.CDLL(None).unshare(0x10000000) == 0:  # CLONE_NEWUSER
        sys.stdout.write("entered\n")
        sys.stdout.flush()
        sys.stdin.readline()
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
        await start_postgres(folder)


async def start_postgres(folder: Path) -> None:
    async with embedded_postgres(folder) as database:
        assert await add_row(database) == 1


if __name__ == "__main__":
    programs: dict[str, Callable[..., object]] = {
        "both": start_both,
        "postgres": start_postgres,
        "refused": start_where_namespaces_are_refused,
    }
    asyncio.run(programs[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:]))  # type: ignore[arg-type]
