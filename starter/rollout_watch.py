"""Whether a build does well with the workflows that it gets: looked at again and again, until it is bad or time is up.

What was wrong before the watch began is not the build's doing and is left out.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from temporalio.client import Client

from starter.deployment_state import (
    FAILING,
    Waiting,
    Workers,
    unserved,
    waiting_for,
    workers,
)
from starter.signals import TemporalAwayError
from starter.stranded import Kind, Stranded
from starter.temporal_state import count_all, described, ever_ran_on, in_turn, listed_open, ran_last_on

EVERY = timedelta(seconds=10)
TOO_LONG = timedelta(seconds=60)
"""A step that waits longer than this, in two looks and without getting fewer: the build's workers do not keep up."""
_TRIES = 2
"""A step is begun twice when a worker dies; more often, and its code fails."""
_DESCRIBED = 5_000
_AWAY = timedelta(minutes=2)
"""How long Temporal may leave looks unanswered: a busy one takes its time over long lists."""
_OF_A_BUILD = frozenset(Kind) - {Kind.PAUSED, Kind.RESET, Kind.CODE_FAILING, Kind.CASE_UNKNOWN}

Compare = Callable[[], Awaitable[list[Stranded]]]


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found. `ran`: workflows of which the build has done a step; `failing`: those that fail under it."""

    ran: int
    failing: frozenset[str]
    failed: int
    waiting: Waiting
    workers: Workers


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a watch ended. `bad`: each reason in a sentence of no case; `workflows`: those that it is about."""

    bad: tuple[str, ...]
    workflows: tuple[str, ...]
    ran: int
    lasted: timedelta

    @property
    def is_good(self) -> bool:
        """Whether nothing bad was seen; where nothing ran, that says little."""
        return not self.bad


@dataclass
class Watch:
    """Watches one build from `begin` on. `compare`: the reconciliation, looked at when it begins and when it ends."""

    client: Client
    build: str
    compare: Compare | None
    say: Callable[[str], None]
    every: timedelta = EVERY
    _failing: frozenset[str] = field(default=frozenset(), init=False)
    _stranded: frozenset[tuple[str, str, str]] = field(default=frozenset(), init=False)
    _since: datetime = field(default_factory=lambda: datetime.now(UTC), init=False)

    async def begin(self) -> None:
        """What is wrong by now is known from here on. Raises TemporalAwayError."""
        self._since = datetime.now(UTC)
        self._failing = frozenset([one.workflow async for one in listed_open(self.client, FAILING)])
        self._stranded = frozenset(one.key for one in await self._compared())

    async def run(self, lasting: timedelta) -> Verdict:
        """Look until this much time has passed, or until it is bad. Raises TemporalAwayError."""
        loop = asyncio.get_running_loop()
        start, answered = loop.time(), loop.time()
        end = start + lasting.total_seconds()
        before: Look | None = None
        while True:
            is_last = loop.time() >= end
            if is_last:
                self.say("the last look: every open workflow by itself")
            try:
                now = await self.look(thorough=is_last)
                stranded = await self._compared() if is_last else []
            except TemporalAwayError as error:
                if loop.time() - answered > _AWAY.total_seconds():
                    raise
                self.say(f"Temporal does not answer ({error}); looking again")
                await asyncio.sleep(min(self.every.total_seconds(), 2))
                continue
            answered = loop.time()
            bad = [*reasons(self.build, now, before), *_about(self._new(stranded))]
            lasted = timedelta(seconds=loop.time() - start)
            if bad or is_last:
                named = sorted({*now.failing, *(one.workflow for one in self._new(stranded))})
                return Verdict(tuple(bad), tuple(named), now.ran, lasted)
            self.say(_progress(self.build, now, end - loop.time()))
            before = now
            await asyncio.sleep(max(0.0, min(self.every.total_seconds(), end - loop.time())))

    async def look(self, *, thorough: bool) -> Look:
        """Look once. Thorough: also at workflows whose failing Temporal has not reported. Raises TemporalAwayError."""
        since = self._since.strftime("%Y-%m-%dT%H:%M:%SZ")
        ended = "ExecutionStatus IN ('Failed', 'TimedOut')"
        return Look(
            ran=await count_all(self.client, ever_ran_on(self.build)),
            failing=await self._failing_now(thorough=thorough),
            failed=await count_all(self.client, ended, ran_last_on(self.build), f"CloseTime > '{since}'"),
            waiting=await waiting_for(self.client, self.build),
            workers=await workers(self.client),
        )

    async def _failing_now(self, *, thorough: bool) -> frozenset[str]:
        """What fails under the build, by its own description, and did not fail before."""
        narrowed = () if thorough else (FAILING,)
        listed = [one async for one in listed_open(self.client, *narrowed) if one.workflow not in self._failing]
        chosen = in_turn(listed, _DESCRIBED, 0)
        found = await described(self.client, [(one.workflow, one.run) for one in chosen], attempts=1_000_000)
        return frozenset(
            one.listed.workflow
            for one in found
            if one.build == self.build and (one.listed.fails or one.attempt > _TRIES)
        )

    async def _compared(self) -> list[Stranded]:
        found = await self.compare() if self.compare else []
        return [one for one in found if one.kind in _OF_A_BUILD and one.is_settled]

    def _new(self, stranded: list[Stranded]) -> list[Stranded]:
        return [one for one in stranded if one.key not in self._stranded]


def reasons(build: str, now: Look, before: Look | None = None) -> list[str]:
    """Why this is bad, each reason in a sentence; none: it is not."""
    found = []
    if now.failing:
        found.append(f"{_workflows(len(now.failing), 'fails', 'fail')} under build {build}")
    if now.failed:
        found.append(f"{_workflows(now.failed, 'has', 'have')} ended in failure under build {build}")
    found += [f"no worker of build {build} polls {queue}" for queue in unserved(now.workers, build)]
    if before and _lags(now.waiting) and _lags(before.waiting) and now.waiting.steps >= before.waiting.steps:
        waits = int(now.waiting.oldest.total_seconds())
        found.append(f"{now.waiting.steps} steps wait for build {build}, the oldest for {waits} seconds")
    return found


def _lags(waiting: Waiting) -> bool:
    return waiting.steps > 0 and waiting.oldest > TOO_LONG


def _about(stranded: list[Stranded]) -> list[str]:
    kinds = sorted({one.kind for one in stranded})
    numbers = {kind: sum(one.kind is kind for one in stranded) for kind in kinds}
    return [f"{numbers[kind]} newly stranded: {kind.replace('_', ' ')}" for kind in kinds]


def _workflows(number: int, one: str, more: str) -> str:
    return f"1 workflow {one}" if number == 1 else f"{number} workflows {more}"


def _progress(build: str, now: Look, left: float) -> str:
    busy = now.workers.get(build, {})
    return (
        f"{_workflows(now.ran, 'has', 'have')} run on build {build}, none fails; "
        f"{now.waiting.steps} steps wait, {min(busy.values(), default=0)} workers; {max(0, int(left))} s left"
    )
