"""A front before the development server's Web UI, which has no switch of its own for what must not be done there.

It passes on what is read, and of what is written only signals and queries; everything else is refused here, so that
it is prevented and not only hidden. What the UI offers is switched off by the settings that are shipped for live use.
"""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from deploy.embedded.ports import LOOPBACK
from deploy.embedded.process import ServiceError
from deploy.saved_views import set_up_page

SHIPPED = Path(__file__).resolve().parent.parent / "temporal-ui" / "temporal-ui.env"
RUNBOOK = "What must not be done, in docs/operations.md"

_MESSAGE = "TEMPORAL_CODEC_DEFAULT_ERROR_MESSAGE"
_SWITCHES = {
    "TEMPORAL_DISABLE_WRITE_ACTIONS": "DisableWriteActions",
    "TEMPORAL_WORKFLOW_TERMINATE_DISABLED": "WorkflowTerminateDisabled",
    "TEMPORAL_WORKFLOW_CANCEL_DISABLED": "WorkflowCancelDisabled",
    "TEMPORAL_WORKFLOW_SIGNAL_DISABLED": "WorkflowSignalDisabled",
    "TEMPORAL_WORKFLOW_UPDATE_DISABLED": "WorkflowUpdateDisabled",
    "TEMPORAL_WORKFLOW_RESET_DISABLED": "WorkflowResetDisabled",
    "TEMPORAL_WORKFLOW_PAUSE_DISABLED": "WorkflowPauseDisabled",
    "TEMPORAL_BATCH_ACTIONS_DISABLED": "BatchActionsDisabled",
    "TEMPORAL_START_WORKFLOW_DISABLED": "StartWorkflowDisabled",
    "TEMPORAL_ACTIVITY_COMMANDS_DISABLED": "ActivityCommandsDisabled",
}
_CODEC_SWITCHES = {
    "TEMPORAL_CODEC_INCLUDE_CREDENTIALS": "IncludeCredentials",
    "TEMPORAL_CODEC_PASS_ACCESS_TOKEN": "PassAccessToken",  # nosec B105  # the name of a setting
}

# The id of a workflow holds encoded slashes. The server looks for its routes before it decodes them, so such an id
# leads nowhere else; those that would read as another route if it ever did otherwise are refused all the same.
_WRITTEN = re.compile(
    rb"/api/v1/namespaces/[A-Za-z0-9._-]+/workflows/(?![^/]*%2F(?:activities|workflows)/)(?:[A-Za-z0-9._~-]|%2F)+"
    rb"/(?:signal|query)/[A-Za-z_][A-Za-z0-9_-]*",
    re.IGNORECASE,
)
_HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"proxy-connection"}
)
_NOT_ASKED = _HOP_BY_HOP | {b"host", b"content-length", b"x-http-method-override"}
_TIMEOUTS = {"connect": 5.0, "write": 10.0, "pool": 10.0, "read": 90.0}
"""Seconds; the UI waits up to a minute for the next event of a history."""
_GRACE_SECONDS = 2
_LOOKS_EVERY = 0.5  # seconds


def shipped_settings(path: Path = SHIPPED) -> dict[str, str]:
    """Return the settings that are shipped for the image temporalio/ui, by variable."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def offered(own: Mapping[str, Any], shipped: Mapping[str, str], public_url: str) -> dict[str, Any]:
    """Return what the UI is told of itself: as the server says, with the shipped switches and the gateway's codec."""
    codec = {
        **own.get("Codec", {}),
        **{name: shipped[variable] == "true" for variable, name in _CODEC_SWITCHES.items()},
        "Endpoint": f"{public_url}/codec",
        "DefaultErrorMessage": shipped[_MESSAGE],
        "DefaultErrorLink": f"{public_url}/operations",
    }
    return {**own, **{name: shipped[variable] == "true" for variable, name in _SWITCHES.items()}, "Codec": codec}


def may_pass(method: str, path: bytes) -> bool:
    """Whether a request may reach the server: whatever reads, and of what writes a signal or a query."""
    return method in ("GET", "HEAD") or (method == "POST" and _WRITTEN.fullmatch(path) is not None)


@dataclass(frozen=True, slots=True)
class Front:
    """The web application. `at`: its own address; `behind`: that of the server's UI; `public_url`: the gateway's.

    `/sfo` is a page of ours, which gives a browser the saved views of this `namespace`.
    """

    at: str
    behind: str
    public_url: str
    namespace: str = "default"
    shipped: Mapping[str, str] = field(default_factory=shipped_settings)
    # Not a client: one would keep the cookies of one visitor and send them with the requests of another.
    transport: httpx.AsyncHTTPTransport = field(default_factory=httpx.AsyncHTTPTransport)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path: bytes = request.scope["raw_path"]
        if not may_pass(request.method, path):
            return JSONResponse({"message": f"This is switched off. Why, and what to do instead: {RUNBOOK}."}, 403)
        if request.url.hostname == "localhost" and request.method == "GET" and not path.startswith(b"/api/"):
            # The session of the gateway and the codec's one origin are those of the address that we print.
            return RedirectResponse(f"{self.at}{path.decode('ascii')}{_query(request)}", 307)
        if path == b"/sfo":
            return HTMLResponse(set_up_page(datetime.now(UTC), self.namespace), headers={"Cache-Control": "no-store"})
        try:
            if path == b"/api/v1/settings":
                return await self._settings(request)
            return _streamed(await self._passed_on(request))
        except httpx.HTTPError as error:
            return JSONResponse({"message": f"Temporal's own UI does not answer ({type(error).__name__})."}, 502)

    async def _settings(self, request: Request) -> Response:
        reply = await self._passed_on(request, {b"accept-encoding": b"identity"})
        try:
            own = json.loads(await reply.aread())
        finally:
            await reply.aclose()
        response = JSONResponse(offered(own, self.shipped, self.public_url), reply.status_code)
        # Among them the cookie against forged requests, which the UI sends back with a signal.
        response.raw_headers += [one for one in _kept(reply) if one[0] not in (b"content-length", b"content-type")]
        return response

    async def _passed_on(self, request: Request, instead: Mapping[bytes, bytes] | None = None) -> httpx.Response:
        instead = instead or {}
        url = httpx.URL(self.behind).copy_with(raw_path=request.scope["raw_path"] + _query(request).encode("ascii"))
        headers = [one for one in request.headers.raw if one[0] not in _NOT_ASKED and one[0] not in instead]
        content = await request.body() if request.method == "POST" else None
        asked = httpx.Request(
            request.method,
            url,
            headers=[*headers, *instead.items()],
            content=content,
            extensions={"timeout": _TIMEOUTS},
        )
        return await self._while_somebody_waits(request, asked)

    async def _while_somebody_waits(self, request: Request, asked: httpx.Request) -> httpx.Response:
        """Ask, and stop asking when the browser has left or the service stops: the UI waits a minute for an event."""
        reply = asyncio.ensure_future(self.transport.handle_async_request(asked))
        try:
            while not reply.done():
                await asyncio.wait([reply], timeout=_LOOKS_EVERY)
                if not reply.done() and (self.stopping.is_set() or await request.is_disconnected()):
                    raise httpx.ReadError("nobody waits for it any more")
            return reply.result()
        finally:
            reply.cancel()


def _query(request: Request) -> str:
    return f"?{request.url.query}" if request.url.query else ""


def _streamed(reply: httpx.Response) -> Response:
    """The answer as it comes, byte for byte."""

    async def content() -> AsyncIterator[bytes]:
        try:
            async for part in reply.aiter_raw():
                yield part
        finally:
            await reply.aclose()

    response = StreamingResponse(content(), reply.status_code)
    response.raw_headers = _kept(reply)
    return response


def _kept(reply: httpx.Response) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in reply.headers.raw if name.lower() not in _HOP_BY_HOP]


class _Server(uvicorn.Server):
    """Leaves signals to the process that it is a part of."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def embedded_web_ui(*, port: int, behind: str, public_url: str, namespace: str = "default") -> AsyncIterator[str]:
    """Serve the front on a loopback port and yield its address. It is a part of this process and ends with it.

    Raises ServiceError when the port is taken.
    """
    front = Front(f"http://{LOOPBACK}:{port}", behind, public_url, namespace)
    try:
        listener = socket.create_server((LOOPBACK, port), backlog=128)
    except OSError:
        raise ServiceError(f"port {port} for the Temporal UI was taken in this moment: start again") from None
    config = uvicorn.Config(
        front, log_config=None, access_log=False, lifespan="off", ws="none", server_header=False, date_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )  # fmt: skip
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield front.at
    finally:
        front.stopping.set()
        server.should_exit = True
        await asyncio.wait([serving])
        listener.close()
        await front.transport.aclose()
