"""The trace that each step of a workflow leaves in the record, so that a step which left none is known to be lost.

A step is an activity that has ended well. Most leave the key under which `sfo.transitions` keeps their result; the
few that keep none leave a fact, written like a key. Held to what the activities really leave by the drill of
tests/workflows/test_restored.py: after it is put right, every case agrees.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from starter.connections import Connection
from workflows.contract.ids import settled_key
from workflows.contract.messages import (
    AmendmentRecord,
    ChargeReading,
    Chase,
    ClockStart,
    Closed,
    Closing,
    ConcernRecord,
    CourtRecord,
    DeadlineMove,
    EnquiryRecord,
    GateOpened,
    GateRequest,
    Lapse,
    Notice,
    Paused,
    PauseRecord,
    Reassignment,
    Rendition,
    RenditionRequest,
    ReplacementRecord,
    ResumeRecord,
    Settled,
    Settlement,
    StageRecord,
    TransferRecord,
    Withdrawal,
)


@dataclass(frozen=True, slots=True)
class _Trace:
    """`takes` and `gives`: the activity's messages; `keys`: what it leaves, from the two."""

    takes: type[BaseModel]
    keys: Callable[[Any, Any], Iterable[str]]
    gives: type[BaseModel] | None = None


def _fingerprint(parts: Iterable[BaseModel]) -> str:
    content = [part.model_dump(mode="json") for part in parts]
    spelt = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(spelt.encode()).hexdigest()


def _settled(settlement: Settlement, settled: Settled) -> list[str]:
    return [settled_key(settlement.gate, settled.decision.decision)] if settled.decision else []


TRACES: Mapping[str, _Trace] = {
    "open_gate": _Trace(GateRequest, lambda m, _: [f"{m.gate}/open"], GateOpened),
    "settle_gate": _Trace(Settlement, _settled, Settled),
    "lapse_gate": _Trace(Lapse, lambda m, done: [f"{m.gate}/lapse"] if done.decision else [], Settled),
    "chase_gate": _Trace(Chase, lambda m, _: [f"{m.gate}/chase/{_fingerprint(m.steps)[:32]}"]),
    "withdraw_gates": _Trace(Withdrawal, lambda m, _: [f"{gate}/is-not-open" for gate in m.gates]),
    "reassign_gate": _Trace(Reassignment, lambda m, _: [f"{m.gate}/reassigned/{m.number}/{m.to}"]),
    "move_deadline": _Trace(DeadlineMove, lambda m, _: [f"{m.reference}/move/{m.decision}"]),
    "judge_charge": _Trace(ChargeReading, lambda m, _: [f"{m.reference}/judge/{m.round}/{m.at.isoformat()}"]),
    "start_review_clock": _Trace(ClockStart, lambda m, _: [f"{m.reference}/has-review-date"]),
    "tell": _Trace(Notice, lambda m, _: [f"{m.event}/tell"]),
    "record_court_event": _Trace(CourtRecord, lambda m, _: [f"{m.reference}/court/{m.event}"]),
    "record_amendment": _Trace(
        AmendmentRecord, lambda m, _: [f"{m.reference}/amended/{m.event}/{_fingerprint(m.offences)[:16]}"]
    ),
    "record_concern": _Trace(ConcernRecord, lambda m, _: [f"{m.event}/concern"]),
    "record_enquiry": _Trace(EnquiryRecord, lambda m, _: [f"{m.event}/enquiry"]),
    "end_stage": _Trace(StageRecord, lambda m, _: [f"{m.reference}/ended/{m.stage}"]),
    "prepare_rendition": _Trace(
        RenditionRequest, lambda m, made: [f"{m.reference}/has-document/{made.sha256}"], Rendition
    ),
    "close_case": _Trace(Closing, lambda m, done: [f"{m.reference}/is-closed"] if done.closed else [], Closed),
    "pause_review": _Trace(PauseRecord, lambda m, _: [f"{m.event}/pause"], Paused),
    "resume_review": _Trace(ResumeRecord, lambda m, _: [f"{m.event}/resume"], Paused),
    "transfer_case": _Trace(TransferRecord, lambda m, _: [f"{m.event}/transfer"]),
    "replace_manager": _Trace(ReplacementRecord, lambda m, _: [f"{m.event}/replace"]),
}
"""By the activity's name."""

WITHOUT_TRACE = frozenset(
    {
        *("find_stage_end", "find_legs", "find_case", "search_files"),  # they read
        *("look_at_date", "reschedule_gate"),  # done anew they find how things stand
        *("plan_digest", "write_digest"),  # of no case
    }
)
"""Activities whose loss changes nothing that a case relies on."""


async def left_in_record(connection: Connection, reference: str, keys: Iterable[str]) -> set[str]:
    """Which of these traces the record holds of this case."""
    rows = await connection.fetch("SELECT key FROM sfo.transitions WHERE key = ANY($1)", list(keys))
    facts = await connection.fetch(_FACTS, reference)
    return {row["key"] for row in rows} | {row["fact"] for row in facts}


_FACTS = """
    SELECT $1 || '/is-closed' AS fact FROM sfo.cases WHERE reference = $1 AND closed_on IS NOT NULL
    UNION ALL SELECT $1 || '/has-review-date' FROM sfo.cases WHERE reference = $1 AND review_due IS NOT NULL
    UNION ALL SELECT gate || '/is-not-open' FROM sfo.gates WHERE reference = $1 AND state <> 'open'
    UNION ALL SELECT replace(key, '/withdrawn-unopened', '/is-not-open') FROM sfo.transitions
        WHERE key LIKE $1 || '/%/withdrawn-unopened'
    UNION ALL SELECT $1 || '/has-document/' || sha256 FROM sfo.documents WHERE reference = $1
"""
