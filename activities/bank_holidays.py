"""The bank holidays of England and Wales, from the published list inside the package: no network at run time."""

from collections.abc import Iterable
from datetime import date
from functools import cache

from govuk_bank_holidays.bank_holidays import BankHolidays  # type: ignore[import-untyped]  # ships no types


def england_and_wales(announced: Iterable[date] = ()) -> frozenset[date]:
    """Every published date, with the announced ones added: by rulebooks or in the record. Rule: design.md 6, 3.12."""
    return _published() | frozenset(announced)


def published_until() -> date:
    """The last published date; working days after it are counted without bank holidays."""
    return max(_published())


@cache
def _published() -> frozenset[date]:
    calendar = BankHolidays(use_cached_holidays=True)
    days = calendar.get_holidays(division=BankHolidays.ENGLAND_AND_WALES)
    return frozenset(day["date"] for day in days)
