"""A text with everything taken off that hides a word from a search, and the way back to the text as it stands.

Off come accents, ligatures, signs that nobody sees, and the dress of letters (full width, mathematical, strokes);
letters of other scripts that look like Latin ones become these. Every sign kept knows where it stood.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from urllib.parse import unquote

from .anonymity import simple
from .homoglyphs import LOOKALIKES

# A letter that has no plain one below its dress says so by its name: LATIN SMALL LETTER H WITH STROKE.
_DRESSED = re.compile(
    r"(?:NEGATIVE (?:CIRCLED|SQUARED) |REGIONAL INDICATOR SYMBOL )?"
    r"(?:LATIN (?:(SMALL|CAPITAL|LETTER SMALL CAPITAL)(?: LETTER)? )?|LETTER )?([A-Z])(?: WITH .*)?$"
)
_UNSEEN = frozenset("\u115f\u1160\u17b4\u17b5\u3164\uffa0")  # letters by their category, and blank
_ALIKE = {ord("i"): "l"}  # I, l and their lookalikes are one sign to a reader
_MIXED = re.compile(r"(?=[^\W_]*[^\W\d_])(?=[^\W_]*\d)[^\W_]+")
_AS_LETTERS = str.maketrans("01345", "oleas")
_HYPHEN_AT_END = re.compile(r"(?<=[^\W\d_])[-\u2010\u2011\u00ad]\s*\n\s*(?=[^\W\d_])")
_TAG = range(0xE0020, 0xE007F)  # signs that nobody sees, each of which stands for one of ASCII
_MOST_CODED = 3  # times that one text is coded over another


@dataclass(frozen=True, repr=False)
class PlainText:
    """A text as it can be searched. `plain` keeps case, digits and separators; `at`: where in `text` each sign stood.

    `looks`: sign by sign what a reader takes `plain` for.
    """

    text: str
    plain: str
    at: Sequence[int]
    looks: str

    @cached_property
    def letters(self) -> str:
        """Only letters, small, with i and l as one."""
        return _kept(self.looks, str.isalpha, _NO_LETTERS)

    @cached_property
    def letters_at(self) -> Sequence[int]:
        """Where in `plain` each of the letters stands."""
        return [place for place, sign in enumerate(self.looks) if sign.isalpha()]

    @cached_property
    def signs(self) -> str:
        """Letters and digits, with o and 0, l and 1 as one as well."""
        return as_signs(_kept(self.looks, str.isalnum, _NO_SIGNS))

    @cached_property
    def signs_at(self) -> Sequence[int]:
        """Where in `plain` each of the signs stands."""
        return [place for place, sign in enumerate(self.looks) if sign.isalnum()]

    def original(self, start: int, end: int) -> str:
        """What stood in the text between two places of `plain`."""
        return self.text[self.at[start] : self.at[end - 1] + 1]

    def is_foreign(self, start: int, end: int) -> bool:
        """Whether a letter of another script stands there."""
        return any(ord(sign) in LOOKALIKES for sign in self.plain[start:end])


def plain_text(text: str) -> PlainText:
    """The text, ready to be searched."""
    at: Sequence[int]
    if text.isascii():
        plain, at = text.translate(_SPACES), range(len(text))
    else:
        pieces = [_bare(sign) for sign in text]
        plain, at = "".join(pieces), [place for place, piece in enumerate(pieces) for _ in piece]
    return PlainText(text, plain, at, alike(plain))


def alike(plain: str) -> str:
    """Sign by sign what a reader takes it for: small Latin letters, i and l as one."""
    if plain.isascii():
        return plain.lower().replace("i", "l")
    latin = plain.translate(LOOKALIKES)  # before case goes: a Greek capital may look like another letter
    small = latin.lower()
    if len(small) != len(latin):
        small = "".join(sign.lower()[:1] for sign in latin)
    return small.translate(LOOKALIKES).translate(_ALIKE)


def _kept(looks: str, wanted: Callable[[str], bool], others: bytes) -> str:
    """The signs that are wanted; `others`: the rest of ASCII, for a text of which that is all."""
    if looks.isascii():
        return looks.encode().translate(None, others).decode()
    return "".join(filter(wanted, looks))


_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalpha())
_NO_SIGNS = bytes(code for code in range(128) if not chr(code).isalnum())


def letters_of(text: str) -> str:
    """The letters of a word or a name, in the form of `PlainText.letters`."""
    return plain_text(text).letters


def as_signs(looks: Iterator[str] | str) -> str:
    """Letters and digits with those as one that a reader may take for each other."""
    return "".join(looks).translate(_AS_DIGITS)


_AS_DIGITS = str.maketrans("lo", "10")
_SPACES = {place: " " for place in [*range(32), 127] if chr(place) != "\n"}


@lru_cache(maxsize=4096)
def _bare(sign: str) -> str:
    """One sign without its dress: none, one or (a ligature) several; digits of all scripts are ASCII."""
    if sign in _UNSEEN:
        return ""
    if ord(sign) in LOOKALIKES and unicodedata.decomposition(sign):  # what it looks like counts, not its parts
        return sign
    pieces = "".join(piece for piece in simple(sign) if unicodedata.category(piece) not in ("Me", "Mc"))
    return "".join(_undressed(piece) for piece in pieces).translate(_SPACES)


def _undressed(sign: str) -> str:
    if sign.isascii():
        return sign
    if unicodedata.category(sign) == "Nd":
        return str(unicodedata.decimal(sign))
    dressed = _DRESSED.fullmatch(unicodedata.name(sign, ""))
    if not dressed:
        return sign
    return dressed[2].lower() if dressed[1] in ("SMALL", "LETTER SMALL CAPITAL") else dressed[2]


def readings_of(text: str, *, coarse: bool = False) -> Iterator[str]:
    """The text as it stands, and then as it reads where it is coded, broken at a line's end or written with digits.

    `coarse`: it is no text, so it is only decoded.
    """
    yield text
    seen = {text}
    written = () if coarse else (_HYPHEN_AT_END.sub("", text), _MIXED.sub(_digits_as_letters, text))
    for reading in (*_decoded(text), *written):
        if reading and reading not in seen:
            seen.add(reading)
            yield reading


def _decoded(text: str) -> Iterator[str]:
    """Entities, percent signs and unseen signs that stand for letters, decoded; what is coded twice as well."""
    coded = text
    for _ in range(_MOST_CODED):
        decoded = unquote(html.unescape(coded)) if "&" in coded or "%" in coded else coded
        if decoded == coded:
            break
        yield decoded
        coded = decoded
    if not text.isascii():
        yield "".join(chr(ord(sign) - 0xE0000) for sign in text if ord(sign) in _TAG)


def _digits_as_letters(word: re.Match[str]) -> str:
    return word[0].translate(_AS_LETTERS)
