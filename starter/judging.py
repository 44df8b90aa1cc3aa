"""The criteria run at the way in: what a charge would be reviewed on, before or without opening a case.

The case itself judges again from the record; both ask the same policy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from govuk_bank_holidays.bank_holidays import BankHolidays  # type: ignore[import-untyped]  # ships no types

from starter.settings import Settings
from workflows.contract.charge import Charge
from workflows.contract.directory import Directory
from workflows.contract.messages import OffenceRef
from workflows.contract.problems import DataError
from workflows.contract.rulebook import Rulebook
from workflows.policy.criteria import ChargeFacts, Verdict, judge
from workflows.policy.offences import OffenceTable


class RulesError(Exception):
    """A rulebook, an offence table or a directory is missing or wrong; the text names the file and the remedy."""


D = TypeVar("D", Rulebook, Directory)


@dataclass(frozen=True, slots=True)
class Rules:
    """What is in force on one day, and every rulebook that a case may be pinned to, every directory beside it."""

    rulebook: Rulebook
    offences: OffenceTable
    directory: Directory
    holidays: frozenset[date]
    rulebooks: tuple[Rulebook, ...] = ()
    directories: tuple[Directory, ...] = ()

    def pinned(self, version: str | None) -> Rulebook:
        """The rulebook that a case is pinned to, or the one in force where none is yet. Raises RulesError."""
        found = next((book for book in self.rulebooks if book.version == version), None if version else self.rulebook)
        if found is None:
            raise RulesError(f"there is no rulebook {version}, to which the case is pinned; put its file back")
        return found

    def judge(self, charge: Charge) -> Verdict:
        """Judge a charge as it was reported, nobody having been asked anything yet."""
        return judge(_facts(charge), self.offences, self.rulebook, self.holidays)


def rules_in_force(settings: Settings, on: date) -> Rules:
    """Read what is in force on this day. Raises RulesError."""
    rulebooks = _each(settings.rulebook_dir, Rulebook)
    rulebook = _in_force(rulebooks, on, settings.rulebook_dir)
    path = settings.rulebook_dir / rulebook.offences
    try:
        offences = OffenceTable.from_csv(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RulesError(f"{path}: {error}") from None
    directories = _each(settings.directory_dir, Directory)
    directory = _in_force(directories, on, settings.directory_dir)
    announced = frozenset(day.on for day in rulebook.bank_holidays)
    return Rules(rulebook, offences, directory, _published() | announced, tuple(rulebooks), tuple(directories))


@dataclass(frozen=True, slots=True)
class Pinned:
    """Every rulebook by version, as cases are pinned to them, and the bank holidays that any of them knows.

    `directories`: every one, as its file says, without who is away.
    """

    rulebooks: Mapping[str, Rulebook]
    holidays: frozenset[date]
    directories: tuple[Directory, ...] = ()


def pinned_rules(settings: Settings) -> Pinned:
    """Read every rulebook and every directory. Raises RulesError."""
    books = {book.version: book for book in _each(settings.rulebook_dir, Rulebook)}
    announced = frozenset(day.on for book in books.values() for day in book.bank_holidays)
    return Pinned(books, _published() | announced, tuple(_each(settings.directory_dir, Directory)))


def _each(folder: Path, kind: type[D]) -> list[D]:
    found = []
    for path in sorted(folder.glob("*.toml")):
        try:
            found.append(kind.from_toml(path.read_text(encoding="utf-8")))
        except DataError as error:
            raise RulesError("\n".join(f"{path}: {problem}" for problem in error.problems)) from None
        except (OSError, UnicodeDecodeError) as error:
            raise RulesError(f"{path}: cannot be read as UTF-8 text, {type(error).__name__}") from None
    return found


def _in_force(dated: list[D], on: date, folder: Path) -> D:
    past = [one for one in dated if one.effective_on <= on]
    if not past:
        raise RulesError(f"{folder}: nothing in it is in force on {on}; point the setting at the right folder")
    return max(past, key=lambda one: one.effective_on)


def _published() -> frozenset[date]:
    """Return the published bank holidays, from the list inside the package: no network."""
    calendar = BankHolidays(use_cached_holidays=True)
    return frozenset(day["date"] for day in calendar.get_holidays(division=BankHolidays.ENGLAND_AND_WALES))


def _facts(charge: Charge) -> ChargeFacts:
    return ChargeFacts(
        offences=tuple(
            OffenceRef(code=o.code, offence_on=o.offence_on, victim_age=o.victim_age) for o in charge.offences
        ),
        supervision=charge.supervision.type,
        supervised_from=charge.supervision.started_on,
        supervised_until=charge.supervision.ended_on,
        rosh=charge.rosh_highest,
        charged_on=charge.charged_on,
        is_public_interest_proposed=charge.is_public_interest_proposed,
    )
