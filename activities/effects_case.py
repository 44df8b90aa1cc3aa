"""What answers do to the case itself: charge, notification, early look, actions, escalations."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import date
from typing import Any

from activities.answered import Answered, Effect
from activities.owing import STAFF_DUTIES, VICTIM_DUTIES
from workflows.contract.directory import Person
from workflows.contract.vocabulary import EscalationKind, EscalationOutcome, Role


async def rosh(answered: Answered) -> Effect:
    """The level stands in the case; the criteria are run again over it."""
    await answered.set_case("rosh", answered.answer)
    return Effect()


async def offence_class(answered: Answered) -> Effect:
    """How the national team places a code that is not on the list."""
    await answered.set_case("offence_class", answered.answer)
    return Effect()


async def public_interest(answered: Answered) -> Effect:
    """Whether the national team wants a review in the public interest."""
    await answered.set_case("interest_answer", answered.answer)
    return Effect()


async def reduced_charge(answered: Answered) -> Effect:
    """A review that stops owes staff and families nothing more, by this recorded decision. Rule: facts.md 5.6.

    It has no date any more either, so that a review which a later charge makes due counts its own months. The dates
    that it had stand in the deadlines.
    """
    if answered.answer == "stops":
        await answered.close_owed(*STAFF_DUTIES, *VICTIM_DUTIES)
        await answered.set_case("review_due", None)
        await answered.set_case("original_review_due", None)
        await answered.set_case("review_overdue", False)
    return Effect()


async def notification(answered: Answered) -> Effect:
    """The date of notification, from which the review's months may count."""
    await answered.set_case("notified_on", date.fromisoformat(answered.fields["sent_on"]))
    return Effect()


async def early_look(answered: Answered) -> Effect:
    """Management actions with owner and date; of a referral only that it was made. Rule: facts.md 5.15, 5.16.

    The referral goes behind the wall, through the one function that may write there; the service cannot read it.
    """
    if answered.fields["referral"] == "yes":
        await answered.connection.execute(
            "SELECT note_referral($1, $2, $3)", answered.reference, answered.gate["role"], answered.at
        )
    refs = await add_actions(answered, "management", answered.fields.get("actions") or ())
    return Effect(refs={"actions": refs} if refs else {})


async def add_actions(
    answered: Answered, kind: str, rows: Iterable[dict[str, Any]], version: int | None = None
) -> tuple[str, ...]:
    """The actions stand in the record under the next numbers of the case, `a1`, `a2`; those numbers.

    An action of the plan says which finding it answers and what should improve. Rule: Annex J, action plan.
    """
    count = await answered.connection.fetchval("SELECT count(*) FROM actions WHERE reference = $1", answered.reference)
    refs = []
    for number, row in enumerate(rows, start=count + 1):
        owner = await _owner(answered, str(row["owner"]))
        await answered.connection.execute(
            """
            INSERT INTO actions
                (reference, ref, kind, what, owner_name, owner_email, due_on, version, finding, improvement)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            """,
            answered.reference,
            f"a{number}",
            kind,
            row["what"],
            owner.name,
            owner.email,
            date.fromisoformat(row["due_on"]),
            version,
            int(row["finding"]) if row.get("finding") else None,
            row.get("improvement") or None,
        )
        refs.append(f"a{number}")
    return tuple(refs)


async def _owner(answered: Answered, key: str) -> Person:
    """The owner by key or address; whoever has left since is answered for by the Head of PDU."""
    place = answered.place
    if found := await place.named(key) or place.directory.person_by_email(key):
        return found
    if "@" in key:
        return Person.model_construct(key="owner", name=key, email=key, roles=(), deputy=None, away=(), in_line_of=())
    return (await place.holders(Role.HEAD_OF_PDU, None))[0]


async def management_action(answered: Answered) -> Effect:
    """Done or no longer needed; the Head of PDU confirms all of them together."""
    return await _set_action(answered, answered.answer)


async def action(answered: Answered) -> Effect:
    """Done, with its date and evidence; a withdrawal waits for the Head of PDU's own decision."""
    return await _set_action(answered, "done" if answered.answer == "done" else "open")


async def withdraw_action(answered: Answered) -> Effect:
    """Withdrawn by the Head of PDU's decision, or kept."""
    return await _set_action(answered, "withdrawn") if answered.answer == "agreed" else Effect()


async def _set_action(answered: Answered, state: str) -> Effect:
    """When it was done and what shows it stand only in an action that is done."""
    done_on = answered.fields.get("done_on") if state == "done" else None
    await answered.connection.execute(
        """
        UPDATE actions SET state = $3, decision = $4, done_on = $5, evidence = $6 WHERE reference = $1 AND ref = $2
        """,
        answered.reference,
        answered.subject,
        state,
        answered.decision,
        date.fromisoformat(done_on) if done_on else None,
        answered.fields.get("evidence") if state == "done" else None,
    )
    return Effect()


async def confirm_actions(answered: Answered) -> Effect:
    """What the Head of PDU cannot confirm is open again: the owners are asked once more."""
    if answered.answer == "not_confirmed":
        await answered.connection.execute(
            "UPDATE actions SET state = 'open', done_on = NULL WHERE reference = $1 AND kind = 'management'",
            answered.reference,
        )
    return Effect()


async def acknowledge(answered: Answered) -> Effect:
    """The national team has it."""
    await answered.connection.execute(
        """
        UPDATE escalations SET state = 'acknowledged', acknowledged_at = $4
        WHERE reference = $1 AND kind = $2 AND number = $3 AND state = 'raised'
        """,
        answered.reference,
        *_escalation(answered),
        answered.at,
    )
    return Effect()


async def resolve(answered: Answered) -> Effect:
    """The outcome; a hold keeps it open. Stopped for the safety of staff, no family is owed anything any more.

    Nobody is referred, told or offered anything from then on, so what was owed of that is closed by this decision.
    """
    kind, number = _escalation(answered)
    stays = answered.answer == EscalationOutcome.HOLD
    await answered.connection.execute(
        """
        UPDATE escalations SET outcome = $4, state = CASE WHEN $5 THEN state ELSE 'resolved' END,
            resolved_at = CASE WHEN $5 THEN NULL ELSE $6::timestamptz END
        WHERE reference = $1 AND kind = $2 AND number = $3
        """,
        answered.reference,
        kind,
        number,
        answered.answer,
        stays,
        answered.at,
    )
    if kind == EscalationKind.STAFF_SAFETY and answered.answer == EscalationOutcome.STOP:
        await answered.close_owed(*VICTIM_DUTIES)
    return Effect()


def _escalation(answered: Answered) -> tuple[str, int]:
    kind, _, number = answered.subject.rpartition("-")
    return kind, int(number)


CASE_EFFECTS: dict[str, Callable[[Answered], Awaitable[Effect]]] = {
    "rosh": rosh,
    "offence_class": offence_class,
    "public_interest": public_interest,
    "reduced_charge": reduced_charge,
    "notification": notification,
    "early_look": early_look,
    "management_action": management_action,
    "confirm_actions": confirm_actions,
    "action": action,
    "withdraw_action": withdraw_action,
    "acknowledge": acknowledge,
    "resolve": resolve,
}
