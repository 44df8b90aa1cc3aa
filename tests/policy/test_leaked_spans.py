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


@pytest.mark.parametrize(
    "text", ["Seacroft Hospital Warx left", "xSeacroft Hospital War left", "A Seacroft Hospital War1"]
)
def test_fewer_are_none_where_a_word_goes_on(text: str) -> None:
    assert not [one for one in found(text, WAR) if not one[2]]
    assert [one for one in found(text.replace("x", "").replace("1", ""), WAR) if not one[2]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("about 1999 and 1,999", ["1999", "1,999"]),
        ("in 2001, of 2,001", []),
        ("48151623, 48,151,623", ["48151623", "48,151,623"]),
    ],
)
def test_an_amount_is_no_year_and_is_found_however_its_thousands_are_parted(text: str, told: list[str]) -> None:
    owed = Redacted("He owed 1,999 in 2001, and had 48,151,623 on his account in all of it", 8)
    assert [words for words, _, _ in found(text, owed)] == told


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
        ("A Manning", ["Manning"]),
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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a plumber", ["plumber"]),
        ("plumbers", ["plumbers"]),
        ("the plumber's; a plumbers' van", ["plumber's", "plumbers"]),
        ("plumbed, pianos and plumb", []),
        ("an imam and imams", ["imam", "imams"]),
        ("imax", []),
        ("schizophrenic", []),
        ("Ives", ["Ives"]),
        ("Ive", []),
        ("Hobbs's hobbs", ["Hobbs's", "hobbs"]),
        ("Hobb", ["Hobb"]),
        ("Voss, Strauss", ["Voss", "Strauss"]),
        ("Vos, Straus", []),
        ("Kress", ["Kress"]),
        ("Kres", []),
    ],
)
def test_a_word_is_found_in_its_plural_and_with_its_possessive_and_is_no_other(text: str, told: list[str]) -> None:
    trades = Redacted(
        "the plumbers, an imam, schizophrenia, Ives, Hobbs, Voss, Kress and Strauss of all that were there", 9
    )
    assert [words for words, _, _ in found(text, trades)] == told
