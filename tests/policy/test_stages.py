import re

import pytest

import workflows
from workflows.contract.vocabulary import Stage
from workflows.policy.stages import MOVES, ORDER, is_way_back, leads_to


def test_the_order_is_the_one_that_the_package_tells_a_reader() -> None:
    told = re.findall(r"^\d+\. ([a-z-]+):", workflows.__doc__ or "", flags=re.MULTILINE)
    assert [stage.value for stage in ORDER] == told
    assert set(ORDER) == set(Stage) == set(MOVES)


@pytest.mark.parametrize(
    ("ended", "starting"),
    [
        (Stage.CHARGE, Stage.NOTIFICATION),
        (Stage.CHARGE, Stage.EARLY_LOOK),
        (Stage.EARLY_LOOK, Stage.REVIEW),
        (Stage.REVIEW, Stage.COUNTERSIGN),
        (Stage.COUNTERSIGN, Stage.QUALITY_ASSURANCE),
        (Stage.QUALITY_ASSURANCE, Stage.STAFF_FEEDBACK),
        (Stage.QUALITY_ASSURANCE, Stage.ACTION_PLAN),
    ],
)
def test_the_way_forward(ended: Stage, starting: Stage) -> None:
    assert leads_to(ended, starting)
    assert not is_way_back(ended, starting)


@pytest.mark.parametrize("ended", [Stage.COUNTERSIGN, Stage.QUALITY_ASSURANCE])
def test_a_returned_review_goes_back(ended: Stage) -> None:
    assert is_way_back(ended, Stage.REVIEW)


@pytest.mark.parametrize("ended", Stage)
def test_an_amended_charge_and_a_conviction_may_come_at_any_time(ended: Stage) -> None:
    assert is_way_back(ended, Stage.CHARGE)
    assert leads_to(ended, Stage.VICTIM_DISCLOSURE)


@pytest.mark.parametrize(
    ("ended", "starting"),
    [
        (Stage.CHARGE, Stage.REVIEW),  # the notification and the early look come first
        (Stage.REVIEW, Stage.QUALITY_ASSURANCE),  # never past the countersignature
        (Stage.REVIEW, Stage.STAFF_FEEDBACK),
        (Stage.COUNTERSIGN, Stage.ACTION_PLAN),
        (Stage.ACTION_PLAN, Stage.REVIEW),
        (Stage.VICTIM_DISCLOSURE, Stage.REVIEW),
    ],
)
def test_no_stage_is_jumped(ended: Stage, starting: Stage) -> None:
    assert not leads_to(ended, starting)
    assert not is_way_back(ended, starting)
