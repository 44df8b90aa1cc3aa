"""What a person reads when one field is wrong: each message whole, with its place inside the field."""

from typing import Any

import pytest

from workflows.contract.columns import COLUMNS
from workflows.contract.question import Choice, Field, FieldKind
from workflows.policy.field_rules import ROW_TEXT, SHORT_TEXT, field_problems, plain

DATE = "enter a real date, year-month-day, such as 2026-11-30"
MAIL = "enter an email address, such as first.last@example.test"
CLOCK = "enter a time of the 24-hour clock, such as 14:30"
SIGNS = "take out the control characters; they often come with pasted text"
YES_NO = "choose one of those offered (yes, no)"
ACTION = {"what": "Meet", "owner": "s1", "due_on": "2027-06-30"}
PLANNED = {**ACTION, "finding": "1", "improvement": "None waits"}
EVENT = {"on": "2026-02-02", "what": "Seen", "source": "Records"}
FINDING = {"kind": "deficiency", "level": "team", "theme": "handover", "text": "Late", "reasons": "Vacancies"}
TIME = {"on": "2027-06-30", "at": "14:30", "place": "Room 1"}
COMMENT = {"paragraph": "analysis-1", "comment": "A day later"}
ANSWERED = {"number": "1", "accepted": "no", "answer": "Records"}
CONTACT = {"member": "s1", "contact": "made", "on_date": "2027-06-30", "outside_offered": "yes"}
REDACTION = {"place": "analysis-1", "passage": "aunt", "occurrence": "", "ground": "personal_data", "note": "Invented"}
DECIDED = {"number": "1", "accepted": "yes"}
LEFT = {"key": "a1", "harmless": "yes", "why": "An ordinary word"}
RIGHT: dict[FieldKind, dict[str, str]] = {
    FieldKind.ACTIONS: ACTION,
    FieldKind.SOURCES: {"what": "Records"},
    FieldKind.CHRONOLOGY: EVENT,
    FieldKind.FINDINGS: FINDING,
    FieldKind.PLAN: PLANNED,
    FieldKind.TIMES: TIME,
    FieldKind.COMMENTS: COMMENT,
    FieldKind.COMMENT_ANSWERS: ANSWERED,
    FieldKind.CONTACTS: CONTACT,
    FieldKind.REDACTIONS: REDACTION,
    FieldKind.REDACTION_DECISIONS: DECIDED,
    FieldKind.LEAK_DECISIONS: LEFT,
}
OFFERED = {
    FieldKind.ACTIONS: "s1",
    FieldKind.PLAN: "s1",
    FieldKind.COMMENTS: "analysis-1",
    FieldKind.REDACTIONS: "analysis-1",
}


def page(kind: FieldKind, **more: Any) -> dict[str, Any]:
    """What the page of a gate with this field knows: who or what is offered, and the rows that it gives."""
    options = {"options": {"given": [{"value": OFFERED[kind], "label": "-"}]}} if kind in OFFERED else {}
    one = [{"number": 1}]
    return {
        **options,
        "redactions": one,
        "comments": one,
        "contacts": [{"member": "s1"}],
        "leaks": [{"key": "a1"}],
        **more,
    }


def told(kind: FieldKind, value: Any, known: Any = None, **field: Any) -> list[tuple[str, str]]:
    return list(field_problems(Field("given", "Invented", kind, **field), value, known or page(kind)))


# --- Nothing given ----------------------------------------------------------------------------------


@pytest.mark.parametrize("nothing", [None, "", " \n", []])
@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        (FieldKind.DATE, "enter a date"),
        (FieldKind.CHOICE, "select one"),
        (FieldKind.PERSON, "choose a person"),
        (FieldKind.TEXT, "enter it"),
        (FieldKind.LONG_TEXT, "enter it"),
        (FieldKind.EMAIL, "enter an email address"),
        (FieldKind.OPTION, "choose one"),
        (FieldKind.TIMES, "enter one to three times"),
        (FieldKind.ACTIONS, "enter at least one action"),
        (FieldKind.SOURCES, "enter at least one source"),
        (FieldKind.CHRONOLOGY, "enter at least one event"),
        (FieldKind.FINDINGS, "enter at least one finding"),
        (FieldKind.PLAN, "enter at least one action"),
        (FieldKind.COMMENTS, "enter at least one comment"),
        (FieldKind.COMMENT_ANSWERS, "answer each comment"),
        (FieldKind.CONTACTS, "say for each member of staff what was done"),
        (FieldKind.REDACTIONS, "enter at least one passage"),
        (FieldKind.REDACTION_DECISIONS, "decide each passage"),
        (FieldKind.LEAK_DECISIONS, "decide each"),
    ],
)
def test_a_field_that_is_needed_and_empty_says_what_to_do(kind: FieldKind, remedy: str, nothing: Any) -> None:
    assert told(kind, nothing) == [("", f"Invented: {remedy}")]
    assert told(kind, nothing, required=False) == []


# --- One value --------------------------------------------------------------------------------------


OPTIONS = {"options": {"given": [{"value": 1}, {"value": "n53.a"}], "other": [{"value": "2"}]}}
MANY = {"options": {"given": [{"value": str(number)} for number in range(1, 14)]}}
DOZEN = {"options": {"given": MANY["options"]["given"][:12]}}
TWELVE = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12"


@pytest.mark.parametrize(
    ("kind", "value", "known", "found"),
    [
        (FieldKind.DATE, "2027-06-30", {"not_before": "2027-06-30"}, None),
        (FieldKind.DATE, "30 June 2027", {}, DATE),
        (FieldKind.DATE, "2027-06-31", {}, DATE),
        (FieldKind.DATE, "2027-06-29", {"not_before": "2027-06-30"}, "enter a date that is not before 2027-06-30"),
        (FieldKind.DATE, "2027-06-30", {"today": "2027-06-29"}, None),
        (FieldKind.DATE, "2000-01-01", {}, None),
        (FieldKind.DATE, "2100-12-31", {}, None),
        (FieldKind.DATE, "1999-12-31", {}, "enter a year from 2000 to 2100"),
        (FieldKind.DATE, "2101-01-01", {}, "enter a year from 2000 to 2100"),
        (FieldKind.PERSON, "n53.a", OPTIONS, None),
        (FieldKind.OPTION, "1", OPTIONS, None),
        (FieldKind.PERSON, "2", OPTIONS, "choose one of those offered (1, n53.a)"),
        (FieldKind.OPTION, "2", OPTIONS, "choose one of those offered (1, n53.a)"),
        (FieldKind.PERSON, "n53.a", {"options": {}}, "choose one of those offered (nobody is)"),
        (FieldKind.PERSON, "n53.a", {"not_before": None}, "choose one of those offered (nobody is)"),
        (FieldKind.OPTION, "x", MANY, f"choose one of those offered ({TWELVE} and others)"),
        (FieldKind.OPTION, "x", DOZEN, f"choose one of those offered ({TWELVE})"),
        (FieldKind.OPTION, "13", MANY, None),
        (FieldKind.EMAIL, "a@example.test", {}, None),
        (FieldKind.EMAIL, f"{'a' * 64}@{'b' * 190}", {}, None),
        (FieldKind.EMAIL, f"{'a' * 65}@example.test", {}, MAIL),
        (FieldKind.EMAIL, "a b@example.test", {}, MAIL),
        (FieldKind.EMAIL, "a\x7f@example.test", {}, SIGNS),
        (FieldKind.TEXT, "x" * 200, {}, None),
        (FieldKind.TEXT, "x" * 201, {}, "shorten it to 200 characters; it has 201"),
        (FieldKind.LONG_TEXT, "x" * 50_000, {}, None),
        (FieldKind.LONG_TEXT, "x" * 50_001, {}, "shorten it to 50,000 characters; it has 50,001"),
        (FieldKind.TEXT, "tab\tand\nline", {}, None),
        (FieldKind.TEXT, "a\x1fb", {}, SIGNS),
        *((kind, 7, {}, "give one value") for kind in FieldKind if kind not in COLUMNS),
    ],
)
def test_one_value_is_told_what_it_may_be(
    kind: FieldKind, value: Any, known: dict[str, Any], found: str | None
) -> None:
    assert told(kind, value, known or {"-": 0}) == ([("", f"Invented: {found}")] if found else [])


def test_a_choice_is_told_those_that_stand_on_the_page() -> None:
    choices = (Choice("a", "First"), Choice("b", "Second"))
    assert told(FieldKind.CHOICE, "b", choices=choices) == []
    assert told(FieldKind.CHOICE, "c", choices=choices) == [("", "Invented: choose one of those offered (a, b)")]


def test_what_has_happened_is_told_what_day_it_is() -> None:
    known = {"today": "2027-06-29"}
    assert told(FieldKind.DATE, "2027-06-29", known, is_past=True) == []
    assert told(FieldKind.DATE, "2027-06-30", known, is_past=True) == [
        ("", "Invented: enter a date that is not in the future; today is 2027-06-29")
    ]


def test_an_address_that_is_none_and_too_long_is_told_both() -> None:
    assert told(FieldKind.EMAIL, "a" * 256) == [
        ("", f"Invented: {MAIL}"),
        ("", "Invented: shorten it to 255 characters; it has 256"),
    ]


@pytest.mark.parametrize(("value", "written"), [(True, "yes"), (False, "no"), (" a ", "a"), (7, "7")])
def test_a_value_of_a_row_is_written_as_a_page_sends_it(value: Any, written: str) -> None:
    assert plain(value) == written


# --- Rows -------------------------------------------------------------------------------------------


def test_a_right_row_of_each_kind_has_no_problem() -> None:
    assert set(RIGHT) == set(COLUMNS)
    assert {kind: told(kind, [row]) for kind, row in RIGHT.items() if told(kind, [row])} == {}


@pytest.mark.parametrize("kind", list(RIGHT))
def test_each_row_is_known_by_its_number_and_rows_have_their_columns_alone(kind: FieldKind) -> None:
    columns, right = [column.name for column in COLUMNS[kind]], [RIGHT[kind]]
    first, last = columns[0], columns[-1]
    for nothing in ("Records", {"what": "Records"}, ["Records"], [*right, None], 7, True):
        assert told(kind, nothing) == [("", "Invented: give a list of rows")]
    others = f"there are no other columns than {', '.join(columns)}"
    assert (f"-2-{first}", f"Invented, row 2: {others}") in told(kind, [*right, {**right[0], "more": "x"}])
    assert (f"-2-{last}", "Invented, row 2: give one value") in told(kind, [*right, {**right[0], last: ["x"]}])
    assert (f"-1-{first}", "Invented, row 1: give one value") in told(kind, [{**right[0], first: None, last: None}])


@pytest.mark.parametrize(("kind", "most"), [(FieldKind.TIMES, 3), (FieldKind.SOURCES, 100)])
def test_more_rows_than_there_may_be_are_told_how_many(kind: FieldKind, most: int) -> None:
    assert told(kind, [RIGHT[kind]] * most) == []
    beyond = [*([RIGHT[kind]] * most), dict.fromkeys(RIGHT[kind], "")]
    assert told(kind, beyond) == [("", f"Invented: give at most {most} rows")]


@pytest.mark.parametrize(
    ("kind", "given", "remedy"),
    [
        (FieldKind.REDACTION_DECISIONS, "redactions", "decide each passage once"),
        (FieldKind.COMMENT_ANSWERS, "comments", "answer each comment once"),
        (FieldKind.CONTACTS, "contacts", "say for each member of staff what was done once"),
        (FieldKind.LEAK_DECISIONS, "leaks", "decide each once"),
    ],
)
def test_rows_that_the_page_gives_are_each_answered_once(kind: FieldKind, given: str, remedy: str) -> None:
    (key,) = page(kind)[given][0]
    first = RIGHT[kind]
    known = {given: [{key: first[key]}, {key: "second"}, {key: "third"}]}
    second, third = {**first, key: "second"}, {**first, key: " third "}
    assert told(kind, [third, first, second], known) == []
    assert told(kind, [first], known) == [("", f"Invented: {remedy}; look at second, third")]
    assert told(kind, [first, second, second, third], known) == [("", f"Invented: {remedy}; look at second")]
    offered = f"choose one of those offered ({first[key]}, second, third)"
    assert told(kind, [first, second, third, {**first, key: "x"}], known) == [
        (f"-4-{key}", f"Invented, row 4: {key}: {offered}")
    ]
    without = {name: value for name, value in first.items() if name != key}
    assert told(kind, [second, third, without], known) == [
        (f"-3-{key}", f"Invented, row 3: {key}: {offered}"),
        ("", f"Invented: {remedy}; look at {first[key]}"),
    ]


LONG = "x" * (ROW_TEXT + 1)
SHORT = "x" * (SHORT_TEXT + 1)
TOO_LONG = "shorten it to 2,000 characters; it has 2,001"
TOO_LONG_FOR_ONE_LINE = "shorten it to 200 characters; it has 201"
LEVELS = "choose one of those offered (individual, team, organisational, mix)"
THEMES = (
    "choose one of those offered (risk_assessment, risk_management, information, safeguarding, contact, enforcement, "
    "advice, other_agencies, handover, records, supervision, workload and others)"
)
GROUNDS = "choose one of those offered (third_party_confidence, personal_data, third_party_not_public)"


@pytest.mark.parametrize("kind", [FieldKind.ACTIONS, FieldKind.PLAN])
@pytest.mark.parametrize(
    ("change", "column", "found"),
    [
        ({"what": " "}, "what", "enter what is to be done"),
        ({"what": LONG}, "what", f"what is to be done: {TOO_LONG}"),
        ({"owner": "s9"}, "owner", "owner: choose one of those offered (s1)"),
        ({"due_on": "soon"}, "due_on", f"date: {DATE}"),
        ({"due_on": "2026-12-31"}, "due_on", "date: enter a date that is not before 2027-01-01"),
    ],
)
def test_a_wrong_action_is_told_what_it_needs(kind: FieldKind, change: Any, column: str, found: str) -> None:
    known = page(kind, not_before="2027-01-01")
    assert told(kind, [{**RIGHT[kind], **change}], known) == [(f"-1-{column}", f"Invented, row 1: {found}")]


@pytest.mark.parametrize("kind", [FieldKind.ACTIONS, FieldKind.PLAN])
def test_where_no_owner_is_offered_an_address_is_asked_for(kind: FieldKind) -> None:
    assert told(kind, [RIGHT[kind]], {"options": {}}) == [("-1-owner", f"Invented, row 1: owner: {MAIL}")]
    assert told(kind, [{**RIGHT[kind], "owner": "owner@example.test"}], {"options": {}}) == []


@pytest.mark.parametrize(
    ("kind", "change", "column", "found"),
    [
        (FieldKind.PLAN, {"finding": ""}, "finding", "enter the number of the finding that it answers"),
        (FieldKind.PLAN, {"finding": SHORT}, "finding", f"number of the finding: {TOO_LONG_FOR_ONE_LINE}"),
        (FieldKind.PLAN, {"improvement": ""}, "improvement", "enter the improvement that is expected"),
        (FieldKind.PLAN, {"improvement": LONG}, "improvement", f"the improvement that is expected: {TOO_LONG}"),
        (FieldKind.SOURCES, {"what": ""}, "what", "enter the source"),
        (FieldKind.SOURCES, {"what": LONG}, "what", f"the source: {TOO_LONG}"),
        (FieldKind.CHRONOLOGY, {"on": ""}, "on", f"date: {DATE}"),
        (FieldKind.CHRONOLOGY, {"on": "1899-12-31"}, "on", "date: enter a year from 1900 to 2100"),
        (
            FieldKind.CHRONOLOGY,
            {"on": "2027-07-01"},
            "on",
            "date: enter a date that is not in the future; today is 2027-06-30",
        ),
        (FieldKind.CHRONOLOGY, {"what": ""}, "what", "enter what happened"),
        (FieldKind.CHRONOLOGY, {"what": LONG}, "what", f"what happened: {TOO_LONG}"),
        (FieldKind.CHRONOLOGY, {"source": SHORT}, "source", f"source: {TOO_LONG_FOR_ONE_LINE}"),
        (FieldKind.FINDINGS, {"text": ""}, "text", "enter the finding"),
        (FieldKind.FINDINGS, {"text": LONG}, "text", f"the finding: {TOO_LONG}"),
        (FieldKind.FINDINGS, {"level": ""}, "level", f"level: {LEVELS}"),
        (FieldKind.FINDINGS, {"theme": "luck"}, "theme", f"what it concerns: {THEMES}"),
        (FieldKind.FINDINGS, {"reasons": ""}, "reasons", "enter the reasons for the deficiency"),
        (FieldKind.FINDINGS, {"reasons": LONG}, "reasons", f"reasons: {TOO_LONG}"),
        (FieldKind.FINDINGS, {"kind": ""}, "kind", "kind: choose one of those offered (strength, deficiency)"),
        (FieldKind.TIMES, {"on": "2027-06-29"}, "on", "date: enter a date that is not before 2027-06-30"),
        (FieldKind.TIMES, {"at": "2pm"}, "at", f"time: {CLOCK}"),
        (FieldKind.TIMES, {"place": ""}, "place", "enter the place, or how to join"),
        (FieldKind.TIMES, {"place": SHORT}, "place", f"the place, or how to join: {TOO_LONG_FOR_ONE_LINE}"),
        (FieldKind.COMMENTS, {"paragraph": "x"}, "paragraph", "paragraph: choose one of those offered (analysis-1)"),
        (FieldKind.COMMENTS, {"comment": ""}, "comment", "enter the comment"),
        (FieldKind.COMMENTS, {"comment": LONG}, "comment", f"the comment: {TOO_LONG}"),
        (FieldKind.COMMENT_ANSWERS, {"accepted": ""}, "accepted", f"decision: {YES_NO}"),
        (FieldKind.COMMENT_ANSWERS, {"answer": ""}, "answer", "enter why the comment is not accepted"),
        (FieldKind.COMMENT_ANSWERS, {"answer": LONG}, "answer", f"answer: {TOO_LONG}"),
        (
            FieldKind.CONTACTS,
            {"contact": "rung"},
            "contact",
            "what was done: choose one of those offered (made, not_wanted, not_possible)",
        ),
        (
            FieldKind.CONTACTS,
            {"on_date": "2027-07-01"},
            "on_date",
            "date: enter a date that is not in the future; today is 2027-06-30",
        ),
        (FieldKind.CONTACTS, {"outside_offered": ""}, "outside_offered", f"support outside of the line: {YES_NO}"),
        (FieldKind.REDACTIONS, {"place": "x"}, "place", "part: choose one of those offered (analysis-1)"),
        (FieldKind.REDACTIONS, {"passage": ""}, "passage", "enter the passage, word for word"),
        (FieldKind.REDACTIONS, {"passage": LONG}, "passage", f"the passage, word for word: {TOO_LONG}"),
        (FieldKind.REDACTIONS, {"ground": "shame"}, "ground", f"ground: {GROUNDS}"),
        (FieldKind.REDACTIONS, {"note": ""}, "note", "enter why it is necessary and proportionate"),
        (FieldKind.REDACTIONS, {"note": LONG}, "note", f"why it is necessary and proportionate: {TOO_LONG}"),
        (FieldKind.REDACTION_DECISIONS, {"accepted": ""}, "accepted", f"decision: {YES_NO}"),
        (FieldKind.LEAK_DECISIONS, {"harmless": ""}, "harmless", f"decision: {YES_NO}"),
        (FieldKind.LEAK_DECISIONS, {"why": ""}, "why", "enter why it gives nothing away"),
        (FieldKind.LEAK_DECISIONS, {"why": LONG}, "why", f"why it gives nothing away: {TOO_LONG}"),
    ],
)
def test_a_wrong_column_is_told_what_it_needs(kind: FieldKind, change: Any, column: str, found: str) -> None:
    known = page(kind, today="2027-06-30", not_before="2027-06-30")
    assert told(kind, [{**RIGHT[kind], **change}], known) == [(f"-1-{column}", f"Invented, row 1: {found}")]


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (FieldKind.CHRONOLOGY, {"on": "1900-01-01", "source": ""}),
        (FieldKind.CHRONOLOGY, {"on": "2027-06-30"}),
        (FieldKind.CONTACTS, {"on_date": "2027-06-30"}),
        (FieldKind.CONTACTS, {"on_date": "2027-06-29"}),
        (FieldKind.FINDINGS, {"kind": "strength", "level": "", "theme": "", "reasons": ""}),
        (FieldKind.TIMES, {"place": "x" * SHORT_TEXT}),
        (FieldKind.COMMENT_ANSWERS, {"accepted": "yes", "answer": ""}),
        (FieldKind.LEAK_DECISIONS, {"harmless": "no", "why": ""}),
        (FieldKind.SOURCES, {"what": "x" * ROW_TEXT}),
    ],
)
def test_what_need_not_stand_in_a_row_is_not_asked_for(kind: FieldKind, change: Any) -> None:
    known = page(kind, today="2027-06-30", not_before="2027-06-30")
    assert told(kind, [{**RIGHT[kind], **change}], known) == []


@pytest.mark.parametrize("column", ["level", "theme"])
def test_a_strength_that_says_where_it_was_says_it_rightly(column: str) -> None:
    found = {"level": f"level: {LEVELS}", "theme": f"what it concerns: {THEMES}"}[column]
    row = {**FINDING, "kind": "strength", "reasons": "", column: "luck"}
    assert told(FieldKind.FINDINGS, [row]) == [(f"-1-{column}", f"Invented, row 1: {found}")]


def test_rows_of_a_page_that_gives_none_are_told_that_nobody_is_offered() -> None:
    assert told(FieldKind.CONTACTS, [CONTACT], {"today": "2027-06-30"}) == [
        ("-1-member", "Invented, row 1: member: choose one of those offered (nobody is)")
    ]
