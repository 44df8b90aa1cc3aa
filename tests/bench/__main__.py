"""The product beside the floor, measured in one run: `python -m tests.bench [--quick]`, or `make bench`.

Prints Markdown tables to standard output and how far it is to standard error; writes nothing else.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.client import Client

from tests.bench import table
from tests.bench.contenders import ByHand, Contender, LocalSkeleton, OnDbos, Skeleton
from tests.bench.floor import Shape
from tests.bench.measuring import say
from tests.bench.product import Product, ProductAtCharge
from tests.bench.rounds import Lives, Standing, lives, shape_of, standing
from tests.bench.site import Site, site

KINDS: dict[str, type[Contender]] = {kind.name: kind for kind in (Product, Skeleton, LocalSkeleton, OnDbos, ByHand)}
ASKED_FOR: dict[str, type[Contender]] = {ProductAtCharge.name: ProductAtCharge}
"""Measured only where named."""
UNKNOWN = Shape(1, 2, 3)
"""What the product is given: it knows by itself how many questions it asks."""


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="The product beside the floor.")
    parser.add_argument("--quick", action="store_true", help="two rounds of three cases, 100 open")
    parser.add_argument("--rounds", type=int, help="how often each carries whole cases, in turn (3)")
    parser.add_argument("--cases", type=int, help="whole cases in a round (6)")
    parser.add_argument("--at-once", type=int, default=4, help="of them at once (4)")
    parser.add_argument("--open", type=int, nargs="*", metavar="CASES", help="sizes of open cases (100 1000)")
    parser.add_argument("--clicks", type=int, default=40, help="clicks one at a time, at each size (40)")
    parser.add_argument(
        "--on-cluster",
        action="store_true",
        help="Temporal as seven processes on PostgreSQL, which `make cluster` builds; else the development server",
    )
    parser.add_argument(
        "--only", nargs="*", choices=sorted(KINDS | ASKED_FOR), help="without the others; whole cases keep the base"
    )
    found = parser.parse_args(given)
    found.rounds = found.rounds if found.rounds is not None else 2 if found.quick else 3
    found.cases = found.cases or (3 if found.quick else 6)
    found.open = found.open if found.open is not None else [100] if found.quick else [100, 1000]
    return found


def chosen(only: Sequence[str] | None) -> list[type[Contender]]:
    """Those that are measured; the base always is."""
    named = [kind for name, kind in ASKED_FOR.items() if only and name in only]
    return named + [kind for name, kind in KINDS.items() if not only or name in only or name == table.BASE]


async def in_turn(at: Site, kinds: Sequence[type[Contender]], rounds: int, cases: int, at_once: int) -> Shape:
    """Whole cases by each in turn, in every round; prints the table. Returns the shape of a case of the product."""
    async with Product(at, UNKNOWN) as product:
        await lives(product, [900_000], 1)
        shape = await shape_of(product)
    say(f"a case of the product: {shape}")
    done: dict[str, list[Lives]] = {kind.name: [] for kind in kinds}
    for number in range(rounds):
        for kind in kinds:
            async with kind(at, shape) as contender:
                first = 1_000 * (number + 1)
                await lives(contender, [first], 1)  # whatever is made once is made
                one = await lives(contender, range(first + 1, first + 1 + cases), at_once)
            done[kind.name].append(one)
            say(f"round {number + 1}, {kind.name}: {one.cpu_a_gate:.1f} CPU ms a question")
    if rounds:
        print(f"## Whole cases: {rounds} rounds of {cases}, {at_once} at once\n\n{table.of_lives(done)}\n", flush=True)  # noqa: T201
    return shape


async def left_open(
    kind: type[Contender], shape: Shape, cases: int, clicks: int, *, on_cluster: bool = False
) -> Standing:
    """So many open cases on services of their own."""
    with tempfile.TemporaryDirectory() as folder:
        async with site(Path(folder), on_cluster=on_cluster) as at, kind(at, shape) as contender:
            return await standing(contender, cases, clicks)


async def main(wanted: argparse.Namespace) -> None:
    """All of it."""
    kinds = chosen(wanted.only)
    with tempfile.TemporaryDirectory() as folder:
        async with site(Path(folder), on_cluster=wanted.on_cluster) as at:
            print(f"{await versions(at)}\n", flush=True)  # noqa: T201
            is_alone = not wanted.rounds and set(wanted.only or KINDS) <= {Product.name, ProductAtCharge.name}
            shape = UNKNOWN if is_alone else await in_turn(at, kinds, wanted.rounds, wanted.cases, wanted.at_once)
    stood: list[tuple[str, Standing]] = []
    for cases in wanted.open:
        for kind in kinds:
            if not wanted.only or kind.name in wanted.only:
                one = await left_open(kind, shape, cases, wanted.clicks, on_cluster=wanted.on_cluster)
                stood.append((kind.name, one))
                say(table.of_standing(stood[-1:]).rpartition("\n")[2])
    if stood:
        print(f"## Open cases\n\n{table.of_standing(stood)}\n", flush=True)  # noqa: T201


async def versions(at: Site) -> str:
    """On what it is measured."""
    client = await Client.connect(at.temporal)
    info = await client.workflow_service.get_system_info(GetSystemInfoRequest())
    async with at.superuser() as connection:
        database = str(await connection.fetchval("SHOW server_version"))
    return table.machine(info.server_version, database)


if __name__ == "__main__":
    # A worker that may not keep what it has compiled compiles it anew at each start: seconds of every recovery.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    asyncio.run(main(arguments()))
    sys.stdout.flush()
    os._exit(0)
