"""The search attributes that operations filter by: never encrypted, so they never hold anything of a person."""

from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from .vocabulary import ClockState, Ground

STAGE = SearchAttributeKey.for_keyword("SfoStage")
REGION = SearchAttributeKey.for_keyword("SfoRegion")
PDU = SearchAttributeKey.for_keyword("SfoPdu")
GROUND = SearchAttributeKey.for_keyword("SfoGround")
AWAITING = SearchAttributeKey.for_keyword("SfoAwaiting")
DUE = SearchAttributeKey.for_datetime("SfoDue")
OVERDUE = SearchAttributeKey.for_bool("SfoOverdue")
CLOCK = SearchAttributeKey.for_keyword("SfoClock")
ESCALATION = SearchAttributeKey.for_keyword_list("SfoEscalation")
QUESTIONS = SearchAttributeKey.for_keyword_list("SfoQuestions")
GATES = SearchAttributeKey.for_keyword_list("SfoGates")
REVIEW_DUE = SearchAttributeKey.for_datetime("SfoReviewDue")
REVIEW_FIRST_DUE = SearchAttributeKey.for_datetime("SfoReviewFirstDue")


def at_start(stage: str, region: str, pdu: str, ground: Ground) -> TypedSearchAttributes:
    """The search attributes that a case, a stage and whatever stands beside them start with."""
    return TypedSearchAttributes(
        [
            SearchAttributePair(STAGE, stage),
            SearchAttributePair(REGION, region),
            SearchAttributePair(PDU, pdu),
            SearchAttributePair(GROUND, str(ground)),
            SearchAttributePair(OVERDUE, False),
            SearchAttributePair(CLOCK, str(ClockState.IN_TIME)),
        ]
    )
