"""What stands in the record, told as it is committed: a question opened, a question answered, a case closed.

The same triggers for everything that is measured, so that a latency ends at the same moment: when whoever looks at
the database sees it.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

FLOOR_SQL = Path(__file__).with_name("floor.sql")

_TELL = """
CREATE SCHEMA bench;
CREATE FUNCTION bench.tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('bench', TG_ARGV[0] || ' ' || coalesce(to_jsonb(NEW) ->> 'gate', NEW.reference));
    RETURN NULL;
END $$;
"""
_TRIGGERS = """
CREATE TRIGGER bench_opened AFTER INSERT ON {schema}.gates FOR EACH ROW
    WHEN (NEW.state = 'open') EXECUTE FUNCTION bench.tell('opened');
CREATE TRIGGER bench_settled AFTER UPDATE OF state ON {schema}.gates FOR EACH ROW
    WHEN (OLD.state = 'open' AND NEW.state <> 'open') EXECUTE FUNCTION bench.tell('settled');
CREATE TRIGGER bench_closed AFTER UPDATE OF closed_on ON {schema}.cases FOR EACH ROW
    WHEN (OLD.closed_on IS NULL AND NEW.closed_on IS NOT NULL) EXECUTE FUNCTION bench.tell('closed');
"""


async def install(run: Callable[[str], Awaitable[None]]) -> None:
    """The floors' schema stands beside the product's, and both tell."""
    for script in (FLOOR_SQL.read_text(), _TELL, *(_TRIGGERS.format(schema=one) for one in ("sfo", "floor"))):
        await run(script)


class Watch:
    """What was told so far. `opened` holds the questions in the order in which they were asked."""

    def __init__(self) -> None:
        self.opened: asyncio.Queue[str] = asyncio.Queue()
        self.asking: set[str] = set()
        self._told: defaultdict[tuple[str, str], asyncio.Event] = defaultdict(asyncio.Event)

    def heard(self, *arguments: object) -> None:
        """Take one notice, as asyncpg gives it."""
        kind, _, what = str(arguments[-1]).partition(" ")
        if kind == "opened":
            self.asking.add(what)
            self.opened.put_nowait(what)
        elif kind == "settled":
            self.asking.discard(what)
        self._told[kind, what].set()

    async def settled(self, gate: str, within: float = 120) -> None:
        """Wait until the question is answered for good. Raises TimeoutError."""
        await self._until("settled", gate, within)

    async def closed(self, reference: str, within: float = 180) -> None:
        """Wait until the case is closed. Raises TimeoutError."""
        await self._until("closed", reference, within)

    async def _until(self, kind: str, what: str, within: float) -> None:
        async with asyncio.timeout(within):
            await self._told[kind, what].wait()

    def cases_asking(self) -> set[str]:
        """The cases of which at least one question stands open."""
        return {gate.partition("/")[0] for gate in self.asking}


@asynccontextmanager
async def watching(url: str) -> AsyncIterator[Watch]:
    """Listen on a connection of its own."""
    connection = await asyncpg.connect(url)
    watch = Watch()
    try:
        await connection.add_listener("bench", watch.heard)
        yield watch
    finally:
        await connection.close()
