"""The words for what happens if nobody acts: a code and a sentence for each kind of event. Roles only."""

from collections.abc import Iterable
from dataclasses import dataclass

from starter.casebook_review import View
from starter.views import role as role_in_words
from workflows.contract.question import Question
from workflows.contract.vocabulary import Rung, StepKind
from workflows.policy.climbing import Climb


@dataclass(frozen=True, slots=True)
class Event:
    """What happens, as a code and as people read it."""

    what: str
    words: str


REVIEW = "The review"
ANSWERED = Event("answered", "it has been answered, and the answer is being applied")
STANDS_STILL = Event("stands_still", "its clock stands still; nothing happens until it runs again")
UNKNOWN = Event("unknown", "cannot be worked out here; the rulebook that it goes by is not in place")
GOES_ON = Event("reminders_go_on", "after what is planned, reminders go on every %d days until somebody answers")
REVIEW_STANDS_STILL = Event("stands_still", "its clock stands still; its date cannot be missed until it runs again")
REVIEW_AT_RISK = Event("review_at_risk", "turns at risk; the reviewing manager and the senior lead are told")
REVIEW_OVERDUE = Event("review_overdue", "is overdue")
REVIEW_OVERDUE_AND_TOLD = Event("review_overdue", "is overdue; the reviewing manager and the senior lead are told")

MEANINGS = {
    "facts": "the chance to comment was given and no comment was made; the review goes on",
    "invitation": "the first of the proposed times stands, and the reviewing manager gets in touch",
    "feedback": "it is recorded that feedback was given and not confirmed",
}
"""What silence means, for each question to which it means something."""


def of_step(kind: StepKind, question: Question, role: str, *, is_deputy_asked: bool) -> Event:
    """Return what a step does that climbs no rung."""
    asked = role_in_words(role)
    match kind:
        case StepKind.LAPSE:
            return Event("lapses", f"the period ends: {MEANINGS[question.key]}")
        case StepKind.OVERDUE:
            return Event("overdue", "becomes overdue")
        case _:
            return Event("reminder", f"a reminder to {asked}{' and to the deputy' if is_deputy_asked else ''}")


def of_climb(rung: Rung, question: Question, role: str, found: Climb | None) -> Event:
    """Return who hears of it at this rung."""
    asked = role_in_words(role)
    if found is None:
        return Event("unknown", "goes up to whoever is next; no directory says who that is")
    if found.escalates:
        return Event("escalation", "the national team has an escalation")
    if found.deputy:
        return Event("deputy_asked", f"the deputy of {asked} is asked as well")
    told = role_in_words(str(found.role))
    told = f"{told} is told" if found.told else "nobody else is told"
    if rung is not Rung.DEPUTY:
        return Event("told" if found.told else "nobody_told", told)
    why = f"no deputy may answer for {asked}" if question.role else "a question about oneself has no deputy"
    return Event("told_instead" if found.told else "nobody_told", f"{why}, so {told}")


def as_lines(data: Iterable[View], shown: int) -> Iterable[str]:
    """Write it for a person, from the objects of `as_data`: the next ones, how many more, then what has no moment."""
    entries = list(data)
    dated, undated = [one for one in entries if one["at"]], [one for one in entries if not one["at"]]
    if entries:
        yield "    if nobody acts"
    for one in dated[:shown]:
        when = f"{'now':16}" if one["waiting"] else f"{one['at'][:10]} {one['at'][11:16]}"
        yield f"        {when}  {_about(one)}"
    if len(dated) > shown:
        yield f"        and {len(dated) - shown} more; --all shows them"
    for one in undated:
        yield f"        {_about(one)}"


def _about(one: View) -> str:
    number = len(one["gates"])
    several = f" ({number} of them)" if number > 1 and one["question"] else ""
    return f"{one['question']}{several}: {one['words']}" if one["question"] else one["words"]
