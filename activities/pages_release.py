"""What is read before text is removed, before an impact is assessed, and before anything is released.

Rule: Annex J (victims): only where absolutely necessary; the impact on staff is always considered; facts.md 5.18.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from activities.asked import Asking, Facts, in_words
from activities.pages_enquiries import offer_managers
from activities.record import Row
from activities.redacting import audience_of, standing
from activities.release_facts import KINDS, OPEN_LEAKS, hashes
from activities.rendered import files_on_page, text_on_page
from activities.review_text import review_of
from workflows.contract.questions import REDACTION_GROUNDS
from workflows.contract.rendition import RenditionText
from workflows.policy.redaction import Redaction, eats_the_sense, places, removal_words, summary

_GROUNDS = {choice.value: choice.label for choice in REDACTION_GROUNDS}
_LEAKS = {
    "name": "A name of somebody in the case",
    "crn": "A CRN",
    "noms": "A NOMS number",
    "pnc": "A PNC number",
    "national_insurance": "A National Insurance number",
    "phone": "A phone number",
    "postcode": "A postcode",
    "email": "An email address",
    "date_of_birth": "A date of birth",
    "redacted": "Text that was removed",
    "redacted_words": "Words of text that was removed",
}


# --- redactions ------------------------------------------------------------------------------------------


async def _redaction_facts(asking: Asking) -> Facts:
    """What stands already, with what was decided before, and how much of the text it takes."""
    found = await _standing(asking)
    review = await review_of(asking.place, asking.number) or {}
    labels = {key: place.label for key, place in places(review).items()}
    lines = [[f"Passage {one.number}, {labels.get(one.span.place, one.span.place)}", _stands(one)] for one in found]
    return [*lines, *_removal_facts(asking, review, found)] if found else []


def _stands(one: Redaction) -> str:
    state = {None: "not decided", True: "to be removed", False: "to be shown"}[one.accepted]
    return f"“{one.span.text}”. {_GROUNDS.get(one.ground, one.ground)}. {one.note} ({state})"


def _removal_facts(asking: Asking, review: dict[str, Any], found: list[Redaction]) -> Facts:
    """How much is removed if all of it is, and a warning where that eats the sense."""
    rule = asking.rulebook.redaction
    counted = [replace(one, accepted=one.accepted is not False) for one in found]
    taken = summary(review, counted, rule.warn_paragraph_share.value)
    facts = [list(fact) for fact in removal_words(taken)]
    if eats_the_sense(taken, rule.warn_share.value):
        facts.append([
            "Warning",
            f"More than {rule.warn_share.value:.0%} of the text would go. Text is removed only where absolutely "
            "necessary: would a reader still understand what happened and why?",
        ])  # fmt: skip
    return facts


async def _standing(asking: Asking) -> list[Redaction]:
    audience = audience_of(asking.request.subject or "")
    return await standing(asking.place.connection, asking.place.reference, asking.number, audience)


async def _offer_places(asking: Asking, page: dict[str, Any], name: str) -> None:
    """The paragraphs and cells that can be pointed at, and the spans that count already."""
    review = await review_of(asking.place, asking.number) or {}
    page["options"][name] = [{"value": key, "label": place.label} for key, place in places(review).items()]
    page["standing"] = [
        {"place": one.span.place, "start": one.span.start, "end": one.span.end, "text": one.span.text}
        for one in await _standing(asking)
    ]


async def _offer_passages(asking: Asking, page: dict[str, Any], name: str) -> None:
    """Every passage that stands on this version, each with its place, ground and note, and what was decided before."""
    review = await review_of(asking.place, asking.number) or {}
    labels = {key: place.label for key, place in places(review).items()}
    before = await _earlier(asking)
    page["redactions"] = [
        {
            "number": one.number,
            "label": f"Passage {one.number}, {labels.get(one.span.place, one.span.place)}",
            "passage": one.span.text,
            "ground": one.ground,
            "note": f"{one.note}{before.get(one.number, '')}",
            "accepted": {None: "", True: "yes", False: "no"}[one.accepted],
        }
        for one in await _standing(asking)
    ]
    page["options"][name] = [{"value": str(row["number"]), "label": row["passage"]} for row in page["redactions"]]


async def _earlier(asking: Asking) -> dict[int, str]:
    """What was decided on an earlier version, where the text around it has changed since."""
    rows = await asking.place.connection.fetch(
        "SELECT number, earlier FROM redactions WHERE reference = $1 AND version = $2 AND earlier IS NOT NULL",
        asking.place.reference,
        asking.number,
    )
    said = {True: "removed", False: "shown"}
    return {
        row["number"]: f" Asked again, since the text changed; before it was {said[row['earlier']]}." for row in rows
    }


# --- what the search found -------------------------------------------------------------------------------


async def _leak_facts(asking: Asking) -> Facts:
    left, settled = await _open_leaks(asking), await _settled_leaks(asking)
    return [["Found", f"{len(left) + len(settled)} in all, {len(left)} to be settled"]]


async def _offer_leaks(asking: Asking, page: dict[str, Any], name: str) -> None:
    """What is not settled yet: what it is, where, in which files, with some words either side."""
    page["leaks"] = [
        {
            "key": row["key"],
            "label": f"{_LEAKS.get(row['what'], row['what'].replace('_', ' ').capitalize())}: {row['place']}",
            "passage": row["excerpt"],
            "note": f"In {', '.join(row['formats'])}",
        }
        for row in await _open_leaks(asking)
    ]
    page["options"][name] = [{"value": row["key"], "label": row["label"]} for row in page["leaks"]]


async def _open_leaks(asking: Asking) -> list[Row]:
    return await asking.place.connection.fetch(OPEN_LEAKS, *_rendition_of(asking), None)


async def _settled_leaks(asking: Asking) -> list[Row]:
    return await asking.place.connection.fetch(
        """
        SELECT * FROM leaks WHERE reference = $1 AND kind = $2 AND version = $3 AND why IS NOT NULL
        ORDER BY what, place, key
        """,
        *_rendition_of(asking),
    )


def _rendition_of(asking: Asking) -> tuple[str, str, int]:
    return asking.place.reference, KINDS[audience_of(asking.request.subject or "")], asking.number


# --- staff -------------------------------------------------------------------------------------------------


async def _impact_facts(asking: Asking) -> Facts:
    """Whom it is about, and what was assessed before."""
    person = await asking.place.connection.fetchrow(
        "SELECT * FROM staff WHERE reference = $1 AND ref = $2", asking.place.reference, asking.request.subject
    )
    rows = await asking.place.connection.fetch(
        "SELECT * FROM impacts WHERE reference = $1 AND ref = $2 ORDER BY number",
        asking.place.reference,
        asking.request.subject,
    )
    about = [["Member of staff", f"{person['name']}, {person['role'].replace('_', ' ')}"]] if person else []
    return [*about, *([f"Assessed before, {row['number']}", _impact(row)] for row in rows)]


def _impact(row: Row) -> str:
    if row["impact"] != "contingency":
        return str(row["impact"])
    state = f"in place since {in_words(row['confirmed_on'])}" if row["confirmed_on"] else "not confirmed"
    return f"Contingency plan of {row['owner_name']}, {state}"


async def _plan_facts(asking: Asking) -> Facts:
    row = await asking.place.connection.fetchrow(
        "SELECT * FROM impacts WHERE reference = $1 AND ref = $2 ORDER BY number DESC LIMIT 1",
        asking.place.reference,
        asking.request.subject,
    )
    return [*(await _impact_facts(asking))[:1], *([["The plan", row["plan"]]] if row else [])]


# --- the release -------------------------------------------------------------------------------------------


async def _release_facts(asking: Asking) -> Facts:
    """What would leave: its version and hash, how much was removed and why, what the search found, who waits for it."""
    connection, reference = asking.place.connection, asking.place.reference
    kind = KINDS[audience_of(asking.request.subject or "")]
    content = await connection.fetchval(
        "SELECT content FROM documents WHERE reference = $1 AND kind = $2 AND version = $3",
        reference, kind, asking.number,
    )  # fmt: skip
    stored, _ = await hashes(connection, reference, kind, asking.number)
    waiting = await connection.fetchval(
        "SELECT count(*) FROM victims WHERE reference = $1 AND answer = 'accepted' AND closed_because IS NULL",
        reference,
    )
    facts = [["Version", f"{asking.number}, sha256 {stored}"]]
    if content:
        facts += _removed_facts(asking, RenditionText.model_validate(content))
    settled = [
        ["Found by the search, and settled", f"{row['place']}: {row['why']}"] for row in await _settled_leaks(asking)
    ]
    own = [["Victims and families who want it", str(waiting)]] if kind == "victim_rendition" else []
    return [*facts, *settled, *own]


def _removed_facts(asking: Asking, text: RenditionText) -> Facts:
    facts = [[_GROUNDS.get(one.ground, one.ground), _counted(one.passages)] for one in text.removed]
    facts.append(["Share of the text that was removed", f"{text.share:.1%}"])
    limit = asking.rulebook.redaction.warn_share.value
    if text.share > limit:
        facts.append(["Warning", f"More than {limit:.0%} of the text was removed. Is it still a transparent account?"])
    return facts


def _counted(passages: int) -> str:
    return f"{passages} passage{'' if passages == 1 else 's'} removed"


async def _show_files(asking: Asking, page: dict[str, Any], name: str) -> None:
    """The text as its reader will see it, and its files."""
    kind = KINDS[audience_of(asking.request.subject or "")]
    connection, reference = asking.place.connection, asking.place.reference
    page[name] = await files_on_page(connection, reference, kind, asking.number)
    page["document"] = await text_on_page(connection, reference, kind, asking.number)


_Fill = Callable[[Asking, dict[str, Any], str], Awaitable[None]]
FACTS: dict[str, Callable[[Asking], Awaitable[Facts]]] = {
    "redactions": _redaction_facts,
    "redaction_decision": _redaction_facts,
    "leaks": _leak_facts,
    "internal_leaks": _leak_facts,
    "staff_impact": _impact_facts,
    "contingency_plan": _plan_facts,
    "release": _release_facts,
    "release_public": _release_facts,
}
FILLED: dict[str, tuple[tuple[str, _Fill], ...]] = {
    "redactions": (("redactions", _offer_places),),
    "redaction_decision": (("decisions", _offer_passages),),
    "leaks": (("leaks", _offer_leaks), ("rendition", _show_files)),
    "internal_leaks": (("leaks", _offer_leaks), ("rendition", _show_files)),
    "staff_impact": (("owner", offer_managers),),
    "release": (("rendition", _show_files),),
    "release_public": (("rendition", _show_files),),
}
