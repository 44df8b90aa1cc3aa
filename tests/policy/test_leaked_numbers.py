"""Where exactly a number, an address or a date of birth stands, which of two that overlap counts, and what is none."""

from datetime import date

import pytest

from workflows.policy.leaked_numbers import numbers_in
from workflows.policy.plain_letters import plain_text

OWN = ("X123456", "A1234BC", "1234", "XY771", "77XY1")
BORN = (date(1991, 5, 4),)


def found(text: str, *, coarse: bool = False) -> list[tuple[str, str]]:
    """The words that were found, and their kind."""
    plain = plain_text(text)
    return [(plain.plain[start:end], kind) for start, end, kind in numbers_in(plain, OWN, BORN, coarse=coarse)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ask some.one%x+y'z@example.test now", [("some.one%x+y'z@example.test", "email")]),
        ("a@example.test", [("a@example.test", "email")]),
        ("wrong X123456, right", [("X123456", "crn")]),
        ("CRN X123456 or Z654321.", [("X123456", "crn"), ("Z654321", "crn")]),
        ("X123456Z654321", [("X123456", "crn")]),  # what is known counts wherever it stands
        ("X123456 and X123456", [("X123456", "crn"), ("X123456", "crn")]),
        ("x 1-2-3 45.6", [("x 1-2-3 45.6", "crn")]),
        ("x   1   2   3   4   5   6", [("x   1   2   3   4   5   6", "crn")]),
        ("X 1 2 3 4 5     6", []),
        ("X1234567", []),
        ("9X123456", [("X123456", "crn")]),
        ("1X1234562", []),
        ("A1234BC1", [("A1234BC", "noms")]),
        ("room 1234 is theirs", []),  # a known number that is so short says nothing
        ("born 4 May 1991, once", [("4 May 1991", "date_of_birth")]),  # the date that is known counts first
        ("born on 3 June 1980, once", [("born on 3 June 1980", "date_of_birth")]),
        ("4 May 1991 X123456", [("4 May 1991", "date_of_birth"), ("X123456", "crn")]),
        ("X123456@example.test", [("X123456", "crn")]),
        ("X123456A1234BC", [("X123456", "crn"), ("A1234BC", "noms")]),  # side by side, whichever is looked for first
        ("A1234BCX123456", [("A1234BC", "noms"), ("X123456", "crn")]),
        ("XY771, XY771, XY771", [("XY771", "crn")] * 3),
        ("XY77   1", [("XY77   1", "crn")]),
        ("XY77    1", []),
        ("77XY1", [("77XY1", "crn")]),
        ("977XY1", []),
        ("no 977XY1", []),
        ("a77XY1", [("77XY1", "crn")]),
        ("77XY12", []),
        ("X123456 4 May 1991", [("X123456", "crn"), ("4 May 1991", "date_of_birth")]),
        ("a@example.test\n01632\n960123", [("a@example.test", "email"), ("01632\n960123", "phone")]),
    ],
)
def test_a_number_is_found_where_it_stands_and_once(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize("length", [1, 63, 64, 65, 80])
def test_an_address_begins_at_most_so_far_before_its_at(length: int) -> None:
    ((words, kind),) = found(f"see {'a' * length}@example.test")
    assert (words, kind) == (f"{'a' * min(length, 65)}@example.test", "email")


@pytest.mark.parametrize("length", [1, 63, 64])
def test_an_address_at_the_beginning_is_found_whole(length: int) -> None:
    assert found(f"{'b' * length}@example.test") == [(f"{'b' * length}@example.test", "email")]


def test_in_what_is_no_text_only_known_numbers_and_addresses_count() -> None:
    text = "X123456 Z654321 01632 960123 a@example.test born 3 June 1980 1991-05-04 4.5.91"
    assert found(text, coarse=True) == [
        ("X123456", "crn"),
        ("a@example.test", "email"),
        ("1991-05-04", "date_of_birth"),
    ]


def test_each_known_date_of_birth_is_looked_for_whether_or_not_another_stands_there() -> None:
    plain, born = plain_text("on 03/06/1980 or 4.5.91"), (date(1975, 1, 2), date(1980, 6, 3), *BORN)
    assert numbers_in(plain, (), born) == [(3, 13, "date_of_birth"), (17, 23, "date_of_birth")]
    assert numbers_in(plain, (), born, coarse=True) == [(3, 13, "date_of_birth")]


def test_a_text_is_one_unless_it_is_said_to_be_none() -> None:
    plain = plain_text("01632 960123")
    assert [kind for _, _, kind in numbers_in(plain, (), ())] == ["phone"]
