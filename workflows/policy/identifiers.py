"""Numbers and addresses by which somebody can be recognised, by their shape. Used by anonymity.py."""

import re
from collections.abc import Iterator, Sequence

# One of the person's own numbers: its kind, and where it stands however it is spaced.
OwnNumber = tuple[str, re.Pattern[str]]

_START, _END = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"
_DATE = r"\d{1,2}[-. ]\d{1,2}[-. ](?:19|20)\d\d(?!\d)"
_DIGITS = r"(?:[ -]{0,2}(?:\( ?)?\d\)?)"
_ORDINAL = r"(?!1st|2nd|3rd|\dth)"
_PATTERNS: dict[str, re.Pattern[str]] = {
    "crn": re.compile(rf"{_START}[A-Za-z]\d{{6}}{_END}"),
    "noms": re.compile(rf"{_START}[A-Za-z]\d{{4}}[A-Za-z]{{2}}{_END}"),
    "pnc": re.compile(rf"{_START}(?:\d\d)?\d\d ?/ ?\d{{4,7}}[A-Za-z]{_END}"),
    "national_insurance": re.compile(
        rf"{_START}(?:[A-Z]{{2}}(?:[ -]{{0,2}}\d\d){{3}}[ -]{{0,2}}[A-D]|[a-z]{{2}}\d{{6}}[a-d]){_END}"
    ),
    # The area code has no zero after +44, or one in brackets; nine or ten digits follow.
    "phone": re.compile(
        rf"(?<![\w/.])(?!{_DATE})(?:\+44|0044)(?:[ -]?\(0\))?{_DIGITS}{{9,11}}(?!\d)"
        rf"|(?<![\w/.+])(?<!\d-)(?!{_DATE})\(?0(?=\(?[1-35-9]){_DIGITS}{{9,10}}(?![\d:/])"
        rf"|(?<![\w/.])\+\d{_DIGITS}{{9,13}}(?!\d)"
    ),
    "postcode": re.compile(
        rf"{_START}(?:[A-Za-z]{{1,2}}\d[A-Za-z\d]?[ ]{{0,2}}{_ORDINAL}\d[ABD-HJLNP-UW-Zabd-hjlnp-uw-z]{{2}}"
        rf"|[Gg][Ii][Rr] ?0[Aa][Aa]){_END}"
    ),
    # One sign before the @ is enough; more would be looked for again from each of them.
    "email": re.compile(r"[\w.+%'-]@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),
}


def own_number(identifier: str) -> OwnNumber | None:
    """The kind of one of the person's own numbers, and where it stands however it is spaced."""
    signs = re.findall(r"[A-Za-z0-9]", identifier)
    if not signs:
        return None
    kind = next((kind for kind, shape in _PATTERNS.items() if shape.fullmatch("".join(signs))), "crn")
    return kind, re.compile(_START + r"[\s/-]?".join(signs) + _END, re.IGNORECASE)


def kinds_in(text: str, own: Sequence[OwnNumber]) -> Iterator[str]:
    """Each kind of identifier that stands in the text, once."""
    for kind, shape in _PATTERNS.items():
        if shape.search(text) or any(k == kind and pattern.search(text) for k, pattern in own):
            yield kind
