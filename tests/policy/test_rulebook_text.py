import re
from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from workflows.contract.directory import Directory
from workflows.contract.problems import DataError
from workflows.contract.questions import QUESTIONS, RATINGS
from workflows.contract.rulebook import OTHER_DEADLINES, Confidence, Rating, Rulebook, Unit

TEXT = (Path(__file__).resolve().parents[2] / "deploy/rulebook/2026-04-01.toml").read_text()


def without(section: str) -> str:
    """The shipped text without one section."""
    return re.sub(rf"^\[{re.escape(section)}\].*?(?=^\[|\Z)", "", TEXT, flags=re.MULTILINE | re.DOTALL)


def problems(text: str) -> str:
    with pytest.raises(DataError) as error:
        Rulebook.from_toml(text)
    return str(error.value)


def test_the_shipped_figures_are_those_of_the_dossier(rulebook: Rulebook) -> None:
    figures = {key: (rule.amount, rule.unit.value) for key, rule in rulebook.deadlines.items()}
    assert figures["notification"] == (10, "working_days")
    assert figures["early_look"] == (10, "working_days")
    assert figures["review"] == (3, "calendar_months")
    assert figures["quality_assurance"] == (20, "working_days")
    assert figures["enquiry_foi"] == (20, "working_days")
    assert figures["enquiry_sar"] == (1, "calendar_months")
    assert figures["enquiry_sar_extended"] == (3, "calendar_months")
    assert figures["enquiry_child_safeguarding"] == (15, "working_days")
    assert figures["enquiry_coroner"] == (56, "calendar_days")
    assert rulebook.supervision_window_days.value == 28
    assert rulebook.hmip_share.value == 0.2
    assert rulebook.effective_on == date(2026, 4, 1)


def test_only_figures_with_a_public_source_claim_certainty(rulebook: Rulebook) -> None:
    certain = {key for key, rule in rulebook.deadlines.items() if rule.confidence is Confidence.CERTAIN}
    assert certain == {"review", "enquiry_coroner"}
    assert rulebook.supervision_window_days.confidence is Confidence.CERTAIN


def test_every_question_has_its_deadline(rulebook: Rulebook) -> None:
    assert {question.deadline for question in QUESTIONS.values()} <= rulebook.deadlines.keys()


def test_the_rating_scale_is_the_one_of_the_question() -> None:
    assert get_args(Rating) == tuple(choice.value for choice in RATINGS)


@pytest.mark.parametrize("key", sorted({question.deadline for question in QUESTIONS.values()} | OTHER_DEADLINES))
def test_a_missing_deadline_is_named_with_what_to_add(key: str) -> None:
    expected = f"deadlines.{key}: is missing; add it with amount, unit, source and confidence"
    assert expected in problems(without(f"deadlines.{key}"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('unit = "working_days"', 'unit = "workdays"', "deadlines.criteria_answer.unit: is none of the values"),
        (
            "amount = 5",
            "amonut = 5",
            "deadlines.criteria_answer.amonut: there is no such field; did you mean 'amount'?",
        ),
        ("amount = 5", "amount = 0", "deadlines.criteria_answer.amount: Input should be greater than or equal to 1"),
        ("amount = 5", 'amount = "five"', "deadlines.criteria_answer.amount"),
        (
            'reminders = "review"',
            'reminders = "weekly"',
            "names 'weekly', which is not in [reminders]; use one of default",
        ),
        ('ladder = "review"', 'ladder = "steep"', "deadlines.review.ladder: names 'steep'"),
        ("regional_director = 5", "regional_director = 11", "ladders.default: a higher rung is told before a lower"),
        ("fractions = [0.5]", "fractions = [1.5]", "reminders.default.fractions[0]"),
        ('value = "notification"', 'value = "arrest"', "review_anchor.value: is none of the values allowed"),
        ('value = "national_team"', 'value = "minister"', "extension.decider.value"),
        ('value = "good"', 'value = "fine"', "accepted_rating.value"),
        ("value = 0.2", "value = 20", "hmip_share.value"),
        ('source = "own belief, facts.md 2.6"', 'source = ""', "extension.decider.source: is empty; fill it in"),
        ('confidence = "unsure"', 'confidence = "maybe"', "review_anchor.confidence: is none of the values"),
        ('version = "2026-04-01"', "", "version: is missing; add it"),
        ("effective_on = 2026-04-01", 'effective_on = "spring"', "effective_on"),
        ('offences = "offences-2026-04-01.csv"', 'offences = "../secrets.csv"', "offences"),
        ('version = "2026-04-01"', 'version = "2026', "is not TOML"),
    ],
)
def test_a_wrong_figure_is_named_by_path(old: str, new: str, message: str) -> None:
    assert old in TEXT
    assert message in problems(TEXT.replace(old, new, 1))


def test_every_problem_is_named_at_once() -> None:
    text = problems(without("deadlines.interview").replace('reminders = "review"', 'reminders = "weekly"'))
    assert len(text.splitlines()) == 2


def test_an_announced_bank_holiday_is_read() -> None:
    extra = '\n[[bank_holidays]]\non = 2027-05-17\nname = "Announced"\nsource = "a proclamation"\n'
    assert [day.on for day in Rulebook.from_toml(TEXT + extra).bank_holidays] == [date(2027, 5, 17)]


def test_a_rulebook_cannot_be_changed(rulebook: Rulebook) -> None:
    with pytest.raises(ValueError, match="frozen"):
        rulebook.version = "other"  # type: ignore[misc]  # it is this that is refused


def test_units_are_three() -> None:
    assert [unit.value for unit in Unit] == ["working_days", "calendar_days", "calendar_months"]


@pytest.mark.parametrize(
    ("was", "now", "path"),
    [
        ("days_before = [14, 7]", "days_before = [14, 10000000]", "reminders.review.days_before[1]"),
        ("then_every_days = 7", "then_every_days = 10000000", "reminders.default.then_every_days"),
        ("national_team = 10", "national_team = 10000000", "ladders.default.national_team"),
    ],
)
def test_days_that_lead_beyond_the_calendar_are_refused_before_a_question_is_asked_by_them(
    was: str, now: str, path: str
) -> None:
    assert was in TEXT
    assert f"{path}: Input should be less than or equal to 1000" in problems(TEXT.replace(was, now))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = " + "[" * 5_000, "it is nested too deep"),
        ("a = " + "{a = " * 3_000, "it is nested too deep"),
        ("a = " + "9" * 5_000, "it holds a number that cannot be read"),
    ],
)
@pytest.mark.parametrize("kind", [Rulebook, Directory])
def test_a_text_that_breaks_readers_of_toml_is_refused_as_wrong_data(
    kind: type[Rulebook | Directory], text: str, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        kind.from_toml(text)
