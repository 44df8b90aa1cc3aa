"""The service at work for one test, and what people do to a case: by the functions that pages and commands use."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

from temporalio.client import WorkflowHandle
from temporalio.service import RPCError

import worker
from activities.correspondence import Correspondence
from activities.rulebooks import FileRulebooks
from starter.delivery import Delivery
from starter.extending import MoreTime, later_by, request_extension
from starter.mailer import SmtpMailer
from starter.record import Asked, Offer, asked_person, gate_of_link, read_gate, record_decision
from starter.registered import CASEWORK
from starter.relay import Relay
from starter.reports import ReportRefusedError, report_concern, report_court_event
from starter.script import USUAL
from starter.signals import NoSuchWorkflowError
from tests.histories.compatible import Thanking
from tests.invariants.changed_care import Caring
from tests.invariants.observed import Breach, Observed, Offered
from tests.invariants.observing import LogKeeper, Window
from tests.invariants.rules import breaches_in
from tests.invariants.screens import Screens
from tests.invariants.telemetry import TelemetryKeeper, keeper
from tests.workflows.conftest import DEPLOY, Office
from workflows.contract import ids
from workflows.contract.messages import CaseClock, CaseOpening, DecideSignal, OffenceRef
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import Channel, CourtEventKind, EscalationKind, ReasonCode
from workflows.notification import Notification
from workflows.policy.answers import check_answer
from workflows.policy.clock import case_time
from workflows.policy.due import on_in_london
from workflows.staff_care import StaffCare

SETTLES_WITHIN = 15.0  # seconds of real time; what is under way longer than that is stuck
_QUIET_WITHIN = 2.0
_LOOKS = 5
PRIVACY = 7
CODE: tuple[Mapping[type, type], ...] = (
    {},
    {Notification: Thanking},
    {Notification: Thanking, StaffCare: Caring},
)
"""Versions of the code in their order: which workflow stands in whose place. Each carries the cases of those before."""


@dataclass
class Service:
    """Workers, relay and letters of one test; workers are replaced at will. `log`, `telemetry`: what all of it says."""

    office: Office
    folder: Path
    log: LogKeeper = field(default_factory=LogKeeper)
    telemetry: TelemetryKeeper = field(default_factory=keeper)
    version: int = 0
    restarts: int = 0
    upgrades: int = 0
    _workers: AsyncExitStack = field(default_factory=AsyncExitStack)
    screens: Screens = field(init=False)

    def __post_init__(self) -> None:
        self.screens = Screens(self.office, self.delivery)

    @property
    def delivery(self) -> Delivery:
        """How rows reach the process."""
        return Delivery(self.office.client, self.office.record.pool)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Everything runs as long as the block lasts."""
        rulebooks, ring = FileRulebooks(DEPLOY / "rulebook", DEPLOY / "directory"), self.office.ring
        letters = Correspondence(
            self.office.record.pool,
            SmtpMailer(self.office.mail.url),
            mail_from="sfo@service.example.test",
            public_url="http://gateway.example.test",
            link_key_id=ring.active_id,
            link_keys=ring.readable,
            language_of=rulebooks.language_of,
        )
        relay = Relay(self.delivery, self.office.record.pool, self.folder)
        beside = [asyncio.create_task(relay.run()), asyncio.create_task(letters.sweep())]
        await self._start(CODE[0])
        try:
            with self.log.keeping():
                yield
        finally:
            await self._workers.aclose()
            await self.screens.leave()
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def restart(self) -> None:
        """Workers with an empty cache, of the code that was running."""
        self.restarts += 1
        await self._begin_anew(CODE[self.version])

    async def upgrade(self) -> bool:
        """Workers of the next version, each change of which is behind a patch; False: there is none after this one."""
        if self.version + 1 == len(CODE):
            return False
        self.version, self.upgrades = self.version + 1, self.upgrades + 1
        await self._begin_anew(CODE[self.version])
        return True

    async def run_first_version(self) -> None:
        """For a new case; one that has run on changed code can never go back to code without the patch."""
        if self.version:
            self.version = 0
            await self._begin_anew(CODE[0])

    async def run_instead(self, changed: type) -> None:
        """Workers with this workflow in place of the notification, whatever open cases say to that."""
        await self._begin_anew({Notification: changed})

    async def _begin_anew(self, changes: Mapping[type, type]) -> None:
        await self._workers.aclose()
        await self._start(changes)

    async def _start(self, changes: Mapping[type, type]) -> None:
        self._workers = AsyncExitStack()
        workflows = [changes.get(one, one) for one in CASEWORK]
        with patch.object(worker, "CASEWORK", workflows):
            for queue in (ids.CASEWORK_QUEUE, ids.NATIONAL_QUEUE):
                built = worker.build_worker(self.office.client, queue, self.office.activities, None)
                await self._workers.enter_async_context(built)

    async def open(self, speed: float, code: str | None = None, **charge: Any) -> "CaseInHand":
        """A charge is reported and its case runs; `code`: with an offence of this code, a week before the charge."""
        if code:
            on = datetime.now(UTC).date() - timedelta(days=8)
            charge["offences"] = [{"code": code, "offence_on": str(on), "victim_age": 34}]
        opening = await self.office.report(speed=speed, **charge)
        await self.delivery.start_case(opening.reference)
        window = Window(self.office, opening.reference, self.log, self.telemetry, self.screens.codes)
        return CaseInHand(self, opening, window)


@dataclass
class CaseInHand:
    """One case: everything that people and courts do to it, and how it is seen from outside."""

    service: Service
    opening: CaseOpening
    window: Window

    @property
    def reference(self) -> str:
        """Its reference."""
        return self.opening.reference

    @property
    def case(self) -> WorkflowHandle[Any, Any]:
        """Its workflow."""
        return self.service.office.client.get_workflow_handle(ids.case_id(self.reference))

    @property
    def now(self) -> datetime:
        """Its own time."""
        return case_time(CaseClock.model_validate(self.opening.clock), datetime.now(UTC))

    @property
    def today(self) -> date:
        """Its own date in London."""
        return on_in_london(self.now)

    async def rows(self, query: str, *more: object) -> list[dict[str, Any]]:
        """Rows of this case; its reference is $1."""
        return await self.service.office.record.rows(query, self.reference, *more)

    async def questions(self, state: str = "open") -> list[dict[str, Any]]:
        """The questions in this state that nobody has answered, or those with an answer for any other state."""
        return await self.rows(
            """SELECT g.* FROM gates g LEFT JOIN decisions d ON d.gate = g.gate AND d.void_at IS NULL
               WHERE g.reference = $1 AND g.state = $2 AND (g.state <> 'open' OR d.gate IS NULL)
               ORDER BY g.opened_at, g.gate""",
            state,
        )

    # --- people ------------------------------------------------------------------------------------

    async def answer(
        self, gate: str, answer: str, fields: dict[str, Any], reasons: str | None, by: str | None = None
    ) -> Offered | None:
        """Somebody answers by their link as the page would let them; None: the page does not take it."""
        async with self.service.office.record.pool.acquire() as connection:
            who = await self._by_link(connection, gate, by)
            found = await read_gate(connection, gate)
            if who is None or found is None:
                return None
            if check_answer(QUESTIONS[found.question], answer, fields, reasons, found.page_today()):
                return None
            person = who.team[0] if who.team else None
            offer = Offer(uuid4(), answer, fields, reasons, Channel.LINK, person)
            outcome = await record_decision(connection, gate, who, offer)
        told = outcome.decided.answer if outcome.decided else None
        offered = Offered(str(offer.decision), gate, answer, who.email, outcome.is_new, told)
        self.window.offers.append(offered)
        if outcome.is_new:
            await self._deliver(offer.decision)
        return offered

    async def answer_on_page(self, row: Mapping[str, Any]) -> bool:
        """Whoever is asked follows the link in their letter, signs in and answers as usual; False: not taken."""
        gate, line = str(row["gate"]), USUAL.get(str(row["question"]))
        if line is None:
            return False
        mine = "SELECT message_id FROM outbox WHERE gate = $2 AND to_email = $3 AND $1::text IS NOT NULL"
        letters = {str(found["message_id"]) for found in await self.rows(mine, gate, row["person_email"])}
        await self.service.screens.answer(letters, str(row["question"]), line, self.today)
        taken = await self.rows(
            "SELECT decision, answer, by_email FROM decisions WHERE gate = $2 AND channel = 'link' AND by_email = $3 "
            "AND $1::text IS NOT NULL ORDER BY recorded_at DESC",
            gate,
            row["person_email"],
        )
        known = {offer.decision for offer in self.window.offers}
        new = [one for one in taken if str(one["decision"]) not in known]
        for one in new:
            given = Offered(str(one["decision"]), gate, one["answer"], one["by_email"], True, one["answer"])
            self.window.offers.append(given)
        return bool(new)

    async def answer_unasked(self, gate: str, answer: str, fields: dict[str, Any], by: str) -> str:
        """Somebody who was not asked has an answer written to the record all the same; returns its id."""
        stranger = Asked(by, "Invented Stranger", "asked")
        offer = Offer(uuid4(), answer, fields, "Invented reason.", Channel.LINK)
        async with self.service.office.record.pool.acquire() as connection:
            assert await asked_person(connection, gate, by) is None
            outcome = await record_decision(connection, gate, stranger, offer)
        if outcome.is_new:
            await self._deliver(offer.decision)
        return str(offer.decision)

    async def _deliver(self, decision: UUID) -> None:
        with contextlib.suppress(NoSuchWorkflowError):  # the relay has the rest
            await self.service.delivery.deliver_decision(decision)

    async def _by_link(self, connection: Any, gate: str, by: str | None) -> Asked | None:
        link = await connection.fetchval(
            """SELECT link FROM sfo.links WHERE gate = $1 AND ($2::text IS NULL OR email = $2)
               ORDER BY revoked_at NULLS FIRST, recorded_at DESC LIMIT 1""",
            gate,
            by,
        )
        found = await gate_of_link(connection, link) if link else None
        return found[1] if found else None

    async def repeat(self, decision: str, gate: str) -> None:
        """The signal of a decision comes once more, under another request."""
        await self.signal(gate, "decide", DecideSignal(gate=gate, decision=decision))

    async def signal(self, gate: str, name: str, content: Any) -> bool:
        """A signal by hand to the stage that asks; False: it has ended."""
        handle = self.service.office.client.get_workflow_handle(ids.workflow_of_gate(gate))
        try:
            await handle.signal(name, content)
        except RPCError:
            return False
        return True

    async def court(self, kind: CourtEventKind, offences: tuple[OffenceRef, ...] = ()) -> bool:
        """The court does this today; False: a rule stands against the report."""
        async with self.service.office.record.pool.acquire() as connection:
            try:
                event, _ = await report_court_event(connection, self.reference, kind, self.today, offences)
            except ReportRefusedError:
                return False
        await self.service.delivery.deliver_court_event(event)
        return True

    async def concern(self, kind: EscalationKind) -> bool:
        """Somebody raises a concern."""
        async with self.service.office.record.pool.acquire() as connection:
            try:
                number = await report_concern(
                    connection, self.reference, kind, "Invented words of a worry.", "director@n53.example.test"
                )
            except ReportRefusedError:
                return False
        await self.service.delivery.deliver_concern(self.reference, kind, number)
        return True

    async def more_time(self, weeks: int) -> bool:
        """The reviewing manager asks for so many weeks more; False: refused."""
        async with self.service.office.record.pool.acquire() as connection:
            author = await connection.fetchval(
                "SELECT email FROM sfo.appointments WHERE reference = $1 AND role = 'reviewing_manager'", self.reference
            )
            try:
                new_on = await later_by(connection, self.reference, weeks=weeks)
                wanted = MoreTime(new_on, ReasonCode.WORKLOAD, "Invented reason.")
                request = await request_extension(connection, self.reference, wanted, author or "")
            except ReportRefusedError:
                return False
        await self.service.delivery.deliver_extension(request)
        return True

    # --- seen from outside -------------------------------------------------------------------------

    async def heard(self) -> None:
        """Until nothing that was said is on its way any more."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLES_WITHIN):
                while (await self._under_way())[0]:
                    await asyncio.sleep(0.02)

    async def settle(self) -> None:
        """Until nothing is under way, and nothing has been for a moment: where time makes things due, a while."""
        await self.heard()
        same, last = 0, -1
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_QUIET_WITHIN):
                while same < 3:
                    waiting, mark = await self._under_way()
                    same = same + 1 if waiting == 0 and mark == last else 0
                    last = mark
                    await asyncio.sleep(0.05)

    async def _under_way(self) -> tuple[int, int]:
        row = (
            await self.rows(
                """SELECT (SELECT count(*) FROM decisions JOIN gates USING (gate)
                       WHERE reference = $1 AND applied_at IS NULL AND void_at IS NULL)
                   + (SELECT count(*) FROM court_events WHERE reference = $1 AND applied_at IS NULL)
                   + (SELECT count(*) FROM requests WHERE reference = $1 AND delivered_at_wall IS NULL)
                   + (SELECT count(*) FROM escalations WHERE reference = $1 AND delivered_at_wall IS NULL)
                   + (SELECT count(*) FROM enquiries WHERE reference = $1 AND delivered_at_wall IS NULL) AS waiting,
                   (SELECT coalesce(max(seq), 0) FROM audit WHERE reference = $1) AS mark"""
            )
        )[0]
        return int(row["waiting"]), int(row["mark"])

    async def breaches(self, *, is_due_to_close: bool = False) -> tuple[Observed, list[Breach]]:
        """What stands against the invariants now. What is gone again a moment later was on its way, and is none.

        What names somebody and what was said is looked at once: it does not go away.
        """
        named: list[Breach] = []
        times: dict[Breach, int] = {}
        for _ in range(2 * _LOOKS):
            await self.settle()
            seen = await self.window.look(is_due_to_close=is_due_to_close)
            found = breaches_in(seen)
            named += [breach for breach in found if breach.number == PRIVACY]
            times = {breach: times.get(breach, 0) + 1 for breach in found if breach.number != PRIVACY}
            if max(times.values(), default=_LOOKS) >= _LOOKS:
                break
            await asyncio.sleep(0.4)
        self.window.keep(seen)
        return seen, [*named, *(breach for breach, often in times.items() if often >= _LOOKS)]
