"""Where a known person is named in a file, however the name is spelt, split, spaced out or disguised. Used by leaks.py.

A release is held for less than a draft is (`anonymity.py`): a part of a name counts in any case, unless it is an
ordinary word; then the rules for drafts decide, or a letter of another script in it. A whole name counts whatever
stands between its letters. Out of reach, as there: a nickname, a misspelling, initials alone.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from .anonymity import Named, is_ordinary, mentions, words_of
from .ordinary_words import PARTICLES
from .plain_letters import PlainText, letters_of

# A place in `PlainText.plain`, from and up to, and who is named there.
Place = tuple[int, int, str]

_LONG = 8  # letters: a name that long stands in no text by chance
_BY_EYE = 6  # letters from which i and l may be taken for each other without a foreign letter
_BROKEN = 5  # letters of a part that is looked for across hyphens; 4 where every letter stands alone
_COARSE = 5  # letters of a part that is looked for in what is no text
_ENDING = re.compile(r"(?:'?s)?(?=[\W\d_]|$)", re.IGNORECASE)
_LIGHT = re.compile(r"[^\w\s]{1,3}(?:[ ]*\n\s*)?")  # zel-da, zel-(end of line)da, zel·da; no plain space


@dataclass(frozen=True, slots=True)
class _Sought:
    """A run of letters that is looked for: as `PlainText.letters`, and as it is written.

    `ends`: after how many letters a word of the name ends; `is_ordinary`: it is a word of the language as well.
    """

    letters: str
    written: str
    ends: frozenset[int] = frozenset()
    is_ordinary: bool = False


@dataclass(frozen=True, slots=True)
class _Shape:
    wholes: tuple[_Sought, ...]
    parts: tuple[_Sought, ...]


@lru_cache(maxsize=512)
def _shape(name: str) -> _Shape:
    words = words_of(name)
    parts = [w for w in words if len(w) > 1 and w.lower() not in PARTICLES]
    orders: list[Sequence[str]] = [words, (*words[-1:], *words[:-1]), parts, parts[::-1]]
    orders += [(parts[0], parts[-1]), (parts[-1], parts[0])] if len(parts) > 2 else []
    return _Shape(
        tuple(dict.fromkeys(_sought(order) for order in orders if len(order) > 1)),
        tuple(dict.fromkeys(_sought([part], is_ordinary=is_ordinary(part)) for part in parts if _can_tell(part))),
    )


def _can_tell(part: str) -> bool:
    """Two Latin letters tell nobody; two of another script may be a whole name."""
    return len(part) > 2 or not letters_of(part).isascii()


def _sought(words: Sequence[str], *, is_ordinary: bool = False) -> _Sought:
    letters = [letters_of(word) for word in words]
    ends = {sum(len(word) for word in letters[:count]) for count in range(1, len(letters))}
    return _Sought("".join(letters), _written("".join(words)), frozenset(ends), is_ordinary)


def _written(text: str) -> str:
    return "".join(sign for sign in text.lower() if sign.isalpha())


def names_in(plain: PlainText, people: Iterable[Named], *, coarse: bool = False) -> list[Place]:
    """Every place at which one of the people is named; what overlaps or follows at once is one place.

    `coarse`: the text was fished out of something that is no text: only long parts and whole names are looked for.
    """
    found = [
        (start, end, person.who)
        for person in people
        if _may_stand(plain, person.name)
        for start, end in (_coarsely if coarse else _finely)(plain, person.name)
    ]
    return _merged(plain, found)


def _may_stand(plain: PlainText, name: str) -> bool:
    """Nothing of a name stands where neither one of its parts nor the whole of it does; saves most of the work."""
    return any(word in plain.letters for word in _telling(name))


@lru_cache(maxsize=512)
def _telling(name: str) -> tuple[str, ...]:
    words = [letters_of(word) for word in words_of(name)]
    telling = [word.removeprefix("mac").removeprefix("mc") if len(word) > 6 else word for word in words]
    return tuple(word for word in telling if len(word) > 1)


def _finely(plain: PlainText, name: str) -> Iterator[tuple[int, int]]:
    yield from (match.span() for match in mentions(plain.plain, name, in_any_case=True))
    yield from _in_letters(plain, name, from_length=2)


def _coarsely(plain: PlainText, name: str) -> Iterator[tuple[int, int]]:
    long = tuple(p.letters for p in _shape(name).parts if not p.is_ordinary and len(p.letters) >= _COARSE)
    for match in mentions(plain.plain, name, in_any_case=True) if long else ():
        if any(part in letters_of(match[0]) for part in long):
            yield match.span()
    yield from _in_letters(plain, name, from_length=_COARSE)


def _in_letters(plain: PlainText, name: str, from_length: int) -> Iterator[tuple[int, int]]:
    shape = _shape(name)
    for sought, is_one in (*((w, _is_whole) for w in shape.wholes), *((p, _is_part) for p in shape.parts)):
        if len(sought.letters) >= from_length:
            yield from ((hit.start, hit.end) for hit in _hits(plain, sought) if is_one(hit, sought))


@dataclass(frozen=True, slots=True)
class _Hit:
    """A run of letters found, and what stands between them: after how many letters, and which signs.

    `is_foreign`: a letter of another script is among them; `is_bounded`: no other letter stands beside them;
    `is_as_written`: i and l stand where they belong; `is_spelt_out`: every letter stands alone.
    """

    text: str
    start: int
    end: int
    gaps: tuple[tuple[int, str], ...]
    is_foreign: bool
    is_bounded: bool
    is_as_written: bool
    is_spelt_out: bool


def _hits(plain: PlainText, sought: _Sought) -> Iterator[_Hit]:
    size, place = len(sought.letters), plain.letters.find(sought.letters)
    while place >= 0:
        at = plain.letters_at[place : place + size]
        start, end = at[0], at[-1] + 1
        gaps = tuple((n, plain.plain[a + 1 : b]) for n, (a, b) in enumerate(pairwise(at), 1) if b - a > 1)
        yield _Hit(
            text=plain.plain[start:end],
            start=start,
            end=end,
            gaps=gaps,
            is_foreign=plain.is_foreign(start, end),
            is_bounded=_is_bounded(plain.plain, start, end),
            is_as_written=_written(plain.plain[start:end]) == sought.written,
            is_spelt_out=len(gaps) == size - 1,
        )
        place = plain.letters.find(sought.letters, place + 1)


def _is_bounded(text: str, start: int, end: int) -> bool:
    """Whether no word goes on on either side: a plural or a possessive s may follow, and FridayZelda is two words."""
    before, after = text[max(start - 1, 0) : start], text[end : end + 1]
    begins = not before.isalpha() or (before.islower() and text[start].isupper())
    ends = bool(_ENDING.match(text, end)) or (after.isupper() and text[end - 1].islower())
    return begins and ends


def _is_whole(hit: _Hit, whole: _Sought) -> bool:
    """Whether these letters are the name, and do not stand side by side by chance."""
    if len(whole.letters) >= _LONG:
        return hit.is_bounded or not any(sign.isspace() for _, gap in hit.gaps for sign in gap)
    if not hit.is_bounded or not _is_plausible(hit, whole):
        return False
    if not hit.gaps:  # AmyLee, and not amylee: Ann Other is another
        return hit.is_foreign or any(hit.text[e - 1].islower() and hit.text[e].isupper() for e in whole.ends)
    return hit.is_spelt_out or all(place in whole.ends or _LIGHT.fullmatch(gap) for place, gap in hit.gaps)


def _is_part(hit: _Hit, part: _Sought) -> bool:
    size = len(part.letters)
    if not part.letters.isascii():  # a script that may have neither capitals nor spaces
        return True
    if not hit.is_bounded or not _is_plausible(hit, part):
        return False
    if part.is_ordinary:
        return hit.is_foreign
    if hit.is_spelt_out:
        return size >= _BROKEN - 1
    if not hit.gaps:
        return True
    return size >= _BROKEN and all(_LIGHT.fullmatch(gap) for _, gap in hit.gaps)


def _is_plausible(hit: _Hit, sought: _Sought) -> bool:
    """Whether it reads as the name: “all” is not Ali, but QuiIlfeather with a capital I is Quillfeather."""
    return hit.is_as_written or hit.is_foreign or len(sought.letters) >= _BY_EYE


def _merged(plain: PlainText, found: Iterable[Place]) -> list[Place]:
    """Places that overlap as one, with everybody whom they may name; so are a first and a last name side by side."""
    merged: list[tuple[int, int, list[str]]] = []
    for start, end, who in sorted(found):
        if merged:
            first, last, before = merged[-1]
            if start < last or (before == [who] and _BESIDE.fullmatch(plain.plain[last:start])):
                merged[-1] = (first, max(last, end), before if who in before else [*before, who])
                continue
        merged.append((start, end, [who]))
    return [(start, end, " or ".join(filter(None, who))) for start, end, who in merged]


_BESIDE = re.compile(r"[ ,.\-_']{0,2}")
