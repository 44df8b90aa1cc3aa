"""What a single value may be: text, date, time, number, address, one of those offered.

A rule names the place inside its field ("", or "-2-owner" for a column of the second row) and the remedy, and never
quotes what was typed.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date

Found = Iterator[tuple[str, str]]

# PostgreSQL stores no NUL; the other control characters come from no keyboard and break letters and pages.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")  # fromisoformat alone would take week dates as well
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")

# No date of a case lies outside; a slip of the keyboard must not move a deadline by centuries.
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
# A message that lists every paragraph of a review helps nobody.
_LISTED = 12


def text_problems(label: str, value: str, longest: int) -> Found:
    """Name what is wrong with a text of at most `longest` characters."""
    if len(value) > longest:
        yield "", f"{label}: shorten it to {longest:,} characters; it has {len(value):,}"
    if _UNSTORABLE.search(value):
        yield "", f"{label}: take out the control characters; they often come with pasted text"


def date_problems(
    label: str, value: str, not_before: str | None, not_after: str | None = None, first_year: int = _FIRST_YEAR
) -> Found:
    """Name what is wrong with an ISO date between two others, where there are any."""
    try:
        given = date.fromisoformat(value) if _DATE.fullmatch(value) else None
    except ValueError:
        given = None
    if given is None:
        yield "", f"{label}: enter a real date, year-month-day, such as 2026-11-30"
    elif not_before and given < date.fromisoformat(not_before):
        yield "", f"{label}: enter a date that is not before {not_before}"
    elif not_after and given > date.fromisoformat(not_after):
        yield "", f"{label}: enter a date that is not in the future; today is {not_after}"
    elif not first_year <= given.year <= _LAST_YEAR:
        yield "", f"{label}: enter a year from {first_year} to {_LAST_YEAR}"


def time_problems(label: str, value: str) -> Found:
    """Name what is wrong with a time of day."""
    if not _TIME.fullmatch(value):
        yield "", f"{label}: enter a time of the 24-hour clock, such as 14:30"


def email_problems(label: str, value: str) -> Found:
    """Name what is wrong with an email address."""
    if not _EMAIL.fullmatch(value):
        yield "", f"{label}: enter an email address, such as first.last@example.test"
    yield from text_problems(label, value, 255)


def one_of_problems(label: str, value: str, allowed: Sequence[str]) -> Found:
    """Name what may be chosen, when something else was."""
    if value not in allowed:
        listed = ", ".join(allowed[:_LISTED]) + (" and others" if len(allowed) > _LISTED else "")
        yield "", f"{label}: choose one of those offered ({listed or 'nobody is'})"
