"""Settling a gate: the record's answer is checked, applied with its effects, or refused with a code."""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from activities.answered import Answered, AnswerRefusedError, Effect
from activities.correspondence import Letter
from activities.effects import EFFECTS
from activities.escalations import named
from activities.forecasting import keep_forecast
from activities.hearing import Hearing, close_gate, hearing_of, is_late, note, void
from activities.means import Means
from activities.measures import GATES_ANSWERED, known
from activities.measures import note as count
from activities.opening import is_review
from activities.people import by_address
from activities.record import (
    Connection,
    Row,
    decision_uuid,
    fingerprint,
    plain,
    remember,
    remembered,
)
from activities.refusals import because
from workflows.contract.ids import settled_key
from workflows.contract.messages import Decision, Forecast, Settled, Settlement
from workflows.contract.questions import Silence
from workflows.contract.vocabulary import Channel, GateState
from workflows.policy.answers import check_answer
from workflows.policy.authority import why_not_answer, why_not_asked
from workflows.policy.due import on_in_london


def settling_key(settlement: Settlement) -> str:
    """The decision's id makes a settlement repeat-safe; what operations typed is known by its words and moment."""
    typed = f"typed-{fingerprint(plain(settlement))[:32]}"
    return settled_key(settlement.gate, settlement.signal.decision or typed)


async def settled_before(connection: Connection, gate: str, row: Row) -> Settled:
    """What became of an applied decision: after a reset a stage hears of it again and must get the same."""
    stored = await remembered(connection, settled_key(gate, row["decision"]))
    return Settled.model_validate(stored[0]) if stored else Settled(refused="already_decided")


async def settle(connection: Connection, means: Means, settlement: Settlement) -> Settled:
    """Apply the record's row, or what operations typed once it stands in the record."""
    signal = settlement.signal
    hearing = await hearing_of(connection, means, settlement.gate, settlement.at)
    if hearing is None or signal.gate != settlement.gate:
        return Settled(refused="unknown_gate")
    if signal.decision is None:
        return await _settle_typed(hearing, settlement)
    row = await _decision(hearing, signal.decision)
    if row is None:
        return Settled(refused="unknown_decision")
    if row["void_at"] is not None:
        return Settled(refused="void")
    if row["applied_at"] is not None:
        return await settled_before(connection, settlement.gate, row)
    if hearing.gate["state"] != GateState.OPEN:
        return await _too_late_for(hearing, row)
    return await apply(hearing, row)


async def apply(hearing: Hearing, row: Row) -> Settled:
    """Apply a recorded decision to its open gate, or void it with a code; its author is told."""
    code = await _why_not(hearing, row)
    if code is None:
        try:
            # What a refused effect has written is undone; the refusal itself stays.
            async with hearing.connection.transaction():
                return await _carry_out(hearing, row)
        except AnswerRefusedError as refused:
            code = refused.code
    await void(hearing, row, "answer_refused", because(code))
    await note(hearing, row, "decision_refused", code=code)
    return Settled(refused=code)


def decision_message(hearing: Hearing, row: Row | dict[str, Any], effect: Effect) -> Decision:
    """The answer as a history may hold it: dates, choices and keys, codes and numbers, nothing that was typed."""
    answer = hearing.question.answer(row["answer"])
    safe = [f.name for f in answer.fields if f.kind.is_safe_for_history and not f.is_walled] if answer else []
    return Decision(
        decision=str(row["decision"]),
        gate=hearing.name,
        answer=row["answer"],
        received_at=row["received_at"],
        late=row["late"],
        facts={name: str(row["fields"][name]) for name in safe if row["fields"].get(name)} | effect.facts,
        refs=effect.refs,
        escalation=effect.escalation,
    )


async def _carry_out(hearing: Hearing, row: Row) -> Settled:
    effect = await EFFECTS.get(hearing.question.key, _nothing)(answered_by(hearing, row))
    await hearing.connection.execute(
        "UPDATE decisions SET applied_at = $2, refs = $3, fields = fields - $4::text[] WHERE decision = $1",
        row["decision"],
        hearing.at,
        {name: list(refs) for name, refs in effect.refs.items()},
        list(hearing.question.walled),
    )
    await close_gate(hearing, GateState.DECIDED, keep=row["by_email"])
    await _receipt(hearing, row)
    await note(
        hearing,
        row,
        "decision_applied",
        answer=row["answer"],
        late=row["late"],
        channel=row["channel"],
        escalation=named(effect.escalation),
    )
    timing = "late" if row["late"] else "in time"
    count(GATES_ANSWERED, question=known(hearing.question.key), role=hearing.gate["role"], timing=timing)
    settled = Settled(decision=decision_message(hearing, row, effect), forecast=await forecast_after(hearing))
    await remember(hearing.connection, settled_key(hearing.name, row["decision"]), plain(settled))
    return settled


async def _receipt(hearing: Hearing, row: Row) -> None:
    """Whoever answered has it in writing, with the row of the audit chain; the answer itself goes by no mail."""
    if row["by_email"] is None:
        return
    number = await hearing.connection.fetchval(
        """
        SELECT min(seq) FROM audit WHERE reference = $1 AND subject = $2 AND action = 'decision_recorded'
            AND detail ->> 'decision' = $3
        """,
        hearing.place.reference,
        hearing.name,
        str(row["decision"]),
    )
    words = {"title": hearing.question.title, "received": row["received_at"].isoformat(), "audit": number}
    name, event = row["person_name"] or row["by_name"] or "", f"{hearing.name}/receipt"
    await hearing.means.letters.queue(
        hearing.connection,
        Letter(event, "receipt", name, row["by_email"], hearing.place.reference, hearing.at, hearing.name, words=words),
    )


async def forecast_after(hearing: Hearing) -> Forecast | None:
    """How the review stands once a question of its stage is settled; none for any other stage."""
    if not is_review(hearing.gate["stage"]):
        return None
    return await keep_forecast(hearing.connection, hearing.means, hearing.place.reference, hearing.at)


async def _nothing(_answered: Answered) -> Effect:
    return Effect()


def answered_by(hearing: Hearing, row: Row | dict[str, Any]) -> Answered:
    """The answer as effects take it."""
    return Answered(
        means=hearing.means,
        place=hearing.place,
        gate=hearing.gate,
        question=hearing.question,
        decision=row["decision"],
        answer=row["answer"],
        fields=row["fields"],
        reasons=row["reasons"],
        by_email=row["by_email"],
        received_at=row["received_at"],
        at=hearing.at,
    )


async def _why_not(hearing: Hearing, row: Row) -> str | None:
    """Too late for a period that lapses, incomplete, not asked, or no longer independent; None: it counts."""
    # Nobody's answer can have come after the stage has heard of it, whatever the clock said that dated it.
    received_at = min(row["received_at"], hearing.at)
    if hearing.question.silence is Silence.LAPSE and is_late(hearing.gate, received_at):
        return "too_late"
    typed = row["channel"] == Channel.OPERATIONS
    reasons = row["reasons"] or (row["reason_code"] if typed else None)
    page = {**hearing.gate["page"], "today": on_in_london(row["received_at"]).isoformat()}
    if check_answer(hearing.question, row["answer"], row["fields"], reasons, page):
        return "incomplete"
    person = by_address(row["by_email"], hearing.place.directory)
    if person is None:
        return None
    ties = await hearing.place.ties(hearing.gate["subject"])
    # Behind a shared address it is the person who must be independent, not the address.
    people = [person, by_address(row["person_email"], hearing.place.directory)]
    codes = [why_not_answer(hearing.question.key, one, ties) for one in people if one]
    return await _why_not_theirs(hearing, person.email) or next(filter(None, codes), None)


async def _why_not_theirs(hearing: Hearing, email: str) -> str | None:
    """`not_asked` unless the gate was asked of this person or of their recorded deputy. Rule: design.md 3.2."""
    links = await hearing.connection.fetch("SELECT email FROM links WHERE gate = $1", hearing.name)
    gate = hearing.gate
    return why_not_asked(email, gate["person_email"], gate["deputy_email"], [link["email"] for link in links])


async def _decision(hearing: Hearing, name: str) -> Row | None:
    decision = decision_uuid(name)
    return await hearing.connection.fetchrow(
        "SELECT * FROM decisions WHERE decision = $1 AND gate = $2", decision, hearing.name
    )


async def _too_late_for(hearing: Hearing, row: Row) -> Settled:
    """The gate closed meanwhile: the answer is void and its author told."""
    state = str(hearing.gate["state"])
    await void(hearing, row, "decision_void")
    await note(hearing, row, "decision_void", state=state)
    return Settled(refused="already_decided" if state == GateState.DECIDED else state)


async def _settle_typed(hearing: Hearing, settlement: Settlement) -> Settled:
    """What operations typed counts only once it stands in the record. Rule: design.md 4."""
    signal = settlement.signal
    answer = hearing.question.answer(signal.answer or "")
    if hearing.gate["state"] != GateState.OPEN:
        decided = hearing.gate["state"] == GateState.DECIDED
        return Settled(refused="already_decided" if decided else str(hearing.gate["state"]))
    if answer is None:
        return Settled(refused="unknown_answer")
    if answer.needs_the_page:
        return Settled(refused="needs_the_page")
    if signal.reason is None:
        return Settled(refused="reason_missing")
    row = await hearing.connection.fetchrow(
        """
        INSERT INTO decisions (decision, gate, answer, reason_code, channel, received_at, late, delivered_at_wall)
        VALUES ($1, $2, $3, $4, 'operations', $5, $6, clock_timestamp())
        ON CONFLICT DO NOTHING RETURNING *
        """,
        uuid5(NAMESPACE_URL, settling_key(settlement)),
        hearing.name,
        answer.value,
        str(signal.reason),
        settlement.at,
        is_late(hearing.gate, settlement.at),
    )
    # Somebody has answered already and only the signal is still on its way.
    return await apply(hearing, row) if row else Settled(refused="already_decided")
