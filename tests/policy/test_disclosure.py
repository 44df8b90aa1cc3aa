from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.contract.vocabulary import CourtEventKind
from workflows.policy.disclosure import Handing, ReleaseFacts, is_open, why_not_hand_over, why_not_release

C = CourtEventKind
READY = ReleaseFacts(
    court=(C.APPEARED, C.CONVICTED),
    accepted_version=3,
    rendition_version=3,
    staff=("s1", "s2"),
    impacts={"s1": "manageable", "s2": "contingency"},
    confirmed_plans=frozenset({"s2"}),
)


@pytest.mark.parametrize(
    ("court", "opens"),
    [
        ((), False),
        ((C.APPEARED,), False),
        ((C.APPEARED, C.AMENDED), False),
        ((C.ACQUITTED,), False),
        ((C.DISCONTINUED,), False),
        ((C.CONVICTED,), True),
        ((C.SENTENCED,), True),
        ((C.APPEARED, C.DIED_RESPONSIBLE), True),
        ((C.CONVICTED, C.ACQUITTED), True),  # acquitted of one charge, convicted of another
        ((C.CONVICTED, C.QUASHED), False),
        ((C.CONVICTED, C.SENTENCED, C.QUASHED), False),
        ((C.CONVICTED, C.QUASHED, C.CONVICTED), True),  # convicted again at a new trial
        ((C.QUASHED,), False),
    ],
)
def test_only_conviction_or_responsibility_found_opens_disclosure(
    court: tuple[CourtEventKind, ...], opens: bool
) -> None:
    assert is_open(court) is opens


def test_with_everything_in_place_it_may_be_released() -> None:
    assert why_not_release(READY) == ()


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        (replace(READY, court=(C.APPEARED, C.ACQUITTED)), ("not_convicted",)),
        (replace(READY, is_held=True), ("held",)),
        (replace(READY, accepted_version=None), ("not_accepted",)),
        (replace(READY, rendition_version=None), ("not_rendered",)),
        (replace(READY, rendition_version=2), ("other_version",)),
        (replace(READY, undecided_redactions=1), ("redactions_undecided",)),
        (replace(READY, unsettled_leaks=1), ("leaks_unsettled",)),
        (replace(READY, is_searched=False), ("not_searched",)),
        (replace(READY, is_corrected=True), ("being_corrected",)),
        (replace(READY, court=(C.CONVICTED, C.QUASHED)), ("not_convicted",)),
        (replace(READY, confirmed_plans=frozenset()), ("plan_unconfirmed:s2",)),
        (replace(READY, impacts={"s1": "manageable"}), ("impact_missing:s2",)),
        (replace(READY, impacts={"s1": "exceptional", "s2": "manageable"}), ("impact_exceptional:s1",)),
        (replace(READY, court=(), is_held=True, impacts={}),
         ("not_convicted", "held", "impact_missing:s1", "impact_missing:s2")),
    ],
)  # fmt: skip
def test_each_reason_against_a_release_is_named(facts: ReleaseFacts, codes: tuple[str, ...]) -> None:
    assert why_not_release(facts) == codes


def test_an_exceptional_impact_released_by_the_national_team_no_longer_stops() -> None:
    exceptional = replace(READY, impacts={"s1": "exceptional", "s2": "manageable"})
    assert why_not_release(replace(exceptional, agreed_exceptions=frozenset({"s1"}))) == ()


SAME = Handing(released_sha256="a", offered_sha256="a")


@pytest.mark.parametrize(
    ("facts", "handing", "codes"),
    [
        (READY, SAME, ()),
        (READY, replace(SAME, released_sha256=None), ("not_released",)),
        (READY, replace(SAME, offered_sha256="b"), ("other_version",)),
        (READY, replace(SAME, offered_sha256=""), ("other_version",)),  # a file is not what it was
        (READY, replace(SAME, given_sha256="a"), ()),  # the same text once more
        (READY, replace(SAME, given_sha256="b"), ("other_version",)),  # never two texts under one version
        (READY, replace(SAME, needs_language=True), ("language_not_arranged",)),
        (READY, replace(SAME, is_child=True), ("adult_missing",)),
        (READY, replace(SAME, is_child=True, has_adult=True), ()),
        (replace(READY, is_held=True), SAME, ("held",)),
        (replace(READY, is_corrected=True), SAME, ("being_corrected",)),
        (replace(READY, accepted_version=4), SAME, ("other_version",)),  # a corrected version was accepted
        (replace(READY, court=()), replace(SAME, offered_sha256="b"), ("not_convicted", "other_version")),
        (replace(READY, court=(C.CONVICTED, C.QUASHED)), SAME, ("not_convicted",)),
    ],
)
def test_only_the_released_rendition_is_handed_over(
    facts: ReleaseFacts, handing: Handing, codes: tuple[str, ...]
) -> None:
    assert why_not_hand_over(facts, handing) == codes


@given(
    st.builds(
        ReleaseFacts,
        court=st.lists(st.sampled_from(CourtEventKind), max_size=5).map(tuple),
        accepted_version=st.none() | st.integers(1, 3),
        rendition_version=st.none() | st.integers(1, 3),
        staff=st.just(("s1", "s2")),
        impacts=st.dictionaries(
            st.sampled_from(["s1", "s2"]), st.sampled_from(["manageable", "contingency", "exceptional"])
        ),
        confirmed_plans=st.sampled_from([frozenset[str](), frozenset({"s1"}), frozenset({"s1", "s2"})]),
        undecided_redactions=st.integers(0, 2),
        unsettled_leaks=st.integers(0, 2),
        is_searched=st.booleans(),
        is_held=st.booleans(),
        is_corrected=st.booleans(),
    )
)
def test_nothing_is_released_before_conviction_under_a_hold_or_in_another_version(facts: ReleaseFacts) -> None:
    if why_not_release(facts) == ():
        assert is_open(facts.court)
        assert not facts.is_held
        assert not facts.is_corrected
        assert facts.is_searched
        assert not facts.unsettled_leaks
        assert {ref for ref, impact in facts.impacts.items() if impact == "contingency"} <= facts.confirmed_plans
        assert facts.rendition_version == facts.accepted_version is not None
        assert set(facts.impacts) == {"s1", "s2"}
        assert "exceptional" not in facts.impacts.values()
