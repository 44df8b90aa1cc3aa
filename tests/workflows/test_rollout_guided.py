"""A change shipped by the guide on a real server: rolled out, refused, caught and taken back, and on the record."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflow.v1 import WorkflowExecutionOptions
from temporalio.api.workflowservice.v1 import UpdateWorkflowExecutionOptionsRequest
from temporalio.client import Client
from temporalio.common import PinnedVersioningOverride, WorkerDeploymentVersion

from starter.audit_story import story_of
from starter.deployment_state import Workers, routing, standing, workers
from starter.registered import BY_TYPE
from starter.replaying import Fate, foresee
from starter.rollout import RolloutError, change
from starter.rollout_back import take_back
from starter.rollout_drain import drain, need_of
from starter.rollout_guide import Ended, RefusedRolloutError
from starter.rollout_record import Ledger
from tests.histories.compatible import Thanking
from tests.histories.faulty import FailsOnceAnswered
from tests.histories.incompatible import AskedTwice
from tests.workflows.shipping import OPERATOR, SOON, Shop, rows, typed, with_
from tests.workflows.shipping import alone as alone  # the fixtures
from tests.workflows.shipping import shop as shop
from workflows.contract.ids import CASEWORK_QUEUE, DEPLOYMENT


def agreeing(asked: list[str]) -> Callable[[str], bool]:
    """Whoever agrees to everything, and remembers it."""

    def agreed(question: str) -> bool:
        asked.append(question)
        return True

    return agreed


async def test_a_compatible_change_is_shipped_and_taken_back_and_every_step_is_on_the_record(shop: Shop) -> None:
    first, second, third, *waiting = await shop.opened(6)
    asked: list[str] = []

    async def answered() -> None:
        await shop.ramps()
        await shop.answer(first)

    async with shop.workers(shop.new, with_(Thanking)):
        guide = shop.guide(Thanking, steps=(50, 100), ask=agreeing(asked))
        plan = await guide.plan()
        assert (plan.problems, plan.found.number(Fate.GOES_ON)) == ((), 6)
        assert (await routing(shop.client)).as_it_stands == (shop.old, "", 0.0)
        answering = asyncio.create_task(answered())
        ended = await guide.go()
        await answering
        assert ended.is_shipped, ended
        assert (await routing(shop.client)).as_it_stands == (shop.new, "", 0.0)
        assert [question.split()[:3] for question in asked] == [
            ["send", "50", "%"], ["send", "100", "%"], ["make", "build", shop.new]
        ]  # fmt: skip
        await shop.answer(second)
        await shop.ended([first, second])
        assert await shop.build_of(second) == shop.new

        back = await take_back(shop.client, Ledger(shop.office.record.pool, OPERATOR), "asked for")
        assert (back.left, back.to) == (shop.new, shop.old)
        same = await foresee(shop.client)
        assert (same.number(Fate.GOES_ON), same.troubled) == (4, [])
        await shop.answer(third)
        await shop.ended([third])
        assert await shop.build_of(third) == shop.old
    for handle in waiting:
        await shop.answer(handle)
    await shop.ended(waiting)
    assert [times for _, times in await shop.applied()] == [1] * 6
    assert await rows(shop) == [
        ("build_ramped", shop.new),
        ("build_ramped", shop.new),
        ("build_made_current", shop.new),
        ("build_drained", shop.old),
        ("build_taken_back", shop.new),
    ]
    async with shop.office.record.pool.acquire() as connection:
        story = await story_of(connection, None)
    assert story is not None
    told = [row["sentence"] for row in story["rows"]]
    assert "6 would go on, 0 break, 0 unread" in told[0]
    assert f"gave build {shop.new} 100 % of the workflows after 50 %, beside build {shop.old}" in told[1]
    assert f"made build {shop.new} current in place of {shop.old}; checked: 6 would go on" in told[2]
    assert f"no open workflow needed build {shop.old} any more" in told[3]
    assert f"went back from build {shop.new}, which got 100 % of the workflows, to {shop.old}: asked for" in told[4]
    assert story["chain"]["verified"]


async def test_an_incompatible_change_is_refused_with_what_would_break_and_nothing_changes(shop: Shop) -> None:
    opened = await shop.opened(3)
    async with shop.workers(shop.new, with_(AskedTwice)):
        plan = await shop.guide(AskedTwice).plan()
        assert "3 would break, 0 could not be read" in plan.problems[0]
        with pytest.raises(RefusedRolloutError, match="3 would break") as refused:
            await shop.guide(AskedTwice).go()
        with pytest.raises(RefusedRolloutError, match="3 would break"):
            await shop.guide(AskedTwice).ramp(5)
    assert refused.value.found is not None
    assert {one.workflow for one in refused.value.found.troubled} == {handle.id for handle in opened}
    assert (await routing(shop.client)).as_it_stands == (shop.old, "", 0.0)
    assert await rows(shop) == []


async def test_a_fault_that_no_replay_can_find_is_caught_by_the_watch_and_taken_back_and_no_case_is_harmed(
    shop: Shop,
) -> None:
    opened = await shop.opened(4)

    async def answered() -> None:
        await shop.ramps()
        for handle in opened[:2]:
            await shop.answer(handle)

    async with shop.workers(shop.new, with_(FailsOnceAnswered)):
        answering = asyncio.create_task(answered())
        ended = await shop.guide(FailsOnceAnswered, lasting=timedelta(seconds=60)).go()
        await answering
        assert not ended.is_shipped
        assert f"under build {shop.new}" in ended.text
        assert set(ended.workflows) <= {handle.id for handle in opened[:2]}
        assert ended.workflows
        assert (await routing(shop.client)).as_it_stands == (shop.old, "", 0.0)
        for handle in opened[2:]:
            await shop.answer(handle)
        await shop.ended(opened)
        assert not (await shop.guide(FailsOnceAnswered, ask=lambda _: False).go()).is_shipped
    assert f"build {shop.new} was taken back before: {(await why(shop))}" in shop.said
    assert [times for _, times in await shop.applied()] == [1] * 4
    assert [action for action, _ in await rows(shop)] == ["build_ramped", "build_taken_back"]
    assert any("check: 4 would go on, 0 break" in line for line in shop.said)
    assert any("watch: BAD" in line for line in shop.said)


async def why(shop: Shop) -> object:
    (row,) = await shop.office.record.rows(
        "SELECT detail ->> 'why' AS why FROM audit WHERE action = 'build_taken_back'"
    )
    return row["why"]


async def test_the_guide_refuses_without_workers_beside_another_rollout_and_for_the_build_that_is_current(
    shop: Shop,
) -> None:
    with pytest.raises(RefusedRolloutError, match=f"no worker of build {shop.new} polls sfo-casework and sfo-national"):
        await shop.guide(patience=timedelta(seconds=0.5)).go()
    with pytest.raises(RolloutError, match="Temporal refused"):
        await change(shop.client, await routing(shop.client), ramping=shop.new, percentage=5)
    same = shop.guide()
    same.build = shop.old
    with pytest.raises(RefusedRolloutError, match="is current already"):
        await same.go()
    async with shop.workers(shop.new):
        with pytest.MonkeyPatch.context() as gone:
            gone.setattr("starter.rollout_guide.workers", partial(without, shop.old))
            with pytest.raises(RefusedRolloutError, match=f"no worker of build {shop.old}, which is current, polls"):
                await shop.guide(patience=SOON).go()
            assert "there is no way back" in (await shop.guide().plan()).problems[-1]
    async with shop.workers(other := f"other-{uuid4().hex[:6]}"), shop.workers(shop.new):
        await shop.guide(patience=SOON).ramp(7)
        third = shop.guide(patience=SOON)
        third.build = other
        with pytest.raises(RefusedRolloutError, match=f"another rollout is under way: build {shop.new} gets 7 %"):
            await third.go()


async def test_whoever_changes_it_meanwhile_makes_the_guide_stop(shop: Shop) -> None:
    async with shop.workers(shop.new):
        before = await routing(shop.client)
        await change(shop.client, before, ramping=shop.new, percentage=3)
        with pytest.raises(RolloutError, match="conflict token"):
            await change(shop.client, before, ramping=shop.new, percentage=50)

        def meddled(_: str) -> bool:
            with ThreadPoolExecutor(1) as elsewhere:
                elsewhere.submit(asyncio.run, ramped_elsewhere(shop)).result()
            return True

        with pytest.raises(RefusedRolloutError, match="somebody else has changed who gets work"):
            await shop.guide(steps=(50,), ask=meddled, patience=SOON).go()
        assert (await routing(shop.client)).percentage == 9
        assert await rows(shop) == []


async def without(build: str, client: Client) -> Workers:
    """Who polls, as if this build's workers had been gone for long."""
    return {other: found for other, found in (await workers(client)).items() if other != build}


async def ramped_elsewhere(shop: Shop) -> None:
    """Somebody at another terminal gives the new build another share."""
    client = await Client.connect(shop.address)
    await change(client, await routing(client), ramping=shop.new, percentage=9)


async def test_a_guide_that_was_stopped_goes_on_where_it_was(shop: Shop) -> None:
    async with shop.workers(shop.new):
        answers = iter([True, False])
        stopped = await shop.guide(steps=(5, 25), ask=lambda _: next(answers), patience=SOON).go()
        assert not stopped.is_shipped
        assert "goes on with 5 % of the workflows" in stopped.text
        asked: list[str] = []
        ended = await shop.guide(steps=(5, 25), ask=agreeing(asked)).go()
        assert ended.is_shipped
        assert len(asked) == 2
        untouched = shop.guide(ask=lambda _: False)
        untouched.build = shop.old
        assert await untouched.go() == Ended(False, "stopped: nothing was changed")


async def test_a_pinned_workflow_keeps_its_build_from_being_stopped_and_is_listed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    (handle,) = await shop.opened(1)
    with pytest.raises(RolloutError, match="is current; another must be"):
        await need_of(shop.client, shop.old)
    with pytest.raises(RolloutError, match="no worker of build nobody has ever polled"):
        await need_of(shop.client, "nobody")
    await override(shop, handle.id, shop.old)
    async with shop.workers(shop.new):
        said = await typed(shop, monkeypatch, "go", "--as", OPERATOR, "--yes", "--watch", "1", "--wait", "3")
        assert said.exit_code == 0, said.output
        assert (
            f"build {shop.new} is current, and build {shop.old} is needed: 1 notification pinned to it" in said.output
        )
        assert f"sfo rollout drain {shop.old}" in said.output

        now = await standing(shop.client)
        assert ([one.workflow for one in now.pinned], now.carried[shop.old].pinned) == ([handle.id], 1)
        table = await typed(shop, monkeypatch, "status")
        assert f"current  {shop.new}" in table.output
        assert f"PINNED  {handle.id}" in table.output
        found = json.loads((await typed(shop, monkeypatch, "status", "--json")).stdout)
        assert found["current"] == shop.new
        (old,) = [one for one in found["builds"] if one["build"] == shop.old]
        assert (old["ran_last"], old["pinned"], old["workers"][CASEWORK_QUEUE]) == (1, 1, 1)

        needed = await typed(shop, monkeypatch, "drain", shop.old, "--wait", "1")
        assert (needed.exit_code, "1 notification pinned" in needed.output) == (1, True)
        waited = asyncio.create_task(drain(shop.client, shop.old, SOON, shop.said.append))
        await asyncio.sleep(0.5)
        await override(shop, handle.id, None)
        assert (await waited).is_done


async def override(shop: Shop, workflow: str, build: str | None) -> None:
    """Pin the workflow to this build, or set it free."""
    request = UpdateWorkflowExecutionOptionsRequest(
        namespace=shop.client.namespace,
        workflow_execution=WorkflowExecution(workflow_id=workflow),
        workflow_execution_options=WorkflowExecutionOptions(
            versioning_override=(
                build and PinnedVersioningOverride(WorkerDeploymentVersion(DEPLOYMENT, build))._to_proto()
            )
            or None
        ),
    )
    request.update_mask.paths.append("versioning_override")
    await shop.client.workflow_service.update_workflow_execution_options(request)
    query = f"WorkflowId = '{workflow}' AND TemporalWorkflowVersioningBehavior = 'Pinned'"
    async with asyncio.timeout(30):
        while (await shop.client.count_workflows(query)).count != bool(build):
            await asyncio.sleep(0.1)


async def test_the_commands_say_what_they_would_do_and_end_as_they_should(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.opened(4)
    plan = await typed(shop, monkeypatch, "go", "--dry-run", "--as", OPERATOR)
    assert plan.exit_code == 1
    assert "4 would go on, 0 break, 0 unread" in plan.output
    assert "about 1 of 4 open workflows" in plan.output
    assert "nothing was changed" in plan.output
    assert f"no worker of build {shop.new} polls sfo-casework" in plan.output
    assert "'me' is not an email address" in (await typed(shop, monkeypatch, "go", "--dry-run", "--as", "me")).output
    assert (await typed(shop, monkeypatch, "go", "--as", OPERATOR, "--steps", "25,5")).exit_code == 2
    assert (await typed(shop, monkeypatch, "watch", "--build", "nobody")).exit_code == 1
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(shop, "settings", {"SFO_DEPLOYMENT": "sfo/sfo-worker"})
        other = await typed(shop, monkeypatch, "go", "--as", OPERATOR, "--yes")
    assert (other.exit_code, "SFO_DEPLOYMENT is sfo/sfo-worker" in other.output) == (1, True)
    nowhere = await typed(shop, monkeypatch, "back", "--as", OPERATOR, "--to", "nobody")
    assert (nowhere.exit_code, "has ever polled" in nowhere.output) == (1, True)

    async with shop.workers(shop.new):
        assert (await typed(shop, monkeypatch, "go", "--dry-run", "--as", OPERATOR)).exit_code == 0
        ramped = await typed(shop, monkeypatch, "ramp", "20", "--as", OPERATOR)
        assert (ramped.exit_code, f"build {shop.new} gets 20 %" in ramped.output) == (0, True)
        watched = await typed(shop, monkeypatch, "watch", "--seconds", "1")
        assert (watched.exit_code, "nothing bad" in watched.output) == (0, True)
        back = await typed(shop, monkeypatch, "back", "--as", OPERATOR)
        assert (back.exit_code, f"build {shop.old} gets all work again" in back.output) == (0, True)
        assert (await routing(shop.client)).as_it_stands == (shop.old, "", 0.0)
        same = await typed(shop, monkeypatch, "watch", "--seconds", "1", "--build", f"{shop.old}")
        assert same.exit_code == 0
    assert await rows(shop) == [("build_ramped", shop.new), ("build_taken_back", shop.new)]


async def test_nobody_goes_back_to_a_build_whose_workers_are_gone(shop: Shop) -> None:
    """The record knows the way back; a build that nobody runs would let every case stand still."""
    async with shop.workers(shop.new):
        assert (await shop.guide(steps=(), lasting=timedelta(seconds=0.1)).go()).is_shipped
        ledger = Ledger(shop.office.record.pool, OPERATOR)

        with pytest.MonkeyPatch.context() as gone:
            gone.setattr("starter.rollout_back.workers", partial(without, shop.old))
            with pytest.raises(RolloutError, match=f"no worker of build {shop.old} polls sfo-casework and sfo-nat"):
                await take_back(shop.client, ledger, "asked for")
        assert (await routing(shop.client)).current == shop.new
        assert (await take_back(shop.client, ledger, "asked for")).to == shop.old
        again = await foresee(shop.client, BY_TYPE.values(), ran_on=shop.new)
        assert sum(again.counts.values()) == 0
