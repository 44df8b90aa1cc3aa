"""What each answer does to the record, by question. A question that is not listed changes nothing but its gate."""

from collections.abc import Awaitable, Callable

from activities.answered import Answered, Effect
from activities.appointing import COMMISSION_EFFECTS
from activities.effects_case import CASE_EFFECTS
from activities.effects_review import REVIEW_EFFECTS
from activities.effects_staff import STAFF_EFFECTS
from activities.effects_victims import VICTIM_EFFECTS

EFFECTS: dict[str, Callable[[Answered], Awaitable[Effect]]] = {
    **CASE_EFFECTS,
    **COMMISSION_EFFECTS,
    **REVIEW_EFFECTS,
    **STAFF_EFFECTS,
    **VICTIM_EFFECTS,
}
