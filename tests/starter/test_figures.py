"""Figures from the record: rows as the service itself writes them, and many invented ones beside them."""

from datetime import UTC, date, datetime, time
from typing import Any
from uuid import uuid4

from starter.figures import Asked, last_day, read_rows
from tests.activities.reviewing import rate, submitted, write
from tests.builders import DEPLOY, RULEBOOK, ACase, a_case
from tests.conftest import MailServer, Record
from tests.seeded import REGIONS, seed
from workflows.contract.messages import (
    ClockStart,
    CourtRecord,
    DeadlineMove,
    PauseRecord,
    ResumeRecord,
    StageEnd,
    StageRecord,
)
from workflows.contract.rulebook import Rulebook
from workflows.contract.vocabulary import CourtEventKind, Outcome, ReasonCode, Stage
from workflows.policy.figure_rows import (
    Carried,
    Deficiency,
    Findings,
    Granted,
    Leg,
    Move,
    Pause,
    Period,
    Rated,
    Round,
    Row,
)
from workflows.policy.figures import EVERYWHERE, figures

BOOK = Rulebook.from_toml((DEPLOY / "rulebook" / f"{RULEBOOK}.toml").read_text())
WHOLE = Period(date(2026, 1, 1), date(2027, 12, 31))
TODAY = date(2026, 11, 27)


def asked(period: Period = WHOLE, **more: Any) -> Asked:
    return Asked(period, **more)


async def read(record: Record, wanted: Asked | None = None) -> list[Row]:
    async with record.pool.acquire() as connection:
        return await read_rows(connection, wanted or asked(), BOOK)


def noon(case: ACase, on: date) -> None:
    case.at = datetime.combine(on, time(12), tzinfo=UTC)


async def ended(case: ACase, stage: str, outcome: Outcome) -> None:
    end = StageEnd(outcome=outcome)
    await case.casework.end_stage(
        StageRecord(reference=case.reference, stage=stage, outcome=outcome, at=case.at, end=end)
    )


async def under_review(record: Record, mail_server: MailServer) -> ACase:
    """Notified on 12 October, due on 12 January, commissioned."""
    case = await a_case(record.pool, mail_server)
    noon(case, date(2026, 10, 12))
    assert (await case.answer("notification", "sent", stage="notification", sent_on="2026-10-12")).decision
    await ended(case, "notification", Outcome.NOTIFIED)
    await case.casework.start_review_clock(ClockStart(reference=case.reference, at=case.at, rulebook=RULEBOOK))
    settled = await case.answer("commission", "appoint", reviewer="n53.reviewer.1", countersigner="n53.countersigner.1")
    assert settled.decision
    return case


async def more_time(record: Record, case: ACase, until: str, code: ReasonCode) -> None:
    """Asked for and granted, as a request of the reviewing manager is."""
    await record.pool.execute(
        "INSERT INTO extension_requests (request, reference, new_on, reason_code, at) VALUES ($1, $2, $3, $4, $5)",
        uuid4(), case.reference, date.fromisoformat(until), str(code), case.at,
    )  # fmt: skip
    settled = await case.answer("extension", "granted", until, reasons="Invented", new_on=until)
    assert settled.decision, settled.refused
    move = DeadlineMove(
        reference=case.reference, gates=(), decision=settled.decision.decision, new_on=date.fromisoformat(until),
        at=case.at, rulebook=RULEBOOK,
    )  # fmt: skip
    await case.gates.move_deadline(move)


async def test_a_case_carried_to_its_end_is_read_as_it_happened(record: Record, mail_server: MailServer) -> None:
    case = await under_review(record, mail_server)
    noon(case, date(2026, 11, 2))
    paused = PauseRecord(
        reference=case.reference, at=case.at, event=f"{case.reference}/pause-1", reason=ReasonCode.TRIAL
    )
    assert (await case.casework.pause_review(paused)).is_paused
    noon(case, date(2026, 11, 16))
    again = await case.casework.resume_review(
        ResumeRecord(
            reference=case.reference,
            at=case.at,
            event=f"{case.reference}/resume-1",
            reason=ReasonCode.TRIAL,
            rulebook=RULEBOOK,
        )
    )
    assert again.due
    noon(case, date(2027, 1, 4))
    await more_time(record, case, "2027-03-01", ReasonCode.ILLNESS)
    await write(case)
    noon(case, date(2027, 2, 8))
    await submitted(case, "1")
    await ended(case, "review", Outcome.SUBMITTED)
    noon(case, date(2027, 2, 12))
    returned = await case.answer("countersign", "returned", "v1", stage="countersign", reasons="Invented")
    assert returned.decision
    await ended(case, "countersign", Outcome.RETURNED)
    await write(case, "review-2")
    noon(case, date(2027, 2, 22))
    await submitted(case, "2", "review-2")
    await ended(case, "review-2", Outcome.SUBMITTED)
    noon(case, date(2027, 3, 5))
    assert (await rate(case, "good", "2", learning="inadequate")).decision
    await ended(case, "quality-assurance", Outcome.ACCEPTED)
    await case.casework.record_court_event(
        CourtRecord(
            reference=case.reference,
            event=f"{case.reference}/convicted",
            kind=CourtEventKind.CONVICTED,
            on=date(2027, 3, 8),
            at=case.at,
        )
    )
    await record.pool.execute("UPDATE victims SET told_on = '2027-03-18' WHERE ref = 'v1'")

    (row,) = await read(record)
    assert row.region == "N53"
    assert (row.notified_on, row.notify_by) == (date(2026, 10, 12), date(2026, 10, 26))
    assert row.moves == (
        Move(date(2026, 10, 12), date(2027, 1, 12), "review"),
        Move(date(2026, 11, 16), again.due.on, "pause"),
        Move(date(2027, 1, 4), date(2027, 3, 1), "extension"),
    )
    assert row.pauses == (Pause(date(2026, 11, 2), date(2026, 11, 16)),)
    assert row.rounds == (
        Round(date(2027, 2, 8), date(2027, 2, 12), "countersigning_manager"),
        Round(date(2027, 2, 22), date(2027, 3, 5)),
    )
    assert row.granted == (Granted(date(2027, 1, 4), "illness"),)
    assert row.stages == (
        Carried(Stage.NOTIFICATION, date(2026, 10, 12), date(2026, 10, 12)),
        Carried(Stage.REVIEW, date(2026, 10, 12), date(2027, 2, 8)),
        Carried(Stage.COUNTERSIGN, date(2027, 2, 12), date(2027, 2, 12)),
        Carried(Stage.REVIEW, date(2027, 2, 12), date(2027, 2, 22)),
        Carried(Stage.QUALITY_ASSURANCE, date(2027, 3, 5), date(2027, 3, 5)),
    )
    assert row.findings == Findings((Deficiency("team", "information"),), 1, "partly")
    assert [(action.state, action.level) for action in row.actions] == [("open", "team"), ("open", "team")]
    assert row.ratings == (Rated(date(2027, 3, 5), ("learning",)),)
    assert row.convicted_on == date(2027, 3, 8)
    assert row.legs == (Leg(date(2027, 3, 18)), Leg())
    found = figures([row], WHOLE, frozenset())[EVERYWHERE]
    assert found["extended"]["median"].value == (date(2027, 3, 1) - again.due.on).days
    assert found["late"]["after_the_date"].value == 0
    assert found["disclosure"]["conviction_to_told_median"].value == 10


async def test_a_stopped_review_is_not_open_and_one_that_is_due_again_starts_anew(
    record: Record, mail_server: MailServer
) -> None:
    case = await under_review(record, mail_server)
    (open_,) = await read(record)
    assert open_.is_open(date(2027, 1, 1))
    noon(case, date(2026, 12, 1))
    await ended(case, "review", Outcome.WITHDRAWN)
    (stopped,) = await read(record)
    assert stopped.stopped_on == date(2026, 12, 1)
    assert not stopped.is_open(date(2027, 1, 1))
    assert stopped.stages == open_.stages  # what was stopped took no time that says anything
    await record.pool.execute("UPDATE cases SET review_due = NULL, review_required_on = '2027-01-10'")
    noon(case, date(2027, 1, 10))
    await case.casework.start_review_clock(ClockStart(reference=case.reference, at=case.at, rulebook=RULEBOOK))
    await case.ask("draft", stage="review-2", due=None)
    (again,) = await read(record)
    assert again.stopped_on is None
    assert (again.began_on, len(again.moves)) == (date(2027, 1, 10), 1)


async def test_rehearsed_cases_are_left_out_unless_they_are_asked_for(record: Record, mail_server: MailServer) -> None:
    await under_review(record, mail_server)
    await record.pool.execute("UPDATE cases SET clock = jsonb_set(clock, '{speed}', '172800')")
    assert await read(record) == []
    assert len(await read(record, asked(with_rehearsed=True))) == 1
    await record.pool.execute(
        'UPDATE cases SET clock = clock || \'{"speed": 1, "case_anchor": "2026-11-02T09:00:00Z"}\''
    )
    assert await read(record) == []  # as fast as real time, but on other dates
    async with record.pool.acquire() as connection:
        assert await last_day(connection, date(2026, 10, 1)) == date(2026, 10, 12)
        assert await last_day(connection, date(2030, 1, 1)) == date(2030, 1, 1)


async def test_dates_are_those_of_london(record: Record, mail_server: MailServer) -> None:
    case = await under_review(record, mail_server)
    case.at = datetime(2027, 4, 1, 23, 30, tzinfo=UTC)  # half past midnight on the 2nd in London
    await ended(case, "review", Outcome.SUBMITTED)
    (row,) = await read(record)
    assert row.stages[-1].ended_on == date(2027, 4, 2)


async def test_many_cases_are_read_in_a_few_statements_and_each_region_by_itself(record: Record) -> None:
    async with record.pool.acquire() as connection:
        await seed(connection, 120, TODAY)
        statements: list[str] = []
        connection.add_query_logger(lambda query: statements.append(query.query))
        period = Period(date(2025, 11, 1), TODAY)
        rows = await read_rows(connection, Asked(period), BOOK)
        assert len([one for one in statements if "SELECT" in one]) <= 13
        one = await read_rows(connection, Asked(period, region="N07"), BOOK)
    assert {row.region for row in rows} == set(REGIONS)
    assert one == [row for row in rows if row.region == "N07"]
    assert len(one) > 1
    found = figures(rows, period, frozenset())[EVERYWHERE]
    empty = {key for key, measures in found.items() if not any(measure.n for measure in measures.values())}
    assert empty == set()


async def test_a_review_of_earlier_years_whose_findings_are_one_text_has_none_that_are_coded(
    record: Record, mail_server: MailServer
) -> None:
    case = await under_review(record, mail_server)
    await record.pool.execute(
        """INSERT INTO documents (reference, kind, version, content, sha256, at)
           VALUES ($1, 'review', 1, '{"findings": "One text", "judgement": "no"}', '', now())""",
        case.reference,
    )
    await record.pool.execute("UPDATE cases SET accepted_version = 1")
    (row,) = await read(record)
    assert row.findings == Findings((), 0, "no")
