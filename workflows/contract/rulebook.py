"""The rulebook: every figure that a circular can change, with its source and how sure we are of it.

A rulebook has an effective date and is pinned to a case when a clock starts. Rule: design.md 6, facts.md 2 and 8.3.
"""

import csv
import io
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .problems import DataError, Problem, content_of_toml, problems_of
from .questions import QUESTIONS
from .vocabulary import OffenceCategory, Role, Rung

T = TypeVar("T")
Text = Annotated[str, Field(min_length=1)]
Days = Annotated[int, Field(ge=0, le=1000)]
DaysAway = Annotated[int, Field(ge=1, le=1000)]  # more would lead beyond the calendar, and no question could be asked
Count = Annotated[int, Field(ge=0, le=1000)]
Months = Annotated[int, Field(ge=1, le=120)]
Years = Annotated[int, Field(ge=1, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]
Rating = Literal["outstanding", "good", "requires_improvement", "inadequate"]

# Rung by rung upwards; the person asked is not a rung to climb to.
RUNGS = (Rung.DEPUTY, Rung.SENIOR_LEAD, Rung.REGIONAL_DIRECTOR, Rung.NATIONAL_TEAM)

# Deadlines that no question names in `contract/questions.py`.
OTHER_DEADLINES = frozenset({"enquiry_sar_extended", "enquiry_child_safeguarding", "correction"})


class Confidence(StrEnum):
    """How sure we are of a figure. Rule: facts.md, how to read it."""

    CERTAIN = "certain"
    PROBABLE = "probable"
    UNSURE = "unsure"


class Unit(StrEnum):
    """What a deadline is counted in. Rule: design.md 6."""

    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    CALENDAR_MONTHS = "calendar_months"


class ReviewAnchor(StrEnum):
    """The date from which the review's months are counted; sources differ. Rule: facts.md 2.4."""

    NOTIFICATION = "notification"
    FIRST_APPEARANCE = "first_appearance"
    CHARGE = "charge"


class Part(BaseModel):
    """A frozen part of a rulebook; unknown fields are refused so that a typing error is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Figure(Part, Generic[T]):
    """One value, where it comes from, and how sure we are of it."""

    value: T
    source: Text
    confidence: Confidence


class DeadlineRule(Part):
    """How long something may take, and which reminder and ladder rules go with it."""

    amount: int = Field(ge=1, le=1000)
    unit: Unit
    source: Text
    confidence: Confidence
    reminders: str = "default"
    ladder: str = "default"


class ReminderRule(Part):
    """When a person is reminded.

    `fractions` are shares of the period elapsed, `days_before` calendar days before the due date. After the due date
    a reminder comes every `then_every_days` calendar days; `at_most` of those are planned at a time.
    """

    fractions: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = ()
    days_before: tuple[DaysAway, ...] = ()
    on_the_day: bool = False
    then_every_days: DaysAway | None = None
    at_most: int = Field(default=8, ge=1, le=60)


class LadderRule(Part):
    """Working days after the due date at which each rung is told; a rung left out is skipped."""

    deputy: DaysAway | None = None
    senior_lead: DaysAway | None = None
    regional_director: DaysAway | None = None
    national_team: DaysAway | None = None

    def climbs(self) -> tuple[tuple[Rung, int], ...]:
        """Each rung in use with its working days after the due date, from the lowest up."""
        days = {rung: getattr(self, rung.value) for rung in RUNGS}
        return tuple((rung, day) for rung, day in days.items() if day is not None)

    @model_validator(mode="after")
    def _goes_up(self) -> Self:
        days = [day for _, day in self.climbs()]
        if days != sorted(days):
            raise ValueError("a higher rung is told before a lower one")
        return self


class ExtensionRule(Part):
    """Who decides a later review date and how far. Rule: facts.md 2.5 and 2.6 (unsure), design.md 2."""

    decider: Figure[Role]
    longest_months: Figure[Months]
    cap_months: Figure[Months]
    cap_decider: Figure[Role]


class ForecastRule(Part):
    """Working days that each part of a review still needs, by which it is seen to be at risk before it is late.

    Interviews go side by side and count once; the comments on facts have the period of their own question.
    `carries`: how many reviews a manager works on at a time; a rulebook without it counts with one.
    """

    interviews: Figure[Days]
    draft: Figure[Days]
    answer_comments: Figure[Days]
    submit: Figure[Days]
    carries: Figure[Annotated[int, Field(ge=1, le=20)]] | None = None


class RedactionRule(Part):
    """When redaction eats the sense: the share of the review's text, and of one paragraph, above which it is warned.

    Rule: Annex J, text is removed only where absolutely necessary and must not undermine transparency.
    """

    warn_share: Figure[Share]
    warn_paragraph_share: Figure[Share]


class BankHoliday(Part):
    """A day off that the published calendar does not hold yet."""

    on: date
    name: Text
    source: Text


class OffenceRow(Part):
    """One range of CJS codes and how it stands to the SFO list. Rule: facts.md 7 and 1.13.

    `under_13` is the category when the victim is under 13, where that differs; `age_decides` says that without the
    age the offence cannot be placed. `dossier` names the rows of the offence dossier that the range comes from.
    """

    first_code: str = Field(pattern=r"^[A-Z]{2}[A-Z0-9]{2}[0-9]{3}$")
    last_code: str = Field(pattern=r"^[A-Z]{2}[A-Z0-9]{2}[0-9]{3}$")
    title: Text
    statute: Text
    category: OffenceCategory
    under_13: OffenceCategory | None = None
    age_decides: bool = False
    dossier: Text
    source: Text
    confidence: Confidence
    note: str = ""

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.first_code[:4] != self.last_code[:4] or self.first_code > self.last_code:
            raise ValueError("last_code does not follow first_code within one prefix")
        if self.age_decides and self.under_13 is None:
            raise ValueError("age_decides needs the category under_13")
        return self

    @classmethod
    def from_csv(cls, text: str) -> tuple[Self, ...]:
        """Read every row of CSV text. Errors: `DataError`, each with its line and column."""
        lines = csv.DictReader(io.StringIO(text), strict=True)
        rows: list[Self] = []
        problems: list[Problem] = []
        try:
            for line in lines:
                try:
                    rows.append(cls.model_validate(_filled(line)))
                except ValidationError as error:
                    problems += problems_of(error, cls, f"line {lines.line_num}")
        except csv.Error as error:
            problems.append(Problem(f"line {lines.line_num}", f"is not CSV: {error}", "correct that line"))
        if not rows and not problems:
            problems.append(Problem("", "holds no offence", "give the table with its heading line"))
        if problems:
            raise DataError(problems)
        return tuple(rows)

    def codes(self) -> tuple[str, ...]:
        """Every code in the range, without inchoate suffixes."""
        first, last = int(self.first_code[4:]), int(self.last_code[4:])
        return tuple(f"{self.first_code[:4]}{number:03d}" for number in range(first, last + 1))


def _filled(line: dict[Any, Any]) -> dict[str, Any]:
    """Keep the cells that are filled; a surplus cell stands under a name that the row refuses."""
    cells = {str(name or "surplus cell"): cell for name, cell in line.items()}
    return {name: cell for name, cell in cells.items() if cell not in ("", None)}


class DigestRule(Part):
    """When letters to one person are gathered into one.

    `after`: how many come singly within 24 hours; what comes after them waits up to `wait_minutes` for others.
    `urgent_days`: a question that must be answered within so many calendar days never waits.
    """

    after: Figure[Count]
    wait_minutes: Figure[Count]
    urgent_days: Figure[Days]


class RetentionRule(Part):
    """Years that a case is kept after it has closed, by how it ended. Rule: facts.md 8.2.9 (no source gives one).

    After them it may be erased, by a decision of two people; nothing is erased by itself.
    """

    completed: Figure[Years]
    not_reviewed: Figure[Years]
    withdrawn: Figure[Years]
    discontinued: Figure[Years]
    acquitted: Figure[Years]

    def years(self, outcome: str) -> int:
        """How many; of an ending that the rule does not name: the longest of all."""
        figures: dict[str, int] = {name: getattr(self, name).value for name in type(self).model_fields}
        return figures.get(outcome, max(figures.values()))


class Rulebook(Part):
    """One dated set of rules; nothing in it is a constant of the code."""

    version: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.-]{0,31}$")
    effective_on: date
    offences: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.-]*\.csv$")
    deadlines: dict[str, DeadlineRule]
    reminders: dict[str, ReminderRule]
    ladders: dict[str, LadderRule]
    review_anchor: Figure[ReviewAnchor]
    supervision_window_days: Figure[Days]
    interview_preparation: Figure[Days]
    extension: ExtensionRule
    forecast: ForecastRule
    redaction: RedactionRule
    welfare_again: Figure[Days]
    pause_deciders: Figure[tuple[Role, ...]]
    accepted_rating: Figure[Rating]
    hmip_share: Figure[Share]
    notify_below_threshold: Figure[bool]
    review_continues_after_acquittal: Figure[bool]
    digest: DigestRule
    retention: RetentionRule | None = None
    bank_holidays: tuple[BankHoliday, ...] = ()

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """The rulebook that this TOML text holds. Errors: `DataError`, every problem with path and remedy."""
        try:
            return cls.model_validate(content_of_toml(text))
        except ValidationError as error:
            raise DataError(problems_of(error, cls)) from None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        problems = [*self._missing(), *self._dangling()]
        if problems:
            raise DataError(problems)
        return self

    def _missing(self) -> list[Problem]:
        needed = {question.deadline for question in QUESTIONS.values()} | OTHER_DEADLINES
        return [
            Problem(f"deadlines.{key}", "is missing", "add it with amount, unit, source and confidence")
            for key in sorted(needed - self.deadlines.keys())
        ]

    def _dangling(self) -> list[Problem]:
        return [
            Problem(
                f"deadlines.{key}.{table}",
                f"names '{name}', which is not in [{plural}]",
                f"use one of {', '.join(sorted(known))}",
            )
            for key, rule in self.deadlines.items()
            for table, plural, name, known in (
                ("reminders", "reminders", rule.reminders, self.reminders.keys()),
                ("ladder", "ladders", rule.ladder, self.ladders.keys()),
            )
            if name not in known
        ]
