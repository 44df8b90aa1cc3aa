"""What a click could not deliver is delivered later, once, and nothing is lost while something is away."""

import asyncio
import json
import logging
from datetime import date, timedelta
from pathlib import Path
from typing import cast
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from starter.audit import Head, read_head, read_heads, verify
from starter.connections import Pool
from starter.relay import Relay
from starter.reports import ReportRefusedError, report_concern, report_court_event, report_enquiry, request_extension
from tests.builders import ACase
from tests.conftest import MailServer, Record
from tests.starter.front_desk import FakeTemporal, a_case_now, a_signal_of
from workflows.contract.messages import OffenceRef, Withdrawal
from workflows.contract.vocabulary import CourtEventKind, EnquiryKind, EscalationKind, ReasonCode


@pytest_asyncio.fixture
async def case(record: Record, mail_server: MailServer) -> ACase:
    case = await a_case_now(record, mail_server)
    await record.pool.execute("UPDATE cases SET started_at_wall = now()")
    return case


@pytest.fixture
def temporal() -> FakeTemporal:
    return FakeTemporal()


@pytest.fixture
def relay(record: Record, temporal: FakeTemporal, tmp_path: Path) -> Relay:
    return Relay(temporal.delivery(record), record.pool, tmp_path)


async def a_waiting_decision(case: ACase) -> tuple[str, UUID]:
    gate = (await case.ask("notification", stage="notification")).gate
    decision = await case.decide(gate, "sent", sent_on="2026-10-05")
    await age(case.pool)
    return gate, decision


async def age(pool: Pool, seconds: int = 2) -> None:
    """Let the waiting rows be this much older."""
    for table in ("cases", "decisions"):
        await pool.execute(f"UPDATE {table} SET recorded_at = recorded_at - make_interval(secs => $1)", float(seconds))


# --- decisions --------------------------------------------------------------------------------------


async def test_a_decision_made_while_temporal_was_away_is_delivered_once(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record
) -> None:
    gate, decision = await a_waiting_decision(case)
    temporal.is_away = True
    with pytest.raises(Exception, match="RuntimeError"):
        await relay.tick()
    assert await record.value("SELECT delivered_at_wall FROM decisions") is None
    temporal.is_away = False
    assert await relay.tick() == 1
    assert await relay.tick() == 0
    assert temporal.signals == [a_signal_of(gate, decision)]
    assert await record.value("SELECT delivered_at_wall FROM decisions") is not None


async def test_a_fresh_decision_is_left_to_the_gateway(case: ACase, relay: Relay, temporal: FakeTemporal) -> None:
    gate = (await case.ask("notification", stage="notification")).gate
    await case.decide(gate, "sent", sent_on="2026-10-05")
    assert await relay.tick() == 0


async def test_delivered_but_not_applied_it_is_sent_again_under_the_same_id(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record
) -> None:
    await a_waiting_decision(case)
    await relay.tick()
    await record.pool.execute("UPDATE decisions SET delivered_at_wall = now() - interval '31 seconds'")
    assert await relay.tick() == 1
    assert temporal.sent == 2
    assert len(temporal.signals) == 1


async def test_relays_side_by_side_deliver_each_row_once(
    case: ACase, temporal: FakeTemporal, record: Record, tmp_path: Path
) -> None:
    await a_waiting_decision(case)
    relays = [Relay(temporal.delivery(record), record.pool, tmp_path / str(n)) for n in range(3)]
    delivered = await asyncio.gather(*(relay.tick() for relay in relays))
    assert sum(delivered) >= 1
    assert len(temporal.signals) == 1


async def test_a_decision_for_a_stage_that_ended_is_void_and_its_author_told_once(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record
) -> None:
    gate, decision = await a_waiting_decision(case)
    temporal.ended.add(f"sfo/{case.reference}/notification")
    await relay.tick()
    await relay.tick()
    (row,) = await record.rows("SELECT * FROM decisions")
    assert row["void_at"] is not None
    letters = await record.rows("SELECT * FROM outbox WHERE letter = 'decision_void'")
    assert [(letter["event"], letter["state"]) for letter in letters] == [(f"{gate}/void", "queued")]
    audit = await record.rows("SELECT * FROM audit WHERE action = 'decision_void'")
    assert [row["detail"] for row in audit] == [{"decision": str(decision), "why": "the stage had ended"}]


async def test_the_void_letter_can_be_written_and_sent(
    case: ACase, relay: Relay, temporal: FakeTemporal, mail_server: MailServer
) -> None:
    await a_waiting_decision(case)
    temporal.ended.add(f"sfo/{case.reference}/notification")
    await relay.tick()
    await case.pool.execute("UPDATE outbox SET recorded_at = recorded_at - interval '3 seconds'")
    await case.letters.sweep_once()
    assert str(mail_server.messages[-1]["Subject"]).startswith("Your answer was not used")


async def test_what_withdrawing_has_voided_is_left_alone(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record
) -> None:
    gate, _ = await a_waiting_decision(case)
    await case.gates.withdraw_gates(Withdrawal(reference=case.reference, gates=(gate,), at=case.at))
    letters = await record.rows("SELECT event FROM outbox WHERE letter = 'decision_void'")
    await relay.tick()
    assert temporal.signals == []
    assert await record.rows("SELECT event FROM outbox WHERE letter = 'decision_void'") == letters


@pytest.mark.parametrize("lost", ["workflow", "namespace"])
async def test_nothing_is_void_because_temporal_lost_its_memory(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, lost: str
) -> None:
    await a_waiting_decision(case)
    if lost == "workflow":
        temporal.unknown.add(f"sfo/{case.reference}/notification")
        assert await relay.tick() == 0
    else:
        temporal.has_namespace = False
        with pytest.raises(Exception, match="NOT_FOUND"):
            await relay.tick()
    (row,) = await record.rows("SELECT * FROM decisions")
    assert (row["void_at"], row["delivered_at_wall"]) == (None, None)


async def test_a_row_that_cannot_be_delivered_does_not_hold_up_the_others(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, mail_server: MailServer
) -> None:
    await a_waiting_decision(case)
    temporal.unknown.add(f"sfo/{case.reference}/notification")
    other = await a_case_now(record, mail_server)
    await record.pool.execute("UPDATE cases SET started_at_wall = now()")
    gate, _ = await a_waiting_decision(other)
    assert await relay.tick() == 1
    assert [signal.content["gate"] for signal in temporal.signals] == [gate]


# --- everything else ---------------------------------------------------------------------------------


async def test_a_case_that_was_never_started_is_started(
    record: Record, mail_server: MailServer, relay: Relay, temporal: FakeTemporal
) -> None:
    case = await a_case_now(record, mail_server)
    await age(record.pool)
    await relay.tick()
    started = temporal.started[f"sfo/{case.reference}"]
    assert (started["kind"], started["task_queue"]) == ("sfo-case", "sfo-casework")
    assert started["opening"].reference == case.reference
    assert started["static_summary"] == f"SFO case {case.reference}, N53"
    attributes = {pair.key.name: pair.value for pair in started["search_attributes"]}
    assert attributes == {
        "SfoStage": "charge",
        "SfoRegion": "N53",
        "SfoPdu": "N53LEI",
        "SfoGround": "ask",
        "SfoOverdue": False,
    }
    assert await record.value("SELECT started_at_wall FROM cases") is not None


async def test_court_events_concerns_enquiries_and_requests_are_delivered(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record
) -> None:
    ref, charge = case.reference, (OffenceRef(code="COML025", offence_on=date(2026, 10, 2)),)
    today = date(2026, 10, 5)
    await record.pool.execute("UPDATE cases SET review_due = '2027-01-05', original_review_due = '2027-01-05'")
    await record.pool.execute(
        """INSERT INTO appointments (reference, role, person_key, name, email, at)
           VALUES ($1, 'reviewing_manager', 'n53.x', 'Example', 'author@example.test', now())""",
        ref,
    )
    async with record.pool.acquire() as c:
        convicted, _ = await report_court_event(c, ref, CourtEventKind.CONVICTED, today)
        amended, _ = await report_court_event(c, ref, CourtEventKind.AMENDED, today, charge)
        concern = await report_concern(c, ref, EscalationKind.STAFF_SAFETY, "Words of a person", "a@example.test")
        enquiry = await report_enquiry(c, ref, EnquiryKind.FOI, today, "Words of a person", "command")
        request = await request_extension(
            c, ref, date(2027, 2, 1), ReasonCode.TRIAL, "Words of a person", "author@example.test"
        )
    assert await relay.tick() == 5
    assert await relay.tick() == 0
    sent = {signal.name: signal for signal in temporal.signals}
    assert sent["court_event"].content == {"kind": "convicted", "on": "2026-10-05", "event": convicted}
    assert sent["amend_charge"].content["event"] == amended
    assert sent["amend_charge"].content["offences"][0]["code"] == "COML025"
    assert (sent["raise_concern"].content["number"], sent["raise_concern"].content["kind"]) == (concern, "staff_safety")
    assert (sent["enquiry"].content["number"], sent["enquiry"].content["kind"]) == (enquiry, "foi")
    assert sent["request_extension"].content["request"] == str(request)
    assert sent["request_extension"].workflow_id == f"sfo/{ref}/review"
    assert "Words of a person" not in json.dumps([signal.content for signal in temporal.signals])


async def test_a_refused_letter_is_told_to_its_stage_once(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, mail_server: MailServer
) -> None:
    mail_server.recipient_replies.append("550 nobody here")
    gate = (await case.ask("notification", stage="notification")).gate
    assert await relay.tick() == 1
    assert await relay.tick() == 0
    (signal,) = temporal.signals
    assert (signal.name, signal.content) == ("undeliverable", {"gate": gate})
    assert signal.workflow_id == f"sfo/{case.reference}/notification"


async def test_the_same_court_event_twice_is_one(case: ACase, record: Record) -> None:
    async with record.pool.acquire() as connection:
        reports = [
            await report_court_event(connection, case.reference, CourtEventKind.CONVICTED, date(2026, 10, 5))
            for _ in range(2)
        ]
    assert [is_new for _, is_new in reports] == [True, False]
    assert await record.value("SELECT count(*) FROM audit WHERE action = 'court_event_reported'") == 1


async def test_what_rules_forbid_is_refused_with_the_reason(case: ACase, record: Record) -> None:
    ref = case.reference
    async with record.pool.acquire() as connection:
        for on, why in ((date(2026, 10, 4), "before the charge"), (date(2200, 1, 1), "in the future")):
            with pytest.raises(ReportRefusedError, match=why):
                await report_court_event(connection, ref, CourtEventKind.CONVICTED, on)
        with pytest.raises(ReportRefusedError, match="no review date"):
            await request_extension(connection, ref, date(2027, 2, 1), ReasonCode.TRIAL, None, "a@example.test")
        with pytest.raises(ReportRefusedError, match="there is no case"):
            await report_concern(connection, "SFO-2026-99999", EscalationKind.OTHER, "x", "a@example.test")
        await connection.execute("UPDATE cases SET closed_on = '2026-10-06', outcome = 'completed'")
        with pytest.raises(ReportRefusedError, match="closed on 2026-10-06"):
            await report_court_event(connection, ref, CourtEventKind.CONVICTED, date(2026, 10, 5))


# --- outages and the audit head -----------------------------------------------------------------------


async def test_an_outage_is_said_once_when_it_begins_and_once_when_it_ends(
    case: ACase,
    relay: Relay,
    temporal: FakeTemporal,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await a_waiting_decision(case)
    caplog.set_level(logging.WARNING, logger="starter.relay")
    monkeypatch.setattr("starter.relay.EVERY", timedelta(seconds=0.01))
    temporal.is_away = True
    task = asyncio.create_task(relay.run())
    await asyncio.sleep(0.4)
    temporal.is_away = False
    while not temporal.signals:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    task.cancel()
    said = [record.getMessage() for record in caplog.records if record.name == "starter.relay"]
    assert [line.split(":")[0] for line in said] == [
        "the relay cannot deliver and keeps trying",
        "the relay delivers again",
    ]


async def test_a_database_that_goes_away_does_not_end_the_relay(
    temporal: FakeTemporal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class AwayPool:
        asked = 0

        def acquire(self) -> object:
            self.asked += 1
            raise ConnectionRefusedError

    monkeypatch.setattr("starter.relay.EVERY", timedelta(seconds=0.01))
    pool = AwayPool()
    task = asyncio.create_task(Relay(temporal.delivery(cast(Record, pool_of(pool))), cast(Pool, pool), tmp_path).run())
    await asyncio.sleep(0.2)
    assert not task.done()
    assert pool.asked > 3
    task.cancel()


def pool_of(pool: object) -> object:
    return type("Holder", (), {"pool": pool})()


async def test_the_head_is_exported_at_start_and_proves_the_chain(
    case: ACase, relay: Relay, record: Record, tmp_path: Path
) -> None:
    await a_waiting_decision(case)
    await relay.tick()
    await relay.tick()
    (head,) = read_heads(tmp_path / "audit-heads.jsonl")
    async with record.pool.acquire() as connection:
        assert await read_head(connection) == head
        assert await verify(connection, [head]) == []


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        ("DELETE FROM sfo.audit WHERE seq = (SELECT max(seq) FROM sfo.audit)", "the end was cut off"),
        ("DELETE FROM sfo.audit WHERE seq = 2", "a row before it was removed"),
        ("UPDATE sfo.audit SET actor = 'nobody' WHERE seq = 2", "it was edited"),
        ("UPDATE sfo.audit SET hash = sha256('x') WHERE seq = 2", "it was edited"),
    ],
)
async def test_a_cut_a_removed_and_an_edited_row_are_found(case: ACase, record: Record, harm: str, told: str) -> None:
    await case.ask("notification", stage="notification")
    await case.ask("early_look", stage="early-look")
    await case.ask("rosh", stage="charge")
    async with record.pool.acquire() as connection:
        head = await read_head(connection)
    assert head is not None
    await as_superuser(record, harm)
    async with record.pool.acquire() as connection:
        assert any(told in problem for problem in await verify(connection, [head]))


async def test_a_chain_written_anew_does_not_fit_an_exported_head(case: ACase, record: Record) -> None:
    await case.ask("notification", stage="notification")
    async with record.pool.acquire() as connection:
        problems = await verify(connection, [Head(1, "00" * 32)])
    assert problems == ["row 1: it is not the row that was exported as the head"]


async def as_superuser(record: Record, statement: str) -> None:
    """Whoever owns the server can get past the triggers; the chain must show it."""
    connection = await asyncpg.connect(record.superuser_url)
    try:
        await connection.execute(f"SET session_replication_role = replica; {statement}")
    finally:
        await connection.close()


async def test_an_unknown_decision_is_an_error_of_ours(record: Record, temporal: FakeTemporal) -> None:
    with pytest.raises(LookupError):
        await temporal.delivery(record).deliver_decision(uuid4())
