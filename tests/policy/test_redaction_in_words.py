"""What a person reads about a passage that cannot be removed as it is pointed at or typed: each message whole."""

import pytest

from tests.policy.test_redaction import REVIEW, TYPED, at
from workflows.policy.redaction import NotFound, Span, found_spans, span_problems

ONE, TWO = (f"Analysis of practice, paragraph {number}" for number in (1, 2))
CELL = "Strengths and deficiencies, number 2: What was found"
WHOLE_WORDS = "take in all of it, or leave it out"
LONG = "Invented words that go on and on until nobody reads them any more."
IN_FULL, CUT_SHORT = LONG[:60], f"{LONG[:59]}…"


@pytest.mark.parametrize(
    ("span", "message"),
    [
        (Span("analysis-9", 0, 3, "The"), "There is no such paragraph in this version; choose one of those offered"),
        (Span("analysis-1", 4, 4, ""), f"{ONE}: the passage is empty; choose the words that must go"),
        (Span("analysis-1", 3, 4, " "), f"{ONE}: the passage is empty; choose the words that must go"),
        (
            Span("analysis-2", 2, 20, "visit was missed.x"),
            f"{TWO}: the passage goes beyond the paragraph, which has 19 characters; choose it again",
        ),
        (
            Span("analysis-1", 3, 7, "aunt"),
            f"{ONE}: other words stand there, “ aun”; choose the passage again in this version",
        ),
        (
            at("findings-2-text", "line.\nSecond"),
            f"{CELL}: the passage goes over several paragraphs; propose each by itself",
        ),
        (at("analysis-1", "he"), f"{ONE}: the passage begins inside the word “The”; {WHOLE_WORDS}"),
        (at("analysis-1", "The au"), f"{ONE}: the passage ends inside the word “aunt”; {WHOLE_WORDS}"),
    ],
)
def test_a_span_that_points_wrongly_is_told_in_these_words(span: Span, message: str) -> None:
    assert [words for _, _, words in span_problems(REVIEW, [span])] == [message]


def test_spans_that_overlap_are_told_by_the_number_of_the_other() -> None:
    spans = [at("analysis-2", "A"), at("analysis-1", "The aunt said"), at("analysis-1", "said she")]
    assert span_problems(REVIEW, spans) == [
        (2, "overlap", f"{ONE}: the passage overlaps passage 2; make one of the two, or shorten one")
    ]


@pytest.mark.parametrize(("length", "quoted"), [(60, IN_FULL), (61, CUT_SHORT)])
def test_a_message_repeats_so_much_of_a_text_and_no_more(length: int, quoted: str) -> None:
    ((_, _, message),) = span_problems({"analysis": LONG}, [Span("analysis-1", 0, length, "x" * length)])
    assert message == f"{ONE}: other words stand there, “{quoted}”; choose the passage again in this version"


def test_a_word_without_end_is_cut_short_in_the_message() -> None:
    found = span_problems({"analysis": "w" * 70}, [Span("analysis-1", 3, 5, "ww")])
    assert [message for _, _, message in found] == [
        f"{ONE}: the passage {how} inside the word “{'w' * 59}…”; {WHOLE_WORDS}" for how in ("begins", "ends")
    ]


@pytest.mark.parametrize(
    ("place", "passage", "occurrence", "message", "standing"),
    [
        ("analysis-7", "Ann", None, "Choose one of the paragraphs offered", ()),
        ("analysis-1", " \n", None, f"{ONE}: enter the passage, word for word", ()),
        (
            "analysis-1",
            "Anne",
            None,
            f"{ONE}: the passage does not stand there; copy it from the text, word for word",
            (),
        ),
        ("analysis-1", "nn", None, f"{ONE}: the passage begins inside the word “Anna”; {WHOLE_WORDS}", ()),
        (
            "analysis-1",
            "left.\nNobody",
            None,
            f"{ONE}: the passage goes over several paragraphs; choose each paragraph and enter its words by themselves",
            (),
        ),
        (
            "analysis-1",
            "Ann",
            None,
            f"{ONE}: the passage stands there 2 times; say which one, 1 to 2, or all of them",
            ("…. It was over\u00a0then. Anna knew [Ann]. Ann knew.", "…was over\u00a0then. Anna knew Ann. [Ann] knew."),
        ),
        (
            "analysis-1",
            "Ann",
            3,
            f"{ONE}: it does not stand there so often; say 1 to 2, or all of them",
            ("…. It was over\u00a0then. Anna knew [Ann]. Ann knew.", "…was over\u00a0then. Anna knew Ann. [Ann] knew."),
        ),
        (
            "analysis-1",
            "Anna",
            2,
            f"{ONE}: it does not stand there so often; say 1",
            ("…  and left. It was over\u00a0then. [Anna] knew Ann. Ann knew.",),
        ),
    ],
)
def test_a_passage_that_finds_no_single_span_is_told_in_these_words(
    place: str, passage: str, occurrence: int | None, message: str, standing: tuple[str, ...]
) -> None:
    found = found_spans(TYPED, place, passage, occurrence)
    assert isinstance(found, NotFound)
    assert (found.message, found.standing) == (message, standing)


def test_a_passage_that_stands_elsewhere_is_told_the_first_place_where_it_does() -> None:
    elsewhere = f"{TWO}: the passage does not stand there; choose Chronology, number 1: What happened, where it stands"
    assert found_spans(REVIEW, "analysis-2", "Invented Clinic") == NotFound("never", elsewhere)


def test_a_passage_over_the_lines_of_a_cell_is_told_that_it_is() -> None:
    over = f"{CELL}: the passage goes over several paragraphs; propose each by itself"
    assert found_spans(REVIEW, "findings-2-text", "First line. Second line.") == NotFound("across_paragraphs", over)


@pytest.mark.parametrize(
    ("before", "after", "standing"),
    [
        (0, 0, "[Ann]"),
        (30, 30, f"{'b' * 29} [Ann] {'a' * 29}"),
        (31, 31, f"…{'b' * 29} [Ann] {'a' * 29}…"),
    ],
)
def test_beside_an_occurrence_stand_thirty_characters_and_a_sign_where_there_are_more(
    before: int, after: int, standing: str
) -> None:
    text = f"{('b' * before)[1:]}{' ' * (before > 0)}Ann{' ' * (after > 0)}{('a' * after)[1:]}"
    found = found_spans({"analysis": text}, "analysis-1", "Ann", 2)
    assert isinstance(found, NotFound)
    assert found.standing == (standing,)
