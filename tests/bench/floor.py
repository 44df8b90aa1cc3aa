"""The effects that every floor has, the same as the product's in number and kind, and nothing else.

To ask: a question, its link, its letter and a row of the audit, in one transaction; then the letter goes by SMTP. To
answer: the decision and a row of the audit, in one transaction. To settle: the decision applied, the question closed,
a receipt and a row of the audit, in one transaction; the receipt goes with the next sweep, as the product's does.
Letters and audit rows that the product writes besides (notices, ends of stages) are spread over the questions.

Left out: rules, eligibility, dates, pages, templates, encryption, the hash chain of the audit, repeat-safe results.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from uuid import UUID, uuid4

import aiosmtplib
import asyncpg

from starter.connections import Connection, Pool

TIMER = timedelta(days=14)
"""How long a question waits before something would be done about it; nothing ever is, in a run."""
_ROW = {"what": "x" * 300}
_BODY = "Invented letter.\n" + "x" * 70 + "\n"
_ADDRESS = "asked@floor.example.test"


@dataclass(frozen=True, slots=True)
class Shape:
    """What one case of the product does, counted in the record: questions answered, letters, audit rows."""

    gates: int
    letters: int
    audits: int

    def more_letters(self, number: int) -> int:
        """Letters with the question of this number beside its own two."""
        return share(self.letters - 2 * self.gates, self.gates, number)

    def more_audits(self, number: int) -> int:
        """Audit rows with the question of this number beside its own three."""
        return share(self.audits - 3 * self.gates, self.gates, number)

    def encode(self) -> str:
        """As an argument of a worker."""
        return json.dumps([self.gates, self.letters, self.audits])

    @classmethod
    def decode(cls, text: str) -> "Shape":
        """Read what `encode` wrote."""
        return cls(*json.loads(text))


def share(total: int, parts: int, number: int) -> int:
    """Of a total that is spread evenly over so many parts, what falls to the part of this number, from 0."""
    total = max(total, 0)
    return total * (number + 1) // parts - total * number // parts


def gate_of(reference: str, number: int) -> str:
    """The id of a case's question by its number, from 0."""
    return f"{reference}/q{number}"


def number_of(gate: str) -> int:
    """The number in a question's id."""
    return int(gate.rpartition("/q")[2])


class Floor:
    """The effects, on a pool and a mail server."""

    def __init__(self, pool: Pool, smtp_url: str, shape: Shape) -> None:
        self.pool = pool
        self.shape = shape
        self._host, _, port = smtp_url.removeprefix("smtp://").partition(":")
        self._port = int(port)

    async def open_case(self, reference: str) -> None:
        """The case stands in the record."""
        await self.pool.execute(
            "INSERT INTO floor.cases (reference, gates) VALUES ($1, $2)", reference, self.shape.gates
        )

    async def ask(self, reference: str, number: int) -> None:
        """The question stands, its letter is sent. Repeat-safe by its id."""
        gate = gate_of(reference, number)
        async with self.pool.acquire() as connection, connection.transaction():
            await self.write_question(connection, reference, number)
        await self.send_asked(gate)

    async def send_asked(self, gate: str) -> None:
        """The letter of this question is sent, unless it went already."""
        await self.send(await self._claimed("event = $1 AND state = 'queued'", f"{gate}/asked"))

    async def write_question(self, connection: Connection, reference: str, number: int) -> None:
        """The rows of a question, within a transaction of the caller's."""
        gate, now = gate_of(reference, number), datetime.now(UTC)
        await connection.execute(
            """INSERT INTO floor.gates (gate, reference, role, due_at, page, state, opened_at)
               VALUES ($1, $2, 'spoc', $3, $4, 'open', $5) ON CONFLICT DO NOTHING""",
            gate, reference, now + TIMER, _ROW, now,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO floor.links (link, gate, email) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            uuid4(), gate, _ADDRESS,
        )  # fmt: skip
        await self._letter(connection, reference, f"{gate}/asked")
        await self._audit(connection, reference, "gate_opened", gate)

    async def answer(self, gate: str) -> UUID:
        """Somebody's answer stands in the record; whoever waits is told by others. Returns its id."""
        decision = uuid4()
        reference = gate.partition("/")[0]
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.fetchrow("SELECT * FROM floor.gates WHERE gate = $1 FOR UPDATE", gate)
            await connection.execute(
                """INSERT INTO floor.decisions (decision, gate, answer, fields, received_at)
                   VALUES ($1, $2, 'done', $3, clock_timestamp())""",
                decision, gate, _ROW,
            )  # fmt: skip
            await self._audit(connection, reference, "decision_recorded", gate)
        return decision

    async def settle(self, gate: str) -> None:
        """The answer that stands is applied and the question closed. Repeat-safe: a closed one stays as it is."""
        async with self.pool.acquire() as connection, connection.transaction():
            await self.write_settlement(connection, gate)

    async def write_settlement(self, connection: Connection, gate: str) -> None:
        """The rows of an answer applied, within a transaction of the caller's."""
        reference, number = gate.partition("/")[0], number_of(gate)
        if await connection.fetchval("SELECT state FROM floor.gates WHERE gate = $1 FOR UPDATE", gate) != "open":
            return
        await connection.execute("UPDATE floor.decisions SET applied_at = clock_timestamp() WHERE gate = $1", gate)
        await connection.execute(
            "UPDATE floor.gates SET state = 'decided', closed_at = clock_timestamp() WHERE gate = $1", gate
        )
        for event in ("receipt", *(f"more-{n}" for n in range(self.shape.more_letters(number)))):
            await self._letter(connection, reference, f"{gate}/{event}")
        for action in ("decision_applied", *(f"more-{n}" for n in range(self.shape.more_audits(number)))):
            await self._audit(connection, reference, action, gate)

    async def close(self, reference: str) -> None:
        """The case is closed."""
        await self.pool.execute("UPDATE floor.cases SET closed_on = current_date WHERE reference = $1", reference)

    async def sweep(self) -> None:
        """Send what waits, every second, until cancelled."""
        while True:
            due = "state = 'queued' AND recorded_at < clock_timestamp() - interval '1 second'"
            rows = await self._claimed(f"{due} ORDER BY recorded_at LIMIT 20")
            await self.send(rows)
            if len(rows) < 20:
                await asyncio.sleep(1)

    async def send(self, rows: list[asyncpg.Record]) -> None:
        """These letters go, each by a connection of its own."""
        await asyncio.gather(*(self._send(row) for row in rows))

    async def _send(self, row: asyncpg.Record) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "sfo@floor.example.test", row["to_email"], row["event"]
        message.set_content(_BODY * 12)
        message.add_alternative(f"<p>{_BODY * 12}</p>", subtype="html")
        async with aiosmtplib.SMTP(hostname=self._host, port=self._port) as server:
            await server.send_message(message)
        await self.pool.execute(
            "UPDATE floor.outbox SET state = 'sent', sent_at = clock_timestamp() WHERE letter_id = $1",
            row["letter_id"],
        )

    async def _claimed(self, which: str, *arguments: object) -> list[asyncpg.Record]:
        return await self.pool.fetch(
            f"""UPDATE floor.outbox SET state = 'sending', attempts = attempts + 1 WHERE letter_id IN (
                    SELECT letter_id FROM floor.outbox WHERE {which} FOR UPDATE SKIP LOCKED) RETURNING *""",
            *arguments,
        )

    async def _letter(self, connection: Connection, reference: str, event: str) -> None:
        await connection.execute(
            """INSERT INTO floor.outbox (event, reference, to_email, context, state)
               VALUES ($1, $2, $3, $4, 'queued') ON CONFLICT DO NOTHING""",
            event, reference, _ADDRESS, _ROW,
        )  # fmt: skip

    async def _audit(self, connection: Connection, reference: str, action: str, subject: str) -> None:
        await connection.execute(
            """INSERT INTO floor.audit (at, reference, action, subject, detail)
               VALUES (clock_timestamp(), $1, $2, $3, $4)""",
            reference, action, subject, _ROW,
        )  # fmt: skip


@asynccontextmanager
async def sweeping(floor: Floor) -> AsyncIterator[None]:
    """Letters that wait are sent for as long as the block lasts."""
    task = asyncio.create_task(floor.sweep())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
