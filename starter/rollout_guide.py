"""A change shipped step by step: check, workers, ramp and watch, current and watch, drain; and back where it is bad.

Each step is said and asked before it is done. Whoever else changes who gets work meanwhile makes the guide stop.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import Client

from starter.deployment_state import Routing, Workers, in_numbers, unserved, workers
from starter.registered import BY_TYPE
from starter.replaying import Fate, Foreseen, foresee
from starter.rollout import RolloutError, change, settled
from starter.rollout_back import take_back
from starter.rollout_drain import drain
from starter.rollout_record import Ledger, as_counts, why_taken_back
from starter.rollout_watch import Compare, Verdict, Watch
from starter.signals import TemporalAwayError

CHECKED_FOR = timedelta(hours=1)
"""How long a check counts: cases go on meanwhile, under the old code."""
_LOOKS = timedelta(seconds=2)


class RefusedRolloutError(RolloutError):
    """The guide does not begin, or stops where it is. `found`: the check, where that is why."""

    def __init__(self, text: str, found: Foreseen | None = None) -> None:
        super().__init__(text)
        self.found = found


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: `is_shipped` only where the new build is current and did well."""

    is_shipped: bool
    text: str
    workflows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done, with what was counted. `problems`: why it would be refused."""

    build: str
    before: Routing
    found: Foreseen
    workers: Workers
    problems: tuple[str, ...]


@dataclass
class Guide:
    """Ships `build`, whose code is the one that is installed here. `ask`: whether to go on; False stops it.

    `lasting`: of each watch; `patience`: for workers at the beginning and for the drain at the end.
    """

    client: Client
    ledger: Ledger
    build: str
    steps: Sequence[int]
    lasting: timedelta
    patience: timedelta
    say: Callable[[str], None]
    ask: Callable[[str], bool]
    compare: Compare | None = None
    code: Iterable[type] = tuple(BY_TYPE.values())
    replayed: Callable[[int], None] = lambda _: None
    every: timedelta = timedelta(seconds=10)

    async def plan(self) -> Plan:
        """Count everything and change nothing. Raises RefusedRolloutError where there is nothing to plan."""
        before = await settled(self.client)
        self._require_room(before)
        found = await self._check()
        polling = await workers(self.client)
        problems = [self._troubled(found)] if _is_troubled(found) else []
        problems += [f"no worker of build {self.build} polls {queue}" for queue in unserved(polling, self.build)]
        if missing := unserved(polling, before.current):
            problems.append(_no_way_back(before.current, missing))
        return Plan(self.build, before, found, polling, tuple(problems))

    async def go(self) -> Ended:
        """Ship it. Raises RefusedRolloutError, RolloutError, TemporalAwayError, NotOnRecordError."""
        before = await settled(self.client)
        self._require_room(before)
        old = before.current
        if why := await why_taken_back(self.ledger.pool, self.build):
            self.say(f"build {self.build} was taken back before: {why}")
        found = await self._checked()
        checked_at = asyncio.get_running_loop().time()
        await self._workers(before)
        watch = Watch(self.client, self.build, self.compare, self.say, self.every)
        await watch.begin()
        if before.ramping:
            self.say(f"build {self.build} ramps at {before.percentage:g} % already; going on from there")
        for percentage in [one for one in self.steps if one > before.percentage]:
            if not self.ask(f"send {percentage} % of the workflows to build {self.build}?"):
                return self._stopped(before)
            before = await self._ramp(before, percentage, found)
            verdict = await self._watched(watch)
            if not verdict.is_good:
                return await self._back(before, verdict)
        if asyncio.get_running_loop().time() - checked_at > CHECKED_FOR.total_seconds():
            found = await self._checked()
        if not self.ask(f"make build {self.build} current, for every workflow?"):
            return self._stopped(before)
        before = await self._make_current(before, found)
        verdict = await self._watched(watch)
        if not verdict.is_good:
            return await self._back(before, verdict)
        return await self._drained(old)

    async def ramp(self, percentage: int) -> Routing:
        """Only check, look for workers, and ramp. Raises as `go`."""
        before = await settled(self.client)
        self._require_room(before)
        found = await self._checked()
        await self._workers(before)
        return await self._ramp(before, percentage, found)

    def _require_room(self, before: Routing) -> None:
        if not before.current:
            raise RefusedRolloutError("no build is current yet, so there is no change to ship: sfo rollout current")
        if before.current == self.build:
            raise RefusedRolloutError(
                f"build {self.build}, which is installed here, is current already; install the new release first"
            )
        if before.ramping and before.ramping != self.build:
            raise RefusedRolloutError(
                f"another rollout is under way: build {before.ramping} gets {before.percentage:g} % of the workflows; "
                "let it end, or end it with `sfo rollout back`"
            )

    async def _check(self) -> Foreseen:
        self.say(f"check: every open workflow is replayed with the code of build {self.build}; nothing is changed")
        found = await foresee(self.client, self.code, seen=self.replayed)
        counts = as_counts(found)
        self.say(f"check: {counts['goes_on']} would go on, {counts['breaks']} break, {counts['unread']} unread")
        return found

    async def _checked(self) -> Foreseen:
        found = await self._check()
        if _is_troubled(found):
            raise RefusedRolloutError(self._troubled(found), found)
        return found

    def _troubled(self, found: Foreseen) -> str:
        breaks, unread = found.number(Fate.BREAKS), found.number(Fate.UNREAD)
        return f"{breaks} would break, {unread} could not be read: build {self.build} must not get any workflow"

    async def _workers(self, before: Routing) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self.patience.total_seconds()
        while missing := unserved(polling := await workers(self.client), self.build):
            if loop.time() >= until:
                raise RefusedRolloutError(
                    f"no worker of build {self.build} polls {' and '.join(missing)}; "
                    "start its workers beside the old ones, then say it again"
                )
            self.say(f"waiting for workers of build {self.build} on {' and '.join(missing)}")
            await asyncio.sleep(_LOOKS.total_seconds())
        if missing := unserved(polling, before.current):
            raise RefusedRolloutError(_no_way_back(before.current, missing))
        self.say(f"workers: {in_numbers(polling, self.build)}")

    async def _unchanged(self, expected: Routing) -> Routing:
        now = await settled(self.client)
        if now.as_it_stands != expected.as_it_stands:
            raise RefusedRolloutError(
                "somebody else has changed who gets work meanwhile; nothing more is done here: sfo rollout status"
            )
        return now

    async def _ramp(self, expected: Routing, percentage: int, found: Foreseen) -> Routing:
        before = await self._unchanged(expected)
        after = await change(self.client, before, ramping=self.build, percentage=percentage)
        await self.ledger.ramped(self.build, before, percentage, as_counts(found))
        self.say(f"ramp: build {self.build} gets {percentage} % of the workflows, each with its next step")
        return after

    async def _make_current(self, expected: Routing, found: Foreseen) -> Routing:
        before = await self._unchanged(expected)
        after = await change(self.client, before, current=self.build)
        await self.ledger.made_current(self.build, before.current, as_counts(found))
        self.say(f"current: build {self.build} gets every workflow, each with its next step")
        return after

    async def _watched(self, watch: Watch) -> Verdict:
        try:
            verdict = await watch.run(self.lasting)
        except TemporalAwayError as error:
            raise TemporalAwayError(
                f"{error}; build {self.build} goes on with what it gets: look with `sfo rollout status` once Temporal "
                "answers, then `sfo rollout go` again or `sfo rollout back`"
            ) from error
        if verdict.is_good and not verdict.ran:
            self.say("watch: no workflow has taken a step on it, so nothing bad was seen and nothing was proved")
        elif verdict.is_good:
            self.say(f"watch: nothing bad; {verdict.ran} workflows have run on build {self.build}")
        return verdict

    async def _back(self, expected: Routing, verdict: Verdict) -> Ended:
        why = "; ".join(verdict.bad)
        self.say(f"watch: BAD: {why}")
        await self._unchanged(expected)
        back = await take_back(self.client, self.ledger, why)
        todo = "mend the code, keep its old path behind workflow.patched, and ship it as a new build"
        return Ended(False, f"taken back: {why}\n{back}\n{todo}", verdict.workflows)

    async def _drained(self, old: str) -> Ended:
        found = await drain(self.client, old, self.patience, lambda line: self.say(f"drain: {line}"))
        if found.is_done:
            await self.ledger.drained(old, self.build)
        self.say(f"drain: {found}")
        keep = "" if found.is_done else f"\nkeep its workers, and look again: sfo rollout drain {old}"
        return Ended(True, f"build {self.build} is current, and {found}{keep}")

    def _stopped(self, before: Routing) -> Ended:
        if not before.ramping:
            return Ended(False, "stopped: nothing was changed")
        return Ended(
            False,
            f"stopped: build {self.build} goes on with {before.percentage:g} % of the workflows; "
            "on: sfo rollout go; back: sfo rollout back",
        )


def _is_troubled(found: Foreseen) -> bool:
    return bool(found.number(Fate.BREAKS) or found.number(Fate.UNREAD))


def _no_way_back(build: str, missing: Sequence[str]) -> str:
    return (
        f"no worker of build {build}, which is current, polls {' and '.join(missing)}: without it there is no way back"
    )
