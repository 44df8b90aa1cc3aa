"""Whether the workers of a build may be stopped: what still needs it, by type, and the wait until nothing does."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import Client

from starter.deployment_state import (
    FAILING,
    PINNED,
    by_type,
    routing,
    waiting_for,
)
from starter.rollout import RolloutError
from starter.temporal_state import count_open, ran_last_on

EVERY = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Drained:
    """What needs a build. `pinned`: runs on no other; `failing`: fails on the build after it, so the way back is open.

    Both by type. `steps`: handed to its workers and not yet taken; `rests`: ran on it last and needs nothing of it.
    """

    build: str
    pinned: Mapping[str, int]
    failing: Mapping[str, int]
    steps: int
    rests: int

    @property
    def is_done(self) -> bool:
        """Whether nothing needs it."""
        return not (self.pinned or self.failing or self.steps)

    def __str__(self) -> str:
        if self.is_done:
            rest = f"; {self.rests} that ran on it last go on elsewhere with their next step" if self.rests else ""
            return f"no open workflow needs build {self.build}, so its workers may be stopped{rest}"
        parts = [f"{_listed(self.pinned)} pinned to it"] if self.pinned else []
        parts += [f"{_listed(self.failing)} whose code fails now and that it may have to take back"] * bool(
            self.failing
        )
        parts += [f"{self.steps} steps handed to its workers"] if self.steps else []
        return f"build {self.build} is needed: {'; '.join(parts)}"


def _listed(found: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in found.items())


async def need_of(client: Client, build: str) -> Drained:
    """What needs this build now. Raises RolloutError for one that gets work or is not known, TemporalAwayError."""
    routes = await routing(client)
    if not routes.knows(build):
        known = ", ".join(sorted(one.build for one in routes.builds)) or "none"
        raise RolloutError(f"no worker of build {build} has ever polled; known: {known}")
    if build in (routes.current, routes.ramping):
        how = "is current" if build == routes.current else f"gets {routes.percentage:g} % of the workflows"
        raise RolloutError(f"build {build} {how}; another must be current before its workers may be stopped")
    pinned = await by_type(client, ran_last_on(build), PINNED)
    failing = await by_type(client, ran_last_on(build), FAILING)
    waiting = await waiting_for(client, build)
    return Drained(build, pinned, failing, waiting.steps, await count_open(client, ran_last_on(build)))


async def drain(client: Client, build: str, patience: timedelta, say: Callable[[str], None]) -> Drained:
    """Wait until nothing needs the build, or `patience` is over. Raises as `need_of`."""
    loop = asyncio.get_running_loop()
    until = loop.time() + patience.total_seconds()
    while True:
        found = await need_of(client, build)
        if found.is_done or loop.time() >= until:
            return found
        say(str(found))
        await asyncio.sleep(max(0.0, min(EVERY.total_seconds(), until - loop.time())))
