"""Whether the record and Temporal's histories hold the same decisions: compared both ways, each difference said.

A decision counts as applied in the record where its row says so, or where a question lapsed; in a history where the
activity that settles a question returned it. What is still on its way is in one before the other and is no fault.
Nor is what a restore has parted and the chain tells: answers that it lists as lost, and those whose histories were
gone when a restore was put right or a case was started again from its record.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from temporalio.client import Client

from starter.audit_histories import Held, held_of, references_known, retention_of
from starter.connections import Pool
from starter.disclosure_answers import Row
from workflows.contract import ids
from workflows.contract.vocabulary import GateState

LAPSED = str(GateState.LAPSED)
REMEDIES = {
    "not_in_history": "no workflow was ever told of it: the row was written past the service, or a history was "
    "deleted. Compare with an exported head (`sfo audit verify --heads FILE`) and keep both as they are",
    "not_in_record": "the record is older than Temporal (a backup was restored) or a row was taken out. Compare with "
    "an exported head and look for the row in a newer backup; until then the case goes on as the history says",
    "not_applied_in_record": "the case went on with an answer that the record does not count. Compare with an "
    "exported head and with a backup; nothing else may be decided on it meanwhile",
    "other_answer": "one of the two was edited. The history is what the case obeyed; compare with an exported head",
    "not_in_chain": "the row says that it is applied and the audit chain does not: it was written past the service. "
    "Compare with an exported head",
    "only_in_chain": "the audit chain says that it was applied and the record does not: its row was edited or removed. "
    "Look for it in a backup",
    "unknown_to_record": "a workflow was told of it and the record does not hold it: the record is older than "
    "Temporal, or the id was mistyped in the Temporal UI. If the question is still open, ask for the answer again",
    "unreadable": "a key is missing from SFO_PAYLOAD_KEYS; put it behind the active one and look again",
    "unknown_case": "Temporal runs a case that the record does not hold: the record is older, or it is another "
    "service's. Look for it in a backup",
}
"""What may be wrong, as a code, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One decision that does not stand in both. `kind` is a code of REMEDIES; nothing names a person."""

    kind: str
    reference: str
    subject: str
    decision: str = ""


@dataclass(slots=True)
class Report:
    """What was compared. `forgotten`: workflows past Temporal's retention; `under_way`: answers not applied yet.

    `begun_anew`: workflows whose history went before the chain says that it was gone; `lost`: answers and
    whole cases that a restore of the record has lost, as the chain says, each by its id or reference.
    """

    cases: int = 0
    decisions: int = 0
    histories: int = 0
    under_way: int = 0
    forgotten: list[str] = field(default_factory=list)
    begun_anew: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What the record holds of a case's decisions; `applied` has the lapsed questions among them.

    `lost`: those that it once held, as it says itself; `anew`: when it last said that histories were gone.
    """

    gates: dict[str, Row]
    decisions: dict[str, Row]
    applied: dict[str, tuple[str, str]]
    chained: dict[str, datetime]
    lost: frozenset[str]
    anew: datetime | None

    def is_known(self, decision: str) -> bool:
        return decision in self.decisions or decision in self.applied


async def completeness(pool: Pool, client: Client, references: list[str] | None) -> Report:
    """Compare these cases, or every case. Raises RPCError, TemporalAwayError."""
    report, retention = Report(), await retention_of(client)
    known = await pool.fetch("SELECT reference, erased_at FROM sfo.cases ORDER BY reference")
    chosen = references if references is not None else [row["reference"] for row in known]
    if references is None:
        strangers = sorted(await references_known(client) - set(chosen))
        report.lost += (gone := await _lost_cases(pool, strangers))
        report.differences += [
            Difference("unknown_case", one, ids.case_id(one)) for one in strangers if one not in gone
        ]
    erased = {row["reference"] for row in known if row["erased_at"]}
    report.erased = [one for one in chosen if one in erased]
    for reference in [one for one in chosen if one not in erased]:
        await _compare(pool, client, reference, retention, report)
    return report


async def _lost_cases(pool: Pool, references: list[str]) -> list[str]:
    """Those of which the chain says that a restore has lost them."""
    rows = await pool.fetch(
        "SELECT DISTINCT subject FROM sfo.audit WHERE action = 'lost_in_restore' AND subject = ANY($1)",
        [ids.case_id(one) for one in references],
    )
    return [one for one in references if ids.case_id(one) in {row["subject"] for row in rows}]


async def _compare(pool: Pool, client: Client, reference: str, retention: timedelta, report: Report) -> None:
    found = await _look(pool, client, reference, retention)
    if found.differences:  # something may have been applied between the reading of the one and of the other
        again = await _look(pool, client, reference, retention)
        again.differences = [one for one in again.differences if one in found.differences]
        found = again
    report.cases += 1
    report.decisions += found.decisions
    report.histories += found.histories
    report.under_way += found.under_way
    report.forgotten += found.forgotten
    report.begun_anew += found.begun_anew
    report.lost += found.lost
    report.differences += found.differences


async def _look(pool: Pool, client: Client, reference: str, retention: timedelta) -> Report:
    before = await _recorded(pool, reference)
    held = await held_of(client, reference, before.gates)
    after = await _recorded(pool, reference)
    look = Report(
        decisions=len(before.applied),
        histories=len(held.read),
        under_way=sum(1 for row in after.decisions.values() if row["applied_at"] is None and row["void_at"] is None),
    )
    for kind, subject, decision in [*_of_record(before, held, retention, look), *_of_histories(after, held)]:
        if kind in ("not_in_record", "unknown_to_record") and decision in after.lost:
            look.lost.append(decision)
        else:
            look.differences.append(Difference(kind, reference, subject, decision))
    look.forgotten, look.begun_anew = sorted(set(look.forgotten)), sorted(set(look.begun_anew))
    return look


def _of_record(recorded: _Recorded, held: Held, retention: timedelta, look: Report) -> Iterator[tuple[str, str, str]]:
    """What the record applied: in a history, and in the chain. Of a history that is gone for a reason only that."""
    for decision, (gate, answer) in sorted(recorded.applied.items()):
        chained = recorded.chained.get(decision)
        if chained is None:
            yield "not_in_chain", gate, decision
        workflow = ids.workflow_of_gate(gate)
        if workflow in held.unreadable:
            continue
        applied = held.applied.get(decision)
        if applied and (applied.gate, applied.answer) != (gate, answer):
            yield "other_answer", gate, decision
        if applied or decision in held.offered:
            continue
        if chained and chained + retention < datetime.now(UTC):
            look.forgotten.append(workflow)
        elif chained and recorded.anew and chained < recorded.anew:
            look.begun_anew.append(workflow)
        else:
            yield "not_in_history", gate, decision
    for decision in sorted(recorded.chained.keys() - recorded.applied.keys()):
        row = recorded.decisions.get(decision)
        yield "only_in_chain", row["gate"] if row else "", decision


def _of_histories(recorded: _Recorded, held: Held) -> Iterator[tuple[str, str, str]]:
    """What a history applied or was told of: in the record, as applied."""
    for workflow in sorted(held.unreadable):
        yield "unreadable", workflow, ""
    for decision, applied in sorted(held.applied.items()):
        if not recorded.is_known(decision):
            yield "not_in_record", applied.gate, decision
        elif decision not in recorded.applied:
            yield "not_applied_in_record", applied.gate, decision
    for decision, workflow in sorted(held.offered.items()):
        if decision not in held.applied and not recorded.is_known(decision):
            yield "unknown_to_record", workflow, decision


async def _recorded(pool: Pool, reference: str) -> _Recorded:
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        gates = await connection.fetch("SELECT gate, state FROM sfo.gates WHERE reference = $1", reference)
        decisions = await connection.fetch(
            "SELECT d.* FROM sfo.decisions d JOIN sfo.gates g USING (gate) WHERE g.reference = $1", reference
        )
        parted = await connection.fetch(
            """SELECT action, detail ->> 'id' AS id, recorded_at FROM sfo.audit
               WHERE reference = $1 AND action IN ('lost_in_restore', 'case_restarted', 'histories_lost')
               ORDER BY seq""",
            reference,
        )
        chained = await connection.fetch(
            """SELECT action, subject, detail ->> 'decision' AS decision, recorded_at FROM sfo.audit
               WHERE reference = $1 AND action IN ('decision_applied', 'gate_lapsed') ORDER BY seq""",
            reference,
        )
    lapsed = {_lapse(gate["gate"]): (gate["gate"], LAPSED) for gate in gates if gate["state"] == LAPSED}
    applied = {str(row["decision"]): (row["gate"], row["answer"]) for row in decisions if row["applied_at"]}
    return _Recorded(
        gates={gate["gate"]: gate for gate in gates},
        decisions={str(row["decision"]): row for row in decisions},
        applied=lapsed | applied,
        chained={row["decision"] or _lapse(row["subject"]): row["recorded_at"] for row in chained},
        lost=frozenset(row["id"] for row in parted if row["action"] == "lost_in_restore"),
        anew=max((row["recorded_at"] for row in parted if row["action"] != "lost_in_restore"), default=None),
    )


def _lapse(gate: str) -> str:
    """The id under which a history knows that a question lapsed."""
    return str(uuid5(NAMESPACE_URL, f"{gate}/{LAPSED}"))
