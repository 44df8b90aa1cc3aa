"""Random histories on the real service: after every move every invariant holds, and the model agrees."""

import asyncio
import os
import random
import sys
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import ClassVar, cast

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from starter.judging import rules_in_force
from starter.settings import Settings
from tests.invariants.kinds import KINDS, Counts, History
from tests.invariants.service import Service
from tests.invariants.service_hand import ServiceMachine
from tests.workflows.conftest import DEPLOY

EXAMPLES = int(os.environ.get("SFO_INVARIANT_EXAMPLES", "1"))
MANY = 10
STEPS = int(os.environ.get("SFO_INVARIANT_STEPS", "10"))
SEED = int(os.environ.get("SFO_INVARIANT_SEED") or random.SystemRandom().randrange(10**6))
HISTORY = os.environ.get("SFO_INVARIANT_HISTORY", "")
"""One history that failed, as the failure told it: made again instead of new ones."""


async def test_every_invariant_holds_after_every_move_of_the_service(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the run is no empty one: the counts have floors."""

    class Machine(ServiceMachine):
        counts = Counts()
        found: ClassVar[dict[int, str]] = {}

    folders = SimpleNamespace(rulebook_dir=DEPLOY / "rulebook", directory_dir=DEPLOY / "directory")
    Machine.service, Machine.loop = service, asyncio.get_running_loop()
    Machine.in_force = rules_in_force(cast("Settings", folders), datetime.now(UTC).date())
    try:
        await asyncio.to_thread(tell_again if HISTORY else make_new, Machine)
    finally:
        with capsys.disabled():
            sys.stdout.write(
                f"\nservice, seed {SEED}: {Machine.counts}; {service.restarts} restarts with an empty "
                f"cache, {service.upgrades} changes of code\n"
            )
    if not HISTORY:
        assert_not_empty(Machine.counts, service)


def make_new(machine: type[ServiceMachine]) -> None:
    """So many histories; the same each time unless more than the usual are asked for."""
    chosen = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize="SFO_INVARIANT_EXAMPLES" not in os.environ,
        report_multiple_bugs=False,
        phases=(Phase.generate,),  # a case takes many seconds: what was found is told as it was found
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine if chosen.derandomize else seed(SEED)(machine), settings=chosen)


def tell_again(machine: type[ServiceMachine]) -> None:
    """The history that was given."""
    machine().tell_again(History.read(HISTORY))


def assert_not_empty(counts: Counts, service: Service) -> None:
    """Every case closed, and the more cases there were, the more must have happened in them."""
    assert counts.steps.total() >= EXAMPLES * STEPS // 2
    assert counts.closed == counts.examples
    assert len(counts.states) >= 10 * min(EXAMPLES, 3)
    assert service.restarts + service.upgrades >= EXAMPLES // 2
    if EXAMPLES >= MANY:
        assert min(service.restarts, service.upgrades) >= EXAMPLES // 5
        assert counts.carried >= EXAMPLES // 10
        assert counts.reopened >= 1
        assert not KINDS.keys() - counts.steps.keys()
