"""Questions to and about the staff of a case: interviews, feedback, welfare. Rule: Annex J, feedback and care."""

from .choices import COMPANIONS, CONFIRMED
from .question import CHASED, Answer, Field, FieldKind, Question, Silence
from .vocabulary import Role

QUESTIONS: tuple[Question, ...] = (
    Question(
        "invite",
        Role.REVIEWING_MANAGER,
        "Invite a member of staff to an interview",
        "The person has been told that a review is under way. Propose times that leave them time to prepare.",
        (
            Answer(
                "invited",
                "Invite them to one of these times",
                "They are asked which time suits, and whether they want to be accompanied.",
                fields=(Field("times", "Times", FieldKind.TIMES, hint="One to three, London time"),),
            ),
            Answer(
                "not_possible",
                "An interview is not possible",
                "The reason is recorded instead.",
                reasons_required=True,
            ),
        ),
        "invite",
        CHASED,
    ),
    Question(
        "invitation",
        None,
        "Answer an invitation to an interview",
        "The interview is part of finding the facts: how the case was managed, and what made that hard, such as workload and resources. It is not a disciplinary or capability process. Support is there for you within and outside of your line.",
        (
            Answer(
                "accepted",
                "I will come",
                "The reviewing manager expects you at this time.",
                fields=(Field("time", "Which time", FieldKind.OPTION),),
            ),
            Answer(
                "accompanied",
                "I will come and ask to be accompanied",
                "The reviewing manager decides and tells you why.",
                fields=(
                    Field("time", "Which time", FieldKind.OPTION),
                    Field("companion", "By whom", FieldKind.CHOICE, choices=COMPANIONS),
                ),
            ),
            Answer(
                "another_time",
                "None of these times suits",
                "The reviewing manager proposes others.",
                reasons_required=True,
            ),
        ),
        "invitation",
        "The first of the times stands, and the reviewing manager gets in touch with you.",
        Silence.LAPSE,
    ),
    Question(
        "companion",
        Role.REVIEWING_MANAGER,
        "Decide a request to be accompanied",
        "Interviews are ordinarily only the member of staff and the reviewing manager. Each request is considered on its own.",
        (
            Answer("agreed", "They may be accompanied", "The person is told.", reasons_required=True),
            Answer(
                "not_agreed", "Not this time", "The person is told and can read your reasons.", reasons_required=True
            ),
        ),
        "companion",
        CHASED,
    ),
    Question(
        "interview",
        Role.REVIEWING_MANAGER,
        "Record an interview with a member of staff",
        "Ask about workload and resources, and point to support within and outside of the line. What was said belongs in your notes, not here.",
        (
            Answer(
                "held",
                "The interview was held",
                "The interview is recorded as held.",
                fields=(
                    Field("held_on", "Date held", FieldKind.DATE, is_past=True),
                    Field(
                        "workload_asked", "Workload and resources were asked about", FieldKind.CHOICE, choices=CONFIRMED
                    ),
                    Field("support_offered", "Support was pointed to", FieldKind.CHOICE, choices=CONFIRMED),
                ),
            ),
            Answer("rearrange", "It needs another time", "You are asked for other times.", reasons_required=True),
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
        "give_feedback",
        Role.REVIEWING_MANAGER,
        "Give feedback to a member of staff",
        "Everyone who worked with the case, agency and former staff as well, is owed feedback on the findings and on any learning for them.",
        (
            Answer(
                "given",
                "Feedback was given",
                "The person is asked to confirm it.",
                fields=(
                    Field("given_on", "Date", FieldKind.DATE, is_past=True),
                    Field(
                        "learning",
                        "Learning for this person",
                        FieldKind.LONG_TEXT,
                        hint="Only they and you read it. Enter none where there is none.",
                    ),
                ),
            ),
            Answer(
                "attempted",
                "It was tried and was not possible",
                "The attempt is recorded, with your reasons.",
                reasons_required=True,
                fields=(Field("attempted_on", "Date of the last attempt", FieldKind.DATE, is_past=True),),
            ),
        ),
        "give_feedback",
        CHASED,
    ),
    Question(
        "feedback",
        None,
        "Confirm that you have had feedback",
        "You were involved in a case that was reviewed. You are owed feedback on the findings and any learning for you. Support is there for you within and outside of your line.",
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
                "The reviewing manager is asked again, and you after that.",
            ),
        ),
        "feedback",
        "It is recorded that feedback was given to you and that you did not confirm it.",
        Silence.LAPSE,
    ),
    Question(
        "welfare",
        Role.LINE_MANAGER,
        "Make welfare contact with your staff",
        "A serious further offence is hard on everybody who worked with the case. Get in touch, and offer support outside of the line as well. Record that you did, never what was said.",
        (
            Answer(
                "recorded",
                "This is what was done",
                "It is recorded. You are asked again while the case goes on.",
                fields=(Field("contacts", "Each member of staff", FieldKind.CONTACTS),),
            ),
        ),
        "welfare",
        CHASED,
    ),
)
