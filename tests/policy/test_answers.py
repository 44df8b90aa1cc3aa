"""Complete answers pass; everything missing or wrong is named with its field and the remedy."""

from typing import Any

import pytest

from workflows.contract.questions import QUESTIONS, FieldKind
from workflows.policy.answers import Problem, check_answer
from workflows.policy.field_rules import ROW_TEXT, ROWS, SHORT_TEXT

PAGE: dict[str, Any] = {"options": {}}
FINDING = {"kind": "deficiency", "level": "team", "text": "Late handover", "reasons": "Vacancies"}
ACTION = {"what": "Meet", "owner": "s1", "due_on": "2027-01-29"}
DRAFT = {
    "sources": "Records",
    "analysis": "Text",
    "findings": [FINDING],
    "judgement": "partly",
    "learning": "Text",
    "actions": [ACTION],
}
OWNERS = {"options": {"actions": [{"value": "s1", "label": "A"}, {"value": "n53.senior_lead", "label": "B"}]}}


def problems(
    question: str, answer: str, fields: Any = None, reasons: str | None = None, page: Any = None
) -> list[Problem]:
    return check_answer(QUESTIONS[question], answer, fields or {}, reasons, PAGE if page is None else page)


def places(*given: Any, **more: Any) -> list[str]:
    return [problem.field for problem in problems(*given, **more)]


def test_a_complete_answer_has_no_problem() -> None:
    assert problems("draft", "draft_ready", DRAFT, page=OWNERS) == []
    assert problems("offer", "later") == []


@pytest.mark.parametrize("answer", ["", "appeal", "Done"])
def test_an_answer_that_is_not_offered_is_named_with_those_that_are(answer: str) -> None:
    (problem,) = problems("action", answer, {"nonsense": 1})
    assert problem.field == "answer"
    assert "done" in problem.message


def test_every_required_field_and_the_reasons_are_asked_for_at_once() -> None:
    assert places("action", "done") == ["done_on", "reasons"]
    assert places("draft", "draft_ready") == list(DRAFT)
    assert places("action", "done", {"done_on": " "}, "\n ") == ["done_on", "reasons"]


def test_every_message_names_the_field_and_a_remedy() -> None:
    for question in QUESTIONS.values():
        for answer in question.answers:
            found = {p.field: p.message for p in check_answer(question, answer.value, {}, None, PAGE)}
            for field in answer.fields:
                assert not field.required or found[field.name].startswith(f"{field.label}: ")


@pytest.mark.parametrize(
    "given",
    [
        "5 May 2027",
        "2027-02-30",
        "2027-W05-1",
        "20270505",
        "2027-5-5",
        "\u0662\u0660\u0662\u0667-01-01",
        "2027-01-01T00:00",
    ],
)
def test_only_real_iso_dates_are_dates(given: str) -> None:
    (problem,) = problems("feedback", "received", {"received_on": given})
    assert problem.field == "received_on"
    assert given not in problem.message


def test_no_date_before_the_earliest_one() -> None:
    page = {"not_before": "2027-01-10"}
    assert places("interview", "held", {"held_on": "2027-01-09"}, page=page) == ["held_on"]
    assert places("interview", "held", {"held_on": "2027-01-10"}, page=page) == []


def test_choices_and_people_are_those_offered() -> None:
    people = [{"value": "n53.a", "label": "A"}, {"value": "n53.b", "label": "B"}]
    page = {"options": {"reviewer": people, "countersigner": people}}
    assert places("countersign", "signed", {"facts_satisfied": "no"}) == ["facts_satisfied"]
    right = {"reviewer": "n53.a", "countersigner": "n53.b"}
    assert places("commission", "appoint", right, page=page) == []
    assert places("commission", "appoint", {**right, "reviewer": "n53.z"}, page=page) == ["reviewer"]
    assert places("commission", "appoint", right, page={}) == ["reviewer", "countersigner"]


def test_the_author_cannot_countersign() -> None:
    people = [{"value": "n53.a", "label": "A"}]
    page = {"options": {"reviewer": people, "countersigner": people}}
    both = {"reviewer": "n53.a", "countersigner": "n53.a"}
    assert places("commission", "appoint", both, page=page) == ["countersigner"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"what": ""}, "actions-2-what"),
        ({"what": "x" * (ROW_TEXT + 1)}, "actions-2-what"),
        ({"owner": "s9"}, "actions-2-owner"),
        ({"due_on": "soon"}, "actions-2-due_on"),
        ({"extra": "x"}, "actions-2-what"),
        ({"owner": ["s1"]}, "actions-2-owner"),
    ],
)
def test_a_wrong_action_is_named_by_row_and_column(change: dict[str, Any], place: str) -> None:
    fields = {**DRAFT, "actions": [ACTION, {**ACTION, **change}]}
    assert places("draft", "draft_ready", fields, page=OWNERS) == [place]


def test_without_offered_owners_an_address_is_needed() -> None:
    assert places("draft", "draft_ready", DRAFT) == ["actions-1-owner"]
    fields = {**DRAFT, "actions": [{**ACTION, "owner": "owner@example.test"}]}
    assert places("draft", "draft_ready", fields) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"kind": "strength", "level": "", "reasons": ""}, []),
        ({"level": ""}, ["findings-1-level"]),
        ({"reasons": ""}, ["findings-1-reasons"]),
        ({"kind": "opinion"}, ["findings-1-kind"]),
        ({"text": " "}, ["findings-1-text"]),
        ({"kind": "strength", "level": "galactic"}, ["findings-1-level"]),
    ],
)
def test_a_deficiency_needs_its_reasons_at_a_level_and_a_strength_does_not(
    change: dict[str, Any], found: list[str]
) -> None:
    fields = {**DRAFT, "findings": [{**FINDING, **change}]}
    assert places("draft", "draft_ready", fields, page=OWNERS) == found


def test_a_redaction_needs_passage_ground_and_note() -> None:
    rows = [{"passage": "", "ground": "embarrassing", "note": ""}]
    assert places("redactions", "proposed", {"redactions": rows}) == [
        "redactions-1-passage",
        "redactions-1-ground",
        "redactions-1-note",
    ]


@pytest.mark.parametrize("yes", [True, "yes"])
@pytest.mark.parametrize("number", [1, "1"])
def test_each_passage_is_decided_once(yes: Any, number: Any) -> None:
    page = {"options": {"decisions": [{"value": "1", "label": "a"}, {"value": "2", "label": "b"}]}}
    first, second = {"number": number, "accepted": yes}, {"number": 2, "accepted": "no"}
    assert places("redaction_decision", "decided", {"decisions": [first, second]}, page=page) == []
    assert places("redaction_decision", "decided", {"decisions": [first]}, page=page) == ["decisions"]
    assert places("redaction_decision", "decided", {"decisions": [first, first, second]}, page=page) == ["decisions"]
    assert places("redaction_decision", "decided", {"decisions": [second, {"number": 1}]}, page=page) == [
        "decisions-2-accepted"
    ]


@pytest.mark.parametrize("value", ["text", {"what": "x"}, ["row"], [None], 7])
def test_rows_that_are_no_rows_are_refused(value: Any) -> None:
    assert places("draft", "draft_ready", {**DRAFT, "actions": value}, page=OWNERS) == ["actions"]


def test_too_many_rows_and_too_long_texts_are_refused() -> None:
    assert places("draft", "draft_ready", {**DRAFT, "actions": [ACTION] * (ROWS + 1)}, page=OWNERS) == ["actions"]
    assert places("draft", "draft_ready", {**DRAFT, "sources": "x" * 50_001}, page=OWNERS) == ["sources"]
    assert places("resolve", "stop", reasons="x" * 10_001) == ["reasons"]
    assert SHORT_TEXT < ROW_TEXT


@pytest.mark.parametrize("sign", ["\x00", "\x1b", "\ud800"])
def test_what_the_record_cannot_store_is_refused(sign: str) -> None:
    assert places("resolve", "stop", reasons=f"a{sign}b") == ["reasons"]
    assert places("draft", "draft_ready", {**DRAFT, "learning": sign + "x"}, page=OWNERS) == ["learning"]


def test_a_field_of_another_answer_is_refused() -> None:
    assert places("early_look", "no_action", {"referral": "no", "actions": [ACTION]}, "why") == ["actions"]
    assert places("offer", "accepted", {"b": 1, "a": 2}) == ["a", "b"]


@pytest.mark.parametrize("value", [7, True, ["2027-01-01"], {"on": "2027-01-01"}])
def test_a_single_field_takes_one_text(value: Any) -> None:
    assert places("feedback", "received", {"received_on": value}) == ["received_on"]


def test_every_kind_of_field_has_a_rule() -> None:
    for question in QUESTIONS.values():
        for answer in question.answers:
            for field in answer.fields:
                assert check_answer(question, answer.value, {field.name: object()}, "why", PAGE)
    assert {f.kind for q in QUESTIONS.values() for a in q.answers for f in a.fields} <= set(FieldKind)


def test_what_has_happened_cannot_lie_in_the_future_nor_in_another_century() -> None:
    question, page = QUESTIONS["notification"], {"today": "2026-11-23"}
    assert check_answer(question, "sent", {"sent_on": "2026-11-23"}, None, page) == []
    for wrong, said in (("2026-11-24", "not in the future"), ("1926-11-23", "from 2000 to 2100")):
        (problem,) = check_answer(question, "sent", {"sent_on": wrong}, None, page)
        assert (problem.field, said in problem.message) == ("sent_on", True)
    (problem,) = check_answer(QUESTIONS["extension"], "granted", {"new_on": "9999-12-31"}, "Invented reason.", page)
    assert problem.field == "new_on"
