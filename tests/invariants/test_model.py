"""The model under thousands of random moves: every invariant holds after each of them."""

import os
import sys
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.invariants.kinds import Counts
from tests.invariants.model_hand import ModelMachine

EXAMPLES = int(os.environ.get("SFO_INVARIANT_MODEL_EXAMPLES", "60"))
STEPS = 50


def a_run(machine: type[ModelMachine], examples: int = EXAMPLES) -> None:
    """So many cases, each with up to so many moves; the same ones each time unless more are asked for."""
    chosen = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        derandomize="SFO_INVARIANT_MODEL_EXAMPLES" not in os.environ,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=chosen)


def test_every_invariant_holds_after_every_move_of_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    """And the run is no empty one: the counts have floors."""

    class Machine(ModelMachine):
        counts = Counts()
        found: ClassVar[dict[int, str]] = {}

    a_run(Machine)
    counts = Machine.counts
    with capsys.disabled():
        sys.stdout.write(f"\nmodel: {counts}\n")
    assert counts.steps.total() >= EXAMPLES * 15
    assert counts.closed == counts.examples >= EXAMPLES
    assert len(counts.states) >= 60
