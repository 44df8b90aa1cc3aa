"""`sfo watch`: what changed is told, an outage is survived, the screen is left as it was, and Ctrl-C is no failure."""

import asyncio
import contextlib
import os
import pty
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from starter.watching import by_reference, changes
from tests.conftest import MailServer, Record
from tests.starter.front_desk import a_case_now, a_settings
from tests.starter.test_case_list import CALM, LINE
from tests.starter.test_commands import Sfo
from tests.starter.test_commands import command as command  # the fixture
from workflows.contract.vocabulary import ClockState

R = CALM.reference


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (CALM, CALM, []),
        (CALM, CALM._replace(stage="countersign"), ["is now at countersign"]),
        (CALM, CALM._replace(awaits="spoc", due_on=date(2026, 12, 1)), ["now waits for spoc until 2026-12-01"]),
        (CALM, CALM._replace(awaits=None, due_on=None), ["now waits for nobody"]),
        (CALM, CALM._replace(clock=ClockState.OVERDUE, overdue=True), ["is now OVERDUE"]),
        (CALM, CALM._replace(clock=ClockState.AT_RISK, at_risk=True), ["is now AT RISK"]),
        (CALM, CALM._replace(clock=ClockState.PAUSED), ["is now PAUSED"]),
        (CALM._replace(clock=ClockState.PAUSED), CALM, ["is now in time"]),
        (CALM, CALM._replace(review_due=date(2027, 2, 1)), ["review is now due 2027-02-01 (first 2026-12-08)"]),
        (CALM, CALM._replace(pdu="N56CAM"), ["has moved to N56CAM"]),
        (CALM, CALM._replace(escalations=("overdue!",)), ["escalation overdue raised, NOT ACKNOWLEDGED"]),
        (CALM._replace(escalations=("overdue!",)), CALM._replace(escalations=("overdue",)),
         ["escalation overdue acknowledged"]),
        (CALM._replace(escalations=("overdue",)), CALM, ["escalation overdue resolved"]),
        (CALM._replace(escalations=("overdue",)), CALM._replace(escalations=("overdue", "overdue!")),
         ["escalation overdue raised, NOT ACKNOWLEDGED"]),
        (None, CALM, ["is new here: review, waits for head_of_pdu until 2026-11-30, in time"]),
    ],
)  # fmt: skip
def test_each_change_is_one_line(before: object, now: object, said: list[str]) -> None:
    seen = [by_reference([one] if one else []) for one in (before, now)]  # type: ignore[list-item]
    assert changes(seen[0], seen[1], {}) == [f"{R}  {one}" for one in said]


def test_a_case_that_went_has_closed_or_left_the_list() -> None:
    before = by_reference([LINE, CALM])
    assert changes(before, {}, {CALM.reference: "completed"}) == [
        "SFO-2026-00042  is no longer among the cases that are watched",
        "SFO-2026-00043  closed: completed",
    ]


# --- as a process -----------------------------------------------------------------------------------


class Watching:
    """`sfo watch` as a process of its own and what it has said."""

    def __init__(self, process: asyncio.subprocess.Process, read: Callable[[], str]) -> None:
        self.process, self.read = process, read

    async def says(self, pattern: str, times: int = 1) -> None:
        async with asyncio.timeout(60):
            while len(re.findall(pattern, self.read())) < times:
                assert self.process.returncode is None, self.read()
                await asyncio.sleep(0.05)

    async def ends_with(self, code: int, number: int = signal.SIGINT) -> None:
        self.process.send_signal(number)
        async with asyncio.timeout(30):
            assert await self.process.wait() == code, self.read()


Starts = Callable[..., Awaitable[Watching]]


@pytest_asyncio.fixture
async def watch(record: Record, mail_server: MailServer, tmp_path: Path) -> AsyncIterator[Starts]:
    """Start it with its output in a file; whatever still runs afterwards is ended.

    Ctrl-C reaches it also where the tests run in the background, of which a shell lets it be ignored.
    """
    environ = {**os.environ, **a_settings(record, mail_server, SFO_DATA_DIR=str(tmp_path / "data")).to_environment()}
    started: list[asyncio.subprocess.Process] = []

    async def start(*arguments: str, terminal: int | None = None) -> Watching:
        said = tmp_path / "said"
        with said.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "starter", "watch", "--every", "1", *arguments,
                stdout=file if terminal is None else terminal, stderr=file, env=environ,
                preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
            )  # fmt: skip
        started.append(process)
        return Watching(process, lambda: said.read_text())

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_it_tells_what_changes_survives_an_outage_and_ends_well(
    record: Record, mail_server: MailServer, watch: Starts
) -> None:
    case = await a_case_now(record, mail_server)
    running = await watch()
    await running.says(r"1 open case watched, looking every 1 seconds")
    await case.ask("notification", stage="notification")
    await running.says(rf"\d\d:\d\d:\d\d  {case.reference}  now waits for spoc until 2026-10-19\n")
    async with record.superuser() as postgres:
        await postgres.execute(f"REVOKE CONNECT ON DATABASE {record.name} FROM PUBLIC, sfo_app")
        gone = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sfo-command'"
        await postgres.execute(gone)
        await running.says("the record is out of reach")
        await asyncio.sleep(2.5)  # it is said once, however often it is tried
        await postgres.execute("UPDATE sfo.cases SET stage = 'early-look'")
        await postgres.execute(f"GRANT CONNECT ON DATABASE {record.name} TO PUBLIC, sfo_app")
    await running.says("the record is back")
    await running.says(rf"{case.reference}  is now at early-look\n")
    await record.pool.execute("UPDATE cases SET closed_on = '2026-12-01', outcome = 'completed', stage = 'closed'")
    await running.says(rf"{case.reference}  closed: completed\n")
    await running.ends_with(0)
    said = running.read()
    assert said.count("out of reach") == said.count("is back") == 1
    assert "\x1b" not in said
    assert len(said.splitlines()) == 7  # one line a change, and nothing where nothing changed


@pytest.mark.parametrize("only_one", [False, True], ids=["the table", "one case"])
async def test_on_a_terminal_it_is_drawn_in_its_place_and_leaves_the_screen_as_it_was(
    record: Record, mail_server: MailServer, watch: Starts, only_one: bool
) -> None:
    case = await a_case_now(record, mail_server)
    ours, its = pty.openpty()
    os.set_blocking(ours, False)
    shown = bytearray()

    def read() -> str:
        with contextlib.suppress(OSError):  # nothing there yet, or nobody writes any more
            shown.extend(os.read(ours, 65536))
        return shown.decode(errors="replace")

    running = await watch(*[case.reference] * only_one, terminal=its)
    running.read = read
    await running.says(rf"Ctrl-C ends it[\s\S]*{case.reference}", times=1)
    await case.ask("notification", stage="notification")
    await running.says("the regional single point of contact, by 19 October 2026" if only_one else r"spoc +2026-10-19")
    await running.ends_with(0, signal.SIGTERM if only_one else signal.SIGINT)
    os.close(its)
    text = read()
    assert text.startswith("\x1b[?1049h")
    assert text.rstrip().endswith("\x1b[?1049l")
    os.close(ours)


async def test_what_cannot_be_watched_is_bad_input(command: Sfo) -> None:
    ended = await command("watch", "42")
    assert (ended.code, "SFO-2026-00042" in ended.err) == (2, True)
    ended = await command("watch", "--region", "N99")
    assert (ended.code, "--region: there is no 'N99'" in ended.err) == (2, True)
