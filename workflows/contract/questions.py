"""Every question that a stage can ask: who, which answers, which fields, by when, what silence means.

Pages, letters, checks and documents are made from these descriptions, so a new kind of gate needs no new template.
Only dates, choices and keys reach a history; what a person types stays in the record.
"""

from dataclasses import dataclass
from enum import StrEnum

from .vocabulary import Role, Rosh


class FieldKind(StrEnum):
    """What a field holds and how a page shows it."""

    DATE = "date"
    CHOICE = "choice"
    PERSON = "person"
    TEXT = "text"
    LONG_TEXT = "long_text"
    ACTIONS = "actions"
    FINDINGS = "findings"
    REDACTIONS = "redactions"
    REDACTION_DECISIONS = "redaction_decisions"

    @property
    def is_safe_for_history(self) -> bool:
        """Whether the value is a date, a choice or a key and so may stand in a history."""
        return self in (FieldKind.DATE, FieldKind.CHOICE, FieldKind.PERSON)


class Silence(StrEnum):
    """What it means when nobody answers."""

    CHASE = "chase"
    LAPSE = "lapse"


@dataclass(frozen=True)
class Choice:
    """One option: the value that is stored and the words that are shown."""

    value: str
    label: str


@dataclass(frozen=True)
class Field:
    """One thing to fill in. A PERSON's options are computed when the gate opens, with the reasons for refusals."""

    name: str
    label: str
    kind: FieldKind
    required: bool = True
    hint: str = ""
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class Answer:
    """One answer: its value, its label, what follows from it, and the fields that belong to it."""

    value: str
    label: str
    consequence: str
    reasons_required: bool = False
    fields: tuple[Field, ...] = ()

    @property
    def needs_the_page(self) -> bool:
        """Whether the answer carries anything that operations cannot type in the Temporal UI."""
        return self.reasons_required or any(f.required for f in self.fields)


@dataclass(frozen=True)
class Question:
    """One question. `role` None: the member of staff whom the gate is about. `deadline` is a rulebook key."""

    key: str
    role: Role | None
    title: str
    why: str
    answers: tuple[Answer, ...]
    deadline: str
    if_silent: str
    silence: Silence = Silence.CHASE

    def answer(self, value: str) -> Answer | None:
        """The answer with this value, or none."""
        return next((a for a in self.answers if a.value == value), None)


CHASED = "You will be reminded. After the date it goes to your deputy, then to the senior lead, and further up."

RATINGS = (
    Choice("outstanding", "Outstanding"),
    Choice("good", "Good"),
    Choice("requires_improvement", "Requires improvement"),
    Choice("inadequate", "Inadequate"),
)

YES_NO = (Choice("yes", "Yes"), Choice("no", "No"))

ROSH_LABELS = {
    Rosh.LOW: "Low",
    Rosh.MEDIUM: "Medium",
    Rosh.HIGH: "High",
    Rosh.VERY_HIGH: "Very high",
    Rosh.NEVER_ASSESSED: "Never assessed in this sentence",
}

LEVELS = (
    Choice("individual", "Individual"),
    Choice("team", "Team"),
    Choice("organisational", "Organisational"),
    Choice("mix", "A mix of these"),
)

# Rule: Annex J, redaction grounds (i), (ii), (iii).
REDACTION_GROUNDS = (
    Choice("third_party_confidence", "Given in confidence by a third party"),
    Choice("personal_data", "Personal data of the supervised person, others or staff"),
    Choice("third_party_not_public", "Third-party personal data not in the public domain"),
)

ACTIONS_FIELD = Field("actions", "Actions", FieldKind.ACTIONS, hint="What is to be done, by whom and by when")

QUESTIONS: dict[str, Question] = {
    q.key: q
    for q in (
        # --- charge ---------------------------------------------------------------------------
        Question(
            "rosh",
            Role.SPOC,
            "Record the highest risk of serious harm",
            "The charge file does not say how the risk of serious harm was assessed. The answer decides whether a review is due.",
            tuple(
                Answer(v, label, "The review criteria are run again with this level.")
                for v, label in ROSH_LABELS.items()
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
        # --- notification and early look -------------------------------------------------------
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
                    fields=(Field("sent_on", "Date sent", FieldKind.DATE),),
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
                    fields=(
                        Field(
                            "referral",
                            "Was a referral to a separate process made?",
                            FieldKind.CHOICE,
                            choices=YES_NO,
                            hint="Only the fact is recorded here, never its content",
                        ),
                    ),
                ),
                Answer(
                    "actions",
                    "Immediate management action is needed",
                    "Each owner is asked to act, then the Head of PDU confirms.",
                    fields=(
                        ACTIONS_FIELD,
                        Field(
                            "referral",
                            "Was a referral to a separate process made?",
                            FieldKind.CHOICE,
                            choices=YES_NO,
                            hint="Only the fact is recorded here, never its content",
                        ),
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
                    fields=(Field("done_on", "Date done", FieldKind.DATE),),
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
        # --- review -----------------------------------------------------------------------------
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
                    fields=(Field("held_on", "Date held", FieldKind.DATE),),
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
        # --- countersign and quality --------------------------------------------------------------
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
        # --- staff, actions -------------------------------------------------------------------------
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
                    fields=(Field("received_on", "Date", FieldKind.DATE),),
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
                    fields=(Field("done_on", "Date done", FieldKind.DATE),),
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
        # --- victims ----------------------------------------------------------------------------------
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
                    fields=(Field("told_on", "Date told", FieldKind.DATE),),
                ),
                Answer(
                    "no_contact",
                    "They do not want contact",
                    "The leg is closed; they may come back at any time.",
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
                Answer("declined", "They do not want it", "The leg is closed; they may come back at any time."),
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
                    fields=(Field("handed_over_on", "Date", FieldKind.DATE),),
                ),
                Answer("declined", "They no longer want it", "The leg is closed; they may come back at any time."),
            ),
            "handover",
            CHASED,
        ),
        # --- national team ---------------------------------------------------------------------------
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
        Question(
            "enquiry_foi",
            Role.NATIONAL_TEAM,
            "Answer a request under the Freedom of Information Act",
            "Requests are dealt with case by case by the HMPPS SFO Team. Reviews are not published.",
            (
                Answer("disclosed", "Information was given", "The enquiry is closed.", reasons_required=True),
                Answer("refused", "The request was refused", "The enquiry is closed.", reasons_required=True),
                Answer("referred", "It was passed on", "The enquiry is closed.", reasons_required=True),
            ),
            "enquiry_foi",
            CHASED,
        ),
        Question(
            "enquiry_other",
            Role.SFO_TEAM,
            "Answer an enquiry",
            "An outside body or person asks about the case.",
            (
                Answer("disclosed", "Information was given", "The enquiry is closed.", reasons_required=True),
                Answer("refused", "The request was refused", "The enquiry is closed.", reasons_required=True),
                Answer("referred", "It was passed on", "The enquiry is closed.", reasons_required=True),
            ),
            "enquiry_other",
            CHASED,
        ),
    )
}
