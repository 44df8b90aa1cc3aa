"""All that is held on one person, told to that person: facts at once, what somebody wrote as passages to be decided.

Other people stand in it as roles and numbers. Reads one moment of the record and writes nothing.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from starter.audit_sentences import told
from starter.audit_story import seen_of
from starter.connections import Connection
from starter.data_subjects import DataSubject, part_of
from starter.disclosure_answers import Seen
from starter.held import How, Whose
from starter.held_columns import TABLES, columns_of
from starter.held_reading import Row, is_me, own_rows, rows_of_case
from starter.held_texts import as_data, in_plain_words, texts_of
from starter.others_in import Others, others_in
from starter.views import in_words, role
from workflows.contract.directory import Directory

OWN_ACTIONS = ("subject_access_prepared", "subject_access_released")
"""Rows of the audit about exports themselves: an export does not tell of exports, or it could not be made twice."""

_TEXT_ID = 12  # signs of the fingerprint that names a passage: none of a few thousand is another's


@dataclass(frozen=True, slots=True)
class Passage:
    """What somebody wrote, as it would be read. `look`: why a person must look twice; `places`: where it stands."""

    id: str
    case: str
    places: tuple[str, ...]
    since: str
    text: str
    look: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """One value: its label, how it reads (empty: for machines alone), and as data."""

    column: str
    label: str
    said: str
    data: Any


@dataclass(frozen=True, slots=True)
class Item:
    """One row, as far as it is the person's. `parts`: whose they are in it."""

    table: str
    case: str | None
    since: str
    parts: tuple[str, ...]
    facts: tuple[Fact, ...]
    passages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """All that is held on one person at one moment. `numbers`: whom the numbers in it stand for, case by case."""

    person: DataSubject
    items: tuple[Item, ...]
    passages: tuple[Passage, ...]
    numbers: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    readings: tuple[tuple[str, str], ...] = ()

    @property
    def cases(self) -> list[str]:
        """Every case in which something of the person stands."""
        return sorted({item.case for item in self.items if item.case} | {one.case for one in self.passages if one.case})

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is held."""
        return not (self.items or self.passages or self.person.listed)


async def held_on(
    connection: Connection, person: DataSubject, directory: Directory, said: Callable[[str], None] = lambda _: None
) -> Held:
    """Gather all that is held on this person."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await own_rows(connection, person, lambda table: said(f"reading {table}"))
        of_rows = {row.case for row, _ in rows if row.case}
        cases = sorted(of_rows | person.cases | {number.partition("/")[0] for number in person.numbers})
        others = await others_in(connection, person, cases, directory)
        gathering = _Gathering(others)
        for row, parts in rows:
            if row.table == "audit" and row.values["action"] in OWN_ACTIONS:
                continue
            gathering.add(row, parts, await _sentence(connection, gathering, row, directory))
        for case in cases:
            said(f"searching {case}")
            await _mentions(connection, gathering, case, {_key(row) for row, _ in rows})
        numbers = {case: await _numbers(connection, person, case) for case in cases}
        readings = await _readings(connection, person)
    return Held(person, tuple(gathering.items), tuple(gathering.passages.values()), numbers, readings)


@dataclass
class _Gathering:
    others: Others
    items: list[Item] = field(default_factory=list)
    passages: dict[str, Passage] = field(default_factory=dict)
    seen: dict[str | None, Seen] = field(default_factory=dict)

    def add(self, row: Row, parts: set[Whose], sentence: str | None) -> None:
        """Add a row as far as it is the person's."""
        person, facts, passages = self.others.person, list[Fact](), list[str]()
        for column, held, value in row.columns():
            if value is None or not row.is_own(held, parts, person):
                continue
            if held.how is How.TEXT:
                passages += self.add_texts(row, column, parts)
            elif held.how is How.TEAM:
                own = [one for one in value if is_me(one, person)]
                facts += [self._fact(row, column, one) for one in own]
            elif held.how is not How.SENTENCE:
                facts.append(self._fact(row, column, value))
        if sentence:
            facts.append(Fact("sentence", "What was done", sentence, sentence))
        own_parts = tuple(sorted(str(part) for part in parts))
        self.items.append(
            Item(row.table, row.case, _since(row), own_parts, tuple(facts), tuple(dict.fromkeys(passages)))
        )

    def add_texts(self, row: Row, column: str, parts: set[Whose], *, only_naming: bool = False) -> list[str]:
        """Add what somebody wrote in a column; return the passages by their ids."""
        added = list[str]()
        for place, text in texts_of(row.table, column, row.values):
            replaced = self.others.in_text(text)
            if only_naming and not replaced.names_them:
                continue
            one = Passage(
                id=hashlib.sha256(f"{row.case}\0{replaced.text}".encode()).hexdigest()[:_TEXT_ID],
                case=row.case or "",
                places=(_place(row, column, place),),
                since=_since(row),
                text=replaced.text,
                look=tuple(_look(row, parts, replaced.count, only_naming=only_naming)),
            )
            known = self.passages.get(one.id)
            if known:
                places, look = (dict.fromkeys(a + b) for a, b in ((known.places, one.places), (known.look, one.look)))
                one = replace(known, places=tuple(places), look=tuple(look))
            self.passages[one.id] = one
            added.append(one.id)
        return added

    def _fact(self, row: Row, column: str, value: Any) -> Fact:
        held = columns_of(row.table)[column]
        data = self._without_others(as_data(value))
        said = in_plain_words(column, value) if held.how is not How.DATA else ""
        return Fact(column, held.words, self.others.in_value(said), data)

    def _without_others(self, data: Any) -> Any:
        match data:
            case str():
                return self.others.in_value(data)
            case list():
                return [self._without_others(one) for one in data]
            case dict():
                return {name: self._without_others(one) for name, one in data.items()}
        return data


def _key(row: Row) -> tuple[str, str]:
    return row.table, repr(sorted((name, repr(value)) for name, value in row.values.items()))


def _since(row: Row) -> str:
    value = row.values.get(row.declared.since) if row.declared.since else None
    return value.isoformat() if isinstance(value, (date, datetime)) else ""


def _place(row: Row, column: str, place: str) -> str:
    """Say where a text stands: `The review, version 2: Analysis 3`."""
    values = row.values
    what = columns_of(row.table)[column].words
    if row.table == "documents":
        title = "The review" if values["kind"] == "review" else in_plain_words("kind", values["kind"])
        return f"{title}, version {values['version']}" + (f": {place}" if place else "")
    number = next((str(values[name]) for name in ("number", "ref", "version", "round") if values.get(name)), "")
    question = values.get("question") or (str(values["gate"]).rpartition("/")[2].partition(":")[0]
                                          if values.get("gate") else "")  # fmt: skip
    about = in_plain_words("question", question) if question else f"{row.declared.words} {number}".strip()
    return f"{about}: {what.lower()}" + (f", {place}" if place else "")


def _look(row: Row, parts: set[Whose], replaced: int, *, only_naming: bool) -> list[str]:
    """Why whoever releases a passage must look at it again."""
    found = list[str]()
    if replaced:
        found.append(f"other people were replaced in {replaced} place{'s' if replaced > 1 else ''}")
    if only_naming:
        found.append("it names the person, and the row it stands in is not theirs")
    if row.about and Whose.STAFF not in parts and Whose.VICTIM not in parts:
        found.append(f"it is about {part_of(f'{row.case}/{row.about}')}")
    if row.table == "redactions":
        found.append("it was proposed for removal from what families read")
    if row.table == "leaks":
        found.append("the search of the files found it")
    if row.table == "escalations":
        found.append("it is a concern, perhaps about somebody's safety")
    if row.table == "enquiries" and Whose.ENQUIRER not in parts:
        found.append("somebody else asked it")
    if row.table == "victims" and Whose.VICTIM not in parts:
        found.append("it is about a victim or family")
    return found


async def _mentions(connection: Connection, gathering: _Gathering, case: str, known: set[tuple[str, str]]) -> None:
    """Add what names the person in rows of the case that are not theirs."""
    for table in TABLES:
        texts = [name for name, held in columns_of(table).items() if held.how is How.TEXT]
        for row in await rows_of_case(connection, table, case) if texts else ():
            if _key(row) not in known:
                for column in texts:
                    if row.values[column] is not None:
                        gathering.add_texts(row, column, set(), only_naming=True)


async def _sentence(connection: Connection, gathering: _Gathering, row: Row, directory: Directory) -> str | None:
    """A row of the audit in plain words, without other people."""
    if row.table != "audit":
        return None
    if row.case not in gathering.seen:
        gates = await connection.fetch("SELECT * FROM sfo.gates WHERE reference = $1", row.case)
        gathering.seen[row.case] = await seen_of(connection, row.case, gates, directory)
    return gathering.others.in_value(told(row.values, gathering.seen[row.case]))


async def _numbers(connection: Connection, person: DataSubject, case: str) -> tuple[tuple[str, str], ...]:
    """Whom the numbers of a case stand for, by role alone, and which of them is the person."""
    rows = await connection.fetch(
        """SELECT ref, role FROM sfo.staff WHERE reference = $1
           UNION ALL SELECT ref, 'a victim or family' FROM sfo.victims WHERE reference = $1 ORDER BY 1""",
        case,
    )
    return tuple(
        (row["ref"], "you" if f"{case}/{row['ref']}" in person.numbers else _part(row["role"])) for row in rows
    )


def _part(part: str) -> str:
    return part if part.startswith("a ") else "a member of staff" if part == "other" else role(part)


async def _readings(connection: Connection, person: DataSubject) -> tuple[tuple[str, str], ...]:
    """Who of operations had details of the workflows of their cases read: on which day, by which role."""
    rows = await connection.fetch(
        """SELECT DISTINCT recorded_at::date AS day, roles FROM sfo.payload_readings
           WHERE cases && $1 AND refused IS NULL ORDER BY 1""",
        sorted(person.cases),
    )
    return tuple((in_words(row["day"]), ", ".join(map(role, row["roles"])) or "somebody") for row in rows)
