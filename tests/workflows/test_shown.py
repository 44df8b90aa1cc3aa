"""What operations see without a worker: every open gate, the review's dates, and nobody once nobody is awaited."""

from datetime import timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from starter.script import SILENT, USUAL, Line
from tests.workflows.conftest import Office
from tests.workflows.reviewing import commissioned, interviewed, moved
from tests.workflows.test_case import end_of, opened, running
from tests.workflows.test_review_clock import details, shown, until_read, until_shown
from workflows.contract import ids
from workflows.contract.messages import CaseNews, CaseOpening, ExtensionSignal, ReassignSignal
from workflows.contract.vocabulary import ReasonCode, Stage

Handle = WorkflowHandle[Any, Any]


async def until_listed(office: Office, handle: Handle, *entries: str) -> None:
    """Exactly these gates stand in the search attributes, the most urgent first."""
    await until_shown(office, handle, "SfoGates", list(entries) or None)


async def dated(office: Office, gate: str) -> str:
    return str((await office.gate(gate))["due_on"])


async def test_every_open_gate_stands_there_with_role_date_and_rung(office: Office) -> None:
    opening, review = await commissioned(office)
    stem = f"{opening.reference}/review"
    first, second, draft = [await dated(office, f"{stem}/{gate}") for gate in ("invite:s1", "invite:s2", "draft")]
    await until_listed(
        office,
        review,
        f"invite:s1 reviewing_manager until {first}, asked",
        f"invite:s2 reviewing_manager until {second}, asked",
        f"draft reviewing_manager until {draft}, asked",
    )
    assert (await shown(review))["SfoQuestions"] == ["draft", "invite"]
    page = await details(review)
    assert f"| reviewing_manager | until {draft} | asked | `{stem}/draft` |" in page
    assert f"Review due {draft}" in page


async def test_what_is_shown_follows_silence_reassignment_a_pause_and_more_time(office: Office) -> None:
    opening, review = await interviewed(office)
    gate = f"{opening.reference}/review/draft"
    due_on = (await office.gate(gate))["due_on"]
    await until_listed(office, review, f"draft reviewing_manager until {due_on}, asked")
    await review.signal("reassign", ReassignSignal(gate=gate, to="n53.reviewer.2", reason=ReasonCode.ILLNESS))
    await review.signal("case_news", CaseNews(paused=True))
    await until_listed(office, review, "draft reviewing_manager paused, asked")
    assert "| reviewing_manager | paused | asked |" in await details(review)
    await review.signal("case_news", CaseNews(paused=False))
    await until_listed(office, review, f"draft reviewing_manager until {due_on}, asked")
    await office.skip_to(review, (await office.gate(gate))["due_at"] + timedelta(days=4))

    async def has_climbed() -> bool:
        rung = (await office.gate(gate))["rung"]
        entry = f"draft reviewing_manager until {due_on}, {rung}, overdue"
        return rung != "asked" and (await shown(review)).get("SfoGates") == [entry]

    await office.until(has_climbed)
    rung = (await office.gate(gate))["rung"]
    new_on = due_on + timedelta(days=30)
    await review.signal("request_extension", ExtensionSignal(new_on=new_on, reason=ReasonCode.TRIAL))
    await office.answer(
        review, f"{opening.reference}/review/extension:{new_on}", "granted", {"new_on": str(new_on)}, "Invented reason."
    )
    await office.until(lambda: moved(office, gate, new_on))
    await until_listed(office, review, f"draft reviewing_manager until {new_on}, {rung}")
    await until_read(office, review, f"Review due {new_on} (first {due_on}, 1 extension)")


async def test_nobody_is_awaited_while_a_stage_waits_for_something_else(office: Office) -> None:
    """The national team looks for a reviewer elsewhere: the senior lead is not shown as awaited meanwhile."""
    opening = await office.report()
    review = await office.start(opening, Stage.REVIEW)
    gate = f"{opening.reference}/review/commission"
    await until_listed(office, review, f"commission senior_lead until {await dated(office, gate)}, asked")
    await office.answer(review, gate, "nobody", reasons="Invented reason.")
    await until_listed(office, review)
    seen = await shown(review)
    assert not {"SfoAwaiting", "SfoDue", "SfoQuestions"} & set(seen)
    assert "Nobody is awaited." in await details(review)


async def test_what_is_held_stands_on_the_page_as_soon_as_it_is_and_no_longer(office: Office) -> None:
    opening = await office.report()
    review = await office.start(opening, Stage.REVIEW)
    await until_read(office, review, "| senior_lead |")
    before = len((await review.fetch_history()).events)
    await review.signal("case_news", CaseNews(held=True))
    await until_read(office, review, "**Held by a concern for the safety of staff.**")
    await review.signal("case_news", CaseNews(held=False, stopped=True))
    await until_read(office, review, "**Held by", is_there=False)
    await until_read(office, review, "**Stopped: nothing more is given.**")
    added = {event.event_type for event in (await review.fetch_history()).events[before:]}
    assert EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES not in added  # a page costs no event of its own


async def test_a_stage_begun_by_older_code_goes_on_as_it_was(office: Office) -> None:
    opening = await office.report()
    review = await office.start(opening, Stage.REVIEW, lists_gates=False)
    await until_shown(office, review, "SfoAwaiting", "senior_lead")
    assert "SfoGates" not in await shown(review)


async def in_the_record(office: Office, opening: CaseOpening) -> dict[str, set[str]]:
    """The open gates by their workflow."""
    rows = await office.record.rows("SELECT gate FROM gates WHERE reference = $1 AND state = 'open'", opening.reference)
    found: dict[str, set[str]] = {}
    for row in rows:
        workflow, _, name = str(row["gate"]).rpartition("/")
        found.setdefault(f"sfo/{workflow}", set()).add(name)
    return found


async def in_visibility(office: Office, opening: CaseOpening) -> dict[str, set[str]]:
    """The open gates by their workflow, as a list in the Temporal UI has them."""
    query = f"WorkflowId STARTS_WITH '{ids.case_id(opening.reference)}/' AND SfoGates IS NOT NULL"
    found = {}
    async for execution in office.client.list_workflows(query):
        pairs = {pair.key.name: pair.value for pair in execution.typed_search_attributes}
        found[execution.id] = {entry.partition(" ")[0] for entry in pairs["SfoGates"]}
    return found


async def test_the_lists_of_the_temporal_ui_and_the_record_hold_the_same_open_gates(office: Office) -> None:
    """A returned review, then silence: whatever stands open then, in whichever workflow, stands in both."""
    lines = {"countersign": [Line("returned", reasons="Invented."), USUAL["countersign"]], "quality": [SILENT]}
    async with running(office, lines) as (opening, case):
        await opened(office, opening, "quality-assurance/quality:v2")

        async def are_the_same() -> bool:
            known = await in_the_record(office, opening)
            return bool(known) and known == await in_visibility(office, opening)

        await office.until(are_the_same)
        row = (await office.record.rows("SELECT * FROM cases WHERE reference = $1", opening.reference))[0]
        seen = await shown(case)
        assert seen["SfoReviewDue"].date() == row["review_due"]
        assert seen["SfoReviewFirstDue"].date() == row["original_review_due"]
        page = await details(case)
        assert f"Review due {row['review_due']}" in page
        assert "quality-assurance" in page
        again = await office.client.get_workflow_handle(f"{case.id}/review-2").describe()
        assert await again.static_summary() == f"review of {opening.reference}, N53, round 2"


async def test_what_has_ended_awaits_nobody_in_any_list(office: Office) -> None:
    async with running(office, {"quality": [SILENT]}) as (opening, case):
        await end_of(office, opening, "countersign")
        ended = f"WorkflowId STARTS_WITH '{case.id}/' AND ExecutionStatus = 'Completed'"

        async def ids_of(query: str) -> list[str]:
            return [execution.id async for execution in office.client.list_workflows(query)]

        await office.until(lambda: ids_of(f"{ended} AND SfoStage = 'countersign'"))
        assert await ids_of(f"{ended} AND (SfoAwaiting IS NOT NULL OR SfoGates IS NOT NULL)") == []
        assert await ids_of(f"{ended} AND (SfoDue IS NOT NULL OR SfoQuestions IS NOT NULL)") == []


async def test_the_steps_and_timers_of_a_gate_are_one_group(office: Office) -> None:
    opening, review = await commissioned(office)
    await office.gate(f"{opening.reference}/review/draft")
    together = {EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, EventType.EVENT_TYPE_TIMER_STARTED}

    async def groups() -> dict[str, set[EventType.ValueType]]:
        found: dict[str, set[EventType.ValueType]] = {"draft": set()}
        async for event in review.fetch_history_events():
            for marker in event.event_group_markers:
                found.setdefault(marker.label.id, set()).add(event.event_type)
        return found

    async def is_whole() -> bool:
        return (await groups())["draft"] >= together

    await office.until(is_whole)
    assert {"commission", "invite:s1", "invite:s2"} <= set(await groups())
