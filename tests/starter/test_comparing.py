"""The comparison by itself: ten thousand cases, what is left out because it is said already, and turns."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starter.comparing import Limits, apart_from_what_halts, mismatches, reference_of, resets, stuck
from starter.record_state import Expected
from starter.stranded import Kind, Stranded
from starter.temporal_state import Described, Listed, Trying, in_turn
from workflows.contract import ids

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ONE, TWO = "SFO-2026-00001", "SFO-2026-00002"
NOTHING = Expected(frozenset(), frozenset(), frozenset(), frozenset(), frozenset())


def a_run(workflow: str, status: str = "RUNNING", *, fails: bool = False) -> Listed:
    return Listed(workflow, "run", status, NOW, None, fails)


def record(open_: tuple[str, ...] = (), closed: tuple[str, ...] = (), work: tuple[str, ...] = ()) -> Expected:
    return replace(
        NOTHING, cases=frozenset(map(ids.case_id, open_)), closed=frozenset(closed), work=frozenset(work),
        beside=frozenset(one for one in work if "/escalation/" in one),
    )  # fmt: skip


def found(expected: Expected, *running: str) -> list[tuple[str, str]]:
    runs = {workflow: a_run(workflow) for workflow in running}
    return [(str(one.kind), one.workflow) for one in mismatches(expected, runs, {})]


CASE, STAGE, CONCERN = f"sfo/{ONE}", f"sfo/{ONE}/review", f"sfo/{ONE}/escalation/overdue-1"


@pytest.mark.parametrize(
    ("expected", "running", "says"),
    [
        (record((ONE,), work=(STAGE,)), (CASE, STAGE), []),
        (record((ONE,)), (), [("case_gone", CASE)]),
        (record((ONE,), work=(STAGE, CONCERN)), (), [("case_gone", CASE)]),  # the rest follows from it
        (record((ONE,), work=(STAGE,)), (CASE,), [("stage_gone", STAGE)]),
        (record((ONE,), work=(CONCERN,)), (CASE,), [("escalation_gone", CONCERN)]),
        (record(closed=(ONE,)), (CASE, STAGE), [("case_runs_on", CASE)]),
        (record(closed=(ONE,)), (STAGE,), [("stage_runs_on", STAGE)]),
        (record((ONE,)), (CASE, CONCERN), [("escalation_runs_on", CONCERN)]),
        (record((ONE,), work=(CONCERN,)), (CONCERN,), [("case_gone", CASE)]),
        (record(), (CASE, STAGE), [("case_unknown", CASE)]),
        (record(), (STAGE,), [("case_unknown", STAGE)]),
        (record(), ("sfo/weekday-digest-2026-11-25T07:30:00Z", "somebody/else"), []),
        (replace(NOTHING, starting=frozenset({CASE}), work=frozenset({STAGE})), (), []),  # the relay is about to
    ],
)
def test_what_does_not_agree_is_said_once(
    expected: Expected, running: tuple[str, ...], says: list[tuple[str, str]]
) -> None:
    assert found(expected, *running) == says


def test_ten_thousand_cases_are_compared_in_a_moment() -> None:
    references = [f"SFO-2026-{n:05}" for n in range(10_000)]
    expected = record(tuple(references), work=tuple(f"sfo/{one}/review" for one in references))
    runs = [f"sfo/{one}{part}" for one in references for part in ("", "/review", "/staff-care")]
    begun = time.perf_counter()
    assert found(expected, *(one for one in runs if one != f"sfo/{references[77]}/review")) == [
        ("stage_gone", f"sfo/{references[77]}/review")
    ]
    assert time.perf_counter() - begun < 5  # about a quarter of a second where nothing else runs


@given(st.sets(st.integers(0, 10_000), max_size=300), st.integers(1, 50), st.integers(0, 1_000))
def test_in_turns_every_workflow_is_described_and_none_twice(numbers: set[int], most: int, first: int) -> None:
    listed = [a_run(f"sfo/SFO-2026-{n:05}") for n in sorted(numbers)]
    parts = -(-len(listed) // most) or 1
    seen = [one for turn in range(parts) for one in in_turn(listed, most, first + turn)]
    assert sorted(one.workflow for one in seen) == [one.workflow for one in listed]


def test_of_several_reasons_one_is_said() -> None:
    waits = Described(a_run(CASE, fails=True), NOW - timedelta(days=1), (), None, "")
    limits = Limits()
    for run, kind in ((a_run(CASE, "PAUSED", fails=True), Kind.PAUSED), (a_run(CASE, fails=True), Kind.CODE_FAILING),
                      (a_run(CASE), Kind.NOT_TAKEN)):  # fmt: skip
        assert [one.kind for one in stuck([run], {CASE: waits}, NOW, limits)] == [kind]
    assert list(stuck([a_run(CASE)], {}, NOW, limits)) == []  # not its turn to be described


@pytest.mark.parametrize(
    ("attempt", "hours", "is_found"), [(5, 2, False), (6, 2, True), (6, 1, False), (500, 0.5, False)]
)
def test_a_step_is_stuck_after_many_tries_and_an_hour(attempt: int, hours: float, is_found: bool) -> None:
    tried = Trying("open_gate", attempt, NOW - timedelta(hours=hours), is_paused=False)
    seen = {CASE: Described(a_run(CASE), None, (tried,), None, "")}
    assert [one.kind for one in stuck([a_run(CASE)], seen, NOW, Limits())] == [Kind.ACTIVITY_FAILING] * is_found


def test_a_step_that_somebody_paused_is_paused() -> None:
    tried = Trying("open_gate", 1, NOW, is_paused=True)
    seen = {CASE: Described(a_run(CASE), None, (tried,), None, "")}
    assert [one.kind for one in stuck([a_run(CASE)], seen, NOW, Limits())] == [Kind.PAUSED]


def test_a_reset_is_known_from_either_run() -> None:
    after = Described(replace(a_run(STAGE), run="new"), None, (), NOW, "")
    before = Described(replace(a_run(STAGE, "TERMINATED"), run="old"), None, (), None, "new")
    (one,), (other,) = list(resets([after])), list(resets([before]))
    assert one.key == other.key == (Kind.RESET, STAGE, "new")
    assert list(resets([Described(a_run(STAGE), None, (), None, "")])) == []
    again = Described(replace(a_run(STAGE, "TERMINATED"), run="new"), None, (), NOW, "newer")
    assert next(iter(resets([again]))).run == "newer"  # reset twice: the latest


def test_what_a_case_that_does_not_move_has_not_begun_is_not_said_as_well() -> None:
    halted = Stranded(Kind.PAUSED, CASE, ONE)
    gone = [Stranded(Kind.ESCALATION_GONE, CONCERN, ONE), Stranded(Kind.STAGE_GONE, STAGE, ONE)]
    assert apart_from_what_halts(gone, [halted]) == gone[1:]
    assert apart_from_what_halts(gone, [Stranded(Kind.PAUSED, f"sfo/{TWO}", TWO)]) == gone


def test_the_case_of_a_workflow() -> None:
    assert reference_of(CONCERN) == ONE
    assert reference_of("sfo/weekday-digest-2026-11-25T07:30:00Z") is None
