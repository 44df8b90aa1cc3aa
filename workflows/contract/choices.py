"""Choices and fields that several questions share."""

from .question import Choice, Field, FieldKind
from .vocabulary import ReasonCode, Rosh

RATINGS = (
    Choice("outstanding", "Outstanding"),
    Choice("good", "Good"),
    Choice("requires_improvement", "Requires improvement"),
    Choice("inadequate", "Inadequate"),
)

RATERS = (Choice("national_team", "National SFO team"), Choice("hmip", "HM Inspectorate of Probation"))

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

# What a finding concerns. The list is ours: no national one is published (facts.md 6.4); workload and supervision are
# in it because Parliament asked how often they were a cause and nobody could say. Codes are added, never renamed.
THEMES = (
    Choice("risk_assessment", "Assessing the risk of harm"),
    Choice("risk_management", "Planning for risk and managing it"),
    Choice("information", "Asking for, checking and sharing information"),
    Choice("safeguarding", "Keeping children, partners and others safe"),
    Choice("contact", "Contact, engagement and home visits"),
    Choice("enforcement", "Enforcement and recall"),
    Choice("advice", "Advice to the court or the Parole Board"),
    Choice("other_agencies", "Work with other agencies"),
    Choice("handover", "Allocation and handover of the case"),
    Choice("records", "Records"),
    Choice("supervision", "Supervision and management oversight"),
    Choice("workload", "Workload and staffing"),
    Choice("training", "Training and guidance"),
    Choice("other", "Something else"),
)

FINDING_KINDS = (Choice("strength", "Strength"), Choice("deficiency", "Deficiency"))

# Rule: Annex J, redaction grounds (i), (ii), (iii).
REDACTION_GROUNDS = (
    Choice("third_party_confidence", "Given in confidence by a third party"),
    Choice("personal_data", "Personal data of the supervised person, others or staff"),
    Choice("third_party_not_public", "Third-party personal data not in the public domain"),
)

LANGUAGES = (Choice("en", "English"), Choice("cy", "Welsh"), Choice("other", "Another language"))

# How a family wants the review; whoever cannot or does not want to read it has it read out.
WISHES = (
    Choice("copy", "A copy to keep"),
    Choice("read_out", "To have it read out"),
    Choice("both", "Both"),
)

RECEIVERS = (
    Choice("victim", "The victim"),
    Choice("family", "The family"),
    Choice("responsible_adult", "The responsible adult of a child"),
    Choice("representative", "Somebody whom they have named"),
)

WAYS = (
    Choice("in_person", "In person, as a copy"),
    Choice("read_out", "In person, read out"),
    Choice("post", "By recorded post"),
    Choice("secure_email", "By secure email"),
)

# Rule: Annex J, welfare within and outside line management; the contact is recorded, never what was said.
CONTACTS = (
    Choice("made", "Contact was made"),
    Choice("not_wanted", "Offered, not wanted"),
    Choice("not_possible", "Not possible now"),
)

COMPANIONS = (Choice("union", "A trade union representative"), Choice("colleague", "A colleague"))

# Why more time is asked for: a code that may stand in a history, and the words of the page.
MORE_TIME_BECAUSE = (
    Choice(ReasonCode.TRIAL, "A trial or another proceeding stands in the way"),
    Choice(ReasonCode.WAITING_FOR_INFORMATION, "Somebody else must give information first"),
    Choice(ReasonCode.ILLNESS, "Illness"),
    Choice(ReasonCode.ABSENCE, "Somebody who must be heard is away"),
    Choice(ReasonCode.WORKLOAD, "Too much other work"),
    Choice(ReasonCode.OTHER, "Another reason"),
)

CONFIRMED = (Choice("yes", "Yes"),)

REFERRAL_FIELD = Field(
    "referral",
    "Was a referral to a separate process made?",
    FieldKind.CHOICE,
    choices=YES_NO,
    hint="Only the fact is recorded, apart from the review, never its content",
    is_walled=True,
)

ACTIONS_FIELD = Field("actions", "Actions", FieldKind.ACTIONS, hint="What is to be done, by whom and by when")
