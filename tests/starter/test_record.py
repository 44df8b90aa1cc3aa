"""The gate as a person meets it in a real record: whose it is, how long its link opens, and what else stands there."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from starter.connections import Connection
from starter.record import LINK_LASTS, Asked, announced_holidays, append_audit, asked_person, gate_of_link, read_gate
from starter.team import Member
from tests.builders import MONDAY, ACase
from tests.conftest import Record
from tests.starter.one_gate import DEPUTY, NOW, SPOC, TEAM, asked, is_now, link_of, set_clock
from tests.starter.one_gate import case as case  # the fixture
from tests.starter.one_gate import connection as connection  # the fixture
from tests.starter.one_gate import gate as gate  # the fixture
from workflows.contract.vocabulary import GateState, Role

# --- A link and its gate ----------------------------------------------------------------------------


async def test_a_link_leads_to_its_gate_as_it_stands_and_to_whom_it_was_sent(
    case: ACase, connection: Connection, gate: str
) -> None:
    link = await link_of(case)
    found = await gate_of_link(connection, link)
    assert found is not None
    there, person = found
    row = await case.pool.fetchrow("SELECT * FROM gates")
    assert row is not None
    for name in (
        "gate",
        "reference",
        "question",
        "subject",
        "page",
        "due_on",
        "due_at",
        "original_due_on",
        "opened_at",
    ):
        assert getattr(there, name) == row[name], name
    assert (there.role, there.state, there.closed_at, there.paused_at) == (Role.SPOC, GateState.OPEN, None, None)
    assert (type(there.role), type(there.state)) == (Role, GateState)
    assert there.clock.case_anchor == NOW
    assert is_now(there.now())
    assert (person.email, person.name, person.rung) == (SPOC, row["person_name"], "asked")
    assert (person.link, person.revoked_at, person.team) == (link, None, None)


async def test_a_link_says_when_it_was_taken_back_and_who_of_a_team_may_have_opened_it(
    case: ACase, connection: Connection, gate: str
) -> None:
    link = await link_of(case)
    await case.pool.execute("UPDATE links SET revoked_at = $1, team = $2, rung = 'senior_lead'", MONDAY, TEAM)
    found = await gate_of_link(connection, link)
    assert found is not None
    assert (found[1].revoked_at, found[1].rung) == (MONDAY, "senior_lead")
    assert found[1].team == (Member("Example One", "n53.one", "one@n53.example.test"),)


async def test_a_link_and_a_gate_that_nobody_made_are_unknown(connection: Connection, gate: str) -> None:
    assert await gate_of_link(connection, uuid4()) is None
    assert await read_gate(connection, "SFO-2026-99999/notification/notification") is None
    found = await read_gate(connection, gate)
    assert found is not None
    assert found.gate == gate


@pytest.mark.parametrize(
    ("due", "letters", "counts_from"),
    [
        (30, [0], 30),
        (30, [0, 40, 20], 40),
        (5, [], 10),  # no letter left yet: from the opening, were it ever after the date
        (30, [], 30),
        (5, [20], 20),
        (5, [7], 7),
    ],
)
async def test_a_link_opens_for_a_time_after_its_date_or_its_latest_letter(
    case: ACase, connection: Connection, gate: str, due: int, letters: list[int], counts_from: int
) -> None:
    def day(number: int) -> datetime:
        return MONDAY + timedelta(days=number)

    link = await link_of(case)
    await case.pool.execute("UPDATE gates SET due_at = $1, opened_at = $2", day(due), day(10))
    await case.pool.execute("UPDATE outbox SET link = NULL")
    for number in letters:
        await case.pool.execute(
            "INSERT INTO outbox (event, link, letter, to_name, to_email, message_id, at)"
            " VALUES ($1, $2, 'asked', 'Example', 'a@example.test', $1, $3)",
            f"e{number}",
            link,
            day(number),
        )
    found = await gate_of_link(connection, link)
    assert found is not None
    assert found[1].expires_at == day(counts_from) + LINK_LASTS
    assert timedelta(days=90) == LINK_LASTS


async def test_what_has_happened_is_checked_against_the_case_s_day_in_london(
    case: ACase, connection: Connection, gate: str
) -> None:
    await set_clock(case, datetime(2027, 6, 30, 23, 30, tzinfo=UTC))
    found = await read_gate(connection, gate)
    assert found is not None
    assert found.page_today() == {**found.page, "today": "2027-07-01"}
    assert found.page["title"]


# --- Who is asked -----------------------------------------------------------------------------------


async def test_the_person_asked_is_known_however_their_address_is_typed(
    case: ACase, connection: Connection, gate: str
) -> None:
    name = await case.pool.fetchval("SELECT person_name FROM gates")
    for typed in (SPOC, f" {SPOC.upper()} "):
        assert await asked_person(connection, gate, typed) == Asked(SPOC, name, "asked")
    assert await asked_person(connection, gate, "somebody.else@n53.example.test") is None
    assert await asked_person(connection, f"{gate}#2", SPOC) is None


async def test_a_deputy_is_asked_once_they_stand_in_the_record(case: ACase, connection: Connection, gate: str) -> None:
    assert await asked_person(connection, gate, DEPUTY) is None
    await case.pool.execute("UPDATE gates SET deputy_email = $1, deputy_name = 'Example Deputy'", DEPUTY)
    assert await asked_person(connection, gate, DEPUTY.title()) == Asked(DEPUTY, "Example Deputy", "deputy")
    assert (await asked(connection, gate)).rung == "asked"


async def test_who_reads_the_address_is_known_by_the_link_of_this_gate(
    case: ACase, connection: Connection, gate: str
) -> None:
    other = (await case.ask("confirm_actions", stage="early-look")).gate
    await case.pool.execute("UPDATE links SET team = $1, email = $2 WHERE gate = $3", TEAM, f" {SPOC.upper()}", gate)
    await case.pool.execute("UPDATE links SET email = $1 WHERE gate = $2", SPOC, other)
    await case.pool.execute("UPDATE gates SET person_email = $1", SPOC)
    await case.pool.execute("UPDATE gates SET deputy_email = $1, deputy_name = 'Example Deputy'", DEPUTY)
    assert (await asked(connection, gate)).team == (Member("Example One", "n53.one", "one@n53.example.test"),)
    assert (await asked(connection, other)).team is None
    deputy = await asked_person(connection, gate, DEPUTY)
    assert deputy is not None
    assert deputy.team is None


# --- What else stands in the record -----------------------------------------------------------------


async def test_bank_holidays_announced_late_are_those_in_the_record(record: Record, connection: Connection) -> None:
    assert await announced_holidays(connection) == frozenset()
    for day in (3, 4):
        await record.pool.execute(
            "INSERT INTO bank_holidays VALUES ($1, 'Example Day', 'an invented proclamation', 'ops@example.test')",
            date(2027, 5, day),
        )
    assert await announced_holidays(connection) == {date(2027, 5, 3), date(2027, 5, 4)}


async def test_a_row_of_the_audit_says_when_about_what_by_whom_and_what(
    record: Record, case: ACase, connection: Connection
) -> None:
    await append_audit(connection, NOW, case.reference, "a@example.test", "absence_set", "n53.one", {"from": "x"})
    await append_audit(connection, NOW, None, "a@example.test", "absence_set", "n53.two", {})
    rows = await record.rows("SELECT at, reference, actor, action, subject, detail FROM audit ORDER BY seq")
    about = {"at": NOW, "actor": "a@example.test", "action": "absence_set"}
    assert rows == [
        {**about, "reference": case.reference, "subject": "n53.one", "detail": {"from": "x"}},
        {**about, "reference": None, "subject": "n53.two", "detail": {}},
    ]
