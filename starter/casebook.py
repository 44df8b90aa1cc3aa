"""The read model behind `sfo case` and `sfo cases --json`: one object per case, as design.md 5 names its fields.

Overdue is computed from each gate's moment and the case's clock as well as read, so it shows while no worker runs.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import asyncpg

from starter.casebook_review import PARTS as OF_THE_REVIEW
from starter.casebook_review import View, outlook_of, review_is_late, review_view
from starter.connections import Connection
from starter.judging import Pinned
from workflows.contract import ids
from workflows.contract.messages import CaseClock
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import EscalationKind
from workflows.policy.clock import case_time
from workflows.policy.due import on_in_london


@dataclass(frozen=True, slots=True)
class Known:
    """One case as it was read: what `sfo case` prints, and the rows of the record that it was made from, by kind."""

    view: View
    case: asyncpg.Record
    rows: Mapping[str, list[asyncpg.Record]]
    now: datetime


async def view_cases(
    connection: Connection, references: Sequence[str] | None, pinned: Pinned | None = None
) -> list[View]:
    """Return these cases, or all, as plain objects, by reference. Names of people are not in them.

    Without the rules that cases are pinned to, `forecast` is none and `clock` says what the record last held.
    """
    return [one.view for one in await known_cases(connection, references, pinned)]


async def known_cases(
    connection: Connection, references: Sequence[str] | None, pinned: Pinned | None = None
) -> list[Known]:
    """Return these cases, or all, by reference, with the rows that they were read from.

    The rows may hold names and free text.
    """
    rows = await connection.fetch(
        "SELECT * FROM sfo.cases WHERE $1::text[] IS NULL OR reference = ANY($1) ORDER BY reference", references
    )
    parts = await parts_of(connection, [row["reference"] for row in rows], _PARTS)
    return [_known(row, {kind: found[row["reference"]] for kind, found in parts.items()}, pinned) for row in rows]


def _known(row: asyncpg.Record, rows: Mapping[str, list[asyncpg.Record]], pinned: Pinned | None) -> Known:
    now = case_time(CaseClock.model_validate(row["clock"]), datetime.now(UTC))
    return Known(_view(row, rows, now, pinned), row, rows, now)


_PARTS = {
    "gates": """
        SELECT g.*, d.received_at AS answered_at FROM sfo.gates g
        LEFT JOIN sfo.decisions d ON d.gate = g.gate AND d.void_at IS NULL
        WHERE g.state = 'open' AND g.reference = ANY($1) ORDER BY g.due_at, g.gate""",
    "escalations": "SELECT * FROM sfo.escalations WHERE reference = ANY($1) ORDER BY raised_at, kind, number",
    "enquiries": "SELECT * FROM sfo.enquiries WHERE reference = ANY($1) ORDER BY number",
    "court": "SELECT * FROM sfo.court_events WHERE reference = ANY($1) ORDER BY on_date, event",
    "duties": "SELECT * FROM sfo.duties WHERE reference = ANY($1) ORDER BY kind, subject",
    "actions": "SELECT * FROM sfo.actions WHERE reference = ANY($1) ORDER BY length(ref), ref",
    "legs": """
        SELECT v.*, (SELECT max(r.rendition) FROM sfo.releases r
            WHERE r.reference = v.reference AND r.kind = 'victim_rendition' AND r.reader = v.ref) AS rendition
        FROM sfo.victims v WHERE v.reference = ANY($1) ORDER BY length(v.ref), v.ref""",
    "returned": """
        SELECT o.reference, o.gate, r.kind, r.at, g.role, g.question,
            lower(o.to_email) = lower(g.deputy_email) AS deputy
        FROM sfo.returned_mail r JOIN sfo.outbox o USING (letter_id) LEFT JOIN sfo.gates g USING (gate)
        WHERE o.reference = ANY($1) ORDER BY r.at, r.recorded_at""",
    "offences": "SELECT * FROM sfo.offences WHERE reference = ANY($1) ORDER BY round, number",
    **OF_THE_REVIEW,
}


async def parts_of(
    connection: Connection, references: list[str], kinds: Iterable[str]
) -> dict[str, defaultdict[str, list[asyncpg.Record]]]:
    """Fetch what belongs to the cases, one statement per kind however many cases there are."""
    parts: dict[str, defaultdict[str, list[asyncpg.Record]]] = {}
    for kind in kinds:
        parts[kind] = defaultdict(list)
        for row in await connection.fetch(_PARTS[kind], references):
            parts[kind][row["reference"]].append(row)
    return parts


def _view(row: asyncpg.Record, parts: Mapping[str, list[asyncpg.Record]], now: datetime, pinned: Pinned | None) -> View:
    gates = [_gate(gate, now) for gate in parts["gates"]]
    outlook = outlook_of(row, parts, now, pinned)
    is_late = review_is_late(row, parts, now)
    overdue = row["closed_on"] is None and (is_late or any(gate["overdue"] for gate in gates))
    return {
        "reference": row["reference"],
        "stage": row["stage"],
        "ground": row["ground"],
        "ground_reason": row["ground_reason"],
        "region": row["region"],
        "pdu": row["pdu"],
        "workflow": ids.case_id(row["reference"]),
        "charged_on": _iso(row["charged_on"]),
        "appeared_on": _iso(row["appeared_on"]),
        "notified_on": _iso(row["notified_on"]),
        "opened_on": _iso(row["opened_on"]),
        "review_due": _iso(row["review_due"]),
        "original_review_due": _iso(row["original_review_due"]),
        "overdue": overdue,
        **review_view(row, parts, outlook, overdue=overdue),
        "accepted_version": row["accepted_version"],
        "rulebook": row["rulebook"],
        "open_gates": gates,
        "returned_letters": [_returned(letter) for letter in parts["returned"] if _is_told(letter)],
        "escalations": [_escalation(escalation) for escalation in parts["escalations"]],
        "enquiries": [_pick(e, "number", "kind", "state", "received_on") for e in parts["enquiries"]],
        "court_events": [_pick(e, "event", "kind", "on_date") for e in parts["court"]],
        "offences": [_pick(o, "round", "code", "offence_on") for o in parts["offences"]],
        "actions": [_pick(a, "ref", "kind", "due_on", "state") for a in parts["actions"]],
        "legs": [{"victim": leg["ref"], **_pick(leg, *_OF_A_LEG)} for leg in parts["legs"]],
        "duties_owed": [f"{duty['kind']}:{duty['subject']}" for duty in parts["duties"] if duty["state"] == "owed"],
        "case_time": now.isoformat(timespec="seconds"),
        "closed_on": _iso(row["closed_on"]),
        "outcome": row["outcome"],
        "erased_on": _on(row["erased_at"]) if row["erased_at"] else None,
    }


_OF_A_LEG = ("referred_on", "told_on", "answer", "language", "given_on", "rendition", "closed_because")


def _gate(row: asyncpg.Record, now: datetime) -> View:
    """One open question. While its clock stands still it is overdue only if it was late when the clock stopped."""
    moment = row["paused_at"] or now
    return {
        "gate": row["gate"],
        "question": QUESTIONS[row["question"]].title if row["question"] in QUESTIONS else row["question"],
        "role": row["role"],
        "due": _iso(row["due_on"]),
        "original_due": _iso(row["original_due_on"]),
        "round": row["round"],
        "rung": row["rung"],
        "overdue": row["overdue"] or (row["answered_at"] is None and moment > row["due_at"]),
        "paused": row["paused_at"] is not None,
        "answered": row["answered_at"] is not None,
    }


def _is_told(letter: asyncpg.Record) -> bool:
    """Whether it may be said of a letter that it came back: that a member of staff is away is theirs to tell."""
    question = QUESTIONS.get(letter["question"] or "")
    return letter["kind"] == "failed" or (letter["kind"] == "away" and question is not None and bool(question.role))


def _returned(letter: asyncpg.Record) -> View:
    """A letter that came back, to whom by role, and why: `failed` or `away`. Without a question it only informed."""
    return {**_pick(letter, "gate", "role", "kind"), "deputy": bool(letter["deputy"]), "on": _on(letter["at"])}


def _escalation(row: asyncpg.Record) -> View:
    workflow_id = ids.escalation_id(row["reference"], EscalationKind(row["kind"]), row["number"])
    return {"id": workflow_id, **_pick(row, "kind", "number", "state", "reason", "about", "outcome")}


def _pick(row: asyncpg.Record, *columns: str) -> View:
    return {column: _iso(row[column]) for column in columns}


def _on(at: datetime) -> str:
    return on_in_london(at).isoformat()


def _iso(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
