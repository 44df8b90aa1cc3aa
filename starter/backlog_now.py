"""What the record knows of each region's reviews: which are open, how many come a month, how long one takes.

A rehearsed case lives on days of its own. Where it is asked for, its dates are moved by whole days, so that its day is
today.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import asyncpg

from starter.casebook import parts_of
from starter.casebook_review import Parts, outlook_of, review_is_owed
from starter.connections import Connection
from starter.judging import Pinned
from starter.record import announced_holidays
from workflows.contract.messages import CaseClock
from workflows.contract.vocabulary import Role
from workflows.policy.backlog import OpenReview
from workflows.policy.calendar import working_days_between
from workflows.policy.clock import case_time, is_rehearsed
from workflows.policy.due import on_in_london

ARRIVALS_WITHIN = 365
"""Days back in which the reviews that came are counted."""
LEAST_DAYS = 28
"""A record younger than this counts as so old, so that the first review does not make thirty a month."""
DURATIONS_WITHIN = 730
"""Days back in which what was submitted tells how long a review takes."""


@dataclass
class RegionNow:
    """One region by the record. `overdue` are among the reviews; `paused` are not, since nobody knows when they go on.

    `arrived` came within `Recorded.days`; `durations`: working days from appointing a manager to submission.
    """

    reviews: list[OpenReview] = field(default_factory=list)
    overdue: int = 0
    paused: int = 0
    arrived: int = 0
    durations: list[int] = field(default_factory=list)


@dataclass
class Recorded:
    """Every region by its code. `days`: how far back arrivals were counted. `rehearsed`: cases left out as such."""

    regions: Mapping[str, RegionNow]
    days: int
    rehearsed: int


@dataclass(frozen=True)
class _Days:
    """A case that counts: its own time, and by how many whole days its dates are moved, so that its day is today."""

    now: datetime
    moved: timedelta


_CASES = """
    SELECT reference, region, clock, opened_on, closed_on, rulebook, review_due, accepted_version, paused_at
    FROM sfo.cases ORDER BY reference"""
_PARTS = ("court", "standing", "holidays", "appointments")


async def backlog_now(
    connection: Connection, pinned: Pinned, *, today: date, whole: int, with_rehearsed: bool
) -> Recorded:
    """Read every region of the record. `whole`: working days for a review whose rulebook is not in place."""
    regions: defaultdict[str, RegionNow] = defaultdict(RegionNow)
    cases = await connection.fetch(_CASES)
    kept = _kept(cases, today, with_rehearsed=with_rehearsed)
    counted = [case for case in cases if case["reference"] in kept]
    still_open = [case for case in counted if case["closed_on"] is None]
    parts = await parts_of(connection, [case["reference"] for case in still_open], _PARTS)
    for case in still_open:
        reference = case["reference"]
        rows = {kind: found[reference] for kind, found in parts.items()}
        if review_is_owed(case, rows):
            outlook = outlook_of(case, rows, kept[reference].now, pinned)
            needed = outlook.days_needed if outlook else whole
            _add_open(regions, case, rows, needed, case["review_due"] + kept[reference].moved, today)
    first = min((case["opened_on"] + kept[case["reference"]].moved for case in counted), default=today)
    days = min(ARRIVALS_WITHIN, max(LEAST_DAYS, (today - first).days + 1))
    await _arrivals(connection, regions, kept, today, days)
    await _durations(connection, regions, kept, today, pinned.holidays | await announced_holidays(connection))
    return Recorded(dict(regions), days, len(cases) - len(counted))


def _kept(cases: Sequence[asyncpg.Record], today: date, *, with_rehearsed: bool) -> dict[str, _Days]:
    wall, kept = datetime.now(UTC), {}
    for case in cases:
        clock = CaseClock.model_validate(case["clock"])
        if with_rehearsed or not is_rehearsed(clock):
            now = case_time(clock, wall)
            kept[case["reference"]] = _Days(now, today - on_in_london(now))
    return kept


def _add_open(
    regions: Mapping[str, RegionNow], case: asyncpg.Record, rows: Parts, needed: int, due_on: date, today: date
) -> None:
    """Add a review whose text is owed to its region, and to the region that lends its manager."""
    here = regions[case["region"]]
    if case["paused_at"] is not None:
        here.paused += 1
        return
    manager = next((row for row in rows["appointments"] if row["role"] == Role.REVIEWING_MANAGER), None)
    lent_by = manager["organisation"] if manager and manager["organisation"] != case["region"] else None
    here.reviews.append(
        OpenReview(due_on, needed, is_begun=manager is not None, is_counted=True, takes_a_place=lent_by is None)
    )
    here.overdue += due_on < today
    if lent_by:  # a region, or the inspectorate, which is none of them
        regions[lent_by].reviews.append(OpenReview(due_on, needed, is_begun=True, is_counted=False))


async def _arrivals(
    connection: Connection, regions: Mapping[str, RegionNow], kept: Mapping[str, _Days], today: date, days: int
) -> None:
    """Count the reviews that came within so many days, by the day on which the commission was first asked for."""
    rows = await connection.fetch(
        """
        SELECT c.region, g.reference, min(g.opened_at) AS at FROM sfo.gates g JOIN sfo.cases c USING (reference)
        WHERE g.question = 'commission' GROUP BY 1, 2
        """
    )
    for row in rows:
        on = _on(row, kept)
        if on and today - timedelta(days=days) < on <= today:
            regions[row["region"]].arrived += 1


async def _durations(
    connection: Connection,
    regions: Mapping[str, RegionNow],
    kept: Mapping[str, _Days],
    today: date,
    holidays: Collection[date],
) -> None:
    """Note the working days from the last appointment to the first submission, without those of a pause."""
    pauses: defaultdict[str, list[asyncpg.Record]] = defaultdict(list)
    for row in await connection.fetch(
        "SELECT * FROM sfo.pauses WHERE resumed_at IS NOT NULL ORDER BY reference, number"
    ):
        pauses[row["reference"]].append(row)
    rows = await connection.fetch(
        """
        WITH submitted AS (
            SELECT g.reference, min(d.received_at) AS at FROM sfo.gates g JOIN sfo.decisions d USING (gate)
            WHERE g.question = 'submit' AND d.answer = 'submitted' AND d.applied_at IS NOT NULL GROUP BY 1)
        SELECT c.region, s.reference, s.at, max(k.closed_at) AS begun_at
        FROM submitted s JOIN sfo.cases c USING (reference) JOIN sfo.gates k USING (reference)
        WHERE k.question IN ('commission', 'lend') AND k.state = 'decided' AND k.closed_at <= s.at
        GROUP BY 1, 2, 3 ORDER BY 2
        """
    )
    for row in rows:
        on = _on(row, kept)
        if on and on > today - timedelta(days=DURATIONS_WITHIN):
            regions[row["region"]].durations.append(_worked(row, pauses[row["reference"]], holidays))


def _worked(row: asyncpg.Record, pauses: Sequence[asyncpg.Record], holidays: Collection[date]) -> int:
    days = _between(row["begun_at"], row["at"], holidays)
    stood = sum(
        max(0, _between(max(pause["paused_at"], row["begun_at"]), min(pause["resumed_at"], row["at"]), holidays))
        for pause in pauses
    )
    return max(1, days - stood)


def _between(first: datetime, last: datetime, holidays: Collection[date]) -> int:
    return working_days_between(on_in_london(first), on_in_london(last), holidays)


def _on(row: asyncpg.Record, kept: Mapping[str, _Days]) -> date | None:
    """The date in London, moved as its case is; none for a case that is left out."""
    days = kept.get(row["reference"])
    return on_in_london(row["at"]) + days.moved if days else None
