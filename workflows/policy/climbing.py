"""Who hears of an unanswered question at a rung of the ladder. Rule: design.md 3.13 and 4, facts.md 5.1."""

from dataclasses import dataclass
from datetime import date

from workflows.contract.directory import Directory, Person
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import Role, Rung

from .authority import Ties, same_person, why_not_answer

# Where nobody may stand in, whoever would have heard next is told at the deputy's rung.
_TOLD = {Rung.SENIOR_LEAD: Role.SENIOR_LEAD, Rung.REGIONAL_DIRECTOR: Role.REGIONAL_DIRECTOR}


@dataclass(frozen=True)
class Place:
    """Who holds which role on this day, for the region and delivery unit of a case."""

    directory: Directory
    region: str
    pdu: str
    on: date


@dataclass(frozen=True)
class Climb:
    """What a rung does: the national team has an escalation, or `deputy` is asked, or `told` of this role is told.

    All three none or false: nobody else hears of it.
    """

    escalates: bool = False
    deputy: Person | None = None
    role: Role | None = None
    told: Person | None = None


def climb(rung: Rung, question: str, asked: str | None, place: Place, ties: Ties) -> Climb:
    """Who hears of it at this rung on this day, with the question put to the address `asked`.

    The deputy where there is one who may answer, and else the senior lead at once. A question about oneself has no
    deputy. Whoever is told is the first holder of the role, unless that is the person asked.
    """
    if rung is Rung.NATIONAL_TEAM:
        return Climb(escalates=True)
    if rung is Rung.DEPUTY and (deputy := _deputy(question, asked, place, ties)):
        return Climb(deputy=deputy)
    role = _TOLD.get(rung, Role.SENIOR_LEAD)
    first = next(iter(place.directory.people_for(role, place.region, place.pdu)), None)
    return Climb(role=role, told=None if first is None or same_person(first.email, asked) else first)


def standing_in(question: str, person: Person, directory: Directory, ties: Ties, on: date) -> Person | None:
    """The recorded deputy, where independence lets the deputy answer this question. Rule: design.md 3.13."""
    deputy = directory.deputy_of(person.key)
    return deputy if deputy and why_not_answer(question, deputy, ties, on) is None else None


def _deputy(question: str, asked: str | None, place: Place, ties: Ties) -> Person | None:
    person = place.directory.person_by_email(asked) if asked else None
    if person is None or QUESTIONS[question].role is None:
        return None
    return standing_in(question, person, place.directory, ties, place.on)
