"""A rollout in words: who gets work as a table and as data, and the plan of what the guide would do."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from starter.columns import in_columns
from starter.comparing import reference_of
from starter.deployment_state import QUEUES, Known, Standing, in_numbers
from starter.replaying import Fate, Foreseen
from starter.rollout_guide import Guide, Plan
from starter.temporal_state import Listed

_SHOWN = 20
"""Workflows named under a table; the JSON names them all."""


def standing_text(now: Standing) -> str:
    """Who gets work, what each build carries, and what is pinned or fails."""
    routes = now.routing
    if not routes.builds:
        return "no worker of any build has ever polled"
    head = [f"current  {routes.current or 'none'}"]
    if routes.ramping:
        since = f", since {_at(routes.ramping_since)}"
        head.append(f"ramping  {routes.ramping}, {routes.percentage:g} % of the workflows{since}")
    rows = [("build", "status", "since", *QUEUES, "ran last", "pinned"), *(_row(now, one) for one in routes.builds)]
    table = in_columns(rows, numbers=range(3, 7))
    return "\n".join(
        [
            *head,
            f"{now.open} open workflows",
            *(f"  {line}" for line in table),
            *_named("PINNED", now.pinned),
            *_named("FAILS", now.failing),
        ]
    )


def standing_data(now: Standing) -> dict[str, Any]:
    """The same, for a program."""
    routes = now.routing
    return {
        "current": routes.current or None,
        "ramping": routes.ramping or None,
        "percentage": routes.percentage,
        "ramping_since": _iso(routes.ramping_since),
        "open": now.open,
        "builds": [
            {
                "build": one.build,
                "status": one.status,
                "since": _iso(one.since),
                "last_current": _iso(one.last_current),
                "workers": {queue: now.workers.get(one.build, {}).get(queue, 0) for queue in QUEUES},
                "ran_last": now.carried[one.build].ran_last,
                "pinned": now.carried[one.build].pinned,
            }
            for one in routes.builds
        ],
        "pinned": [_workflow(one) for one in now.pinned],
        "failing": [_workflow(one) for one in now.failing],
    }


def check_text(build: str, found: Foreseen) -> str:
    """What a check found: a number for each type and fate, and each workflow that would not simply go on."""
    kinds = sorted({kind for kind, _ in found.counts})
    if not kinds:
        return f"no workflow is open, so nothing can break under build {build}"
    rows = [(kind or "not known", *(str(found.counts[kind, fate]) for fate in Fate)) for kind in kinds]
    table = in_columns([("type", "goes on", "breaks", "unread"), *rows], numbers=range(1, 4))
    lines = [f"under build {build}", *(f"  {line}" for line in table)]
    for one in found.troubled:
        lines += [f"{one.fate.upper()}  {one.workflow}  {one.kind}", f"    {one.why}"]
    return "\n".join(lines)


def check_data(build: str, found: Foreseen) -> dict[str, object]:
    """The same, for a program."""
    kinds = sorted({kind for kind, _ in found.counts})
    return {
        "build": build,
        "types": {kind: {fate: found.counts[kind, fate] for fate in Fate} for kind in kinds},
        "troubled": [
            {"reference": one.reference, "workflow": one.workflow, "type": one.kind, "fate": one.fate, "why": one.why}
            for one in found.troubled
        ],
    }


def plan_text(plan: Plan, guide: Guide) -> str:
    """What the guide would do, step by step, with what was counted; then why it would refuse, where it would."""
    open_, old, watch = sum(plan.found.counts.values()), plan.before.current, int(guide.lasting.total_seconds())
    counts = ", ".join(
        f"{plan.found.number(fate)} {said}"
        for fate, said in ((Fate.GOES_ON, "would go on"), (Fate.BREAKS, "break"), (Fate.UNREAD, "unread"))
    )
    steps = [f"check     {counts}", f"workers   {in_numbers(plan.workers, plan.build)}"]
    for percentage in [one for one in guide.steps if one > plan.before.percentage]:
        steps += [
            f"ramp      {percentage} % to {plan.build}: about {round(open_ * percentage / 100)} of {open_} open "
            "workflows, each with its next step",
            f"watch     {watch} s; back to {old} if it is bad",
        ]
    steps += [
        f"current   {plan.build} gets all {open_}, each with its next step",
        f"watch     {watch} s; back to {old} if it is bad",
        f"drain     {old}, up to {int(guide.patience.total_seconds())} s; then its workers may be stopped",
    ]
    lines = [f"build {plan.build}, which is installed here, in place of {old}:"]
    lines += [f"  {number}  {step}" for number, step in enumerate(steps, 1)]
    if plan.found.troubled:
        lines += ["", check_text(plan.build, plan.found)]
    return "\n".join([*lines, "nothing was changed"])


def _row(now: Standing, one: Known) -> tuple[str, ...]:
    polling = now.workers.get(one.build, {})
    carried = now.carried[one.build]
    numbers = [*(polling.get(queue, 0) for queue in QUEUES), carried.ran_last, carried.pinned]
    return (one.build, one.status, _at(one.since), *map(str, numbers))


def _named(word: str, listed: Sequence[Listed]) -> list[str]:
    lines = [f"{word}  {one.workflow}" for one in listed[:_SHOWN]]
    more = len(listed) - _SHOWN
    return [*lines, f"{word}  and {more} more: --json names them"] if more > 0 else lines


def _workflow(one: Listed) -> dict[str, str]:
    return {"workflow": one.workflow, "reference": reference_of(one.workflow) or ""}


def _at(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
