"""Every question that a stage can ask, by key. How one is described: question.py; the questions: questions_*.py."""

from .choices import CONTACTS, FINDING_KINDS, LEVELS, RATINGS, REDACTION_GROUNDS, ROSH_LABELS, THEMES, YES_NO
from .question import Answer, Choice, Field, FieldKind, Question, Silence
from .questions_case import QUESTIONS as OF_THE_CASE
from .questions_enquiries import QUESTIONS as OF_ENQUIRIES
from .questions_release import QUESTIONS as OF_THE_RELEASE
from .questions_review import QUESTIONS as OF_THE_REVIEW
from .questions_staff import QUESTIONS as OF_STAFF
from .questions_victims import QUESTIONS as OF_VICTIMS

__all__ = [
    "CONTACTS",
    "FINDING_KINDS",
    "LEVELS",
    "QUESTIONS",
    "RATINGS",
    "REDACTION_GROUNDS",
    "ROSH_LABELS",
    "THEMES",
    "YES_NO",
    "Answer",
    "Choice",
    "Field",
    "FieldKind",
    "Question",
    "Silence",
]

_ALL = (*OF_THE_CASE, *OF_THE_REVIEW, *OF_STAFF, *OF_VICTIMS, *OF_THE_RELEASE, *OF_ENQUIRIES)
QUESTIONS: dict[str, Question] = {q.key: q for q in _ALL}
