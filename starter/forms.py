"""A question as an HTML form and back: which inputs a page has, and what came in.

Names: `answer`, `reasons`, `attempt`, `csrf`; a field is `<answer>.<field>`; a column of a row of a field is
`<answer>.<field>-<number>-<column>`, numbers from 1. `add` = `<answer>.<field>` asks for one more row.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflows.contract.questions import LEVELS, REDACTION_GROUNDS, YES_NO, Answer, Choice, Field, FieldKind, Question
from workflows.policy.field_rules import FINDING_KINDS, ROWS

Row = dict[str, str]
_ROW = re.compile(r"(?P<field>.+)-(?P<number>[1-9][0-9]{0,2})-(?P<column>[a-z_]+)")


@dataclass(frozen=True, slots=True)
class Column:
    """One input of a row; `kind` is text, long_text, date or choice. Choices None: those of the gate's page."""

    name: str
    label: str
    kind: str
    choices: tuple[Choice, ...] | None = ()


COLUMNS: dict[FieldKind, tuple[Column, ...]] = {
    FieldKind.ACTIONS: (
        Column("what", "What is to be done", "long_text"),
        Column("owner", "Who does it", "choice", None),
        Column("due_on", "By when", "date"),
    ),
    FieldKind.FINDINGS: (
        Column("kind", "Strength or deficiency", "choice", FINDING_KINDS),
        Column("level", "At which level (needed for a deficiency)", "choice", LEVELS),
        Column("text", "What was found", "long_text"),
        Column("reasons", "Reasons (needed for a deficiency)", "long_text"),
    ),
    FieldKind.REDACTIONS: (
        Column("passage", "The passage, word for word", "long_text"),
        Column("ground", "Ground", "choice", REDACTION_GROUNDS),
        Column("note", "Why it is necessary and proportionate", "long_text"),
    ),
    FieldKind.REDACTION_DECISIONS: (
        Column("number", "Passage", "hidden"),
        Column("accepted", "Remove this passage?", "choice", YES_NO),
    ),
}


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in a form: of every answer, so that nothing typed is lost when another one is chosen."""

    answer: str = ""
    reasons: str = ""
    attempt: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    more: str = ""

    def fields(self, question: Question) -> dict[str, Any]:
        """Return the chosen answer's fields as a decision stores them; what was left blank is not in it."""
        chosen = question.answer(self.answer)
        if chosen is None:
            return {}
        found = {f.name: self._field(name_of(chosen, f), f) for f in chosen.fields}
        return {name: value for name, value in found.items() if value}

    def _field(self, name: str, described: Field) -> str | list[Row]:
        return list(self.rows.get(name, ())) if described.kind in COLUMNS else self.values.get(name, "")


def name_of(answer: Answer, described: Field) -> str:
    """Return the input's name of a field."""
    return f"{answer.value}.{described.name}"


def read_form(question: Question, items: Iterable[tuple[str, str]]) -> Typed:
    """Read what a browser sent. Names that the question does not have are left out; blank rows too."""
    given = {name: _clean(value) for name, value in items}
    described = {name_of(a, f): f for a in question.answers for f in a.fields}
    rows = {name: _rows(name, given) for name, f in described.items() if f.kind in COLUMNS}
    return Typed(
        answer=given.get("answer", ""),
        reasons=given.get("reasons", ""),
        attempt=given.get("attempt", ""),
        values={name: given.get(name, "") for name, f in described.items() if f.kind not in COLUMNS},
        rows=rows,
        more=given.get("add", "") if given.get("add") in rows else "",
    )


def _rows(name: str, given: Mapping[str, str]) -> list[Row]:
    found: dict[int, Row] = {}
    for key, value in given.items():
        match = _ROW.fullmatch(key)
        if match and match["field"] == name and int(match["number"]) <= ROWS:
            found.setdefault(int(match["number"]), {})[match["column"]] = value
    return [row for _, row in sorted(found.items()) if any(row.values())]


def rows_to_show(described: Field, rows: Sequence[Row], page: Mapping[str, Any], *, more: bool) -> list[Row]:
    """Return the rows of a field as the page shows them: what was typed, and room for more."""
    if described.kind is FieldKind.REDACTION_DECISIONS:
        typed = {row.get("number"): row for row in rows}
        return [dict(typed.get(str(r["number"]), {"number": str(r["number"])})) for r in page.get("redactions", ())]
    blanks = 1 if more or not rows else 0
    return [*(dict(row) for row in rows), *({} for _ in range(blanks))]


def _clean(value: str) -> str:
    """Browsers send CR LF for a new line; the record keeps LF."""
    return value.replace("\r\n", "\n").strip()
