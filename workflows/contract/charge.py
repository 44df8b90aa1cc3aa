"""The charge file: what a region hands in to open a case. Names stand here and go to the record, never further.

Everything wrong is named by its path, at once, and one bad entry does not stop the good ones. Rule: design.md 5.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt
from pydantic import ValidationError as _Invalid

from .directory import Directory, Email
from .problems import DataError, Problem, path_of, problems_of
from .vocabulary import Role, Rosh, SupervisionType

MAX_BYTES = 10_000_000  # a reader takes at most one byte more, so a huge file is refused unread
_DEPTH = 6  # deeper than any field of a charge; Python 3.12 parses deeper than it can walk


class RosterRole(StrEnum):
    """The part a member of staff had in the case."""

    PRACTITIONER = Role.PRACTITIONER.value
    LINE_MANAGER = Role.LINE_MANAGER.value
    HEAD_OF_PDU = Role.HEAD_OF_PDU.value
    OTHER = Role.OTHER.value


def _iso_day(value: object) -> object:
    """Take YYYY-MM-DD and nothing else: 1 May and 5 January look alike in other forms."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("is not a date written as YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("is not a day of the calendar") from None


def _printable(value: str) -> str:
    if not value.strip() or any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
        raise ValueError("is blank or holds control characters")
    return value


def _shape(pattern: str, example: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"does not have the form of {example}, in capital letters")
        return value

    return AfterValidator(check)


Day = Annotated[date, BeforeValidator(_iso_day)]
Name = Annotated[str, Field(max_length=200), AfterValidator(_printable)]
Wording = Annotated[str, Field(max_length=4000), AfterValidator(_printable)]
Crn = Annotated[str, _shape(r"[A-Z][0-9]{6}", "X123456")]
Noms = Annotated[str, _shape(r"[A-Z][0-9]{4}[A-Z]{2}", "A1234BC")]
CjsCode = Annotated[str, _shape(r"[A-Z]{2}[A-Z0-9]{2}[0-9]{3}[A-Z]?", "SX03001 or SX03001A")]


class Entry(BaseModel):
    """A frozen part of the charge file; unknown fields are refused so that a misspelt one is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ChargedPerson(Entry):
    """The supervised person. `aliases`: other names, for which whatever leaves the service is searched."""

    name: Name
    date_of_birth: Day | None = None
    aliases: tuple[Name, ...] = ()


class Supervision(Entry):
    """The order or licence; `ended_on` null while it runs."""

    type: SupervisionType
    started_on: Day
    ended_on: Day | None = None


class Offence(Entry):
    """One offence charged: a CJS code, the date, and the victim's age where it is known."""

    code: CjsCode
    offence_on: Day
    victim_age: Annotated[StrictInt, Field(ge=0, le=130)] | None = None
    wording: Wording | None = None


class RosterEntry(Entry):
    """One member of staff in the case. Practitioner, line manager and Head of PDU are in the line in any case."""

    role: RosterRole
    name: Name
    email: Email
    in_line: StrictBool = False

    @property
    def is_in_line(self) -> bool:
        """Whether the entry stands in the line management of the case, by its mark or by its role."""
        return self.in_line or self.role is not RosterRole.OTHER


# One person with several roles counts by the first of these: whoever worked with the supervised person is interviewed,
# and the delivery unit's head in the directory comments on the facts. Rule: Annex J, information used in a review.
_FIRST_ROLES = (RosterRole.LINE_MANAGER, RosterRole.PRACTITIONER, RosterRole.HEAD_OF_PDU, RosterRole.OTHER)


class Victim(Entry):
    """A victim or family, the liaison officer who speaks with them, and other names by which they are known."""

    name: Name
    liaison_officer_email: Email
    aliases: tuple[Name, ...] = ()


class Charge(Entry):
    """One case as charged. `public_interest`: true, or the reasons, where such a review is proposed."""

    crn: Crn
    noms: Noms | None = None
    person: ChargedPerson
    region: str
    pdu: str
    supervision: Supervision
    rosh_highest: Rosh
    charged_on: Day
    court: Name | None = None
    first_appearance_on: Day | None = None
    offences: tuple[Offence, ...] = Field(min_length=1)
    public_interest: StrictBool | Wording | None = None
    roster: tuple[RosterEntry, ...] = Field(min_length=1)
    victims: tuple[Victim, ...] = ()

    @property
    def is_public_interest_proposed(self) -> bool:
        """Whether a review in the public interest is proposed."""
        return bool(self.public_interest)

    @property
    def people(self) -> tuple[RosterEntry, ...]:
        """Everybody in the roster once, by address: told once, interviewed once, in the line if any entry says so."""
        entries: dict[str, list[RosterEntry]] = {}
        for entry in self.roster:
            entries.setdefault(entry.email, []).append(entry)
        return tuple(_one_person(found) for found in entries.values())


def _one_person(entries: list[RosterEntry]) -> RosterEntry:
    role = min((entry.role for entry in entries), key=_FIRST_ROLES.index)
    in_line = any(entry.is_in_line for entry in entries)
    return RosterEntry.model_construct(role=role, name=entries[0].name, email=entries[0].email, in_line=in_line)


@dataclass(frozen=True)
class ChargeBatch:
    """The good entries with their places, what is wrong with the others, and remarks on good ones."""

    charges: tuple[tuple[int, Charge], ...] = ()
    problems: tuple[Problem, ...] = ()
    remarks: tuple[Problem, ...] = ()


def parse_charges(text: str | bytes, *, today: date, directory: Directory) -> ChargeBatch:
    """Read a charge file, one case or a list. Wrong data never raises; it stands in `problems`."""
    try:
        content = _content(text)
    except DataError as error:
        return ChargeBatch(problems=error.problems)
    is_list = isinstance(content, list)
    charges: list[tuple[int, Charge]] = []
    problems: list[Problem] = []
    remarks: list[Problem] = []
    for index, entry in enumerate(content if is_list else [content]):
        prefix = f"[{index}]" if is_list else ""
        charge, found = _charge(entry, today, directory)
        problems += (_placed(problem, index, prefix) for problem in found)
        if charge is not None and not found:
            charges.append((index, charge))
            remarks += (_placed(remark, index, prefix) for remark in _remarks(charge))
    return ChargeBatch(tuple(charges), tuple(problems), tuple(remarks))


def _content(text: str | bytes) -> Any:
    """The JSON content. Errors: `DataError` for the file as a whole."""
    if len(text) > MAX_BYTES:
        raise _whole(f"is larger than {MAX_BYTES // 1_000_000} MB", "split it into several files")
    try:
        content = json.loads(
            text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff"),
            object_pairs_hook=_fields,
            parse_constant=_no_number,
        )
    except UnicodeDecodeError:
        raise _whole("is not UTF-8 text", "save it as UTF-8") from None
    except json.JSONDecodeError as error:
        if not text.strip():
            raise _whole("is empty", "give one case or a list of cases") from None
        where = f"line {error.lineno}, column {error.colno}"
        raise _whole(f"is not JSON at {where}", "correct it there") from None
    except RecursionError:
        raise _whole("is nested too deep", "give one case or a list of cases") from None
    except DataError:
        raise
    except ValueError:  # a number with thousands of digits
        raise _whole("holds a number that cannot be read", "correct it") from None
    if content == []:
        raise _whole("holds no case", "give one case or a list of cases")
    return content


def _whole(message: str, remedy: str) -> DataError:
    return DataError([Problem("", f"the file {message}", remedy)])


def _no_number(_: str) -> None:
    raise _whole("holds NaN or Infinity", "write a number or null")


class _Twice(dict[str, Any]):
    """An object in which a field stands twice; kept apart, because the second would silently win."""

    field = ""


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    counted = Counter(name for name, _ in pairs)
    doubles = [name for name, times in counted.items() if times > 1]
    if not doubles:
        return dict(pairs)
    twice = _Twice(pairs)
    twice.field = doubles[0]
    return twice


def _doubled(content: Any, place: tuple[str | int, ...] = ()) -> Iterator[Problem]:
    if len(place) > _DEPTH:
        return
    if isinstance(content, _Twice):
        yield Problem(path_of((*place, content.field)), "stands twice", "keep one of them")
    inside: Iterable[tuple[str | int, Any]] = ()
    if isinstance(content, dict):
        inside = content.items()
    elif isinstance(content, list):
        inside = enumerate(content)
    for key, part in inside:
        yield from _doubled(part, (*place, key))


def _charge(entry: Any, today: date, directory: Directory) -> tuple[Charge | None, list[Problem]]:
    doubled = list(_doubled(entry))
    if doubled:
        return None, doubled
    try:
        charge = Charge.model_validate(entry)
    except _Invalid as error:
        return None, list(problems_of(error, Charge))
    return charge, [
        *_wrong_place(charge, directory),
        *_wrong_dates(charge, today),
        *_wrong_order(charge),
        *_wrong_roster(charge),
    ]


def _placed(problem: Problem, index: int, prefix: str) -> Problem:
    path = f"{prefix}.{problem.path}" if prefix and problem.path else prefix or problem.path
    return replace(problem, path=path, index=index)


def _wrong_place(charge: Charge, directory: Directory) -> Iterator[Problem]:
    region = directory.region(charge.region)
    if region is None:
        known = ", ".join(sorted(directory.regions))
        yield Problem("region", "is not a region of the directory", f"write one of {known}")
    elif charge.pdu not in region.pdus:
        known = ", ".join(sorted(region.pdus))
        yield Problem("pdu", f"is not a delivery unit of {charge.region}", f"write one of {known}")


def _wrong_dates(charge: Charge, today: date) -> Iterator[Problem]:
    dates: dict[str, date | None] = {
        "person.date_of_birth": charge.person.date_of_birth,
        "supervision.started_on": charge.supervision.started_on,
        "charged_on": charge.charged_on,
        **{f"offences[{n}].offence_on": offence.offence_on for n, offence in enumerate(charge.offences)},
    }
    for path, on in dates.items():
        if on is not None and on > today:
            yield Problem(path, "lies in the future", "correct the date")
    if charge.supervision.ended_on is not None and charge.supervision.ended_on > today:
        yield Problem("supervision.ended_on", "lies in the future", "leave it null while supervision runs")
    if charge.first_appearance_on is not None and charge.first_appearance_on > today:
        remedy = "leave it null and report the appearance as a court event"
        yield Problem("first_appearance_on", "lies in the future", remedy)


def _wrong_order(charge: Charge) -> Iterator[Problem]:
    supervision, born_on = charge.supervision, charge.person.date_of_birth
    if supervision.ended_on is not None and supervision.ended_on < supervision.started_on:
        yield Problem("supervision.ended_on", "is before the supervision started", "correct one of the dates")
    if charge.first_appearance_on is not None and charge.first_appearance_on < charge.charged_on:
        yield Problem("first_appearance_on", "is before the charge", "correct one of the dates")
    for index, offence in enumerate(charge.offences):
        path = f"offences[{index}].offence_on"
        if offence.offence_on > charge.charged_on:
            yield Problem(path, "is after the charge", "correct one of the dates")
        if born_on is not None and offence.offence_on <= born_on:
            yield Problem(path, "is before the person was born", "correct one of the dates")


def _wrong_roster(charge: Charge) -> Iterator[Problem]:
    managed = {RosterRole.PRACTITIONER, RosterRole.LINE_MANAGER}
    if not any(entry.role in managed for entry in charge.roster):
        yield Problem("roster", "names nobody who managed the case", "add the practitioner or line manager")
    known: dict[str, list[RosterEntry]] = {}
    for index, entry in enumerate(charge.roster):
        same = known.setdefault(entry.email, [])
        if any(_plain_name(entry) != _plain_name(other) for other in same):
            remedy = "give each person an own address, or write the name in one way"
            yield Problem(f"roster[{index}].email", "the same address stands under another name", remedy)
        elif any(entry.role is other.role for other in same):
            yield Problem(f"roster[{index}]", "stands twice with the same role", "keep one of them")
        same.append(entry)


def _plain_name(entry: RosterEntry) -> str:
    return " ".join(entry.name.casefold().split())


def _remarks(charge: Charge) -> Iterator[Problem]:
    """One person in two roles is possible in a small team, and worth a look."""
    counted = {person.email: person for person in charge.people}
    seen: set[str] = set()
    for index, entry in enumerate(charge.roster):
        if entry.email in seen:
            # Of two different roles at least one stands in the line.
            role = counted[entry.email].role.replace("_", " ")
            message = f"the same person stands in the roster twice and is counted once, as {role}, in the line"
            yield Problem(f"roster[{index}].email", message, "correct it unless one person held both roles")
        seen.add(entry.email)
