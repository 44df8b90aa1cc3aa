"""What answers do to the staff of a case: invitations, interviews, feedback, welfare."""

from collections.abc import Awaitable, Callable

from activities.answered import Answered, Effect

STAFF_EFFECTS: dict[str, Callable[[Answered], Awaitable[Effect]]] = {}
