from datetime import date
from pathlib import Path

import pytest

from workflows.contract.directory import REGIONAL_ROLES, Directory
from workflows.contract.problems import DataError
from workflows.contract.vocabulary import Role

TEXT = (Path(__file__).resolve().parents[2] / "deploy/directory/2026-04-01.toml").read_text()
CODES = {"N53", "N56", "MCG", "N57", "N07", "N54", "N51", "N59", "N58", "N03", "N52", "N55"}


def test_all_twelve_regions_can_carry_a_case(directory: Directory) -> None:
    assert directory.regions.keys() == CODES
    for code, region in directory.regions.items():
        assert len(region.pdus) >= 2
        for pdu in region.pdus:
            for role in (*REGIONAL_ROLES, Role.HEAD_OF_PDU, Role.NATIONAL_TEAM):
                people = directory.people_for(role, code, pdu)
                assert people, (code, pdu, role)
                assert directory.deputy_of(people[0].key) not in (None, people[0])
        assert len(directory.people_for(Role.REVIEWING_MANAGER, code, pdu)) >= 3
        assert len(directory.people_for(Role.COUNTERSIGNING_MANAGER, code, pdu)) >= 2


def test_nobody_in_the_shipped_directory_is_real(directory: Directory) -> None:
    people = [p for r in directory.regions.values() for p in r.people] + list(directory.national.people)
    assert all(p.name.startswith("Example ") and p.email.endswith(".example.test") for p in people)


def test_keys_hold_no_name(directory: Directory) -> None:
    for region in directory.regions.values():
        for person in region.people:
            assert "example" not in person.key


def test_people_are_found_by_role_key_and_address(directory: Directory) -> None:
    (head,) = directory.people_for(Role.HEAD_OF_PDU, "N53", "N53LEI")
    assert head.key == "n53lei.head"
    assert directory.person("n53lei.head") is head
    assert directory.person_by_email("HEAD.LEI@n53.example.test") is head
    assert directory.region_of("n53lei.head") == "N53"
    assert directory.people_for(Role.NATIONAL_TEAM, "N53", "N53LEI")[0].key == "national.team"
    pdu = directory.pdu("N53LEI")
    assert pdu is not None
    assert pdu.head == head.key


def test_what_is_not_there_is_nobody(directory: Directory) -> None:
    assert directory.person("n99.spoc") is None
    assert directory.person_by_email("nobody@example.test") is None
    assert directory.region("N99") is None
    assert directory.pdu("N99ABC") is None
    assert directory.region_of("national.team") is None
    assert directory.deputy_of("n99.spoc") is None
    assert directory.people_for(Role.SPOC, "N99", "N99ABC") == ()
    assert directory.people_for(Role.HEAD_OF_PDU, "N53", "N52STF") == ()
    assert directory.people_for(Role.PRACTITIONER, "N53", "N53LEI") == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('deputy = "n53.sfo_team" }', 'deputy = "n53.nobody" }', "people[0].deputy: nobody has the key 'n53.nobody'"),
        ('deputy = "n53.sfo_team" }', 'deputy = "n53.spoc" }', "people[0].deputy: nobody deputises for themselves"),
        ('key = "n53.sfo_team.deputy"', 'key = "n53.sfo_team"', "'n53.sfo_team' is used twice; give each"),
        ("sfo.team.deputy@n53.", "sfo.team@n53.", "this address is used twice; list one person once"),
        ('roles = ["spoc"]', 'roles = ["sfo_team"]', "regions.N53.people: nobody has the role spoc; give it"),
        ('roles = ["spoc"]', 'roles = ["chief"]', "regions.N53.people[0].roles[0]: is none of the values allowed"),
        ('roles = ["spoc"]', "roles = []", "regions.N53.people[0].roles: has no entry"),
        ('head = "n53lei.head"', 'head = "n53.spoc"', "pdus.N53LEI.head: 'n53.spoc' is not a head_of_pdu"),
        ('N53LEI = { name', 'N52LEI = { name', "regions.N53.pdus.N52LEI: the code does not start with N53"),
        ('email = "spoc@n53.example.test"', 'email = "spoc"', "regions.N53.people[0].email"),
        ('key = "n53.spoc"', 'key = "N53 Spoc"', "regions.N53.people[0].key"),
        ('name = "East Midlands"', "", "regions.N53.name: is missing"),
        ('name = "East Midlands"', 'nmae = "East Midlands"', "regions.N53.nmae: there is no such field; did you"),
        ("[regions.N53]", "[regions.N53", "is not TOML"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_named_with_its_path_and_a_remedy(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(DataError) as error:
        Directory.from_toml(TEXT.replace(old, new, 1))
    assert message in str(error.value)


def test_a_missing_national_team_is_named() -> None:
    with pytest.raises(DataError, match=r"national\.people: nobody has the role national_team"):
        Directory.from_toml(TEXT.replace('["national_team"]', '["sfo_team"]'))


def test_an_absence_covers_both_its_days() -> None:
    old = 'roles = ["spoc"], deputy'
    text = TEXT.replace(old, 'roles = ["spoc"], away = [{ from_on = 2026-12-21, to_on = 2027-01-03 }], deputy', 1)
    spoc = Directory.from_toml(text).people_for(Role.SPOC, "N53", "N53LEI")[0]
    away = [day for day in (20, 21, 31) if spoc.is_away(date(2026, 12, day))]
    assert away == [21, 31]
    assert spoc.is_away(date(2027, 1, 3))
    assert not spoc.is_away(date(2027, 1, 4))


def test_an_absence_that_ends_before_it_starts_is_named() -> None:
    text = TEXT.replace(
        'roles = ["spoc"]', 'roles = ["spoc"], away = [{ from_on = 2027-01-03, to_on = 2026-12-21 }]', 1
    )
    with pytest.raises(DataError, match=r"regions\.N53\.people\[0\]\.away\[0\]: the absence ends before it starts"):
        Directory.from_toml(text)
