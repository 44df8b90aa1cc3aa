"""Every line of every figure of the cases that `test_figures.py` counts by hand: name, value, unit, and of how many.

Whoever reads the table or takes the CSV into a sheet of their own relies on all four. What was found has a line for
each level and theme; there the lines that are not nought are listed, and all of their names.
"""

import pytest

from tests.policy.test_figures import HOLIDAYS, ROWS, YEAR
from workflows.policy.figure import Measure
from workflows.policy.figures import EVERYWHERE, Measures, figures

LINES: dict[str, str] = {
    "reviews": """
        begun 5 number of 5
        submitted 3 number of 3
        accepted 2 number of 2
        stopped 1 number of 1
        open_at_the_end 2 number of 2
    """,
    "extended": """
        extended 0.667 share of 3
        extended_after_the_date 0.333 share of 3
        median 37.5 days of 2
        mean 37.5 days of 2
        longest 44 days of 2
        open_and_extended 0.5 share of 2
    """,
    "moved_otherwise": """
        moved_by_a_pause 0.333 share of 3
        pause_median 6 days of 1
        pause_mean 6 days of 1
        pause_longest 6 days of 1
        question_dates_moved_by_a_bank_holiday 1 number of 1
    """,
    "reasons": """
        trial 1 number of 3
        waiting_for_information 0 number of 3
        absence_or_illness 2 number of 3
        workload 0 number of 3
        other 0 number of 3
    """,
    "open_age": """
        up_to_3_months 0 number of 2
        3_to_6_months 1 number of 2
        6_to_12_months 1 number of 2
        over_12_months 0 number of 2
        median 145 days of 2
        oldest 183 days of 2
    """,
    "open_standing": """
        before_the_date 0 number of 2
        overdue 1 number of 2
        handed_in 1 number of 2
        overdue_share 0.5 share of 2
        overdue_median 61 days of 1
        overdue_mean 61 days of 1
        overdue_longest 61 days of 1
    """,
    "late": """
        after_the_date 0.333 share of 3
        late_median 10 days of 1
        late_mean 10 days of 1
        late_longest 10 days of 1
        after_the_first_date 0.667 share of 3
    """,
    "rounds": """
        rounds_1 1 number of 2
        rounds_2 1 number of 2
        rounds_3 0 number of 2
        rounds_4_or_more 0 number of 2
        returned 0.5 share of 2
        returns_by_countersigning_manager 1 number of 2
        returns_by_national_team 0 number of 2
    """,
    # Working days of the reviews: 21 February to 21 May is in the middle, 12 weeks and four days without two holidays.
    "stages": """
        charge_median - days of 0
        charge_4_of_5_within - days of 0
        charge_working_median - working days of 0
        notification_median 10 days of 1
        notification_4_of_5_within 10 days of 1
        notification_working_median 6 working days of 1
        early_look_median - days of 0
        early_look_4_of_5_within - days of 0
        early_look_working_median - working days of 0
        review_median 89 days of 3
        review_4_of_5_within 136 days of 3
        review_working_median 62 working days of 3
        countersign_median 7 days of 1
        countersign_4_of_5_within 7 days of 1
        countersign_working_median 3 working days of 1
        quality_assurance_median - days of 0
        quality_assurance_4_of_5_within - days of 0
        quality_assurance_working_median - working days of 0
        staff_feedback_median - days of 0
        staff_feedback_4_of_5_within - days of 0
        staff_feedback_working_median - working days of 0
        victim_disclosure_median - days of 0
        victim_disclosure_4_of_5_within - days of 0
        victim_disclosure_working_median - working days of 0
        action_plan_median - days of 0
        action_plan_4_of_5_within - days of 0
        action_plan_working_median - working days of 0
    """,
    "notification": """
        charge_to_notification_median 15.5 days of 2
        charge_to_notification_4_of_5_within 20 days of 2
        appearance_to_notification_working_median 10 working days of 2
        in_time 0.5 share of 2
    """,
    "disclosure": """
        told 2 number of 2
        conviction_to_told_median 15 days of 2
        conviction_to_told_longest 20 days of 2
        given 1 number of 1
        conviction_to_given_median 70 days of 1
        conviction_to_given_longest 70 days of 1
        not_told_at_the_end 1 number of 1
    """,
    "standards": """
        analysis_of_practice_below 0 share of 2
        overall_judgements_below 0 share of 2
        learning_below 0.5 share of 2
        victims_below 0 share of 2
    """,
    "actions": """
        done 1 number of 3
        open 1 number of 3
        withdrawn 1 number of 3
        open_and_overdue 1 number of 3
        individual_done 0 number of 0
        individual_open 0 number of 0
        individual_withdrawn 0 number of 0
        team_done 1 number of 1
        team_open 0 number of 1
        team_withdrawn 0 number of 1
        organisational_done 0 number of 1
        organisational_open 1 number of 1
        organisational_withdrawn 0 number of 1
        mix_done 0 number of 0
        mix_open 0 number of 0
        mix_withdrawn 0 number of 0
        no_level_done 0 number of 1
        no_level_open 0 number of 1
        no_level_withdrawn 1 number of 1
    """,
}

CAUSES = """
    deficiencies_individual 1 number of 5
    deficiencies_team 1 number of 5
    deficiencies_organisational 2 number of 5
    deficiencies_no_level 1 number of 5
    theme_handover 1 number of 5
    reviews_with_handover 0.5 share of 2
    team_handover 1 number of 5
    theme_workload 3 number of 5
    reviews_with_workload 1 share of 2
    individual_workload 1 number of 5
    organisational_workload 2 number of 5
    theme_no_theme 1 number of 5
    reviews_with_no_theme 0.5 share of 2
    no_level_no_theme 1 number of 5
    strengths 2 number of 2
    all_reasonable_steps_yes 1 number of 2
    all_reasonable_steps_partly 1 number of 2
"""
CODED_LEVELS = ("individual", "team", "organisational", "mix", "no_level")
CODED_THEMES = """
    risk_assessment risk_management information safeguarding contact enforcement advice other_agencies handover records
    supervision workload training other no_theme
""".split()  # noqa: SIM905  # a text reads better


@pytest.fixture
def found() -> Measures:
    return figures(ROWS, YEAR, HOLIDAYS)[EVERYWHERE]


def line(measure: Measure) -> str:
    value = "-" if measure.value is None else f"{measure.value:.3g}"
    return f"{measure.name} {value} {measure.unit} of {measure.n}"


def lines(text: str) -> list[str]:
    return [each.strip() for each in text.strip().splitlines()]


@pytest.mark.parametrize("figure", LINES)
def test_each_figure_has_exactly_these_lines_in_this_order(found: Measures, figure: str) -> None:
    assert [line(measure) for measure in found[figure].values()] == lines(LINES[figure])
    assert [*found[figure]] == [measure.name for measure in found[figure].values()]


def test_what_was_found_has_these_lines_and_all_others_are_nought(found: Measures) -> None:
    assert [line(measure) for measure in found["causes"].values() if measure.value] == lines(CAUSES)
    left = [measure for measure in found["causes"].values() if not measure.value]
    assert {(measure.value, measure.unit, measure.n) for measure in left} == {(0, "number", 5), (0.0, "share", 2)} | {
        (0, "number", 2)  # all reasonable steps: no
    }


def test_what_was_found_is_told_by_level_by_theme_and_by_both(found: Measures) -> None:
    assert [*found["causes"]] == [
        *(f"deficiencies_{level}" for level in CODED_LEVELS),
        *(
            name
            for theme in CODED_THEMES
            for name in (f"theme_{theme}", f"reviews_with_{theme}", *(f"{level}_{theme}" for level in CODED_LEVELS))
        ),
        "strengths",
        *(f"all_reasonable_steps_{judgement}" for judgement in ("yes", "no", "partly")),
    ]


def test_no_figure_is_left_out_here(found: Measures) -> None:
    assert {*LINES, "causes"} == {*found}
