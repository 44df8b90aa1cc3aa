"""Complete answers pass; everything missing or wrong is named with its field and the remedy."""

from typing import Any

import pytest

from tests.policy.answering import ACTION, DRAFT, FINDING, OWNERS, PAGE, PLANNED, places, problems
from workflows.contract.questions import QUESTIONS, FieldKind
from workflows.policy.answers import Problem, check_answer
from workflows.policy.field_rules import ROW_TEXT, ROWS, SHORT_TEXT


def test_a_complete_answer_has_no_problem() -> None:
    assert problems("draft", "draft_ready", DRAFT, page=OWNERS) == []
    assert problems("offer", "later") == []


@pytest.mark.parametrize("answer", ["", "appeal", "Done"])
def test_an_answer_that_is_not_offered_is_named_with_those_that_are(answer: str) -> None:
    (problem,) = problems("action", answer, {"nonsense": 1})
    assert problem.field == "answer"
    assert "done" in problem.message


def test_every_required_field_and_the_reasons_are_asked_for_at_once() -> None:
    assert places("action", "done") == ["done_on", "evidence"]
    assert places("early_look", "no_action") == ["referral", "reasons"]
    assert places("draft", "draft_ready") == [name for name in DRAFT if name != "actions"]
    assert places("early_look", "no_action", {"referral": " "}, "\n ") == ["referral", "reasons"]


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
    assert places("extension", "granted", {"new_on": "2027-01-09"}, "why", page=page) == ["new_on"]
    assert places("extension", "granted", {"new_on": "2027-01-10"}, "why", page=page) == []


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
        ({"extra": "x"}, "actions-2-finding"),
        ({"owner": ["s1"]}, "actions-2-owner"),
        ({"improvement": " "}, "actions-2-improvement"),
        ({"finding": ""}, "actions-2-finding"),
        ({"finding": "2"}, "actions-2-finding"),
        ({"finding": "one"}, "actions-2-finding"),
        ({"finding": "0"}, "actions-2-finding"),
    ],
)
def test_a_wrong_action_is_named_by_row_and_column(change: dict[str, Any], place: str) -> None:
    fields = {**DRAFT, "actions": [PLANNED, {**PLANNED, **change}]}
    assert places("draft", "draft_ready", fields, page=OWNERS) == [place]


def test_without_offered_owners_an_address_is_needed() -> None:
    assert places("draft", "draft_ready", DRAFT) == ["actions-1-owner"]
    fields = {**DRAFT, "actions": [{**PLANNED, "owner": "owner@example.test"}]}
    assert places("draft", "draft_ready", fields) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"kind": "strength", "level": "", "reasons": ""}, []),
        ({"level": ""}, ["findings-1-level"]),
        ({"theme": ""}, ["findings-1-theme"]),
        ({"theme": "luck"}, ["findings-1-theme"]),
        ({"reasons": ""}, ["findings-1-reasons"]),
        ({"kind": "opinion"}, ["findings-1-kind"]),
        ({"text": " "}, ["findings-1-text"]),
        ({"kind": "strength", "level": "galactic"}, ["findings-1-level"]),
        ({"kind": "strength", "theme": "luck"}, ["findings-1-theme"]),
    ],
)
def test_a_deficiency_needs_its_reasons_its_level_and_its_theme_and_a_strength_does_not(
    change: dict[str, Any], found: list[str]
) -> None:
    fields = {**DRAFT, "findings": [{**FINDING, **change}]}
    assert places("draft", "draft_ready", fields, page=OWNERS) == found


def test_a_redaction_needs_place_passage_ground_and_note() -> None:
    rows = [{"place": "appendix", "passage": "", "ground": "embarrassing", "note": ""}]
    page = {"options": {"redactions": [{"value": "analysis-1", "label": "Analysis, paragraph 1"}]}}
    assert places("redactions", "proposed", {"summary": "In short.", "redactions": rows}, page=page) == [
        "redactions-1-place",
        "redactions-1-passage",
        "redactions-1-ground",
        "redactions-1-note",
    ]


@pytest.mark.parametrize(
    ("question", "answer", "fields", "found"),
    [
        ("refer", "referred", {"referred_on": "2026-11-02", "officer_name": "Invented", "is_child": "no"}, []),
        ("refer", "referred", {"referred_on": "2026-11-02", "officer_name": "Invented", "is_child": "yes"}, ["adult"]),
        ("refer", "referred", {"officer_name": "Invented", "is_child": "no"}, ["referred_on"]),
        ("refer", "nobody", {}, ["reasons"]),
        ("offer", "accepted", {"wish": "copy", "language": "cy"}, []),
        ("offer", "accepted", {"wish": "copy", "language": "other"}, ["language_other"]),
        ("offer", "accepted", {"wish": "loud", "language": "en"}, ["wish"]),
        ("offer", "accepted", {}, ["wish", "language"]),
        ("offer", "later", {"ask_again_on": "soon"}, ["ask_again_on"]),
        ("staff_impact", "contingency", {}, ["plan", "owner"]),
        ("contingency_plan", "confirmed", {}, ["confirmed_on"]),
    ],
)
def test_the_answers_of_a_leg_say_what_is_missing(
    question: str, answer: str, fields: dict[str, Any], found: list[str]
) -> None:
    assert places(question, answer, fields) == found


def test_what_may_not_stay_is_redacted_and_not_settled() -> None:
    page = {"leaks": [{"key": "a1"}, {"key": "b2"}]}
    good = {"key": "a1", "harmless": "yes", "why": "An ordinary word."}
    assert places("leaks", "settled", {"leaks": [good, {**good, "key": "b2"}]}, page=page) == []
    assert places("leaks", "settled", {"leaks": [good, {"key": "b2", "harmless": "no"}]}, page=page) == [
        "leaks-2-harmless"
    ]
    assert places("leaks", "settled", {"leaks": [good, {"key": "b2", "harmless": "yes"}]}, page=page) == ["leaks-2-why"]
    assert places("leaks", "settled", {"leaks": [good]}, page=page) == ["leaks"]


@pytest.mark.parametrize("yes", [True, "yes"])
@pytest.mark.parametrize("number", [1, "1"])
def test_each_passage_is_decided_once(yes: Any, number: Any) -> None:
    page = {"redactions": [{"number": 1}, {"number": 2}]}
    first, second = {"number": number, "accepted": yes}, {"number": 2, "accepted": "no"}
    assert places("redaction_decision", "decided", {"decisions": [first, second]}, page=page) == []
    assert places("redaction_decision", "decided", {"decisions": [first]}, page=page) == ["decisions"]
    assert places("redaction_decision", "decided", {"decisions": [first, first, second]}, page=page) == ["decisions"]
    assert places("redaction_decision", "decided", {"decisions": [second, {"number": 1}]}, page=page) == [
        "decisions-2-accepted"
    ]


@pytest.mark.parametrize("value", ["text", {"what": "x"}, ["row"], [None], 7])
def test_rows_that_are_no_rows_are_refused(value: Any) -> None:
    assert set(places("draft", "draft_ready", {**DRAFT, "actions": value}, page=OWNERS)) == {"actions"}


def test_too_many_rows_and_too_long_texts_are_refused() -> None:
    assert places("draft", "draft_ready", {**DRAFT, "actions": [PLANNED] * (ROWS + 1)}, page=OWNERS) == ["actions"]
    assert places("draft", "draft_ready", {**DRAFT, "analysis": "x" * 50_001}, page=OWNERS) == ["analysis"]
    assert places("resolve", "stop", reasons="x" * 10_001) == ["reasons"]
    assert SHORT_TEXT < ROW_TEXT


@pytest.mark.parametrize("sign", ["\x00", "\x1b", "\ud800"])
def test_what_the_record_cannot_store_is_refused(sign: str) -> None:
    assert places("resolve", "stop", reasons=f"a{sign}b") == ["reasons"]
    assert places("draft", "draft_ready", {**DRAFT, "learning": sign + "x"}, page=OWNERS) == ["learning"]


def test_a_field_of_another_answer_is_refused() -> None:
    assert places("early_look", "no_action", {"referral": "no", "actions": [ACTION]}, "why") == ["actions"]
    assert places("offer", "declined", {"b": 1, "a": 2}) == ["a", "b"]


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


# --- What fields say together -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("composite", "must_change", "found"),
    [
        ("outstanding", "", []),
        ("good", "", []),
        ("requires_improvement", "", ["must_change"]),
        ("inadequate", " ", ["must_change"]),
        ("inadequate", "The judgement", []),
        ("superb", "", ["composite"]),
    ],
)
def test_a_review_below_the_accepted_rating_is_returned_with_what_must_change(
    composite: str, must_change: str, found: list[str]
) -> None:
    standards = ("analysis_of_practice", "overall_judgements", "learning", "victims")
    fields = {"rated_by": "hmip", **dict.fromkeys(standards, "good"), "composite": composite}
    page = {"options": {"rated_by": [{"value": "hmip", "label": "-"}]}}
    given = {**fields, "must_change": must_change}
    assert places("quality", "rated", given, "why", page={**page, "accepted_rating": "good"}) == found
    assert "must_change" not in places("quality", "rated", given, "why", page=page)


def test_each_deficiency_has_an_action() -> None:
    strength = {"kind": "strength", "text": "Visits were made"}
    fields = {**DRAFT, "findings": [FINDING, strength, FINDING]}
    (problem,) = problems("draft", "draft_ready", fields, page=OWNERS)
    assert problem.field == "actions"
    assert "look at finding 3" in problem.message
    assert places("draft", "draft_ready", {**DRAFT, "findings": [strength], "actions": []}) == []


def test_an_action_that_points_nowhere_is_told_how_many_findings_there_are() -> None:
    problem, _ = problems("draft", "draft_ready", {**DRAFT, "actions": [{**PLANNED, "finding": "Mx X"}]}, page=OWNERS)
    assert problem == Problem("actions-1-finding", "Action plan, row 1: enter the number of a finding, from 1 to 1")


def test_a_name_or_a_number_of_somebody_in_the_case_is_refused_without_repeating_it() -> None:
    page = {**OWNERS, "names": [{"name": "Zelda Quillfeather", "who": "practitioner"}], "identifiers": ["X123456"]}
    fields = {**DRAFT, "analysis": "Text.\n\nZelda saw him.", "findings": [{**FINDING, "reasons": "See X123456"}]}
    assert problems("draft", "draft_ready", fields, page=page) == [
        Problem(
            "analysis",
            "Analysis of practice, paragraph 2: a name of somebody in the case stands there; "
            "write the role instead (practitioner)",
        ),
        Problem("findings-1-reasons", "Strengths and deficiencies, number 1: a CRN stands there; take it out"),
    ]
    assert problems("draft", "draft_ready", fields, page=OWNERS) == []
    assert problems("draft", "draft_ready", DRAFT, page=page) == []
