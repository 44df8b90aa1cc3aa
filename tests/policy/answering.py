"""Invented answers, and what is found wrong with one."""

from typing import Any

from workflows.contract.questions import QUESTIONS
from workflows.policy.answers import Problem, check_answer

PAGE: dict[str, Any] = {"options": {}}
FINDING = {"kind": "deficiency", "level": "team", "theme": "handover", "text": "Late handover", "reasons": "Vacancies"}
ACTION = {"what": "Meet", "owner": "s1", "due_on": "2027-01-29"}
PLANNED = {**ACTION, "finding": "1", "improvement": "Cases change hands in one meeting"}
DRAFT: dict[str, Any] = {
    "sources": [{"what": "Records"}],
    "chronology": [{"on": "1998-03-02", "what": "Sentenced", "source": "Records"}],
    "analysis": "Text",
    "findings": [FINDING],
    "judgement": "partly",
    "judgement_reasons": "Text",
    "learning": "Text",
    "actions": [PLANNED],
}
OWNERS = {"options": {"actions": [{"value": "s1", "label": "A"}, {"value": "n53.senior_lead", "label": "B"}]}}


def problems(
    question: str, answer: str, fields: Any = None, reasons: str | None = None, page: Any = None
) -> list[Problem]:
    return check_answer(QUESTIONS[question], answer, fields or {}, reasons, PAGE if page is None else page)


def places(*given: Any, **more: Any) -> list[str]:
    return [problem.field for problem in problems(*given, **more)]
