"""What a file of a rendition gives away: known people and numbers of the case, redacted text, and hidden parts.

The gate before a release (`activities/leak_gate.py`) unpacks the file and searches every piece of it here. What is
found holds the file until a person has settled it; nothing is let through because it could not be read.
Rule: Annex J (victims), fully anonymised and redacted; facts.md 4.2; design.md 3, invariant 3.

Out of reach: a nickname, a misspelling, initials alone, somebody whom the record does not know, what only a picture
shows, and letters drawn as lines. Pictures are findings by themselves for that reason.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache

from .anonymity import Named
from .leaked_names import names_in
from .leaked_numbers import numbers_in
from .leaked_spans import Redacted as Redacted  # what `Known` holds is imported from here
from .leaked_spans import redacted_in
from .plain_letters import PlainText, plain_text, readings_of

_AROUND = 60  # characters beside a finding that a person is shown
_PHONE_DIGITS = 9


class LeakKind(StrEnum):
    """What a finding is. The first are in the text; from `image` on they are about how the file is made."""

    NAME = "name"
    CRN = "crn"
    NOMS = "noms"
    PNC = "pnc"
    NATIONAL_INSURANCE = "national_insurance"
    PHONE = "phone"
    POSTCODE = "postcode"
    EMAIL = "email"
    DATE_OF_BIRTH = "date_of_birth"
    REDACTED = "redacted"  # redacted text as it stood
    REDACTED_WORDS = "redacted_words"  # words of a redacted text, in another place
    IMAGE = "image"
    COMMENT = "comment"
    REVISION = "revision"
    ATTACHMENT = "attachment"
    MACRO = "macro"
    SCRIPT = "script"
    HIDDEN_TEXT = "hidden_text"
    METADATA = "metadata"  # who wrote or owns the file
    EXTERNAL_LINK = "external_link"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Extract:
    """A piece of text that a file holds, and `where`, in words for a person: `heading`, `PDF page 2`, `comment`.

    `coarse`: it was fished out of something that is no text, or joined from several pieces, so that only known names,
    numbers and texts are looked for in it, and only long ones.
    """

    where: str
    text: str = field(repr=False)
    coarse: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Known:
    """What must not stand in the file. `names`: everybody in the case; `identifiers`: their numbers, as recorded.

    `spans`: the redacted texts. `allowed`: texts of the frame that may stand, and only exactly as they are here: the
    team, phone and email of the contact block, a link that every rendition has. Case and words are exact; spaces may
    differ, and a phone number is the same however it is spaced.
    """

    names: tuple[Named, ...] = ()
    identifiers: tuple[str, ...] = ()
    born_on: tuple[date, ...] = ()
    spans: tuple[Redacted, ...] = ()
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Leak:
    """One finding. `excerpt` and `matched` are for the page of the person who settles it, and never for a log.

    `who`: the role of whoever is named; `number`: of the redaction.
    """

    kind: LeakKind
    where: str
    excerpt: str = field(repr=False)
    matched: str = field(default="", repr=False)
    who: str = ""
    number: int | None = None

    @property
    def key(self) -> str:
        """Twelve hex digits that are the same when the same finding turns up in the file rendered again.

        They cover the kind, the place without its numbers, what was found and the words beside it. For words of a
        redacted text the words beside it do not count: whether they tell anything is settled once for the file.
        """
        beside = "" if self.kind is LeakKind.REDACTED_WORDS else self.excerpt
        place = re.sub(r"\d+", "", self.where).casefold()
        told = "\0".join((self.kind, " ".join(place.split()), _folded(self.matched), _folded(beside)))
        return hashlib.sha256(told.encode()).hexdigest()[:12]


def leaks_in(extracts: Iterable[Extract], known: Known) -> tuple[Leak, ...]:
    """Every finding in these pieces of a file, each once, in their order; empty: nothing was found.

    What a coarse piece, or another reading of a piece, shows only once more is not told again.
    """
    given, found = tuple(extracts), dict[str, Leak]()
    for repeats_nothing, pieces in ((False, _pieces(given, coarse=False)), (True, _pieces(given, coarse=True))):
        told = {(leak.kind, _folded(leak.matched)) for leak in found.values()}
        for extract in pieces:
            for number, reading in enumerate(readings_of(extract.text, coarse=extract.coarse)):
                for leak in _leaks(extract, plain_text(reading), known):
                    mark = (leak.kind, _folded(leak.matched))
                    if mark not in told or not (repeats_nothing or number):
                        found.setdefault(leak.key, leak)
                        told.add(mark)
    return tuple(found.values())


def permitted(target: str, known: Known) -> bool:
    """Whether the target of a link, or an owner of the file, is exactly one of the texts that may stand."""
    return target.strip() in known.allowed


def _pieces(extracts: Iterable[Extract], *, coarse: bool) -> list[Extract]:
    return [extract for extract in extracts if extract.coarse is coarse and extract.text.strip()]


def _folded(text: str) -> str:
    return plain_text(text).signs


# --- one piece ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    start: int
    end: int
    kind: LeakKind
    who: str = ""
    number: int | None = None

    def overlaps(self, other: "_Place") -> bool:
        return self.start < other.end and other.start < self.end


def _leaks(extract: Extract, plain: PlainText, known: Known) -> Iterator[Leak]:
    places = sorted(_places(plain, known, coarse=extract.coarse), key=lambda place: (place.start, place.end))
    allowed = list(_allowed(plain, known.allowed)) if places else []
    for place in places:
        matched = plain.original(place.start, place.end)
        if any(start <= place.start and place.end <= end for start, end in allowed):
            continue
        if place.kind is LeakKind.PHONE and _is_allowed_phone(matched, known.allowed):
            continue
        excerpt = _excerpt(plain, place)
        yield Leak(place.kind, extract.where, excerpt, on_one_line(matched), place.who, place.number)


def _places(plain: PlainText, known: Known, *, coarse: bool) -> list[_Place]:
    places = [_Place(start, end, LeakKind.NAME, who) for start, end, who in names_in(plain, known.names, coarse=coarse)]
    numbers = numbers_in(plain, known.identifiers, known.born_on, coarse=coarse)
    places += [_Place(start, end, LeakKind(kind)) for start, end, kind in numbers]
    redacted = sorted(redacted_in(plain, known.spans, coarse=coarse), key=lambda one: (one.is_words, one.start))
    for one in redacted:
        kind = LeakKind.REDACTED_WORDS if one.is_words else LeakKind.REDACTED
        place = _Place(one.start, one.end, kind, number=one.number)
        if one.is_words and any(place.overlaps(other) for other in places):
            continue
        if places and not one.is_words and places[-1].number == one.number and place.overlaps(places[-1]):
            last = places.pop()
            place = _Place(last.start, max(last.end, place.end), kind, number=one.number)
        places.append(place)
    return places


def _allowed(plain: PlainText, allowed: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where a text that may stand does so by itself, and not as a part of something longer."""
    for text in allowed:
        for match in pattern.finditer(plain.plain) if (pattern := _alone(text)) else ():
            yield match.span()


@lru_cache(maxsize=512)
def _alone(text: str) -> re.Pattern[str] | None:
    """The text by itself, whatever its spaces; none where nothing of it can be read."""
    words = " ".join(plain_text(text).plain.split())
    if not words:
        return None
    spelt = re.escape(words).replace(r"\ ", r"\s+")
    longer = r"(?! ?\d)" if words[-1].isdigit() else ""
    return re.compile(rf"(?<![\w.+%'-])(?<!\d ){spelt}(?![\w@]|[.'-]\w){longer}")


def _is_allowed_phone(matched: str, allowed: Sequence[str]) -> bool:
    digits = re.sub(r"\D", "", matched)
    return len(digits) >= _PHONE_DIGITS and any(digits == re.sub(r"\D", "", text) for text in allowed)


def _excerpt(plain: PlainText, place: _Place) -> str:
    """Some words on either side, on one line; a cut is marked."""
    text = plain.text
    start, end = plain.at[place.start], plain.at[place.end - 1] + 1
    first, last = max(start - _AROUND, 0), min(end + _AROUND, len(text))
    before, after = text[first:start], text[end:last]
    if first:
        before = "…" + (before.partition(" ")[2] if " " in before else "")
    if last < len(text):
        after = (after.rpartition(" ")[0] if " " in after else "") + "…"
    return on_one_line(f"{before}{text[start:end]}{after}")


def on_one_line(text: str) -> str:
    """The text for a person and a record: one kind of space, and a mark for every sign that cannot be shown."""
    return " ".join("".join(sign if sign.isprintable() or sign.isspace() else "\ufffd" for sign in text).split())
