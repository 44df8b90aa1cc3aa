"""Which cases a list shows and in which order; what was typed is checked against the places that there are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from workflows.contract.directory import Directory
from workflows.contract.vocabulary import ClockState


class Sort(StrEnum):
    """The order of a list. Closed cases always come last, the one that closed latest first."""

    LATE = "late"
    DUE = "due"
    OPENED = "opened"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is asked for; None and False: whichever.

    `awaiting`: a role, of which any open question of the case may wait. `due_before`: the next date of the case lies
    before this one. `escalation`: a kind of which one is open; `unacknowledged`: one that nobody has acknowledged.
    """

    references: tuple[str, ...] | None = None
    region: str | None = None
    pdu: str | None = None
    stage: str | None = None
    ground: str | None = None
    is_open: bool | None = None
    awaiting: str | None = None
    clock: ClockState | None = None
    overdue: bool = False
    at_risk: bool = False
    due_before: date | None = None
    escalation: str | None = None
    unacknowledged: bool = False
    sort: Sort = Sort.LATE

    @property
    def leaves_out_closed(self) -> bool:
        """Whether only an open case can be what is asked for: a closed one waits for nobody and has no clock."""
        live = (self.awaiting, self.clock, self.overdue, self.at_risk, self.due_before)
        return self.is_open is True or any((*live, self.escalation, self.unacknowledged))


class NoSuchPlaceError(ValueError):
    """There is no such region or PDU; the text names the option and those that there are."""


def check_places(filters: Filters, directories: Iterable[Directory]) -> None:
    """Raise NoSuchPlaceError for a region or a PDU of no directory, or for a PDU of another region."""
    known = {code: region for directory in directories for code, region in directory.regions.items()}
    if filters.region is not None and filters.region not in known:
        raise NoSuchPlaceError(_none("region", filters.region, known))
    units = {unit for code, region in known.items() if filters.region in (None, code) for unit in region.pdus}
    if filters.pdu is not None and filters.pdu not in units:
        raise NoSuchPlaceError(_none("pdu", filters.pdu, units))


def _none(option: str, given: str, possible: Iterable[str]) -> str:
    return f"--{option}: there is no {given!r}; it is one of {', '.join(sorted(possible))}"
