"""A review's paragraphs, the differences of two versions, what is missing, and what does not fit together."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.policy.document import (
    Difference,
    Paragraph,
    Passage,
    cross_problems,
    differences,
    in_rows,
    missing,
    paragraphs,
    passages,
)

STRENGTH = {"kind": "strength", "level": "", "text": "Visits were made", "reasons": ""}
DEFICIENCY = {
    "kind": "deficiency",
    "level": "team",
    "theme": "handover",
    "text": "Handover was late",
    "reasons": "Vacancies",
}
ACTION = {
    "finding": "2",
    "what": "Hold one meeting",
    "owner": "s1",
    "due_on": "2027-06-30",
    "improvement": "No case waits",
}
# As PostgreSQL gives it back: keys by their length.
REVIEW: dict[str, Any] = {
    "actions": [ACTION],
    "sources": [{"what": "Case records"}, {"what": "Interviews"}],
    "analysis": "First.\n\nSecond.\n  \nThird.",
    "findings": [STRENGTH, DEFICIENCY],
    "learning": "Meet.",
    "judgement": "partly",
    "chronology": [{"on": "2026-01-12", "what": "Released", "source": "Records"}],
    "judgement_reasons": "Because.",
}
# A version from before the review was taken apart.
OLD: dict[str, Any] = {
    "sources": "Case records\nInterviews",
    "analysis": "First.",
    "findings": [DEFICIENCY],
    "judgement": "yes",
    "learning": "Meet.",
    "actions": [{"what": "Hold one meeting", "owner": "s1", "due_on": "2027-06-30"}],
}


def test_every_paragraph_has_its_key_and_its_words_in_the_order_of_the_question() -> None:
    found = paragraphs(REVIEW)
    assert [p.key for p in found] == [
        "sources-1",
        "sources-2",
        "chronology-1",
        "analysis-1",
        "analysis-2",
        "analysis-3",
        "findings-1",
        "findings-2",
        "judgement",
        "judgement_reasons-1",
        "learning-1",
        "actions-1",
    ]
    by_key = {p.key: p for p in found}
    assert by_key["analysis-2"] == Paragraph("analysis-2", "Analysis of practice, paragraph 2", "Second.")
    assert by_key["judgement"] == Paragraph("judgement", "Were all reasonable steps taken?", "In part")
    assert by_key["findings-1"].text == "Kind: Strength\nText: Visits were made"
    assert by_key["findings-2"].label == "Strengths and deficiencies, number 2"
    assert by_key["chronology-1"].text == "On: 2026-01-12\nWhat: Released\nSource: Records"


def test_an_earlier_version_reads_as_rows() -> None:
    assert in_rows(OLD)["sources"] == [{"what": "Case records"}, {"what": "Interviews"}]
    assert [p.key for p in paragraphs(OLD)][:3] == ["sources-1", "sources-2", "analysis-1"]


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"findings": None, "analysis": None},
        {"findings": ["Removed"], "analysis": 7},
        {"actions": [{"more": ["x"]}, None], "judgement": "unknown"},
        {"findings": {"kind": "strength"}, "review_version": 2},
    ],
)
def test_a_document_of_another_shape_is_read_and_not_refused(odd: dict[str, Any]) -> None:
    assert len(paragraphs(odd)) <= 3
    assert differences(odd, odd) == ()
    assert missing(odd)
    list(cross_problems(odd))


# --- Differences ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, []),
        ({"analysis": "First.\nSecond, changed.\nThird."}, [("analysis-2", "changed", "Second.", "Second, changed.")]),
        ({"analysis": "First.\nThird."}, [("analysis-2", "removed", "Second.", "")]),
        ({"analysis": "Zero.\nFirst.\nSecond.\nThird."}, [("analysis-1", "added", "", "Zero.")]),
        ({"judgement": "no"}, [("judgement", "changed", "In part", "No")]),
        ({"sources": [{"what": "Case records"}]}, [("sources-2", "removed", "What: Interviews", "")]),
        ({"learning": ""}, [("learning-1", "removed", "Meet.", "")]),
        (
            {"analysis": "First.\nNew.\nNewer.\nThird."},
            [("analysis-2", "changed", "Second.", "New."), ("analysis-3", "added", "", "Newer.")],
        ),
    ],
)
def test_two_versions_differ_by_paragraph(change: dict[str, Any], found: list[tuple[str, ...]]) -> None:
    differ = differences(REVIEW, {**REVIEW, **change})
    assert [(d.key, d.kind, d.before, d.after) for d in differ] == found
    labels = {p.key: p.label for p in (*paragraphs(REVIEW), *paragraphs({**REVIEW, **change}))}
    assert [d.label for d in differ] == [labels[d.key] for d in differ]


def test_the_difference_of_two_long_versions_is_the_same_as_of_short_ones() -> None:
    """Where a paragraph is repeated hundreds of times, it is still seen as the same."""
    before = ["See the record."] * 250
    (added,) = differences({"analysis": "\n".join(before)}, {"analysis": "\n".join(["A visit was missed.", *before])})
    assert (added.key, added.kind, added.after) == ("analysis-1", "added", "A visit was missed.")


def test_two_versions_of_earlier_years_differ_by_rows() -> None:
    assert differences({"sources": "Records\nInterviews"}, {"sources": "Records\nVisits"}) == (
        Difference("sources-2", "Sources used, number 2", "changed", "What: Interviews", "What: Visits"),
    )


def test_rows_in_a_part_of_text_are_read_as_rows() -> None:
    odd = {"analysis": [{"more": "x"}]}
    assert paragraphs(odd) == (Paragraph("analysis-1", "Analysis of practice, number 1", "More: x"),)
    assert list(passages(odd)) == [Passage("analysis-1-more", "Analysis of practice, number 1", "x")]


def test_a_part_that_one_version_lacks_is_added_or_removed() -> None:
    (added,) = differences({**OLD, "chronology": []}, {**OLD, "chronology": REVIEW["chronology"]})
    assert (added.key, added.kind, added.label) == ("chronology-1", "added", "Chronology, number 1")
    (removed,) = differences(REVIEW, {k: v for k, v in REVIEW.items() if k != "learning"})
    assert removed == Difference("learning-1", "Learning, paragraph 1", "removed", "Meet.", "")


LINES = st.lists(st.sampled_from(["One.", "Two.", "Three.", "Four."]), max_size=6)


@given(LINES, LINES)
def test_the_differences_lead_from_one_version_to_the_other(before: list[str], after: list[str]) -> None:
    found = differences({"analysis": "\n".join(before)}, {"analysis": "\n".join(after)})
    assert (found == ()) == (before == after)
    rest = list(before)
    for change in found:
        if change.before:
            rest.remove(change.before)
        if change.after:
            rest.append(change.after)
    assert sorted(rest) == sorted(after)


# --- What is missing, and what does not fit ---------------------------------------------------------


def test_nothing_is_missing_from_a_whole_review() -> None:
    assert missing(REVIEW) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sources": []}, "Sources used: enter at least one source"),
        ({"chronology": None}, "Chronology: enter at least one event"),
        ({"analysis": " \n"}, "Analysis of practice: enter it"),
        ({"judgement": ""}, "Were all reasonable steps taken?: select one"),
        ({"judgement_reasons": ""}, "Why this is the judgement: enter it"),
        ({"learning": None}, "Learning: enter it"),
        (
            {"findings": [STRENGTH, {**DEFICIENCY, "reasons": ""}]},
            "Strengths and deficiencies, row 2: enter the reasons",
        ),
        ({"actions": [{**ACTION, "owner": ""}]}, "Action plan, row 1: owner: enter an email address"),
        ({"actions": []}, "Action plan: add at least one action for each deficiency; look at finding 2"),
        ({"actions": [{**ACTION, "finding": "3"}, ACTION]}, "Action plan, row 1: enter the number of a finding"),
    ],
)
def test_what_is_missing_is_told_in_words(change: dict[str, Any], words: str) -> None:
    (told,) = missing({**REVIEW, **change})
    assert told.startswith(words)


def test_an_earlier_version_lacks_what_was_not_asked_for_then() -> None:
    told = " ".join(missing(OLD))
    assert "Chronology" in told
    assert "Why this is the judgement" in told
    assert "expected" in told
    assert "Sources" not in told


@pytest.mark.parametrize(
    ("pointing", "places"),
    [
        (["2"], []),
        ([2], []),
        (["2", "1", "2"], []),
        (["1"], ["actions"]),
        ([], ["actions"]),
        (["3", "2"], ["actions-1-finding"]),
        (["2", "0", "two", "-1", "2.0"], [f"actions-{n}-finding" for n in (2, 3, 4, 5)]),
        (["2", ""], []),  # that it is empty is told by the field
    ],
)
def test_actions_answer_findings_that_exist_and_each_deficiency_is_answered(
    pointing: list[Any], places: list[str]
) -> None:
    review = {**REVIEW, "actions": [{**ACTION, "finding": finding} for finding in pointing]}
    assert [place for place, _ in cross_problems(review)] == places


def test_without_findings_the_findings_come_first() -> None:
    ((place, message),) = cross_problems({"actions": [ACTION]})
    assert (place, message) == ("actions-1-finding", "Action plan, row 1: enter the findings first")


def test_what_a_row_lacks_altogether_is_told_as_if_it_were_empty() -> None:
    bare = {key: value for key, value in ACTION.items() if key not in ("owner", "finding")}
    assert missing({**REVIEW, "findings": [STRENGTH], "actions": [bare]}) == (
        "Action plan, row 1: enter the number of the finding that it answers",
        "Action plan, row 1: owner: enter an email address, such as first.last@example.test",
    )
    assert list(cross_problems({"findings": [{"text": "No kind"}], "actions": [bare]})) == []


def test_each_deficiency_without_an_action_is_counted() -> None:
    review = {**REVIEW, "findings": [DEFICIENCY, STRENGTH, DEFICIENCY], "actions": []}
    assert list(cross_problems(review)) == [
        ("actions", "Action plan: add at least one action for each deficiency; look at finding 1, 3")
    ]


# --- What somebody typed ----------------------------------------------------------------------------


def test_what_was_typed_is_every_text_with_its_input_and_no_choice_date_or_key() -> None:
    assert list(passages({**REVIEW, "later_part": "Added.", "odd": ["Whole.", {"more": 7, "list": ["x"]}]})) == [
        Passage("sources-1-what", "Sources used, number 1", "Case records"),
        Passage("sources-2-what", "Sources used, number 2", "Interviews"),
        Passage("chronology-1-what", "Chronology, number 1", "Released"),
        Passage("chronology-1-source", "Chronology, number 1", "Records"),
        Passage("analysis", "Analysis of practice, paragraph 1", "First."),
        Passage("analysis", "Analysis of practice, paragraph 2", "Second."),
        Passage("analysis", "Analysis of practice, paragraph 3", "Third."),
        Passage("findings-1-text", "Strengths and deficiencies, number 1", "Visits were made"),
        Passage("findings-1-reasons", "Strengths and deficiencies, number 1", ""),
        Passage("findings-2-text", "Strengths and deficiencies, number 2", "Handover was late"),
        Passage("findings-2-reasons", "Strengths and deficiencies, number 2", "Vacancies"),
        Passage("judgement", "Were all reasonable steps taken?", "In part"),
        Passage("judgement_reasons", "Why this is the judgement, paragraph 1", "Because."),
        Passage("learning", "Learning, paragraph 1", "Meet."),
        Passage("actions-1-finding", "Action plan, number 1", "2"),
        Passage("actions-1-what", "Action plan, number 1", "Hold one meeting"),
        Passage("actions-1-improvement", "Action plan, number 1", "No case waits"),
        Passage("later_part", "Later part, paragraph 1", "Added."),
        Passage("odd-1", "Odd, number 1", "Whole."),
        Passage("odd-2-more", "Odd, number 2", "7"),
    ]


def test_an_owner_is_typed_where_it_is_an_address() -> None:
    found = passages({"actions": [{**ACTION, "owner": "owner@example.test"}]})
    assert ("actions-1-owner", "owner@example.test") in [(p.place, p.text) for p in found]


def test_a_row_of_a_part_that_nobody_knows_is_shown_as_it_is() -> None:
    assert paragraphs({"odd_part": ["Whole.", {"two_words": "x", "empty": ""}]}) == (
        Paragraph("odd_part-1", "Odd part, number 1", "Whole."),
        Paragraph("odd_part-2", "Odd part, number 2", "Two words: x"),
    )
