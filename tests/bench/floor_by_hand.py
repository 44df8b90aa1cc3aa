"""The floor by hand, its worker: `python -m tests.bench.floor_by_hand DATABASE SMTP SHAPE`.

A row a case holds the step that it has reached; an answer and a new case wake it by NOTIFY, and a look every second
finds what was missed, which is all that recovers a worker that was killed.
"""

import asyncio
import sys

import asyncpg

from starter.connections import open_pool
from tests.bench.floor import Floor, Shape, gate_of, sweeping

_NEXT = """
    SELECT c.step, c.gates, EXISTS (SELECT FROM floor.decisions d WHERE d.gate = c.reference || '/q' || c.step / 2)
        AS is_answered FROM floor.cases c WHERE reference = $1 AND closed_on IS NULL
"""
_MISSED = """
    SELECT reference FROM floor.cases c WHERE closed_on IS NULL AND (step % 2 = 0 OR EXISTS
        (SELECT FROM floor.decisions d WHERE d.gate = c.reference || '/q' || c.step / 2)) LIMIT 1000
"""


class ByHand:
    """Carries each case on as far as it goes, one step at a time. An even step asks; an odd one waits, then settles."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.busy: dict[str, bool] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    def wake(self, reference: str) -> None:
        """Look at this case, now or once more after the look that is under way."""
        if reference in self.busy:
            self.busy[reference] = True
            return
        self.busy[reference] = False
        task = asyncio.create_task(self._carry(reference))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _carry(self, reference: str) -> None:
        try:
            while await self._step(reference) or self.busy[reference]:
                self.busy[reference] = False
        finally:
            del self.busy[reference]

    async def _step(self, reference: str) -> bool:
        """One step; false where there is none to make."""
        row = await self.floor.pool.fetchrow(_NEXT, reference)
        if row is None or (row["step"] % 2 and not row["is_answered"]):
            return False
        number = row["step"] // 2
        if number == row["gates"]:
            await self.floor.close(reference)
            return False
        async with self.floor.pool.acquire() as connection, connection.transaction():
            if row["step"] % 2:
                await self.floor.write_settlement(connection, gate_of(reference, number))
            else:
                await self.floor.write_question(connection, reference, number)
            await connection.execute("UPDATE floor.cases SET step = step + 1 WHERE reference = $1", reference)
        if row["step"] % 2 == 0:
            await self.floor.send_asked(gate_of(reference, number))
        return True

    async def look(self) -> None:
        """Find what nobody was woken for, every second, until cancelled."""
        while True:
            for row in await self.floor.pool.fetch(_MISSED):
                self.wake(row["reference"])
            await asyncio.sleep(1)


async def main(database: str, smtp: str, shape: str) -> None:
    """Work until ended."""
    floor = Floor(await open_pool(database), smtp, Shape.decode(shape))
    by_hand = ByHand(floor)
    listener = await asyncpg.connect(database)
    await listener.add_listener("floor_wake", lambda *arguments: by_hand.wake(str(arguments[-1])))
    async with sweeping(floor):
        await by_hand.look()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
