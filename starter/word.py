"""A review on paper: the sections of its question, each with its label, its guidance and its words for a value.

The question `draft` is the one description of a review; `word_out.py` writes it as a Word file and `word_in.py` reads
it back. Neither knows a section by name, but that an action answers a finding by the finding's number.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
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
_TYPED = str.maketrans("\u2018\u2019\u201c\u201d\u2011\u2013", "''\"\"--")  # what Word makes of them while one types
# XML carries none of these, and PostgreSQL not all of them.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class WordError(Exception):
    """A file cannot be taken as it is. Each problem names its section, or `file`, and the remedy."""

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
    offered = [f"{c.label}: {_listed(c.choices)}." for c in columns if c.choices]
    people = [f"{c.label}: a person as the page of your question lists them." for c in columns if c.choices is None]
    dates = ["Write a date as 12 March 2027."] if any(c.kind == "date" for c in columns) else []
    numbers = ["A new row needs no number."] if described.kind is FieldKind.FINDINGS else []
    return (
        " ".join(["One row for each.", described.hint, *offered, *people, *dates, *numbers]).replace("  ", " ")
        + optional
    )


def _how(described: Field) -> str:
    match described.kind:
        case FieldKind.CHOICE:
            return f"Write one of: {_listed(described.choices)}."
        case FieldKind.DATE:
            return "Write a date, such as 12 March 2027."
        case _:
            return "Write in paragraphs, as plain text."


def _listed(choices: Iterable[Choice]) -> str:
    return "; ".join(choice.label for choice in choices)


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
    by_value = {c.value for c in choices if same(c.value) == same(text)}
    by_label = {c.value for c in choices if same(c.label) == same(text)}
    for meant in (by_value, by_label):
        if len(meant) == 1:
            return meant.pop()
    return text


def _date(text: str) -> str:
    match = _IN_WORDS.fullmatch(same(text))
    if match is None:
        return text
    name = match[2]
    month = next((number for full, number in _MONTHS.items() if full.startswith(name)), 0)
    try:
        return date(int(match[3]), month, int(match[1])).isoformat()
    except ValueError:
        return text


def same(text: str) -> str:
    """Return a text as it is compared: whatever case, spaces and quotation marks it came with."""
    return " ".join(text.translate(_TYPED).split()).casefold()
