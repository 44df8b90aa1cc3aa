import copy
import json
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.contract.charge import MAX_BYTES, Charge, ChargeBatch, RosterRole, parse_charges
from workflows.contract.directory import Directory
from workflows.contract.vocabulary import Rosh, SupervisionType

TODAY = date(2026, 11, 23)
DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
DIRECTORY = Directory.from_toml((DEPLOY / "directory/2026-04-01.toml").read_text())

GOOD: dict[str, Any] = {
    "crn": "X123456",
    "noms": "A1234BC",
    "person": {"name": "Example Person", "date_of_birth": "1991-05-04"},
    "region": "N53",
    "pdu": "N53LEI",
    "supervision": {"type": "licence", "started_on": "2026-01-12", "ended_on": None},
    "rosh_highest": "medium",
    "charged_on": "2026-10-05",
    "court": "Example Magistrates' Court",
    "first_appearance_on": "2026-10-06",
    "offences": [
        {"code": "SX03001A", "offence_on": "2026-10-02", "victim_age": None, "wording": "Attempted, as charged"}
    ],
    "public_interest": None,
    "roster": [{"role": "practitioner", "name": "Example Staff", "email": "Staff@example.test", "in_line": True}],
    "victims": [{"name": "Example Family", "liaison_officer_email": "vlo@example.test"}],
}
GONE = object()


def changed(path: str, value: object) -> dict[str, Any]:
    """The good entry with one field changed or gone."""
    entry = copy.deepcopy(GOOD)
    place: Any = entry
    *parents, last = path.split(".")
    for part in parents:
        place = place[int(part) if part.isdigit() else part]
    if value is GONE:
        del place[last]
    else:
        place[int(last) if last.isdigit() else last] = value
    return entry


def read(content: object) -> ChargeBatch:
    return parse_charges(json.dumps(content), today=TODAY, directory=DIRECTORY)


def paths(batch: ChargeBatch) -> list[str]:
    return [problem.path for problem in batch.problems]


def test_the_sample_of_the_design_is_read() -> None:
    batch = read(GOOD)
    assert not batch.problems
    ((index, charge),) = batch.charges
    assert index == 0
    assert (charge.crn, charge.rosh_highest, charge.supervision.type) == (
        "X123456",
        Rosh.MEDIUM,
        SupervisionType.LICENCE,
    )
    assert charge.offences[0].code == "SX03001A"
    assert charge.roster[0].email == "staff@example.test"
    assert not charge.is_public_interest_proposed


@pytest.mark.parametrize("text", [json.dumps(GOOD).encode(), b"\xef\xbb\xbf" + json.dumps(GOOD).encode()])
def test_bytes_are_read_with_or_without_a_byte_order_mark(text: bytes) -> None:
    assert len(parse_charges(text, today=TODAY, directory=DIRECTORY).charges) == 1


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("noms", GONE),
        ("noms", None),
        ("court", None),
        ("first_appearance_on", None),
        ("first_appearance_on", GONE),
        ("supervision.ended_on", "2026-09-30"),
        ("supervision.ended_on", "2026-11-23"),
        ("person.date_of_birth", None),
        ("offences.0.victim_age", 0),
        ("offences.0.wording", GONE),
        ("offences.0.code", "ZZ99999"),  # a right shape that nobody knows is asked about, not refused
        ("offences.0.code", "COML025"),
        ("offences.0.offence_on", "2025-12-31"),  # before supervision: the criteria say so, the file is right
        ("offences.0.offence_on", "2026-10-05"),
        ("public_interest", False),
        ("public_interest", "Wide concern in the community"),
        ("roster.0.in_line", GONE),
        ("roster.0.role", "line_manager"),
        ("victims", []),
        ("victims", GONE),
        ("rosh_highest", "not_recorded"),
    ],
)
def test_what_may_be_left_out_or_unknown_is_accepted(path: str, value: object) -> None:
    batch = read(changed(path, value))
    assert not batch.problems
    assert len(batch.charges) == 1


@pytest.mark.parametrize(("value", "is_proposed"), [(True, True), ("Reasons", True), (False, False), (None, False)])
def test_public_interest_is_proposed_by_true_or_by_reasons(value: object, is_proposed: bool) -> None:
    assert read(changed("public_interest", value)).charges[0][1].is_public_interest_proposed is is_proposed


BAD: list[tuple[str, object, str, str]] = [
    ("crn", GONE, "crn", "is missing; add it"),
    ("crn", "x123456", "crn", "does not have the form of X123456"),
    ("crn", "X12345", "crn", "form"),
    ("crn", "X12345٦", "crn", "form"),  # a digit, but not one of ours
    ("crn", "X123456\n", "crn", "form"),
    ("crn", 123456, "crn", "is not text"),
    ("noms", "A123BC", "noms", "form of A1234BC"),
    ("person", None, "person", "is not an object"),
    ("person.name", "", "person.name", "blank"),
    ("person.name", "Example\x00", "person.name", "control characters"),
    ("person.name", "Example\ud800", "person.name", "not text"),
    ("person.name", "E" * 201, "person.name", "too long"),
    ("person.date_of_birth", "2027-01-01", "person.date_of_birth", "lies in the future"),
    ("region", "N99", "region", "is not a region of the directory; write one of MCG, N03, N07, N51"),
    ("pdu", "N52STF", "pdu", "is not a delivery unit of N53; write one of N53DBY, N53LEI, N53NOT"),
    ("region", None, "region", "is not text"),
    ("supervision.type", "parole", "supervision.type", "write one of 'community_order'"),
    ("supervision.started_on", "2026-13-01", "supervision.started_on", "not a day of the calendar"),
    ("supervision.ended_on", "2026-01-01", "supervision.ended_on", "before the supervision started"),
    ("supervision.ended_on", "2027-01-01", "supervision.ended_on", "leave it null while supervision runs"),
    ("rosh_highest", "severe", "rosh_highest", "write one of 'low'"),
    ("rosh_highest", None, "rosh_highest", "write one of 'low'"),
    ("rosh_highest", GONE, "rosh_highest", "is missing"),
    ("charged_on", "05/10/2026", "charged_on", "YYYY-MM-DD"),
    ("charged_on", "2026-10-5", "charged_on", "YYYY-MM-DD"),
    ("charged_on", "2026-02-29", "charged_on", "not a day of the calendar"),
    ("charged_on", "2026-10-05T00:00:00", "charged_on", "YYYY-MM-DD"),
    ("charged_on", 20261005, "charged_on", "YYYY-MM-DD"),
    ("charged_on", "2026-11-24", "charged_on", "lies in the future"),
    ("first_appearance_on", "2026-11-24", "first_appearance_on", "report the appearance as a court event"),
    ("first_appearance_on", "2026-10-04", "first_appearance_on", "before the charge"),
    ("offences", [], "offences", "has no entry; give at least one"),
    ("offences", {"code": "SX03001"}, "offences", "is not a list"),
    ("offences.0.code", "MURDER", "offences[0].code", "does not have the form of SX03001"),
    ("offences.0.code", "sx03001", "offences[0].code", "capital letters"),
    ("offences.0.code", "SX03001AA", "offences[0].code", "form"),
    ("offences.0.code", "SX0300", "offences[0].code", "form"),
    ("offences.0.offence_on", "2026-10-06", "offences[0].offence_on", "is after the charge"),
    ("offences.0.offence_on", "1991-05-04", "offences[0].offence_on", "before the person was born"),
    ("offences.0.victim_age", -1, "offences[0].victim_age", "greater than or equal to 0"),
    ("offences.0.victim_age", "12", "offences[0].victim_age", "not a whole number"),
    ("offences.0.victim_age", 12.0, "offences[0].victim_age", "not a whole number"),
    ("offences.0.victim_age", True, "offences[0].victim_age", "not a whole number"),
    ("offences.0.offense_on", "2026-10-02", "offences[0].offense_on", "did you mean 'offence_on'?"),
    ("chargd_on", "2026-10-02", "chargd_on", "there is no such field; did you mean 'charged_on'?"),
    ("roster", [], "roster", "has no entry"),
    ("roster.0.role", "head_of_pdu", "roster", "names nobody who managed the case"),
    ("roster.0.role", "reviewing_manager", "roster[0].role", "write one of 'practitioner'"),
    ("roster.0.email", "staff", "roster[0].email", "is not an email address"),
    ("roster.0.email", "staff@example.test\nBcc: x@example.test", "roster[0].email", "is not an email address"),
    ("roster.0.in_line", "yes", "roster[0].in_line", "not true or false"),
    ("victims.0.liaison_officer_email", GONE, "victims[0].liaison_officer_email", "is missing"),
    ("victims.0.age", 12, "victims[0].age", "there is no such field"),
]


@pytest.mark.parametrize(("path", "value", "named", "words"), BAD)
def test_a_wrong_field_is_named_by_its_path_with_a_remedy(path: str, value: object, named: str, words: str) -> None:
    batch = read(changed(path, value))
    assert not batch.charges
    assert named in paths(batch)
    problem = next(p for p in batch.problems if p.path == named)
    assert words in str(problem)
    assert problem.remedy
    assert problem.index == 0


def test_a_public_interest_that_is_neither_truth_nor_text_is_refused() -> None:
    batch = read(changed("public_interest", 1))
    assert not batch.charges
    assert all(path.startswith("public_interest") for path in paths(batch))


def test_one_bad_entry_in_fifty_leaves_forty_nine() -> None:
    entries = [copy.deepcopy(GOOD) for _ in range(50)]
    entries[7]["offences"][0]["code"] = "rape"
    batch = read(entries)
    assert [index for index, _ in batch.charges] == [n for n in range(50) if n != 7]
    assert [(p.index, p.path) for p in batch.problems] == [(7, "[7].offences[0].code")]


def test_all_that_is_wrong_is_named_at_once() -> None:
    entry = changed("region", "N99")
    entry |= {"charged_on": "2026-12-24", "first_appearance_on": "2026-12-01"}
    assert set(paths(read([entry]))) == {"[0].region", "[0].charged_on", "[0].first_appearance_on"}


@pytest.mark.parametrize("entry", [None, 7, "case", [], [GOOD], True])
def test_an_entry_that_is_no_object_is_named(entry: object) -> None:
    batch = read([entry, GOOD])
    assert [index for index, _ in batch.charges] == [1]
    assert paths(batch) == ["[0]"]


@pytest.mark.parametrize(("name", "named"), [("", '""'), ("a\tb", '"a\\tb"')])
def test_a_field_whose_name_cannot_be_seen_is_named_all_the_same(name: str, named: str) -> None:
    assert [str(p) for p in read([GOOD | {name: 1}]).problems] == [f"[0].{named}: there is no such field; remove it"]
    assert [str(p) for p in read(GOOD | {name: 1}).problems] == [f"{named}: there is no such field; remove it"]
    twice = json.dumps(GOOD | {name: 1}).replace("{", f"{{{json.dumps(name)}: 2, ", 1)
    batch = parse_charges(twice, today=TODAY, directory=DIRECTORY)
    assert [str(p) for p in batch.problems] == [f"{named}: stands twice; keep one of them"]


def test_a_field_that_stands_twice_is_named() -> None:
    text = json.dumps(GOOD).replace('"crn": "X123456"', '"crn": "X123456", "crn": "X654321"')
    batch = parse_charges(f"[{text}, {json.dumps(GOOD)}]", today=TODAY, directory=DIRECTORY)
    assert [str(p) for p in batch.problems] == ["[0].crn: stands twice; keep one of them"]
    assert [index for index, _ in batch.charges] == [1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        (" \n\t", "is empty"),
        (b"", "is empty"),
        ("[]", "holds no case"),
        ("{", "is not JSON at line 1, column 2"),
        ('[{"crn": "X1"},]', "is not JSON at line 1"),
        ("{'crn': 1}", "is not JSON"),
        ("[NaN]", "holds NaN or Infinity"),
        ("[" * 100_000, "nested too deep"),
        ("[" + "9" * 5000 + "]", "number that cannot be read"),
        (b"\xff\xfe\x00", "is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_so_in_one_line(text: str | bytes, words: str) -> None:
    batch = parse_charges(text, today=TODAY, directory=DIRECTORY)
    assert not batch.charges
    (problem,) = batch.problems
    assert words in str(problem)
    assert problem.remedy
    assert problem.index is None


def test_deep_nesting_inside_an_entry_is_refused_not_fatal() -> None:
    for depth in (10, *range(800, 1010)):  # somewhere here the interpreter's own limit lies
        deep = json.dumps(GOOD).replace('"Example Person"', "[" * depth + "]" * depth)
        batch = parse_charges(deep, today=TODAY, directory=DIRECTORY)
        assert not batch.charges
        assert paths(batch) in (["person.name"], [""])


def test_a_person_charged_and_in_court_today_is_accepted() -> None:
    today = {"charged_on": "2026-11-23", "first_appearance_on": "2026-11-23"}
    offence = {"code": "SX03001", "offence_on": "2026-11-23"}
    assert not read(GOOD | today | {"offences": [offence]}).problems


def test_a_hundred_megabytes_are_refused_by_size_without_reading_them(tmp_path: Path) -> None:
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(100_000_000)
    started = time.monotonic()
    with huge.open("rb") as file:
        batch = parse_charges(file.read(MAX_BYTES + 1), today=TODAY, directory=DIRECTORY)
    assert time.monotonic() - started < 1
    assert [str(p) for p in batch.problems] == ["the file is larger than 10 MB; split it into several files"]


def test_a_file_with_thousands_of_wrong_fields_is_judged_in_moments() -> None:
    started = time.process_time()
    batch = read(GOOD | {f"field_{number}": None for number in range(6_000)})
    assert time.process_time() - started < 10  # a second or two; looking up the names anew for each takes half a minute
    assert sum(problem.message == "there is no such field" for problem in batch.problems) == 6_000


def test_messages_never_quote_what_a_person_typed() -> None:
    secret = "Secret-Name"
    for path in ("crn", "noms", "person", "rosh_highest", "charged_on", "region", "pdu", "offences.0.code",
                 "roster.0.email", "roster.0.role", "supervision.type"):  # fmt: skip
        assert secret not in "".join(str(p) for p in read(changed(path, secret)).problems)


@pytest.mark.parametrize(
    ("roles", "counted_as"),
    [
        (("practitioner", "line_manager"), "line_manager"),
        (("line_manager", "head_of_pdu"), "line_manager"),
        (("head_of_pdu", "practitioner"), "practitioner"),
        (("other", "head_of_pdu"), "head_of_pdu"),
        (("other", "practitioner", "line_manager"), "line_manager"),
    ],
)
def test_one_person_in_several_roles_is_counted_once_and_remarked_on(roles: tuple[str, ...], counted_as: str) -> None:
    same = [GOOD["roster"][0] | {"role": role, "in_line": False} for role in roles]
    same[-1] |= {"email": "staff@EXAMPLE.test", "name": "example  STAFF"}
    another = {"role": "practitioner", "name": "Example Other", "email": "other@example.test"}
    batch = read([changed("roster", [*same, another])])
    ((_, charge),) = batch.charges
    [one, two] = charge.people
    assert (one.email, one.name, one.role, one.is_in_line) == (
        "staff@example.test",
        "Example Staff",
        RosterRole(counted_as),
        True,
    )
    assert two.email == "other@example.test"
    assert [remark.path for remark in batch.remarks] == [f"[0].roster[{n}].email" for n in range(1, len(roles))]
    assert f"counted once, as {counted_as.replace('_', ' ')}, in the line" in str(batch.remarks[0])


def test_a_mark_in_any_entry_puts_the_person_into_the_line() -> None:
    staff = GOOD["roster"][0]
    charge = Charge.model_validate(
        changed("roster", [staff | {"role": "other", "in_line": True}, staff | {"in_line": False}])
    )
    assert [(one.role, one.is_in_line) for one in charge.people] == [(RosterRole.PRACTITIONER, True)]


def test_two_names_under_one_address_are_refused_since_one_of_them_would_never_be_told() -> None:
    entry = changed("roster", [GOOD["roster"][0], GOOD["roster"][0] | {"role": "other", "name": "Example Colleague"}])
    [problem] = read(entry).problems
    assert problem.path == "roster[1].email"
    assert "own address" in problem.remedy
    assert "Colleague" not in str(problem)


def test_one_address_twice_in_one_role_is_refused() -> None:
    assert paths(read(changed("roster", GOOD["roster"] * 2))) == ["roster[1]"]


@pytest.mark.parametrize(
    ("role", "mark", "is_in_line"),
    [
        ("practitioner", False, True),
        ("line_manager", False, True),
        ("head_of_pdu", False, True),
        ("other", False, False),
        ("other", True, True),
    ],
)
def test_the_line_is_known_by_role_or_by_mark(role: str, mark: bool, is_in_line: bool) -> None:
    extra = GOOD["roster"][0] | {"role": role, "in_line": mark, "email": "another@example.test"}
    ((_, charge),) = read(changed("roster", [GOOD["roster"][0], extra])).charges
    assert charge.roster[1].role is RosterRole(role)
    assert charge.roster[1].is_in_line is is_in_line


def test_a_charge_may_be_built_from_dates_as_well_as_from_text() -> None:
    assert Charge.model_validate(GOOD | {"charged_on": date(2026, 10, 5)}) == Charge.model_validate(GOOD)


def test_the_schema_of_the_file_can_be_printed() -> None:
    schema = Charge.model_json_schema()
    assert set(schema["properties"]) == set(GOOD)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(sorted(GOOD)), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_content_raises(content: object) -> None:
    read(content)


@given(st.sampled_from(sorted(GOOD)), JSON)
def test_no_value_of_a_field_raises(name: str, value: object) -> None:
    batch = read([GOOD | {name: value}])
    assert len(batch.charges) + bool(batch.problems) == 1


@given(st.binary(max_size=60))
def test_no_bytes_raise(text: bytes) -> None:
    parse_charges(text, today=TODAY, directory=DIRECTORY)
