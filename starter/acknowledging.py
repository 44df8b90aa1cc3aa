"""Several escalations acknowledged at once: each is recorded as a single answer is, and each is judged by itself."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import asyncpg

from starter.answering import RECEIPT_WITHIN, decision_id, receipt_for
from starter.connections import Connection
from starter.delivery import Delivery
from starter.identity import Session
from starter.national_queue import ACKNOWLEDGE, about
from starter.record import Asked, Decided, Gate, Offer, decided, gate_of_link, read_gate, record_decision
from starter.team import Member
from starter.views import by_whom, moment
from workflows.contract.ids import REFERENCE, reference_of
from workflows.contract.vocabulary import Channel, GateState, Role

ANSWER = "acknowledged"
_AT_ONCE = 8  # connections that handing on may take, of sixteen


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What became of one of them. `state`: applied, recorded, void, answered, closed, not_asked.

    Only in the first two did this very form acknowledge it. `standing` is its decision, where there is one.
    """

    gate: Gate
    state: str
    standing: Decided | None = None

    @property
    def is_recorded(self) -> bool:
        """Whether what was sent stands in the record."""
        return self.state in ("applied", "recorded")

    @property
    def about(self) -> str:
        """Say what the escalation is about."""
        return about(self.gate.question, self.gate.subject)

    @property
    def told(self) -> str:
        """Say what became of it, by role and never by name."""
        if self.state == "answered" and self.standing:
            return f"Answered already by {by_whom(self.gate, self.standing)}, {moment(self.standing.received_at)}"
        return _TOLD[self.state]


_TOLD = {
    "applied": "Acknowledged",
    "recorded": "Recorded. It is acted on as soon as the case's process takes it up",
    "void": "It could not be used. You get an email that says why",
    "closed": "It is no longer asked of you, so nothing was recorded",
    "not_asked": "It is not asked of you now, so nothing was recorded",
}


async def acknowledgeable(connection: Connection, names: Iterable[str]) -> list[Gate] | None:
    """Return these questions, each once; none at all if one is not an acknowledgement asked of the national team."""
    gates = []
    for name in dict.fromkeys(names):
        # What does not begin with a reference is no gate, and text with a null character would not be looked up.
        is_name = REFERENCE.fullmatch(reference_of(name)) and name.isprintable()
        gate = await read_gate(connection, name) if is_name else None
        if gate is None or (gate.question, gate.role) != (ACKNOWLEDGE, Role.NATIONAL_TEAM):
            return None
        gates.append(gate)
    return gates


async def acknowledge_each(
    connection: Connection, gates: Sequence[Gate], session: Session, attempt: str, person: Member | None = None
) -> list[Acknowledged]:
    """Record the acknowledgement of each that is asked of this person, each in a transaction of its own.

    Repeat-safe by `attempt`, the id of the page that was sent: the same page sent twice is one answer to each.
    `person`: who of the team acknowledges, where the address is shared.
    """
    return [await _acknowledge(connection, gate, session, attempt, person) for gate in gates]


async def _acknowledge(
    connection: Connection, gate: Gate, session: Session, attempt: str, person: Member | None
) -> Acknowledged:
    own = decision_id(gate.gate, attempt, ANSWER, {}, None)
    by = await _asked(connection, gate, session)
    try:
        if by is None:
            # Read last: an answer in this very moment ends every other link, and is what there is to tell.
            standing = await decided(connection, gate.gate)
        else:
            offer = Offer(own, ANSWER, {}, None, Channel.LINK, person)
            standing = (await record_decision(connection, gate.gate, by, offer)).decided
    except asyncpg.UniqueViolationError:  # this very answer was refused before, and the page was sent once more
        return Acknowledged(gate, "void")
    if standing is None:
        return Acknowledged(gate, "not_asked" if by is None and gate.state is GateState.OPEN else "closed")
    return Acknowledged(gate, "recorded" if standing.decision == own else "answered", standing)


async def _asked(connection: Connection, gate: Gate, session: Session) -> Asked | None:
    """Return this person as the one who is asked, by a link that still opens; none: not asked."""
    links: list[UUID] = [
        row["link"]
        for row in await connection.fetch(
            "SELECT link FROM sfo.links WHERE gate = $1 AND lower(btrim(email)) = lower(btrim($2))",
            gate.gate,
            session.email,
        )
    ]
    for link in links:
        found = await gate_of_link(connection, link)
        if found and session.is_of(found[1].email) and not _is_stale(*found):
            return found[1]
    return None


def _is_stale(gate: Gate, asked: Asked) -> bool:
    return bool(asked.revoked_at or (asked.expires_at and gate.now() > asked.expires_at))


async def hand_on(delivery: Delivery, results: Sequence[Acknowledged]) -> list[Acknowledged]:
    """Hand each on to its escalation, some at a time, for as long as a person waits for a single one."""
    until = asyncio.get_running_loop().time() + RECEIPT_WITHIN
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(result: Acknowledged) -> Acknowledged:
        if result.standing is None or not result.is_recorded:
            return result
        async with turn:
            left = until - asyncio.get_running_loop().time()
            # What has no time left waits for the relay, as every answer does that Temporal could not take.
            receipt = await receipt_for(delivery, result.gate, result.standing, left) if left > 0 else None
        if receipt is None:
            return result
        return replace(result, state="applied" if receipt.applied else "void")

    return list(await asyncio.gather(*(one(result) for result in results)))
