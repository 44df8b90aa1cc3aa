"""What tests of the doctor share: a whole service to look at, and what every check finds there."""

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from deploy.embedded import temporal as embedded
from starter.__main__ import run
from starter.doctor import Finding, Level, Practice, examine, registry
from starter.keys import KeyRing
from starter.settings import Settings
from starter.up import RunningStack, stack
from tests.starter.test_intake import a_charge
from tests.starter.test_up import surroundings


@pytest_asyncio.fixture(scope="module")
async def running() -> AsyncIterator[RunningStack]:
    """The whole service with its own worker and gateway, and one case that has begun; workflows can be paused."""
    folder = Path(tempfile.mkdtemp(prefix="sfo-doctor-"))
    environ = surroundings(folder, SFO_AUDIT_KEY=KeyRing.generate().encode(), SFO_BUILD_ID="")
    pauses = pytest.MonkeyPatch()
    pauses.setitem(embedded._SETTINGS, "frontend.WorkflowPauseEnabled", "true")
    try:
        async with stack(environ, say=lambda _line: None) as up:
            file = folder / "charge.json"
            file.write_text(json.dumps(a_charge().model_dump(mode="json")))
            with pytest.MonkeyPatch.context() as patch:
                as_typed(patch, up.settings)
                assert await asyncio.to_thread(run, ["charge", str(file)]) == 0
            await until(lambda: something_asked(up.settings))
            yield up
    finally:
        pauses.undo()
        shutil.rmtree(folder, ignore_errors=True)


def as_typed(patch: pytest.MonkeyPatch, settings: Settings) -> None:
    for name in [name for name in os.environ if name.startswith("SFO_")]:
        patch.delenv(name)
    for name, value in settings.to_environment().items():
        patch.setenv(name, value)


async def something_asked(settings: Settings) -> bool:
    """A letter has left, and the head of the chain was exported."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        sent = await connection.fetchval("SELECT count(*) FROM sfo.outbox WHERE state = 'sent'")
    finally:
        await connection.close()
    return bool(sent) and (settings.data_dir / "audit-heads.jsonl").exists()


async def until(look: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not await look():
            await asyncio.sleep(0.2)


async def found(settings: Settings, **more: Any) -> dict[str, Finding]:
    """What every check finds."""
    return {one.key: one.finding for one in await examine(Practice(settings, **more), registry(), lambda _: None)}


async def wrong(settings: Settings, **more: Any) -> dict[str, Level]:
    """Every check that is not well."""
    return {key: one.level for key, one in (await found(settings, **more)).items() if one.level is not Level.OK}


def but(running: RunningStack, **changed: Any) -> Settings:
    return running.settings.model_copy(update=changed)


async def is_wrong(settings: Settings, key: str) -> bool:
    return (await found(settings))[key].level is not Level.OK
