"""What operations see of a running stage: search attributes, changed only when they differ, and a short page."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeAlias

from temporalio import workflow
from temporalio.common import SearchAttributeUpdate

from workflows.contract import search
from workflows.contract.messages import Forecast
from workflows.contract.vocabulary import ClockState

from .gate import Gate

_Shown: TypeAlias = tuple[str | None, datetime | None, bool, ClockState]
_NOTHING: _Shown = (None, None, False, ClockState.IN_TIME)


class Display:
    """Whom a stage awaits, until when, and how its clock stands; one upsert per transition at most."""

    def __init__(self) -> None:
        self.is_overdue = False
        self.shown = _NOTHING

    def show(self, gates: Iterable[Gate], forecast: Forecast, *, late: bool, paused: bool) -> None:
        """Show the most urgent open gate; while the clock stands still no date is due. `late`: the stage itself is."""
        standing = sorted((g for g in gates if g.due), key=lambda g: (g.due.at, g.id) if g.due else (None, ""))
        first = standing[0] if standing else None
        self.is_overdue = late or any(g.overdue for g in standing)
        role = str(first.role) if first and first.role else None
        due = first.due.at if first and first.due and not paused else None
        clock = clock_state(paused=paused, overdue=self.is_overdue, at_risk=forecast.at_risk)
        lines = ["**The clock stands still.**"] if paused else []
        lines += ["**The review is overdue.**"] if late else []
        if forecast.remaining:
            lines.append(f"Still to do{', **at risk**' if forecast.at_risk else ''}: {', '.join(forecast.remaining)}")
        awaited = [_line(g) for g in standing] or ["Nobody is awaited."]
        workflow.set_current_details("\n\n".join([*lines, "\n".join(awaited)]))
        shown = (role, due, self.is_overdue, clock)
        if self.shown != shown:
            self.shown = shown
            workflow.upsert_search_attributes(_updates(role, due, self.is_overdue, clock))

    def close(self) -> None:
        """What has ended awaits nobody and is in nobody's list of what is late; the record keeps that it was."""
        if self.shown != _NOTHING:
            workflow.upsert_search_attributes(_updates(*_NOTHING))


def clock_state(*, paused: bool, overdue: bool, at_risk: bool) -> ClockState:
    """How a case or a stage stands: a paused clock hides no lateness from `SfoOverdue`, which stays beside it."""
    if paused:
        return ClockState.PAUSED
    if overdue:
        return ClockState.OVERDUE
    return ClockState.AT_RISK if at_risk else ClockState.IN_TIME


def _updates(
    role: str | None, due: datetime | None, overdue: bool, clock: ClockState
) -> list[SearchAttributeUpdate[Any]]:
    return [
        search.AWAITING.value_set(role) if role else search.AWAITING.value_unset(),
        search.DUE.value_set(due) if due else search.DUE.value_unset(),
        search.OVERDUE.value_set(overdue),
        search.CLOCK.value_set(str(clock)),
    ]


def _line(gate: Gate) -> str:
    until = gate.due.on.isoformat() if gate.due else "?"
    late = f", **overdue**, ladder at {gate.rung}" if gate.overdue else ""
    return f"- `{gate.id}` awaits **{gate.role}** until {until}{late}"
