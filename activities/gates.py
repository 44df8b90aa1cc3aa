"""PostgresGates: asking people. Each method is one transition, and its letters follow after the commit."""

from temporalio import activity

from activities.chasing import chase_gate, chasing_key
from activities.correspondence import Correspondence
from activities.handing_over import events_under
from activities.hearing import void_event
from activities.means import Means
from activities.moving import (
    lapse,
    reassign,
    reassignment_event,
    withdraw,
    withdrawal_events,
)
from activities.opening import open_gate, stands_still, waiting_decision
from activities.rearming import move_deadline
from activities.record import Connection, Pool, once, transaction
from activities.rescheduling import date_moved_event, reschedule_gate
from activities.rulebooks import FileRulebooks
from activities.scheduling import as_it_stands
from activities.settling import settle, settling_key
from workflows.contract.messages import (
    Chase,
    Chased,
    DeadlineMove,
    DeadlineMoved,
    GateOpened,
    GateRequest,
    Lapse,
    Rearmed,
    Reassigned,
    Reassignment,
    Reschedule,
    Settled,
    Settlement,
    Withdrawal,
)
from workflows.contract.ports import Gates
from workflows.contract.vocabulary import GateState


class PostgresGates(Gates):
    """Gates in the record; every error that leaves is a code, since the SDK logs the texts of errors."""

    def __init__(self, pool: Pool, letters: Correspondence, rulebooks: FileRulebooks) -> None:
        self._means = Means(pool, letters, rulebooks)

    @activity.defn
    async def open_gate(self, request: GateRequest) -> GateOpened:
        """The question stands in the record, its schedule is fixed and its letter is on the way."""
        is_new = False

        async def work(connection: Connection) -> GateOpened:
            nonlocal is_new
            is_new = True
            return await open_gate(connection, self._means, request)

        opened = await once(self._means.pool, f"{request.gate}/open", GateOpened, work)
        await self._means.letters.send_waiting([f"{request.gate}/asked"])
        if is_new:
            return opened
        # Asked before: the answer may have come between the first call and its repeat, or before a reset.
        async with transaction(self._means.pool) as connection:
            row = await waiting_decision(connection, request.gate)
            # A stage that is begun anew asks again what was taken back meanwhile: nobody could answer it.
            state = await connection.fetchval("SELECT state FROM gates WHERE gate = $1", request.gate)
            opened = await as_it_stands(connection, self._means, opened, request.at)
        if row:
            return opened.model_copy(update={"decision": str(row["decision"])})
        return opened.model_copy(update={"is_withdrawn": state in (None, GateState.WITHDRAWN)})

    @activity.defn
    async def settle_gate(self, settlement: Settlement) -> Settled:
        """The answer is checked, applied with its effects, and the gate closed; or it is refused with a code."""

        async def work(connection: Connection) -> Settled:
            return await settle(connection, self._means, settlement)

        settled = await once(self._means.pool, settling_key(settlement), Settled, work)
        if settled.refused:
            refused = void_event(settlement.gate, settlement.signal.decision)
            await self._means.letters.send_waiting([refused, void_event(settlement.gate)])
        return settled

    @activity.defn
    async def chase_gate(self, chase: Chase) -> Chased:
        """The reminders and climbs whose moment has come have been made."""

        async def work(connection: Connection) -> Chased:
            return await chase_gate(connection, self._means, chase)

        chased = await once(self._means.pool, chasing_key(chase), Chased, work)
        await self._means.letters.send_waiting([chasing_key(chase)])
        return chased

    @activity.defn
    async def lapse_gate(self, lapse_: Lapse) -> Settled:
        """Silence has been given its meaning, unless the record holds an answer received in time.

        A clock that was stopped before the period ended keeps the question open; that is not remembered as its end.
        """
        async with transaction(self._means.pool) as connection:
            if await stands_still(connection, lapse_.gate):
                return Settled(refused="paused")

        async def work(connection: Connection) -> Settled:
            return await lapse(connection, self._means, lapse_)

        settled = await once(self._means.pool, f"{lapse_.gate}/lapse", Settled, work)
        await self._means.letters.send_waiting([void_event(lapse_.gate)])
        return settled

    @activity.defn
    async def withdraw_gates(self, withdrawal: Withdrawal) -> None:
        """The gates are closed unanswered; unapplied answers are void and their authors told."""
        for gate in withdrawal.gates:
            async with transaction(self._means.pool) as connection:
                await withdraw(connection, self._means, gate, withdrawal.at)
            await self._means.letters.send_waiting(withdrawal_events(gate))

    @activity.defn
    async def reassign_gate(self, reassignment: Reassignment) -> Reassigned:
        """Another person is asked; the earlier link is dead. Refused where independence would break."""

        async def work(connection: Connection) -> Reassigned:
            return await reassign(connection, self._means, reassignment)

        event = reassignment_event(reassignment)
        reassigned = await once(self._means.pool, event, Reassigned, work)
        await self._means.letters.send_waiting(await events_under(self._means.pool, event))
        return reassigned

    @activity.defn
    async def move_deadline(self, move: DeadlineMove) -> DeadlineMoved:
        """The date moved by this decision, the original stays beside it, the gates have new schedules."""

        async def work(connection: Connection) -> DeadlineMoved:
            return await move_deadline(connection, self._means, move)

        return await once(self._means.pool, f"{move.reference}/move/{move.decision}", DeadlineMoved, work)

    @activity.defn
    async def reschedule_gate(self, reschedule: Reschedule) -> Rearmed:
        """The open gate has the date and the steps that follow from a resumed clock or a changed calendar."""
        async with transaction(self._means.pool) as connection:
            done = await reschedule_gate(connection, self._means, reschedule)
        if reschedule.holiday:
            await self._means.letters.send_waiting([date_moved_event(reschedule.gate, reschedule.holiday)])
        return done
