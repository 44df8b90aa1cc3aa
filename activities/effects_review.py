"""What answers do to the review: appointments, interviews, versions, comments, time, signature, quality, feedback."""

from collections.abc import Awaitable, Callable
from datetime import date

from activities.answered import Answered, AnswerRefusedError, Effect
from activities.appointing import commission
from activities.effects_case import add_actions
from activities.record import fingerprint
from workflows.contract.vocabulary import DutyKind, Role
from workflows.policy.deadlines import extended
from workflows.policy.quality import is_accepted, is_hmip_sample


async def interview(answered: Answered) -> Effect:
    """Held: met. Not possible: closed by this decision and its reason. Nobody is interviewed untold."""
    told = await answered.connection.fetchval(
        "SELECT state FROM duties WHERE reference = $1 AND kind = 'told' AND subject = $2",
        answered.reference,
        answered.subject,
    )
    if answered.answer == "held" and told != "met":
        raise AnswerRefusedError("not_told")
    state = "met" if answered.answer == "held" else "closed"
    await answered.settle_duty(DutyKind.INTERVIEWED, answered.subject, state)
    return Effect()


async def draft(answered: Answered) -> Effect:
    """The next version of the review, immutable and hashed."""
    version = await answered.connection.fetchval(
        "SELECT coalesce(max(version), 0) + 1 FROM documents WHERE reference = $1 AND kind = 'review'",
        answered.reference,
    )
    await answered.connection.execute(
        """
        INSERT INTO documents (reference, kind, version, content, sha256, author_email, at, decision)
        VALUES ($1, 'review', $2, $3, $4, $5, $6, $7)
        """,
        answered.reference,
        version,
        answered.fields,
        fingerprint(answered.fields),
        answered.author_email,
        answered.at,
        answered.decision,
    )
    return Effect(facts={"version": str(version)})


async def facts(answered: Answered) -> Effect:
    """The Head of PDU has had the chance to comment, used or not. Rule: Annex J, factual accuracy."""
    await answered.connection.execute(
        """
        INSERT INTO factual_comments (reference, gate, version, comments, at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING
        """,
        answered.reference,
        answered.gate["gate"],
        answered.number,
        answered.reasons if answered.answer == "comments" else None,
        answered.at,
    )
    for subject in await _heads(answered):
        await answered.settle_duty(DutyKind.FACTS_OFFERED, subject)
    return Effect()


async def _heads(answered: Answered) -> list[str]:
    """The heads in the roster by number, or the role itself where the roster names none."""
    rows = await answered.connection.fetch(
        "SELECT ref FROM staff WHERE reference = $1 AND role = 'head_of_pdu'", answered.reference
    )
    return [row["ref"] for row in rows] or [str(Role.HEAD_OF_PDU)]


async def submit(answered: Answered) -> Effect:
    """Refused while somebody interviewed was not told first, or the facts were not offered. Rule: design.md 3.1."""
    if answered.answer == "submitted":
        await _require_facts_offered(answered)
        untold = await answered.connection.fetchval(
            """
            SELECT EXISTS (SELECT FROM duties i LEFT JOIN duties t
                ON t.reference = i.reference AND t.subject = i.subject AND t.kind = 'told' AND t.state = 'met'
                WHERE i.reference = $1 AND i.kind = 'interviewed' AND i.state = 'met' AND t.subject IS NULL)
            """,
            answered.reference,
        )
        if untold:
            raise AnswerRefusedError("not_told")
    return Effect()


async def countersign(answered: Answered) -> Effect:
    """Refused unless the Head of PDU has had the chance to comment on this version."""
    if answered.answer == "signed":
        await _require_facts_offered(answered)
    return Effect()


async def _require_facts_offered(answered: Answered) -> None:
    offered = await answered.connection.fetchval(
        "SELECT EXISTS (SELECT FROM factual_comments WHERE reference = $1 AND version = $2)",
        answered.reference,
        answered.number,
    )
    if not offered:
        raise AnswerRefusedError("facts_not_offered")


async def extension(answered: Answered) -> Effect:
    """The request is decided; how far a date may move is policy's. The date itself moves in `move_deadline`."""
    case, granted = answered.place.case, answered.answer == "granted"
    if granted:
        rulebook = answered.means.rulebook(answered.gate["rulebook"], answered.at)
        new_on, by = date.fromisoformat(answered.fields["new_on"]), Role(answered.gate["role"])
        if code := extended(case["original_review_due"], new_on, rulebook, current_on=case["review_due"], by=by):
            raise AnswerRefusedError(code)
    await answered.connection.execute(
        """
        UPDATE extension_requests SET granted = $3, granted_on = $4
        WHERE request = (SELECT request FROM extension_requests
            WHERE reference = $1 AND granted IS NULL AND new_on = $2 ORDER BY at LIMIT 1)
        """,
        answered.reference,
        date.fromisoformat(answered.subject),
        granted,
        date.fromisoformat(answered.fields["new_on"]) if granted else None,
    )
    return Effect()


async def quality(answered: Answered) -> Effect:
    """The ratings of this round; accepted, the version is final and its actions are numbered."""
    rulebook = answered.means.rulebook(answered.gate["rulebook"], answered.at)
    accepted = is_accepted(answered.fields["composite"], rulebook)
    await answered.connection.execute(
        """
        INSERT INTO ratings (reference, round, ratings, composite, accepted, by_hmip_sample, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        answered.reference,
        answered.gate["round"],
        answered.fields,
        answered.fields["composite"],
        accepted,
        is_hmip_sample(answered.reference, rulebook.hmip_share.value),
        answered.at,
    )
    if not accepted:
        return Effect(facts={"accepted": "no"})
    await answered.set_case("accepted_version", answered.number)
    content = await answered.connection.fetchval(
        "SELECT content FROM documents WHERE reference = $1 AND kind = 'review' AND version = $2",
        answered.reference,
        answered.number,
    )
    refs = await add_actions(answered, "plan", content["actions"], answered.number)
    return Effect(facts={"accepted": "yes"}, refs={"actions": refs})


async def feedback(answered: Answered) -> Effect:
    """The member of staff says so themselves; until then it stays owed."""
    if answered.answer == "received":
        await answered.settle_duty(DutyKind.FED_BACK, answered.subject)
    return Effect()


REVIEW_EFFECTS: dict[str, Callable[[Answered], Awaitable[Effect]]] = {
    "commission": commission,
    "interview": interview,
    "draft": draft,
    "facts": facts,
    "submit": submit,
    "countersign": countersign,
    "extension": extension,
    "quality": quality,
    "feedback": feedback,
}
