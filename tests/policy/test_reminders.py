from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.bank_holidays import england_and_wales
from workflows.contract.messages import Step
from workflows.contract.rulebook import LadderRule, ReminderRule, Rulebook
from workflows.contract.vocabulary import Role, Rung, StepKind
from workflows.policy.calendar import add_working_days, is_working_day, working_days_between
from workflows.policy.due import due_moment, moment_at, on_in_london
from workflows.policy.reminders import further, rungs_above, schedule

HOLIDAYS = england_and_wales()
DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
BOOK = Rulebook.from_toml((DEPLOY / "rulebook/2026-04-01.toml").read_text())
BOOK = BOOK.model_copy(
    update={
        "deadlines": {
            key: rule.model_copy(update={"reminders": "default", "ladder": "default"})
            for key, rule in BOOK.deadlines.items()
        }
    }
)
OPENED, DUE = date(2026, 11, 30), date(2027, 2, 28)


def days(steps: tuple[Step, ...], kind: StepKind) -> list[str]:
    return [on_in_london(step.at).isoformat() for step in steps if step.kind is kind]


def climbs(steps: tuple[Step, ...]) -> list[tuple[str, Rung]]:
    return [(on_in_london(s.at).isoformat(), s.rung) for s in steps if s.kind is StepKind.CLIMB]


def test_a_review_reminds_at_half_four_fifths_two_weeks_one_week_and_on_the_day(rulebook: Rulebook) -> None:
    steps = schedule(rulebook, "review", OPENED, DUE, HOLIDAYS, lapses=False, role=Role.REVIEWING_MANAGER)
    before = [day for day in days(steps, StepKind.REMIND) if day <= "2027-02-28"]
    # 28 February is a Sunday and 14 February one too: each goes out on the Friday before.
    assert before == ["2027-01-14", "2027-02-10", "2027-02-12", "2027-02-19", "2027-02-26"]


def test_after_the_date_it_reminds_weekly_on_working_days(rulebook: Rulebook) -> None:
    steps = schedule(rulebook, "review", OPENED, DUE, HOLIDAYS, lapses=False, role=Role.REVIEWING_MANAGER)
    after = [day for day in days(steps, StepKind.REMIND) if day > "2027-02-28"]
    assert after[:4] == ["2027-03-08", "2027-03-15", "2027-03-22", "2027-03-30"]  # 29 March is Easter Monday
    assert len(after) == rulebook.reminders["review"].at_most


def test_one_second_after_the_due_moment_it_is_overdue(rulebook: Rulebook) -> None:
    steps = schedule(rulebook, "review", OPENED, DUE, HOLIDAYS, lapses=False, role=Role.REVIEWING_MANAGER)
    assert [s.at for s in steps if s.kind is StepKind.OVERDUE] == [datetime(2027, 3, 1, tzinfo=UTC)]
    assert not days(steps, StepKind.LAPSE)


def test_the_ladder_climbs_on_working_days_after_the_date(rulebook: Rulebook) -> None:
    steps = schedule(rulebook, "notification", date(2026, 12, 10), date(2026, 12, 24), HOLIDAYS,
                     lapses=False, role=Role.SPOC)  # fmt: skip
    assert climbs(steps) == [
        ("2026-12-29", Rung.DEPUTY),  # Christmas, weekend and the day in lieu lie between
        ("2026-12-31", Rung.SENIOR_LEAD),
        ("2027-01-05", Rung.REGIONAL_DIRECTOR),
        ("2027-01-12", Rung.NATIONAL_TEAM),
    ]


@pytest.mark.parametrize(
    ("role", "rungs"),
    [
        (Role.SPOC, [Rung.DEPUTY, Rung.SENIOR_LEAD, Rung.REGIONAL_DIRECTOR, Rung.NATIONAL_TEAM]),
        (Role.HEAD_OF_PDU, [Rung.DEPUTY, Rung.SENIOR_LEAD, Rung.REGIONAL_DIRECTOR, Rung.NATIONAL_TEAM]),
        (Role.SENIOR_LEAD, [Rung.DEPUTY, Rung.REGIONAL_DIRECTOR, Rung.NATIONAL_TEAM]),
        (Role.REGIONAL_DIRECTOR, [Rung.DEPUTY, Rung.NATIONAL_TEAM]),
        (Role.NATIONAL_TEAM, [Rung.DEPUTY]),
    ],
)
def test_nobody_climbs_to_their_own_level_or_below(rulebook: Rulebook, role: Role, rungs: list[Rung]) -> None:
    steps = schedule(rulebook, "commission", OPENED, DUE, HOLIDAYS, lapses=False, role=role)
    assert [rung for _, rung in climbs(steps)] == rungs
    assert list(rungs_above(role)) == rungs


def test_a_rung_left_out_of_the_rulebook_is_skipped(rulebook: Rulebook) -> None:
    book = rulebook.model_copy(update={"ladders": rulebook.ladders | {"default": LadderRule(national_team=2)}})
    steps = schedule(book, "commission", OPENED, DUE, HOLIDAYS, lapses=False, role=Role.SPOC)
    assert climbs(steps) == [("2027-03-02", Rung.NATIONAL_TEAM)]


def test_where_silence_lapses_nothing_is_overdue_and_nothing_climbs(rulebook: Rulebook) -> None:
    steps = schedule(rulebook, "facts", date(2026, 12, 18), date(2027, 1, 6), HOLIDAYS,
                     lapses=True, role=Role.HEAD_OF_PDU)  # fmt: skip
    assert [s.kind for s in steps] == [StepKind.REMIND] * 3 + [StepKind.LAPSE]
    assert steps[-1].at == datetime(2027, 1, 7, tzinfo=UTC)


def test_a_question_opened_after_its_date_is_overdue_at_once_and_climbs_from_its_opening(
    rulebook: Rulebook,
) -> None:
    opened_at = datetime(2027, 3, 10, 14, 30, tzinfo=UTC)
    steps = schedule(rulebook, "notification", date(2027, 3, 10), date(2027, 1, 5), HOLIDAYS,
                     lapses=False, role=Role.SPOC, after=opened_at)  # fmt: skip
    assert steps[0] == Step(at=opened_at + timedelta(seconds=1), kind=StepKind.OVERDUE)
    assert climbs(steps)[0] == ("2027-03-11", Rung.DEPUTY)
    assert days(steps, StepKind.REMIND)[0] == "2027-03-17"


def test_rearmed_after_a_late_extension_what_has_fired_does_not_fire_again(rulebook: Rulebook) -> None:
    granted_at = datetime(2027, 4, 1, 12, tzinfo=UTC)
    steps = schedule(rulebook, "review", OPENED, date(2027, 3, 15), HOLIDAYS,
                     lapses=False, role=Role.REVIEWING_MANAGER, after=granted_at)  # fmt: skip
    assert all(step.at > granted_at for step in steps)
    assert not days(steps, StepKind.OVERDUE)
    assert {step.kind for step in steps} == {StepKind.REMIND}


def test_a_reminder_of_this_very_moment_is_not_planned_again(rulebook: Rulebook) -> None:
    at_nine = moment_at(date(2027, 2, 12), 9)
    steps = schedule(rulebook, "review", OPENED, DUE, HOLIDAYS,
                     lapses=False, role=Role.REVIEWING_MANAGER, after=at_nine)  # fmt: skip
    assert days(steps, StepKind.REMIND)[0] == "2027-02-19"


def test_rearmed_with_a_later_date_the_ladder_stands_after_the_new_date(rulebook: Rulebook) -> None:
    steps = schedule(rulebook, "review", OPENED, date(2027, 5, 28), HOLIDAYS,
                     lapses=False, role=Role.REVIEWING_MANAGER, after=datetime(2027, 2, 20, tzinfo=UTC))  # fmt: skip
    assert days(steps, StepKind.OVERDUE) == ["2027-05-29"]
    assert climbs(steps)[0] == ("2027-06-01", Rung.DEPUTY)  # 31 May is a bank holiday
    assert days(steps, StepKind.REMIND)[:1] == ["2027-02-26"]  # half of the longer period, brought to the Friday


def test_the_reminders_go_on_after_the_planned_ones_are_used_up(rulebook: Rulebook) -> None:
    steps = schedule(rulebook, "review", OPENED, DUE, HOLIDAYS, lapses=False, role=Role.REVIEWING_MANAGER)
    more = further(rulebook, "review", OPENED, DUE, HOLIDAYS, after=steps[-1].at)
    assert days(more, StepKind.REMIND)[:2] == ["2027-05-04", "2027-05-10"]  # 3 May is a bank holiday
    assert len(more) == rulebook.reminders["review"].at_most


def test_years_later_the_next_reminders_are_still_found(rulebook: Rulebook) -> None:
    after = datetime(2031, 6, 1, tzinfo=UTC)
    more = further(rulebook, "review", OPENED, DUE, HOLIDAYS, after=after)
    assert timedelta(0) < more[0].at - after <= timedelta(days=8)


def test_a_rule_without_repeats_has_no_further_reminders(rulebook: Rulebook) -> None:
    book = rulebook.model_copy(update={"reminders": rulebook.reminders | {"default": ReminderRule()}})
    assert further(book, "commission", OPENED, DUE, HOLIDAYS, after=due_moment(DUE)) == ()


RULES = st.builds(
    ReminderRule,
    fractions=st.lists(st.floats(0.01, 0.99), max_size=4).map(tuple),
    days_before=st.lists(st.integers(1, 30), max_size=4).map(tuple),
    on_the_day=st.booleans(),
    then_every_days=st.none() | st.integers(1, 30),
    at_most=st.integers(1, 12),
)
LADDERS = st.lists(st.none() | st.integers(1, 20), min_size=4, max_size=4).map(
    lambda steps: LadderRule(
        **dict(
            zip(
                ("deputy", "senior_lead", "regional_director", "national_team"),
                _ascending(steps),
                strict=True,
            )
        )
    )
)


def _ascending(steps: list[int | None]) -> list[int | None]:
    values = iter(sorted(step for step in steps if step is not None))
    return [None if step is None else next(values) for step in steps]


@given(
    RULES,
    LADDERS,
    st.dates(date(2025, 1, 1), date(2027, 12, 31)),
    st.integers(-30, 400),
    st.booleans(),
    st.sampled_from(Role),
    st.none() | st.integers(0, 86399),
)
def test_every_schedule_is_ordered_without_doubles_and_complete(
    reminders: ReminderRule,
    ladder: LadderRule,
    opened_on: date,
    length: int,
    lapses: bool,
    role: Role,
    second: int | None,
) -> None:
    book = BOOK.model_copy(update={"reminders": {"default": reminders}, "ladders": {"default": ladder}})
    due_on = opened_on + timedelta(days=length)
    after = None if second is None else moment_at(opened_on, 0) + timedelta(seconds=second)
    after = after if after is None or on_in_london(after) == opened_on else None
    steps = schedule(book, "commission", opened_on, due_on, HOLIDAYS, lapses=lapses, role=role, after=after)
    opening = after or due_moment(opened_on)

    assert list(steps) == sorted(steps, key=lambda step: step.at)
    assert max(Counter(steps).values()) == 1
    assert all(step.at > opening for step in steps)
    kinds = Counter(step.kind for step in steps)
    assert kinds[StepKind.LAPSE if lapses else StepKind.OVERDUE] == 1
    assert kinds[StepKind.OVERDUE if lapses else StepKind.LAPSE] == 0
    end = next(step.at for step in steps if step.kind in (StepKind.LAPSE, StepKind.OVERDUE))
    assert end == max(due_moment(due_on), opening) + timedelta(seconds=1)

    expected = [] if lapses else [(r, d) for r, d in ladder.climbs() if r in rungs_above(role)]
    base = max(opened_on, due_on)
    found = [
        (s.rung, working_days_between(base, on_in_london(s.at), HOLIDAYS)) for s in steps if s.kind is StepKind.CLIMB
    ]
    assert sorted(found) == sorted(expected)

    for step in steps:
        if step.kind in (StepKind.REMIND, StepKind.CLIMB):
            on = on_in_london(step.at)
            assert is_working_day(on, HOLIDAYS)
            assert step.at == moment_at(on, 9)
    after_end = [s for s in steps if s.kind is StepKind.REMIND and s.at > end]
    assert len(after_end) == (0 if lapses or reminders.then_every_days is None else reminders.at_most)


@given(RULES, st.dates(date(2025, 1, 1), date(2027, 12, 31)), st.integers(1, 100))
def test_further_reminders_continue_the_series_without_gap_or_repeat(
    reminders: ReminderRule, opened_on: date, length: int
) -> None:
    book = BOOK.model_copy(update={"reminders": {"default": reminders}})
    due_on = opened_on + timedelta(days=length)
    first = further(book, "commission", opened_on, due_on, HOLIDAYS, after=due_moment(due_on))
    if not first:
        assert reminders.then_every_days is None
        return
    second = further(book, "commission", opened_on, due_on, HOLIDAYS, after=first[-1].at)
    longer = book.model_copy(
        update={"reminders": {"default": reminders.model_copy(update={"at_most": 2 * reminders.at_most})}}
    )
    assert first + second == further(longer, "commission", opened_on, due_on, HOLIDAYS, after=due_moment(due_on))


def test_the_calendar_used_here_knows_christmas() -> None:
    assert add_working_days(date(2026, 12, 24), 1, HOLIDAYS) == date(2026, 12, 29)


@pytest.mark.parametrize("on_the_day", [True, False])
def test_on_the_date_itself_it_reminds_where_the_rule_says_so(rulebook: Rulebook, on_the_day: bool) -> None:
    due_on = date(2027, 2, 26)  # a Friday, which no other part of the rule names
    rule = rulebook.reminders["default"].model_copy(
        update={"fractions": (), "days_before": (), "on_the_day": on_the_day, "then_every_days": None}
    )
    book = rulebook.model_copy(update={"reminders": rulebook.reminders | {"default": rule}})
    steps = schedule(book, "notification", OPENED, due_on, HOLIDAYS, lapses=False, role=Role.SPOC)
    assert days(steps, StepKind.REMIND) == (["2027-02-26"] if on_the_day else [])


def test_on_the_morning_on_which_it_is_asked_nobody_is_reminded(rulebook: Rulebook) -> None:
    """The question is asked before the hour of reminders, and its rule names this very day."""
    opened_on, due_on = date(2027, 2, 22), date(2027, 2, 26)
    rule = rulebook.reminders["default"].model_copy(
        update={"fractions": (), "days_before": (4, 3), "on_the_day": False}
    )
    book = rulebook.model_copy(update={"reminders": rulebook.reminders | {"default": rule}})
    at = datetime(2027, 2, 22, 7, tzinfo=UTC)
    steps = schedule(book, "notification", opened_on, due_on, HOLIDAYS, lapses=False, role=Role.SPOC, after=at)
    assert days(steps, StepKind.REMIND)[0] == "2027-02-23"


def test_made_anew_at_the_moment_in_which_it_is_overdue_it_says_so_once(rulebook: Rulebook) -> None:
    overdue_at = due_moment(DUE) + timedelta(seconds=1)
    steps = schedule(rulebook, "notification", OPENED, DUE, HOLIDAYS,
                     lapses=False, role=Role.SPOC, after=overdue_at, fired=())  # fmt: skip
    assert [step.at for step in steps if step.kind is StepKind.OVERDUE] == [overdue_at + timedelta(seconds=1)]
