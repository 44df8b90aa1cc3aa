"""Carries what the record holds to Temporal: decisions, court events, concerns, enquiries, requests, new cases.

The record is written first, by others; each method here sends one row and marks it delivered. A row that cannot
be sent stays as it is and the relay calls again, so every method is repeat-safe by the row.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

import asyncpg
from pydantic import BaseModel
from temporalio.client import Client

from starter.connections import Pool
from starter.reports import report_refused_letter
from starter.returned_letters import ASKING, climbing_gate
from starter.signals import NoSuchWorkflowError, is_closed, is_over, send_signal
from starter.starting import start_again, start_escalation, start_first
from starter.voiding import void_decision
from workflows.contract import ids
from workflows.contract.message import Signal
from workflows.contract.messages import (
    AmendedCharge,
    CalendarSignal,
    CaseOpening,
    CorrectSignal,
    CourtEvent,
    DecideSignal,
    ExtensionSignal,
    OffenceRef,
    OptInSignal,
    PauseSignal,
    RaisedConcern,
    RaisedEnquiry,
    ReassignSignal,
    Receipt,
    ReplaceSignal,
    ResumeSignal,
    TransferSignal,
    UndeliverableSignal,
)
from workflows.contract.question import Silence
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import (
    CourtEventKind,
    EnquiryKind,
    EscalationKind,
    GateState,
    Ground,
    ReasonCode,
    Stage,
)

_LOG = logging.getLogger(__name__)

_REQUESTS: Mapping[str, type[Signal]] = {
    "pause": PauseSignal,
    "resume": ResumeSignal,
    "transfer": TransferSignal,
    "replace_manager": ReplaceSignal,
    "calendar": CalendarSignal,
    "opt_in": OptInSignal,
    "correct": CorrectSignal,
}
"""What a request's row holds: checked once more, so that nothing but codes, dates and keys enters a history."""

_OPENED_AGAIN = "(SELECT max(seq) FROM sfo.audit WHERE reference = $1 AND action = 'case_reopened')"
"""The number of the latest opening of a case that had closed."""

_BECAME = """
    SELECT applied_at IS NOT NULL AS is_applied,
        coalesce(result ->> 'refused', CASE WHEN void_at IS NOT NULL THEN 'void' END) AS refused
    FROM sfo.decisions LEFT JOIN sfo.transitions ON key = $2 WHERE decision = $1
"""
_FIRST_LOOK, _LONGEST_LOOK = 0.005, 0.25  # seconds; each a quarter longer, so that a receipt comes little later


class Delivery:
    """Sends rows of the record to Temporal. Every method raises TemporalAwayError when that is out of reach."""

    def __init__(self, client: Client, pool: Pool) -> None:
        self.client = client
        self._pool = pool

    async def start_case(self, reference: str) -> None:
        """The case's workflow runs, or has run since the case was opened, or opened again. Repeat-safe."""
        row = await self._row("cases", reference=reference)
        opening = CaseOpening.model_validate(row["opening"])
        mark = await self._pool.fetchval(f"SELECT {_OPENED_AGAIN}", reference) if opening.reopened else None
        if mark is None:
            await start_first(self.client, opening)
        else:
            await start_again(self.client, opening, Ground(row["ground"]), mark)
        # Opened again once more while it was started: that one is still to be started.
        await self._pool.execute(
            f"""UPDATE sfo.cases SET started_at_wall = coalesce(started_at_wall, clock_timestamp())
                WHERE reference = $1 AND ($2::bigint IS NULL OR $2 = {_OPENED_AGAIN})""",
            reference,
            mark,
        )

    async def deliver_decision(self, decision: UUID) -> bool:
        """The stage has the signal `decide`. False: the stage has ended; the decision is void, its author told.

        Raises NoSuchWorkflowError when Temporal never heard of a stage whose gate stands open: the decision waits.
        """
        gate, state = await self._gate_of(decision)
        workflow_id = ids.workflow_of_gate(gate)
        signal = DecideSignal(gate=gate, decision=str(decision))
        try:
            await send_signal(self.client, workflow_id, "decide", signal, str(decision))
        except NoSuchWorkflowError:
            return await self._nobody_waits(decision, workflow_id, state)
        await self._delivered("decisions", decision=decision)
        return True

    async def receipt(self, gate: str, decision: UUID) -> Receipt:
        """What became of a decision, once that is known; wrap in asyncio.timeout. Raises what asyncpg raises.

        The record is asked and not the stage: a question to a workflow is work for a worker, and a workflow that this
        very answer has ended is read and replayed for it.
        """
        pause, key = _FIRST_LOOK, ids.settled_key(gate, decision)
        while True:
            row = await self._pool.fetchrow(_BECAME, decision, key)
            if row and (row["is_applied"] or row["refused"]):
                return Receipt(applied=row["is_applied"], code=row["refused"] or "applied")
            await asyncio.sleep(pause)
            pause = min(pause * 1.25, _LONGEST_LOOK)

    async def _nobody_waits(self, decision: UUID, workflow_id: str, state: GateState) -> bool:
        """Void the decision, unless its gate stands open and its workflow is to be begun again, or is lost.

        Begun again it finds the decision by itself.
        """
        if state is GateState.OPEN and not await is_over(self.client, workflow_id):
            raise NoSuchWorkflowError
        async with self._pool.acquire() as connection:
            await void_decision(connection, decision)
        return False

    async def deliver_court_event(self, event: str) -> None:
        """The case has the signal `court_event`, or `amend_charge` for an amended charge."""
        row = await self._row("court_events", event=event)
        message: CourtEvent | AmendedCharge
        if row["kind"] == CourtEventKind.AMENDED:
            offences = tuple(OffenceRef.model_validate(offence) for offence in row["offences"])
            message = AmendedCharge(amended_on=row["on_date"], offences=offences, event=event)
            await self._to_case(row["reference"], "amend_charge", message, event)
        else:
            message = CourtEvent(kind=CourtEventKind(row["kind"]), on=row["on_date"], event=event)
            await self._to_case(row["reference"], "court_event", message, event)
        await self._delivered("court_events", event=event)

    async def deliver_concern(self, reference: str, kind: EscalationKind, number: int) -> None:
        """The case has the signal `raise_concern` for an escalation that the record has numbered.

        Where its workflow is gone although the case is open, the escalation runs by itself: the national team asks
        and resolves as ever, and the case finds the outcome in the record.
        """
        row = await self._row("escalations", reference=reference, kind=kind, number=number)
        message = RaisedConcern(kind=kind, number=number, reason=_reason(row["reason"]), about=row["about"])
        request = ids.escalation_id(reference, kind, number)
        try:
            is_heard = await self._to_case(reference, "raise_concern", message, request)
        except NoSuchWorkflowError:
            is_heard = False
        case = await self._row("cases", reference=reference)
        if not is_heard and case["closed_on"] is None:
            await start_escalation(self.client, case, kind, number)
        await self._delivered("escalations", reference=reference, kind=kind, number=number)

    async def deliver_enquiry(self, reference: str, number: int) -> None:
        """The case has the signal `enquiry` for an enquiry that the record has numbered."""
        row = await self._row("enquiries", reference=reference, number=number)
        message = RaisedEnquiry(kind=EnquiryKind(row["kind"]), number=number, received_on=row["received_on"])
        await self._to_case(reference, "enquiry", message, ids.enquiry_id(reference, number))
        await self._delivered("enquiries", reference=reference, number=number)

    async def deliver_extension(self, request: UUID) -> None:
        """The running review has the signal `request_extension`; a review that ended meanwhile needs none."""
        row = await self._row("extension_requests", request=request)
        workflow_id = await self._review_of(row["reference"])
        message = ExtensionSignal(new_on=row["new_on"], reason=_reason(row["reason_code"]), request=str(request))
        try:
            await send_signal(self.client, workflow_id, "request_extension", message, str(request))
        except NoSuchWorkflowError:
            _LOG.warning("the review of %s has ended; a request for more time is void", row["reference"])
            await self._pool.execute("UPDATE sfo.extension_requests SET void_at = at WHERE request = $1", request)
        await self._delivered("extension_requests", request=request)

    async def deliver_request(self, request: UUID) -> None:
        """The workflow that a request names has its signal; one that has ended needs none.

        Raises NoSuchWorkflowError when Temporal never heard of a stage whose question stands open: the request waits.
        """
        row = await self._row("requests", request=request)
        message = _REQUESTS[row["signal"]].model_validate(row["message"])
        if row["workflow"] == ids.case_id(row["reference"]):
            await self._to_case(row["reference"], row["signal"], message, str(request))
        else:
            await self._to_stage(row["workflow"], row["signal"], message, str(request))
        await self._delivered("requests", request=request)

    async def _to_stage(self, workflow_id: str, signal: str, message: BaseModel, request: str) -> None:
        try:
            await send_signal(self.client, workflow_id, signal, message, request)
        except NoSuchWorkflowError:
            if not await is_closed(self.client, workflow_id):
                raise
            _LOG.info("%s has ended; it needs no %s", workflow_id, signal)

    async def deliver_refused_letter(self, letter: UUID) -> None:
        """Whoever can help knows of a letter that was refused for good: its stage, or the national team.

        Only a letter that asks something is the stage's concern. One that belongs to no question is a concern of
        the case, which the relay delivers like any other.
        """
        row = await self._row("outbox", letter_id=letter)
        if row["letter"] == "digest":  # each letter that went in it is refused with it, and told in its turn
            await self._pool.execute(
                """UPDATE sfo.outbox SET state = 'refused', error_code = $2
                   WHERE gathered_in = $1 AND state = 'gathered'""",
                letter,
                row["error_code"],
            )
        elif row["reference"] is None:
            _LOG.warning("letter %s, about no case, was refused for good: look at the address in the directory", letter)
        elif row["gate"] is None:
            async with self._pool.acquire() as connection:
                await report_refused_letter(connection, letter)
        elif row["letter"] in ASKING:
            await self._undeliverable(row["gate"], str(letter))
        await self._pool.execute("UPDATE sfo.outbox SET told_workflow = true WHERE letter_id = $1", letter)

    async def deliver_absence(self, absence: UUID, gate: str) -> None:
        """The stage of an open question knows that the person asked is away, and passes it on at once.

        It climbs to whoever stands in, or past them where independence forbids it. A question whose silence has a
        meaning climbs nowhere: it is given to whoever stands in, if they may answer it. Rule: design.md 3.13 and 4.
        """
        row = await self._row("gates", gate=gate)
        deputy = await self._value("absences", "deputy_key", absence=absence)
        request = str(uuid5(absence, gate))
        if QUESTIONS[row["question"]].silence is not Silence.LAPSE:
            await self._undeliverable(gate, request)
        elif deputy:
            message = ReassignSignal(gate=gate, to=deputy, reason=ReasonCode.ABSENCE)
            await self._to_asking(gate, "reassign", message, request)
        await self._pool.execute(
            "INSERT INTO sfo.absences_told (absence, gate) VALUES ($1, $2) ON CONFLICT DO NOTHING", absence, gate
        )

    async def deliver_out_of_office(self, letter: UUID) -> None:
        """The stage of a question whose recipient is away climbs at once, unless its ladder has been climbed since."""
        async with self._pool.acquire() as connection:
            gate = await climbing_gate(connection, letter)
        if gate is not None:
            await self._undeliverable(gate, f"{letter}/away")
        await self._pool.execute(
            "UPDATE sfo.returned_mail SET told_workflow = true, climbs = $2 WHERE letter_id = $1 AND kind = 'away'",
            letter,
            gate is not None,
        )

    async def _undeliverable(self, gate: str, request: str) -> None:
        await self._to_asking(gate, "undeliverable", UndeliverableSignal(gate=gate), request)

    async def _to_asking(self, gate: str, signal: str, message: BaseModel, request: str) -> None:
        """The stage that asks has the signal; one that ended needs not know."""
        try:
            await send_signal(self.client, ids.workflow_of_gate(gate), signal, message, request)
        except NoSuchWorkflowError:
            _LOG.info("the stage of %s has ended; it needs no %s", gate, signal)

    async def _to_case(self, reference: str, signal: str, message: Any, request: str) -> bool:
        """Whether the case's workflow has it; not where it has ended. Raises NoSuchWorkflowError where it never was."""
        # A case that was opened again is started first: the run that closed it may not have ended yet and would take
        # the signal with it.
        if await self._value("cases", "started_at_wall", reference=reference) is None:
            await self.start_case(reference)
        try:
            await send_signal(self.client, ids.case_id(reference), signal, message, request)
        except NoSuchWorkflowError:
            if not await is_closed(self.client, ids.case_id(reference)):
                raise
            _LOG.warning(
                "the workflow of %s has ended; %s stays in the record and it hears of nothing", reference, signal
            )
            return False
        return True

    async def _review_of(self, reference: str) -> str:
        stage = await self._pool.fetchval(
            """SELECT stage FROM sfo.gates WHERE reference = $1 AND stage ~ '^review(-[0-9]+)?$'
               ORDER BY round DESC LIMIT 1""",
            reference,
        )
        return f"{ids.case_id(reference)}/{stage or Stage.REVIEW}"

    async def _gate_of(self, decision: UUID) -> tuple[str, GateState]:
        row = await self._pool.fetchrow(
            "SELECT gate, state FROM sfo.decisions JOIN sfo.gates USING (gate) WHERE decision = $1", decision
        )
        if row is None:
            raise LookupError("no such decision in the record")
        return row["gate"], GateState(row["state"])

    async def _value(self, table: str, column: str, **key: object) -> Any:
        return (await self._row(table, **key))[column]

    async def _row(self, table: str, **key: object) -> asyncpg.Record:
        row = await self._pool.fetchrow(f"SELECT * FROM sfo.{table} WHERE {_where(key)}", *key.values())
        if row is None:
            raise LookupError(f"no such row in {table}")
        return row

    async def _delivered(self, table: str, **key: object) -> None:
        await self._pool.execute(
            f"UPDATE sfo.{table} SET delivered_at_wall = clock_timestamp() WHERE {_where(key)}", *key.values()
        )


def _where(key: Mapping[str, object]) -> str:
    """Name the columns of a key, which are written in this file, beside numbered parameters."""
    return " AND ".join(f"{column} = ${place}" for place, column in enumerate(key, start=1))


def _reason(code: str) -> ReasonCode:
    """Only a code may enter a history; whatever else stands in the row stays there."""
    return ReasonCode(code) if code in set(ReasonCode) else ReasonCode.OTHER
