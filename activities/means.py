"""What every port works with: the record, the letters, the dated rules and the days off."""

from dataclasses import dataclass
from datetime import date, datetime

from activities.bank_holidays import england_and_wales
from activities.correspondence import Correspondence
from activities.record import Pool
from activities.rulebooks import FileRulebooks
from workflows.contract.directory import Directory
from workflows.contract.rulebook import Rulebook
from workflows.policy.due import on_in_london


@dataclass(frozen=True)
class Means:
    """The clients of a port, given once to its constructor."""

    pool: Pool
    letters: Correspondence
    rulebooks: FileRulebooks

    def rulebook(self, version: str | None, at: datetime) -> Rulebook:
        """The pinned rulebook, or the one in force in London at this moment where none is pinned yet."""
        return self.rulebooks.version(version) if version else self.rulebooks.in_force(on_in_london(at))

    def directory(self, at: datetime) -> Directory:
        """The directory in force in London at this moment."""
        return self.rulebooks.directory(on_in_london(at))

    @property
    def holidays(self) -> frozenset[date]:
        """The bank holidays of England and Wales, announced ones included."""
        return england_and_wales(self.rulebooks.announced_holidays())
