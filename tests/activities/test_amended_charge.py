"""An amended charge in a real record: the criteria run again, a review stopped or due again, its dates."""

import asyncio
from datetime import date
from uuid import uuid4

import pytest

from tests.activities.judging import court, duties, judge
from tests.builders import RULEBOOK, ACase, a_case
from tests.conftest import MailServer, Record
from workflows.contract.messages import (
    AmendmentRecord,
    ClockStart,
    DeadlineMove,
    OffenceRef,
    StageEnd,
    StageRecord,
)
from workflows.contract.vocabulary import (
    CourtEventKind,
    CriteriaReason,
    Ground,
    Outcome,
)


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
