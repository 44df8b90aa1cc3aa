"""Which letters wait to be gathered with others into one. Rule: rulebook, digest.

What is due soon never waits, nor does what says that a date has passed, or that somebody must act again.
"""

from datetime import date, timedelta

from workflows.contract.rulebook import DigestRule

AT_ONCE = frozenset(
    {
        "deputy",
        "overdue_notice",
        "review_late",
        "answer_refused",
        "decision_void",
        "escalation_notice",
        "weekday_digest",
    }
)
"""Letters that never wait."""

_REMINDER = "reminder"  # the question was asked before, so its date makes it no more urgent


def may_wait(letter: str, due_on: date | None, on: date, rule: DigestRule) -> bool:
    """Whether a letter written on this day may wait at all; `due_on`: until when it asks something."""
    is_urgent = due_on is not None and due_on <= on + timedelta(days=rule.urgent_days.value)
    return letter not in AT_ONCE and (letter == _REMINDER or not is_urgent)
