"""What is read before staff are invited, interviewed, fed back to and cared for: facts and options of those pages.

What belongs to one person (the learning for them) is shown to that person alone.
"""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from activities.asked import Asking, Facts, in_words
from activities.interview_facts import interview_of, progress_of
from activities.owing import staff_of
from activities.record import Row
from workflows.contract.choices import COMPANIONS, CONTACTS
from workflows.contract.vocabulary import Role
from workflows.policy.care import looked_after
from workflows.policy.due import on_in_london
from workflows.policy.interviewing import ready_on

SUPPORT = [
    "Support",
    "Your line manager and, outside of the line, the staff support services are there for you; your regional SFO "
    "Team answers any question.",
]


async def earliest_on(asking: Asking) -> date:
    """The first date for an interview: the person has been told, invited and has had the time to prepare.

    Times that are proposed today do not lie in the past. Rule: Annex J, be able to prepare.
    """
    progress = await progress_of(asking.place, asking.request.subject)
    days = asking.rulebook.interview_preparation.value
    ready = ready_on(progress.told_on or asking.opened_on, days, asking.holidays)
    known = asking.opened_on if asking.question.key == "invite" else progress.invited_on
    return max(ready, known) if known else ready


async def member_facts(asking: Asking) -> Facts:
    """The member of staff whom the question is about."""
    row = await asking.place.connection.fetchrow(
        "SELECT name, role FROM staff WHERE reference = $1 AND ref = $2", asking.place.reference, asking.request.subject
    )
    return [["Member of staff", _label(row)]] if row else []


def _label(row: Row) -> str:
    return f"{row['name']}, {row['role'].replace('_', ' ')}"


async def _invite_facts(asking: Asking) -> Facts:
    """Who, when they were told, and what did not suit so far."""
    progress = await progress_of(asking.place, asking.request.subject)
    earlier = await interview_of(asking.place, asking.request.subject)
    return [
        *await member_facts(asking),
        ["Told of the review on", in_words(progress.told_on)],
        *([f"Earlier time {n}", time] for n, time in enumerate(_times(earlier), start=1)),
        *await _reasons(asking, "None of those times suited them", "invitation", "another_time"),
        *await _reasons(asking, "Another time was needed", "interview", "rearrange"),
    ]


async def _invitation_facts(asking: Asking) -> Facts:
    """Who reviews, which times, and where support is."""
    reviewers = await asking.place.holders(Role.REVIEWING_MANAGER, None)
    row = await interview_of(asking.place, asking.request.subject)
    return [
        *(["Reviewing manager", person.name] for person in reviewers),
        *([f"Time {n}", time] for n, time in enumerate(_times(row), start=1)),
        ["Who is there", "You and the reviewing manager, unless you ask to be accompanied and this is agreed"],
        SUPPORT,
    ]


async def _companion_facts(asking: Asking) -> Facts:
    """Who asks, by whom they wish to be accompanied, when, and what they wrote."""
    row = await interview_of(asking.place, asking.request.subject)
    return [
        *await member_facts(asking),
        ["Wishes to be accompanied by", _companion(row)],
        ["Time", _agreed(row)],
        *await _reasons(asking, "What they wrote", "invitation", "accompanied"),
    ]


async def _interview_facts(asking: Asking) -> Facts:
    """Who, at which time, and whether somebody comes with them."""
    row = await interview_of(asking.place, asking.request.subject)
    facts = [*await member_facts(asking), ["Time", _agreed(row)]]
    if row and row["reply"] == "lapsed":
        facts.append(["Answer to the invitation", "None: the first time stands. Please get in touch with them."])
    if row and row["companion"]:
        decided = {True: "agreed", False: "not agreed", None: "not decided"}[row["companion_agreed"]]
        facts.append(["Accompanied", f"{_companion(row)}: {decided}"])
    return facts


async def _give_feedback_facts(asking: Asking) -> Facts:
    """Who, and when they said that they had had none."""
    return [
        *await member_facts(asking),
        *await _reasons(asking, "They have not had feedback", "feedback", "not_yet"),
    ]


async def _feedback_facts(asking: Asking) -> Facts:
    """What was given to this very person and when; nobody else reads it here."""
    row = await asking.place.connection.fetchrow(
        """
        SELECT given_on, learning FROM feedback WHERE reference = $1 AND ref = $2 AND given_on IS NOT NULL
        ORDER BY number DESC LIMIT 1
        """,
        asking.place.reference,
        asking.request.subject,
    )
    given = [["Feedback was given on", in_words(row["given_on"])], ["Learning for you", row["learning"]]] if row else []
    return [*given, SUPPORT]


async def _reasons(asking: Asking, label: str, question: str, answer: str) -> Facts:
    """What was written with such an answer about this person, newest first, with its date."""
    rows = await asking.place.connection.fetch(
        """
        SELECT d.received_at, d.reasons FROM decisions d JOIN gates g USING (gate)
        WHERE g.reference = $1 AND g.subject = $2 AND g.question = $3 AND d.answer = $4 AND d.applied_at IS NOT NULL
        ORDER BY d.applied_at DESC, d.recorded_at DESC LIMIT 3
        """,
        asking.place.reference,
        asking.request.subject,
        question,
        answer,
    )
    return [[f"{label} ({in_words(on_in_london(row['received_at']))})", row["reasons"] or "No reasons"] for row in rows]


def _times(row: Row | None) -> list[str]:
    """The times proposed last: Tuesday 3 November 2026, 10:30, Example House."""
    return [_time(time) for time in row["times"]] if row else []


def _time(time: dict[str, Any]) -> str:
    on = date.fromisoformat(time["on"])
    return f"{on:%A} {in_words(on)}, {time['at']}, {time['place']}"


def _agreed(row: Row | None) -> str:
    return _time(row["times"][row["chosen"] - 1]) if row and row["chosen"] else "not agreed yet"


def _companion(row: Row | None) -> str:
    chosen = row["companion"] if row else None
    return next((c.label for c in COMPANIONS if c.value == chosen), "nobody")


# --- what may be chosen ----------------------------------------------------------------------------


async def _offer_times(asking: Asking, page: dict[str, Any], name: str) -> None:
    times = _times(await interview_of(asking.place, asking.request.subject))
    page["options"][name] = [{"value": str(n), "label": time} for n, time in enumerate(times, start=1)]


async def _offer_contacts(asking: Asking, page: dict[str, Any], name: str) -> None:
    """Those whom this carer looks after, each with the contact before this one."""
    place = asking.place
    members = looked_after(await staff_of(place.connection, place.reference), asking.request.subject or "")
    rows = await place.connection.fetch(
        """
        SELECT DISTINCT ON (s.ref) s.ref, s.name, s.role, w.contact, w.on_date FROM staff s
        LEFT JOIN welfare_contacts w USING (reference, ref)
        WHERE s.reference = $1 AND s.ref = ANY($2) ORDER BY s.ref, w.on_date DESC, w.at DESC
        """,
        place.reference,
        list(members),
    )
    known = {row["ref"]: row for row in rows}
    page[name] = [{"member": ref, "label": _label(known[ref]) + _last(known[ref])} for ref in members]


def _last(row: Row) -> str:
    if row["contact"] is None:
        return " (no contact yet)"
    said = next(c.label for c in CONTACTS if c.value == row["contact"])
    return f" (last, {in_words(row['on_date'])}: {said.lower()})"


FACTS: dict[str, Callable[[Asking], Awaitable[Facts]]] = {
    "invite": _invite_facts,
    "invitation": _invitation_facts,
    "companion": _companion_facts,
    "interview": _interview_facts,
    "staff_impact": member_facts,
    "give_feedback": _give_feedback_facts,
    "feedback": _feedback_facts,
}

# By question: each field's name with what fills `page["options"]` (and `page["contacts"]`) for it.
FILLED: dict[str, tuple[tuple[str, Callable[[Asking, dict[str, Any], str], Awaitable[None]]], ...]] = {
    "invitation": (("time", _offer_times),),
    "welfare": (("contacts", _offer_contacts),),
}
