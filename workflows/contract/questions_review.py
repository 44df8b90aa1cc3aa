"""Questions of the review: who writes it, the text and its facts, its date, countersignature, rating, its actions."""

from .choices import CONFIRMED, RATINGS, YES_NO
from .question import CHASED, Answer, Choice, Field, FieldKind, Question, Silence
from .vocabulary import Role

_COUNTERSIGNER = Field("countersigner", "Countersigning manager", FieldKind.PERSON)

QUESTIONS: tuple[Question, ...] = (
    Question(
        "commission",
        Role.SENIOR_LEAD,
        "Commission the review",
        "The reviewing manager must be independent of the line management of the case, and so must the countersigning manager. One person cannot be both.",
        (
            Answer(
                "appoint",
                "Appoint these managers",
                "The review starts; everyone in the case is told.",
                fields=(Field("reviewer", "Reviewing manager", FieldKind.PERSON), _COUNTERSIGNER),
            ),
            Answer(
                "another_region",
                "Ask another region to write it",
                "Its senior lead is asked for a reviewing manager, and may decline. The date does not move.",
                reasons_required=True,
                fields=(Field("region", "Region", FieldKind.OPTION), _COUNTERSIGNER),
            ),
            Answer(
                "hmip",
                "HM Inspectorate of Probation reviews this case",
                "The national SFO team is asked to record it. The date does not move.",
                reasons_required=True,
                fields=(_COUNTERSIGNER,),
            ),
            Answer(
                "nobody",
                "Nobody independent is available",
                "The national SFO team is asked to find a reviewer.",
                reasons_required=True,
            ),
        ),
        "commission",
        "You will be reminded. After the date it goes to your deputy, then to the director, then to the national SFO team, which finds a reviewer.",
    ),
    Question(
        "lend",
        Role.OTHER_REGION_LEAD,
        "Lend a reviewing manager to another region",
        "A region has nobody independent to review one of its cases and asks yours. The review stays that region's.",
        (
            Answer(
                "accepted",
                "We lend this manager",
                "The manager is asked to write the review, with the date as it stands.",
                fields=(Field("reviewer", "Reviewing manager", FieldKind.PERSON),),
            ),
            Answer(
                "declined",
                "We cannot",
                "The region that asked goes on looking. It sees your reasons.",
                reasons_required=True,
            ),
        ),
        "lend",
        CHASED,
    ),
    Question(
        "hmip",
        Role.NATIONAL_TEAM,
        "Record a review by HM Inspectorate of Probation",
        "Rarely, the inspectorate reviews a case itself, when the Secretary of State asks. The region says that this is such a case.",
        (
            Answer(
                "recorded",
                "The inspectorate reviews it",
                "The inspectorate's reviewer is asked for the review instead of a manager of the region.",
                reasons_required=True,
                fields=(
                    Field("commissioned_on", "Date on which it was commissioned", FieldKind.DATE, is_past=True),
                    Field("reviewer_name", "The inspectorate's reviewer", FieldKind.TEXT),
                    Field("reviewer_email", "Their email address", FieldKind.EMAIL),
                ),
            ),
            Answer(
                "not_agreed",
                "The inspectorate does not review it",
                "The region is asked to commission the review again and sees your reasons.",
                reasons_required=True,
            ),
        ),
        "commission",
        CHASED,
    ),
    Question(
        "draft",
        Role.REVIEWING_MANAGER,
        "Write the draft review",
        "An objective assessment of practice up to the offence, with a clear judgement whether all reasonable steps were taken. Write roles, never names; the review can be read by itself.",
        (
            Answer(
                "draft_ready",
                "The draft is ready",
                "The Head of PDU is given the chance to comment on factual accuracy.",
                fields=(
                    Field("sources", "Sources used", FieldKind.SOURCES),
                    Field("chronology", "Chronology", FieldKind.CHRONOLOGY),
                    Field("analysis", "Analysis of practice", FieldKind.LONG_TEXT),
                    Field(
                        "findings",
                        "Strengths and deficiencies",
                        FieldKind.FINDINGS,
                        hint="One finding, one level, one thing that it concerns. Where two play a part, write two findings.",
                    ),
                    Field(
                        "judgement",
                        "Were all reasonable steps taken?",
                        FieldKind.CHOICE,
                        choices=(*YES_NO, Choice("partly", "In part")),
                    ),
                    Field("judgement_reasons", "Why this is the judgement", FieldKind.LONG_TEXT),
                    Field("learning", "Learning", FieldKind.LONG_TEXT),
                    Field(
                        "actions",
                        "Action plan",
                        FieldKind.PLAN,
                        required=False,
                        hint="Each action answers a finding, by its number above. A deficiency needs at least one action.",
                    ),
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
        "This is your chance to comment on the facts in the draft, paragraph by paragraph, before it is submitted.",
        (
            Answer(
                "comments",
                "I have comments",
                "The reviewing manager answers each of them.",
                fields=(Field("comments", "Comments", FieldKind.COMMENTS),),
            ),
            Answer("no_comments", "I have no comments", "The review goes on."),
        ),
        "facts",
        "It is recorded that you had the chance and made no comment. The review goes on.",
        Silence.LAPSE,
    ),
    Question(
        "answer_comments",
        Role.REVIEWING_MANAGER,
        "Answer the comments on factual accuracy",
        "The Head of PDU has commented on the draft. Accept each comment, or say why not. What you accept goes into the next draft.",
        (
            Answer(
                "answered",
                "These are my answers",
                "You are asked to submit the review, or to revise it first.",
                fields=(Field("answers", "Each comment", FieldKind.COMMENT_ANSWERS),),
            ),
        ),
        "answer_comments",
        CHASED,
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
                        choices=CONFIRMED,
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
                "Grant, until the date given here",
                "The review's date moves. It may be earlier than the date asked for.",
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
                        choices=CONFIRMED,
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
        "Four standards and a composite, each on the four-point scale. Where the case is in the inspectorate's sample, record the inspectorate's ratings.",
        (
            Answer(
                "rated",
                "Record these ratings",
                "At or above the accepted rating the review is final; below, it is returned with what must change.",
                reasons_required=True,
                fields=(
                    Field("rated_by", "Who rated it", FieldKind.OPTION),
                    Field("analysis_of_practice", "Analysis of practice", FieldKind.CHOICE, choices=RATINGS),
                    Field("overall_judgements", "Overall judgements", FieldKind.CHOICE, choices=RATINGS),
                    Field("learning", "Learning", FieldKind.CHOICE, choices=RATINGS),
                    Field("victims", "Victims and their families", FieldKind.CHOICE, choices=RATINGS),
                    Field("composite", "Composite rating", FieldKind.CHOICE, choices=RATINGS),
                    Field(
                        "must_change",
                        "What must change",
                        FieldKind.LONG_TEXT,
                        required=False,
                        hint="Needed where the composite is below the accepted rating. The reviewing manager reads it.",
                    ),
                ),
            ),
        ),
        "quality_assurance",
        CHASED,
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
                fields=(
                    Field("done_on", "Date done", FieldKind.DATE, is_past=True),
                    Field("evidence", "Evidence, and what has improved", FieldKind.LONG_TEXT),
                ),
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
