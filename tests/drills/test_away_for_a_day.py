"""Database, mail or Temporal is away for more than a day of the case while people answer and a date passes."""

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client

from starter.demo import CHARGES, beside
from starter.intake import Pace
from starter.script import SILENT, Line
from tests.drills.crowd import Crowd
from tests.drills.harm import counted, rested
from tests.drills.service import MAIL, POSTGRES, TEMPORAL, Service, a_service
from workflows.contract.charge import Charge
from workflows.contract.messages import CaseClock
from workflows.policy.clock import case_time, wall_delay

pytestmark = pytest.mark.drill

DAY = 15.0
"""Seconds that a day of a case takes."""
PACE = Pace(speed=86_400 / DAY, anchor=datetime(2026, 5, 25, 9, tzinfo=UTC))
"""Days before the notification of the demo's late case is due."""
GOES, ANSWERS, IS_BACK = (timedelta(days=days) for days in (-0.7, -0.4, 0.7))
"""When the service goes, when people sit down and when it is back, from the moment at which it is due."""
ANSWERED, SILENT_ONES = 3, 3
ALL_ANSWERED = ("notification", ANSWERED)
_NO_LETTER_WAITS = "SELECT NOT EXISTS (SELECT FROM outbox WHERE state IN ('queued', 'sending'))"
_DUE = "SELECT due_at FROM gates WHERE reference = $1 AND question = 'notification'"
_SHOWN_LATE = "SELECT bool_and(overdue) FROM gates WHERE reference = ANY($1) AND question = 'notification'"


class Day:
    """Some cases whose people answer while a service is away, and some whose people stay silent over the date."""

    def __init__(self, service: Service, clocks: dict[str, CaseClock], due: datetime) -> None:
        self.service, self.due = service, due
        self.clock = max(clocks.values(), key=lambda clock: clock.wall_anchor)
        self.answered, self.silent = sorted(clocks)[:ANSWERED], sorted(clocks)[ANSWERED:]
        quiet = {"notification": [SILENT], "early_look": [SILENT], "welfare": [SILENT]}
        lines: dict[str, dict[str, list[Line]]] = {one: {} for one in self.answered} | dict.fromkeys(self.silent, quiet)
        self.crowd = Crowd(service, lines, clocks, random.Random(11))  # noqa: S311

    @classmethod
    async def begun(cls, service: Service) -> "Day":
        """Everybody has been asked, and has the letter."""
        clocks = await service.open([late_case(number) for number in range(ANSWERED + SILENT_ONES)], PACE)
        await service.asked("early_look", len(clocks), within=35)
        await rested(service, within=35)
        day = cls(service, clocks, await service.pool.fetchval(_DUE, min(clocks)))
        await day.crowd.all_signed_in()
        return day

    async def reaches(self, from_due: timedelta) -> None:
        """Wait for this moment of the case."""
        now = case_time(self.clock, datetime.now(UTC))
        await asyncio.sleep(max(0.0, wall_delay(self.clock, now, self.due + from_due).total_seconds()))

    async def without(self, part: str) -> None:
        """The service is away over the date, and people answer meanwhile."""
        await self.reaches(GOES)
        assert case_time(self.clock, datetime.now(UTC)) < self.due + ANSWERS, "the machine was too slow for this drill"
        await self.service.parts[part].stop()
        await self.reaches(ANSWERS)

    async def shown_late(self) -> None:
        """Who let the date pass is shown as overdue, in the record and to operations."""
        await self.service.until(_SHOWN_LATE, self.silent, within=60)
        async with asyncio.timeout(60):
            while not await shown(self.service.client, self.silent):
                await asyncio.sleep(0.2)

    async def how_answered(self) -> list[tuple[bool, bool]]:
        """Of each answered notification whether it came after its date, and whether it is called late."""
        rows = await self.service.pool.fetch(
            """SELECT received_at > due_at AS after, late FROM decisions JOIN gates USING (gate)
               WHERE reference = ANY($1) AND question = 'notification'""",
            self.answered,
        )
        return [(row["after"], row["late"]) for row in rows]


def late_case(number: int) -> Charge:
    """The demo's late case, on another person."""
    entry = json.loads((CHARGES / "4-overdue.json").read_text())
    return Charge.model_validate(entry | {"crn": f"X{number:06}"})


async def shown(client: Client, references: list[str]) -> bool:
    """Whether each of these has a stage that operations find under what is late."""
    found = {run.id.split("/")[1] async for run in client.list_workflows("SfoOverdue = true")}
    return found >= set(references)


@pytest.mark.parametrize("part", [POSTGRES, TEMPORAL, MAIL])
async def test_a_day_without_it_loses_nothing_and_hides_no_date(part: str) -> None:
    async with a_service() as service:
        day = await Day.begun(service)
        resumed = await a_day_without(part, day)
        cases = ANSWERED + SILENT_ONES
        done = await counted(service, "a day away", part, cases, day.crowd.heard.recorded, resumed)
        assert done.found == {}
        assert done.mails.twice == {}
        # Without the record nobody's answer could be taken before the date; otherwise it counts from when it came.
        assert await day.how_answered() == [(part == POSTGRES, part == POSTGRES)] * ANSWERED


async def a_day_without(part: str, day: Day, within: float = 120) -> float:
    """Returns the seconds until what had waited had gone on."""
    await day.without(part)
    async with beside(day.crowd.run()):
        await TOLD[part](day)
        await day.reaches(IS_BACK)
        await day.service.start(part)
        moves = (
            day.service.until(_NO_LETTER_WAITS, within=within)
            if part == MAIL
            else day.service.applied(*ALL_ANSWERED, within)
        )
        resumed = await moves
        await day.shown_late()
    return resumed


async def without_the_record(day: Day) -> None:
    """Nobody is told that an answer is recorded."""
    await day.reaches(timedelta(0))
    assert day.crowd.heard.told["status 503"] > 0, day.crowd.heard.told
    assert day.crowd.heard.recorded == set()


async def without_temporal(day: Day) -> None:
    """Every answer is on the record before its date, and waits there."""
    await day.service.until(
        "SELECT count(*) = $2 FROM decisions JOIN gates USING (gate) "
        "WHERE reference = ANY($1) AND question = 'notification' AND applied_at IS NULL",
        day.answered, ANSWERED, within=DAY,
    )  # fmt: skip
    assert day.crowd.heard.told["recorded"] >= ANSWERED


async def without_mail(day: Day) -> None:
    """Answers count as ever, dates pass as ever, and letters wait."""
    await day.service.applied("notification", ANSWERED, within=DAY)
    await day.reaches(timedelta(0))
    await day.shown_late()
    assert await day.service.value("SELECT count(*) FROM outbox WHERE state <> 'sent'")


TOLD = {POSTGRES: without_the_record, TEMPORAL: without_temporal, MAIL: without_mail}
