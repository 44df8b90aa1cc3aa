"""What answers do to the staff of a case: invitations, interviews, feedback, welfare.

Rule: Annex J (information used in a review; feedback and employee care), facts.md 5.15 and 5.17.
"""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from activities.answered import Answered, AnswerRefusedError, Effect
from activities.correspondence import Letter
from activities.interview_facts import progress_of
from workflows.contract.rulebook import Rulebook
from workflows.contract.vocabulary import DutyKind
from workflows.policy.care import again_on, rest_until
from workflows.policy.due import moment_at, on_in_london
from workflows.policy.interviewing import ALREADY_HELD, why_not_hold, why_not_invite

FIRST = 1  # the time that stands when nobody answers
MORNING = 9  # the hour in London at which welfare contact falls due again
NOT_REACHED = "not_possible"


async def invite(answered: Answered) -> Effect:
    """The times stand in the record and an earlier reply no longer counts; not possible: closed with its reason."""
    if answered.answer == "not_possible":
        return await _not_possible(answered)
    times = answered.fields["times"]
    progress, proposed = await progress_of(answered.place, answered.subject), [_day(time["on"]) for time in times]
    _refuse(why_not_invite(progress, proposed, _preparation(answered), answered.means.holidays))
    await answered.connection.execute(
        """
        INSERT INTO interviews (reference, ref, times, invited_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (reference, ref) DO UPDATE SET times = excluded.times, invited_at = excluded.invited_at,
            chosen = NULL, reply = NULL, companion = NULL, companion_agreed = NULL, companion_reasons = NULL
        """,
        answered.reference,
        answered.subject,
        times,
        answered.at,
    )
    return Effect()


async def invitation(answered: Answered) -> Effect:
    """The time that suits and by whom they wish to be accompanied; in silence the first of the times stands."""
    chosen = {"lapsed": FIRST, "another_time": None}.get(answered.answer, int(answered.fields.get("time", FIRST)))
    await answered.connection.execute(
        "UPDATE interviews SET reply = $3, chosen = $4, companion = $5 WHERE reference = $1 AND ref = $2",
        answered.reference,
        answered.subject,
        answered.answer,
        chosen,
        answered.fields.get("companion"),
    )
    return Effect()


async def companion(answered: Answered) -> Effect:
    """Decided for this person with a reason, which they can read where they asked. Rule: Annex J, case by case."""
    is_agreed = answered.answer == "agreed"
    await answered.connection.execute(
        "UPDATE interviews SET companion_agreed = $3, companion_reasons = $4 WHERE reference = $1 AND ref = $2",
        answered.reference,
        answered.subject,
        is_agreed,
        answered.reasons,
    )
    asked = await answered.connection.fetchrow(
        """
        SELECT g.gate, l.link FROM gates g JOIN links l ON l.gate = g.gate AND l.revoked_at IS NULL
        WHERE g.reference = $1 AND g.subject = $2 AND g.question = 'invitation' AND g.state = 'decided'
        ORDER BY g.closed_at DESC, g.recorded_at DESC LIMIT 1
        """,
        answered.reference,
        answered.subject,
    )
    if asked:
        since = [["Being accompanied", "Agreed" if is_agreed else "Not this time"], ["Why", answered.reasons or ""]]
        await answered.connection.execute(
            "UPDATE gates SET page = page || $2 WHERE gate = $1", asked["gate"], {"since": since}
        )
    await _write_to_member(answered, "companion_decided", *(asked or ()))
    return Effect()


async def interview(answered: Answered) -> Effect:
    """Held: met, and the person is thanked. Not possible: closed by this decision and its reason.

    Nobody is interviewed who was not told, invited and given the time to prepare. Rule: design.md 3.1.
    """
    if answered.answer == "not_possible":
        return await _not_possible(answered)
    if answered.answer == "held":
        progress, held_on = await progress_of(answered.place, answered.subject), _day(answered.fields["held_on"])
        _refuse(why_not_hold(progress, held_on, _preparation(answered), answered.means.holidays))
        await answered.connection.execute(
            """
            UPDATE interviews SET held_on = $3, workload_asked = $4, support_offered = $5
            WHERE reference = $1 AND ref = $2
            """,
            answered.reference,
            answered.subject,
            held_on,
            answered.fields["workload_asked"] == "yes",
            answered.fields["support_offered"] == "yes",
        )
        await answered.settle_duty(DutyKind.INTERVIEWED, answered.subject)
        await _write_to_member(answered, "interview_held")
    return Effect()


async def _not_possible(answered: Answered) -> Effect:
    """The interview is closed by this decision with its reason; one that was held stays held."""
    if (await progress_of(answered.place, answered.subject)).held_on:
        raise AnswerRefusedError(ALREADY_HELD)
    await answered.connection.execute(
        """
        INSERT INTO interviews (reference, ref, not_possible_because) VALUES ($1, $2, $3)
        ON CONFLICT (reference, ref) DO UPDATE SET not_possible_because = excluded.not_possible_because
        """,
        answered.reference,
        answered.subject,
        answered.reasons,
    )
    await answered.settle_duty(DutyKind.INTERVIEWED, answered.subject, "closed")
    return Effect()


async def give_feedback(answered: Answered) -> Effect:
    """What was given stands until the person confirms it; an attempt that failed closes the duty with its reasons."""
    given = answered.answer == "given"
    await answered.connection.execute(
        """
        INSERT INTO feedback
            (reference, ref, number, given_on, learning, attempted_on, attempted_because, by_email, at)
        SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7, $8 FROM feedback
        WHERE reference = $1 AND ref = $2
        """,
        answered.reference,
        answered.subject,
        _day(answered.fields["given_on"]) if given else None,
        answered.fields["learning"] if given else None,
        None if given else _day(answered.fields["attempted_on"]),
        None if given else answered.reasons,
        answered.author_email,
        answered.at,
    )
    if not given:
        await answered.settle_duty(DutyKind.FED_BACK, answered.subject, "closed")
    return Effect()


async def feedback(answered: Answered) -> Effect:
    """The person says so themselves: met. In silence: closed as given and not confirmed, where something was given."""
    if answered.answer == "received":
        await answered.connection.execute(
            f"UPDATE feedback SET confirmed_on = $3 WHERE {_LAST_FEEDBACK}",
            answered.reference,
            answered.subject,
            _day(answered.fields["received_on"]),
        )
        await answered.settle_duty(DutyKind.FED_BACK, answered.subject)
    elif answered.answer == "lapsed":
        given_on = await answered.connection.fetchval(
            f"SELECT given_on FROM feedback WHERE {_LAST_FEEDBACK}", answered.reference, answered.subject
        )
        if given_on:
            await answered.settle_duty(DutyKind.FED_BACK, answered.subject, "closed")
    return Effect()


_LAST_FEEDBACK = """
    reference = $1 AND ref = $2
    AND number = (SELECT max(number) FROM feedback WHERE reference = $1 AND ref = $2)
"""


async def welfare(answered: Answered) -> Effect:
    """That contact was made, never what was said; when it is due again, and whether anybody is still owed one.

    Whoever could not be reached stays owed, and is tried again sooner. Rule: facts.md 5.17.
    """
    contacts, today = answered.fields["contacts"], on_in_london(answered.at)
    for contact in contacts:
        await _note_contact(answered, contact)
    owed = await answered.connection.fetchval(
        """
        SELECT EXISTS (SELECT FROM duties
            WHERE reference = $1 AND kind = 'cared_for' AND state = 'owed' AND subject = ANY($2))
        """,
        answered.reference,
        [contact["member"] for contact in contacts],
    )
    is_everybody_reached = all(contact["contact"] != NOT_REACHED for contact in contacts)
    rulebook, holidays = _rulebook(answered), answered.means.holidays
    again = again_on(today, rulebook, holidays, is_everybody_reached=is_everybody_reached)
    return Effect(
        facts={
            "owed": "yes" if owed else "no",
            "rest_until": moment_at(rest_until(today, rulebook, holidays), MORNING).isoformat(),
            "again_at": moment_at(again, MORNING).isoformat(),
        }
    )


async def _note_contact(answered: Answered, contact: dict[str, Any]) -> None:
    await answered.connection.execute(
        """
        INSERT INTO welfare_contacts (reference, ref, gate, stage, contact, on_date, outside_offered, by_email, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        answered.reference,
        contact["member"],
        answered.gate["gate"],
        answered.place.case["stage"],
        contact["contact"],
        _day(contact["on_date"]),
        contact["outside_offered"] == "yes",
        answered.author_email,
        answered.at,
    )
    if contact["contact"] != NOT_REACHED:
        await answered.settle_duty(DutyKind.CARED_FOR, contact["member"])


async def _write_to_member(answered: Answered, letter: str, gate: str | None = None, link: Any = None) -> None:
    """The member of staff has a letter on the way that says nothing about the matter and points to support."""
    event = f"{answered.gate['gate']}/{letter}"
    for person in await answered.place.recipients((answered.subject,)):
        await answered.means.letters.queue(
            answered.connection,
            Letter(event, letter, person.name, person.email, answered.reference, answered.at, gate, link),
        )


def _refuse(code: str | None) -> None:
    if code:
        raise AnswerRefusedError(code)


def _rulebook(answered: Answered) -> Rulebook:
    return answered.means.rulebook(answered.gate["rulebook"], answered.at)


def _preparation(answered: Answered) -> int:
    return _rulebook(answered).interview_preparation.value


def _day(given: str) -> date:
    return date.fromisoformat(given)


STAFF_EFFECTS: dict[str, Callable[[Answered], Awaitable[Effect]]] = {
    "invite": invite,
    "invitation": invitation,
    "companion": companion,
    "interview": interview,
    "give_feedback": give_feedback,
    "feedback": feedback,
    "welfare": welfare,
}
