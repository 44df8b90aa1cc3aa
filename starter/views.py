"""Pages: the templates, what they are given, and how dates and roles read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

from starter.forms import COLUMNS, Column, Typed, name_of, rows_to_show
from starter.record import Decided, Gate
from workflows.contract.questions import QUESTIONS, Choice, Question
from workflows.contract.vocabulary import Rung
from workflows.policy.answers import Problem
from workflows.policy.due import LONDON

PAGES = Path(__file__).parent / "pages"

_ROLES = {"spoc": "the regional single point of contact", "sfo_team": "the regional SFO Team"}
_RUNGS = {Rung.ASKED: "", Rung.DEPUTY: ", by the deputy"}
# Sections of a review stand in the order and carry the words of the question that they were typed under.
_SECTIONS = {f.name: f for a in QUESTIONS["draft"].answers for f in a.fields}


class Turned(Exception):  # noqa: N818  # somebody is turned away, which is no error of ours
    """The request ends here with a plain page; `again` offers to send a code."""

    def __init__(self, status: int, title: str, *words: str, again: bool = False) -> None:
        super().__init__(title)
        self.status, self.title, self.words, self.again = status, title, words, again


@dataclass(frozen=True, slots=True)
class Shown:
    """What the question page shows of a visit."""

    token: str
    gate: Gate
    question: Question
    csrf: str
    typed: Typed
    problems: Sequence[Problem] = field(default_factory=tuple)


def in_words(on: date | str) -> str:
    """Write a date as people do, 12 March 2027."""
    day = date.fromisoformat(on) if isinstance(on, str) else on
    return f"{day.day} {day:%B %Y}"


def moment(at: datetime) -> str:
    """Write a moment in London time, 12 March 2027 at 2:05pm."""
    local = at.astimezone(LONDON)
    return f"{in_words(local.date())} at {local.hour % 12 or 12}:{local:%M}{'am' if local.hour < 12 else 'pm'}"


def role(name: str) -> str:
    """Write a role as people do, the Head of PDU."""
    return _ROLES.get(name, f"the {name.replace('_', ' ')}").replace("head of pdu", "Head of PDU")


def by_whom(gate: Gate, decided: Decided) -> str:
    """Say which role decided, never who: the Head of PDU, by the deputy."""
    if decided.by_email is None:
        return f"operations, on behalf of {role(gate.role)}"
    return role(gate.role) + _RUNGS.get(Rung(decided.by_rung), f", by {role(decided.by_rung)}")


def sections(document: Any) -> list[tuple[str, Any]]:
    """Split a document into headed parts, in the order of the review's question; the record keeps none."""
    if not isinstance(document, Mapping):
        return [("", document)] if document else []
    names = sorted(document, key=[*_SECTIONS, *document].index)
    return [_section(name, document[name]) for name in names if document[name]]


def _section(name: str, part: Any) -> tuple[str, Any]:
    described = _SECTIONS.get(name)
    if described is None:
        return _heading(name), part
    if described.kind not in COLUMNS:
        return described.label, _said(part, described.choices)
    return described.label, [_row(COLUMNS[described.kind], row) if isinstance(row, Mapping) else row for row in part]


def _row(columns: Sequence[Column], row: Mapping[str, Any]) -> dict[str, Any]:
    known = {c.name: _said(row[c.name], c.choices or (), c.kind) for c in columns if c.name in row}
    return known | {name: value for name, value in row.items() if name not in known}


def _said(value: Any, choices: Sequence[Choice], kind: str = "") -> Any:
    """Write a value as people read it; what is not of its kind stays as it stands."""
    if kind == "date":
        try:
            return in_words(value)
        except (TypeError, ValueError):
            return value
    return next((choice.label for choice in choices if choice.value == value), value)


def _heading(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(PAGES),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"in_words": in_words, "moment": moment, "role": role, "heading": _heading}
    environment.globals |= {"sections": sections, "columns": COLUMNS, "name_of": name_of, "rows_to_show": rows_to_show}
    return environment


_ENVIRONMENT = _environment()


def page(template: str, status: int = 200, **given: Any) -> HTMLResponse:
    """Render one of our pages."""
    return HTMLResponse(_ENVIRONMENT.get_template(template).render(**given), status)


def question_page(shown: Shown, status: int = 200) -> HTMLResponse:
    """Render the page on which a question is answered, with everything typed and what is wrong with it."""
    chosen = shown.question.answer(shown.typed.answer)
    errors = {_input(chosen.value if chosen else "", p.field): p.message for p in shown.problems}
    return page(
        "question.html",
        status,
        token=shown.token,
        gate=shown.gate,
        question=shown.question,
        page=shown.gate.page,
        csrf=shown.csrf,
        typed=shown.typed,
        errors=errors,
        needing_reasons=[a.label for a in shown.question.answers if a.reasons_required],
    )


def _input(answer: str, place: str) -> str:
    """Name the input that a problem is about: fields carry their answer's value in front."""
    return place if place in ("answer", "reasons") else f"{answer}.{place}"


def turned_page(turned: Turned, token: str = "") -> HTMLResponse:
    """Render a plain page that says why it ends here and what to do instead."""
    return page("notice.html", turned.status, title=turned.title, words=turned.words, again=turned.again, token=token)
