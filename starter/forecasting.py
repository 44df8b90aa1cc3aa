"""The forecast of every region that is asked for: what it starts from, where each number comes from, what follows.

The same seed gives the same numbers, whichever regions are asked for and in which order.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from starter.backlog_now import Recorded, RegionNow, backlog_now
from starter.connections import Connection
from starter.judging import Pinned, Rules
from starter.progress import Progress
from starter.record import announced_holidays
from workflows.contract.directory import Region
from workflows.contract.vocabulary import Role
from workflows.policy.backlog import (
    ENOUGH,
    Horizon,
    Played,
    Situation,
    places_by_day,
    play,
    rate_of,
)
from workflows.policy.backlog_outlook import BacklogOutlook, outlook
from workflows.policy.forecast import Standing, days_needed

_NOTHING_DONE = Standing(interviews_open=1, has_draft=False, facts_offered=False, comments_open=0, is_submitted=False)

Say = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """What is asked for; what is not given comes from record, rulebook and directory."""

    regions: tuple[str, ...] = ()
    months: int = 12
    seed: int = 1
    runs: int = 500
    reviewers: Mapping[str, int] = field(default_factory=dict)
    arrivals: Mapping[str, float] = field(default_factory=dict)
    carries: int | None = None
    with_rehearsed: bool = False


@dataclass(frozen=True)
class RegionForecast:
    """One region. `sources` says of each number of `situation` where it comes from, as a phrase."""

    code: str
    name: str
    situation: Situation
    overdue: int
    paused: int
    sources: Mapping[str, str]
    outlook: BacklogOutlook

    @property
    def open(self) -> int:
        """The reviews of this region that are open today, without those whose clock stands still."""
        return sum(one.is_counted for one in self.situation.reviews)

    @property
    def capacity(self) -> int:
        """How many reviews its managers carry when nobody is away."""
        return self.situation.carries * len(self.situation.reviewers)


@dataclass(frozen=True)
class BacklogForecast:
    """Every region that was asked for, by code. `rehearsed`: cases left out as rehearsed."""

    today: date
    asked: Asked
    regions: tuple[RegionForecast, ...]
    rehearsed: int


async def forecast_backlog(
    connection: Connection, rules: Rules, pinned: Pinned, asked: Asked, today: date, say: Say
) -> BacklogForecast:
    """Read the record and play the futures. `say` hears of progress where it takes longer.

    `rules` are those of `rules_today`, which know who is away.
    """
    whole = days_needed(_NOTHING_DONE, rules.rulebook)
    recorded = await backlog_now(connection, pinned, today=today, whole=whole, with_rehearsed=asked.with_rehearsed)
    holidays = rules.holidays | await announced_holidays(connection)
    horizon = Horizon.of(today, asked.months, rules.rulebook.deadlines["review"], holidays)
    regions, codes, progress = [], asked.regions or tuple(sorted(rules.directory.regions)), Progress(say)
    for number, code in enumerate(sorted(codes), start=1):
        region = rules.directory.regions[code]
        situation, sources = _situation(code, region, recorded, rules, asked, whole)
        places = places_by_day(situation, horizon)
        futures = _played(
            situation,
            horizon,
            places,
            asked.runs,
            _chance(asked, code),
            partial(progress, f"region {number} of {len(codes)}"),
        )
        now = recorded.regions.get(code, RegionNow())
        summed = outlook(futures, horizon, places, asked.months)
        regions.append(RegionForecast(code, region.name, situation, now.overdue, now.paused, sources, summed))
    return BacklogForecast(today, asked, tuple(regions), recorded.rehearsed)


def _situation(
    code: str, region: Region, recorded: Recorded, rules: Rules, asked: Asked, whole: int
) -> tuple[Situation, dict[str, str]]:
    now = recorded.regions.get(code, RegionNow())
    figures = rules.rulebook.forecast
    managers = tuple(person.away for person in region.people if Role.REVIEWING_MANAGER in person.roles)
    durations, of_durations = _durations(now, recorded, whole)
    arrivals = rate_of(now.arrived, recorded.days)
    sources = {
        "open": "record",
        "reviewers": "directory, without those who are away, while they are",
        "arrivals": f"record: {now.arrived} in the last {recorded.days} days",
        "carries": "rulebook" if figures.carries else "one at a time: the rulebook says nothing",
        "durations": of_durations,
    }
    if code in asked.reviewers:
        managers, sources["reviewers"] = ((),) * asked.reviewers[code], "given"
    if code in asked.arrivals:
        arrivals, sources["arrivals"] = asked.arrivals[code], "given"
    carries = figures.carries.value if figures.carries else 1
    if asked.carries:
        carries, sources["carries"] = asked.carries, "given"
    return Situation(tuple(sorted(now.reviews)), arrivals, managers, carries, whole, durations), sources


def _durations(now: RegionNow, recorded: Recorded, whole: int) -> tuple[tuple[int, ...], str]:
    """The region's own reviews where there are enough, else those of all regions, else the rulebook's figures."""
    everywhere = [days for region in recorded.regions.values() for days in region.durations]
    if len(now.durations) >= ENOUGH:
        return tuple(sorted(now.durations)), f"record: {len(now.durations)} reviews of this region"
    if len(everywhere) >= ENOUGH:
        return tuple(sorted(everywhere)), f"record: {len(everywhere)} reviews of all regions"
    return (whole,), f"rulebook: {whole} working days each; {len(everywhere)} submitted on record, {ENOUGH} are needed"


def _chance(asked: Asked, code: str) -> random.Random:
    """Each region has its own chance, so that no other region changes its numbers."""
    return random.Random(f"{asked.seed}/{code}")  # noqa: S311  # nosec B311  # a simulation, and repeatable by design


def _played(
    situation: Situation, horizon: Horizon, places: Sequence[int], runs: int, chance: random.Random, after: Say
) -> list[Played]:
    futures = []
    for run in range(1, runs + 1):
        futures.append(play(situation, horizon, places, chance))
        after(f"run {run} of {runs}")
    return futures
