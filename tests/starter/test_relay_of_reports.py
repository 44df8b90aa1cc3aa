"""What the relay delivers beside decisions: cases, reports, requests and letters that were refused."""

import json
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from starter.delivery import Delivery
from starter.enquiring import Enquiry, log_enquiry
from starter.extending import MoreTime, request_extension
from starter.relay import Relay
from starter.reports import ReportRefusedError, report_concern, report_court_event
from starter.signals import TemporalAwayError
from tests.builders import ACase
from tests.conftest import MailServer, Record
from tests.starter.front_desk import FakeTemporal, a_case_now, a_signal_of
from tests.starter.test_relay import a_waiting_decision, age
from tests.starter.test_relay import case as case  # the fixture
from tests.starter.test_relay import relay as relay  # the fixture
from tests.starter.test_relay import temporal as temporal  # the fixture
from workflows.contract.messages import CaseClock, Notice, OffenceRef
from workflows.contract.vocabulary import CourtEventKind, EnquiryKind, EscalationKind, ReasonCode

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


async def test_one_kind_that_temporal_does_not_take_in_time_holds_up_no_other(
    case: ACase, relay: Relay, temporal: FakeTemporal, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Temporal slow and not away: cases that wait to be started must not keep answers waiting behind them."""
    gate, decision = await a_waiting_decision(case)
    await record.pool.execute("UPDATE cases SET started_at_wall = NULL")

    async def too_slow(_delivery: Delivery, _reference: str) -> None:
        raise TemporalAwayError("DEADLINE_EXCEEDED")

    monkeypatch.setattr(Delivery, "start_case", too_slow)
    with pytest.raises(TemporalAwayError, match="DEADLINE_EXCEEDED"):  # it is still said that something waits
        await relay.tick()
    assert temporal.signals == [a_signal_of(gate, decision)]


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


async def test_today_is_the_date_in_london_also_in_the_first_hour_of_a_summer_day(case: ACase, record: Record) -> None:
    half_past_midnight = datetime(2199, 6, 14, 23, 30, tzinfo=UTC)  # of 15 June in London
    clock = CaseClock(case_anchor=half_past_midnight, wall_anchor=datetime.now(UTC), speed=1.0)
    await record.pool.execute("UPDATE cases SET clock = $1", clock.model_dump(mode="json"))
    async with record.pool.acquire() as connection:
        await report_court_event(connection, case.reference, CourtEventKind.CONVICTED, date(2199, 6, 15))
        with pytest.raises(ReportRefusedError, match="2199-06-16 lies in the future"):
            await report_court_event(connection, case.reference, CourtEventKind.ACQUITTED, date(2199, 6, 16))


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
