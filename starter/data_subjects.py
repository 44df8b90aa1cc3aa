"""Who asks to see what is held on them: one person, however many cases they stand in and in whichever part.

A handle names a person without a name: `SFO-2026-00042` its supervised person; `SFO-2026-00042/s2`, `/v1`, `/v1/adult`,
`/designated-1`, `/enquiry/3` whoever has that number in the case; `n53.senior_lead` a key of the directory; an address.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from starter.connections import Connection
from workflows.contract.directory import Directory, Person

_CASE = r"SFO-\d{4}-\d{5}"
_HANDLE = re.compile(
    rf"{_CASE}(?:/(?:s[1-9]\d*|v[1-9]\d*(?:/adult)?|designated-[1-9]\d*|enquiry/[1-9]\d*))?"
    r"|[a-z0-9]+(?:\.[a-z0-9_]+)+|[^@\s]+@[^@\s]+"
)


@dataclass(frozen=True, slots=True)
class DataSubject:
    """One person, by all that the record knows them by. `cases`: those in which they were supervised.

    `numbers` are full, `SFO-2026-00042/s2`; addresses and keys in small letters; `identifiers` are their own numbers.
    """

    handles: tuple[str, ...]
    cases: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    listed: Person | None = None

    @property
    def is_known(self) -> bool:
        """Whether the record or the directory knows anybody by these handles."""
        return bool(self.cases or self.numbers or self.emails or self.keys)

    def parts(self) -> list[str]:
        """Say in which parts they are known, each with its case."""
        found = [f"supervised person in {case}" for case in sorted(self.cases)]
        found += [f"{part_of(number)} in {number.partition('/')[0]}" for number in sorted(self.numbers)]
        return found + (["somebody whom the service asks or writes to"] if self.emails or self.keys else [])


def part_of(number: str) -> str:
    """Say what part a number stands for: a member of staff, a victim or family."""
    rest = number.partition("/")[2]
    if rest.endswith("/adult"):
        return f"the adult who is spoken with for {rest.partition('/')[0]}"
    words = {"s": "member of staff", "v": "victim or family", "d": "designated reader", "e": "enquirer"}
    return f"{words[rest[0]]} {rest.rpartition('/')[2]}" if rest else "supervised person"


def is_handle(text: str) -> bool:
    """Whether this has the shape of a handle."""
    return _HANDLE.fullmatch(text) is not None


async def data_subject(connection: Connection, directory: Directory, handles: Sequence[str]) -> DataSubject:
    """Find all that one person is known by from these handles; an unknown one adds nothing."""
    found = DataSubject(tuple(dict.fromkeys(handles)))
    for handle in found.handles:
        if re.fullmatch(_CASE, handle):
            found = await _supervised(connection, found, handle)
        elif handle.startswith("SFO-"):
            found = await _numbered(connection, found, handle)
        elif "@" in handle:
            found = replace(found, emails=found.emails | {handle.strip().lower()})
        else:
            found = replace(found, keys=found.keys | {handle})
    return await _working(connection, directory, found)


async def _supervised(connection: Connection, found: DataSubject, reference: str) -> DataSubject:
    """Every case of the same CRN is the same person's."""
    rows = await connection.fetch(
        """SELECT * FROM sfo.cases
           WHERE lower(crn) = (SELECT lower(crn) FROM sfo.cases WHERE reference = $1) ORDER BY reference""",
        reference,
    )
    names = [name for row in rows for name in (row["person_name"], *row["person_aliases"])]
    identifiers = [row[column] for row in rows for column in ("crn", "noms") if row[column]]
    return replace(
        found,
        cases=found.cases | {row["reference"] for row in rows},
        names=_with(found.names, names),
        identifiers=_with(found.identifiers, identifiers),
    )


_NUMBERED = """
    SELECT ref AS number, name, email, '{}'::text[] AS aliases FROM sfo.staff WHERE reference = $1 AND ref = $2
    UNION ALL SELECT ref, name, NULL, aliases FROM sfo.victims WHERE reference = $1 AND ref = $2
    UNION ALL SELECT ref || '/adult', adult, NULL, '{}' FROM sfo.victims
        WHERE reference = $1 AND ref || '/adult' = $2 AND adult IS NOT NULL
    UNION ALL SELECT reader, received_by, NULL, '{}' FROM sfo.releases
        WHERE reference = $1 AND reader = $2 AND reader LIKE 'designated-%'
    UNION ALL SELECT 'enquiry/' || number, asked_by, NULL, '{}' FROM sfo.enquiries
        WHERE reference = $1 AND 'enquiry/' || number = $2
"""


async def _numbered(connection: Connection, found: DataSubject, handle: str) -> DataSubject:
    reference, _, number = handle.partition("/")
    for row in await connection.fetch(_NUMBERED, reference, number):
        found = replace(
            found,
            numbers=found.numbers | {handle},
            emails=found.emails | ({row["email"].strip().lower()} if row["email"] else set()),
            names=_with(found.names, [row["name"], *row["aliases"]]),
        )
    return found


# Everybody who works in cases is one person by the address: their key, their numbers, their names.
_ADDRESSES = """
    SELECT DISTINCT lower(btrim(email)) AS email FROM (
        SELECT person_email AS email FROM sfo.gates WHERE person_key = ANY($1) AND person_key LIKE '%.%'
        UNION ALL SELECT email FROM sfo.appointments WHERE person_key = ANY($1)
        UNION ALL SELECT person_email FROM sfo.decisions WHERE person_key = ANY($1)
    ) known WHERE email IS NOT NULL
"""
_AT_WORK = """
    SELECT reference || '/' || ref AS number, name, NULL AS key FROM sfo.staff WHERE lower(btrim(email)) = ANY($1)
    UNION SELECT NULL, name, person_key FROM sfo.appointments WHERE lower(btrim(email)) = ANY($1)
    UNION SELECT NULL, person_name, CASE WHEN person_key LIKE '%.%' THEN person_key END
        FROM sfo.gates WHERE lower(btrim(person_email)) = ANY($1)
    UNION SELECT NULL, deputy_name, deputy_key FROM sfo.gates WHERE lower(btrim(deputy_email)) = ANY($1)
    UNION SELECT NULL, officer_name, NULL FROM sfo.victims WHERE lower(btrim(liaison_officer_email)) = ANY($1)
    UNION SELECT NULL, owner_name, NULL FROM sfo.actions WHERE lower(btrim(owner_email)) = ANY($1)
    UNION SELECT NULL, owner_name, owner_key FROM sfo.impacts WHERE lower(btrim(owner_email)) = ANY($1)
    UNION SELECT NULL, by_name, NULL FROM sfo.decisions WHERE lower(btrim(by_email)) = ANY($1)
    UNION SELECT NULL, person_name, person_key FROM sfo.decisions WHERE lower(btrim(person_email)) = ANY($1)
    UNION SELECT NULL, to_name, NULL FROM sfo.outbox WHERE lower(btrim(to_email)) = ANY($1)
    UNION SELECT NULL, name, NULL FROM sfo.links WHERE lower(btrim(email)) = ANY($1)
"""


async def _working(connection: Connection, directory: Directory, found: DataSubject) -> DataSubject:
    listed = next((p for p in map(directory.person, sorted(found.keys)) if p), None)
    emails = found.emails | ({listed.email.lower()} if listed else set())
    if found.keys:
        rows = await connection.fetch(_ADDRESSES, sorted(found.keys))
        emails |= {row["email"] for row in rows}
    listed = listed or next((p for p in map(directory.person_by_email, sorted(emails)) if p), None)
    rows = await connection.fetch(_AT_WORK, sorted(emails)) if emails else []
    return replace(
        found,
        emails=frozenset(emails),
        keys=found.keys | {row["key"] for row in rows if row["key"]} | ({listed.key} if listed else set()),
        numbers=found.numbers | {row["number"] for row in rows if row["number"]},
        names=_with(found.names, [*(row["name"] for row in rows), listed.name if listed else ""]),
        listed=listed,
    )


def _with(known: tuple[str, ...], more: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*known, *(one.strip() for one in more if one and one.strip())]))
