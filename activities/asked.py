"""One question as it is about to be asked, and the words in which its page tells dates."""

from dataclasses import dataclass
from datetime import date

from activities.means import Means
from activities.people import Place
from workflows.contract.messages import GateRequest
from workflows.contract.questions import Question
from workflows.contract.rulebook import Rulebook
from workflows.policy.due import on_in_london

Facts = list[list[str]]


@dataclass(frozen=True)
class Asking:
    """One question as it is about to be asked."""

    place: Place
    question: Question
    request: GateRequest
    rulebook: Rulebook
    holidays: frozenset[date]
    means: Means

    @property
    def opened_on(self) -> date:
        """The date in London on which it is asked."""
        return on_in_london(self.request.at)

    @property
    def number(self) -> int:
        """The version, rendition or enquiry that the gate is about, from `v2`, `r1`, `p1`, `i2` or `3`; 0 for none."""
        digits = (self.request.subject or "").lstrip("vrpi")
        return int(digits) if digits.isdecimal() else 0


def in_words(on: date | None) -> str:
    """A date as people write it, 12 March 2027."""
    return f"{on.day} {on:%B %Y}" if on else "not recorded"
