"""Which words recover nothing when they are redacted in one place and left in another, and which set a person apart."""

import pytest

from workflows.policy.plain_words import is_listed, is_plain


@pytest.mark.parametrize(
    "word",
    [
        "about", "ABOUT", "About",
        "reviews", "policies", "worried", "angrily", "happiness", "reviewed", "arrived", "waiting", "making",
        "nurses", "advisor", "simply", "medically", "kindness", "usable", "selective", "lawfully", "formality",
        "attendance", "frequency", "relevance", "asked", "actions",
        "planned", "stopped", "referred", "sitting",  # the last letter of the word doubled
        "outings", "unexpectedly", "ownerless", "visitorless", "developmental", "directional", "seasonality",
        "friendliness",  # one ending upon another
        "reopened", "untold", "misjudged", "overworked", "disbelief", "preplanned", "nonattendance", "unmet",
        "underperforming", "interagency", "underway",  # the longer beginning, not the shorter one in it
        "interview's", "parents'", "don't", "wasn't", "he'd", "they'll", "we're", "I've", "I'm",
        "mum", "mums", "NHS", "may", "May",
    ],
)  # fmt: skip
def test_an_ordinary_word_recovers_nothing_whatever_its_case_and_ending(word: str) -> None:
    assert is_plain(word)


@pytest.mark.parametrize(
    "word",
    [
        "schizophrenia", "cocaine", "methadone", "polish", "islam", "plumber", "diabetic", "seacroft",
        "imam", "pastor", "believer", "reborn", "teachers", "undertaker", "dealer", "disabled", "traveller",
        "aids", "mayor",
        "Inman", "Overend", "Unwin", "beer", "penning",  # what is left of them is short, or another word
        "doers", "goings",  # so are these: two letters say nothing of a word
        "HIV", "gay", "Jew", "nun", "Amy", "Tom", "Tom's", "lsd",
    ],
)  # fmt: skip
def test_an_illness_a_belief_a_trade_a_drug_or_a_name_tells(word: str) -> None:
    assert not is_plain(word)


@pytest.mark.parametrize(
    ("figures", "recovers_nothing"),
    [
        ("7", True),
        ("999", True),
        ("1000", False),
        ("1899", False),
        ("1900", True),
        ("2026", True),
        ("2100", False),
        ("20261", False),
    ],
)
def test_a_number_tells_from_a_thousand_on_unless_it_may_be_a_year(figures: str, recovers_nothing: bool) -> None:
    assert is_plain(figures) is recovers_nothing


@pytest.mark.parametrize("word", ["a", "it", "Li", "of"])
def test_two_letters_say_nothing_by_themselves(word: str) -> None:
    assert is_plain(word)


@pytest.mark.parametrize(
    ("word", "stands_there"),
    [("Hope", True), ("hope's", True), ("NHS", True), ("Manning", False), ("Harding", False)],
)
def test_a_word_is_listed_as_it_is_and_not_because_of_its_ending(word: str, stands_there: bool) -> None:
    assert is_plain(word)
    assert is_listed(word) is stands_there
