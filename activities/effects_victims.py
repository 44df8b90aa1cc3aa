"""What answers do to a victim's or family's leg: referred, told, offered, their language, given, or told why not."""

from collections.abc import Awaitable, Callable
from datetime import date

from activities.answered import Answered, AnswerRefusedError, Effect
from activities.escalations import is_stopped
from activities.owing import bring_in_line
from activities.record import Row, audit
from activities.release_facts import hashes, is_as_released, release_facts, released_rendition, translation
from workflows.contract.vocabulary import DutyKind
from workflows.policy.disclosure import Handing, ReleaseFacts, why_not_hand_over
from workflows.policy.due import on_in_london

_KIND = "victim_rendition"


async def refer(answered: Answered) -> Effect:
    """They have one liaison officer from now on; or there is nobody to tell, which closes what they were owed.

    Rule: facts.md 2.11; for a child, 8.2.11.
    """
    if answered.answer == "nobody":
        await _close(answered, "nobody")
        return Effect()
    fields = answered.fields
    if fields["is_child"] == "yes" and not str(fields.get("adult") or "").strip():
        raise AnswerRefusedError("adult_missing")
    await _set(answered, "referred_on", date.fromisoformat(fields["referred_on"]))
    await _set(answered, "officer_name", fields["officer_name"].strip())
    await _set(answered, "is_child", fields["is_child"] == "yes")
    await _set(answered, "adult", (fields.get("adult") or "").strip() or None)
    if email := (fields.get("officer_email") or "").strip():
        await _set(answered, "liaison_officer_email", email.lower())
    names = [name.strip() for name in (fields.get("also_known_as") or "").split(",") if name.strip()]
    await answered.connection.execute(
        """
        UPDATE victims SET aliases = ARRAY(SELECT DISTINCT unnest(aliases || $3::text[]) ORDER BY 1)
        WHERE reference = $1 AND ref = $2
        """,
        answered.reference,
        answered.subject,
        names,
    )
    return Effect()


async def tell_family(answered: Answered) -> Effect:
    """Told on a date; or the family wants no contact, which closes what it was owed."""
    if answered.answer == "told":
        await _set(answered, "told_on", date.fromisoformat(answered.fields["told_on"]))
        await answered.settle_duty(DutyKind.VICTIM_TOLD, answered.subject)
        return Effect()
    await _close(answered, "no_contact")
    return Effect()


async def offer(answered: Answered) -> Effect:
    """Only a yes or a no is an answer; whoever says yes is owed the released version. Rule: facts.md 2.14, 5.23.

    Somebody may have opted in elsewhere meanwhile: that they have not answered here takes nothing of it back.
    """
    victim = await _victim(answered)
    if answered.answer not in ("accepted", "declined"):
        if victim and victim["answer"] != "accepted":
            await _set(answered, "answer", answered.answer)
            await _set(answered, "ask_again_on", _day(answered.fields.get("ask_again_on")))
        return Effect()
    await _set(answered, "answer", answered.answer)
    await _set(answered, "ask_again_on", None)
    await _set(answered, "answered_on", _answered_on(answered))
    await answered.settle_duty(DutyKind.VICTIM_ANSWERED, answered.subject)
    if answered.answer == "declined":
        await _close_owed(answered, DutyKind.VICTIM_GIVEN)
        return Effect()
    if victim is None:
        raise AnswerRefusedError("unknown_victim")
    await _set(answered, "wish", answered.fields["wish"])
    await _set(answered, "language", answered.fields["language"])
    await _set(answered, "language_other", answered.fields.get("language_other") or None)
    state = "closed" if await is_stopped(answered.connection, answered.reference) else "owed"
    await answered.settle_duty(DutyKind.VICTIM_GIVEN, answered.subject, state)
    # A quashing in the same moment closes it like everything else, until another conviction.
    await bring_in_line(answered.connection, answered.means, answered.reference, answered.at)
    return Effect()


async def language(answered: Answered) -> Effect:
    """Arranged, with the translation that was given back, with an interpreter; or the family hears that it is not.

    Rule: facts.md 6.5: told in a way that they can understand.
    """
    if answered.answer == "translated":
        rendition = await released_rendition(answered.connection, answered.reference)
        if not await translation(answered.connection, answered.reference, _KIND, rendition, answered.subject):
            raise AnswerRefusedError("translation_missing")
    await _set(answered, "language_arranged", answered.answer)
    await _set(answered, "language_arranged_on", _day(answered.fields.get("arranged_on")) or _answered_on(answered))
    return Effect()


async def handover(answered: Answered) -> Effect:
    """Only the released rendition, unchanged, and logged; or the family no longer wants it.

    Rule: facts.md 6.5, 6.6: what leaves is released, and one leg never has two texts under one version.
    """
    if answered.answer == "declined":
        await _set(answered, "answer", "declined")
        await answered.settle_duty(DutyKind.VICTIM_GIVEN, answered.subject, "closed")
        return Effect()
    rendition = await released_rendition(answered.connection, answered.reference)
    victim = await _victim(answered)
    if victim is None:
        raise AnswerRefusedError("unknown_victim")
    handing = await _handing(answered, victim, rendition)
    facts = await release_facts(answered.place, _KIND, rendition or 0, answered.subject)
    if refusals := (*why_not_hand_over(facts, handing), *_not_clean(facts)):
        raise AnswerRefusedError(refusals[0])
    await _register(answered, victim, rendition or 0, handing.offered_sha256)
    await _set(answered, "given_on", date.fromisoformat(answered.fields["handed_over_on"]))
    await answered.settle_duty(DutyKind.VICTIM_GIVEN, answered.subject)
    return Effect(refs={"rendition": (str(rendition),)})


async def _handing(answered: Answered, victim: Row, rendition: int | None) -> Handing:
    released, now = await hashes(answered.connection, answered.reference, _KIND, rendition)
    is_the_same = await is_as_released(answered.connection, answered.reference, rendition)
    return Handing(
        released_sha256=released,
        offered_sha256=now if is_the_same else "",
        given_sha256=await _given(answered, rendition),
        needs_language=victim["language"] != "en" and victim["language_arranged"] is None,
        is_child=victim["is_child"],
        has_adult=bool(victim["adult"]),
    )


def _not_clean(facts: ReleaseFacts) -> tuple[str, ...]:
    """A translation comes after the release, so what this leg is given is looked at once more. Fails closed."""
    return (
        *(() if facts.is_searched else ("not_searched",)),
        *(("leaks_unsettled",) if facts.unsettled_leaks else ()),
    )


async def _given(answered: Answered, rendition: int | None) -> str | None:
    """The hash of what this leg was given under this version before, if anything."""
    found: str | None = await answered.connection.fetchval(
        "SELECT sha256 FROM releases WHERE reference = $1 AND kind = $2 AND rendition = $3 AND reader = $4",
        answered.reference,
        _KIND,
        rendition,
        answered.subject,
    )
    return found


async def _register(answered: Answered, victim: Row, rendition: int, sha256: str) -> None:
    """Who was given which version, by whom, to whom, when and how, once."""
    fields, giver = answered.fields, await answered.place.named(answered.fields["given_by"])
    is_translated = victim["language"] != "en" and victim["language_arranged"] == "translated"
    language = is_translated and await translation(
        answered.connection, answered.reference, _KIND, rendition, answered.subject
    )
    await answered.connection.execute(
        """
        INSERT INTO releases (reference, kind, rendition, sha256, reader, language, given_by, given_by_name,
            received_by, how, on_date, recorded_by, decision, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING
        """,
        answered.reference,
        _KIND,
        rendition,
        sha256,
        answered.subject,
        language or "en",
        fields["given_by"],
        giver.name if giver else None,
        fields["received_by"],
        fields["how"],
        date.fromisoformat(fields["handed_over_on"]),
        answered.author_email,
        answered.decision,
        answered.at,
    )
    await audit(
        answered.connection, answered.at, answered.reference, answered.author_email, "rendition_handed_over",
        f"r{rendition}", to=answered.subject, by=fields["given_by"], received_by=fields["received_by"],
        how=fields["how"], on=fields["handed_over_on"], language=language or "en", sha256=sha256,
    )  # fmt: skip


async def tell_stopped(answered: Answered) -> Effect:
    """They heard that it will not be shared, or it stands why that was not possible."""
    await _set(answered, "stopped_told_on", _day(answered.fields.get("told_on")) or _answered_on(answered))
    return Effect()


async def _close(answered: Answered, because: str) -> None:
    await _set(answered, "closed_because", because)
    for kind in (DutyKind.VICTIM_TOLD, DutyKind.VICTIM_ANSWERED):
        await answered.settle_duty(kind, answered.subject, "closed")
    await _close_owed(answered, DutyKind.VICTIM_GIVEN)


async def _close_owed(answered: Answered, kind: DutyKind) -> None:
    """If this leg is owed it, that is closed by this decision; whoever opted in elsewhere was owed it already."""
    await answered.connection.execute(
        """
        UPDATE duties SET state = 'closed', decision = $4, at = $5
        WHERE reference = $1 AND kind = $2 AND subject = $3 AND state = 'owed'
        """,
        answered.reference,
        str(kind),
        answered.subject,
        answered.decision,
        answered.at,
    )


async def _victim(answered: Answered) -> Row | None:
    return await answered.connection.fetchrow(
        "SELECT * FROM victims WHERE reference = $1 AND ref = $2", answered.reference, answered.subject
    )


async def _set(answered: Answered, column: str, value: object) -> None:
    """Write one column of the leg's row; `column` is a word of the code, never input."""
    await answered.connection.execute(
        f"UPDATE victims SET {column} = $3 WHERE reference = $1 AND ref = $2",
        answered.reference,
        answered.subject,
        value,
    )


def _answered_on(answered: Answered) -> date:
    return on_in_london(answered.received_at)


def _day(given: str | None) -> date | None:
    return date.fromisoformat(given) if given else None


VICTIM_EFFECTS: dict[str, Callable[[Answered], Awaitable[Effect]]] = {
    "refer": refer,
    "tell_family": tell_family,
    "offer": offer,
    "language": language,
    "handover": handover,
    "tell_stopped": tell_stopped,
}
