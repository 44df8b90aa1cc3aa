"""The way back where open workflows are on a path that only the new build knows: they stay with it and go on."""

import asyncio
from datetime import timedelta

import pytest

from starter.deployment_state import FAILING, routing, standing
from starter.registered import CASEWORK, NATIONAL
from starter.rollout import RolloutError
from starter.rollout_back import take_back
from starter.rollout_drain import need_of
from starter.rollout_keeping import free, keep
from starter.rollout_record import Ledger
from starter.temporal_state import count_open
from tests.histories.lingering import Lingering
from tests.workflows.shipping import OPERATOR, Shop, rows, typed, with_
from tests.workflows.shipping import alone as alone  # the fixtures
from tests.workflows.shipping import shop as shop

OLD_CODE = (*CASEWORK, *NATIONAL)
A_DAY = timedelta(days=1)


async def test_what_only_the_new_build_can_carry_stays_with_it_and_all_else_goes_back(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, waiting = await shop.opened(3)
    async with shop.workers(shop.new, with_(Lingering)):
        assert (await shop.guide(Lingering).go()).is_shipped
        for handle in (first, second):
            await lingers(shop, await shop.answer(handle))
        monkeypatch.setitem(shop.settings, "SFO_BUILD_ID", shop.old)
        rehearsed = await typed(shop, monkeypatch, "keep", shop.new, "--as", OPERATOR, "--dry-run")
        assert (rehearsed.exit_code, "nothing was changed" in rehearsed.output) == (0, True), rehearsed.output
        assert (await standing(shop.client)).pinned == ()

        back = await typed(shop, monkeypatch, "back", "--as", OPERATOR)
        assert back.exit_code == 0, back.output
        assert f"build {shop.old} gets all work again; {shop.new} gets none" in back.output
        assert {line for line in back.output.splitlines() if line.startswith("STAYS")} == {
            f"STAYS  {handle.id}" for handle in (first, second)
        }
        assert "2 cannot go on without it and stay with it" in back.output
        again = await keep(shop.client, Ledger(shop.office.record.pool, OPERATOR), shop.new, OLD_CODE)
        assert (again.workflows, again.before) == ((), 2)
        needed = await need_of(shop.client, shop.new)
        assert (needed.is_done, dict(needed.pinned)) == (False, {"notification": 2})

        await shop.answer(waiting)
        await shop.ended([waiting])
        assert await shop.build_of(waiting) == shop.old
        for handle in (first, second):
            await shop.office.skip(handle, A_DAY)
        await shop.ended([first, second])
        assert [await shop.build_of(handle) for handle in (first, second)] == [shop.new, shop.new]
        assert await count_open(shop.client, FAILING) == 0
    assert [times for _, times in await shop.applied()] == [1] * 3
    assert (await rows(shop))[-2:] == [("build_kept", shop.new), ("build_taken_back", shop.new)]


async def test_without_it_they_would_stand_still_and_afterwards_they_still_can_be_helped(shop: Shop) -> None:
    """Taken back in a fire, with the new release installed: what stood still goes on once it is kept."""
    (handle,) = await shop.opened(1)
    ledger = Ledger(shop.office.record.pool, OPERATOR)
    async with shop.workers(shop.new, with_(Lingering)):
        assert (await shop.guide(Lingering).go()).is_shipped
        await lingers(shop, await shop.answer(handle))
        back = await take_back(shop.client, ledger, "asked for")
        assert f"sfo rollout keep {shop.new}" in str(back)
        await shop.office.skip(handle, A_DAY)
        async with asyncio.timeout(60):
            while not await count_open(shop.client, FAILING):  # the old code cannot follow
                await asyncio.sleep(0.3)
        kept = await keep(shop.client, ledger, shop.new, OLD_CODE)
        assert kept.workflows == (handle.id,)
        anew = shop.client.get_workflow_handle(handle.id)  # reset to its last step on the new build
        await shop.office.skip(anew, A_DAY)
        await shop.ended([anew])
        assert await shop.build_of(handle) == shop.new


async def test_a_release_that_knows_the_path_takes_them_over(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    (handle,) = await shop.opened(1)
    ledger = Ledger(shop.office.record.pool, OPERATOR)
    async with shop.workers(shop.new, with_(Lingering)):
        assert (await shop.guide(Lingering).go()).is_shipped
        await lingers(shop, await shop.answer(handle))
        await keep(shop.client, ledger, shop.new, OLD_CODE)
        await take_back(shop.client, ledger, "asked for")
        monkeypatch.setitem(shop.settings, "SFO_BUILD_ID", shop.old)
        refused = await typed(shop, monkeypatch, "free", shop.new, "--as", OPERATOR)
        assert (refused.exit_code, f"STAYS  {handle.id}" in refused.output) == (1, True), refused.output
        assert "0 workflows are free" in refused.output
    monkeypatch.setitem(shop.settings, "SFO_BUILD_ID", "third")
    elsewhere = await typed(shop, monkeypatch, "free", shop.new, "--as", OPERATOR)
    assert f"build {shop.old} is current and third is installed here" in elsewhere.output
    rehearsed = await free(shop.client, ledger, shop.new, [*with_(Lingering), *NATIONAL], is_rehearsal=True)
    assert rehearsed.workflows == (handle.id,)
    assert (await standing(shop.client)).pinned
    assert (await free(shop.client, ledger, shop.new, [*with_(Lingering), *NATIONAL])).workflows == (handle.id,)
    async with asyncio.timeout(30):
        while (await standing(shop.client)).pinned:
            await asyncio.sleep(0.2)
    assert (await rows(shop))[-1] == ("build_freed", shop.new)


async def test_nothing_stays_with_a_build_that_nobody_runs_or_knows(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(shop.settings, "SFO_BUILD_ID", shop.old)
    unknown = await typed(shop, monkeypatch, "keep", "nobody", "--as", OPERATOR)
    assert (unknown.exit_code, "no worker of build nobody has ever polled" in unknown.output) == (1, True)
    same = await typed(shop, monkeypatch, "keep", shop.old, "--as", OPERATOR)
    assert (same.exit_code, "is what is installed here" in same.output) == (1, True)
    async with shop.workers(shop.new):
        pass
    monkeypatch.setattr("starter.rollout_keeping.workers", nobody)
    with pytest.raises(RolloutError, match="so nothing can stay with it; start its workers"):
        await keep(shop.client, Ledger(shop.office.record.pool, OPERATOR), shop.new, OLD_CODE)
    assert await rows(shop) == []
    assert (await routing(shop.client)).current == shop.old


async def nobody(_: object) -> dict[str, dict[str, int]]:
    return {}


async def lingers(shop: Shop, decision: str) -> None:
    """Until the answer is applied and its workflow stands on the new path."""

    async def applied() -> bool:
        return decision in {one for one, _ in await shop.applied()}

    await shop.office.until(applied)
    await asyncio.sleep(1)
