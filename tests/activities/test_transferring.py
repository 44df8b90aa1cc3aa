"""Supervision moves: the place's questions go to its new people, the review and its dates stay."""

from pathlib import Path
from typing import Any

import pytest

from tests.activities.reviewing import commissioned
from tests.activities.test_appointing import a_case_with, page_of, values
from tests.activities.test_replacing import kept
from tests.builders import ACase, a_case
from tests.conftest import MailServer, Record
from workflows.contract.messages import TransferRecord, Transferred
from workflows.contract.vocabulary import EscalationKind, ReasonCode

OLD_LEAD, NEW_LEAD = "senior.lead@n53.example.test", "senior.lead@n56.example.test"
NO_HEAD = (
    ("practitioner", "practitioner@n53.example.test", True),
    ("line_manager", "line.manager@n53.example.test", True),
)


async def transfer(case: ACase, region: str = "N56", pdu: str = "N56CAM", event: str = "t1") -> Transferred:
    return await case.casework.transfer_case(
        TransferRecord(
            reference=case.reference, at=case.at, event=event, region=region, pdu=pdu,
            reason=ReasonCode.SUPERVISION_MOVED,
        )
    )  # fmt: skip


async def asked(record: Record) -> dict[str, object]:
    rows = await record.rows("SELECT question, person_key FROM gates WHERE state = 'open' ORDER BY gate")
    return {str(row["question"]): row["person_key"] for row in rows}


async def test_the_place_s_questions_go_to_its_new_people_and_the_dates_stay(
    record: Record, mail_server: MailServer
) -> None:
    case = await commissioned(record, mail_server, staff=NO_HEAD)
    await record.pool.execute("UPDATE cases SET review_due = '2027-01-05', original_review_due = '2027-01-05'")
    await case.ask("notification", stage="notification")
    await case.ask("early_look", stage="early-look")
    await case.ask("facts", "v1")
    await case.ask("draft")
    await case.ask("extension", "2027-02-01")
    before = await kept(record)
    mail_server.messages.clear()
    for _ in range(2):
        assert await transfer(case) == Transferred(region="N56", pdu="N56CAM")
    assert await kept(record) == before
    assert await asked(record) == {
        "notification": "n56.spoc",
        "early_look": "n56.sfo_team",
        "facts": "n56cam.head",
        "draft": "n53.reviewer.1",
        "extension": "national.team",
    }
    assert (await case.column("region"), await case.column("pdu")) == ("N56", "N56CAM")
    assert len(mail_server.to("spoc@n56.example.test")) == 1
    assert len(mail_server.to("spoc@n53.example.test")) == 1
    dead = await record.value("SELECT count(*) FROM links WHERE email LIKE 'spoc@n53%' AND revoked_at IS NULL")
    assert dead == 0


async def test_both_senior_leads_hear_of_it_once(record: Record, mail_server: MailServer) -> None:
    case = await commissioned(record, mail_server)
    mail_server.messages.clear()
    for _ in range(2):
        await transfer(case)
    for email, where in ((OLD_LEAD, "has left your region"), (NEW_LEAD, "is in your region now")):
        (letter,) = mail_server.to(email)
        assert letter["Subject"] == f"{case.reference}: Supervision has moved"
        text = str(letter.get_body(("plain",)).get_content())  # type: ignore[union-attr]
        assert where in text
        assert "line management" not in text


async def test_one_senior_lead_of_both_units_has_one_letter(record: Record, mail_server: MailServer) -> None:
    case = await commissioned(record, mail_server)
    mail_server.messages.clear()
    assert (await transfer(case, "N53", "N53NOT")).refused is None
    assert len(mail_server.to(OLD_LEAD)) == 1


async def test_the_head_whom_the_roster_names_is_asked_as_before(record: Record, mail_server: MailServer) -> None:
    case = await commissioned(record, mail_server)
    await case.ask("facts", "v1")
    await transfer(case)
    assert (await asked(record))["facts"] == "n53lei.head"


async def test_a_head_of_the_roster_keeps_the_question_also_while_away(
    record: Record, mail_server: MailServer, tmp_path: Path
) -> None:
    case = await commissioned(record, mail_server)
    await case.ask("facts", "v1")
    text = 'email = "head.lei@n53.example.test", roles = ["head_of_pdu"], '
    a_case_with(case, tmp_path, text, f"{text}away = [{{ from_on = 2026-10-01, to_on = 2026-10-30 }}], ")
    await transfer(case)
    assert (await asked(record))["facts"] == "n53lei.head"


async def test_a_commission_under_way_offers_the_new_region_s_managers(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    gate = (await case.ask("commission")).gate
    await transfer(case)
    assert (await asked(record))["commission"] == "n56.senior_lead"
    page = await page_of(record, gate)
    assert values(page, "reviewer") == ["n56.reviewer.1", "n56.reviewer.2", "n56.reviewer.3"]
    assert "N53" in values(page, "region")
    chosen = {"reviewer": "n56.reviewer.1", "countersigner": "n56.countersigner.1"}
    assert (await case.settle(gate, await case.decide(gate, "appoint", **chosen))).decision is not None


async def test_what_another_region_is_asked_stays_with_it(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await case.ask("lend", "MCG")
    await record.pool.execute("UPDATE gates SET role = 'regional_director', person_key = 'mcg.director'")
    await transfer(case)
    assert (await asked(record))["lend"] == "mcg.director"


async def test_a_manager_in_the_line_of_the_new_unit_stays_and_is_escalated(
    record: Record, mail_server: MailServer
) -> None:
    case = await commissioned(record, mail_server)
    await record.pool.execute(
        "UPDATE appointments SET person_key = 'n56cam.head', email = 'head.cam@n56.example.test' "
        "WHERE role = 'reviewing_manager'"
    )
    mail_server.messages.clear()
    moved = await transfer(case)
    assert moved.escalation is not None
    assert (moved.escalation.kind, moved.escalation.number) == (EscalationKind.REVIEWER, 1)
    assert await transfer(case) == moved
    about = await record.rows("SELECT kind, about, reason FROM escalations")
    assert about == [{"kind": "reviewer", "about": "reviewing_manager", "reason": "supervision_moved"}]
    assert await record.value("SELECT person_key FROM appointments WHERE role = 'reviewing_manager'") == "n56cam.head"
    (letter,) = mail_server.to(NEW_LEAD)
    assert "line management of the new place" in str(letter.get_body(("plain",)).get_content())  # type: ignore[union-attr]


async def test_managers_who_stay_behind_count_as_lent(record: Record, mail_server: MailServer) -> None:
    case = await commissioned(record, mail_server)
    await transfer(case)
    lent = "SELECT DISTINCT organisation FROM appointments"
    assert await record.rows(lent) == [{"organisation": "N53"}]
    await transfer(case, "N53", "N53LEI", "t2")
    assert await record.rows(lent) == [{"organisation": None}]


async def test_a_question_for_which_the_new_place_has_nobody_climbs_there_and_is_escalated(
    record: Record, mail_server: MailServer, tmp_path: Path
) -> None:
    case = a_case_with(
        await commissioned(record, mail_server),
        tmp_path,
        'email = "spoc@n56.example.test", roles = ["spoc"], deputy = "n56.sfo_team"',
        'email = "spoc@n56.example.test", roles = ["spoc"], away = [{ from_on = 2026-10-01, to_on = 2026-10-30 }]',
    )
    gate = (await case.ask("notification", stage="notification")).gate
    moved = await transfer(case)
    assert moved.escalation is not None
    assert await asked(record) == {"notification": "n56.senior_lead"}
    assert await record.value("SELECT about FROM escalations") == gate


@pytest.mark.parametrize(
    ("region", "pdu", "code"),
    [
        ("X99", "X99LEI", "unknown_place"),
        ("N56", "N53LEI", "unknown_place"),
        ("N56", "N56ZZZ", "unknown_place"),
        ("N53", "N53LEI", "already_there"),
    ],
)
async def test_a_place_that_is_not_there_is_refused(
    record: Record, mail_server: MailServer, region: str, pdu: str, code: str
) -> None:
    case = await commissioned(record, mail_server)
    mail_server.messages.clear()
    assert await transfer(case, region, pdu) == Transferred(region="N53", pdu="N53LEI", refused=code)
    assert (await case.column("region"), await case.column("pdu")) == ("N53", "N53LEI")
    assert mail_server.messages == []  # typed by operations, who see a dead letter
    assert await record.value("SELECT detail->>'why' FROM audit WHERE action = 'transfer_refused'") == code


async def test_the_chain_holds_the_move_once(record: Record, mail_server: MailServer) -> None:
    case = await commissioned(record, mail_server)
    await case.ask("notification", stage="notification")
    for _ in range(2):
        await transfer(case)
    (row,) = await record.rows("SELECT actor, subject, detail FROM audit WHERE action = 'case_transferred'")
    assert (row["actor"], row["subject"]) == ("operations", "N56 N56CAM")
    detail: Any = row["detail"]
    assert (detail["before"], detail["reason"]) == ("N53 N53LEI", "supervision_moved")
    assert detail["gates"] == [case.gate("notification", stage="notification")]


async def test_after_the_move_independence_is_that_of_the_new_unit(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await transfer(case)
    page = await page_of(record, (await case.ask("commission")).gate)
    line = dict(page["facts"])["In the line management of the case"]
    assert "Example Head Cambridge N56" in line
    assert "Example Regional-Director N53" not in line
