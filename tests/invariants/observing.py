"""Looking at one case of the running service from outside: its rows, its mail, its histories, the visibility store."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

from google.protobuf.json_format import MessageToJson
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecution

from activities.bank_holidays import england_and_wales
from activities.rulebooks import FileRulebooks
from starter.audit import verify
from starter.connections import Connection
from starter.history_payloads import payloads_in
from tests.invariants.observed import Flow, Observed, Offered, Read, Row
from tests.invariants.rules_record import ADDRESS
from tests.invariants.telemetry import TelemetryKeeper, keeper
from tests.workflows.conftest import DEPLOY, Office
from workflows.contract.messages import CaseClock
from workflows.policy.clock import case_time

_OURS = ("activities", "starter", "workflows", "worker", "temporalio")
_LEAVES_WITHIN = timedelta(seconds=15)
NAMING = frozenset({"Invented ", "Example ", ADDRESS})
"""Every person and every text of these tests is called or begins like this."""

_MINE = "reference = $1"
_OF_GATES = "gate IN (SELECT gate FROM sfo.gates WHERE reference = $1)"
_TABLES = {
    "cases": (_MINE, "reference"),
    "staff": (_MINE, "ref"),
    "victims": (_MINE, "ref"),
    "appointments": (_MINE, "role"),
    "gates": (_MINE, "opened_at, gate"),
    "decisions": (_OF_GATES, "recorded_at"),
    "links": (_OF_GATES, "recorded_at"),
    "outbox": (f"{_MINE} OR {_OF_GATES}", "recorded_at"),
    "deadlines": (_MINE, "id"),
    "documents": (_MINE, "kind, version"),
    "interviews": (_MINE, "ref"),
    "duties": (_MINE, "kind, subject"),
    "actions": (_MINE, "ref"),
    "court_events": (_MINE, "at"),
    "escalations": (_MINE, "kind, number"),
    "enquiries": (_MINE, "number"),
    "extension_requests": (_MINE, "at"),
    "pauses": (_MINE, "number"),
    "releases": (_MINE, "at"),
    "audit": (_MINE, "seq"),
    "absences": ("$1::text IS NOT NULL", "recorded_at"),
}


class LogKeeper(logging.Handler):
    """Keeps what the service logs, as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """As long as the block lasts, with every line that a service in use would write."""
        levels = {name: logging.getLogger(name).level for name in _OURS}
        for name in _OURS:
            logging.getLogger(name).setLevel(logging.INFO)
        logging.getLogger().addHandler(self)
        try:
            yield
        finally:
            logging.getLogger().removeHandler(self)
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line of the product's; libraries of the tests, such as the mail server, say what they like."""
        if record.name.partition(".")[0] in _OURS:
            self.lines.append(self.format(record))

    def taken(self) -> str:
        """What has been logged since this was called last."""
        lines, self.lines = self.lines, []
        return "\n".join(lines)


@dataclass
class Window:
    """What looks at one case, again and again; it reads what is new in histories and in the mailbox, and no more.

    `codes`: the letters with a code that somebody has asked for at a page, which are of no case.
    """

    office: Office
    reference: str
    logs: LogKeeper = field(default_factory=LogKeeper)
    telemetry: TelemetryKeeper = field(default_factory=keeper)
    codes: set[str] = field(default_factory=set)
    offers: list[Offered] = field(default_factory=list)
    last: Observed | None = None
    _events: dict[str, int] = field(default_factory=dict)
    _failed: Counter[str] = field(default_factory=Counter)
    _letters: int = 0

    async def look(self, *, is_due_to_close: bool = False) -> Observed:
        """The case as it stands; `last` stays what it was until `keep`."""
        before, heads = self._mail(), len(self.office.mail.messages)
        async with self.office.record.pool.acquire() as connection:
            tables, broken, holidays, others = await self._record(connection)
        flows, said = await self._temporal()
        case = tables["cases"][0]
        clock = CaseClock.model_validate(case["clock"])
        seen = Observed(
            reference=self.reference,
            now=case_time(clock, datetime.now(UTC)),
            tables=tables,
            broken=broken,
            mail_before=_without(before, others),
            mail_after=_without(self._mail(), others),
            said={**said, "the log": self.logs.taken(), **self.telemetry.taken()},
            letters=tuple(self._read(tables["outbox"], heads)),
            secrets=NAMING | {case["crn"], case["noms"]},
            flows=flows,
            offers=tuple(self.offers),
            in_line=self._in_line(),
            holidays=england_and_wales(frozenset(row["holiday"] for row in holidays)),
            announced={row["holiday"]: case_time(clock, row["recorded_at"]) for row in holidays},
            is_due_to_close=is_due_to_close,
            stuck=frozenset(row["message_id"] for row in tables["outbox"] if _is_stuck(row)),
            before=self.last,
        )
        self._letters = heads
        return seen

    def keep(self, seen: Observed) -> None:
        """From now on this is what was seen last."""
        seen.before = None
        self.last = seen

    async def _record(
        self, connection: Connection
    ) -> tuple[dict[str, list[Row]], tuple[str, ...], list[Row], set[str]]:
        tables: dict[str, list[Row]] = {}
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            for table, (which, order) in _TABLES.items():
                query = f"SELECT * FROM sfo.{table} WHERE {which} ORDER BY {order}"
                tables[table] = [dict(row) for row in await connection.fetch(query, self.reference)]
            broken = tuple(await verify(connection))
            holidays: list[Row] = [dict(row) for row in await connection.fetch("SELECT * FROM sfo.bank_holidays")]
            mine = {row["message_id"] for row in tables["outbox"]}
            every = {row["message_id"] for row in await connection.fetch("SELECT message_id FROM sfo.outbox")}
        return tables, broken, holidays, (every - mine) | self.codes

    def _mail(self) -> Counter[str]:
        return Counter(str(message["Message-ID"]) for message in self.office.mail.messages)

    def _read(self, outbox: list[Row], until: int) -> Iterator[Read]:
        rows = {row["message_id"]: row for row in outbox}
        for message in self.office.mail.messages[self._letters : until]:
            if row := rows.get(str(message["Message-ID"])):
                yield Read(row["event"], row["to_name"], row["to_email"], _text(message))
            elif str(message["Message-ID"]) in self.codes:
                to = message["To"].addresses[0]
                yield Read("a code", to.display_name, to.addr_spec, _text(message))

    async def _temporal(self) -> tuple[dict[str, Flow], dict[str, str]]:
        query = f"WorkflowId = 'sfo/{self.reference}' OR WorkflowId STARTS_WITH 'sfo/{self.reference}/'"
        found = [one async for one in self.office.client.list_workflows(query)]
        texts = await asyncio.gather(*(self._history(one) for one in found))
        said = {f"the history of {one.id}": text for one, text in zip(found, texts, strict=True)}
        for one in found:
            attributes = {pair.key.name: str(pair.value) for pair in one.typed_search_attributes}
            said[f"the attributes of {one.id}"] = json.dumps(attributes)
        flows = {
            one.id: Flow(one.status.name if one.status else "", self._failed[one.run_id])
            # Ended by force and begun again by its case: the latest run is how it stands.
            for one in sorted(found, key=lambda execution: execution.start_time)
        }
        return flows, said

    async def _history(self, one: WorkflowExecution) -> str:
        """What is new in this history, as stored and as decoded."""
        handle = self.office.client.get_workflow_handle(one.id, run_id=one.run_id)
        events = [
            event for event in (await handle.fetch_history()).events if event.event_id > self._events.get(one.run_id, 0)
        ]
        if not events:
            return ""
        self._events[one.run_id] = events[-1].event_id
        failed = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
        self._failed[one.run_id] += sum(event.event_type == failed for event in events)
        codec = self.office.client.data_converter.payload_codec
        assert codec is not None
        payloads = [payload for event in events for _, payload in payloads_in(event)]
        decoded = [payload.data.decode(errors="replace") for payload in await codec.decode(payloads)]
        return "\n".join([*(MessageToJson(event) for event in events), *decoded])

    def _in_line(self) -> dict[str, frozenset[str]]:
        directory = FileRulebooks(DEPLOY / "rulebook", DEPLOY / "directory").directory(datetime.now(UTC).date())
        people = [*directory.national.people]
        for region in directory.regions.values():
            people += region.people
        units = {unit for person in people for unit in person.in_line_of}
        return {unit: frozenset(p.email for p in people if unit in p.in_line_of) for unit in units}


def _without(mail: Counter[str], others: set[str]) -> Counter[str]:
    """The messages of this case, and those that no case knows."""
    return Counter({message: times for message, times in mail.items() if message not in others})


def _is_stuck(letter: Row) -> bool:
    """Receipts wait two seconds for the sweep; what has waited much longer leaves no more."""
    return letter["state"] in ("queued", "sending") and datetime.now(UTC) - letter["recorded_at"] > _LEAVES_WITHIN


def _text(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    return f"{message['Subject']}\n{part.get_content() if part else ''}"
