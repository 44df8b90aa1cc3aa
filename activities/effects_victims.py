"""What answers do to the disclosure to victims: their legs, the redactions, the impact on staff, the release."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from activities.answered import Answered, AnswerRefusedError, Effect
from activities.escalations import Concern, raise_escalation
from activities.release_facts import hashes, release_facts, released_rendition
from workflows.contract.vocabulary import DutyKind, EscalationKind
from workflows.policy.disclosure import EXCEPTIONAL, why_not_hand_over, why_not_release


async def tell_family(answered: Answered) -> Effect:
    """Told on a date; or the family wants no contact, which closes what it was owed."""
    if answered.answer == "told":
        await _set_victim(answered, "told_on", date.fromisoformat(answered.fields["told_on"]))
        await answered.settle_duty(DutyKind.VICTIM_TOLD, answered.subject)
        return Effect()
    await _set_victim(answered, "closed_because", "no_contact")
    for kind in (DutyKind.VICTIM_TOLD, DutyKind.VICTIM_ANSWERED):
        await answered.settle_duty(kind, answered.subject, "closed")
    return Effect()


async def offer(answered: Answered) -> Effect:
    """Only a yes or a no is an answer; whoever says yes is owed the released version. Rule: facts.md 2.14, 5.23."""
    await _set_victim(answered, "answer", answered.answer)
    if answered.answer in ("accepted", "declined"):
        await answered.settle_duty(DutyKind.VICTIM_ANSWERED, answered.subject)
    if answered.answer == "accepted":
        state = "closed" if await _is_stopped(answered) else "owed"
        await answered.settle_duty(DutyKind.VICTIM_GIVEN, answered.subject, state)
    return Effect()


async def _is_stopped(answered: Answered) -> bool:
    """Whether the national team has stopped disclosure; then nothing new is owed."""
    return bool(
        await answered.connection.fetchval(
            """
            SELECT EXISTS (SELECT FROM escalations
                WHERE reference = $1 AND kind = 'staff_safety' AND state = 'resolved' AND outcome = 'stop')
            """,
            answered.reference,
        )
    )


async def _set_victim(answered: Answered, column: str, value: object) -> None:
    await answered.connection.execute(
        f"UPDATE victims SET {column} = $3 WHERE reference = $1 AND ref = $2",
        answered.reference,
        answered.subject,
        value,
    )


async def redactions(answered: Answered) -> Effect:
    """New proposals for a version replace earlier ones, which no longer count; nothing proposed is a proposal too."""
    await answered.connection.execute(
        "UPDATE redactions SET accepted = false WHERE reference = $1 AND version = $2",
        answered.reference,
        answered.number,
    )
    first = await answered.connection.fetchval(
        "SELECT coalesce(max(number), 0) + 1 FROM redactions WHERE reference = $1", answered.reference
    )
    await answered.connection.executemany(
        """
        INSERT INTO redactions (reference, number, version, passage, ground, note, proposed_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        [
            (answered.reference, number, answered.number, row["passage"], row["ground"], row["note"], answered.by_email)
            for number, row in enumerate(answered.fields.get("redactions") or (), start=first)
        ],
    )
    return Effect()


async def redaction_decision(answered: Answered) -> Effect:
    """The second person's decision on each passage; what is refused will be shown. Agreed: nothing was proposed."""
    if answered.answer == "agreed" and await _undecided(answered):
        raise AnswerRefusedError("redactions_undecided")
    await answered.connection.executemany(
        "UPDATE redactions SET accepted = $3, decided_by = $4 WHERE reference = $1 AND number = $2",
        [
            (answered.reference, int(row["number"]), _is_yes(row["accepted"]), answered.by_email)
            for row in answered.fields.get("decisions") or ()
        ],
    )
    return Effect()


async def _undecided(answered: Answered) -> int:
    count: int = await answered.connection.fetchval(
        "SELECT count(*) FROM redactions WHERE reference = $1 AND version = $2 AND accepted IS NULL",
        answered.reference,
        answered.number,
    )
    return count


def _is_yes(value: Any) -> bool:
    return value is True or value == "yes"


async def staff_impact(answered: Answered) -> Effect:
    """An exceptional impact holds disclosure from this moment and goes to the national team. Rule: facts.md 5.18."""
    if answered.answer != EXCEPTIONAL:
        return Effect()
    concern = Concern(
        EscalationKind.STAFF_SAFETY,
        answered.at,
        about=answered.subject,
        words=answered.reasons,
        raised_by=answered.by_email,
    )
    return Effect(escalation=await raise_escalation(answered.connection, answered.reference, concern))


async def release(answered: Answered) -> Effect:
    """The rendition may leave, if policy finds nothing in the way."""
    if answered.answer == "released":
        refusals = why_not_release(await release_facts(answered, answered.number))
        if refusals:
            raise AnswerRefusedError(refusals[0])
    return Effect()


async def handover(answered: Answered) -> Effect:
    """Only the released rendition, unchanged, and logged; or the family no longer wants it."""
    if answered.answer == "declined":
        await _set_victim(answered, "answer", "declined")
        await answered.settle_duty(DutyKind.VICTIM_GIVEN, answered.subject, "closed")
        return Effect()
    rendition = await released_rendition(answered)
    released, offered = await hashes(answered, rendition)
    if refusals := why_not_hand_over(await release_facts(answered, rendition or 0), released, offered):
        raise AnswerRefusedError(refusals[0])
    await answered.connection.execute(
        """
        INSERT INTO releases (reference, rendition, sha256, reader, decision, at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT DO NOTHING
        """,
        answered.reference,
        rendition,
        released,
        answered.subject,
        answered.decision,
        answered.at,
    )
    await _set_victim(answered, "given_on", date.fromisoformat(answered.fields["handed_over_on"]))
    await answered.settle_duty(DutyKind.VICTIM_GIVEN, answered.subject)
    return Effect(refs={"rendition": (str(rendition),)})


VICTIM_EFFECTS: dict[str, Callable[[Answered], Awaitable[Effect]]] = {
    "tell_family": tell_family,
    "offer": offer,
    "redactions": redactions,
    "redaction_decision": redaction_decision,
    "staff_impact": staff_impact,
    "release": release,
    "handover": handover,
}
