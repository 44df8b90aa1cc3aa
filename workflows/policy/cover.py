"""Who may stand in for somebody who is away, and in which cases that would break independence.

Checked when cover is set, not when it is used. Rule: design.md 3.13 and 4 (recorded deputy).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from workflows.contract.cover import Cover
from workflows.contract.directory import Directory, Person
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import Role

from .authority import AWAY, Ties, is_independent_question, why_not_answer

IS_THE_SAME = "is_the_same"
NOT_OF_THE_ROLE = "not_of_the_role"

IN_WORDS = {
    IS_THE_SAME: "Nobody stands in for themselves",
    NOT_OF_THE_ROLE: "Only somebody who holds the same role in the same place, or the recorded deputy, can stand in",
    AWAY: "Away themselves in that time",
}

# Roles that a person has in a case only once appointed to it.
_APPOINTED = (Role.REVIEWING_MANAGER, Role.COUNTERSIGNING_MANAGER)


@dataclass(frozen=True)
class Post:
    """One open case in which somebody answers: how everybody is tied to it, and in which roles they are asked."""

    reference: str
    ties: Ties
    roles: tuple[Role, ...]


@dataclass(frozen=True)
class Gap:
    """What a deputy may not answer in a case, by question, and the reason's code."""

    reference: str
    question: str
    code: str


def candidates(person: Person, directory: Directory) -> tuple[Person, ...]:
    """Everybody who can be named: the recorded deputy first, then those of the same place who share a role.

    Nobody gets by cover a role that they do not hold, unless the directory names them as the deputy.
    """
    recorded = directory.deputy_of(person.key)
    place = directory.regions.get(directory.region_of(person.key) or "")
    people = directory.national.people if place is None else place.people
    sharing = [p for p in people if p.key != person.key and set(p.roles) & set(person.roles)]
    found = {p.key: p for p in ((recorded, *sharing) if recorded else sharing)}
    return tuple(found.values())


def why_not_cover(person: Person, deputy: Person, directory: Directory, from_on: date, to_on: date) -> str | None:
    """Why this person may not be named at all: the same, of another role or place, or away on one of the days.

    `directory` holds every absence that has been set, those that have not begun included.
    """
    if deputy.key == person.key:
        return IS_THE_SAME
    if deputy.key not in {one.key for one in candidates(person, directory)}:
        return NOT_OF_THE_ROLE
    asked = Cover(person=person.key, from_on=from_on, to_on=to_on)
    return AWAY if any(asked.meets(away.from_on, away.to_on) for away in deputy.away) else None


def gaps(deputy: Person, posts: Iterable[Post]) -> tuple[Gap, ...]:
    """Every question of these cases that the deputy may not answer, since independence or four eyes would break.

    Asked all the same, it climbs at once to whoever stands above. Rule: design.md 3.2, 3.13.
    """
    found = []
    for post in posts:
        for question in QUESTIONS.values():
            if question.role in post.roles and is_independent_question(question.key):
                code = why_not_answer(question.key, deputy, post.ties)
                found += [Gap(post.reference, question.key, code)] if code else []
    return tuple(found)


def roles_in_case(
    person: Person, directory: Directory, region: str, pdu: str, appointed: Sequence[Role]
) -> tuple[Role, ...]:
    """The roles in which this person is asked in a case of this place: those listed for it, and those appointed to."""
    return tuple(
        role
        for role in person.roles
        if role in appointed
        or (role not in _APPOINTED and any(one.key == person.key for one in directory.people_for(role, region, pdu)))
    )
