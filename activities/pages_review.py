"""What is read before a review is written, commented on, submitted, signed and rated: facts and options of those pages."""

from collections.abc import Awaitable, Callable
from typing import Any

from activities.asked import Asking, Facts

FACTS: dict[str, Callable[[Asking], Awaitable[Facts]]] = {}

# By question: each field's name with what fills `page["options"]` (and `page["refused"]`) for it.
FILLED: dict[str, tuple[tuple[str, Callable[[Asking, dict[str, Any], str], Awaitable[None]]], ...]] = {}
