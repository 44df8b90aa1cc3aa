"""Who writes and who countersigns: independence shown and enforced, another region, the inspectorate, nobody."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from activities.casework import PostgresCasework
from activities.gates import PostgresGates
from activities.rulebooks import FileRulebooks
from tests.activities.reviewing import DRAFT
from tests.builders import DEPLOY, ACase, a_case
from tests.conftest import MailServer, Record
from workflows.contract.messages import Chase, Settled, Step
from workflows.contract.vocabulary import Rung

REVIEWERS = ("reviewer.one", "reviewer.two", "reviewer.three")
ALL_INVOLVED = tuple(("other", f"{name}@n53.example.test", False) for name in REVIEWERS)
INSPECTOR = {
    "commissioned_on": "2026-10-05",
    "reviewer_name": "Example Inspector",
    "reviewer_email": "Inspector@hmip.example.test",
}


async def chase(case: ACase, gate: str, step: Step) -> None:
    await case.gates.chase_gate(Chase(gate=gate, at=step.at, steps=(step,)))


async def page_of(record: Record, gate: str) -> dict[str, Any]:
    page = await record.value("SELECT page FROM gates WHERE gate = $1", gate)
    assert isinstance(page, dict)
    return page


def facts(page: dict[str, Any]) -> dict[str, str]:
    return dict(page["facts"])


def values(page: dict[str, Any], field: str) -> list[str]:
    return [option["value"] for option in page["options"][field]]


async def to_another_region(case: ACase, region: str = "N56", ask: int = 1, **more: Any) -> Settled:
    fields = {"countersigner": "n53.countersigner.1", **more}
    return await case.answer("commission", "another_region", ask=ask, reasons="All know it", region=region, **fields)


async def appointments(record: Record) -> dict[str, tuple[str, str | None]]:
    rows = await record.rows("SELECT role, person_key, organisation FROM appointments ORDER BY role")
    return {str(r["role"]): (str(r["person_key"]), r["organisation"]) for r in rows}  # type: ignore[misc]


async def test_the_page_names_those_in_the_line_and_offers_the_region_s_own_reviewers(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    page = await page_of(record, (await case.ask("commission")).gate)
    line = facts(page)["In the line management of the case"]
    assert "Example practitioner, practitioner" in line
    assert "Example Regional-Director N53, regional director" in line  # in the line by post, not by roster
    assert facts(page)["Others involved in the case"] == "Example other, other"
    assert values(page, "reviewer") == ["n53.reviewer.1", "n53.reviewer.2", "n53.reviewer.3"]
    assert values(page, "countersigner")[:3] == ["n53.countersigner.1", "n53.countersigner.2", "n56.countersigner.1"]
    assert len(values(page, "region")) == 11
    assert "N53" not in values(page, "region")
    assert "Nobody eligible is left in the region" not in facts(page)


async def test_nobody_eligible_in_the_region_is_said_when_the_question_is_asked(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server, staff=ALL_INVOLVED)
    page = await page_of(record, (await case.ask("commission")).gate)
    assert values(page, "reviewer") == []
    assert {one["reason"] for one in page["refused"]["reviewer"]} == {"Involved in the case"}
    said = facts(page)["Nobody eligible is left in the region"]
    assert "None of the 3 reviewing managers of East Midlands (N53)" in said


async def test_another_region_lends_a_manager_who_then_writes(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await record.pool.execute("UPDATE cases SET review_due = '2027-01-05', original_review_due = '2027-01-05'")
    settled = await to_another_region(case)
    assert settled.decision is not None
    assert settled.decision.facts["region"] == "N56"
    assert await appointments(record) == {"countersigning_manager": ("n53.countersigner.1", None)}
    opened = await case.ask("lend", "N56")
    assert mail_server.to("senior.lead@n56.example.test")
    page = await page_of(record, opened.gate)
    assert values(page, "reviewer") == ["n56.reviewer.1", "n56.reviewer.2", "n56.reviewer.3"]
    assert facts(page)["Region that asks"] == "East Midlands (N53)"
    assert facts(page)["Review due"] == "5 January 2027"
    assert facts(page)["Reasons given"] == "All know it"
    assert "Example Supervised Person" not in str(page)
    lent = await case.settle(opened.gate, await case.decide(opened.gate, "accepted", reviewer="n56.reviewer.2"))
    assert lent.decision is not None
    assert (await appointments(record))["reviewing_manager"] == ("n56.reviewer.2", "N56")
    assert await case.column("review_due") == date(2027, 1, 5)
    drafted = await case.answer("draft", "draft_ready", **DRAFT)
    assert drafted.decision is not None
    assert mail_server.to("reviewer.two@n56.example.test")


async def test_a_region_that_declined_is_not_offered_again_and_its_reasons_are_shown(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    await to_another_region(case)
    declined = await case.answer("lend", "declined", "N56", reasons="Nobody is free")
    assert declined.decision is not None
    assert "reviewing_manager" not in await appointments(record)
    page = await page_of(record, (await case.ask("commission", ask=2)).gate)
    assert "N56" not in values(page, "region")
    assert page["refused"]["region"] == [{"label": "East of England (N56)", "reason": "Declined in this case"}]
    assert facts(page)["Declined: East of England (N56)"] == "Nobody is free (5 October 2026)"
    # Whoever was to countersign may write instead: both are chosen anew.
    chosen = {"reviewer": "n53.reviewer.1", "countersigner": "n53.countersigner.2"}
    gate = case.gate("commission", ask=2)
    assert (await case.settle(gate, await case.decide(gate, "appoint", **chosen))).decision is not None


async def test_whoever_was_to_write_before_may_countersign_what_another_region_writes(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    await record.pool.execute(
        "INSERT INTO appointments (reference, role, person_key, name, email, at) VALUES ($1, 'reviewing_manager', "
        "'n53.countersigner.1', 'Example', 'countersigner.one@n53.example.test', now())",
        case.reference,
    )
    assert (await to_another_region(case)).decision is not None


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("countersigner", "n53lei.head", "incomplete"),  # never offered
        ("region", "N53", "incomplete"),
        ("region", "N56; DROP", "incomplete"),
        ("region", "", "incomplete"),
    ],
)
async def test_what_was_not_offered_cannot_be_chosen(
    record: Record, mail_server: MailServer, field: str, value: str, code: str
) -> None:
    case = await a_case(record.pool, mail_server)
    given: dict[str, Any] = {"region": "N56", field: value}
    assert (await to_another_region(case, **given)).refused == code
    assert await appointments(record) == {}


async def test_the_countersigner_of_a_borrowed_review_is_independent_too(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("commission")
    await record.pool.execute("UPDATE staff SET email = 'countersigner.one@n53.example.test' WHERE ref = 's4'")
    chosen = {"region": "N56", "countersigner": "n53.countersigner.1"}
    decision = await case.decide(opened.gate, "another_region", reasons="All know it", **chosen)
    assert (await case.settle(opened.gate, decision)).refused == "in_the_case"
    assert await appointments(record) == {}


async def test_a_lent_manager_who_countersigns_or_joined_the_case_is_refused(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    await to_another_region(case)
    opened = await case.ask("lend", "N56")
    await record.pool.execute("UPDATE staff SET email = 'reviewer.one@n56.example.test' WHERE ref = 's4'")
    await record.pool.execute("UPDATE appointments SET email = 'reviewer.two@n56.example.test'")
    for key, code in (("n56.reviewer.1", "in_the_case"), ("n56.reviewer.2", "is_the_countersigner")):
        decision = await case.decide(opened.gate, "accepted", reviewer=key)
        assert (await case.settle(opened.gate, decision)).refused == code
    assert "reviewing_manager" not in await appointments(record)
    fine = await case.decide(opened.gate, "accepted", reviewer="n56.reviewer.3")
    assert (await case.settle(opened.gate, fine)).decision is not None


async def test_a_late_answer_to_lend_climbs_to_the_lead_s_deputy_and_then_tells_the_region_that_asks(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    await to_another_region(case)
    opened = await case.ask("lend", "N56")
    climbs = {step.rung: step for step in opened.steps if step.rung is not Rung.ASKED}
    await chase(case, opened.gate, climbs[Rung.DEPUTY])
    assert mail_server.to("senior.lead.deputy@n56.example.test")
    before = len(mail_server.to("senior.lead@n53.example.test"))
    await chase(case, opened.gate, climbs[Rung.SENIOR_LEAD])
    assert len(mail_server.to("senior.lead@n53.example.test")) == before + 1


async def test_the_inspectorate_s_reviewer_is_asked_by_address_alone(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    asked = await case.answer(
        "commission", "hmip", reasons="The Secretary of State asks", countersigner="n53.countersigner.1"
    )
    assert asked.decision is not None
    opened = await case.ask("hmip")
    shown = facts(await page_of(record, opened.gate))
    assert shown["Reasons given"] == "The Secretary of State asks"
    assert shown["Countersigning manager"].startswith("Example Countersigning-Manager One N53")
    decision = await case.decide(opened.gate, "recorded", "Letter of today", **INSPECTOR)
    assert (await case.settle(opened.gate, decision)).decision is not None
    assert (await appointments(record))["reviewing_manager"] == ("hmip.reviewer", "hmip")
    drafted = await case.answer("draft", "draft_ready", **DRAFT)
    assert drafted.decision is not None
    assert mail_server.to("inspector@hmip.example.test")
    assert await record.value("SELECT author_email FROM documents") == "inspector@hmip.example.test"


async def test_an_inspector_who_stands_in_the_case_is_refused(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("hmip")
    for email, code in (("other@n53.example.test", "in_the_case"), ("director@n53.example.test", "in_the_line")):
        decision = await case.decide(opened.gate, "recorded", "Letter", **{**INSPECTOR, "reviewer_email": email})
        assert (await case.settle(opened.gate, decision)).refused == code
    assert await appointments(record) == {}


async def test_when_the_inspectorate_does_not_review_the_region_reads_why(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    await case.answer("hmip", "not_agreed", reasons="Not exceptional")
    page = await page_of(record, (await case.ask("commission")).gate)
    assert facts(page)["The inspectorate does not review it"] == "Not exceptional"
    assert await appointments(record) == {}


async def test_somebody_away_on_the_day_of_the_answer_is_not_appointed(
    record: Record, mail_server: MailServer, tmp_path: Path
) -> None:
    case = a_case_with(
        await a_case(record.pool, mail_server),
        tmp_path,
        'roles = ["reviewing_manager"], deputy = "n53.reviewer.2"',
        'roles = ["reviewing_manager"], deputy = "n53.reviewer.2", '
        "away = [{ from_on = 2026-10-06, to_on = 2026-10-30 }]",
    )
    opened = await case.ask("commission")
    assert "n53.reviewer.1" in values(await page_of(record, opened.gate), "reviewer")
    case.pass_days(1)
    decision = await case.decide(opened.gate, "appoint", reviewer="n53.reviewer.1", countersigner="n53.countersigner.1")
    assert (await case.settle(opened.gate, decision)).refused == "away"


def a_case_with(case: ACase, folder: Path, text: str, instead: str) -> ACase:
    """The same case, worked on with another directory."""
    shipped = (DEPLOY / "directory/2026-04-01.toml").read_text()
    assert text in shipped
    (folder / "2026-04-01.toml").write_text(shipped.replace(text, instead, 1))
    rulebooks = FileRulebooks(DEPLOY / "rulebook", folder)
    case.gates = PostgresGates(case.pool, case.letters, rulebooks)
    case.casework = PostgresCasework(case.pool, case.letters, rulebooks)
    return case


async def test_a_question_to_another_region_never_falls_to_the_region_that_asks(
    record: Record, mail_server: MailServer, tmp_path: Path
) -> None:
    case = a_case_with(
        await a_case(record.pool, mail_server),
        tmp_path,
        'email = "senior.lead@n56.example.test", roles = ["senior_lead"], deputy = "n56.senior_lead.deputy"',
        'email = "senior.lead@n56.example.test", roles = ["senior_lead"], '
        "away = [{ from_on = 2026-10-01, to_on = 2026-10-30 }]",
    )
    opened = await case.ask("lend", "N56")
    asked = await record.value("SELECT person_key FROM gates WHERE gate = $1", opened.gate)
    assert asked == "n56.senior_lead.deputy"
    unknown = await case.ask("lend", "X99")
    assert await record.value("SELECT person_key FROM gates WHERE gate = $1", unknown.gate) == "national.team"
    assert unknown.escalation is not None


async def test_related_cases_and_what_the_national_team_found_are_on_the_page(
    record: Record, mail_server: MailServer
) -> None:
    case, other = await a_case(record.pool, mail_server), await a_case(record.pool, mail_server)
    first, second = sorted((case.reference, other.reference))
    await record.pool.execute("INSERT INTO relations VALUES ($1, $2, 'joint', 'a@example.test', now())", first, second)
    page = await page_of(record, (await case.ask("commission")).gate)
    assert facts(page)["Related cases"] == f"{other.reference} (joint, N53, open)"


async def test_nobody_decides_the_extension_that_they_asked_for(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await record.pool.execute("UPDATE cases SET review_due = '2027-01-05', original_review_due = '2027-01-05'")
    await record.pool.execute(
        "INSERT INTO extension_requests (request, reference, new_on, reason_code, at, requested_by) "
        "VALUES ($1, $2, '2027-02-01', 'trial', now(), 'SFO.Team@national.example.test')",
        uuid4(),
        case.reference,
    )
    opened = await case.ask("extension", "2027-02-01")
    assert await record.value("SELECT person_key FROM gates WHERE gate = $1", opened.gate) == "national.duty.1"
    await record.pool.execute("UPDATE extension_requests SET requested_by = 'duty.one@national.example.test'")
    decision = await case.decide(opened.gate, "granted", "Trial", new_on="2027-02-01")
    assert (await case.settle(opened.gate, decision)).refused == "is_the_requester"
