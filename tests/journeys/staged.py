"""Whole cases on the whole service, with people who answer their mail and operations who type `sfo`."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from starter.casebook import view_cases
from starter.connections import Pool
from starter.delivery import Delivery
from starter.demo import CHARGES
from starter.intake import Pace, open_case
from starter.reports import report_court_event
from starter.script import Line
from starter.up import RunningStack
from workflows.contract.charge import Charge
from workflows.contract.directory import Directory
from workflows.contract.messages import CaseClock
from workflows.contract.vocabulary import CourtEventKind
from workflows.policy.clock import case_time
from workflows.policy.due import on_in_london

PACE = 2.0 * 86_400  # two case days a second
Row = dict[str, Any]


@dataclass
class Staged:
    """One case: its people's lines, which a test may add to while it runs, and a hand on its record."""

    running: RunningStack
    pool: Pool
    delivery: Delivery
    reference: str
    clock: CaseClock
    lines: dict[str, list[Line]] = field(default_factory=dict)

    def today(self) -> date:
        """The case's date now."""
        return on_in_london(case_time(self.clock, datetime.now(UTC)))

    async def until_day(self, days: float) -> None:
        """Until so many days of the case have passed since it was opened."""
        until = self.clock.case_anchor + timedelta(days=days)
        while case_time(self.clock, datetime.now(UTC)) < until:
            await asyncio.sleep(0.1)

    async def rows(self, query: str, *arguments: object) -> list[Row]:
        """`$1` is the case's reference."""
        return [dict(row) for row in await self.pool.fetch(query, self.reference, *arguments)]

    async def value(self, query: str, *arguments: object) -> Any:
        return await self.pool.fetchval(query, self.reference, *arguments)

    async def until(self, look: Callable[[], Awaitable[Any]], seconds: float = 150) -> Any:
        """Whatever `look` finds, as soon as it finds something."""
        async with asyncio.timeout(seconds):
            while not (found := await look()):
                await asyncio.sleep(0.1)
        return found

    async def open_gate(self, question: str) -> Row:
        """The gate of this question as soon as one is open."""
        query = "SELECT * FROM sfo.gates WHERE reference = $1 AND question = $2 AND state = 'open' ORDER BY opened_at"
        rows: list[Row] = await self.until(lambda: self.rows(query, question))
        return rows[0]

    async def decisions(self, question: str) -> list[Row]:
        """What was decided on this question, in the order in which it was applied."""
        return await self.rows(
            """SELECT d.*, g.subject, g.due_on, g.role FROM sfo.decisions d JOIN sfo.gates g USING (gate)
               WHERE g.reference = $1 AND g.question = $2 AND d.applied_at IS NOT NULL ORDER BY d.applied_at""",
            question,
        )

    async def letters(self, letter: str) -> list[str]:
        """To whom this letter was written, each as often as it was."""
        rows = await self.rows("SELECT to_email FROM sfo.outbox WHERE reference = $1 AND letter = $2", letter)
        return sorted(str(row["to_email"]) for row in rows)

    async def court(self, kind: CourtEventKind) -> None:
        """The court does something today, as `sfo court-event` reports it."""
        async with self.pool.acquire() as connection:
            event, _ = await report_court_event(connection, self.reference, kind, self.today(), (), actor="journey")
        await self.delivery.deliver_court_event(event)

    async def sfo(self, *words: str) -> str:
        """Type a command about this case and return what it printed; it must end with 0."""
        return await typed(self.running, words[0], self.reference, *words[1:])

    async def view(self) -> Row:
        """The case as `sfo case --json` shows it."""
        async with self.pool.acquire() as connection:
            (view,) = await view_cases(connection, (self.reference,))
        return view


def children(what: str) -> list[int]:
    """The processes of this name that this test's stack has started."""
    command = {"worker": b"-m\0worker", "gateway": b"-m\0starter\0gateway"}[what]
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and command in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except (OSError, ValueError):
            continue  # it ended meanwhile
    return found


async def typed(running: RunningStack, *words: str) -> str:
    """Type a command as operations do, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "starter", *words,
        env={**os.environ, "SFO_DATA_DIR": str(running.settings.data_dir)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode == 0, f"sfo {' '.join(words)}: {said.decode()}"
    return said.decode()


def charge(number: int, roster: Sequence[Row] = (), **changes: Any) -> Charge:
    """An invented charge of today's, after the first one of the demo."""
    today = datetime.now(UTC).date()
    entry = json.loads((CHARGES / "1-always-reviewed.json").read_text())
    entry |= {
        "crn": f"X2{number:05}", "noms": None, "victims": [],
        "person": {"name": f"Invented Subject {number}", "date_of_birth": "1991-05-04"},
        "charged_on": str(today - timedelta(days=1)), "first_appearance_on": str(today),
    }  # fmt: skip
    entry["offences"][0]["offence_on"] = str(today - timedelta(days=8))
    entry["roster"] = [*entry["roster"], *roster]
    return Charge.model_validate(entry | changes)


async def staged(
    running: RunningStack, pool: Pool, delivery: Delivery, reported: Charge, lines: dict[str, list[Line]], speed: float
) -> Staged:
    """Open the case as a region does, and start it."""
    directory = Directory.from_toml(next(running.settings.directory_dir.glob("*.toml")).read_text())
    async with pool.acquire() as connection:
        opened = await open_case(connection, reported, Pace(speed=speed), directory)
        clock = await connection.fetchval("SELECT clock FROM sfo.cases WHERE reference = $1", opened.reference)
    await delivery.start_case(opened.reference)
    return Staged(running, pool, delivery, opened.reference, CaseClock.model_validate(clock), lines)
