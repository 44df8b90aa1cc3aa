"""Whether the service works: `/health` asks what it depends on, `/ping` only that it runs, `/info` which build."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

from starter.connections import Pool
from starter.settings import Settings

WITHIN = 2.0  # seconds; monitoring asks often and must not pile up
_SMTP_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}

Probe = Callable[[], Awaitable[None]]


def probes_of(settings: Settings, pool: Pool, client: Client) -> dict[str, Probe]:
    """Return a question for each service that this one depends on; it raises where that does not answer."""

    async def database() -> None:
        await pool.fetchval("SELECT 1", timeout=WITHIN)

    async def temporal() -> None:
        await temporal_answers(client, WITHIN)

    async def mail() -> None:
        await mail_answers(settings.smtp_url)

    async def notify() -> None:
        await notify_answers(settings.notify_url)

    probes: dict[str, Probe] = {"database": database, "temporal": temporal}
    by_smtp = {"mail": mail} if settings.smtp_url else {}
    return probes | by_smtp | ({"notify": notify} if settings.by_notify else {})


async def temporal_answers(client: Client, within: float) -> None:
    """Ask for the client's namespace. Raises RPCError or RuntimeError where Temporal cannot tell of it in time."""
    request = DescribeNamespaceRequest(namespace=client.namespace)
    await client.workflow_service.describe_namespace(request, timeout=timedelta(seconds=within))


async def mail_answers(smtp_url: str) -> None:
    """Connect to the mail server and leave. Raises OSError where nobody listens."""
    url = urlsplit(smtp_url)
    await _somebody_listens(url.hostname, url.port or _SMTP_PORTS[url.scheme])


async def notify_answers(notify_url: str) -> None:
    """The same of GOV.UK Notify; whether it takes our key is asked by `sfo doctor`."""
    url = urlsplit(notify_url)
    await _somebody_listens(url.hostname, url.port or (443 if url.scheme == "https" else 80))


async def _somebody_listens(host: str | None, port: int) -> None:
    _, writer = await asyncio.open_connection(host, port)
    writer.close()


def health_routes(settings: Settings, pool: Pool, client: Client) -> list[Route]:
    """Return the three routes. None of them needs a session and none says anything about a case."""
    probes = probes_of(settings, pool, client)

    async def health(_: Request) -> Response:
        found = dict(zip(probes, await asyncio.gather(*map(probed, probes.values())), strict=True))
        is_up = all(component["status"] == "UP" for component in found.values())
        content = {"status": "UP" if is_up else "DOWN", "components": found}
        return JSONResponse(content, 200 if is_up else 503)

    async def info(_: Request) -> Response:
        build = {"name": "serious-further-offences", "version": _version(), "build_id": settings.build_id}
        return JSONResponse({"build": build})

    async def ping(_: Request) -> Response:
        return PlainTextResponse("pong")

    return [Route("/health", health), Route("/info", info), Route("/ping", ping)]


async def probed(probe: Probe) -> dict[str, Any]:
    """Put one question, two seconds at most, and say what came of it."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(WITHIN):
            await probe()
    except Exception as error:  # whatever it is, the dependency does not work; its text may hold a password
        return {"status": "DOWN", "error": type(error).__name__, "milliseconds": _since(started)}
    return {"status": "UP", "milliseconds": _since(started)}


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _version() -> str:
    try:
        return version("serious-further-offences")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "unpackaged"
