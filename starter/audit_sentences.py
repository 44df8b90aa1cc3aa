"""Every kind of row of the audit chain as a sentence: the whole story of a case, not of its disclosure alone.

What is said of a disclosure is said here in the same words. Held whole by a test that looks for every action the
code can write.
"""

from collections.abc import Callable, Mapping
from typing import Any

from starter import disclosure_sentences
from starter.disclosure_answers import Row, Seen, Tell, about, counted, on_day, plain
from starter.views import role
from workflows.contract.vocabulary import Role

_STAFF_SAFETY = "staff_safety"


def told(row: Row, seen: Seen) -> str:
    """Say what a row of the chain says; one of a kind that is not known is shown as it is."""
    return disclosure_sentences.sentence(row, seen, SENTENCES)


def _plainly(words: str) -> Tell:
    """The same words, filled from the row's detail as plain words and dates; `{subject}` is what it is about."""
    return lambda row, _seen: words.format_map(_Said(row))


def _by(words: str) -> Tell:
    """The same, begun with whoever did it."""
    return lambda row, seen: f"{seen.who(row['actor'])} {words.format_map(_Said(row))}"


class _Said(dict[str, str]):
    """What a row says, each value as a person writes it; what it does not hold is said to be missing."""

    def __init__(self, row: Row) -> None:
        detail = {name: _written(value) for name, value in row["detail"].items()}
        super().__init__(detail | {"subject": _written(row["subject"])})

    def __missing__(self, name: str) -> str:
        return f"(no {plain(name)})"


def _written(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_written(one) for one in value) or "nobody"
    if value is None:
        return "none"
    text = str(value)
    return on_day(text, "").strip() or (text if "@" in text else plain(text)[:80])


def _with(tell: Tell, more: Callable[[Mapping[str, Any]], str]) -> Tell:
    return lambda row, seen: tell(row, seen) + more(row["detail"])


def _late(detail: Mapping[str, Any]) -> str:
    return ", after the date" if detail.get("late") else ""


def _because(detail: Mapping[str, Any]) -> str:
    return f"; the reason: {plain(str(detail['reason']))}" if detail.get("reason") else ""


def _escalated(detail: Mapping[str, Any]) -> str:
    raised = detail.get("escalation")
    return f"; the concern {raised} was raised with the national SFO team" if raised else ""


def _opened(row: Row, seen: Seen) -> str:
    detail = row["detail"]
    offences = counted(int(detail["offences"]), "offence")
    pace = "" if float(detail.get("speed", 1)) == 1 else ", in rehearsal time"
    return f"{seen.who(row['actor'])} opened the case in {detail['region']}, {detail['pdu']}: {offences}{pace}"


def _judged(row: Row, _seen: Seen) -> str:
    detail = row["detail"]
    asks = f", and {plain(str(detail['question']))} is asked" if detail.get("question") else ""
    ground, reason = (plain(str(detail[name])) for name in ("ground", "reason"))
    return f"the charge was judged, round {detail['round']}: {ground}, because {reason}{asks}"


def _amended(row: Row, _seen: Seen) -> str:
    codes = ", ".join(row["detail"]["codes"])
    return f"the court: the charge was amended{on_day(row['detail'].get('on'))} to {codes}"


def _letter(row: Row, _seen: Seen) -> str:
    detail = row["detail"]
    to = [_written(one) if one not in set(Role) else role(str(one)) for one in detail["to"]]
    duty = f", which met the duty {plain(str(detail['duty']))}" if detail.get("duty") else ""
    return f"the letter “{plain(str(detail['letter']))}” went out to {', '.join(to) or 'nobody'}{duty}"


def _returned(row: Row, _seen: Seen) -> str:
    detail = row["detail"]
    status = f", status {detail['status']}" if detail.get("status") else ""
    return f"mail came back about the letter “{plain(str(detail['letter']))}”: {plain(str(detail['kind']))}{status}"


def _concern(row: Row, seen: Seen) -> str:
    kind = str(row["subject"]).rpartition("/")[2]
    if kind.startswith(_STAFF_SAFETY):
        return disclosure_sentences.SENTENCES["concern_raised"](row, seen)
    whom = f" about {row['detail']['about']}" if row["detail"].get("about") else ""
    return f"{seen.who(row['actor'])} raised the concern {kind}{whom} with the national SFO team"


def _enquired(row: Row, seen: Seen) -> str:
    number = str(row["subject"]).rpartition("/")[2]
    kind = plain(str(row["detail"]["kind"]))
    received = on_day(row["detail"].get("received_on"), ", received on")
    return f"{seen.who(row['actor'])} logged enquiry {number}: {kind}{received}"


def _accessed(what: str) -> Tell:
    """Say that what is held on somebody was gathered or released: by number, or by role where it is an address."""

    def tell(row: Row, seen: Seen) -> str:
        subject, detail = str(row["subject"]), row["detail"]
        whom = seen.who(subject) if "@" in subject else subject
        much = f"{detail['entries']} entries, {detail['passages']} passages"
        return f"{seen.who(row['actor'])} {what} what is held on {whom} for a subject-access request: {much}"

    return tell


def _reassigned(row: Row, seen: Seen) -> str:
    detail = row["detail"]
    also = f", with {counted(len(detail['also']), 'other question')}" if detail.get("also") else ""
    given = f"the question was given to {detail['to']}{seen.name_of(str(detail['to']))}{also}: {about(row, seen)}"
    return given + _because(detail)


def _replaced(row: Row, seen: Seen) -> str:
    detail = row["detail"]
    before, to = (f"{detail[name]}{seen.name_of(str(detail[name]))}" for name in ("before", "to"))
    held = counted(len(detail.get("gates") or ()), "open question")
    post = role(str(row["subject"]))
    return f"{seen.who(row['actor'])} replaced {post}: {to} in place of {before}, {held} passed on" + _because(detail)


def _rated(words: str) -> Tell:
    """Words about a date that moved: from when, to when, and what it was at first."""

    def tell(row: Row, seen: Seen) -> str:
        detail = row["detail"]
        question = f" of “{about(row, seen)}”" if row["subject"] in seen.gates else " of the review"
        dates = on_day(detail.get("from_on"), " from") + on_day(detail.get("to_on"), " to")
        first = on_day(detail.get("original_on"), "; it was first")
        return f"{words.format(date=f'the date{question}')}{dates}{first}" + _late(detail)

    return tell


def _resumed(row: Row, seen: Seen) -> str:
    detail = row["detail"]
    due = on_day(detail.get("to_on"), "; it is due on")
    return f"{seen.who(row['actor'])} let the clock of the review run again{due}" + _because(detail)


def _ended(row: Row, seen: Seen) -> str:
    if str(row["subject"]).startswith("victim-disclosure"):
        return disclosure_sentences.SENTENCES["stage_ended"](row, seen)
    return f"the stage {plain(str(row['subject']))} ended: {plain(str(row['detail'].get('outcome', '')))}"


def _related(row: Row, seen: Seen) -> str:
    kind = plain(str(row["detail"].get("kind", "")))
    return f"{seen.who(row['actor'])} noted that {row['subject']} belongs to this case: {kind}"


def _stranded(row: Row, _seen: Seen) -> str:
    kind, state = (plain(str(row["detail"].get(name, ""))) for name in ("kind", "state"))
    what = f"{kind}, {state}" if state else kind
    return f"the workflow {row['subject']} was found stranded: {what}"


def _absent(row: Row, seen: Seen) -> str:
    detail = row["detail"]
    who, deputy = (f"{detail[name]}{seen.name_of(str(detail[name]))}" for name in ("person", "deputy"))
    dates = on_day(detail.get("from"), " from") + on_day(detail.get("to"), " to")
    gaps = detail.get("gaps") or ()
    short = f"; the deputy may not answer in {', '.join(gaps)}" if gaps else ""
    return f"{seen.who(row['actor'])} set that {who} is away{dates} and {deputy} stands in{short}"


def _back(row: Row, seen: Seen) -> str:
    who, deputy = (f"{row['detail'][name]}{seen.name_of(str(row['detail'][name]))}" for name in ("person", "deputy"))
    return f"{seen.who(row['actor'])} ended the absence of {who}, for whom {deputy} stood in"


def _checked(detail: Mapping[str, Any]) -> str:
    found = detail.get("checked") or {}
    if not found:
        return ", without a check"
    return f"; checked: {found['goes_on']} would go on, {found['breaks']} break, {found['unread']} unread"


def _ramped(row: Row, seen: Seen) -> str:
    detail = row["detail"]
    was = f" after {detail['was']} %" if detail["was"] else ""
    share = f"{detail['percentage']} % of the workflows{was}, beside build {detail['current']}"
    return f"{seen.who(row['actor'])} gave build {row['subject']} {share}" + _checked(detail)


def _made_current(row: Row, seen: Seen) -> str:
    detail = row["detail"]
    place = f" in place of {detail['before']}" if detail["before"] else ""
    return f"{seen.who(row['actor'])} made build {row['subject']} current{place}" + _checked(detail)


def _taken_back(row: Row, seen: Seen) -> str:
    detail = row["detail"]
    share = f"which got {detail['percentage']} % of the workflows"
    return (
        f"{seen.who(row['actor'])} went back from build {row['subject']}, {share}, to {detail['to']}: {detail['why']}"
    )


def _drained(row: Row, _seen: Seen) -> str:
    return f"no open workflow needed build {row['subject']} any more; build {row['detail']['current']} is current"


def _erased(row: Row, seen: Seen) -> str:
    detail = row["detail"]
    anew = " once more, after something was restored" if detail.get("again") else ""
    key = f"key {detail['fingerprint']} was destroyed" if detail.get("fingerprint") else "it never had a key"
    rows = counted(sum((detail.get("counts") or {}).values()), "row")
    proofs = {"history": "a payload of its own history", "probe": "something sealed with it before"}
    proof = f"; {proofs[detail['proof']]} can no longer be read" if detail.get("proof") in proofs else ""
    return (
        f"{seen.who(row['actor'])} carried out the erasure of the case{anew}: {rows} emptied or deleted, {key}{proof}"
    )


def _moved(words: str) -> Tell:
    """So many workflows stay with a build, or leave it."""
    return lambda row, seen: (
        f"{seen.who(row['actor'])} {words.format(counted(row['detail']['workflows'], 'workflow'), row['subject'])}"
    )


SENTENCES: Mapping[str, Tell] = {
    **disclosure_sentences.SENTENCES,
    "case_opened": _opened,
    "charge_judged": _judged,
    "charge_amended": _amended,
    "told": _letter,
    "letter_returned": _returned,
    "concern_raised": _concern,
    "enquiry_received": _enquired,
    "gate_reassigned": _reassigned,
    "manager_replaced": _replaced,
    "case_transferred": _with(_by("moved the case from {before} to {subject}"), lambda d: _because(d) + _escalated(d)),
    "case_related": _related,
    "deadline_fixed": _plainly("the review is due on {on}, by the rulebook of {rulebook}"),
    "deadline_moved": _rated("{date} was moved by a decision,"),
    "deadline_rebased": _rated("a bank holiday moved {date},"),
    "gate_resumed": _rated("after the pause {date} moved,"),
    "at_risk": _plainly(
        "the review, due on {due_on}, is at risk: {days_left} working days left, {days_needed} needed for what remains"
    ),
    "review_overdue": _plainly("the review is overdue; it was due on {due_on}"),
    "clock_paused": _with(
        _by("stopped the clock of the review, due on {due_on}, with {days_left} working days left"), _because
    ),
    "clock_resumed": _resumed,
    "extension_requested": _with(
        _by("asked for a later date of the review, {new_on}"), lambda d: _late(d) + _because(d)
    ),
    "pause_requested": _with(_by("asked for the clock of the review to be stopped"), _because),
    "resume_requested": _with(_by("asked for the clock of the review to run again"), _because),
    "transfer_requested": _with(_by("asked for the case to be moved to {region}, {pdu}"), _because),
    "replace_manager_requested": _with(_by("asked for {to} to be the {role} instead"), _because),
    "pause_refused": _by("was refused that the clock of the review be stopped: {why}"),
    "transfer_refused": _by("was refused that the case be moved: {why}"),
    "replacement_refused": _by("was refused another manager: {why}"),
    "stage_ended": _ended,
    "workflow_stranded": _stranded,
    "workflow_unstranded": lambda row, _seen: f"the workflow {row['subject']} is stranded no longer",
    "case_restarted": lambda row, seen: f"{seen.who(row['actor'])} started {row['subject']} again from its record",
    "subject_access_prepared": _accessed("gathered"),
    "subject_access_released": _with(
        _accessed("released"),
        lambda detail: f", of which {detail['withheld']} withheld and {detail['shortened']} shortened",
    ),
    "record_restored": _plainly(
        "the record was restored from a backup: it ends at row {last}; rows to {lost_to} are lost"
    ),
    "lost_in_restore": _plainly("lost when a backup was restored: {kind} {answer}, about {subject}"),
    "histories_lost": _plainly("histories of the case were gone from Temporal, with {decisions} applied answers"),
    "digest_written": _plainly("the weekday digest of {on} went out for {subject}"),
    "hold_set": _with(_by("set a legal hold: the case is kept whatever its date"), _because),
    "hold_lifted": _with(_by("lifted a legal hold"), _because),
    "erasure_proposed": _with(_by("proposed to erase the case"), _because),
    "erasure_confirmed": _with(_by("confirmed the erasure that {proposed_by} proposed"), _because),
    "case_erased": _erased,
    "absence_set": _absent,
    "absence_ended": _back,
    "build_ramped": _ramped,
    "build_made_current": _made_current,
    "build_taken_back": _taken_back,
    "build_drained": _drained,
    "build_kept": _moved("left {} with build {}, which alone can carry what it has begun"),
    "build_freed": _moved("let {} go on without build {}"),
    "bank_holiday_announced": _by(
        "announced a bank holiday on {subject}: {questions} open questions in {cases} cases span it"
    ),
}
"""Each action that can stand in the chain, with how it is told."""
