"""Questions of disclosure to victims and families."""

from .question import CHASED, Answer, Field, FieldKind, Question
from .vocabulary import Role

QUESTIONS: tuple[Question, ...] = (
    Question(
        "tell_family",
        Role.VICTIM_LIAISON_OFFICER,
        "Tell the victim or family that the case was supervised",
        "The person was convicted. The victim or family is formally told of the supervision and that the case qualifies.",
        (
            Answer(
                "told",
                "They have been told",
                "You are asked next whether they want the review.",
                fields=(Field("told_on", "Date told", FieldKind.DATE, is_past=True),),
            ),
            Answer(
                "no_contact",
                "They do not want contact",
                "The leg is closed; if they change their mind, tell the regional SFO Team.",
                reasons_required=True,
            ),
        ),
        "victim_contact",
        CHASED,
    ),
    Question(
        "offer",
        Role.VICTIM_LIAISON_OFFICER,
        "Record whether they want the review",
        "A redacted copy of the full review is offered. No answer is not a refusal.",
        (
            Answer("accepted", "They want it", "They are given the released version as soon as there is one."),
            Answer(
                "declined",
                "They do not want it",
                "The leg is closed; if they change their mind, tell the regional SFO Team.",
            ),
            Answer("later", "They want to decide later", "You are asked again."),
            Answer("not_answered", "They have not answered yet", "You are asked again."),
        ),
        "victim_offer",
        CHASED,
    ),
    Question(
        "redactions",
        Role.SFO_TEAM,
        "Propose redactions",
        "Text is removed only where absolutely necessary, on one of three grounds, each with a note why it is necessary and proportionate.",
        (
            Answer(
                "proposed",
                "These passages",
                "A second person decides each.",
                fields=(Field("redactions", "Passages", FieldKind.REDACTIONS),),
            ),
            Answer(
                "none_needed",
                "Nothing needs redacting",
                "A second person is asked to agree.",
                reasons_required=True,
            ),
        ),
        "redaction",
        CHASED,
    ),
    Question(
        "redaction_decision",
        Role.SENIOR_LEAD,
        "Decide the proposed redactions",
        "Decide each as the second person. What you refuse will be shown to the victim or family.",
        (
            Answer(
                "decided",
                "These are my decisions",
                "The victim rendition is made from them.",
                fields=(Field("decisions", "Each passage", FieldKind.REDACTION_DECISIONS),),
            ),
            Answer(
                "agreed",
                "Nothing was proposed, and I agree that nothing needs removing",
                "The victim version is made with the whole text.",
            ),
            Answer(
                "again",
                "More needs removing, or something else",
                "The SFO Team is asked to propose again.",
                reasons_required=True,
            ),
        ),
        "redaction_decision",
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
                "A contingency plan is in place",
                "The plan is recorded with its owner.",
                reasons_required=True,
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
        "release",
        Role.REGIONAL_DIRECTOR,
        "Release the victim version",
        "Only a released version may leave. It is fixed and hashed.",
        (
            Answer("released", "Release it", "The liaison officers are asked to hand it over."),
            Answer(
                "not_released",
                "Do not release it",
                "The redactions are asked for again.",
                reasons_required=True,
            ),
        ),
        "release",
        CHASED,
    ),
    Question(
        "handover",
        Role.VICTIM_LIAISON_OFFICER,
        "Hand over the released version",
        "The victim or family asked for the review. Offer to go through it with them.",
        (
            Answer(
                "handed_over",
                "It was handed over",
                "The leg is complete.",
                fields=(Field("handed_over_on", "Date", FieldKind.DATE, is_past=True),),
            ),
            Answer(
                "declined",
                "They no longer want it",
                "The leg is closed; if they change their mind, tell the regional SFO Team.",
            ),
        ),
        "handover",
        CHASED,
    ),
)
