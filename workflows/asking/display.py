"""What operations see of a running stage: search attributes, changed only when they differ, and a short page."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

from workflows.contract import search
from workflows.contract.messages import Forecast
from workflows.contract.vocabulary import ClockState

from .gate import Gate


class _Shown(NamedTuple):
    """What stands in the search attributes: enough to judge the stage by while no worker runs."""

    role: str | None = None
    due: datetime | None = None
    overdue: bool = False
    clock: ClockState = ClockState.IN_TIME
    questions: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()


class Display:
    """Whom a stage awaits, until when, and how its clock stands; one upsert per transition at most."""

    def __init__(self) -> None:
        self.is_overdue = False
        self.shown = _Shown()

    def show(self, gates: Iterable[Gate], forecast: Forecast, *, late: bool, paused: bool, lists_gates: bool) -> None:
        """Show the most urgent open gate; while the clock stands still no date is due. `late`: the stage itself is.

        `lists_gates`: every open gate stands there too. A stage that was begun by older code goes on without, because
        its history knows nothing of the upserts that would make.
        """
        standing = _by_urgency(gates)
        first = standing[0] if standing else None
        self.is_overdue = late or any(g.overdue for g in standing)
        self._upsert(
            _Shown(
                role=str(first.role) if first and first.role else None,
                due=first.due.at if first and first.due and not paused else None,
                overdue=self.is_overdue,
                clock=clock_state(paused=paused, overdue=self.is_overdue, at_risk=forecast.at_risk),
                questions=tuple(sorted({g.request.question for g in standing})) if lists_gates else (),
                gates=tuple(_entry(g, paused=paused) for g in standing) if lists_gates else (),
            )
        )

    def close(self) -> None:
        """What has ended awaits nobody and is in nobody's list of what is late; the record keeps that it was."""
        self._upsert(_Shown())

    def _upsert(self, shown: _Shown) -> None:
        """One command, and only for what has changed; gates are listed in a stage that was begun with them."""
        if shown == self.shown:
            return
        updates: list[SearchAttributeUpdate[Any]] = [
            search.AWAITING.value_set(shown.role) if shown.role else search.AWAITING.value_unset(),
            search.DUE.value_set(shown.due) if shown.due else search.DUE.value_unset(),
            search.OVERDUE.value_set(shown.overdue),
            search.CLOCK.value_set(str(shown.clock)),
        ]
        for key, now, before in (
            (search.QUESTIONS, shown.questions, self.shown.questions),
            (search.GATES, shown.gates, self.shown.gates),
        ):
            if now != before:
                updates.append(key.value_set(list(now)) if now else key.value_unset())
        self.shown = shown
        workflow.upsert_search_attributes(updates)


def page(gates: Iterable[Gate], forecast: Forecast, *, late: bool, paused: bool, said: Sequence[str]) -> str:
    """The short page of a stage: what is said of it, how its clock stands, what remains, and its open gates."""
    lines = [*said]
    lines += ["**The clock stands still.**"] if paused else []
    lines += ["**The review is overdue.**"] if late else []
    if forecast.remaining:
        lines.append(f"Still to do{', **at risk**' if forecast.at_risk else ''}: {', '.join(forecast.remaining)}")
    return "\n\n".join([*lines, _table(_by_urgency(gates), paused=paused)])


def _by_urgency(gates: Iterable[Gate]) -> list[Gate]:
    """The gates that have a date, the most urgent first; one without is still being opened."""
    return sorted((g for g in gates if g.due), key=lambda g: (g.due.at, g.id) if g.due else (None, ""))


def dated(due: date, first: date, extensions: int) -> str:
    """The review's date, and beside one that has moved its first one, which is never forgotten. Rule: design.md 3.4."""
    moved = f" (first {first}, {extensions} extension{'' if extensions == 1 else 's'})" if due != first else ""
    return f"Review due {due}{moved}"


def clock_state(*, paused: bool, overdue: bool, at_risk: bool) -> ClockState:
    """How a case or a stage stands: a paused clock hides no lateness from `SfoOverdue`, which stays beside it."""
    if paused:
        return ClockState.PAUSED
    if overdue:
        return ClockState.OVERDUE
    return ClockState.AT_RISK if at_risk else ClockState.IN_TIME


def _entry(gate: Gate, *, paused: bool) -> str:
    """One open gate as a search attribute holds it: `facts:v1 head_of_pdu until 2026-12-01, asked`."""
    late = ", overdue" if gate.overdue else ""
    return f"{gate.name} {gate.role} {_until(gate, paused=paused)}, {gate.rung}{late}"


def _until(gate: Gate, *, paused: bool) -> str:
    return "paused" if paused else f"until {gate.due.on.isoformat()}" if gate.due else ""


def _table(gates: Sequence[Gate], *, paused: bool) -> str:
    """The open gates, the most urgent first; the name of each is what a signal typed by hand must give."""
    if not gates:
        return "Nobody is awaited."
    rows = (
        f"| {gate.role} | {_until(gate, paused=paused)} | {gate.rung}{', **overdue**' if gate.overdue else ''} "
        f"| `{gate.id}` |"
        for gate in gates
    )
    return "\n".join(["| awaits | date | ladder at | gate |", "|---|---|---|---|", *rows])
