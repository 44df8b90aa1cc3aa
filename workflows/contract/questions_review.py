"""Questions of the review, its countersignature and rating, of staff and of actions."""

from .choices import ACTIONS_FIELD, RATINGS, YES_NO
from .question import CHASED, Answer, Choice, Field, FieldKind, Question, Silence
from .vocabulary import Role

QUESTIONS: tuple[Question, ...] = (
    Question(
        "commission",
        Role.SENIOR_LEAD,
        "Commission the review",
        "The reviewing manager must be independent of the line management of the case; the countersigning manager too, and neither may be the other.",
        (
            Answer(
                "appoint",
                "Appoint these managers",
                "The review starts; everyone in the case is told.",
                fields=(
                    Field("reviewer", "Reviewing manager", FieldKind.PERSON),
                    Field("countersigner", "Countersigning manager", FieldKind.PERSON),
                ),
            ),
            Answer(
                "nobody",
                "Nobody independent is available",
                "The national SFO team is asked to find a reviewer.",
                reasons_required=True,
            ),
        ),
        "commission",
        CHASED,
    ),
    Question(
        "interview",
        Role.REVIEWING_MANAGER,
        "Interview a member of staff",
        "The person has been told that a review is under way and has been given time to prepare. Ask about workload and resources; point to support.",
        (
            Answer(
                "held",
                "The interview was held",
                "The interview is recorded as held.",
                fields=(Field("held_on", "Date held", FieldKind.DATE, is_past=True),),
            ),
            Answer(
                "not_possible",
                "An interview is not possible",
                "The reason is recorded instead.",
                reasons_required=True,
            ),
        ),
        "interview",
        CHASED,
    ),
    Question(
        "draft",
        Role.REVIEWING_MANAGER,
        "Write the draft review",
        "An objective assessment of practice up to the offence, with a clear judgement whether all reasonable steps were taken. Name nobody.",
        (
            Answer(
                "draft_ready",
                "The draft is ready",
                "The Head of PDU is given the chance to comment on factual accuracy.",
                fields=(
                    Field("sources", "Sources used", FieldKind.LONG_TEXT),
                    Field("analysis", "Analysis of practice", FieldKind.LONG_TEXT),
                    Field("findings", "Strengths and deficiencies", FieldKind.FINDINGS),
                    Field(
                        "judgement",
                        "Were all reasonable steps taken?",
                        FieldKind.CHOICE,
                        choices=(*YES_NO, Choice("partly", "In part")),
                    ),
                    Field("learning", "Learning", FieldKind.LONG_TEXT),
                    ACTIONS_FIELD,
                ),
            ),
        ),
        "review",
        CHASED,
    ),
    Question(
        "facts",
        Role.HEAD_OF_PDU,
        "Comment on factual accuracy",
        "You are given the chance to comment on matters of fact in the draft before it is submitted.",
        (
            Answer(
                "comments",
                "I have comments",
                "The reviewing manager answers them.",
                reasons_required=True,
            ),
            Answer("no_comments", "I have no comments", "The review goes on."),
        ),
        "facts",
        "It is recorded that you were given the opportunity and made no comment; the review goes on.",
        Silence.LAPSE,
    ),
    Question(
        "submit",
        Role.REVIEWING_MANAGER,
        "Submit the review",
        "Confirm that you are satisfied that the Head of PDU had the chance to comment on factual accuracy.",
        (
            Answer(
                "submitted",
                "Submit the review",
                "It goes to the countersigning manager.",
                fields=(
                    Field(
                        "facts_satisfied",
                        "I am satisfied about factual accuracy",
                        FieldKind.CHOICE,
                        choices=(Choice("yes", "Yes"),),
                    ),
                ),
            ),
            Answer(
                "revise",
                "I need to revise it first",
                "You are asked for the draft again.",
                reasons_required=True,
            ),
        ),
        "review",
        CHASED,
    ),
    Question(
        "extension",
        Role.NATIONAL_TEAM,
        "Decide a request for more time",
        "The reviewing manager asks for a later date. The original date stays visible.",
        (
            Answer(
                "granted",
                "Grant",
                "The review's date moves.",
                reasons_required=True,
                fields=(Field("new_on", "New date", FieldKind.DATE),),
            ),
            Answer("refused", "Refuse", "The date stays as it is.", reasons_required=True),
        ),
        "extension",
        CHASED,
    ),
    Question(
        "countersign",
        Role.COUNTERSIGNING_MANAGER,
        "Countersign the review",
        "Read the submitted review. Confirm that you are satisfied about factual accuracy.",
        (
            Answer(
                "signed",
                "I countersign",
                "It goes to national quality assurance.",
                fields=(
                    Field(
                        "facts_satisfied",
                        "I am satisfied about factual accuracy",
                        FieldKind.CHOICE,
                        choices=(Choice("yes", "Yes"),),
                    ),
                ),
            ),
            Answer(
                "returned",
                "I return it",
                "The reviewing manager gets your reasons and a new round starts.",
                reasons_required=True,
            ),
        ),
        "countersign",
        CHASED,
    ),
    Question(
        "quality",
        Role.NATIONAL_TEAM,
        "Rate the quality of the review",
        "Four standards and a composite, each on the four-point scale.",
        (
            Answer(
                "rated",
                "Record these ratings",
                "At or above the accepted rating the review is final; below, it is returned with what must change.",
                reasons_required=True,
                fields=(
                    Field("analysis_of_practice", "Analysis of practice", FieldKind.CHOICE, choices=RATINGS),
                    Field("overall_judgements", "Overall judgements", FieldKind.CHOICE, choices=RATINGS),
                    Field("learning", "Learning", FieldKind.CHOICE, choices=RATINGS),
                    Field("victims", "Victims and their families", FieldKind.CHOICE, choices=RATINGS),
                    Field("composite", "Composite rating", FieldKind.CHOICE, choices=RATINGS),
                ),
            ),
        ),
        "quality_assurance",
        CHASED,
    ),
    Question(
        "feedback",
        None,
        "Confirm that you have had feedback",
        "You were involved in a case that was reviewed. You are owed feedback on the findings and any learning for you.",
        (
            Answer(
                "received",
                "I have had feedback",
                "It is recorded that you were fed back to.",
                fields=(Field("received_on", "Date", FieldKind.DATE, is_past=True),),
            ),
            Answer(
                "not_yet",
                "I have not had feedback",
                "The reviewing manager is reminded and you are asked again.",
            ),
        ),
        "feedback",
        "You will be reminded, and your senior lead is told, until you have had feedback.",
    ),
    Question(
        "action",
        Role.ACTION_OWNER,
        "Complete an action from the review",
        "The review's action plan names you as the owner of this action.",
        (
            Answer(
                "done",
                "It is done",
                "It is recorded with your evidence.",
                reasons_required=True,
                fields=(Field("done_on", "Date done", FieldKind.DATE, is_past=True),),
            ),
            Answer(
                "withdrawn",
                "It should be withdrawn",
                "The Head of PDU is asked to agree.",
                reasons_required=True,
            ),
        ),
        "action",
        CHASED,
    ),
    Question(
        "withdraw_action",
        Role.HEAD_OF_PDU,
        "Decide whether an action may be withdrawn",
        "The owner says that the action should be withdrawn.",
        (
            Answer("agreed", "Withdraw it", "The action is closed by your decision.", reasons_required=True),
            Answer("refused", "Keep it", "The owner is asked again.", reasons_required=True),
        ),
        "confirm_actions",
        CHASED,
    ),
)
