"""A case that moves to another region or delivery unit: its place, its people, its open questions."""

from dataclasses import dataclass
from datetime import datetime

from activities.asked import Asking
from activities.correspondence import Letter
from activities.escalations import Concern, named, raise_escalation
from activities.handing_over import give, request_of, tell_former
from activities.hearing import Hearing, hearing_of
from activities.means import Means
from activities.opening import choose
from activities.pages import page_of
from activities.people import APPOINTED, Place
from activities.record import Connection, Row, audit, lock_case
from activities.refusing import Refusal, tell_refused
from workflows.contract.messages import EscalationRef, GateRequest, TransferRecord, Transferred
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import EscalationKind, Role
from workflows.policy.authority import same_person, why_not_in_line
from workflows.policy.due import on_in_london

# Roles that the place of supervision fills; every other one stays with whoever holds it.
FILLED_BY_THE_PLACE = (
    Role.SPOC, Role.SFO_TEAM, Role.SENIOR_LEAD, Role.REGIONAL_DIRECTOR, Role.HEAD_OF_PDU,
)  # fmt: skip


@dataclass(frozen=True)
class _Move:
    """One transfer under way: the case in its former place and in its new one."""

    means: Means
    record: TransferRecord
    before: Place
    now: Place

    @property
    def at(self) -> datetime:
        """The case's time."""
        return self.record.at


async def transfer_case(connection: Connection, means: Means, record: TransferRecord) -> Transferred:
    """The case is in its new place; duties, documents, dates and the managers of the review stay.

    Refused: `unknown_place`, `already_there`. A manager in the line of the new place, or a question for which nobody
    is left there, raises one escalation `reviewer`. Rule: facts.md 8.2.10, design.md 3.2 and 3.13.
    """
    case = await lock_case(connection, record.reference)
    directory = await means.directory(connection, record.at)
    region = directory.region(record.region)
    if region is None or record.pdu not in region.pdus:
        return await _stays(connection, means, case, record, "unknown_place")
    if (case["region"], case["pdu"]) == (record.region, record.pdu):
        return await _stays(connection, means, case, record, "already_there")
    await connection.execute(
        "UPDATE cases SET region = $2, pdu = $3 WHERE reference = $1", record.reference, record.region, record.pdu
    )
    now = Place(connection, directory, await lock_case(connection, record.reference))
    move = _Move(means, record, Place(connection, directory, case), now)
    passed, missing = await _pass_questions(move)
    about = await _managers_in_line(move) or missing
    escalation = await _escalate(move, about) if about else None
    await _tell_leads(move, needs_help=about is not None)
    await _note(move, passed, escalation)
    return Transferred(region=record.region, pdu=record.pdu, escalation=escalation)


async def _stays(connection: Connection, means: Means, case: Row, record: TransferRecord, code: str) -> Transferred:
    await tell_refused(connection, means, Refusal(record.reference, record.event, record.at, "transfer", code))
    return Transferred(region=case["region"], pdu=case["pdu"], refused=code)


async def _pass_questions(move: _Move) -> tuple[list[str], str | None]:
    """The gates that were put to the new place's people, and the first for which it has nobody."""
    passed: list[str] = []
    missing = None
    for gate in await _open_gates(move):
        hearing = await hearing_of(move.now.connection, move.means, gate, move.at)
        if hearing is None:
            continue
        role, subject = Role(hearing.gate["role"]), hearing.gate["subject"]
        chosen = await choose(move.now, hearing.question, role, subject, on_in_london(move.at))
        missing = missing or (gate if chosen.is_fallback else None)
        if same_person(chosen.person.email, hearing.gate["person_email"]):
            continue
        event = f"{move.record.event}/{gate}"
        await give(hearing, chosen.person, chosen.role, event)
        await tell_former(hearing, event)
        await _show_new_place(move, hearing)
        passed.append(gate)
    return passed, missing


async def _open_gates(move: _Move) -> list[str]:
    """Open questions that the place fills. A Head named in the roster stays; another region's lead is not of it."""
    in_roster = bool(await move.now.staff("role = $2", str(Role.HEAD_OF_PDU)))
    filled = [str(role) for role in FILLED_BY_THE_PLACE if not (in_roster and role is Role.HEAD_OF_PDU)]
    rows = await move.now.connection.fetch(
        """
        SELECT gate, question FROM gates WHERE reference = $1 AND state = 'open' AND role = ANY($2)
        ORDER BY opened_at, gate
        """,
        move.now.reference,
        filled,
    )
    return [row["gate"] for row in rows if QUESTIONS[row["question"]].role is not Role.OTHER_REGION_LEAD]


async def _show_new_place(move: _Move, hearing: Hearing) -> None:
    """The page offers whom the new place has; what was asked and until when is as before."""
    gate = hearing.gate
    request = GateRequest(
        gate=hearing.name, question=hearing.question.key, subject=gate["subject"], at=move.at,
        rulebook=gate["rulebook"], deadline=gate["deadline"],
    )  # fmt: skip
    rulebook = move.means.rulebook(gate["rulebook"], move.at)
    page = await page_of(Asking(move.now, hearing.question, request, rulebook, move.means.holidays, move.means))
    await move.now.connection.execute("UPDATE gates SET page = $2 WHERE gate = $1", hearing.name, page)


async def _managers_in_line(move: _Move) -> str | None:
    """The first manager of the review who stands in the line of the new unit; each keeps the appointment.

    Who comes from outside the new region counts as lent by the region that lists them.
    """
    ties = await move.now.ties()
    found = None
    for role in APPOINTED:
        row = await move.now.connection.fetchrow(
            "SELECT * FROM appointments WHERE reference = $1 AND role = $2", move.now.reference, str(role)
        )
        person = await move.now.appointed(role)
        if row is None or person is None:
            continue
        if move.now.directory.region_of(person.key):
            await move.now.connection.execute(
                "UPDATE appointments SET organisation = $3 WHERE reference = $1 AND role = $2",
                move.now.reference,
                str(role),
                move.now.lender_of(person),
            )
        found = found or (str(role) if why_not_in_line(person, ties) else None)
    return found


async def _escalate(move: _Move, about: str) -> EscalationRef:
    concern = Concern(EscalationKind.REVIEWER, move.at, move.record.reason, about)
    return await raise_escalation(move.now.connection, move.now.reference, concern)


async def _tell_leads(move: _Move, *, needs_help: bool) -> None:
    """The senior leads of both places, each once; one person leads both where only the unit changes."""
    for place in (move.now, move.before):
        words = {"here": place is move.now, "line": needs_help}
        for lead in place.listed(Role.SENIOR_LEAD)[:1]:
            letter = Letter(
                move.record.event, "case_transferred", lead.name, lead.email, place.reference, move.at, words=words
            )
            await move.means.letters.queue(place.connection, letter)


async def _note(move: _Move, passed: list[str], escalation: EscalationRef | None) -> None:
    request = await request_of(move.now.connection, move.record.event)
    await audit(
        move.now.connection,
        move.at,
        move.now.reference,
        request["asked_by"] if request else "operations",
        "case_transferred",
        f"{move.record.region} {move.record.pdu}",
        before=f"{move.before.case['region']} {move.before.case['pdu']}",
        reason=move.record.reason,
        request=move.record.event,
        gates=passed,
        escalation=named(escalation),
    )
