"""Invented reviews whose clock runs: a review date, a draft that is asked for by it, and days that pass."""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from tests.activities.reviewing import commissioned
from tests.builders import RULEBOOK, ACase
from tests.conftest import MailServer, Record
from workflows.contract.messages import ClockStart, GateOpened, Paused, PauseRecord, Rearmed, Reschedule, ResumeRecord
from workflows.contract.vocabulary import DateCause, ReasonCode
from workflows.policy import due as moments

REVIEWER, LEAD = "reviewer.one@n53.example.test", "senior.lead@n53.example.test"
COUNTERSIGNER = "countersigner.one@n53.example.test"
STOPPED, AGAIN = date(2026, 11, 2), date(2026, 11, 16)  # Mondays: ten working days between
LATER = date(2027, 1, 19)  # ten working days after 5 January 2027
DUE = date(2027, 1, 5)  # three months from the Monday on which the clock of these cases starts


def at(on: date, hour: int = 10) -> datetime:
    return datetime.combine(on, time(hour), tzinfo=ZoneInfo("Europe/London"))


async def clocked(record: Record, mail_server: MailServer) -> ACase:
    case = await commissioned(record, mail_server)
    await case.casework.start_review_clock(ClockStart(reference=case.reference, at=case.at, rulebook=RULEBOOK))
    assert await case.column("review_due") == DUE
    return case


async def ask_draft(case: ACase, ask: int = 1) -> GateOpened:
    return await case.ask("draft", ask=ask, due=moments.due(await case.column("review_due")))


async def pause(case: ACase, on: date, event: str | None = None) -> Paused:
    case.at = at(on)
    name = event or f"{case.reference}/pause/{on}"
    return await case.casework.pause_review(
        PauseRecord(reference=case.reference, at=case.at, event=name, reason=ReasonCode.TRIAL)
    )


async def resume(case: ACase, on: date, event: str | None = None) -> Paused:
    case.at = at(on)
    name = event or f"{case.reference}/resume/{on}"
    return await case.casework.resume_review(
        ResumeRecord(reference=case.reference, at=case.at, event=name, reason=ReasonCode.TRIAL, rulebook=RULEBOOK)
    )


async def reschedule(case: ACase, gate: str, holiday: date | None = None) -> Rearmed:
    cause = DateCause.CALENDAR if holiday else DateCause.RESUMED
    return await case.gates.reschedule_gate(Reschedule(gate=gate, at=case.at, cause=cause, holiday=holiday))


async def announce(record: Record, holiday: date) -> None:
    await record.pool.execute(
        "INSERT INTO bank_holidays VALUES ($1, 'Example Day', 'an invented proclamation', 'ops@example.test')", holiday
    )


def words_of(message: Any) -> str:
    text: str = message.get_body(("plain",)).get_content()
    return text


async def letters(record: Record, letter: str) -> list[str]:
    rows = await record.rows("SELECT to_email FROM outbox WHERE letter = $1 ORDER BY to_email", letter)
    return [str(row["to_email"]) for row in rows]


async def gate_row(record: Record, gate: str) -> dict[str, object]:
    [row] = await record.rows("SELECT * FROM gates WHERE gate = $1", gate)
    return row
