"""Ten thousand open cases: every list and page that reads many of them stays under 300 ms, nineteen times in twenty.

Measured is the function behind each, without the start of Python, and of it the time that this process and the database
worked: it is what somebody waits for on a machine that does nothing else, and other guests of this one do not make it
longer. `pytest -s` prints both, that and what went by on the clock. Where the processor itself is slower than it was
when the limit was set, by a yardstick taken beside each series, the limit is longer by as much.
"""

import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles

import pytest
import pytest_asyncio

from starter.case_filters import Filters
from starter.case_list import Line, list_cases
from starter.case_table import as_csv, as_summary, as_table
from starter.case_text import read_case
from starter.casebook import known_cases
from starter.judging import Pinned, pinned_rules
from starter.watching import by_reference, changes
from tests.conftest import MailServer, Record
from tests.drills.ten_thousand import CLOSED, OPEN, many_cases
from tests.starter.front_desk import Browser, Desk, FakeTemporal, a_settings
from tests.starter.signed_in import NATIONAL, signed_in
from workflows.contract.vocabulary import ClockState, Role

# Measured alone: beside other tests it would measure those.
pytestmark = pytest.mark.journey

RUNS, LIMIT, SHOWN = 30, 0.3, 50
SERIES = 3
YARD = 0.05
"""CPU seconds of `yardstick` on the machine for which the limit is meant; one that is slower just now is given more."""


def yardstick() -> float:
    """CPU seconds of some work that is always the same, at its best of five."""
    best = 1.0
    for _ in range(5):
        began = time.process_time()
        sum(number * number for number in range(1_000_000))
        best = min(best, time.process_time() - began)
    return best


"""So often it is measured at most: a neighbour on the same core makes work longer, never shorter."""
SEED_WITHIN = 30.0
SOON = datetime.now(UTC).date() + timedelta(days=7)


@dataclass
class Office:
    """The seeded record, a gateway over it, and the rules that its cases are pinned to."""

    record: Record
    desk: Desk
    pinned: Pinned
    seeded_in: float

    async def listed(self, filters: Filters) -> str:
        """What `sfo cases` does once it has a connection: read, choose, order, write."""
        async with self.record.pool.acquire() as connection:
            found = await list_cases(connection, filters, self.pinned, SHOWN)
        return "\n".join([*as_table([*found.open, *found.closed][:SHOWN], 120), as_summary(found)])

    async def finds(self, filters: Filters) -> bool:
        """Whether there is something to find."""
        async with self.record.pool.acquire() as connection:
            found = await list_cases(connection, filters, self.pinned, SHOWN)
        return bool(found.open or found.closed)

    async def database(self) -> list[Path]:
        """Where the system says how long each of the database's processes has worked."""
        pids = await self.record.rows("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return [Path(f"/proc/{row['pid']}/schedstat") for row in pids]

    def worked(self, paths: list[Path]) -> float:
        """Seconds of CPU that this process and those have used so far."""
        return time.process_time() + sum(int(path.read_text().split()[0]) for path in paths if path.exists()) / 1e9

    async def is_quick(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        """Do it so often, and fail where more than one in twenty took too long."""
        await work()  # statements are prepared, pages are compiled
        told = []
        for _ in range(SERIES):
            before = yardstick()
            p95 = await self.p95(name, work)
            slowness = max(YARD, before, yardstick()) / YARD  # the machine's pace may change meanwhile
            told.append(f"{p95 * 1000:.0f} ms where {slowness:.2f} times {LIMIT * 1000:.0f} are allowed")
            if p95 < LIMIT * slowness:
                return
        pytest.fail(f"{name}: p95 of {RUNS} runs, {SERIES} times: {', '.join(told)}")

    async def p95(self, name: str, work: Callable[[], Awaitable[object]]) -> float:
        """The seconds within which nineteen of twenty runs were done."""
        took, waited, paths = [], [], await self.database()
        for _ in range(RUNS):
            began, before = time.perf_counter(), self.worked(paths)
            await work()
            waited.append(time.perf_counter() - began)
            took.append(self.worked(paths) - before)
        p50, p95 = (quantiles(took, n=20)[index] for index in (9, 18))
        said = f"{name:<44} p50 {p50 * 1000:4.0f}  p95 {p95 * 1000:4.0f}  clock {max(waited) * 1000:5.0f} ms"
        print(said)  # noqa: T201
        return p95


@pytest_asyncio.fixture(scope="module")
async def office(shared_record: Record) -> AsyncIterator[Office]:
    seeded_in = await many_cases(shared_record)
    settings = a_settings(shared_record, MailServer("smtp://127.0.0.1:1"))
    desk = Desk(shared_record, MailServer(), FakeTemporal(), None, settings)  # type: ignore[arg-type]
    gc.freeze()  # as the command does: what was loaded by now stays
    yield Office(shared_record, desk, pinned_rules(settings), seeded_in)
    gc.unfreeze()


LISTS = {
    "all": Filters(),
    "--region": Filters(region="N53"),
    "--pdu": Filters(pdu="N53LEI"),
    "--stage": Filters(stage="review"),
    "--ground": Filters(ground="risk"),
    "--open": Filters(is_open=True),
    "--closed": Filters(is_open=False),
    "--awaiting": Filters(awaiting=Role.HEAD_OF_PDU),
    "--clock": Filters(clock=ClockState.PAUSED),
    "--overdue": Filters(overdue=True),
    "--at-risk": Filters(at_risk=True),
    "--due-before": Filters(due_before=SOON),
    "--escalation": Filters(escalation="staff_safety"),
    "--unacknowledged": Filters(unacknowledged=True),
}


async def test_it_is_made_quickly_and_holds_what_it_should(office: Office) -> None:
    numbers = "SELECT count(*) - count(closed_on) AS open, count(closed_on) AS closed FROM cases"
    assert (await office.record.rows(numbers))[0] == {"open": OPEN, "closed": CLOSED}
    assert int(str(await office.record.value("SELECT count(*) FROM gates WHERE state = 'open'"))) > 2 * OPEN
    assert office.seeded_in < SEED_WITHIN
    async with office.record.pool.acquire() as connection:
        found = await list_cases(connection, Filters(), office.pinned)
    assert {one.clock for one in found.open} == {*ClockState}
    for option, filters in LISTS.items():
        assert await office.finds(filters), option


@pytest.mark.parametrize("option", LISTS)
async def test_every_list_is_quick(office: Office, option: str) -> None:
    await office.is_quick(f"sfo cases {option}", lambda: office.listed(LISTS[option]))


async def test_what_a_watch_reads_is_quick(office: Office) -> None:
    async def look() -> None:
        async with office.record.pool.acquire() as connection:
            found = await list_cases(connection, Filters(is_open=True), office.pinned)
        before, seen[0] = seen[0], by_reference(found.open)
        changes(before, seen[0], {})

    seen: list[dict[str, Line]] = [{}]
    await office.is_quick("sfo watch, one look with its changes", look)


async def test_a_page_of_whole_cases_is_quick(office: Office) -> None:
    async def page() -> None:
        async with office.record.pool.acquire() as connection:
            found = await list_cases(connection, Filters(), office.pinned, SHOWN)
            wanted = tuple(one.reference for one in found.open[:SHOWN])
            assert len(await known_cases(connection, wanted, office.pinned)) == SHOWN

    await office.is_quick(f"sfo cases --json --limit {SHOWN}", page)


async def test_one_case_is_quick(office: Office) -> None:
    async def read() -> None:
        async with office.record.pool.acquire() as connection:
            found = await read_case(connection, "SFO-2025-00105", office.pinned)
        assert found is not None
        assert len(found.as_text()) > 500

    await office.is_quick("sfo case REF", read)


async def test_all_of_it_as_csv_is_written(office: Office) -> None:
    async with office.record.pool.acquire() as connection:
        found = await list_cases(connection, Filters(), office.pinned)
    assert len(as_csv([*found.open, *found.closed]).splitlines()) == OPEN + CLOSED + 1


PAGES = {
    "/national": (NATIONAL, "/national"),
    "/national, one region": (NATIONAL, "/national?region=N53"),
    "/my of the national team": (NATIONAL, "/my"),
    "/my of a Head of PDU": ("head_of_pdu.n53.3@example.test", "/my"),
    "/case/{ref}": ("sfo.team@n53.example.test", "/case/SFO-2025-00105"),
}


@pytest.mark.parametrize("name", PAGES)
async def test_every_page_is_quick(office: Office, name: str) -> None:
    email, path = PAGES[name]
    browser: Browser = await signed_in(office.desk, email)

    async def visit() -> None:
        assert (await browser.web.get(path)).status_code == 200

    await office.is_quick(name, visit)
