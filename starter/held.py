"""How a column of the record is declared: whose data it is, in what words it is told, and how it is handed out.

`held_columns.HELD` declares every column by `table.column`; a test holds it against the schema.
"""

from dataclasses import dataclass
from enum import StrEnum


class Whose(StrEnum):
    """Whose data a column holds. `NOBODY`: it tells of no one alone, and is told with a row that is somebody's."""

    SUBJECT = "subject"  # the supervised person
    VICTIM = "victim"
    STAFF = "staff"
    MANAGER = "manager"  # whoever is asked, decides, or is written to
    ENQUIRER = "enquirer"
    READER = "reader"
    NOBODY = "nobody"


class How(StrEnum):
    """How a column is handed out to the person whose row it is."""

    SHOWN = "shown"
    DATA = "data"  # in the file for machines alone: a technical value
    TEXT = "text"  # somebody wrote it: a person decides passage by passage
    EMAIL = "email"
    KEY = "key"
    NAME = "name"
    TEAM = "team"  # a list of people, of whom only the person's own entry is told
    SENTENCE = "sentence"  # told as the sentence of its row of the audit
    NEVER = "never"  # a secret of the service; said in words instead


IDENTIFYING = frozenset({How.EMAIL, How.KEY, How.NAME, How.TEAM})


@dataclass(frozen=True, slots=True)
class Held:
    """One column. `of`: which person of its row an identifying column describes, such as `deputy`."""

    whose: Whose
    words: str
    how: How = How.SHOWN
    of: str = ""


class By(StrEnum):
    """How a row leads to its case."""

    CASE = "case"
    GATE = "gate"
    LINK = "link"
    LETTER = "letter"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Table:
    """What the rows of a table are. `about`: the column that numbers whom a row is about, s2 or v1.

    `is_of_subject`: rows of a case are about its supervised person unless they are about somebody by number.
    """

    words: str
    source: str
    kept: str
    since: str
    by: By = By.CASE
    about: str = ""
    is_of_subject: bool = False


def told(whose: Whose, words: str) -> Held:
    """Declare a value that is told to this one."""
    return Held(whose, words)


def plain(words: str) -> Held:
    """Declare a value that tells of no one alone."""
    return Held(Whose.NOBODY, words)


def technical(words: str) -> Held:
    """Declare a value that only the file for machines holds."""
    return Held(Whose.NOBODY, words, How.DATA)


def written(words: str, whose: Whose = Whose.NOBODY) -> Held:
    """Declare words that somebody wrote."""
    return Held(whose, words, How.TEXT)


def email(words: str, of: str, whose: Whose = Whose.MANAGER) -> Held:
    """Declare the address of somebody."""
    return Held(whose, words, How.EMAIL, of)


def key(words: str, of: str, whose: Whose = Whose.MANAGER) -> Held:
    """Declare the directory key or the number of somebody."""
    return Held(whose, words, How.KEY, of)


def name(words: str, of: str, whose: Whose = Whose.MANAGER) -> Held:
    """Declare the name of somebody."""
    return Held(whose, words, How.NAME, of)


def never(words: str) -> Held:
    """Declare what is not handed out; the words say what it is."""
    return Held(Whose.NOBODY, words, How.NEVER)
