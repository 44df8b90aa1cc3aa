"""The lines of the weekday digest as whoever reads it gets them: in which order, with which date and which days."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from workflows.policy.due import due_moment
from workflows.policy.weekday_digest import Line, Open, Part, Raised, Review, part, parts

NOW = datetime(2026, 11, 25, 7, 30, tzinfo=UTC)  # a Wednesday
TODAY = NOW.date()
ONE, TWO, THREE = "SFO-2026-00001", "SFO-2026-00002", "SFO-2026-00003"
LAST_WEEK = date(2026, 11, 20)  # a Friday
HOLIDAYS = {date(2026, 11, 24)}


def asked(reference: str, title: str, due_on: date, *, at: datetime = NOW, late: bool = False) -> Open:
    return Open(reference, title, f"who answers {title}", due_on, due_moment(due_on), at, None, late, NOW)


def owed(reference: str, due_on: date, *, late: bool = False, risk: bool = False, left: int = 0) -> Review:
    return Review(reference, due_on, late, risk, left, False, NOW)


def told(title: str) -> str:
    return f"who answers {title}"


def test_each_list_has_its_name_and_its_place_and_all_that_is_known_of_a_line() -> None:
    questions = [
        asked(TWO, "B", LAST_WEEK),
        asked(ONE, "B", TODAY),
        asked(THREE, "A", date(2027, 3, 1), at=NOW - timedelta(days=9)),
    ]
    reviews = [owed(TWO, TODAY, late=True), owed(ONE, TODAY, risk=True, left=2)]
    raised = [Raised(TWO, "overdue", NOW - timedelta(days=5), NOW)]
    assert parts(questions, reviews, raised, HOLIDAYS) == (
        # Monday and Wednesday: Tuesday is a bank holiday here.
        Part(
            "overdue", (Line(TWO, "B", told("B"), LAST_WEEK, days=2), Line(TWO, "review", due_on=TODAY, days=0)), more=0
        ),
        Part("at_risk", (Line(ONE, "review", due_on=TODAY, days=2),)),
        Part("due", (Line(ONE, "B", told("B"), TODAY), Line(ONE, "review", due_on=TODAY))),
        # 17, 18, 19, 20, 23 and 25 November.
        Part("waiting", (Line(THREE, "A", told("A"), days=6),)),
        Part("raised", (Line(TWO, "overdue", days=2),)),
    )


def lines(name: str, questions: list[Open], reviews: list[Review] | None = None) -> list[tuple[str, str, date | None]]:
    (found,) = [one for one in parts(questions, reviews or [], [], ()) if one.name == name]
    return [(line.reference, line.what, line.due_on) for line in found.lines]


@pytest.mark.parametrize(
    ("name", "days", "late"), [("overdue", (date(2026, 11, 18), LAST_WEEK), True), ("due", (TODAY, TODAY), False)]
)
def test_the_earliest_date_comes_first_then_the_case_then_the_question(
    name: str, days: tuple[date, date], late: bool
) -> None:
    first, then = days
    later = then if late else then + timedelta(days=1)
    questions = [asked(ONE, "Z", later), asked(TWO, "A", first), asked(ONE, "Y", first), asked(ONE, "A", first)]
    reviews = [owed(THREE, later, late=late), owed(ONE, first, late=late)]
    assert lines(name, questions, reviews) == [
        (ONE, "A", first),
        (ONE, "Y", first),
        (ONE, "review", first),
        (TWO, "A", first),
        (ONE, "Z", later),
        (THREE, "review", later),
    ]


def test_what_is_at_risk_comes_by_date_then_case_and_has_no_days_less_than_none() -> None:
    reviews = [
        owed(THREE, LAST_WEEK, risk=True, left=-3),
        owed(ONE, TODAY, risk=True, left=1),
        owed(TWO, LAST_WEEK, risk=True, left=0),
        owed(ONE, date(2026, 11, 30), risk=True, left=3),
        owed(TWO, TODAY, risk=False, left=0),
        owed(TWO, TODAY, risk=True, late=True),
    ]
    (_, found, _) = parts([], reviews, [], ())
    assert [(line.reference, line.due_on, line.days) for line in found.lines] == [
        (TWO, LAST_WEEK, 0),
        (THREE, LAST_WEEK, 0),
        (ONE, TODAY, 1),
        (ONE, date(2026, 11, 30), 3),
    ]


def test_who_waits_longest_comes_first_and_of_those_who_wait_as_long_the_earlier_case() -> None:
    far = date(2027, 3, 1)
    waiting = [
        asked(reference, "A", far, at=NOW - timedelta(days=days))
        for reference, days in ((ONE, 7), (THREE, 14), (TWO, 14), (TWO, 6))
    ]
    (found,) = parts(waiting, [], [], ())
    assert [(line.reference, line.days, line.due_on) for line in found.lines] == [
        (TWO, 10, None),
        (THREE, 10, None),
        (ONE, 5, None),
    ]


def test_what_was_raised_first_comes_first_and_at_the_same_moment_the_earlier_case() -> None:
    early, late = NOW - timedelta(days=2), NOW - timedelta(hours=1)
    raised = [Raised(ONE, "other", late, NOW), Raised(THREE, "overdue", early, NOW), Raised(TWO, "other", early, NOW)]
    (found,) = parts([], [], raised, ())
    assert [(line.reference, line.what, line.days) for line in found.lines] == [
        (TWO, "other", 2),
        (THREE, "overdue", 2),
        (ONE, "other", 0),
    ]


def test_a_late_question_whose_clock_stands_still_is_late_by_the_days_up_to_then() -> None:
    question = replace(asked(ONE, "A", LAST_WEEK), paused_at=datetime(2026, 11, 23, 12, tzinfo=UTC))
    (found,) = parts([question], [], [], ())
    assert (found.name, found.lines[0].days) == ("overdue", 1)


def test_what_passed_over_a_weekend_is_late_by_no_working_day_and_never_by_less() -> None:
    sunday = datetime(2026, 11, 22, 9, tzinfo=UTC)
    weekend = replace(asked(ONE, "A", LAST_WEEK), now=sunday)
    granted = replace(asked(TWO, "A", date(2026, 11, 30), late=True), now=NOW)  # more time came when it was late
    (found,) = parts([weekend, granted], [replace(owed(THREE, LAST_WEEK, late=True), now=sunday)], [], ())
    assert [(line.reference, line.days) for line in found.lines] == [(ONE, 0), (THREE, 0), (TWO, 0)]


@pytest.mark.parametrize(
    "is_listed",
    [
        lambda moment: bool(parts([replace(asked(ONE, "A", date(2026, 7, 2)), now=moment)], [], [], ())),
        lambda moment: bool(parts([], [replace(owed(ONE, date(2026, 7, 2)), now=moment)], [], ())),
    ],
)
@pytest.mark.parametrize(
    ("moment", "is_due"),
    [
        (datetime(2026, 6, 28, 22, 30, tzinfo=UTC), False),  # Sunday, half past eleven at night in London
        (datetime(2026, 6, 28, 23, 30, tzinfo=UTC), True),  # half past midnight: Monday
    ],
)
def test_a_week_begins_at_midnight_in_london(
    is_listed: Callable[[datetime], bool], moment: datetime, is_due: bool
) -> None:
    assert is_listed(moment) is is_due


def test_days_are_counted_between_dates_in_london() -> None:
    morning = datetime(2026, 7, 8, 7, 30, tzinfo=UTC)  # a Wednesday
    asked_at = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)  # Thursday, half past midnight in London: four working days
    question = replace(asked(ONE, "A", date(2026, 9, 1)), opened_at=asked_at, now=morning)
    assert parts([question], [], [], ()) == ()
    (found,) = parts([], [], [Raised(ONE, "other", asked_at, morning)], ())
    assert found.lines[0].days == 4


@pytest.mark.parametrize(("number", "shown", "more"), [(19, 19, 0), (20, 20, 0), (21, 20, 1), (45, 20, 25)])
def test_a_list_shows_its_first_twenty_lines(number: int, shown: int, more: int) -> None:
    all_of_them = [Line(ONE, str(each)) for each in range(number)]
    assert part("due", all_of_them) == Part("due", tuple(all_of_them[:shown]), more)
