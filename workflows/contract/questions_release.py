"""Questions of what may leave: redactions, what the search found, the impact on staff, the release."""

from .question import CHASED, Answer, Field, FieldKind, Question
from .vocabulary import Role

_SUMMARY = Field(
    "summary",
    "In short, in plain words",
    FieldKind.LONG_TEXT,
    hint="It opens the document: what was looked at, what was found, what changes now. Short sentences, no jargon, nobody named",
)
_REDACT_AGAIN = "The SFO Team is asked to propose again."

QUESTIONS: tuple[Question, ...] = (
    Question(
        "redactions",
        Role.SFO_TEAM,
        "Propose redactions",
        "Text is removed only where absolutely necessary, on one of three grounds, each with a note why it is necessary and proportionate.",
        (
            Answer(
                "proposed",
                "These passages",
                "A second person decides each, together with those that stand already.",
                fields=(_SUMMARY, Field("redactions", "Passages", FieldKind.REDACTIONS)),
            ),
            Answer(
                "none_needed",
                "Nothing more needs redacting",
                "A second person is asked to agree.",
                reasons_required=True,
                fields=(_SUMMARY,),
            ),
        ),
        "redaction",
        CHASED,
    ),
    Question(
        "redaction_decision",
        Role.SENIOR_LEAD,
        "Decide the proposed redactions",
        "Decide each as the second person. What you refuse will be shown to the reader.",
        (
            Answer(
                "decided",
                "These are my decisions",
                "The rendition is made from them.",
                fields=(Field("decisions", "Each passage", FieldKind.REDACTION_DECISIONS),),
            ),
            Answer(
                "agreed",
                "Nothing was proposed, and I agree that nothing needs removing",
                "The rendition is made with the whole text.",
            ),
            Answer("again", "More needs removing, or something else", _REDACT_AGAIN, reasons_required=True),
        ),
        "redaction_decision",
        CHASED,
    ),
    Question(
        "leaks",
        Role.SENIOR_LEAD,
        "Settle what the search of the finished files found",
        "Every byte of each file was searched for every name, number and removed passage of the case. Nothing leaves before each finding is settled.",
        (
            Answer(
                "settled",
                "Each of them may stay",
                "The director is asked to release it, and sees what you settled.",
                fields=(Field("leaks", "Each finding", FieldKind.LEAK_DECISIONS),),
            ),
            Answer("redact", "Something must go", _REDACT_AGAIN, reasons_required=True),
        ),
        "leaks",
        CHASED,
    ),
    Question(
        "internal_leaks",
        Role.SENIOR_LEAD,
        "Settle what the search of the finished review found",
        "The review names nobody, and every byte of its files was searched for it. It is rated once each finding is settled.",
        (
            Answer(
                "settled",
                "Each of them may stay",
                "The review goes to national quality assurance.",
                fields=(Field("leaks", "Each finding", FieldKind.LEAK_DECISIONS),),
            ),
            Answer(
                "revise",
                "Something must go",
                "The reviewing manager gets your reasons and a new round starts.",
                reasons_required=True,
            ),
        ),
        "leaks",
        CHASED,
    ),
    Question(
        "staff_impact",
        Role.HEAD_OF_PDU,
        "Assess the impact of disclosure on a member of staff",
        "Before anything leaves, the possible impact on every member of staff is considered.",
        (
            Answer("manageable", "Manageable", "Disclosure may go on for this person."),
            Answer(
                "contingency",
                "A contingency plan is needed",
                "Its owner is asked to confirm that it is in place. Nothing leaves before.",
                fields=(
                    Field("plan", "The plan, in line with staff HR procedures", FieldKind.LONG_TEXT),
                    Field("owner", "Who puts it in place", FieldKind.OPTION),
                ),
            ),
            Answer(
                "exceptional",
                "Exceptional: not manageable",
                "Disclosure is held at once and the national SFO team is contacted.",
                reasons_required=True,
            ),
        ),
        "staff_impact",
        CHASED,
    ),
    Question(
        "contingency_plan",
        Role.PLAN_OWNER,
        "Confirm that a contingency plan is in place",
        "A member of staff may be affected when the review is shared. You were named as the owner of the plan for it.",
        (
            Answer(
                "confirmed",
                "It is in place",
                "Disclosure may go on for this person.",
                fields=(Field("confirmed_on", "Since when", FieldKind.DATE, is_past=True),),
            ),
            Answer(
                "not_possible",
                "It cannot be put in place",
                "The impact is assessed again, with your reasons.",
                reasons_required=True,
            ),
        ),
        "contingency_plan",
        CHASED,
    ),
    Question(
        "release",
        Role.REGIONAL_DIRECTOR,
        "Release the victim version",
        "Only a released version may leave. It is fixed and hashed.",
        (
            Answer("released", "Release it", "The liaison officers are asked to hand it over."),
            Answer("not_released", "Do not release it", "The redactions are asked for again.", reasons_required=True),
        ),
        "release",
        CHASED,
    ),
    Question(
        "release_public",
        Role.NATIONAL_TEAM,
        "Release the public version",
        "Reviews are not published. Publication of this one was decided as an exception; this is the text that would be published.",
        (
            Answer("released", "Release it", "It may be published as it stands, and nothing else may."),
            Answer("not_released", "Do not release it", "The redactions are asked for again.", reasons_required=True),
        ),
        "release",
        CHASED,
    ),
)
