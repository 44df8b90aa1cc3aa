"""What a decider is told about the case and the matter: label and value, names allowed, since a page is record."""

from collections.abc import Awaitable, Callable
from datetime import date

from activities import pages_commission, pages_review, pages_staff
from activities.asked import Asking, Facts, in_words
from activities.record import Row
from workflows.contract.questions import QUESTIONS

_PERSON_SHOWN = {
    "tell_family", "offer", "handover", "acknowledge", "resolve", "notification", "rosh", "offence_class",
    "public_interest", "reduced_charge", "early_look", "commission", "enquiry_foi", "enquiry_other",
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
        SELECT g.question, d.reasons FROM decisions d JOIN gates g USING (gate)
        WHERE g.reference = $1 AND g.question || ':' || d.answer = ANY($2) AND d.applied_at IS NOT NULL
            AND d.reasons IS NOT NULL AND (g.question <> 'withdraw_action' OR g.subject = $3)
        ORDER BY d.applied_at DESC, d.recorded_at DESC LIMIT 3
        """,
        asking.place.reference,
        list(_SENT_BACK_BY.get(asking.question.key, ())),
        asking.request.subject,
    )
    return [[f"Reasons given: {QUESTIONS[r['question']].title.lower()}", r["reasons"]] for r in rows]


async def _person_fact(asking: Asking) -> Facts:
    """The member of staff whom the question is about, but never to themselves."""
    row = await asking.place.connection.fetchrow(
        "SELECT name, role FROM staff WHERE reference = $1 AND ref = $2", asking.place.reference, asking.request.subject
    )
    return [["Member of staff", f"{row['name']}, {row['role'].replace('_', ' ')}"]] if row else []


async def _victim_fact(asking: Asking) -> Facts:
    row = await asking.place.connection.fetchrow(
        "SELECT * FROM victims WHERE reference = $1 AND ref = $2", asking.place.reference, asking.request.subject
    )
    return [["Victim or family", row["name"]], ["Told on", in_words(row["told_on"])]] if row else []


async def _action_facts(asking: Asking) -> Facts:
    """One action, or every management action, with what its owner wrote."""
    subject = asking.request.subject
    rows = await asking.place.connection.fetch(
        """
        SELECT a.*, d.reasons FROM actions a LEFT JOIN decisions d ON d.decision = a.decision
        WHERE a.reference = $1 AND (a.ref = $2 OR ($2::text IS NULL AND a.kind = 'management'))
        ORDER BY length(a.ref), a.ref
        """,
        asking.place.reference,
        subject,
    )
    return [[f"Action {r['ref']}", _action_line(r)] for r in rows]


def _action_line(row: Row) -> str:
    line = f"{row['what']} ({row['owner_name']}, by {in_words(row['due_on'])}; {row['state']})"
    return f"{line}. {row['reasons']}" if row["reasons"] else line


async def _comment_facts(asking: Asking) -> Facts:
    rows = await asking.place.connection.fetch(
        "SELECT * FROM factual_comments WHERE reference = $1 AND version = $2", asking.place.reference, asking.number
    )
    return [["Comments on factual accuracy", r["comments"] or "The opportunity was given; no comment"] for r in rows]


async def _extension_facts(asking: Asking) -> Facts:
    case, reference = asking.place.case, asking.place.reference
    count = await asking.place.connection.fetchval(
        "SELECT count(*) FROM extension_requests WHERE reference = $1 AND granted", reference
    )
    row = await asking.place.connection.fetchrow(
        "SELECT * FROM extension_requests WHERE reference = $1 AND granted IS NULL ORDER BY at DESC LIMIT 1", reference
    )
    wanted = row["new_on"] if row else date.fromisoformat(asking.request.subject or "")
    why = f"{row['reason_code'].replace('_', ' ')}. {row['reasons'] or ''}".strip() if row else "not recorded"
    return [
        ["Original date", in_words(case["original_review_due"])],
        ["Date as it stands", in_words(case["review_due"])],
        ["Date asked for", in_words(wanted)],
        ["Reason", why],
        ["Extensions granted so far", str(count)],
    ]


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


async def _enquiry_facts(asking: Asking) -> Facts:
    row = await asking.place.connection.fetchrow(
        "SELECT * FROM enquiries WHERE reference = $1 AND number = $2", asking.place.reference, asking.number
    )
    if row is None:
        return []
    kind = row["kind"].replace("_", " ")
    return [["Kind", kind], ["Received", in_words(row["received_on"])], ["Asked", row["asked"] or "not recorded"]]


async def _interest_facts(asking: Asking) -> Facts:
    return [["Why a review is proposed", asking.place.case["public_interest"] or "not recorded"]]


# Which answers to other questions lead back to this one, and so must be read before answering again.
_SENT_BACK_BY = {
    "draft": ("countersign:returned", "quality:rated", "submit:revise"),
    "redactions": ("redaction_decision:again", "release:not_released"),
    "management_action": ("confirm_actions:not_confirmed",),
    "action": ("withdraw_action:refused",),
    "resolve": ("resolve:hold",),
}
_FACTS: dict[str, Callable[[Asking], Awaitable[Facts]]] = {
    "interview": _person_fact,
    "staff_impact": _person_fact,
    "tell_family": _victim_fact,
    "offer": _victim_fact,
    "handover": _victim_fact,
    "management_action": _action_facts,
    "confirm_actions": _action_facts,
    "action": _action_facts,
    "withdraw_action": _action_facts,
    "submit": _comment_facts,
    "countersign": _comment_facts,
    "extension": _extension_facts,
    "acknowledge": _escalation_facts,
    "resolve": _escalation_facts,
    "enquiry_foi": _enquiry_facts,
    "enquiry_other": _enquiry_facts,
    "public_interest": _interest_facts,
    **pages_commission.FACTS,
    **pages_review.FACTS,
    **pages_staff.FACTS,
}
