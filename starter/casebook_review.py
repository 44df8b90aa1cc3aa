"""The review inside the read model: its clock and outlook, its rounds, more time, pauses, interviews. No names."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import asyncpg

from starter.judging import Pinned
from workflows.asking.display import clock_state
from workflows.contract.vocabulary import CourtEventKind
from workflows.policy.court import ends_the_review
from workflows.policy.due import due_moment, on_in_london
from workflows.policy.forecast import Outlook, forecast, standing_of

View = dict[str, Any]
Row = asyncpg.Record
Parts = Mapping[str, list[Row]]

# By the name under which they stand in a case; each gives rows with the reference of the case that they belong to.
PARTS = {
    "standing": "SELECT * FROM sfo.standings WHERE reference = ANY($1)",
    "holidays": """
        SELECT c.reference, h.holiday FROM sfo.bank_holidays h CROSS JOIN sfo.cases c WHERE c.reference = ANY($1)""",
    "extensions": "SELECT * FROM sfo.extension_requests WHERE reference = ANY($1) ORDER BY at, request",
    "pauses": "SELECT * FROM sfo.pauses WHERE reference = ANY($1) ORDER BY number",
    "rounds": "SELECT * FROM sfo.rounds WHERE reference = ANY($1) ORDER BY submitted_at",
    "interviews": """
        SELECT d.reference, d.subject AS ref, d.state AS duty, t.state AS told, t.at AS told_at, i.invited_at, i.reply,
            i.held_on, d.at
        FROM sfo.duties d
        LEFT JOIN sfo.duties t ON t.reference = d.reference AND t.subject = d.subject AND t.kind = 'told'
        LEFT JOIN sfo.interviews i ON i.reference = d.reference AND i.ref = d.subject
        WHERE d.kind = 'interviewed' AND d.reference = ANY($1) ORDER BY length(d.subject), d.subject""",
    "related": """
        SELECT reference, other, kind FROM sfo.relations WHERE reference = ANY($1)
        UNION ALL SELECT other, reference, kind FROM sfo.relations WHERE other = ANY($1) ORDER BY 1, 2""",
    "appointments": """
        SELECT reference, role, organisation FROM sfo.appointments WHERE reference = ANY($1) ORDER BY role""",
}


def outlook_of(case: Row, parts: Parts, now: datetime, pinned: Pinned | None) -> Outlook | None:
    """How the review stands towards its date at this moment; while its clock stands still, as it stood then.

    None without a date, once the case is closed, and where the rules were not given or lack the case's version.
    """
    rulebook = pinned.rulebooks.get(case["rulebook"] or "") if pinned else None
    if pinned is None or rulebook is None or case["review_due"] is None or case["closed_on"] is not None:
        return None
    holidays = pinned.holidays | {row["holiday"] for row in parts["holidays"]}
    today = on_in_london(case["paused_at"] or now)
    row = parts["standing"][0]
    standing = standing_of(dict(row), on_in_london(row["facts_paused_at"] or now), holidays)
    return forecast(standing, rulebook, today=today, due_on=case["review_due"], holidays=holidays)


def review_is_owed(case: Row, parts: Parts) -> bool:
    """Whether the case has a review with a date whose text is still to be submitted."""
    court = [CourtEventKind(row["kind"]) for row in parts["court"] if row["applied_at"]]
    if case["review_due"] is None or case["accepted_version"] is not None or ends_the_review(court):
        return False
    return not parts["standing"][0]["is_submitted"]


def review_is_late(case: Row, parts: Parts, now: datetime) -> bool:
    """Whether the text of a review is owed after its date, or was when more time was granted; none once submitted.

    Read from the dates themselves, so it shows while no worker runs. Rule: design.md 3.4 and 3.12.
    """
    if not review_is_owed(case, parts):
        return False
    return case["review_overdue"] or min(now, case["paused_at"] or now) > due_moment(case["review_due"])


def review_view(case: Row, parts: Parts, outlook: Outlook | None, *, overdue: bool) -> View:
    """The fields about the review. `clock` is none once the case is closed; `overdue` says whether anything is late."""
    at_risk = outlook.at_risk if outlook else case["at_risk"]
    clock = clock_state(paused=case["paused_at"] is not None, overdue=overdue, at_risk=at_risk)
    return {
        "clock": None if case["closed_on"] else str(clock),
        "forecast": _forecast(outlook),
        "extensions": [_extension(row) for row in parts["extensions"]],
        "pauses": [_pause(row) for row in parts["pauses"]],
        "rounds": [_round(row) for row in parts["rounds"]],
        "interviews": [_interview(row) for row in parts["interviews"]],
        "related": [{"reference": row["other"], "kind": row["kind"]} for row in parts["related"]],
        "appointments": [{"role": row["role"], "organisation": row["organisation"]} for row in parts["appointments"]],
    }


def _forecast(outlook: Outlook | None) -> View | None:
    """Working days left and needed, whether that is a risk, and what remains, as codes."""
    if outlook is None:
        return None
    return {
        "days_left": outlook.days_left,
        "days_needed": outlook.days_needed,
        "at_risk": outlook.at_risk,
        "remaining": list(outlook.remaining),
    }


def _extension(row: Row) -> View:
    """`new_on` is the date asked for, `granted_on` the date that was granted; granted None: not decided yet."""
    return {
        "asked_on": _day(row["at"]),
        "new_on": row["new_on"].isoformat(),
        "granted": row["granted"],
        "granted_on": row["granted_on"].isoformat() if row["granted_on"] else None,
        "late": row["late"],
        "void": row["void_at"] is not None,
    }


def _pause(row: Row) -> View:
    return {
        "number": row["number"],
        "reason": row["reason_code"],
        "paused_on": _day(row["paused_at"]),
        "days_left": row["days_left"],
        "resumed_on": _day(row["resumed_at"]),
        "new_due": row["new_due"].isoformat() if row["new_due"] else None,
    }


def _round(row: Row) -> View:
    """`days` are the calendar days from its beginning until it was returned or accepted; none while it goes on."""
    ended_at = row["ended_at"]
    days = (on_in_london(ended_at) - on_in_london(row["started_at"])).days if ended_at else None
    return {
        "round": row["round"],
        "version": row["version"],
        "submitted_on": _day(row["submitted_at"]),
        "returned_on": _day(ended_at) if row["is_returned"] else None,
        "by": row["ended_by_role"] if row["is_returned"] else None,
        "days": days,
    }


def _interview(row: Row) -> View:
    """How far it has come, and since when: told, invited, accepted, held, or not_possible; owed before all that."""
    steps = (
        ("held", row["duty"] == "met", row["held_on"] or row["at"]),
        ("not_possible", row["duty"] == "closed", row["at"]),
        ("accepted", row["reply"] in ("accepted", "accompanied", "lapsed"), row["invited_at"]),
        ("invited", row["invited_at"] is not None, row["invited_at"]),
        ("told", row["told"] == "met", row["told_at"]),
    )
    state, on = next(((state, on) for state, is_so, on in steps if is_so), ("owed", None))
    return {"ref": row["ref"], "state": state, "on": _day(on)}


def _day(moment: datetime | date | None) -> str | None:
    """The date in London of a moment, or the date itself, in ISO."""
    if isinstance(moment, datetime):
        moment = on_in_london(moment)
    return moment.isoformat() if moment else None
