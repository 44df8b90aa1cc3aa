"""The steps of a question whose date moved, whose clock stood still, or whose calendar changed."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from activities.bank_holidays import england_and_wales
from workflows.contract.messages import Step
from workflows.contract.rulebook import Rulebook
from workflows.contract.vocabulary import Role, Rung, StepKind
from workflows.policy.calendar import is_working_day
from workflows.policy.due import due_moment, moment_at, on_in_london
from workflows.policy.pausing import ladder_from
from workflows.policy.reminders import rungs_above, schedule

HOLIDAYS = england_and_wales()
BOOK = Rulebook.from_toml((Path(__file__).resolve().parents[2] / "deploy/rulebook/2026-04-01.toml").read_text())
OPENED, DUE = date(2026, 11, 30), date(2027, 2, 28)


def days(steps: tuple[Step, ...], kind: StepKind) -> list[str]:
    return [on_in_london(step.at).isoformat() for step in steps if step.kind is kind]


def climbs(steps: tuple[Step, ...]) -> list[tuple[str, Rung]]:
    return [(on_in_london(s.at).isoformat(), s.rung) for s in steps if s.kind is StepKind.CLIMB]


# --- a schedule made anew -------------------------------------------------------------------------------

LADDER = [(StepKind.CLIMB, rung) for rung in (Rung.DEPUTY, Rung.SENIOR_LEAD, Rung.REGIONAL_DIRECTOR)]
OVERDUE = (StepKind.OVERDUE, Rung.ASKED)


def anew(
    due_on: date, after: datetime, fired: list[tuple[StepKind, Rung]], *, ladder_from: date | None = None
) -> tuple[Step, ...]:
    return schedule(BOOK, "commission", OPENED, due_on, HOLIDAYS, lapses=False, role=Role.SPOC, after=after,
                    fired=fired, ladder_from=ladder_from)  # fmt: skip


def test_a_rung_that_was_told_is_not_told_again_after_a_new_date_and_the_others_are() -> None:
    steps = anew(date(2027, 4, 9), datetime(2027, 3, 10, 12, tzinfo=UTC), [*LADDER[:2], OVERDUE])
    assert days(steps, StepKind.OVERDUE) == ["2027-04-10"]  # the new date missed is a new lateness
    assert climbs(steps) == [("2027-04-16", Rung.REGIONAL_DIRECTOR), ("2027-04-23", Rung.NATIONAL_TEAM)]


def test_the_same_date_is_never_overdue_twice() -> None:
    steps = anew(DUE, datetime(2027, 3, 2, 12, tzinfo=UTC), [LADDER[0], OVERDUE])
    assert not days(steps, StepKind.OVERDUE)
    assert climbs(steps)[0] == ("2027-03-03", Rung.SENIOR_LEAD)


def test_what_was_missed_while_nothing_ran_is_made_up_for_on_rearming() -> None:
    # The date passed on Sunday 28 February; until Saturday 6 March nobody was told anything.
    after = datetime(2027, 3, 6, 12, tzinfo=UTC)
    steps = anew(DUE, after, [])
    assert steps[0] == Step(at=after + timedelta(seconds=1), kind=StepKind.OVERDUE)
    assert climbs(steps) == [
        ("2027-03-08", Rung.DEPUTY),
        ("2027-03-08", Rung.SENIOR_LEAD),
        ("2027-03-08", Rung.REGIONAL_DIRECTOR),
        ("2027-03-12", Rung.NATIONAL_TEAM),
    ]


def test_made_up_for_before_nine_means_today_and_at_nine_the_next_working_day() -> None:
    for hour, expected in ((8, "2027-03-04"), (9, "2027-03-05")):
        assert climbs(anew(DUE, moment_at(date(2027, 3, 4), hour), [OVERDUE]))[0] == (expected, Rung.DEPUTY)


def test_a_period_that_ran_out_unseen_lapses_at_once_on_rearming(rulebook: Rulebook) -> None:
    after = datetime(2027, 3, 2, 12, tzinfo=UTC)
    steps = schedule(rulebook, "facts", OPENED, DUE, HOLIDAYS, lapses=True, role=Role.HEAD_OF_PDU, after=after,
                     fired=[])  # fmt: skip
    assert steps == (Step(at=after + timedelta(seconds=1), kind=StepKind.LAPSE),)


def test_the_ladder_counts_on_after_a_pause_from_where_it_stood() -> None:
    # Late since 26 February (Friday), paused on Tuesday 2 March with the deputy told, resumed on Monday 15 March.
    start = ladder_from(date(2027, 2, 26), date(2027, 3, 2), date(2027, 3, 15), HOLIDAYS)
    steps = anew(date(2027, 2, 26), datetime(2027, 3, 15, 12, tzinfo=UTC), [LADDER[0], OVERDUE], ladder_from=start)
    assert climbs(steps) == [
        ("2027-03-16", Rung.SENIOR_LEAD),  # two of its three days had gone by before the pause
        ("2027-03-18", Rung.REGIONAL_DIRECTOR),
        ("2027-03-25", Rung.NATIONAL_TEAM),
    ]
    assert days(steps, StepKind.REMIND)[0] == "2027-03-19"  # weekly from the date, as before


def test_paused_just_before_a_rung_was_told_it_is_told_after_resuming() -> None:
    # The deputy's rung stood at 09:00 on Monday 1 March; the clock stopped at eight.
    start = ladder_from(date(2027, 2, 26), date(2027, 3, 1), date(2027, 3, 15), HOLIDAYS)
    steps = anew(date(2027, 2, 26), datetime(2027, 3, 15, 12, tzinfo=UTC), [OVERDUE], ladder_from=start)
    assert climbs(steps)[0] == ("2027-03-16", Rung.DEPUTY)


@given(
    st.integers(-60, 60),
    st.integers(0, 90),
    st.integers(0, 23),
    st.frozensets(st.sampled_from([*LADDER, (StepKind.CLIMB, Rung.NATIONAL_TEAM), OVERDUE])),
)
def test_made_anew_nothing_that_fired_comes_again_and_nothing_else_is_lost(
    moved: int, later: int, hour: int, fired: frozenset[tuple[StepKind, Rung]]
) -> None:
    due_on = DUE + timedelta(days=moved)
    after = moment_at(OPENED + timedelta(days=1 + later), hour)
    steps = schedule(BOOK, "commission", OPENED, due_on, HOLIDAYS, lapses=False, role=Role.SPOC, after=after,
                     fired=fired)  # fmt: skip
    told = {rung for kind, rung in fired if kind is StepKind.CLIMB}
    assert {rung for _, rung in climbs(steps)} == {*rungs_above(Role.SPOC)} - told
    assert len(climbs(steps)) == len({rung for _, rung in climbs(steps)})
    is_ahead = due_moment(due_on) + timedelta(seconds=1) > after
    assert len(days(steps, StepKind.OVERDUE)) == (1 if is_ahead or OVERDUE not in fired else 0)
    assert all(step.at > after for step in steps)
    assert all(is_working_day(on_in_london(s.at), HOLIDAYS) for s in steps if s.kind is StepKind.CLIMB)
