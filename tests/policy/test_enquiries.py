"""Where each request from outside goes, on which clock, and what may be given to whom."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.contract.questions import QUESTIONS
from workflows.contract.rulebook import Rulebook
from workflows.contract.vocabulary import EnquiryKind, Role
from workflows.policy.deadlines import due_on
from workflows.policy.enquiries import (
    ROUTES,
    Asked,
    Standing,
    further,
    why_not_give,
    why_not_longer,
    why_not_received,
)

MONDAY = date(2026, 11, 16)
CHRISTMAS = frozenset({date(2026, 12, 25), date(2026, 12, 28)})

# Kind, question, who is asked, and until when one that came in on `MONDAY` is to be answered; counted by hand.
TABLE = [
    (EnquiryKind.FOI, "enquiry_foi", Role.NATIONAL_TEAM, date(2026, 12, 14)),
    (EnquiryKind.SUBJECT_ACCESS, "enquiry_sar", Role.NATIONAL_TEAM, date(2026, 12, 16)),
    (EnquiryKind.MEDIA, "enquiry_media", Role.SENIOR_LEAD, date(2026, 11, 17)),
    (EnquiryKind.CORONER, "enquiry_review", Role.SFO_TEAM, date(2026, 12, 14)),
    (EnquiryKind.MAPPA, "enquiry_review", Role.SFO_TEAM, date(2026, 12, 14)),
    (EnquiryKind.DOMESTIC_HOMICIDE, "enquiry_review", Role.SFO_TEAM, date(2026, 12, 14)),
    (EnquiryKind.CHILD_SAFEGUARDING, "enquiry_review", Role.SFO_TEAM, date(2026, 12, 7)),
    (EnquiryKind.PUBLICATION, "enquiry_publication", Role.NATIONAL_TEAM, date(2026, 12, 14)),
]
ENTITLED = {
    EnquiryKind.CORONER: ["inquest", "coroner_notice"],
    EnquiryKind.MAPPA: ["mappa_review"],
    EnquiryKind.DOMESTIC_HOMICIDE: ["domestic_homicide_review"],
    EnquiryKind.CHILD_SAFEGUARDING: ["rapid_review", "practice_review"],
}
FREE = Standing(is_held=False, is_corrected=False, accepted=2)


def test_every_kind_has_a_route() -> None:
    assert sorted(ROUTES) == sorted(EnquiryKind) == sorted(row[0] for row in TABLE)


@pytest.mark.parametrize(("kind", "question", "role", "due"), TABLE, ids=[str(row[0]) for row in TABLE])
def test_each_kind_is_asked_of_its_role_on_its_clock(
    rulebook: Rulebook, kind: EnquiryKind, question: str, role: Role, due: date
) -> None:
    route = ROUTES[kind]
    assert (route.first.question, route.role) == (question, role)
    assert due_on(rulebook.deadlines[route.first.deadline], MONDAY, CHRISTMAS) == due


def test_the_longer_clocks_run_from_the_same_receipt(rulebook: Rulebook) -> None:
    longer, reply = further("enquiry_sar", "more_time"), further("enquiry_review", "prevention_report")
    assert longer == Asked("enquiry_sar", "enquiry_sar_extended")
    assert due_on(rulebook.deadlines[longer.deadline], MONDAY, CHRISTMAS) == date(2027, 2, 16)
    assert reply == Asked("enquiry_prevention", "enquiry_coroner")
    assert due_on(rulebook.deadlines[reply.deadline], MONDAY, CHRISTMAS) == date(2027, 1, 11)


def test_every_other_answer_ends_its_enquiry() -> None:
    goes_on = {(q.key, a.value) for q in QUESTIONS.values() for a in q.answers if further(q.key, a.value)}
    assert goes_on == {
        ("enquiry_sar", "more_time"),
        ("enquiry_review", "prevention_report"),
        ("enquiry_prevention", "more_time"),
    }


@pytest.mark.parametrize("kind", EnquiryKind)
def test_only_a_coroner_and_the_parallel_reviews_can_be_entitled(kind: EnquiryKind) -> None:
    assert [choice.value for choice in ROUTES[kind].entitlements] == ENTITLED.get(kind, [])


@pytest.mark.parametrize(
    ("entitlement", "version", "standing", "code"),
    [
        ("inquest", "2", FREE, None),
        ("inquest", "2", Standing(is_held=True, is_corrected=True, accepted=2), "held"),
        ("inquest", "2", Standing(is_held=False, is_corrected=True, accepted=2), "being_corrected"),
        ("inquest", "1", FREE, "not_accepted"),
        ("inquest", "2", Standing(is_held=False, is_corrected=False, accepted=None), "not_accepted"),
        ("mappa_review", "2", FREE, "not_entitled"),
        ("", "2", FREE, "not_entitled"),
    ],
)
def test_the_accepted_version_is_given_on_an_entitlement_of_the_kind_and_nothing_else(
    entitlement: str, version: str, standing: Standing, code: str | None
) -> None:
    assert why_not_give(EnquiryKind.CORONER, entitlement, version, standing) == code


@given(
    kind=st.sampled_from(EnquiryKind),
    entitlement=st.sampled_from(sorted({value for values in ENTITLED.values() for value in values})),
    version=st.integers(1, 3).map(str),
    is_held=st.booleans(),
    is_corrected=st.booleans(),
    accepted=st.none() | st.integers(1, 3),
)
def test_nothing_is_given_while_anything_stands_in_its_way(
    kind: EnquiryKind, entitlement: str, version: str, is_held: bool, is_corrected: bool, accepted: int | None
) -> None:
    code = why_not_give(kind, entitlement, version, Standing(is_held, is_corrected, accepted))
    is_free = not is_held and not is_corrected and version == str(accepted) and entitlement in ENTITLED.get(kind, [])
    assert (code is None) is is_free


@pytest.mark.parametrize(
    ("received_on", "code"),
    [
        (MONDAY, None),
        (MONDAY + timedelta(days=1), "in_the_future"),
        (date(2026, 9, 1), None),
        (date(2025, 10, 5), None),
        (date(2025, 10, 4), "long_before"),
        (date(1996, 10, 5), "long_before"),
    ],
)
def test_a_day_of_receipt_that_cannot_be_is_named(received_on: date, code: str | None) -> None:
    assert why_not_received(received_on, charged_on=date(2026, 10, 5), today=MONDAY) == code


@pytest.mark.parametrize(
    ("question", "was_taken", "is_late", "code"),
    [
        ("enquiry_sar", False, False, None),
        ("enquiry_sar", False, True, "too_late"),
        ("enquiry_sar", True, False, "more_time_taken"),
        ("enquiry_prevention", True, True, None),
    ],
)
def test_subject_access_takes_more_time_once_and_in_time(
    question: str, was_taken: bool, is_late: bool, code: str | None
) -> None:
    assert why_not_longer(question, was_taken=was_taken, is_late=is_late) == code
