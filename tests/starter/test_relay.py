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
from temporalio.service import RPCStatusCode

from starter.audit import Head, HeadsError, read_head, read_heads, verify
from starter.connections import Pool
from starter.enquiring import Enquiry, log_enquiry
from starter.extending import MoreTime, request_extension
from starter.relay import Relay
from starter.reports import ReportRefusedError, report_concern, report_court_event
from starter.signals import TemporalAwayError
from starter.voiding import void_decision
from tests.builders import ACase
from tests.conftest import MailServer, Record
from tests.starter.front_desk import FakeTemporal, a_case_now, a_signal_of
from workflows.contract.messages import Notice, OffenceRef, Withdrawal
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
        "SfoClock": "in_time",
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
        asked = Enquiry(EnquiryKind.FOI, today, "Words of a person", "Words of a person")
        enquiry = await log_enquiry(c, ref, asked, "command")
        request = await request_extension(
            c, ref, MoreTime(date(2027, 2, 1), ReasonCode.TRIAL, "Words of a person"), "author@example.test"
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


async def test_a_request_made_while_temporal_was_away_is_delivered_once_and_after_the_case_has_started(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record
) -> None:
    request, ref = uuid4(), case.reference
    await record.pool.execute(
        """INSERT INTO requests (request, reference, workflow, signal, message, reasons, asked_by, at)
           VALUES ($1, $2, $3, 'pause', $4, 'Words of a person', 'a@example.test', now())""",
        request,
        ref,
        f"sfo/{ref}",
        {"reason": "trial", "request": str(request)},
    )
    await record.pool.execute("UPDATE cases SET started_at_wall = NULL, recorded_at = now()")
    assert await relay.tick() == 0
    await record.pool.execute("UPDATE cases SET started_at_wall = now()")
    temporal.is_away = True
    with pytest.raises(TemporalAwayError):
        await relay.tick()
    temporal.is_away = False
    assert await relay.tick() == 1
    assert await relay.tick() == 0
    (signal,) = temporal.signals
    assert (signal.workflow_id, signal.name, signal.request) == (f"sfo/{ref}", "pause", str(request))
    assert signal.content == {"reason": "trial", "request": str(request)}


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


@pytest.mark.parametrize("letter", ["asked", "deputy", "reassigned", "reminder"])
async def test_every_letter_that_asks_lets_the_question_climb(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, letter: str
) -> None:
    gate = (await case.ask("notification", stage="notification")).gate
    await record.pool.execute("UPDATE outbox SET state = 'refused', letter = $1", letter)
    assert await relay.tick() == 1
    assert [(signal.name, signal.content) for signal in temporal.signals] == [("undeliverable", {"gate": gate})]


@pytest.mark.parametrize("letter", ["decision_void", "withdrawn", "overdue_notice", "answer_refused"])
async def test_a_refused_letter_that_only_informs_climbs_nowhere(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, letter: str
) -> None:
    await case.ask("notification", stage="notification")
    await record.pool.execute("UPDATE outbox SET state = 'refused', letter = $1", letter)
    assert await relay.tick() == 1
    assert await relay.tick() == 0
    assert temporal.signals == []
    assert await record.value("SELECT told_workflow FROM outbox") is True
    assert await record.value("SELECT count(*) FROM escalations") == 0


async def tell_everybody(case: ACase, event: str = "under-way", letter: str = "review_under_way") -> None:
    notice = Notice(
        reference=case.reference,
        event=f"{case.reference}/{event}",
        letter=letter,
        to=("s1", "s2", "s3", "s4"),
        at=case.at,
    )
    await case.casework.tell(notice)


async def test_refused_letters_without_a_question_are_one_concern_of_the_case(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, mail_server: MailServer
) -> None:
    mail_server.recipient_replies.extend(["550 nobody here"] * 4)
    await tell_everybody(case)
    for _ in range(3):
        await relay.tick()
    (row,) = await record.rows("SELECT * FROM escalations")
    assert (row["kind"], row["number"], row["reason"]) == ("other", 1, "system_failure")
    assert (row["raised_by"], row["about"], row["concern"]) == ("relay", "review_under_way", None)
    (signal,) = temporal.signals
    assert (signal.name, signal.workflow_id) == ("raise_concern", f"sfo/{case.reference}")
    assert signal.content == {
        **signal.content,
        "kind": "other",
        "number": 1,
        "reason": "system_failure",
        "about": "review_under_way",
    }
    audit = await record.rows("SELECT actor, subject, detail FROM audit WHERE action = 'concern_raised'")
    assert audit == [
        {
            "actor": "relay",
            "subject": f"{case.reference}/escalation/other-1",
            "detail": {"about": "review_under_way"},
        }
    ]
    assert await record.value("SELECT count(*) FROM outbox WHERE NOT told_workflow") == 0


async def test_a_refusal_after_the_concern_was_resolved_is_a_new_one(
    case: ACase, relay: Relay, record: Record, mail_server: MailServer
) -> None:
    mail_server.recipient_replies.extend(["550 nobody here"] * 8)
    await tell_everybody(case)
    await relay.tick()
    await record.pool.execute("UPDATE escalations SET state = 'resolved'")
    await tell_everybody(case, "signed", "review_signed")
    await relay.tick()
    rows = await record.rows("SELECT number, about FROM escalations ORDER BY number")
    assert [(row["number"], row["about"]) for row in rows] == [(1, "review_under_way"), (2, "review_signed")]


async def test_a_closed_case_has_no_concern_about_a_refused_letter(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, mail_server: MailServer
) -> None:
    mail_server.recipient_replies.extend(["550 nobody here"] * 4)
    await tell_everybody(case)
    await record.pool.execute("UPDATE cases SET closed_on = '2026-12-01', outcome = 'completed'")
    await relay.tick()
    assert await record.value("SELECT count(*) FROM escalations") == 0
    assert await record.value("SELECT count(*) FROM outbox WHERE NOT told_workflow") == 0
    assert temporal.signals == []


async def test_with_everybody_refusing_for_good_letters_and_concerns_stay_bounded(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, mail_server: MailServer
) -> None:
    """What the case does with a concern is played here: the national team is told and asked, and refuses as well."""
    mail_server.recipient_replies.extend(["550 nobody here"] * 500)
    await case.ask("notification", stage="notification")
    await tell_everybody(case)
    counts = []
    for _ in range(8):
        await relay.tick()
        for signal in [signal for signal in temporal.signals if signal.name == "raise_concern"]:
            stage = f"escalation/{signal.content['kind']}-{signal.content['number']}"
            subject = stage.removeprefix("escalation/")
            await case.ask("acknowledge", subject, stage)
            await tell_everybody(case, f"{stage}/notice", "escalation_notice")
        letters = await record.value("SELECT count(*) FROM outbox")
        counts.append((letters, await record.value("SELECT count(*) FROM escalations")))
    assert counts[-1] == counts[3]
    assert counts[-1] == (10, 1)  # two questions, four people told of the review and four of the concern
    assert await record.value("SELECT count(*) FROM outbox WHERE NOT told_workflow") == 0
    undeliverable = [signal.content["gate"] for signal in temporal.signals if signal.name == "undeliverable"]
    assert len(undeliverable) == len(set(undeliverable)) == 2


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
            await request_extension(connection, ref, MoreTime(date(2027, 2, 1), ReasonCode.TRIAL), "a@example.test")
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
