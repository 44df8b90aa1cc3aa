"""THE RACE DRILL: a release, or a handover, and a concern about the safety of staff in the same moment.

Whichever has the case's row first decides, and the chain tells which that was: nothing is released or handed over
once a concern stands, and no concern is lost. Rule: design.md 3.3; facts.md 5.18.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import pytest

from starter.reports import report_concern
from tests.activities.disclosing import HANDED, LEAD, STAGE, keep_it_short, released, search
from tests.builders import ACase
from tests.conftest import MailServer, Record
from workflows.contract.messages import Settled
from workflows.contract.vocabulary import EscalationKind

ROUNDS = 120  # of releases, and as many of handovers
AT_LEAST = 20  # times in each order
HEAD_START = 0.012  # seconds at most, for either side
Done = TypeVar("Done")


@dataclass
class Drill:
    """One released rendition, and a question of each round that is asked beforehand."""

    record: Record
    case: ACase
    chance: random.Random

    async def add_families(self, victims: list[str]) -> None:
        """Each was told and wants it, so that each round of handovers has its own row of the register."""
        await self.case.pool.executemany(
            """
            INSERT INTO victims (reference, ref, name, liaison_officer_email, referred_on, told_on, answer)
            VALUES ($1, $2, 'Invented Family', 'officer1@n53.example.test', '2026-10-06', '2026-10-06', 'accepted')
            """,
            [(self.case.reference, victim) for victim in victims],
        )
        await search(self.case)  # for their names too

    async def ask(self, question: str, subjects: list[str]) -> list[str]:
        """The gates, each but the first a copy of the one that was opened."""
        first = (await self.case.ask(question, subjects[0], stage=STAGE, ask=100)).gate
        gates = [self.case.gate(question, subject, STAGE, 100 + n) for n, subject in enumerate(subjects)]
        await self.case.pool.executemany(
            """
            INSERT INTO gates SELECT (jsonb_populate_record(
                g, jsonb_build_object('gate', $2::text, 'subject', $3::text))).* FROM gates g WHERE gate = $1
            """,
            [(first, gate, subject) for gate, subject in zip(gates[1:], subjects[1:], strict=True)],
        )
        return gates

    async def race(self, gate: str, answer: str, **fields: str) -> tuple[Settled, int]:
        """What became of the answer, and the number of the concern that was reported beside it."""
        decision = await self.case.decide(gate, answer, **fields)
        ahead = self.chance.uniform(-HEAD_START, HEAD_START)
        return await asyncio.gather(
            _after(ahead, lambda: self.case.settle(gate, decision)), _after(-ahead, self.report_concern)
        )

    async def report_concern(self) -> int:
        async with self.record.pool.acquire() as connection:
            return await report_concern(
                connection, self.case.reference, EscalationKind.STAFF_SAFETY, "Invented worry", LEAD
            )

    async def is_settled_first(self, gate: str, number: int) -> bool:
        """Whether the answer stands in the chain before the concern; each stands there once."""
        concern = f"{self.case.reference}/escalation/staff_safety-{number}"
        rows = await self.case.pool.fetch(
            """
            SELECT subject FROM audit WHERE subject = $2
                OR subject = $1 AND action IN ('decision_applied', 'decision_refused') ORDER BY seq
            """,
            gate,
            concern,
        )
        assert sorted(row["subject"] for row in rows) == sorted([gate, concern])
        return bool(rows[0]["subject"] == gate)

    async def check(self, gate: str, settled: Settled, number: int) -> str:
        """Who came first; nothing was applied after the concern, which stands whatever came of the answer."""
        state = await self.case.pool.fetchval(
            "SELECT state FROM escalations WHERE reference = $1 AND kind = 'staff_safety' AND number = $2",
            self.case.reference,
            number,
        )
        assert state == "raised"
        if await self.is_settled_first(gate, number):
            assert settled.refused is None
            return "answer first"
        assert (settled.decision, settled.refused) == (None, "held")
        return "concern first"

    async def calm_down(self) -> None:
        """The national team lets disclosure go on, until the next round."""
        await self.case.pool.execute(
            "UPDATE escalations SET state = 'resolved', outcome = 'release' WHERE reference = $1", self.case.reference
        )


async def _after(seconds: float, start: Callable[[], Awaitable[Done]]) -> Done:
    await asyncio.sleep(max(seconds, 0))
    return await start()


@pytest.fixture(name="drill")
async def _drill(shared_record: Record, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> Drill:
    keep_it_short(monkeypatch)
    case = await released(shared_record, mail_server)
    return Drill(shared_record, case, random.Random(case.reference))  # noqa: S311  # chance, and no secret


async def test_nothing_is_handed_over_once_a_concern_stands(drill: Drill) -> None:
    case, victims = drill.case, [f"v{n}" for n in range(11, 11 + ROUNDS)]
    await drill.add_families(victims)
    orders = Counter[str]()
    fields = {**HANDED, "handed_over_on": case.at.date().isoformat()}
    for gate, victim in zip(await drill.ask("handover", victims), victims, strict=True):
        settled, number = await drill.race(gate, "handed_over", **fields)
        order = await drill.check(gate, settled, number)
        given = await case.pool.fetchval(
            "SELECT count(*) FROM releases WHERE reference = $1 AND reader = $2", case.reference, victim
        )
        assert given == (order == "answer first")
        orders[order] += 1
        await drill.calm_down()
    print(f"\nhandovers beside concerns: {dict(orders)}")  # noqa: T201
    assert min(orders["answer first"], orders["concern first"]) >= AT_LEAST
    assert await case.pool.fetchval("SELECT count(*) FROM audit_verify()") == 0


async def test_nothing_is_released_once_a_concern_stands(drill: Drill) -> None:
    case, orders = drill.case, Counter[str]()
    for gate in await drill.ask("release", ["r1"] * ROUNDS):
        before = await _releases(case)
        settled, number = await drill.race(gate, "released")
        order = await drill.check(gate, settled, number)
        assert await _releases(case) == before + (order == "answer first")
        orders[order] += 1
        await drill.calm_down()
    print(f"\nreleases beside concerns: {dict(orders)}")  # noqa: T201
    assert min(orders["answer first"], orders["concern first"]) >= AT_LEAST


async def _releases(case: ACase) -> int:
    count: int = await case.pool.fetchval(
        "SELECT count(*) FROM audit WHERE reference = $1 AND action = 'rendition_released'", case.reference
    )
    return count
