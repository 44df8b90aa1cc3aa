"""Who of a team decides, where the address that was asked is shared: chosen on the page, kept with the decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starter.welsh import Ours
from workflows.contract.directory import Directory
from workflows.policy.answers import Problem

PERSON, PERSON_NAME = "person", "person_name"
"""The inputs of a form: a key of the directory or `other`, and then the name."""

OTHER = "other"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who decides for a team. `key` and `email` None: the directory does not list them."""

    name: str
    key: str | None = None
    email: str | None = None


Team = tuple[Member, ...]


def team_of(stored: Sequence[Mapping[str, Any]] | None) -> Team | None:
    """Read who is behind an address from its link; None: it is one person's."""
    return None if stored is None else tuple(Member(one["name"], one["key"], one["email"]) for one in stored)


def team_behind(email: str, directory: Directory) -> Team | None:
    """Return who reads this address by the directory; None: it is one person's, or not listed."""
    mailbox = directory.person_by_email(email)
    if mailbox is None or not mailbox.shared:
        return None
    return tuple(Member(one.name, one.key, one.email) for one in directory.team_of(mailbox.key))


def known_to_be(team: Team | None, member: str | None) -> Team | None:
    """Return those who can have answered: everybody of the team, or the one who signed in as themselves."""
    return team if team is None or member is None else tuple(one for one in team if one.key == member)


def choices(team: Team, member: str | None = None) -> list[dict[str, str]]:
    """Return what the page offers: each of the team, and somebody else; or the one who signed in as themselves."""
    listed = [{"value": str(one.key), "label": one.name} for one in team]
    return listed if member else [*listed, {"value": OTHER, "label": Ours("Somebody else")}]


def member_of(team: Team | None, person: str, name: str) -> Member | None:
    """Return who was chosen, or named; None: nobody, or the address is one person's."""
    if team is None:
        return None
    if person == OTHER:
        return Member(name.strip()) if name.strip() else None
    return next((one for one in team if one.key == person), None)


def problems_of(team: Team | None, person: str, name: str) -> list[Problem]:
    """Say what is missing: an answer from a shared address counts only with whoever gave it."""
    if team is None:
        return []
    if person == OTHER and len(name) > _LONGEST:
        return [Problem(PERSON_NAME, Ours("Name: shorten it to %(most)s characters", most=_LONGEST))]
    if person == OTHER and not name.strip():
        return [Problem(PERSON_NAME, Ours("Name: enter your full name"))]
    return [] if member_of(team, person, name) else [Problem(PERSON, Ours("Select who is deciding"))]
