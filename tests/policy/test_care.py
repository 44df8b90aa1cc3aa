"""Everybody is looked after, by somebody else, within the line."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.contract.directory import Absence, Person
from workflows.contract.messages import StaffRef
from workflows.contract.rulebook import Rulebook
from workflows.contract.vocabulary import Role
from workflows.policy.authority import Ties, why_not_answer
from workflows.policy.care import again_on, carers, looked_after

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
RULEBOOK = Rulebook.from_toml((DEPLOY / "rulebook/2026-04-01.toml").read_text())
P, M, H, X = Role.PRACTITIONER, Role.LINE_MANAGER, Role.HEAD_OF_PDU, Role.OTHER


def staff(*roles: Role) -> list[StaffRef]:
    return [StaffRef(ref=f"s{n}", role=role) for n, role in enumerate(roles, start=1)]


@pytest.mark.parametrize(
    ("roles", "cared_for"),
    [
        ((P, M, H, X), {M: ("s1", "s4"), H: ("s2",), Role.REGIONAL_DIRECTOR: ("s3",)}),
        ((P, X), {H: ("s1", "s2")}),
        ((P, M), {M: ("s1",), H: ("s2",)}),
        ((M, P, M), {M: ("s2",), H: ("s1", "s3")}),
        ((M,), {H: ("s1",)}),
        ((H, P), {H: ("s2",), Role.REGIONAL_DIRECTOR: ("s1",)}),
        ((H, H, P, M), {M: ("s3",), H: ("s4",), Role.REGIONAL_DIRECTOR: ("s1", "s2")}),
        ((X,), {H: ("s1",)}),
        ((), {}),
    ],
)
def test_each_is_looked_after_by_the_one_above(roles: tuple[Role, ...], cared_for: dict[Role, tuple[str, ...]]) -> None:
    assert {caring.role: caring.members for caring in carers(staff(*roles))} == cared_for


def test_twenty_two_people_stand_in_counting_order() -> None:
    [caring, _] = carers(staff(M, *[P] * 21))
    assert caring.members == tuple(f"s{n}" for n in range(2, 23))
    assert looked_after(staff(M, *[P] * 21), "line_manager") == caring.members
    assert looked_after(staff(M, P), "regional_director") == ()


@given(st.lists(st.sampled_from([P, M, H, X]), max_size=30))
def test_everybody_is_looked_after_once_and_nobody_by_their_own_role(roles: list[Role]) -> None:
    people = {member.ref: member.role for member in staff(*roles)}
    found = [(ref, caring.role) for caring in carers(staff(*roles)) for ref in caring.members]
    assert sorted(ref for ref, _ in found) == sorted(people)
    assert all(people[ref] is not role for ref, role in found)


@pytest.mark.parametrize(
    ("email", "code"), [("One@example.test", "is_cared_for"), ("two@example.test", None), ("away@example.test", "away")]
)
def test_nobody_looks_after_themselves_however_their_address_is_written(email: str, code: str | None) -> None:
    today = date(2026, 10, 12)
    away = (Absence(from_on=today, to_on=today),) if email.startswith("away") else ()
    person = Person(key="n53.head", name="Example", email=email, roles=(H,), away=away)
    ties = Ties(pdu="N53LEI", cared_for=("one@example.test",))
    assert why_not_answer("welfare", person, ties, today) == code


def test_contact_is_due_again_after_the_interval_and_sooner_where_somebody_was_not_reached() -> None:
    monday = date(2026, 10, 12)
    assert again_on(monday, RULEBOOK, (), is_everybody_reached=True) == date(2026, 11, 9)
    assert again_on(monday, RULEBOOK, {date(2026, 11, 9)}, is_everybody_reached=True) == date(2026, 11, 10)
    assert again_on(monday, RULEBOOK, (), is_everybody_reached=False) == date(2026, 10, 19)


def test_those_looked_after_are_named_in_counting_order() -> None:
    unsorted = [StaffRef(ref=ref, role=P) for ref in ("s10", "s2", "s1")]
    assert carers(unsorted)[0].members == ("s1", "s2", "s10")
