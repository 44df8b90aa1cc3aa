"""What is read before a request from outside is answered, and what may be chosen: facts and options of those pages.

Rule: Annex J (confidentiality; media and other interest), facts.md 5.10 to 5.14, 5.18, 5.20 to 5.22.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from activities.asked import Asking, Facts, in_words
from activities.escalations import is_held
from activities.record import Row
from activities.rendered import offer_internal
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import CourtEventKind, EnquiryKind, Role
from workflows.policy.court import ends_the_case
from workflows.policy.due import on_in_london
from workflows.policy.enquiries import ROUTES

# Who gives a review to somebody outside, and who owns a contingency plan. Rule: Annex J names senior managers for the
# plan and nobody for giving; that it is the same people is ours.
SENIOR_MANAGERS = (Role.SENIOR_LEAD, Role.HEAD_OF_PDU, Role.REGIONAL_DIRECTOR)

_BEFORE_A_VERDICT = (
    "The prosecution has not ended, as far as is recorded. Sharing before a verdict can prejudice a trial: speak with "
    "the police and the Crown Prosecution Service first"
)


async def _facts(asking: Asking) -> Facts:
    """What was asked, by whom and when, and what else was asked and answered in this case."""
    row = await _enquiry(asking)
    if row is None:
        return []
    return [
        ["Kind", _words(row["kind"])],
        ["Received", in_words(row["received_on"])],
        ["Asked by", row["asked_by"] or "not recorded"],
        ["Asked", row["asked"] or "not recorded"],
        *await _longer_facts(asking),
        *await _other_enquiries(asking),
    ]


async def _review_facts(asking: Asking) -> Facts:
    """The enquiry, and how the review stands: what may be given, what holds it, what it was given for before."""
    return [*await _facts(asking), *await _standing_facts(asking), *await _given_facts(asking)]


async def _enquiry(asking: Asking) -> Row | None:
    return await asking.place.connection.fetchrow(
        "SELECT * FROM enquiries WHERE reference = $1 AND number = $2", asking.place.reference, asking.number
    )


def _words(code: str) -> str:
    return code.replace("_", " ")


async def _longer_facts(asking: Asking) -> Facts:
    """Why this enquiry is asked about again: more time, or that it is a coroner's report."""
    rows = await asking.place.connection.fetch(
        """
        SELECT d.answer, d.reasons, d.received_at, g.due_on FROM decisions d JOIN gates g USING (gate)
        WHERE g.reference = $1 AND g.stage = $2 AND d.applied_at IS NOT NULL ORDER BY d.applied_at
        """,
        asking.place.reference,
        f"enquiry/{asking.number}",
    )
    labels = {"more_time": "More time was taken", "prevention_report": "A coroner's report to prevent future deaths"}
    return [
        [
            labels.get(row["answer"], _words(row["answer"])),
            f"Decided on {in_words(on_in_london(row['received_at']))}; the date before was {in_words(row['due_on'])}. "
            f"{row['reasons'] or ''}".strip(),
        ]
        for row in rows
    ]


async def _other_enquiries(asking: Asking) -> Facts:
    """The other requests in this case, so that they are not answered against each other."""
    rows = await asking.place.connection.fetch(
        "SELECT * FROM enquiries WHERE reference = $1 AND number <> $2 ORDER BY number",
        asking.place.reference,
        asking.number,
    )
    return [[f"Enquiry {row['number']}, {_words(row['kind'])}", _how_it_stands(row)] for row in rows]


def _how_it_stands(row: Row) -> str:
    received = f"Received on {in_words(row['received_on'])}"
    if row["state"] == "open":
        return f"{received}, not answered yet"
    return f"{received}, {_words(row['answer'])} on {in_words(row['answered_on'])}"


async def _standing_facts(asking: Asking) -> Facts:
    place, case = asking.place, asking.place.case
    court = await place.connection.fetch("SELECT kind FROM court_events WHERE reference = $1", place.reference)
    facts = [["Review", _review_line(case)]]
    if await is_held(place.connection, place.reference):
        facts.append(["On hold", "A concern about staff safety is open: nothing may be given"])
    if not ends_the_case([CourtEventKind(row["kind"]) for row in court]):
        facts.append(["Before a verdict", _BEFORE_A_VERDICT])
    return facts


def _review_line(case: Row) -> str:
    if case["corrected_since"]:
        return f"Being corrected since {in_words(on_in_london(case['corrected_since']))}: nothing may be given"
    if case["accepted_version"]:
        return f"Version {case['accepted_version']} is the accepted one"
    return "Not accepted yet" if case["review_due"] else "None is under way"


async def _given_facts(asking: Asking) -> Facts:
    """Who outside has the review already."""
    rows = await asking.place.connection.fetch(
        "SELECT * FROM releases WHERE reference = $1 AND kind = 'review' ORDER BY at, reader", asking.place.reference
    )
    return [[f"Given to {row['reader']}", f"Version {row['rendition']}, {in_words(row['on_date'])}"] for row in rows]


# --- what may be chosen ----------------------------------------------------------------------------


async def _not_before_receipt(asking: Asking, page: dict[str, Any], name: str) -> None:
    """Nothing is answered or given before it was asked for."""
    if row := await _enquiry(asking):
        page[name] = row["received_on"].isoformat()


async def _offer_entitlements(asking: Asking, page: dict[str, Any], name: str) -> None:
    row = await _enquiry(asking)
    choices = ROUTES[EnquiryKind(row["kind"])].entitlements if row else ()
    page["options"][name] = [{"value": choice.value, "label": choice.label} for choice in choices]


async def _offer_versions(asking: Asking, page: dict[str, Any], name: str) -> None:
    """The accepted version; `effects_enquiries.offer_accepted` adds one that is accepted later."""
    version = asking.place.case["accepted_version"]
    page["options"][name] = [{"value": str(version), "label": f"Version {version}, accepted"}] if version else []


async def _offer_files(asking: Asking, page: dict[str, Any], name: str) -> None:
    """The files of the accepted review, which whoever is entitled to it is given."""
    await offer_internal(asking.place, page, name, asking.place.case["accepted_version"] or 0)


async def offer_managers(asking: Asking, page: dict[str, Any], name: str) -> None:
    """The senior managers of the case's place, each with the recorded deputy."""
    place = asking.place
    people = [person for role in SENIOR_MANAGERS for person in place.listed(role)]
    deputies = [place.directory.deputy_of(person.key) for person in people]
    found = {person.key: person.name for person in (*people, *deputies) if person}
    page["options"][name] = [{"value": key, "label": label} for key, label in found.items()]


_Fill = Callable[[Asking, dict[str, Any], str], Awaitable[None]]
_DATED: tuple[str, _Fill] = ("not_before", _not_before_receipt)

KEYS = tuple(key for key in QUESTIONS if key.startswith("enquiry_"))
FACTS: dict[str, Callable[[Asking], Awaitable[Facts]]] = {
    **dict.fromkeys(KEYS, _facts),
    "enquiry_review": _review_facts,
}
# What was decided on publication may have been decided before it reached the case.
FILLED: dict[str, tuple[tuple[str, _Fill], ...]] = {
    **{key: (_DATED,) for key in KEYS if key != "enquiry_publication"},
    "enquiry_review": (
        _DATED,
        ("entitlement", _offer_entitlements),
        ("version", _offer_versions),
        ("given_by", offer_managers),
        ("rendition", _offer_files),
    ),
}
