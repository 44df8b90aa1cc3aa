"""What may be pointed at in a review, what is wrong with a span, how typed words find theirs, who may decide."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.policy.document import paragraphs
from workflows.policy.redaction import (
    NotFound,
    Redaction,
    Span,
    found_spans,
    places,
    span_problems,
    why_not_decide,
)

CAFE, FAMILY, FLAG = "cafe\u0301", "\U0001f469\u200d\U0001f469\u200d\U0001f466", "\U0001f1ec\U0001f1e7"
REVIEW: dict[str, Any] = {
    "sources": "Case records\nInterviews",
    "chronology": [{"on": "2026-02-02", "what": "He was seen at Invented Clinic.", "source": "Invented Clinic"}],
    "analysis": "The aunt said she was afraid. The aunt was not asked again.\r\n\r\nA visit was missed.",
    "findings": [
        {"kind": "strength", "level": "", "text": "Visits were made.", "reasons": ""},
        {
            "kind": "deficiency",
            "level": "team",
            "theme": "handover",
            "text": "First line.\r\nSecond line.",
            "reasons": "Vacancies.",
        },
    ],
    "judgement": "partly",
    "judgement_reasons": f"In the {CAFE} Mr O'Brien saw the girl's mother, {FAMILY} and {FLAG}.",
    "actions": [
        {"finding": "2", "what": "Meet.", "owner": "s1", "due_on": "2027-06-30", "improvement": "No case waits."},
    ],
}


def at(place: str, words: str, start: int | None = None) -> Span:
    """The span of these words, found without the code under test."""
    begin = places(REVIEW)[place].text.index(words) if start is None else start
    return Span(place, begin, begin + len(words), words)


# --- places -----------------------------------------------------------------------------------------


def test_every_paragraph_and_typed_cell_is_a_place_and_no_choice_or_owner_is() -> None:
    assert {key: place.text for key, place in places(REVIEW).items()} == {
        "sources-1-what": "Case records",
        "sources-2-what": "Interviews",
        "chronology-1-on": "2 February 2026",
        "chronology-1-what": "He was seen at Invented Clinic.",
        "chronology-1-source": "Invented Clinic",
        "analysis-1": "The aunt said she was afraid. The aunt was not asked again.",
        "analysis-2": "A visit was missed.",
        "findings-1-text": "Visits were made.",
        "findings-2-text": "First line.\nSecond line.",
        "findings-2-reasons": "Vacancies.",
        "judgement_reasons-1": REVIEW["judgement_reasons"],
        "actions-1-finding": "2",
        "actions-1-what": "Meet.",
        "actions-1-due_on": "30 June 2027",
        "actions-1-improvement": "No case waits.",
    }


def test_a_place_says_in_words_where_it_is_and_belongs_to_a_paragraph_of_the_document() -> None:
    found, known = places(REVIEW), {p.key for p in paragraphs(REVIEW)}
    assert found["analysis-2"].label == "Analysis of practice, paragraph 2"
    assert found["findings-2-reasons"].label == "Strengths and deficiencies, number 2: Reasons"
    assert {place.block for place in found.values()} <= known


@pytest.mark.parametrize(
    ("odd", "expected"),
    [
        ({}, {}),
        ({"findings": None, "analysis": None}, {}),
        ({"findings": ["Removed", None, {}], "analysis": 7}, {"findings-1": "Removed", "analysis-1": "7"}),
        ({"judgement": "Yes, on the whole."}, {"judgement": "Yes, on the whole."}),
        ({"findings": [{"kind": "mixed", "more": "x"}]}, {"findings-1-kind": "mixed", "findings-1-more": "x"}),
        ({"chronology": [{"on": "about 2020", "what": " "}]}, {"chronology-1-on": "about 2020"}),
        ({"chronology": [{"on": "2026-13-01"}]}, {"chronology-1-on": "2026-13-01"}),
    ],
)
def test_versions_of_earlier_years_have_places_too(odd: dict[str, Any], expected: dict[str, str]) -> None:
    found = {key: place.text for key, place in places(odd).items()}
    assert found.items() >= expected.items()
    assert len(found) == len(expected)


# --- what is wrong with a span ----------------------------------------------------------------------

REASONS = places(REVIEW)["judgement_reasons-1"].text


@pytest.mark.parametrize(
    ("span", "code", "words"),
    [
        (Span("analysis-9", 0, 3, "The"), "unknown_place", "no such paragraph"),
        (Span("judgement", 0, 7, "In part"), "unknown_place", "no such paragraph"),
        (Span("actions-1-owner", 0, 2, "s1"), "unknown_place", "no such paragraph"),
        (Span("analysis-1", 4, 4, ""), "blank", "choose the words"),
        (Span("analysis-1", 3, 4, " "), "blank", "choose the words"),
        (Span("analysis-1", -4, 3, "The"), "beyond", "choose it again"),
        (Span("analysis-1", 8, 4, "aunt"), "beyond", "choose it again"),
        (Span("analysis-2", 2, 20, "visit was missed.x"), "beyond", "which has 19 characters"),
        (Span("analysis-1", 3, 7, "aunt"), "other_text", "“ aun”"),  # off by one at the start
        (Span("analysis-1", 4, 9, "aunt"), "other_text", "“aunt ”"),  # off by one at the end
        (Span("analysis-2", 2, 7, "ViSit"), "other_text", "“visit”"),
        (at("analysis-1", "he"), "inside_word", "begins inside the word “The”"),
        (at("analysis-1", "The au"), "inside_word", "ends inside the word “aunt”"),
        (at("judgement_reasons-1", "Brien"), "inside_word", "begins inside the word “O'Brien”"),
        (at("judgement_reasons-1", "O"), "inside_word", "ends inside the word “O'Brien”"),
        (at("judgement_reasons-1", "the cafe"), "inside_word", f"ends inside the word “{CAFE}”"),
        (at("judgement_reasons-1", CAFE[:-2]), "inside_word", f"ends inside the word “{CAFE}”"),
        (at("judgement_reasons-1", "\u0301 Mr"), "inside_word", f"begins inside the word “{CAFE}”"),
        (at("judgement_reasons-1", "\U0001f469"), "inside_word", f"ends inside the word “{FAMILY}”"),
        (at("judgement_reasons-1", "\U0001f1e7"), "inside_word", f"begins inside the word “{FLAG}”"),
        (at("findings-2-text", "line.\nSecond"), "across_paragraphs", "propose each by itself"),
    ],
)
def test_a_span_that_points_wrongly_is_told_by_code_with_the_remedy(span: Span, code: str, words: str) -> None:
    ((index, found, message),) = span_problems(REVIEW, [span])
    assert (index, found) == (0, code)
    assert words in message


def test_a_word_goes_on_behind_its_accent() -> None:
    ((_, code, _),) = span_problems({"analysis": f"{CAFE}s closed"}, [Span("analysis-1", 0, 5, CAFE)])
    assert code == "inside_word"


@pytest.mark.parametrize("half", [0, 1])
def test_the_halves_of_a_surrogate_pair_are_not_parted(half: int) -> None:
    document = {"analysis": "\ud83d\ude00 smiled"}
    span = Span("analysis-1", half, half + 1, document["analysis"][half])
    assert [code for _, code, _ in span_problems(document, [span])] == ["inside_word"]


@pytest.mark.parametrize("sign", ["\U0001f44d\U0001f3fd", "\u2764\ufe0f", FLAG * 2, "\U0001f3f4\U000e0067\U000e007f"])
def test_what_is_seen_as_one_sign_is_cut_at_none_of_its_characters_but_between_two_flags(sign: str) -> None:
    document = {"analysis": f"a {sign} b"}
    allowed = [
        end
        for end in range(3, 3 + len(sign))
        if not span_problems(document, [Span("analysis-1", 0, end, f"a {sign}"[:end])])
    ]
    assert allowed == ([4, 6] if sign == FLAG * 2 else [2 + len(sign)])


@pytest.mark.parametrize(
    "span",
    [
        at("analysis-1", "The aunt said she was afraid."),
        at("analysis-2", "A visit was missed."),  # the whole paragraph
        at("judgement_reasons-1", "girl"),  # and leave the 's
        at("judgement_reasons-1", CAFE),
        at("judgement_reasons-1", FAMILY),
        at("judgement_reasons-1", FLAG),
        at("judgement_reasons-1", "O'Brien"),
        at("chronology-1-on", "2 February"),
        at("findings-2-text", "Second line."),
    ],
)
def test_a_span_that_points_at_whole_words_is_right(span: Span) -> None:
    assert span_problems(REVIEW, [span]) == []


def test_a_proposal_for_an_older_version_says_what_stands_there_now() -> None:
    now = {**REVIEW, "analysis": "Her own aunt said she was afraid."}
    ((_, code, message),) = span_problems(now, [at("analysis-1", "aunt")])
    assert (code, message.partition(":")[0]) == ("other_text", "Analysis of practice, paragraph 1")
    assert "“aunt”" not in message


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([at("analysis-1", "The aunt said"), at("analysis-1", "said she")], [(1, "passage 1")]),  # overlapping
        ([at("analysis-1", "aunt"), at("analysis-1", "The aunt said")], [(1, "passage 1")]),  # nested
        ([at("analysis-1", "aunt"), at("analysis-1", "aunt")], [(1, "passage 1")]),  # the same twice
        (
            [at("analysis-1", "The"), at("analysis-1", "said"), at("analysis-1", "The aunt said she")],
            [(2, "passage 1"), (2, "passage 2")],
        ),
        ([at("analysis-1", "The "), at("analysis-1", "aunt")], []),  # touching
        ([at("analysis-1", "was"), at("analysis-2", "was")], []),  # in two places
    ],
)
def test_spans_of_one_place_share_no_character(spans: list[Span], expected: list[tuple[int, str]]) -> None:
    found = span_problems(REVIEW, spans)
    assert {code for _, code, _ in found} <= {"overlap"}
    assert [(index, words) for index, _, message in found for words in [message.split("overlaps ")[1][:9]]] == expected


def test_every_problem_of_every_span_is_told_with_its_index() -> None:
    spans = [at("analysis-1", "aunt"), at("analysis-1", "he au"), Span("x", 0, 1, "x")]
    assert [(index, code) for index, code, _ in span_problems(REVIEW, spans)] == [
        (1, "inside_word"),
        (1, "inside_word"),
        (1, "overlap"),
        (2, "unknown_place"),
    ]


# --- words as they were typed -----------------------------------------------------------------------

TYPED = {
    "analysis": "She said “it\u2019s over” \u2013 twice…  and left. It was over\u00a0then. Anna knew Ann. Ann knew."
}


@pytest.mark.parametrize(
    ("passage", "stands"),
    [
        ('"it\'s over" - twice... and left', "“it\u2019s over” \u2013 twice…  and left"),
        ("  twice… and   left.\n", "twice…  and left."),
        ("over then", "over\u00a0then"),
        ("«it`s over»", "“it\u2019s over”"),
    ],
)
def test_another_kind_of_quote_dash_or_space_finds_the_passage(passage: str, stands: str) -> None:
    start = TYPED["analysis"].index(stands)
    assert found_spans(TYPED, "analysis-1", passage) == (Span("analysis-1", start, start + len(stands), stands),)


@pytest.mark.parametrize(
    ("typed", "stands"), [("caf\u00e9", CAFE), (CAFE, "caf\u00e9"), ("case", "ca\u00adse"), ("case", "case\u200d")]
)
def test_accents_and_signs_that_nobody_sees_may_be_written_in_another_way(typed: str, stands: str) -> None:
    assert found_spans({"analysis": f"a {stands} b"}, "analysis-1", typed) == (
        Span("analysis-1", 2, 2 + len(stands), stands),
    )


@pytest.mark.parametrize(
    ("place", "passage", "occurrence", "code", "words"),
    [
        ("analysis-7", "Ann", None, "unknown_place", "Choose one of the paragraphs"),
        ("analysis-1", " \n", None, "blank", "enter the passage"),
        ("analysis-1", "Anne", None, "never", "copy it from the text"),
        ("analysis-1", "ann", None, "never", "copy it from the text"),
        ("analysis-1", "it is over", None, "never", "copy it from the text"),
        ("analysis-1", "nn", None, "inside_word", "the word “Anna”"),
        ("analysis-1", "left.\nNobody", None, "across_paragraphs", "choose each paragraph"),
        ("analysis-1", "Ann", None, "several", "stands there 2 times; say which one, 1 to 2, or all"),
        ("analysis-1", "Ann", 3, "no_such_occurrence", "1 to 2, or all"),
        ("analysis-1", "Ann", 0, "no_such_occurrence", "1 to 2, or all"),
        ("analysis-1", "Anna", 2, "no_such_occurrence", "say 1"),
    ],
)
def test_a_passage_that_finds_no_single_span_is_told_why(
    place: str, passage: str, occurrence: int | None, code: str, words: str
) -> None:
    found = found_spans(TYPED, place, passage, occurrence)
    assert isinstance(found, NotFound)
    assert found.code == code
    assert words in found.message


def test_a_passage_that_stands_in_another_paragraph_is_told_where() -> None:
    found = found_spans(REVIEW, "analysis-2", "Invented Clinic")
    assert isinstance(found, NotFound)
    assert "choose Chronology, number 1: What happened" in found.message


def test_a_passage_over_the_lines_of_one_cell_is_refused() -> None:
    found = found_spans(REVIEW, "findings-2-text", "First line. Second line.")
    assert isinstance(found, NotFound)
    assert found.code == "across_paragraphs"


def test_of_several_one_is_chosen_or_all_and_a_longer_word_is_none_of_them() -> None:
    first, second = TYPED["analysis"].index("Ann."), TYPED["analysis"].index("Ann knew.")
    spans = tuple(Span("analysis-1", start, start + 3, "Ann") for start in (first, second))
    assert found_spans(TYPED, "analysis-1", "Ann", 1) == spans[:1]
    assert found_spans(TYPED, "analysis-1", "Ann", 2) == spans[1:]
    assert found_spans(TYPED, "analysis-1", "Ann", "all") == spans
    several = found_spans(TYPED, "analysis-1", "Ann")
    assert isinstance(several, NotFound)
    assert [words.count("[Ann]") for words in several.standing] == [1, 1]
    assert several.standing[0].startswith("…")
    assert several.standing[1].endswith("[Ann] knew.")


_SIGNS = [*"ab' .-", "\u2019", "\u2013", "\u00a0", "…", "\u00ad", "\u200d", CAFE[-2:], FAMILY, FLAG]


@given(st.lists(st.sampled_from(_SIGNS), max_size=20).map("".join), st.data())
def test_what_is_found_has_no_problem_and_what_has_none_is_found(text: str, data: st.DataObject) -> None:
    document = {"analysis": text}
    for place in places(document).values():
        start = data.draw(st.integers(0, len(place.text)))
        passage = place.text[start : data.draw(st.integers(start, len(place.text)))]
        found = found_spans(document, place.key, passage, "all")
        if isinstance(found, tuple):
            assert span_problems(document, found) == []
        elif passage == passage.strip() and passage.strip("\u00ad\u200d\u0301"):
            assert span_problems(document, [Span(place.key, start, start + len(passage), passage)]) != []


# --- the second person ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proposer", "accepted", "decider", "expected"),
    [
        ("one@example.test", None, "two@example.test", ()),
        ("one@example.test", None, "ONE@Example.test ", ("is_the_proposer",)),
        ("one@example.test", True, "two@example.test", ("already_decided",)),
        ("one@example.test", False, "One@example.test", ("already_decided", "is_the_proposer")),
        ("", None, "two@example.test", ("is_the_proposer",)),
        ("one@example.test", None, " ", ("is_the_proposer",)),
    ],
)
def test_only_a_second_person_decides_and_only_once(
    proposer: str, accepted: bool | None, decider: str, expected: tuple[str, ...]
) -> None:
    proposal = Redaction(1, 1, at("analysis-1", "aunt"), "personal_data", "Invented note.", proposer, accepted)
    assert why_not_decide(proposal, decider) == expected
