"""The case in a real record: criteria, clock, notices, court, stages, closing."""

import asyncio
from datetime import date

import pytest
from temporalio.exceptions import ApplicationError

from tests.activities.judging import court, duties, judge
from tests.builders import HEAD, HEAD_EMAIL, LINE_MANAGER, OTHER, PRACTITIONER, RULEBOOK, a_case
from tests.conftest import MailServer, Record
from workflows.contract.messages import (
    ClockStart,
    Closing,
    ConcernRecord,
    EnquiryRecord,
    Notice,
    RenditionRequest,
    StageEnd,
    StageLookup,
    StageRecord,
)
from workflows.contract.options import RECORD
from workflows.contract.vocabulary import (
    CourtEventKind,
    DutyKind,
    EnquiryKind,
    EscalationKind,
    Ground,
    Outcome,
    ReasonCode,
)


async def test_a_named_offence_is_always_reviewed_and_its_staff_are_owed(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server, code="SX03001A", rosh="low")
    judgement = await judge(case)
    assert judgement == await judge(case)
    assert (judgement.ground, judgement.question, judgement.rulebook) == (Ground.ALWAYS_REVIEWED, None, RULEBOOK)
    assert (judgement.must_notify, judgement.acquittal_ends_review) == (True, True)
    assert await case.column("rulebook") == RULEBOOK
    owed = await duties(record)
    assert {f"told:{HEAD}", f"fed_back:{HEAD}", f"facts_offered:{HEAD}", f"interviewed:{OTHER}"} <= owed
    assert f"interviewed:{HEAD}" not in owed


async def test_what_is_not_recorded_is_asked_and_judged_again(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server, code="IL29001", rosh="not_recorded")
    first = await judge(case)
    assert (first.ground, first.question) == (Ground.ASK, "rosh")
    await case.answer("rosh", "very_high", stage="charge")
    case.pass_days(1)
    assert (await judge(case)).ground is Ground.RISK
    assert await case.column("rosh") == "very_high"


async def test_the_clock_counts_from_the_notification_and_is_never_started_twice(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    await record.pool.execute("UPDATE cases SET notified_on = '2026-10-12'")
    start = ClockStart(reference=case.reference, at=case.at, rulebook=RULEBOOK)
    started = await case.casework.start_review_clock(start)
    assert (started.due.on, started.original.on) == (date(2027, 1, 12), date(2027, 1, 12))
    await record.pool.execute("UPDATE cases SET review_due = '2027-02-12'")
    later = await case.casework.start_review_clock(start)
    assert (later.due.on, later.original.on) == (date(2027, 2, 12), date(2027, 1, 12))
    assert await record.value("SELECT count(*) FROM deadlines") == 1


async def test_telling_is_one_letter_each_and_meets_the_duty(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await judge(case)
    notice = Notice(
        reference=case.reference,
        event=f"{case.reference}/review/under-way",
        letter="review_under_way",
        to=(PRACTITIONER, LINE_MANAGER, HEAD, OTHER),
        at=case.at,
        duty=DutyKind.TOLD,
    )
    await asyncio.gather(*(case.casework.tell(notice) for _ in range(3)))
    assert len(mail_server.messages) == 4
    assert len(mail_server.to(HEAD_EMAIL)) == 1
    assert {d for d in await duties(record, "met") if d.startswith("told")} == {f"told:s{n}" for n in (1, 2, 3, 4)}


async def test_only_who_was_told_of_a_review_is_told_of_its_end(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await judge(case)
    everybody = (PRACTITIONER, LINE_MANAGER, HEAD, OTHER)
    await record.pool.execute(
        "UPDATE duties SET state = 'met' WHERE kind = 'told' AND subject = ANY($1)", [PRACTITIONER, HEAD]
    )
    await record.pool.execute("UPDATE duties SET state = 'closed' WHERE kind = 'told' AND subject = $1", OTHER)
    stopped = Notice(
        reference=case.reference,
        event=f"{case.reference}/review/stopped",
        letter="review_stopped",
        to=everybody,
        at=case.at,
        only_told=True,
    )
    for _ in range(2):
        await case.casework.tell(stopped)
    assert len(mail_server.messages) == 2
    assert len(mail_server.to(HEAD_EMAIL)) == len(mail_server.to(case.staff[PRACTITIONER])) == 1
    text = mail_server.messages[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "because the charge or the prosecution has changed" in " ".join(text.split())
    detail = await record.value("SELECT detail FROM audit WHERE action = 'told'")
    assert detail["to"] == [PRACTITIONER, HEAD]  # type: ignore[index]
    await case.casework.tell(
        stopped.model_copy(update={"event": f"{case.reference}/review/stopped-2", "only_told": False})
    )
    assert len(mail_server.messages) == 6


async def test_telling_by_role_finds_the_person(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    notice = Notice(
        reference=case.reference,
        event=f"{case.reference}/x",
        letter="escalation_notice",
        to=("senior_lead", "v1"),
        at=case.at,
    )
    await case.casework.tell(notice)
    assert mail_server.to("senior.lead@n53.example.test")
    assert mail_server.to("officer1@n53.example.test")
    with pytest.raises(ApplicationError):
        await case.casework.tell(notice.model_copy(update={"letter": "layout", "event": f"{case.reference}/y"}))


@pytest.mark.parametrize("kind", [CourtEventKind.DISCONTINUED, CourtEventKind.ACQUITTED])
async def test_an_end_before_acceptance_closes_what_staff_were_owed(
    record: Record, mail_server: MailServer, kind: CourtEventKind
) -> None:
    case = await a_case(record.pool, mail_server)
    await judge(case)
    await court(case, kind)
    assert await duties(record) == set()
    closed = await case.casework.close_case(Closing(reference=case.reference, outcome=Outcome.DISCONTINUED, at=case.at))
    assert closed.closed


async def test_an_acquittal_after_acceptance_leaves_the_learning(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await judge(case)
    await record.pool.execute("UPDATE cases SET accepted_version = 1")
    await court(case, CourtEventKind.ACQUITTED)
    assert f"fed_back:{PRACTITIONER}" in await duties(record)


@pytest.mark.parametrize("kind", [CourtEventKind.CONVICTED, CourtEventKind.DIED_RESPONSIBLE])
async def test_a_conviction_owes_the_families(record: Record, mail_server: MailServer, kind: CourtEventKind) -> None:
    case = await a_case(record.pool, mail_server)
    await judge(case)
    await court(case, kind)
    assert {"victim_told:v1", "victim_answered:v2"} <= await duties(record)
    assert await record.value("SELECT count(*) FROM court_events") == 1


async def test_an_appearance_keeps_the_first_date(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server, appeared_on=None)
    await court(case, CourtEventKind.APPEARED)
    assert await case.column("appeared_on") == case.at.date()


async def test_concerns_and_enquiries_are_numbered_once(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    concern = ConcernRecord(
        reference=case.reference,
        at=case.at,
        event=f"{case.reference}/concern-1",
        kind=EscalationKind.OTHER,
        reason=ReasonCode.WORKLOAD,
    )
    raised = await asyncio.gather(*(case.casework.record_concern(concern) for _ in range(4)))
    assert {r.number for r in raised} == {1}
    second = concern.model_copy(update={"event": f"{case.reference}/concern-2"})
    assert (await case.casework.record_concern(second)).number == 2
    enquiry = EnquiryRecord(
        reference=case.reference, at=case.at, event=f"{case.reference}/enquiry-1", kind=EnquiryKind.FOI
    )
    assert {await case.casework.record_enquiry(enquiry) for _ in range(3)} == {1}
    closed = await case.casework.close_case(Closing(reference=case.reference, outcome=Outcome.COMPLETED, at=case.at))
    assert closed.unmet == ("enquiry:1", "escalation:other-1", "escalation:other-2")


async def test_the_end_of_a_stage_can_be_looked_up(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    lookup = StageLookup(reference=case.reference, stage="review-2")
    assert (await case.casework.find_stage_end(lookup)).end is None
    end = StageEnd(outcome=Outcome.SUBMITTED, version=2)
    stage = StageRecord(reference=case.reference, stage="review-2", outcome=end.outcome, at=case.at, end=end)
    for _ in range(2):
        await case.casework.end_stage(stage)
    assert (await case.casework.find_stage_end(lookup)).end == end
    assert await record.value("SELECT count(*) FROM audit WHERE action = 'stage_ended'") == 1


async def test_a_case_closes_only_when_nothing_is_owed(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await record.pool.execute(
        "INSERT INTO actions VALUES ($1, 'a1', 'plan', 'Check', 'Owner', 'o@x.example.test', '2026-11-02')",
        case.reference,
    )
    await record.pool.execute("INSERT INTO duties VALUES ($1, 'fed_back', 's1', 'owed', NULL, now())", case.reference)
    opened = await case.ask("notification", stage="notification")
    await case.decide(opened.gate, "sent", sent_on="2026-10-07")
    closing = Closing(reference=case.reference, outcome=Outcome.COMPLETED, at=case.at)
    closed = await case.casework.close_case(closing)
    assert set(closed.unmet) == {
        "action:a1",
        "fed_back:s1",
        f"gate:{opened.gate}",
        f"decision:{opened.gate}",
    }
    assert await case.column("closed_on") is None
    await record.pool.execute("UPDATE actions SET state = 'withdrawn'")
    await record.pool.execute("UPDATE duties SET state = 'met'")
    await record.pool.execute("UPDATE gates SET state = 'withdrawn'")
    await record.pool.execute("UPDATE decisions SET void_at = now()")
    for _ in range(2):
        assert (await case.casework.close_case(closing)).closed
    assert (await case.column("stage"), await case.column("outcome")) == ("closed", "completed")
    assert await record.value("SELECT count(*) FROM audit WHERE action = 'case_closed'") == 1
    assert await case.column("closed_on") == case.at.date()


async def test_a_court_event_that_was_not_applied_blocks_closing(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    event = f"{case.reference}/court/convicted-2026-10-05"
    await record.pool.execute(
        "INSERT INTO court_events (event, reference, kind, on_date, at) VALUES ($1, $2, 'convicted', '2026-10-05', $3)",
        event,
        case.reference,
        case.at,
    )
    closing = Closing(reference=case.reference, outcome=Outcome.COMPLETED, at=case.at)
    closed = await case.casework.close_case(closing)
    assert (closed.closed, closed.unmet) == (False, (f"court_event:{event}",))
    await record.pool.execute("UPDATE court_events SET applied_at = now()")
    assert (await case.casework.close_case(closing)).closed


async def test_a_version_that_the_record_does_not_hold_is_final(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    with pytest.raises(ApplicationError) as raised:
        await case.casework.prepare_rendition(RenditionRequest(reference=case.reference, version=7, at=case.at))
    final = RECORD["retry_policy"].non_retryable_error_types or ()
    assert raised.value.type in final


async def test_a_review_that_is_being_corrected_blocks_closing(record: Record, mail_server: MailServer) -> None:
    """Asked for while the case was about to close, a correction would be lost."""
    case = await a_case(record.pool, mail_server)
    await record.pool.execute("UPDATE cases SET accepted_version = 1, corrected_since = now()")
    closing = Closing(reference=case.reference, outcome=Outcome.COMPLETED, at=case.at)
    assert (await case.casework.close_case(closing)).unmet == ("correction:review",)
    await record.pool.execute("UPDATE cases SET corrected_since = NULL")
    assert (await case.casework.close_case(closing)).closed
