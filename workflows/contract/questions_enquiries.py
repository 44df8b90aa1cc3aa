"""Questions that arise from outside: information requests, the press, coroners, parallel reviews, publication.

Which kind of enquiry asks which of them, and on which clock: policy/enquiries.py.
"""

from .choices import WAYS
from .question import CHASED, Answer, Choice, Field, FieldKind, Question
from .vocabulary import Role

# Who has decided, exceptionally, that a review is published. Rule: facts.md 3, Secretary of State; 5.21.
DECIDERS = (
    Choice("secretary_of_state", "The Secretary of State"),
    Choice("chief_probation_officer", "The Chief Probation Officer"),
)
HOW_GIVEN = tuple(way for way in WAYS if way.value != "read_out")

_CLOSED = "The enquiry is closed."
_EXEMPTION = "Name the exemption in your reasons. The enquiry is closed."
_ANSWERED_ON = Field(
    "answered_on",
    "Date of the answer",
    FieldKind.DATE,
    required=False,
    hint="Leave it empty if it was today",
    is_past=True,
)


def _answered(value: str, label: str, consequence: str = _CLOSED) -> Answer:
    """One way in which a request ends: with reasons, and dated the day of this answer unless said otherwise."""
    return Answer(value, label, consequence, reasons_required=True, fields=(_ANSWERED_ON,))


_WITHDRAWN = Answer("withdrawn", "Whoever asked has withdrawn it", _CLOSED, reasons_required=True)
_INFORMATION = (
    _answered("disclosed", "Information was given"),
    _answered("disclosed_in_part", "Information was given in part", _EXEMPTION),
    _answered("refused", "The request was refused", _EXEMPTION),
    _answered("not_held", "Nothing that was asked for is held"),
)

QUESTIONS: tuple[Question, ...] = (
    Question(
        "enquiry_foi",
        Role.NATIONAL_TEAM,
        "Answer a request under the Freedom of Information Act",
        "Requests are dealt with case by case by the HMPPS SFO Team. Reviews are not published.",
        (*_INFORMATION, _answered("referred", "It was passed on"), _WITHDRAWN),
        "enquiry_foi",
        CHASED,
    ),
    Question(
        "enquiry_sar",
        Role.NATIONAL_TEAM,
        "Answer a subject access request",
        "Somebody asks for their own personal data. Each request is dealt with case by case.",
        (
            *_INFORMATION,
            Answer(
                "more_time",
                "It is complex: more time is taken",
                "Once, and only in time: whoever asked is told why before the date above. You are asked again on the longer clock, which runs from receipt too.",
                reasons_required=True,
            ),
            _WITHDRAWN,
        ),
        "enquiry_sar",
        CHASED,
    ),
    Question(
        "enquiry_media",
        Role.SENIOR_LEAD,
        "Pass a media enquiry to the press office",
        "Media enquiries are referred, never answered from the case. The review is not given to the media.",
        (
            Answer(
                "referred",
                "It was passed to the press office",
                _CLOSED,
                fields=(
                    Field("answered_on", "Date on which it was passed on", FieldKind.DATE, is_past=True),
                    Field("taken_by", "Who in the press office takes it", FieldKind.TEXT),
                ),
            ),
            Answer("no_comment", "Nothing is said to it", _CLOSED, reasons_required=True),
            _WITHDRAWN,
        ),
        "enquiry_media",
        CHASED,
    ),
    Question(
        "enquiry_review",
        Role.SFO_TEAM,
        "Decide on a request for the review by a coroner or a parallel review",
        "The review is an internal management report. A coroner may be entitled to it where there is an inquest, and it may inform a MAPPA, domestic homicide or child safeguarding review.",
        (
            Answer(
                "given",
                "The review was given",
                "It stands in the register of who has which version. Your reasons say what the entitlement rests on: the letter, the direction, the terms of reference. Nothing is given while a concern about staff safety is open.",
                reasons_required=True,
                fields=(
                    Field("entitlement", "Entitlement", FieldKind.OPTION),
                    Field(
                        "version",
                        "Version of the review",
                        FieldKind.OPTION,
                        hint="Only the accepted version may be given. Where there is none yet, it is offered here as soon as there is one",
                    ),
                    Field("given_by", "Senior manager who gave it", FieldKind.OPTION),
                    Field("received_by", "Who received it", FieldKind.TEXT, hint="Name and office"),
                    Field("how", "How", FieldKind.CHOICE, choices=HOW_GIVEN),
                    Field("given_on", "Date on which it was given", FieldKind.DATE, is_past=True),
                ),
            ),
            Answer(
                "not_entitled",
                "There is no entitlement, and it was not given",
                _CLOSED,
                reasons_required=True,
            ),
            Answer("nothing_held", "There is no review, and will be none", _CLOSED),
            Answer(
                "prevention_report",
                "It is a coroner's report to prevent future deaths",
                "For a coroner alone. You are asked for the reply instead, on its own clock, which runs from receipt.",
            ),
            _WITHDRAWN,
        ),
        "enquiry_review",
        CHASED,
    ),
    Question(
        "enquiry_prevention",
        Role.SFO_TEAM,
        "Reply to a coroner's report to prevent future deaths",
        "A coroner has reported that action should be taken to prevent future deaths. Whoever it is addressed to must reply.",
        (
            Answer(
                "replied",
                "The reply has been sent",
                _CLOSED,
                fields=(
                    Field("answered_on", "Date of the reply", FieldKind.DATE, is_past=True),
                    Field("replied_by", "Who replied", FieldKind.TEXT),
                ),
            ),
            Answer(
                "more_time",
                "The coroner has set a later date",
                "You are asked again, until that date.",
                fields=(Field("new_on", "The date that the coroner has set", FieldKind.DATE),),
            ),
            Answer("no_reply_due", "No reply is due from us", _CLOSED, reasons_required=True),
        ),
        "enquiry_coroner",
        CHASED,
    ),
    Question(
        "enquiry_publication",
        Role.NATIONAL_TEAM,
        "Decide whether this review is published",
        "Reviews are not published. Somebody with the authority to make an exception has been asked, or has decided, to publish this one.",
        (
            Answer("not_published", "It is not published", _CLOSED, reasons_required=True),
            Answer(
                "publish",
                "It is published, as an exception",
                "A public version is prepared: a text of its own, redacted, searched and released by you before anything is published.",
                reasons_required=True,
                fields=(
                    Field("decided_by", "Who decided it", FieldKind.CHOICE, choices=DECIDERS),
                    Field("decided_on", "Date of that decision", FieldKind.DATE, is_past=True),
                ),
            ),
            _WITHDRAWN,
        ),
        "enquiry_publication",
        CHASED,
    ),
    # Asked before each kind had a question of its own: a gate of it may still stand open, and its links must work.
    Question(
        "enquiry_other",
        Role.SFO_TEAM,
        "Answer an enquiry",
        "An outside body or person asks about the case.",
        (
            Answer("disclosed", "Information was given", _CLOSED, reasons_required=True),
            Answer("refused", "The request was refused", _CLOSED, reasons_required=True),
            Answer("referred", "It was passed on", _CLOSED, reasons_required=True),
        ),
        "enquiry_other",
        CHASED,
    ),
)
