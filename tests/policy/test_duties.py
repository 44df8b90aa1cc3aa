import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.contract.messages import StaffRef
from workflows.contract.vocabulary import DutyKind, Role
from workflows.policy.duties import ACTION, ENQUIRY, ESCALATION, Owed, owed_to_staff, owed_to_victims, unmet

STAFF = (
    StaffRef(ref="s1", role=Role.PRACTITIONER, in_line=True),
    StaffRef(ref="s2", role=Role.HEAD_OF_PDU, in_line=True),
)


def test_what_is_left_is_named_once_in_counting_order() -> None:
    owed = [
        Owed(DutyKind.FED_BACK, "s10"),
        Owed(DutyKind.FED_BACK, "s2"),
        Owed(DutyKind.FED_BACK, "s2"),
        Owed(ACTION, "a1"),
        Owed(ESCALATION, "overdue-1"),
        Owed(ENQUIRY, "3"),
        Owed(DutyKind.TOLD, "s2", is_met=True),
        Owed(DutyKind.VICTIM_GIVEN, "v1", closed_by="d7"),
    ]
    assert unmet(owed) == ("action:a1", "enquiry:3", "escalation:overdue-1", "fed_back:s2", "fed_back:s10")


def test_nothing_owed_blocks_nothing() -> None:
    assert unmet([]) == ()


def test_a_review_owes_everybody_care_and_word_and_the_head_a_look_at_the_facts() -> None:
    assert unmet(owed_to_staff(STAFF, is_reviewed=True)) == (
        "cared_for:s1",
        "cared_for:s2",
        "facts_offered:s2",
        "fed_back:s1",
        "fed_back:s2",
        "interviewed:s1",
        "told:s1",
        "told:s2",
    )
    assert owed_to_staff(STAFF, is_reviewed=False) == ()


def test_victims_are_owed_only_after_conviction_and_the_review_only_if_they_want_it() -> None:
    assert owed_to_victims(("v1", "v2"), is_convicted=False, wanting={"v1"}) == ()
    assert unmet(owed_to_victims(("v1", "v2"), is_convicted=True, wanting={"v2"})) == (
        "victim_answered:v1",
        "victim_answered:v2",
        "victim_given:v2",
        "victim_told:v1",
        "victim_told:v2",
    )


KINDS = st.sampled_from([*DutyKind, ACTION, ESCALATION, ENQUIRY])
OWED = st.lists(
    st.builds(
        Owed,
        kind=KINDS,
        subject=st.from_regex(r"[sva][0-9]{1,3}", fullmatch=True),
        is_met=st.booleans(),
        closed_by=st.none() | st.just("d1"),
    )
)


@given(OWED)
def test_a_case_closes_only_when_everything_is_met_or_closed_by_a_decision(owed: list[Owed]) -> None:
    blocking = {duty.code for duty in owed if not duty.is_met and duty.closed_by is None}
    left = unmet(owed)
    assert set(left) == blocking
    assert len(left) == len(blocking)
    assert unmet(reversed(owed)) == left


@pytest.mark.parametrize(
    ("met", "closed_by", "settled"), [(False, None, False), (True, None, True), (False, "d", True)]
)
def test_owed_is_settled_by_being_met_or_by_a_decision(met: bool, closed_by: str | None, settled: bool) -> None:
    assert Owed(ACTION, "a1", met, closed_by).is_settled is settled
