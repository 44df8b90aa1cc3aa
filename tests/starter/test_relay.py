"""What a click could not deliver is delivered later, once, and nothing is lost while something is away."""

import asyncio
import logging
from datetime import timedelta
from pathlib import Path
from typing import cast
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCStatusCode

from starter.audit import Head, HeadsError, read_head, read_heads, verify
from starter.connections import Pool
from starter.relay import Relay
from starter.signals import TemporalAwayError
from starter.voiding import void_decision
from tests.builders import ACase
from tests.conftest import MailServer, Record
from tests.starter.front_desk import FakeTemporal, a_case_now, a_signal_of
from workflows.contract.messages import Withdrawal


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


@pytest.mark.parametrize("how", ["TERMINATED", "FAILED", "TIMED_OUT"])
async def test_a_decision_for_a_stage_that_its_case_begins_again_waits_for_it(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, how: str, tmp_path: Path
) -> None:
    await a_waiting_decision(case)
    temporal.ended.add(f"sfo/{case.reference}/notification")
    temporal.ended_as = WorkflowExecutionStatus[how]
    assert await relay.tick() == 0
    (row,) = await record.rows("SELECT * FROM decisions")
    assert (row["void_at"], row["delivered_at_wall"]) == (None, None)
    temporal.ended.clear()
    another = Relay(temporal.delivery(record), record.pool, tmp_path / "another")  # the first looks again later
    assert await another.tick() == 1


async def test_the_void_letter_has_the_id_of_its_event_and_person(case: ACase, record: Record) -> None:
    _, decision = await a_waiting_decision(case)
    ids = []
    for _ in range(2):  # as after a restore: the row is gone and is made again
        async with record.pool.acquire() as connection:
            assert await void_decision(connection, decision)
        ids.append(await record.value("SELECT message_id FROM outbox WHERE letter = 'decision_void'"))
        async with record.owner() as owner:
            await owner.execute("DELETE FROM outbox WHERE letter = 'decision_void'")
            await owner.execute("UPDATE decisions SET void_at = NULL")
    assert ids[0] == ids[1]
    assert str(ids[0]).endswith("@sfo.invalid>")


async def test_the_void_letter_can_be_written_and_sent(
    case: ACase, relay: Relay, temporal: FakeTemporal, mail_server: MailServer
) -> None:
    await a_waiting_decision(case)
    temporal.ended.add(f"sfo/{case.reference}/notification")
    await relay.tick()
    await case.pool.execute("UPDATE outbox SET recorded_at = recorded_at - interval '3 seconds'")
    await case.letters.sweep_once()
    assert str(mail_server.messages[-1]["Subject"]).startswith(f"{case.reference}: Your answer was not used")


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


@pytest.mark.parametrize(
    "status", [RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.ALREADY_EXISTS]
)
async def test_a_row_that_temporal_refuses_is_left_alone_and_the_others_go_on(
    case: ACase,
    relay: Relay,
    temporal: FakeTemporal,
    record: Record,
    mail_server: MailServer,
    caplog: pytest.LogCaptureFixture,
    status: RPCStatusCode,
) -> None:
    await a_waiting_decision(case)
    temporal.refuses[f"sfo/{case.reference}/notification"] = status
    other = await a_case_now(record, mail_server)
    await record.pool.execute("UPDATE cases SET started_at_wall = now()")
    gate, _ = await a_waiting_decision(other)
    assert await relay.tick() == 1
    assert await relay.tick() == 0
    assert temporal.sent == 2  # the refused row was not tried again at once
    assert [signal.content["gate"] for signal in temporal.signals] == [gate]
    assert [r.getMessage() for r in caplog.records if "cannot be delivered" in r.getMessage()] == [
        f"one of the decisions cannot be delivered: Temporal, {status.name}; looking again later"
    ]
    assert await record.value("SELECT count(*) FROM decisions WHERE void_at IS NULL") == 2


@pytest.mark.parametrize(
    "status",
    [
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.UNKNOWN,
        RPCStatusCode.INTERNAL,
        RPCStatusCode.UNAUTHENTICATED,
        RPCStatusCode.PERMISSION_DENIED,
    ],
)
async def test_what_says_nothing_about_the_row_means_that_temporal_is_away(
    case: ACase, relay: Relay, temporal: FakeTemporal, status: RPCStatusCode
) -> None:
    await a_waiting_decision(case)
    temporal.refuses[f"sfo/{case.reference}/notification"] = status
    with pytest.raises(TemporalAwayError, match=status.name) as raised:
        await relay.tick()
    assert type(raised.value) is TemporalAwayError


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


async def test_a_head_that_cannot_be_written_does_not_stop_deliveries_and_is_said_once(
    case: ACase,
    temporal: FakeTemporal,
    record: Record,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("starter.relay._LEAVE_ALONE", timedelta(0))
    (tmp_path / "full").write_text("a file where the folder should be")
    relay = Relay(temporal.delivery(record), record.pool, tmp_path / "full")
    await a_waiting_decision(case)
    assert await relay.tick() == 1
    await relay.tick()
    assert len([r for r in caplog.records if "the audit head is not exported" in r.getMessage()]) == 1
    (tmp_path / "full").unlink()
    await relay.tick()
    assert len(read_heads(tmp_path / "full" / "audit-heads.jsonl")) == 1


async def test_a_head_that_could_not_be_written_is_tried_again_in_a_minute(
    case: ACase, temporal: FakeTemporal, record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    async def refuses(pool: Pool, data_dir: Path) -> Head | None:
        tries.append(data_dir)
        raise HeadsError("the disk is full")

    monkeypatch.setattr("starter.relay.export_head", refuses)
    relay = Relay(temporal.delivery(record), record.pool, tmp_path)
    before = asyncio.get_running_loop().time()
    await relay.tick()
    await relay.tick()
    assert len(tries) == 1
    assert 59 < relay._next_head - before < 65


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
