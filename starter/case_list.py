"""The lean read behind every list of cases: one line a case, ten thousand open cases in a few statements.

How a case stands is computed from its dates and its own clock by the functions of policy that `sfo case` asks, so it is
right while no worker runs. A test holds both reads together.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import NamedTuple

import asyncpg

from starter.case_filters import Filters, Sort
from starter.case_standing import Stands, stand
from starter.connections import Connection
from starter.judging import Pinned
from workflows.asking.display import clock_state
from workflows.contract.vocabulary import ClockState

UNREAD = "!"
"""What stands behind the kind of an escalation that nobody has acknowledged."""


class Line(NamedTuple):
    """One case in a list. A tuple, because ten thousand are made at once.

    `awaits`: the role of the most urgent open question; with a filter on a role, of that role's most urgent one.
    `questions`: how many stand open and unanswered. `due_on`: until when `awaits` is awaited, or the date of the review
    where nobody is. `clock`: None once the case is closed; `overdue` and `at_risk` stay beside one that stands still.
    `escalations`: the kinds of those that are open, one that
    nobody has acknowledged with an exclamation mark behind it.
    """

    reference: str
    region: str
    pdu: str
    stage: str
    ground: str
    clock: ClockState | None
    overdue: bool
    at_risk: bool
    awaits: str | None
    questions: int
    due_on: date | None
    review_due: date | None
    original_review_due: date | None
    escalations: tuple[str, ...]
    opened_on: date
    closed_on: date | None
    outcome: str | None


class Listed(NamedTuple):
    """What was found: the open cases in order, the closed ones that were asked for, and how many closed ones match."""

    open: list[Line]
    closed: list[Line]
    closed_number: int


# An answer that waits to be applied asks nobody any more. `rehearsal`: the clock, where it is not simply the real one.
_OPEN = """
    SELECT c.reference, c.region, c.pdu, c.stage, c.ground, g.awaits, coalesce(g.questions, 0) AS questions,
        coalesce(g.due_on, CASE WHEN c.accepted_version IS NULL THEN c.review_due END) AS due_on,
        c.review_due, c.original_review_due, e.escalations, c.opened_on, c.paused_at,
        CASE WHEN (c.clock -> 'speed')::float8 <> 1 OR c.clock ->> 'case_anchor' <> c.clock ->> 'wall_anchor'
            THEN c.clock END AS rehearsal,
        c.rulebook, c.review_overdue, c.accepted_version IS NOT NULL AS is_accepted, c.at_risk,
        g.runs_until, coalesce(g.is_marked, false) OR coalesce(g.was_late, false) AS is_asked_late
    FROM sfo.cases c
    LEFT JOIN (
        SELECT reference, count(*) FILTER (WHERE NOT answered)::integer AS questions, bool_or(overdue) AS is_marked,
            (array_agg(role ORDER BY due_at, gate) FILTER (WHERE NOT answered AND asked))[1] AS awaits,
            (array_agg(due_on ORDER BY due_at, gate) FILTER (WHERE NOT answered AND asked))[1] AS due_on,
            min(due_at) FILTER (WHERE NOT answered AND paused_at IS NULL) AS runs_until,
            bool_or(paused_at > due_at AND NOT answered) AS was_late
        FROM (
            SELECT reference, gate, role, due_on, due_at, overdue, paused_at, {asked} AS asked,
                gate IN (SELECT gate FROM sfo.decisions WHERE applied_at IS NULL AND void_at IS NULL) AS answered
            FROM sfo.gates WHERE state = 'open' AND {mine}
        ) waiting GROUP BY reference
    ) g USING (reference)
    LEFT JOIN (
        SELECT reference, array_agg(kind || CASE state WHEN 'raised' THEN '!' ELSE '' END ORDER BY kind) AS escalations
        FROM sfo.escalations WHERE state <> 'resolved' GROUP BY reference
    ) e USING (reference)
    WHERE c.closed_on IS NULL AND {place}"""
_CLOSED = """
    SELECT c.reference, c.region, c.pdu, c.stage, c.ground, c.opened_on, c.review_due, c.original_review_due,
        c.closed_on, c.outcome
    FROM sfo.cases c WHERE c.closed_on IS NOT NULL AND {place} ORDER BY c.closed_on DESC, c.reference {limit}"""
_CLOSED_NUMBER = "SELECT count(*) FROM sfo.cases c WHERE c.closed_on IS NOT NULL AND {place}"


async def list_cases(
    connection: Connection, filters: Filters, pinned: Pinned, limit: int | None = None, now: datetime | None = None
) -> Listed:
    """Return every open case that is asked for, in order, and of the closed ones as many as fill `limit` lines.

    None: all of them. `now` is real time. Reads only.
    """
    chosen = _Chosen(filters)
    open_: list[Line] = []
    if filters.is_open is not False:
        statement = _OPEN.format(place=chosen.place, mine=chosen.mine, asked=chosen.asked)
        rows = await connection.fetch(statement, *chosen.values)
        stands = await stand(connection, rows, pinned, now or datetime.now(UTC))
        lines = [_line(row, one) for row, one in zip(rows, stands, strict=True)]
        open_ = _in_order(_asked_for(filters, lines), filters.sort)
    if filters.leaves_out_closed:
        return Listed(open_, [], 0)
    number = await connection.fetchval(_CLOSED_NUMBER.format(place=chosen.place), *chosen.values)
    left = number if limit is None else min(max(limit - len(open_), 0), number)
    statement = _CLOSED.format(place=chosen.place, limit=f"LIMIT {int(left)}")
    closed = await connection.fetch(statement, *chosen.values) if left else []
    return Listed(open_, [_closed(row) for row in closed], number)


_RAISED = """EXISTS (SELECT FROM sfo.escalations x
    WHERE x.reference = c.reference AND x.state <> 'resolved' AND {which})"""


class _Chosen:
    """The conditions of a statement and their values: only those that are asked for.

    A condition that is always there and may be empty would make the database plan for a handful of cases.
    """

    def __init__(self, filters: Filters) -> None:
        self.values: list[object] = []
        columns = ("region", "pdu", "ground")
        given = [(f"c.{one} = ", value) for one in columns if (value := getattr(filters, one)) is not None]
        conditions = [left + self._number(value) for left, value in given]
        if filters.stage is not None:  # a later round of a stage is that stage
            conditions.append(f"c.stage ~ ('^' || {self._number(filters.stage)} || '(-[0-9]+)?$')")
        self.mine = "true"
        if filters.references is not None:
            one_of = f"= ANY({self._number(list(filters.references))})"
            conditions.append(f"c.reference {one_of}")
            self.mine = f"reference {one_of}"
        self.asked = "true"
        if filters.awaiting is not None:
            self.asked = f"role = {self._number(filters.awaiting)}"
            conditions.append("g.awaits IS NOT NULL")
        if filters.escalation is not None:
            conditions.append(_RAISED.format(which=f"x.kind = {self._number(filters.escalation)}"))
        if filters.unacknowledged:
            conditions.append(_RAISED.format(which="x.state = 'raised'"))
        self.place = " AND ".join(conditions) or "true"

    def _number(self, value: object) -> str:
        self.values.append(value)
        return f"${len(self.values)}"


def _asked_for(filters: Filters, lines: list[Line]) -> list[Line]:
    """Those open cases that are asked for, beyond what the statement itself chose; each filter that is set, in turn."""
    clock, before = filters.clock, filters.due_before
    tests: tuple[tuple[bool, Callable[[Line], bool]], ...] = (
        (clock is not None, lambda one: one.clock is clock),
        (filters.overdue, lambda one: one.overdue),
        (filters.at_risk, lambda one: one.at_risk),
        (before is not None, lambda one: one.due_on is not None and before is not None and one.due_on < before),
    )
    for is_set, test in tests:
        lines = [one for one in lines if test(one)] if is_set else lines
    return lines


def _in_order(lines: list[Line], sort: Sort) -> list[Line]:
    match sort:
        case Sort.OPENED:
            return sorted(lines, key=lambda one: (one.opened_on, one.reference))
        case Sort.REFERENCE:
            return sorted(lines, key=lambda one: one.reference)
        case Sort.DUE:
            return sorted(lines, key=lambda one: (one.due_on or date.max, one.reference))
        case Sort.LATE:
            return sorted(lines, key=lambda one: (_urgency(one), one.due_on or date.max, one.reference))


def _urgency(line: Line) -> int:
    """Overdue first, even where the clock stands still by now; then at risk, in time, standing still."""
    if line.overdue:
        return 0
    if line.clock is ClockState.PAUSED:
        return 3
    return 1 if line.at_risk else 2


_SHOWN = 13
"""How many of the columns of an open case, the first ones, its line is made of."""


def _line(row: asyncpg.Record, stands: Stands) -> Line:
    overdue, at_risk = stands
    (reference, region, pdu, stage, ground, awaits, questions, due_on, review_due, original, escalations, opened_on,
     paused_at) = row[:_SHOWN]  # fmt: skip
    clock = clock_state(paused=paused_at is not None, overdue=overdue, at_risk=at_risk)
    return Line(
        reference, region, pdu, stage, ground, clock, overdue, at_risk, awaits, questions, due_on, review_due, original,
        tuple(escalations) if escalations else (), opened_on, None, None,
    )  # fmt: skip


def _closed(row: asyncpg.Record) -> Line:
    return Line(
        row["reference"], row["region"], row["pdu"], row["stage"], row["ground"], None, False, False, None, 0, None,
        row["review_due"], row["original_review_due"], (), row["opened_on"], row["closed_on"], row["outcome"],
    )  # fmt: skip
