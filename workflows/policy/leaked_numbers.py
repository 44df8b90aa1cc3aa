"""Where a number, an address or a date of birth of a person stands in a file. Used by leaks.py.

Known numbers are found however they are spaced, others by their shape (`identifiers.py`); dates of birth in every
usual form, and any date that somebody is said to be born on.
"""

import re
from calendar import month_abbr, month_name
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise

from .identifiers import KINDS, own_number, shapes_in
from .plain_letters import PlainText, alike, as_signs

# A place in `PlainText.plain`, from and up to, and the kind of what stands there.
Place = tuple[int, int, str]

DATE_OF_BIRTH = "date_of_birth"
_EMAIL = "email"
_SHORTEST = 5  # signs of an identifier below which a run of letters and digits says nothing
_FARTHEST = 3  # signs that may part two signs of an identifier

_MONTH = "|".join([*month_name[1:], *month_abbr[1:], "sept"])
_DAY = r"(?:[12]\d|3[01]|0?[1-9])(?: ?(?:st|nd|rd|th))?"
_ANY_DATE = (
    rf"(?:{_DAY}[\s./-]+(?:of +)?(?:{_MONTH})\b[\s.,/-]*(?:\d{{4}}|'?\d\d)?"
    rf"|(?:{_MONTH})\.?[\s/-]+{_DAY}\b(?:[\s,]+\d{{4}})?|(?:{_MONTH})[\s,]+(?:19|20)\d\d"
    r"|\d{1,2} ?[./-] ?\d{1,2} ?[./-] ?(?:\d{4}|\d\d)|(?:19|20)\d\d ?[./-] ?\d\d ?[./-] ?\d\d|\d{8}|\d{6}"
    r"|(?:19|20)\d\d)"
)
_BORN = r"\b(?:born|birth|birthday|birthdate|d\.? ?o\.? ?b\b\.?)"
_BORN_ON = re.compile(
    rf"{_BORN}[^.;!?\d]{{0,30}}?(?<!\d)\b{_ANY_DATE}(?!\d)"
    rf"|(?<!\d){_ANY_DATE}[ ,]{{0,2}}\(? ?(?:date of )?{_BORN}",
    re.IGNORECASE,
)
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth"
    " sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth"
    " twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first"
)
_A_DIGIT = re.compile(r"\d")
_LOCAL = re.compile(r"[\w.+%'-]*$")  # of an address, before its @


def numbers_in(
    plain: PlainText, identifiers: Iterable[str], born_on: Iterable[date], *, coarse: bool = False
) -> list[Place]:
    """Every place where a known identifier, a known date of birth or the shape of one stands; each place once.

    `coarse`: the text was fished out of something that is no text: only known numbers and email addresses count.
    """
    found = [*_known(plain, identifiers), *_born(plain, born_on, coarse=coarse)]
    lines = plain.plain.replace("\n", " ")
    found += [_place(lines, kind, match) for kind, match in shapes_in(lines, (_EMAIL,) if coarse else KINDS)]
    if not coarse and _A_DIGIT.search(lines):
        found += [(match.start(), match.end(), DATE_OF_BIRTH) for match in _BORN_ON.finditer(lines)]
    return _once(found)


def _place(text: str, kind: str, match: re.Match[str]) -> Place:
    """Where a shape stands; that of an email address begins just before its @."""
    start = match.start()
    if kind == _EMAIL and (local := _LOCAL.search(text[max(start - 64, 0) : start])):
        start -= len(local[0])
    return start, match.end(), kind


def _once(found: Sequence[Place]) -> list[Place]:
    """What overlaps something found before it is the same thing; what was known comes first."""
    kept: list[Place] = []
    for start, end, kind in found:
        if not any(start < last and first < end for first, last, _ in kept):
            kept.append((start, end, kind))
    return sorted(kept)


def _known(plain: PlainText, identifiers: Iterable[str]) -> Iterator[Place]:
    """A known identifier, with anything but letters and digits between its signs, and O for 0 or l for 1."""
    for identifier in identifiers:
        own, signs = own_number(identifier), as_signs(sign for sign in alike(identifier) if sign.isalnum())
        place = plain.signs.find(signs) if own and len(signs) >= _SHORTEST else -1
        while own and place >= 0:
            at = plain.signs_at[place : place + len(signs)]
            if _is_one(plain.plain, at):
                yield at[0], at[-1] + 1, own[0]
            place = plain.signs.find(signs, place + 1)


def _is_one(text: str, at: Sequence[int]) -> bool:
    """Whether the signs stand near each other, and are not the middle of a longer number."""
    if any(b - a - 1 > _FARTHEST for a, b in pairwise(at)):
        return False
    before, after = text[max(at[0] - 1, 0) : at[0]], text[at[-1] + 1 : at[-1] + 2]
    return not (before.isdigit() and text[at[0]].isdigit()) and not (after.isdigit() and text[at[-1]].isdigit())


def _born(plain: PlainText, born_on: Iterable[date], *, coarse: bool) -> Iterator[Place]:
    for day in born_on:
        if (f"{day:%Y}" if coarse else f"{day:%y}") not in plain.plain:  # every form has the year
            continue
        for match in _forms(day, coarse=coarse).finditer(plain.plain):
            yield match.start(), match.end(), DATE_OF_BIRTH


@lru_cache(maxsize=512)
def _forms(day: date, *, coarse: bool) -> re.Pattern[str]:
    """The date as people write it; a year of two digits, or no separators, only where the text is one."""
    d, m = f"0?{day.day}", f"0?{day.month}"
    two = rf"'?{day.year % 100:02}"
    year = rf"{day.year}" if coarse else rf"(?:{day.year}|{two})"
    name = rf"(?:{month_name[day.month]}|{month_abbr[day.month]}{'|sept' if day.month == 9 else ''})\b\.?"
    words = rf"(?:{d} ?(?:st|nd|rd|th)?|{_ORDINALS.split()[day.day - 1].replace('-', '[ -]')})"
    gap, part = r"[\s,./-]*", r"\s*[./\\-]\s*|\s+"
    forms = [
        rf"{words}{gap}(?:(?:day\s+)?of\s+)?{name}{gap}(?:in\s+)?{year}",
        rf"{name}{gap}(?:the\s+)?{words}{gap}{year}",
        rf"{day.year}{gap}{name}{gap}{d}",
        rf"{d}(?:{part}){m}(?:{part}){year}",
        rf"{day.year}(?:{part}){m}(?:{part}){d}",
        rf"{m}(?:{part}){d}(?:{part}){day.year}",
    ]
    if not coarse:
        forms += [f"{day:%d%m%Y}", f"{day:%Y%m%d}", f"{day:%d%m%y}"]
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(forms)})(?![^\W_])", re.IGNORECASE)
