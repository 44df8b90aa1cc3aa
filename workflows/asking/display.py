"""What operations see of a running stage: search attributes, changed only when they differ, and a short page."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributePair, SearchAttributeUpdate, TypedSearchAttributes

from workflows.contract import search
from workflows.contract.vocabulary import Ground

from .gate import Gate


def at_start(stage: str, region: str, pdu: str, ground: Ground) -> TypedSearchAttributes:
    """The search attributes that a workflow starts with."""
    return TypedSearchAttributes(
        [
            SearchAttributePair(search.STAGE, stage),
            SearchAttributePair(search.REGION, region),
            SearchAttributePair(search.PDU, pdu),
            SearchAttributePair(search.GROUND, str(ground)),
            SearchAttributePair(search.OVERDUE, False),
        ]
    )


class Display:
    """Whom a stage awaits, until when, and whether it is overdue; one upsert per transition at most."""

    def __init__(self) -> None:
        self.shown: tuple[str | None, datetime | None, bool] = (None, None, False)

    def show(self, gates: Iterable[Gate]) -> bool:
        """Show the most urgent open gate. Returns whether `overdue` changed."""
        standing = sorted((g for g in gates if g.due), key=lambda g: (g.due.at, g.id) if g.due else (None, ""))
        first = standing[0] if standing else None
        overdue = any(g.overdue for g in standing)
        role = str(first.role) if first and first.role else None
        due = first.due.at if first and first.due else None
        workflow.set_current_details("\n".join(_line(g) for g in standing) or "Nobody is awaited.")
        if self.shown == (role, due, overdue):
            return False
        turned = self.shown[2] != overdue
        self.shown = (role, due, overdue)
        workflow.upsert_search_attributes(_updates(role, due, overdue))
        return turned


def _updates(role: str | None, due: datetime | None, overdue: bool) -> list[SearchAttributeUpdate[Any]]:
    return [
        search.AWAITING.value_set(role) if role else search.AWAITING.value_unset(),
        search.DUE.value_set(due) if due else search.DUE.value_unset(),
        search.OVERDUE.value_set(overdue),
    ]


def _line(gate: Gate) -> str:
    until = gate.due.on.isoformat() if gate.due else "?"
    late = f", **overdue**, ladder at {gate.rung}" if gate.overdue else ""
    return f"- `{gate.id}` awaits **{gate.role}** until {until}{late}"
