"""What the figures are counted from: one plain row for each case, dates in London, nothing that names anybody.

Rule: facts.md 6.6, one definition of overdue, extensions counted, findings coded.
"""

from dataclasses import dataclass
from datetime import date

from workflows.contract.vocabulary import Stage

FIXED, EXTENSION, PAUSE = "review", "extension", "pause"
"""Why a review has its date: it was fixed, more time was granted, a pause gave working days back."""


@dataclass(frozen=True, slots=True)
class Period:
    """From and to, both days included."""

    from_on: date
    to_on: date

    def holds(self, on: date | None) -> bool:
        """Whether this day lies in the period; no day lies in none."""
        return on is not None and self.from_on <= on <= self.to_on


@dataclass(frozen=True, slots=True)
class Move:
    """The date of a review as it was fixed or moved on `on`; `is_late`: it was already overdue by then."""

    on: date
    due_on: date
    rule: str
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """One version of a review that was submitted, and how it came back; `ended_on` None: nobody has said yet."""

    submitted_on: date
    ended_on: date | None = None
    returned_by: str | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether this version was accepted."""
        return self.ended_on is not None and self.returned_by is None


@dataclass(frozen=True, slots=True)
class Pause:
    """The clock of the review stood still; `resumed_on` None: it still does."""

    paused_on: date
    resumed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """One stage from its first question to its end; a second round of it is another one."""

    stage: Stage
    began_on: date
    ended_on: date


@dataclass(frozen=True, slots=True)
class Leg:
    """One victim or family: when they were told that the case was supervised, when they were given the review."""

    told_on: date | None = None
    given_on: date | None = None
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class Deficiency:
    """One deficiency as its author coded it: at which level, and what it concerns; empty where it is not coded."""

    level: str = ""
    theme: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """What one accepted review found."""

    deficiencies: tuple[Deficiency, ...] = ()
    strengths: int = 0
    judgement: str | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """One action of an accepted review's plan; `level` of the deficiency that it answers, None: of none."""

    state: str
    due_on: date
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Rated:
    """One rating of a review's quality: the standards that fell below the rating that is accepted."""

    on: date
    below: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Granted:
    """More time was granted on this day for this coded reason."""

    on: date
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One case. `notify_by`: the first date by which the notification was due. `stopped_on`: no review is written.

    `moves` of the review's date since it was last fixed, `rounds`, `stages` and `pauses` stand in their order.
    `holidays_moved`: the days on which a bank holiday announced late moved the date of a question.
    """

    region: str
    charged_on: date
    appeared_on: date | None = None
    notified_on: date | None = None
    notify_by: date | None = None
    convicted_on: date | None = None
    stopped_on: date | None = None
    moves: tuple[Move, ...] = ()
    rounds: tuple[Round, ...] = ()
    pauses: tuple[Pause, ...] = ()
    stages: tuple[Carried, ...] = ()
    legs: tuple[Leg, ...] = ()
    findings: Findings | None = None
    actions: tuple[Action, ...] = ()
    ratings: tuple[Rated, ...] = ()
    granted: tuple[Granted, ...] = ()
    holidays_moved: tuple[date, ...] = ()

    @property
    def began_on(self) -> date | None:
        """The day on which the clock of the review started."""
        return next((move.on for move in self.moves if move.rule == FIXED), None)

    @property
    def submitted_on(self) -> date | None:
        """The day on which the review was submitted for the first time."""
        return self.rounds[0].submitted_on if self.rounds else None

    @property
    def accepted_on(self) -> date | None:
        """The day on which the review was accepted for the first time."""
        return next((one.ended_on for one in self.rounds if one.is_accepted), None)

    def is_open(self, on: date) -> bool:
        """Whether the review had begun by the end of this day and was neither accepted nor stopped."""
        ended = [day for day in (self.accepted_on, self.stopped_on) if day is not None]
        return self.began_on is not None and self.began_on <= on and not any(day <= on for day in ended)

    def is_with_its_author(self, on: date) -> bool:
        """Whether its text was owed at the end of this day: not handed in yet, or returned."""
        handed = [one for one in self.rounds if one.submitted_on <= on]
        return not handed or (handed[-1].ended_on is not None and handed[-1].ended_on <= on)

    def moved_by(self, rule: str, until: date) -> tuple[int, ...]:
        """How many calendar days each move for this reason gave, up to and including this day."""
        days, before = [], None
        for move in self.moves:
            if move.on > until:
                break
            if move.rule == rule and before is not None:
                days.append((move.due_on - before).days)
            before = move.due_on
        return tuple(days)

    def was_late_granted(self, until: date) -> bool:
        """Whether more time was granted although it was asked for after the date."""
        return any(move.rule == EXTENSION and move.is_late and move.on <= until for move in self.moves)

    def counted_due(self, on: date) -> date | None:
        """The date that counts on this day: as last moved, but by nothing that came when it was already overdue.

        Rule: design.md 3.4, overdue is never hidden by an extension granted late.
        """
        dates = [move.due_on for move in self.moves if move.on <= on and not move.is_late]
        return dates[-1] if dates else None

    def first_due(self, on: date) -> date | None:
        """The date as it was fixed, before anything moved it."""
        return next((move.due_on for move in self.moves if move.rule == FIXED and move.on <= on), None)

    def days_late(self, on: date) -> int:
        """By how many calendar days the date that counts had passed; the days of a running pause do not count."""
        due_on = self.counted_due(on)
        still = [one.paused_on for one in self.pauses if one.paused_on <= on and (one.resumed_on or date.max) > on]
        return max(0, (min([on, *still]) - due_on).days) if due_on else 0
