"""`sfo up` from outside: real servers, and a small worker and gateway of this file's own in place of the big ones."""

import asyncio
import contextlib
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkerDeploymentConfig

from deploy.embedded.mail import embedded_mail
from deploy.embedded.ports import kept_port, usable_port
from deploy.embedded.postgres import embedded_postgres
from deploy.embedded.temporal import embedded_temporal
from starter.rollout import RolloutError, make_current
from starter.settings import SettingsError
from starter.up import Children, RunningStack, stack

THIS_FILE = str(Path(__file__).resolve())
CHILDREN = Children(worker=(sys.executable, THIS_FILE, "worker"), gateway=(sys.executable, THIS_FILE, "gateway"))
QUEUE = "sfo-casework"


@workflow.defn(name="greeting", versioning_behavior=VersioningBehavior.AUTO_UPGRADE)
class Greeting:
    @workflow.run
    async def run(self) -> str:
        return "done"


@asynccontextmanager
async def versioned_worker(client: Client, build_id: str) -> AsyncIterator[None]:
    config = WorkerDeploymentConfig(version=WorkerDeploymentVersion("sfo", build_id), use_worker_versioning=True)
    runner = UnsandboxedWorkflowRunner()
    async with Worker(client, task_queue=QUEUE, workflows=[Greeting], workflow_runner=runner, deployment_config=config):
        yield


async def greet(client: Client, workflow_id: str) -> WorkflowHandle[Any, Any]:
    return await client.start_workflow("greeting", id=workflow_id, task_queue=QUEUE)


# --- rollout


async def test_a_build_gets_work_once_it_is_current_and_the_next_takes_over(tmp_path: Path) -> None:
    async with embedded_temporal(tmp_path, port=usable_port(0), ui_port=usable_port(0)) as server:
        client = await Client.connect(server.address)
        with pytest.raises(RolloutError, match="build one of sfo is not current"):
            await make_current(client, build_id="one", timeout=timedelta(seconds=0.5))
        async with asyncio.timeout(60):
            waiting = await greet(client, "before")
            becoming = asyncio.create_task(make_current(client, build_id="one", timeout=timedelta(minutes=1)))
            async with versioned_worker(client, "one"):
                await becoming
                assert await waiting.result() == "done"
                await make_current(client, build_id="one", timeout=timedelta(minutes=1))
            async with versioned_worker(client, "two"):
                await make_current(client, build_id="two", timeout=timedelta(minutes=1))
                later = await greet(client, "after")
                assert await later.result() == "done"
            version = (await later.describe()).raw_description.workflow_execution_info.versioning_info
            assert version.deployment_version.build_id == "two"


async def test_a_refusal_that_waiting_does_not_cure_is_told_at_once(tmp_path: Path) -> None:
    async with embedded_temporal(tmp_path, port=usable_port(0), ui_port=usable_port(0)) as server:
        client = await Client.connect(server.address)
        with pytest.raises(RPCError):
            await make_current(client, deployment="", build_id="one", timeout=timedelta(minutes=1))


# --- the stack


def surroundings(tmp_path: Path, **variables: str) -> dict[str, str]:
    rest = {name: value for name, value in os.environ.items() if not name.startswith("SFO_")}
    return rest | {"SFO_DATA_DIR": str(tmp_path / "data"), "SFO_BUILD_ID": "one"} | variables


@asynccontextmanager
async def small_stack(environ: Mapping[str, str], lines: list[str] | None = None) -> AsyncIterator[RunningStack]:
    said = [] if lines is None else lines
    async with stack(environ, children=CHILDREN, say=said.append) as running:
        yield running


def child(running: RunningStack, name: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((running.settings.data_dir / f"{name}.json").read_text())
    return found


def is_alive(pid: int | str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    return True


def gone_within(seconds: float, pids: list[int]) -> bool:
    deadline = time.monotonic() + seconds
    while any(is_alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(is_alive(pid) for pid in pids)


async def test_nothing_set_starts_everything_and_keeps_it_for_the_next_time(tmp_path: Path) -> None:
    kept = set()
    for run in ("first", "second"):
        async with small_stack(surroundings(tmp_path)) as running, asyncio.timeout(60):
            settings = running.settings
            client = await Client.connect(settings.temporal_address)
            assert await (await greet(client, f"sfo/{run}")).result() == "done"
            assert await (client.get_workflow_handle("sfo/first")).result() == "done"
            async with httpx.AsyncClient() as web:
                assert (await web.get(f"{settings.public_url}/health")).status_code == 200
                assert (await web.get(running.ui_url)).status_code == 200
                told = (await web.get(f"{running.ui_url}/api/v1/settings")).json()
                assert (told["WorkflowTerminateDisabled"], told["WorkflowSignalDisabled"]) == (True, False)
                assert told["Codec"]["Endpoint"] == f"{settings.public_url}/codec"
            assert await applied_schema(settings.schema_database_url) > 0
            assert settings.mailbox_dir is not None
            assert (settings.mailbox_dir / "new").is_dir()
            assert settings.bounce_dir == settings.data_dir / "returned-mail"
            assert (settings.bounce_dir / "new").is_dir()
            kept.add(child(running, "worker")["SFO_PAYLOAD_KEYS"] + child(running, "gateway")["SFO_LINK_KEYS"])
            pids = [int(child(running, name)["pid"]) for name in ("worker", "gateway")]
            assert (settings.data_dir / "keys.env").stat().st_mode & 0o777 == 0o600
            assert settings.data_dir.stat().st_mode & 0o777 == 0o700
        assert gone_within(1, pids)
    assert len(kept) == 1


async def applied_schema(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM sfo_schema.applied"))
    finally:
        await connection.close()


async def test_children_get_the_whole_environment_and_the_table_shows_no_secret(tmp_path: Path) -> None:
    environ = surroundings(tmp_path, SFO_PUBLIC_URL="https://sfo.example.test", LANG="C")
    async with small_stack(environ) as running:
        for name in ("worker", "gateway"):
            environment = child(running, name)
            assert running.settings.to_environment().items() <= environment.items()
            assert environment["LANG"] == "C"
        table = running.describe()
    assert "https://sfo.example.test/mailbox" in table
    assert running.ui_url in table
    assert running.settings.link_keys.encode() not in table


async def test_a_child_that_dies_is_started_again_and_that_is_said(tmp_path: Path) -> None:
    lines: list[str] = []
    async with small_stack(surroundings(tmp_path), lines) as running:
        before = child(running, "worker")["pid"]
        os.kill(int(before), signal.SIGKILL)
        client = await Client.connect(running.settings.temporal_address)
        async with asyncio.timeout(60):
            assert await (await greet(client, "sfo/after-the-kill")).result() == "done"
        assert child(running, "worker")["pid"] != before
    assert any(line.startswith("the worker ended with status -9; it starts again in ") for line in lines)


def _is_taken(by: socket.socket, port: int) -> bool:
    """Listen on the port, unless somebody does so or, in another test, is about to."""
    with kept_port(port) as ours, contextlib.suppress(OSError):
        if ours == port:
            by.bind(("127.0.0.1", port))
            by.listen()
            return True
    return False


async def test_taken_ports_are_left_to_those_who_have_them(tmp_path: Path) -> None:
    with contextlib.ExitStack() as others:
        for port in (7233, 8233, 8080, 1025):
            taken = others.enter_context(socket.socket())
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            async with asyncio.timeout(120):  # a stack of another test may have it and let it go in the midst of ours
                while not _is_taken(taken, port):
                    await asyncio.sleep(0.5)
        async with small_stack(surroundings(tmp_path)) as running:
            assert running.settings.gateway_port != 8080
            assert running.settings.temporal_address != "127.0.0.1:7233"
            assert running.ui_url != "http://127.0.0.1:8233"
            assert running.settings.smtp_url != "smtp://127.0.0.1:1025"


def test_two_that_start_at_once_are_given_two_ports() -> None:
    usual = usable_port(0)
    with kept_port(usual) as first, kept_port(usual) as second:
        assert first == usual != second
    with kept_port(usual) as again:
        assert again == usual


async def test_a_named_service_that_is_down_is_waited_for_and_named(tmp_path: Path) -> None:
    temporal_port, mail_port, lines = usable_port(0), usable_port(0), list[str]()
    link = tmp_path / "pg"
    environ = surroundings(
        tmp_path,
        SFO_DATABASE_URL=f"postgresql://sfo_app@/sfo?host={link}&port=5432",
        SFO_SCHEMA_DATABASE_URL=f"postgresql://sfo_owner@/sfo?host={link}&port=5432",
        SFO_TEMPORAL_ADDRESS=f"127.0.0.1:{temporal_port}",
        SFO_SMTP_URL=f"smtp://127.0.0.1:{mail_port}",
    )
    ready, enough = asyncio.Event(), asyncio.Event()

    async def run() -> None:
        async with small_stack(environ, lines) as running:
            assert running.settings.mailbox_dir is None
            assert running.settings.bounce_dir is None
            assert running.ui_url == ""
            ready.set()
            await enough.wait()

    async with asyncio.timeout(90), AsyncExitStack() as services:
        running = asyncio.create_task(run())
        while len({line.split(": ")[0] for line in lines}) < 3:
            await asyncio.sleep(0.05)
        assert not ready.is_set()
        database = await services.enter_async_context(embedded_postgres(tmp_path / "theirs"))
        link.symlink_to(database.app_url.partition("host=")[2].partition("&")[0])
        await services.enter_async_context(
            embedded_temporal(tmp_path / "theirs", port=temporal_port, ui_port=usable_port(0))
        )
        await services.enter_async_context(embedded_mail(tmp_path / "theirs" / "mail", port=mail_port))
        await ready.wait()
        enough.set()
        await running
    assert {line.split(": ")[0] for line in lines} == {
        "waiting for PostgreSQL (SFO_DATABASE_URL)",
        "waiting for Temporal (SFO_TEMPORAL_ADDRESS)",
        "waiting for the mail server (SFO_SMTP_URL)",
    }
    assert {path.name for path in (tmp_path / "data").iterdir()} == {
        *("keys.env", "worker.log", "gateway.log", "worker.json", "gateway.json"),
    }


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"SFO_GATEWAY_PORT": "x", "SFO_LINK_KEYS": "y"}, ["SFO_GATEWAY_PORT", "SFO_LINK_KEYS"]),
        ({"SFO_SCHEMA_DATABASE_URL": "postgresql://sfo_owner@host/sfo"}, ["SFO_DATABASE_URL"]),
    ],
)
async def test_a_wrong_setting_is_refused_before_anything_starts(
    tmp_path: Path, variables: dict[str, str], named: list[str]
) -> None:
    with pytest.raises(SettingsError) as caught:
        async with small_stack(surroundings(tmp_path, **variables)):
            pass
    assert [line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:]] == named
    assert not list(tmp_path.iterdir())


# --- the command, stopped and killed


@pytest.fixture
def command(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", list[int]]]:
    """A running `sfo up`, and the pids of all that it started."""
    process = subprocess.Popen(
        [sys.executable, THIS_FILE, "up"], env=surroundings(tmp_path), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process, process.stdout:
        try:
            shown = process.stdout.readline()
            assert shown == "The SFO service is running; Ctrl-C stops it.\n"
            tree = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            yield process, [int(pid) for pid in tree]
        finally:
            process.kill()
            left = tmp_path / "data" / "postgres.scratch"  # the next start would clear it, and there is none
            if left.exists():
                shutil.rmtree(left.read_text(), ignore_errors=True)


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and parent-death signals are Linux's")


@on_linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_in_order(
    tmp_path: Path, command: tuple["subprocess.Popen[str]", list[int]], number: signal.Signals
) -> None:
    process, pids = command
    assert len(pids) == 4
    process.send_signal(number)
    assert process.wait(30) == 0
    assert not any(is_alive(pid) for pid in pids)
    log = (tmp_path / "data" / "postgres.log").read_text()
    assert log.rstrip().endswith("database system is shut down")


@on_linux
def test_nothing_outlives_a_killed_command(command: tuple["subprocess.Popen[str]", list[int]]) -> None:
    process, pids = command
    process.kill()
    assert gone_within(15, pids)


# --- run as a program: the small children, and the command itself


def note_down(name: str) -> None:
    path = Path(os.environ["SFO_DATA_DIR"], f"{name}.json")
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(dict(os.environ) | {"pid": str(os.getpid())}))
    draft.rename(path)


async def run_worker() -> None:
    note_down("worker")
    client = await Client.connect(os.environ["SFO_TEMPORAL_ADDRESS"])
    async with versioned_worker(client, os.environ["SFO_BUILD_ID"]):
        await asyncio.Event().wait()


class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()


def run_gateway() -> None:
    note_down("gateway")
    http.server.HTTPServer(
        (os.environ["SFO_GATEWAY_HOST"], int(os.environ["SFO_GATEWAY_PORT"])), Healthy
    ).serve_forever()


def run_up() -> None:
    from starter.up import up

    asyncio.run(up(os.environ, children=CHILDREN))


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        asyncio.run(run_worker())
    else:
        {"gateway": run_gateway, "up": run_up}[sys.argv[1]]()
