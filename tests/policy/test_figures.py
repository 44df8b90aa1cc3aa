"""The figures: a few cases that were counted by hand, and what holds of any cases whatever."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.contract.vocabulary import Stage
from workflows.policy.calendar import working_days_between, working_days_of_each
from workflows.policy.figure import NUMBER, SHARE
from workflows.policy.figure_rows import (
    Action,
    Carried,
    Deficiency,
    Findings,
    Granted,
    Leg,
    Move,
    Pause,
    Period,
    Rated,
    Round,
    Row,
)
from workflows.policy.figures import EVERYWHERE, FIGURES, figures

YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
HOLIDAYS = frozenset({date(2026, 4, 3), date(2026, 4, 6)})


def on(month: int, day: int, year: int = 2026) -> date:
    return date(year, month, day)


# Accepted in the second round; 30 days more in time and 14 more asked for after the date; 6 days back after a pause.
RETURNED = Row(
    "N53",
    charged_on=on(1, 1),
    appeared_on=on(1, 2),
    notified_on=on(1, 12),
    notify_by=on(1, 16),
    convicted_on=on(6, 1),
    moves=(
        Move(on(1, 12), on(4, 12), "review"),
        Move(on(2, 20), on(4, 18), "pause"),
        Move(on(4, 10), on(5, 18), "extension"),
        Move(on(5, 20), on(6, 1), "extension", is_late=True),
    ),
    pauses=(Pause(on(2, 14), on(2, 20)),),
    rounds=(
        Round(on(5, 28), on(6, 10), "countersigning_manager"),
        Round(on(6, 30), on(7, 20)),
    ),
    stages=(
        Carried(Stage.NOTIFICATION, on(1, 2), on(1, 12)),
        Carried(Stage.REVIEW, on(1, 12), on(5, 28)),
        Carried(Stage.REVIEW, on(6, 10), on(6, 30)),
        Carried(Stage.COUNTERSIGN, on(4, 1), on(4, 8)),  # over Easter: two holidays and a weekend
    ),
    legs=(Leg(on(6, 11), on(8, 10)), Leg(on(6, 21)), Leg()),
    findings=Findings(
        (
            Deficiency("team", "handover"),
            Deficiency("organisational", "workload"),
            Deficiency("organisational", "workload"),
            Deficiency("", "a theme of next year"),
        ),
        2,
        "partly",
    ),
    actions=(
        Action("done", on(9, 1), "team"),
        Action("open", on(10, 1), "organisational"),
        Action("withdrawn", on(9, 1)),
    ),
    ratings=(Rated(on(7, 20), ("learning",)),),
    granted=(Granted(on(4, 10), "illness"), Granted(on(5, 20), "absence")),
    holidays_moved=(on(3, 3),),
)
# Accepted at once and in time, without more time.
PROMPT = Row(
    "N53",
    charged_on=on(2, 1),
    appeared_on=on(2, 2),
    notified_on=on(2, 21),
    notify_by=on(2, 16),
    moves=(Move(on(2, 21), on(5, 21), "review"),),
    rounds=(Round(on(5, 21), on(6, 1)),),
    stages=(Carried(Stage.REVIEW, on(2, 21), on(5, 21)),),
    findings=Findings((Deficiency("individual", "workload"),), 0, "yes"),
    ratings=(Rated(on(6, 1)),),
)
# Open and overdue: due on 1 October, its clock stood still from 1 December, so 61 days late at the end of the year.
OVERDUE = Row(
    "N07", charged_on=on(6, 1), moves=(Move(on(7, 1), on(10, 1), "review"),), pauses=(Pause(on(12, 1)),)
)  # fmt: skip
# Open, given 31 days more, handed in on 30 December, not signed yet.
HANDED_IN = Row(
    "N07",
    charged_on=on(9, 1),
    moves=(Move(on(9, 15), on(12, 15), "review"), Move(on(12, 1), on(1, 15, 2027), "extension")),
    rounds=(Round(on(12, 30)),),
    granted=(Granted(on(12, 1), "trial"),),
)
# Stopped by the court in May; and one that only began a year later.
STOPPED = Row("N07", charged_on=on(3, 1), stopped_on=on(5, 5), moves=(Move(on(3, 10), on(6, 10), "review"),))
LATER = Row("N07", charged_on=on(12, 1), moves=(Move(on(1, 4, 2027), on(4, 4, 2027), "review"),))

ROWS = (RETURNED, PROMPT, OVERDUE, HANDED_IN, STOPPED, LATER)

BY_HAND = [
    # reviews
    ("reviews", "begun", 5, 5), ("reviews", "submitted", 3, 3), ("reviews", "accepted", 2, 2),
    ("reviews", "stopped", 1, 1), ("reviews", "open_at_the_end", 2, 2),
    # more time: 30 + 14 days for the first, 31 for the one handed in, none for the prompt one
    ("extended", "extended", 2 / 3, 3), ("extended", "extended_after_the_date", 1 / 3, 3),
    ("extended", "median", 37.5, 2), ("extended", "mean", 37.5, 2), ("extended", "longest", 44, 2),
    ("extended", "open_and_extended", 1 / 2, 2),
    ("moved_otherwise", "moved_by_a_pause", 1 / 3, 3), ("moved_otherwise", "pause_median", 6, 1),
    ("moved_otherwise", "question_dates_moved_by_a_bank_holiday", 1, 1),
    ("reasons", "trial", 1, 3), ("reasons", "absence_or_illness", 2, 3), ("reasons", "workload", 0, 3),
    # open: from 1 July 183 days, from 15 September 107
    ("open_age", "up_to_3_months", 0, 2), ("open_age", "3_to_6_months", 1, 2), ("open_age", "6_to_12_months", 1, 2),
    ("open_age", "over_12_months", 0, 2), ("open_age", "median", 145, 2), ("open_age", "oldest", 183, 2),
    ("open_standing", "before_the_date", 0, 2), ("open_standing", "overdue", 1, 2),
    ("open_standing", "handed_in", 1, 2), ("open_standing", "overdue_share", 1 / 2, 2),
    ("open_standing", "overdue_median", 61, 1), ("open_standing", "overdue_longest", 61, 1),
    # late: the first counts against 18 May, since the last extension came too late
    ("late", "after_the_date", 1 / 3, 3), ("late", "late_median", 10, 1), ("late", "late_longest", 10, 1),
    ("late", "after_the_first_date", 2 / 3, 3),
    ("rounds", "rounds_1", 1, 2), ("rounds", "rounds_2", 1, 2), ("rounds", "rounds_3", 0, 2),
    ("rounds", "returned", 1 / 2, 2), ("rounds", "returns_by_countersigning_manager", 1, 2),
    ("rounds", "returns_by_national_team", 0, 2),
    # stages: 136, 20 and 89 days; over Easter seven days, three of them worked
    ("stages", "review_median", 89, 3), ("stages", "review_4_of_5_within", 136, 3),
    ("stages", "countersign_median", 7, 1), ("stages", "countersign_working_median", 3, 1),
    ("stages", "notification_working_median", 6, 1), ("stages", "charge_median", None, 0),
    ("notification", "charge_to_notification_median", 15.5, 2),
    ("notification", "charge_to_notification_4_of_5_within", 20, 2),
    ("notification", "appearance_to_notification_working_median", 10, 2), ("notification", "in_time", 1 / 2, 2),
    ("disclosure", "told", 2, 2), ("disclosure", "conviction_to_told_median", 15, 2),
    ("disclosure", "conviction_to_told_longest", 20, 2), ("disclosure", "given", 1, 1),
    ("disclosure", "conviction_to_given_median", 70, 1), ("disclosure", "not_told_at_the_end", 1, 1),
    ("causes", "deficiencies_individual", 1, 5), ("causes", "deficiencies_team", 1, 5),
    ("causes", "deficiencies_organisational", 2, 5), ("causes", "deficiencies_mix", 0, 5),
    ("causes", "deficiencies_no_level", 1, 5), ("causes", "strengths", 2, 2),
    ("causes", "theme_workload", 3, 5), ("causes", "theme_handover", 1, 5), ("causes", "theme_no_theme", 1, 5),
    ("causes", "theme_records", 0, 5), ("causes", "organisational_workload", 2, 5),
    ("causes", "individual_workload", 1, 5), ("causes", "team_workload", 0, 5), ("causes", "no_level_no_theme", 1, 5),
    ("causes", "reviews_with_workload", 1.0, 2), ("causes", "reviews_with_handover", 0.5, 2),
    ("causes", "all_reasonable_steps_yes", 1, 2), ("causes", "all_reasonable_steps_partly", 1, 2),
    ("standards", "learning_below", 1 / 2, 2), ("standards", "victims_below", 0, 2),
    ("actions", "done", 1, 3), ("actions", "open", 1, 3), ("actions", "withdrawn", 1, 3),
    ("actions", "open_and_overdue", 1, 3), ("actions", "organisational_open", 1, 1), ("actions", "team_done", 1, 1),
    ("actions", "no_level_withdrawn", 1, 1),
]  # fmt: skip


@pytest.mark.parametrize(("figure", "measure", "value", "n"), BY_HAND, ids=lambda one: str(one))
def test_each_figure_is_what_was_counted_by_hand(figure: str, measure: str, value: float | None, n: int) -> None:
    found = figures(ROWS, YEAR, HOLIDAYS)[EVERYWHERE][figure][measure]
    assert (found.value, found.n) == (pytest.approx(value) if value is not None else None, n)


def test_every_figure_has_a_measure_that_was_counted_by_hand() -> None:
    assert {figure for figure, *_ in BY_HAND} == {figure.key for figure in FIGURES}


def test_a_region_is_counted_by_itself() -> None:
    found = figures(ROWS, YEAR, HOLIDAYS)
    assert list(found) == [EVERYWHERE, "N07", "N53"]
    assert found["N53"]["reviews"]["open_at_the_end"].value == 0
    assert found["N53"]["extended"]["extended"].value == 1 / 2
    assert found["N07"]["rounds"]["returned"].value is None


def test_both_days_of_a_period_belong_to_it() -> None:
    day = Period(on(5, 28), on(5, 28))
    assert figures(ROWS, day, HOLIDAYS)[EVERYWHERE]["reviews"]["submitted"].value == 1
    before = Period(on(5, 22), on(5, 27))
    assert figures(ROWS, before, HOLIDAYS)[EVERYWHERE]["reviews"]["submitted"].value == 0


def test_a_period_of_the_past_knows_nothing_of_what_came_after_it() -> None:
    may = figures(ROWS, Period(on(5, 1), on(5, 19)), HOLIDAYS)[EVERYWHERE]
    standing = may["open_standing"]
    assert (standing["before_the_date"].value, standing["overdue"].value) == (1, 1)  # the prompt one, the returned one
    assert standing["overdue_longest"].value == 1  # due on 18 May, more time came only on the 20th


@pytest.mark.parametrize(("n", "is_small"), [(0, False), (1, True), (4, True), (5, False)])
def test_a_share_of_few_is_marked_and_a_count_is_not(n: int, is_small: bool) -> None:
    found = figures([PROMPT] * n, YEAR, HOLIDAYS)[EVERYWHERE]
    assert found["extended"]["extended"].is_small is is_small
    assert found["reviews"]["submitted"].is_small is False


def test_of_nothing_there_is_nothing_to_say() -> None:
    for of_figure in figures([], YEAR, HOLIDAYS)[EVERYWHERE].values():
        for measure in of_figure.values():
            assert measure.value == (0 if measure.unit == NUMBER else None)


# --- whatever the cases -------------------------------------------------------------------------------

DAYS = st.dates(date(2025, 1, 1), date(2027, 6, 30))
LATER_BY = st.integers(0, 200).map(lambda days: timedelta(days=days))


DEFICIENCIES = st.builds(
    Deficiency, st.sampled_from(["team", "mix", ""]), st.sampled_from(["workload", "records", "other", ""])
)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """Any case whose days are in an order that can be."""
    day = draw(DAYS)
    charged_on, appeared_on = day, day + draw(LATER_BY)
    fixed_on = appeared_on + draw(LATER_BY)
    moves = [Move(fixed_on, fixed_on + timedelta(days=91), "review")]
    for _ in range(draw(st.integers(0, 3))):
        last = moves[-1]
        rule = draw(st.sampled_from(["extension", "pause"]))
        moves.append(Move(last.on + draw(LATER_BY), last.due_on + draw(LATER_BY), rule, draw(st.booleans())))
    rounds, at = [], fixed_on
    for _ in range(draw(st.integers(0, 5))):
        submitted, ended = at + draw(LATER_BY), at + timedelta(days=200) + draw(LATER_BY)
        role = draw(st.sampled_from(["countersigning_manager", "national_team", None]))
        rounds.append(Round(submitted, draw(st.sampled_from([ended, None])), role))
        at = ended
        if role is None or rounds[-1].ended_on is None:
            break
    is_begun = draw(st.booleans())
    return Row(
        draw(st.sampled_from(["N53", "N07", "N03"])),
        charged_on=charged_on,
        appeared_on=appeared_on,
        notified_on=draw(st.sampled_from([fixed_on, None])),
        notify_by=draw(st.one_of(st.none(), DAYS)),
        convicted_on=draw(st.one_of(st.none(), DAYS)),
        stopped_on=None if rounds else draw(st.one_of(st.none(), DAYS)),
        moves=tuple(moves) if is_begun else (),
        rounds=tuple(rounds) if is_begun else (),
        pauses=tuple(Pause(one, one + draw(LATER_BY)) for one in draw(st.lists(DAYS, max_size=2))),
        stages=tuple(
            Carried(stage, one, one + draw(LATER_BY))
            for stage, one in draw(st.lists(st.tuples(st.sampled_from(Stage), DAYS), max_size=3))
        ),
        legs=tuple(
            Leg(told, given, closed)
            for told, given, closed in draw(
                st.lists(st.tuples(st.none() | DAYS, st.none() | DAYS, st.booleans()), max_size=2)
            )
        ),
        findings=draw(st.none() | st.builds(Findings, st.lists(DEFICIENCIES).map(tuple))),
        actions=tuple(draw(st.lists(st.builds(Action, st.sampled_from(["done", "open", "withdrawn"]), DAYS)))),
        granted=tuple(draw(st.lists(st.builds(Granted, DAYS, st.sampled_from(["trial", "illness", "odd"]))))),
    )


@given(st.lists(rows(), max_size=12), DAYS, LATER_BY)
def test_shares_lie_within_one_medians_below_the_longest_and_regions_sum_to_all(
    cases: list[Row], from_on: date, span: timedelta
) -> None:
    found = figures(cases, Period(from_on, from_on + span), HOLIDAYS)
    every = found.pop(EVERYWHERE)
    for figure, measures in every.items():
        for name, measure in measures.items():
            assert measure.n >= 0
            if measure.unit == NUMBER:
                assert measure.value == sum(region[figure][name].value or 0 for region in found.values())
            elif measure.unit == SHARE:
                assert (measure.value is None) is (measure.n == 0)
                assert measure.value is None or 0 <= measure.value <= 1
            else:
                assert (measure.value is None) is (measure.n == 0)
            assert measure.n == sum(region[figure][name].n for region in found.values())
        for name in [
            name for name in measures if name.endswith("median") and name.replace("median", "longest") in measures
        ]:
            middle, most = measures[name].value, measures[name.replace("median", "longest")].value
            assert middle is None or (most is not None and middle <= most)
    left = every["open_standing"]
    parts = sum(left[name].value or 0 for name in ("before_the_date", "overdue", "handed_in"))
    assert parts == every["reviews"]["open_at_the_end"].value == left["overdue"].n


@given(st.lists(st.tuples(DAYS, LATER_BY), max_size=5), st.frozensets(DAYS, max_size=20))
def test_working_days_of_many_spans_are_those_of_each(
    spans: list[tuple[date, timedelta]], holidays: frozenset[date]
) -> None:
    each = [(begin, begin + length) for begin, length in spans]
    assert working_days_of_each(each, holidays) == [working_days_between(*one, holidays) for one in each]
