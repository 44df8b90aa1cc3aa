"""After a restore: each case as the record holds it against what Temporal has carried out of it, both ways.

One of the two is older than the other, or Temporal is empty. The record is believed: a workflow that did what the
record has lost is begun anew from the record, and one that has not heard what the record holds is told it again.
What the record has lost and nobody can give back is named, with who must be asked again. Rule: design.md 3.9.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import asyncpg
from temporalio.client import Client

from starter.audit_histories import references_known
from starter.carried import Carried, Step, carried_by, heard_in
from starter.case_keys import ErasedError
from starter.connections import Pool
from starter.restarting import why_not
from starter.restored_record import Held, held_of
from starter.traces import left_in_record
from workflows.contract import ids
from workflows.contract.messages import CaseOpening

_AT_ONCE = 4
_WRITES = frozenset({"open_gate", "settle_gate", "tell", "chase_gate", "reassign_gate"})
"""Steps that send letters, one or several: begun anew they send them again, since the record has lost it."""
_BEGUN_AGAIN = frozenset({"TERMINATED", "FAILED", "CANCELED", "TIMED_OUT"})
"""How a workflow may have ended that may be begun again under its id."""
_KINDS = {
    "decide": "decision",
    "court_event": "court_event",
    "amend_charge": "court_event",
    "raise_concern": "escalation",
    "enquiry": "enquiry",
    **dict.fromkeys(("pause", "resume", "transfer", "replace_manager", "opt_in", "correct"), "request"),
    "request_extension": "request",
}


class Way(StrEnum):
    """How a case stands after a restore, and so what is done about it."""

    AGREES = "agrees"
    TELL = "tell"
    STAGES = "stages"
    CASE = "case"
    START = "start"
    STOP = "stop"
    ENGINEER = "engineer"


WAYS: Mapping[Way, str] = {
    Way.AGREES: "the record and Temporal agree",
    Way.TELL: "Temporal is behind: it is told again what it has not heard",
    Way.STAGES: "the record is behind: the stages that did what it has lost are begun anew from it",
    Way.CASE: "the record is behind: the whole case is begun anew from it",
    Way.START: "its workflow is gone: it is started from the record",
    Way.STOP: "the record does not hold it: what runs of it is ended; report its charge again",
    Way.ENGINEER: "nothing was touched: call an engineer",
}


@dataclass(frozen=True, slots=True)
class Lost:
    """What Temporal knows of and the record has lost.

    `kind`: case, decision, court_event, escalation, enquiry or request. `id`: the id that it had; `about`: a gate, a
    workflow or a code; `answer`: a code. Nothing names a person.
    """

    kind: str
    id: str
    about: str
    answer: str = ""


@dataclass(slots=True)
class Stands:
    """How one case stands. `steps`: what Temporal did and the record lost; `letters`: those that wrote to people.

    `anew`: the workflows to be ended, so that they are begun anew; `untold`: what the workflow has not heard;
    `unheard`: how many answers the record applied of which no history is left.
    """

    reference: str
    way: Way = Way.AGREES
    why: str = ""
    anew: list[Carried] = field(default_factory=list)
    steps: int = 0
    letters: int = 0
    lost: list[Lost] = field(default_factory=list)
    untold: list[tuple[str, str]] = field(default_factory=list)
    unheard: int = 0
    carried: Mapping[str, Carried] = field(default_factory=dict)

    @property
    def case(self) -> Carried | None:
        """The workflow of the case itself, if Temporal knows it."""
        return self.carried.get(ids.case_id(self.reference))


async def references(client: Client, pool: Pool) -> list[str]:
    """Every case that either side knows. Raises TemporalAwayError."""
    known = {row["reference"] for row in await pool.fetch("SELECT reference FROM sfo.cases")}
    return sorted(known | await references_known(client))


async def look_at_each(client: Client, pool: Pool, wanted: Sequence[str]) -> AsyncIterator[Stands]:
    """How each of these cases stands, in their order; nothing is changed. Raises TemporalAwayError, PayloadKeyError."""
    for first in range(0, len(wanted), _AT_ONCE):
        for stands in await asyncio.gather(*(look_at(client, pool, one) for one in wanted[first : first + _AT_ONCE])):
            yield stands


async def look_at(client: Client, pool: Pool, reference: str) -> Stands:
    """How this case stands. Raises TemporalAwayError, PayloadKeyError."""
    try:
        stands = Stands(reference, carried=await carried_by(client, reference))
    except ErasedError:
        return await _erased(pool, reference)
    carried = stands.carried.values()
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        case = await connection.fetchrow("SELECT * FROM sfo.cases WHERE reference = $1", reference)
        if case is None:
            return _unknown(stands)
        traces = [step.trace for one in carried for step in one.steps]
        left = await left_in_record(connection, reference, traces)
        held = await held_of(connection, reference)
        missing = {one.workflow: [step for step in one.steps if step.trace not in left] for one in carried}
        stands.steps = sum(map(len, missing.values()))
        stands.letters = sum(step.activity in _WRITES for steps in missing.values() for step in steps)
        stands.lost = list(_lost(stands, held))
        stands.unheard = len(held.applied - set().union(*(one.heard for one in carried)))
        _judge(stands, case, missing, held)
        if stands.way in (Way.CASE, Way.START) and (why := await why_not(connection, case, was_told=True)):
            stands.way, stands.why = Way.ENGINEER, f"it cannot be started again by itself: {why}"
    return stands


async def _erased(pool: Pool, reference: str) -> Stands:
    """Nobody can read what Temporal holds of it, and nothing of it runs; a record of before does not know that yet."""
    if await pool.fetchval("SELECT erased_at IS NOT NULL FROM sfo.cases WHERE reference = $1", reference):
        return Stands(reference)
    return Stands(reference, Way.ENGINEER, "it was erased after this backup was made; say `sfo erase --again` first")


def _unknown(stands: Stands) -> Stands:
    """Temporal has it and the record does not: whatever of it runs is to end."""
    stands.anew = [one for one in stands.carried.values() if one.runs]
    if stands.anew:
        stands.way = Way.STOP
        case = Lost("case", stands.reference, ids.case_id(stands.reference))
        stands.lost = [case, *_lost(stands, Held((), (), frozenset(), frozenset()))]
    return stands


def _judge(stands: Stands, case: asyncpg.Record, missing: Mapping[str, list[Step]], held: Held) -> None:
    """Choose the way and what is done on it."""
    carried = list(stands.carried.values())
    ahead = [one for one in carried if missing[one.workflow] and one.status not in _BEGUN_AGAIN]
    is_running, was_told = stands.case is not None and stands.case.runs, case["started_at_wall"] is not None
    if case["closed_on"] is not None or (is_running and was_told and not ahead and not _for_nothing(carried, held)):
        stands.untold = held.untold(carried) if is_running else []
        stands.way = Way.TELL if stands.untold else Way.AGREES
        if stands.way is Way.AGREES and is_running and _is_paused(stands) != (case["paused_at"] is not None):
            stands.way, stands.why = Way.ENGINEER, "the clock of its review stands still on one side only"
    elif not is_running:
        starts = stands.case is not None and not CaseOpening.model_validate(case["opening"]).reopened
        stands.way = Way.START if was_told or starts else Way.AGREES  # else the relay starts it
        stands.anew = [one for one in ahead if not one.is_case]
    elif was_told and not _for_nothing(carried, held) and all(one.runs and not one.is_case for one in ahead):
        stands.way, stands.anew = Way.STAGES, ahead
    else:
        stands.way = Way.CASE
        stands.anew = [one for one in carried if one.runs or one in ahead]


def _for_nothing(carried: Sequence[Carried], held: Held) -> bool:
    """Whether an escalation or enquiry runs that the record has lost: the case was told of what nobody knows now."""
    parts = [ids.part_of(one.workflow) for one in carried if one.runs and not one.is_case]
    return any(part.startswith(("escalation/", "enquiry/")) and part not in held.names for part in parts)


def _is_paused(stands: Stands) -> bool:
    """Whether the case's workflow believes that the clock of its review stands still."""
    case = stands.case
    told = [step.is_paused for step in case.steps if step.is_paused is not None] if case else []
    return bool(told and told[-1])


def _lost(stands: Stands, held: Held) -> Iterator[Lost]:
    """What the histories were told or applied and the record does not hold, each once."""
    seen: set[str] = set()
    for one in sorted(stands.carried.values(), key=lambda each: each.workflow):
        if one.status in _BEGUN_AGAIN:
            continue  # said when it was ended
        for lost in _lost_by(one, held):
            if lost.id not in seen:
                seen.add(lost.id)
                yield lost


def _lost_by(one: Carried, held: Held) -> Iterator[Lost]:
    for decision in (step.decision for step in one.steps if step.decision):
        if decision.answer != "lapsed" and decision.decision not in held.names:
            yield Lost("decision", decision.decision, decision.gate, decision.answer)
    for signal, message in one.signals:
        about = str(message.get("gate") or message.get("kind") or signal)
        for name in sorted(heard_in(signal, message)):
            if signal in _KINDS and name not in held.names:
                yield Lost(_KINDS[signal], name, about)
