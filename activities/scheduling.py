"""The steps of a question: as it opens, and made anew from its row once its date or the calendar has changed."""

from datetime import datetime
from typing import TypeAlias

from activities.means import Means
from activities.record import Connection, Row
from workflows.contract.messages import Step
from workflows.contract.questions import QUESTIONS, Silence
from workflows.contract.vocabulary import Role, Rung, StepKind
from workflows.policy.due import on_in_london
from workflows.policy.reminders import further, schedule

Fired: TypeAlias = frozenset[tuple[StepKind, Rung]]

REVIEW = "review"
"""The rulebook's key of the review's own date: a question that has it stands and falls with the case's date."""


async def arm_anew(connection: Connection, means: Means, gate: str, at: datetime) -> tuple[Step, ...]:
    """Note that an open question has new steps from `at` on, and return them by its row as it now stands.

    A rung that was told does not come again; a reminder that was sent lies before `at`.
    """
    row = await connection.fetchrow("UPDATE gates SET armed_at = $2 WHERE gate = $1 RETURNING *", gate, at)
    return _steps(means, row, at, fired(row)) if row else ()


def further_steps(means: Means, gate: Row, last: datetime, at: datetime) -> tuple[Step, ...]:
    """The reminders after those planned so far; none while a planned step comes after `last` or the question lapses."""
    if _lapses(gate) or any(step.at > last for step in _planned(means, gate)):
        return ()
    rulebook, opened_on = means.rulebook(gate["rulebook"], at), on_in_london(gate["opened_at"])
    return further(rulebook, gate["deadline"], opened_on, gate["due_on"], means.holidays, after=last)


def _planned(means: Means, gate: Row) -> tuple[Step, ...]:
    """What whoever waits was given: the steps of the opening, or those made anew last."""
    if gate["armed_at"] is None:
        return _steps(means, gate, gate["opened_at"], None)
    return _steps(means, gate, gate["armed_at"], fired(gate))


def _steps(means: Means, gate: Row, after: datetime, fired: Fired | None) -> tuple[Step, ...]:
    rulebook = means.rulebook(gate["rulebook"], after)
    return schedule(
        rulebook,
        gate["deadline"],
        on_in_london(gate["opened_at"]),
        gate["due_on"],
        means.holidays,
        lapses=_lapses(gate),
        role=Role(gate["role"]),
        after=after,
        ladder_from=gate["ladder_from"],
        fired=fired,
    )


def _lapses(gate: Row) -> bool:
    return QUESTIONS[gate["question"]].silence is Silence.LAPSE


def fired(gate: Row) -> Fired:
    """The rungs that were told of this question, and OVERDUE while it is marked as overdue."""
    climbed = {(StepKind.CLIMB, Rung(rung)) for rung in gate["climbed"]}
    return frozenset(climbed | ({(StepKind.OVERDUE, Rung.ASKED)} if gate["overdue"] else set()))
