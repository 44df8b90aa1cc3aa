"""When contact with staff falls due again is worked out from the record, and a wrong moment is found."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.invariants.contact_again import GRACE, contact_differences
from tests.invariants.model import Model
from tests.invariants.model_hand import ModelMachine

OF_THE_LINE_MANAGER = "line_manager"


@pytest.fixture
def model() -> Model:
    """A review under way for weeks, in which the line manager has just made contact for the first time."""
    machine = ModelMachine()
    machine.begin({"code": "COML025", "rosh": "medium", "appeared": True, "interest": False})
    for question in ("notification", "commission", "welfare"):
        machine.model.wait(16)
        machine._usually(_standing(machine.model, question))
    return machine.model


def _standing(model: Model, question: str) -> dict[str, Any]:
    found = model.record.rows("gates", question=question, state="open")
    return next(row for row in found if question != "welfare" or row["subject"] == OF_THE_LINE_MANAGER)


def _asked_again(model: Model) -> Iterator[dict[str, Any]]:
    rows = model.record.rows("gates", question="welfare", subject=OF_THE_LINE_MANAGER)
    return (row for row in rows if "#" in row["gate"])


def _wait(model: Model, days: int, until: Callable[[], bool]) -> None:
    for _ in range(days):
        if until():
            return
        model.wait(1)


def test_contact_that_is_asked_for_again_when_it_is_due_is_as_the_record_says(model: Model) -> None:
    assert not list(contact_differences(model.observe(), model))
    _wait(model, 60, lambda: any(_asked_again(model)))
    assert next(_asked_again(model))["opened_at"] - model.begun_at[-1] > timedelta(days=20)
    assert not list(contact_differences(model.observe(), model))


def test_contact_that_is_asked_for_before_its_days_are_over_is_found(model: Model) -> None:
    _wait(model, 60, lambda: any(_asked_again(model)))
    next(_asked_again(model))["opened_at"] -= timedelta(days=3)
    (found,) = contact_differences(model.observe(), model)
    assert "#2 was asked on" in found


def test_contact_that_is_never_asked_for_again_is_found(model: Model) -> None:
    _wait(model, 60, lambda: any(_asked_again(model)))
    model.record.tables["gates"].remove(next(_asked_again(model)))
    assert not list(contact_differences(model.observe(), model))
    model.record.now += GRACE + timedelta(days=1)
    (found,) = contact_differences(model.observe(), model)
    assert "contact is due again since" in found


def test_contact_after_another_stage_began_waits_for_the_rest_alone(model: Model) -> None:
    """Days after the last contact, and no earlier than its rest."""
    made_at = model.record.rows("decisions")[-1]["applied_at"]
    begun_at: datetime = made_at + timedelta(days=16)
    _wait(model, 60, lambda: model.record.now >= begun_at)
    model.begun_at.append(model.record.now)
    model.stages_begun += 1
    model.go_on()
    again = next(_asked_again(model))
    assert again["opened_at"] == model.record.now
    assert not list(contact_differences(model.observe(), model))
    model.begun_at.pop()
    (found,) = contact_differences(model.observe(), model)
    assert f"{again['gate']} was asked on" in found


def test_contact_that_another_stage_brings_forward_and_nobody_asks_for_is_found(model: Model) -> None:
    begun_at = model.record.rows("decisions")[-1]["applied_at"] + timedelta(days=16)
    model.begun_at.append(begun_at)  # the carer was never told of it
    model.record.now = begun_at + GRACE + timedelta(hours=1)
    (found,) = contact_differences(model.observe(), model)
    assert "contact is due again since" in found


@pytest.mark.parametrize("why", ["is_at_rest", "is_closing", "wants_to_close"])
def test_nobody_is_asked_while_no_review_is_due_or_at_the_end_and_that_is_no_difference(model: Model, why: str) -> None:
    model.record.now += timedelta(days=100)
    assert list(contact_differences(model.observe(), model))
    setattr(model, why, True)
    assert not list(contact_differences(model.observe(), model))
