"""The whole service on one machine: embedded parts for what no setting names, then worker and gateway."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from deploy.embedded.mail import ReturnedMail, embedded_mail
from deploy.embedded.ports import LOOPBACK, kept_port
from deploy.embedded.postgres import embedded_postgres
from deploy.embedded.process import Command, Say, ServiceError, kept_running, private_folder
from deploy.embedded.temporal import embedded_temporal
from deploy.embedded.web_ui import embedded_web_ui
from starter.connections import temporal_client
from starter.keys import kept_rings
from starter.reach import all_reached, gateway_answers
from starter.rollout import RolloutError, make_current
from starter.schedules import put_right
from starter.schema import apply_all
from starter.settings import Settings
from starter.signals import TemporalAwayError

_KEY_VARIABLES = ("SFO_LINK_KEYS", "SFO_PAYLOAD_KEYS")
_PATIENCE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Children:
    """How worker and gateway are started. Tests put something smaller in their place."""

    worker: tuple[str, ...] = (sys.executable, "-m", "worker")
    gateway: tuple[str, ...] = (sys.executable, "-m", "starter", "gateway")


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A service that takes cases and answers links."""

    settings: Settings
    ui_url: str
    """The Temporal Web UI, or an empty text where Temporal is somebody else's and no setting names its UI."""

    def describe(self) -> str:
        """Write a short table of what runs where, for a person."""
        places = {
            "Gateway": self.settings.public_url,
            "Mailbox": f"{self.settings.public_url}/mailbox" if self.settings.mailbox_dir else "",
            "Temporal Web UI": self.ui_url,
            "Temporal": f"{self.settings.temporal_address}, namespace {self.settings.temporal_namespace}",
            "Metrics": self._metrics(),
            "Data and logs": str(self.settings.data_dir),
        }
        lines = [f"  {name:<16} {place}" for name, place in places.items() if place]
        return "\n".join(["The SFO service is running; Ctrl-C stops it.", "", *lines])

    def _metrics(self) -> str:
        gateway, worker = (self.settings.metrics_of(service) for service in ("gateway", "worker"))
        return f"http://{gateway}/metrics of the gateway, http://{worker}/metrics of the worker" if gateway else ""


async def up(
    environ: Mapping[str, str],
    *,
    on_ready: Callable[[RunningStack], None] = lambda running: print(running.describe(), flush=True),
    children: Children = Children(),
) -> None:
    """Run the service until SIGINT or SIGTERM, then stop all of it in reverse order.

    Raises SettingsError for a wrong variable, ServiceError for an embedded part that does not start.
    """
    loop = asyncio.get_running_loop()
    service = asyncio.ensure_future(_serve(environ, on_ready, children))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, service.cancel)
    try:
        await asyncio.wait([service])
    finally:
        service.cancel()
        await asyncio.wait([service])
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    if not service.cancelled():
        service.result()


@asynccontextmanager
async def stack(
    environ: Mapping[str, str], *, children: Children = Children(), say: Say | None = None
) -> AsyncIterator[RunningStack]:
    """Run the service for as long as the block lasts. Call from the main thread; errors are those of `up`.

    Any SFO_* variable of a service replaces the embedded one; a service named so that is down is waited for.
    `say` gets a line about such a wait and about a process that was started again; by default it is stderr.
    """
    say = say or _to_stderr
    given = {name: value for name, value in environ.items() if name.startswith("SFO_") and value}
    data_dir = _data_dir(given)
    pattern = _checked(given).bounce_address
    private_folder(data_dir)
    async with AsyncExitStack() as parts:
        local = _local(parts, data_dir, given)
        public_url = given.get("SFO_PUBLIC_URL", local["SFO_PUBLIC_URL"])
        embedded = await _embedded(parts, data_dir, given, pattern, say)
        settings = Settings.from_environment(
            local | embedded | await _web_ui(parts, embedded, public_url, given) | given
        )
        await all_reached(settings, say)
        await apply_all(settings)
        await _start_children(parts, settings, environ, children, say)
        yield RunningStack(settings, settings.temporal_ui_url or "")


async def _serve(environ: Mapping[str, str], on_ready: Callable[[RunningStack], None], children: Children) -> None:
    async with stack(environ, children=children) as running:
        on_ready(running)
        await asyncio.Event().wait()


def _checked(given: dict[str, str]) -> Settings:
    """Read what is given before anything starts, with stand-ins for what an embedded part will say."""
    # An owner's address alone names no embedded database.
    return Settings.with_stand_ins(given, but=["SFO_DATABASE_URL"] if "SFO_SCHEMA_DATABASE_URL" in given else [])


async def _embedded(
    parts: AsyncExitStack, data_dir: Path, given: Mapping[str, str], pattern: str, say: Say
) -> dict[str, str]:
    """Start a part of our own for every service that no variable names, and return its variables.

    `pattern` is that of the letters' return addresses, for which the mail server has a Maildir.
    """
    found: dict[str, str] = {}
    if "SFO_DATABASE_URL" not in given:
        database = await parts.enter_async_context(embedded_postgres(data_dir, say=say))
        found |= {"SFO_DATABASE_URL": database.app_url, "SFO_SCHEMA_DATABASE_URL": database.owner_url}
    if "SFO_TEMPORAL_ADDRESS" not in given:
        namespace = given.get("SFO_TEMPORAL_NAMESPACE", "default")
        # The server's own UI offers what must not be done: nobody is told where it is, and ours stands before it.
        port, ui_port = (parts.enter_context(kept_port(usual)) for usual in (7233, 0))
        temporal = await parts.enter_async_context(
            embedded_temporal(data_dir, port=port, ui_port=ui_port, namespace=namespace, say=say)
        )
        found |= {"SFO_TEMPORAL_ADDRESS": temporal.address, "SFO_TEMPORAL_UI_URL": temporal.ui_url}
    if "SFO_SMTP_URL" not in given:
        returned = ReturnedMail(pattern, Path(given.get("SFO_BOUNCE_DIR", data_dir / "returned-mail")))
        port = parts.enter_context(kept_port(1025))
        mail = await parts.enter_async_context(embedded_mail(data_dir / "mail", port=port, returned=returned))
        found |= {"SFO_SMTP_URL": mail.smtp_url, "SFO_MAILBOX_DIR": str(mail.mailbox)}
        found |= {"SFO_BOUNCE_DIR": str(returned.folder)}
    return found


async def _web_ui(
    parts: AsyncExitStack, embedded: Mapping[str, str], public_url: str, given: Mapping[str, str]
) -> dict[str, str]:
    """Put the shipped front before an embedded server's UI, where there is one."""
    behind = embedded.get("SFO_TEMPORAL_UI_URL")
    if behind is None:
        return {}
    namespace = given.get("SFO_TEMPORAL_NAMESPACE", "default")
    port = parts.enter_context(kept_port(8233))
    front = embedded_web_ui(port=port, behind=behind, public_url=public_url.rstrip("/"), namespace=namespace)
    return {"SFO_TEMPORAL_UI_URL": await parts.enter_async_context(front)}


def _local(parts: AsyncExitStack, data_dir: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Return what this machine decides: the folder, the gateway's port and address, the kept keys."""
    port = given.get("SFO_GATEWAY_PORT") or str(parts.enter_context(kept_port(8080)))
    return {
        "SFO_DATA_DIR": str(data_dir),
        "SFO_GATEWAY_PORT": port,
        "SFO_PUBLIC_URL": f"http://{LOOPBACK}:{port}",
        **kept_rings(data_dir / "keys.env", [name for name in _KEY_VARIABLES if name not in given]),
    }


async def _start_children(
    parts: AsyncExitStack, settings: Settings, environ: Mapping[str, str], children: Children, say: Say
) -> None:
    outer = {name: value for name, value in environ.items() if not name.startswith("SFO_")}
    environment = outer | settings.to_environment()
    logs = {name: settings.data_dir / f"{name}.log" for name in ("worker", "gateway")}
    for name, arguments in (("worker", children.worker), ("gateway", children.gateway)):
        command = Command(
            arguments,
            log=logs[name],
            environment=environment,
            orphan_signal=signal.SIGKILL,  # our services go with us: nothing is left to drain into
            grace=timedelta(seconds=45),  # longer than the worker takes to finish what it began
        )
        await parts.enter_async_context(kept_running(f"the {name}", command, say))
    await _working(settings, logs["worker"])
    await gateway_answers(settings, _PATIENCE, logs["gateway"])


async def _working(settings: Settings, log: Path) -> None:
    client = await temporal_client(settings, attempts=1)
    try:
        await make_current(client, deployment=settings.deployment, build_id=settings.build_id, timeout=_PATIENCE)
    except RolloutError as error:
        raise ServiceError(f"the worker does not work: {error}; read {log}") from error
    try:
        await put_right(client)
    except TemporalAwayError as error:
        raise ServiceError(f"the schedule of the weekday digest cannot be made: {error}") from error


def _data_dir(given: Mapping[str, str]) -> Path:
    return Path(given.get("SFO_DATA_DIR", ".sfo")).absolute()


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
