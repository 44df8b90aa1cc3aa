"""What somebody is about to answer, in words: the page on which it is checked before it is recorded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import HTMLResponse

from starter.dates import day
from starter.forms import Row, Typed, name_of, shown_above
from starter.team import member_of
from starter.views import Shown, column_label, page, said
from starter.welsh import Ours, plainly
from workflows.contract.columns import COLUMNS
from workflows.contract.questions import Answer, Choice, Field, FieldKind

CHECKED, CHANGE = "checked", "change"
"""What a form says that comes from this page: recorded as it stands, or back to be changed."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was typed or chosen: what it is, and how it reads."""

    label: str
    values: tuple[str, ...]


def check_page(shown: Shown, carried: Iterable[tuple[str, str]]) -> HTMLResponse:
    """Show the answer as it would be recorded, with everything typed along; nothing is recorded yet."""
    answer = shown.question.answer(shown.typed.answer)
    assert answer is not None  # noqa: S101  # it was checked before
    return page(
        "check.html",
        token=shown.token,
        gate=shown.gate,
        page=shown.gate.page,
        answer=answer,
        lines=list(lines_of(answer, shown.typed, shown.gate.page)),
        reasons=shown.typed.reasons,
        person=member_of(shown.team, shown.typed.person, shown.typed.person_name),
        csrf=shown.csrf,
        carried=list(carried),
    )


def lines_of(answer: Answer, typed: Typed, given: Mapping[str, Any]) -> Iterator[Line]:
    """Every field of the answer that holds something, in the order of the question's page."""
    for field in answer.fields:
        name = name_of(answer, field)
        if field.kind in COLUMNS:
            rows = typed.rows.get(name, ())
            values = tuple(_row(field, row, given) for row in rows)
        else:
            value = typed.values.get(name, "")
            values = (_said(value, _choices(field, given), field.kind),) if value else ()
        if values:
            yield Line(field.label, values)


def _choices(field: Field, given: Mapping[str, Any]) -> Sequence[Choice]:
    return _offered(given, field.name) if field.kind in (FieldKind.PERSON, FieldKind.OPTION) else field.choices


def _offered(given: Mapping[str, Any], name: str) -> Sequence[Choice]:
    return [Choice(str(one["value"]), str(one["label"])) for one in given.get("options", {}).get(name, ())]


def _row(field: Field, row: Row, given: Mapping[str, Any]) -> str:
    """A row as lines of its labelled columns, under what it is about where the page gave it."""
    above = shown_above(field, row, given)
    lines = [above.label] if above and above.label else []
    for column in COLUMNS[field.kind]:
        if column.kind != "hidden" and (value := row.get(column.name)):
            choices = _offered(given, field.name) if column.choices is None else column.choices
            said_ = _said(value, choices, column.kind)
            lines.append(
                f"{column_label(plainly(column.label))}: {plainly(said_) if isinstance(said_, Ours) else said_}"
            )
    return "\n".join(lines)


def _said(value: str, choices: Sequence[Choice], kind: str) -> Any:
    """A value as this page's reader reads it: a date in the language of the page, a choice as words of ours."""
    try:
        return day(value) if kind == "date" else said(value, choices)
    except ValueError:
        return value
