"""Kills at random moments, several at once, and how long it took until something moved again."""

import asyncio
import contextlib
import itertools
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.drills.crowd import Heard
from tests.drills.service import AWAY, GATEWAYS, MAIL, POSTGRES, TEMPORAL, WORKERS, Service

WORKER, GATEWAY, RELAY = "a worker", "a gateway", "the relay that leads"
KINDS = (WORKER, GATEWAY, RELAY, POSTGRES, TEMPORAL, MAIL)
EVERYTHING = "everything at once"
_BETWEEN, _AWAY_FOR = (1.0, 5.0), (0.3, 4.0)
"""Seconds between a part that is back and the next kill, and seconds that a killed part is away."""
_MOMENT, _NOTED_WITHIN = 1.0, 10.0
"""Seconds from a word of the mail server to the row about it, and from the record's return to the rows of meanwhile."""


@dataclass
class Kill:
    """What was killed and when, in seconds of the wall clock; `back` when all of it was started again."""

    what: str
    names: frozenset[str]
    at: float
    in_flight: int
    back: float = 0.0


def unknown(kills: Sequence[Kill]) -> list[tuple[float, float]]:
    """When the mail server took letters of which nobody may know any more that it did.

    A mail server was killed before its word had come, or a worker before it had put that word down: that takes a
    moment, and while the record is away as long as that lasts.
    """
    spans = []
    for kill in (one for one in kills if one.names & {MAIL, *WORKERS}):
        away = [one.at for one in kills if POSTGRES in one.names and one.at <= kill.at <= one.back + _NOTED_WITHIN]
        spans.append((min([kill.at, *away]) - _MOMENT, kill.back + _MOMENT))
    return spans


@dataclass
class Progress:
    """How many answers were applied and letters sent, over time."""

    service: Service
    seen: list[tuple[float, int]] = field(default_factory=list)

    async def run(self) -> None:
        """Look again and again until cancelled."""
        query = """SELECT (SELECT count(*) FROM decisions WHERE applied_at IS NOT NULL)
                        + (SELECT count(*) FROM outbox WHERE state = 'sent')"""
        while True:
            with contextlib.suppress(*AWAY):
                self.seen.append((time.time(), await self.service.pool.fetchval(query)))
            await asyncio.sleep(0.1)

    def resumed(self, kill: Kill) -> float | None:
        """Seconds from the kill until something had moved; None: nothing did any more."""
        before = max((count for at, count in self.seen if at <= kill.at), default=0)
        moved = [at for at, count in self.seen if at > kill.at and count > before]
        return min(moved) - kill.at if moved else None


def planned(by: random.Random, times: int) -> list[tuple[str, ...]]:
    """Each kind so many times, each kind once with another, and once everything, in a random order."""
    pairs = list(itertools.combinations(KINDS, 2))
    alone: list[tuple[str, ...]] = [(kind,) for kind in KINDS for _ in range(times)]
    kills = [*alone, *by.sample(pairs, 3), (EVERYTHING,)]
    by.shuffle(kills)
    return kills


async def kill_at_random(
    service: Service, by: random.Random, kills: Sequence[tuple[str, ...]], heard: Heard
) -> list[Kill]:
    """Kill as planned, one after the other, and start again what was killed; returns what was done."""
    done = []
    for kinds in kills:
        await asyncio.sleep(by.uniform(*_BETWEEN))
        in_flight = int(str(await service.value("SELECT count(*) FROM cases WHERE closed_on IS NULL")))
        names = [name for kind in kinds for name in await _named(service, by, kind)]
        kill = Kill(" and ".join(kinds), frozenset(names), time.time(), in_flight)
        await service.kill(*kill.names)
        await asyncio.sleep(by.uniform(*_AWAY_FOR))
        await service.start(*kill.names)
        kill.back = time.time()
        done.append(kill)
        print(f"{kill.what}: {kill.back - kill.at:.1f} s away, {len(heard.recorded)} answers recorded so far")  # noqa: T201
    return done


async def _named(service: Service, by: random.Random, kind: str) -> list[str]:
    if kind == EVERYTHING:
        return list(service.parts)
    if kind == RELAY:
        return [await service.leading()]
    among = {WORKER: WORKERS, GATEWAY: GATEWAYS}.get(kind)
    return [by.choice(among)] if among else [kind]
