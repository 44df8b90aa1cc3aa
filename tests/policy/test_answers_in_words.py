"""What a person reads when an answer is not complete: each message whole, with its field."""

from typing import Any

import pytest

from tests.policy.answering import DRAFT, FINDING, OWNERS, problems
from workflows.policy.answers import Problem

PEOPLE = [{"value": "n53.a", "label": "A"}, {"value": "n53.b", "label": "B"}]
MANAGERS = {"options": {"reviewer": PEOPLE, "countersigner": PEOPLE}}
OFFERED = "This answer has no field of that name; it has: "
ADULT = "Responsible adult: enter who is spoken with on the child's behalf"
CHILD = {"referred_on": "2026-11-02", "officer_name": "Invented", "is_child": "yes"}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (("action", "appeal"), ("answer", "Select an answer: It is done (done), It should be withdrawn (withdrawn)")),
        (("offer", "declined", {"a": 2}), ("a", f"{OFFERED}none")),
        (("early_look", "no_action", {"referral": "no", "more": 1}, "why"), ("more", f"{OFFERED}referral")),
        (
            ("refer", "referred", {**CHILD, "adult": "A", "z": 1}),
            ("z", f"{OFFERED}referred_on, officer_name, officer_email, is_child, adult, also_known_as"),
        ),
        (
            ("early_look", "no_action", {"referral": "no"}, " \n"),
            ("reasons", "Reasons: enter why you answer “No immediate action needed”"),
        ),
        (
            ("resolve", "stop", {}, "x" * 10_001),
            ("reasons", "Reasons: shorten it to 10,000 characters; it has 10,001"),
        ),
        (
            ("resolve", "stop", {}, "a\x00b"),
            ("reasons", "Reasons: take out the control characters; they often come with pasted text"),
        ),
        (("refer", "referred", CHILD), ("adult", ADULT)),
        (("refer", "referred", {**CHILD, "adult": " "}), ("adult", ADULT)),
        (
            ("offer", "accepted", {"wish": "copy", "language": "other", "language_other": " "}),
            ("language_other", "Which other language: enter it"),
        ),
    ],
)
def test_an_answer_that_lacks_something_is_told_in_these_words(given: tuple[Any, ...], found: tuple[str, str]) -> None:
    assert problems(*given) == [Problem(*found)]


def test_reasons_that_nobody_needs_are_missed_nowhere_and_a_long_enough_text_passes() -> None:
    assert problems("offer", "later") == []
    assert problems("resolve", "stop", reasons="x" * 10_000) == []


@pytest.mark.parametrize(
    ("question", "answer", "fields"),
    [
        ("refer", "referred", {**CHILD, "adult": "An invented aunt"}),
        ("offer", "accepted", {"wish": "copy", "language": "other", "language_other": "Polish"}),
    ],
)
def test_what_was_asked_for_and_given_is_not_asked_for_again(
    question: str, answer: str, fields: dict[str, Any]
) -> None:
    assert problems(question, answer, fields) == []


def test_who_reviews_is_told_that_somebody_else_must_countersign() -> None:
    both = {"reviewer": "n53.a", "countersigner": "n53.a"}
    assert problems("commission", "appoint", both, page=MANAGERS) == [
        Problem("countersigner", "Countersigning manager: choose someone other than the reviewing manager")
    ]


def test_a_review_that_is_returned_is_told_to_say_what_must_change() -> None:
    standards = ("analysis_of_practice", "overall_judgements", "learning", "victims")
    fields = {"rated_by": "hmip", **dict.fromkeys(standards, "good"), "composite": "inadequate"}
    page = {"options": {"rated_by": [{"value": "hmip", "label": "-"}]}, "accepted_rating": "good"}
    assert problems("quality", "rated", fields, "why", page=page) == [
        Problem("must_change", "What must change: enter it, since this composite rating returns the review")
    ]


@pytest.mark.parametrize("harmless", ["no", " no ", False])
def test_what_was_found_and_must_go_is_told_where_to_say_so(harmless: Any) -> None:
    page = {"leaks": [{"key": "a1"}, {"key": "b2"}]}
    rows = [{"key": "a1", "harmless": "yes", "why": "An ordinary word."}, {"key": "b2", "harmless": harmless}]
    assert problems("leaks", "settled", {"leaks": rows}, page=page) == [
        Problem("leaks-2-harmless", "Row 2: it may not stay; choose the answer that something must go, and say what")
    ]


def test_what_was_found_and_not_decided_is_asked_for_once() -> None:
    decision = "decision: choose one of those offered (yes, no)"
    assert problems("leaks", "settled", {"leaks": [{"key": "a1"}]}, page={"leaks": [{"key": "a1"}]}) == [
        Problem("leaks-1-harmless", f"Each finding, row 1: {decision}")
    ]


# --- Nobody is named in the review ------------------------------------------------------------------


NAMED = "Analysis of practice, paragraph 1: a name of somebody in the case stands there; write the role instead"
NUMBERED = "Strengths and deficiencies, number 1: a CRN stands there; take it out"
TOLD = {**DRAFT, "analysis": "Zelda saw him.", "findings": [{**FINDING, "reasons": "See X123456"}]}


@pytest.mark.parametrize(
    ("known", "found"),
    [
        (
            {"names": [{"name": "Zelda Quillfeather", "who": "practitioner"}]},
            [("analysis", f"{NAMED} (practitioner)"), ("findings-1-reasons", NUMBERED)],
        ),
        (
            {"names": [{"name": "Zelda Quillfeather", "who": ""}]},
            [("analysis", NAMED), ("findings-1-reasons", NUMBERED)],
        ),
        ({"identifiers": ["X123456"]}, [("findings-1-reasons", NUMBERED)]),
        ({"names": []}, [("findings-1-reasons", NUMBERED)]),
        ({}, []),
    ],
)
def test_a_name_or_a_number_is_found_by_whichever_of_the_two_the_page_knows(
    known: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    assert problems("draft", "draft_ready", TOLD, page={**OWNERS, **known}) == [Problem(*one) for one in found]


# --- What is proposed to be removed -----------------------------------------------------------------


REVIEW = {"analysis": "The aunt said she was afraid. The aunt was not asked again.\n\nA visit was missed."}
PLACES = [{"value": place, "label": "-"} for place in ("analysis-1", "analysis-2")]
SHOWN = {"options": {"redactions": PLACES}, "document": REVIEW}
ROW = {"place": "analysis-1", "passage": "afraid", "ground": "personal_data", "note": "Invented note."}
STANDING = {"place": "analysis-1", "start": 22, "end": 28, "text": "afraid"}
FIRST, SECOND = (f"Analysis of practice, paragraph {number}" for number in (1, 2))
AROUND = "The aunt said she was [afraid]. The aunt was not asked again…"
TWICE = (
    f"{FIRST}: the passage stands there 2 times; say which one, 1 to 2, or all of them "
    "(The [aunt] said she was afraid. The aunt…; …aunt said she was afraid. The [aunt] was not asked again.)"
)


def proposed(*rows: Any, **page: Any) -> list[Problem]:
    return problems(
        "redactions", "proposed", {"summary": "In short.", "redactions": list(rows)}, page={**SHOWN, **page}
    )


@pytest.mark.parametrize(
    "rows",
    [
        [ROW],
        [ROW, {**ROW, "passage": "aunt", "occurrence": " ALL "}],
        [{**ROW, "passage": "aunt", "occurrence": "1"}, {**ROW, "passage": "aunt", "occurrence": "2"}],
        [{**ROW, "place": "analysis-2", "passage": "A visit was missed."}],
    ],
)
def test_a_passage_that_stands_in_this_version_may_be_proposed(rows: list[dict[str, Any]]) -> None:
    assert proposed(*rows) == []


OVERLAPPING = "it overlaps a passage that is proposed already; choose other words, or leave it out"


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (
            [ROW, {**ROW, "passage": "uncle"}],
            (
                "2-passage",
                f"Row 2: {FIRST}: the passage does not stand there; copy it from the text, word for word",
            ),
        ),
        (
            [{**ROW, "place": "analysis-2"}],
            (
                "1-passage",
                f"Row 1: {SECOND}: the passage does not stand there; choose {FIRST}, where it stands",
            ),
        ),
        ([ROW, {**ROW, "passage": "aunt"}], ("2-occurrence", f"Row 2: {TWICE}")),
        ([{**ROW, "occurrence": "first"}], ("1-occurrence", "Row 1: say which one: 1, 2 and so on, or all")),
        ([{**ROW, "occurrence": "1000"}], ("1-occurrence", "Row 1: say which one: 1, 2 and so on, or all")),
        ([{**ROW, "occurrence": "\u0661"}], ("1-occurrence", "Row 1: say which one: 1, 2 and so on, or all")),
        (
            [{**ROW, "occurrence": "2"}],
            (
                "1-occurrence",
                f"Row 1: {FIRST}: it does not stand there so often; say 1 ({AROUND})",
            ),
        ),
        (
            [{**ROW, "occurrence": "999"}],
            ("1-occurrence", f"Row 1: {FIRST}: it does not stand there so often; say 1 ({AROUND})"),
        ),
        ([ROW, {**ROW, "passage": "was afraid"}], ("2-passage", f"Row 2: {OVERLAPPING}")),
        (
            [{**ROW, "passage": "aunt", "occurrence": "all"}, {**ROW, "passage": "The aunt", "occurrence": "2"}],
            ("2-passage", f"Row 2: {OVERLAPPING}"),
        ),
    ],
)
def test_a_passage_that_leads_nowhere_or_twice_to_the_same_words_is_told_by_its_row(
    rows: list[dict[str, Any]], found: tuple[str, str]
) -> None:
    place, message = found
    assert proposed(*rows) == [Problem(f"redactions-{place}", message)]


def test_a_passage_is_held_against_what_counts_on_this_version_already() -> None:
    again = [Problem("redactions-2-passage", f"Row 2: {OVERLAPPING}")]
    other = {**ROW, "place": "analysis-2", "passage": "visit"}
    assert proposed(other, ROW, standing=[STANDING]) == again
    assert proposed(other, ROW, standing=[{**STANDING, "place": "analysis-2"}]) == []
    assert proposed(other, {**ROW, "passage": "said"}, standing=[STANDING]) == []
    assert proposed(ROW, standing=[STANDING]) == [Problem("redactions-1-passage", f"Row 1: {OVERLAPPING}")]


@pytest.mark.parametrize("rows", ["afraid", {"passage": "afraid"}, ["afraid", ROW], [ROW, None]])
def test_rows_that_are_none_are_told_so_and_sought_nowhere(rows: Any) -> None:
    given = {"summary": "In short.", "redactions": rows}
    assert problems("redactions", "proposed", given, page=SHOWN) == [
        Problem("redactions", "Passages: give a list of rows")
    ]


def test_a_passage_that_is_empty_is_asked_for_by_its_row_and_by_its_paragraph() -> None:
    assert [problem.message for problem in proposed({**ROW, "passage": ""})] == [
        "Passages, row 1: enter the passage, word for word",
        f"Row 1: {FIRST}: enter the passage, word for word",
    ]


def test_without_the_text_nothing_is_sought_in_it() -> None:
    assert proposed({**ROW, "passage": "uncle"}, document=None) == []
