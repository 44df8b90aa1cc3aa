"""Finding whom a subject-access request is about: handles and parts, and no more of anybody than is needed to choose.

What was searched for is written nowhere. Names are compared as the search of drafts reads them: without accents,
titles and capitals, in any order.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import asyncpg

from starter.connections import Connection
from starter.data_subjects import part_of
from starter.held import By, Held, How, Whose
from starter.held_columns import TABLES, columns_of
from starter.views import in_words, role
from workflows.contract.directory import Directory, Person
from workflows.policy.anonymity import simple, words_of

_NUMBERED = {"staff": "ref", "victims": "ref", "enquiries": "number", "releases": "reader"}


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """Somebody who can be meant. `handle` is what `export --person` takes; `part`: what they are there."""

    handle: str
    part: str


@dataclass(frozen=True, slots=True)
class Sought:
    """What is known of the person; what is given must all fit, and `born_on` narrows a name."""

    crn: str | None = None
    noms: str | None = None
    reference: str | None = None
    email: str | None = None
    key: str | None = None
    name: str | None = None
    born_on: date | None = None


async def find(connection: Connection, directory: Directory, sought: Sought) -> list[Found]:
    """Find everybody whom each of the given things fits, by handle."""
    ways = list[set[Found]]()
    if sought.crn or sought.noms:
        ways.append(await _by_number(connection, sought))
    if sought.reference:
        ways.append(await _in_case(connection, sought.reference))
    if sought.email:
        ways.append(await _by_address(connection, directory, sought.email.strip().lower()))
    if sought.key:
        ways.append(await _by_key(connection, directory, sought.key))
    if sought.name:
        ways.append(await _by_name(connection, directory, sought.name, sought.born_on))
    handles = set.intersection(*({one.handle for one in way} for way in ways)) if ways else set[str]()
    return sorted({one.handle: one for way in ways for one in way if one.handle in handles}.values())


def _supervised(row: asyncpg.Record) -> Found:
    opened = f"opened {in_words(row['opened_on'])}"
    return Found(row["reference"], f"the supervised person, region {row['region']}, {opened}")


async def _by_number(connection: Connection, sought: Sought) -> set[Found]:
    rows = await connection.fetch(
        """SELECT * FROM sfo.cases WHERE ($1::text IS NULL OR lower(crn) = lower(btrim($1)))
               AND ($2::text IS NULL OR lower(noms) = lower(btrim($2)))""",
        sought.crn,
        sought.noms,
    )
    return {_supervised(row) for row in rows}


_IN_CASE = """
    SELECT ref AS number, role FROM sfo.staff WHERE reference = $1
    UNION ALL SELECT ref, NULL FROM sfo.victims WHERE reference = $1
    UNION ALL SELECT ref || '/adult', NULL FROM sfo.victims WHERE reference = $1 AND adult IS NOT NULL
    UNION ALL SELECT 'enquiry/' || number, NULL FROM sfo.enquiries WHERE reference = $1 AND asked_by IS NOT NULL
    UNION ALL SELECT DISTINCT reader, NULL FROM sfo.releases WHERE reference = $1 AND reader LIKE 'designated-%'
"""


async def _in_case(connection: Connection, reference: str) -> set[Found]:
    case = await connection.fetch("SELECT * FROM sfo.cases WHERE reference = $1", reference)
    rows = await connection.fetch(_IN_CASE, reference)
    found = {_supervised(row) for row in case}
    for row in rows:
        handle = f"{reference}/{row['number']}"
        said = f"{part_of(handle)}, {role(row['role'])}" if row["role"] else part_of(handle)
        found.add(Found(handle, said))
    return found


async def _by_address(connection: Connection, directory: Directory, email: str) -> set[Found]:
    if listed := directory.person_by_email(email):
        return {_listed(listed)}
    for table, column, _ in _columns(How.EMAIL):
        query = f"SELECT EXISTS (SELECT FROM sfo.{table} WHERE lower(btrim({column})) = $1)"
        if await connection.fetchval(query, email):
            return {Found(email, "the address that was given, which the record knows")}
    return set()


async def _by_key(connection: Connection, directory: Directory, key: str) -> set[Found]:
    if listed := directory.person(key):
        return {_listed(listed)}
    for table, column, _ in _columns(How.KEY):
        if await connection.fetchval(f"SELECT EXISTS (SELECT FROM sfo.{table} WHERE {column} = $1)", key):
            return {Found(key, "a key that the directory no longer lists")}
    return set()


def _listed(person: Person) -> Found:
    who = "a shared address" if person.shared else "somebody"
    return Found(person.key, f"{who} in the directory of roles, {role(person.roles[0])}")


def _columns(how: How) -> Iterator[tuple[str, str, Held]]:
    for table in TABLES:
        yield from ((table, name, held) for name, held in columns_of(table).items() if held.how is how)


async def _by_name(connection: Connection, directory: Directory, name: str, born_on: date | None) -> set[Found]:
    """Everybody with all of these words in their name; with a date of birth only supervised people, who have one."""
    words = _words(name)
    if not words:
        return set()
    rows = await connection.fetch("SELECT * FROM sfo.cases WHERE $1::date IS NULL OR date_of_birth = $1", born_on)
    found = {_supervised(row) for row in rows if _fits(words, [row["person_name"], *row["person_aliases"]])}
    if born_on:
        return found
    regional = [one for region in directory.regions.values() for one in region.people]
    found |= {_listed(one) for one in (*regional, *directory.national.people) if _fits(words, [one.name])}
    for table, column, held in _columns(How.NAME):
        if table != "cases":
            found |= await _named(connection, directory, words, (table, column, held))
    return found


async def _named(
    connection: Connection, directory: Directory, words: frozenset[str], where: tuple[str, str, Held]
) -> set[Found]:
    table, column, held = where
    beside = {
        how: name for name, one in columns_of(table).items() if one.of == held.of for how in [one.how]
        if how in (How.EMAIL, How.KEY)
    }  # fmt: skip
    number = _NUMBERED.get(table) if held.whose is not Whose.MANAGER else None
    chosen = {
        "name": column, "email": beside.get(How.EMAIL, "NULL"), "key": beside.get(How.KEY, "NULL"),
        "in_case": "reference" if number and TABLES[table].by is By.CASE else "NULL", "number": number or "NULL",
    }  # fmt: skip
    columns = ", ".join(f"{source} AS {name}" for name, source in chosen.items())
    rows = await connection.fetch(f"SELECT DISTINCT {columns} FROM sfo.{table} WHERE {column} IS NOT NULL")
    names = ((row, row["name"] if isinstance(row["name"], list) else [row["name"]]) for row in rows)
    return {one for row, given in names if _fits(words, given) and (one := _whom(directory, held, row))}


def _whom(directory: Directory, held: Held, row: Any) -> Found | None:
    match held.whose:
        case Whose.ENQUIRER:
            return _at(f"{row['in_case']}/enquiry/{row['number']}")
        case Whose.READER:
            return _at(f"{row['in_case']}/{row['number']}") if "designated-" in row["number"] else None
        case Whose.VICTIM | Whose.STAFF:
            return _at(f"{row['in_case']}/{row['number']}" + ("/adult" if held.of == "adult" else ""))
    listed = directory.person_by_email(row["email"] or "")
    if listed:
        return _listed(listed)
    handle = row["email"] or row["key"]
    return Found(handle.strip().lower(), "somebody whom the service asked or wrote to") if handle else None


def _at(handle: str) -> Found:
    return Found(handle, part_of(handle))


def _words(name: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in words_of(simple(name)))


def _fits(words: frozenset[str], names: Iterable[str | None]) -> bool:
    return any(words <= _words(name) for name in names if name)
