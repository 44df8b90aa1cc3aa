"""What a letter says in Welsh. The English in templates and code is the key; the Welsh stands in catalogues.

What no catalogue holds, such as a fact of the case, stays English; in HTML it is marked as English.
"""

from datetime import date, datetime
from pathlib import Path
from typing import Any

from babel.dates import format_date
from babel.messages.pofile import read_po
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

import workflows.contract
from workflows.policy.due import LONDON

LETTERS = Path(__file__).parent / "letters"
CATALOGUES = (LETTERS / "layout" / "cy.po", Path(workflows.contract.__file__).parent / "questions.cy.po")


def _read() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in CATALOGUES:
        with path.open("rb") as file:
            catalogue = read_po(file, locale="cy", abort_invalid=True)
        found |= {str(one.id): str(one.string) for one in catalogue if one.id and one.string and not one.fuzzy}
    return found


_WELSH = _read()


def gettext(words: str) -> str:
    """The sentence in Welsh, or as it is."""
    return _WELSH.get(words, words)


@pass_eval_context
def ours(context: EvalContext, words: Any) -> Any:
    """Words that a letter is given in English, in Welsh where we have it; else marked as English where HTML can."""
    if words in _WELSH:
        return _WELSH[words]
    return Markup('<span lang="en">{}</span>').format(words) if context.autoescape and words else words


def in_words(on: str) -> str:
    """An ISO date in words, 12 Mawrth 2027."""
    return format_date(date.fromisoformat(on), "d MMMM y", locale="cy")


def in_words_at(at: str) -> str:
    """An ISO moment in words, London time: 12 Mawrth 2027 am 2:05yp."""
    local = datetime.fromisoformat(at).astimezone(LONDON)
    half = "yb" if local.hour < 12 else "yp"
    return f"{in_words(local.date().isoformat())} am {local.hour % 12 or 12}:{local:%M}{half}"
