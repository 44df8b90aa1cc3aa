"""Cases that belong together: another charge on the same person, several people charged with one offence.

Each keeps its own review and its own dates; the senior leads of those still open are told once. Rule: facts.md 8.2.10.
"""

from datetime import UTC, datetime

import asyncpg

from starter.connections import Connection
from starter.notices import Notice, queue_notice
from starter.record import append_audit
from starter.reports import ReportRefusedError
from workflows.contract.directory import Directory
from workflows.contract.messages import CaseClock
from workflows.contract.vocabulary import RelationKind, Role
from workflows.policy.authority import holds
from workflows.policy.clock import case_time

RELATING = (Role.SFO_TEAM, Role.SENIOR_LEAD)


async def relate_to_earlier_charges(
    connection: Connection, reference: str, crn: str, directory: Directory | None
) -> None:
    """Note every other case of this person, open or closed, as one of the same person.

    Runs in the caller's transaction. Without a directory nobody is known who could be told.
    """
    others = await connection.fetch(
        "SELECT reference FROM sfo.cases WHERE crn = $1 AND reference <> $2 ORDER BY reference", crn, reference
    )
    for row in others:
        await _note(connection, (reference, row["reference"]), RelationKind.SAME_PERSON, "intake", directory)


async def relate_cases(
    connection: Connection, directory: Directory, reference: str, other: str, kind: RelationKind, email: str
) -> bool:
    """Note that two cases belong together; False: that was noted already. Raises ReportRefusedError."""
    if reference == other:
        raise ReportRefusedError(f"{reference} is named twice; name the other case")
    async with connection.transaction():
        rows = await _both(connection, (reference, other))
        for name in (reference, other):
            if name not in rows:
                raise ReportRefusedError(f"there is no case {name}; `sfo cases` lists them")
        if not any(_may_relate(email, row, directory) for row in rows.values()):
            raise ReportRefusedError(
                "only the SFO Team or the senior lead of one of the two regions, or the national SFO team, relates "
                "cases; give their address"
            )
        return await _note(connection, (reference, other), kind, email, directory)


def _may_relate(email: str, case: asyncpg.Record, directory: Directory) -> bool:
    return holds(email, (*RELATING, Role.NATIONAL_TEAM), directory, case["region"], case["pdu"])


async def _both(connection: Connection, pair: tuple[str, str]) -> dict[str, asyncpg.Record]:
    rows = await connection.fetch("SELECT * FROM sfo.cases WHERE reference = ANY($1)", list(pair))
    return {row["reference"]: row for row in rows}


async def _note(
    connection: Connection, pair: tuple[str, str], kind: RelationKind, noted_by: str, directory: Directory | None
) -> bool:
    """The pair stands once, each case's chain says so, and the leads of open cases have a letter; False: it stood."""
    first, second = sorted(pair)
    added = await connection.fetchval(
        """INSERT INTO sfo.relations (reference, other, kind, noted_by, at) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT DO NOTHING RETURNING reference""",
        first,
        second,
        str(kind),
        noted_by,
        datetime.now(UTC),
    )
    if not added:
        return False
    rows = await _both(connection, (first, second))
    for own, other in ((first, second), (second, first)):
        if directory and rows[own]["closed_on"] is None:
            await _tell_lead(connection, rows[own], other, f"{first}/related/{second}", directory)
    for own, other in ((first, second), (second, first)):
        await append_audit(connection, _now(rows[own]), own, noted_by, "case_related", other, {"kind": str(kind)})
    return True


async def _tell_lead(
    connection: Connection, case: asyncpg.Record, other: str, event: str, directory: Directory
) -> None:
    for lead in directory.people_for(Role.SENIOR_LEAD, case["region"], case["pdu"])[:1]:
        notice = Notice(
            event, "related_case", case["reference"], lead.name, lead.email, _now(case), words={"other": other}
        )
        await queue_notice(connection, notice)


def _now(case: asyncpg.Record) -> datetime:
    return case_time(CaseClock.model_validate(case["clock"]), datetime.now(UTC))
