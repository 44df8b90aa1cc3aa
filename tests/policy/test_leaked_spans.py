"""Where exactly redacted text stands: how long it must be, what stands beside it, and where a file begins and ends."""

import pytest

from workflows.policy.leaked_spans import Redacted, redacted_in
from workflows.policy.plain_letters import plain_text

HALL, HALF = Redacted("Seacroft Hall", 1), Redacted("Seacroft Hal", 1)  # twelve letters, and eleven
WARD, WAR = Redacted("Seacroft Hospital Ward", 1), Redacted("Seacroft Hospital War", 1)  # twenty, and nineteen
SISTER = Redacted("sister", 3, "lived with his", "in the same house")
MOTHER, LETTER = Redacted("mother", 4), Redacted("Z", 5)


def found(text: str, *spans: Redacted, coarse: bool = False) -> list[tuple[str, int, bool]]:
    plain = plain_text(text)
    return [
        (plain.plain[one.start : one.end], one.number, one.is_words) for one in redacted_in(plain, spans, coarse=coarse)
    ]


@pytest.mark.parametrize(
    ("text", "span", "is_found"),
    [
        ("Seacroft Hall", HALL, True),
        ("SEACROFTHALL", HALL, True),
        ("at Seacroft-Hall.", HALL, True),
        ("xSeacroft Hallx", HALL, False),
        ("Seacroft Hal", HALF, False),
        ("mother", MOTHER, False),
        ("Z", LETTER, False),
    ],
)
def test_in_what_is_no_text_a_redacted_one_has_twelve_letters_and_is_no_mere_word(
    text: str, span: Redacted, is_found: bool
) -> None:
    assert bool(found(text, span, coarse=True)) is is_found


def test_in_a_text_the_shortest_counts_and_words_do() -> None:
    assert found("Z, Z and Z", LETTER) == [("Z", 5, True)] * 3
    assert found("The mother came. His mother left.", MOTHER) == [("mother", 4, True)] * 2
    plain = plain_text("Z and Z")
    assert len(list(redacted_in(plain, [LETTER]))) == 2


@pytest.mark.parametrize(("span", "is_found"), [(WARD, True), (WAR, False)])
def test_twenty_letters_are_found_inside_of_other_words_as_well(span: Redacted, is_found: bool) -> None:
    whole = [one for one in found(f"x{span.text}x", span) if not one[2]]
    assert bool(whole) is is_found


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("lived with his sister", 1),
        ("sister in the same house", 1),
        ("Sister in the same house. Another sister, in the same house; a sister in the same house", 3),
        ("lived with his sister, lived with his sister, lived with his sister", 3),
        ("with his sister", 0),
        ("sister in the house", 0),
        ("lived with his sisters", 0),
        ("1sister in the same house", 0),
    ],
)
def test_a_plain_word_counts_beside_what_stands_beside_it_and_is_told_alone(text: str, times: int) -> None:
    assert [(words.lower(), number, is_words) for words, number, is_words in found(text, SISTER)] == [
        ("sister", 3, False)
    ] * times


PEOPLE = Redacted(
    "He had met her brother Manning, her son Tom, Jo and Mr Wills of Hope House at the Victims AP for the Review", 7
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Then Manning came.", ["Manning"]),
        ("Manning came. The manning of the gate was MANNING itself.", ["MANNING"]),
        ("What tom said", ["tom"]),
        ("Tom's view, TOM", ["Tom's", "TOM"]),
        ("that Jo left. Jo, jo", ["Jo"]),
        ("and Wills; he wills it", ["Wills"]),
        ("by Hope, with hope. Hope", ["Hope"]),
        ("the House, Mr and the Victims at the AP, he He her Her, the Review", []),
    ],
)
def test_a_name_of_somebody_the_record_does_not_know_is_found_though_it_looks_like_a_word(
    text: str, told: list[str]
) -> None:
    assert [words for words, number, is_words in found(text, PEOPLE) if (number, is_words) == (7, True)] == told
