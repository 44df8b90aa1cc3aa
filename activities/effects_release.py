"""What answers do to what may leave: redactions, what the search found, the impact on staff, the release itself."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from typing import Any

from activities.answered import Answered, AnswerRefusedError, Effect
from activities.escalations import Concern, raise_escalation
from activities.record import audit
from activities.redacting import audience_of, insert, standing
from activities.release_facts import KINDS, hashes, release_facts
from workflows.contract.vocabulary import DutyKind, EscalationKind
from workflows.policy.disclosure import CONTINGENCY, EXCEPTIONAL, why_not_release
from workflows.policy.proposing import proposal_problems, proposed
from workflows.policy.redaction import Redaction, why_not_decide


async def redactions(answered: Answered) -> Effect:
    """What is proposed stands beside what stands already; the second person decides each. Rule: Annex J, redaction."""
    rows = answered.fields.get("redactions") or []
    audience, version = audience_of(answered.subject), answered.number
    document = await answered.connection.fetchval(
        "SELECT content FROM documents WHERE reference = $1 AND kind = 'review' AND version = $2",
        answered.reference,
        version,
    )
    before = await standing(answered.connection, answered.reference, version, audience)
    if any(proposal_problems(document or {}, rows, [one.span for one in before])):
        raise AnswerRefusedError("redaction_misplaced")
    found = [
        Redaction(0, version, span, rows[number - 1]["ground"], rows[number - 1]["note"], answered.author_email)
        for number, spans in proposed(document or {}, rows)
        for span in spans
    ]
    await insert(answered.connection, answered.reference, audience, found)
    return Effect()


async def redaction_decision(answered: Answered) -> Effect:
    """The second person's decision on each passage; what is refused will be shown. Agreed: nothing was proposed."""
    audience = audience_of(answered.subject)
    stands = await standing(answered.connection, answered.reference, answered.number, audience)
    if answered.answer == "agreed" and stands:
        raise AnswerRefusedError("redactions_undecided")
    if answered.answer != "decided":
        return Effect()
    for one in stands:  # whoever proposed one of them is no second person for it; what was decided is decided anew
        if codes := why_not_decide(replace(one, accepted=None), answered.author_email):
            raise AnswerRefusedError(codes[0])
    decided = {int(row["number"]): _is_yes(row["accepted"]) for row in answered.fields["decisions"]}
    if set(decided) != {one.number for one in stands}:
        raise AnswerRefusedError("redactions_undecided")
    await answered.connection.executemany(
        """
        UPDATE redactions SET accepted = $3, decided_by = $4, decided_at = $5 WHERE reference = $1 AND number = $2
        """,
        [
            (answered.reference, number, accepted, answered.author_email, answered.at)
            for number, accepted in decided.items()
        ],
    )
    await audit(
        answered.connection, answered.at, answered.reference, answered.author_email, "redactions_decided",
        answered.subject, accepted=sorted(n for n, yes in decided.items() if yes),
        refused=sorted(n for n, yes in decided.items() if not yes),
    )  # fmt: skip
    return Effect()


def _is_yes(value: Any) -> bool:
    return value is True or value == "yes"


async def leaks(answered: Answered) -> Effect:
    """Each finding may stay, with its reason; or something must go, and whoever writes, redacts or translates is asked.

    Fails closed: what is not settled here stays unsettled. Rule: facts.md 4.2, fully anonymised.
    """
    kind = KINDS[audience_of(answered.subject)]
    if answered.answer == "revise":
        return Effect()
    if answered.answer == "redact":
        rendered = await answered.connection.fetchval(_IN_WHAT_WAS_RENDERED, answered.reference, kind, answered.number)
        await _ask_translators_again(answered, kind)
        return Effect(facts={"rendered": "yes" if rendered else "no"})
    rows = answered.fields["leaks"]
    if any(not _is_yes(row["harmless"]) for row in rows):
        raise AnswerRefusedError("leaks_unsettled")
    for row in rows:
        await answered.connection.execute(
            """
            UPDATE leaks SET why = $5, settled_by = $6, decision = $7
            WHERE reference = $1 AND kind = $2 AND version = $3 AND key = $4 AND why IS NULL
            """,
            answered.reference,
            kind,
            answered.number,
            row["key"],
            row["why"],
            answered.author_email,
            answered.decision,
        )
    await audit(
        answered.connection, answered.at, answered.reference, answered.author_email, "leaks_settled",
        answered.subject, findings=len(rows),
    )  # fmt: skip
    return Effect()


_IN_WHAT_WAS_RENDERED = """
    SELECT EXISTS (SELECT FROM leaks, unnest(formats) AS format
        WHERE reference = $1 AND kind = $2 AND version = $3 AND why IS NULL AND strpos(format, '-') = 0)
"""


async def _ask_translators_again(answered: Answered, kind: str) -> None:
    """A translation in which something must go is not the one that is handed over: its language is arranged anew."""
    await answered.connection.execute(
        """
        UPDATE victims v SET language_arranged = NULL, language_arranged_on = NULL
        WHERE v.reference = $1 AND EXISTS (SELECT FROM leaks l, unnest(l.formats) AS format
            WHERE l.reference = v.reference AND l.kind = $2 AND l.version = $3 AND l.why IS NULL
                AND split_part(format, '-', 1) = v.ref)
        """,
        answered.reference,
        kind,
        answered.number,
    )


async def staff_impact(answered: Answered) -> Effect:
    """The assessment stands; an exceptional impact holds disclosure from this moment and goes to the national team.

    Rule: Annex J (victims), facts.md 5.18.
    """
    owner = None
    if answered.answer == CONTINGENCY:
        owner = await answered.place.named(answered.fields["owner"])
        if owner is None:
            raise AnswerRefusedError("unknown_person")
    await answered.connection.execute(
        """
        INSERT INTO impacts (reference, ref, number, impact, plan, owner_key, owner_name, owner_email, decision, at)
        SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7, $8, $9 FROM impacts
        WHERE reference = $1 AND ref = $2
        """,
        answered.reference,
        answered.subject,
        answered.answer,
        answered.fields.get("plan"),
        owner.key if owner else None,
        owner.name if owner else None,
        owner.email if owner else None,
        answered.decision,
        answered.at,
    )
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


async def contingency_plan(answered: Answered) -> Effect:
    """The plan that was shown is in place since a date; or it cannot be, and the impact is assessed again."""
    if answered.answer == "confirmed":
        await answered.connection.execute(
            """
            UPDATE impacts SET confirmed_on = $3, confirmed_by = $4 WHERE reference = $1 AND ref = $2
                AND number = (SELECT max(number) FROM impacts WHERE reference = $1 AND ref = $2 AND at <= $5)
            """,
            answered.reference,
            answered.subject,
            date.fromisoformat(answered.fields["confirmed_on"]),
            answered.author_email,
            answered.gate["opened_at"],
        )
    return Effect()


async def release(answered: Answered) -> Effect:
    """The rendition may leave, if policy finds nothing in the way; its hash and that of each file are in the chain.

    Whoever wants it, or has an earlier one, is owed it from now on.
    """
    if answered.answer != "released":
        return Effect()
    kind = KINDS[audience_of(answered.subject)]
    refusals = list(why_not_release(await release_facts(answered.place, kind, answered.number)))
    stored, now = await hashes(answered.connection, answered.reference, kind, answered.number)
    if stored != now:
        refusals.append("other_version")
    if refusals:
        raise AnswerRefusedError(refusals[0])
    if kind == "victim_rendition":
        await _owe(answered)
    files = await answered.connection.fetch(
        """
        SELECT language, format, sha256 FROM rendition_files WHERE reference = $1 AND kind = $2 AND version = $3
        ORDER BY language, format
        """,
        answered.reference,
        kind,
        answered.number,
    )
    await audit(
        answered.connection, answered.at, answered.reference, answered.author_email, "rendition_released",
        answered.subject, sha256=stored, files={f"{row['language']}.{row['format']}": row["sha256"] for row in files},
    )  # fmt: skip
    return Effect()


async def _owe(answered: Answered) -> None:
    """Everyone who said yes and does not have it is owed this version, translated anew where it must be."""
    rows = await answered.connection.fetch(
        """
        UPDATE victims v SET language_arranged = NULL, language_arranged_on = NULL
        WHERE v.reference = $1 AND v.answer = 'accepted' AND v.closed_because IS NULL AND NOT EXISTS (
            SELECT FROM releases r WHERE r.reference = v.reference AND r.kind = 'victim_rendition'
                AND r.rendition = $2 AND r.reader = v.ref)
        RETURNING ref
        """,
        answered.reference,
        answered.number,
    )
    for row in rows:
        await answered.settle_duty(DutyKind.VICTIM_GIVEN, row["ref"], "owed")


RELEASE_EFFECTS: dict[str, Callable[[Answered], Awaitable[Effect]]] = {
    "redactions": redactions,
    "redaction_decision": redaction_decision,
    "leaks": leaks,
    "internal_leaks": leaks,
    "staff_impact": staff_impact,
    "contingency_plan": contingency_plan,
    "release": release,
    "release_public": release,
}
