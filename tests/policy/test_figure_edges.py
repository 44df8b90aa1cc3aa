"""The edges of every figure: the first and the last day of a period, and what came a day before or after.

One case each, counted for March 2026. The date of a review moves in years that a table of totals does not show.
"""

from datetime import date
from typing import Any

import pytest

from workflows.contract.vocabulary import Stage
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
from workflows.policy.figures import EVERYWHERE, Measures, figures

MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))
SENT_BACK_BY = "countersigning_manager"


def on(month: int, day: int, year: int = 2026) -> date:
    return date(year, month, day)


def a_case(
    begun: date | None = None,
    due: date | None = None,
    *,
    moves: tuple[Move, ...] = (),
    rounds: tuple[Round, ...] = (),
    pauses: tuple[Pause, ...] = (),
    **other: Any,
) -> Row:
    """A review that began on this day, by default in February, and is due long after March."""
    fixed = Move(begun or on(2, 1), due or on(5, 1), "review")
    return Row("N53", on(1, 5), moves=(fixed, *moves), rounds=rounds, pauses=pauses, **other)


def counted(*rows: Row) -> Measures:
    return figures(rows, MARCH, ())[EVERYWHERE]


def told(figure: str, *rows: Row) -> dict[str, float]:
    """The measures of a figure that are neither nought nor without a value."""
    return {name: measure.value for name, measure in counted(*rows)[figure].items() if measure.value}


# --- open, and how old --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "is_open"),
    [
        (a_case(begun=on(3, 31)), True),
        (a_case(begun=on(4, 1)), False),
        (a_case(rounds=(Round(on(3, 2), on(3, 31)),)), False),
        (a_case(rounds=(Round(on(3, 2), on(4, 1)),)), True),
        (a_case(rounds=(Round(on(3, 2), on(3, 31), SENT_BACK_BY),)), True),
        (a_case(stopped_on=on(3, 31)), False),
        (a_case(stopped_on=on(4, 1)), True),
        (Row("N53", on(1, 5)), False),
    ],
)
def test_a_review_is_open_from_the_day_on_which_it_begins_to_the_day_before_its_end(row: Row, is_open: bool) -> None:
    assert counted(row)["reviews"]["open_at_the_end"].value == is_open


def test_what_was_never_begun_is_not_stopped_either() -> None:
    stopped = [Row("N53", on(1, 5), stopped_on=on(3, 9)), a_case(stopped_on=on(3, 9)), a_case(stopped_on=on(2, 9))]
    assert counted(*stopped)["reviews"]["stopped"].value == 1


@pytest.mark.parametrize(
    ("begun", "band", "age"),
    [
        (on(3, 31), "up_to_3_months", 0),
        (on(3, 30), "up_to_3_months", 1),
        (on(12, 30, 2025), "up_to_3_months", 91),
        (on(12, 29, 2025), "3_to_6_months", 92),
        (on(9, 30, 2025), "3_to_6_months", 182),
        (on(9, 29, 2025), "6_to_12_months", 183),
        (on(3, 31, 2025), "6_to_12_months", 365),
        (on(3, 30, 2025), "over_12_months", 366),
        (on(3, 31, 2016), "over_12_months", 3652),
    ],
)
def test_an_age_lies_in_one_band_up_to_and_including_its_last_day(begun: date, band: str, age: int) -> None:
    found = counted(a_case(begun=begun))["open_age"]
    assert {name: found[name].value for name in found if "months" in name} == {
        name: name == band for name in ("up_to_3_months", "3_to_6_months", "6_to_12_months", "over_12_months")
    }
    assert (found["median"].value, found["oldest"].value) == (age, age)


# --- with whom, and how late --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rounds", "standing"),
    [
        ((), "before_the_date"),
        ((Round(on(3, 31)),), "handed_in"),
        ((Round(on(4, 1)),), "before_the_date"),
        ((Round(on(3, 9), on(3, 31), SENT_BACK_BY),), "before_the_date"),
        ((Round(on(3, 9), on(4, 1), SENT_BACK_BY),), "handed_in"),
        ((Round(on(3, 9), on(3, 16), SENT_BACK_BY), Round(on(3, 20))), "handed_in"),
        (
            (Round(on(3, 9), on(3, 16), SENT_BACK_BY), Round(on(3, 20), on(3, 23), "national_team"), Round(on(3, 27))),
            "handed_in",
        ),
        (
            (Round(on(3, 9), on(3, 16), SENT_BACK_BY), Round(on(3, 20), on(4, 3), SENT_BACK_BY)),
            "handed_in",
        ),
        (
            (Round(on(3, 9), on(3, 16), SENT_BACK_BY), Round(on(3, 20), on(3, 30), SENT_BACK_BY)),
            "before_the_date",
        ),
    ],
)
def test_a_text_is_owed_until_the_day_it_is_handed_in_and_again_from_the_day_it_comes_back(
    rounds: tuple[Round, ...], standing: str
) -> None:
    assert told("open_standing", a_case(rounds=rounds)) == {standing: 1}


@pytest.mark.parametrize(
    ("row", "days"),
    [
        (a_case(due=on(3, 31)), 0),
        (a_case(due=on(3, 30)), 1),
        # More time counts from the day on which it was granted, unless it was asked for too late.
        (a_case(due=on(3, 25), moves=(Move(on(3, 31), on(4, 30), "extension"),)), 0),
        (a_case(due=on(3, 25), moves=(Move(on(4, 1), on(4, 30), "extension"),)), 6),
        (a_case(due=on(3, 25), moves=(Move(on(3, 28), on(4, 30), "extension", is_late=True),)), 6),
        (
            a_case(
                due=on(3, 1),
                moves=(
                    Move(on(2, 25), on(3, 11), "extension"),
                    Move(on(3, 13), on(4, 30), "extension", is_late=True),
                    Move(on(3, 20), on(3, 21), "pause"),
                ),
            ),
            10,
        ),
        # A clock that stands still adds no days; one that runs again on the last day does.
        (a_case(due=on(3, 20), pauses=(Pause(on(3, 25)),)), 5),
        (a_case(due=on(3, 20), pauses=(Pause(on(3, 25), on(4, 1)),)), 5),
        (a_case(due=on(3, 20), pauses=(Pause(on(3, 25), on(3, 31)),)), 11),
        (a_case(due=on(3, 20), pauses=(Pause(on(3, 31)),)), 11),
        (a_case(due=on(3, 20), pauses=(Pause(on(4, 1)),)), 11),
        (a_case(due=on(3, 20), pauses=(Pause(on(3, 10)),)), 0),
        (a_case(due=on(3, 20), pauses=(Pause(on(3, 21), on(3, 22)), Pause(on(3, 28)))), 8),
    ],
)
def test_an_owed_text_is_late_from_the_day_after_the_date_that_counts(row: Row, days: int) -> None:
    found = told("open_standing", row)
    late = {f"overdue_{each}": days for each in ("median", "mean", "longest")}
    assert found == ({"overdue": 1, "overdue_share": 1, **late} if days else {"before_the_date": 1})


# --- more time ----------------------------------------------------------------------------------------


def handed_in(at: date, *moves: Move, due: date | None = None, begun: date | None = None) -> Row:
    return a_case(begun, due, moves=moves, rounds=(Round(at),))


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (handed_in(on(3, 9)), {}),
        (handed_in(on(2, 28), Move(on(2, 20), on(5, 11), "extension")), {}),  # it was in February
        (handed_in(on(3, 9), Move(on(3, 9), on(5, 11), "extension")), {"days": 10}),
        (handed_in(on(3, 9), Move(on(3, 10), on(5, 11), "extension")), {}),
        (
            handed_in(on(3, 9), Move(on(3, 2), on(5, 11), "extension"), Move(on(3, 10), on(5, 30), "extension")),
            {"days": 10},
        ),
        (
            handed_in(on(3, 9), Move(on(2, 9), on(5, 8), "pause"), Move(on(3, 2), on(5, 11), "extension")),
            {"days": 3, "paused": 7},
        ),
        (
            handed_in(on(3, 9), Move(on(3, 2), on(5, 11), "extension"), Move(on(3, 9), on(5, 13), "pause")),
            {"days": 10, "paused": 2},
        ),
        (handed_in(on(3, 9), Move(on(3, 10), on(5, 13), "pause")), {}),
        (handed_in(on(3, 9), Move(on(3, 9), on(5, 11), "extension", is_late=True)), {"days": 10, "late": True}),
        (handed_in(on(3, 9), Move(on(3, 10), on(5, 11), "extension", is_late=True)), {}),
        (handed_in(on(3, 9), Move(on(3, 9), on(5, 11), "pause", is_late=True)), {"paused": 10}),
    ],
)
def test_more_time_counts_up_to_the_day_on_which_the_review_is_handed_in(row: Row, found: dict[str, int]) -> None:
    extended = told("extended", row)
    extended.pop("open_and_extended", None)  # of what is open: below
    assert extended == (
        ({"extended": 1, **dict.fromkeys(("median", "mean", "longest"), found["days"])} if "days" in found else {})
        | ({"extended_after_the_date": 1} if "late" in found else {})
    )
    assert told("moved_otherwise", row) == (
        {"moved_by_a_pause": 1, **{f"pause_{each}": found["paused"] for each in ("median", "mean", "longest")}}
        if "paused" in found
        else {}
    )


@pytest.mark.parametrize(("at", "share"), [(on(3, 31), 1), (on(4, 1), 0)])
def test_an_open_review_is_extended_from_the_day_on_which_it_was_granted(at: date, share: int) -> None:
    assert counted(a_case(moves=(Move(at, on(6, 1), "extension"),)))["extended"]["open_and_extended"].value == share


def test_a_reason_that_the_page_does_not_offer_is_another_one() -> None:
    granted = tuple(
        Granted(on(3, day), reason) for day, reason in ((1, "other"), (9, "an invented one"), (31, "trial"))
    )
    outside = (Granted(on(2, 28), "trial"), Granted(on(4, 1), "workload"))
    found = counted(a_case(granted=(*granted, *outside)))["reasons"]
    assert {name: measure.value for name, measure in found.items()} == {
        "trial": 1, "waiting_for_information": 0, "absence_or_illness": 0, "workload": 0, "other": 2,
    }  # fmt: skip
    assert {measure.n for measure in found.values()} == {3}


def test_a_bank_holiday_counts_in_the_period_in_which_it_moved_a_question() -> None:
    moved = a_case(holidays_moved=(on(2, 28), on(3, 1), on(3, 31), on(4, 1)))
    assert counted(moved)["moved_otherwise"]["question_dates_moved_by_a_bank_holiday"].value == 2


# --- handed in late -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "days", "is_after_the_first"),
    [
        (handed_in(on(3, 9), due=on(3, 9)), 0, False),
        (handed_in(on(3, 10), due=on(3, 9)), 1, True),
        (handed_in(on(3, 10), Move(on(3, 2), on(3, 10), "extension"), due=on(3, 9)), 0, True),
        (handed_in(on(2, 27), due=on(2, 1)), None, False),  # it was in February
        # Reported months late: its date had passed on the day on which it was fixed and the text came.
        (handed_in(on(3, 10), begun=on(3, 10), due=on(3, 1)), 9, True),
        # A text that stands on the record without a date, or before its date was fixed, is not late.
        (Row("N53", on(1, 5), rounds=(Round(on(3, 10)),)), 0, False),
        (handed_in(on(3, 10), begun=on(3, 11), due=on(3, 1)), 0, False),
    ],
)
def test_a_review_is_handed_in_late_from_the_day_after_its_date(
    row: Row, days: int | None, is_after_the_first: bool
) -> None:
    late = {"after_the_date": 1, **dict.fromkeys(("late_median", "late_mean", "late_longest"), days)} if days else {}
    assert told("late", row) == late | ({"after_the_first_date": 1} if is_after_the_first else {})
    assert counted(row)["late"]["after_the_date"].n == (days is not None)


# --- rounds -------------------------------------------------------------------------------------------


def accepted_in(number: int, *, by: str = SENT_BACK_BY, after: tuple[Round, ...] = ()) -> Row:
    """Accepted in March in this round."""
    returned = [Round(on(2, 2 * n), on(2, 2 * n + 1), by) for n in range(1, number)]
    return a_case(rounds=(*returned, Round(on(3, 2), on(3, 9)), *after))


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (accepted_in(1), {"rounds_1": 1}),
        (accepted_in(2), {"rounds_2": 1, "returned": 1, "returns_by_countersigning_manager": 1}),
        (accepted_in(3, by="national_team"), {"rounds_3": 1, "returned": 1, "returns_by_national_team": 2}),
        (accepted_in(4), {"rounds_4_or_more": 1, "returned": 1, "returns_by_countersigning_manager": 3}),
        (accepted_in(6), {"rounds_4_or_more": 1, "returned": 1, "returns_by_countersigning_manager": 5}),
        # Corrected after it was accepted: that is no round until it was.
        (accepted_in(1, after=(Round(on(3, 20), on(3, 23), "national_team"), Round(on(3, 25)))), {"rounds_1": 1}),
        (a_case(rounds=(Round(on(2, 2), on(2, 28)), Round(on(3, 2), on(3, 9)))), {}),
        (a_case(rounds=(Round(on(3, 2), on(3, 9), SENT_BACK_BY),)), {}),
    ],
)  # fmt: skip
def test_rounds_are_counted_up_to_the_first_version_that_was_accepted(row: Row, found: dict[str, int]) -> None:
    assert told("rounds", row) == found
    assert {measure.n for measure in counted(row)["rounds"].values()} == {1 if found else 0}


# --- the work around it -------------------------------------------------------------------------------


def test_a_stage_counts_in_the_period_in_which_it_ended() -> None:
    ends = (on(2, 28), on(3, 1), on(3, 31), on(4, 1))
    found = counted(a_case(stages=tuple(Carried(Stage.EARLY_LOOK, on(2, 2), end) for end in ends)))["stages"]
    assert (found["early_look_median"].value, found["early_look_median"].n) == (42, 2)  # 27 and 57 days
    assert found["early_look_4_of_5_within"].value == 57


@pytest.mark.parametrize(
    ("sent", "appeared", "by", "worked", "in_time"),
    [
        (on(3, 16), on(3, 2), on(3, 16), 10, 1),
        (on(3, 17), on(3, 2), on(3, 16), 11, 0),
        (on(3, 2), on(3, 2), on(3, 16), 0, 1),  # on the very day of the appearance
        (on(3, 2), on(3, 3), on(3, 16), None, 1),  # before it
        (on(3, 2), None, None, None, None),
        (on(2, 28), on(2, 2), on(3, 16), None, None),  # in February
        (None, on(2, 2), on(3, 16), None, None),
    ],
)
def test_a_notification_is_in_time_up_to_and_including_its_date(
    sent: date | None, appeared: date | None, by: date | None, worked: int | None, in_time: int | None
) -> None:
    found = counted(Row("N53", on(3, 1), appeared, sent, by))["notification"]
    measured = found["appearance_to_notification_working_median"]
    assert (measured.value, measured.n) == (worked, worked is not None)
    assert (found["in_time"].value, found["in_time"].n) == (in_time, in_time is not None)


@pytest.mark.parametrize(
    ("convicted", "leg", "found"),
    [
        (on(2, 28), Leg(told_on=on(3, 1)), {"told": 1}),
        (on(3, 1), Leg(told_on=on(3, 31)), {"told": 30}),
        (on(2, 1), Leg(told_on=on(2, 28)), {}),
        (on(2, 1), Leg(told_on=on(2, 28), given_on=on(3, 31)), {"given": 58}),
        (on(2, 1), Leg(told_on=on(3, 2), given_on=on(4, 1)), {"told": 29}),
        (on(3, 31), Leg(), {"waiting": 1}),
        (on(4, 1), Leg(), {}),
        (on(2, 1), Leg(told_on=on(4, 1)), {"waiting": 1}),
        (on(2, 1), Leg(told_on=on(4, 1), is_closed=True), {}),
        (on(2, 1), Leg(is_closed=True), {}),
        (on(2, 1), Leg(told_on=on(3, 1), is_closed=True), {"told": 28}),
        (None, Leg(told_on=on(3, 1), given_on=on(3, 1)), {}),
    ],
)
def test_a_family_waits_from_the_conviction_until_the_day_on_which_it_is_told(
    convicted: date | None, leg: Leg, found: dict[str, int]
) -> None:
    expected: dict[str, float] = {"not_told_at_the_end": 1} if "waiting" in found else {}
    for name in {"told", "given"} & {*found}:
        days = dict.fromkeys((f"conviction_to_{name}_median", f"conviction_to_{name}_longest"), found[name])
        expected |= {name: 1} | {each: value for each, value in days.items() if value}
    assert told("disclosure", a_case(convicted_on=convicted, legs=(leg,))) == expected


def accepted_on(day: date, **other: Any) -> Row:
    return a_case(rounds=(Round(on(2, 2), day),), **other)


def test_findings_count_with_the_review_that_is_accepted_in_the_period() -> None:
    one = Findings(
        (Deficiency("team", "workload"), Deficiency("team", "workload"), Deficiency("mix", "records")), 3, "no"
    )
    found = told(
        "causes",
        accepted_on(on(2, 28), findings=one),
        accepted_on(on(3, 1), findings=one),
        accepted_on(on(3, 31)),
        accepted_on(on(3, 31), findings=Findings((Deficiency("mix", "other"),), 1, "a word of next year")),
        accepted_on(on(4, 1), findings=one),
        a_case(findings=one),
    )
    assert found == {
        "deficiencies_team": 2, "deficiencies_mix": 2, "theme_workload": 2, "theme_records": 1, "theme_other": 1,
        "team_workload": 2, "mix_records": 1, "mix_other": 1, "strengths": 4, "all_reasonable_steps_no": 1,
        "reviews_with_workload": 0.5, "reviews_with_records": 0.5, "reviews_with_other": 0.5,
    }  # fmt: skip


def test_a_rating_counts_in_the_period_in_which_it_was_given() -> None:
    ratings = [Rated(on(2, 28), ("victims",)), Rated(on(3, 1), ("victims", "learning")), Rated(on(3, 31), ("victims",))]
    found = counted(a_case(ratings=(*ratings, Rated(on(4, 1), ("learning",)))))["standards"]
    assert {name: (measure.value, measure.n) for name, measure in found.items()} == {
        "analysis_of_practice_below": (0, 2),
        "overall_judgements_below": (0, 2),
        "learning_below": (0.5, 2),
        "victims_below": (1, 2),
    }


@pytest.mark.parametrize(
    ("action", "found"),
    [
        (Action("open", on(3, 31), "mix"), {"open": 1, "mix_open": 1}),
        (Action("open", on(3, 30), "mix"), {"open": 1, "mix_open": 1, "open_and_overdue": 1}),
        (Action("done", on(3, 30), "individual"), {"done": 1, "individual_done": 1}),
        (Action("withdrawn", on(3, 30), ""), {"withdrawn": 1, "no_level_withdrawn": 1}),
    ],
)
def test_an_action_is_overdue_from_the_day_after_its_date(action: Action, found: dict[str, int]) -> None:
    assert told("actions", accepted_on(on(3, 9), actions=(action,))) == found
    assert told("actions", accepted_on(on(4, 1), actions=(action,))) == {}
