"""Every kind of move with the numbers that it takes, what a run has made of them, and the history of one case."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.invariants.observed import Observed

MURDER, KIDNAPPING, UNLISTED = "COML025", "COML020", "ZZ99001"
CHARGES: tuple[dict[str, Any], ...] = (
    {"code": MURDER, "rosh": "medium", "appeared": True, "interest": False},
    {"code": MURDER, "rosh": "medium", "appeared": False, "interest": False},
    {"code": KIDNAPPING, "rosh": "very_high", "appeared": True, "interest": False},
    {"code": KIDNAPPING, "rosh": "low", "appeared": True, "interest": False},
    {"code": KIDNAPPING, "rosh": "not_recorded", "appeared": True, "interest": False},
    {"code": KIDNAPPING, "rosh": "low", "appeared": True, "interest": True},
    {"code": UNLISTED, "rosh": "medium", "appeared": True, "interest": False},
)
COURT = ("convicted", "convicted", "appeared", "sentenced", "quashed", "discontinued", "acquitted")
CONCERNS = ("staff_safety", "staff_safety", "other")
REASSIGNED_TO = ("n53.reviewer.2", "n53.countersigner.1", "n53lei.head", "n53.senior_lead.deputy", "n53.director")
RUBBISH = ("no such gate", "no such decision", "not a message", "an answer that does not exist", "no such stage")
DAYS = (1, 5, 15, 30)
AFTERWARDS: tuple[tuple[str, ...], ...] = ((), ("correct", "opt in"), ("opt in", "correct"))
"""What is tried once a case has closed, in this order, until something of it is taken."""
INTERRUPTIONS: tuple[tuple[str, ...], ...] = (
    ("restart",),
    ("upgrade",),
    ("upgrade", "upgrade"),
    ("upgrade", "restart"),
)
"""What interrupts the service on the way to the end of a case, one after the other."""
ANY = range(31)
KINDS: dict[str, tuple[Sequence[int], Sequence[int]]] = {
    "usual": (ANY, (0,)),
    "page": (ANY, (0,)),
    "everybody": (range(1, 4), (0,)),
    "otherwise": (ANY, range(1, 41)),
    "return": ((0,), (0,)),
    "again": (ANY, (0,)),
    "too late": (ANY, (0,)),
    "silence": (DAYS, (0,)),
    "court": (range(len(COURT)), (0,)),
    "amend": (range(3), (0,)),
    "concern": (range(len(CONCERNS)), (0,)),
    "more time": (range(1, 9), (0,)),
    "clock": ((0,), (0,)),
    "reassign": (ANY, range(len(REASSIGNED_TO))),
    "undeliverable": (ANY, (0,)),
    "unasked": (ANY, (0,)),
    "repeat": (ANY, (0,)),
    "rubbish": (ANY, range(len(RUBBISH))),
    "holiday": (ANY, (0,)),
    "away": (ANY, (0,)),
    "back": (ANY, (0,)),
    "transfer": (ANY, (0,)),
    "replace": (ANY, (0,)),
    "enquiry": (ANY, (0,)),
    "opt in": (ANY, (0,)),
    "correct": ((0,), (0,)),
    "restart": ((0,), (0,)),
    "upgrade": ((0,), (0,)),
}
"""Every kind of move, with the numbers that it takes."""
ON_THE_WAY = (
    "return",
    "page",
    "too late",
    "again",
    "more time",
    "clock",
    "replace",
    "opt in",
    "correct",
    "holiday",
    "back",
)
"""What mostly finds something to act on only once a case has gone some way."""


@dataclass
class Counts:
    """What a whole run did: steps and idle ones by kind, and every state that was seen.

    `carried`: cases in which changed code took its new path. `reopened`: cases that closed and were opened again.
    """

    steps: Counter[str] = field(default_factory=Counter)
    idle: Counter[str] = field(default_factory=Counter)
    states: set[tuple[str, str, str]] = field(default_factory=set)
    examples: int = 0
    closed: int = 0
    carried: int = 0
    reopened: int = 0

    def saw(self, seen: Observed) -> None:
        """Every question in every state of every stage is a state of its own; so is how the case ended."""
        for gate in seen["gates"]:
            self.states.add((str(gate["stage"]).rstrip("-0123456789"), str(gate["question"]), str(gate["state"])))
        if seen.case["closed_on"]:
            self.states.add(("case", "closed", str(seen.case["outcome"])))

    def __str__(self) -> str:
        kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(self.steps.items()))
        return (
            f"{self.examples} cases, {self.closed} of them closed, {self.reopened} opened again and closed again, "
            f"{self.carried} carried by changed code; {self.steps.total()} steps that did something, "
            f"{self.idle.total()} that found nothing to do; {len(self.states)} states; {kinds}"
        )


@dataclass
class History:
    """What was done to one case, so that it can be done again. `on_the_way`: what was done while it came to its end."""

    charge: dict[str, Any] = field(default_factory=dict)
    afterwards: tuple[str, ...] = ()
    interruptions: tuple[str, ...] = ()
    moves: list[tuple[str, int, int]] = field(default_factory=list)
    on_the_way: list[tuple[int, str]] = field(default_factory=list)

    def __str__(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> "History":
        """As it was written."""
        found = json.loads(text)
        found["moves"] = [tuple(move) for move in found["moves"]]
        found["on_the_way"] = [tuple(move) for move in found["on_the_way"]]
        for name in ("afterwards", "interruptions"):
            found[name] = tuple(found[name])
        return cls(**found)
