"""Answers to any question of the service: each answer that it has, with fields that its page takes, and their order."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from starter.script import FIRST, TODAY, USUAL, Ahead, Each, Line
from workflows.contract.choices import CONTACTS
from workflows.contract.columns import GIVEN_ROWS
from workflows.contract.question import Answer, Field, FieldKind
from workflows.contract.questions import QUESTIONS

REASONS = "Invented reason."
# What no field of its own can be made up for: a review as it is usually written, rows as a page gives them.
_ROWS = {
    FieldKind.ACTIONS: [{"what": "Invented action.", "owner": FIRST, "due_on": Ahead(20)}],
    FieldKind.REDACTIONS: USUAL["redactions"].fields["redactions"],
    FieldKind.REDACTION_DECISIONS: Each({"accepted": "yes"}),
    FieldKind.COMMENTS: [{"paragraph": FIRST, "comment": "Invented comment."}],
    FieldKind.COMMENT_ANSWERS: Each({"accepted": "yes"}),
    FieldKind.CONTACTS: Each({"contact": "made", "on_date": TODAY, "outside_offered": "yes"}),
    FieldKind.LEAK_DECISIONS: Each({"harmless": "yes", "why": REASONS}),
    FieldKind.TIMES: [{"on": Ahead(10), "at": "10:30", "place": "Invented House"}],
}
_PLAIN = {
    FieldKind.TEXT: "Invented words",
    FieldKind.LONG_TEXT: "Invented words.",
    FieldKind.EMAIL: "invented.person@elsewhere.example.test",
}


@dataclass(frozen=True)
class Given:
    """One answer as it is typed."""

    answer: str
    fields: dict[str, Any]
    reasons: str | None


def usual(row: dict[str, Any], today: date) -> Given:
    """What people usually answer to this question; the first answer of one that the usual ones leave out."""
    line = USUAL.get(row["question"]) or Line(QUESTIONS[row["question"]].answers[0].value, {}, REASONS)
    answer = QUESTIONS[row["question"]].answer(line.answer)
    assert answer is not None
    return Given(line.answer, _filled(row, answer, line, today, 0), line.reasons or REASONS)


def possible(row: dict[str, Any], which: int, today: date) -> Given:
    """One of the answers that this question has, and one of the values of each of its choices, by number."""
    question = QUESTIONS[row["question"]]
    answer = question.answers[which % len(question.answers)]
    line = USUAL.get(row["question"])
    like = line if line and line.answer == answer.value else Line(answer.value)
    return Given(answer.value, _filled(row, answer, like, today, which), REASONS)


def _filled(row: dict[str, Any], answer: Answer, like: Line, today: date, which: int) -> dict[str, Any]:
    found = {field.name: _value(row, field, like, today, which) for field in answer.fields}
    return {name: value for name, value in found.items() if value is not None}


def _value(row: dict[str, Any], field: Field, like: Line, today: date, which: int) -> Any:
    if field.kind is FieldKind.CHOICE and which:
        return field.choices[which % len(field.choices)].value
    if field.kind is FieldKind.CONTACTS and which:
        contact = CONTACTS[which % len(CONTACTS)].value
        return _typed(row, field, Each({"contact": contact, "on_date": TODAY, "outside_offered": "yes"}), today)
    if field.name in like.fields:
        return _typed(row, field, like.fields[field.name], today)
    if not field.required and field.kind not in (FieldKind.LONG_TEXT, FieldKind.TEXT):
        return None
    return _made_up(row, field, today, which)


def _made_up(row: dict[str, Any], field: Field, today: date, which: int) -> Any:
    match field.kind:
        case FieldKind.DATE:
            return (today if field.is_past else _later(row, today)).isoformat()
        case FieldKind.CHOICE:
            return field.choices[0].value
        case FieldKind.PERSON | FieldKind.OPTION:
            offered = list(_offered(row, field))
            return offered[which % len(offered)] if offered else ""
        case kind if kind in _PLAIN:
            return _PLAIN[kind]
        case kind:
            return _typed(row, field, _ROWS.get(kind, []), today)


def _later(row: dict[str, Any], today: date) -> date:
    """A date ahead; where a date was asked for, that one."""
    subject = str(row["subject"] or "")
    return date.fromisoformat(subject) if row["question"] == "extension" and subject else today + timedelta(days=30)


def _offered(row: dict[str, Any], field: Field) -> Iterator[str]:
    for option in row["page"].get("options", {}).get(field.name, ()):
        yield option["value"]


def _typed(row: dict[str, Any], field: Field, value: Any, today: date) -> Any:
    if isinstance(value, list):
        return [{name: _typed(row, field, one, today) for name, one in item.items()} for item in value]
    if isinstance(value, Each):
        given = GIVEN_ROWS[field.kind]
        filled = {name: _typed(row, field, one, today) for name, one in value.columns.items()}
        return [{given.key: str(shown[given.key]), **filled} for shown in row["page"].get(given.listed, ())]
    if value == FIRST:
        return next(_offered(row, field), "")
    if isinstance(value, Ahead):
        value = today + timedelta(days=value.days)
    value = today if value == TODAY else value
    return value.isoformat() if isinstance(value, date) else value
