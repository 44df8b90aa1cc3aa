"""Workflows on a real server whose clocks a test can move, with the real activities on a real PostgreSQL."""

import asyncio
import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError
from temporalio.testing import TimeSkipper, TimeSkippingConfig

import worker
from activities.casework import PostgresCasework
from activities.correspondence import Correspondence, Mailer
from activities.gates import PostgresGates
from activities.rulebooks import FileRulebooks
from activities.weekday_digest import PostgresDigests
from deploy.embedded.ports import usable_port
from deploy.embedded.temporal import EmbeddedTemporal, embedded_temporal
from starter.case_keys import CaseKeys
from starter.demo import CHARGES
from starter.intake import Pace, open_case
from starter.keys import KeyRing
from starter.mailer import SmtpMailer
from starter.payloads import data_converter
from tests.conftest import MailServer, Record
from tests.histories.recorded import write
from workflows.contract import ids
from workflows.contract.charge import Charge
from workflows.contract.messages import CaseNews, CaseOpening, ChargeReading, DecideSignal, StageBrief
from workflows.contract.rendition import FileFormat
from workflows.contract.vocabulary import Stage
from workflows.policy.leaks import Known, Leak, LeakKind

DEPLOY = Path(__file__).parents[2] / "deploy"
_NUMBERS = count(1)
PATIENCE = 90.0
PLANTED = "Brackenfold"
KNOWN_LATER = "Pemberquill"


@pytest_asyncio.fixture(scope="session")
async def temporal() -> AsyncIterator[EmbeddedTemporal]:
    folder = Path(tempfile.mkdtemp(prefix="sfo-workflows-"))
    try:
        async with embedded_temporal(folder, port=usable_port(0), ui_port=usable_port(0), time_skipping=True) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def plain_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are made in one format and the search finds one planted word, another once it is known to be a name.

    Making and searching have their own tests.
    """

    def search(_format: FileFormat, data: bytes, known: Known) -> tuple[Leak, ...]:
        words = [PLANTED, *(named.name for named in known.names if named.name == KNOWN_LATER)]
        return tuple(Leak(LeakKind.NAME, "paragraph", word) for word in words if word.encode() in data)

    monkeypatch.setattr("activities.renditions.formats", lambda: (FileFormat.HTML,))
    monkeypatch.setattr("activities.searching.search_file", search)


@dataclass
class Office:
    """One test's service: a worker at work, the record, the letters, and a hand on each workflow's clock."""

    record: Record
    mail: MailServer
    skipper: TimeSkipper
    casework: PostgresCasework
    activities: list[Callable[..., object]]
    skipped: dict[str, timedelta] = field(default_factory=dict)
    one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    ring: KeyRing = field(default_factory=KeyRing.generate)
    keys: CaseKeys | None = None

    @property
    def client(self) -> Client:
        return self.skipper.client

    async def report(self, speed: float = 1.0, **changes: Any) -> CaseOpening:
        """An invented case on the record; what differs from the demo's first one stands in `changes`."""
        today = datetime.now(UTC).date()
        entry = json.loads((CHARGES / "1-always-reviewed.json").read_text())
        entry |= {"crn": f"X{next(_NUMBERS):06}", "charged_on": str(today - timedelta(days=1))}
        entry["first_appearance_on"] = str(today)
        entry["offences"][0]["offence_on"] = str(today - timedelta(days=8))
        async with self.one_at_a_time, self.record.owner() as owner, self.record.pool.acquire() as connection:
            # Other tests share the namespace, so references must not repeat between databases.
            await owner.execute("SELECT setval('sfo.case_number', $1)", 1000 + next(_NUMBERS))
            opened = await open_case(connection, Charge.model_validate(entry | changes), Pace(speed=speed))
            opening = await connection.fetchval("SELECT opening FROM sfo.cases WHERE reference = $1", opened.reference)
        return CaseOpening.model_validate(opening)

    async def start(
        self,
        opening: CaseOpening,
        stage: Stage,
        news: CaseNews | None = None,
        queue: str = ids.CASEWORK_QUEUE,
        **more: Any,
    ) -> WorkflowHandle[Any, Any]:
        """Judge the case, take it as notified today, and start one stage by itself, with a clock of its own.

        `news` reaches it together with its start.
        """
        today = datetime.now(UTC).date()
        await self.record.pool.execute(
            "UPDATE cases SET notified_on = $2 WHERE reference = $1", opening.reference, today
        )
        reading = ChargeReading(reference=opening.reference, round=1, at=datetime.now(UTC))
        judged = await self.casework.judge_charge(reading)
        brief = StageBrief(
            reference=opening.reference,
            stage=stage,
            clock=opening.clock,
            region=opening.region,
            pdu=opening.pdu,
            ground=judged.ground,
            rulebook=judged.rulebook,
            staff=opening.staff,
            victims=opening.victims,
            appeared_on=opening.appeared_on,
            **{"lists_gates": True, **more},
        )
        return await self.client.start_workflow(
            str(stage),
            brief,
            id=ids.stage_id(opening.reference, stage),
            task_queue=queue,
            start_signal="case_news" if news else None,
            start_signal_args=[news] if news else [],
        )

    async def gate(self, gate: str) -> dict[str, Any]:
        """The gate's row, as soon as it is open."""
        query = "SELECT * FROM gates WHERE gate = $1 AND state = 'open'"
        row: dict[str, Any] = await self.until(lambda: self._row(query, gate))
        return row

    async def until(self, look: Callable[[], Any]) -> Any:
        """Whatever `look` finds, as soon as it finds something."""
        async with asyncio.timeout(PATIENCE):
            while not (found := await look()):
                await asyncio.sleep(0.02)
        return found

    async def _row(self, query: str, *arguments: object) -> dict[str, Any] | None:
        rows = await self.record.rows(query, *arguments)
        return rows[0] if rows else None

    def now(self, handle: WorkflowHandle[Any, Any]) -> datetime:
        """What the workflow's clock shows."""
        return datetime.now(UTC) + self.skipped.get(handle.id, timedelta(0))

    async def skip(self, handle: WorkflowHandle[Any, Any], by: timedelta) -> None:
        """Move the workflow's clock."""
        self.skipped[handle.id] = self.skipped.get(handle.id, timedelta(0)) + by
        await self.skipper.fast_forward(handle, by)

    async def skip_to(self, handle: WorkflowHandle[Any, Any], moment: datetime) -> None:
        """Move the workflow's clock to this moment."""
        await self.skip(handle, moment - self.now(handle))

    async def answer(
        self,
        handle: WorkflowHandle[Any, Any],
        gate: str,
        answer: str,
        fields: dict[str, Any] | None = None,
        reasons: str | None = None,
        received_at: datetime | None = None,
    ) -> str:
        """Record an answer as the gateway would at that moment, and signal it. Returns the decision's id."""
        row = await self.gate(gate)
        decision, at = uuid4(), received_at or self.now(handle)
        await self.record.pool.execute(
            """INSERT INTO decisions
                   (decision, gate, answer, fields, reasons, by_email, by_name, channel, received_at, late)
               VALUES ($1, $2, $3, $4, $5, $6, $7, 'link', $8, $9)""",
            decision, gate, answer, fields or {}, reasons, row["person_email"], row["person_name"], at,
            at > row["due_at"],
        )  # fmt: skip
        await handle.signal("decide", DecideSignal(gate=gate, decision=str(decision)))
        return str(decision)

    async def receipt(self, handle: WorkflowHandle[Any, Any], decision: str) -> dict[str, Any]:
        """What became of the decision."""
        found: dict[str, Any] = await self.until(lambda: handle.query("receipt", decision))
        return found

    def letters(self, email: str, subject: str = "") -> list[str]:
        return [m["Subject"] for m in self.mail.to(email) if subject.casefold() in m["Subject"].casefold()]


@pytest.fixture
def mailer(mail_server: MailServer) -> Mailer:
    """How letters leave; a test of another way has a fixture of its own."""
    return SmtpMailer(mail_server.url)


def an_office(
    record: Record,
    mail_server: MailServer,
    client: Client,
    ring: KeyRing,
    keys: CaseKeys | None = None,
    mailer: Mailer | None = None,
) -> Office:
    """All of it but the workers."""
    rulebooks = FileRulebooks(DEPLOY / "rulebook", DEPLOY / "directory")
    letters = Correspondence(
        record.pool,
        mailer or SmtpMailer(mail_server.url),
        mail_from="sfo@service.example.test",
        public_url="http://gateway.example.test",
        link_key_id=ring.active_id,
        link_keys=ring.readable,
        language_of=rulebooks.language_of,
    )
    casework = PostgresCasework(record.pool, letters, rulebooks)
    digests = PostgresDigests(record.pool, letters, rulebooks)
    activities = worker.activities_of(PostgresGates(record.pool, letters, rulebooks), casework, digests)
    # Time moves only when a test says so.
    skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
    return Office(
        record, mail_server, skipper, casework, activities, ring=ring, keys=keys or CaseKeys(record.app_url, ring)
    )


async def keep_what_ran(office: Office, release: str) -> None:
    """Every history of this test's cases is recorded: `tests/histories/record.py` asks for it."""
    codec = office.client.data_converter.payload_codec
    assert codec is not None
    references = [str(row["reference"]) for row in await office.record.rows("SELECT reference FROM cases")]
    async for execution in office.client.list_workflows():
        if any(reference in execution.id for reference in references):
            handle = office.client.get_workflow_handle(execution.id, run_id=execution.run_id)
            await write(release, execution.workflow_type, execution.id, await handle.fetch_history(), codec)


@pytest_asyncio.fixture
async def office(
    record: Record, mail_server: MailServer, mailer: Mailer, temporal: EmbeddedTemporal
) -> AsyncIterator[Office]:
    ring = KeyRing.generate()
    keys = CaseKeys(record.app_url, ring)
    client = await Client.connect(temporal.address, data_converter=data_converter(ring, keys))
    queues = (ids.CASEWORK_QUEUE, ids.NATIONAL_QUEUE)
    office = an_office(record, mail_server, client, ring, keys, mailer)
    one, two = (worker.build_worker(client, queue, office.activities, None) for queue in queues)
    async with one, two:
        yield office
        if release := os.environ.get("SFO_RECORD_HISTORIES"):
            await keep_what_ran(office, release)
        async for execution in client.list_workflows("ExecutionStatus='Running'"):
            with contextlib.suppress(RPCError):  # it ended meanwhile
                await client.get_workflow_handle(execution.id).terminate("the test is over")
