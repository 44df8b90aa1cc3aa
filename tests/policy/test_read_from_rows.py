"""What the rules read from a row of the record: an open question, and how far a review has come."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from workflows.contract.vocabulary import Role, Rung
from workflows.policy.ahead import OpenQuestion
from workflows.policy.forecast import Standing, standing_of

QUESTION: dict[str, Any] = {
    "question": "draft",
    "role": "reviewing_manager",
    "deadline": "review",
    "opened_at": datetime(2026, 10, 5, 9, tzinfo=UTC),
    "due_on": date(2027, 1, 5),
    "armed_at": datetime(2026, 11, 16, 9, tzinfo=UTC),
    "ladder_from": date(2027, 1, 11),
    "climbed": ["deputy", "senior_lead"],
    "overdue": True,
}
REVIEW: dict[str, Any] = {
    "interviews_open": 2,
    "version": 3,
    "facts_offered": True,
    "comments_open": 4,
    "is_submitted": False,
    "facts_due_on": date(2026, 12, 29),
}
CHRISTMAS = frozenset({date(2026, 12, 25), date(2026, 12, 28)})
WEDNESDAY = date(2026, 12, 23)


def test_an_open_question_is_read_whole() -> None:
    assert OpenQuestion.of_row(QUESTION) == OpenQuestion(
        question="draft",
        role=Role.REVIEWING_MANAGER,
        deadline="review",
        opened_at=datetime(2026, 10, 5, 9, tzinfo=UTC),
        due_on=date(2027, 1, 5),
        armed_at=datetime(2026, 11, 16, 9, tzinfo=UTC),
        ladder_from=date(2027, 1, 11),
        climbed=(Rung.DEPUTY, Rung.SENIOR_LEAD),
        overdue=True,
    )
    assert isinstance(OpenQuestion.of_row(QUESTION).role, Role)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, Standing(2, True, True, 4, False, 2)),  # Thursday, and Tuesday after the holidays
        ({"version": None, "facts_offered": False}, Standing(2, False, False, 4, False, 2)),
        ({"version": 0}, Standing(2, True, True, 4, False, 2)),
        ({"is_submitted": True}, Standing(2, True, True, 4, True, 2)),
        ({"facts_due_on": None}, Standing(2, True, True, 4, False, None)),
        ({"facts_due_on": WEDNESDAY}, Standing(2, True, True, 4, False, 0)),
    ],
)
def test_how_far_a_review_has_come_is_read_with_the_days_left_for_comments(
    change: dict[str, Any], expected: Standing
) -> None:
    assert standing_of({**REVIEW, **change}, WEDNESDAY, CHRISTMAS) == expected
