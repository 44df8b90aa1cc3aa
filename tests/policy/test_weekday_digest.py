"""What the weekday digest lists: a table of cases at one moment, and who reads it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.contract.directory import Directory, Person
from workflows.contract.vocabulary import Role
from workflows.policy.due import due_moment
from workflows.policy.weekday_digest import SHOWN, Open, Part, Raised, Review, part, parts, recipient

NOW = datetime(2026, 11, 25, 7, 30, tzinfo=UTC)  # a Wednesday
TODAY = NOW.date()
SUNDAY, MONDAY = date(2026, 11, 29), date(2026, 11, 30)
R = "SFO-2026-00042"


def a_question(due_on: date, asked: int = 1, *, late: bool = False, paused_at: datetime | None = None) -> Open:
    opened_at = NOW - timedelta(days=asked)
    return Open(R, "A question", "the spoc", due_on, due_moment(due_on), opened_at, paused_at, late, NOW)


def a_review(due_on: date, *, late: bool = False, risk: bool = False, left: int = 3, paused: bool = False) -> Review:
    return Review(R, due_on, late, risk, left, paused, NOW)


def names(found: tuple[Part, ...]) -> list[str]:
    return [one.name for one in found]


@pytest.mark.parametrize(
    ("question", "lists"),
    [
        (a_question(TODAY), ["due"]),
        (a_question(SUNDAY), ["due"]),
        (a_question(MONDAY), []),
        (a_question(TODAY - timedelta(days=1)), ["overdue"]),
        (a_question(MONDAY, late=True), ["overdue"]),  # more time was granted late: it stays late
        (a_question(TODAY, paused_at=NOW - timedelta(days=2)), []),
        (a_question(TODAY - timedelta(days=1), paused_at=NOW - timedelta(days=3)), []),  # stopped before it was late
        (a_question(MONDAY, asked=6), []),
        (a_question(MONDAY, asked=7), ["waiting"]),  # five working days
        (a_question(TODAY - timedelta(days=1), asked=20), ["overdue", "waiting"]),
        (a_question(MONDAY, asked=20, paused_at=NOW - timedelta(days=1)), []),
    ],
)
def test_where_a_question_stands(question: Open, lists: list[str]) -> None:
    assert names(parts([question], [], [], ())) == lists


@pytest.mark.parametrize(
    ("review", "lists"),
    [
        (a_review(MONDAY), []),
        (a_review(TODAY), ["due"]),
        (a_review(MONDAY, risk=True), ["at_risk"]),
        (a_review(SUNDAY, risk=True), ["at_risk", "due"]),
        (a_review(TODAY - timedelta(days=1), late=True), ["overdue"]),
        (a_review(MONDAY, late=True, risk=True), ["overdue"]),
        (a_review(TODAY, paused=True), []),
    ],
)
def test_where_a_review_stands(review: Review, lists: list[str]) -> None:
    assert names(parts([], [review], [], ())) == lists


def test_days_are_working_days() -> None:
    (overdue,) = parts([a_question(date(2026, 11, 20))], [], [], ())
    assert overdue.lines[0].days == 3  # Monday, Tuesday, Wednesday
    (overdue,) = parts([a_question(date(2026, 11, 20))], [], [], {date(2026, 11, 24)})
    assert overdue.lines[0].days == 2
    (raised,) = parts([], [], [Raised(R, "staff_safety", NOW - timedelta(days=5), NOW)], ())
    assert (raised.name, raised.lines[0].what, raised.lines[0].days) == ("raised", "staff_safety", 3)


def test_who_waits_longest_comes_first() -> None:
    found = parts([a_question(MONDAY, asked=n) for n in (8, 30, 14)], [], [], ())
    assert [line.days for line in found[0].lines] == [22, 10, 6]


@given(st.integers(min_value=1, max_value=200))
def test_a_list_shows_twenty_and_counts_the_rest(number: int) -> None:
    found = parts([a_question(TODAY) for _ in range(number)], [], [], ())
    assert len(found[0].lines) == min(number, SHOWN)
    assert len(found[0].lines) + found[0].more == number
    assert part("due", found[0].lines).more == 0


def a_person(key: str, *, away: bool = False, deputy: str | None = None) -> Person:
    absence = [{"from_on": TODAY, "to_on": TODAY}] if away else []
    return Person.model_validate(
        {"key": key, "name": key, "email": f"{key}@x.test", "roles": [Role.SENIOR_LEAD], "deputy": deputy,
         "away": absence}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ([a_person("a.b", deputy="c.d"), a_person("c.d")], "a.b"),
        ([a_person("a.b", away=True, deputy="c.d"), a_person("e.f"), a_person("c.d")], "c.d"),
        ([a_person("a.b", away=True), a_person("c.d")], "c.d"),
        ([a_person("a.b", away=True, deputy="c.d"), a_person("c.d", away=True), a_person("e.f")], "e.f"),
        ([a_person("a.b", away=True)], "a.b"),  # better to somebody who is away than to nobody
    ],
)
def test_whoever_stands_in_reads_it(people: list[Person], expected: str) -> None:
    national = {"name": "National", "people": people}
    directory = Directory.model_construct(
        version="v", effective_on=TODAY, regions={}, national=type("N", (), national)()
    )
    found = recipient(people, directory, TODAY)
    assert found is not None
    assert found.key == expected
    assert recipient([], directory, TODAY) is None
