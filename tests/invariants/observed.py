"""What one case shows to whoever looks at it from outside, at one moment: the same for the service and for the model.

Rows are as the record has them, by column. Times are the case's own.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Breach:
    """An invariant of design.md 3, by its number, and what stands against it."""

    number: int
    what: str

    def __str__(self) -> str:
        return f"invariant {self.number}: {self.what}"


@dataclass(frozen=True)
class Offered:
    """An answer as somebody gave it, and what they were told: `told` the answer that stands, None that none does."""

    decision: str
    gate: str
    answer: str
    by: str
    is_new: bool
    told: str | None


@dataclass(frozen=True)
class Flow:
    """One workflow as the server shows it; `failed_tasks` counts tasks that code could not carry out."""

    status: str
    failed_tasks: int = 0


@dataclass(frozen=True)
class Read:
    """A letter as whoever got it reads it."""

    event: str
    name: str
    email: str
    text: str


@dataclass
class Observed:
    """One case at one moment. `before` is what was seen last, for whatever may never change.

    `mail_before` and `mail_after`: how often each message had arrived just before and just after the record was read.
    `said`: what stands where nothing about a person may stand, by its place; `letters`: what arrived since `before`;
    `secrets`: what names somebody, and what people typed. `is_settled`: nothing is under way. `stuck`: letters
    that have waited for longer than they should, by message. `is_due_to_close`: everybody has answered everything for
    a long time. `in_line`: who stands in the line of which delivery unit.
    `announced`: the bank holidays that were announced late, and when.
    """

    reference: str
    now: datetime
    tables: Mapping[str, list[Row]]
    broken: tuple[str, ...] = ()
    mail_before: Counter[str] = field(default_factory=Counter)
    mail_after: Counter[str] = field(default_factory=Counter)
    said: Mapping[str, str] = field(default_factory=dict)
    letters: tuple["Read", ...] = ()
    secrets: frozenset[str] = frozenset()
    flows: Mapping[str, Flow] = field(default_factory=dict)
    offers: tuple[Offered, ...] = ()
    in_line: Mapping[str, frozenset[str]] = field(default_factory=dict)
    holidays: frozenset[date] = frozenset()
    announced: Mapping[date, datetime] = field(default_factory=dict)
    is_settled: bool = True
    is_due_to_close: bool = False
    stuck: frozenset[str] = frozenset()
    before: "Observed | None" = None

    def __getitem__(self, table: str) -> list[Row]:
        return self.tables.get(table, [])

    @property
    def case(self) -> Row:
        """The row of the case."""
        return self["cases"][0]

    def audited(self, *actions: str) -> list[Row]:
        """The rows of the chain with one of these actions."""
        return [row for row in self["audit"] if row["action"] in actions]

    def holidays_at(self, at: datetime) -> frozenset[date]:
        """The bank holidays that were known at this moment."""
        return self.holidays - {on for on, announced_at in self.announced.items() if announced_at > at}

    def pdus_at(self, at: datetime) -> set[str]:
        """The delivery unit in which the case was at this moment; those before and after where it moved in it."""
        moves = [row for row in self.audited("case_transferred") if row["at"] >= at]
        units = [*(str(row["detail"]["before"]).rpartition(" ")[2] for row in moves), str(self.case["pdu"])]
        return set(units[: sum(row["at"] == at for row in moves) + 1])

    def is_corrected_before(self, row: Row) -> bool:
        """Whether the accepted review was being corrected when this row of the chain was written."""
        turns = [one for one in self["audit"] if one["seq"] < row["seq"] and _is_turn(one)]
        return bool(turns) and bool(turns[-1]["action"] == "correction_asked")

    def gate(self, name: str) -> Row:
        """The question of this name."""
        return next(row for row in self["gates"] if row["gate"] == name)

    def applied(self, question: str, *answers: str) -> Iterator[tuple[Row, Row]]:
        """Each applied answer to this question with its gate; `answers`: these alone."""
        for row in self["decisions"]:
            gate = self.gate(row["gate"])
            if row["applied_at"] and gate["question"] == question and (not answers or row["answer"] in answers):
                yield gate, row


def _is_turn(row: Row) -> bool:
    """Whether a correction begins here, or ends: a version was accepted, or its review was stopped."""
    ends = (("quality-assurance", "accepted"), ("review", "withdrawn"))
    is_end = row["action"] == "stage_ended" and (_kind(row["subject"]), row["detail"].get("outcome")) in ends
    return is_end or bool(row["action"] == "correction_asked")


def _kind(part: str) -> str:
    return part.rstrip("-0123456789")


def same(one: str | None, other: str | None) -> bool:
    """Whether two addresses are one person's."""
    return bool(one and other) and str(one).strip().casefold() == str(other).strip().casefold()


def is_any(one: str | None, others: Any) -> bool:
    """Whether an address is among these."""
    return any(same(one, other) for other in others)
