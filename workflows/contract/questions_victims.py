"""Questions of a victim's or family's own leg: referral, telling, the offer, their language, the handover."""

from .choices import LANGUAGES, RECEIVERS, WAYS, WISHES, YES_NO
from .question import CHASED, Answer, Field, FieldKind, Question
from .vocabulary import Role

_AGAIN = "The leg is closed. If they change their mind, record it on this page; that opens it again."

QUESTIONS: tuple[Question, ...] = (
    Question(
        "refer",
        Role.SFO_TEAM,
        "Refer the victim or family and name their liaison officer",
        "The person was convicted. Each victim or family is referred, and has one liaison officer from now on.",
        (
            Answer(
                "referred",
                "They have been referred",
                "The liaison officer is asked to tell them at once, whether or not the review is finished.",
                fields=(
                    Field("referred_on", "Date of the referral", FieldKind.DATE, is_past=True),
                    Field("officer_name", "Name of the liaison officer", FieldKind.TEXT),
                    Field(
                        "officer_email",
                        "Email of the liaison officer",
                        FieldKind.EMAIL,
                        required=False,
                        hint="Leave it empty if it is the one shown above",
                    ),
                    Field("is_child", "Is it a child under 18?", FieldKind.CHOICE, choices=YES_NO),
                    Field(
                        "adult",
                        "Responsible adult, for a child",
                        FieldKind.TEXT,
                        required=False,
                        hint="Who is spoken with on the child's behalf; it must not be the supervised person",
                    ),
                    Field(
                        "also_known_as",
                        "Other names by which they are known",
                        FieldKind.TEXT,
                        required=False,
                        hint="Separated by commas. What leaves is searched for them",
                    ),
                ),
            ),
            Answer(
                "nobody",
                "There is nobody to tell",
                "The leg is closed with your reasons.",
                reasons_required=True,
            ),
        ),
        "victim_referral",
        CHASED,
    ),
    Question(
        "tell_family",
        Role.VICTIM_LIAISON_OFFICER,
        "Tell the victim or family that the case was supervised",
        "They are formally told that the person was under probation supervision and that the case qualifies for a review. They also hear that they can ask to see it.",
        (
            Answer(
                "told",
                "They have been told",
                "You are asked next whether they want the review.",
                fields=(Field("told_on", "Date told", FieldKind.DATE, is_past=True),),
            ),
            Answer("no_contact", "They do not want contact", _AGAIN, reasons_required=True),
        ),
        "victim_contact",
        CHASED,
    ),
    Question(
        "offer",
        Role.VICTIM_LIAISON_OFFICER,
        "Record whether they want the review",
        "A redacted copy of the full review is offered, once. No answer is not a refusal.",
        (
            Answer(
                "accepted",
                "They want it",
                "They are given the released version as soon as there is one.",
                fields=(
                    Field("wish", "How do they want it?", FieldKind.CHOICE, choices=WISHES),
                    Field("language", "In which language?", FieldKind.CHOICE, choices=LANGUAGES),
                    Field("language_other", "Which other language", FieldKind.TEXT, required=False),
                ),
            ),
            Answer("declined", "They do not want it", _AGAIN),
            Answer(
                "later",
                "They want to decide later",
                "You are asked again from the day that they named; nobody asks them before.",
                fields=(
                    Field(
                        "ask_again_on",
                        "Not before",
                        FieldKind.DATE,
                        required=False,
                        hint="The day that they named, if they named one",
                    ),
                ),
            ),
            Answer(
                "not_answered",
                "They have not answered yet",
                "You are asked again. Do not offer it a second time; wait for their answer.",
            ),
        ),
        "victim_offer",
        CHASED,
    ),
    Question(
        "language",
        Role.SFO_TEAM,
        "Arrange the language that the family asked for",
        "The review was asked for in another language than English.",
        (
            Answer(
                "translated",
                "The translation is there",
                "It is the file that you have given back on this page. It was searched like every other before it may leave.",
                fields=(Field("arranged_on", "Date", FieldKind.DATE, is_past=True),),
            ),
            Answer(
                "interpreter",
                "An interpreter will read it out",
                "The liaison officer hands it over together with the interpreter.",
                fields=(Field("arranged_on", "Date arranged", FieldKind.DATE, is_past=True),),
            ),
            Answer(
                "not_possible",
                "It is not possible",
                "The liaison officer speaks with the family about it before anything is handed over.",
                reasons_required=True,
            ),
        ),
        "victim_language",
        CHASED,
    ),
    Question(
        "handover",
        Role.VICTIM_LIAISON_OFFICER,
        "Hand over the released version",
        "The victim or family asked for the review. Offer to go through it with them, together with a senior manager.",
        (
            Answer(
                "handed_over",
                "It was handed over",
                "The leg is complete. They are told if a corrected version is released.",
                fields=(
                    Field("handed_over_on", "Date", FieldKind.DATE, is_past=True),
                    Field("given_by", "Which senior manager was there", FieldKind.OPTION),
                    Field("received_by", "Who received it", FieldKind.CHOICE, choices=RECEIVERS),
                    Field("how", "How", FieldKind.CHOICE, choices=WAYS),
                ),
            ),
            Answer("declined", "They no longer want it", _AGAIN),
        ),
        "handover",
        CHASED,
    ),
    Question(
        "tell_stopped",
        Role.VICTIM_LIAISON_OFFICER,
        "Tell the victim or family that the review will not be shared",
        "They know of the review. It may not be shared any more: the conviction was quashed, or the national SFO team has stopped it. They should hear it from you.",
        (
            Answer(
                "told",
                "They have been told",
                "The leg is closed. A new conviction opens it again, without asking twice.",
                fields=(Field("told_on", "Date told", FieldKind.DATE, is_past=True),),
            ),
            Answer(
                "not_possible",
                "It is not possible",
                "The leg is closed with your reasons.",
                reasons_required=True,
            ),
        ),
        "victim_stopped",
        CHASED,
    ),
)
