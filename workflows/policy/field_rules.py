"""What may stand in a field: single values and rows. `answers.py` says what the page adds."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workflows.contract.columns import COLUMNS, GIVEN_ROWS, GivenRows
from workflows.contract.questions import (
    CONTACTS,
    FINDING_KINDS,
    LEVELS,
    REDACTION_GROUNDS,
    THEMES,
    YES_NO,
    Choice,
    Field,
    FieldKind,
)

from .value_rules import Found, date_problems, email_problems, one_of_problems, text_problems, time_problems

SHORT_TEXT, ROW_TEXT, LONG_TEXT, ROWS = 200, 2_000, 50_000, 100

Page = Mapping[str, Any]


def field_problems(field: Field, value: Any, page: Page) -> Found:
    """Name what is wrong with a field's value, each with its place inside the field; nothing: it is right."""
    if value is None or value == [] or (isinstance(value, str) and not value.strip()):
        if field.required:
            yield "", f"{field.label}: {_REMEDIES.get(field.kind, 'enter it')}"
    elif field.kind in COLUMNS:
        yield from _rows(field, value, page)
    elif not isinstance(value, str):
        yield "", f"{field.label}: give one value"
    else:
        yield from _single(field, value, page)


def plain(value: str | int | bool) -> str:
    """Write one value of a row as a page would have sent it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).strip()


def _single(field: Field, value: str, page: Page) -> Found:
    match field.kind:
        case FieldKind.DATE:
            not_after = page.get("today") if field.is_past else None
            yield from date_problems(field.label, value, page.get("not_before"), not_after)
        case FieldKind.CHOICE:
            yield from one_of_problems(field.label, value, _values(field.choices))
        case FieldKind.PERSON | FieldKind.OPTION:
            yield from one_of_problems(field.label, value, _offered(page, field))
        case FieldKind.EMAIL:
            yield from email_problems(field.label, value)
        case _:
            yield from text_problems(field.label, value, _LONGEST[field.kind])


def _offered(page: Page, field: Field) -> list[str]:
    return [str(option["value"]) for option in page.get("options", {}).get(field.name, [])]


def _values(choices: Sequence[Choice]) -> list[str]:
    return [choice.value for choice in choices]


# --- Fields of several rows -------------------------------------------------------------------------


def _rows(field: Field, value: Any, page: Page) -> Found:
    if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
        yield "", f"{field.label}: give a list of rows"
        return
    most = _MOST_ROWS.get(field.kind, ROWS)
    if len(value) > most:
        yield "", f"{field.label}: give at most {most} rows"
    for number, row in enumerate(value[:most], start=1):
        for column, message in _row(field, row, page):
            yield f"-{number}-{column}", f"{field.label}, row {number}: {message}"
    if field.kind in GIVEN_ROWS:
        yield from _each_once(field, value, GIVEN_ROWS[field.kind], page)


def _row(field: Field, row: Mapping[str, Any], page: Page) -> Found:
    columns = [column.name for column in COLUMNS[field.kind]]
    if set(row) - set(columns):
        yield columns[0], f"there are no other columns than {', '.join(columns)}"
    wrong = [column for column in columns if not isinstance(row.get(column, ""), str | int | bool)]
    if wrong:
        yield wrong[0], "give one value"
    else:
        values = {column: plain(row.get(column, "")) for column in columns}
        if field.kind in GIVEN_ROWS:
            given = GIVEN_ROWS[field.kind]
            yield from _at(given.key, one_of_problems(given.key, values[given.key], _keys(given, page)))
        yield from _ROW_RULES[field.kind](values, _offered(page, field), page)


def _keys(given: GivenRows, page: Page) -> list[str]:
    return [str(row[given.key]) for row in page.get(given.listed, ())]


def _each_once(field: Field, rows: Sequence[Mapping[str, Any]], given: GivenRows, page: Page) -> Found:
    """Rows that the page gives are each answered once; what is wrong with one row is named there."""
    answered = Counter(plain(row[given.key]) for row in rows if isinstance(row.get(given.key), str | int))
    missing = [key for key in _keys(given, page) if answered[key] != 1]
    if missing:
        yield "", f"{field.label}: {_REMEDIES[field.kind]} once; look at {', '.join(missing)}"


def _action(row: Mapping[str, str], owners: list[str], page: Page) -> Found:
    yield from _words("what", row, "what is to be done")
    if owners:
        yield from _at("owner", one_of_problems("owner", row["owner"], owners))
    else:
        yield from _at("owner", email_problems("owner", row["owner"]))
    yield from _at("due_on", date_problems("date", row["due_on"], page.get("not_before")))


def _planned(row: Mapping[str, str], owners: list[str], page: Page) -> Found:
    """An action of the plan; whether its finding exists depends on the other rows: document.py."""
    if not row["finding"]:
        yield "finding", "enter the number of the finding that it answers"
    yield from _at("finding", text_problems("number of the finding", row["finding"], SHORT_TEXT))
    yield from _action(row, owners, page)
    yield from _words("improvement", row, "the improvement that is expected")  # Rule: facts.md 4.2


def _source(row: Mapping[str, str], _offered: list[str], _page: Page) -> Found:
    yield from _words("what", row, "the source")


def _event(row: Mapping[str, str], _offered: list[str], page: Page) -> Found:
    # A life sentence may have begun in the last century.
    yield from _at("on", date_problems("date", row["on"], None, page.get("today"), first_year=1900))
    yield from _words("what", row, "what happened")
    yield from _at("source", text_problems("source", row["source"], SHORT_TEXT))


def _finding(row: Mapping[str, str], _offered: list[str], _page: Page) -> Found:
    yield from _at("kind", one_of_problems("kind", row["kind"], _values(FINDING_KINDS)))
    yield from _words("text", row, "the finding")
    is_deficiency = row["kind"] == "deficiency"  # Rule: facts.md 4.2, 6.6: it has its reasons, its level, its theme
    if is_deficiency or row["level"]:
        yield from _at("level", one_of_problems("level", row["level"], _values(LEVELS)))
    if is_deficiency or row["theme"]:
        yield from _at("theme", one_of_problems("what it concerns", row["theme"], _values(THEMES)))
    if is_deficiency and not row["reasons"]:
        yield "reasons", "enter the reasons for the deficiency"
    yield from _at("reasons", text_problems("reasons", row["reasons"], ROW_TEXT))


def _time(row: Mapping[str, str], _offered: list[str], page: Page) -> Found:
    # Rule: Annex J, time to prepare: the page's earliest date is the end of the preparation period.
    yield from _at("on", date_problems("date", row["on"], page.get("not_before")))
    yield from _at("at", time_problems("time", row["at"]))
    yield from _words("place", row, "the place, or how to join", SHORT_TEXT)


def _comment(row: Mapping[str, str], paragraphs: list[str], _page: Page) -> Found:
    yield from _at("paragraph", one_of_problems("paragraph", row["paragraph"], paragraphs))
    yield from _words("comment", row, "the comment")


def _comment_answer(row: Mapping[str, str], _offered: list[str], _page: Page) -> Found:
    yield from _at("accepted", one_of_problems("decision", row["accepted"], _values(YES_NO)))
    if row["accepted"] == "no" and not row["answer"]:
        yield "answer", "enter why the comment is not accepted"
    yield from _at("answer", text_problems("answer", row["answer"], ROW_TEXT))


def _contact(row: Mapping[str, str], _offered: list[str], page: Page) -> Found:
    yield from _at("contact", one_of_problems("what was done", row["contact"], _values(CONTACTS)))
    yield from _at("on_date", date_problems("date", row["on_date"], None, page.get("today")))
    offered = row["outside_offered"]
    yield from _at("outside_offered", one_of_problems("support outside of the line", offered, _values(YES_NO)))


def _redaction(row: Mapping[str, str], places: list[str], _page: Page) -> Found:
    yield from _at("place", one_of_problems("part", row["place"], places))
    yield from _words("passage", row, "the passage, word for word")
    yield from _at("ground", one_of_problems("ground", row["ground"], _values(REDACTION_GROUNDS)))
    yield from _words("note", row, "why it is necessary and proportionate")


def _redaction_decision(row: Mapping[str, str], _offered: list[str], _page: Page) -> Found:
    yield from _at("accepted", one_of_problems("decision", row["accepted"], _values(YES_NO)))


def _leak_decision(row: Mapping[str, str], _offered: list[str], _page: Page) -> Found:
    yield from _at("harmless", one_of_problems("decision", row["harmless"], _values(YES_NO)))
    if row["harmless"] == "yes":
        yield from _words("why", row, "why it gives nothing away")


def _words(column: str, row: Mapping[str, str], what: str, longest: int = ROW_TEXT) -> Found:
    if not row[column]:
        yield column, f"enter {what}"
    yield from _at(column, text_problems(what, row[column], longest))


def _at(column: str, found: Found) -> Found:
    return ((column, message) for _, message in found)


_Rule = Callable[[Mapping[str, str], list[str], Page], Found]
_ROW_RULES: dict[FieldKind, _Rule] = {
    FieldKind.ACTIONS: _action,
    FieldKind.SOURCES: _source,
    FieldKind.CHRONOLOGY: _event,
    FieldKind.FINDINGS: _finding,
    FieldKind.PLAN: _planned,
    FieldKind.TIMES: _time,
    FieldKind.COMMENTS: _comment,
    FieldKind.COMMENT_ANSWERS: _comment_answer,
    FieldKind.CONTACTS: _contact,
    FieldKind.REDACTIONS: _redaction,
    FieldKind.REDACTION_DECISIONS: _redaction_decision,
    FieldKind.LEAK_DECISIONS: _leak_decision,
}
_MOST_ROWS = {FieldKind.TIMES: 3}
_LONGEST = {FieldKind.TEXT: SHORT_TEXT, FieldKind.LONG_TEXT: LONG_TEXT}
_REMEDIES = {
    FieldKind.DATE: "enter a date",
    FieldKind.CHOICE: "select one",
    FieldKind.PERSON: "choose a person",
    FieldKind.OPTION: "choose one",
    FieldKind.EMAIL: "enter an email address",
    FieldKind.ACTIONS: "enter at least one action",
    FieldKind.SOURCES: "enter at least one source",
    FieldKind.CHRONOLOGY: "enter at least one event",
    FieldKind.FINDINGS: "enter at least one finding",
    FieldKind.PLAN: "enter at least one action",
    FieldKind.TIMES: "enter one to three times",
    FieldKind.COMMENTS: "enter at least one comment",
    FieldKind.COMMENT_ANSWERS: "answer each comment",
    FieldKind.CONTACTS: "say for each member of staff what was done",
    FieldKind.REDACTIONS: "enter at least one passage",
    FieldKind.REDACTION_DECISIONS: "decide each passage",
    FieldKind.LEAK_DECISIONS: "decide each",
}
