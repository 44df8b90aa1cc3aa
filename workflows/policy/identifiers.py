"""Numbers and addresses by which somebody can be recognised, by their shape. Used by anonymity.py and leaks.py."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

# One of the person's own numbers: its kind, and where it stands however it is spaced.
OwnNumber = tuple[str, re.Pattern[str]]

_START, _END = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
_SAID = (
    r"\b(?:{0})(?:[ :.,(-]| ?(?:no|number|is|was|id)\b){{0,4}}"  # a number behind its name may be spaced as it likes
)
_DATE = r"\d{1,2}[-. ]\d{1,2}[-. ](?:19|20)\d\d(?!\d)"
_FIGURES = rf"(?!{_DATE})(?!\d\d[ -](?:19|20)\d\d\b)(?!(?:\d\d[ -]){{2}}\d\d\b)"  # dates, weeks 01 02 03
_DIGITS = r"(?:[ -]{0,2}(?:\( ?)?\d\)?)"
_ORDINAL = r"(?!1st|2nd|3rd|\dth)"
_YEAR = r"(?:19|20)\d\d"
_NO_WORD = r"(?!(?:am|an|as|at|be|by|he|hm|me|my|no|or|so|to|us|we|on)\b)"
_AT = r" ?(?:\( ?at ?\)|\[ ?at ?\]|\{ ?at ?\}) ?"
_DOT = r"(?: ?(?:\( ?dot ?\)|\[ ?dot ?\]|\{ ?dot ?\}) ?| dot |\.)"
_LOCAL = r"[\w+%'-]"
_PATTERNS: dict[str, re.Pattern[str]] = {
    "crn": re.compile(
        rf"{_START}(?:[A-Za-z]\d{{6}}|[A-Z][ -]\d{{6}}|[A-Z][ -]?\d{{3}}[ -]\d{{3}}){_END}"
        rf"|(?i:{_SAID.format('CRN')})[A-Za-z](?:[ -]?\d){{6}}{_END}"
    ),
    "noms": re.compile(
        rf"{_START}(?:[A-Za-z]\d{{4}}[A-Za-z]{{2}}|[A-Z]\d{{4}}[ -][A-Z]{{2}}"
        rf"|[A-Z][ -](?!{_YEAR})\d{{4}}[ -]?[A-Z]{{2}}|[A-Za-z]\d{{4}}-[A-Za-z]{{2}}){_END}"
        rf"|(?i:{_SAID.format('NOMI?S|prison number')})[A-Za-z][ -]?\d{{4}}[ -]?[A-Za-z]{{2}}{_END}"
    ),
    # The year, a stroke or none, up to seven digits and the letter that checks them.
    "pnc": re.compile(
        rf"{_START}(?:(?:\d\d)?\d\d ?[/\\] ?\d{{4,7}}[A-Za-z]|(?:\d\d)?\d\d ?[/\\] ?\d{{5,7}}[ /-][A-Z]"
        rf"|(?<!-)(?:\d\d)?\d\d-\d{{6,7}}[A-Za-z]"
        rf"|{_YEAR} ?\d{{7}} ?[A-Za-z]|\d{{9}}[A-Za-z]){_END}"
        rf"|(?i:{_SAID.format('PNC')})(?:\d\d)?\d\d[ /\\-]?\d{{4,7}}[ /-]?[A-Za-z]{_END}"
    ),
    "national_insurance": re.compile(
        rf"{_START}(?:[A-Z]{{2}}(?:[ ./-]{{0,2}}\d\d){{3}}[ ./-]{{0,2}}[A-D]"
        rf"|[A-Za-z]{{2}}\d{{6}}[A-Da-d]|[A-Z]{{2}}\d{{6}}|{_NO_WORD}[a-z]{{2}}(?:[ -]\d\d){{3}}[ -][a-d]){_END}"
        rf"|(?i:{_SAID.format('NI|NINO|national insurance')})[A-Za-z]{{2}}(?:[ ./-]{{0,2}}\d){{6}}"
    ),
    # The area code has no zero after +44, or one in brackets; nine or ten digits follow. Dots part longer groups.
    "phone": re.compile(
        rf"(?<![\w/.])(?!{_DATE})(?:\+44|0044)(?:[ .-]?\(0\))?(?:[ .-]{{0,2}}(?:\( ?)?\d\)?){{9,11}}(?!\d)"
        rf"|(?<![\w/.])44 ?7\d{{3}} ?\d{{3}} ?\d{{3}}(?!\d)"
        rf"|(?<![\w/.+])(?<!\d-){_FIGURES}\(?0(?=\(?[1-35-9]){_DIGITS}{{9,10}}(?![\d:/])"
        rf"|(?<![\w/.£])0[1-35-9]\d{{1,3}}[./]\d{{3,4}}[. ]?\d{{3,4}}(?![\d:/])"
        rf"|(?<![\w/.])\+\d{_DIGITS}{{9,13}}(?!\d)"
    ),
    "postcode": re.compile(
        rf"{_START}(?:[A-Za-z]{{1,2}}\d[A-Za-z\d]?[ -]{{0,2}}{_ORDINAL}\d[ABD-HJLNP-UW-Zabd-hjlnp-uw-z]{{2}}"
        rf"|[Gg][Ii][Rr] ?0[Aa][Aa]){_END}"
    ),
    # One sign before the @ is enough; more would be looked for again from each of them. Then with "at" spelt out.
    "email": re.compile(
        rf"[\w.+%'\"-] ?@ ?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{{2,}}"
        rf"|(?i:{_LOCAL}{_AT}[a-z0-9-]+(?:{_DOT}[a-z0-9-]+)+"
        rf"|{_LOCAL} at [a-z0-9-]+(?:(?: dot |\.)[a-z0-9-]+)* dot [a-z]{{2,}}"
        rf"|[\w%-][._+]{_LOCAL}{{1,64}} at [a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:uk|com|org|net|eu|info|test|example)\b)"
    ),
}


@lru_cache(maxsize=512)
def own_number(identifier: str) -> OwnNumber | None:
    """The kind of one of the person's own numbers, and where it stands however it is spaced."""
    signs = re.findall(r"[A-Za-z0-9]", identifier)
    if not signs:
        return None
    kind = next((kind for kind, shape in _PATTERNS.items() if shape.fullmatch("".join(signs))), "crn")
    return kind, re.compile(_START + r"[\s/-]?".join(signs) + _END, re.IGNORECASE)


KINDS = tuple(_PATTERNS)
_A_DIGIT = re.compile(r"\d")
# One of these stands in every address, and most texts have none. Every other kind has a digit.
_ATS = ("@", " at ", "(at", "[at", "{at", "at)", "at]", "at}")


def shapes_in(text: str, kinds: Sequence[str] = KINDS) -> Iterator[tuple[str, re.Match[str]]]:
    """Every place of the text that has the shape of an identifier of these kinds, with its kind."""
    has_digit, has_at = _A_DIGIT.search(text) is not None, any(at in text.lower() for at in _ATS)
    for kind in kinds:
        if has_at if kind == "email" else has_digit:
            yield from ((kind, match) for match in _PATTERNS[kind].finditer(text))


def kinds_in(text: str, own: Sequence[OwnNumber]) -> Iterator[str]:
    """Each kind of identifier that stands in the text, once."""
    for kind, shape in _PATTERNS.items():
        if shape.search(text) or any(k == kind and pattern.search(text) for k, pattern in own):
            yield kind
