"""What is read before a review is written, commented on, submitted, signed and rated: facts and what is filled in."""

from collections.abc import Awaitable, Callable
from typing import Any

from activities.asked import Asking, Facts, in_words
from activities.record import Row
from activities.rendered import offer_internal
from activities.review_text import identifiers_of, names_of, obstacles, review_of
from workflows.contract.choices import RATERS, RATINGS
from workflows.policy.anonymity import words_for
from workflows.policy.document import differences, paragraphs
from workflows.policy.due import on_in_london
from workflows.policy.quality import rater

_UNTOUCHED = "The opportunity was given; no comment"


async def _draft_facts(asking: Asking) -> Facts:
    """What the version at hand still needs, so that the next one can be submitted."""
    return await _obstacle_facts(asking) if await review_of(asking.place) else []


async def _submit_facts(asking: Asking) -> Facts:
    return [*await _comment_facts(asking), *await _obstacle_facts(asking)]


async def _countersign_facts(asking: Asking) -> Facts:
    return [*await _comment_facts(asking), *await round_facts(asking)]


async def _obstacle_facts(asking: Asking) -> Facts:
    """What keeps the version from being submitted: the place and what is wrong there, never the name itself."""
    found = await obstacles(asking.place, asking.number)
    return [
        *(["Still to be put right", message] for message in found.missing),
        *(["Names somebody", f"{hit.place}: {words_for(hit.what)}"] for hit in found.named),
    ]


async def _comment_facts(asking: Asking) -> Facts:
    """Each comment with its answer; or that the chance was given and not used. Rule: Annex J, factual accuracy."""
    labels = await _labels(asking)
    points = await _points(asking)
    is_offered = await asking.place.connection.fetchval(
        "SELECT EXISTS (SELECT FROM factual_comments WHERE reference = $1 AND version = $2)",
        asking.place.reference,
        asking.number,
    )
    if is_offered and not points:
        return [["Comments on factual accuracy", _UNTOUCHED]]
    return [[f"Comment {r['number']}, {labels.get(r['paragraph'], r['paragraph'])}", _answered(r)] for r in points]


async def _labels(asking: Asking) -> dict[str, str]:
    """The paragraphs of the version in question: the words under which each stands."""
    content = await review_of(asking.place, asking.number) or {}
    return {part.key: part.label for part in paragraphs(content)}


def _answered(row: Row) -> str:
    if row["accepted"] is None:
        return f"{row['comment']}\nNot answered yet"
    return f"{row['comment']}\n{'Accepted' if row['accepted'] else 'Not accepted'}. {row['answer'] or ''}".strip()


async def _points(asking: Asking) -> list[Row]:
    return await asking.place.connection.fetch(
        "SELECT * FROM factual_points WHERE reference = $1 AND version = $2 ORDER BY number",
        asking.place.reference,
        asking.number,
    )


async def round_facts(asking: Asking) -> Facts:
    """Every round: what was submitted when, how it came back, why, how long it took, what the next version changed."""
    rows = await asking.place.connection.fetch(
        "SELECT * FROM rounds WHERE reference = $1 AND version <= $2 ORDER BY submitted_at",
        asking.place.reference,
        asking.number,
    )
    facts: Facts = []
    for before, row in zip([None, *rows], rows, strict=False):
        facts.append([f"Round {row['round']}, version {row['version']}", _round_line(row)])
        if before:
            facts += await _difference_facts(asking, before["version"], row["version"])
    return facts


def _round_line(row: Row) -> str:
    started_on, submitted_on = on_in_london(row["started_at"]), on_in_london(row["submitted_at"])
    line = f"Begun on {in_words(started_on)}, submitted on {in_words(submitted_on)}"
    if not row["is_returned"]:
        return line
    ended_on = on_in_london(row["ended_at"])
    by = row["ended_by_role"].replace("_", " ")
    days = (ended_on - started_on).days
    return f"{line}, returned by the {by} on {in_words(ended_on)} after {days} days. {row['reasons'] or ''}".strip()


async def _difference_facts(asking: Asking, before: int, after: int) -> Facts:
    changed = differences(await review_of(asking.place, before) or {}, await review_of(asking.place, after) or {})
    lines = [f"{one.label} {one.kind}" for one in changed]
    return [[f"Changed since version {before}", "; ".join(lines) or "nothing"]]


async def _quality_facts(asking: Asking) -> Facts:
    """Who rates this case, what is good enough, and the rounds so far. Rule: facts.md 2.8 and 2.9."""
    labels = {choice.value: choice.label for choice in (*RATERS, *RATINGS)}
    by = rater(asking.place.reference, asking.rulebook)
    sampled = "in the sample: record the inspectorate's ratings" if by == "hmip" else "not in the sample"
    return [
        ["Inspectorate's sample", f"This case is {sampled}"],
        ["Rated by", labels[by]],
        ["Accepted from", labels[asking.rulebook.accepted_rating.value]],
        *await round_facts(asking),
    ]


FACTS: dict[str, Callable[[Asking], Awaitable[Facts]]] = {
    "draft": _draft_facts,
    "submit": _submit_facts,
    "countersign": _countersign_facts,
    "quality": _quality_facts,
}


# --- what may be chosen, and what is filled in already ----------------------------------------------


async def _start_from(asking: Asking, page: dict[str, Any], name: str) -> None:
    """A returned review is edited, not typed again."""
    if content := await review_of(asking.place):
        page[name] = content


async def _must_not_name(asking: Asking, page: dict[str, Any], name: str) -> None:
    """Whom the review must not name, so that the page can say so before anything is recorded."""
    page[name] = await names_of(asking.place)
    page["identifiers"] = identifiers_of(asking.place)


async def offer_owners(asking: Asking, page: dict[str, Any], name: str) -> None:
    """Staff of the case by number, then the region's people by key."""
    place = asking.place
    staff = await place.connection.fetch(
        "SELECT ref, name, role FROM staff WHERE reference = $1 ORDER BY length(ref), ref", place.reference
    )
    region = place.directory.region(place.case["region"])
    page["options"][name] = [
        *({"value": r["ref"], "label": f"{r['name']}, {r['role'].replace('_', ' ')}"} for r in staff),
        *({"value": p.key, "label": p.name} for p in (region.people if region else ())),
    ]


async def _offer_paragraphs(asking: Asking, page: dict[str, Any], name: str) -> None:
    page["options"][name] = [{"value": key, "label": label} for key, label in (await _labels(asking)).items()]


async def _comments_to_answer(asking: Asking, page: dict[str, Any], name: str) -> None:
    """The comments by number beside the version that they are about."""
    labels = await _labels(asking)
    page[name] = [
        {
            "number": str(row["number"]),
            "paragraph": row["paragraph"],
            "label": labels.get(row["paragraph"], row["paragraph"]),
            "comment": row["comment"],
        }
        for row in await _points(asking)
    ]
    page["document"] = await review_of(asking.place, asking.number)


async def _offer_rater(asking: Asking, page: dict[str, Any], name: str) -> None:
    by = rater(asking.place.reference, asking.rulebook)
    page["options"][name] = [{"value": c.value, "label": c.label} for c in RATERS if c.value == by]
    page["accepted_rating"] = asking.rulebook.accepted_rating.value


async def _offer_files(asking: Asking, page: dict[str, Any], name: str) -> None:
    """The internal version that is rated, as files to read at leisure."""
    await offer_internal(asking.place, page, name, asking.number)


# By question: each field's name with what fills `page["options"]` (and `page["refused"]`) for it.
FILLED: dict[str, tuple[tuple[str, Callable[[Asking, dict[str, Any], str], Awaitable[None]]], ...]] = {
    "draft": (("actions", offer_owners), ("start_from", _start_from), ("names", _must_not_name)),
    "facts": (("comments", _offer_paragraphs),),
    "answer_comments": (("comments", _comments_to_answer),),
    "quality": (("rated_by", _offer_rater), ("rendition", _offer_files)),
}
