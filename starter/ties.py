"""How people are tied to cases, read from the record for the rules of independence. Rule: design.md 3.2."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

import asyncpg

from starter.connections import Connection
from workflows.contract.messages import StaffRef
from workflows.contract.vocabulary import Role
from workflows.policy.authority import Involved, Ties
from workflows.policy.care import looked_after

_PROPOSED = """
    SELECT DISTINCT ON (g.reference) g.reference, coalesce(d.person_email, d.by_email, g.person_email) AS email
    FROM sfo.decisions d JOIN sfo.gates g USING (gate)
    WHERE g.reference = ANY($1) AND g.question = 'redactions' AND d.applied_at IS NOT NULL
    ORDER BY g.reference, d.recorded_at DESC
"""
_REQUESTED = """
    SELECT DISTINCT ON (reference) reference, requested_by AS email FROM sfo.extension_requests
    WHERE reference = ANY($1) AND granted IS NULL AND void_at IS NULL ORDER BY reference, at DESC
"""
_WROTE = """
    SELECT DISTINCT reference, author_email FROM sfo.documents
    WHERE reference = ANY($1) AND kind = 'review' AND author_email IS NOT NULL
"""


async def ties_of(connection: Connection, references: Collection[str]) -> dict[str, Ties]:
    """Return who is tied to each of these cases, by address; a case that is not there is left out."""
    known = list(references)
    cases = await connection.fetch("SELECT reference, pdu FROM sfo.cases WHERE reference = ANY($1)", known)
    roster = _by_case(await connection.fetch("SELECT * FROM sfo.staff WHERE reference = ANY($1)", known))
    appointed = _by_case(await connection.fetch("SELECT * FROM sfo.appointments WHERE reference = ANY($1)", known))
    wrote = _by_case(await connection.fetch(_WROTE, known))
    proposed = {row["reference"]: row["email"] for row in await connection.fetch(_PROPOSED, known)}
    requested = {row["reference"]: row["email"] for row in await connection.fetch(_REQUESTED, known)}
    return {
        reference: Ties(
            pdu=row["pdu"],
            roster=tuple(Involved(one["email"], Role(one["role"]), one["in_line"]) for one in roster[reference]),
            author=_email(appointed[reference], Role.REVIEWING_MANAGER),
            wrote=tuple(one["author_email"] for one in wrote[reference]),
            countersigner=_email(appointed[reference], Role.COUNTERSIGNING_MANAGER),
            proposer=proposed.get(reference),
            requester=requested.get(reference),
        )
        for row in cases
        for reference in [row["reference"]]
    }


async def staff_of(connection: Connection, reference: str) -> list[asyncpg.Record]:
    """Return the staff of this case."""
    return await connection.fetch("SELECT * FROM sfo.staff WHERE reference = $1 ORDER BY length(ref), ref", reference)


def cared_for(staff: Collection[asyncpg.Record], carer: str) -> tuple[str, ...]:
    """Return the addresses of those whom the carer with this role looks after, which `ties_of` leaves out."""
    members = looked_after([StaffRef(ref=row["ref"], role=Role(row["role"])) for row in staff], carer)
    return tuple(row["email"] for row in staff if row["ref"] in members)


def _by_case(rows: list[asyncpg.Record]) -> defaultdict[str, list[asyncpg.Record]]:
    found: defaultdict[str, list[asyncpg.Record]] = defaultdict(list)
    for row in rows:
        found[row["reference"]].append(row)
    return found


def _email(appointed: list[asyncpg.Record], role: Role) -> Any:
    return next((row["email"] for row in appointed if row["role"] == role), None)
