"""A question as an HTML form and back: which inputs a page has, and what came in.

Names: `answer`, `reasons`, `attempt`, `csrf`, `person` and `person_name` (who of a team decides); a field is
`<answer>.<field>`; a column of a row of a field is `<answer>.<field>-<number>-<column>`, numbers from 1.
`add` = `<answer>.<field>` asks for one more row.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starter.team import PERSON, PERSON_NAME
from workflows.contract.columns import COLUMNS as COLUMNS  # for whoever reads forms
from workflows.contract.columns import GIVEN_ROWS
from workflows.contract.questions import QUESTIONS, REDACTION_GROUNDS, Answer, Field, FieldKind, Question
from workflows.policy.document import in_rows
from workflows.policy.field_rules import ROWS, plain

Row = dict[str, str]
_ROW = re.compile(r"(?P<field>.+)-(?P<number>[1-9][0-9]{0,2})-(?P<column>[a-z_]+)")


@dataclass(frozen=True, slots=True)
class Above:
    """What stands above a row that the page gives: whom or what it is about, the text in question, a remark."""

    label: str
    quote: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in a form: of every answer, so that nothing typed is lost when another one is chosen."""

    answer: str = ""
    reasons: str = ""
    attempt: str = ""
    person: str = ""
    person_name: str = ""
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
    numbered = {name: _rows(name, f.kind, given) for name, f in described.items() if f.kind in COLUMNS}
    for answer in question.answers:
        _renumber(answer, numbered)
    rows = {name: list(found.values()) for name, found in numbered.items()}
    return Typed(
        answer=given.get("answer", ""),
        reasons=given.get("reasons", ""),
        attempt=given.get("attempt", ""),
        person=given.get(PERSON, ""),
        person_name=given.get(PERSON_NAME, ""),
        values={name: given.get(name, "") for name, f in described.items() if f.kind not in COLUMNS},
        rows=rows,
        more=given.get("add", "") if given.get("add") in rows else "",
    )


def _rows(name: str, kind: FieldKind, given: Mapping[str, str]) -> dict[int, Row]:
    """The rows that are not blank, by the number that they had on the page.

    A row in which only a choice is left is blank: a browser takes no radio button back.
    """
    telling = {column.name for column in COLUMNS[kind] if column.kind != "choice"}
    found: dict[int, Row] = {}
    for key, value in given.items():
        match = _ROW.fullmatch(key)
        if match and match["field"] == name and int(match["number"]) <= ROWS:
            found.setdefault(int(match["number"]), {})[match["column"]] = value
    return {number: row for number, row in sorted(found.items()) if any(row.get(c) for c in telling)}


def _renumber(answer: Answer, numbered: Mapping[str, dict[int, Row]]) -> None:
    """A finding that is emptied moves the ones below it up; actions go on pointing at the finding they meant."""
    findings = [name_of(answer, f) for f in answer.fields if f.kind is FieldKind.FINDINGS]
    plans = [name_of(answer, f) for f in answer.fields if f.kind is FieldKind.PLAN]
    for finding in findings:
        now = {str(was): str(number) for number, was in enumerate(numbered[finding], start=1)}
        for row in (row for plan in plans for row in numbered[plan].values()):
            pointed = row.get("finding", "")
            if pointed.isdecimal() and pointed not in now and int(pointed) <= len(now):
                row["finding"] = ""  # the finding is gone; another one has its number now
            else:
                row["finding"] = now.get(pointed, pointed)


def typed_from(document: Mapping[str, Any], attempt: str = "") -> Typed:
    """Return the draft's form filled with an earlier version, so that a returned review is edited, not typed again."""
    (answer,) = QUESTIONS["draft"].answers
    whole = in_rows(document)
    named = {name_of(answer, f): (f, whole.get(f.name)) for f in answer.fields}
    return Typed(
        answer=answer.value,
        attempt=attempt,
        values={name: str(part or "") for name, (f, part) in named.items() if f.kind not in COLUMNS},
        rows={name: _typed_rows(part) for name, (f, part) in named.items() if f.kind in COLUMNS},
    )


def _typed_rows(part: Any) -> list[Row]:
    rows = part if isinstance(part, list) else []
    return [{column: plain(value) for column, value in row.items()} for row in rows if isinstance(row, Mapping)]


def rows_to_show(described: Field, rows: Sequence[Row], page: Mapping[str, Any], *, more: bool) -> list[Row]:
    """Return the rows of a field as the page shows them: what was typed, and room for more; or those that it gives."""
    if described.kind in GIVEN_ROWS:
        key = GIVEN_ROWS[described.kind].key
        typed = {row.get(key): row for row in rows}
        return [dict(typed.get(given, {key: given})) for given in _given(described, page)]
    blanks = 1 if more or not rows else 0
    return [*(dict(row) for row in rows), *({} for _ in range(blanks))]


def shown_above(described: Field, row: Row, page: Mapping[str, Any]) -> Above | None:
    """Return what stands above a row that the page gives; none for a row that people add."""
    if described.kind not in GIVEN_ROWS:
        return None
    given = _given(described, page).get(row.get(GIVEN_ROWS[described.kind].key, ""), {})
    quote = str(given.get("comment") or given.get("passage") or "")
    ground = next((choice.label for choice in REDACTION_GROUNDS if choice.value == given.get("ground")), "")
    remark = str(given.get("note", ""))
    note = f"Ground: {ground}. {remark}" if ground else remark
    return Above(str(given.get("label", "")), quote, note)


def _given(described: Field, page: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The rows that the page gives, by the value of their hidden column."""
    given = GIVEN_ROWS[described.kind]
    return {str(row[given.key]): row for row in page.get(given.listed, ())}


def _clean(value: str) -> str:
    """Browsers send CR LF for a new line; the record keeps LF."""
    return value.replace("\r\n", "\n").strip()
