"""The whole service, its own worker and gateway as processes, with letters by GOV.UK Notify: out, and back again."""

import asyncio
import json
import shutil
import tempfile
from pathlib import Path

import asyncpg
import httpx
import pytest

from starter.__main__ import run
from starter.settings import Settings
from starter.up import stack
from tests.starter.examined import as_typed, until
from tests.starter.fake_notify import TOKEN, FakeNotify, fake_notify, notify_settings
from tests.starter.test_intake import a_charge
from tests.starter.test_up import surroundings


async def states(settings: Settings, letter: str) -> list[str]:
    connection = await asyncpg.connect(settings.database_url)
    try:
        return [
            row["state"] for row in await connection.fetch("SELECT state FROM sfo.outbox WHERE letter = $1", letter)
        ]
    finally:
        await connection.close()


async def test_letters_leave_by_notify_and_a_receipt_has_the_deputy_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(tempfile.mkdtemp(prefix="sfo-notify-"))
    try:
        with fake_notify() as notify:
            async with stack(surroundings(folder, **notify_settings(notify)), say=lambda _line: None) as up:
                as_typed(monkeypatch, up.settings)
                charge = folder / "charge.json"
                charge.write_text(json.dumps(a_charge().model_dump(mode="json")))
                assert await asyncio.to_thread(run, ["charge", str(charge)]) == 0
                await _out_and_back(up.settings, notify)
                assert up.settings.mailbox_dir is not None
                assert list((up.settings.mailbox_dir / "new").iterdir()) == []
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _out_and_back(settings: Settings, notify: FakeNotify) -> None:
    async def asked() -> bool:
        return "sent" in await states(settings, "asked")

    async def deputy_asked() -> bool:
        return "sent" in await states(settings, "deputy")

    await until(asked)
    first = notify.took[0]
    receipt = notify.receipt(first["reference"], "permanent-failure")
    url = f"http://{settings.gateway_host}:{settings.gateway_port}/notify/callback"
    async with httpx.AsyncClient(trust_env=False) as web:
        assert (await web.post(url, json=receipt)).status_code == 401
        reply = await web.post(url, json=receipt, headers={"Authorization": f"Bearer {TOKEN}"})
        assert reply.status_code == 200
    await until(deputy_asked)
    assert len({one["reference"] for one in notify.took}) == len(notify.took)
