"""Questions about the charge, the notification, the early look, and those that go to the national team."""

from .choices import ACTIONS_FIELD, REFERRAL_FIELD, ROSH_LABELS
from .question import CHASED, Answer, Field, FieldKind, Question
from .vocabulary import Role

QUESTIONS: tuple[Question, ...] = (
    Question(
        "rosh",
        Role.SPOC,
        "Record the highest risk of serious harm",
        "The charge file does not say how the risk of serious harm was assessed. The answer decides whether a review is due.",
        tuple(
            Answer(v, label, "The review criteria are run again with this level.") for v, label in ROSH_LABELS.items()
        ),
        "criteria_answer",
        CHASED,
    ),
    Question(
        "offence_class",
        Role.NATIONAL_TEAM,
        "Say how the charged offence stands to the SFO list",
        "The offence code is not on the list that this service holds, or the victim's age is missing where it decides.",
        (
            Answer("mandatory", "Always reviewed", "The case is reviewed."),
            Answer("qualifying", "Qualifying", "The case is reviewed if the risk condition is met."),
            Answer(
                "not_sfo",
                "Not a serious further offence",
                "No review, unless it is in the public interest.",
            ),
        ),
        "criteria_answer",
        CHASED,
    ),
    Question(
        "public_interest",
        Role.NATIONAL_TEAM,
        "Decide whether a review is in the public interest",
        "The charge does not meet the criteria. Someone has proposed a review in the public interest.",
        (
            Answer(
                "review",
                "Review",
                "The case is reviewed on the ground of public interest.",
                reasons_required=True,
            ),
            Answer(
                "no_review",
                "No review",
                "The case is not reviewed unless the charge changes.",
                reasons_required=True,
            ),
        ),
        "criteria_answer",
        CHASED,
    ),
    Question(
        "reduced_charge",
        Role.NATIONAL_TEAM,
        "Decide whether the review goes on after a reduced charge",
        "The charge was amended and no longer meets the criteria, but a review is under way or done.",
        (
            Answer("goes_on", "The review goes on", "Nothing changes.", reasons_required=True),
            Answer(
                "stops",
                "The review stops",
                "The review is not completed; everyone in it is told.",
                reasons_required=True,
            ),
        ),
        "criteria_answer",
        CHASED,
    ),
    Question(
        "notification",
        Role.SPOC,
        "Notify the HMPPS SFO Team",
        "The supervised person has appeared in court charged with a serious further offence.",
        (
            Answer(
                "sent",
                "The notification has been sent",
                "The date is recorded; the review's clock counts from the rulebook's anchor.",
                fields=(Field("sent_on", "Date sent", FieldKind.DATE, is_past=True),),
            ),
        ),
        "notification",
        CHASED,
    ),
    Question(
        "early_look",
        Role.SFO_TEAM,
        "Complete the early look into practice",
        "After the court appearance the regional SFO Team looks whether immediate management action is needed.",
        (
            Answer(
                "no_action",
                "No immediate action needed",
                "The early look ends.",
                reasons_required=True,
                fields=(REFERRAL_FIELD,),
            ),
            Answer(
                "actions",
                "Immediate management action is needed",
                "Each owner is asked to act, then the Head of PDU confirms.",
                fields=(
                    ACTIONS_FIELD,
                    REFERRAL_FIELD,
                ),
            ),
        ),
        "early_look",
        CHASED,
    ),
    Question(
        "management_action",
        Role.ACTION_OWNER,
        "Carry out a management action",
        "The early look found that immediate management action is needed and named you as its owner.",
        (
            Answer(
                "done",
                "It is done",
                "The Head of PDU is asked to confirm.",
                fields=(Field("done_on", "Date done", FieldKind.DATE, is_past=True),),
            ),
            Answer(
                "withdrawn",
                "It is no longer needed",
                "The Head of PDU sees your reasons.",
                reasons_required=True,
            ),
        ),
        "management_action",
        CHASED,
    ),
    Question(
        "confirm_actions",
        Role.HEAD_OF_PDU,
        "Confirm the immediate management actions",
        "Each action from the early look has been reported as done or withdrawn.",
        (
            Answer("confirmed", "I confirm the actions", "The early look ends."),
            Answer(
                "not_confirmed",
                "I cannot confirm them",
                "The owners are asked again.",
                reasons_required=True,
            ),
        ),
        "confirm_actions",
        CHASED,
    ),
    Question(
        "acknowledge",
        Role.NATIONAL_TEAM,
        "Acknowledge an escalation",
        "A case has been escalated to the national SFO team.",
        (Answer("acknowledged", "We have it", "The case is told. You are asked for the outcome next."),),
        "escalation_ack",
        "The escalation stays open and is chased every working week.",
    ),
    Question(
        "resolve",
        Role.NATIONAL_TEAM,
        "Resolve an escalation",
        "The case obeys the outcome.",
        (
            Answer("release", "Release: the case goes on", "Any hold ends.", reasons_required=True),
            Answer(
                "hold",
                "Hold: keep it as it is",
                "The hold stays and you are asked again.",
                reasons_required=True,
            ),
            Answer(
                "change",
                "Change: the region must change something",
                "The case goes on after the region is told.",
                reasons_required=True,
            ),
            Answer("stop", "Stop", "What was held does not happen.", reasons_required=True),
        ),
        "escalation_resolve",
        "The escalation stays open and is chased every working week.",
    ),
)
