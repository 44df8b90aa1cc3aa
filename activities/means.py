"""What every port works with: the record, the letters, the dated rules and the days off."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self

from activities.bank_holidays import england_and_wales
from activities.correspondence import Correspondence
from activities.record import Connection, Pool
from activities.rulebooks import FileRulebooks
from workflows.contract.cover import Cover, with_covers
from workflows.contract.directory import Directory
from workflows.contract.rulebook import Rulebook
from workflows.policy.due import on_in_london


@dataclass(frozen=True)
class Means:
    """The clients of a port, given once to its constructor."""

    pool: Pool
    letters: Correspondence
    rulebooks: FileRulebooks
    late_holidays: frozenset[date] = frozenset()

    async def with_calendar(self, connection: Connection) -> Self:
        """These means, with the bank holidays that the record holds at this moment. Rule: design.md 3.12.

        Read anew by each activity that counts days, so that a holiday announced a minute ago counts.
        """
        rows = await connection.fetch("SELECT holiday FROM bank_holidays")
        return replace(self, late_holidays=frozenset(row["holiday"] for row in rows))

    def rulebook(self, version: str | None, at: datetime) -> Rulebook:
        """The pinned rulebook, or the one in force in London at this moment where none is pinned yet."""
        return self.rulebooks.version(version) if version else self.rulebooks.in_force(on_in_london(at))

    async def directory(self, connection: Connection, at: datetime) -> Directory:
        """The directory in force in London at this moment, with everybody who is away and whoever stands in.

        Read anew by each activity, so that cover set a minute ago counts. Rule: design.md 3.13.
        """
        on = on_in_london(at)
        rows = await connection.fetch(
            """
            SELECT person_key AS person, from_on, to_on, deputy_key AS deputy FROM absences
            WHERE ended_at IS NULL AND to_on >= $1 ORDER BY recorded_at
            """,
            on,
        )
        return with_covers(self.rulebooks.directory(on), [Cover.model_validate(dict(row)) for row in rows], on)

    @property
    def holidays(self) -> frozenset[date]:
        """The bank holidays of England and Wales: published, announced by a rulebook, recorded as announced late."""
        return england_and_wales(self.rulebooks.announced_holidays() | self.late_holidays)
