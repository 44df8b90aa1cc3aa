"""Everything that hides a word taken off, sign by sign, and the other ways in which a text may be read."""

import pytest

from workflows.policy.plain_letters import alike, plain_text, readings_of


@pytest.mark.parametrize(
    ("dressed", "plain"),
    [
        ("\u0663", "3"),  # a digit of another script
        ("\U0001d7d9", "1"),
        ("\N{LATIN LETTER SMALL CAPITAL N}", "n"),
        ("\N{LATIN SMALL LETTER H WITH STROKE}", "h"),
        ("\N{LATIN CAPITAL LETTER H WITH STROKE}", "H"),
        ("\N{LATIN SMALL LETTER J WITH CARON}", "j"),
        ("\N{NEGATIVE SQUARED LATIN CAPITAL LETTER A}", "A"),
        ("\N{CIRCLED LATIN CAPITAL LETTER A}", "A"),
        ("\N{LATIN SMALL LIGATURE FFI}", "ffi"),
        ("e\u0301", "e"),
        ("\u115f", ""),
        ("\ue000", "\ue000"),  # a sign without a name is left as it is
        ("\x07", " "),
    ],
)
def test_a_sign_is_stripped_of_its_dress(dressed: str, plain: str) -> None:
    assert plain_text(f"\u00e9{dressed}").plain == f"e{plain}"


def test_a_reader_takes_i_for_l_and_no_sign_grows_when_it_becomes_small() -> None:
    assert alike("AbI i1") == "abl l1"
    assert [alike(text) for text in ("\u0130X", "X\u0130Y", "\u0130\u0130")] == ["lx", "xly", "ll"]


def test_letters_and_signs_are_kept_of_every_script_and_nothing_else() -> None:
    text = plain_text("\u4f8b 1-b_i")
    assert (text.letters, list(text.letters_at)) == ("\u4f8bbl", [0, 4, 6])
    assert (text.signs, list(text.signs_at)) == ("\u4f8b1b1", [0, 2, 4, 6])
    assert (plain_text("a 1-b").letters, plain_text("a 1-b").signs) == ("ab", "a1b")


def test_every_sign_knows_where_it_stood() -> None:
    text = plain_text("A\u00ad\ufb03x E\u0301a")
    assert text.plain == "Affix Ea"
    assert text.original(0, 1) == "A"
    assert text.original(1, 4) == "\ufb03"
    assert text.original(4, 6) == "x "
    assert text.original(6, 7) == "E"
    assert plain_text("plain").original(1, 3) == "la"


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("plain", ["plain"]),
        ("a &amp; b", ["a &amp; b", "a & b"]),
        ("Zel%64a", ["Zel%64a", "Zelda", "Zel%6aa"]),
        ("Zel%2564a", ["Zel%2564a", "Zel%64a", "Zelda", "Zel%2s6aa"]),
        ("schizo-\nphrenia", ["schizo-\nphrenia", "schizophrenia"]),
        ("Ze1da", ["Ze1da", "Zelda"]),
        ("\u00e9\U000e005a\U000e0065", ["\u00e9\U000e005a\U000e0065", "Ze"]),
        ("\u00e9", ["\u00e9"]),
        ("+", ["+"]),
    ],
)
def test_a_text_is_read_in_each_of_its_ways_once(text: str, readings: list[str]) -> None:
    assert sorted(readings_of(text)) == sorted(readings)
    assert next(readings_of(text)) == text


def test_what_is_no_text_is_decoded_and_no_more() -> None:
    assert list(readings_of("schizo-\nphrenia Ze1da &amp;", coarse=True)) == [
        "schizo-\nphrenia Ze1da &amp;",
        "schizo-\nphrenia Ze1da &",
    ]
    assert list(readings_of("Ze1da")) == ["Ze1da", "Zelda"]  # a text, unless it is said to be none
