"""Random histories on the real service: after every move every invariant holds, and the model agrees."""

import asyncio
import os
import sys
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import ClassVar, cast

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from starter.judging import rules_in_force
from starter.settings import Settings
from tests.invariants.moves import Counts
from tests.invariants.service import Service
from tests.invariants.service_hand import ServiceMachine
from tests.workflows.conftest import DEPLOY

EXAMPLES = int(os.environ.get("SFO_INVARIANT_EXAMPLES", "1"))
MANY = 10
EVERY_KIND = 29
STEPS = int(os.environ.get("SFO_INVARIANT_STEPS", "10"))


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
    try:
        await asyncio.to_thread(run_state_machine_as_test, Machine, settings=chosen)
    finally:
        with capsys.disabled():
            sys.stdout.write(
                f"\nservice: {Machine.counts}; {service.restarts} restarts with an empty "
                f"cache, {service.upgrades} changes of code\n"
            )
    counts = Machine.counts
    assert counts.steps.total() >= EXAMPLES * STEPS // 2
    assert counts.closed == counts.examples
    assert len(counts.states) >= 10 * min(EXAMPLES, 3)
    assert service.restarts + service.upgrades >= EXAMPLES // 2
    if EXAMPLES >= MANY:
        assert min(service.restarts, service.upgrades, counts.carried) >= EXAMPLES // 5
        assert counts.reopened >= 1
        assert len(counts.steps) >= EVERY_KIND // 2
