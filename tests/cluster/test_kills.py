"""Every process is killed in turn and together while cases are in flight: nothing is lost and nothing doubled."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from starter.connections import OUT_OF_REACH
from tests.cluster.conftest import OnCluster

IN_FLIGHT = 12
"""Cases that are answered in the moment of each kill."""
PATIENCE = 180.0  # seconds until all of them must have moved

NODES = ("frontend-1", "frontend-2", "history-1", "history-2", "matching-1", "matching-2", "worker")
KILLS: tuple[tuple[str, ...], ...] = (
    (),
    *((name,) for name in NODES),
    ("frontend-1", "frontend-2"),
    ("history-1", "history-2"),
    ("matching-1", "matching-2"),
    NODES,
    ("PostgreSQL",),
    ("our worker",),
    ("our gateway",),
    (*NODES, "PostgreSQL", "our worker", "our gateway"),
)


@dataclass(frozen=True)
class Row:
    """One kill: how many cases were answered, how many answers were never applied or applied twice, and how long."""

    killed: tuple[str, ...]
    in_flight: int
    lost: int
    doubled: int
    seconds: float

    def __str__(self) -> str:
        what = ", ".join(self.killed) or "nothing, for comparison"
        return f"| {what} | {self.in_flight} | {self.lost} | {self.doubled} | {self.seconds:.1f} |"


async def test_killing_any_process_loses_nothing_and_doubles_nothing(on_cluster: OnCluster) -> None:
    references = await on_cluster.waiting_cases(IN_FLIGHT * len(KILLS))
    gates = await until_open(on_cluster, references, "notification")
    rows = []
    for number, killed in enumerate(KILLS):
        rows.append(await killed_with_cases_in_flight(on_cluster, killed, gates[number * IN_FLIGHT :][:IN_FLIGHT]))
    print("\n| killed | in flight | lost | doubled | seconds until all had moved |\n|---|---|---|---|---|")
    print(*rows, sep="\n")
    assert [row for row in rows if row.lost or row.doubled] == []
    await everybody_goes_on(on_cluster, references)


async def until_open(on_cluster: OnCluster, references: list[str], question: str) -> list[str]:
    async with asyncio.timeout(PATIENCE * 2):
        while len(gates := await on_cluster.open_gates(references, question)) < len(references):
            await asyncio.sleep(0.5)
    return gates


async def killed_with_cases_in_flight(on_cluster: OnCluster, killed: tuple[str, ...], gates: list[str]) -> Row:
    """Half of the answers are on their way when the processes die, half are given right afterwards."""
    half = len(gates) // 2
    today = datetime.now(UTC).date().isoformat()
    first = [asyncio.create_task(persistently(on_cluster, gate, today)) for gate in gates[:half]]
    await asyncio.sleep(0.02)
    began = time.monotonic()
    if killed:
        on_cluster.kill(*killed)
    second = [asyncio.create_task(persistently(on_cluster, gate, today)) for gate in gates[half:]]
    await asyncio.gather(*first, *second)
    applied: Counter[str] = Counter()
    while len(applied) < len(gates) and time.monotonic() < began + PATIENCE:
        await asyncio.sleep(0.1)
        applied = await applied_to(on_cluster, gates)
    seconds = time.monotonic() - began
    return Row(killed, len(gates), len(gates) - len(applied), await doubled(on_cluster, gates), seconds)


DOUBLED = (
    """SELECT count(*) - count(DISTINCT gate) FROM sfo.decisions
       WHERE void_at IS NULL AND gate IN (SELECT gate FROM here)""",
    """SELECT count(*) - count(DISTINCT (reference, question, stage, subject)) FROM sfo.gates
       WHERE gate IN (SELECT gate FROM here)""",
    """SELECT count(*) - count(DISTINCT (gate, letter, to_email)) FROM sfo.outbox
       WHERE gate IS NOT NULL AND reference IN (SELECT reference FROM sfo.gates JOIN here USING (gate))""",
)
"""Answers that stand twice, questions asked twice, letters written twice."""


async def doubled(on_cluster: OnCluster, gates: list[str]) -> int:
    """What somebody would have met twice in these cases."""
    here = "WITH here AS (SELECT unnest($1::text[]) AS gate) "
    found = [await on_cluster.pool.fetchval(here + query, gates) for query in DOUBLED]
    return sum(map(int, found))


async def persistently(on_cluster: OnCluster, gate: str, today: str) -> None:
    """Answer as a person does whose page did not come: again, with what is decided already left alone."""
    while True:
        try:
            return await on_cluster.answer(gate, "sent", {"sent_on": today})
        except OUT_OF_REACH:
            await asyncio.sleep(0.2)
            if await applied_or_recorded(on_cluster, gate):
                return None


async def applied_or_recorded(on_cluster: OnCluster, gate: str) -> bool:
    while True:
        try:
            return bool(await on_cluster.pool.fetchval("SELECT count(*) FROM sfo.decisions WHERE gate = $1", gate))
        except OUT_OF_REACH:
            await asyncio.sleep(0.2)


async def applied_to(on_cluster: OnCluster, gates: list[str]) -> Counter[str]:
    """How often an answer was applied to each of these gates."""
    try:
        rows = await on_cluster.pool.fetch(
            "SELECT gate FROM sfo.decisions WHERE gate = ANY($1) AND applied_at IS NOT NULL", gates
        )
    except OUT_OF_REACH:
        return Counter()
    return Counter(row["gate"] for row in rows)


async def everybody_goes_on(on_cluster: OnCluster, references: list[str]) -> None:
    """Each case asks its next question, once; no letter left twice; no workflow is stuck or failed."""
    await until_open(on_cluster, references, "commission")
    asked = await on_cluster.pool.fetch(
        """SELECT reference, question, count(*) FROM sfo.gates WHERE reference = ANY($1)
           GROUP BY reference, question, stage, subject HAVING count(*) > 1""",
        references,
    )
    assert asked == []
    twice = await on_cluster.pool.fetch(
        """SELECT gate, letter, to_email FROM sfo.outbox WHERE reference = ANY($1) AND gate IS NOT NULL
           GROUP BY gate, letter, to_email HAVING count(*) > 1""",
        references,
    )
    assert twice == []
    for query in ("ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut')", "TemporalReportedProblems IS NOT NULL"):
        assert (await on_cluster.client.count_workflows(query)).count == 0, query
