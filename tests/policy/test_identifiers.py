"""Which kinds of numbers and addresses a text holds, by their shape or because they are the person's own."""

import pytest

from workflows.policy.identifiers import KINDS, kinds_in, own_number, shapes_in

OWN = [number for number in (own_number("X123456"), own_number("A1234BC")) if number]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nothing of the kind", []),
        ("CRN X123456.", [("crn", "CRN X123456")]),
        ("A1234BC and LS1 4AP", [("noms", "A1234BC"), ("postcode", "LS1 4AP")]),
        ("someone@example.test", [("email", "e@example.test")]),
        ("some.one at example dot test", [("email", "e at example dot test")]),
        ("SOMEONE (AT) EXAMPLE.TEST", [("email", "E (AT) EXAMPLE.TEST")]),
        ("one [at] example [dot] test", [("email", "e [at] example [dot] test")]),
        ("they met at noon", []),
        ("x@example.test and at, (at, [at, {at, at), at], at} at once", [("email", "x@example.test")]),
        ("2 of them, at home", []),
    ],
)
def test_a_shape_is_found_with_its_kind(text: str, found: list[tuple[str, str]]) -> None:
    assert [(kind, match[0]) for kind, match in shapes_in(text)] == found


def test_only_the_kinds_that_are_asked_for_are_looked_for() -> None:
    text = "X123456, LS1 4AP, x@example.test"
    assert [kind for kind, _ in shapes_in(text, ("email",))] == ["email"]
    assert [kind for kind, _ in shapes_in(text, ("postcode", "crn"))] == ["postcode", "crn"]
    assert [kind for kind, _ in shapes_in(text)] == ["crn", "postcode", "email"]
    assert set(KINDS) >= {"crn", "postcode", "email"}


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("nothing of the kind", []),
        ("x 12 34 56", ["crn"]),  # no shape of one: the person's own
        ("z 12 34 56", []),
        ("a/12/34/bc and X123456 twice: X123456", ["crn", "noms"]),
        ("x 12 34 56, someone@example.test", ["crn", "email"]),
        ("Z654321", ["crn"]),
    ],
)
def test_each_kind_is_told_once_by_its_shape_or_as_the_person_s_own(text: str, kinds: list[str]) -> None:
    assert list(kinds_in(text, OWN)) == kinds


@pytest.mark.parametrize(
    ("identifier", "kind"),
    [("X123456", "crn"), ("a-1234-bc", "noms"), ("19/0012345K", "pnc"), ("QQ 12 34 56 C", "national_insurance")],
)
def test_a_number_of_the_person_s_own_has_its_kind_however_it_is_written(identifier: str, kind: str) -> None:
    found = own_number(identifier)
    assert found is not None
    assert found[0] == kind
    assert found[1].search(f"it is {identifier}, once")


def test_what_has_neither_letters_nor_figures_is_no_number() -> None:
    assert own_number(" - ") is None
    assert own_number("77-1") is not None
