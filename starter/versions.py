"""The versions of a review on the record, and the rounds that they went through."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

import asyncpg

from starter.connections import Connection
from starter.record import Decided, Gate, decided, read_gate
from starter.views import by_whom
from workflows.contract.messages import CaseClock
from workflows.contract.vocabulary import GateState
from workflows.policy.clock import case_time
from workflows.policy.document import differences
from workflows.policy.due import on_in_london

View = dict[str, Any]

_VERSION = re.compile(r"[vi]?([1-9][0-9]*)")  # v2 is a version of the review, i2 its internal version
_STEPS = ("facts", "answer_comments", "submit", "countersign", "internal_leaks", "quality")
_SENT_BACK = ("revise", "returned")


async def latest(connection: Connection, reference: str) -> tuple[int, dict[str, Any]]:
    """Return the newest version of a review and its number; 0 and nothing while there is none."""
    row = await connection.fetchrow(
        """
        SELECT version, content FROM sfo.documents WHERE reference = $1 AND kind = 'review'
        ORDER BY version DESC LIMIT 1
        """,
        reference,
    )
    return (row["version"], row["content"]) if row else (0, {})


async def version_of(connection: Connection, reference: str, version: int) -> dict[str, Any] | None:
    """Return this version of a review, or None."""
    content: dict[str, Any] | None = await connection.fetchval(
        "SELECT content FROM sfo.documents WHERE reference = $1 AND kind = 'review' AND version = $2",
        reference,
        version,
    )
    return content


async def rounds_of(connection: Connection, reference: str) -> list[View] | None:
    """Return what each version of a review went through, in order; None: there is no such case.

    `days` are calendar days from asking for the draft to the end of the round, or to today while it goes on.
    `changes` are against the version before; a version that nobody sent back was `replaced` by the next.
    """
    case = await connection.fetchrow("SELECT clock, accepted_version FROM sfo.cases WHERE reference = $1", reference)
    if case is None:
        return None
    today = on_in_london(case_time(CaseClock.model_validate(case["clock"]), datetime.now(UTC)))
    versions = await connection.fetch(_VERSIONS, reference)
    steps = await _steps(connection, reference)
    found: list[View] = []
    before: dict[str, Any] | None = None
    for row in versions:
        own = [step for step in steps if step["version"] == row["version"]]
        view = _round(row, own, is_accepted=case["accepted_version"] == row["version"], today=today)
        if row["version"] != versions[-1]["version"] and view["outcome"] == "under way":
            view["outcome"] = "replaced"
        changes = [asdict(change) for change in differences(before, row["content"])] if before is not None else []
        found.append(view | {"changes": changes})
        before = row["content"]
    return found


_VERSIONS = """
    SELECT o.version, o.content, o.at, coalesce(g.opened_at, o.at) AS asked_at FROM sfo.documents o
    LEFT JOIN sfo.decisions d USING (decision) LEFT JOIN sfo.gates g ON g.gate = d.gate
    WHERE o.reference = $1 AND o.kind = 'review' ORDER BY o.version
"""


async def _steps(connection: Connection, reference: str) -> list[View]:
    """Return every question about a version, in the order in which they were asked."""
    rows = await connection.fetch(
        """
        SELECT g.gate, r.composite FROM sfo.gates g
        LEFT JOIN sfo.ratings r ON r.reference = g.reference AND r.round = g.round AND g.question = 'quality'
        WHERE g.reference = $1 AND g.question = ANY($2) AND g.state <> 'withdrawn'
        ORDER BY g.opened_at, g.recorded_at, g.gate
        """,
        reference,
        list(_STEPS),
    )
    steps = []
    for row in rows:
        gate = await read_gate(connection, row["gate"])
        about = _VERSION.fullmatch((gate.subject if gate else None) or "")
        if gate and about:
            step = _step(gate, await decided(connection, gate.gate), row["composite"])
            steps.append({"version": int(about[1]), **step})
    return steps


def _step(gate: Gate, standing: Decided | None, composite: str | None) -> View:
    lapsed_at = gate.closed_at if gate.state is GateState.LAPSED else None
    at = standing.received_at if standing else lapsed_at
    return {
        "question": gate.question,
        "answer": standing.answer if standing else ("no_answer" if lapsed_at else None),
        "by": by_whom(gate, standing) if standing else None,
        "asked_on": on_in_london(gate.opened_at).isoformat(),
        "on": on_in_london(at).isoformat() if at else None,
        "late": standing.late if standing else False,
        "composite": composite,
    }


def _round(row: asyncpg.Record, steps: Sequence[View], *, is_accepted: bool, today: date) -> View:
    submitted = [step["on"] for step in steps if step["answer"] == "submitted"]
    last = _end(steps)
    started_on = on_in_london(row["asked_at"])
    ended_on = date.fromisoformat(last["on"]) if last else None
    outcome = "under way" if last is None else "accepted" if is_accepted else "sent back"
    return {
        "version": row["version"],
        "started_on": started_on.isoformat(),
        "drafted_on": on_in_london(row["at"]).isoformat(),
        "submitted_on": submitted[-1] if submitted else None,
        "outcome": outcome,
        "by": last["by"] if last else None,
        "ended_on": ended_on.isoformat() if ended_on else None,
        "days": ((ended_on or today) - started_on).days,
        "composite": next((step["composite"] for step in reversed(steps) if step["composite"]), None),
        "steps": [{name: value for name, value in step.items() if name != "version"} for step in steps],
    }


def _end(steps: Sequence[View]) -> View | None:
    """Return the step that ended a round: the rating, or whatever sent the version back."""
    for step in reversed(steps):
        if step["answer"] in _SENT_BACK or (step["question"] == "quality" and step["composite"]):
            return step
    return None
