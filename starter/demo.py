"""The demo: four invented cases through the whole procedure in rehearsal time, every answer given by its link."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from starter.casebook import view_cases
from starter.cast import Cast
from starter.connections import Pool, database_pool, temporal_client
from starter.delivery import Delivery
from starter.enquiring import Enquiry, log_enquiry
from starter.intake import Pace, open_case
from starter.narrator import Narrator
from starter.reports import report_court_event
from starter.script import ALWAYS_REVIEWED, DISCONTINUED, LATE_REPORTED, Line
from starter.settings import SettingsError
from starter.up import RunningStack, stack
from workflows.contract.charge import parse_charges
from workflows.contract.directory import Directory
from workflows.contract.ids import case_id
from workflows.contract.messages import CaseClock, OffenceRef
from workflows.contract.vocabulary import CourtEventKind, EnquiryKind
from workflows.policy.clock import case_time
from workflows.policy.due import on_in_london

CHARGES = Path(__file__).resolve().parent.parent / "deploy" / "demo"

# Two case days a second: three months take three quarters of a minute.
SPEED = 2.0 * 86_400
PATIENCE = timedelta(minutes=8)
_LIVE = ("SFO_DATABASE_URL", "SFO_SCHEMA_DATABASE_URL", "SFO_TEMPORAL_ADDRESS", "SFO_SMTP_URL")
MURDER = OffenceRef(code="COML025", offence_on=date(2026, 9, 10), victim_age=34)


@dataclass(frozen=True, slots=True)
class Part:
    """One case of the demo: its charge file, what its people answer otherwise than usual, and how it must end."""

    file: str
    name: str
    speed: float
    lines: Mapping[str, list[Line]]
    ends: str | None


PARTS = (
    Part("1-always-reviewed.json", "always reviewed", SPEED, ALWAYS_REVIEWED, "completed"),
    Part("2-amended-upward.json", "amended upward", SPEED, {}, "completed"),
    Part("3-discontinued.json", "discontinued", SPEED, DISCONTINUED, "discontinued"),
    Part("4-overdue.json", "left overdue", 1.0, LATE_REPORTED, None),
)


@dataclass(frozen=True, slots=True)
class Playing:
    """A part that has been opened."""

    part: Part
    reference: str
    clock: CaseClock

    def today(self) -> date:
        """The case's date now, in London."""
        return on_in_london(case_time(self.clock, datetime.now(UTC)))


Say = Callable[[str], None]


async def run_demo(environ: Mapping[str, str], say: Say = lambda line: print(line, flush=True)) -> int:
    """Carry the cases to their ends. Returns 0 when each ended as it should, else 1 with the reasons said.

    On a terminal it then stays up for looking until Ctrl-C. Its data lies in a folder of its own, made anew each time.
    Raises SettingsError where a setting names a service: invented cases never enter a live record.
    """
    refuse_a_live_service(environ)
    folder = fresh_folder(environ)
    say("Starting PostgreSQL, Temporal, the mailbox, the worker and the gateway ...")
    async with stack({**environ, "SFO_DATA_DIR": str(folder)}, say=say) as running:
        say(running.describe())
        problems = await play(running, say)
        for problem in problems:
            say(f"NOT AS IT SHOULD BE: {problem}")
        if sys.stdout.isatty() and not problems:
            say("Everything stays up for looking. Ctrl-C stops it.")
            await asyncio.Event().wait()
    return 1 if problems else 0


def refuse_a_live_service(environ: Mapping[str, str]) -> None:
    """The demo runs on embedded parts alone. Raises SettingsError naming what must be unset."""
    named = [name for name in _LIVE if environ.get(name)]
    if named:
        raise SettingsError(
            f"{', '.join(named)}: set, and the demo must not open invented cases in a live record; "
            f"type `unset {' '.join(named)}` and run it again"
        )


def fresh_folder(environ: Mapping[str, str]) -> Path:
    """The demo's own folder, emptied: the same charges reported again would be the same cases."""
    folder = Path(environ.get("SFO_DATA_DIR") or ".sfo").absolute() / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    return folder


async def play(running: RunningStack, say: Say) -> list[str]:
    """Open the cases, let the people answer and the court act, and say what is not as it should be at the end."""
    async with AsyncExitStack() as parts:
        pool = await parts.enter_async_context(database_pool(running.settings, service="sfo-demo"))
        delivery = Delivery(await temporal_client(running.settings), pool)
        playing = await open_parts(running, pool, delivery, say)
        by_reference = {p.reference: p for p in playing}
        narrator = Narrator(pool, {p.reference: p.part.name for p in playing}, say)
        assert running.settings.mailbox_dir is not None  # noqa: S101  # the demo has its own mailbox
        cast = Cast(
            running.settings.mailbox_dir,
            {ref: p.part.lines for ref, p in by_reference.items()},
            {ref: p.clock for ref, p in by_reference.items()},
        )
        await parts.enter_async_context(beside(narrator.run(), cast.run(), court(pool, delivery, playing)))
        problems = await finished(pool, [p for p in playing if p.part.ends], say)
        await narrator.catch_up()
        problems += await overdue(pool, playing[-1])
        look(running, playing, say)
        return problems


@asynccontextmanager
async def beside(*work: Awaitable[None]) -> AsyncIterator[None]:
    """Do this work beside the block; it stops with the block, and its failure is the block's."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_forever(w)) for w in work]
        yield
        for task in tasks:
            task.cancel()


async def _forever(work: Awaitable[None]) -> None:
    await work


async def open_parts(running: RunningStack, pool: Pool, delivery: Delivery, say: Say) -> list[Playing]:
    """Report the four charges as a region would."""
    directory = Directory.from_toml(next(running.settings.directory_dir.glob("*.toml")).read_text())
    playing = []
    for part in PARTS:
        batch = parse_charges(
            (CHARGES / part.file).read_bytes(), today=on_in_london(datetime.now(UTC)), directory=directory
        )
        if batch.problems:
            raise ValueError(f"{part.file}: {batch.problems[0]}")
        charge = batch.charges[0][1]
        async with pool.acquire() as connection:
            opened = await open_case(connection, charge, Pace(speed=part.speed))
            clock = await connection.fetchval("SELECT clock FROM sfo.cases WHERE reference = $1", opened.reference)
        await delivery.start_case(opened.reference)
        playing.append(Playing(part, opened.reference, CaseClock.model_validate(clock)))
        say(f"Opened {opened.reference}, {part.name}, charged on {charge.charged_on}: {case_id(opened.reference)}")
    return playing


async def court(pool: Pool, delivery: Delivery, playing: list[Playing]) -> None:
    """What the court does in each case, on the case's own dates."""
    reviewed, amended, discontinued, _ = playing
    async with asyncio.TaskGroup() as group:
        group.create_task(_convict(pool, delivery, reviewed, after_days=120))
        group.create_task(_ask_for_information(pool, delivery, reviewed))
        group.create_task(_amend_and_convict(pool, delivery, amended))
        group.create_task(_discontinue(pool, delivery, discontinued))
    await asyncio.Event().wait()


async def _convict(pool: Pool, delivery: Delivery, case: Playing, after_days: int) -> None:
    await _until(case, on_in_london(case.clock.case_anchor) + timedelta(days=after_days))
    await _report(pool, delivery, case, CourtEventKind.CONVICTED)


async def _amend_and_convict(pool: Pool, delivery: Delivery, case: Playing) -> None:
    await _until(case, on_in_london(case.clock.case_anchor) + timedelta(days=28))
    await _report(pool, delivery, case, CourtEventKind.AMENDED, MURDER)
    await _convict(pool, delivery, case, after_days=120)


async def _discontinue(pool: Pool, delivery: Delivery, case: Playing) -> None:
    """Five weeks into the review."""
    query = "SELECT min(opened_at) FROM sfo.gates WHERE reference = $1 AND stage = 'review'"
    while (began := await pool.fetchval(query, case.reference)) is None:  # noqa: ASYNC110
        await asyncio.sleep(0.2)
    await _until(case, on_in_london(began) + timedelta(weeks=5))
    await _report(pool, delivery, case, CourtEventKind.DISCONTINUED)


async def _ask_for_information(pool: Pool, delivery: Delivery, case: Playing) -> None:
    """Somebody asks under the Freedom of Information Act in mid-review; the national team answers."""
    await _until(case, on_in_london(case.clock.case_anchor) + timedelta(days=45))
    async with pool.acquire() as connection:
        enquiry = Enquiry(EnquiryKind.FOI, case.today(), "An invented request.", "An invented newspaper")
        number = await log_enquiry(connection, case.reference, enquiry, actor="demo")
    await delivery.deliver_enquiry(case.reference, number)


async def _until(case: Playing, on: date) -> None:
    while case.today() < on:  # noqa: ASYNC110  # a clock sets no event
        await asyncio.sleep(0.1)


async def _report(pool: Pool, delivery: Delivery, case: Playing, kind: CourtEventKind, *offences: OffenceRef) -> None:
    async with pool.acquire() as connection:
        event, _ = await report_court_event(connection, case.reference, kind, case.today(), offences, actor="demo")
    await delivery.deliver_court_event(event)


async def finished(pool: Pool, playing: list[Playing], say: Say) -> list[str]:
    """Wait until each case has closed, and say which did not end as it should."""
    ends = {p.reference: p.part.ends for p in playing}
    views: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            while not views or any(view["closed_on"] is None for view in views):
                await asyncio.sleep(0.5)
                async with pool.acquire() as connection:
                    views = await view_cases(connection, tuple(ends))
    except TimeoutError:
        say(f"Not every case closed within {PATIENCE.seconds // 60} minutes.")
    return [
        f"{view['reference']} is {view['outcome'] or 'still open at ' + view['stage']}, not {ends[view['reference']]}"
        for view in views
        if view["outcome"] != ends[view["reference"]]
    ]


async def overdue(pool: Pool, left: Playing) -> list[str]:
    """The case that is left alone must stand in its review, past its date."""
    async with pool.acquire() as connection:
        (view,) = await view_cases(connection, (left.reference,))
    late = [gate["gate"] for gate in view["open_gates"] if gate["overdue"] and "/review/" in gate["gate"]]
    return [] if late else [f"{left.reference} is not overdue in its review"]


def look(running: RunningStack, playing: list[Playing], say: Say) -> None:
    """Where to look now."""
    query = "SfoOverdue%3Dtrue"
    namespace = running.settings.temporal_namespace
    say("")
    say("What to look at:")
    say(f"  overdue work in the Temporal UI   {running.ui_url}/namespaces/{namespace}/workflows?query={query}")
    say(f"  the case that was left open       {running.ui_url}/namespaces/{namespace}/workflows/"
        f"{case_id(playing[-1].reference).replace('/', '%2F')}")  # fmt: skip
    say(f"  payloads there, once signed in    {running.settings.public_url}/operations")
    say(f"  every letter                      {running.settings.public_url}/mailbox")
    say(f"  a case as data                    SFO_DATA_DIR={running.settings.data_dir} sfo case REFERENCE --json")
    say("  cases: " + ", ".join(f"{p.reference} ({p.part.name})" for p in playing))
