"""The rows of the audit chain about a disclosure as sentences for a person: what happened, by whom, to which leg.

People are roles, families and staff numbers; nobody is named. A row of a kind that this file does not know is shown
in plain words all the same, so that nothing of the chain is hidden.
"""

import re
from collections.abc import Mapping
from typing import Any

from starter import disclosure_answers as answers
from starter.disclosure_answers import Row, Seen, Tell, by_rung, counted, of_question, on_day, plain, title_of, whom_of
from starter.register import INTERNAL
from starter.rendition_files import FORMAT_WORDS, language_in_words
from starter.views import role
from workflows.contract.rendition import FileFormat
from workflows.contract.vocabulary import CourtEventKind

_ELSEWHERE = frozenset(
    {
        "at_risk", "bank_holiday_announced", "case_opened", "case_related", "case_transferred", "charge_amended",
        "charge_judged", "clock_paused", "clock_resumed", "deadline_fixed", "deadline_moved", "enquiry_received",
        "extension_requested", "manager_replaced", "pause_refused", "pause_requested", "replace_manager_requested",
        "replacement_refused", "resume_requested", "review_overdue", "told", "transfer_refused", "transfer_requested",
    }
)  # fmt: skip
"""Rows that are never about a disclosure. Whatever is not known is taken to be about it."""

_QUESTIONS = frozenset(
    {
        "refer", "tell_family", "offer", "language", "handover", "tell_stopped", "redactions", "redaction_decision",
        "leaks", "staff_impact", "contingency_plan", "release", "release_public",
    }
)  # fmt: skip
_SAFETY = "staff_safety"


def is_about_disclosure(row: Row, seen: Seen) -> bool:
    """Whether a row of the chain belongs to the story of the disclosure."""
    gate = seen.gates.get(row["subject"])
    if gate is not None:
        is_asked = gate["question"] in _QUESTIONS or str(gate["stage"]).startswith("victim-disclosure")
        return is_asked or str(gate["subject"] or "").startswith(_SAFETY)
    if row["action"] == "concern_raised":
        return _SAFETY in row["subject"]
    if row["action"] == "stage_ended":
        return str(row["subject"]).startswith("victim-disclosure")
    if row["action"] == "nobody_eligible":
        return "/victim-disclosure" in row["subject"]
    if row["subject"][:1] == "i" and row["subject"][1:].isdecimal() and row["action"] != "rendition_downloaded":
        return False  # the internal version was made and searched for its rating
    return row["action"] not in _ELSEWHERE and "/escalation/" not in row["subject"]


def sentence(row: Row, seen: Seen, sentences: Mapping[str, Tell] | None = None) -> str:
    """Say what a row of the chain says; one that does not hold what its kind should is shown as it is.

    `sentences`: other words than those of the story of a disclosure. Whatever a row holds, no address is shown.
    """
    try:
        said = (SENTENCES if sentences is None else sentences).get(row["action"], _unknown)(row, seen)
    except (KeyError, TypeError, ValueError, AttributeError):
        said = _unknown(row, seen)
    return _ADDRESS.sub("(an address)", said)


_ADDRESS = re.compile(r"[^\s,;:()\[\]{}'\"“”]*@[^\s,;:()\[\]{}'\"“”]*")


# --- what else happened ------------------------------------------------------------------------------


def _court(row: Row, _seen: Seen) -> str:
    detail = row["detail"]
    kind = str(detail.get("kind", ""))
    return f"the court: {_COURT.get(kind, plain(kind))}{on_day(detail.get('on'))}"


_COURT: Mapping[str, str] = {
    CourtEventKind.QUASHED: "the conviction was quashed",
    CourtEventKind.DIED_RESPONSIBLE: "the person died and was found responsible",
}


def _reported(row: Row, seen: Seen) -> str:
    return f"{seen.who(row['actor'])} reported what the court did: {_court(row, seen).partition(': ')[2]}"


def _made(row: Row, _seen: Seen) -> str:
    detail = row["detail"]
    return f"{_version(row['subject'])} was made from version {detail.get('version')} of the review, {_hash(detail)}"


def _searched(row: Row, _seen: Seen) -> str:
    found = int(row["detail"].get("findings") or 0)
    return (
        f"the file {row['detail'].get('file')} of {_version(row['subject'])} was searched: {counted(found, 'finding')}"
    )


def _released(row: Row, _seen: Seen) -> str:
    files = counted(len(row["detail"].get("files") or ()), "file")
    return f"{_version(row['subject'])} is fixed for leaving, {files}, {_hash(row['detail'])}"


def _downloaded(row: Row, _seen: Seen) -> str:
    detail = row["detail"]
    kind = FORMAT_WORDS[FileFormat(detail["format"])]
    subject = f"{_LETTERS.get(detail['kind'], 'r')}{detail['version']}"
    what = f"{_version(subject)} {language_in_words(detail['language'])}"
    return f"{role(row['actor'])}{by_rung(str(detail.get('rung', '')))} downloaded {what}: {kind}, {_hash(detail)}"


def _translated(row: Row, seen: Seen) -> str:
    detail = row["detail"]
    return f"{seen.who(row['actor'])} gave back {language_in_words(detail['language'])}, {_hash(detail)}"


def _handed(row: Row, seen: Seen) -> str:
    detail = row["detail"]
    what = f"{_version(row['subject'])} given to {detail.get('to')}, {plain(str(detail.get('how', '')))}"
    return f"{seen.who(row['actor'])} put into the register: {what}{on_day(detail.get('on'))}"


def _given(row: Row, seen: Seen) -> str:
    reader, _, number = str(row["subject"]).partition("-")
    to = f"{INTERNAL.get(reader, plain(reader))} {number}".strip()
    detail = row["detail"]
    what = f"version {detail.get('version')} of the review given to the {to}{on_day(detail.get('on'))}"
    return f"{seen.who(row['actor'])} put into the register: {what}"


def _decided_each(row: Row, _seen: Seen) -> str:
    accepted, refused = (len(row["detail"].get(key) or ()) for key in ("accepted", "refused"))
    return (
        f"{counted(accepted + refused, 'redaction')} decided for this version: {accepted} accepted, {refused} refused"
    )


def _carried(row: Row, _seen: Seen) -> str:
    detail = row["detail"]
    kept, again, gone = (detail.get(key) for key in ("kept", "asked_again", "gone"))
    return (
        f"the redactions of version {detail.get('before')} were carried over to the corrected one: {kept} kept, "
        f"{again} to be decided again, {gone} gone"
    )


def _opted_in(row: Row, seen: Seen) -> str:
    return f"{seen.who(row['actor'])} recorded that {row['subject']} wants the review after all"


def _corrected(row: Row, seen: Seen) -> str:
    version = row["detail"].get("version")
    return f"{seen.who(row['actor'])} had version {version} of the review corrected; nothing of it leaves meanwhile"


def _reopened(row: Row, seen: Seen) -> str:
    return f"{seen.who(row['actor'])} opened the case again, which had closed{on_day(row['detail'].get('closed_on'))}"


def _settled(row: Row, seen: Seen) -> str:
    found = counted(int(row["detail"].get("findings", 0)), "finding")
    return f"{seen.who(row['actor'])} settled {found} of the search in {row['subject']}, each with its reason"


def _closed(row: Row, _seen: Seen) -> str:
    return f"the case closed: {plain(str(row['detail'].get('outcome', '')))}"


def _concern(row: Row, seen: Seen) -> str:
    about = row["detail"].get("about")
    whom = f" about {about}" if about else ""
    return f"{seen.who(row['actor'])} raised a concern for the safety of staff{whom}: disclosure is held from now on"


def _ended(row: Row, _seen: Seen) -> str:
    return f"the disclosure ended: {plain(str(row['detail'].get('outcome', '')))}"


def _unknown(row: Row, seen: Seen) -> str:
    gate = seen.gates.get(row["subject"])
    what = f"{title_of(gate)}{whom_of(gate)}" if gate else row["subject"]
    detail = ", ".join(f"{plain(key)} {_short(value)}" for key, value in sorted(row["detail"].items()))
    return f"{seen.who(row['actor'])}: {plain(row['action'])}, {what}" + (f" ({detail})" if detail else "")


SENTENCES: Mapping[str, Tell] = {
    "gate_opened": answers.asked,
    "decision_recorded": answers.recorded,
    "decision_applied": answers.applied,
    "decision_refused": answers.refused,
    "decision_void": of_question("an answer came too late to count"),
    "gate_chased": answers.chased,
    "gate_lapsed": of_question("nobody answered in time"),
    "gate_withdrawn": of_question("the question was withdrawn"),
    "gate_reassigned": of_question("the question was given to another person"),
    "gate_resumed": of_question("the question has a new date after the pause"),
    "deadline_rebased": of_question("a bank holiday moved the date"),
    "nobody_eligible": of_question("nobody is left who may answer"),
    "court_event": _court,
    "court_event_reported": _reported,
    "rendition_made": _made,
    "file_searched": _searched,
    "rendition_released": _released,
    "rendition_downloaded": _downloaded,
    "translation_given": _translated,
    "rendition_handed_over": _handed,
    "review_given": _given,
    "redactions_decided": _decided_each,
    "leaks_settled": _settled,
    "redactions_carried": _carried,
    "opted_in": _opted_in,
    "correction_asked": _corrected,
    "case_reopened": _reopened,
    "case_closed": _closed,
    "concern_raised": _concern,
    "stage_ended": _ended,
}


_LETTERS = {"public_rendition": "p", "internal_rendition": "i"}


def _version(subject: str) -> str:
    """A rendition by its name in the record: r1 for victims, p1 for the public, i1 inside HMPPS."""
    which = {"p": "the public version", "i": "the internal version"}.get(subject[:1], "the version for victims")
    return f"{which}, number {subject[1:]},"


def _hash(detail: Mapping[str, Any]) -> str:
    return f"sha256 {str(detail.get('sha256', ''))[:12]}"


def _short(value: object) -> str:
    text = str(value)
    return text if "@" in text else text[:60]  # an address that was cut might pass for something else
