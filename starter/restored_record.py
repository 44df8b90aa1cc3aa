"""What the record holds of a case that its workflows must have heard of, each by the id under which they hear of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

import asyncpg

from starter.carried import Carried
from starter.connections import Connection
from workflows.contract import ids


@dataclass(frozen=True, slots=True)
class Held:
    """`decisions` and `others` as rows; `names`: every id among them. `applied`: the answers that were applied."""

    decisions: Sequence[asyncpg.Record]
    others: Sequence[asyncpg.Record]
    names: frozenset[str]
    applied: frozenset[str]

    def untold(self, carried: Sequence[Carried]) -> list[tuple[str, str]]:
        """What no running workflow has heard that it is for: kind and id, in the order of the record.

        An answer is for the run that has opened its question; one that has not finds it there when it does. Of the
        rest, what was delivered before the run began was given to it then, and what never was is the relay's.
        """
        running = {one.workflow: one for one in carried if one.runs}
        asking = {step.trace.removesuffix("/open") for one in running.values() for step in one.steps}
        others = [
            (row["kind"], row["id"])
            for row in self.others
            if (run := running.get(row["workflow"]))
            and row["name"] not in run.heard
            and row["delivered"] is not None
            and row["delivered"] > run.started_at
        ]
        answers = [
            ("decision", str(row["decision"]))
            for row in self.decisions
            if row["void_at"] is None
            and row["gate"] in asking
            and str(row["decision"]) not in running[ids.workflow_of_gate(row["gate"])].heard
        ]
        return [*others, *answers]


async def held_of(connection: Connection, reference: str) -> Held:
    """Read it."""
    decisions = await connection.fetch(
        """SELECT d.decision, d.gate, d.void_at, d.applied_at FROM sfo.decisions d JOIN sfo.gates g USING (gate)
           WHERE g.reference = $1 ORDER BY d.recorded_at, d.decision""",
        reference,
    )
    gates = await connection.fetch(
        "SELECT gate FROM sfo.gates WHERE reference = $1 AND question = 'extension'", reference
    )
    typed = {str(uuid5(NAMESPACE_URL, f"{row['gate']}/request")) for row in gates}  # was in Temporal first
    others = [row for row in await connection.fetch(_OTHERS, reference) if row["id"] not in typed]
    names = {str(row["decision"]) for row in decisions} | {row["name"] for row in others} | typed
    applied = frozenset(str(row["decision"]) for row in decisions if row["applied_at"])
    return Held(decisions, others, frozenset(names), applied)


_OTHERS = """
    SELECT kind, id, name, workflow, delivered FROM (
        SELECT 'court_event' AS kind, event AS id, event AS name, 'sfo/' || reference AS workflow, at,
            delivered_at_wall AS delivered FROM sfo.court_events WHERE reference = $1
        UNION ALL SELECT 'escalation', kind || '-' || number, 'escalation/' || kind || '-' || number,
            'sfo/' || reference, raised_at, delivered_at_wall FROM sfo.escalations WHERE reference = $1
        UNION ALL SELECT 'enquiry', number::text, 'enquiry/' || number, 'sfo/' || reference, at, delivered_at_wall
            FROM sfo.enquiries WHERE reference = $1
        UNION ALL SELECT 'extension', request::text, request::text, 'sfo/' || reference || '/' || coalesce((
            SELECT stage FROM sfo.gates g WHERE g.reference = e.reference AND stage ~ '^review(-[0-9]+)?$'
            ORDER BY round DESC LIMIT 1), 'review'), at, delivered_at_wall
            FROM sfo.extension_requests e WHERE reference = $1
        UNION ALL SELECT 'request', request::text,
            CASE signal WHEN 'calendar' THEN 'calendar/' || (message ->> 'holiday') ELSE request::text END,
            workflow, at, delivered_at_wall FROM sfo.requests WHERE reference = $1
    ) held ORDER BY at, id
"""
