"""Each invariant bites: a breach that is planted in a case which was whole is found by the rule of its number."""

import copy
from datetime import date

import pytest

from tests.invariants.breaches import PLANTED, Plant, changed_since
from tests.invariants.model import Model
from tests.invariants.model_hand import ModelMachine, offence
from tests.invariants.rules import RULES, breaches_in
from workflows.contract.vocabulary import CourtEventKind

_EVERY = [(number, plant) for number, plants in PLANTED.items() for plant in plants]


@pytest.fixture
def whole() -> Model:
    """A case from charge to closed with everything in it: a plan, a disclosure, a review that was written once."""
    machine = ModelMachine()
    machine.begin({"code": "COML025", "rosh": "medium", "appeared": True, "interest": False})
    machine.model.hear_court(CourtEventKind.CONVICTED)
    for _ in range(200):
        for row in machine.model.record.rows("gates", state="open"):
            if row["state"] == "open" and row["question"] == "draft":
                machine.model.answer(row["gate"], "draft_ready", {"actions": [{"what": "Invented."}]})
        machine._round()
        machine.model.wait(1)
        if machine.model.record.case["closed_on"]:
            break
    assert machine.model.record.case["closed_on"] > date(2026, 11, 2)
    return machine.model


def test_a_whole_case_breaks_no_invariant(whole: Model) -> None:
    assert breaches_in(whole.observe()) == []
    assert whole.offences == (offence("COML025"),)
    assert whole.record.rows("releases")
    assert whole.record.rows("actions")


def test_every_invariant_of_the_design_has_a_rule_and_a_planted_breach() -> None:
    assert sorted(RULES) == sorted(PLANTED) == list(range(1, 14))


@pytest.mark.parametrize(("number", "plant"), _EVERY, ids=[f"{number}-{plant.__name__}" for number, plant in _EVERY])
def test_a_planted_breach_is_found_by_its_own_rule(whole: Model, number: int, plant: Plant) -> None:
    assert not list(RULES[number](whole.observe()))
    plant(whole)
    found = list(RULES[number](whole.observe()))
    assert found
    assert {breach.number for breach in found} == {number}


@pytest.mark.parametrize("number", [4, 5, 8, 9])
def test_what_changed_since_the_last_look_is_found(whole: Model, number: int) -> None:
    before = whole.observe()
    now = whole.observe(copy.copy(before))
    assert not list(RULES[number](now))
    changed_since(before)[number](now)
    assert {breach.number for breach in RULES[number](now)} == {number}
