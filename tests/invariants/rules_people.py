"""Invariants 1, 2, 3 and 13: who is told, who may act, what reaches a victim. Written from design.md 3 alone."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.invariants.observed import Breach, Observed, Row, is_any, same
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import Role

LONDON = ZoneInfo("Europe/London")
A_MOMENT = timedelta(seconds=1)
OPENS = ("convicted", "sentenced", "died_responsible")
LINE = ("practitioner", "line_manager", "head_of_pdu")
RUNGS = ("senior_lead", "regional_director", "national_team")
BY_REVIEWER = ("invite", "companion", "interview", "draft", "answer_comments", "submit", "give_feedback")


def told_before_and_heard_on_facts(seen: Observed) -> Iterator[Breach]:
    """1. Told before interviewed; the Head of PDU had the chance to comment before anybody countersigned."""
    for gate in seen["gates"]:
        if gate["question"] in ("invite", "interview"):
            email = next(row["email"] for row in seen["staff"] if row["ref"] == gate["subject"])
            told = [row["at"] for row in seen["outbox"] if _tells(row) and same(row["to_email"], email)]
            if not told or min(told) > gate["opened_at"]:
                yield Breach(1, f"{gate['gate']} was asked before the person had been told")
    for gate, decision in seen.applied("countersign", "signed"):
        if not any(_was_chance(seen, one, gate["opened_at"]) for one in _facts(seen, gate["subject"])):
            yield Breach(1, f"{decision['gate']} was signed and nobody had had the chance to comment on the facts")
    for gate, _ in seen.applied("submit", "submitted"):
        held = {row["ref"] for row in seen["interviews"] if row["held_on"]}
        met = {row["subject"] for row in seen["duties"] if row["kind"] == "told" and row["state"] == "met"}
        if held - met:
            yield Breach(1, f"{gate['gate']} was submitted although {sorted(held - met)} had not been told")


def _tells(letter: Row) -> bool:
    return bool(letter["letter"] == "review_under_way")


def _facts(seen: Observed, version: str) -> list[Row]:
    return [g for g in seen["gates"] if g["question"] == "facts" and g["subject"] == version]


def _was_chance(seen: Observed, gate: Row, until: datetime) -> bool:
    """It was asked by letter, and answered or given up only once its period was over."""
    is_asked = any(row["gate"] == gate["gate"] and row["letter"] == "asked" for row in seen["outbox"])
    is_over = gate["state"] == "decided" or (gate["state"] == "lapsed" and gate["closed_at"] >= gate["due_at"])
    return is_asked and is_over and gate["closed_at"] <= until


def independent_and_asked(seen: Observed) -> Iterator[Breach]:
    """2. The author never countersigns; nobody in the line authors or countersigns; nobody decides unasked."""
    texts = [row for row in seen["documents"] if row["kind"] == "review"]
    authors = [row["author_email"] for row in texts]
    for number, text in enumerate(texts, start=1):
        if is_any(text["author_email"], _line(seen, text["at"])):
            yield Breach(2, f"version {number} was written in the line")
    for gate, decision in seen.applied("countersign"):
        written = authors[: int(str(gate["subject"]).lstrip("v"))]
        for who in (decision["by_email"], decision.get("person_email")):
            if is_any(who, written):
                yield Breach(2, f"{gate['gate']} was decided by an author")
            if is_any(who, _line(seen, decision["applied_at"])):
                yield Breach(2, f"{gate['gate']} was decided in the line")
    for decision in seen["decisions"]:
        if decision["applied_at"] and decision["by_email"] and not _was_asked(seen, decision):
            yield Breach(2, f"{decision['gate']} was decided by somebody who was not asked")


def _line(seen: Observed, at: datetime) -> set[str]:
    """The line of the case where it was at this moment; of a moment in which it moved, who is in both."""
    roster = {row["email"] for row in seen["staff"] if row["in_line"] or row["role"] in LINE}
    return roster | set.intersection(*(set(seen.in_line.get(pdu, ())) for pdu in seen.pdus_at(at)))


def _was_asked(seen: Observed, decision: Row) -> bool:
    """By a link that was alive when the answer came."""
    return any(
        link["gate"] == decision["gate"]
        and same(link["email"], decision["by_email"])
        and (link["revoked_at"] is None or link["revoked_at"] >= decision["received_at"])
        for link in seen["links"]
    )


def nothing_reaches_a_victim_early(seen: Observed) -> Iterator[Breach]:
    """3. Not before conviction, nor before release, nor while staff are unsafe, nor any version but the released."""
    for gate in seen["gates"]:
        if str(gate["stage"]).startswith("victim-disclosure") and not _was_convicted(seen, gate["opened_at"]):
            yield Breach(3, f"{gate['gate']} was asked before any conviction")
    for victim in seen["victims"]:
        if (victim["told_on"] or victim["given_on"]) and not _was_convicted(seen, seen.now):
            yield Breach(3, f"{victim['ref']} heard of the case without a conviction")
    for given in seen["releases"]:
        if given["kind"] == "victim_rendition":
            yield from (Breach(3, f"{given['reader']} was given {why}") for why in _why_not_given(seen, given))


def _was_convicted(seen: Observed, at: datetime) -> bool:
    return any(row["kind"] in OPENS and row["applied_at"] and row["applied_at"] <= at for row in seen["court_events"])


def _stands_convicted(seen: Observed, at: datetime) -> bool:
    events = [row for row in seen["court_events"] if row["applied_at"] and row["applied_at"] <= at]
    last = [row["kind"] for row in sorted(events, key=lambda r: r["applied_at"]) if row["kind"] in (*OPENS, "quashed")]
    return bool(last) and last[-1] != "quashed"


def _why_not_given(seen: Observed, given: Row) -> Iterator[str]:
    name, at = f"r{given['rendition']}", given["at"]
    released = [row for row in seen.audited("rendition_released") if row["subject"] == name and row["at"] <= at]
    document = [
        row for row in seen["documents"] if row["kind"] == given["kind"] and row["version"] == given["rendition"]
    ]
    if not _stands_convicted(seen, at):
        yield "the review without a conviction that stands"
    for row in seen.audited("rendition_handed_over"):
        if (row["subject"], row["detail"]["to"]) == (name, given["reader"]) and seen.is_corrected_before(row):
            yield "the review while it was being corrected"
    if not released or not any(g["subject"] == name for g, _ in seen.applied("release", "released")):
        yield "what nobody had released"
    elif {given["sha256"], *(row["sha256"] for row in document)} != {released[-1]["detail"]["sha256"]}:
        yield "another text than the released one"
    for concern in seen["escalations"]:
        is_open = concern["raised_at"] < at and (concern["resolved_at"] is None or concern["resolved_at"] > at)
        if concern["kind"] == "staff_safety" and is_open:
            yield "the review while the safety of staff was a concern"


def cover_keeps_independence(seen: Observed) -> Iterator[Breach]:
    """13. Whoever stands open as asked, or as their deputy, may answer; that nobody could is noticed at once."""
    for gate in seen["gates"]:
        for who in ("person_email", "deputy_email") if gate["state"] == "open" else ():
            if gate[who] and (why := _why_not(seen, gate, gate[who])):
                yield Breach(13, f"{gate['gate']} stands open with {who} {why}")
    for opened in seen.audited("gate_opened"):
        wanted = QUESTIONS[opened["detail"]["question"]].role
        is_passed_up = opened["detail"]["role"] in RUNGS and wanted is not None and wanted not in RUNGS
        is_theirs = opened["detail"]["question"] == "welfare" and seen.gate(opened["subject"])["subject"] in RUNGS
        if is_passed_up and not is_theirs and wanted is not Role.OTHER_REGION_LEAD and not _is_noticed(seen, opened):
            yield Breach(13, f"{opened['subject']} passed its role over and nobody was told when it opened")
        if wanted is not None and _is_away(seen, opened) and not _is_noticed(seen, opened):
            yield Breach(13, f"{opened['subject']} was put to somebody who is away")


def _is_away(seen: Observed, opened: Row) -> bool:
    """Whether whoever was asked had been set as away on that day, a moment before or earlier."""
    gate = seen.gate(opened["subject"])
    asked_on, at = gate["opened_at"].astimezone(LONDON).date(), gate["recorded_at"]
    return any(
        row["person_key"] == opened["detail"].get("asked")
        and row["from_on"] <= asked_on <= row["to_on"]
        and row["recorded_at"] < at - A_MOMENT
        and (row["ended_at"] is None or row["ended_at"] > at)
        for row in seen["absences"]
    )


def _is_noticed(seen: Observed, opened: Row) -> bool:
    raised = [e for e in seen["escalations"] if e["about"] == opened["subject"] and e["kind"] == "reviewer"]
    return any(concern["raised_at"] <= opened["at"] for concern in raised)


def _why_not(seen: Observed, gate: Row, email: str) -> str:
    authors = [row["author_email"] for row in seen["documents"] if row["kind"] == "review"]
    appointed = {row["role"]: row["email"] for row in seen["appointments"]}
    author, second = appointed.get("reviewing_manager"), appointed.get("countersigning_manager")
    match gate["question"]:
        case "countersign" if is_any(email, [author, *authors]):
            return "who wrote the review"
        case "facts" | "quality" if is_any(email, [author, *authors]):
            return "who wrote the review"
        case "quality" if same(email, second):
            return "who countersigned it"
        case question if question in BY_REVIEWER and same(email, second):
            return "who countersigns the review"
    if gate["question"] not in ("countersign", *BY_REVIEWER) or not is_any(email, _line(seen, seen.now)):
        return ""
    # A manager who came to be in the line by a transfer keeps the appointment until the national team has looked.
    moved = [row["at"] for row in seen.audited("case_transferred")]
    is_noticed = any(row["kind"] == "reviewer" and row["raised_at"] in moved for row in seen["escalations"])
    return "" if is_noticed and not is_any(email, _line(seen, gate["opened_at"])) else "in the line of the case"
