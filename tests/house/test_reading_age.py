"""How hard our words are to read: letters, pages and questions, by the grade of Flesch and Kincaid.

GOV.UK writes for a reading age of 9, which is a grade of 4, and for specialists as plainly as their matter allows.
Whoever reads these words knows the matter but may be tired, shaken or in a hurry. The limit is a grade of 7, an age
of 12: what the hardest of the letters needs that speak to staff about support. No word is left out of the count, so
the names of roles, which nobody here can shorten, weigh in it as well: most texts lie well below.
"""

import itertools
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from activities.composition import LETTERS, compose
from starter.views import PAGES
from tests.builders import LETTER_WORDS
from workflows.contract.questions import QUESTIONS

HARDEST, LONGEST_SENTENCE = 7.0, 25
"""A grade; and words, the most that GOV.UK has in a sentence."""
ENOUGH = 40
"""Fewer words than these say nothing by themselves: the formula is made for whole passages."""

_WORD = re.compile(r"[A-Za-z][A-Za-z\u2019'-]*")
_SENTENCE = re.compile(r"(?<=[.?!])\s+|\n+")
_SILENT = (  # letters that are written and make no syllable: came, asked, times, statement
    r"[^aeiouy]e$",
    r"(?:[^aeiouytdl]|[aeiouyl]l)ed$",
    r"(?:[^aeiouyscgxzh]|th)es$",
    r"[^aeiouyl]e(?=ments?$|ful|ly$|less|ness|bod|thing|time|where)",
)
_TWO_IN_ONE = (  # vowels side by side, or none, where there is one syllable more: people, material, being, quiet
    r"[^aeiouy]les?$",
    r"[^ctgs]i(?=a)",
    r"[^ctgsn]io|nion",
    r"(?:rea|dea)$|reas$|creat",
    r"[aeiouy](?=ing)",
    r"sm$|ism",
    r"(?<![qg])u(?=a|ou)",
    r"(?<!p)eo",
    r"(?:[^aeiouy]|qu)i(?=et|er$)",
)


def syllables(word: str) -> int:
    """How many a word has: as the pronouncing dictionary of Carnegie Mellon says, for 99 of 100 words of ours."""
    letters = re.sub("[^a-z]", "", word.lower())
    number = len(re.findall("[aeiouy]+", letters))
    number -= sum(bool(re.search(one, letters)) for one in _SILENT)
    return max(1, number + sum(bool(re.search(one, letters)) for one in _TWO_IN_ONE))


def sentences(texts: list[str]) -> list[list[str]]:
    """The words of each sentence."""
    split = (_WORD.findall(sentence) for text in texts for sentence in _SENTENCE.split(text))
    return [words for words in split if words]


def grade(texts: list[str]) -> float:
    """Years at an American school that the texts ask for. Rule: Kincaid and others, 1975."""
    each = sentences(texts)
    words = [word for sentence in each for word in sentence]
    return 0.39 * len(words) / len(each) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def is_plain(texts: list[str]) -> None:
    """No sentence is too long, and together they are no harder than the limit."""
    for words in sentences(texts):
        assert len(words) <= LONGEST_SENTENCE, f"{len(words)} words: {' '.join(words)}"
    found = grade(texts)
    assert found <= HARDEST, f"a grade of {found:.1f}: {' '.join(texts)}"


# --- letters ---------------------------------------------------------------------------------------------

NAMES = sorted(path.name for path in LETTERS.iterdir() if path.name != "layout")
FLAGS = ("overdue", "for_staff", "granted", "here", "line")


def sentences_of(letter: str, flags: dict[str, bool]) -> list[str]:
    """The lines of its text that are sentences: no greeting, no link, no list of what stands in the case."""
    words = {**LETTER_WORDS, **flags, "title": "A question", "if_silent": "You are asked again."}
    message = compose(letter, "sfo@example.test", "Example Person", "p@example.test", "<1@example.test>", words)
    body = message.get_body(("plain",))
    assert body is not None
    lines = [line.strip() for line in str(body.get_content()).splitlines()]
    return [line for line in lines if re.search(r"[.?!]$", line) and not line.startswith("- ")]


@pytest.mark.parametrize("letter", NAMES)
def test_a_letter_is_plain(letter: str) -> None:
    for flags in itertools.product((True, False), repeat=len(FLAGS)):
        texts = sentences_of(letter, dict(zip(FLAGS, flags, strict=True)))
        assert sum(map(len, sentences(texts))) >= ENOUGH
        is_plain(texts)


# --- questions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", sorted(QUESTIONS))
def test_a_question_is_plain(key: str) -> None:
    question = QUESTIONS[key]
    is_plain([question.title, question.why, question.if_silent, *(answer.consequence for answer in question.answers)])


def test_the_hints_of_fields_are_plain() -> None:
    fields = [field for question in QUESTIONS.values() for answer in question.answers for field in answer.fields]
    hints = sorted({field.hint for field in fields if field.hint})
    assert len(hints) > 10
    is_plain(hints)


# --- pages -----------------------------------------------------------------------------------------------

_COMMENT, _TAG = re.compile(r"\{#.*?#\}", re.S), re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.S)
_SAID = "p, li, label, h1, h2, h3, caption, .govuk-fieldset__legend"


def words_of(template: str) -> list[str]:
    """What a template says, but for names of columns and buttons; of an alternative, all that it may say."""
    source = _COMMENT.sub("", (PAGES / template).read_text())
    quoted = [text for tag in _TAG.findall(source) for text in re.findall(r'"([^"<>{}]*)"', tag)]
    stripped = _TAG.sub(lambda tag: "\n" if re.match(r"\{%-? *el(se|if)", tag[0]) else _value(tag[0]), source)
    said = [one.get_text("") for one in BeautifulSoup(stripped, "html.parser").select(_SAID)]
    texts = [re.sub(r"[ \t]+", " ", text).strip() for text in (*said, *quoted)]
    return [text for text in texts if len(_WORD.findall(text)) > 3]


def _value(tag: str) -> str:
    return "one" if tag.startswith("{{") else ""


TEMPLATES = sorted(path.name for path in Path(PAGES).glob("*.html"))
LONG = [name for name in TEMPLATES if sum(map(len, sentences(words_of(name)))) >= ENOUGH]


@pytest.mark.parametrize("template", LONG)
def test_a_page_is_plain(template: str) -> None:
    is_plain(words_of(template))


def test_the_short_pages_are_plain_together() -> None:
    short = [text for name in TEMPLATES if name not in LONG for text in words_of(name)]
    assert sum(map(len, sentences(short))) >= ENOUGH
    is_plain(short)
    assert len(LONG) > 10  # words that no template holds any more would not be measured


# --- the measure itself ----------------------------------------------------------------------------------

COUNTED = {
    1: "the you asked time times passed team called be",
    2: "question answer reason given nothing any settled going statement quiet number people being needed",
    3: "recorded manager decided deputy everyone consequence regional",
    4: "material independent escalation necessary operations proportionate accessible",
    5: "disciplinary immediately",
}


def test_syllables_are_counted_as_they_are_spoken() -> None:
    wrong = {w: syllables(w) for number, words in COUNTED.items() for w in words.split() if syllables(w) != number}
    assert wrong == {}


def test_a_hard_text_and_a_long_sentence_are_found() -> None:
    assert grade(["The cat sat on the mat."]) < 1
    hard = "Notwithstanding the aforementioned considerations, practitioners necessarily operationalise determinations."
    with pytest.raises(AssertionError, match="a grade of"):
        is_plain([hard])
    with pytest.raises(AssertionError, match="26 words"):
        is_plain(["He ran " * 13 + "."])
