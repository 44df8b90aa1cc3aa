"""How long a case is kept, and what stands against its erasure."""

from dataclasses import replace
from datetime import date

import pytest

from tests.builders import DEPLOY
from workflows.contract.rulebook import RetentionRule, Rulebook
from workflows.policy.keeping import Kept, kept_until, why_not_erase


@pytest.fixture(scope="module")
def rule() -> RetentionRule:
    found = Rulebook.from_toml((DEPLOY / "rulebook" / "2026-04-01.toml").read_text()).retention
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("closed_on", "outcome", "until"),
    [
        (date(2026, 11, 27), "completed", date(2036, 11, 27)),
        (date(2026, 11, 27), "not_reviewed", date(2032, 11, 27)),
        (date(2028, 2, 29), "acquitted", date(2034, 3, 1)),  # no such day then
        (date(2028, 2, 29), "something_new", date(2038, 3, 1)),  # the longest
    ],
)
def test_a_case_is_kept_for_the_years_of_its_ending(
    rule: RetentionRule, closed_on: date, outcome: str, until: date
) -> None:
    assert kept_until(closed_on, outcome, rule) == until


def test_on_the_day_itself_it_may_go_and_on_the_day_before_it_may_not(rule: RetentionRule) -> None:
    day = date(2036, 11, 27)
    for today, against in ((day, []), (date(2036, 11, 26), ["it is kept until 2036-11-27"])):
        case = Kept(date(2026, 11, 27), "completed", today)
        assert [*why_not_erase(case, rule, is_ordered=False)] == against
        assert [*why_not_erase(case, rule, is_ordered=True)] == []


def test_what_stands_against_it_counts_by_how_it_ended(rule: RetentionRule) -> None:
    case = Kept(date(2026, 11, 27), "acquitted", date(2032, 11, 26))
    assert [*why_not_erase(case, rule, is_ordered=False)] == ["it is kept until 2032-11-27"]
    assert [*why_not_erase(replace(case, today=date(2032, 11, 27)), rule, is_ordered=False)] == []


def test_without_a_period_only_an_order_erases(rule: RetentionRule) -> None:
    case = Kept(date(2026, 11, 27), "completed", date(2090, 1, 1))
    assert [*why_not_erase(case, None, is_ordered=False)] == [
        "the rulebook in force says no period for which a case is kept"
    ]
    assert [*why_not_erase(case, None, is_ordered=True)] == []


def test_everything_that_stands_against_it_is_said(rule: RetentionRule) -> None:
    case = Kept(
        None, "", date(2026, 11, 27), ["police_investigation"], ["SFO-2026-00002"], ["sfo/SFO-2026-00001/enquiry/1"]
    )
    assert [*why_not_erase(case, rule, is_ordered=True)] == [
        "it is open",
        "it is under hold: police investigation",
        "SFO-2026-00002 belongs to it and is open or held",
        "sfo/SFO-2026-00001/enquiry/1 still runs",
    ]
