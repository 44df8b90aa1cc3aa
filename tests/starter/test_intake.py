"""A charge becomes one case, whole, however often it is reported; its workflow starts sooner or later."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from starter.intake import Opened, Pace, charge_key, open_cases
from tests.builders import DEPLOY
from tests.conftest import Record
from workflows.contract.charge import Charge
from workflows.contract.directory import Directory
from workflows.contract.messages import CaseClock, CaseOpening
from workflows.contract.vocabulary import Role
from workflows.policy.clock import case_time


def a_charge(**changes: Any) -> Charge:
    return Charge.model_validate(
        {
            "crn": "X123456",
            "noms": "A1234BC",
            "person": {"name": "Example Person", "date_of_birth": "1991-05-04"},
            "region": "N53",
            "pdu": "N53LEI",
            "supervision": {"type": "licence", "started_on": "2026-01-12", "ended_on": None},
            "rosh_highest": "medium",
            "charged_on": "2026-10-05",
            "court": "Example Court",
            "first_appearance_on": "2026-10-06",
            "offences": [
                {"code": "SX03001A", "offence_on": "2026-10-02", "wording": "Example wording"},
                {"code": "COML025", "offence_on": "2026-10-01", "victim_age": 34},
            ],
            "roster": [
                {"role": "practitioner", "name": "Example One", "email": "one@example.test"},
                {"role": "other", "name": "Example Two", "email": "two@example.test"},
            ],
            "victims": [{"name": "Example Family", "liaison_officer_email": "officer@example.test"}],
            **changes,
        }
    )


async def opened(record: Record, *charges: Charge, pace: Pace | None = None) -> list[Opened]:
    return await open_cases(record.pool, charges, pace or Pace())


async def test_everything_reported_stands_in_the_record(record: Record) -> None:
    (case,) = await opened(record, a_charge())
    assert case == Opened("SFO-2026-00001", is_new=True)
    (row,) = await record.rows("SELECT * FROM cases")
    assert (row["crn"], row["person_name"], row["rosh"], row["region"]) == (
        "X123456",
        "Example Person",
        "medium",
        "N53",
    )
    assert (row["charged_on"], row["appeared_on"]) == (date(2026, 10, 5), date(2026, 10, 6))
    assert (row["stage"], row["ground"], row["started_at_wall"]) == ("charge", "ask", None)
    offences = await record.rows("SELECT code, round, number FROM offences ORDER BY number")
    assert offences == [{"code": "SX03001A", "round": 1, "number": 1}, {"code": "COML025", "round": 1, "number": 2}]
    staff = await record.rows("SELECT ref, role, in_line FROM staff ORDER BY ref")
    assert staff == [
        {"ref": "s1", "role": "practitioner", "in_line": True},
        {"ref": "s2", "role": "other", "in_line": False},
    ]
    assert await record.value("SELECT ref FROM victims") == "v1"
    audit = await record.rows("SELECT action, subject FROM audit")
    assert audit == [{"action": "case_opened", "subject": case.reference}]


async def test_the_workflow_is_started_with_numbers_and_no_names(record: Record) -> None:
    await opened(record, a_charge())
    stored = str(await record.value("SELECT opening::text FROM cases"))
    assert "Example" not in stored
    assert "@" not in stored
    opening = CaseOpening.model_validate_json(stored)
    assert [(one.ref, one.role, one.in_line) for one in opening.staff] == [
        ("s1", Role.PRACTITIONER, True),
        ("s2", Role.OTHER, False),
    ]
    assert opening.victims == ("v1",)


async def test_one_person_in_two_roles_has_one_number(record: Record) -> None:
    one = {"name": "Example One", "email": "one@example.test"}
    roster = [{"role": "other", **one}, {"role": "other", "name": "Two", "email": "two@example.test"},
              {"role": "line_manager", **one}]  # fmt: skip
    await opened(record, a_charge(roster=roster))
    staff = await record.rows("SELECT ref, role, email, in_line FROM staff ORDER BY ref")
    assert staff == [
        {"ref": "s1", "role": "line_manager", "email": "one@example.test", "in_line": True},
        {"ref": "s2", "role": "other", "email": "two@example.test", "in_line": False},
    ]
    opening = CaseOpening.model_validate_json(str(await record.value("SELECT opening::text FROM cases")))
    assert [(member.ref, member.role, member.in_line) for member in opening.staff] == [
        ("s1", Role.LINE_MANAGER, True),
        ("s2", Role.OTHER, False),
    ]


async def test_the_same_charge_twice_is_one_case_in_whatever_order(record: Record) -> None:
    first, again = a_charge(), a_charge(offences=[o.model_dump() for o in reversed(a_charge().offences)])
    reports = await opened(record, first, again, first)
    assert [(one.reference, one.is_new) for one in reports] == [
        ("SFO-2026-00001", True),
        ("SFO-2026-00001", False),
        ("SFO-2026-00001", False),
    ]
    assert await record.value("SELECT count(*) FROM staff") == 2


async def test_the_same_charge_at_the_same_moment_is_one_case(record: Record) -> None:
    reports = await asyncio.gather(*(opened(record, a_charge()) for _ in range(5)))
    assert sum(one.is_new for report in reports for one in report) == 1
    assert {one.reference for report in reports for one in report} == {
        await record.value("SELECT reference FROM cases")
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"crn": "X654321"},
        {"offences": [{"code": "SX03001", "offence_on": "2026-10-02"}]},
        {"offences": [{"code": "SX03001A", "offence_on": "2026-10-01"}]},
    ],
)
def test_another_person_code_or_date_is_another_charge(changes: dict[str, Any]) -> None:
    one = a_charge(offences=[{"code": "SX03001A", "offence_on": "2026-10-02"}])
    assert charge_key(one) != charge_key(one.model_copy(update=a_charge(**changes).__dict__))


async def test_the_year_of_the_reference_is_that_of_the_charge(record: Record) -> None:
    (case,) = await opened(record, a_charge(charged_on="2027-01-04", first_appearance_on=None))
    assert case.reference.startswith("SFO-2027-")


async def clock_of(record: Record) -> CaseClock:
    return CaseClock.model_validate(await record.value("SELECT clock FROM cases"))


async def test_a_real_case_runs_in_real_time(record: Record) -> None:
    await opened(record, a_charge())
    clock = await clock_of(record)
    assert (clock.speed, clock.case_anchor) == (1, clock.wall_anchor)
    assert abs(clock.wall_anchor - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("anchor", [None, datetime(2026, 11, 2, 9, tzinfo=UTC)])
async def test_a_rehearsal_starts_on_its_date_and_runs_at_its_speed(record: Record, anchor: datetime | None) -> None:
    await opened(record, a_charge(), pace=Pace(86_400, anchor))
    clock = await clock_of(record)
    assert clock.case_anchor == (anchor or datetime(2026, 10, 5, 9, tzinfo=UTC))
    assert case_time(clock, clock.wall_anchor + timedelta(seconds=1)) == clock.case_anchor + timedelta(days=1)
    assert await record.value("SELECT opened_on FROM cases") == clock.case_anchor.date()


@pytest.mark.parametrize(("given", "kept"), [(None, None), (False, None), (True, "proposed"), ("Why", "Why")])
async def test_why_public_interest_is_proposed_is_kept(record: Record, given: Any, kept: str | None) -> None:
    await opened(record, a_charge(public_interest=given))
    assert await record.value("SELECT public_interest FROM cases") == kept


async def test_a_case_that_cannot_be_written_leaves_nothing_and_keeps_those_before_it(record: Record) -> None:
    broken = a_charge(crn="X999999").model_copy(update={"pdu": None})
    with pytest.raises(Exception, match="pdu"):
        await opened(record, a_charge(), broken)
    assert await record.value("SELECT count(*) FROM cases") == 1
    assert await record.value("SELECT count(*) FROM audit") == 1


# --- a second charge on the same person ---------------------------------------------------------------


def another_charge(**changes: Any) -> Charge:
    return a_charge(offences=[{"code": "COML025", "offence_on": "2026-10-03"}], **changes)


async def test_a_second_charge_on_the_same_person_is_an_own_case_related_to_every_other(record: Record) -> None:
    first, second, third = await opened(
        record, a_charge(), another_charge(), another_charge(charged_on="2027-01-04", first_appearance_on=None)
    )
    assert len({first.reference, second.reference}) == 2
    assert third == Opened(second.reference, is_new=False)  # the same offences again are the same charge
    rows = await record.rows("SELECT reference, other, kind, noted_by FROM relations")
    assert rows == [
        {"reference": first.reference, "other": second.reference, "kind": "same_person", "noted_by": "intake"}
    ]
    audit = await record.rows("SELECT reference, subject FROM audit WHERE action = 'case_related' ORDER BY seq")
    assert audit == [
        {"reference": first.reference, "subject": second.reference},
        {"reference": second.reference, "subject": first.reference},
    ]


async def test_the_senior_leads_of_open_cases_of_one_person_hear_of_it_once(record: Record) -> None:
    directory = Directory.from_toml((DEPLOY / "directory/2026-04-01.toml").read_text())
    moved = another_charge(region="N56", pdu="N56CAM")
    for _ in range(2):
        await open_cases(record.pool, [a_charge(), moved], Pace(), directory)
    letters = await record.rows("SELECT to_email, letter, context FROM outbox ORDER BY to_email")
    assert [(row["to_email"], row["letter"]) for row in letters] == [
        ("senior.lead@n53.example.test", "related_case"),
        ("senior.lead@n56.example.test", "related_case"),
    ]
    assert letters[0]["context"] == {"reference": "SFO-2026-00001", "other": "SFO-2026-00002"}


async def test_a_closed_case_of_the_person_is_related_and_nobody_is_written_to_about_it(record: Record) -> None:
    directory = Directory.from_toml((DEPLOY / "directory/2026-04-01.toml").read_text())
    await open_cases(record.pool, [a_charge(region="N56", pdu="N56CAM")], Pace(), directory)
    await record.pool.execute("UPDATE cases SET closed_on = '2026-12-01', outcome = 'completed'")
    await open_cases(record.pool, [another_charge()], Pace(), directory)
    assert await record.value("SELECT count(*) FROM relations") == 1
    assert await record.rows("SELECT to_email FROM outbox") == [{"to_email": "senior.lead@n53.example.test"}]


async def test_two_charges_on_one_person_at_the_same_moment_find_each_other(record: Record) -> None:
    charges = [a_charge(offences=[{"code": "COML025", "offence_on": f"2026-10-0{day}"}]) for day in range(1, 5)]
    await asyncio.gather(*(opened(record, charge) for charge in charges))
    assert await record.value("SELECT count(*) FROM relations") == 6  # every pair of four
    await opened(record, a_charge(crn="X654321"))
    assert await record.value("SELECT count(*) FROM relations") == 6
