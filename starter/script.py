"""What the invented people of the demo answer. Data only: every text is invented and says so."""

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

TODAY = "today"
FIRST = "first"


@dataclass(frozen=True, slots=True)
class Ahead:
    """A date this many days after the day on which it is typed."""

    days: int


@dataclass(frozen=True, slots=True)
class Each:
    """The same in every row that the page gives: each comment, passage or member of staff."""

    columns: dict[str, Any]


SENTENCE = "Sentence {n} of an invented review: contact was planned, recorded and followed up in the expected time."
PASSAGE = "the invented aunt heard shouting on two evenings"
SUMMARY = (
    "We looked at how this person was supervised before the offence. Much was done as it should be.\n"
    "One thing was not: when the work passed from one person to another, three weeks went by without contact.\n"
    "From now on the work is handed over in one meeting, so that this gap cannot come about again."
)


@dataclass(frozen=True, slots=True)
class Line:
    """One answer: which, what is filled in, why, and how many case days the person takes before answering."""

    answer: str
    fields: dict[str, Any] = field(default_factory=dict)
    reasons: str = ""
    after_days: float = 2.0


SILENT = Line("")
"""Nothing is answered this time."""


def _invented(sentences: int) -> str:
    return " ".join(SENTENCE.format(n=n) for n in range(1, sentences + 1))


def _rating(composite: str) -> dict[str, Any]:
    standards = ("analysis_of_practice", "overall_judgements", "learning", "victims")
    must_change = {} if composite == "good" else {"must_change": "Invented demand: say clearly what was missed."}
    return {**dict.fromkeys(standards, "good"), "rated_by": FIRST, "composite": composite, **must_change}


DRAFT = Line(
    "draft_ready",
    {
        "sources": [
            {"what": "Invented case records."},
            {"what": "Interviews with the staff who managed this invented case."},
        ],
        "chronology": [
            {"on": date(2026, 2, 2), "what": "Invented event: the first appointment was kept.", "source": "Records"},
            {"on": date(2026, 5, 11), "what": "Invented event: the case was handed over late.", "source": "Records"},
        ],
        "analysis": f"{_invented(8)}\nThe police were told that {PASSAGE}; nobody acted on it.",
        "findings": [
            {"kind": "strength", "level": "individual", "text": "Invented strength: home visits were made.",
             "reasons": "Invented reason: the practitioner had time for them."},
            {"kind": "deficiency", "level": "organisational", "theme": "workload",
             "text": "Invented deficiency: handover was late.",
             "reasons": "Invented reason: the team carried vacancies."},
        ],
        "judgement": "partly",
        "judgement_reasons": "Invented grounds: the late handover left three weeks without contact.",
        "learning": "Invented learning: hand a case over in one meeting.",
        "actions": [
            {"finding": "2", "what": "Invented action: hold one handover meeting a case.", "owner": FIRST,
             "due_on": date(2027, 6, 30), "improvement": "Invented improvement: no gap in contact."},
            {"finding": "2", "what": "Invented action: report vacancies monthly.", "owner": FIRST,
             "due_on": date(2027, 7, 30), "improvement": "Invented improvement: gaps are seen early."},
        ],
    },
    after_days=30,
)  # fmt: skip

USUAL: dict[str, Line] = {
    "notification": Line("sent", {"sent_on": TODAY}, after_days=4),
    "early_look": Line("no_action", {"referral": "no"}, "Invented reason: nothing needs doing at once.", after_days=6),
    "management_action": Line("done", {"done_on": TODAY}, after_days=5),
    "confirm_actions": Line("confirmed"),
    "commission": Line("appoint", {"reviewer": FIRST, "countersigner": FIRST}),
    "invite": Line(
        "invited",
        {
            "times": [
                {"on": Ahead(10), "at": "10:30", "place": "Invented House, room 1"},
                {"on": Ahead(11), "at": "14:00", "place": "By video"},
            ]
        },
    ),
    "invitation": Line("accepted", {"time": FIRST}, after_days=1),
    "companion": Line("agreed", reasons="Invented reason: it helps to have somebody there.", after_days=1),
    "interview": Line("held", {"held_on": TODAY, "workload_asked": "yes", "support_offered": "yes"}, after_days=12),
    "draft": DRAFT,
    "facts": Line(
        "comments",
        {"comments": [{"paragraph": FIRST, "comment": "Invented comment: the second date is a day later."}]},
        after_days=5,
    ),
    "answer_comments": Line("answered", {"answers": Each({"accepted": "yes"})}),
    "submit": Line("submitted", {"facts_satisfied": "yes"}),
    "countersign": Line("signed", {"facts_satisfied": "yes"}, after_days=4),
    "quality": Line("rated", _rating("good"), "Invented reason: a clear judgement with its grounds.", after_days=6),
    "give_feedback": Line(
        "given", {"given_on": TODAY, "learning": "Invented learning: ask for help sooner."}, after_days=4
    ),
    "feedback": Line("received", {"received_on": TODAY}, after_days=3),
    "action": Line("done", {"done_on": TODAY, "evidence": "Invented evidence: a dated note."}, after_days=12),
    "welfare": Line(
        "recorded",
        {"contacts": Each({"contact": "made", "on_date": TODAY, "outside_offered": "yes"})},
        after_days=3,
    ),
    "refer": Line(
        "referred",
        {"referred_on": TODAY, "officer_name": "Invented Liaison-Officer", "is_child": "no"},
        after_days=3,
    ),
    "tell_family": Line("told", {"told_on": TODAY}, after_days=4),
    "offer": Line("accepted", {"wish": "copy", "language": "en"}, after_days=5),
    "language": Line("interpreter", {"arranged_on": TODAY}, after_days=3),
    "redactions": Line(
        "proposed",
        {
            "summary": SUMMARY,
            "redactions": [
                {
                    "place": "analysis-2",
                    "passage": PASSAGE,
                    "ground": "third_party_confidence",
                    "note": "Invented note: told to the police in confidence, and not needed to understand the case.",
                }
            ],
        },
        after_days=5,
    ),
    "redaction_decision": Line("decided", {"decisions": Each({"accepted": "yes"})}),
    **dict.fromkeys(
        ("leaks", "internal_leaks"),
        Line("settled", {"leaks": Each({"harmless": "yes", "why": "Invented reason: an ordinary word here."})}),
    ),
    "staff_impact": Line("manageable"),
    "contingency_plan": Line("confirmed", {"confirmed_on": TODAY}),
    "release": Line("released"),
    "handover": Line(
        "handed_over",
        {"handed_over_on": TODAY, "given_by": FIRST, "received_by": "family", "how": "in_person"},
        after_days=4,
    ),
    "tell_stopped": Line("told", {"told_on": TODAY}),
    "acknowledge": Line("acknowledged", after_days=1),
    "enquiry_foi": Line("refused", reasons="Invented reason: reviews are not published.", after_days=8),
    "enquiry_sar": Line("disclosed_in_part", reasons="Invented reason: the rest is about others.", after_days=8),
    "enquiry_media": Line("referred", {"answered_on": TODAY, "taken_by": "An invented press officer"}, after_days=1),
    "enquiry_review": Line(
        "given",
        {"entitlement": FIRST, "version": FIRST, "given_by": FIRST, "received_by": "An invented coroner's officer",
         "how": "secure_email", "given_on": TODAY},
        reasons="Invented basis: the coroner's letter.",
        after_days=4,
    ),
    "enquiry_prevention": Line("replied", {"answered_on": TODAY, "replied_by": "An invented official"}, after_days=20),
    "enquiry_publication": Line("not_published", reasons="Invented reason: nothing calls for it.", after_days=8),
    "resolve": Line("release", reasons="Invented reason: the contingency plan now holds.", after_days=6),
}  # fmt: skip

# Where a case differs: by question, one line for each time it is asked; the last one stands for the rest.
ALWAYS_REVIEWED: dict[str, list[Line]] = {
    "draft": [DRAFT, replace(DRAFT, after_days=5)],
    "early_look": [
        Line(
            "actions",
            {
                "actions": [{"what": "Invented action: check every open case of the team.", "owner": FIRST,
                             "due_on": date(2026, 10, 30)}],
                "referral": "no",
            },
            after_days=6,
        )
    ],
    "invitation": [
        Line("accompanied", {"time": FIRST, "companion": "union"}, after_days=1),
        USUAL["invitation"],
    ],
    "answer_comments": [
        Line("answered", {"answers": Each({"accepted": "no", "answer": "Invented answer: the record has this date."})}),
        USUAL["answer_comments"],
    ],
    "feedback": [Line("not_yet", after_days=1), USUAL["feedback"]],
    "countersign": [
        Line("returned", reasons="Invented reason: say why the handover was late.", after_days=4),
        USUAL["countersign"],
    ],
    "quality": [
        Line("rated", _rating("requires_improvement"), "Invented reason: the judgement is not clear.", after_days=6),
        USUAL["quality"],
    ],
    "staff_impact": [
        Line("exceptional", reasons="Invented reason: a threat was made.", after_days=2),
        Line("contingency", {"plan": "Invented plan: another office for a month.", "owner": FIRST}, after_days=2),
        USUAL["staff_impact"],
    ],
}  # fmt: skip

# By the address of whoever answers, where two people are asked the same.
BY_PERSON: dict[tuple[str, str], Line] = {
    ("offer", "liaison.2.ash@invented.example.test"): Line("declined", after_days=5),
}

# The fourth case: commissioned and everybody told, and then nobody invites or writes.
SILENT_ON = ("draft", "invite")

# The draft takes its time, so that the prosecution ends in mid-review however busy the machine is.
DISCONTINUED: dict[str, list[Line]] = {"draft": [replace(DRAFT, after_days=70)]}

# Reported months late and in real time: it is overdue from the day on which it is opened.
LATE_REPORTED: dict[str, list[Line]] = {
    "notification": [Line("sent", {"sent_on": date(2026, 5, 21)}, after_days=0)],
}
