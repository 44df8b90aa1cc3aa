"""What a decider is shown: the page of a gate as JSON, so that the gateway renders it without knowing the domain.

Names may stand here: the page is record, never history. Rules about who may be chosen come from policy.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from activities import pages_commission, pages_review, pages_staff
from activities.asked import Asking
from activities.page_facts import facts_of
from workflows.contract.vocabulary import Role
from workflows.policy.authority import Eligibility, eligible_countersigners, eligible_reviewers
from workflows.policy.calendar import add_working_days
from workflows.policy.due import on_in_london

REFUSALS = {
    "away": "Away on this day",
    "in_the_line": "In the line management of the case",
    "in_the_case": "Involved in the case",
    "is_the_author": "Wrote the review",
    "is_the_countersigner": "Countersigns the review",
}

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
    if asking.question.key == "interview":
        told_on = await asking.place.connection.fetchval(
            "SELECT at FROM duties WHERE reference = $1 AND kind = 'told' AND subject = $2 AND state = 'met'",
            asking.place.reference,
            asking.request.subject,
        )
        days = asking.rulebook.interview_preparation.value
        start = on_in_london(told_on) if told_on else asking.opened_on
        return {"not_before": add_working_days(start, days, asking.holidays).isoformat()}
    if asking.question.key == "extension" and asking.place.case["review_due"]:
        return {"not_before": (asking.place.case["review_due"] + timedelta(days=1)).isoformat()}
    return {}


# --- what may be chosen ----------------------------------------------------------------------------


async def _offer_reviewers(asking: Asking, page: dict[str, Any], name: str) -> None:
    people = [p for role in _anywhere(asking, Role.REVIEWING_MANAGER) for p in role]
    _offer(page, name, eligible_reviewers(people, await asking.place.ties(), asking.opened_on))


async def _offer_countersigners(asking: Asking, page: dict[str, Any], name: str) -> None:
    people = [p for role in _anywhere(asking, Role.COUNTERSIGNING_MANAGER) for p in role]
    _offer(page, name, eligible_countersigners(people, await asking.place.ties(), asking.opened_on))


def _anywhere(asking: Asking, role: Role) -> list[tuple[Any, ...]]:
    """The region's own people first, then other regions'. Rule: facts.md 5.1."""
    case, directory = asking.place.case, asking.place.directory
    others = [code for code in directory.regions if code != case["region"]]
    return [directory.people_for(role, code, case["pdu"]) for code in (case["region"], *others)]


def _offer(page: dict[str, Any], name: str, found: Eligibility) -> None:
    page["options"][name] = [{"value": p.key, "label": f"{p.name} ({p.email})"} for p in found.eligible]
    page["refused"][name] = [
        {"label": f"{r.person.name} ({r.person.email})", "reason": REFUSALS.get(r.code, r.code)} for r in found.refused
    ]


async def _offer_owners(asking: Asking, page: dict[str, Any], name: str) -> None:
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
    "commission": (("reviewer", _offer_reviewers), ("countersigner", _offer_countersigners)),
    "early_look": (("actions", _offer_owners),),
    "draft": (("actions", _offer_owners),),
    "redaction_decision": (("decisions", _offer_passages),),
    **pages_commission.FILLED,
    **pages_review.FILLED,
    **pages_staff.FILLED,
}
