"""Staff are looked after while the case goes on, on the real server: when it is due, when it rests, when it ends."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.worker import Worker

from starter.sandbox import workflow_runner
from tests.workflows.conftest import Office
from workflows.contract import ids
from workflows.contract.messages import CareBrief, CaseNews, CaseOpening
from workflows.contract.vocabulary import Ground, Stage
from workflows.policy.calendar import working_days_between
from workflows.staff_care import StaffCare

Care = WorkflowHandle[Any, Any]
LINE, HEAD = "line_manager", "head_of_pdu"
LOOKED_AFTER = {LINE: ("s1",), HEAD: ("s2",), "regional_director": ("s3",)}


async def begun(office: Office, **more: Any) -> tuple[CaseOpening, Care]:
    opening = await office.report()
    owing = [(opening.reference, ref) for refs in LOOKED_AFTER.values() for ref in refs]
    await office.record.pool.executemany(
        "INSERT INTO duties (reference, kind, subject, at) VALUES ($1, 'cared_for', $2, now())", owing
    )
    brief = CareBrief(
        reference=opening.reference, clock=opening.clock, region=opening.region, pdu=opening.pdu,
        ground=Ground.ALWAYS_REVIEWED, rulebook="2026-04-01", staff=opening.staff, **more,
    )  # fmt: skip
    handle = await office.client.start_workflow(
        ids.STAFF_CARE, brief, id=f"{ids.case_id(opening.reference)}/{ids.STAFF_CARE}", task_queue=ids.CASEWORK_QUEUE
    )
    return opening, handle


def gate_of(opening: CaseOpening, role: str, ask: int = 1) -> str:
    return f"{opening.reference}/{ids.STAFF_CARE}/welfare:{role}{f'#{ask}' if ask > 1 else ''}"


async def contact(
    office: Office, opening: CaseOpening, care: Care, role: str, ask: int = 1, said: str = "made"
) -> None:
    rows = [
        {"member": ref, "contact": said, "on_date": str(office.now(care).date()), "outside_offered": "yes"}
        for ref in LOOKED_AFTER[role]
    ]
    decided = await office.answer(care, gate_of(opening, role, ask), "recorded", {"contacts": rows})
    assert (await office.receipt(care, decided))["applied"]


async def asked(office: Office, gate: str) -> list[dict[str, object]]:
    return await office.record.rows("SELECT * FROM gates WHERE gate = $1", gate)


async def test_everybody_is_looked_after_by_the_one_above_and_nobody_by_themselves(office: Office) -> None:
    opening, _ = await begun(office)
    for role, members in LOOKED_AFTER.items():
        gate = await office.gate(gate_of(opening, role))
        assert [row["member"] for row in gate["page"]["contacts"]] == list(members)
        emails = await office.record.rows(
            "SELECT email FROM staff WHERE reference = $1 AND ref = ANY($2)", opening.reference, list(members)
        )
        assert gate["person_email"] not in {row["email"] for row in emails}


async def test_contact_is_due_again_while_the_stage_lasts(office: Office) -> None:
    opening, care = await begun(office)
    await contact(office, opening, care, LINE)
    first = office.now(care).date()
    await office.skip(care, timedelta(days=26))
    assert not await asked(office, gate_of(opening, LINE, 2))
    await office.skip(care, timedelta(days=12))
    again = await office.gate(gate_of(opening, LINE, 2))
    assert working_days_between(first, again["opened_at"].date(), frozenset()) >= 20


async def test_a_new_stage_asks_again_but_not_within_the_week_of_the_last_contact(office: Office) -> None:
    opening, care = await begun(office)
    await contact(office, opening, care, LINE)
    await care.signal("case_news", CaseNews(stage=Stage.REVIEW))
    assert not await asked(office, gate_of(opening, LINE, 2))
    await office.skip(care, timedelta(days=11))
    await office.gate(gate_of(opening, LINE, 2))
    await care.signal("case_news", CaseNews(stage=Stage.COUNTERSIGN))  # while it is asked: the one answer serves both
    await contact(office, opening, care, LINE, 2)
    await office.skip(care, timedelta(days=11))
    assert not await asked(office, gate_of(opening, LINE, 3))


async def test_whoever_could_not_be_reached_is_tried_again_sooner_and_holds_the_end(office: Office) -> None:
    opening, care = await begun(office)
    await contact(office, opening, care, HEAD)
    await contact(office, opening, care, "regional_director")
    await contact(office, opening, care, LINE, said="not_possible")
    await care.signal("case_news", CaseNews(closing=True))
    await office.gate(gate_of(opening, LINE, 2))  # at once: nothing else of the case is open
    await contact(office, opening, care, LINE, 2, said="not_wanted")
    assert (await care.result())["outcome"] == "cared_for"
    owed = await office.record.value(
        "SELECT count(*) FROM duties WHERE reference = $1 AND kind = 'cared_for' AND state = 'owed'", opening.reference
    )
    assert owed == 0


async def test_the_end_withdraws_what_is_only_due_again(office: Office) -> None:
    opening, care = await begun(office)
    for role in LOOKED_AFTER:
        await contact(office, opening, care, role)
    await office.skip(care, timedelta(days=40))
    gate = await office.gate(gate_of(opening, LINE, 2))
    await care.signal("case_news", CaseNews(closing=True))
    assert (await care.result())["outcome"] == "cared_for"
    assert await office.record.value("SELECT state FROM gates WHERE gate = $1", gate["gate"]) == "withdrawn"


@pytest.mark.parametrize("again", [True, False])
async def test_a_review_that_is_no_longer_due_lets_care_rest_until_there_is_one_again(
    office: Office, again: bool
) -> None:
    opening, care = await begun(office)
    gate = await office.gate(gate_of(opening, LINE))
    await care.signal("case_news", CaseNews(stopped=True))
    await office.until(
        lambda: office.record.value("SELECT 1 FROM gates WHERE gate = $1 AND state = 'withdrawn'", gate["gate"])
    )
    if again:
        await care.signal("case_news", CaseNews(stopped=False))
        await office.gate(gate_of(opening, LINE, 2))
    else:
        await care.signal("case_news", CaseNews(closing=True))
        assert (await care.result())["outcome"] == "cared_for"


async def test_begun_anew_while_no_review_is_due_it_asks_nobody_until_there_is_one(office: Office) -> None:
    opening, care = await begun(office, stopped=True)
    await care.query("receipt", "none")  # it has run
    assert not await asked(office, gate_of(opening, LINE))
    await care.signal("case_news", CaseNews(stopped=False))
    await office.gate(gate_of(opening, LINE))


async def test_cancelled_by_hand_it_withdraws_its_questions(office: Office) -> None:
    opening, care = await begun(office)
    gate = await office.gate(gate_of(opening, HEAD))
    await care.cancel()
    assert (await care.result())["outcome"] == "withdrawn"
    assert await office.record.value("SELECT state FROM gates WHERE gate = $1", gate["gate"]) == "withdrawn"


async def test_a_question_taken_back_in_the_very_moment_in_which_it_opens_is_withdrawn(office: Office) -> None:
    """The opening and the news reach the workflow in one task: the SDK hides a cancellation behind the result."""
    opening, queue = await office.report(), f"race-{uuid4()}"
    brief = CareBrief(
        reference=opening.reference, clock=opening.clock, region=opening.region, pdu=opening.pdu,
        ground=Ground.ALWAYS_REVIEWED, rulebook="2026-04-01", staff=opening.staff,
    )  # fmt: skip
    async with Worker(office.client, task_queue=queue, activities=office.activities):
        async with office.record.owner() as owner, owner.transaction():  # while the case is held nothing can open
            await owner.execute("SELECT 1 FROM cases WHERE reference = $1 FOR UPDATE", opening.reference)
            async with deciding(office, queue):
                care = await office.client.start_workflow(
                    ids.STAFF_CARE, brief, id=f"{ids.case_id(opening.reference)}/race", task_queue=queue
                )
                await office.until(lambda: scheduled(care))
        await office.until(lambda: has_opened(office, opening))
        await care.signal("case_news", CaseNews(stopped=True))
        async with deciding(office, queue):
            await office.until(
                lambda: office.record.value(
                    "SELECT bool_and(state = 'withdrawn') FROM gates WHERE reference = $1", opening.reference
                )
            )
            await care.signal("case_news", CaseNews(closing=True))
            assert (await care.result())["outcome"] == "cared_for"


def deciding(office: Office, queue: str) -> Worker:
    return Worker(
        office.client, task_queue=queue, workflows=[StaffCare], workflow_runner=workflow_runner(),
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
    )  # fmt: skip


async def scheduled(care: Care) -> bool:
    events = (await care.fetch_history()).events
    return sum(e.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED for e in events) == len(LOOKED_AFTER)


async def has_opened(office: Office, opening: CaseOpening) -> bool:
    count = await office.record.value("SELECT count(*) FROM gates WHERE reference = $1", opening.reference)
    return count == len(LOOKED_AFTER)
