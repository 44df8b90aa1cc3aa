"""A review on paper: the sections of its question, each with its label, its guidance and its words for a value.

The question `draft` is the one description of a review; `word_out.py` writes it as a Word file and `word_in.py` reads
it back. Neither knows a section by name, but that an action answers a finding by the finding's number.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from starter.views import in_words
from workflows.contract.columns import COLUMNS, Column
from workflows.contract.questions import Choice, Field, FieldKind
from workflows.policy.answers import Problem
from workflows.policy.document import PARTS, in_rows
from workflows.policy.field_rules import plain as one_value

LARGEST_FILE = 5_000_000  # bytes
NUMBER = "No."  # heads the column that numbers findings

Options = Mapping[str, Sequence[Mapping[str, Any]]]
"""What may be chosen in fields whose choices the gate's page computes: field name to `{value, label}`."""

_MONTHS = {f"{date(2000, month, 1):%B}".lower(): month for month in range(1, 13)}
_IN_WORDS = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?\s+([a-z]{3,9})\.?,?\s+([0-9]{4})", re.IGNORECASE)
_IN_FIGURES = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
_TYPED = str.maketrans("\u2018\u2019\u201c\u201d\u2011\u2013", "''\"\"--")  # what Word makes of them while one types
# XML carries none of these, and PostgreSQL not all of them.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class WordError(Exception):
    """A file cannot be taken as it is. Each problem names its section, a field of a row or `file`, and the remedy."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Paper:
    """What a file held: the review in the form of `plain`, and where the file came from.

    `version` 0: it was made from the empty form. `remarks` say what was not taken over, for a person to read.
    """

    document: dict[str, Any]
    reference: str
    version: int
    remarks: tuple[str, ...] = ()


def blank() -> dict[str, Any]:
    """Return a review with every part in it and nothing in them, to be filled in as JSON."""
    return {f.name: [] if f.kind in COLUMNS else "" for f in PARTS.values()}


def plain(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a review without what says nothing: blank parts, rows and columns, spaces around a text.

    Two reviews that read the same are equal in this form. Parts that the question does not have are left out.
    """
    whole = in_rows(document)
    found = {f.name: _plain_part(f, whole.get(f.name)) for f in PARTS.values()}
    return {name: part for name, part in found.items() if part}


def _plain_part(described: Field, part: Any) -> Any:
    if described.kind not in COLUMNS:
        return plain_text(part)
    rows = [_plain_row(COLUMNS[described.kind], row) for row in part or () if isinstance(row, Mapping)]
    return [row for row in rows if row]


def _plain_row(columns: Sequence[Column], row: Mapping[str, Any]) -> dict[str, str]:
    found = {c.name: plain_text(row.get(c.name)) for c in columns}
    return {name: text for name, text in found.items() if text}


def plain_text(value: Any) -> str:
    """Return a value as text with LF for a new line and without spaces around it."""
    text = "" if value is None else one_value(value).replace("\r\n", "\n").replace("\r", "\n")
    return _UNWRITABLE.sub("\ufffd", text).strip()


def guidance(described: Field) -> str:
    """Say in a line or two how a section is filled in."""
    optional = "" if described.required else " May be left empty."
    if described.kind not in COLUMNS:
        return f"{_how(described)} {described.hint}".strip() + optional
    columns = COLUMNS[described.kind]
    offered = [f"Under “{c.label}” write {_listed(c.choices)}." for c in columns if c.choices]
    people = [f"Under “{c.label}” write a person as the page lists them." for c in columns if c.choices is None]
    dates = ["Write a date as 12 March 2027."] if any(c.kind == "date" for c in columns) else []
    numbers = [_NUMBERS] if described.kind is FieldKind.FINDINGS else []
    told = ["One row for each.", described.hint, *offered, *people, *dates, *numbers]
    return " ".join(filter(None, told)) + optional


_NUMBERS = "Let the numbers stand when you move a row or take one out, and give a new row the next number."


def _how(described: Field) -> str:
    match described.kind:
        case FieldKind.CHOICE:
            return f"Write {_listed(described.choices)}."
        case FieldKind.DATE:
            return "Write a date, such as 12 March 2027."
        case _:
            return "Write in paragraphs, as plain text."


def _listed(choices: Sequence[Choice]) -> str:
    labels = [choice.label for choice in choices]
    if any("," in label for label in labels):  # without marks nobody could see where one ends
        labels = [f"“{label}”" for label in labels]
    *others, last = labels
    return f"{', '.join(others)} or {last}" if others else last


def choices_of(described: Field, column: Column | None, options: Options) -> tuple[Choice, ...]:
    """Return what may be chosen in a field or in a column of it; () for what is not chosen."""
    if column is None:
        return described.choices
    if column.choices is not None:
        return column.choices
    return tuple(Choice(str(o["value"]), str(o["label"])) for o in options.get(described.name, ()))


def in_ink(value: str, kind: str, choices: Sequence[Choice]) -> str:
    """Write a value as people read it: a choice by its label, a date in words, anything else as it is."""
    if kind == "date":
        try:
            return in_words(value)
        except ValueError:
            return value
    label = next((c.label for c in choices if c.value == value), value)
    return label if from_ink(label, kind, choices) == value else value


def from_ink(text: str, kind: str, choices: Sequence[Choice]) -> str:
    """Read what `in_ink` wrote or a person typed instead; what cannot be told stays, for a check to name."""
    if kind == "date":
        return _date(text)
    said = same(text)
    by_value = {c.value for c in choices if same(c.value) == said}
    by_label = {c.value for c in choices if same(c.label) == said}
    by_key = {c.value for c in choices if said.endswith(f"({same(c.value)})")}  # a reader's copy: line manager (s2)
    for meant in (by_value, by_label, by_key):
        if len(meant) == 1:
            return meant.pop()
    return text


def _date(text: str) -> str:
    """Read a date as it is written here: in words, or day, month and year in figures."""
    match = _IN_WORDS.fullmatch(same(text)) or _IN_FIGURES.fullmatch(same(text))
    if match is None:
        return text
    name = match[2]
    month = int(name) if name.isdigit() else next((n for full, n in _MONTHS.items() if full.startswith(name)), 0)
    try:
        return date(int(match[3]), month, int(match[1])).isoformat()
    except ValueError:
        return text


def not_shown(document: Mapping[str, Any], options: Options) -> Iterator[str]:
    """Say, word for word, what a page cannot show, since its input there takes only a date or one of those offered."""
    for described in PARTS.values():
        part = document.get(described.name, "")
        if described.kind not in COLUMNS:
            if _is_strange(part, described.kind, described.choices):
                yield f"{described.label}: the file says “{part}”, which is none of those offered."
            continue
        for number, row in enumerate(part, start=1):
            for column in COLUMNS[described.kind]:
                value, choices = row.get(column.name, ""), choices_of(described, column, options)
                if _is_strange(value, column.kind, choices):
                    what = "no date" if column.kind == "date" else "none of those offered"
                    yield f"{described.label}, row {number}, {column.label}: the file says “{value}”, which is {what}."


def _is_strange(value: str, kind: str, choices: Sequence[Choice]) -> bool:
    if kind == "date":
        try:
            return bool(value) and date.fromisoformat(value).isoformat() != value
        except ValueError:
            return True
    return bool(value and choices) and value not in {choice.value for choice in choices}


def same(text: str) -> str:
    """Return a text as it is compared: whatever case, spaces and quotation marks it came with."""
    return " ".join(text.translate(_TYPED).split()).casefold()
