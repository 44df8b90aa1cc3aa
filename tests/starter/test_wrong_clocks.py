"""Machines with the wrong time: what people do is dated by the record's clock, and what waits goes all the same."""

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from starter.address_codes import check_code_to, issue_code_to
from starter.connections import Connection
from starter.erasing import kept_of
from starter.extending import MoreTime, request_extension
from starter.identity import CODES, CODES_A_PERSON, Check, check_code, issue_code, open_session, read_session
from starter.relay import Relay
from starter.reports import ReportRefusedError, report_court_event
from tests.builders import MONDAY
from tests.conftest import MailServer, Record
from tests.starter.front_desk import Desk
from tests.starter.signed_in import a_desk
from workflows.contract.vocabulary import CourtEventKind, ReasonCode

SPOC = "spoc@n53.example.test"
KEY = b"k" * 32
SetWrong = Callable[[timedelta], None]


@pytest_asyncio.fixture
async def desk(record: Record, mail_server: MailServer) -> Desk:
    return await a_desk(record, mail_server)


@pytest.fixture
def set_wrong(monkeypatch: pytest.MonkeyPatch) -> SetWrong:
    """From now on whatever of ours looks at this machine's clock reads one that is wrong by so much."""

    def by(difference: timedelta) -> None:
        class Wrong(datetime):
            @classmethod
            def now(cls, tz: object = None) -> "Wrong":
                return cls.fromtimestamp((datetime.now(UTC) + difference).timestamp(), UTC)

        for name, module in list(sys.modules.items()):
            if name.startswith("starter.") and getattr(module, "datetime", None) is datetime:
                monkeypatch.setattr(module, "datetime", Wrong)

    return by


@pytest.mark.parametrize("days", [100, -100])
async def test_an_answer_counts_from_when_it_came_at_a_gateway_whose_clock_is_wrong(
    desk: Desk, set_wrong: SetWrong, days: int
) -> None:
    gate = await desk.ask("notification", stage="notification")
    set_wrong(timedelta(days=days))
    browser = desk.browser()
    page = await browser.sign_in(link := desk.link(SPOC))  # which would not open a hundred days from now
    reply = await browser.answer(link, page, "sent", sent_on=MONDAY.date().isoformat())
    assert "Your answer has been applied" in reply.text
    (decision,) = await desk.decisions()
    assert (decision["gate"], decision["late"]) == (gate, False)
    assert abs(decision["received_at"] - MONDAY) < timedelta(minutes=5)  # type: ignore[operator]
    assert await desk.record.value("SELECT state FROM gates WHERE gate = $1", gate) == "decided"


async def test_more_time_asked_for_before_the_date_is_not_asked_late(desk: Desk, set_wrong: SetWrong) -> None:
    case, pool = desk.case.reference, desk.record.pool
    await pool.execute("UPDATE cases SET started_at_wall = now(), review_due = $1, original_review_due = $1", MONDAY)
    await pool.execute(
        """INSERT INTO appointments (reference, role, person_key, name, email, at)
           VALUES ($1, 'reviewing_manager', 'n53.reviewer.1', 'Example', 'reviewer.one@n53.example.test', now())""",
        case,
    )
    set_wrong(timedelta(days=2))
    async with pool.acquire() as connection:
        wanted = MoreTime(MONDAY.date() + timedelta(days=30), ReasonCode.TRIAL)
        await request_extension(connection, case, wanted, "reviewer.one@n53.example.test")
    assert await desk.record.value("SELECT late FROM extension_requests") is False


async def test_a_command_of_yesterday_takes_what_the_court_did_today(desk: Desk, set_wrong: SetWrong) -> None:
    set_wrong(timedelta(days=-1))
    async with desk.record.pool.acquire() as connection:
        await report_court_event(connection, desk.case.reference, CourtEventKind.CONVICTED, datetime.now(UTC).date())
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)
        with pytest.raises(ReportRefusedError, match="lies in the future"):
            await report_court_event(connection, desk.case.reference, CourtEventKind.ACQUITTED, tomorrow)


async def test_nothing_is_old_enough_to_be_erased_by_a_clock_that_is_ahead(desk: Desk, set_wrong: SetWrong) -> None:
    set_wrong(timedelta(days=40_000))
    async with desk.record.pool.acquire() as connection:
        row = await connection.fetchrow("SELECT * FROM cases")
        assert row is not None
        assert (await kept_of(connection, row)).today == MONDAY.date()


async def test_what_was_recorded_before_the_record_s_clock_was_put_back_is_delivered_now(
    desk: Desk, tmp_path: Path
) -> None:
    pool, case = desk.record.pool, desk.case
    await pool.execute("UPDATE cases SET started_at_wall = now()")
    gate = await desk.ask("notification", stage="notification")
    decision: UUID = await case.decide(gate, "sent", sent_on=date(2026, 10, 5).isoformat())
    relay = Relay(desk.temporal.delivery(desk.record), pool, tmp_path)
    assert await relay.tick() == 0  # the gateway's own turn
    desk.temporal.stage = None
    await pool.execute("UPDATE decisions SET recorded_at = recorded_at + interval '1 day'")
    assert await relay.tick() == 1
    await pool.execute("UPDATE decisions SET delivered_at_wall = delivered_at_wall + interval '1 day'")
    assert await relay.tick() == 1  # Temporal may have lost it
    assert await relay.tick() == 0
    assert {signal.content["decision"] for signal in desk.temporal.signals} == {str(decision)}


async def put_back(connection: Connection, days: int = 1) -> None:
    """What stands was written by a clock that was so far ahead."""
    for table, column in [("codes", "expires_at"), ("address_codes", "expires_at"), ("sessions", "expires_at"),
                          ("sessions", "seen_at")]:  # fmt: skip
        await connection.execute(f"UPDATE {table} SET {column} = {column} + $1::interval", timedelta(days=days))


async def test_who_had_every_code_before_the_record_s_clock_was_put_back_has_another_now(desk: Desk) -> None:
    await desk.ask("notification", stage="notification")
    async with desk.record.pool.acquire() as connection:
        link = await connection.fetchval("SELECT link FROM links WHERE email = $1", SPOC)
        for _ in range(CODES):
            assert await issue_code(connection, link, KEY)
            assert await issue_code_to(connection, SPOC, KEY)
        assert await issue_code(connection, link, KEY) is None
        assert await issue_code_to(connection, SPOC, KEY) is None
        await put_back(connection, 100)
        assert await issue_code(connection, link, KEY)
        assert await issue_code_to(connection, SPOC, KEY)
        await connection.execute("UPDATE links SET codes_sent = $1", CODES_A_PERSON)
        await put_back(connection, 100)
        assert await issue_code_to(connection, SPOC, KEY)


async def test_a_code_and_a_session_last_no_longer_because_the_record_s_clock_was_put_back(desk: Desk) -> None:
    await desk.ask("notification", stage="notification")
    async with desk.record.pool.acquire() as connection:
        link = await connection.fetchval("SELECT link FROM links WHERE email = $1", SPOC)
        code, other = await issue_code(connection, link, KEY), await issue_code_to(connection, SPOC, KEY)
        cookie, _ = await open_session(connection, SPOC)
        assert code
        assert other
        assert await read_session(connection, cookie)
        await put_back(connection)
        assert await check_code(connection, link, code, KEY) is Check.SPENT
        assert await check_code_to(connection, SPOC, other, KEY) is Check.SPENT
        assert await read_session(connection, cookie) is None
        assert await read_session(connection, cookie, in_use=False) is None
