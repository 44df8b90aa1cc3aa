"""The floor on DBOS over PostgreSQL, its worker: `python -m tests.bench.floor_dbos DATABASE SYSTEM SMTP SHAPE`.

One workflow a case: ask, wait for a message with a timeout, settle. `SYSTEM` is the database in which DBOS keeps its
own tables. Cases come by NOTIFY, as DBOS's own queue would only add its polling.
"""

import asyncio
import sys

import asyncpg
from dbos import DBOS, SetWorkflowID

from starter.connections import open_pool
from tests.bench.floor import TIMER, Floor, Shape, gate_of, sweeping

_FLOOR: list[Floor] = []


@DBOS.step(name="floor-ask")
async def ask(reference: str, number: int) -> None:
    await _FLOOR[0].ask(reference, number)


@DBOS.step(name="floor-settle")
async def settle(gate: str) -> None:
    await _FLOOR[0].settle(gate)


@DBOS.step(name="floor-close")
async def close(reference: str) -> None:
    await _FLOOR[0].close(reference)


@DBOS.workflow(name="floor-case")
async def case(reference: str, gates: int) -> None:
    """Asks so many questions, one after the other."""
    for number in range(gates):
        await ask(reference, number)
        gate = gate_of(reference, number)
        await DBOS.recv_async(gate, timeout_seconds=TIMER.total_seconds())
        await settle(gate)
    await close(reference)


async def main(database: str, _system: str, smtp: str, shape: str) -> None:
    """Work until ended."""
    floor = Floor(await open_pool(database), smtp, Shape.decode(shape))
    _FLOOR.append(floor)
    loop, tasks = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    async def begin(reference: str) -> None:
        with SetWorkflowID(reference):
            await DBOS.start_workflow_async(case, reference, floor.shape.gates)

    def heard(*arguments: object) -> None:
        task = loop.create_task(begin(str(arguments[-1])))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    DBOS.launch()
    listener = await asyncpg.connect(database)
    await listener.add_listener("floor_wake", heard)
    # What came before anybody listened; one that runs already is not begun again.
    for row in await floor.pool.fetch("SELECT reference FROM floor.cases WHERE closed_on IS NULL"):
        await begin(row["reference"])
    async with sweeping(floor):
        await asyncio.Event().wait()


if __name__ == "__main__":
    DBOS(
        config={
            "name": "floor",
            "system_database_url": sys.argv[2],
            "log_level": "WARNING",
            "application_version": "1",
            "executor_id": "local",
        }
    )
    asyncio.run(main(*sys.argv[1:5]))
