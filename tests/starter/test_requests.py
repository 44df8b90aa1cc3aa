"""What people ask of a running case: only who may, only what makes sense, on the record, delivered once."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from starter.announcing import Announced, announce_bank_holiday
from starter.extending import MoreTime, extension_decided_by, later_by, request_extension
from starter.judging import Rules, rules_in_force
from starter.relations import relate_cases
from starter.relay import Relay
from starter.reports import ReportRefusedError
from starter.requests import request_pause, request_replacement, request_resume, request_transfer
from tests.builders import MONDAY, ACase
from tests.conftest import MailServer, Record
from tests.starter.front_desk import FakeTemporal, a_case_now, a_settings
from workflows.contract.messages import (
    CalendarSignal,
    CaseClock,
    PauseSignal,
    ReplaceSignal,
    ResumeSignal,
    TransferSignal,
)
from workflows.contract.vocabulary import ReasonCode, RelationKind, Role

LEAD, DEPUTY = "senior.lead@n53.example.test", "senior.lead.deputy@n53.example.test"
DIRECTOR, TEAM = "director@n53.example.test", "sfo.team@n53.example.test"
NATIONAL, DUTY = "sfo.team@national.example.test", "duty.one@national.example.test"
ELSEWHERE, AUTHOR = "senior.lead@n56.example.test", "reviewer.one@n53.example.test"
TRIAL = ReasonCode.TRIAL


@pytest_asyncio.fixture
async def case(record: Record, mail_server: MailServer) -> ACase:
    """A case under review, its reviewing and countersigning manager appointed."""
    case = await a_case_now(record, mail_server)
    await record.pool.execute(
        "UPDATE cases SET started_at_wall = now(), review_due = '2027-01-05', original_review_due = '2027-01-05'"
    )
    for role, who in (("reviewing_manager", "reviewer"), ("countersigning_manager", "countersigner")):
        await record.pool.execute(
            "INSERT INTO appointments (reference, role, person_key, name, email, at) "
            "VALUES ($1, $2, $3, 'Example', $4, now())",
            case.reference,
            role,
            f"n53.{who}.1",
            f"{who}.one@n53.example.test",
        )
    return case


@pytest.fixture
def rules(record: Record, mail_server: MailServer) -> Rules:
    return rules_in_force(a_settings(record, mail_server), date(2026, 11, 2))


async def pause(case: ACase, rules: Rules, by: str = LEAD, code: ReasonCode = TRIAL, why: str | None = None) -> UUID:
    async with case.pool.acquire() as connection:
        return await request_pause(connection, rules, case.reference, code, why, by)


async def resume(case: ACase, rules: Rules, by: str = LEAD) -> UUID:
    async with case.pool.acquire() as connection:
        return await request_resume(connection, rules, case.reference, TRIAL, None, by)


async def transfer(case: ACase, rules: Rules, region: str = "N56", pdu: str = "N56CAM", by: str = LEAD) -> UUID:
    code = ReasonCode.SUPERVISION_MOVED
    async with case.pool.acquire() as connection:
        return await request_transfer(connection, rules, case.reference, region, pdu, code, None, by)


async def replace(
    case: ACase, rules: Rules, to: str = "n53.reviewer.2", role: Role = Role.REVIEWING_MANAGER, by: str = LEAD
) -> UUID:
    async with case.pool.acquire() as connection:
        return await request_replacement(connection, rules, case.reference, role, to, ReasonCode.ILLNESS, None, by)


async def holiday(case: ACase, rules: Rules, on: date, by: str = NATIONAL) -> Announced:
    async with case.pool.acquire() as connection:
        return await announce_bank_holiday(connection, rules, on, "Invented Jubilee", "Invented proclamation", by)


# --- on the record and to the case ---------------------------------------------------------------------


async def test_each_request_reaches_the_case_as_its_signal_with_codes_only(
    case: ACase, rules: Rules, record: Record
) -> None:
    temporal = FakeTemporal()
    delivery = temporal.delivery(record)
    asked = [await pause(case, rules, why="Words of a person"), await transfer(case, rules), await replace(case, rules)]
    for request in asked:
        await delivery.deliver_request(request)
        await delivery.deliver_request(request)
    await record.pool.execute("UPDATE cases SET paused_at = now()")
    asked.append(await resume(case, rules))
    await delivery.deliver_request(asked[-1])
    p, t, r, s = [str(request) for request in asked]
    expected = [
        ("pause", PauseSignal(reason=TRIAL, request=p)),
        ("transfer", TransferSignal(region="N56", pdu="N56CAM", reason=ReasonCode.SUPERVISION_MOVED, request=t)),
        (
            "replace_manager",
            ReplaceSignal(role=Role.REVIEWING_MANAGER, to="n53.reviewer.2", reason=ReasonCode.ILLNESS, request=r),
        ),
        ("resume", ResumeSignal(reason=TRIAL, request=s)),
    ]
    got = [(signal.workflow_id, signal.name, signal.content, signal.request) for signal in temporal.signals]
    assert got == [
        (f"sfo/{case.reference}", name, message.model_dump(mode="json"), request)
        for (name, message), request in zip(expected, [p, t, r, s], strict=True)
    ]
    rows = await record.rows("SELECT reasons, asked_by, delivered_at_wall FROM requests ORDER BY recorded_at")
    assert rows[0]["reasons"] == "Words of a person"
    assert {row["asked_by"] for row in rows} == {LEAD}
    assert all(row["delivered_at_wall"] for row in rows)
    audit = await record.rows("SELECT actor, action, detail FROM audit ORDER BY seq")
    assert [row["action"] for row in audit] == [f"{name}_requested" for name, _ in expected]
    assert audit[0]["detail"] == {"reason": "trial"}


@pytest.mark.parametrize("by", [LEAD, DEPUTY, DIRECTOR, NATIONAL, DUTY, "Senior.Lead@N53.example.test"])
async def test_the_rulebook_s_roles_and_their_deputies_stop_the_clock(case: ACase, rules: Rules, by: str) -> None:
    assert await pause(case, rules, by)


@pytest.mark.parametrize("by", [ELSEWHERE, TEAM, AUTHOR, "nobody@example.test", ""])
async def test_nobody_else_stops_the_clock_and_the_refusal_says_who_may(
    case: ACase, rules: Rules, record: Record, by: str
) -> None:
    with pytest.raises(ReportRefusedError, match="senior lead, regional director or national SFO team for N53"):
        await pause(case, rules, by)
    assert await record.value("SELECT count(*) FROM requests") == 0


async def test_only_a_running_clock_stops_and_only_a_stopped_one_runs_again(
    case: ACase, rules: Rules, record: Record
) -> None:
    with pytest.raises(ReportRefusedError, match="is running; only one that was paused"):
        await resume(case, rules)
    await pause(case, rules)
    with pytest.raises(ReportRefusedError, match="still on its way"):
        await pause(case, rules)
    await record.pool.execute("UPDATE requests SET delivered_at_wall = now()")
    await record.pool.execute("UPDATE cases SET paused_at = '2026-10-05 10:00+00'")
    with pytest.raises(ReportRefusedError, match="stands still since 2026-10-05; `sfo resume`"):
        await pause(case, rules)
    assert await resume(case, rules)


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [("review_due", None, "no review date yet"), ("accepted_version", 1, "is finished")],
)
async def test_without_a_running_review_there_is_no_clock(
    case: ACase, rules: Rules, record: Record, column: str, value: object, why: str
) -> None:
    await record.pool.execute(f"UPDATE cases SET {column} = $1", value)
    with pytest.raises(ReportRefusedError, match=why):
        await pause(case, rules)


@pytest.mark.parametrize(
    ("region", "pdu", "by", "why"),
    [
        ("X99", "X99AAA", LEAD, "no region X99; the codes are"),
        ("N56", "N53LEI", LEAD, "no delivery unit N53LEI; its codes are N56CAM, N56NOR"),
        ("N53", "N53LEI", LEAD, "is in N53 N53LEI already"),
        ("N56", "N56CAM", ELSEWHERE, "only the SFO Team, senior lead or national SFO team for N53"),
        ("N56", "N56CAM", DIRECTOR, "only the"),
    ],
)
async def test_a_transfer_that_cannot_be_is_refused(
    case: ACase, rules: Rules, region: str, pdu: str, by: str, why: str
) -> None:
    with pytest.raises(ReportRefusedError, match=why):
        await transfer(case, rules, region, pdu, by)


@pytest.mark.parametrize("by", [TEAM, LEAD, DEPUTY, NATIONAL])
async def test_the_sfo_team_may_move_a_case(case: ACase, rules: Rules, by: str) -> None:
    assert await transfer(case, rules, by=by)


@pytest.mark.parametrize(
    ("to", "role", "by", "why"),
    [
        ("n53.nobody", Role.REVIEWING_MANAGER, LEAD, "nobody in the directory has the key"),
        ("n53.reviewer.1", Role.REVIEWING_MANAGER, LEAD, "is the reviewing manager of .* already"),
        ("n53lei.head", Role.REVIEWING_MANAGER, LEAD, "in the line management of the case; name somebody else"),
        ("n53.countersigner.1", Role.REVIEWING_MANAGER, LEAD, "countersigns the review"),
        ("n53.reviewer.1", Role.COUNTERSIGNING_MANAGER, LEAD, "wrote the review"),
        ("n53.reviewer.2", Role.REVIEWING_MANAGER, TEAM, "only the senior lead or national SFO team"),
        ("n53.reviewer.2", Role.REVIEWING_MANAGER, AUTHOR, "only the"),
    ],
)
async def test_a_replacement_that_may_not_be_is_refused_at_once(
    case: ACase, rules: Rules, to: str, role: Role, by: str, why: str
) -> None:
    with pytest.raises(ReportRefusedError, match=why):
        await replace(case, rules, to, role, by)


async def test_before_the_commission_nobody_can_be_replaced(case: ACase, rules: Rules, record: Record) -> None:
    async with record.owner() as owner:
        await owner.execute("DELETE FROM appointments")
    with pytest.raises(ReportRefusedError, match="no reviewing manager yet"):
        await replace(case, rules)


async def test_a_closed_or_unknown_case_takes_no_request(case: ACase, rules: Rules, record: Record) -> None:
    async with record.pool.acquire() as connection:
        with pytest.raises(ReportRefusedError, match="there is no case"):
            await request_pause(connection, rules, "SFO-2026-99999", TRIAL, None, LEAD)
    await record.pool.execute("UPDATE cases SET closed_on = '2026-10-06', outcome = 'completed'")
    for ask in (pause, resume, transfer, replace):
        with pytest.raises(ReportRefusedError, match="closed on 2026-10-06"):
            await ask(case, rules)


# --- a bank holiday announced late ------------------------------------------------------------------------


async def test_a_bank_holiday_is_told_once_to_every_workflow_that_spans_it(
    case: ACase, rules: Rules, record: Record
) -> None:
    await case.ask("early_look", stage="early-look")  # due on 19 October
    await case.ask("commission")  # due on 12 October
    await case.ask("draft")
    on = date(2026, 10, 14)
    announced = await holiday(case, rules, on)
    assert (announced.is_new, announced.cases, announced.questions) == (True, 1, 2)
    rows = await record.rows("SELECT workflow, signal, message, reference FROM requests ORDER BY workflow")
    assert rows == [
        {
            "workflow": f"sfo/{case.reference}/{stage}",
            "signal": "calendar",
            "message": {"holiday": "2026-10-14"},
            "reference": case.reference,
        }
        for stage in ("early-look", "review")
    ]
    again = await holiday(case, rules, on, DUTY)
    assert (again.is_new, again.requests) == (False, ())
    assert await record.value("SELECT count(*) FROM requests") == 2
    assert await record.value("SELECT announced_by FROM bank_holidays") == NATIONAL
    (audit,) = await record.rows("SELECT actor, reference, subject, detail FROM audit WHERE actor = $1", NATIONAL)
    assert (audit["reference"], audit["subject"]) == (None, "2026-10-14")
    assert audit["detail"] == {"cases": 1, "questions": 2, "workflows": 2}
    temporal = FakeTemporal()
    for request in announced.requests:
        await temporal.delivery(record).deliver_request(request)
    assert {s.workflow_id for s in temporal.signals} == {f"sfo/{case.reference}/{s}" for s in ("early-look", "review")}
    assert temporal.signals[0].content == CalendarSignal(holiday=on).model_dump(mode="json")


@pytest.mark.parametrize(
    ("on", "spans"),
    [
        (date(2026, 10, 5), False),  # the day of asking is day nought
        (date(2026, 10, 6), True),
        (date(2026, 10, 19), True),  # the due date itself
        (date(2026, 10, 20), False),
    ],
)
async def test_a_question_spans_the_days_after_it_was_asked_up_to_its_date(
    case: ACase, rules: Rules, record: Record, on: date, spans: bool
) -> None:
    await case.ask("early_look", stage="early-look")
    assert await record.value("SELECT due_on FROM gates") == date(2026, 10, 19)
    if on < datetime.now(UTC).date() and not spans:
        with pytest.raises(ReportRefusedError, match="has passed and no open question spans it"):
            await holiday(case, rules, on)
    else:
        assert (await holiday(case, rules, on)).questions == int(spans)


@pytest.mark.parametrize(
    ("on", "by", "why"),
    [
        (date(2026, 10, 17), NATIONAL, "is a Saturday"),
        (date(2026, 12, 25), NATIONAL, "is a bank holiday already"),
        (date(2026, 10, 14), LEAD, "only the national SFO team"),
        (date(2026, 10, 7), NATIONAL, "has passed and no open question spans it"),
    ],
)
async def test_a_bank_holiday_that_cannot_be_is_refused(
    case: ACase, rules: Rules, record: Record, on: date, by: str, why: str
) -> None:
    with pytest.raises(ReportRefusedError, match=why):
        await holiday(case, rules, on, by)
    assert await record.value("SELECT count(*) FROM bank_holidays") == 0


async def test_a_bank_holiday_far_off_is_refused(case: ACase, rules: Rules) -> None:
    far = datetime.now(UTC).date() + timedelta(days=3 * 365)
    far += timedelta(days=(7 - far.weekday()) % 7)
    with pytest.raises(ReportRefusedError, match="more than two years off"):
        await holiday(case, rules, far)


async def test_a_stage_that_ended_needs_no_holiday_and_a_lost_one_is_tried_again(
    case: ACase, rules: Rules, record: Record, tmp_path: Any
) -> None:
    await case.ask("early_look", stage="early-look")
    await holiday(case, rules, date(2026, 10, 14))
    temporal = FakeTemporal(unknown={f"sfo/{case.reference}/early-look"})
    relay = Relay(temporal.delivery(record), record.pool, tmp_path)
    await relay.tick()
    assert await record.value("SELECT delivered_at_wall FROM requests") is None
    ended = FakeTemporal(ended={f"sfo/{case.reference}/early-look"})
    await Relay(ended.delivery(record), record.pool, tmp_path).tick()
    assert await record.value("SELECT delivered_at_wall FROM requests") is not None
    assert ended.signals == []


# --- more time --------------------------------------------------------------------------------------------


async def test_more_time_by_a_span_counts_from_the_date_as_it_stands(case: ACase, rules: Rules, record: Record) -> None:
    await record.pool.execute("UPDATE cases SET review_due = '2027-02-05', rulebook = '2026-04-01'")
    async with record.pool.acquire() as connection:
        assert await later_by(connection, case.reference, weeks=6) == date(2027, 3, 19)
        assert await later_by(connection, case.reference, months=2) == date(2027, 4, 5)
        role = await extension_decided_by(connection, rules, case.reference, date(2027, 3, 19))
    assert role is Role.NATIONAL_TEAM


async def test_ten_requests_in_a_row_are_one_that_waits_at_a_time(case: ACase, record: Record) -> None:
    async with record.pool.acquire() as connection:
        for week in range(10):
            new_on = date(2027, 1, 6) + timedelta(weeks=week)
            await request_extension(connection, case.reference, MoreTime(new_on, TRIAL), AUTHOR)
            with pytest.raises(ReportRefusedError, match="still waiting"):
                await request_extension(connection, case.reference, MoreTime(new_on, TRIAL), AUTHOR)
            await connection.execute("UPDATE extension_requests SET granted = false")
    rows = await record.rows("SELECT DISTINCT requested_by FROM extension_requests")
    assert rows == [{"requested_by": AUTHOR}]
    assert await record.value("SELECT count(*) FROM extension_requests") == 10


async def test_more_time_until_a_day_that_has_passed_is_refused(case: ACase, record: Record) -> None:
    clock = CaseClock(case_anchor=MONDAY + timedelta(days=150), wall_anchor=datetime.now(UTC))
    await record.pool.execute("UPDATE cases SET clock = $1", clock.model_dump(mode="json"))
    async with record.pool.acquire() as connection:
        with pytest.raises(ReportRefusedError, match="lies in the past; today is 2027-03-04"):
            await request_extension(connection, case.reference, MoreTime(date(2027, 2, 1), TRIAL), AUTHOR)
        assert await request_extension(connection, case.reference, MoreTime(date(2027, 3, 5), TRIAL), AUTHOR)
    assert await record.value("SELECT late FROM extension_requests") is True


# --- cases that belong together ---------------------------------------------------------------------------


async def test_joint_cases_are_related_once_and_each_lead_hears_of_it_once(
    case: ACase, rules: Rules, record: Record, mail_server: MailServer
) -> None:
    other = await a_case_now(record, mail_server)
    await record.pool.execute("UPDATE cases SET region = 'N56', pdu = 'N56CAM' WHERE reference = $1", other.reference)
    pairs = ((case.reference, other.reference), (other.reference, case.reference))
    async with record.pool.acquire() as connection:
        done = [await relate_cases(connection, rules.directory, *pair, RelationKind.JOINT, TEAM) for pair in pairs]
    assert done == [True, False]
    letters = await record.rows("SELECT letter, to_email, reference, context FROM outbox ORDER BY to_email")
    assert [(row["to_email"], row["reference"]) for row in letters] == [
        (LEAD, case.reference),
        (ELSEWHERE, other.reference),
    ]
    assert letters[0]["context"] == {"reference": case.reference, "other": other.reference}
    audit = await record.rows("SELECT reference, subject, actor FROM audit WHERE action = 'case_related'")
    assert {(row["reference"], row["subject"]) for row in audit} == set(pairs)
    assert {row["actor"] for row in audit} == {TEAM}


async def test_who_may_relate_and_what(case: ACase, rules: Rules, record: Record, mail_server: MailServer) -> None:
    other = (await a_case_now(record, mail_server)).reference
    async with record.pool.acquire() as connection:
        for pair, by, why in (
            ((case.reference, case.reference), TEAM, "is named twice"),
            ((case.reference, "SFO-2026-99999"), TEAM, "there is no case SFO-2026-99999"),
            ((case.reference, other), AUTHOR, "only the SFO Team or the senior lead"),
            ((case.reference, other), ELSEWHERE, "only the SFO Team or the senior lead"),
        ):
            with pytest.raises(ReportRefusedError, match=why):
                await relate_cases(connection, rules.directory, *pair, RelationKind.JOINT, by)
    assert await record.value("SELECT count(*) FROM relations") == 0
