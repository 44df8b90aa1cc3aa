"""Pages: the templates, what they are given, and how dates and roles read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.responses import HTMLResponse

from starter import dates, welsh
from starter.components import components, counted, options, radios
from starter.forms import Typed, name_of, rows_to_show, shown_above
from starter.language import ENGLISH, language, only_english, other_language
from starter.record import Decided, Gate
from starter.rendition_files import LANGUAGE, NO_FILES, Files
from starter.team import PERSON, PERSON_NAME, Team, choices
from starter.welsh import Ours
from workflows.contract.columns import COLUMNS, GIVEN_ROWS, Column
from workflows.contract.questions import Choice, Question
from workflows.contract.vocabulary import Rung
from workflows.policy.answers import REASONS, Problem
from workflows.policy.document import PARTS, heading, in_rows, lines
from workflows.policy.due import LONDON

PAGES = Path(__file__).parent / "pages"
IN_WORD = ("draft", "facts", "answer_comments", "submit", "countersign", "quality")
"""Questions whose page hands out the review that it is about as a Word file."""

WITHIN = (
    *("acknowledge.html", "acknowledged.html", "case.html", "figures.html", "forecast.html", "letter.html"),
    *("mailbox.html", "national.html", "report_layout.html"),
    *("operations.html", "operations_code.html", "operations_in.html", "operations_now.html", "operations_other.html"),
    "subject_access.html",
)
"""Pages for use within the service, and what somebody is given who asks what is held; in English alone."""
VARY = "Accept-Language, Cookie"

_ROLES = {"spoc": "the regional single point of contact", "sfo_team": "the regional SFO Team"}


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
    remarks: Sequence[str] = ()
    files: Files = NO_FILES
    team: Team | None = None
    member: str | None = None


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
        return Ours("operations, on behalf of %(role)s", role=role(gate.role))
    match Rung(decided.by_rung):
        case Rung.ASKED:
            return role(gate.role)
        case Rung.DEPUTY:
            return Ours("%(role)s, by the deputy", role=role(gate.role))
        case rung:
            return Ours("%(role)s, by %(rung)s", role=role(gate.role), rung=role(rung))


def sections(document: Any) -> list[tuple[str, str, Any]]:
    """Split a document into parts, name, heading and content, in the order of the review's question."""
    if not isinstance(document, Mapping):
        return [("", "", document)] if document else []
    return [(name, heading(name), _part(name, part)) for name, part in in_rows(document).items() if part]


def labels(page: Mapping[str, Any]) -> dict[str, str]:
    """Return how each paragraph that can be commented on is called, by its key; empty where none can."""
    return {str(option["value"]): option["label"] for option in page.get("options", {}).get("comments", ())}


def answered_comments(page: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the comments on matters of fact that the reviewing manager has answered."""
    return [comment for comment in page.get("comments", ()) if comment.get("accepted") is not None]


def _part(name: str, part: Any) -> Any:
    described = PARTS.get(name)
    if described is None:
        return part
    if described.kind not in COLUMNS or not isinstance(part, list):
        return said(part, described.choices)
    return [_row(COLUMNS[described.kind], row) if isinstance(row, Mapping) else row for row in part]


def _row(columns: Sequence[Column], row: Mapping[str, Any]) -> dict[str, Any]:
    named = {c.name for c in columns}
    known = {column_label(c.label): said(row[c.name], c.choices or (), c.kind) for c in columns if c.name in row}
    return known | {_column(name): value for name, value in row.items() if name not in named}


def column_label(label: str) -> str:
    """A column's label without what only its author needs: `Reasons (needed for a deficiency)` is `Reasons`."""
    return label.partition(" (")[0]


def said(value: Any, choices: Sequence[Choice], kind: str = "") -> Any:
    """Write a value as people read it: a choice by its label, a date in words; anything else stays as it is."""
    if kind == "date":
        try:
            return in_words(value)
        except (TypeError, ValueError):
            return value
    return next((Ours(choice.label) for choice in choices if choice.value == value), value)


def _column(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _error_list(errors: Mapping[str, str]) -> list[dict[str, str]]:
    """What is wrong, each with the input that it is about."""
    return [{"text": message, "href": f"#{name}"} for name, message in errors.items()]


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(PAGES),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(welsh.gettext, welsh.ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters |= {
        "in_words": dates.day,
        "moment": dates.moment,
        "role": role,
        "heading": _column,
        "ours": welsh.ours,
        "told": welsh.told,
        "plainly": welsh.plainly,
        "english": welsh.english,
    }
    environment.globals |= {
        "in_word": IN_WORD,
        "sections": sections,
        "lines": lines,
        "labels": labels,
        "answered_comments": answered_comments,
        **components(),
        "counted": counted,
        "language": language,
        "other_language": other_language,
        "in_english": welsh.in_english,
        "not_before": dates.not_before,
        "radios": radios,
        "options": options,
        "error_list": _error_list,
        "columns": COLUMNS,
        "given_rows": GIVEN_ROWS,
        "name_of": name_of,
        "rows_to_show": rows_to_show,
        "shown_above": shown_above,
    }
    return environment


_ENVIRONMENT = _environment()


def page(template: str, status: int = 200, **given: Any) -> HTMLResponse:
    """Render one of our pages, in the language of the request unless it is for use within the service."""
    if template in WITHIN:
        with only_english():
            return _rendered(template, status, given)
    errors = {name: welsh.problem(message) for name, message in given.get("errors", {}).items()}
    return _rendered(template, status, {**given, "errors": errors}, {"Vary": VARY})


def _rendered(
    template: str, status: int, given: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    text = _ENVIRONMENT.get_template(template).render(**given)
    return HTMLResponse(text, status, {**(headers or {}), "Content-Language": language()})


def report(template: str, **given: Any) -> str:
    """Render a page that stands by itself as a file, for use within the service. It extends `report_layout.html`."""
    with only_english():
        return _ENVIRONMENT.get_template(template).render(**given)


def question_page(shown: Shown, status: int = 200) -> HTMLResponse:
    """Render the page on which a question is answered, with everything typed and what is wrong with it."""
    chosen = shown.question.answer(shown.typed.answer)
    errors = _errors(chosen.value if chosen else "", shown.problems)
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
        remarks=shown.remarks,
        files=shown.files,
        team=None if shown.team is None else choices(shown.team, shown.member),
        takes_translation=shown.question.key == LANGUAGE and bool(shown.gate.page.get("rendition")),
        needing_reasons=[a.label for a in shown.question.answers if a.reasons_required],
        longest_reasons=REASONS,
    )


def _errors(answer: str, problems: Sequence[Problem]) -> dict[str, str]:
    """What is wrong with each input; one text may hold several things that are."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        found.setdefault(_input(answer, problem.field), []).append(problem.message)
    return {name: _together([welsh.problem(one) for one in messages]) for name, messages in found.items()}


def _together(messages: Sequence[str]) -> str:
    return ". ".join(messages) if language() == ENGLISH else Markup(". ").join(messages)


def _input(answer: str, place: str) -> str:
    """Name the input that a problem is about: fields carry their answer's value in front."""
    return place if place in ("answer", "reasons", "paper", "translation", PERSON, PERSON_NAME) else f"{answer}.{place}"


def turned_page(turned: Turned, token: str = "") -> HTMLResponse:  # nosec B107  # no link, no token
    """Render a plain page that says why it ends here and what to do instead."""
    return page("notice.html", turned.status, title=turned.title, words=turned.words, again=turned.again, token=token)
