"""What the record expects Temporal to run, and what it holds to be over."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from starter.connections import Connection
from workflows.contract import ids
from workflows.contract.vocabulary import EscalationKind


@dataclass(frozen=True, slots=True)
class Expected:
    """By workflow id: the open cases of which Temporal was told, and whatever asks or waits for an answer.

    `starting`: open cases of which it was not told yet; the relay sees to them. `closed`: by reference.
    `beside`: every escalation and enquiry that is open, also one of which Temporal was not told yet.
    """

    cases: frozenset[str]
    starting: frozenset[str]
    closed: frozenset[str]
    work: frozenset[str]
    beside: frozenset[str]

    def knows(self, reference: str) -> bool:
        """Whether the record holds this case."""
        case = ids.case_id(reference)
        return reference in self.closed or case in self.cases or case in self.starting


async def expected(connection: Connection) -> Expected:
    """Read it in one moment of the record."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        cases = await connection.fetch("SELECT reference, closed_on, started_at_wall FROM sfo.cases")
        gates = await connection.fetch("SELECT gate FROM sfo.gates WHERE state = 'open'")
        escalations = await connection.fetch(
            "SELECT reference, kind, number, delivered_at_wall FROM sfo.escalations WHERE state <> 'resolved'"
        )
        enquiries = await connection.fetch(
            "SELECT reference, number, delivered_at_wall FROM sfo.enquiries WHERE state = 'open'"
        )
    is_open = [row for row in cases if row["closed_on"] is None]
    beside = {
        ids.escalation_id(r["reference"], EscalationKind(r["kind"]), r["number"]): r["delivered_at_wall"]
        for r in escalations
    } | {ids.enquiry_id(r["reference"], r["number"]): r["delivered_at_wall"] for r in enquiries}
    return Expected(
        cases=frozenset(ids.case_id(row["reference"]) for row in is_open if row["started_at_wall"]),
        starting=frozenset(ids.case_id(row["reference"]) for row in is_open if not row["started_at_wall"]),
        closed=frozenset(row["reference"] for row in cases if row["closed_on"]),
        work=frozenset(
            {ids.workflow_of_gate(row["gate"]) for row in gates}
            | {workflow for workflow, delivered_at in beside.items() if delivered_at}
        ),
        beside=frozenset(beside),
    )


async def written_at(connection: Connection, references: Iterable[str]) -> dict[str, datetime]:
    """When something was last written about each of these cases, in real time; findings themselves do not count."""
    rows = await connection.fetch(
        """SELECT reference, max(recorded_at) AS at FROM sfo.audit
           WHERE reference = ANY($1) AND action NOT IN ('workflow_stranded', 'workflow_unstranded')
           GROUP BY reference""",
        list(references),
    )
    return {row["reference"]: row["at"] for row in rows}
