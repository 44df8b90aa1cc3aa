"""The gate as a person meets it in a real record: whose it is, how long its link opens, the one decision it takes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from starter import record as under_test
from starter.connections import Connection
from starter.record import (
    LINK_LASTS,
    Asked,
    Offer,
    Outcome,
    announced_holidays,
    append_audit,
    asked_person,
    decided,
    gate_of_link,
    read_gate,
    record_decision,
)
from starter.team import Member
from tests.builders import MONDAY, ACase, a_case
from tests.conftest import MailServer, Record
from workflows.contract.messages import CaseClock
from workflows.contract.vocabulary import Channel, GateState, Role

SPOC, DEPUTY = "spoc@n53.example.test", "deputy@n53.example.test"
NOW = MONDAY + timedelta(hours=3)
TEAM = [{"name": "Example One", "key": "n53.one", "email": "one@n53.example.test"}]


@pytest_asyncio.fixture
async def case(record: Record, mail_server: MailServer) -> ACase:
    """A case whose clock says `NOW`, within the seconds that a test takes."""
    made = await a_case(record.pool, mail_server)
    await set_clock(made, NOW)
    return made


@pytest_asyncio.fixture
async def connection(record: Record) -> AsyncIterator[Connection]:
    async with record.pool.acquire() as taken:
        yield taken


@pytest_asyncio.fixture
async def gate(case: ACase) -> str:
    """The question whether the notification was sent, asked of the single point of contact."""
    return (await case.ask("notification", stage="notification")).gate


async def set_clock(case: ACase, at: datetime, speed: float = 1.0) -> None:
    clock = CaseClock(case_anchor=at, wall_anchor=datetime.now(UTC), speed=speed)
    await case.pool.execute("UPDATE cases SET clock = $1", clock.model_dump(mode="json"))


async def link_of(case: ACase) -> UUID:
    link: UUID = await case.pool.fetchval("SELECT link FROM links")
    return link


def offer(answer: str = "sent", reasons: str | None = None, **more: Any) -> Offer:
    return Offer(uuid4(), answer, {"sent_on": "2026-10-05"}, reasons, more.pop("channel", Channel.LINK), **more)


async def asked(connection: Connection, gate: str) -> Asked:
    found = await asked_person(connection, gate, SPOC)
    assert found is not None
    return found


async def a_decision(record: Record) -> dict[str, Any]:
    [row] = await record.rows("SELECT * FROM decisions WHERE void_at IS NULL")
    return row


def is_now(at: object) -> bool:
    return isinstance(at, datetime) and NOW <= at < NOW + timedelta(minutes=2)


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


# --- The one decision -------------------------------------------------------------------------------


async def test_an_answer_is_written_as_it_was_given_with_its_row_in_the_audit(
    record: Record, case: ACase, connection: Connection, gate: str
) -> None:
    assert await decided(connection, gate) is None
    await append_audit(connection, NOW, case.reference, "other@example.test", "decision_recorded", gate, {})
    given, by = offer(reasons="Invented reasons"), await asked(connection, gate)
    outcome = await record_decision(connection, gate, by, given)
    row = await a_decision(record)
    assert (row["decision"], row["gate"], row["answer"]) == (given.decision, gate, "sent")
    assert (row["fields"], row["reasons"]) == ({"sent_on": "2026-10-05"}, "Invented reasons")
    assert (row["by_email"], row["by_name"], row["by_rung"], row["channel"]) == (SPOC, by.name, "asked", "link")
    assert (row["late"], row["person_key"], row["person_email"], row["person_name"]) == (False, None, None, None)
    assert is_now(row["received_at"])
    [audit] = await record.rows("SELECT * FROM audit WHERE action = 'decision_recorded' AND actor = $1", SPOC)
    assert (audit["at"], audit["reference"], audit["subject"]) == (row["received_at"], case.reference, gate)
    said = {"decision": str(given.decision), "answer": "sent", "channel": "link", "rung": "asked", "late": False}
    assert audit["detail"] == said
    assert outcome.is_new
    assert outcome.decided == await decided(connection, gate)
    assert outcome.decided is not None
    stands = outcome.decided
    assert (stands.decision, stands.answer, stands.by_email) == (given.decision, "sent", SPOC)
    assert (stands.by_rung, stands.received_at, stands.late) == ("asked", row["received_at"], False)
    assert (stands.is_applied, stands.audit) == (False, audit["seq"])


async def test_a_decision_that_was_applied_says_so_and_one_that_is_void_does_not_stand(
    case: ACase, connection: Connection, gate: str
) -> None:
    await record_decision(connection, gate, await asked(connection, gate), offer())
    await case.pool.execute("UPDATE decisions SET applied_at = received_at")
    stands = await decided(connection, gate)
    assert stands is not None
    assert stands.is_applied
    await case.pool.execute("UPDATE decisions SET void_at = received_at")
    assert await decided(connection, gate) is None


async def test_whoever_comes_second_reads_what_was_decided(record: Record, connection: Connection, gate: str) -> None:
    first, by = offer(), await asked(connection, gate)
    await record_decision(connection, gate, by, first)
    second = await record_decision(connection, gate, by, offer("not_sent"))
    assert not second.is_new
    assert second.decided is not None
    assert second.decided.decision == first.decision
    assert (await a_decision(record))["answer"] == "sent"


async def test_of_two_at_the_same_moment_one_decides(record: Record, connection: Connection, gate: str) -> None:
    by = await asked(connection, gate)

    async def decide() -> Outcome:
        async with record.pool.acquire() as own:
            return await record_decision(own, gate, by, offer())

    outcomes = await asyncio.gather(*(decide() for _ in range(6)))
    assert sorted(outcome.is_new for outcome in outcomes) == [False] * 5 + [True]
    assert len({outcome.decided for outcome in outcomes}) == 1
    assert await record.value("SELECT count(*) FROM audit WHERE action = 'decision_recorded'") == 1


@pytest.mark.parametrize("state", ["lapsed", "withdrawn", "decided"])
async def test_a_gate_that_is_not_open_takes_no_answer(
    record: Record, connection: Connection, gate: str, state: str
) -> None:
    by = await asked(connection, gate)
    await record.pool.execute("UPDATE gates SET state = $1, closed_at = opened_at", state)
    assert await record_decision(connection, gate, by, offer()) == Outcome(None)
    assert await record_decision(connection, f"{gate}#2", by, offer()) == Outcome(None)
    assert await record.value("SELECT count(*) FROM decisions") == 0
    assert await record.value("SELECT count(*) FROM audit WHERE action = 'decision_recorded'") == 0


async def test_a_link_that_was_taken_back_before_the_click_decides_nothing(
    record: Record, case: ACase, connection: Connection, gate: str
) -> None:
    link = await link_of(case)
    found = await gate_of_link(connection, link)
    assert found is not None
    await record.pool.execute("UPDATE links SET revoked_at = $1", MONDAY)
    assert await record_decision(connection, gate, found[1], offer()) == Outcome(None)
    assert await record.value("SELECT count(*) FROM decisions") == 0
    await record.pool.execute("UPDATE links SET revoked_at = NULL")
    assert (await record_decision(connection, gate, found[1], offer())).is_new


@pytest.mark.parametrize(
    ("due", "paused", "is_late"),
    [
        (timedelta(hours=1), None, False),
        (timedelta(hours=-1), None, True),
        (timedelta(hours=-1), timedelta(hours=-2), False),
        (timedelta(hours=-2), timedelta(hours=-1), True),
    ],
)
async def test_an_answer_is_late_by_the_case_s_time_and_by_that_of_its_pause(
    record: Record, connection: Connection, gate: str, due: timedelta, paused: timedelta | None, is_late: bool
) -> None:
    stopped = None if paused is None else NOW + paused
    await record.pool.execute("UPDATE gates SET due_at = $1, paused_at = $2", NOW + due, stopped)
    outcome = await record_decision(connection, gate, await asked(connection, gate), offer())
    assert outcome.decided is not None
    assert (outcome.decided.late, (await a_decision(record))["late"]) == (is_late, is_late)
    detail = await record.value("SELECT detail FROM audit WHERE action = 'decision_recorded'")
    assert isinstance(detail, dict)
    assert detail["late"] is is_late


@pytest.mark.parametrize("reasons", [None, ""])
async def test_no_reasons_are_none(record: Record, connection: Connection, gate: str, reasons: str | None) -> None:
    await record_decision(connection, gate, await asked(connection, gate), offer(reasons=reasons))
    assert (await a_decision(record))["reasons"] is None


@pytest.mark.parametrize(
    ("person", "said"),
    [
        (Member("Example One", "n53.one", "one@n53.example.test"), "n53.one"),
        (Member("Example Other"), "not_listed"),
    ],
)
async def test_who_of_a_team_decided_stands_with_the_decision_and_their_name_not_in_the_audit(
    record: Record, connection: Connection, gate: str, person: Member, said: str
) -> None:
    given = offer(channel=Channel.COMMAND, person=person)
    await record_decision(connection, gate, await asked(connection, gate), given)
    row = await a_decision(record)
    assert (row["person_key"], row["person_email"], row["person_name"]) == (person.key, person.email, person.name)
    detail = await record.value("SELECT detail FROM audit WHERE action = 'decision_recorded'")
    assert detail == {
        "decision": str(given.decision),
        "answer": "sent",
        "channel": "command",
        "rung": "asked",
        "late": False,
        "person": said,
    }


async def test_an_answer_that_was_taken_is_counted_by_its_channel_and_a_second_click_is_not(
    connection: Connection, gate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[tuple[int, dict[str, str]]] = []
    monkeypatch.setattr(under_test, "DECISIONS", Counter(counted))
    by = await asked(connection, gate)
    for _ in range(2):
        await record_decision(connection, gate, by, offer(channel=Channel.COMMAND))
    assert counted == [(1, {"channel": "command"})]
    assert {type(channel) for _, said in counted for channel in said.values()} == {str}


class Counter:
    """What is counted, kept in a list."""

    def __init__(self, counted: list[tuple[int, dict[str, str]]]) -> None:
        self._counted = counted

    def add(self, amount: int, attributes: dict[str, str]) -> None:
        self._counted.append((amount, attributes))


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
