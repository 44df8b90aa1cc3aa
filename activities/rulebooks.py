"""Rulebooks, offence tables and directories from dated files, read and checked once per process.

A new file takes effect with the next start of the worker; a case keeps the version that it was pinned to.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol, TypeVar

from workflows.contract.directory import Directory
from workflows.contract.problems import DataError, Problem
from workflows.contract.rulebook import Rulebook
from workflows.policy.due import on_in_london
from workflows.policy.offences import OffenceTable


class RulebookError(Exception):
    """A file is missing or wrong; the text names the file, the path inside it and the remedy, one a line."""


class Dated(Protocol):
    """What takes effect on a date under a version."""

    @property
    def version(self) -> str:
        """The name that is pinned; the file's stem."""

    @property
    def effective_on(self) -> date:
        """The first day on which it is in force."""


D = TypeVar("D", bound=Dated)
Content = TypeVar("Content")


class FileRulebooks:
    """The dated files of two folders. Every method raises `RulebookError` where a file is missing or wrong."""

    def __init__(self, rulebook_dir: Path, directory_dir: Path) -> None:
        self._rulebook_dir = rulebook_dir
        self._directory_dir = directory_dir
        self._tables: dict[str, OffenceTable] = {}

    def in_force(self, on: date) -> Rulebook:
        """The rulebook in force on this date."""
        return _in_force(self._rulebooks, on, self._rulebook_dir)

    def version(self, version: str) -> Rulebook:
        """The rulebook with this version, however old."""
        if version not in self._rulebooks:
            known = ", ".join(sorted(self._rulebooks))
            raise RulebookError(f"{self._rulebook_dir}: no rulebook '{version}'; put the file back (here: {known})")
        return self._rulebooks[version]

    def offences(self, version: str) -> OffenceTable:
        """The offence table that the rulebook with this version names."""
        name = self.version(version).offences
        if name not in self._tables:
            self._tables[name] = _read(self._rulebook_dir / name, OffenceTable.from_csv)
        return self._tables[name]

    def directory(self, on: date) -> Directory:
        """The directory in force on this date."""
        return _in_force(self._directories, on, self._directory_dir)

    def language_of(self, email: str, at: datetime) -> str:
        """The language of letters to this address at this moment; English where no directory says another."""
        try:
            person = self.directory(on_in_london(at)).person_by_email(email)
        except RulebookError:  # a letter is not lost because a file is wrong
            return "en"
        return person.language if person else "en"

    def announced_holidays(self) -> frozenset[date]:
        """Bank holidays that any rulebook announces: a late one counts for cases under older rulebooks too."""
        return frozenset(day.on for book in self._rulebooks.values() for day in book.bank_holidays)

    @cached_property
    def _rulebooks(self) -> Mapping[str, Rulebook]:
        return _dated(self._rulebook_dir, Rulebook.from_toml)

    @cached_property
    def _directories(self) -> Mapping[str, Directory]:
        return _dated(self._directory_dir, Directory.from_toml)


def _read(path: Path, parse: Callable[[str], Content]) -> Content:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise RulebookError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise RulebookError(f"{path}: cannot be read, {error.strerror}; put the file in place") from None
    except DataError as error:
        raise RulebookError("\n".join(f"{path}: {problem}" for problem in error.problems)) from None


def _dated(folder: Path, parse: Callable[[str], D]) -> dict[str, D]:
    found = {path: _read(path, parse) for path in sorted(folder.glob("*.toml"))}
    if not found:
        raise RulebookError(f"{folder}: holds no .toml file; point the setting at the right folder")
    problems = [
        f"{path}: {Problem('version', f'is {book.version}, not the name of the file', 'make them equal')}"
        for path, book in found.items()
        if book.version != path.stem
    ]
    starts = [book.effective_on for book in found.values()]
    problems += [
        f"{path}: {Problem('effective_on', 'is the date of another file too', 'give each its own date')}"
        for path, book in found.items()
        if starts.count(book.effective_on) > 1
    ]
    if problems:
        raise RulebookError("\n".join(problems))
    return {book.version: book for book in found.values()}


def _in_force(books: Mapping[str, D], on: date, folder: Path) -> D:
    past = [book for book in books.values() if book.effective_on <= on]
    if not past:
        first = min(book.effective_on for book in books.values())
        raise RulebookError(f"{folder}: nothing is in force on {on}; the first file takes effect on {first}")
    return max(past, key=lambda book: book.effective_on)
