"""What happened, counted once it stands in the record: a transaction that is undone or repeated counts nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry import metrics

from workflows.contract.questions import QUESTIONS

_METER = metrics.get_meter("sfo.activities")

GATES_OPENED = _METER.create_counter("sfo.gates.opened", description="Questions put to somebody")
GATES_ANSWERED = _METER.create_counter("sfo.gates.answered", description="Answers that were applied, in time or late")
GATES_CLOSED = _METER.create_counter("sfo.gates.closed", description="Questions that ended without an answer")
STEPS = _METER.create_counter("sfo.ladder.steps", description="Reminders, overdue marks and climbs that were made")
LETTERS = _METER.create_counter("sfo.letters", description="What a mail server said of a letter, each attempt")

_Noted = tuple[metrics.Counter, dict[str, str]]
_noted: ContextVar[list[_Noted] | None] = ContextVar("noted", default=None)


def note(counter: metrics.Counter, **labels: object) -> None:
    """Count one when the transaction that is under way has committed; at once where there is none."""
    waiting, named = _noted.get(), {name: str(value) for name, value in labels.items()}
    if waiting is None:
        counter.add(1, named)
    else:
        waiting.append((counter, named))


@contextmanager
def counted_on_commit() -> Iterator[None]:
    """Count what is noted inside the block when it ends well, and nothing of it otherwise."""
    waiting: list[_Noted] = []
    token = _noted.set(waiting)
    try:
        yield
    finally:
        _noted.reset(token)
    for counter, labels in waiting:
        counter.add(1, labels)


def start_at_nothing() -> None:
    """Show what alerts watch from the start: a counter that appears with its first event seems not to have grown."""
    for outcome in ("sent", "refused", "failed"):
        LETTERS.add(0, {"outcome": outcome})


def known(question: str) -> str:
    """A question's key as a label; whatever the code does not know is one label, so that there are few."""
    return question if question in QUESTIONS else "unknown"
