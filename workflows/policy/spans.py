"""A run of a review's text that somebody points at: what is wrong with it, and where the words that were typed stand.

Offsets count the characters (code points) of a place's text, from 0, the end not included (`places.py`).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from .document import Document
from .places import Place, is_inside_word, places, word_at

_QUOTED = 60  # characters of the text that a message repeats
_AROUND = 30  # characters beside an occurrence by which a person tells it from another one


@dataclass(frozen=True, slots=True)
class Span:
    """A run of one place's text: from the character `start` up to `end`, and the `text` that stands between them."""

    place: str
    start: int
    end: int
    text: str


# --- What is wrong with a span -----------------------------------------------------------------------


def span_problems(document: Document, spans: Sequence[Span]) -> list[tuple[int, str, str]]:
    """What is wrong with each span: its index from 0, a code, and words with the remedy for a page; empty: nothing.

    Codes: `unknown_place`, `blank`, `beyond`, `other_text`, `across_paragraphs`, `inside_word`, `overlap`.
    """
    there = places(document)
    return [
        (index, code, f"{there[span.place].label}: {words}" if span.place in there else words)
        for index, span in enumerate(spans)
        for code, words in (*_own_problems(there.get(span.place), span), *_overlaps(spans, index))
    ]


def _own_problems(place: Place | None, span: Span) -> Iterator[tuple[str, str]]:
    if place is None:
        yield "unknown_place", "There is no such paragraph in this version; choose one of those offered"
        return
    if span.start == span.end or not span.text.strip():
        yield "blank", "the passage is empty; choose the words that must go"
        return
    if not 0 <= span.start < span.end <= len(place.text):
        yield (
            "beyond",
            f"the passage goes beyond the paragraph, which has {len(place.text)} characters; choose it again",
        )
        return
    there = place.text[span.start : span.end]
    if there != span.text:
        yield "other_text", f"other words stand there, “{_short(there)}”; choose the passage again in this version"
        return
    if "\n" in there or "\r" in there:
        yield "across_paragraphs", "the passage goes over several paragraphs; propose each by itself"
    for how, at in (("begins", span.start), ("ends", span.end)):
        if is_inside_word(place.text, at):
            word = _short(word_at(place.text, at))
            yield "inside_word", f"the passage {how} inside the word “{word}”; take in all of it, or leave it out"


def _overlaps(spans: Sequence[Span], index: int) -> Iterator[tuple[str, str]]:
    for number, other in enumerate(spans[:index], start=1):
        if overlap(spans[index], other):
            yield "overlap", f"the passage overlaps passage {number}; make one of the two, or shorten one"


def overlap(one: Span, other: Span) -> bool:
    """Whether two spans share a character; those that only touch share none."""
    return one.place == other.place and max(one.start, other.start) < min(one.end, other.end)


def standing(words: str, scope: Iterable[Place], around: tuple[str, str] = ("", "")) -> Iterator[Span]:
    """Where exactly these words stand, as whole words, and between exactly what is `around` them, left and right."""
    before, after = around
    for place in scope if words.strip() else ():
        for match in re.finditer(f"(?={re.escape(before + words + after)})", place.text):
            start = match.start() + len(before)
            end = start + len(words)
            if not is_inside_word(place.text, start) and not is_inside_word(place.text, end):
                yield Span(place.key, start, end, words)


def _short(text: str) -> str:
    return text if len(text) <= _QUOTED else f"{text[: _QUOTED - 1]}…"


# --- From the words that a person typed --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NotFound:
    """Why a passage points at no span: a code, the words for the page, and where it stands if it stands several times.

    Codes: `unknown_place`, `blank`, `never`, `several`, `no_such_occurrence`, and those of `span_problems`.
    """

    code: str
    message: str
    standing: tuple[str, ...] = ()


def found_spans(
    document: Document, place: str, passage: str, occurrence: int | Literal["all"] | None = None
) -> tuple[Span, ...] | NotFound:
    """Find a passage as it was typed in the place that was chosen: the span, all of them, or why there is none.

    Quotes, dashes and spaces may be of another kind; the words may not. `occurrence`: which one, from 1.
    """
    there = places(document)
    if place not in there:
        return NotFound("unknown_place", "Choose one of the paragraphs offered")
    here = there[place]
    if not passage.strip():
        return NotFound("blank", f"{here.label}: enter the passage, word for word")
    found = tuple(_occurrences(here, passage))
    whole = tuple(span for span in found if not any(_own_problems(here, span)))
    if not whole:
        return _why_never(here, passage, found, there.values())
    if occurrence == "all" or (occurrence is None and len(whole) == 1):
        return whole
    standing = tuple(_with_words_around(here.text, span) for span in whole)
    which = f"1 to {len(whole)}, or all of them" if len(whole) > 1 else "1"
    if occurrence is None:
        message = f"{here.label}: the passage stands there {len(whole)} times; say which one, {which}"
        return NotFound("several", message, standing)
    if not 1 <= occurrence <= len(whole):
        return NotFound("no_such_occurrence", f"{here.label}: it does not stand there so often; say {which}", standing)
    return (whole[occurrence - 1],)


def _why_never(here: Place, passage: str, found: Sequence[Span], others: Iterable[Place]) -> NotFound:
    if found:  # it stands there and cannot be cut out
        code, words = next(_own_problems(here, found[0]))
        return NotFound(code, f"{here.label}: {words}")
    if "\n" in passage.strip():
        remedy = "the passage goes over several paragraphs; choose each paragraph and enter its words by themselves"
        return NotFound("across_paragraphs", f"{here.label}: {remedy}")
    elsewhere = [other.label for other in others if any(_occurrences(other, passage))]
    remedy = f"choose {elsewhere[0]}, where it stands" if elsewhere else "copy it from the text, word for word"
    return NotFound("never", f"{here.label}: the passage does not stand there; {remedy}")


def _with_words_around(text: str, span: Span) -> str:
    before, after = text[max(0, span.start - _AROUND) : span.start], text[span.end : span.end + _AROUND]
    return f"{'…' if span.start > _AROUND else ''}{before}[{span.text}]{after}{'…' * (span.end + _AROUND < len(text))}"


def _occurrences(place: Place, passage: str) -> Iterator[Span]:
    """Where a passage stands, in the words of the place; one that would cut a word hides no other one."""
    text, starts, ends = _folded(place.text)
    sought, _, _ = _folded(passage.strip())
    at, free = text.find(sought) if sought else -1, 0
    while at >= 0:
        start, end = starts[at], ends[at + len(sought) - 1]
        cuts = is_inside_word(place.text, start) or is_inside_word(place.text, end)
        if cuts or start >= free:
            yield Span(place.key, start, end, place.text[start:end])
            free = free if cuts else end
        at = text.find(sought, at + 1)


_KINDS = {
    **dict.fromkeys("\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\u201a\u201b`\u00b4\u2032", "'"),
    **dict.fromkeys("\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}\u201e\u201f\u2033«»", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    "…": "...",
}


def _folded(text: str) -> tuple[str, list[int], list[int]]:
    """The text with one kind of quote, dash and space, and where in the text each of its characters starts and ends."""
    folded: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _signs(text):
        sign = " " if text[start:end].isspace() else unicodedata.normalize("NFC", text[start:end])
        if sign == " " and folded[-1:] == [" "]:
            ends[-1] = end
        elif unicodedata.category(sign[0]) == "Cf":  # nobody sees it: it goes with what stands before it
            if ends:
                ends[-1] = end
        else:
            for character in _KINDS.get(sign, sign):
                folded.append(character)
                starts.append(start)
                ends.append(end)
    return "".join(folded), starts, ends


def _signs(text: str) -> Iterator[tuple[int, int]]:
    """Each character together with the accents behind it."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or not unicodedata.category(text[at]).startswith("M"):
            yield start, at
            start = at
