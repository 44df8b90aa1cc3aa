"""A subject-access export as the person reads it: one page of plain words that prints, and the same as data.

Rule: UK GDPR art. 15; Data Protection Act 2018 s.45 where the processing is for law enforcement: what is confirmed.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from starter.access_gathering import Fact, Held, Item
from starter.access_review import GROUNDS, Decided
from starter.access_words import ABOUT, FOLLOWS, NOT_IN_IT, RIGHTS
from starter.held import How
from starter.held_columns import HELD, TABLES
from starter.temporal_state import Listed
from starter.views import in_words, moment, report

IN_LINES: dict[str, tuple[str, ...]] = {
    "gates": ("question", "role", "opened_at", "state"),
    "decisions": ("gate", "answer", "received_at"),
    "deadlines": ("what", "due_on", "original_due_on"),
    "outbox": ("letter", "gate", "sent_at_wall"),
    "links": ("gate", "recorded_at", "revoked_at"),
    "audit": ("at", "sentence"),
    "rendition_files": ("kind", "version", "format", "at"),
    "documents": ("kind", "version", "at"),
    "duties": ("kind", "subject", "state", "at"),
    "absences_told": ("gate",),
    "returned_mail": ("kind", "at"),
}
"""Tables whose rows are many and short: a line each, of these columns; the rest of a row stands in the data."""

_FIRST = ("cases", "offences", "staff", "victims", "appointments", "enquiries", "releases", "court_events",
          "interviews", "feedback", "impacts", "documents", "actions")  # fmt: skip
_HEADS = {"sent_at_wall": "Sent at", "sentence": "What was done"}


@dataclass(frozen=True, slots=True)
class Workflows:
    """What Temporal keeps of the person's cases. `listed` None: it was not asked."""

    listed: Sequence[Listed] | None


@dataclass(frozen=True, slots=True)
class Answer:
    """All that an export is made of. `decided` None: nobody has decided yet, so it is a draft."""

    held: Held
    workflows: Workflows
    on: date
    request: str | None
    decided: Sequence[Decided] | None = None


def as_page(answer: Answer) -> str:
    """Write the page. A draft shows no passage and says that it is not to be handed out."""
    held = answer.held
    numbered = {one.id: number for number, one in enumerate(held.passages, start=1)}
    return report(
        "subject_access.html",
        answer=answer,
        held=held,
        on=in_words(answer.on),
        known_by=_known_by(held),
        parts=held.person.parts(),
        rights=RIGHTS,
        categories=_categories(held),
        follows=[words for table, words in FOLLOWS.items() if any(item.table == table for item in held.items)],
        cases=[_case(held, case, numbered) for case in [*held.cases, None] if _has(held, case)],
        passages=_passages(answer),
        grounds=_grounds(answer),
        numbers=[(case, held.numbers.get(case, ())) for case in held.cases if held.numbers.get(case)],
        readings=held.readings,
        workflows=_workflows(answer.workflows),
        not_in_it=NOT_IN_IT,
    )


def as_data(answer: Answer) -> bytes:
    """Write the same for a machine: every value with what it means, whose it is, where from and how long it is kept."""
    held = answer.held
    texts = {one.passage.id: _as_left(one) for one in answer.decided or ()}
    rows = [_row(item) for item in held.items]
    tables = {item.table for item in held.items}
    meanings = {
        table: {
            "is": TABLES[table].words, "comes_from": TABLES[table].source, "kept": TABLES[table].kept,
            "columns": {
                name.partition(".")[2]: {"is": one.words, "about": str(one.whose)}
                for name, one in HELD.items() if name.partition(".")[0] == table and one.how is not How.NEVER
            },
        }
        for table in sorted(tables)
    }  # fmt: skip
    written = {
        "about": ABOUT,
        "known_by": {"names": list(held.person.names), "addresses": sorted(held.person.emails),
                     "keys": sorted(held.person.keys), "parts": held.person.parts()},
        "meanings": meanings,
        "rows": rows,
        "passages": [
            {"id": one.id, "case": one.case, "places": list(one.places), "since": one.since, **texts[one.id]}
            for one in held.passages
        ],
        "readings_of_workflow_details": [list(one) for one in held.readings],
        "workflows": [
            {"id": one.workflow, "started": one.started_at.isoformat(),
             "ended": one.closed_at.isoformat() if one.closed_at else None}
            for one in answer.workflows.listed or ()
        ] if answer.workflows.listed is not None else None,
    }  # fmt: skip
    return json.dumps(written, indent=1, ensure_ascii=False).encode()


def _row(item: Item) -> Mapping[str, Any]:
    return {
        "table": item.table, "case": item.case, "since": item.since, "your_part": list(item.parts),
        "values": {fact.column: fact.data for fact in item.facts}, "passages": list(item.passages),
    }  # fmt: skip


def _as_left(one: Decided) -> Mapping[str, Any]:
    if one.text is None:
        return {"text": None, "withheld_because": GROUNDS[one.ground or "others"]}
    return {"text": one.text, "words_withheld_because": GROUNDS[one.ground] if one.ground else None}


# --- parts of the page -------------------------------------------------------------------------------


def _known_by(held: Held) -> list[tuple[str, str]]:
    person = held.person
    found = [("Names", ", ".join(person.names)), ("Email addresses", ", ".join(sorted(person.emails)))]
    found += [("Keys in the directory of roles", ", ".join(sorted(person.keys)))]
    found += [("Numbers", ", ".join(person.identifiers))]
    if listed := person.listed:
        roles = ", ".join(one.replace("_", " ") for one in listed.roles)
        found.append(("In the directory of roles as", roles))
        found += [("Deputy in the directory", "recorded")] if listed.deputy else []
        found += [("Away, in the directory", "; ".join(f"{in_words(a.from_on)} to {in_words(a.to_on)}"
                                                       for a in listed.away))] if listed.away else []  # fmt: skip
    return [(label, said) for label, said in found if said]


def _categories(held: Held) -> list[tuple[str, int, str, str]]:
    """What kinds of things are held: how many, where from and how long."""
    counted: dict[str, int] = {}
    for item in held.items:
        counted[item.table] = counted.get(item.table, 0) + 1
    return [
        (TABLES[table].words, count, TABLES[table].source, TABLES[table].kept)
        for table, count in sorted(counted.items(), key=lambda one: _rank(one[0]))
    ]


def _rank(table: str) -> tuple[int, int]:
    order = list(TABLES)
    return (_FIRST.index(table) if table in _FIRST else len(_FIRST), order.index(table))


def _has(held: Held, case: str | None) -> bool:
    return any(item.case == case and _is_shown(item) for item in held.items)


def _is_shown(item: Item) -> bool:
    return bool(item.passages) or any(fact.said for fact in item.facts)


def _case(held: Held, case: str | None, numbered: Mapping[str, int]) -> Mapping[str, Any]:
    """One case, or what belongs to none, group by group."""
    own = [item for item in held.items if item.case == case and _is_shown(item)]
    groups = [
        _group(table, [item for item in own if item.table == table], numbered)
        for table in sorted({item.table for item in own}, key=_rank)
    ]
    return {"id": case or "no-case", "title": f"Case {case}" if case else "What belongs to no case", "groups": groups}


def _group(table: str, items: Sequence[Item], numbered: Mapping[str, int]) -> Mapping[str, Any]:
    lines = IN_LINES.get(table)
    heads = [_HEADS.get(column) or HELD[f"{table}.{column}"].words for column in lines or ()]
    has_texts = any(item.passages for item in items)
    rows = [
        [*(_said(item, column) for column in lines or ()), *([_written(item, numbered)] if has_texts else [])]
        for item in items
    ]
    return {
        "title": TABLES[table].words,
        "heads": [*heads, *(["What was written"] if has_texts else [])] if lines else [],
        "rows": rows if lines else [],
        "entries": [] if lines else [_entry(item, numbered) for item in items],
    }


def _said(item: Item, column: str) -> str:
    return next((fact.said for fact in item.facts if fact.column == column), "")


def _entry(item: Item, numbered: Mapping[str, int]) -> list[tuple[str, str]]:
    found = [(fact.label, fact.said) for fact in _telling(item.facts)]
    written = _written(item, numbered)
    return [*found, *([("What was written", written)] if written else [])]


def _telling(facts: Iterable[Fact]) -> list[Fact]:
    return [fact for fact in facts if fact.said and fact.column != "reference"]


def _written(item: Item, numbered: Mapping[str, int]) -> str:
    """Say by number which passages a row holds."""
    numbers = [numbered[one] for one in item.passages]
    if not numbers:
        return ""
    runs = list[list[int]]()
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    listed = ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in runs)
    return f"passage{'s' if len(numbers) > 1 else ''} {listed}"


def _passages(answer: Answer) -> list[Mapping[str, Any]]:
    left = {one.passage.id: one for one in answer.decided or ()}
    return [
        {
            "number": number, "case": one.case, "places": one.places,
            "since": in_words(one.since[:10]) if one.since else "",
            "text": left[one.id].text if one.id in left else None,
            "withheld": GROUNDS[left[one.id].ground or "others"]
            if one.id in left and left[one.id].text is None else "",
            "removed": GROUNDS[left[one.id].ground or "others"]
            if one.id in left and left[one.id].text is not None and left[one.id].ground else "",
        }
        for number, one in enumerate(answer.held.passages, start=1)
    ]  # fmt: skip


def _grounds(answer: Answer) -> list[tuple[str, int]]:
    counts = [(words, sum(one.ground == ground for one in answer.decided or ())) for ground, words in GROUNDS.items()]
    return [(words, count) for words, count in counts if count]


def _workflows(found: Workflows) -> list[tuple[str, str, str]] | None:
    if found.listed is None:
        return None
    return [
        (one.workflow, moment(one.started_at), moment(one.closed_at) if one.closed_at else "still running")
        for one in sorted(found.listed, key=lambda one: (one.started_at, one.workflow))
    ]
