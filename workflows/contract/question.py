"""How a question is described: who, which answers, which fields, by when, what silence means.

Pages, letters, checks and documents are made from these descriptions, so a new kind of gate needs no new template.
Only dates, choices and keys reach a history; what a person types stays in the record.
"""

from dataclasses import dataclass
from enum import StrEnum

from .vocabulary import Role


class FieldKind(StrEnum):
    """What a field holds and how a page shows it."""

    DATE = "date"
    CHOICE = "choice"
    PERSON = "person"
    TEXT = "text"
    LONG_TEXT = "long_text"
    EMAIL = "email"
    OPTION = "option"
    TIMES = "times"
    ACTIONS = "actions"
    SOURCES = "sources"
    CHRONOLOGY = "chronology"
    FINDINGS = "findings"
    PLAN = "plan"
    COMMENTS = "comments"
    COMMENT_ANSWERS = "comment_answers"
    CONTACTS = "contacts"
    REDACTIONS = "redactions"
    REDACTION_DECISIONS = "redaction_decisions"
    LEAK_DECISIONS = "leak_decisions"

    @property
    def is_safe_for_history(self) -> bool:
        """Whether the value is a date, a choice or a key and so may stand in a history."""
        return self in (FieldKind.DATE, FieldKind.CHOICE, FieldKind.PERSON, FieldKind.OPTION)


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
    """One thing to fill in. A PERSON's options are computed when the gate opens, with the reasons for refusals.

    An OPTION's are computed too; its values are keys or numbers. `is_past`: a DATE of something that has happened,
    which cannot lie in the future. `is_walled`: the value is kept apart and stands in no history and no decision.
    """

    name: str
    label: str
    kind: FieldKind
    required: bool = True
    hint: str = ""
    choices: tuple[Choice, ...] = ()
    is_past: bool = False
    is_walled: bool = False


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
        """Whether the answer carries what operations cannot type in the Temporal UI; a reason code does for reasons."""
        return any(f.required for f in self.fields)


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

    @property
    def walled(self) -> tuple[str, ...]:
        """The fields whose values no decision keeps once it was applied or made void. Rule: facts.md 5.15, 5.16."""
        return tuple(sorted({field.name for answer in self.answers for field in answer.fields if field.is_walled}))


CHASED = "You will be reminded. After the date it goes to your deputy, then to the senior lead, and further up."
