from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.contract.vocabulary import CourtEventKind
from workflows.policy.disclosure import ReleaseFacts, is_open, why_not_hand_over, why_not_release

C = CourtEventKind
READY = ReleaseFacts(
    court=(C.APPEARED, C.CONVICTED),
    accepted_version=3,
    rendition_version=3,
    staff=("s1", "s2"),
    impacts={"s1": "manageable", "s2": "contingency"},
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


@pytest.mark.parametrize(
    ("facts", "released", "offered", "codes"),
    [
        (READY, "a", "a", ()),
        (READY, None, "a", ("not_released",)),
        (READY, "a", "b", ("other_version",)),
        (replace(READY, is_held=True), "a", "a", ("held",)),
        (replace(READY, court=()), "a", "b", ("not_convicted", "other_version")),
    ],
)
def test_only_the_released_rendition_is_handed_over(
    facts: ReleaseFacts, released: str | None, offered: str, codes: tuple[str, ...]
) -> None:
    assert why_not_hand_over(facts, released, offered) == codes


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
        undecided_redactions=st.integers(0, 2),
        is_held=st.booleans(),
    )
)
def test_nothing_is_released_before_conviction_under_a_hold_or_in_another_version(facts: ReleaseFacts) -> None:
    if why_not_release(facts) == ():
        assert is_open(facts.court)
        assert not facts.is_held
        assert facts.rendition_version == facts.accepted_version is not None
        assert set(facts.impacts) == {"s1", "s2"}
        assert "exceptional" not in facts.impacts.values()
