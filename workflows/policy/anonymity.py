"""Whether a review names somebody. Rule: Annex J: the completed review contains no names; facts.md 4.2.

A part of a name (3 letters or more) counts wherever it stands as a word with a capital. A part that is an ordinary
word as well (`ordinary_words.py`) counts beside another part of the same name, after a title, or with a capital in
mid-sentence; a role, a place or a month with less. What is found is told by place and kind, never by its words.

Out of reach: a nickname, a misspelling, initials alone, a surname alone in small letters, anybody whom the record
does not know. It finds slips, and is no proof.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, combinations, pairwise
from typing import Any

from .document import Document, Passage, passages
from .identifiers import kinds_in, own_number
from .ordinary_words import (
    ABBREVIATED,
    CAPITALISED,
    DEEDS,
    FAMILY,
    MONTHS,
    OFFICES,
    ORDINARY,
    PARTICLES,
    PLACES,
    SHORT,
    TITLES,
    UNDERGONE,
)


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody in the case: the name as the record has it, and who they are, a role."""

    name: str
    who: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """Where somebody can be recognised. `place`: the paragraph in words; `field`: its input on the page.

    `what` is `name`, `crn`, `noms`, `pnc`, `national_insurance`, `phone`, `postcode` or `email`.
    """

    place: str
    what: str
    field: str = ""
    who: str = ""


def findings_in(document: Document, names: Iterable[Named], identifiers: Iterable[str] = ()) -> tuple[Trace, ...]:
    """Every place of the document in which a name or an identifier stands, each with its kinds once; empty: none.

    `identifiers` are the person's own numbers, found however they are spaced, even where their shape is unusual.
    """
    own = tuple(filter(None, (own_number(simple(i)) for i in identifiers)))
    told = [(passage, simple(passage.text), seam) for passage, seam in _with_seams(passages(document))]
    letters = _letters("".join(text for _, text, _ in told))
    people = [person for person in names if any(part in letters for part in _name(person.name).letters)]
    found: list[Trace] = []
    for passage, text, seam in told:
        who = [person.who for person in people if _names(text, person.name) or _is_split(seam, person.name)]
        if who:
            found.append(Trace(passage.label, "name", passage.place, " or ".join(dict.fromkeys(filter(None, who)))))
        found += [Trace(passage.label, kind, passage.place) for kind in kinds_in(text, own)]
    return tuple(dict.fromkeys(found))


def _with_seams(found: Iterable[Passage]) -> Iterator[tuple[Passage, str]]:
    """Each passage with what stands around the line breaks in it and before it: a name may be split there."""
    before = Passage("", "", "")
    for passage in found:
        lines = [*before.text.split("\n")[-1:], *passage.text.split("\n")]
        if before.place != passage.place:
            del lines[0]
        seams = (f"{' '.join(a.split()[-2:])}\n{' '.join(b.split()[:2])}" for a, b in pairwise(lines))
        yield passage, simple("\n.\n".join(seams))  # nothing goes over a full stop
        before = passage


# Letters that have no plain letter below an accent, and the signs that word processors put in.
_PLAIN = str.maketrans({
    "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th",
    "\N{LATIN SMALL LETTER DOTLESS I}": "i", "ß": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "`": "'", "\N{ACUTE ACCENT}": "'",
    "\N{LEFT SINGLE QUOTATION MARK}": "'", "\N{MODIFIER LETTER APOSTROPHE}": "'", "\N{HYPHEN}": "-",
    "\N{NON-BREAKING HYPHEN}": "-", "\N{EN DASH}": "-", "\N{EM DASH}": "-", "\N{MINUS SIGN}": "-",
})  # fmt: skip
_LETTER = r"[^\W\d_]"
_WORD = re.compile(rf"(?<![^\W_]){_LETTER}+(?:'{_LETTER}+)*(?![^\W_])")  # N53 is no word
_BETWEEN = r"(?:[\s\-,_]|\.(?!\s))+"  # a full stop with a space behind it ends a sentence
_GLUED = 8  # letters: johnsmith is a name, maybe is none
_NEAR = 80  # characters that tell how a word stands in its sentence
# A sentence, a list or a quotation begins here, so a capital says nothing.
_BEGINNING = re.compile(r"(?:^|[.!?:;*•\n]|(?:^|\s)-)[\s\"“”'(\[]*$")
_TITLED = re.compile(rf"(?<!{_LETTER})({'|'.join(sorted(TITLES))})\.? +$", re.IGNORECASE)
_OF_A_DATE = re.compile(
    r"(?:\d|\d(?:st|nd|rd|th)|\b(?:in|on|of|by|since|until|till|from|to|through|throughout|within|and|or|between|before"
    rf"|after|during|early|late|mid|last|next|following|this|each|every|{'|'.join(sorted(MONTHS))}))[\s,/-]*$",
    re.IGNORECASE,
)
_THEN_A_DATE = re.compile(
    rf",?\s*(?:\d|(?:(?:and|or|to|until|till|-)\s*)?(?:{'|'.join(sorted(MONTHS))})\b)", re.IGNORECASE
)
_ARTICLE = re.compile(r"\b(?:the|a|an) $", re.IGNORECASE)
_A_PRISON = re.compile(r"\b(?:HMP|YOI|HMYOI|IRC) $")
_CLAN = re.compile(r"^(?:ma?c|m')(?=[a-z]{4})", re.IGNORECASE)  # MacDonald, and no Mackie


def simple(text: str) -> str:
    """The text without accents, without signs that nobody sees, with one kind of space, hyphen and apostrophe."""
    apart = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    seen = "".join(c for c in apart if unicodedata.category(c) not in ("Mn", "Cf"))
    return re.sub(r"[^\S\n]", " ", seen.translate(_PLAIN))


def _letters(text: str) -> str:
    return re.sub(r"[\W\d_]+", "", text).casefold()


@dataclass(frozen=True, slots=True)
class _Name:
    """What a name is looked for by: its strong parts, its weak ones, two of them side by side, and the whole.

    `letters`: a text without any of these, whatever stands between its letters, does not hold the name.
    """

    words: tuple[str, ...]
    letters: tuple[str, ...]
    strong: tuple[re.Pattern[str], ...]
    weak: tuple[re.Pattern[str], ...]
    beside: tuple[re.Pattern[str], ...]
    whole: re.Pattern[str] | None
    glued: re.Pattern[str] | None


@lru_cache(maxsize=512)
def _name(name: str) -> _Name:
    words = [w for w in _WORD.findall(simple(name)) if w.lower() not in TITLES]
    parts = list(dict.fromkeys(w for w in words if len(w) > 1 and w.lower() not in PARTICLES))
    pairs = [(a, b) for a in parts for b in parts if a != b and not {a.lower(), b.lower()} <= CAPITALISED]
    return _Name(
        words=tuple(words),
        letters=tuple(_letters(_CLAN.sub("", p)) for p in parts),
        strong=tuple(_part(p) for p in parts if len(p) > 2 and not is_ordinary(p)),
        weak=tuple(_part(p) for p in parts if len(p) <= 2 or is_ordinary(p)),
        beside=tuple(_in_a_row(pair) for pair in pairs),
        whole=_in_a_row(words) if parts and len(words) > 1 else None,
        glued=_glued(words, parts),
    )


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name as `simple` leaves them, without titles."""
    return _name(name).words


def is_ordinary(part: str) -> bool:
    """Whether a part of a name is a word of the language, or of the service, as well."""
    return part.lower() in ORDINARY | MONTHS | CAPITALISED


def _spelt(part: str) -> str:
    """The part as a pattern: O'Brien is written OBrien and O Brien as well, McAllister MacAllister and Mc Allister."""
    clan = _CLAN.match(part)
    if clan:
        return f"(?:ma?c|m')['\\s-]{{0,2}}{re.escape(part[clan.end() :])}"
    return "['\\s-]{0,2}".join(re.escape(piece) for piece in part.split("'"))


def _part(part: str) -> re.Pattern[str]:
    plural = "(?:s|es)?" if part.lower().endswith(("s", "x", "z", "ch", "sh")) else "s?"
    return re.compile(rf"(?<!{_LETTER}){_spelt(part)}{plural}(?:'s?)?(?!{_LETTER})", re.IGNORECASE)


def _in_a_row(words: Sequence[str]) -> re.Pattern[str]:
    spelt = _BETWEEN.join(f"({_spelt(word)})" for word in words)
    return re.compile(rf"(?<!{_LETTER}){spelt}(?:'?s|'|es)?(?!{_LETTER})", re.IGNORECASE)


def _runs(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Every two or more of these that stand in a row."""
    yield from (tuple(words[first:end]) for first, end in combinations(range(len(words) + 1), 2) if end - first > 1)


def _glued(words: Sequence[str], parts: Sequence[str]) -> re.Pattern[str] | None:
    """Parts of a name without a space between them: AnneMarie, johnsmith, Alrashid, delacruz."""
    beside = (*_runs(words), *_runs(parts), *((b, a) for a, b in pairwise(parts)))
    telling = [
        run
        for run in dict.fromkeys(beside)
        if len("".join(run)) >= _GLUED and not all(is_ordinary(w) or w.lower() in PARTICLES for w in run)
    ]
    if not telling:
        return None
    either = "|".join("".join(map(_spelt, run)) for run in telling)
    return re.compile(rf"(?<!{_LETTER})(?:{either})(?:'?s)?(?!{_LETTER})", re.IGNORECASE)


def mentions(text: str, name: str, *, in_any_case: bool = False) -> Iterator[re.Match[str]]:
    """Where this name, or a part of it that gives the person away, stands in a text that went through `simple`.

    `in_any_case`: a part that is no ordinary word counts in small letters as well, and so does every whole name.
    """
    shape = _name(name)
    for pattern in shape.strong:
        yield from (m for m in pattern.finditer(text) if in_any_case or _is_capital(m[0]) or _is_addressed(text, m))
    for pattern in shape.beside:
        yield from (m for m in pattern.finditer(text) if _is_pair(m))
    for pattern in shape.weak:
        yield from (m for m in pattern.finditer(text) if _gives_away(text, m, shape))
    if shape.whole:
        yield from (m for m in shape.whole.finditer(text) if in_any_case or _is_whole(m, shape.words))
    if shape.glued:
        yield from shape.glued.finditer(text)


def _names(text: str, name: str) -> bool:
    """Whether this name, or a part of it that gives the person away, stands in the text."""
    return any(True for _ in mentions(text, name))


def _is_split(seam: str, name: str) -> bool:
    """Whether a name goes over a line break, between two of its parts or with a hyphen inside of one."""
    shape = _name(name)
    if any("\n" in m[0] and _is_pair(m) for pattern in shape.beside for m in pattern.finditer(seam)):
        return True
    pieces = seam.split("-\n")
    breaks = list(accumulate(map(len, pieces[:-1])))
    broken = (m for pattern in shape.strong for m in pattern.finditer("".join(pieces)) if _is_capital(m[0]))
    return any(m.start() < at < m.end() for m in broken for at in breaks)


def _is_capital(word: str) -> bool:
    """Whether the word has a capital at its beginning, as d'Arcy has; scripts without capitals count."""
    return not word[0].islower() or ("'" in word and not word.islower())


def _is_addressed(text: str, match: re.Match[str]) -> bool:
    """Whether a title stands before it that is no word besides: "mr young", and not "we miss young people"."""
    titled = _TITLED.search(_before(text, match.start()))
    return titled is not None and titled[1].lower() in ABBREVIATED


def _is_pair(match: re.Match[str]) -> bool:
    """Two parts side by side are a name in any case; two ordinary words need their capitals."""
    both = match[1], match[2]
    return not all(map(is_ordinary, both)) or all(map(_is_capital, both))


def _is_whole(match: re.Match[str], words: Sequence[str]) -> bool:
    """A whole name is one in any case; where all of it is ordinary words, with the capitals that it has."""
    if not all(word.lower() in PARTICLES or len(word) == 1 or is_ordinary(word) for word in words):
        return True
    return all(_is_capital(found) or not _is_capital(word) for found, word in zip(match.groups(), words, strict=True))


def _gives_away(text: str, match: re.Match[str], shape: _Name) -> bool:
    """Whether a part that is also an ordinary word is a name here."""
    word, before, after = match[0], _before(text, match.start()), text[match.end() : match.end() + _NEAR]
    if not _is_capital(word):
        return _is_addressed(text, match)
    if _TITLED.search(before) or _has_initial(before, shape):
        return True
    plain = re.sub(r"'s?$", "", word.lower())
    if len(plain) <= 2:
        return word[1].islower() and plain not in SHORT
    if plain in CAPITALISED:
        return False
    if _BEGINNING.search(before):
        return _is_a_person(word, after)
    if plain in MONTHS and (_OF_A_DATE.search(before) or _THEN_A_DATE.match(after)):
        return False
    return not _is_a_thing(plain, before, after) and not _is_shouted(word, before, after)


def _is_a_person(word: str, after: str) -> bool:
    """Whether the first word of a sentence does what people do: Mark told, Rose was seen, Grace's visit."""
    if word.endswith("'s"):
        return word[:-2].lower() not in MONTHS
    following = [w.lower() for w in _WORD.findall(after)[:2]]
    return bool(following and (following[0] in DEEDS or (following[0] == "was" and following[-1] in UNDERGONE)))


def _is_a_thing(plain: str, before: str, after: str) -> bool:
    """Whether a capital belongs to an office, a place or a plan: Young Offender Institution, the Green rating."""
    following = re.match(r" (\w+)", after)
    is_known = plain in ORDINARY or plain in MONTHS  # and no Youngs
    if is_known and _ARTICLE.search(before):
        return not following or following[1].lower() not in FAMILY
    if following and following[1][0].isupper() and following[1].lower() in OFFICES:
        return True
    other = re.search(rf"({_LETTER}+) $", before)
    if plain in PLACES and other and other[1][0].isupper():
        return other[1].lower() not in CAPITALISED | TITLES and not _BEGINNING.search(before[: other.start()])
    return bool(_A_PRISON.search(before)) or (plain == "page" and bool(re.match(r" \d", after)))


def _before(text: str, at: int) -> str:
    """What stands just before; a cut is marked by a letter, so that it does not read as the beginning."""
    return text[:at] if at <= _NEAR else "x" + text[at - _NEAR : at]


def _has_initial(before: str, shape: _Name) -> bool:
    found = re.search(rf"(?<!{_LETTER})([A-Z])(\.?)\s?$", before)
    # "A Young person" and "I Will" hold a word of one letter, and no initial.
    initials = {other[0].upper() for other in shape.words}
    return bool(found and found[1] in initials and (found[2] or found[1] not in "AI"))


def _is_shouted(word: str, before: str, after: str) -> bool:
    """A word in a line of capitals is no more a name than its neighbours."""
    beside = [*_WORD.findall(before)[-1:], *_WORD.findall(after)[:1]]
    return word.isupper() and any(len(other) > 1 and other.isupper() for other in beside)


def words_for(what: str) -> str:
    """The kind of a trace in words, for a message."""
    return _WORDS[what]


_WORDS: dict[str, str] = {
    "name": "a name of somebody in the case",
    "crn": "a CRN",
    "noms": "a NOMS number",
    "pnc": "a PNC number",
    "national_insurance": "a National Insurance number",
    "phone": "a phone number",
    "postcode": "a postcode",
    "email": "an email address",
}


def named_on(page: Mapping[str, Any]) -> tuple[list[Named], list[str]]:
    """The people and the numbers that a page says must not stand in the document; empty lists: it says none."""
    people = [Named(str(row["name"]), str(row.get("who", ""))) for row in page.get("names", ())]
    return people, [str(identifier) for identifier in page.get("identifiers", ())]
