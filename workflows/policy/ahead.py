"""What lies ahead of an open question or of a review, from what the record holds. Rule: design.md 4 and 6.

Whoever makes the schedule and whoever tells people what happens if nobody answers ask here, so both say the same.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self

from workflows.contract.messages import Step
from workflows.contract.questions import QUESTIONS, Silence
from workflows.contract.rulebook import Rulebook
from workflows.contract.vocabulary import Role, Rung, StepKind

from .calendar import working_day_on_or_after
from .due import due_moment, moment_at, on_in_london
from .forecast import latest_starts
from .reminders import SENDING_HOUR, further, schedule


@dataclass(frozen=True)
class OpenQuestion:
    """What the steps of an open question follow from.

    `deadline` is its key in the rulebook. `armed_at`: its steps were made anew then; none: they are those of its
    opening. `ladder_from`: from when its ladder counts after a pause. `climbed`: the rungs that were told of it.
    """

    question: str
    role: Role
    deadline: str
    opened_at: datetime
    due_on: date
    armed_at: datetime | None = None
    ladder_from: date | None = None
    climbed: tuple[Rung, ...] = ()
    overdue: bool = False

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self:
        """The question of this row of the record."""
        return cls(
            question=row["question"],
            role=Role(row["role"]),
            deadline=row["deadline"],
            opened_at=row["opened_at"],
            due_on=row["due_on"],
            armed_at=row["armed_at"],
            ladder_from=row["ladder_from"],
            climbed=tuple(Rung(rung) for rung in row["climbed"]),
            overdue=row["overdue"],
        )

    @property
    def lapses(self) -> bool:
        """Whether silence has a meaning once the period is over."""
        return QUESTIONS[self.question].silence is Silence.LAPSE

    @property
    def fired(self) -> frozenset[tuple[StepKind, Rung]]:
        """The rungs that were told of it, and OVERDUE while it is marked as overdue."""
        climbed = {(StepKind.CLIMB, rung) for rung in self.climbed}
        return frozenset(climbed | ({(StepKind.OVERDUE, Rung.ASKED)} if self.overdue else set()))


def planned(asked: OpenQuestion, rulebook: Rulebook, holidays: Collection[date]) -> tuple[Step, ...]:
    """What whoever waits was given: the steps of the opening, or those made anew last."""
    return schedule(
        rulebook,
        asked.deadline,
        on_in_london(asked.opened_at),
        asked.due_on,
        holidays,
        lapses=asked.lapses,
        role=asked.role,
        after=asked.armed_at or asked.opened_at,
        ladder_from=asked.ladder_from,
        fired=asked.fired if asked.armed_at else None,
    )


def further_after(
    asked: OpenQuestion, rulebook: Rulebook, holidays: Collection[date], last: datetime
) -> tuple[Step, ...]:
    """The reminders after those planned so far; none while a planned step comes after `last` or the question lapses."""
    if asked.lapses or any(step.at > last for step in planned(asked, rulebook, holidays)):
        return ()
    return _batch(asked, rulebook, holidays, last)


def ahead(asked: OpenQuestion, rulebook: Rulebook, holidays: Collection[date], now: datetime) -> tuple[Step, ...]:
    """The steps that are still to come if nobody answers, in order: as many as are planned by now.

    What its moment has passed and the record does not hold yet is still to come, a reminder left out: it is made as
    soon as the service runs. A rung that was told is not told again. The clock of the question must be running.
    """
    steps = planned(asked, rulebook, holidays)
    kept = tuple(step for step in steps if not _is_over(asked, step, now))
    while not kept and not asked.lapses:
        last = steps[-1].at if steps else now
        steps = _batch(asked, rulebook, holidays, last)
        kept = tuple(step for step in steps if step.at > now)
        if not steps:
            break
    return kept


def reminds_every(asked: OpenQuestion, rulebook: Rulebook) -> int | None:
    """How many days lie between the reminders that go on past the date for as long as it takes; none: none do."""
    return None if asked.lapses else rulebook.reminders[rulebook.deadlines[asked.deadline].reminders].then_every_days


def looks(rulebook: Rulebook, due_on: date, holidays: Collection[date]) -> tuple[datetime, ...]:
    """When a review is looked at that has this date: mornings on which it can turn at risk, then when it is overdue."""
    past = due_moment(due_on) + timedelta(seconds=1)
    starts = latest_starts(rulebook, due_on, holidays)
    mornings = {moment_at(working_day_on_or_after(on, holidays), SENDING_HOUR) for on in starts}
    return (*sorted(at for at in mornings if at < past), past)


def _batch(asked: OpenQuestion, rulebook: Rulebook, holidays: Collection[date], last: datetime) -> tuple[Step, ...]:
    return further(rulebook, asked.deadline, on_in_london(asked.opened_at), asked.due_on, holidays, after=last)


def _is_over(asked: OpenQuestion, step: Step, now: datetime) -> bool:
    if step.kind is StepKind.CLIMB:
        return step.rung in asked.climbed
    if step.kind is StepKind.OVERDUE:
        return step.at <= now and asked.overdue
    return step.kind is StepKind.REMIND and step.at <= now
