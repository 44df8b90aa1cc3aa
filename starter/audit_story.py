"""The audit chain of a case as a story: each row in its order, with its moment and a plain sentence.

People are roles and numbers; names only where they are asked for. Reads one moment and writes nothing.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from starter.audit import Head, verify
from starter.audit_sentences import told
from starter.connections import Connection
from starter.disclosure_answers import Row, Seen
from starter.disclosure_text import moment, proof
from starter.register import View
from starter.views import role
from workflows.contract.directory import Directory


async def story_of(
    connection: Connection,
    reference: str | None,
    directory: Directory | None = None,
    heads: Iterable[Head] = (),
    *,
    with_names: bool = False,
) -> View | None:
    """The rows about a case, or with no reference the rows that belong to no case; none: no such case."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        known = await connection.fetchval("SELECT EXISTS (SELECT FROM sfo.cases WHERE reference = $1)", reference)
        if reference and not known:
            return None
        rows = await connection.fetch(
            "SELECT * FROM sfo.audit WHERE reference IS NOT DISTINCT FROM $1 ORDER BY seq", reference
        )
        gates = await connection.fetch("SELECT * FROM sfo.gates WHERE reference = $1", reference)
        seen = await seen_of(connection, reference, gates, directory, with_names=with_names)
    story = {"reference": reference, "rows": [_line(row, seen) for row in rows]}
    problems = await verify(connection, heads)  # in a transaction of its own, since it may read the chain of years
    return {**story, "chain": {"verified": not problems, "problems": problems}}


def _line(row: Row, seen: Seen) -> View:
    at: datetime = row["at"]
    return {"seq": row["seq"], "at": at.isoformat(), "action": row["action"], "sentence": told(row, seen)}


def as_text(story: View) -> str:
    """Write the story line by line: number, moment in London, sentence; then whether the chain verifies."""
    whose = story["reference"] or "Rows that belong to no case"
    lines = [f"{row['seq']:>6}  {moment(row['at'])}: {row['sentence']}" for row in story["rows"]]
    count = f"{len(lines)} row{'' if len(lines) == 1 else 's'} of the audit chain"
    return "\n".join([f"{whose}: {count}, times of the case in London", "", *lines, "", proof(story["chain"])])


# --- what the rows are read against ------------------------------------------------------------------


async def seen_of(
    connection: Connection,
    reference: str | None,
    gates: Iterable[Row],
    directory: Directory | None,
    *,
    with_names: bool = False,
) -> Seen:
    """The questions, answers, roles and, where they are asked for, names that the rows of a case speak of."""
    decisions = await connection.fetch(
        "SELECT d.* FROM sfo.decisions d JOIN sfo.gates g USING (gate) WHERE g.reference = $1", reference
    )
    return Seen(
        gates={gate["gate"]: gate for gate in gates},
        decisions={str(row["decision"]): row for row in decisions},
        roles=await _roles(connection, reference, gates, directory),
        names=await _names(connection, reference, directory) if with_names else {},
    )


async def _roles(
    connection: Connection, reference: str | None, gates: Iterable[Row], directory: Directory | None
) -> dict[str, str]:
    """Which role each address has in this case; what the case says of it counts before the directory."""
    found: dict[str, str] = {}
    regional = [person for region in directory.regions.values() for person in region.people] if directory else []
    for person in [*regional, *(directory.national.people if directory else ())]:
        found[person.email.casefold()] = role(person.roles[0])
    for gate in gates:
        if gate["deputy_email"]:
            found[gate["deputy_email"].casefold()] = f"the deputy of {role(gate['role'])}"
        found[gate["person_email"].casefold()] = role(gate["role"])
    rows = await connection.fetch(
        """SELECT email, role FROM sfo.staff WHERE reference = $1
           UNION ALL SELECT email, role FROM sfo.appointments WHERE reference = $1
           UNION ALL SELECT liaison_officer_email, 'victim_liaison_officer' FROM sfo.victims WHERE reference = $1""",
        reference,
    )
    return found | {row["email"].casefold(): role(row["role"]) for row in rows}


_NAMES = """
    SELECT unnest(ARRAY[person_email, deputy_email, person_key, deputy_key]) AS whom,
        unnest(ARRAY[person_name, deputy_name, person_name, deputy_name]) AS name FROM sfo.gates WHERE reference = $1
    UNION ALL SELECT liaison_officer_email, officer_name FROM sfo.victims WHERE reference = $1
    UNION ALL SELECT unnest(ARRAY[email, ref]), name FROM sfo.staff WHERE reference = $1
    UNION ALL SELECT d.by_email, coalesce(d.person_name, d.by_name)
        FROM sfo.decisions d JOIN sfo.gates g USING (gate) WHERE g.reference = $1
"""


async def _names(connection: Connection, reference: str | None, directory: Directory | None) -> Mapping[str, str]:
    """The name behind each address and key; what the case says counts before the directory."""
    regional = [person for region in directory.regions.values() for person in region.people] if directory else []
    everybody = [*regional, *(directory.national.people if directory else ())]
    found: dict[str, Any] = {key.casefold(): one.name for one in everybody for key in (one.email, one.key)}
    rows = await connection.fetch(_NAMES, reference)
    return found | {row["whom"].casefold(): row["name"] for row in rows if row["whom"] and row["name"]}
