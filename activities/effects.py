"""What each answer does to the record, by question. A question that is not listed changes nothing but its gate."""

from collections.abc import Awaitable, Callable

from activities.answered import Answered, Effect
from activities.appointing import COMMISSION_EFFECTS
from activities.effects_case import CASE_EFFECTS
from activities.effects_enquiries import ENQUIRY_EFFECTS, offer_accepted
from activities.effects_release import RELEASE_EFFECTS
from activities.effects_review import REVIEW_EFFECTS
from activities.effects_staff import STAFF_EFFECTS
from activities.effects_victims import VICTIM_EFFECTS

_Effect = Callable[[Answered], Awaitable[Effect]]


def _then_offered(effect: _Effect) -> _Effect:
    async def carried_out(answered: Answered) -> Effect:
        brought_about = await effect(answered)
        await offer_accepted(answered)
        return brought_about

    return carried_out


EFFECTS: dict[str, _Effect] = {
    **CASE_EFFECTS,
    **COMMISSION_EFFECTS,
    **RELEASE_EFFECTS,
    **REVIEW_EFFECTS,
    **STAFF_EFFECTS,
    **VICTIM_EFFECTS,
    **ENQUIRY_EFFECTS,
    # These may accept a version of the review: at once it may be chosen wherever somebody outside has asked for it.
    **{key: _then_offered(REVIEW_EFFECTS[key]) for key in ("countersign", "quality")},
}
