"""Which letters wait to be gathered with others: none that is urgent, and none that says what has gone wrong."""

from datetime import date, timedelta

import pytest

from workflows.contract.rulebook import Rulebook
from workflows.policy.gathering import AT_ONCE, may_wait

MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("letter", "days", "may"),
    [
        ("asked", None, True),
        ("asked", -1, False),
        ("asked", 0, False),
        ("asked", 6, False),
        ("asked", 7, False),
        ("asked", 8, True),
        ("reminder", None, True),
        ("reminder", 0, True),
        ("reminder", 7, True),
        ("reminder", 8, True),
        *((letter, None, False) for letter in sorted(AT_ONCE)),
        *((letter, 100, False) for letter in sorted(AT_ONCE)),
    ],
)
def test_a_letter_waits_unless_it_is_urgent_or_says_what_has_gone_wrong(
    rulebook: Rulebook, letter: str, days: int | None, may: bool
) -> None:
    digest = rulebook.digest.model_copy(
        update={"urgent_days": rulebook.digest.urgent_days.model_copy(update={"value": 7})}
    )
    due_on = None if days is None else MONDAY + timedelta(days=days)
    assert may_wait(letter, due_on, MONDAY, digest) is may


def test_what_never_waits_is_what_a_person_must_hear_of_today() -> None:
    assert {"overdue_notice", "decision_void", "answer_refused", "escalation_notice", "deputy"} < AT_ONCE
    assert "asked" not in AT_ONCE
    assert "reminder" not in AT_ONCE
