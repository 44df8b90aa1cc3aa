"""What may stand in a field: single values and rows. `answers.py` says what the page adds."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from workflows.contract.questions import LEVELS, REDACTION_GROUNDS, YES_NO, Choice, Field, FieldKind

SHORT_TEXT, ROW_TEXT, LONG_TEXT, ROWS = 200, 2_000, 50_000, 100

FINDING_KINDS = (Choice("strength", "Strength"), Choice("deficiency", "Deficiency"))

# PostgreSQL stores no NUL; the other control characters come from no keyboard and break letters and pages.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")  # fromisoformat alone would take week dates as well

# No date of a case lies outside; a slip of the keyboard must not move a deadline by centuries.
_YEARS = range(2000, 2101)

Page = Mapping[str, Any]
# A rule names the place inside its field ("", or "-2-owner" for a column of the second row) and the remedy.
Found = Iterator[tuple[str, str]]


def field_problems(field: Field, value: Any, page: Page) -> Found:
    """Name what is wrong with a field's value, each with its place inside the field; nothing: it is right."""
    if value is None or value == [] or (isinstance(value, str) and not value.strip()):
        if field.required:
            yield "", f"{field.label}: {_REMEDIES.get(field.kind, 'enter it')}"
    elif field.kind in _ROW_RULES:
        yield from _rows(field, value, page)
    elif not isinstance(value, str):
        yield "", f"{field.label}: give one value"
    else:
        yield from _single(field, value, page)


def _single(field: Field, value: str, page: Page) -> Found:
    match field.kind:
        case FieldKind.DATE:
            yield from _date(field.label, value, page.get("not_before"), page.get("today") if field.is_past else None)
        case FieldKind.CHOICE:
            yield from _one_of(field.label, value, [choice.value for choice in field.choices])
        case FieldKind.PERSON:
            yield from _one_of(field.label, value, _offered(page, field))
        case _:
            yield from text_problems(field.label, value, _LONGEST[field.kind])


def text_problems(label: str, value: str, longest: int) -> Found:
    """Name what is wrong with a text of at most `longest` characters."""
    if len(value) > longest:
        yield "", f"{label}: shorten it to {longest:,} characters; it has {len(value):,}"
    if _UNSTORABLE.search(value):
        yield "", f"{label}: take out the control characters; they often come with pasted text"


def _date(label: str, value: str, not_before: str | None, not_after: str | None = None) -> Found:
    try:
        given = date.fromisoformat(value) if _DATE.fullmatch(value) else None
    except ValueError:
        given = None
    if given is None:
        yield "", f"{label}: enter a real date, year-month-day, such as 2026-11-30"
    elif not_before and given < date.fromisoformat(not_before):
        yield "", f"{label}: enter a date that is not before {not_before}"
    elif not_after and given > date.fromisoformat(not_after):
        yield "", f"{label}: enter a date that is not in the future; today is {not_after}"
    elif given.year not in _YEARS:
        yield "", f"{label}: enter a year from {_YEARS[0]} to {_YEARS[-1]}"


def _one_of(label: str, value: str, allowed: list[str]) -> Found:
    if value not in allowed:
        yield "", f"{label}: choose one of those offered ({', '.join(allowed) or 'nobody is'})"


def _offered(page: Page, field: Field) -> list[str]:
    return [str(option["value"]) for option in page.get("options", {}).get(field.name, [])]


# --- Fields of several rows -------------------------------------------------------------------------


def _rows(field: Field, value: Any, page: Page) -> Found:
    if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
        yield "", f"{field.label}: give a list of rows"
        return
    if len(value) > ROWS:
        yield "", f"{field.label}: give at most {ROWS} rows"
    for number, row in enumerate(value[:ROWS], start=1):
        for column, message in _row(field, row, page):
            yield f"-{number}-{column}", f"{field.label}, row {number}: {message}"
    if field.kind is FieldKind.REDACTION_DECISIONS:
        yield from _each_once(field, value, _offered(page, field))


def _row(field: Field, row: Mapping[str, Any], page: Page) -> Found:
    columns, rule = _ROW_RULES[field.kind]
    if set(row) - set(columns):
        yield columns[0], f"there are no other columns than {', '.join(columns)}"
    wrong = [column for column in columns if not isinstance(row.get(column, ""), str | int | bool)]
    if wrong:
        yield wrong[0], "give one value"
    else:
        plain = {column: _plain(row.get(column, "")) for column in columns}
        yield from rule(plain, _offered(page, field), page)


def _plain(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).strip()


def _action(row: Mapping[str, str], owners: list[str], page: Page) -> Found:
    yield from _words("what", row, "what is to be done")
    if owners:
        yield from _at("owner", _one_of("owner", row["owner"], owners))
    elif not _EMAIL.fullmatch(row["owner"]):
        yield "owner", "enter the owner's email address"
    yield from _at("due_on", _date("date", row["due_on"], page.get("not_before")))


def _finding(row: Mapping[str, str], _offered: list[str], _page: Page) -> Found:
    yield from _at("kind", _one_of("kind", row["kind"], [choice.value for choice in FINDING_KINDS]))
    yield from _words("text", row, "the finding")
    is_deficiency = row["kind"] == "deficiency"  # Rule: facts.md 4.2: it has its reasons, at a level
    if is_deficiency or row["level"]:
        yield from _at("level", _one_of("level", row["level"], [choice.value for choice in LEVELS]))
    if is_deficiency and not row["reasons"]:
        yield "reasons", "enter the reasons for the deficiency"
    yield from _at("reasons", text_problems("reasons", row["reasons"], ROW_TEXT))


def _redaction(row: Mapping[str, str], _offered: list[str], _page: Page) -> Found:
    yield from _words("passage", row, "the passage, word for word")
    yield from _at("ground", _one_of("ground", row["ground"], [choice.value for choice in REDACTION_GROUNDS]))
    yield from _words("note", row, "why it is necessary and proportionate")


def _redaction_decision(row: Mapping[str, str], numbers: list[str], _page: Page) -> Found:
    yield from _at("number", _one_of("passage", row["number"], numbers))
    yield from _at("accepted", _one_of("decision", row["accepted"], [choice.value for choice in YES_NO]))


def _each_once(field: Field, rows: list[Mapping[str, Any]], numbers: list[str]) -> Found:
    given = [_plain(row.get("number", "")) for row in rows]
    missing = [number for number in numbers if given.count(number) != 1]
    if missing:
        yield "", f"{field.label}: decide each passage once; look at {', '.join(missing)}"


def _words(column: str, row: Mapping[str, str], what: str) -> Found:
    if not row[column]:
        yield column, f"enter {what}"
    yield from _at(column, text_problems(what, row[column], ROW_TEXT))


def _at(column: str, found: Found) -> Found:
    return ((column, message) for _, message in found)


_Rule = Callable[[Mapping[str, str], list[str], Page], Found]
_ROW_RULES: dict[FieldKind, tuple[tuple[str, ...], _Rule]] = {
    FieldKind.ACTIONS: (("what", "owner", "due_on"), _action),
    FieldKind.FINDINGS: (("kind", "level", "text", "reasons"), _finding),
    FieldKind.REDACTIONS: (("passage", "ground", "note"), _redaction),
    FieldKind.REDACTION_DECISIONS: (("number", "accepted"), _redaction_decision),
}
_LONGEST = {FieldKind.TEXT: SHORT_TEXT, FieldKind.LONG_TEXT: LONG_TEXT}
_REMEDIES = {
    FieldKind.DATE: "enter a date",
    FieldKind.CHOICE: "select one",
    FieldKind.PERSON: "choose a person",
    FieldKind.ACTIONS: "enter at least one action",
    FieldKind.FINDINGS: "enter at least one finding",
    FieldKind.REDACTIONS: "enter at least one passage",
    FieldKind.REDACTION_DECISIONS: "decide each passage",
}
