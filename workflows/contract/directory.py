"""The directory: who holds which role where, who stands in for them, and when they are away.

Keys are slugs without names (`n53.senior_lead`), so they may stand in histories; names and addresses may not.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from .problems import DataError, Problem, content_of_toml, problems_of
from .vocabulary import Role

_ATOM = r"[^@\s<>,;:\"()\[\]\\]+"  # no blank and no sign that a mail header gives a meaning to
_ADDRESS = re.compile(rf"{_ATOM}@{_ATOM}\.{_ATOM}")


def _address(value: str) -> str:
    """Small letters throughout, so that one person is recognised however the address was typed."""
    if not _ADDRESS.fullmatch(value):
        raise ValueError("is not an email address")
    return value.lower()


Key = Annotated[str, Field(pattern=r"^[a-z0-9]+(\.[a-z0-9_]+)+$", max_length=60)]
RegionCode = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{2}$")]
PduCode = Annotated[str, Field(pattern=r"^[A-Z0-9]{4,10}$")]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Email = Annotated[str, Field(max_length=254), AfterValidator(_address)]

# A region without one of these cannot carry a case to its end.
REGIONAL_ROLES = (
    Role.SPOC,
    Role.SFO_TEAM,
    Role.SENIOR_LEAD,
    Role.REGIONAL_DIRECTOR,
    Role.REVIEWING_MANAGER,
    Role.COUNTERSIGNING_MANAGER,
)


class Part(BaseModel):
    """A frozen part of the directory; unknown fields are refused so that a typing error is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Absence(Part):
    """Away from `from_on` to `to_on`, both days included."""

    from_on: date
    to_on: date

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.to_on < self.from_on:
            raise ValueError("the absence ends before it starts")
        return self


class Person(Part):
    """One person or shared mailbox. `in_line_of`: the PDUs in whose line management the person stands.

    `shared`: several people read the address, so whoever decides there says who they are.
    `language`: cy for whoever wants letters in Welsh, with the English below.
    """

    key: Key
    name: Text
    email: Email
    roles: tuple[Role, ...] = Field(min_length=1)
    deputy: Key | None = None
    away: tuple[Absence, ...] = ()
    in_line_of: tuple[PduCode, ...] = ()
    shared: bool = False
    language: Literal["en", "cy"] = "en"

    def is_away(self, on: date) -> bool:
        """Whether the person is away on this day."""
        return any(absence.from_on <= on <= absence.to_on for absence in self.away)


class Contact(Part):
    """Whom a victim or family calls about a review; it stands in what they are given, so a team and not a person."""

    name: Text
    phone: Text
    email: Email
    hours: str = Field(default="", max_length=200)


class Pdu(Part):
    """A Probation Delivery Unit and the key of its head."""

    name: Text
    head: Key


class Region(Part):
    """A probation region: its people and its delivery units by code."""

    name: Text
    people: tuple[Person, ...]
    pdus: dict[PduCode, Pdu] = Field(min_length=1)
    victim_contact: Contact


class National(Part):
    """The national HMPPS SFO Team, the team's mailbox first; and whoever operates the service, for every region."""

    name: Text
    people: tuple[Person, ...] = Field(min_length=1)


class Directory(Part):
    """Everybody who can be asked by role, as it stood from `effective_on`."""

    version: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.-]{0,31}$")
    effective_on: date
    national: National
    regions: dict[RegionCode, Region] = Field(min_length=1)

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """The directory that this TOML text holds. Errors: `DataError`, every problem with path and remedy."""
        try:
            return cls.model_validate(content_of_toml(text))
        except ValidationError as error:
            raise DataError(problems_of(error, cls)) from None

    def region(self, code: str) -> Region | None:
        """The region with this Delius code, or none."""
        return self.regions.get(code)

    def pdu(self, code: str) -> Pdu | None:
        """The delivery unit with this code in whichever region, or none."""
        return next((r.pdus[code] for r in self.regions.values() if code in r.pdus), None)

    def person(self, key: str) -> Person | None:
        """The person with this key, or none."""
        return self._by_key.get(key)

    def person_by_email(self, email: str) -> Person | None:
        """The person with this address, however it is capitalised, or none."""
        return self._by_email.get(email.lower())

    def region_of(self, key: str) -> str | None:
        """The code of the region that lists this person; none for the national team and the unknown."""
        return next((c for c, r in self.regions.items() if any(p.key == key for p in r.people)), None)

    def deputy_of(self, key: str) -> Person | None:
        """The recorded deputy of the person with this key, or none."""
        person = self.person(key)
        return self.person(person.deputy) if person and person.deputy else None

    def people_for(self, role: Role, region: str, pdu: str) -> tuple[Person, ...]:
        """Everybody with this role for this region and delivery unit; the first is the one who is asked.

        Empty for roles that a case names itself (practitioner, line manager, liaison officer) and unknown places.
        """
        if role in (Role.NATIONAL_TEAM, Role.OPERATIONS):
            return tuple(p for p in self.national.people if role in p.roles)
        place = self.region(region)
        if place is None:
            return ()
        if role is Role.HEAD_OF_PDU:
            unit = place.pdus.get(pdu)
            return tuple(p for p in place.people if unit is not None and p.key == unit.head)
        return tuple(p for p in place.people if role in p.roles)

    def team_of(self, key: str) -> tuple[Person, ...]:
        """The people behind a shared address: those of its place who hold one of its roles and have an own address."""
        mailbox = self.person(key)
        if mailbox is None or not mailbox.shared:
            return ()
        place = self.regions.get(self.region_of(key) or "")
        people = self.national.people if place is None else place.people
        return tuple(p for p in people if not p.shared and set(p.roles) & set(mailbox.roles))

    @cached_property
    def _by_key(self) -> dict[str, Person]:
        return {person.key: person for _, person in self._everybody()}

    @cached_property
    def _by_email(self) -> dict[str, Person]:
        return {person.email: person for _, person in self._everybody()}

    def _everybody(self) -> Iterator[tuple[str, Person]]:
        """Each person with the path at which the person stands."""
        for index, person in enumerate(self.national.people):
            yield f"national.people[{index}]", person
        for code, region in self.regions.items():
            for index, person in enumerate(region.people):
                yield f"regions.{code}.people[{index}]", person

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        problems = [*self._doubles(), *self._deputies(), *self._gaps(), *self._units()]
        if problems:
            raise DataError(problems)
        return self

    def _doubles(self) -> Iterator[Problem]:
        keys = Counter(person.key for _, person in self._everybody())
        emails = Counter(person.email for _, person in self._everybody())
        for path, person in self._everybody():
            if keys[person.key] > 1:
                yield Problem(f"{path}.key", f"'{person.key}' is used twice", "give each person an own key")
            if emails[person.email] > 1:
                yield Problem(f"{path}.email", "this address is used twice", "list one person once, with all roles")

    def _deputies(self) -> Iterator[Problem]:
        known = {person.key for _, person in self._everybody()}
        for path, person in self._everybody():
            if person.deputy == person.key:
                yield Problem(f"{path}.deputy", "nobody deputises for themselves", "name another person")
            elif person.deputy is not None and person.deputy not in known:
                yield Problem(
                    f"{path}.deputy",
                    f"nobody has the key '{person.deputy}'",
                    "add the person or correct the key",
                )

    def _gaps(self) -> Iterator[Problem]:
        if not self.people_for(Role.NATIONAL_TEAM, "", ""):
            yield Problem("national.people", "nobody has the role national_team", "give it to the team's mailbox")
        for code, region in self.regions.items():
            held = {role for person in region.people for role in person.roles}
            for role in REGIONAL_ROLES:
                if role not in held:
                    yield Problem(
                        f"regions.{code}.people",
                        f"nobody has the role {role}",
                        "give it to at least one person",
                    )

    def _units(self) -> Iterator[Problem]:
        for code, region in self.regions.items():
            heads = {p.key for p in region.people if Role.HEAD_OF_PDU in p.roles}
            for unit_code, unit in region.pdus.items():
                path = f"regions.{code}.pdus.{unit_code}"
                if not unit_code.startswith(code):
                    yield Problem(path, f"the code does not start with {code}", "use the unit's Delius code")
                if unit.head not in heads:
                    yield Problem(
                        f"{path}.head",
                        f"'{unit.head}' is not a head_of_pdu of this region",
                        "name one of the region's people with that role",
                    )
