"""The review as a document: its paragraphs, what two versions differ in, what is missing, what does not fit together.

A document is the dict of the fields of `draft_ready`, so the question describes its parts for the page, the Word file
and the JSON alike. Versions of earlier years may lack parts, or hold as one text what is a list of rows today.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, Literal

from workflows.contract.columns import COLUMNS, Column
from workflows.contract.questions import QUESTIONS, Field

from .field_rules import field_problems, plain
from .value_rules import Found

Document = Mapping[str, Any]

# The parts of a review in their order, by name.
PARTS: dict[str, Field] = {field.name: field for answer in QUESTIONS["draft"].answers for field in answer.fields}


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One place of a document that can be pointed at: `analysis-2`, `findings-1`, `chronology-3`, `judgement`."""

    key: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that somebody typed: `place` is its input on the page, `label` the paragraph that it stands in."""

    place: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A paragraph that differs between two versions. One that was removed has the key that it had before."""

    key: str
    label: str
    kind: Literal["added", "removed", "changed"]
    before: str
    after: str


def in_rows(document: Document) -> dict[str, Any]:
    """The document with its parts in order, and as rows what was one text when it was written."""
    ordered = [*(name for name in PARTS if name in document), *(name for name in document if name not in PARTS)]
    return {name: _in_rows(name, document[name]) for name in ordered}


def paragraphs(document: Document) -> tuple[Paragraph, ...]:
    """Every paragraph that is not empty, part by part; a row is one paragraph, its columns a line each."""
    return tuple(p for name, part in in_rows(document).items() for p in _paragraphs(name, part))


def passages(document: Document) -> Iterator[Passage]:
    """Every text that somebody typed, and no choice, date or key; an owner only where it is an address."""
    for name, part in in_rows(document).items():
        if not isinstance(part, list):
            yield from (Passage(name, p.label, p.text) for p in _paragraphs(name, part))
            continue
        for number, row in enumerate(part, start=1):
            for column, text in _typed(name, row):
                yield Passage(f"{name}-{number}{column and '-'}{column}", _label(name, number), text)


def heading(name: str) -> str:
    """The words under which a part stands."""
    return PARTS[name].label if name in PARTS else name.replace("_", " ").capitalize()


def lines(part: Any) -> list[str]:
    """The paragraphs of a text: its lines that are not empty."""
    return [line.strip() for line in ("" if part is None else str(part)).split("\n") if line.strip()]


def differences(before: Document, after: Document) -> tuple[Difference, ...]:
    """What was added, removed and changed from one version to another, in the order of the parts."""
    both = in_rows({**before, **after})
    return tuple(d for name in both for d in _differences(_part(name, before), _part(name, after)))


def missing(document: Document) -> tuple[str, ...]:
    """What must still be put right before this version can be submitted, in words; empty: nothing.

    Rule: Annex J, facts.md 4.2. Owners and dates were checked when they were typed and stand as they are.
    """
    whole = in_rows(document)
    owners = (plain(row.get("owner", "")) for _, row in _rows(whole, "actions"))
    page = {"options": {"actions": [{"value": owner} for owner in owners if owner]}}
    of_fields = (found for field in PARTS.values() for found in field_problems(field, whole.get(field.name), page))
    return tuple(message for _, message in (*of_fields, *cross_problems(whole)))


def cross_problems(document: Document) -> Found:
    """Name, by place and with the remedy, where the findings and the action plan do not fit together.

    Rule: facts.md 4.2, actions answer the learning found: each action answers a finding, each deficiency is answered.
    """
    findings, plan = _rows(document, "findings"), _rows(document, "actions")
    kinds = {str(number): plain(row.get("kind", "")) for number, row in findings}
    answers = {number: plain(row.get("finding", "")) for number, row in plan}
    label = PARTS["actions"].label
    for number, finding in answers.items():
        if finding and finding not in kinds:
            remedy = f"enter the number of a finding, from 1 to {len(kinds)}" if kinds else "enter the findings first"
            yield f"actions-{number}-finding", f"{label}, row {number}: {remedy}"
    open_ = [number for number, kind in kinds.items() if kind == "deficiency" and number not in answers.values()]
    if open_:
        yield "actions", f"{label}: add at least one action for each deficiency; look at finding {', '.join(open_)}"


def _rows(document: Document, name: str) -> list[tuple[int, Mapping[str, Any]]]:
    part = document.get(name)
    return [(n, row) for n, row in enumerate(part, 1) if isinstance(row, Mapping)] if isinstance(part, list) else []


def _in_rows(name: str, part: Any) -> Any:
    columns = _columns(name)
    if not columns or not isinstance(part, str):
        return part
    first = next(column.name for column in columns if column.kind == "long_text")
    return [{first: line} for line in lines(part)]


def _columns(name: str) -> tuple[Column, ...]:
    return COLUMNS.get(PARTS[name].kind, ()) if name in PARTS else ()


def _part(name: str, document: Document) -> list[Paragraph]:
    return list(_paragraphs(name, _in_rows(name, document.get(name))))


def _paragraphs(name: str, part: Any) -> Iterator[Paragraph]:
    field = PARTS.get(name)
    if isinstance(part, list):
        for number, row in enumerate(part, start=1):
            if text := "\n".join(_cells(name, row)):
                yield Paragraph(f"{name}-{number}", _label(name, number), text)
    elif field and field.choices:
        if part:
            yield Paragraph(name, field.label, _said(part, Column(name, field.label, "choice", field.choices)))
    else:
        for number, line in enumerate(lines(part), start=1):
            yield Paragraph(f"{name}-{number}", f"{heading(name)}, paragraph {number}", line)


def _label(name: str, number: int) -> str:
    return f"{heading(name)}, number {number}"


def _cells(name: str, row: Any) -> Iterator[str]:
    if not isinstance(row, Mapping):
        yield str(row)
        return
    known = {column.name: column for column in _columns(name)}
    for column in (*known, *(other for other in row if other not in known)):
        if row.get(column) not in (None, ""):
            yield f"{column.replace('_', ' ').capitalize()}: {_said(row[column], known.get(column))}"


def _typed(name: str, row: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(row, Mapping):
        yield "", str(row)
        return
    closed = {column.name for column in _columns(name) if column.kind not in ("text", "long_text")}
    for column, value in row.items():
        if isinstance(value, str | int) and (column not in closed or "@" in str(value)):
            yield column, plain(value)


def _said(value: Any, column: Column | None) -> str:
    choices = column.choices if column else None
    return next((choice.label for choice in choices or () if choice.value == value), plain(value))


def _differences(before: Sequence[Paragraph], after: Sequence[Paragraph]) -> Iterable[Difference]:
    old, new = [p.text for p in before], [p.text for p in after]
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield from (_difference(was, now) for was, now in zip_longest(before[i:j], after[k:m]))


def _difference(was: Paragraph | None, now: Paragraph | None) -> Difference:
    if was and now:
        return Difference(now.key, now.label, "changed", was.text, now.text)
    if now:
        return Difference(now.key, now.label, "added", "", now.text)
    assert was is not None  # noqa: S101  # zip_longest gives at least one of them
    return Difference(was.key, was.label, "removed", was.text, "")
