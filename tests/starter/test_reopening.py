"""A closed case that is opened again: in the record at once, and started once, whatever happens in between."""

import asyncio
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import pytest
import pytest_asyncio
from temporalio.client import WorkflowExecutionStatus

import starter.starting
from activities.closing import close_case
from starter.opting_in import Wish, opt_in
from starter.relay import Relay
from starter.reopening import TakenUp, hand_on
from starter.signals import RowRefusedError, TemporalAwayError
from tests.conftest import MailServer, Record
from tests.starter.disclosing import NOW, OFFICER, REFERENCE, TODAY, Disclosure, a_disclosure
from workflows.contract.messages import CaseOpening, Closing
from workflows.contract.vocabulary import Outcome

CLOSING = Closing(reference=REFERENCE, outcome=Outcome.COMPLETED, at=NOW)


@pytest_asyncio.fixture
async def case(record: Record, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> Disclosure:
    monkeypatch.setattr(starter.starting, "_BETWEEN", 0.01)
    found = await a_disclosure(record, mail_server)
    await found.run("UPDATE victims SET answer = 'declined'")
    return found


async def wants(case: Disclosure, victim: str = "v1") -> TakenUp:
    async with case.record.pool.acquire() as connection:
        return await opt_in(connection, REFERENCE, victim, Wish("copy", "en"), "They rang", OFFICER)


def runs(case: Disclosure) -> list[Any]:
    return case.temporal.runs[case.case_id]


async def the_case(case: Disclosure) -> dict[str, Any]:
    (row,) = await case.record.rows("SELECT * FROM cases")
    return row


async def test_a_closed_case_is_open_again_and_waits_to_be_started(case: Disclosure) -> None:
    await case.run("UPDATE cases SET region = 'N56', pdu = 'N56CAM'")  # it had moved since it was opened
    await case.close()
    assert (await wants(case)).is_reopened
    row = await the_case(case)
    assert (row["closed_on"], row["outcome"], row["reopened_on"]) == (None, None, TODAY)
    assert (row["stage"], row["started_at_wall"]) == ("victim-disclosure", None)
    opening = CaseOpening.model_validate(row["opening"])
    assert (opening.reopened, opening.region, opening.pdu, opening.victims) == (True, "N56", "N56CAM", ("v1", "v2"))
    reopened, opted_in = [await case.audits(action) for action in ("case_reopened", "opted_in")]
    assert (reopened[0]["actor"], reopened[0]["detail"]) == (
        OFFICER,
        {"closed_on": "2027-02-01", "outcome": "completed"},
    )
    assert reopened[0]["seq"] < opted_in[0]["seq"]
    (request,) = await case.record.rows("SELECT * FROM requests")
    assert (request["reasons"], request["delivered_at_wall"] is not None) == ("They rang", True)
    assert await case.duties("v1") == {"victim_answered": "met", "victim_given": "owed"}


async def test_it_is_started_as_an_opened_again_case_and_nothing_is_signalled(case: Disclosure) -> None:
    await case.close()
    await hand_on(case.temporal.delivery(case.record), await wants(case))
    first, again = runs(case)
    assert (first.is_running, again.is_running, again.opening.reopened) == (False, True, True)
    assert again.options["static_summary"] == f"SFO case {REFERENCE}, N53, opened again"
    attributes = {pair.key.name: pair.value for pair in again.options["search_attributes"]}
    assert (attributes["SfoStage"], attributes["SfoGround"]) == ("victim-disclosure", "always_reviewed")
    assert case.temporal.signals == []
    assert (await the_case(case))["started_at_wall"] is not None


async def test_the_relay_starts_what_temporal_was_not_told_of(case: Disclosure, tmp_path: Path) -> None:
    await case.close()
    taken = await wants(case)
    case.temporal.is_away = True
    with pytest.raises(TemporalAwayError):
        await hand_on(case.temporal.delivery(case.record), taken)
    case.temporal.is_away = False
    await case.run("UPDATE cases SET recorded_at = now() - interval '1 minute'")
    relay = Relay(case.temporal.delivery(case.record), case.record.pool, tmp_path)
    assert await relay.tick() == 1
    assert await relay.tick() == 0
    assert len(runs(case)) == 2


async def test_a_run_that_has_not_ended_yet_is_left_alone_and_followed_by_the_new_one(case: Disclosure) -> None:
    await case.close()
    runs(case)[0].is_running = True  # it has closed its case and is about to end
    delivery, taken = case.temporal.delivery(case.record), await wants(case)
    with pytest.raises(RowRefusedError, match="has not ended yet"):
        await hand_on(delivery, taken)
    assert len(runs(case)) == 1
    assert (await the_case(case))["started_at_wall"] is None
    starting = asyncio.create_task(hand_on(delivery, taken))
    await asyncio.sleep(0.02)
    case.temporal.end(case.case_id)
    await starting
    assert [run.is_running for run in runs(case)] == [False, True]


@pytest.mark.parametrize("is_running", [True, False])
async def test_started_twice_it_runs_once_even_if_that_run_has_ended(case: Disclosure, is_running: bool) -> None:
    await case.close()
    delivery, taken = case.temporal.delivery(case.record), await wants(case)
    await hand_on(delivery, taken)
    await case.run("UPDATE cases SET started_at_wall = NULL")  # the process died before it could note it
    runs(case)[-1].is_running = is_running
    await hand_on(delivery, taken)
    assert len(runs(case)) == 2
    assert (await the_case(case))["started_at_wall"] is not None


async def test_two_at_the_same_moment_start_one_run(case: Disclosure) -> None:
    await case.close()
    taken = await wants(case)
    await asyncio.gather(*(hand_on(case.temporal.delivery(case.record), taken) for _ in range(3)))
    assert len(runs(case)) == 2


async def test_what_was_read_a_moment_too_early_disturbs_no_run_that_is_there_by_then(
    case: Disclosure, monkeypatch: pytest.MonkeyPatch
) -> None:
    await case.close()
    taken, true = await wants(case), case.temporal.get_workflow_handle
    stale = SimpleNamespace(status=WorkflowExecutionStatus.COMPLETED, memo_value=AsyncMock(return_value=None))
    looks = iter([SimpleNamespace(describe=AsyncMock(return_value=stale))])
    monkeypatch.setattr(case.temporal, "get_workflow_handle", lambda name: next(looks, None) or true(name))
    runs(case)[0].is_running = True
    with pytest.raises(RowRefusedError):
        await hand_on(case.temporal.delivery(case.record), taken)
    assert len(runs(case)) == 1
    assert (await the_case(case))["started_at_wall"] is None


async def test_a_case_is_opened_again_as_often_as_it_closes(case: Disclosure) -> None:
    delivery = case.temporal.delivery(case.record)
    for victim in ("v1", "v2"):
        await case.close()
        await hand_on(delivery, await wants(case, victim))
    assert [run.is_running for run in runs(case)] == [False, False, True]
    assert len({run.memo.get("opened-again") for run in runs(case)}) == 3


async def test_another_family_in_the_meantime_is_heard_by_the_new_run_and_not_by_the_ending_one(
    case: Disclosure,
) -> None:
    await case.close()
    await wants(case, "v1")
    second = await wants(case, "v2")
    assert not second.is_reopened
    await hand_on(case.temporal.delivery(case.record), second)
    assert len(runs(case)) == 2
    assert [signal.content["victim"] for signal in case.temporal.signals] == ["v2"]


async def test_a_case_that_is_closing_in_the_same_moment_either_waits_or_is_opened_again(case: Disclosure) -> None:
    pool = case.record.pool

    async def close() -> bool:
        async with pool.acquire() as connection, connection.transaction():
            return (await close_case(connection, CLOSING)).closed

    async with pool.acquire() as connection:  # the family first: the closing waits, and then finds what is owed
        transaction = connection.transaction()
        await transaction.start()
        await opt_in(connection, REFERENCE, "v1", Wish("copy", "en"), None, OFFICER)
        closing = asyncio.create_task(close())
        await asyncio.sleep(0.2)
        assert not closing.done()
        await transaction.commit()
    assert await closing is False
    await case.run("UPDATE duties SET state = 'closed', decision = gen_random_uuid()")
    async with pool.acquire() as connection:  # the closing first: the family waits, and then opens the case again
        transaction = connection.transaction()
        await transaction.start()
        assert (await close_case(connection, CLOSING)).closed
        wanting = asyncio.create_task(wants(case, "v2"))
        await asyncio.sleep(0.2)
        assert not wanting.done()
        await transaction.commit()
    assert (await wanting).is_reopened
    row = await the_case(case)
    assert (row["closed_on"], row["reopened_on"]) == (None, TODAY)
    assert await case.duties("v2") == {"victim_answered": "met", "victim_given": "owed"}


async def test_a_case_past_temporals_retention_is_started_all_the_same(case: Disclosure) -> None:
    await case.close()
    case.temporal.runs.clear()
    await hand_on(case.temporal.delivery(case.record), await wants(case))
    assert [run.opening.reopened for run in runs(case)] == [True]


async def test_a_case_that_never_closed_starts_as_before(case: Disclosure) -> None:
    case.temporal.runs.clear()
    await case.run("UPDATE cases SET started_at_wall = NULL, appeared_on = $1", date(2026, 10, 6))
    await case.temporal.delivery(case.record).start_case(REFERENCE)
    await case.temporal.delivery(case.record).start_case(REFERENCE)
    (run,) = runs(case)
    assert (run.opening.reopened, run.memo, run.options["static_summary"]) == (False, {}, f"SFO case {REFERENCE}, N53")
