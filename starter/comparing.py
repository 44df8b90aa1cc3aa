"""The comparison itself: what the record expects against what Temporal runs. No clock, no input or output."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from starter.record_state import Expected
from starter.stranded import Kind, Stranded
from starter.temporal_state import MISSING, Described, Listed
from workflows.contract import ids


@dataclass(frozen=True, slots=True)
class Limits:
    """When something counts. `grace`: how long nothing may have been written before the two sides must agree.

    `attempts` and `failing`: how often and how long a step may be tried; `untaken`: how long one may wait for a worker.
    """

    grace: timedelta = timedelta(minutes=2)
    attempts: int = 5
    failing: timedelta = timedelta(hours=1)
    untaken: timedelta = timedelta(minutes=15)


def reference_of(workflow: str) -> str | None:
    """The case of a workflow; none for one that is of no case."""
    reference = ids.reference_of(workflow)
    return reference if ids.REFERENCE.match(reference) else None


def mismatches(
    expected: Expected, running: Mapping[str, Listed], ended: Mapping[str, Listed | None]
) -> Iterator[Stranded]:
    """Where the two disagree, each once: what follows from a case that is gone or runs on is not said as well.

    `ended`: how those ended that were looked at by themselves; None: Temporal does not know them.
    """
    gone = {workflow for workflow in expected.cases if workflow not in running}
    for workflow in sorted(gone):
        yield _gone(Kind.CASE_GONE, workflow, ended)
    for workflow in sorted(expected.work - running.keys()):
        case = ids.case_id(ids.reference_of(workflow))
        if case not in gone and case not in expected.starting:
            yield _gone(_gone_kind(workflow), workflow, ended)
    yield from _run_on(expected, running)


def _gone(kind: Kind, workflow: str, ended: Mapping[str, Listed | None]) -> Stranded:
    found = ended.get(workflow)
    since = found.closed_at if found else None
    return Stranded(kind, workflow, reference_of(workflow), found.status if found else MISSING, since)


def _gone_kind(workflow: str) -> Kind:
    part = ids.part_of(workflow)
    beside = {"escalation/": Kind.ESCALATION_GONE, "enquiry/": Kind.ENQUIRY_GONE}
    return next((kind for start, kind in beside.items() if part.startswith(start)), Kind.STAGE_GONE)


def _run_on(expected: Expected, running: Mapping[str, Listed]) -> Iterator[Stranded]:
    unknown: set[str] = set()
    for workflow, listed in sorted(running.items()):
        reference = reference_of(workflow)
        if reference is None or reference in unknown:
            continue
        case = ids.case_id(reference)
        if not expected.knows(reference):
            unknown.add(reference)
            kind, workflow = Kind.CASE_UNKNOWN, (case if case in running else workflow)
        elif reference in expected.closed:
            if workflow != case and case in running:
                continue
            kind = Kind.CASE_RUNS_ON if workflow == case else Kind.STAGE_RUNS_ON
        elif _is_beside(workflow) and workflow not in expected.beside and case in running:
            kind = Kind.ESCALATION_RUNS_ON
        else:
            continue
        yield Stranded(kind, workflow, reference, listed.status, listed.started_at)


def _is_beside(workflow: str) -> bool:
    return "/escalation/" in workflow or "/enquiry/" in workflow


def stuck(
    running: Iterable[Listed], described: Mapping[str, Described], now: datetime, limits: Limits
) -> Iterator[Stranded]:
    """What runs and does not move; of several reasons the one that stands before the others."""
    for listed in running:
        reference = reference_of(listed.workflow)
        found = described.get(listed.workflow)
        if listed.status == "PAUSED":
            yield Stranded(Kind.PAUSED, listed.workflow, reference, listed.status)
        elif listed.fails:
            yield Stranded(Kind.CODE_FAILING, listed.workflow, reference, listed.status)
        elif found and found.task_since and now - found.task_since > limits.untaken:
            yield Stranded(Kind.NOT_TAKEN, listed.workflow, reference, listed.status, found.task_since)
        elif found:
            yield from _failing(found, reference, now, limits)


def _failing(found: Described, reference: str | None, now: datetime, limits: Limits) -> Iterator[Stranded]:
    for trying in found.trying:
        if trying.is_paused:
            yield Stranded(Kind.PAUSED, found.listed.workflow, reference, trying.activity, trying.since)
            return
        if trying.attempt > limits.attempts and now - trying.since > limits.failing:
            yield Stranded(Kind.ACTIVITY_FAILING, found.listed.workflow, reference, trying.activity, trying.since)
            return


def resets(described: Iterable[Described]) -> Iterator[Stranded]:
    """What was reset: the run that a reset made, or the one that it ended."""
    for found in described:
        run = found.reset_to or (found.listed.run if found.reset_at else "")
        since = found.listed.closed_at if found.reset_to else found.reset_at
        reference = reference_of(found.listed.workflow)
        if run and reference:
            yield Stranded(Kind.RESET, found.listed.workflow, reference, "RESET", since, run)


def apart_from_what_halts(apart: Iterable[Stranded], halted: Iterable[Stranded]) -> list[Stranded]:
    """Without what has not begun only because the case's own workflow does not move, which is said already."""
    cases = {one.workflow for one in halted}
    waits = {Kind.ESCALATION_GONE, Kind.ENQUIRY_GONE}
    return [one for one in apart if one.kind not in waits or ids.case_id(one.reference or "") not in cases]
