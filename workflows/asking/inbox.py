"""Signals that never raise, never wait and never get lost: what cannot be read is kept as a dead letter."""

from collections import deque
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from pydantic import BaseModel
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

MessageT = TypeVar("MessageT", bound=BaseModel)

KEPT = 50

SelfT = TypeVar("SelfT")
_NONE = RawValue(Payload())  # in no encoding, so nothing can read it


def one_input(handler: Callable[[SelfT, RawValue], None]) -> Callable[[SelfT, RawValue], None]:
    """A handler that can be sent no input, or several: a dead letter then, where Python would refuse the call itself.

    It is one click in the Temporal UI. A call that is refused fails the workflow's step, which is tried again for good.
    """

    @wraps(handler)
    def taken(self: SelfT, *given: RawValue) -> None:
        handler(self, given[0] if len(given) == 1 else _NONE)

    return taken


class DeadLetters:
    """What arrived and could not be used. The signal itself stays in the history; here stand its name and why."""

    def __init__(self) -> None:
        self.letters: deque[str] = deque(maxlen=KEPT)
        self.count = 0

    def keep(self, signal: str, why: str) -> None:
        """Remember that a signal could not be used. `why` is a code or a type name, never what the signal held."""
        self.count += 1
        meter = workflow.metric_meter()  # counts nothing while a history is replayed
        meter.create_counter("sfo_dead_letters", "Signals that could not be used").add(1, {"signal": signal})
        self.letters.append(f"{signal}: {why}")
        workflow.logger.warning("A signal could not be used", extra={"signal": signal, "why": why})

    def read(self, signal: str, raw: RawValue, kind: type[MessageT]) -> MessageT | None:
        """The signal's message, or none when it does not fit; then it is a dead letter."""
        try:
            message = workflow.payload_converter().from_payload(raw.payload, kind)
        except Exception as error:  # a handler that raises would fail or wedge the workflow
            self.keep(signal, type(error).__name__)
            return None
        if isinstance(message, kind):
            return message
        # Bytes and nothing are what they are in their own encodings, whatever kind was asked for.
        self.keep(signal, type(message).__name__)
        return None
