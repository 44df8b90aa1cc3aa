"""What the national SFO team has open, as its page shows it: the kinds, the filters of the address, and the clocks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from starter.open_questions import Waiting
from workflows.contract.directory import Directory
from workflows.contract.vocabulary import EscalationKind
from workflows.policy.calendar import working_days_between
from workflows.policy.due import on_in_london

ACKNOWLEDGE = "acknowledge"

KINDS: Mapping[str, tuple[str, frozenset[str]]] = {
    "acknowledgement": ("Escalations to acknowledge", frozenset({ACKNOWLEDGE})),
    "resolution": ("Escalations to resolve", frozenset({"resolve"})),
    "extension": ("Requests for more time", frozenset({"extension"})),
    "public_interest": (
        "Public interest and criteria",
        frozenset({"public_interest", "offence_class", "reduced_charge"}),
    ),
    "quality": ("Quality of reviews", frozenset({"quality"})),
    "publication": ("Publication", frozenset({"enquiry_publication", "release_public"})),
    "enquiry": ("Requests for information", frozenset({"enquiry_foi", "enquiry_sar"})),
    "inspectorate": ("Reviews by the inspectorate", frozenset({"hmip"})),
    "other": ("Other questions", frozenset()),
}
"""Each kind with its words and its questions. Whatever else came to the team, by hand or by the ladder, is other."""

ABOUT: Mapping[str, str] = {
    EscalationKind.STAFF_SAFETY: "Safety of staff",
    EscalationKind.OVERDUE: "Something overdue",
    EscalationKind.CRITERIA: "Review criteria",
    EscalationKind.REVIEWER: "Nobody to review or countersign",
    EscalationKind.EXTENSION: "More time",
    EscalationKind.ENQUIRY: "An enquiry",
    EscalationKind.OTHER: "Something else",
}
"""What an escalation is about, in words."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for; empty: everything. `errors` by input, for values that there are not."""

    kind: str = ""
    region: str = ""
    late: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)

    def takes(self, one: Waiting) -> bool:
        """Whether this question is asked for."""
        return (
            self.kind in ("", kind_of(one)) and self.region in ("", one.region) and (one.is_late or self.late != "yes")
        )


@dataclass(frozen=True, slots=True)
class Clock:
    """How a question stands towards its date on this day, in words."""

    stands: str
    age: str


def read_filters(given: Mapping[str, str], directory: Directory) -> Filters:
    """Read the filters of an address; one that is not known is named and filters nothing."""
    kind, region, late = (given.get(name, "").strip() for name in ("kind", "region", "late"))
    errors = {}
    if kind and kind not in KINDS:
        errors["kind"] = "There is no such kind of question: choose one from the list"
    if region and directory.region(region) is None:
        errors["region"] = "There is no such region: choose one from the list"
    if late not in ("", "yes"):
        errors["late"] = "Choose either all questions or only the late ones"
    known = {name: value for name, value in (("kind", kind), ("region", region), ("late", late)) if name not in errors}
    return Filters(**known, errors=errors)


def regions_of(directory: Directory) -> list[tuple[str, str]]:
    """Return every region, code and name, by name."""
    return sorted(((code, region.name) for code, region in directory.regions.items()), key=lambda one: one[1])


def region_name(directory: Directory, code: str) -> str:
    """Name a region; one that the directory no longer has by its code."""
    region = directory.region(code)
    return region.name if region else code


def kind_of(one: Waiting) -> str:
    """Name the kind of a question that came to the team."""
    return next((kind for kind, (_, questions) in KINDS.items() if one.question.key in questions), "other")


def about(question: str, subject: str | None) -> str:
    """Say what an escalation is about; nothing for another question."""
    if question not in (ACKNOWLEDGE, "resolve") or subject is None:
        return ""
    kind = subject.rpartition("-")[0]
    return ABOUT.get(kind, "")


def clock_of(one: Waiting, holidays: Collection[date]) -> Clock:
    """Say how late it is, or how long there is, in working days; and how long ago it was asked.

    While its clock stands still it stands towards its date as it did then.
    """
    today = on_in_london(one.paused_at or one.now)
    days = working_days_between(today, one.due_on, holidays)
    stands = _late(-days) if one.is_late else "Due today" if one.due_on == today else _due(days)
    asked = (on_in_london(one.now) - on_in_london(one.opened_at)).days
    return Clock(f"{stands}; the clock stands still" if one.paused_at else stands, _age(asked))


def _late(days: int) -> str:
    return f"Late by {_days(days)}" if days > 0 else "Late"


def _due(days: int) -> str:
    return f"Due in {_days(days)}" if days > 0 else "Due before the next working day"


def _days(days: int) -> str:
    return f"{days} working day{'' if days == 1 else 's'}"


def _age(days: int) -> str:
    return "Asked today" if days <= 0 else "Asked yesterday" if days == 1 else f"Asked {days} days ago"


def asked_for(waiting: Sequence[Waiting], filters: Filters) -> list[Waiting]:
    """Return what the filters ask for, in the same order; nothing while one of them is wrong."""
    return [] if filters.errors else [one for one in waiting if filters.takes(one)]
