"""What a decider is shown: the page of a gate as JSON, so that the gateway renders it without knowing the domain.

Names may stand here: the page is record, never history. Rules about who may be chosen come from policy.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from activities import pages_commission, pages_review, pages_staff
from activities.asked import Asking
from activities.page_facts import facts_of

_READS_REVIEW = {"draft", "facts", "submit", "countersign", "quality", "redactions", "redaction_decision"}


async def page_of(asking: Asking) -> dict[str, Any]:
    """The page: title, why, if_silent, facts, options, refused, not_before, document, redactions."""
    question = asking.question
    page: dict[str, Any] = {
        "title": question.title,
        "why": question.why,
        "if_silent": question.if_silent,
        "facts": await facts_of(asking),
        "options": {},
        "refused": {},
        "document": await _document(asking),
        "redactions": [],
    }
    page.update(await _not_before(asking))
    for name, fill in _FILLED.get(question.key, ()):
        await fill(asking, page, name)
    return page


async def _document(asking: Asking) -> Any:
    """The text that must be read: the version in question, or the victim rendition where that is what leaves."""
    if asking.question.key in _READS_REVIEW:
        kind, version = "review", asking.number
    elif asking.question.key == "release":
        kind, version = "victim_rendition", asking.number
    elif asking.question.key == "handover":
        kind, version = "victim_rendition", 0  # the last one made is the one that was released
    else:
        return None
    return await asking.place.connection.fetchval(
        """
        SELECT content FROM documents WHERE reference = $1 AND kind = $2 AND ($3 = 0 OR version = $3)
        ORDER BY version DESC LIMIT 1
        """,
        asking.place.reference,
        kind,
        version,
    )


async def _not_before(asking: Asking) -> dict[str, str]:
    """The earliest date that may be given. Rule: Annex J (time to prepare); a moved date is a later one."""
    if asking.question.key in ("invite", "interview"):
        return {"not_before": (await pages_staff.earliest_on(asking)).isoformat()}
    if asking.question.key == "extension" and asking.place.case["review_due"]:
        return {"not_before": (asking.place.case["review_due"] + timedelta(days=1)).isoformat()}
    return {}


# --- what may be chosen ----------------------------------------------------------------------------


async def _offer_passages(asking: Asking, page: dict[str, Any], name: str) -> None:
    rows = await asking.place.connection.fetch(
        """
        SELECT number, passage, ground, note FROM redactions
        WHERE reference = $1 AND version = $2 AND accepted IS NULL ORDER BY number
        """,
        asking.place.reference,
        asking.number,
    )
    page["redactions"] = [dict(row) for row in rows]
    page["options"][name] = [{"value": str(r["number"]), "label": r["passage"]} for r in rows]


_Fill = Callable[[Asking, dict[str, Any], str], Awaitable[None]]
_FILLED: dict[str, tuple[tuple[str, _Fill], ...]] = {
    "early_look": (("actions", pages_review.offer_owners),),
    "redaction_decision": (("decisions", _offer_passages),),
    **pages_commission.FILLED,
    **pages_review.FILLED,
    **pages_staff.FILLED,
}
