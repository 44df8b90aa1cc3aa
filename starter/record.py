"""The record as a person answering meets it: a gate with its link, and the one decision that it takes.

Every function works on one connection; who opens the transaction is said where it matters. Times are UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from starter.connections import Connection
from starter.measures import DECISIONS
from starter.team import Member, Team, team_of
from workflows.contract.messages import CaseClock
from workflows.contract.vocabulary import Channel, GateState, Role
from workflows.policy.authority import same_person
from workflows.policy.clock import case_time
from workflows.policy.due import on_in_london
from workflows.policy.pausing import was_late

LINK_LASTS = timedelta(days=90)
"""How long a link opens after its gate's due date or its latest letter, whichever is later, in case time."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A question as it stands in the record, with the clock of its case."""

    gate: str
    reference: str
    question: str
    subject: str | None
    role: Role
    page: Mapping[str, Any]
    state: GateState
    due_on: date
    due_at: datetime
    original_due_on: date
    opened_at: datetime
    closed_at: datetime | None
    paused_at: datetime | None
    clock: CaseClock
    read_at: datetime
    """When the record gave it, by the record's own clock: that of whoever reads it may be wrong."""

    def now(self) -> datetime:
        """The case's time at the moment in which the gate was read."""
        return case_time(self.clock, self.read_at)

    def page_today(self) -> Mapping[str, Any]:
        """Return the page with the case's date, against which past dates are checked."""
        return {**self.page, "today": on_in_london(self.now()).isoformat()}


@dataclass(frozen=True, slots=True)
class Asked:
    """A person of whom a gate is asked, and through which rung; `link` None: by the command line.

    `team`: who reads the address, where several people do.
    """

    email: str
    name: str
    rung: str
    link: UUID | None = None
    revoked_at: datetime | None = None
    expires_at: datetime | None = None
    team: Team | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided: shown to whoever comes again. `audit`: the number of its row in the audit chain."""

    decision: UUID
    answer: str
    by_email: str | None
    by_rung: str
    received_at: datetime
    late: bool
    is_applied: bool
    audit: int | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """An answer as somebody gives it. `decision` is its id from the first try to the last.

    `person`: who of the team gives it, where the address is shared.
    """

    decision: UUID
    answer: str
    fields: Mapping[str, Any]
    reasons: str | None
    channel: Channel
    person: Member | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an offer: `decided` is what stands, `is_new` whether this very call wrote it.

    `decided` None: the gate is not open any more and was never decided.
    """

    decided: Decided | None
    is_new: bool = False


_GATE = """
    SELECT g.gate, g.reference, g.question, g.subject, g.role, g.page, g.state, g.due_on, g.due_at,
           g.original_due_on, g.opened_at, g.closed_at, g.paused_at, c.clock,
           clock_timestamp() AS read_at
    FROM sfo.gates g JOIN sfo.cases c USING (reference)
"""


async def gate_of_link(connection: Connection, link: UUID) -> tuple[Gate, Asked] | None:
    """Return the gate that a link leads to and the person it belongs to, or None for an unknown link."""
    row = await connection.fetchrow(
        """SELECT l.*, (SELECT max(at) FROM sfo.outbox o WHERE o.link = l.link) AS sent_at
           FROM sfo.links l WHERE link = $1""",
        link,
    )
    gate = await read_gate(connection, row["gate"]) if row else None
    if row is None or gate is None:
        return None
    # A reminder's link must work however long ago the date was, so each letter gives it another period.
    expires_at = max(gate.due_at, row["sent_at"] or gate.opened_at) + LINK_LASTS
    team = team_of(row["team"])
    return gate, Asked(row["email"], row["name"], row["rung"], link, row["revoked_at"], expires_at, team)


async def read_gate(connection: Connection, gate: str) -> Gate | None:
    """Return the gate of this name, or None."""
    row = await connection.fetchrow(f"{_GATE} WHERE g.gate = $1", gate)
    return _gate(row) if row else None


async def asked_person(connection: Connection, gate: str, email: str) -> Asked | None:
    """Return this person as the one who is asked, or as their recorded deputy; None: not asked."""
    row = await connection.fetchrow("SELECT * FROM sfo.gates WHERE gate = $1", gate)
    team = await connection.fetchval(
        "SELECT team FROM sfo.links WHERE gate = $1 AND lower(btrim(email)) = lower(btrim($2))", gate, email
    )
    for rung, who in (("asked", "person"), ("deputy", "deputy")):
        if row and same_person(row[f"{who}_email"], email):
            return Asked(row[f"{who}_email"], row[f"{who}_name"], rung, team=team_of(team))
    return None


async def decided(connection: Connection, gate: str) -> Decided | None:
    """Return the decision that stands for this gate, or None while there is none."""
    row = await connection.fetchrow(
        """
        SELECT d.*, (SELECT min(a.seq) FROM sfo.audit a WHERE a.reference = $2 AND a.subject = d.gate
            AND a.action = 'decision_recorded' AND a.detail ->> 'decision' = d.decision::text) AS audit
        FROM sfo.decisions d WHERE d.gate = $1 AND d.void_at IS NULL
        """,
        gate,
        gate.partition("/")[0],
    )
    return _decided(row) if row else None


async def announced_holidays(connection: Connection) -> frozenset[date]:
    """Return the bank holidays that were announced late."""
    return frozenset(row["holiday"] for row in await connection.fetch("SELECT holiday FROM sfo.bank_holidays"))


async def record_decision(connection: Connection, gate: str, by: Asked, offer: Offer) -> Outcome:
    """Write the decision and its audit row, unless one stands already or the gate is not open any more.

    One transaction of its own. The gate's row is locked, so of two people at the same moment the second reads
    what the first decided. Whether it is in time counts from now by the record's clock, the same for every gateway and
    command, in the case's time; while the gate's clock stands still, from the moment in which it stopped.
    Rule: design.md 3.12.
    """
    async with connection.transaction():
        outcome = await _recorded(connection, gate, by, offer)
    if outcome.is_new:
        DECISIONS.add(1, {"channel": str(offer.channel)})
    return outcome


async def _recorded(connection: Connection, gate: str, by: Asked, offer: Offer) -> Outcome:
    locked = await connection.fetchrow(f"{_GATE} WHERE g.gate = $1 FOR UPDATE OF g", gate)
    standing = await decided(connection, gate)
    if locked is None or standing or locked["state"] != GateState.OPEN:
        return Outcome(standing)
    if by.link and await _is_revoked(connection, by.link):  # reassigned between the page and the click
        return Outcome(None)
    row = await _insert(connection, _gate(locked), by, offer)
    await _audit(connection, locked["reference"], by, row)
    return Outcome(await decided(connection, gate), is_new=True)


async def _is_revoked(connection: Connection, link: UUID) -> bool:
    revoked_at = await connection.fetchval("SELECT revoked_at FROM sfo.links WHERE link = $1", link)
    return revoked_at is not None


async def _insert(connection: Connection, gate: Gate, by: Asked, offer: Offer) -> asyncpg.Record:
    received_at = gate.now()
    row = await connection.fetchrow(
        """
        INSERT INTO sfo.decisions
            (decision, gate, answer, fields, reasons, by_email, by_name, by_rung, channel, received_at, late,
             person_key, person_email, person_name)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING *
        """,
        offer.decision,
        gate.gate,
        offer.answer,
        dict(offer.fields),
        offer.reasons or None,
        by.email,
        by.name,
        by.rung,
        offer.channel,
        received_at,
        was_late(received_at, gate.due_at, gate.paused_at),
        offer.person.key if offer.person else None,
        offer.person.email if offer.person else None,
        offer.person.name if offer.person else None,
    )
    assert row is not None  # noqa: S101  # RETURNING without ON CONFLICT always returns
    return row


async def _audit(connection: Connection, reference: str, by: Asked, row: asyncpg.Record) -> None:
    detail = {
        "decision": str(row["decision"]),
        "answer": row["answer"],
        "channel": row["channel"],
        "rung": row["by_rung"],
        "late": row["late"],
    }
    if row["person_name"]:  # who of a team: the name stays in the decision
        detail["person"] = row["person_key"] or "not_listed"
    await append_audit(connection, row["received_at"], reference, by.email, "decision_recorded", row["gate"], detail)


async def append_audit(
    connection: Connection,
    at: datetime,
    reference: str | None,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
) -> None:
    """Add a row to the audit chain. Last in a transaction, because it orders every writer until the commit."""
    await connection.execute(
        "SELECT sfo.audit_append($1, $2, $3, $4, $5, $6)", at, reference, actor, action, subject, dict(detail)
    )


def _gate(row: asyncpg.Record) -> Gate:
    values = dict(row)
    values |= {"role": Role(row["role"]), "state": GateState(row["state"])}
    return Gate(**values | {"clock": CaseClock.model_validate(row["clock"])})


def _decided(row: asyncpg.Record) -> Decided:
    return Decided(
        decision=row["decision"],
        answer=row["answer"],
        by_email=row["by_email"],
        by_rung=row["by_rung"],
        received_at=row["received_at"],
        late=row["late"],
        is_applied=row["applied_at"] is not None,
        audit=row["audit"],
    )
