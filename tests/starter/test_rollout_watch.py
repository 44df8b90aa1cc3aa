"""When a build does badly: each sign by itself, and what is no sign of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from starter import rollout_watch
from starter.deployment_state import QUEUES, Waiting, in_numbers, unserved
from starter.rollout_watch import Look, Verdict, Watch, reasons
from starter.signals import TemporalAwayError
from starter.stranded import Kind, Stranded

BUILD = "b2"
WELL = Look(7, frozenset(), 0, Waiting(0, timedelta(0)), {BUILD: dict.fromkeys(QUEUES, 2)})
LATE = Waiting(4, timedelta(seconds=90))


def test_a_build_that_does_well_gives_no_reason() -> None:
    assert reasons(BUILD, WELL, WELL) == []


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (replace(WELL, failing=frozenset({"a"})), "1 workflow fails under build b2"),
        (replace(WELL, failing=frozenset({"a", "b"})), "2 workflows fail under build b2"),
        (replace(WELL, failed=3), "3 workflows have ended in failure under build b2"),
        (replace(WELL, workers={BUILD: {QUEUES[0]: 1}}), f"no worker of build b2 polls {QUEUES[1]}"),
        (replace(WELL, workers={"b1": dict.fromkeys(QUEUES, 2)}), f"no worker of build b2 polls {QUEUES[0]}"),
    ],
)
def test_one_sign_is_enough(now: Look, said: str) -> None:
    assert said in reasons(BUILD, now)


@pytest.mark.parametrize(
    ("before", "now", "is_bad"),
    [
        (LATE, LATE, True),
        (LATE, replace(LATE, steps=5), True),
        (LATE, replace(LATE, steps=3), False),  # it catches up
        (WELL.waiting, LATE, False),  # once is no trend
        (LATE, replace(LATE, oldest=timedelta(seconds=50)), False),
        (LATE, Waiting(0, timedelta(seconds=90)), False),
    ],
)
def test_steps_that_wait_longer_and_longer_are_a_sign(before: Waiting, now: Waiting, is_bad: bool) -> None:
    found = reasons(BUILD, replace(WELL, waiting=now), replace(WELL, waiting=before))
    assert bool(found) == is_bad
    assert not is_bad or "the oldest for 90 seconds" in found[0]


def test_a_queue_that_nobody_polls_is_named() -> None:
    assert unserved({}, BUILD) == QUEUES
    assert unserved(WELL.workers, BUILD) == ()
    assert in_numbers({BUILD: {QUEUES[0]: 3}}, BUILD) == f"3 on {QUEUES[0]}, 0 on {QUEUES[1]}"


class Looked(Watch):
    """A watch whose looks are given; the reconciliation finds what is given, one list after the other."""

    looks: list[Look | Exception]

    async def look(self, *, thorough: bool) -> Look:
        found = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(found, Exception):
            raise found
        return found


async def watched(looks: list[Look | Exception], compared: list[list[Stranded]], lasting: float = 0.05) -> Verdict:
    lists = iter(compared)

    async def compare() -> list[Stranded]:
        return next(lists)

    watch = Looked(None, BUILD, compare, lambda _: None, timedelta(seconds=0.01))  # type: ignore[arg-type]
    watch.looks = looks
    with pytest.MonkeyPatch.context() as nothing:

        async def none(*_: Any) -> AsyncIterator[Any]:
            nothing_at_all: list[Any] = []
            for one in nothing_at_all:
                yield one

        nothing.setattr(rollout_watch, "listed_open", none)
        await watch.begin()
    return await watch.run(timedelta(seconds=lasting))


def stranded(kind: Kind, workflow: str = "sfo/SFO-2026-00042", *, is_settled: bool = True) -> Stranded:
    return Stranded(kind, workflow, "SFO-2026-00042", since=datetime.now(UTC), is_settled=is_settled)


async def test_what_was_stranded_before_is_not_the_builds_doing_and_what_strands_meanwhile_is() -> None:
    old, new = stranded(Kind.STAGE_GONE), stranded(Kind.CASE_GONE, "sfo/SFO-2026-00043")
    assert (await watched([WELL], [[old], [old]])).is_good
    verdict = await watched([WELL], [[old], [old, new]])
    assert verdict.bad == ("1 newly stranded: case gone",)
    assert verdict.workflows == ("sfo/SFO-2026-00043",)


@pytest.mark.parametrize("kind", [Kind.PAUSED, Kind.RESET, Kind.CASE_UNKNOWN])
async def test_what_a_person_has_done_is_not_the_builds_doing(kind: Kind) -> None:
    assert (await watched([WELL], [[], [stranded(kind)]])).is_good
    assert (await watched([WELL], [[], [stranded(Kind.STAGE_GONE, is_settled=False)]])).is_good


async def test_a_watch_ends_as_soon_as_it_is_bad() -> None:
    verdict = await watched([WELL, replace(WELL, failing=frozenset({"sfo/x"}))], [[], []], lasting=30)
    assert (verdict.is_good, verdict.workflows) == (False, ("sfo/x",))
    assert verdict.lasted < timedelta(seconds=10)


async def test_a_server_that_is_away_for_a_moment_is_no_sign_and_one_that_stays_away_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    away = TemporalAwayError("UNAVAILABLE")
    assert (await watched([away, away, WELL], [[], []])).is_good
    monkeypatch.setattr(rollout_watch, "_AWAY", timedelta(seconds=0.05))
    with pytest.raises(TemporalAwayError):
        await watched([away], [[], []], lasting=30)
