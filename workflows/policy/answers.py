"""Whether an answer is complete: what a page, the command line and the settling of a gate check alike.

A message names the field and the remedy and never quotes what was typed. What a field may hold is described
in `contract/questions.py`; what depends on the case comes with the gate's page:

- `not_before`: the earliest date that may be given, ISO;
- `today`: the case's date when the answer is given, ISO, which whoever checks adds;
- `options[field]`: the people who may be chosen, the owners of actions, the passages to be decided.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from workflows.contract.questions import Answer, FieldKind, Question

from .field_rules import Page, field_problems, text_problems

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
    return [*_unknown(chosen, fields), *_fields(chosen, fields, page), *_reasons(chosen, reasons)]


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
