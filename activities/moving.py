"""A gate that ends or changes without being answered: lapsed, withdrawn, given to another."""

from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from activities.correspondence import Letter
from activities.effects import EFFECTS
from activities.handing_over import Handover, give, hand_over, tell_former
from activities.hearing import Hearing, close_gate, hearing_of, note, void, void_event
from activities.means import Means
from activities.opening import waiting_decision, withdrawn_key
from activities.people import APPOINTED, stored_key
from activities.record import Connection, Row, audit, remember
from activities.settling import answered_by, apply, decision_message, forecast_after, settled_before
from workflows.contract.directory import Person
from workflows.contract.messages import (
    Lapse,
    Reassigned,
    Reassignment,
    Settled,
)
from workflows.contract.vocabulary import GateState, Role
from workflows.policy.authority import why_not_answer, why_not_appoint
from workflows.policy.due import on_in_london

LAPSED = "lapsed"


async def lapse(connection: Connection, means: Means, request: Lapse) -> Settled:
    """An answer received in time is applied as ever; otherwise silence has the meaning that the question gives it."""
    hearing = await hearing_of(connection, means, request.gate, request.at)
    if hearing is None:
        return Settled(refused="unknown_gate")
    row = await waiting_decision(connection, request.gate)
    if row and row["applied_at"] is not None:
        return await settled_before(connection, request.gate, row)
    if hearing.gate["state"] != GateState.OPEN:
        return Settled(refused=str(hearing.gate["state"]))
    if row and row["received_at"] <= hearing.gate["due_at"]:
        settled = await apply(hearing, row)
        if settled.decision:
            return settled
    elif row:
        await _void(hearing, row, GateState.LAPSED)
    return await _silent(hearing)


async def _void(hearing: Hearing, row: Row, state: GateState) -> None:
    """An answer that came too late, or in vain, stands in the chain like any other. Rule: design.md 3.8."""
    await void(hearing, row, "decision_void")
    await note(hearing, row, "decision_void", state=state)


async def _silent(hearing: Hearing) -> Settled:
    silence = {
        "decision": uuid5(NAMESPACE_URL, f"{hearing.name}/{LAPSED}"),
        "answer": LAPSED,
        "fields": {},
        "reasons": None,
        "by_email": None,
        "received_at": hearing.at,
        "late": False,
    }
    effect = await EFFECTS[hearing.question.key](answered_by(hearing, silence))
    await close_gate(hearing, GateState.LAPSED)
    await _note(hearing, "gate_lapsed")
    return Settled(decision=decision_message(hearing, silence, effect), forecast=await forecast_after(hearing))


async def withdraw(connection: Connection, means: Means, gate: str, at: datetime) -> None:
    """The gate is closed unanswered. Whoever answered in vain and whoever was asked are told, each once."""
    hearing = await hearing_of(connection, means, gate, at)
    if hearing is None:
        await remember(connection, withdrawn_key(gate), True)
    if hearing is None or hearing.gate["state"] != GateState.OPEN:
        return
    row = await waiting_decision(connection, gate)
    if row and row["applied_at"] is None:
        await _void(hearing, row, GateState.WITHDRAWN)
    for who in ("person", "deputy"):
        email = hearing.gate[f"{who}_email"]
        if email and not (row and row["by_email"] and row["by_email"].lower() == email.lower()):
            await _tell_withdrawn(hearing, hearing.gate[f"{who}_name"], email, f"{gate}/withdrawn")
    await close_gate(hearing, GateState.WITHDRAWN)
    await _note(hearing, "gate_withdrawn")


async def _tell_withdrawn(hearing: Hearing, name: str, email: str, event: str) -> None:
    words = {"title": hearing.question.title}
    await hearing.means.letters.queue(
        hearing.connection,
        Letter(event, "withdrawn", name, email, hearing.place.reference, hearing.at, hearing.name, None, words),
    )


def withdrawal_events(gate: str) -> list[str]:
    """The business events of withdrawing a gate."""
    return [f"{gate}/withdrawn", void_event(gate)]


def reassignment_event(request: Reassignment) -> str:
    """The business event of a gate's first, second ... reassignment to this person, at whatever moment it is tried."""
    return f"{request.gate}/reassigned/{request.number}/{request.to}"


async def reassign(connection: Connection, means: Means, request: Reassignment) -> Reassigned:
    """Another person is asked and the earlier links are dead; refused where independence would break.

    Where the question belongs to an appointment, the person holds it from now on, with every open question of it.
    """
    hearing = await hearing_of(connection, means, request.gate, request.at)
    if hearing is None or hearing.gate["state"] != GateState.OPEN:
        return Reassigned(allowed=False, refused="not_open")
    person = await hearing.place.named(request.to)
    if person is None:
        return Reassigned(allowed=False, refused="unknown_person")
    if code := await _why_not_given(hearing, person):
        return Reassigned(allowed=False, refused=code)
    also = await _give(hearing, person, request)
    await _note(hearing, "gate_reassigned", to=stored_key(person), reason=request.reason, also=also)
    return Reassigned(allowed=True)


async def _why_not_given(hearing: Hearing, person: Person) -> str | None:
    ties, on = await hearing.place.ties(hearing.gate["subject"]), on_in_london(hearing.at)
    role = Role(hearing.gate["role"])
    if role in APPOINTED:
        return why_not_appoint(role, person, ties, on)
    return why_not_answer(hearing.question.key, person, ties, on)


async def _give(hearing: Hearing, person: Person, request: Reassignment) -> tuple[str, ...]:
    """The question passes, and with an appointment the others of it, which are returned."""
    role, event = Role(hearing.gate["role"]), reassignment_event(request)
    if role in APPOINTED:
        gates = await hand_over(Handover(hearing.means, hearing.place, role, person, request.at, event))
        return tuple(gate for gate in gates if gate != hearing.name)
    await give(hearing, person, role, event)
    await tell_former(hearing, event)
    return ()


async def _note(hearing: Hearing, action: str, **detail: object) -> None:
    await audit(hearing.connection, hearing.at, hearing.place.reference, "system", action, hearing.name, **detail)
