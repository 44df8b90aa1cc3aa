"""Invariants 4, 10 and 12: dates move by decisions alone, pauses give days back, old cases finish. From design.md 3."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.invariants.observed import Breach, Observed, Row

LONDON = ZoneInfo("Europe/London")
BY_FORCE = ("FAILED", "TIMED_OUT", "TERMINATED")
ON_THE_CLOCK = ("review", "countersign", "quality-assurance")


def dates_move_by_decisions(seen: Observed) -> Iterator[Breach]:
    """4. A date moves by a recorded decision alone, the original stays, and late stays visible."""
    yield from _review_date(seen)
    for gate in seen["gates"]:
        moved = [row["due_on"] for row in seen["deadlines"] if row["what"] in (gate["gate"], "review")]
        if gate["due_on"] != gate["original_due_on"] and gate["due_on"] not in moved:
            yield Breach(4, f"{gate['gate']} has another date and no decision moved it")
        if seen.before:
            yield from _original(gate, seen.before)
    for row in seen["deadlines"]:
        if row["rule"] == "extension" and not _is_granted(seen, row):
            yield Breach(4, f"the date moved to {row['due_on']} and nobody granted that")
    if seen.before and seen["deadlines"][: len(seen.before["deadlines"])] != seen.before["deadlines"]:
        yield Breach(4, "a date that was fixed before stands otherwise now")


def _review_date(seen: Observed) -> Iterator[Breach]:
    rows = [row for row in seen["deadlines"] if row["what"] == "review"]
    due, original = seen.case["review_due"], seen.case["original_review_due"]
    if due is None:
        return
    if not rows or rows[-1]["due_on"] != due:
        yield Breach(4, f"the review is due on {due} and no decision says so")
        return
    first = max(n for n, row in enumerate(rows) if row["rule"] == "review")
    if {original, *(row["original_due_on"] for row in rows[first:])} != {rows[first]["due_on"]}:
        yield Breach(4, "the review's original date is not shown as it was fixed")
    granted_late = [row for n, row in enumerate(rows) if n > first and _is_late(seen, row, rows[n - 1])]
    if any(not row["late"] for row in granted_late) or (granted_late and not seen.case["review_overdue"]):
        yield Breach(4, "an extension that was asked for late hides that the review was overdue")


def _is_late(seen: Observed, moved: Row, before: Row) -> bool:
    """Whether more time was asked for after the date; not where the clock stood still in between."""
    asked = [r["at"] for r in seen["extension_requests"] if r["decision"] == moved["decision"] and r["decision"]]
    return moved["rule"] == "extension" and not seen["pauses"] and any(_day(at) > before["due_on"] for at in asked)


def _is_granted(seen: Observed, row: Row) -> bool:
    return any(str(d["decision"]) == str(row["decision"]) for _, d in seen.applied("extension", "granted"))


def _original(gate: Row, before: Observed) -> Iterator[Breach]:
    for earlier in before["gates"]:
        if earlier["gate"] != gate["gate"]:
            continue
        if earlier["original_due_on"] != gate["original_due_on"]:
            yield Breach(4, f"{gate['gate']} lost its original date")
        if earlier["overdue"] and not gate["overdue"] and earlier["due_on"] == gate["due_on"]:
            yield Breach(4, f"{gate['gate']} was overdue and is not any more")


def _day(at: datetime) -> date:
    return at.astimezone(LONDON).date()


def old_cases_finish(seen: Observed) -> Iterator[Breach]:
    """10. No workflow is ended by force or stuck in code it cannot replay; the rulebook of a review stays the same."""
    for name, flow in seen.flows.items():
        if flow.status in BY_FORCE or flow.failed_tasks:
            failed = ", and code could not carry a task of it out" if flow.failed_tasks else ""
            yield Breach(10, f"{name} is {flow.status}{failed}")
    for stage in {row["stage"] for row in seen["gates"]}:
        books = {row["rulebook"] for row in seen["gates"] if row["stage"] == stage}
        if len(books) > 1:
            yield Breach(10, f"{stage} was asked by {sorted(books)}")
    if seen.is_due_to_close and seen.case["closed_on"] is None:
        owed = [row["gate"] for row in seen["gates"] if row["state"] == "open"]
        yield Breach(10, f"everybody has answered and the case does not finish; open: {owed}")


def pauses_give_back(seen: Observed) -> Iterator[Breach]:
    """12. While the clock stands nobody is chased; resumed, the working days are given back; the calendar counts."""
    for pause in seen["pauses"]:
        if pause["resumed_at"] and pause["new_due"] and pause["review_due"]:
            yield from _given_back(seen, pause)
        yield from _chased_meanwhile(seen, pause)
    is_paused = seen.case["paused_at"] is not None
    for gate in seen["gates"] if seen.is_settled else ():
        is_on_clock = str(gate["stage"]).rstrip("-0123456789") in ON_THE_CLOCK
        if gate["state"] == "open" and is_on_clock and (gate["paused_at"] is not None) != is_paused:
            yield Breach(12, f"{gate['gate']} does not stand with the clock of its review")
        yield from _rebased(seen, gate)


def _given_back(seen: Observed, pause: Row) -> Iterator[Breach]:
    stopped, resumed = _day(pause["paused_at"]), _day(pause["resumed_at"])
    known = seen.holidays_at(pause["resumed_at"])
    left = _working_days(known, stopped, pause["review_due"])
    extended = [r for r in seen["deadlines"] if r["rule"] in ("extension", "review") and _is_within(r["at"], pause)]
    if left <= 0 or resumed == stopped or extended:
        return
    if _working_days(known, resumed, pause["new_due"]) < left:
        yield Breach(12, f"pause {pause['number']} gave back fewer than the {left} working days that were left")


def _working_days(holidays: frozenset[date], after: date, until: date) -> int:
    days = (after + timedelta(days=n) for n in range(1, (until - after).days + 1))
    return sum(day.weekday() < 5 and day not in holidays for day in days)  # Monday to Friday


def _is_within(at: datetime, pause: Row) -> bool:
    return bool(pause["paused_at"] < at and (pause["resumed_at"] is None or at < pause["resumed_at"]))


def _chased_meanwhile(seen: Observed, pause: Row) -> Iterator[Breach]:
    for row in seen.audited("gate_chased"):
        gate = seen.gate(row["subject"])
        is_on_clock = str(gate["stage"]).rstrip("-0123456789") in ON_THE_CLOCK
        if is_on_clock and _is_within(row["at"], pause) and gate["opened_at"] < pause["paused_at"]:
            yield Breach(12, f"{row['subject']} was chased while the clock stood still")


def _rebased(seen: Observed, gate: Row) -> Iterator[Breach]:
    """A date counted in working days has them all, whatever holiday was announced meanwhile."""
    if gate["state"] != "open" or not gate["counted_from"] or not gate["counted_days"] or gate["paused_at"]:
        return
    if _working_days(seen.holidays, gate["counted_from"], gate["due_on"]) < gate["counted_days"]:
        yield Breach(12, f"{gate['gate']} has fewer than its {gate['counted_days']} working days")
