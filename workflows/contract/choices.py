"""Choices and fields that several questions share."""

from .question import Choice, Field, FieldKind
from .vocabulary import Rosh

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
