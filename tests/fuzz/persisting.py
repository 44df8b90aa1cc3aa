"""How long a check goes on, what it may take, and what is said meanwhile.

`SFO_FUZZ_MINUTES` (a number; unset: none) is how long each check of this folder goes on with ever new inputs; without
it each runs once, some seconds. `make fuzz MINUTES=10` sets it.
"""

import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from hypothesis import HealthCheck, Phase, settings

MINUTES = float(os.environ.get("SFO_FUZZ_MINUTES", "0"))
LONGEST = 10.0
"""Seconds that one input may take: many times what it does, since other things run on the machine."""


def examples(number: int) -> settings:
    """So many inputs a run, each as large and as slow to make as it likes."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
    phases = [phase for phase in Phase if phase is not Phase.explain]
    return settings(max_examples=number, deadline=None, suppress_health_check=slow, phases=phases)


def persist(check: Callable[[], None]) -> None:
    """Run a check once, and again with other inputs for as many minutes as are asked."""
    until = monotonic() + MINUTES * 60
    check()
    while monotonic() < until:
        check()


class TooLongError(BaseException):
    """An input held everything up. Not an `Exception`: code that takes any of those must not take this."""


@contextmanager
def within(seconds: float = LONGEST) -> Iterator[None]:
    """Raises TooLongError in the midst of what takes longer. In the main thread alone."""

    def ring(*_: object) -> None:
        raise TooLongError(f"not done within {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


_STANDING = set(vars(logging.makeLogRecord({})))


class Overheard(logging.Handler):
    """Every line of every log with what stands beside it and what an error says, nothing taken out of it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        beside = {name: value for name, value in vars(record).items() if name not in _STANDING}
        self.lines.append(f"{self.format(record)} {beside}")


@contextmanager
def overheard() -> Iterator[Overheard]:
    """Listen to every log of this process, whatever its level, while something is done."""
    root, heard = logging.getLogger(), Overheard()
    level = root.level
    root.addHandler(heard)
    root.setLevel(logging.DEBUG)
    try:
        yield heard
    finally:
        root.removeHandler(heard)
        root.setLevel(level)
