"""Until when a question is asked: the date as given or as counted, what it was counted from, and its first steps."""

from dataclasses import dataclass
from datetime import date

from activities.asked import Asking
from activities.scheduling import REVIEW
from workflows.contract.messages import Due, Step
from workflows.contract.rulebook import Unit
from workflows.contract.vocabulary import Role
from workflows.policy import deadlines
from workflows.policy import due as moments
from workflows.policy.ahead import OpenQuestion, planned

_WITH_A_DATE_OF_ITS_OWN = ("action", "management_action")


@dataclass(frozen=True)
class Dated:
    """A due date; from which date how many working days lead to it, nothing where it is not counted so."""

    due: Due
    counted_from: date | None = None
    counted_days: int | None = None


async def dated(asking: Asking) -> Dated:
    """As given; the action's own date; else counted by the rulebook.

    The review's own date is the one that stands in the record: it may have moved while the question was on its way.
    """
    if given := _reviews_date(asking) or asking.request.due or await _own_date(asking):
        return Dated(given)
    rule, counted_from = asking.rulebook.deadlines[deadline_of(asking)], asking.request.counted_from or asking.opened_on
    due = deadlines.due(rule, counted_from, asking.holidays)
    return Dated(due, counted_from, rule.amount) if rule.unit is Unit.WORKING_DAYS else Dated(due)


def _reviews_date(asking: Asking) -> Due | None:
    on = asking.place.case["review_due"] if asking.request.due and deadline_of(asking) == REVIEW else None
    return moments.due(on) if on else None


async def _own_date(asking: Asking) -> Due | None:
    if asking.question.key not in _WITH_A_DATE_OF_ITS_OWN:
        return None
    on = await asking.place.connection.fetchval(
        "SELECT due_on FROM actions WHERE reference = $1 AND ref = $2", asking.place.reference, asking.request.subject
    )
    return moments.due(on) if on else None


def deadline_of(asking: Asking) -> str:
    """The rulebook key of the date, its reminders and its ladder."""
    return asking.request.deadline or asking.question.deadline


def first_steps(asking: Asking, due: Due, role: Role) -> tuple[Step, ...]:
    """The schedule with which the question opens, when it is put to this role."""
    asked = OpenQuestion(asking.question.key, role, deadline_of(asking), asking.request.at, due.on)
    return planned(asked, asking.rulebook, asking.holidays)
