"""What a decider is shown: the page of a gate as JSON, so that the gateway renders it without knowing the domain.

Names may stand here: the page is record, never history. Rules about who may be chosen come from policy.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from activities import pages_commission, pages_enquiries, pages_release, pages_review, pages_staff, pages_victims
from activities.asked import Asking
from activities.page_facts import facts_of
from activities.review_text import review_of

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
    """The version of the review in question, where it must be read; what leaves is filled in by its own page."""
    return await review_of(asking.place, asking.number) if asking.question.key in _READS_REVIEW else None


async def _not_before(asking: Asking) -> dict[str, str]:
    """The earliest date that may be given. Rule: Annex J (time to prepare); a moved date is a later one."""
    if asking.question.key in ("invite", "interview"):
        return {"not_before": (await pages_staff.earliest_on(asking)).isoformat()}
    if asking.question.key == "extension" and asking.place.case["review_due"]:
        return {"not_before": (asking.place.case["review_due"] + timedelta(days=1)).isoformat()}
    return {}


# --- what may be chosen ----------------------------------------------------------------------------


_Fill = Callable[[Asking, dict[str, Any], str], Awaitable[None]]
_FILLED: dict[str, tuple[tuple[str, _Fill], ...]] = {
    "early_look": (("actions", pages_review.offer_owners),),
    **pages_commission.FILLED,
    **pages_enquiries.FILLED,
    **pages_review.FILLED,
    **pages_staff.FILLED,
    **pages_release.FILLED,
    **pages_victims.FILLED,
}
