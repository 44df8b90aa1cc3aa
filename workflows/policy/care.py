"""Who cares for whom while a case goes on. Rule: Annex J (feedback and employee care), facts.md 5.17.

Welfare is considered at all stages, within the line: each is looked after by the one above them in the case, so that
nobody is left out and nobody is asked to look after themselves. Support outside of the line is offered with it.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from workflows.contract.messages import StaffRef
from workflows.contract.rulebook import Rulebook
from workflows.contract.vocabulary import Role

from .calendar import add_working_days
from .deadlines import due_on


@dataclass(frozen=True)
class Caring:
    """One carer, by role, and the staff of the case whom they look after, by number in counting order."""

    role: Role
    members: tuple[str, ...]


def carers(staff: Sequence[StaffRef]) -> tuple[Caring, ...]:
    """Everybody in the roster with the role that looks after them, each once; a role with nobody is left out.

    The line manager (the first of several) looks after practitioners and others, agency and former staff with them;
    the Head of PDU after line managers, and after everybody where the case has none; the director after the Head.
    """
    managers = [m for m in staff if m.role is Role.LINE_MANAGER]
    heads = [m for m in staff if m.role is Role.HEAD_OF_PDU]
    others = [m for m in staff if m.role not in (Role.LINE_MANAGER, Role.HEAD_OF_PDU)]
    found = (
        Caring(Role.LINE_MANAGER, _numbers(others if managers else ())),
        Caring(Role.HEAD_OF_PDU, _numbers(managers or others)),
        Caring(Role.REGIONAL_DIRECTOR, _numbers(heads)),
    )
    return tuple(caring for caring in found if caring.members)


def looked_after(staff: Sequence[StaffRef], role: str) -> tuple[str, ...]:
    """Whom the carer with this role looks after, by number; nobody where the role cares for none."""
    return next((caring.members for caring in carers(staff) if caring.role == role), ())


def again_on(today: date, rulebook: Rulebook, holidays: Collection[date], *, is_everybody_reached: bool) -> date:
    """When contact is due again while the case goes on; sooner where somebody could not be reached."""
    if is_everybody_reached:
        return add_working_days(today, rulebook.welfare_again.value, holidays)
    return rest_until(today, rulebook, holidays)


def rest_until(today: date, rulebook: Rulebook, holidays: Collection[date]) -> date:
    """Before this date nobody is asked for contact again, whatever begins: the time that one contact is given."""
    return due_on(rulebook.deadlines["welfare"], today, holidays)


def _numbers(members: Iterable[StaffRef]) -> tuple[str, ...]:
    return tuple(sorted((m.ref for m in members), key=lambda ref: int(re.sub(r"\D", "", ref) or 0)))
