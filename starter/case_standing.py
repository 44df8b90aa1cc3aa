"""How many cases stand towards their dates at one moment: what is overdue, whose review is at risk.

Asked are the functions of policy that `sfo case` asks. Thousands are worked out at once: what a date says by itself is
worked out once for each date, and how far a review has come is read only where it can matter.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import asyncpg

from starter.connections import Connection
from starter.judging import Pinned
from starter.record import announced_holidays
from workflows.contract.messages import CaseClock
from workflows.contract.vocabulary import CourtEventKind
from workflows.policy.clock import case_time
from workflows.policy.court import ends_the_review
from workflows.policy.due import due_moment, on_in_london
from workflows.policy.forecast import at_risk_until, forecast, standing_of

_STANDINGS = "SELECT s.* FROM unnest($1::text[]) AS wanted (reference) JOIN sfo.standings s USING (reference)"
_COURT = """
    SELECT reference, array_agg(kind) AS kinds FROM unnest($1::text[]) AS wanted (reference)
    JOIN sfo.court_events USING (reference) WHERE applied_at IS NOT NULL GROUP BY reference"""


class Moment(NamedTuple):
    """A case's own time, and the date in London by which its review is judged: that of the pause while it is paused."""

    now: datetime
    until: datetime
    today: date


class Stands(NamedTuple):
    """Whether anything is overdue, and whether the review is at risk."""

    overdue: bool
    at_risk: bool


async def stand(connection: Connection, rows: Sequence[asyncpg.Record], pinned: Pinned, wall: datetime) -> list[Stands]:
    """Say of each open case, a row of the list, how it stands at this moment of real time."""
    judge = _Judge(pinned, pinned.holidays | await announced_holidays(connection))
    real = Moment(wall, wall, on_in_london(wall))
    moments = [_moment(row, real) if row["paused_at"] or row["rehearsal"] else real for row in rows]
    dated = [judge.by_date(row, moment) for row, moment in zip(rows, moments, strict=True)]
    past = [row["reference"] for row, (is_past, _) in zip(rows, dated, strict=True) if is_past]
    near = [row["reference"] for row, either in zip(rows, dated, strict=True) if any(either)]
    standings = {row["reference"]: row for row in await connection.fetch(_STANDINGS, near)} if near else {}
    court = {row["reference"]: row["kinds"] for row in await connection.fetch(_COURT, past)} if past else {}
    found = []
    for row, moment, (is_past, may_be_at_risk) in zip(rows, moments, dated, strict=True):
        runs_until = row["runs_until"]
        overdue = row["is_asked_late"] or (runs_until is not None and moment.now > runs_until)
        if is_past and not overdue:
            overdue = _is_owed(standings.get(row["reference"]), court.get(row["reference"], ()))
        if may_be_at_risk:
            at_risk = judge.is_at_risk(row, moment, standings[row["reference"]])
        else:  # without a date, or without its rulebook, the record's own word counts
            at_risk = row["at_risk"] and (row["review_due"] is None or row["rulebook"] not in pinned.rulebooks)
        found.append(Stands(overdue, at_risk))
    return found


def _moment(row: asyncpg.Record, real: Moment) -> Moment:
    """The moment of a case whose clock is not simply the real one, or stands still."""
    rehearsal, paused_at = row["rehearsal"], row["paused_at"]
    now = case_time(CaseClock.model_validate(rehearsal), real.now) if rehearsal else real.now
    return Moment(now, min(now, paused_at or now), on_in_london(paused_at or now))


def _is_owed(standing: asyncpg.Record | None, court: Sequence[str]) -> bool:
    """Whether the text of a review is still owed: it is not submitted and the court has not ended it."""
    is_submitted = standing is not None and standing["is_submitted"]
    return not is_submitted and not ends_the_review([CourtEventKind(kind) for kind in court])


class _Judge:
    """Works out each date, and each different standing towards a date, once."""

    def __init__(self, pinned: Pinned, holidays: frozenset[date]) -> None:
        self._pinned, self._holidays = pinned, holidays
        self._dates: dict[tuple[str | None, date, int], tuple[bool, bool]] = {}
        self._until: dict[tuple[str, date], date] = {}
        self._risks: dict[tuple[Any, ...], bool] = {}

    def by_date(self, row: asyncpg.Record, moment: Moment) -> tuple[bool, bool]:
        """Whether the date of the review is past, and whether the review may be at risk, by its dates alone."""
        due_on, version = row["review_due"], row["rulebook"]
        if due_on is None:
            return False, False
        key = (version, due_on, id(moment))  # one object for all cases in real time, whose number is quickly compared
        stands = self._dates.get(key)
        if stands is None:
            is_near = version in self._pinned.rulebooks and moment.today <= due_on <= self._last(version, moment.today)
            stands = self._dates[key] = (moment.until > due_moment(due_on), is_near)
        is_past, may_be_at_risk = stands
        return (is_past or row["review_overdue"]) and not row["is_accepted"], may_be_at_risk

    def _last(self, version: str, today: date) -> date:
        key = (version, today)
        if key not in self._until:
            self._until[key] = at_risk_until(self._pinned.rulebooks[version], today, self._holidays)
        return self._until[key]

    def is_at_risk(self, row: asyncpg.Record, moment: Moment, standing: asyncpg.Record) -> bool:
        """Whether a review that may be at risk is."""
        if standing["is_submitted"]:
            return False
        stopped = standing["facts_paused_at"]
        facts_on = on_in_london(stopped or moment.now) if stopped or row["paused_at"] else moment.today
        key = (row["rulebook"], row["review_due"], moment.today, facts_on, *list(standing.values())[1:-1])
        known = self._risks.get(key)
        if known is None:
            known = self._risks[key] = self._forecast(row, dict(standing), moment.today, facts_on)
        return known

    def _forecast(self, row: asyncpg.Record, standing: Mapping[str, Any], today: date, facts_on: date) -> bool:
        return forecast(
            standing_of(standing, facts_on, self._holidays),
            self._pinned.rulebooks[row["rulebook"]],
            today=today,
            due_on=row["review_due"],
            holidays=self._holidays,
        ).at_risk
