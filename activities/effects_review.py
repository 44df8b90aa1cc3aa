"""What answers do to the review: its versions, the comments on its facts, its date, signature and rating."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from activities.answered import Answered, AnswerRefusedError, Effect
from activities.correspondence import Letter
from activities.effects_case import add_actions
from activities.forecasting import link_to_text
from activities.record import fingerprint
from activities.review_text import last_version, obstacles, review_of
from workflows.contract.vocabulary import DutyKind, Role
from workflows.policy.deadlines import extended
from workflows.policy.due import on_in_london
from workflows.policy.quality import is_accepted, rater

HMIP = "hmip"  # who rates a case in the inspectorate's sample
MOST_PLACES = 10  # named to the author in one refusal; once they are put right, the rest is named


async def draft(answered: Answered) -> Effect:
    """The next version of the review, immutable and hashed."""
    version = 1 + await last_version(answered.place)
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
    """The Head of PDU has had the chance to comment; each comment has its number. Rule: Annex J, factual accuracy.

    Silence is the opportunity given, without a comment. Comments on a version that a newer one has replaced are
    refused, since nobody would answer them.
    """
    comments = answered.fields["comments"] if answered.answer == "comments" else []
    if comments and await last_version(answered.place) > answered.number:
        raise AnswerRefusedError("old_version")
    for number, row in enumerate(comments, start=1):
        await answered.connection.execute(
            """
            INSERT INTO factual_points (reference, version, number, paragraph, comment, commented_by)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            answered.reference,
            answered.number,
            number,
            row["paragraph"],
            row["comment"],
            answered.author_email,
        )
    await answered.connection.execute(
        """
        INSERT INTO factual_comments (reference, gate, version, comments, at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING
        """,
        answered.reference,
        answered.gate["gate"],
        answered.number,
        f"{len(comments)} comments" if comments else None,
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


async def answer_comments(answered: Answered) -> Effect:
    """Each comment is accepted, or it stands why not."""
    for row in answered.fields["answers"]:
        await answered.connection.execute(
            """
            UPDATE factual_points SET accepted = $4, answer = $5, answered_by = $6
            WHERE reference = $1 AND version = $2 AND number = $3
            """,
            answered.reference,
            answered.number,
            int(row["number"]),
            row["accepted"] == "yes",
            row.get("answer") or None,
            answered.author_email,
        )
    return Effect()


async def submit(answered: Answered) -> Effect:
    """Refused while something stands in its way: facts, untold staff, a part that is missing, a name.

    The page lists what is missing and where somebody is named. The code of the latter carries the fields, since the
    case may know more people than when the page was made. Rule: design.md 3.1; Annex J, which names nobody.
    """
    if answered.answer == "submitted":
        await _require_facts_settled(answered)
        await _require_told(answered)
        found = await obstacles(answered.place, answered.number)
        if found.missing:
            raise AnswerRefusedError("incomplete_review")
        if found.named:
            places = list(dict.fromkeys(trace.field for trace in found.named))[:MOST_PLACES]
            raise AnswerRefusedError(f"names_somebody:{','.join(places)}")
    return Effect()


async def _require_told(answered: Answered) -> None:
    """Nobody who was interviewed had not been told first."""
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


async def countersign(answered: Answered) -> Effect:
    """Refused unless the Head of PDU had the chance to comment on this version and has an answer to each comment."""
    if answered.answer == "signed":
        await _require_facts_settled(answered)
    return Effect()


async def _require_facts_settled(answered: Answered) -> None:
    row = await answered.connection.fetchrow(
        """
        SELECT EXISTS (SELECT FROM factual_comments WHERE reference = $1 AND version = $2) AS is_offered,
            EXISTS (SELECT FROM factual_points
                WHERE reference = $1 AND version = $2 AND accepted IS NULL) AS is_waiting
        """,
        answered.reference,
        answered.number,
    )
    if row is None or not row["is_offered"]:
        raise AnswerRefusedError("facts_not_offered")
    if row["is_waiting"]:
        raise AnswerRefusedError("comments_unanswered")


async def extension(answered: Answered) -> Effect:
    """The request is decided; how far a date may move is policy's. The date itself moves in `move_deadline`.

    The date that is granted may be earlier than the one asked for and never later. Rule: facts.md 2.6.
    """
    case, asked_on = answered.place.case, date.fromisoformat(answered.subject)
    granted_on = date.fromisoformat(answered.fields["new_on"]) if answered.answer == "granted" else None
    if granted_on and case["review_due"] is None:  # a reduced charge stopped the review in the same moment
        raise AnswerRefusedError("review_stopped")
    if granted_on:
        code = extended(
            case["original_review_due"],
            granted_on,
            answered.means.rulebook(answered.gate["rulebook"], answered.at),
            current_on=case["review_due"],
            by=Role(answered.gate["role"]),
            today=on_in_london(answered.received_at),
            asked_on=asked_on,
        )
        if code:
            raise AnswerRefusedError(code)
    await answered.connection.execute(
        """
        UPDATE extension_requests SET granted = $3, granted_on = $4, decision = $5
        WHERE request = (SELECT request FROM extension_requests
            WHERE reference = $1 AND granted IS NULL AND void_at IS NULL AND new_on = $2 ORDER BY at LIMIT 1)
        """,
        answered.reference,
        asked_on,
        granted_on is not None,
        granted_on,
        answered.decision,
    )
    await _tell_decided(answered, asked_on, granted_on)
    return Effect()


async def _tell_decided(answered: Answered, asked_on: date, granted_on: date | None) -> None:
    """Whoever writes the review hears the decision, and the senior lead where the date moves; why is on the page."""
    case, place, event = answered.place.case, answered.place, f"{answered.gate['gate']}/extension-decided"
    words = {
        "granted": granted_on is not None,
        "asked": asked_on.isoformat(),
        "due": (granted_on or case["review_due"] or asked_on).isoformat(),
        "original": (case["original_review_due"] or asked_on).isoformat(),
    }
    for role in (Role.REVIEWING_MANAGER, Role.SENIOR_LEAD) if granted_on else (Role.REVIEWING_MANAGER,):
        for person in await place.recipients((role,)):
            gate, link = await link_to_text(answered.connection, place.reference, person.email)
            await answered.means.letters.queue(
                answered.connection,
                Letter(
                    event, "extension_decided", person.name, person.email, place.reference, answered.at, gate, link,
                    words,
                ),
            )  # fmt: skip


async def quality(answered: Answered) -> Effect:
    """The ratings of this round; accepted, the version is final and its actions numbered. Rule: facts.md 2.8, 2.9."""
    rulebook = answered.means.rulebook(answered.gate["rulebook"], answered.at)
    accepted = is_accepted(answered.fields["composite"], rulebook)
    rated_by = rater(answered.reference, rulebook)
    if answered.fields["rated_by"] != rated_by:
        raise AnswerRefusedError("hmip_sample" if rated_by == HMIP else "not_sampled")
    if not accepted and not (answered.fields.get("must_change") or "").strip():
        raise AnswerRefusedError("must_change_missing")
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
        rated_by == HMIP,
        answered.at,
    )
    if not accepted:
        return Effect(facts={"accepted": "no"})
    await _tell_of_correction(answered)
    await answered.set_case("accepted_version", answered.number)
    await answered.set_case("corrected_since", None)
    content = await review_of(answered.place, answered.number) or {}
    refs = await add_actions(answered, "plan", await _new_actions(answered, content), answered.number)
    return Effect(facts={"accepted": "yes"}, refs={"actions": refs})


async def _tell_of_correction(answered: Answered) -> None:
    """The SFO Team hears which readers, but for families, have an earlier version. Rule: facts.md 6.6."""
    rows = await answered.connection.fetch(
        """
        SELECT reader, max(rendition) AS version FROM releases WHERE reference = $1 AND kind = 'review'
        GROUP BY reader ORDER BY reader
        """,
        answered.reference,
    )
    if not rows:
        return
    event = f"{answered.gate['gate']}/corrected"
    words = {"lines": [f"{row['reader'].replace('_', ' ')}, who has version {row['version']}" for row in rows]}
    for person in await answered.place.recipients((Role.SFO_TEAM,)):
        letter = Letter(
            event, "review_corrected", person.name, person.email, answered.reference, answered.at, words=words
        )
        await answered.means.letters.queue(answered.connection, letter)


async def _new_actions(answered: Answered, content: dict[str, Any]) -> list[dict[str, Any]]:
    """The actions that the plan does not hold yet: after a correction those of before go on as they stand."""
    known = await answered.connection.fetch(
        "SELECT what FROM actions WHERE reference = $1 AND kind = 'plan'", answered.reference
    )
    plan = {row["what"].strip() for row in known}
    return [row for row in content.get("actions") or () if str(row.get("what", "")).strip() not in plan]


REVIEW_EFFECTS: dict[str, Callable[[Answered], Awaitable[Effect]]] = {
    "draft": draft,
    "facts": facts,
    "answer_comments": answer_comments,
    "submit": submit,
    "countersign": countersign,
    "extension": extension,
    "quality": quality,
}
