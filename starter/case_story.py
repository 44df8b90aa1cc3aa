"""Where a case is, as a story for a person: what has happened, where it stands today, what is still to come.

Made from what `sfo case` reads, of codes, dates and roles. No name, no address and nothing that somebody wrote.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from starter.case_timeline import Awaited, Entry, timeline, words
from starter.casebook import Known
from starter.casebook_review import View
from starter.national_queue import ABOUT, region_name
from starter.views import in_words
from workflows.contract.directory import Directory
from workflows.contract.vocabulary import (
    ClockState,
    DutyKind,
    EscalationKind,
    EscalationOutcome,
    Ground,
)
from workflows.policy.due import on_in_london

AWAITED_SHOWN = 60
"""How many lines of open questions a page shows, of which each may stand for several of one kind, role and date."""


@dataclass(frozen=True, slots=True)
class DutyCount:
    """How far one kind of duty has come: met, still owed, closed by a decision without being met."""

    what: str
    met: int
    owed: int
    closed: int


@dataclass(frozen=True, slots=True)
class Story:
    """What the page of a case shows."""

    reference: str
    facts: list[tuple[str, str]]
    entries: list[Entry]
    awaited: list[Awaited]
    awaited_more: int
    holds: list[str]
    duties: list[DutyCount]


_DUTIES = {
    DutyKind.TOLD: "Staff told that a review is under way",
    DutyKind.INTERVIEWED: "Staff interviewed",
    DutyKind.FACTS_OFFERED: "Draft offered for comments on matters of fact",
    DutyKind.FED_BACK: "Staff given feedback",
    DutyKind.CARED_FOR: "Staff looked after",
    DutyKind.VICTIM_TOLD: "Families told that the case was supervised",
    DutyKind.VICTIM_ANSWERED: "Families asked whether they want the review",
    DutyKind.VICTIM_GIVEN: "Families given the review",
}
_GROUNDS = {
    Ground.ALWAYS_REVIEWED: "Reviewed: a named offence",
    Ground.RISK: "Reviewed: risk of serious harm",
    Ground.NOT_ASSESSED: "Reviewed: risk was never assessed",
    Ground.PUBLIC_INTEREST: "Reviewed in the public interest",
    Ground.ASK: "Not decided yet",
    Ground.NONE: "Not reviewed",
}
_CLOCKS = {
    ClockState.IN_TIME: "In time",
    ClockState.AT_RISK: "At risk",
    ClockState.OVERDUE: "Something is overdue",
    ClockState.PAUSED: "Standing still",
}


def story_of(known: Known, directory: Directory) -> Story:
    """Tell the story of a case at this moment of its clock; the directory gives places their names."""
    view = known.view
    today = on_in_london(known.now)
    awaited = _awaited(view)
    shown = awaited[:AWAITED_SHOWN]
    return Story(
        reference=view["reference"],
        facts=_facts(view, directory),
        entries=timeline(known, shown, today),
        awaited=shown,
        awaited_more=sum(one.number for one in awaited[AWAITED_SHOWN:]),
        holds=[*_holds(known)],
        duties=_duties(known),
    )


def ground_of(ground: str) -> str:
    """Say whether there is a review and why."""
    return _GROUNDS.get(Ground(ground), words(ground))


def clock_of(clock: str) -> str:
    """Say how the clock of an open case stands."""
    return _CLOCKS[ClockState(clock)]


def place_of(view: View, directory: Directory | None) -> str:
    """Name region and delivery unit; by their codes where no directory is given, or it no longer has them."""
    unit = directory.pdu(view["pdu"]) if directory else None
    region = region_name(directory, view["region"]) if directory else view["region"]
    return f"{region}, delivery unit {unit.name if unit else view['pdu']}"


def _facts(view: View, directory: Directory) -> list[tuple[str, str]]:
    facts = [
        ("Stage", "Closed" if view["closed_on"] else words(view["stage"])),
        ("Review", ground_of(view["ground"])),
        ("Place", place_of(view, directory)),
    ]
    if view["review_due"]:
        facts.append(
            ("Review due", in_words(view["review_due"]) + _first(view["review_due"], view["original_review_due"]))
        )
    if view["clock"]:
        facts.append(("Clock", clock_of(view["clock"])))
    if outlook := view["forecast"]:
        facts.append(("Working days", f"{outlook['days_left']} left, {outlook['days_needed']} needed for what remains"))
    if view["outcome"]:
        facts.append(("Outcome", words(view["outcome"])))
    if view["erased_on"]:
        facts.append(("Erased", f"{in_words(view['erased_on'])}: what named anybody, and every text, is gone"))
    return facts


def _first(now: str | None, original: str | None) -> str:
    return f" (first {in_words(original)})" if original and original != now else ""


def _awaited(view: View) -> list[Awaited]:
    """Open questions, the late ones first; those that differ in nothing that is shown are one line."""
    counted = Counter(
        Awaited(
            gate["question"],
            gate["role"],
            date.fromisoformat(gate["due"]),
            date.fromisoformat(gate["original_due"]),
            gate["overdue"],
            gate["paused"],
            gate["answered"],
        )
        for gate in view["open_gates"]
    )
    lines = [
        Awaited(o.question, o.role, o.due_on, o.original_due_on, o.is_late, o.is_paused, o.is_answered, number)
        for o, number in counted.items()
    ]
    return sorted(lines, key=lambda one: (not one.is_late, one.due_on, one.question, one.role))


def _holds(known: Known) -> Iterable[str]:
    """What stands still or is held, and the escalations that are open, as codes say it."""
    view = known.view
    for pause in view["pauses"]:
        if pause["resumed_on"] is None:
            # Why is left out: that somebody is ill is theirs to tell.
            yield f"The clock of the review has stood still since {in_words(pause['paused_on'])}"
    for one in view["escalations"]:
        kind, is_open = ABOUT.get(one["kind"], words(one["kind"])).lower(), one["state"] != "resolved"
        if is_open:
            held = "; held until it is resolved" if one["outcome"] == EscalationOutcome.HOLD else ""
            yield f"Escalation to the national team: {kind}, {one['state']}{held}"
        if one["kind"] == EscalationKind.STAFF_SAFETY:
            if is_open:
                yield "Nothing is given to families while a concern about the safety of staff is open"
            elif one["outcome"] == EscalationOutcome.STOP:
                yield "The national team has stopped disclosure in this case"


def _duties(known: Known) -> list[DutyCount]:
    """Count duties by kind and state: how many, never whose."""
    counted = Counter((row["kind"], row["state"]) for row in known.rows["duties"])
    kinds = [kind for kind in DutyKind if any((kind, state) in counted for state in ("met", "owed", "closed"))]
    return [DutyCount(_DUTIES[kind], *(counted[kind, state] for state in ("met", "owed", "closed"))) for kind in kinds]
