"""What a decider is told about the case and the matter: label and value, names allowed, since a page is record."""

from collections.abc import Awaitable, Callable
from datetime import date

from activities import pages_commission, pages_enquiries, pages_release, pages_review, pages_staff, pages_victims
from activities.asked import Asking, Facts, in_words
from activities.forecasting import in_lines, outlook_of
from activities.record import Row
from workflows.contract.questions import QUESTIONS

_PERSON_SHOWN = {
    *pages_victims.PERSON_SHOWN, "acknowledge", "resolve", "notification", "rosh", "offence_class",
    "public_interest", "reduced_charge", "early_look", "commission", *pages_enquiries.KEYS,
}  # fmt: skip


async def facts_of(asking: Asking) -> Facts:
    """The case in a few lines, then what belongs to the question."""
    return [*await _case_facts(asking), *await _own_facts(asking), *await _sent_back(asking)]


async def _case_facts(asking: Asking) -> Facts:
    case = asking.place.case
    facts = [["Case", case["reference"]], ["Region and delivery unit", f"{case['region']} {case['pdu']}"]]
    if asking.question.key not in _PERSON_SHOWN:
        return facts
    offences = await asking.place.connection.fetch(
        """
        SELECT code, offence_on, wording FROM offences
        WHERE reference = $1 AND round = (SELECT max(round) FROM offences WHERE reference = $1) ORDER BY number
        """,
        case["reference"],
    )
    charged = "; ".join(f"{r['wording'] or r['code']} ({in_words(r['offence_on'])})" for r in offences)
    return [
        *facts,
        ["Supervised person", f"{case['person_name']} (CRN {case['crn']})"],
        ["Supervision", case["supervision_type"].replace("_", " ")],
        ["Charged", f"{in_words(case['charged_on'])}: {charged}"],
        ["First court appearance", in_words(case["appeared_on"])],
    ]


async def _own_facts(asking: Asking) -> Facts:
    gather = _FACTS.get(asking.question.key)
    return await gather(asking) if gather else []


async def _sent_back(asking: Asking) -> Facts:
    """Why an earlier answer to this was not the last: the reasons of whoever returned it, newest first."""
    rows = await asking.place.connection.fetch(
        """
        SELECT g.question, d.reasons, d.fields ->> 'must_change' AS must_change
        FROM decisions d JOIN gates g USING (gate)
        WHERE g.reference = $1 AND g.question || ':' || d.answer = ANY($2) AND d.applied_at IS NOT NULL
            AND d.reasons IS NOT NULL AND (g.question <> 'withdraw_action' OR g.subject = $3)
        ORDER BY d.applied_at DESC, d.recorded_at DESC LIMIT 3
        """,
        asking.place.reference,
        list(_SENT_BACK_BY.get(asking.question.key, ())),
        asking.request.subject,
    )
    facts = []
    for row in rows:
        facts.append([f"Reasons given: {QUESTIONS[row['question']].title.lower()}", row["reasons"]])
        if row["must_change"]:
            facts.append(["What must change", row["must_change"]])
    return facts


async def _action_facts(asking: Asking) -> Facts:
    """One action, or every management action, with what its owner wrote and the finding that it answers."""
    subject = asking.request.subject
    rows = await asking.place.connection.fetch(
        """
        SELECT a.*, d.reasons, r.content -> 'findings' -> (a.finding - 1) ->> 'text' AS finding_text
        FROM actions a
        LEFT JOIN decisions d ON d.decision = a.decision
        LEFT JOIN documents r ON r.reference = a.reference AND r.kind = 'review' AND r.version = a.version
        WHERE a.reference = $1 AND (a.ref = $2 OR ($2::text IS NULL AND a.kind = 'management'))
        ORDER BY length(a.ref), a.ref
        """,
        asking.place.reference,
        subject,
    )
    return [fact for row in rows for fact in _action_lines(row)]


def _action_lines(row: Row) -> Facts:
    line = f"{row['what']} ({row['owner_name']}, by {in_words(row['due_on'])}; {row['state']})"
    parts = (
        (f"Action {row['ref']}", f"{line}. {row['reasons']}" if row["reasons"] else line),
        ("Done on", in_words(row["done_on"]) if row["done_on"] else None),
        ("Finding that it answers", row["finding_text"]),
        ("What should improve", row["improvement"]),
    )
    return [[label, value] for label, value in parts if value]


async def _extension_facts(asking: Asking) -> Facts:
    """The dates as they were, are and would be, who asks why and when, how often before, and what is still to do."""
    case, subject = asking.place.case, date.fromisoformat(asking.request.subject or "")
    requests = await asking.place.connection.fetch(
        "SELECT * FROM extension_requests WHERE reference = $1 ORDER BY at", asking.place.reference
    )
    asked = next((r for r in requests if r["granted"] is None and not r["void_at"] and r["new_on"] == subject), None)
    rule = asking.rulebook.extension
    outlook = await outlook_of(asking.place.connection, asking.means, case, asking.request.at)
    return [
        ["Original date", in_words(case["original_review_due"])],
        ["Date as it stands", in_words(case["review_due"])],
        ["Date asked for", in_words(subject)],
        ["Reason", f"{asked['reason_code'].replace('_', ' ')}. {asked['reasons'] or ''}" if asked else "not recorded"],
        *([["Late", "Asked after the date had passed"]] if asked and asked["late"] else []),
        ["Extensions granted so far", str(await _granted_before(asking))],
        ["Longest extension", f"{rule.longest_months.value} months"],
        ["All extensions together", f"{rule.cap_months.value} months after the original date; beyond that only "
         f"the {rule.cap_decider.value.replace('_', ' ')}"],
        ["What remains", "; ".join(in_lines(outlook)) or "nothing"],
    ]  # fmt: skip


async def _granted_before(asking: Asking) -> int:
    """How often more time was granted, asked for on the record or typed by hand alike."""
    number: int = await asking.place.connection.fetchval(
        """
        SELECT count(*) FROM decisions d JOIN gates g USING (gate)
        WHERE g.reference = $1 AND g.question = 'extension' AND d.answer = 'granted' AND d.applied_at IS NOT NULL
        """,
        asking.place.reference,
    )
    return number


async def _escalation_facts(asking: Asking) -> Facts:
    kind, _, number = (asking.request.subject or "").rpartition("-")
    row = await asking.place.connection.fetchrow(
        "SELECT * FROM escalations WHERE reference = $1 AND kind = $2 AND number = $3",
        asking.place.reference,
        kind,
        int(number),
    )
    if row is None:
        return []
    facts = [["Escalation", f"{kind.replace('_', ' ')}, number {number}"], ["About", row["about"] or "the case"]]
    return [*facts, ["Concern", row["concern"] or row["reason"].replace("_", " ")]]


async def _interest_facts(asking: Asking) -> Facts:
    return [["Why a review is proposed", asking.place.case["public_interest"] or "not recorded"]]


# Which answers to other questions lead back to this one, and so must be read before answering again.
_SENT_BACK_BY = {
    "draft": ("countersign:returned", "internal_leaks:revise", "quality:rated", "submit:revise"),
    "redactions": (
        "redaction_decision:again",
        "leaks:redact",
        "release:not_released",
        "release_public:not_released",
    ),
    "staff_impact": ("contingency_plan:not_possible",),
    "management_action": ("confirm_actions:not_confirmed",),
    "action": ("withdraw_action:refused",),
    "resolve": ("resolve:hold",),
}
_FACTS: dict[str, Callable[[Asking], Awaitable[Facts]]] = {
    "management_action": _action_facts,
    "confirm_actions": _action_facts,
    "action": _action_facts,
    "withdraw_action": _action_facts,
    "extension": _extension_facts,
    "acknowledge": _escalation_facts,
    "resolve": _escalation_facts,
    "public_interest": _interest_facts,
    **pages_commission.FACTS,
    **pages_enquiries.FACTS,
    **pages_review.FACTS,
    **pages_staff.FACTS,
    **pages_release.FACTS,
    **pages_victims.FACTS,
}
