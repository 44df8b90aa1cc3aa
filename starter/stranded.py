"""What can be wrong between the record and Temporal, each with what it means and what to do about it.

`anchor` is the section of the runbook, docs/operations.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What was found. The values stand in the record and may only grow."""

    CASE_GONE = "case_gone"
    STAGE_GONE = "stage_gone"
    ESCALATION_GONE = "escalation_gone"
    ENQUIRY_GONE = "enquiry_gone"
    CASE_RUNS_ON = "case_runs_on"
    STAGE_RUNS_ON = "stage_runs_on"
    ESCALATION_RUNS_ON = "escalation_runs_on"
    CASE_UNKNOWN = "case_unknown"
    PAUSED = "paused"
    CODE_FAILING = "code_failing"
    ACTIVITY_FAILING = "activity_failing"
    NOT_TAKEN = "not_taken"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a kind means and what to do, each in one plain sentence, and where the runbook says more."""

    what: str
    do: str
    anchor: str


_GONE = "stranded-workflows"
MEANINGS: Mapping[Kind, Meaning] = {
    Kind.CASE_GONE: Meaning(
        "The case is open in the record and its workflow does not run.", "Run `sfo reconcile --restart REF`.", _GONE
    ),
    Kind.STAGE_GONE: Meaning(
        "A question is open and the stage that asks it does not run.",
        "See whether the case begins it again within ten minutes; if not, call an engineer.",
        _GONE,
    ),
    Kind.ESCALATION_GONE: Meaning(
        "The escalation is open in the record and its workflow does not run.",
        "See whether the case begins it again within ten minutes; if not, call the national team and an engineer.",
        _GONE,
    ),
    Kind.ENQUIRY_GONE: Meaning(
        "The enquiry is open in the record and its workflow does not run.",
        "See whether the case begins it again within ten minutes; if not, call an engineer.",
        _GONE,
    ),
    Kind.CASE_RUNS_ON: Meaning(
        "The case is closed in the record and its workflow runs on.",
        "Find out who closed it: `sfo audit show REF`. Then call an engineer.",
        _GONE,
    ),
    Kind.STAGE_RUNS_ON: Meaning(
        "The case has closed and this part of it runs on.", "Call an engineer: it may still ask people.", _GONE
    ),
    Kind.ESCALATION_RUNS_ON: Meaning(
        "The workflow runs and the record has nothing open that it could be for.",
        "Look at its last step in the Temporal UI, and call an engineer.",
        _GONE,
    ),
    Kind.CASE_UNKNOWN: Meaning(
        "Temporal runs a case that the record does not hold.",
        "After a restore look in a newer backup; otherwise another service shares the namespace.",
        _GONE,
    ),
    Kind.PAUSED: Meaning(
        "Somebody paused the workflow in Temporal, so nothing in it moves.",
        "Find out who and why, then unpause it: `temporal workflow unpause`.",
        "what-must-not-be-done",
    ),
    Kind.CODE_FAILING: Meaning(
        "The code of the workflow fails and is tried again.", "Nothing is lost; an engineer mends it.", "a-stuck-case"
    ),
    Kind.ACTIVITY_FAILING: Meaning(
        "One step of the workflow has failed for over an hour and is tried again.",
        "A service is away or the record refuses: read its error in the Temporal UI.",
        "something-is-down",
    ),
    Kind.NOT_TAKEN: Meaning(
        "Nobody has taken the next step of the workflow for over a quarter of an hour.",
        "See whether a worker runs and whether its build is current.",
        "something-is-down",
    ),
    Kind.RESET: Meaning(
        "Somebody reset the workflow. No letter and no decision is made twice by it.",
        "Find out who and why; nothing needs to be put right.",
        "what-must-not-be-done",
    ),
}

NOTICES = frozenset({Kind.RESET})
"""Told once and never open: what happened, and not how something stands."""

MISMATCHES = frozenset(
    {
        Kind.CASE_GONE,
        Kind.STAGE_GONE,
        Kind.ESCALATION_GONE,
        Kind.ENQUIRY_GONE,
        Kind.CASE_RUNS_ON,
        Kind.STAGE_RUNS_ON,
        Kind.ESCALATION_RUNS_ON,
        Kind.CASE_UNKNOWN,
    }
)
"""Where the two sides disagree: looked at twice, since they are never read in the same moment."""


@dataclass(frozen=True, slots=True)
class Stranded:
    """One thing that is wrong. `since` None: neither side says. `run` only of a reset: the run that it made.

    `is_settled`: nothing about it has just been written, so it is no mere moment between two steps.
    """

    kind: Kind
    workflow: str
    reference: str | None
    state: str = ""
    since: datetime | None = None
    run: str = ""
    is_settled: bool = field(default=True, compare=False)

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same thing in the next round."""
        return self.kind, self.workflow, self.run

    @property
    def meaning(self) -> Meaning:
        """What it means and what to do."""
        return MEANINGS[self.kind]

    @property
    def do(self) -> str:
        """What to do, about this case."""
        return self.meaning.do.replace("REF", self.reference or "REF")
