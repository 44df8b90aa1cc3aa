"""How much of the text decided redactions take, and what a page says of it."""

from dataclasses import replace
from typing import Any

import pytest

from tests.policy.redacting import redaction
from workflows.policy.redaction import (
    Span,
    eats_the_sense,
    places,
    removal_words,
    summary,
)

SHORT: dict[str, Any] = {
    "analysis": "The aunt was afraid.\nAn aunt was asked.",  # 20 and 18 characters
    "chronology": [{"on": "2026-02-02", "what": "Seen."}],  # 15 and 5
    "judgement": "partly",  # a choice, which no redaction can take and no share counts
}
SAID, WHOLE = Span("analysis-1", 4, 8, "aunt"), Span("chronology-1-on", 0, 15, "2 February 2026")
NEARLY = Span("analysis-2", 3, 14, "aunt was as")


def test_only_what_was_accepted_counts_by_ground_in_the_order_of_annex_j() -> None:
    found = summary(
        SHORT,
        [
            redaction(SAID),
            redaction(WHOLE, number=2, ground="third_party_confidence"),
            redaction(Span("analysis-2", 3, 7, "aunt"), accepted=False, number=3),
            redaction(Span("chronology-1-what", 0, 5, "Seen."), accepted=None, number=4),
        ],
    )
    assert list(found.by_ground.items()) == [("third_party_confidence", (1, 15)), ("personal_data", (1, 4))]
    assert found.share == 19 / 58


@pytest.mark.parametrize(
    ("share", "is_too_much"), [(0.0, False), (0.19, False), (0.2, False), (0.21, True), (1.0, True)]
)
def test_more_than_the_threshold_eats_the_sense(share: float, is_too_much: bool) -> None:
    assert eats_the_sense(replace(summary({}, []), share=share), 0.2) is is_too_much


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([SAID], []),
        ([Span("analysis-1", 0, 10, "The aunt w")], []),  # half, and not more
        ([Span("analysis-1", 0, 11, "The aunt wa")], [("analysis-1", False)]),
        ([Span("analysis-1", 0, 8, "The aunt"), Span("analysis-1", 13, 19, "afraid")], [("analysis-1", False)]),
        ([Span("analysis-1", 0, 19, "The aunt was afraid")], [("analysis-1", True)]),  # only the full stop is left
        ([WHOLE, NEARLY], [("analysis-2", False), ("chronology-1-on", True)]),
    ],
)
def test_a_paragraph_that_is_emptied_is_listed(spans: list[Span], expected: list[tuple[str, bool]]) -> None:
    found = summary(SHORT, [redaction(span, number=n) for n, span in enumerate(spans, 1)]).emptied
    assert sorted((one.place, one.is_whole) for one in found) == expected


def test_from_which_share_a_paragraph_is_listed_is_given() -> None:
    (found,) = summary(SHORT, [redaction(SAID)], paragraph_share=0.19).emptied
    assert (found.place, found.share, found.is_whole) == ("analysis-1", 0.2, False)
    assert summary(SHORT, [redaction(SAID)], paragraph_share=0.2).emptied == ()


def test_words_that_are_removed_in_one_place_and_stand_in_another_are_named() -> None:
    assert summary(SHORT, [redaction(SAID)]).still_shown == ("Analysis of practice, paragraph 2",)
    refused = redaction(Span("analysis-2", 3, 7, "aunt"), accepted=False, number=2)
    assert summary(SHORT, [redaction(SAID), refused]).still_shown == ()  # that it stands there was decided
    assert summary(SHORT, [redaction(Span("analysis-1", 9, 12, "was"))]).still_shown == ()  # tells nothing


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], [("Share of the text", "0%")]),
        (
            [SAID, Span("analysis-2", 3, 7, "aunt")],
            [("Personal data of the supervised person, others or staff", "2 passages, 8 characters"),
             ("Share of the text", "14%")],
        ),
        (
            [Span("analysis-1", 0, 1, "T")],
            [("Personal data of the supervised person, others or staff", "1 passage, 1 character"),
             ("Share of the text", "2%")],
        ),
        (
            [WHOLE, NEARLY],
            [("Personal data of the supervised person, others or staff", "2 passages, 26 characters"),
             ("Share of the text", "45%"),
             ("Removed whole", "Chronology, number 1: Date"),
             ("Removed for a large part", "Analysis of practice, paragraph 2 (61%)")],
        ),
    ],
)  # fmt: skip
def test_a_page_says_in_words_what_is_removed(spans: list[Span], expected: list[tuple[str, str]]) -> None:
    assert removal_words(summary(SHORT, [redaction(span, number=n) for n, span in enumerate(spans, 1)])) == expected


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.004, "less than 1%"),
        (0.01, "1%"),
        (0.04, "4%"),
        (0.9899, "99%"),
        (0.99, "99%"),
        (0.995, "more than 99%"),
        (1.0, "100%"),
    ],
)
def test_nothing_and_everything_are_said_only_where_they_are_so(share: float, words: str) -> None:
    assert removal_words(replace(summary({}, []), share=share)) == [("Share of the text", words)]


def test_several_places_are_parted_and_words_that_still_stand_are_named() -> None:
    document = {"analysis": "Mr Invented.\nThe aunt said.\nAn aunt.\nSome aunt.", "learning": "Gone.\nGone too."}
    spans = [
        Span("analysis-2", 4, 8, "aunt"),
        Span("learning-1", 0, 5, "Gone."),
        Span("learning-2", 0, 9, "Gone too."),
    ]
    found = summary(document, [redaction(span, number=n) for n, span in enumerate(spans, 1)])
    assert removal_words(found)[1:] == [
        ("Share of the text", "31%"),
        ("Removed whole", "Learning, paragraph 1; Learning, paragraph 2"),
        ("The same words still stand in", "Analysis of practice, paragraph 3; Analysis of practice, paragraph 4"),
    ]
    parts = tuple(replace(one, is_whole=False, share=0.75) for one in found.emptied)
    assert removal_words(replace(found, emptied=parts, still_shown=()))[2:] == [
        ("Removed for a large part", "Learning, paragraph 1 (75%); Learning, paragraph 2 (75%)")
    ]


def test_of_nothing_no_share_is_removed() -> None:
    assert summary({}, []).share == 0.0


def test_all_of_it_is_all_of_it() -> None:
    spans = [Span(place.key, 0, len(place.text), place.text) for place in places(SHORT).values()]
    found = summary(SHORT, [redaction(span, number=n) for n, span in enumerate(spans, 1)])
    assert (found.share, [one.is_whole for one in found.emptied]) == (1.0, [True] * 4)
