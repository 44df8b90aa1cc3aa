"""The case in a real record: criteria, clock, notices, court, stages, closing."""

import asyncio
from datetime import date
from uuid import uuid4

import pytest
from temporalio.exceptions import ApplicationError

from tests.builders import HEAD, HEAD_EMAIL, LINE_MANAGER, OTHER, PRACTITIONER, RULEBOOK, ACase, a_case
from tests.conftest import MailServer, Record
from workflows.contract.messages import (
    AmendmentRecord,
    ChargeReading,
    ClockStart,
    Closing,
    ConcernRecord,
    CourtRecord,
    DeadlineMove,
    EnquiryRecord,
    Judgement,
    Notice,
    OffenceRef,
    RenditionRequest,
    StageEnd,
    StageLookup,
    StageRecord,
)
from workflows.contract.options import RECORD
from workflows.contract.vocabulary import (
    CourtEventKind,
    CriteriaReason,
    DutyKind,
    EnquiryKind,
    EscalationKind,
    Ground,
    Outcome,
    ReasonCode,
)


async def judge(case: ACase, round_: int = 1) -> Judgement:
    return await case.casework.judge_charge(ChargeReading(reference=case.reference, round=round_, at=case.at))


async def court(case: ACase, kind: CourtEventKind) -> None:
    record = CourtRecord(
        reference=case.reference, at=case.at, event=f"{case.reference}/{kind}", kind=kind, on=case.at.date()
    )
    for _ in range(2):
        await case.casework.record_court_event(record)


async def duties(record: Record, state: str = "owed") -> set[str]:
    rows = await record.rows("SELECT kind, subject FROM duties WHERE state = $1", state)
    return {f"{row['kind']}:{row['subject']}" for row in rows}


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


async def test_a_reduced_charge_keeps_the_ground_until_somebody_decides(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server, rosh="low")
    await judge(case)
    await case.casework.record_amendment(
        AmendmentRecord(
            reference=case.reference,
            at=case.at,
            event=f"{case.reference}/amended-1",
            amended_on=case.at.date(),
            offences=(OffenceRef(code="ZZ99999", offence_on=date(2026, 10, 2)),),
        )
    )
    assert await record.value("SELECT max(round) FROM offences") == 2
    case.pass_days(1)
    assert (await judge(case, 2)).question == "offence_class"
    await case.answer("offence_class", "not_sfo", stage="charge-2")
    case.pass_days(1)
    again = await judge(case, 2)
    assert (again.ground, again.reason) == (Ground.NONE, CriteriaReason.NOT_SFO)
    assert await case.column("ground") == "always_reviewed"
    await case.answer("reduced_charge", "stops", stage="charge-2", reasons="Nothing is left to review")
    end = StageEnd(outcome=Outcome.NOT_REVIEWED, ground=Ground.NONE)
    stage = StageRecord(reference=case.reference, stage="charge-2", outcome=end.outcome, at=case.at, end=end)
    await case.casework.end_stage(stage)
    assert await case.column("ground") == "none"
    assert await duties(record) == set()


async def amend(case: ACase, code: str, number: int) -> None:
    await case.casework.record_amendment(
        AmendmentRecord(
            reference=case.reference,
            at=case.at,
            event=f"{case.reference}/amended-{number}",
            amended_on=case.at.date(),
            offences=(OffenceRef(code=code, offence_on=date(2026, 10, 2), victim_age=34),),
        )
    )


async def stop_the_review(case: ACase) -> None:
    """The charge is reduced to one that needs no review, and a person decides that the review stops."""
    await amend(case, "ZZ99999", 1)
    case.pass_days(1)
    await judge(case, 2)
    await case.answer("offence_class", "not_sfo", stage="charge-2")
    case.pass_days(1)
    await judge(case, 2)
    await case.answer("reduced_charge", "stops", stage="charge-2", reasons="Nothing is left to review")
    end = StageEnd(outcome=Outcome.NOT_REVIEWED, ground=Ground.NONE)
    stage = StageRecord(reference=case.reference, stage="charge-2", outcome=end.outcome, at=case.at, end=end)
    await case.casework.end_stage(stage)


async def test_a_stopped_review_owes_the_families_nothing_until_a_later_one(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    await judge(case)
    await court(case, CourtEventKind.CONVICTED)
    await case.answer("offer", "accepted", "v1", stage="victim-disclosure", wish="copy", language="en")
    assert {"victim_told:v1", "victim_answered:v2", "victim_given:v1"} <= await duties(record)
    await stop_the_review(case)
    assert await duties(record) == set()
    case.pass_days(1)
    await amend(case, "COML025", 2)
    await judge(case, 3)
    assert {"victim_told:v1", "victim_answered:v2", "victim_given:v1"} <= await duties(record)
    assert "victim_answered:v1" in await duties(record, "met")


async def test_a_review_due_again_after_it_was_stopped_has_its_own_three_months(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    await judge(case)
    await record.pool.execute("UPDATE cases SET notified_on = '2026-10-06', review_overdue = true")
    first = await case.casework.start_review_clock(ClockStart(reference=case.reference, at=case.at, rulebook=RULEBOOK))
    await stop_the_review(case)
    assert (await case.column("review_due"), await case.column("original_review_due")) == (None, None)
    assert await case.column("review_overdue") is False
    case.pass_days(60)
    await amend(case, "COML025", 2)
    assert (await judge(case, 3)).ground.is_reviewed
    assert await case.column("review_required_on") == case.at.date()
    again = await case.casework.start_review_clock(ClockStart(reference=case.reference, at=case.at, rulebook=RULEBOOK))
    assert (again.due.on, again.original.on) == (date(2027, 3, 6), date(2027, 3, 6))
    kept = await record.rows("SELECT due_on FROM deadlines WHERE what = 'review' ORDER BY id")
    assert [row["due_on"] for row in kept] == [first.due.on, again.due.on]


async def test_a_date_that_a_stopped_review_no_longer_has_is_not_moved(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    move = DeadlineMove(
        reference=case.reference,
        gates=(),
        decision=str(uuid4()),
        new_on=date(2027, 3, 1),
        at=case.at,
        rulebook=RULEBOOK,
    )
    assert (await case.gates.move_deadline(move)).due.on == date(2027, 3, 1)
    assert await case.column("review_due") is None
    assert await record.value("SELECT count(*) FROM deadlines") == 0


@pytest.mark.parametrize("ground", ["ask", "none"])
async def test_an_amended_charge_that_makes_a_review_due_counts_from_its_date(
    record: Record, mail_server: MailServer, ground: str
) -> None:
    case = await a_case(record.pool, mail_server)
    await record.pool.execute("UPDATE cases SET ground = $1", ground)
    await judge(case)
    assert await case.column("review_required_on") is None  # the first charge
    await record.pool.execute("UPDATE cases SET ground = $1", ground)
    case.pass_days(20)
    await amend(case, "COML025", 1)
    await judge(case, 2)
    assert await case.column("review_required_on") == case.at.date()


async def test_an_amended_charge_leaves_a_review_under_way_its_dates(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await judge(case)
    case.pass_days(20)
    await amend(case, "COML025", 1)
    await judge(case, 2)
    assert await case.column("review_required_on") is None


async def test_an_amendment_is_recorded_once(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    amendment = AmendmentRecord(
        reference=case.reference,
        at=case.at,
        event=f"{case.reference}/amended-1",
        amended_on=case.at.date(),
        offences=(OffenceRef(code="SX03001", offence_on=date(2026, 10, 2)),),
    )
    await asyncio.gather(*(case.casework.record_amendment(amendment) for _ in range(3)))
    assert await record.value("SELECT max(round) FROM offences") == 2
    assert await record.value("SELECT count(*) FROM court_events") == 1


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
