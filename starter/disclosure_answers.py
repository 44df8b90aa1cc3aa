"""Questions and their answers as sentences: "the senior lead decided 3 redactions: 2 accepted"."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

import asyncpg

from starter.views import in_words, role
from workflows.contract.choices import LANGUAGES, WAYS, WISHES
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import Rung

Row: TypeAlias = Mapping[str, Any] | asyncpg.Record
Said = Callable[[Row, Mapping[str, Any]], str]

_WISHED = {choice.value: choice.label for choice in (*LANGUAGES, *WISHES)}
_WAYS = {choice.value: choice.label for choice in WAYS}


_SYSTEM = {
    "system": "the service",
    "operations": "operations",
    "court": "the court",
    "command": "somebody by command",
    "relay": "the service",
    "court-queue": "another service",
    "intake": "the service",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What the rows are read against: questions by name, decisions by id, and which role an address has here.

    `names`: the name behind an address or a key. It is empty wherever nobody may be named.
    """

    gates: Mapping[str, Row]
    decisions: Mapping[str, Row]
    roles: Mapping[str, str]
    names: Mapping[str, str] = field(default_factory=dict)

    def who(self, actor: str) -> str:
        """Name an actor by role; whoever is in no role of this case is nobody by name all the same."""
        known = _SYSTEM.get(actor) or self.roles.get(actor.casefold())
        said = known or ("somebody without a role in this case" if "@" in actor else role(actor))
        return f"{said}{self.name_of(actor)}"

    def name_of(self, whom: str) -> str:
        """Write the name behind an address or a key in brackets; nothing where nobody is named."""
        name = self.names.get(whom.casefold())
        return f" ({name})" if name else ""


Tell = Callable[[Row, Seen], str]


def plain(code: str) -> str:
    """Write a code as words."""
    return code.replace("_", " ").replace("-", " ")


def counted(number: int, what: str) -> str:
    """Write how many there are: no finding, 1 finding, 2 findings."""
    return f"{number or 'no'} {what}{'s' if number > 1 else ''}"


def on_day(day: object, before: str = " on") -> str:
    """Write " on 12 March 2027", or nothing for what is no date."""
    try:
        return f"{before} {in_words(date.fromisoformat(str(day)))}"
    except ValueError:
        return ""


def _plainly(words: str) -> Said:
    """The same words whatever was filled in; `{0}` is the leg, the member of staff or the version."""
    return lambda gate, _fields: words.format(gate["subject"])


def _wants(gate: Row, fields: Mapping[str, Any]) -> str:
    said = [_WISHED.get(str(fields.get(name)), "").lower() for name in ("wish", "language")]
    how = ", ".join(part.replace("english", "English").replace("welsh", "Welsh") for part in said if part)
    return f"recorded that {gate['subject']} wants the review" + (f": {how}" if how else "")


def _handed(gate: Row, fields: Mapping[str, Any]) -> str:
    how = _WAYS.get(str(fields.get("how")), "")
    return f"handed the review over to {gate['subject']}" + (f", {how[0].lower()}{how[1:]}" if how else "")


def _proposed(_gate: Row, fields: Mapping[str, Any]) -> str:
    return f"proposed {counted(len(fields.get('redactions') or ()), 'redaction')}"


def _decided(_gate: Row, fields: Mapping[str, Any]) -> str:
    rows = fields.get("decisions") or ()
    accepted = sum(1 for row in rows if row.get("accepted") in (True, "yes"))
    return f"decided {counted(len(rows), 'redaction')}: {accepted} accepted, {len(rows) - accepted} refused"


def _settled(_gate: Row, fields: Mapping[str, Any]) -> str:
    return f"settled {counted(len(fields.get('leaks') or ()), 'finding')} of the search: each may stay"


ANSWERS: Mapping[tuple[str, str], Said] = {
    ("refer", "referred"): _plainly("referred {0} and named the liaison officer"),
    ("refer", "nobody"): _plainly("recorded that there is nobody to tell for {0}"),
    ("tell_family", "told"): _plainly("told {0} that the case was supervised"),
    ("tell_family", "no_contact"): _plainly("recorded that {0} wants no contact"),
    ("offer", "accepted"): _wants,
    ("offer", "declined"): _plainly("recorded that {0} does not want the review"),
    ("offer", "later"): _plainly("recorded that {0} wants to decide later"),
    ("offer", "not_answered"): _plainly("recorded that {0} has not answered yet"),
    ("language", "translated"): _plainly("said that the translation for {0} is there"),
    ("language", "interpreter"): _plainly("arranged an interpreter for {0}"),
    ("language", "not_possible"): _plainly("said that the language cannot be arranged for {0}"),
    ("handover", "handed_over"): _handed,
    ("handover", "declined"): _plainly("recorded that {0} no longer wants the review"),
    ("tell_stopped", "told"): _plainly("told {0} that the review will not be shared"),
    ("tell_stopped", "not_possible"): _plainly("said that {0} could not be told that it will not be shared"),
    ("redactions", "proposed"): _proposed,
    ("redactions", "none_needed"): _plainly("proposed that nothing more be removed"),
    ("redaction_decision", "decided"): _decided,
    ("redaction_decision", "agreed"): _plainly("agreed that nothing needs removing"),
    ("redaction_decision", "again"): _plainly("asked for other redactions"),
    ("leaks", "settled"): _settled,
    ("leaks", "redact"): _plainly("asked for more to be removed after the search"),
    ("staff_impact", "manageable"): _plainly("assessed the impact on {0} as manageable"),
    ("staff_impact", "contingency"): _plainly("asked for a contingency plan for {0}"),
    ("staff_impact", "exceptional"): _plainly("assessed the impact on {0} as exceptional, not manageable"),
    ("contingency_plan", "confirmed"): _plainly("confirmed that the contingency plan for {0} is in place"),
    ("contingency_plan", "not_possible"): _plainly("said that the contingency plan for {0} cannot be put in place"),
    ("release", "released"): _plainly("released {0}, the version for victims"),
    ("release", "not_released"): _plainly("did not release {0}, the version for victims"),
    ("release_public", "released"): _plainly("released {0}, the public version"),
    ("release_public", "not_released"): _plainly("did not release {0}, the public version"),
}


# --- rows about a question ---------------------------------------------------------------------------


def asked(row: Row, seen: Seen) -> str:
    """Say that a question was asked, of which role, until when."""
    due = on_day(row["detail"].get("due_on"), ", by")
    return f"{role(str(row['detail'].get('role', '')))} was asked: {about(row, seen)}{due}"


def recorded(row: Row, seen: Seen) -> str:
    """Say what was answered, by which role, and what came of it in numbers."""
    gate, detail = seen.gates.get(row["subject"]), row["detail"]
    decision = seen.decisions.get(str(detail.get("decision")))
    late = ", after the date" if detail.get("late") else ""
    if gate is None:
        return f"{seen.who(row['actor'])} answered {row['subject']}: {plain(str(detail.get('answer')))}{late}"
    who = f"{role(gate['role'])}{seen.name_of(row['actor'])}{by_rung(str(detail.get('rung', '')))}"
    said = ANSWERS.get((gate["question"], str(detail.get("answer"))))
    if said is None:
        return f"{who} answered “{title_of(gate)}”{whom_of(gate)}: {_label(gate, str(detail.get('answer')))}{late}"
    return f"{who} {said(gate, decision['fields'] if decision else {})}{late}"


def applied(row: Row, seen: Seen) -> str:
    """Say that an answer took effect."""
    escalated = row["detail"].get("escalation")
    follows = f", and the concern {escalated} was raised with the national SFO team" if escalated else ""
    return f"that answer took effect: {about(row, seen)}{follows}"


def refused(row: Row, seen: Seen) -> str:
    """Say that an answer could not be used, with its code."""
    return f"an answer could not be used ({row['detail'].get('code')}): {about(row, seen)}"


def chased(row: Row, seen: Seen) -> str:
    """Say which reminders and climbs there were."""
    steps = [str(step).partition(":") for step in row["detail"].get("steps", ())]
    said = [_STEPS.get(kind, plain(kind)) + (f" ({plain(rung)})" if kind == "climb" else "") for kind, _, rung in steps]
    return f"{' and '.join(dict.fromkeys(said)) or 'a step was taken'}: {about(row, seen)}"


_STEPS = {
    "remind": "whoever is asked was reminded",
    "overdue": "the answer became overdue",
    "climb": "it went one step up",
    "lapse": "the period ended",
}


def of_question(said: str) -> Tell:
    """Say this of whichever question a row is about."""
    return lambda row, seen: f"{said}: {about(row, seen)}"


def about(row: Row, seen: Seen) -> str:
    """Say which question a row is about, and whom or what that asks about."""
    gate = seen.gates.get(row["subject"])
    return f"{title_of(gate)}{whom_of(gate)}" if gate else str(row["subject"])


def title_of(gate: Row) -> str:
    """The title of the question that was asked."""
    question = QUESTIONS.get(gate["question"])
    return question.title if question else plain(gate["question"])


def _label(gate: Row, answer: str) -> str:
    question = QUESTIONS.get(gate["question"])
    found = question.answer(answer) if question else None
    return found.label if found else plain(answer)


def whom_of(gate: Row) -> str:
    """Whom or what a question is about, in brackets; nothing for none."""
    return f" ({gate['subject']})" if gate["subject"] else ""


def by_rung(rung: str) -> str:
    """Say by whom on the ladder, where it was not whoever was asked first."""
    words = {"": "", Rung.ASKED: "", Rung.DEPUTY: ", by the deputy,"}
    return words.get(rung, f", by {role(rung)},")
