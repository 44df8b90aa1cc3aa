"""The steps of a question made anew from its row, once its date or the calendar has changed, and those after them."""

from datetime import datetime

from activities.means import Means
from activities.record import Connection, Row
from workflows.contract.messages import GateOpened, Step
from workflows.policy import due as moments
from workflows.policy.ahead import OpenQuestion, further_after, planned

REVIEW = "review"
"""The rulebook's key of the review's own date: a question that has it stands and falls with the case's date."""


async def arm_anew(connection: Connection, means: Means, gate: str, at: datetime) -> tuple[Step, ...]:
    """Note that an open question has new steps from `at` on, and return them by its row as it now stands.

    A rung that was told does not come again; a reminder that was sent lies before `at`.
    """
    row = await connection.fetchrow("UPDATE gates SET armed_at = $2 WHERE gate = $1 RETURNING *", gate, at)
    if row is None:
        return ()
    return planned(OpenQuestion.of_row(dict(row)), means.rulebook(row["rulebook"], at), means.holidays)


async def as_it_stands(connection: Connection, means: Means, opened: GateOpened, at: datetime) -> GateOpened:
    """The question as it was opened; with the date and the steps of today where they were made anew since.

    A stage that is begun anew asks once more, and would else chase by a date that was moved by a decision.
    """
    row = await connection.fetchrow("SELECT * FROM gates WHERE gate = $1 AND armed_at IS NOT NULL", opened.gate)
    if row is None:
        return opened
    means = await means.with_calendar(connection)
    steps = planned(OpenQuestion.of_row(dict(row)), means.rulebook(row["rulebook"], at), means.holidays)
    return opened.model_copy(update={"due": moments.due(row["due_on"]), "steps": steps})


def further_steps(means: Means, gate: Row, last: datetime, at: datetime) -> tuple[Step, ...]:
    """The reminders after those planned so far; none while a planned step comes after `last` or the question lapses."""
    return further_after(OpenQuestion.of_row(dict(gate)), means.rulebook(gate["rulebook"], at), means.holidays, last)
