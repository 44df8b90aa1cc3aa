"""The rows of the record that are one person's, by the declaration of its columns.

SQL is made of declared names alone, never of what anybody typed.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from starter.connections import Connection
from starter.data_subjects import DataSubject
from starter.held import IDENTIFYING, By, Held, How, Table, Whose
from starter.held_columns import TABLES, columns_of

_NUMBERED = re.compile(r"(?:^|[:/])([sv][1-9][0-9]*)(?:[#-][0-9]+)?$")
_OF_A_VERSION = re.compile(r"/(?:countersign|quality|facts|answer_comments|submit):v")  # v2 is a version there
_FAMILY = re.compile(r"\bv[1-9][0-9]*\b")
_BESIDE = {
    By.CASE: ("", "t.reference", "NULL"),
    By.GATE: ("LEFT JOIN sfo.gates j ON j.gate = t.gate", "j.reference", "j.gate"),
    By.LINK: (
        "LEFT JOIN sfo.links l ON l.link = t.link LEFT JOIN sfo.gates j ON j.gate = l.gate", "j.reference", "j.gate",
    ),
    By.LETTER: ("LEFT JOIN sfo.outbox l ON l.letter_id = t.letter_id", "l.reference", "NULL"),
    By.NOTHING: ("", "NULL::text", "NULL"),
}  # fmt: skip
_OWNER = {By.LINK: "l.email", By.LETTER: "l.to_email"}
_ABOUT = {
    "gates": "t.gate",
    "outbox": "t.gate",
    "audit": "t.subject",
    "deadlines": "t.what",
    "requests": "t.message ->> 'victim'",
    "rendition_files": "t.language",  # v2-1: the first translation for that family alone
    "file_searches": "t.language",
}
"""How a row says whom it is about, where no column of its own does or the column needs the question beside it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `about`: the number that it is about, s2 or v1, or none; `owner`: whose link or letter it hangs on."""

    table: str
    values: Mapping[str, Any]
    case: str | None
    about: str | None
    owner: str | None

    @property
    def declared(self) -> Table:
        """What the rows of its table are."""
        return TABLES[self.table]

    def columns(self) -> Iterable[tuple[str, Held, Any]]:
        """Each column that is read, with its declaration and value."""
        for column, held in columns_of(self.table).items():
            if column in self.values:
                yield column, held, self.values[column]

    def parts(self, person: DataSubject) -> set[Whose]:
        """In which parts the row is this person's; empty: it is not theirs."""
        found = set[Whose]()
        if self.declared.is_of_subject and self.case in person.cases and not self._is_of_another:
            found.add(Whose.SUBJECT)
        is_about_people = self.declared.is_of_subject or self.declared.about  # a link is its owner's alone
        if is_about_people and self.about and f"{self.case}/{self.about}" in person.numbers:
            found.add(Whose.VICTIM if self.about.startswith("v") else Whose.STAFF)
        if self.table == "releases" and f"{self.case}/{self.values['reader']}" in person.numbers:
            found.add(Whose.VICTIM if str(self.values["reader"]).startswith("v") else Whose.READER)
        if self.table == "enquiries" and f"{self.case}/enquiry/{self.values['number']}" in person.numbers:
            found.add(Whose.ENQUIRER)
        if self._own_groups(person) or (self.owner or "").strip().lower() in person.emails:
            found.add(Whose.MANAGER)
        return found

    @property
    def _is_of_another(self) -> bool:
        """Whether a row of a case is about somebody by number, or tells what a family wishes or was given."""
        if self.table == "audit" and _FAMILY.search(f"{self.values['subject']} {self.values['detail']}"):
            return not _OF_A_VERSION.search(str(self.values["subject"]))
        return self.about is not None and self.table != "escalations"

    def is_own(self, held: Held, parts: set[Whose], person: DataSubject) -> bool:
        """Whether this column of the row is told to the person."""
        if held.how is How.NEVER:
            return False
        if self.table == "victims" and held.of == "adult":
            return f"{self.case}/{self.values['ref']}/adult" in person.numbers or Whose.VICTIM in parts
        if held.how in IDENTIFYING and held.whose is Whose.MANAGER:
            return held.of in self._own_groups(person)
        if held.whose is Whose.STAFF and held.how in IDENTIFYING:
            return Whose.STAFF in parts
        return held.whose is Whose.NOBODY or held.whose in parts or (held.how is How.TEXT and bool(parts))

    def _own_groups(self, person: DataSubject) -> set[str]:
        """Which people of the row are this person, by address, key or number."""
        found = set[str]()
        for _, held, value in self.columns():
            if held.how is How.EMAIL and (value or "").strip().lower() in person.emails:
                found.add(held.of)
            if held.how is How.KEY and value and (value in person.keys or f"{self.case}/{value}" in person.numbers):
                found.add(held.of)
            if held.how is How.TEAM and any(is_me(one, person) for one in value or ()):
                found.add(held.of)
        if self.table == "victims" and f"{self.case}/{self.values['ref']}/adult" in person.numbers:
            found.add("adult")
        return found


def is_me(entry: Mapping[str, Any], person: DataSubject) -> bool:
    """Whether an entry of a team is this person."""
    return str(entry.get("email") or "").strip().lower() in person.emails or entry.get("key") in person.keys


async def own_rows(
    connection: Connection, person: DataSubject, said: Callable[[str], None] = lambda _: None
) -> list[tuple[Row, set[Whose]]]:
    """Every row of every table that is this person's in any part, table by table, the oldest first."""
    found = list[tuple[Row, set[Whose]]]()
    for table in TABLES:
        said(table)
        where = _theirs(table)
        if where:
            given = [sorted(one) for one in (person.cases, person.numbers, person.emails, person.keys)]
            rows = await _rows(connection, table, where, *given)
            found += [(row, parts) for row in rows if (parts := row.parts(person))]
    return found


async def rows_of_case(connection: Connection, table: str, case: str) -> list[Row]:
    """Every row of a table that belongs to this case; none for a table whose rows belong to no case."""
    if TABLES[table].by is By.NOTHING or not _read(table):
        return []
    return await _rows(connection, table, f"{_places(table)[1]} = $1", case)


def _read(table: str) -> list[str]:
    return [column for column, held in columns_of(table).items() if held.how is not How.NEVER]


def _places(table: str) -> tuple[str, str, str, str]:
    """The joins of a table, and how it says its case, whom it is about, and whose link or letter it hangs on."""
    declared = TABLES[table]
    joins, case, about = _BESIDE[declared.by]
    if declared.about:
        about = about if declared.by is By.GATE else f"t.{declared.about}"
    return joins, case, _ABOUT.get(table, about), _OWNER.get(declared.by, "NULL")


def _theirs(table: str) -> str:
    """The condition by which rows may be a person's: cases, numbers, addresses and keys are $1 to $4."""
    declared, (_, case, about, owner) = TABLES[table], _places(table)
    if not _read(table):
        return ""
    ways = [f"({case}) = ANY($1)"] if declared.is_of_subject else []
    if about != "NULL":
        ways.append(rf"({case}) || '/' || substring({about} from '([sv][1-9][0-9]*)(?:[#-][0-9]+)?$') = ANY($2)")
    ways += [f"lower(btrim({owner})) = ANY($3)"] if owner != "NULL" else []
    for column, held in columns_of(table).items():
        match held.how:
            case How.EMAIL:
                ways.append(f"lower(btrim(t.{column})) = ANY($3)")
            case How.KEY:
                ways.append(f"t.{column} = ANY($4) OR ({_places(table)[1]}) || '/' || t.{column} = ANY($2)")
            case How.TEAM:
                ways.append(
                    f"EXISTS (SELECT FROM jsonb_array_elements(t.{column}) m"
                    " WHERE lower(m ->> 'email') = ANY($3) OR m ->> 'key' = ANY($4))"
                )
    ways += _SPECIAL.get(table, [])
    if not ways:
        return ""
    unused = "($1::text[], $2::text[], $3::text[], $4::text[]) IS NOT NULL"  # each parameter has its type
    return f"{unused} AND ({' OR '.join(ways)})"


_SPECIAL = {
    "enquiries": ["t.reference || '/enquiry/' || t.number = ANY($2)"],
    "releases": ["t.reference || '/' || t.reader = ANY($2)"],
    "victims": ["t.reference || '/' || t.ref || '/adult' = ANY($2)"],
}


async def _rows(connection: Connection, table: str, where: str, *given: object) -> list[Row]:
    joins, case, about, owner = _places(table)
    columns = ", ".join(f"t.{column}" for column in _read(table))
    order = f"t.{TABLES[table].since}" if TABLES[table].since else "1"
    rows = await connection.fetch(
        f"SELECT {columns}, {case} AS in_case, {about} AS is_about, {owner} AS owned_by "
        f"FROM sfo.{table} t {joins} WHERE {where} ORDER BY {order} NULLS LAST, 1, 2",
        *given,
    )
    return [_row(table, row) for row in rows]


def _row(table: str, row: asyncpg.Record) -> Row:
    values = dict(row)
    case, about, owner = (values.pop(name) for name in ("in_case", "is_about", "owned_by"))
    numbered = None if about is None or _OF_A_VERSION.search(about) else _NUMBERED.search(about)
    return Row(table, values, case, numbered[1] if numbered else None, owner)
