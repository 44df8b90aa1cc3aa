"""Waits until services answer, and says which of them is out of reach."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
from temporalio.service import RPCError

from deploy.embedded.ports import LOOPBACK
from deploy.embedded.process import Say, ServiceError
from starter.health import mail_answers, temporal_answers
from starter.settings import Settings
from starter.temporal_connection import connected

_ANSWER_WITHIN = 5.0  # seconds
_OUT_OF_REACH = (OSError, RuntimeError, RPCError, asyncpg.PostgresError, asyncpg.InterfaceError)


async def all_reached(settings: Settings, say: Say, *, every: float = 3.0) -> None:
    """Wait, for ever if need be, until database, Temporal and mail server answer; say what does not.

    `every` is the pause between two tries in seconds, and so between two lines about the same service.
    """
    probes: dict[str, Callable[[Settings], Awaitable[None]]] = {
        "PostgreSQL (SFO_DATABASE_URL)": _database,
        "Temporal (SFO_TEMPORAL_ADDRESS)": _temporal,
    }
    if settings.smtp_url:
        probes["the mail server (SFO_SMTP_URL)"] = _mail
    async with asyncio.TaskGroup() as group:
        for name, probe in probes.items():
            group.create_task(_reached(name, probe, settings, say, every))


async def gateway_answers(settings: Settings, patience: timedelta, log: Path) -> None:
    """Wait until our gateway says that it is healthy. Raises ServiceError naming its log when it does not."""
    host = LOOPBACK if settings.gateway_host in {"0.0.0.0", "::"} else settings.gateway_host  # noqa: S104  # nosec B104  # compared with, and bound to nowhere
    url = f"http://{host}:{settings.gateway_port}/health"
    try:
        async with httpx.AsyncClient(trust_env=False) as web, asyncio.timeout(patience.total_seconds()):
            while not await _is_healthy(web, url):  # noqa: ASYNC110  (another process sets no event here)
                await asyncio.sleep(0.1)
    except TimeoutError as error:
        raise ServiceError(f"the gateway does not answer at {url}; read {log}") from error


async def _is_healthy(web: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await web.get(url)).status_code == 200
    except httpx.TransportError:
        return False


async def _reached(
    name: str, probe: Callable[[Settings], Awaitable[None]], settings: Settings, say: Say, every: float
) -> None:
    while True:
        try:
            async with asyncio.timeout(_ANSWER_WITHIN):
                return await probe(settings)
        except _OUT_OF_REACH as error:  # TimeoutError is an OSError
            say(f"waiting for {name}: {str(error) or 'no answer'}")
        await asyncio.sleep(every)


async def _database(settings: Settings) -> None:
    connection = await asyncpg.connect(settings.database_url)
    await connection.close()


async def _temporal(settings: Settings) -> None:
    await temporal_answers(await connected(settings), _ANSWER_WITHIN)


async def _mail(settings: Settings) -> None:
    await mail_answers(settings.smtp_url)
