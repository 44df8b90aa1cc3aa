"""What a page says in Welsh. The English stands in templates and code and is the key; the Welsh stands in catalogues.

What no catalogue holds stays English and is marked as English, so that a screen reader reads it as such.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po
from markupsafe import Markup

import workflows.contract
from starter.language import is_welsh
from starter.remedies import REMEDIES

CATALOGUES = (
    Path(__file__).parent / "pages" / "cy.po",
    Path(workflows.contract.__file__).parent / "questions.cy.po",
)
_PROBLEM = re.compile(r"(?P<label>[^:]{1,120}?)(?:, row (?P<row>\d+))?: (?P<remedy>.+)", re.DOTALL)


class Ours(str):
    """A sentence of ours: in English as it stands, with what is needed to say it in Welsh. Gaps are `%(name)s`."""

    words: str
    gaps: dict[str, object]

    def __new__(cls, words: str, **gaps: object) -> "Ours":
        """The sentence with its gaps filled."""
        made = super().__new__(cls, words % gaps if gaps else words)
        made.words, made.gaps = words, gaps
        return made


def read_catalogues(paths: Iterable[Path]) -> dict[str, str]:
    """The Welsh for each English sentence that has one. Errors: babel's, for a file that is no catalogue."""
    found: dict[str, str] = {}
    for path in paths:
        with path.open("rb") as file:
            catalogue = read_po(file, locale="cy", abort_invalid=True)
        found |= {str(one.id): str(one.string) for one in catalogue if one.id and one.string and not one.fuzzy}
    return found


_WELSH = read_catalogues(CATALOGUES)


def gettext(words: str) -> str:
    """The sentence in the language of the page."""
    return _WELSH.get(words, words) if is_welsh() else words


def ngettext(one: str, many: str, count: int) -> str:
    """The sentence for this number. Both have their Welsh, which is worded so that no number changes it."""
    return gettext(one if count == 1 else many)


def in_each(words: str) -> tuple[str, ...]:
    """The sentence as an email has it: in English, or in Welsh and then in English."""
    return (gettext(words), words) if is_welsh() else (words,)


def ours(words: Any) -> Any:
    """Words that we wrote and a page is given, in its language, or marked as English."""
    if not is_welsh() or not words or isinstance(words, Markup):
        return words
    found = _in_welsh(words)
    return english(words) if found is None else found


def told(value: Any) -> Any:
    """The same for a value that may also be somebody's own words, which are shown as they were typed."""
    return ours(value) if isinstance(value, Ours) else value


def plainly(words: str) -> str:
    """The same where nothing can be marked: in the title of a page, in the options of a list."""
    return (_in_welsh(words) if is_welsh() else None) or words


def problem(message: str) -> str:
    """What is wrong with an input, `Label: remedy` or `Label, row 2: remedy`, in the language of the page."""
    if not is_welsh() or isinstance(message, Markup):
        return message
    return _problem(message) or english(message)


def english(words: str) -> str:
    """Words that stay as somebody wrote them in English, marked as such on a Welsh page."""
    return Markup('<span lang="en">{}</span>').format(words) if is_welsh() and words else words


def in_english() -> Markup:
    """An attribute for an element of a Welsh page that holds English: a fact, a document, somebody's reasons."""
    return Markup(' lang="en"') if is_welsh() else Markup("")


def is_in_welsh(words: str) -> bool:
    """Whether a catalogue holds this sentence."""
    return _in_welsh(words) is not None


def _in_welsh(words: str) -> str | None:
    if not isinstance(words, Ours):
        return _WELSH.get(str(words))
    found = _WELSH.get(words.words)
    gaps = {name: _WELSH.get(str(value), value) for name, value in words.gaps.items()}
    return found % gaps if found and gaps else found


def _problem(message: str) -> str | None:
    if found := _in_welsh(message) or _remedy(message):
        return found
    parts = _PROBLEM.fullmatch(message)
    if parts is None:
        return None
    label, remedy = _WELSH.get(parts["label"]), _problem(parts["remedy"])
    row = f", {gettext('row')} {parts['row']}" if parts["row"] else ""
    return f"{label}{row}: {remedy}" if label and remedy else None


def _remedy(message: str) -> str | None:
    """A remedy with something of the case in it, such as a date."""
    for words, form in _FORMS.items():
        if words in _WELSH and (found := form.fullmatch(message)):
            return _WELSH[words] % {name: _WELSH.get(value, value) for name, value in found.groupdict().items()}
    return None


def _form(words: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+)", re.escape(words)), re.DOTALL)


_FORMS = {words: _form(words) for words in REMEDIES if "%(" in words}
