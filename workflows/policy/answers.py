"""Whether an answer is complete: what a page, the command line and the settling of a gate check alike.

A message names the field and the remedy and never quotes what was typed. What a field may hold is described
in `contract/questions.py`; what depends on the case comes with the gate's page:

- `not_before`: the earliest date that may be given, ISO;
- `today`: the case's date when the answer is given, ISO, which whoever checks adds;
- `options[field]`: the people who may be chosen, the owners of actions, the paragraphs to comment on, the times;
- `redactions`, `comments`, `contacts`, `leaks`: rows that are answered one by one (`contract/columns.py`);
- `document`, `standing`: for redactions the text that they point at, and the spans that count on it already;
- `accepted_rating`: the rating at or above which a review is accepted;
- `names`, `identifiers`: who must not be named in the review, and the person's own numbers.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from workflows.contract.questions import Answer, FieldKind, Question

from .anonymity import findings_in, named_on, words_for
from .document import cross_problems
from .field_rules import Page, field_problems, plain
from .proposing import proposal_problems
from .quality import SCALE
from .redaction import Span
from .value_rules import text_problems

REASONS = 10_000


@dataclass(frozen=True)
class Problem:
    """What is wrong with one field: `answer`, `reasons`, a field's name, or `actions-2-due_on` in a row."""

    field: str
    message: str


def check_answer(
    question: Question, answer: str, fields: Mapping[str, Any], reasons: str | None, page: Page
) -> list[Problem]:
    """Name what must be put right before this answer can be recorded; an empty list: nothing.

    Rule: design.md 3.5: a decision is complete when it is recorded, since there is one per gate and round.
    """
    chosen = question.answer(answer)
    if chosen is None:
        offered = ", ".join(f"{a.label} ({a.value})" for a in question.answers)
        return [Problem("answer", f"Select an answer: {offered}")]
    together = _TOGETHER.get(question.key, _nothing)
    return [
        *_unknown(chosen, fields),
        *_fields(chosen, fields, page),
        *together(fields, page),
        *_reasons(chosen, reasons),
    ]


def _unknown(answer: Answer, fields: Mapping[str, Any]) -> Iterator[Problem]:
    known = [field.name for field in answer.fields]
    for name in sorted(set(fields) - set(known)):
        yield Problem(name, f"This answer has no field of that name; it has: {', '.join(known) or 'none'}")


def _fields(answer: Answer, fields: Mapping[str, Any], page: Page) -> Iterator[Problem]:
    for field in answer.fields:
        for place, message in field_problems(field, fields.get(field.name), page):
            yield Problem(f"{field.name}{place}", message)
    people = [f for f in answer.fields if f.kind is FieldKind.PERSON and fields.get(f.name)]
    for before, field in pairwise(people):  # Rule: Annex J: the author never countersigns
        if fields[before.name] == fields[field.name]:
            yield Problem(field.name, f"{field.label}: choose someone other than the {before.label.lower()}")


def _reasons(answer: Answer, reasons: str | None) -> Iterator[Problem]:
    if answer.reasons_required and not (reasons or "").strip():
        yield Problem("reasons", f"Reasons: enter why you answer “{answer.label}”")
    for _, message in text_problems("Reasons", reasons or "", REASONS):
        yield Problem("reasons", message)


# --- What fields say together -----------------------------------------------------------------------


def _nothing(_fields: Mapping[str, Any], _page: Page) -> Iterator[Problem]:
    return iter(())


def _draft(fields: Mapping[str, Any], page: Page) -> Iterator[Problem]:
    """The plan answers the findings, and nobody is named. Rule: Annex J; facts.md 4.2."""
    for place, message in cross_problems(fields):
        yield Problem(place, message)
    for trace in findings_in(fields, *named_on(page)) if "names" in page or "identifiers" in page else ():
        remedy = "write the role instead" if trace.what == "name" else "take it out"
        who = f" ({trace.who})" if trace.who else ""
        yield Problem(trace.field, f"{trace.place}: {words_for(trace.what)} stands there; {remedy}{who}")


def _rating(fields: Mapping[str, Any], page: Page) -> Iterator[Problem]:
    """A review that is returned is returned with what must change. Rule: Annex J; facts.md 6.1."""
    composite, accepted = fields.get("composite"), page.get("accepted_rating")
    if composite not in SCALE or accepted not in SCALE or str(fields.get("must_change") or "").strip():
        return
    if SCALE.index(composite) > SCALE.index(accepted):  # best first
        yield Problem("must_change", "What must change: enter it, since this composite rating returns the review")


def _redactions(fields: Mapping[str, Any], page: Page) -> Iterator[Problem]:
    """Each passage is found in this version, once it is clear which, and overlaps no other. Rule: Annex J."""
    rows = fields.get("redactions")
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows) or not page.get("document"):
        return
    standing = [Span(**span) for span in page.get("standing", ())]
    for place, message in proposal_problems(page["document"], rows, standing):
        yield Problem(place, message)


def _referral(fields: Mapping[str, Any], _page: Page) -> Iterator[Problem]:
    """A child is told through a responsible adult. Rule: facts.md 8.2.11, victims under 18."""
    if fields.get("is_child") == "yes" and not str(fields.get("adult") or "").strip():
        yield Problem("adult", "Responsible adult: enter who is spoken with on the child's behalf")


def _language(fields: Mapping[str, Any], _page: Page) -> Iterator[Problem]:
    if fields.get("language") == "other" and not str(fields.get("language_other") or "").strip():
        yield Problem("language_other", "Which other language: enter it")


def _leaks(fields: Mapping[str, Any], _page: Page) -> Iterator[Problem]:
    """What must go is not settled by saying so: it is redacted, and searched again."""
    rows = fields.get("leaks")
    for number, row in enumerate(rows if isinstance(rows, list) else (), start=1):
        if isinstance(row, Mapping) and plain(row.get("harmless", "")) == "no":
            remedy = "choose the answer that something must go, and say what"
            yield Problem(f"leaks-{number}-harmless", f"Row {number}: it may not stay; {remedy}")


_TOGETHER: dict[str, Callable[[Mapping[str, Any], Page], Iterator[Problem]]] = {
    "draft": _draft,
    "quality": _rating,
    "redactions": _redactions,
    "refer": _referral,
    "offer": _language,
    "leaks": _leaks,
}
