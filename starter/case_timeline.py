"""The line of a case from the charge until today and beyond: each date, what happened on it or is due then.

Made of codes, dates and roles. No name, no address and nothing that somebody wrote.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from starter.casebook import Known
from starter.casebook_review import View, review_is_late
from starter.national_queue import ABOUT
from starter.views import in_words, role
from workflows.contract.vocabulary import CourtEventKind
from workflows.policy.court import ends_the_review
from workflows.policy.due import on_in_london

DONE, TODAY, LATE, AHEAD, MOVED = "done", "today", "late", "ahead", "moved"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the story. `state`: done, today, late, ahead, moved."""

    on: date
    what: str
    detail: str = ""
    state: str = DONE


@dataclass(frozen=True, slots=True)
class Awaited:
    """Open questions of one kind that wait for the same role until the same date; `number` of them."""

    question: str
    role: str
    due_on: date
    original_due_on: date
    is_late: bool
    is_paused: bool
    is_answered: bool
    number: int = 1


_COURT = {
    CourtEventKind.APPEARED: "First appearance in court",
    CourtEventKind.DISCONTINUED: "The charge was discontinued",
    CourtEventKind.AMENDED: "The charge was amended",
    CourtEventKind.ACQUITTED: "Acquitted in court",
    CourtEventKind.CONVICTED: "Convicted in court",
    CourtEventKind.SENTENCED: "Sentenced in court",
    CourtEventKind.DIED_RESPONSIBLE: "Died before trial, found responsible",
    CourtEventKind.QUASHED: "The conviction was quashed",
}


def timeline(known: Known, awaited: Iterable[Awaited], today: date) -> list[Entry]:
    """Every line by date: what happened on a day stands before what was due on it, and today after all of its day."""
    view = known.view
    rank = {DONE: 0, MOVED: 1, LATE: 2, TODAY: 3, AHEAD: 4}
    entries = [*_milestones(view), *_rounds(known), *_changes(view), *_raised(known), *_returned(view), *_due(awaited)]
    entries += _review_due(known, today)
    if not view["closed_on"]:
        entries.append(Entry(today, "Today", f"The case is at the stage {words(view['stage']).lower()}", TODAY))
    return sorted(entries, key=lambda one: (one.on, rank[one.state]))


def _milestones(view: View) -> Iterable[Entry]:
    court = [(event["kind"], event["on_date"]) for event in view["court_events"]]
    yield Entry(_day(view["charged_on"]), "Charged with a serious further offence")
    yield Entry(_day(view["opened_on"]), "The case was opened")
    if view["appeared_on"] and (CourtEventKind.APPEARED, view["appeared_on"]) not in court:
        yield Entry(_day(view["appeared_on"]), _COURT[CourtEventKind.APPEARED])
    for kind, on in court:
        yield Entry(_day(on), _COURT.get(kind, words(kind)))
    if view["notified_on"]:
        yield Entry(_day(view["notified_on"]), "The HMPPS SFO Team was notified")
    held = Counter(one["on"] for one in view["interviews"] if one["state"] == "held" and one["on"])
    for on, number in held.items():
        yield Entry(_day(on), f"{number} interviews held" if number > 1 else "An interview was held")
    if view["closed_on"]:
        yield Entry(_day(view["closed_on"]), "The case was closed", words(view["outcome"] or ""))


def _rounds(known: Known) -> Iterable[Entry]:
    """Each version handed in, and how it came back or was accepted."""
    for one, row in zip(known.view["rounds"], known.rows["rounds"], strict=True):
        version = f"Version {one['version']} of the review"
        yield Entry(_day(one["submitted_on"]), f"{version} was submitted", f"Round {one['round']}")
        if one["returned_on"]:
            after = f"Round {one['round']} took {one['days']} day{'' if one['days'] == 1 else 's'}"
            yield Entry(_day(one["returned_on"]), f"{version} was returned by {role(one['by'])}", after)
        elif row["ended_at"]:
            yield Entry(on_in_london(row["ended_at"]), f"{version} was accepted", f"Round {one['round']}")


def _changes(view: View) -> Iterable[Entry]:
    """Requests for more time, and each time the clock stood still."""
    for asked in view["extensions"]:
        late = ", after the date" if asked["late"] else ""
        yield Entry(
            _day(asked["asked_on"]),
            f"More time was asked for{late}, until {in_words(asked['new_on'])}",
            _granted(asked),
        )
    for pause in view["pauses"]:
        yield Entry(_day(pause["paused_on"]), "The clock of the review was stopped")
        if pause["resumed_on"]:
            due = f"Due {in_words(pause['new_due'])} from then on" if pause["new_due"] else ""
            yield Entry(_day(pause["resumed_on"]), "The clock of the review ran again", due)


def _granted(asked: View) -> str:
    if asked["granted"] is None:
        return "No longer needed" if asked["void"] else "Not decided yet"
    return f"Granted until {in_words(asked['granted_on'])}" if asked["granted"] else "Refused"


def _raised(known: Known) -> Iterable[Entry]:
    """Escalations: raised, acknowledged, resolved. What they are about as a kind; what somebody wrote stays unread."""
    for row in known.rows["escalations"]:
        kind = ABOUT.get(row["kind"], words(row["kind"])).lower()
        yield Entry(on_in_london(row["raised_at"]), "Escalated to the national team", kind.capitalize())
        if row["acknowledged_at"]:
            yield Entry(
                on_in_london(row["acknowledged_at"]), "The national team acknowledged an escalation", kind.capitalize()
            )
        if row["resolved_at"]:
            outcome = f"{kind.capitalize()}: {words(row['outcome'] or '').lower()}"
            yield Entry(on_in_london(row["resolved_at"]), "The national team resolved an escalation", outcome)


_CAME_BACK = {"failed": "It could not be delivered", "away": "An out-of-office note answered it"}


def _returned(view: View) -> Iterable[Entry]:
    """Letters that came back, to which role and why."""
    for letter in view["returned_letters"]:
        to = f" to {'the deputy of ' if letter['deputy'] else ''}{role(letter['role'])}" if letter["role"] else ""
        yield Entry(_day(letter["on"]), f"A letter{to} came back", _CAME_BACK[letter["kind"]])


def _due(awaited: Iterable[Awaited]) -> Iterable[Entry]:
    """Dates of what is asked."""
    for one in awaited:
        several = f" ({one.number} of them)" if one.number > 1 else ""
        state = LATE if one.is_late else AHEAD
        yield Entry(one.due_on, f"{one.question}{several}", f"Awaited of {role(one.role)}{_standing(one)}", state)


def _review_due(known: Known, today: date) -> Iterable[Entry]:
    """The date of the review while one is owed, and the first date where it has moved."""
    view, is_late = known.view, review_is_late(known.case, known.rows, known.now)
    if not review_is_owed(known):
        return
    due, first = _day(view["review_due"]), _day(view["original_review_due"] or view["review_due"])
    if first != due:
        yield Entry(first, "First date of the review", state=MOVED)
    moved = "Moved by a recorded decision" if first != due else ""
    yield Entry(due, "Date of the review", moved, LATE if is_late else AHEAD if due >= today else DONE)


def review_is_owed(known: Known) -> bool:
    """Whether the case has a review with a date that is neither accepted nor ended by the court."""
    court = [CourtEventKind(row["kind"]) for row in known.rows["court"] if row["applied_at"]]
    is_over = known.case["closed_on"] or known.case["accepted_version"] is not None or ends_the_review(court)
    return known.case["review_due"] is not None and not is_over


def _standing(one: Awaited) -> str:
    parts = [
        f"first {in_words(one.original_due_on)}" if one.original_due_on != one.due_on else "",
        "the clock stands still" if one.is_paused else "",
        "answered, being applied" if one.is_answered else "",
    ]
    return "".join(f"; {part}" for part in parts if part)


def _day(on: str) -> date:
    return date.fromisoformat(on)


def words(code: str) -> str:
    """Write a code as people read it: `victim-disclosure` is Victim disclosure."""
    return code.replace("_", " ").replace("-", " ").capitalize()
