"""What changed in a list of cases between two looks, one line a change, for `sfo watch`."""

from collections.abc import Iterable, Mapping, Sequence

from starter.case_list import UNREAD, Line
from starter.case_table import clock_in_words

Seen = Mapping[str, Line]


def by_reference(lines: Iterable[Line]) -> dict[str, Line]:
    """Return the lines by their case."""
    return {line.reference: line for line in lines}


def changes(before: Seen, now: Seen, ended: Mapping[str, str | None]) -> list[str]:
    """Say what changed, by case. `ended`: the outcome of each case that closed since; others only left the list."""
    other = [one for one in before.keys() | now.keys() if before.get(one) != now.get(one)]
    return [
        f"{reference}  {what}"
        for reference in sorted(other)
        for what in _of_one(before.get(reference), now.get(reference), ended, reference)
    ]


def _of_one(before: Line | None, now: Line | None, ended: Mapping[str, str | None], reference: str) -> Iterable[str]:
    if now is None:
        is_closed = reference in ended
        yield f"closed: {ended[reference]}" if is_closed else "is no longer among the cases that are watched"
    elif before is None:
        yield f"is new here: {now.stage}, {_awaited(now)}, {clock_in_words(now)}"
    else:
        yield from _between(before, now)


def _between(before: Line, now: Line) -> Iterable[str]:
    if before.stage != now.stage:
        yield f"is now at {now.stage}"
    if (before.awaits, before.due_on) != (now.awaits, now.due_on):
        yield f"now {_awaited(now)}"
    if (before.clock, before.overdue) != (now.clock, now.overdue):
        yield f"is now {clock_in_words(now)}"
    if before.review_due != now.review_due:
        yield f"review is now due {now.review_due} (first {now.original_review_due})"
    if (before.region, before.pdu) != (now.region, now.pdu):
        yield f"has moved to {now.pdu}"
    yield from _escalated(before.escalations, now.escalations)


def _awaited(line: Line) -> str:
    return f"waits for {line.awaits} until {line.due_on}" if line.awaits else "waits for nobody"


def _escalated(before: Sequence[str], now: Sequence[str]) -> Iterable[str]:
    """By kind: raised, acknowledged, resolved. Two of one kind at once are told as one."""
    for kind in sorted({one.rstrip(UNREAD) for one in (*before, *now)}):
        was, is_ = ([one for one in each if one.rstrip(UNREAD) == kind] for each in (before, now))
        if sum(one.endswith(UNREAD) for one in is_) > sum(one.endswith(UNREAD) for one in was):
            yield f"escalation {kind} raised, NOT ACKNOWLEDGED"
        elif was and not is_:
            yield f"escalation {kind} resolved"
        elif was != is_:
            yield f"escalation {kind} {'acknowledged' if len(was) == len(is_) else 'changed'}"
