"""What answers do to the disclosure to victims: their legs, the redactions, the impact on staff, the release."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from activities.answered import Answered, AnswerRefusedError, Effect
from activities.escalations import Concern, is_held, raise_escalation
from activities.record import fingerprint
from workflows.contract.vocabulary import CourtEventKind, DutyKind, EscalationKind, Role
from workflows.policy.disclosure import EXCEPTIONAL, ReleaseFacts, why_not_hand_over, why_not_release

# Whose impact is assessed before anything leaves. Rule: facts.md 5.18.
AFFECTED = (Role.PRACTITIONER, Role.LINE_MANAGER, Role.OTHER)


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
    """The second person's decision on each passage; what is refused will be shown."""
    await answered.connection.executemany(
        "UPDATE redactions SET accepted = $3, decided_by = $4 WHERE reference = $1 AND number = $2",
        [
            (answered.reference, int(row["number"]), _is_yes(row["accepted"]), answered.by_email)
            for row in answered.fields.get("decisions") or ()
        ],
    )
    return Effect()


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
        refusals = why_not_release(await _release_facts(answered, answered.number))
        if refusals:
            raise AnswerRefusedError(refusals[0])
    return Effect()


async def handover(answered: Answered) -> Effect:
    """Only the released rendition, unchanged, and logged; or the family no longer wants it."""
    if answered.answer == "declined":
        await _set_victim(answered, "answer", "declined")
        await answered.settle_duty(DutyKind.VICTIM_GIVEN, answered.subject, "closed")
        return Effect()
    rendition = await _released_rendition(answered)
    released, offered = await _hashes(answered, rendition)
    if refusals := why_not_hand_over(await _release_facts(answered, rendition or 0), released, offered):
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


async def _released_rendition(answered: Answered) -> int | None:
    """The number of the rendition that the last release decision was about."""
    subject = await answered.connection.fetchval(
        """
        SELECT g.subject FROM decisions d JOIN gates g USING (gate)
        WHERE g.reference = $1 AND g.question = 'release' AND d.answer = 'released' AND d.applied_at IS NOT NULL
        ORDER BY d.applied_at DESC LIMIT 1
        """,
        answered.reference,
    )
    return int(subject.removeprefix("r")) if subject else None


async def _hashes(answered: Answered, rendition: int | None) -> tuple[str | None, str]:
    """The hash under which the rendition was released, and that of the text as it stands now."""
    row = await answered.connection.fetchrow(
        "SELECT sha256, content FROM documents WHERE reference = $1 AND kind = 'victim_rendition' AND version = $2",
        answered.reference,
        rendition,
    )
    return (row["sha256"], fingerprint(row["content"])) if row else (None, "")


async def _release_facts(answered: Answered, rendition: int) -> ReleaseFacts:
    connection, reference = answered.connection, answered.reference
    court = await connection.fetch("SELECT kind FROM court_events WHERE reference = $1", reference)
    staff = await connection.fetch(
        "SELECT ref FROM staff WHERE reference = $1 AND role = ANY($2)", reference, [str(role) for role in AFFECTED]
    )
    rendered = await connection.fetchval(
        """
        SELECT content ->> 'review_version' FROM documents
        WHERE reference = $1 AND kind = 'victim_rendition' AND version = $2
        """,
        reference,
        rendition,
    )
    version = answered.place.case["accepted_version"]
    undecided = await connection.fetchval(
        "SELECT count(*) FROM redactions WHERE reference = $1 AND version = $2 AND accepted IS NULL", reference, version
    )
    return ReleaseFacts(
        court=tuple(CourtEventKind(row["kind"]) for row in court),
        accepted_version=version,
        rendition_version=int(rendered) if rendered else None,
        staff=tuple(row["ref"] for row in staff),
        impacts=await _impacts(answered),
        agreed_exceptions=await _agreed(answered),
        undecided_redactions=undecided,
        is_held=await is_held(connection, reference),
    )


async def _impacts(answered: Answered) -> dict[str, str]:
    """The last assessment of each member of staff, by number."""
    rows = await answered.connection.fetch(
        """
        SELECT g.subject, d.answer FROM decisions d JOIN gates g USING (gate)
        WHERE g.reference = $1 AND g.question = 'staff_impact' AND d.applied_at IS NOT NULL ORDER BY d.applied_at
        """,
        answered.reference,
    )
    return {row["subject"]: row["answer"] for row in rows}


async def _agreed(answered: Answered) -> frozenset[str]:
    """The staff numbers about whom the national team decided that disclosure may go on."""
    rows = await answered.connection.fetch(
        """
        SELECT about FROM escalations WHERE reference = $1 AND kind = 'staff_safety' AND state = 'resolved'
            AND outcome IN ('release', 'change') AND about IS NOT NULL
        """,
        answered.reference,
    )
    return frozenset(row["about"] for row in rows)


VICTIM_EFFECTS: dict[str, Callable[[Answered], Awaitable[Effect]]] = {
    "tell_family": tell_family,
    "offer": offer,
    "redactions": redactions,
    "redaction_decision": redaction_decision,
    "staff_impact": staff_impact,
    "release": release,
    "handover": handover,
}
