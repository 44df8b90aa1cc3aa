"""The benchmark still runs: each contender carries two cases from the charge to the end, and the counts are right."""

from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import pytest_asyncio

from tests.bench import table
from tests.bench.__main__ import ASKED_FOR, KINDS, UNKNOWN, arguments, chosen
from tests.bench.contenders import Contender, OnDbos
from tests.bench.floor import Shape, share
from tests.bench.product import Product
from tests.bench.rounds import Lives, Standing, lives, shape_of, standing
from tests.bench.site import Site, site

SHAPE = Shape(gates=3, letters=8, audits=11)


@pytest_asyncio.fixture(scope="module")
async def at(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with site(Path(tmp_path_factory.mktemp("bench"))) as services:
        yield services


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind is not Product])
async def test_a_floor_does_as_much_as_it_was_told_to(at: Site, kind: type[Contender]) -> None:
    if kind is OnDbos and not find_spec("dbos"):
        pytest.skip("`make bench` installs dbos")
    async with kind(at, SHAPE) as contender:
        done = await lives(contender, [1, 2], 2)
    assert (done.cases, done.gates, len(done.latencies)) == (2, 6, 6)
    assert done.cpu.worker + done.cpu.postgres > 0  # counted in hundredths of a second: one may have taken none
    assert await counted(at, "floor", kind.name) == {"gates": 6, "decisions": 6, "outbox": 16, "audit": 22, "closed": 2}
    if contender.runs_on_temporal:
        assert done.history
        assert done.history.workflows == 1


async def test_the_product_is_carried_from_charge_to_closed_and_its_shape_is_that_of_its_record(at: Site) -> None:
    async with Product(at, UNKNOWN) as product:
        done = await lives(product, [1, 2], 2)
        shape = await shape_of(product, cases=2)
    found = await counted(at, "sfo", "SFO")
    assert found["closed"] == 2
    assert (done.gates, shape.gates) == (found["gates"], found["gates"] // 2)
    assert found["decisions"] == done.gates
    assert shape.gates > 20
    assert shape.letters >= 2 * shape.gates
    assert shape.audits >= 3 * shape.gates
    assert done.history
    assert done.history.workflows > 5


async def test_open_cases_are_answered_alone_and_after_the_worker_was_killed(at: Site) -> None:
    async with KINDS["by-hand"](at, SHAPE) as contender:
        done = await standing(contender, 8, 2, first=100)
    assert (len(done.applied), done.killed, done.burst) == (2, 3, 3)
    assert done.recovered_in > 0
    row = table.of_standing([("by-hand", done)]).splitlines()[-1]
    assert row.startswith("| by-hand | 8 |")


async def test_open_cases_can_wait_at_the_first_question_of_all(at: Site) -> None:
    """In two workflows a case, so that there is time for ten thousand of them."""
    async with ASKED_FOR["product-at-charge"](at, UNKNOWN) as contender:
        done = await standing(contender, 3, 3, first=200)
        waited = await contender.pool.fetchval("SELECT count(*) FROM sfo.gates WHERE gate LIKE '%/charge/rosh'")
    assert (len(done.applied), len(done.receipts), done.killed) == (3, 3, 0)
    assert waited == 3 + 5


async def counted(at: Site, schema: str, prefix: str) -> dict[str, int]:
    """Rows of the cases whose reference begins so."""
    async with at.superuser() as connection:
        found = {
            name: await connection.fetchval(
                f"SELECT count(*) FROM {schema}.{name} WHERE {about} LIKE $1 || '-%'", prefix
            )
            for name, about in (
                ("gates", "reference"), ("decisions", "gate"), ("outbox", "reference"), ("audit", "reference")
            )
        }  # fmt: skip
        found["closed"] = await connection.fetchval(
            f"SELECT count(*) FROM {schema}.cases WHERE closed_on IS NOT NULL AND reference LIKE $1 || '-%'", prefix
        )
    return found


def test_what_is_spread_over_parts_adds_up() -> None:
    assert [share(7, 3, number) for number in range(3)] == [2, 2, 3]
    assert sum(SHAPE.more_letters(number) for number in range(3)) == 8 - 6
    assert share(-4, 3, 0) == 0
    assert Shape.decode(SHAPE.encode()) == SHAPE


def test_the_table_divides_round_by_round() -> None:
    def of(worker: float) -> Lives:
        one = Lives(1, gates=10, seconds=2.0, latencies=[0.01, 0.03])
        one.cpu = type(one.cpu)(worker, 0.0, 0.0, 9.0)
        return one

    rows = table.of_lives({"product": [of(0.3), of(0.9)], "skeleton": [of(0.1), of(0.6)]}).splitlines()
    cells = [cell.strip() for cell in rows[2].split("|")]
    assert cells[1] == "product"
    assert "2.25 [1.50-3.00]" in cells
    assert Standing(1).burst == 0


def test_the_base_is_measured_whatever_is_asked_for() -> None:
    wanted = arguments(["--quick", "--only", "product"])
    assert [kind.name for kind in chosen(wanted.only)] == ["product", "skeleton"]
    assert (wanted.rounds, wanted.open) == (2, [100])
