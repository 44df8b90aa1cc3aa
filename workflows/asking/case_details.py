"""The short page of a case: where it stands, in codes and dates. It costs the history nothing."""

from collections.abc import Callable, Sequence

from temporalio import workflow

from workflows.contract.messages import CaseStatus
from workflows.contract.vocabulary import ClockState

from .display import dated


async def keep_details(status: Callable[[], CaseStatus], owed: Callable[[], Sequence[str]]) -> None:
    """The current details are those of this moment, until cancelled. `owed`: what stands against closing."""

    def now() -> str:
        return details(status(), owed())

    while True:
        workflow.set_current_details(now())
        await workflow.wait_condition(lambda: now() != workflow.get_current_details())


def details(status: CaseStatus, owed: Sequence[str]) -> str:
    """Write where a case stands, a line for each thing that there is to say."""
    lines = [f"**{status.reference}**, ground {status.ground}"]
    if status.on_hold:
        lines.append("**Disclosure is held by a concern for the safety of staff.**")
    if status.clock is ClockState.PAUSED:
        lines.append("**The clock of the review stands still.**")
    if owed:
        lines.append(f"Cannot close yet, still owed: {', '.join(owed)}")
    lines.append(f"Runs now: {', '.join(status.stages_open) or 'nothing'}. Whom each awaits stands on its own page.")
    lines += _date(status)
    lines += _listed("Escalations open", status.escalations_open)
    lines += _listed("Court", [str(event) for event in status.court])
    lines += _listed("Ended", status.stages_ended)
    if status.dead_letters:
        lines.append(f"Signals that could not be used: {status.dead_letters}")
    return "\n\n".join(lines)


def _date(status: CaseStatus) -> list[str]:
    """The review's date, how it stands towards it, and what remains; nothing before the clock has started."""
    if status.review_due is None or status.original_review_due is None:
        return []
    todo = f"; still to do: {', '.join(status.remaining)}" if status.remaining else ""
    return [f"{dated(status.review_due, status.original_review_due, status.extensions)}, {status.clock}{todo}"]


def _listed(what: str, names: Sequence[str]) -> list[str]:
    return [f"{what}: {', '.join(names)}"] if names else []
