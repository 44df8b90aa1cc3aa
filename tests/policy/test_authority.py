from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.contract.directory import Absence, Directory, Person
from workflows.contract.questions import QUESTIONS
from workflows.contract.vocabulary import Role
from workflows.policy.authority import (
    Involved,
    Ties,
    eligible_countersigners,
    eligible_reviewers,
    holds,
    same_person,
    who_answers,
    why_not_answer,
    why_not_appoint,
    why_not_asked,
    why_not_countersign,
    why_not_read_case,
    why_not_review,
)

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
ON = date(2026, 12, 1)
AWAY = (Absence(from_on=ON, to_on=ON),)


def person(name: str, **more: object) -> Person:
    given: dict[str, object] = {"key": f"n53.{name}", "name": f"Example {name}", "email": f"{name}@n53.example.test"}
    return Person.model_validate({**given, "roles": ["reviewing_manager"], **more})


def involved(name: str, role: Role = Role.OTHER, *, in_line: bool = False) -> Involved:
    return Involved(f"{name}@n53.example.test", role, in_line)


@pytest.mark.parametrize(
    ("ties", "code"),
    [
        (Ties("N53LEI"), None),
        (Ties("N53LEI", (involved("other", Role.PRACTITIONER),)), None),
        (Ties("N53LEI", (involved("one", Role.PRACTITIONER),)), "in_the_line"),
        (Ties("N53LEI", (involved("one", Role.LINE_MANAGER),)), "in_the_line"),
        (Ties("N53LEI", (involved("one", Role.HEAD_OF_PDU),)), "in_the_line"),
        (Ties("N53LEI", (involved("one", in_line=True),)), "in_the_line"),
        (Ties("N53LEI", (involved("ONE", Role.LINE_MANAGER),)), "in_the_line"),
        (Ties("N53LEI", (involved("one"),)), "in_the_case"),
        (Ties("N53LEI", (involved("one"), involved("one", Role.LINE_MANAGER))), "in_the_line"),
        (Ties("N53LEI", countersigner="one@n53.example.test"), "is_the_countersigner"),
        (Ties("N53NOT"), "in_the_line"),  # manages that unit without standing on the roster
    ],
)
def test_the_reviewing_manager_is_independent_of_the_case(ties: Ties, code: str | None) -> None:
    assert why_not_review(person("one", in_line_of=["N53NOT"]), ties) == code


@pytest.mark.parametrize(
    ("ties", "code"),
    [
        (Ties("N53LEI", author="other@n53.example.test"), None),
        (Ties("N53LEI", author="One@N53.example.test"), "is_the_author"),
        (Ties("N53LEI", (involved("one", Role.LINE_MANAGER),), author="one@n53.example.test"), "is_the_author"),
        (Ties("N53LEI", (involved("one", Role.LINE_MANAGER),)), "in_the_line"),
        (Ties("N53LEI", (involved("one"),)), "in_the_case"),
    ],
)
def test_the_author_never_countersigns_nor_anyone_in_the_line(ties: Ties, code: str | None) -> None:
    assert why_not_countersign(person("one"), ties) == code


def test_absence_counts_only_on_a_given_day() -> None:
    away = person("one", away=AWAY)
    assert why_not_review(away, Ties("N53LEI"), ON) == "away"
    assert why_not_review(away, Ties("N53LEI"), date(2026, 12, 2)) is None
    assert why_not_review(away, Ties("N53LEI")) is None
    assert why_not_answer("release", away, Ties("N53LEI"), ON) == "away"


@pytest.mark.parametrize("question", sorted(QUESTIONS))
def test_nobody_is_asked_anything_on_a_day_on_which_they_are_away(question: str) -> None:
    away = person("one", away=AWAY)
    assert why_not_answer(question, away, Ties("N53LEI"), ON) == "away"
    assert why_not_answer(question, away, Ties("N53LEI"), date(2026, 12, 2)) is None


def test_somebody_tied_to_nothing_may_decide_on_more_time() -> None:
    assert why_not_answer("extension", person("one"), Ties("N53LEI", author="other@n53.example.test"), ON) is None


def test_a_person_without_a_deputy_is_asked_alone(directory: Directory) -> None:
    one = person("one", key="n53.nobody")
    assert who_answers("release", [one], directory, Ties("N53LEI"), ON).eligible == (one,)
    assert not holds("nobody@n53.example.test", [Role.SPOC], directory, "N53", "N53LEI")


@pytest.mark.parametrize(
    ("question", "ties", "code"),
    [
        ("redaction_decision", Ties("N53LEI", proposer="one@n53.example.test"), "is_the_proposer"),
        ("redaction_decision", Ties("N53LEI", proposer="other@n53.example.test"), None),
        ("extension", Ties("N53LEI", requester="one@n53.example.test"), "is_the_requester"),
        ("extension", Ties("N53LEI", author="one@n53.example.test"), "is_the_author"),
        ("countersign", Ties("N53LEI", author="one@n53.example.test"), "is_the_author"),
        ("draft", Ties("N53LEI", (involved("one", Role.PRACTITIONER),)), "in_the_line"),
        ("submit", Ties("N53LEI", (involved("one", Role.PRACTITIONER),)), "in_the_line"),
        ("interview", Ties("N53LEI", (involved("one", Role.PRACTITIONER),)), "in_the_line"),
        ("facts", Ties("N53LEI", (involved("one", Role.HEAD_OF_PDU),)), None),
        ("facts", Ties("N53LEI", author="one@n53.example.test"), "is_the_author"),
        ("facts", Ties("N53LEI", wrote=("one@n53.example.test",)), "is_the_author"),
        ("quality", Ties("N53LEI", author="one@n53.example.test"), "is_the_author"),
        ("quality", Ties("N53LEI", countersigner="one@n53.example.test"), "is_the_countersigner"),
        ("quality", Ties("N53LEI"), None),
    ],
)
def test_each_question_has_its_own_independence(question: str, ties: Ties, code: str | None) -> None:
    assert why_not_answer(question, person("one"), ties) == code


@pytest.mark.parametrize(
    ("by", "code"),
    [("n53.a", None), ("n53.b", None), ("n53.c", "not_asked"), ("N53.A", None), ("", "not_asked")],
)
def test_only_the_person_asked_or_the_recorded_deputy_decides(by: str, code: str | None) -> None:
    assert why_not_asked(by, "n53.a", "n53.b") == code


@pytest.mark.parametrize("question", [q.key for q in QUESTIONS.values() if q.role is Role.REVIEWING_MANAGER])
def test_whatever_the_reviewing_manager_answers_is_answered_by_somebody_independent(question: str) -> None:
    assert why_not_answer(question, person("one", in_line_of=["N53LEI"]), Ties("N53LEI")) == "in_the_line"


@pytest.mark.parametrize(
    ("role", "ties", "code"),
    [
        (Role.REVIEWING_MANAGER, Ties("N53LEI"), None),
        (Role.REVIEWING_MANAGER, Ties("N53LEI", wrote=("one@n53.example.test",)), None),  # back to one's own text
        (Role.REVIEWING_MANAGER, Ties("N53LEI", countersigner="one@n53.example.test"), "is_the_countersigner"),
        (Role.COUNTERSIGNING_MANAGER, Ties("N53LEI", author="one@n53.example.test"), "is_the_author"),
        (Role.COUNTERSIGNING_MANAGER, Ties("N53LEI", wrote=("x@y.test", "ONE@n53.example.test")), "is_the_author"),
        (Role.COUNTERSIGNING_MANAGER, Ties("N53LEI", (involved("one"),)), "in_the_case"),
        (Role.SENIOR_LEAD, Ties("N53LEI"), "unknown_role"),
    ],
)
def test_an_appointment_has_the_rule_of_its_role(role: Role, ties: Ties, code: str | None) -> None:
    assert why_not_appoint(role, person("one"), ties) == code
    away = person("one", away=AWAY)
    assert why_not_appoint(role, away, ties, ON) == (code or "away")


@pytest.mark.parametrize(
    ("email", "roles", "may"),
    [
        ("senior.lead@n53.example.test", (Role.SENIOR_LEAD,), True),
        ("Senior.Lead@N53.example.test ", (Role.SENIOR_LEAD,), True),
        ("senior.lead.deputy@n53.example.test", (Role.SENIOR_LEAD,), True),
        ("senior.lead@n56.example.test", (Role.SENIOR_LEAD,), False),
        ("director@n53.example.test", (Role.SENIOR_LEAD,), False),
        ("director@n53.example.test", (Role.SENIOR_LEAD, Role.REGIONAL_DIRECTOR), True),
        ("duty.two@national.example.test", (Role.NATIONAL_TEAM,), True),
        ("sfo.team@n53.example.test", (Role.SPOC,), True),  # the deputy of one, holding another role
        ("spoc@n53.example.test", (Role.SFO_TEAM,), False),
        ("senior.lead@n53.example.test", (), False),
        ("", (Role.SENIOR_LEAD,), False),
    ],
)
def test_a_role_is_held_by_its_people_and_their_recorded_deputies(
    directory: Directory, email: str, roles: tuple[Role, ...], may: bool
) -> None:
    assert holds(email, roles, directory, "N53", "N53LEI") is may


def test_without_a_deputy_nobody_stands_in() -> None:
    assert why_not_asked("n53.b", "n53.a") == "not_asked"
    assert why_not_asked("n53.b", "n53.a", also=("n53.b",)) is None


def test_the_eligible_and_the_refused_are_listed_with_reasons() -> None:
    people = [person("a"), person("b", away=AWAY), person("c"), person("d", in_line_of=["N53LEI"])]
    found = eligible_reviewers(people, Ties("N53LEI", (involved("c"),)), ON)
    assert [p.key for p in found.eligible] == ["n53.a"]
    assert [(r.person.key, r.code) for r in found.refused] == [
        ("n53.b", "away"),
        ("n53.c", "in_the_case"),
        ("n53.d", "in_the_line"),
    ]
    signers = eligible_countersigners(people, Ties("N53LEI", author="a@n53.example.test"), ON)
    assert [p.key for p in signers.eligible] == ["n53.c"]


def test_the_shipped_directory_offers_reviewers_and_no_manager_of_the_line(directory: Directory) -> None:
    region = directory.regions["N53"].people
    found = eligible_reviewers(region, Ties("N53LEI"), ON)
    refused = {refused.person.key for refused in found.refused}
    assert refused == {"n53.director", "n53.director.deputy", "n53lei.head", "n53lei.head.deputy"}


def test_cover_goes_to_the_deputy_but_never_to_one_who_is_not_independent(directory: Directory) -> None:
    asked = [p for p in directory.people_for(Role.COUNTERSIGNING_MANAGER, "N53", "N53LEI") if p.key.endswith(".1")]
    free = who_answers("countersign", asked, directory, Ties("N53LEI"), ON)
    assert [p.key for p in free.eligible] == ["n53.countersigner.1", "n53.countersigner.2"]
    tied = Ties("N53LEI", (Involved("countersigner.two@n53.example.test", Role.OTHER),), author=asked[0].email)
    nobody = who_answers("countersign", asked, directory, tied, ON)
    assert not nobody.eligible
    assert [refused.code for refused in nobody.refused] == ["is_the_author", "in_the_case"]


def test_an_absent_person_s_deputy_comes_before_the_next_holder_of_the_role() -> None:
    text = (DEPLOY / "directory/2026-04-01.toml").read_text()
    away = 'roles = ["sfo_team"], away = [{ from_on = 2026-12-01, to_on = 2026-12-31 }], deputy = "n53.spoc"'
    directory = Directory.from_toml(text.replace('roles = ["sfo_team"], deputy = "n53.sfo_team.deputy"', away, 1))
    asked = directory.people_for(Role.SFO_TEAM, "N53", "N53LEI")
    found = who_answers("early_look", asked, directory, Ties("N53LEI"), ON)
    assert [person.key for person in found.eligible] == ["n53.spoc", "n53.sfo_team.deputy"]
    assert [(refused.person.key, refused.code) for refused in found.refused] == [("n53.sfo_team", "away")]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("A@x.test", "a@X.TEST ", True), ("a@x.test", "b@x.test", False), (None, None, False), (None, "a@x.test", False)],
)
def test_one_person_is_recognised_by_address(one: str | None, other: str | None, same: bool) -> None:
    assert same_person(one, other) is same


NAMES = st.sampled_from(["one", "two", "three", "four"])
TIES = st.builds(
    Ties,
    pdu=st.sampled_from(["N53LEI", "N53NOT"]),
    roster=st.lists(st.builds(involved, NAMES, st.sampled_from(Role), in_line=st.booleans()), max_size=4).map(tuple),
    author=st.none() | NAMES.map(lambda name: f"{name}@n53.example.test"),
    countersigner=st.none() | NAMES.map(lambda name: f"{name}@n53.example.test"),
)


@given(NAMES, TIES, st.sampled_from([(), ("N53LEI",), ("N53NOT",)]))
def test_nobody_eligible_is_ever_tied_to_the_case(name: str, ties: Ties, line: tuple[str, ...]) -> None:
    one = person(name, in_line_of=line)
    on_roster = any(entry.email == one.email for entry in ties.roster)
    if why_not_review(one, ties) is None:
        assert not on_roster
        assert ties.pdu not in line
        assert ties.countersigner != one.email
    if why_not_countersign(one, ties) is None:
        assert not on_roster
        assert ties.pdu not in line
        assert ties.author != one.email


def at(mailbox: str, where: str = "n53") -> str:
    return f"{mailbox}@{where}.example.test"


@pytest.mark.parametrize(
    ("email", "reads"),
    [
        (at("sfo.team"), True),
        (at("sfo.team.deputy"), True),
        (at("senior.lead"), True),
        (at("senior.lead.deputy"), True),
        (at("director"), True),
        (at("director.deputy"), True),
        (at("head.lei"), True),
        (at("head.deputy.lei"), True),
        (at("HEAD.LEI").upper(), True),
        (at("sfo.team", "national"), True),
        (at("duty.one", "national"), True),
        (at("duty.two", "national"), True),
        # The same roles elsewhere, and other roles here.
        (at("head.not"), False),
        (at("head.deputy.not"), False),
        (at("spoc"), False),
        (at("reviewer.one"), False),
        (at("countersigner.one"), False),
        (at("sfo.team", "n56"), False),
        (at("senior.lead", "n56"), False),
        (at("director", "n56"), False),
        # Nobody of the directory.
        (at("practitioner"), False),
        (at("head.lei", "n53.example.test.elsewhere"), False),
        ("", False),
    ],
)
def test_a_case_is_read_by_whoever_answers_for_it_in_its_place_and_by_nobody_else(
    directory: Directory, email: str, reads: bool
) -> None:
    assert (why_not_read_case(email, (), directory, "N53", "N53LEI") is None) is reads


@pytest.mark.parametrize(
    ("email", "asked", "reads"),
    [
        (at("practitioner"), (at("practitioner"),), True),
        (at("practitioner"), (at("other"), at("Practitioner").upper()), True),
        (at("practitioner"), (at("other"),), False),
        (at("practitioner"), (), False),
        ("", (), False),
        ("", ("",), False),
    ],
)
def test_whoever_was_asked_something_in_a_case_reads_where_it_is(
    directory: Directory, email: str, asked: tuple[str, ...], reads: bool
) -> None:
    assert (why_not_read_case(email, asked, directory, "N53", "N53LEI") is None) is reads


@pytest.mark.parametrize(("region", "pdu"), [("N00", "N53LEI"), ("N53", "N00LEI"), ("", "")])
def test_a_case_in_no_known_place_is_read_by_the_national_team_and_only_by_roles_that_have_a_place(
    directory: Directory, region: str, pdu: str
) -> None:
    assert why_not_read_case(at("sfo.team", "national"), (), directory, region, pdu) is None
    assert why_not_read_case(at("head.lei"), (), directory, region, pdu) == "not_asked"
