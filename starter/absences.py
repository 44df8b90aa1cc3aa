"""Who is away when, and who stands in: set by themselves or by whoever answers for their region, checked at once.

What is set counts from the next question on; for questions that stand open the relay tells their stages when the
absence begins. Dates are London dates, both included. Rule: design.md 3.13 and 4 (recorded deputy).
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from uuid import UUID

import asyncpg
from dateutil.relativedelta import relativedelta

from starter.connections import Connection
from starter.judging import Rules
from starter.notices import Notice, queue_notice
from starter.record import append_audit
from starter.reports import ReportRefusedError
from starter.ties import ties_of
from starter.views import role
from starter.welsh import Ours
from workflows.contract.cover import Cover, with_covers
from workflows.contract.directory import Directory, Person
from workflows.contract.vocabulary import Role
from workflows.policy.answers import Problem
from workflows.policy.authority import holds, same_person
from workflows.policy.cover import IN_WORDS, Gap, Post, gaps, roles_in_case, why_not_cover

LONGEST = relativedelta(years=1)
SETTING = (Role.SENIOR_LEAD, Role.SFO_TEAM)
"""Who may set it for somebody of their region; the national team may for everybody."""


@dataclass(frozen=True, slots=True)
class Absence:
    """One absence as the record has it."""

    absence: UUID
    person_key: str
    deputy_key: str | None
    from_on: date
    to_on: date


@dataclass(frozen=True, slots=True)
class Wanted:
    """An absence as somebody asks for it; `absence` is its id from the first try to the last."""

    absence: UUID
    person: Person
    from_on: date
    to_on: date
    deputy: Person


async def covered(connection: Connection, rules: Rules, on: date) -> Rules:
    """Return the rules with everybody who is away and whoever stands in on this day in their directory."""
    return replace(rules, directory=with_covers(rules.directory, await covers_from(connection, on), on))


async def covers_from(connection: Connection, on: date) -> list[Cover]:
    """Return who is away and who stands in, on this day or later, as it was set."""
    rows = await connection.fetch(
        "SELECT * FROM sfo.absences WHERE ended_at IS NULL AND to_on >= $1 ORDER BY recorded_at", on
    )
    return [
        Cover(person=row["person_key"], from_on=row["from_on"], to_on=row["to_on"], deputy=row["deputy_key"])
        for row in rows
    ]


async def absences_of(connection: Connection, person_key: str, on: date) -> list[Absence]:
    """Return the absences of this person that stand and are not over on this day, the next one first."""
    return await _absences(connection, "person_key = $2", on, person_key)


async def covered_by(connection: Connection, deputy_key: str, on: date) -> list[Absence]:
    """Return the absences in which this person was named to stand in and that are not over on this day."""
    return await _absences(connection, "deputy_key = $2", on, deputy_key)


async def absences_from(connection: Connection, on: date) -> list[Absence]:
    """Return every absence that stands and is not over on this day, the next one first."""
    return await _absences(connection, "$2::text IS NULL", on, None)


async def _absences(connection: Connection, which: str, on: date, value: str | None) -> list[Absence]:
    rows = await connection.fetch(
        f"SELECT * FROM sfo.absences WHERE ended_at IS NULL AND to_on >= $1 AND {which} ORDER BY from_on, recorded_at",
        on,
        value,
    )
    return [_absence(row) for row in rows]


def _absence(row: asyncpg.Record) -> Absence:
    return Absence(row["absence"], row["person_key"], row["deputy_key"], row["from_on"], row["to_on"])


async def problems_of(connection: Connection, directory: Directory, wanted: Wanted, today: date) -> list[Problem]:
    """Say what stands against this absence, each with its input and the remedy; none: it can be set."""
    found = []
    if wanted.from_on < today:
        found.append(Problem("from_on", Ours("The first day has passed: enter today or a later day")))
    if wanted.to_on < wanted.from_on:
        found.append(Problem("to_on", Ours("The last day is before the first one: enter that day or a later one")))
    elif wanted.to_on > wanted.from_on + LONGEST:
        found.append(Problem("to_on", Ours("That is more than a year: set a year at most, and the rest later")))
    for other in await absences_of(connection, wanted.person.key, today):
        if other.absence != wanted.absence and other.from_on <= wanted.to_on and wanted.from_on <= other.to_on:
            words = Ours(
                "%(first)s to %(last)s is set already: end that first, or choose other days",
                first=other.from_on,
                last=other.to_on,
            )
            found.append(Problem("from_on", words))
    code = why_not_cover(wanted.person, wanted.deputy, directory, wanted.from_on, wanted.to_on)
    if code and not found:
        found.append(Problem("deputy", Ours("%(why)s: choose somebody else", why=Ours(IN_WORDS[code]))))
    return found


async def gaps_of(connection: Connection, directory: Directory, wanted: Wanted) -> tuple[Gap, ...]:
    """Return what the deputy may not answer in the open cases of the person, so that it is known now.

    Rule: design.md 3.13: noticed when cover is set, not when a question is overdue.
    """
    rows = await connection.fetch(
        """
        SELECT c.reference, c.region, c.pdu, array_remove(array_agg(a.role), NULL) AS appointed
        FROM sfo.cases c LEFT JOIN sfo.appointments a
            ON a.reference = c.reference AND lower(btrim(a.email)) = lower(btrim($1))
        WHERE c.closed_on IS NULL GROUP BY c.reference ORDER BY c.reference
        """,
        wanted.person.email,
    )
    roles = {
        row["reference"]: found
        for row in rows
        if (found := roles_in_case(wanted.person, directory, row["region"], row["pdu"], row["appointed"]))
    }
    ties = await ties_of(connection, roles)
    return gaps(wanted.deputy, (Post(reference, ties[reference], own) for reference, own in roles.items()))


async def set_absence(
    connection: Connection, directory: Directory, wanted: Wanted, by: str, today: date
) -> tuple[Gap, ...]:
    """The absence stands, with its audit row, and the deputy has a letter on the way; once, however often it is sent.

    Returns what the deputy may not answer. Raises ReportRefusedError. Rule: design.md 3.13.
    """
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", wanted.person.key)
        require_may_set(directory, wanted.person, by)
        if problems := await problems_of(connection, directory, wanted, today):
            raise ReportRefusedError("; ".join(problem.message for problem in problems))
        found = await gaps_of(connection, directory, wanted)
        is_new = await connection.fetchval(
            """INSERT INTO sfo.absences (absence, person_key, deputy_key, from_on, to_on, set_by)
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING true""",
            wanted.absence,
            wanted.person.key,
            wanted.deputy.key,
            wanted.from_on,
            wanted.to_on,
            by,
        )
        if is_new:
            await _tell(connection, directory, wanted, "cover_set")
            detail = {
                "person": wanted.person.key,
                "deputy": wanted.deputy.key,
                "from": wanted.from_on.isoformat(),
                "to": wanted.to_on.isoformat(),
                "gaps": sorted({gap.reference for gap in found}),
            }
            now = datetime.now(UTC)
            await append_audit(connection, now, None, by, "absence_set", str(wanted.absence), detail)
    return found


async def end_absence(connection: Connection, directory: Directory, absence: UUID, by: str) -> bool:
    """The absence does not count any more and its deputy hears of it. False: there is none that stands.

    What was asked of the deputy meanwhile stays with them as well. Raises ReportRefusedError.
    """
    async with connection.transaction():
        row = await connection.fetchrow(
            "SELECT * FROM sfo.absences WHERE absence = $1 AND ended_at IS NULL FOR UPDATE", absence
        )
        if row is None:
            return False
        person, deputy = directory.person(row["person_key"]), directory.person(row["deputy_key"] or "")
        require_may_set(directory, person, by)
        await connection.execute(
            "UPDATE sfo.absences SET ended_at = clock_timestamp(), ended_by = $2 WHERE absence = $1", absence, by
        )
        if person and deputy:
            ended = Wanted(absence, person, row["from_on"], row["to_on"], deputy)
            await _tell(connection, directory, ended, "cover_ended")
        detail = {"person": row["person_key"], "deputy": row["deputy_key"]}
        await append_audit(connection, datetime.now(UTC), None, by, "absence_ended", str(absence), detail)
    return True


def require_may_set(directory: Directory, person: Person | None, by: str) -> None:
    """Refuse whoever is neither this person nor answers for their region or nationally. Raises ReportRefusedError."""
    if person and same_person(person.email, by):
        return
    region = directory.region_of(person.key) if person else None
    if region and holds(by, SETTING, directory, region, ""):
        return
    if not holds(by, (Role.NATIONAL_TEAM,), directory, "", ""):
        raise ReportRefusedError(
            "only they themselves, the senior lead or SFO Team of their region, a recorded deputy of these, or the "
            "national SFO team may; give that address"
        )


async def _tell(connection: Connection, directory: Directory, wanted: Wanted, letter: str) -> None:
    """The deputy has a letter: whose role, never whose name, and from when to when."""
    region = directory.regions.get(directory.region_of(wanted.person.key) or "")
    words = {
        "role": role(str(wanted.person.roles[0])),
        "place": region.name if region else "",
        "from_on": wanted.from_on.isoformat(),
        "to_on": wanted.to_on.isoformat(),
    }
    event = f"absence/{wanted.absence}/{letter}"
    to = wanted.deputy
    await queue_notice(connection, Notice(event, letter, None, to.name, to.email, datetime.now(UTC), words=words))
