"""What a person at a terminal hears of work that takes longer than a moment."""

import time
from collections.abc import Callable

SAID_EVERY = 2.0  # seconds between two lines about progress


class Progress:
    """Passes on how far something has come, every two seconds and not before two have passed."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._said_at = say, time.monotonic()

    def __call__(self, *parts: str) -> None:
        """Say these parts of one line, if it is time."""
        if time.monotonic() - self._said_at >= SAID_EVERY:
            self._said_at = time.monotonic()
            self._say(", ".join(parts))
