"""A bank holiday announced late: a decision of the calendar, made once, told to every question that spans it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

import asyncpg
from dateutil.relativedelta import relativedelta

from starter.connections import Connection
from starter.judging import Rules
from starter.record import append_audit
from starter.reports import ReportRefusedError
from workflows.contract import ids
from workflows.contract.messages import CalendarSignal, CaseClock
from workflows.contract.vocabulary import Role
from workflows.policy.authority import holds
from workflows.policy.clock import case_time
from workflows.policy.due import on_in_london

LOOKS_AHEAD = relativedelta(years=2)


@dataclass(frozen=True, slots=True)
class Announced:
    """What an announcement touches: cases, questions, and the requests that tell their workflows."""

    is_new: bool
    cases: int
    questions: int
    requests: tuple[UUID, ...]


async def announce_bank_holiday(
    connection: Connection, rules: Rules, on: date, name: str, source: str, email: str
) -> Announced:
    """The day counts as a bank holiday from now on, and every workflow with a question that spans it will be told.

    The same day again adds only what has been asked meanwhile. A day that has passed is taken while an open question
    spans it. Raises ReportRefusedError. Rule: design.md 3.12.
    """
    async with connection.transaction():
        _require_national(rules, email)
        _require_working_day(rules, on)
        spanning = await _spanning(connection, on)
        _require_near(on, spanning)
        added = await connection.fetchval(
            """INSERT INTO sfo.bank_holidays (holiday, name, source, announced_by) VALUES ($1, $2, $3, $4)
               ON CONFLICT DO NOTHING RETURNING holiday""",
            on,
            name,
            source,
            email,
        )
        requests = await _ask(connection, on, spanning, email)
        announced = Announced(added is not None, len({row["reference"] for row in spanning}), len(spanning), requests)
        if announced.is_new or requests:
            detail = {"cases": announced.cases, "questions": announced.questions, "workflows": len(requests)}
            await append_audit(
                connection, datetime.now(UTC), None, email, "bank_holiday_announced", on.isoformat(), detail
            )
        return announced


def _require_national(rules: Rules, email: str) -> None:
    if not holds(email, (Role.NATIONAL_TEAM,), rules.directory, "", ""):
        raise ReportRefusedError("only the national SFO team announces a bank holiday; give their address")


def _require_working_day(rules: Rules, on: date) -> None:
    if on.weekday() > 4:
        raise ReportRefusedError(f"{on} is a {on:%A}, no working day anyhow; give the day that is off instead of it")
    if on in rules.holidays:
        raise ReportRefusedError(f"{on} is a bank holiday already; nothing has changed")


def _require_near(on: date, spanning: list[asyncpg.Record]) -> None:
    today = on_in_london(datetime.now(UTC))
    if on > today + LOOKS_AHEAD:
        raise ReportRefusedError(f"{on} is more than two years off; look at the year and announce it nearer to the day")
    if on < today and not spanning:
        raise ReportRefusedError(f"{on} has passed and no open question spans it; look at the date")


async def _spanning(connection: Connection, on: date) -> list[asyncpg.Record]:
    """Every open question whose time began before the day and ends on it or after it."""
    return await connection.fetch(
        """
        SELECT g.gate, g.reference, c.clock FROM sfo.gates g JOIN sfo.cases c USING (reference)
        WHERE g.state = 'open' AND c.closed_on IS NULL AND g.due_on >= $1
          AND least(g.counted_from, (g.opened_at AT TIME ZONE 'Europe/London')::date) < $1
        ORDER BY g.reference, g.gate
        """,
        on,
    )


async def _ask(connection: Connection, on: date, spanning: list[asyncpg.Record], email: str) -> tuple[UUID, ...]:
    """One request for each workflow, known by workflow and day, so that the same day again adds none."""
    asked = []
    for workflow, row in {ids.workflow_of_gate(row["gate"]): row for row in spanning}.items():
        added = await connection.fetchval(
            """INSERT INTO sfo.requests (request, reference, workflow, signal, message, asked_by, at)
               VALUES ($1, $2, $3, 'calendar', $4, $5, $6) ON CONFLICT DO NOTHING RETURNING request""",
            uuid5(NAMESPACE_URL, f"{workflow}/calendar/{on}"),
            row["reference"],
            workflow,
            CalendarSignal(holiday=on).model_dump(mode="json"),
            email,
            case_time(CaseClock.model_validate(row["clock"]), datetime.now(UTC)),
        )
        if added:
            asked.append(added)
    return tuple(asked)
