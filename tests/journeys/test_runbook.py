"""Every command that the runbook shows, run as it stands there, in its order, against cases that it is about."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from starter.cast import Cast
from starter.connections import database_pool, temporal_client
from starter.delivery import Delivery
from starter.demo import beside
from starter.keys import KeyRing
from starter.script import SILENT, USUAL, Line
from starter.up import RunningStack, stack
from tests.journeys.staged import Staged, charge, staged

pytestmark = pytest.mark.journey

ROOT = Path(__file__).parents[2]
RUNBOOK = ROOT / "docs" / "operations.md"
PACE = 86_400.0 / 4  # a quarter of a case day a second: quick to open, and no date passes meanwhile
AT_ONCE = {name: [replace(line, after_days=0)] for name, line in USUAL.items()}
LINES: dict[str, list[Line]] = {**AT_ONCE, "draft": [SILENT], "interview": [SILENT]}

NOT_HERE = ("python -m tests.", "pytest", "make ", "helm ", "kubectl ")
"""What a developer types; the pipeline itself runs it."""
ENDS = {
    "sfo reconcile --restart": (1,),  # the case runs, so there is nothing to restart, and it says so
    "sfo reconcile": (0, 1),
    "sfo doctor": (0, 1),
}
"""How else than with 0 a command may end: with 1 what has found something, which beside a test it may."""


def shown() -> list[str]:
    """Each command of the runbook's shell blocks, lines that go on joined, comments left out."""
    text = RUNBOOK.read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    commands = [re.sub(r"\s+# .*$", "", line).strip() for line in lines]
    return [one for one in commands if one and not any(word in one for word in NOT_HERE)]


@dataclass
class Operator:
    """Somebody at a terminal beside the service, whose variables stay from command to command."""

    folder: Path
    environ: dict[str, str]

    async def type(self, command: str) -> tuple[int, str]:
        """Run one command in the shell and return how it ended and what it said; an `export` stays."""
        after = f"{command}\ncode=$?\nenv -0 > {self.folder}/env\nexit $code"
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", after, cwd=self.folder, env=self.environ,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        kept = (self.folder / "env").read_text().split("\0")
        self.environ |= dict(pair.split("=", 1) for pair in kept if pair.startswith("SFO_"))
        assert process.returncode is not None
        return process.returncode, said.decode()


@pytest_asyncio.fixture(scope="module")
async def operator(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Operator]:
    data, folder = tmp_path_factory.mktemp("runbook"), tmp_path_factory.mktemp("terminal")
    environ = {"SFO_DATA_DIR": str(data), "SFO_AUDIT_KEY": KeyRing.generate().encode()}
    async with stack(environ, say=lambda _: None) as running:
        await prepared(running)
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        yield Operator(folder, {"PATH": path, "HOME": str(folder), "SFO_DATA_DIR": str(data), "PYTHONPATH": str(ROOT)})


async def prepared(running: RunningStack) -> None:
    """Three cases with the references that the runbook names, each with a review whose draft is awaited."""
    async with database_pool(running.settings) as pool:
        delivery = Delivery(await temporal_client(running.settings), pool)
        cases: list[Staged] = []
        for number in (1, 42, 43):
            await numbered(running, number)
            cases.append(await staged(running, pool, delivery, charge(number), LINES, PACE))
        assert [case.reference[-5:] for case in cases] == ["00001", "00042", "00043"]
        assert running.settings.mailbox_dir is not None
        cast = Cast(
            running.settings.mailbox_dir, {c.reference: c.lines for c in cases}, {c.reference: c.clock for c in cases}
        )
        async with beside(cast.run()):
            for case in cases:
                await case.open_gate("draft")


async def numbered(running: RunningStack, number: int) -> None:
    """The next case has this number."""
    owner: Any = await asyncpg.connect(running.settings.schema_database_url)
    try:
        await owner.execute("SELECT setval('sfo.case_number', $1, false)", number)
    finally:
        await owner.close()


async def test_every_command_of_the_runbook_does_what_it_is_shown_for(operator: Operator) -> None:
    commands, failed = shown(), {}
    assert len(commands) >= 20
    for command in commands:
        allowed = next((codes for start, codes in ENDS.items() if command.startswith(start)), (0,))
        code, said = await until_it_can(operator, command, allowed)
        if code not in allowed:
            failed[command] = (code, said)
    assert not failed


async def until_it_can(operator: Operator, command: str, allowed: tuple[int, ...]) -> tuple[int, str]:
    """A change follows on another that the case is still taking up: tried anew for a while, as a person would."""
    code, said = await operator.type(command)
    for _ in range(10):
        if code in allowed:
            break
        await asyncio.sleep(1)
        code, said = await operator.type(command)
    return code, said
