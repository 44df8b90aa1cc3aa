"""The columns of fields that hold rows: one description for the page, the check, the Word file and the JSON."""

from dataclasses import dataclass

from .choices import CONTACTS, FINDING_KINDS, LEVELS, REDACTION_GROUNDS, THEMES, YES_NO
from .question import Choice, FieldKind


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a row; `kind` is text, long_text, date, time, choice or hidden.

    Choices None: those that the gate's page offers, or, where it offers none, free text.
    """

    name: str
    label: str
    kind: str
    choices: tuple[Choice, ...] | None = ()


@dataclass(frozen=True, slots=True)
class GivenRows:
    """Rows that the page gives, each to be answered once.

    `listed`: under which name they stand in the page; `key`: the hidden column that says which row is meant.
    """

    listed: str
    key: str


COLUMNS: dict[FieldKind, tuple[Column, ...]] = {
    FieldKind.ACTIONS: (
        Column("what", "What is to be done", "long_text"),
        Column("owner", "Who does it", "choice", None),
        Column("due_on", "By when", "date"),
    ),
    FieldKind.SOURCES: (Column("what", "Source", "long_text"),),
    FieldKind.CHRONOLOGY: (
        Column("on", "Date", "date"),
        Column("what", "What happened", "long_text"),
        Column("source", "Source (optional)", "text"),
    ),
    FieldKind.FINDINGS: (
        Column("kind", "Strength or deficiency", "choice", FINDING_KINDS),
        Column("level", "At which level (needed for a deficiency)", "choice", LEVELS),
        Column("theme", "What it concerns (needed for a deficiency)", "choice", THEMES),
        Column("text", "What was found", "long_text"),
        Column("reasons", "Reasons (needed for a deficiency)", "long_text"),
    ),
    FieldKind.PLAN: (
        Column("finding", "Number of the finding that it answers", "text"),
        Column("what", "What is to be done", "long_text"),
        Column("owner", "Who does it", "choice", None),
        Column("due_on", "By when", "date"),
        Column("improvement", "Expected improvement", "long_text"),
    ),
    FieldKind.TIMES: (
        Column("on", "Date", "date"),
        Column("at", "Time, such as 14:30", "time"),
        Column("place", "Place, or how to join", "text"),
    ),
    FieldKind.COMMENTS: (
        Column("paragraph", "Which part of the draft", "choice", None),
        Column("comment", "Comment", "long_text"),
    ),
    FieldKind.COMMENT_ANSWERS: (
        Column("number", "Comment", "hidden"),
        Column("accepted", "Do you accept this comment?", "choice", YES_NO),
        Column("answer", "Answer (needed where it is not accepted)", "long_text"),
    ),
    FieldKind.CONTACTS: (
        Column("member", "Member of staff", "hidden"),
        Column("contact", "What was done", "choice", CONTACTS),
        Column("on_date", "Date", "date"),
        Column("outside_offered", "Was support outside of the line offered?", "choice", YES_NO),
    ),
    FieldKind.REDACTIONS: (
        Column("place", "Which part of the review", "choice", None),
        Column("passage", "The passage, word for word", "long_text"),
        Column("occurrence", "Which one, where it stands there more than once: 1, 2 or all (optional)", "text"),
        Column("ground", "Ground", "choice", REDACTION_GROUNDS),
        Column("note", "Why it is necessary and proportionate", "long_text"),
    ),
    FieldKind.REDACTION_DECISIONS: (
        Column("number", "Passage", "hidden"),
        Column("accepted", "Remove this passage?", "choice", YES_NO),
    ),
    FieldKind.LEAK_DECISIONS: (
        Column("key", "What was found", "hidden"),
        Column("harmless", "May it stay?", "choice", YES_NO),
        Column("why", "Why it gives nothing away", "long_text"),
    ),
}

GIVEN_ROWS: dict[FieldKind, GivenRows] = {
    FieldKind.REDACTION_DECISIONS: GivenRows("redactions", "number"),
    FieldKind.COMMENT_ANSWERS: GivenRows("comments", "number"),
    FieldKind.CONTACTS: GivenRows("contacts", "member"),
    FieldKind.LEAK_DECISIONS: GivenRows("leaks", "key"),
}
