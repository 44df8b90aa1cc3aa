"""Everything is killed at random while people answer: `python -m tests.drills.storm [CASES [TIMES [SEED]]]`.

Cases are opened on the record and begun by the relay. Half are found to be no further offence by the national team and
close; in the others people notify, look and begin a review until the court discontinues the case. Meanwhile workers,
gateways, the leading relay, PostgreSQL, Temporal and the mail server are killed by SIGKILL, each so many times alone,
some together, and all of them once. Then everything is left in peace, and counted.
"""

import asyncio
import contextlib
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starter.demo import beside
from starter.intake import Pace
from starter.reports import ReportRefusedError, report_court_event
from starter.script import Line
from tests.drills.counted import Row, count, table
from tests.drills.crowd import Alike, Crowd
from tests.drills.harm import Harm, harm
from tests.drills.kills import Kill, Progress, kill_at_random, planned, unknown
from tests.drills.service import AWAY, GATEWAYS, WORKERS, Service, a_service, today
from tests.drills.worker_memory import a_charge
from workflows.contract.charge import Charge
from workflows.contract.messages import CaseClock
from workflows.contract.vocabulary import CourtEventKind

SPEED = 600.0
"""A case day is 144 seconds, so that a storm lasts a day or two."""
PATIENCE = 420.0
"""Seconds within which everything must have ended after the last kill; a step that a dead worker held takes 30."""
NONE = {"offence_class": [Line("not_sfo", reasons="Invented reason: it is none.")]}
"""In every case the national team finds an offence that no table lists to be no further offence."""
_BEGUN = """
    SELECT c.reference FROM cases c WHERE c.closed_on IS NULL AND c.ground <> 'ask'
      AND NOT EXISTS (SELECT FROM court_events e WHERE e.reference = c.reference AND e.kind = 'discontinued')
      AND (SELECT count(*) FROM gates g WHERE g.reference = c.reference AND g.state = 'decided'
           AND g.question IN ('notification', 'early_look')) = 2
"""
_ENDED = """
    SELECT NOT EXISTS (SELECT FROM cases WHERE closed_on IS NULL)
       AND NOT EXISTS (SELECT FROM outbox WHERE state IN ('queued', 'sending'))
       AND NOT EXISTS (SELECT FROM decisions WHERE applied_at IS NULL AND void_at IS NULL)
"""


@dataclass
class Storm:
    """What was done and what came of it."""

    cases: int
    kills: list[Kill]
    progress: Progress
    recorded: int
    told: Mapping[str, int]
    harm: Harm
    seconds: float
    outcomes: dict[str, int]

    def explained(self, times: list[float]) -> bool:
        """Whether for each copy but the last a kill fell between the mail server's word and the row about it."""
        spans = unknown(self.kills)
        return all(any(begin <= taken <= end for begin, end in spans) for taken in times[:-1])

    @property
    def unexplained(self) -> dict[str, list[float]]:
        """Letters that came twice though nothing stood in the way of noting that they had gone."""
        return {name: times for name, times in self.harm.mails.twice.items() if not self.explained(times)}

    def rows(self) -> list[Row]:
        """One row for each kind of kill, with the longest time until something moved, and one for all of it."""
        lost, doubled, twice = len(self.harm.lost), self.harm.doubles, len(self.harm.mails.twice)
        rows = []
        for what in sorted({kill.what for kill in self.kills}):
            kills = [kill for kill in self.kills if kill.what == what]
            resumed = [seconds for kill in kills if (seconds := self.progress.resumed(kill)) is not None]
            rows.append(
                Row("storm", f"killed: {what}", len(kills), max(kill.in_flight for kill in kills), self.recorded,
                    max(resumed, default=None), lost, doubled, twice)
            )  # fmt: skip
        return rows


async def storm(cases: int, times: int, seed: int = 7) -> Storm:
    """One storm over so many cases, each kind killed so many times alone."""
    by = random.Random(seed)  # noqa: S311
    async with a_service(workers=WORKERS, gateways=GATEWAYS) as service:
        began = time.monotonic()
        clocks: dict[str, CaseClock] = {}
        crowd = Crowd(service, Alike(NONE), clocks, by, lambda: by.uniform(0.5, 15))
        progress = Progress(service)
        async with beside(crowd.run(), progress.run(), court(service)):
            clocks |= await service.open(charges(cases), Pace(speed=SPEED))
            await service.asked("offence_class", cases // 4, within=PATIENCE)
            kills = await kill_at_random(service, by, planned(by, times), crowd.heard)
            rested = await service.until(_ENDED, within=PATIENCE)
            print(f"all of it had ended {rested:.0f} s after the last kill")  # noqa: T201
            rows = await service.pool.fetch("SELECT outcome, count(*) FROM cases GROUP BY outcome")
            return Storm(
                cases, kills, progress, len(crowd.heard.recorded), dict(crowd.heard.told),
                await harm(service, crowd.heard.recorded), time.monotonic() - began,
                {row["outcome"]: row["count"] for row in rows},
            )  # fmt: skip


def charges(cases: int) -> list[Charge]:
    """So many, every other one with an offence that no table lists."""
    every = [a_charge(number) for number in range(cases)]
    return [one if number % 2 else unlisted(one) for number, one in enumerate(every)]


def unlisted(charge: Charge) -> Charge:
    """The same charge with an offence about which the national team is asked."""
    entry = json.loads(charge.model_dump_json())
    offence_on = entry["offences"][0]["offence_on"]
    offence = {"code": "ZZ99001", "offence_on": offence_on, "victim_age": 34, "wording": "Invented wording"}
    return Charge.model_validate(entry | {"offences": [offence]})


async def court(service: Service) -> None:
    """Discontinue each case whose review has begun, as soon as the record takes it."""
    while True:
        with contextlib.suppress(ReportRefusedError, *AWAY):
            for row in await service.pool.fetch(_BEGUN):
                async with service.pool.acquire() as connection:
                    await report_court_event(connection, row["reference"], CourtEventKind.DISCONTINUED, today())
        await asyncio.sleep(0.5)


@asynccontextmanager
async def counted(cases: int, times: int, seed: int = 7) -> AsyncIterator[Storm]:
    """A storm with its rows in the table."""
    done = await storm(cases, times, seed)
    for row in done.rows():
        count(row)
    yield done


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:4]]
    done = asyncio.run(storm(*(given + [200, 2, 7][len(given) :])))
    print("\n".join(table(done.rows())))  # noqa: T201
    print(f"{done.seconds:.0f} s; outcomes {done.outcomes}; pages said {done.told}")  # noqa: T201
    print(f"letters twice, unexplained: {done.unexplained}; wrong: {done.harm.found}")  # noqa: T201
    sys.exit(bool(done.harm.found or done.unexplained))
