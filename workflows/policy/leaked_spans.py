"""Where redacted text can still be read in a file: the whole of it, a run of it, or a word that gives it away.

Used by leaks.py. A word gives away when it is not plain (`plain_words.py`), when it has a capital in mid-sentence as a
name has, or when it is a number of four digits or more. Rule: Annex J, redaction; facts.md 4.2, victim version.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from .ordinary_words import CAPITALISED, MONTHS, OFFICES, ORDINARY, SHORT, TITLES
from .plain_letters import PlainText, alike, as_signs, plain_text
from .plain_words import is_listed, is_plain

_DISTINCT = 4  # plain words in a row that are more than a turn of phrase
_RUN = 8  # words of a longer text that must not stand in a row anywhere
_PHRASE = 6  # signs of a phrase of plain words
_COARSE = 12  # signs of a text that is looked for in what is no text
_BOUND = 20  # signs from which a text is found inside of other words as well
_BESIDE = 3  # words on each side that tell the place of a single plain word

_WORD = re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)|[^\W_]+(?:'[^\W_]+)*")
_NEVER_A_NAME = CAPITALISED | OFFICES | MONTHS | SHORT | TITLES
_MID_SENTENCE = re.compile(r"[^\W_'][,;'\")]{0,2} $")


@dataclass(frozen=True, slots=True)
class Redacted:
    """A redacted text and the number of its redaction.

    `before` and `after`: the words beside it in the review, some or all, which stay. They tell the place of a single
    plain word, such as “mother”; without them it counts wherever it stands.
    """

    text: str = field(repr=False)
    number: int
    before: str = field(default="", repr=False)
    after: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """A place in `PlainText.plain`, from and up to. `is_words`: words of the text, and not the text as it stood."""

    start: int
    end: int
    number: int
    is_words: bool


def redacted_in(plain: PlainText, spans: Iterable[Redacted], *, coarse: bool = False) -> Iterator[Found]:
    """Every place at which redacted text stands; `coarse`: what is searched is no text, so only long ones count."""
    given = tuple(spans)
    for span in given:
        for signs, is_words, beside in _sought(span):
            if len(signs) >= (_COARSE if coarse else 1) and not (coarse and is_words):
                yield from _standing(plain, span, signs, is_words=is_words, beside=beside)
    if not coarse and given:
        yield from _words_standing(plain, _telling(given))


# --- the text as it stood ----------------------------------------------------------------------------


@lru_cache(maxsize=2048)
def _sought(span: Redacted) -> tuple[tuple[str, bool, tuple[str, str]], ...]:
    """The runs of signs that are looked for; whether each is mere words; what must stand before and after it."""
    words = _words(span.text)
    if not words:
        return ()
    whole, plainly, nothing = _signs(words), all(map(is_plain, words)), ("", "")
    runs = [_signs(words[i : i + _RUN]) for i in range(len(words) - _RUN + 1)]
    if not plainly or len(words) >= _DISTINCT:
        return tuple((signs, False, nothing) for signs in dict.fromkeys((whole, *runs)))
    if len(words) > 1 and len(whole) >= _PHRASE:
        return ((whole, True, nothing),)
    before, after = _signs(_words(span.before)[-_BESIDE:]), _signs(_words(span.after)[:_BESIDE])
    sides = [side for side in ((before, ""), ("", after)) if any(side)]  # what is beside it may be redacted as well
    return tuple((whole, False, side) for side in sides) or ((whole, True, nothing),)


def _words(text: str) -> list[str]:
    return _WORD.findall(plain_text(text).plain)


def _signs(words: Iterable[str]) -> str:
    return as_signs(sign for sign in alike("".join(words)) if sign.isalnum())


def _standing(
    plain: PlainText, span: Redacted, signs: str, *, is_words: bool, beside: tuple[str, str]
) -> Iterator[Found]:
    before, after = beside
    sought, place = before + signs + after, plain.signs.find(before + signs + after)
    while place >= 0:
        first, last = place + len(before), place + len(before) + len(signs) - 1
        start, end = plain.signs_at[first], plain.signs_at[last] + 1
        if len(signs) >= _BOUND or _is_bounded(plain.plain, start, end):
            yield Found(start, end, span.number, is_words)
        place = plain.signs.find(sought, place + 1)


def _is_bounded(text: str, start: int, end: int) -> bool:
    return not (start and text[start - 1].isalnum()) and not text[end : end + 1].isalnum()


# --- words that give it away -------------------------------------------------------------------------


def _telling(spans: tuple[Redacted, ...]) -> Mapping[str, tuple[int, bool]]:
    """The words that give a text away, each with its redaction and whether it only counts with a capital."""
    found: dict[str, tuple[int, bool]] = {}
    for span in spans:
        for word, needs_capital in _telling_words(span):
            found.setdefault(word, (span.number, needs_capital))
    return found


@lru_cache(maxsize=2048)
def _telling_words(span: Redacted) -> tuple[tuple[str, bool], ...]:
    context = plain_text(f"{span.before[-40:]}{'' if span.before[-1:].isspace() else ' '}").plain.lstrip()
    text = context + plain_text(span.text).plain
    words = (match for match in _WORD.finditer(text) if match.start() >= len(context))
    telling = ((_stem(match[0]), is_plain(match[0])) for match in words if _tells(text, match))
    return tuple(dict.fromkeys(telling))


def _tells(text: str, match: re.Match[str]) -> bool:
    word = match[0]
    if not is_plain(word):
        return True
    return _may_be_a_name(word) and word[0].isupper() and bool(_MID_SENTENCE.search(text[: match.start()]))


def _may_be_a_name(word: str) -> bool:
    """Whether a plain word with a capital in mid-sentence is a name: Grace, Manning, Jo; not Hospital, Victims, AP."""
    small = word.lower()
    if small in ORDINARY:
        return small not in _NEVER_A_NAME
    never = not _NEVER_A_NAME.isdisjoint((small, small.removesuffix("s")))
    return not (never or is_listed(word) or word.isupper())


def _words_standing(plain: PlainText, telling: Mapping[str, tuple[int, bool]]) -> Iterator[Found]:
    for match in _WORD.finditer(plain.plain):
        number, needs_capital = telling.get(_stem(match[0]), (None, False))
        if number is None or (needs_capital and not _has_capital(plain.plain, match)):
            continue
        yield Found(match.start(), match.end(), number, is_words=True)


def _has_capital(text: str, match: re.Match[str]) -> bool:
    return match[0][0].isupper() and bool(_MID_SENTENCE.search(text[max(match.start() - 4, 0) : match.start()]))


def _stem(word: str) -> str:
    """The word in small letters, without a comma in a number, a possessive or a plural."""
    small = alike(word).replace(",", "").removesuffix("'s")
    return small[:-1] if len(small) > 4 and small.endswith("s") and not small.endswith("ss") else small
