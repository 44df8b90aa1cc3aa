"""What a reader is shown of a review, place by place, and where a text may be cut: in no word and in no sign."""

from typing import Any

import pytest

from workflows.policy.places import Place, is_inside_word, places, shown, word_at
from workflows.policy.spans import Span, found_spans, span_problems, standing

WOMAN, HEART, FIRE, JOINER = "\U0001f469", "\u2764\ufe0f", "\U0001f525", "\u200d"
THUMB, LIGHT, DARK = "\U0001f44d", "\U0001f3fb", "\U0001f3ff"
A, B, G, Z = "\U0001f1e6", "\U0001f1e7", "\U0001f1ec", "\U0001f1ff"  # letters of flags, the first and the last of them


# --- What is shown ----------------------------------------------------------------------------------


def test_a_row_is_shown_cell_by_cell_and_a_choice_by_its_label() -> None:
    finding = {"kind": "strength", "level": "", "text": "Visits were made.", "reasons": None}
    block, label = "findings-1", "Strengths and deficiencies, number 1"
    assert list(shown({"findings": [finding]})) == [
        Place(
            "findings-1-kind",
            f"{label}: Strength or deficiency",
            "Strength",
            "findings",
            block,
            label,
            "kind",
            "Strength or deficiency",
            is_prose=False,
            is_redactable=False,
        ),
        Place(
            "findings-1-text", f"{label}: What was found", "Visits were made.", "findings", block, label, "text",
            "What was found",
        ),
    ]  # fmt: skip


def test_a_row_that_is_a_text_and_a_column_that_nobody_knows_are_shown_as_they_are() -> None:
    odd = {"odd_part": ["Whole.", {"two_words": "x"}]}
    whole, cell = shown(odd)
    assert whole == Place("odd_part-1", "Odd part, number 1", "Whole.", "odd_part", "odd_part-1", "Odd part, number 1")
    assert (cell.key, cell.label, cell.cell) == ("odd_part-2-two_words", "Odd part, number 2: Two words", "Two words")
    assert (cell.block, cell.block_label, cell.is_prose) == ("odd_part-2", "Odd part, number 2", False)
    assert [place.text for place in shown({"analysis": [{"more": "x"}]})] == ["x"]


def test_a_judgement_in_words_of_its_own_may_be_removed_and_a_choice_may_not() -> None:
    heading = "Were all reasonable steps taken?"
    (own,) = shown({"judgement": "On the whole."})
    assert own == Place("judgement", heading, "On the whole.", "judgement", "judgement", heading)
    (chosen,) = shown({"judgement": "partly"})
    assert (chosen.text, chosen.is_redactable) == ("In part", False)
    assert places({"judgement": "partly"}) == {}


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"chronology": [{"on": "2026-02-02"}]}, "2 February 2026"),
        ({"chronology": [{"on": "20260202"}]}, "20260202"),
        ({"chronology": [{"on": "2026-W05-1"}]}, "2026-W05-1"),
        ({"chronology": [{"on": "2026-02-30"}]}, "2026-02-30"),
        ({"chronology": [{"source": "2026-02-02"}]}, "2026-02-02"),  # a text that looks like a date is a text
        ({"sources": [{"what": "2026-02-02"}]}, "2026-02-02"),
        ({"odd": [{"on": "2026-02-02"}]}, "2026-02-02"),
    ],
)
def test_a_date_is_shown_in_words_and_no_other_text(document: dict[str, Any], text: str) -> None:
    assert [place.text for place in shown(document)] == [text]


# --- Where a text may be cut ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("ab c", [1]),
        ("a_b", [1, 2]),
        ("", []),
        ("O'Brien", [1, 2, 3, 4, 5, 6]),
        ("O'B went", [1, 2, 5, 6, 7]),
        ("d\N{RIGHT SINGLE QUOTATION MARK}A", [1, 2]),
        ("girl's room", [1, 2, 3, 5, 8, 9, 10]),  # the girl may go and leave the 's
        ("girls' room", [1, 2, 3, 4, 8, 9, 10]),
        ("'a b'", []),
        ("ca\u00adse", [1, 2, 3, 4]),
        ("a\u00ad b", []),
        ("\u0301a", [1]),  # no cut goes before the first sign
        ("a\u0301b", [1, 2]),
        (f"{THUMB}{LIGHT} {THUMB}{DARK}", [1, 4]),
        (f"{THUMB}\U000e0020{THUMB}\U000e007f", [1, 3]),
        (f"{A}{Z}", [1]),
        (f"{G}{B}{A}{Z}", [1, 3]),
        (f"x {G}{B}", [3]),
        (f"{WOMAN}{JOINER}{WOMAN}", [1, 2]),
        (f"{WOMAN}{JOINER}{WOMAN}{WOMAN}", [1, 2]),
        (f"{WOMAN}{WOMAN}{JOINER}{WOMAN}", [2, 3]),
        (f"{HEART}{JOINER}{FIRE}", [1, 2, 3]),
        ("\ud800\udc00", [1]),
        (" \udbff\udfff", [2]),
        ("\ud83da", []),
        ("\ud83d ", []),
        ("a\ude00", []),
        (" \ude00", []),
    ],
)
def test_a_cut_goes_through_no_word_and_no_sign(text: str, inside: list[int]) -> None:
    assert [at for at in range(len(text) + 1) if is_inside_word(text, at)] == inside


@pytest.mark.parametrize(("at", "word"), [(0, ""), (1, "Mr"), (2, ""), (5, "O'Brien"), (10, ""), (12, "left")])
def test_the_word_that_a_cut_goes_through_is_told(at: int, word: str) -> None:
    assert word_at("Mr O'Brien left", at) == word


# --- Where words stand ------------------------------------------------------------------------------


def test_a_return_within_a_cell_parts_paragraphs_as_a_new_line_does() -> None:
    document = {"findings": [{"kind": "strength", "text": "One.\rTwo."}]}
    assert [code for _, code, _ in span_problems(document, [Span("findings-1-text", 0, 9, "One.\rTwo.")])] == [
        "across_paragraphs"
    ]


def test_nothing_stands_nowhere() -> None:
    assert list(standing(" ", places({"analysis": "One. Two."}).values())) == []


def test_an_occurrence_that_would_cut_a_word_hides_none_that_begins_in_it() -> None:
    assert found_spans({"analysis": "xa-a-a b"}, "analysis-1", "a-a") == (Span("analysis-1", 3, 6, "a-a"),)


def test_occurrences_side_by_side_are_each_found() -> None:
    stops = tuple(Span("analysis-1", at, at + 1, ".") for at in (0, 1, 2))
    assert found_spans({"analysis": "... x"}, "analysis-1", ".", "all") == stops


def test_two_spaces_belong_to_no_word_before_them() -> None:
    assert found_spans({"analysis": "ab  cd"}, "analysis-1", "ab") == (Span("analysis-1", 0, 2, "ab"),)
    assert found_spans({"analysis": "ab  cd"}, "analysis-1", "ab cd") == (Span("analysis-1", 0, 6, "ab  cd"),)
