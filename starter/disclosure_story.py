"""The disclosure of a case as plain data: each leg, the release, the impact on staff, the register, the audit trail.

People are numbers and roles; names only where they are asked for. Reads one moment and writes nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from starter.audit import verify
from starter.audit_story import seen_of
from starter.connections import Connection
from starter.disclosure_answers import Row, title_of
from starter.disclosure_sentences import is_about_disclosure, sentence
from starter.register import View, readers
from starter.rendition_files import SHUT, VICTIM, released_last, shut_for_victims
from workflows.contract.directory import Directory
from workflows.contract.messages import CaseClock
from workflows.contract.rendition import Audience
from workflows.policy.clock import case_time
from workflows.policy.duties import AFFECTED

_OF_THE_RELEASE = ("redactions", "redaction_decision", "leaks", "staff_impact", "contingency_plan", "release")


async def disclosure_of(
    connection: Connection, reference: str, directory: Directory | None = None, *, with_names: bool = False
) -> View | None:
    """The story as plain objects, dates in ISO; none: no such case.

    `held`: codes of what stands against giving anything now, none once nothing does.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        case = await connection.fetchrow("SELECT * FROM sfo.cases WHERE reference = $1", reference)
        if case is None:
            return None
        now = case_time(CaseClock.model_validate(case["clock"]), datetime.now(UTC))
        gates = await connection.fetch(_GATES, reference)
        open_gates = [_awaited(gate, now) for gate in gates if gate["state"] == "open"]
        shut, released = await shut_for_victims(connection, reference), await released_last(connection, reference)
        rows = await connection.fetch(_LEGS, reference)
        story: View = {
            "reference": reference,
            "as_of": now.isoformat(timespec="seconds"),
            "closed_on": _iso(case["closed_on"]),
            "reopened_on": _iso(case["reopened_on"]),
            "accepted_version": case["accepted_version"],
            "held": shut,
            "held_because": SHUT[shut] if shut else None,
            "legs": [_leg(row, released, open_gates, with_names=with_names) for row in rows],
            "release": await _release(connection, case, released, gates, open_gates),
            "impacts": await _impacts(connection, reference),
            "readers": [_unnamed(view, with_names) for view in await readers(connection, reference) or ()],
            "trail": await _trail(connection, reference, gates, directory),
        }
    problems = await verify(connection)  # in a transaction of its own, since it may read the chain of years
    return {**story, "chain": {"verified": not problems, "problems": problems}}


def _iso(value: date | datetime | None) -> str | None:
    return value.isoformat() if value else None


# --- the legs ----------------------------------------------------------------------------------------

_LEGS = """
    SELECT v.*, (SELECT max(r.rendition) FROM sfo.releases r
        WHERE r.reference = v.reference AND r.kind = 'victim_rendition' AND r.reader = v.ref) AS given
    FROM sfo.victims v WHERE v.reference = $1 ORDER BY length(v.ref), v.ref
"""
_GATES = """
    SELECT g.gate, g.question, g.subject, g.stage, g.role, g.state, g.due_on, g.due_at, g.overdue, g.paused_at,
        g.person_email, g.deputy_email, d.answer, d.received_at, d.by_email, d.by_rung, d.applied_at
    FROM sfo.gates g LEFT JOIN sfo.decisions d ON d.gate = g.gate AND d.void_at IS NULL
    WHERE g.reference = $1 ORDER BY g.opened_at, g.gate
"""
_SHOWN = (
    "referred_on",
    "told_on",
    "answered_on",
    "ask_again_on",
    "language_arranged_on",
    "given_on",
    "stopped_told_on",
)


def _leg(row: Row, released: int | None, awaited: Iterable[View], *, with_names: bool) -> View:
    """One victim or family: dates, what they want, what is awaited of whom; `state` is one word for where it is."""
    names = {"name": row["name"], "officer": row["officer_name"], "adult": row["adult"]} if with_names else {}
    return {
        "victim": row["ref"],
        **names,
        "state": _state(row, released),
        **{column: _iso(row[column]) for column in _SHOWN},
        "is_child": row["is_child"],
        "answer": row["answer"],
        "wish": row["wish"],
        "language": row["language"],
        "language_arranged": row["language_arranged"],
        "rendition": row["given"],
        "closed_because": row["closed_because"],
        "awaited": [one for one in awaited if one["subject"] == row["ref"]],
    }


def _state(row: Row, released: int | None) -> str:
    if row["closed_because"]:
        return "closed"
    if row["given"] is not None and row["given"] >= (released or 0):
        return "given"
    if row["answer"] == "accepted":
        return "wanted"
    if row["answer"] is not None:
        return str(row["answer"])
    return "told" if row["told_on"] else "referred" if row["referred_on"] else "not_referred"


def _awaited(gate: Row, now: datetime) -> View:
    """An open question: of which role, until when; while its clock stands still it is late only if it was."""
    moment = gate["paused_at"] or now
    return {
        "question": gate["question"],
        "title": title_of(gate),
        "subject": gate["subject"],
        "role": gate["role"],
        "due": _iso(gate["due_on"]),
        "overdue": gate["overdue"] or (gate["received_at"] is None and moment > gate["due_at"]),
        "answered": gate["received_at"] is not None,
    }


# --- the release -------------------------------------------------------------------------------------


async def _release(
    connection: Connection, case: Row, released: int | None, gates: Iterable[Row], awaited: Iterable[View]
) -> View:
    """The version for victims that was made last, what was removed from it, and who decided that it may leave."""
    document = await connection.fetchrow(
        """SELECT version, sha256, content, at FROM sfo.documents WHERE reference = $1 AND kind = $2
           ORDER BY version DESC LIMIT 1""",
        case["reference"],
        VICTIM,
    )
    content: Mapping[str, Any] = document["content"] if document else {}
    made_from = content.get("review_version") or case["accepted_version"]
    return {
        "version": document["version"] if document else None,
        "made_from": made_from if document else None,
        "made_at": _iso(document["at"]) if document else None,
        "sha256": document["sha256"] if document else None,
        "share_removed": content.get("share"),
        "removed": content.get("removed", []),
        "redactions": await _redactions(connection, case["reference"], made_from),
        "released": released,
        "decided": [_decided(gate) for gate in gates if gate["question"] == "release" and gate["applied_at"]],
        "awaited": [one for one in awaited if one["question"] in _OF_THE_RELEASE],
    }


async def _redactions(connection: Connection, reference: str, version: int | None) -> View:
    """How many were proposed for this version of the review, and what became of them, also by ground."""
    rows = await connection.fetch(
        """SELECT ground, accepted FROM sfo.redactions
           WHERE reference = $1 AND version = $2 AND audience = $3 AND withdrawn_at IS NULL""",
        reference,
        version,
        str(Audience.VICTIM),
    )
    decided = Counter({True: "accepted", False: "refused"}.get(row["accepted"], "undecided") for row in rows)
    return {
        "proposed": len(rows),
        **{state: decided[state] for state in ("accepted", "refused", "undecided")},
        "by_ground": dict(sorted(Counter(row["ground"] for row in rows if row["accepted"]).items())),
    }


def _decided(gate: Row) -> View:
    return {
        "rendition": gate["subject"],
        "answer": gate["answer"],
        "role": gate["role"],
        "rung": gate["by_rung"],
        "at": _iso(gate["received_at"]),
    }


async def _impacts(connection: Connection, reference: str) -> View:
    """How the impact on staff was assessed last: how many of each, how many plans are in place, who is missing."""
    staff = await connection.fetch(
        "SELECT ref FROM sfo.staff WHERE reference = $1 AND role = ANY($2) ORDER BY length(ref), ref",
        reference,
        [str(one) for one in AFFECTED],
    )
    rows = await connection.fetch(
        "SELECT DISTINCT ON (ref) * FROM sfo.impacts WHERE reference = $1 ORDER BY ref, number DESC", reference
    )
    counted = Counter(row["impact"] for row in rows)
    return {
        "affected": len(staff),
        **{impact: counted[impact] for impact in ("manageable", "contingency", "exceptional")},
        "plans_confirmed": sum(1 for row in rows if row["impact"] == "contingency" and row["confirmed_on"]),
        "not_assessed": [one["ref"] for one in staff if one["ref"] not in {row["ref"] for row in rows}],
    }


def _unnamed(view: View, with_names: bool) -> View:
    return view if with_names or view["kind"] != "review" else {**view, "received_by": None}


# --- the trail ---------------------------------------------------------------------------------------


async def _trail(
    connection: Connection, reference: str, gates: Iterable[Row], directory: Directory | None
) -> list[View]:
    """Every row of the chain about this disclosure, in its order, each as a sentence with its number."""
    rows = await connection.fetch("SELECT * FROM sfo.audit WHERE reference = $1 ORDER BY seq", reference)
    seen = await seen_of(connection, reference, gates, directory)
    return [
        {"seq": row["seq"], "at": row["at"].isoformat(), "action": row["action"], "sentence": sentence(row, seen)}
        for row in rows
        if is_about_disclosure(row, seen)
    ]
