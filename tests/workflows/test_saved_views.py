"""Each saved view on the real server: the query is one that it takes, and it finds what it says."""

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.service import RPCError

from deploy.namespace import SEARCH_ATTRIBUTES
from deploy.saved_views import browser_settings, of_case, saved_views, set_up_page
from tests.workflows.conftest import Office
from tests.workflows.reviewing import commissioned
from tests.workflows.test_review_clock import until_shown
from workflows.contract import ids
from workflows.contract.messages import CaseNews, CaseOpening, ChargeReading, EscalationBrief
from workflows.contract.vocabulary import EscalationKind, Role, Stage

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)


def query_of(key: str, region: str | None = None, now: datetime = NOW) -> str:
    return next(view.query for view in saved_views(now, region) if view.key == key)


async def found(office: Office, opening: CaseOpening, query: str) -> set[str]:
    """What the view shows of this case."""
    whole = f'({query}) AND WorkflowId STARTS_WITH "{ids.case_id(opening.reference)}"'
    return {execution.id async for execution in office.client.list_workflows(whole)}


async def test_the_server_takes_every_query_for_a_region_too(office: Office) -> None:
    for view in [*saved_views(NOW), *saved_views(NOW, "N53", "N53LEI")]:
        assert (await office.client.count_workflows(view.query)).count >= 0, view.key  # a wrong one is refused
    with pytest.raises(RPCError):
        await office.client.count_workflows('SfoNobody = "spoc"')


async def test_a_review_that_waits_is_found_by_role_date_and_region_and_nowhere_else(office: Office) -> None:
    opening = await office.report()
    review = await office.start(opening, Stage.REVIEW)
    await until_shown(office, review, "SfoAwaiting", "senior_lead")
    due_at = (await office.gate(f"{opening.reference}/review/commission"))["due_at"]
    today = due_at - timedelta(days=6)
    keys = {view.key for view in saved_views(today) if await found(office, opening, view.query)}
    assert keys == {"awaiting-senior_lead", "soon"}
    assert await found(office, opening, of_case(opening.reference).query) == {review.id}


async def test_overdue_at_risk_paused_and_more_time_are_found_as_they_come(office: Office) -> None:
    opening, review = await commissioned(office)
    due_at = (await office.gate(f"{opening.reference}/review/draft"))["due_at"]
    await office.skip_to(review, due_at - timedelta(days=10))
    await until_shown(office, review, "SfoClock", "overdue")  # the invitations are late by then
    assert await found(office, opening, query_of("overdue-stages")) == {review.id}
    await review.signal("case_news", CaseNews(paused=True))
    await until_shown(office, review, "SfoClock", "paused")
    assert await found(office, opening, query_of("overdue-stages")) == {review.id}  # a pause hides no lateness


async def test_an_escalation_is_unacknowledged_until_it_is_acknowledged(office: Office) -> None:
    opening = await office.report()
    reference = opening.reference
    await office.record.pool.execute(
        """INSERT INTO escalations (reference, kind, number, reason, raised_at)
           VALUES ($1, 'other', 1, 'other', now())""",
        reference,
    )
    judged = await office.casework.judge_charge(ChargeReading(reference=reference, round=1, at=datetime.now(UTC)))
    brief = EscalationBrief(
        reference=reference, kind=EscalationKind.OTHER, number=1, clock=opening.clock, region=opening.region,
        pdu=opening.pdu, ground=judged.ground, rulebook=judged.rulebook, lists_gates=True,
    )  # fmt: skip
    handle = await office.client.start_workflow(
        "escalation", brief, id=ids.escalation_id(reference, EscalationKind.OTHER, 1), task_queue=ids.NATIONAL_QUEUE
    )
    await until_shown(office, handle, "SfoQuestions", ["acknowledge"])
    assert await found(office, opening, query_of("unacknowledged")) == {handle.id}
    await office.answer(handle, f"{reference}/escalation/other-1/acknowledge:other-1", "acknowledged")
    await until_shown(office, handle, "SfoQuestions", ["resolve"])
    assert await found(office, opening, query_of("unacknowledged")) == set()
    assert await found(office, opening, query_of("escalations")) == {handle.id}


def test_a_browser_is_given_every_view_once_and_only_columns_that_there_are() -> None:
    given = browser_settings(NOW, "default")
    views = given["saved-workflow-queries"]["default"]
    assert len({view["id"] for view in views}) == len(views) == len(saved_views(NOW)) - 1
    theirs = {"Status", "Workflow ID", "Start"}
    labels = {column["label"] for column in given["namespace-workflow-table-columns"]["default"]}
    assert labels - theirs <= set(SEARCH_ATTRIBUTES)
    assert "sfo-overdue" in set_up_page(NOW, "default")


def test_every_role_that_is_awaited_by_name_is_one() -> None:
    for view in saved_views(NOW):
        if view.key.startswith("awaiting-"):
            assert Role(view.key.removeprefix("awaiting-"))
