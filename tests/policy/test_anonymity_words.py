"""Each word and each sign that tells a name from a word, a date, a place or the beginning of a sentence.

They stand in patterns, so that a word of them could be lost without a line of code being another.
"""

import pytest

from workflows.policy.anonymity import Named, findings_in
from workflows.policy.ordinary_words import MONTHS, TITLES


def kinds(text: str, name: str) -> list[str]:
    return [trace.what for trace in findings_in({"findings": [{"text": text}]}, [Named(name)])]


def is_let_through(text: str, name: str) -> bool:
    return kinds(text, name) == []


@pytest.mark.parametrize("title", sorted(TITLES))
def test_behind_each_title_a_place_is_a_name(title: str) -> None:
    for text in (
        f"and {title} Leicester",
        f"and {title.upper()}. Leicester",
        f"3{title} Leicester",
        f"_{title} Leicester",
    ):
        assert kinds(text, "Ann Leicester") == ["name"]
    assert is_let_through(f"and x{title} Leicester", "Ann Leicester")
    assert is_let_through(f"and {title}, Leicester", "Ann Leicester")


OF_A_DATE = """
    in on of by since until till from to through throughout within and or between before after during early late mid
    last next following this each every
""".split()  # noqa: SIM905  # a text reads better


@pytest.mark.parametrize("word", [*OF_A_DATE, "3", "12", "1st", "2nd", "3rd", "4th"])
def test_behind_each_word_of_a_date_a_month_is_none(word: str) -> None:
    for text in (
        f"It stood {word} May.",
        f"It stood {word.upper()} May.",
        f"It stood {word}-May.",
        f"It stood {word}, May.",
    ):
        assert is_let_through(text, "May Bishop")


@pytest.mark.parametrize("word", ["Robin", "Anton", "3xx", "asked", "1sth"])
def test_behind_another_word_it_is_a_name(word: str) -> None:
    assert kinds(f"It stood {word} May.", "May Bishop") == ["name"]


@pytest.mark.parametrize("month", sorted(MONTHS))
def test_each_month_is_one_beside_another_and_a_name_where_none_stands(month: str) -> None:
    other = "May" if month != "may" else "June"
    person, itself = f"{other} Bishop", f"{month.capitalize()} Bishop"
    for text in (f"Seen {month.capitalize()}, {other}.", f"Seen {month}/{other}.", f"Seen {month} {other}."):
        assert is_let_through(text, person)
    for text in (f"Seen {other}, {month.capitalize()}.", f"Seen {other} {month}.", f"Seen {other} and {month}."):
        assert is_let_through(text, person)
    assert is_let_through(f"Seen in {month.capitalize()}.", itself)
    assert kinds(f"They told {month.capitalize()}.", itself) == ["name"]
    assert kinds(f"They told {other} {month.capitalize()}ham.", person) == ["name"]  # no month, but what begins as one


@pytest.mark.parametrize(
    "after",
    [
        " 2026",
        ", 2026",
        " and June",
        " or June",
        " to June",
        " until June",
        " till June",
        "-June",
        " - June",
        "  June",
        ",June",
    ],
)
def test_before_what_goes_on_as_a_date_a_month_is_none(after: str) -> None:
    assert is_let_through(f"Seen May{after}.", "May Bishop")


@pytest.mark.parametrize("after", ["", " and others", " - others", ", who came"])
def test_before_what_does_not_it_is_a_name(after: str) -> None:
    assert kinds(f"They told May{after}.", "May Bishop") == ["name"]


BEGINNINGS = [
    "It ended. ", "It ended! ", "It ended? ", "To do: ", "It ended; ", "* ", "\u2022 ", "- ", "To do - ", "To do -",
    "It ended.\n", "To do\n", "\u201c", "It ended.\u201d ", "\"", "'", "(", "[",
    "It ended. (\u201c", "", "To do:\u201c ",
]  # fmt: skip


@pytest.mark.parametrize("before", BEGINNINGS)
def test_a_capital_at_the_beginning_says_nothing(before: str) -> None:
    assert is_let_through(f"{before}Mark the change", "Mark Young")


@pytest.mark.parametrize("before", ["so ", "so, ", "so \u201c", "(so ", "so-", "so / "])
def test_a_capital_in_mid_sentence_does(before: str) -> None:
    assert kinds(f"{before}Mark the change", "Mark Young") == ["name"]


@pytest.mark.parametrize("article", ["the", "The", "a", "A", "an", "An"])
def test_behind_each_article_a_capital_is_a_thing(article: str) -> None:
    assert is_let_through(f"It was {article} Amber light.", "Amber Field")


def test_what_only_ends_as_an_article_is_none() -> None:
    assert kinds("They saw Anna Hope.", "Grace Hope") == ["name"]
    assert kinds("They saw Jan Hope.", "Grace Hope") == ["name"]


@pytest.mark.parametrize("prison", ["HMP", "YOI", "HMYOI", "IRC"])
def test_behind_each_kind_of_prison_a_capital_is_a_place(prison: str) -> None:
    assert is_let_through(f"It was at {prison} Forest.", "Dean Forest")
    assert kinds(f"At {prison} Ford he met Forest.", "Dean Forest") == ["name"]
    assert kinds(f"It was at x{prison} Forest.", "Dean Forest") == ["name"]


@pytest.mark.parametrize("between", [" ", "  ", "-", " - ", ", ", ",", "_", ".", "\u2013", "\n", "._"])
def test_between_two_parts_in_small_letters_each_of_these_may_stand(between: str) -> None:
    assert kinds(f"it was zelda{between}quillfeather", "Zelda Quillfeather") == ["name"]


@pytest.mark.parametrize("between", [". ", " or ", ": ", "; ", " (", "/"])
def test_with_anything_else_between_them_they_are_no_pair(between: str) -> None:
    assert is_let_through(f"it was zelda{between}quillfeather", "Zelda Quillfeather")


@pytest.mark.parametrize("first", ["Mc", "Mac", "M'", "mc", "MAC"])
@pytest.mark.parametrize("then", ["Mc", "Mac", "M'", "Mc ", "Mac-", "M' "])
def test_a_clan_is_spelt_in_three_ways_whichever_the_record_has(first: str, then: str) -> None:
    assert kinds(f"It was {then}Allister.", f"Fergus {first}Allister") == ["name"]
