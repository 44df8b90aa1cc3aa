"""The one decision that a gate takes in a real record: as it was given, once, in time or late, and by whom."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from starter import record as under_test
from starter.connections import Connection
from starter.record import Outcome, append_audit, decided, gate_of_link, record_decision
from starter.team import Member
from tests.builders import MONDAY, ACase
from tests.conftest import Record
from tests.starter.one_gate import NOW, SPOC, asked, is_now, link_of, offer
from tests.starter.one_gate import case as case  # the fixture
from tests.starter.one_gate import connection as connection  # the fixture
from tests.starter.one_gate import gate as gate  # the fixture
from workflows.contract.vocabulary import Channel


async def a_decision(record: Record) -> dict[str, Any]:
    [row] = await record.rows("SELECT * FROM decisions WHERE void_at IS NULL")
    return row


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
