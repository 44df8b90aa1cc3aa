"""Two cases with a word of its own in every text column of every row, so that a word tells where it came from."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from starter.held import How
from starter.held_columns import HELD
from tests.conftest import Record

MINE, THEIRS = "SFO-2026-00101", "SFO-2026-00202"
DAY, AT = date(2026, 10, 5), datetime(2026, 10, 5, 10, tzinfo=UTC)
ABOUT = ("", "s1", "s2", "v1", "v2")
_SAID = "bcdfghjklmnprstvwz"


@dataclass(frozen=True)
class Place:
    """Where a word was planted: table, column, case, and whom the row is about, "" for the case as a whole."""

    table: str
    column: str
    case: str
    about: str

    @property
    def name(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass
class Planted:
    """Every word by its place."""

    words: dict[str, Place] = field(default_factory=dict)

    def word(self, place: Place) -> str:
        digest = hashlib.sha256(repr(place).encode()).digest()
        word = "Q" + "".join(f"{_SAID[byte % 18]}{'aeiou'[byte % 5]}" for byte in digest[:5])
        assert self.words.setdefault(word.lower(), place) == place
        return word

    def found(self, text: str) -> dict[str, Place]:
        """The words that stand in a text, each with its place."""
        small = text.lower()
        return {word: place for word, place in self.words.items() if word in small}


# What a table's row needs beside words: codes that the schema checks, references between rows.
def _rows(case: str, about: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of one case about one person in it, in the order in which they can be written."""
    question = {"": "draft", "s": "interview", "v": "offer"}[about[:1]]
    gate = f"{case}/review/{question}{about and ':'}{about}"
    number = ABOUT.index(about) + 1
    if about.startswith("s"):
        yield "staff", {"ref": about, "role": "practitioner"}
    if about.startswith("v"):
        yield "victims", {"ref": about, "answer": "accepted", "wish": "copy", "language": "other",
                          "language_arranged": "interpreter"}  # fmt: skip
    yield "gates", {"gate": gate, "subject": about or None, "question": question, "role": "reviewing_manager",
                    "state": "open", "stage": "review", "climbed": []}  # fmt: skip
    decision = uuid4()
    yield "decisions", {"decision": decision, "gate": gate, "channel": "link", "answer": "held", "by_rung": "asked"}
    link, letter = uuid4(), uuid4()
    yield "links", {"link": link, "gate": gate, "rung": "asked"}
    yield "codes", {"link": link}
    yield "sign_ins", {"link": link}
    yield "outbox", {"letter_id": letter, "gate": gate, "link": link, "state": "sent", "gathered_in": None}
    yield "returned_mail", {"letter_id": letter, "kind": "failed", "status": "5.1.1"}
    yield "requests", {"request": uuid4(), "signal": "opt_in", "message": {"victim": about} if about else {}}
    yield "deadlines", {"what": gate}
    yield "duties", {"subject": about or "s9", "state": "owed"}
    if about.startswith("s"):
        yield "interviews", {"ref": about, "reply": "accompanied"}
        yield "feedback", {"ref": about}
        yield "welfare_contacts", {"ref": about, "gate": gate, "contact": "made"}
        yield "impacts", {"ref": about, "impact": "manageable"}
    yield "absences", {"absence": uuid4()}
    yield "sessions", {}
    yield "address_codes", {}
    yield "payload_readings", {"action": "decode", "cases": [case], "refused": None}
    if about:
        return
    yield "offences", {}
    yield "appointments", {"role": "reviewing_manager"}
    yield "documents", {"kind": "review", "version": 1}
    yield "documents", {"kind": "victim_rendition", "version": 1}
    yield "redactions", {"audience": "victim", "starts": 0, "ends": 3}
    yield "factual_comments", {"gate": gate}
    yield "factual_points", {}
    yield "ratings", {}
    yield "actions", {"kind": "plan", "state": "open"}
    yield "court_events", {}
    yield "escalations", {"state": "raised", "about": None, "kind": "other"}
    yield "enquiries", {"number": number, "state": "open", "kind": "subject_access"}
    yield "extension_requests", {"request": uuid4()}
    yield "releases", {"reader": "designated-1", "kind": "review"}
    yield "pauses", {}
    yield "rendition_files", {"kind": "victim_rendition", "version": 1, "format": "html", "language": "en"}
    yield "leaks", {"kind": "victim_rendition", "version": 1}
    yield "transitions", {}
    yield "stranded", {"finding": uuid4()}
    yield "bank_holidays", {"holiday": DAY.replace(day=int(case[-1]) + 1)}


async def plant(record: Record) -> Planted:
    """Write both cases, with a word in every text column that a row leaves free."""
    planted = Planted()
    async with record.owner() as owner:
        columns = await owner.fetch(
            """SELECT c.relname, a.attname, y.typname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
               JOIN pg_type y ON y.oid = a.atttypid WHERE c.relnamespace = 'sfo'::regnamespace AND c.relkind = 'r'
                   AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = ''"""
        )
    types = {(row["relname"], row["attname"]): row["typname"] for row in columns}
    async with record.owner() as owner:
        await owner.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=str)
        for case in (MINE, THEIRS):
            clock = {"case_anchor": AT.isoformat(), "wall_anchor": AT.isoformat(), "speed": 1.0}
            fixed = {"reference": case, "clock": clock}
            await _insert(owner, "cases", _row(planted, types, Place("cases", "", case, ""), fixed))
            for about in ABOUT:
                for table, fixed in _rows(case, about):
                    row = _row(planted, types, Place(table, "", case, about), {"reference": case, **fixed})
                    await _insert(owner, table, row)
        where = Place("relations", "", MINE, "")
        fixed = {"reference": MINE, "other": THEIRS, "kind": "joint"}
        await _insert(owner, "relations", _row(planted, types, where, fixed))
    return planted


def _row(
    planted: Planted, types: Mapping[tuple[str, str], str], where: Place, fixed: Mapping[str, Any]
) -> dict[str, Any]:
    """A row with its fixed values, and a planted one in every other column."""
    return {
        name: fixed[name] if name in fixed else _value(planted, replace(where, column=name), kind)
        for (table, name), kind in types.items()
        if table == where.table
    }


def _value(planted: Planted, place: Place, kind: Any) -> Any:
    held = HELD[place.name]
    match kind:
        case "text" | "_text" | "jsonb":
            word = planted.word(place)
            text = {How.EMAIL: f"{word}@planted.example.test", How.KEY: f"n53.{word.lower()}"}.get(held.how, word)
            if place.column == "name" or place.column.endswith("_name"):
                text = f"{word} {planted.word(Place(place.table, f'{place.column}', place.case, place.about))}"
            if kind == "_text":
                return [text]
            return _tree(place, text) if kind == "jsonb" else text
        case "date":
            return DAY
        case "timestamptz":
            return AT
        case "int4" | "int8":
            return 1
        case "bool":
            return True
        case "uuid":
            return uuid4()
        case "bytea":
            return hashlib.sha256(repr(place).encode()).digest()
    raise AssertionError((place, kind))


def _tree(place: Place, text: str) -> Any:
    match place.name:
        case "gates.page":
            return {"title": "A question", "facts": [["A fact", text]], "names": [], "options": {}}
        case "links.team":
            return [{"key": f"n53.{text.lower()}", "name": text, "email": f"{text}@planted.example.test"}]
        case "documents.content":
            return {"analysis": text}
    return {"words": [text]}


async def _insert(owner: Any, table: str, row: dict[str, Any]) -> None:
    names = ", ".join(row)
    marks = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    await owner.execute(f"INSERT INTO sfo.{table} ({names}) VALUES ({marks})", *row.values())
