"""Who may stand in for somebody who is away, and where that would break independence; the directory while covered."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.contract.cover import Cover, with_covers
from workflows.contract.directory import Directory, Person, Region
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import Role
from workflows.policy.authority import Involved, Ties, holds, who_answers, why_not_answer
from workflows.policy.cover import Gap, Post, candidates, gaps, roles_in_case, why_not_cover

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
DIRECTORY = Directory.from_toml((DEPLOY / "directory" / "2026-04-01.toml").read_text())
ON = date(2026, 12, 1)
LAST = ON + timedelta(days=13)
KEYS = [person.key for person in DIRECTORY.regions["N53"].people]


def key(name: str) -> Person:
    person = DIRECTORY.person(name)
    assert person
    return person


def cover(person: str, deputy: str | None, from_on: date = ON, to_on: date = LAST) -> Cover:
    return Cover(person=person, from_on=from_on, to_on=to_on, deputy=deputy)


# --- the directory while somebody is away -----------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "away", "deputy"),
    [
        (ON - timedelta(days=1), False, "n53.reviewer.2"),
        (ON, True, "n53.reviewer.3"),
        (LAST, True, "n53.reviewer.3"),
        (LAST + timedelta(days=1), False, "n53.reviewer.2"),
    ],
)
def test_on_the_days_of_an_absence_another_deputy_stands_in(on: date, away: bool, deputy: str) -> None:
    shown = with_covers(DIRECTORY, [cover("n53.reviewer.1", "n53.reviewer.3")], on)
    person = shown.person("n53.reviewer.1")
    assert person
    assert person.is_away(on) is away
    assert person.deputy == deputy
    found = shown.deputy_of("n53.reviewer.1")
    assert found
    assert found.key == deputy
    assert shown.person_by_email(person.email) == person


def test_without_a_deputy_the_recorded_one_stands_in_and_nobody_else_changes() -> None:
    shown = with_covers(DIRECTORY, [cover("n53.reviewer.1", None)], ON)
    person = shown.person("n53.reviewer.1")
    assert person
    assert (person.is_away(ON), person.deputy) == (True, "n53.reviewer.2")
    assert shown.person("n53.reviewer.2") == key("n53.reviewer.2")
    assert DIRECTORY.person("n53.reviewer.1") == key("n53.reviewer.1")
    assert with_covers(DIRECTORY, [], ON) is DIRECTORY


def test_a_question_goes_to_whoever_stands_in_and_their_rights_end_with_the_absence() -> None:
    lead, deputy = key("n53.senior_lead"), key("n53.senior_lead.deputy")
    shown = with_covers(DIRECTORY, [cover("n53.senior_lead", deputy.key)], ON)
    asked = who_answers("rosh", shown.people_for(Role.SENIOR_LEAD, "N53", "N53LEI")[:1], shown, Ties("N53LEI"), ON)
    assert [person.key for person in asked.eligible] == [deputy.key]
    stand_in = cover("n53.spoc", "n53.reviewer.1")
    assert holds("reviewer.one@n53.example.test", [Role.SPOC], with_covers(DIRECTORY, [stand_in], ON), "N53", "N53LEI")
    after = with_covers(DIRECTORY, [stand_in], LAST + timedelta(days=1))
    assert not holds("reviewer.one@n53.example.test", [Role.SPOC], after, "N53", "N53LEI")
    assert lead.email != deputy.email


# --- who can be named -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ("n53.reviewer.1", ["n53.reviewer.2", "n53.reviewer.3"]),
        ("n53.reviewer.2", ["n53.reviewer.3", "n53.reviewer.1"]),
        ("n53.senior_lead", ["n53.senior_lead.deputy"]),
        ("n53.spoc", ["n53.sfo_team"]),  # by the directory alone
        ("national.duty.1", ["national.duty.2", "national.team"]),
    ],
)
def test_only_the_recorded_deputy_and_those_of_the_same_role_and_place_can_be_named(
    person: str, expected: list[str]
) -> None:
    assert [one.key for one in candidates(key(person), DIRECTORY)] == expected


@given(st.sampled_from(KEYS), st.sampled_from(KEYS))
def test_nobody_gets_a_role_by_cover_that_they_neither_hold_nor_are_the_recorded_deputy_for(
    person: str, deputy: str
) -> None:
    code = why_not_cover(key(person), key(deputy), DIRECTORY, ON, LAST)
    may = person != deputy and (key(person).deputy == deputy or bool(set(key(person).roles) & set(key(deputy).roles)))
    assert (code is None) is may


@pytest.mark.parametrize(
    ("from_on", "to_on", "code"),
    [
        (ON - timedelta(days=9), ON - timedelta(days=1), None),
        (ON - timedelta(days=9), ON, "away"),
        (ON + timedelta(days=3), ON + timedelta(days=4), "away"),
        (LAST, LAST + timedelta(days=9), "away"),
        (LAST + timedelta(days=1), LAST + timedelta(days=9), None),
    ],
)
def test_whoever_is_away_themselves_on_one_of_the_days_is_refused(from_on: date, to_on: date, code: str | None) -> None:
    shown = with_covers(DIRECTORY, [cover("n53.reviewer.2", "n53.reviewer.3")], ON - timedelta(days=20))
    one, two = shown.person("n53.reviewer.1"), shown.person("n53.reviewer.2")
    assert one
    assert two
    assert why_not_cover(one, two, shown, from_on, to_on) == code


# --- what a deputy may not answer -------------------------------------------------------------------

COUNTERSIGNER = (Role.COUNTERSIGNING_MANAGER,)
TWO = "countersigner.two@n53.example.test"


@pytest.mark.parametrize(
    ("ties", "expected"),
    [
        (Ties("N53LEI"), ()),
        (Ties("N53LEI", wrote=(TWO,)), (("countersign", "is_the_author"),)),
        (Ties("N53LEI", author=TWO), (("countersign", "is_the_author"),)),
        (Ties("N53LEI", (Involved(TWO, Role.LINE_MANAGER),)), (("countersign", "in_the_line"),)),
        (Ties("N53LEI", (Involved(TWO, Role.OTHER),)), (("countersign", "in_the_case"),)),
    ],
)
def test_a_deputy_who_wrote_the_review_or_stands_in_its_line_cannot_countersign_it(
    ties: Ties, expected: tuple[tuple[str, str], ...]
) -> None:
    found = gaps(key("n53.countersigner.2"), [Post("SFO-2026-00042", ties, COUNTERSIGNER)])
    assert found == tuple(Gap("SFO-2026-00042", *one) for one in expected)


def test_four_eyes_hold_for_a_stand_in() -> None:
    deputy = key("n53.senior_lead.deputy")
    role = QUESTIONS["redaction_decision"].role
    assert role
    found = gaps(deputy, [Post("SFO-2026-00042", Ties("N53LEI", proposer=deputy.email), (role,))])
    assert Gap("SFO-2026-00042", "redaction_decision", "is_the_proposer") in found


@given(
    st.sampled_from(KEYS),
    st.sampled_from(list(Role)),
    st.builds(
        Ties,
        pdu=st.sampled_from(["N53LEI", "N53NOT"]),
        author=st.sampled_from([None, *(key(k).email for k in KEYS)]),
        countersigner=st.sampled_from([None, *(key(k).email for k in KEYS)]),
        proposer=st.sampled_from([None, *(key(k).email for k in KEYS)]),
        requester=st.sampled_from([None, *(key(k).email for k in KEYS)]),
        wrote=st.lists(st.sampled_from([key(k).email for k in KEYS]), max_size=2).map(tuple),
    ),
)
def test_what_is_not_named_as_a_gap_may_be_answered_and_the_other_way_round(
    deputy: str, role: Role, ties: Ties
) -> None:
    named = {gap.question for gap in gaps(key(deputy), [Post("SFO-2026-00042", ties, (role,))])}
    for question in QUESTIONS.values():
        if question.role is role:
            assert (question.key in named) is (why_not_answer(question.key, key(deputy), ties) is not None)


@pytest.mark.parametrize(
    ("person", "pdu", "appointed", "expected"),
    [
        ("n53lei.head", "N53LEI", (), (Role.HEAD_OF_PDU,)),
        ("n53lei.head", "N53NOT", (), ()),
        ("n53.reviewer.1", "N53LEI", (), ()),
        ("n53.reviewer.1", "N53LEI", ("reviewing_manager",), (Role.REVIEWING_MANAGER,)),
        ("n53.senior_lead", "N53LEI", (), (Role.SENIOR_LEAD,)),
        ("n56.senior_lead", "N53LEI", (), ()),
        ("national.duty.1", "N53LEI", (), (Role.NATIONAL_TEAM,)),
    ],
)
def test_where_a_person_is_asked(person: str, pdu: str, appointed: tuple[str, ...], expected: tuple[Role, ...]) -> None:
    found = roles_in_case(key(person), DIRECTORY, "N53", pdu, [Role(role) for role in appointed])
    assert found == expected


# --- addresses that a team shares -------------------------------------------------------------------


def test_behind_a_shared_address_stand_those_of_its_role_with_an_address_of_their_own() -> None:
    assert [p.key for p in DIRECTORY.team_of("national.team")] == ["national.duty.1", "national.duty.2"]
    assert [p.key for p in DIRECTORY.team_of("n53.sfo_team")] == ["n53.sfo_team.deputy"]
    assert DIRECTORY.team_of("n53.senior_lead") == ()
    assert DIRECTORY.team_of("nobody.here") == ()


def test_whoever_has_no_recorded_deputy_can_be_covered_by_those_who_share_a_role() -> None:
    alone = key("n53.reviewer.1").model_copy(update={"key": "n53.nobody", "deputy": None})
    found = candidates(alone, DIRECTORY)
    assert None not in found
    # Of no region, so counted among the national team, none of whom reviews.
    assert found == ()
    spoc = next(person for person in DIRECTORY.regions["N53"].people if Role.SPOC in person.roles)
    without = DIRECTORY.model_copy(update={"regions": {"N53": _without_deputies(DIRECTORY)}})
    assert spoc.key not in {person.key for person in candidates(spoc, without)}


def _without_deputies(directory: Directory) -> Region:
    region = directory.regions["N53"]
    return region.model_copy(update={"people": tuple(p.model_copy(update={"deputy": None}) for p in region.people)})
