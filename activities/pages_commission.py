"""Who may be chosen to review and to countersign, and what a senior lead must know to choose: facts and options of those pages."""

from collections.abc import Awaitable, Callable
from typing import Any

from activities.asked import Asking, Facts

FACTS: dict[str, Callable[[Asking], Awaitable[Facts]]] = {}

# By question: each field's name with what fills `page["options"]` (and `page["refused"]`) for it.
FILLED: dict[str, tuple[tuple[str, Callable[[Asking, dict[str, Any], str], Awaitable[None]]], ...]] = {}
