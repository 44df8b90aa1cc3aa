"""Who may review and countersign, and what must be known to choose: facts and options of those pages.

Names may stand here: a page is record. Who may be chosen is policy's. Rule: Annex J (who reviews), facts.md 5.1, 5.2.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from activities.asked import Asking, Facts, in_words
from activities.record import Row
from workflows.contract.directory import Person
from workflows.contract.vocabulary import Role
from workflows.policy.authority import (
    IN_WORDS,
    LINE_ROLES,
    Eligibility,
    Ties,
    eligible_countersigners,
    eligible_reviewers,
)
from workflows.policy.due import on_in_london

# --- what is known ---------------------------------------------------------------------------------


async def _commission_facts(asking: Asking) -> Facts:
    """The date, the people from whom a manager must be independent, and what was tried before."""
    return [
        *_date(asking),
        *await _line(asking),
        *await _nobody_left(asking),
        *await _declined_facts(asking),
        *await _earlier_answers(asking),
        *await _related(asking),
    ]


async def _lend_facts(asking: Asking) -> Facts:
    """Which region asks, why and until when; the person under supervision is not its business."""
    found = _reviewers(asking, await asking.place.ties(), asking.request.subject or "")
    nobody = "None of your reviewing managers can take it; each is listed with the reason"
    return [
        ["Region that asks", _region(asking, asking.place.case["region"])],
        *_date(asking),
        *await _asked_because(asking, "another_region", asking.request.subject),
        *([] if found.eligible else [["Nobody eligible is left", nobody]]),
    ]


async def _hmip_facts(asking: Asking) -> Facts:
    return [
        ["Region that asks", _region(asking, asking.place.case["region"])],
        *_date(asking),
        *await _asked_because(asking, "hmip", None),
        *await _countersigner(asking),
        *await _line(asking),
        *await _related(asking),
    ]


def _date(asking: Asking) -> Facts:
    case = asking.place.case
    if case["review_due"] is None:
        return []
    facts = [["Review due", in_words(case["review_due"])]]
    if case["review_due"] != case["original_review_due"]:
        facts.append(["Original date", in_words(case["original_review_due"])])
    return facts


async def _line(asking: Asking) -> Facts:
    """Everybody who stands in the line or in the case, by roster and by post, with name and role."""
    rows = await asking.place.connection.fetch(
        "SELECT * FROM staff WHERE reference = $1 ORDER BY length(ref), ref", asking.place.reference
    )
    line = [_member(row) for row in rows if row["in_line"] or Role(row["role"]) in LINE_ROLES]
    others = [_member(row) for row in rows if not (row["in_line"] or Role(row["role"]) in LINE_ROLES)]
    region = asking.place.directory.region(asking.place.case["region"])
    named = {row["email"].lower() for row in rows}
    line += [
        f"{person.name}, {_words(person.roles[0])}"
        for person in (region.people if region else ())
        if asking.place.case["pdu"] in person.in_line_of and person.email not in named
    ]
    facts = [["In the line management of the case", "; ".join(line) or "nobody is recorded"]]
    return [*facts, ["Others involved in the case", "; ".join(others)]] if others else facts


def _member(row: Row) -> str:
    return f"{row['name']}, {_words(row['role'])}"


def _words(role: str) -> str:
    return role.replace("_", " ").replace("pdu", "PDU")


async def _nobody_left(asking: Asking) -> Facts:
    """Noticed at the moment of asking, not when it is overdue. Rule: design.md 3.13."""
    region = asking.place.case["region"]
    found = _reviewers(asking, await _unchosen(asking), region)
    if found.eligible:
        return []
    words = (
        f"None of the {len(found.refused)} reviewing managers of {_region(asking, region)} can take this case; each "
        "is listed with the reason. Ask another region, or say that nobody independent is available: the national "
        "SFO team then finds a reviewer."
    )
    return [["Nobody eligible is left in the region", words]]


async def _declined_facts(asking: Asking) -> Facts:
    rows = await _declined(asking)
    return [
        [
            f"Declined: {_region(asking, row['subject'])}",
            f"{row['reasons']} ({in_words(on_in_london(row['received_at']))})",
        ]
        for row in rows
    ]


async def _declined(asking: Asking) -> list[Row]:
    """Which regions said no in this case, the latest first, each with its reasons."""
    return await asking.place.connection.fetch(
        """
        SELECT DISTINCT ON (g.subject) g.subject, d.reasons, d.received_at
        FROM decisions d JOIN gates g USING (gate)
        WHERE g.reference = $1 AND g.question = 'lend' AND d.answer = 'declined' AND d.applied_at IS NOT NULL
        ORDER BY g.subject, d.applied_at DESC
        """,
        asking.place.reference,
    )


async def _earlier_answers(asking: Asking) -> Facts:
    """What the national team answered on the inspectorate, and how it resolved that nobody was left."""
    rows = await asking.place.connection.fetch(
        """
        SELECT g.question, d.reasons FROM decisions d JOIN gates g USING (gate)
        WHERE g.reference = $1 AND d.applied_at IS NOT NULL AND d.reasons IS NOT NULL
            AND ((g.question = 'hmip' AND d.answer = 'not_agreed')
                OR (g.question = 'resolve' AND g.subject LIKE 'reviewer-%'))
        ORDER BY d.applied_at DESC LIMIT 3
        """,
        asking.place.reference,
    )
    words = {"hmip": "The inspectorate does not review it", "resolve": "The national SFO team on finding a reviewer"}
    return [[words[row["question"]], row["reasons"]] for row in rows]


async def _asked_because(asking: Asking, answer: str, region: str | None) -> Facts:
    """The reasons with which the region's senior lead asked, the last time."""
    reasons = await asking.place.connection.fetchval(
        """
        SELECT d.reasons FROM decisions d JOIN gates g USING (gate)
        WHERE g.reference = $1 AND g.question = 'commission' AND d.answer = $2 AND d.applied_at IS NOT NULL
            AND ($3::text IS NULL OR d.fields ->> 'region' = $3)
        ORDER BY d.applied_at DESC LIMIT 1
        """,
        asking.place.reference,
        answer,
        region,
    )
    return [["Reasons given", reasons]] if reasons else []


async def _countersigner(asking: Asking) -> Facts:
    person = await asking.place.appointed(Role.COUNTERSIGNING_MANAGER)
    return [["Countersigning manager", f"{person.name} ({person.email})"]] if person else []


async def _related(asking: Asking) -> Facts:
    """Other cases that belong with this one. Rule: facts.md 8.2.10."""
    rows = await asking.place.connection.fetch(
        """
        SELECT c.reference, c.closed_on, c.region, r.kind, a.name AS reviewer
        FROM relations r JOIN cases c ON c.reference = CASE WHEN r.reference = $1 THEN r.other ELSE r.reference END
        LEFT JOIN appointments a ON a.reference = c.reference AND a.role = 'reviewing_manager'
        WHERE $1 IN (r.reference, r.other) ORDER BY c.reference
        """,
        asking.place.reference,
    )
    return [["Related cases", "; ".join(_related_line(row) for row in rows)]] if rows else []


def _related_line(row: Row) -> str:
    state = f"closed {in_words(row['closed_on'])}" if row["closed_on"] else "open"
    reviewer = f", reviewed by {row['reviewer']}" if row["reviewer"] else ""
    return f"{row['reference']} ({row['kind'].replace('_', ' ')}, {row['region']}, {state}{reviewer})"


def _region(asking: Asking, code: str) -> str:
    region = asking.place.directory.region(code)
    return f"{region.name} ({code})" if region else code


# --- who may be chosen -----------------------------------------------------------------------------


async def _offer_reviewers(asking: Asking, page: dict[str, Any], name: str) -> None:
    """The region's own; another region's are lent by its lead. Rule: facts.md 5.1."""
    _offer(asking, page, name, _reviewers(asking, await _unchosen(asking), asking.place.case["region"]))


async def _offer_lent(asking: Asking, page: dict[str, Any], name: str) -> None:
    """Those of the region that is asked; the countersigning manager is chosen already."""
    _offer(asking, page, name, _reviewers(asking, await asking.place.ties(), asking.request.subject or ""))


async def _offer_countersigners(asking: Asking, page: dict[str, Any], name: str) -> None:
    """The region's own first, then the others'."""
    own = asking.place.case["region"]
    regions = [own, *(code for code in asking.place.directory.regions if code != own)]
    people = [one for code in regions for one in asking.place.listed(Role.COUNTERSIGNING_MANAGER, code)]
    _offer(asking, page, name, eligible_countersigners(people, await _unchosen(asking), asking.opened_on))


async def _offer_regions(asking: Asking, page: dict[str, Any], name: str) -> None:
    """Every other region but those that declined in this case."""
    declined = {row["subject"] for row in await _declined(asking)}
    others = [code for code in asking.place.directory.regions if code != asking.place.case["region"]]
    page["options"][name] = [{"value": c, "label": _region(asking, c)} for c in others if c not in declined]
    page["refused"][name] = [
        {"label": _region(asking, code), "reason": "Declined in this case"} for code in others if code in declined
    ]


async def _unchosen(asking: Asking) -> Ties:
    """The ties of the case while both managers are still to be chosen, whoever was appointed before."""
    return replace(await asking.place.ties(), author=None, countersigner=None)


def _reviewers(asking: Asking, ties: Ties, region: str) -> Eligibility:
    return eligible_reviewers(asking.place.listed(Role.REVIEWING_MANAGER, region), ties, asking.opened_on)


def _offer(asking: Asking, page: dict[str, Any], name: str, found: Eligibility) -> None:
    page["options"][name] = [{"value": person.key, "label": _label(asking, person)} for person in found.eligible]
    page["refused"][name] = [
        {"label": _label(asking, one.person), "reason": IN_WORDS.get(one.code, one.code)} for one in found.refused
    ]


def _label(asking: Asking, person: Person) -> str:
    """Name and address, and the region of whoever comes from outside the case's own."""
    lender = asking.place.lender_of(person)
    return f"{person.name} ({person.email})" + (f", {_region(asking, lender)}" if lender else "")


Gather = Callable[[Asking], Awaitable[Facts]]
Fill = Callable[[Asking, dict[str, Any], str], Awaitable[None]]

FACTS: dict[str, Gather] = {"commission": _commission_facts, "lend": _lend_facts, "hmip": _hmip_facts}

# By question: each field's name with what fills `page["options"]` (and `page["refused"]`) for it.
FILLED: dict[str, tuple[tuple[str, Fill], ...]] = {
    "commission": (
        ("reviewer", _offer_reviewers),
        ("region", _offer_regions),
        ("countersigner", _offer_countersigners),
    ),
    "lend": (("reviewer", _offer_lent),),
}
