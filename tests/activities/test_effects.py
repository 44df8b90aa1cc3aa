"""What answers do to a real record, from commissioning to handing over."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.activities.reviewing import DRAFT, accepted, commissioned, facts_on
from tests.builders import ACase, a_case
from tests.conftest import MailServer, Record
from workflows.contract.messages import Chase
from workflows.contract.vocabulary import EscalationKind, Rung


async def test_commissioning_appoints_two_people_and_asks_them(record: Record, mail_server: MailServer) -> None:
    case = await commissioned(record, mail_server)
    await case.ask("draft")
    await case.ask("countersign", "v1", stage="countersign")
    assert mail_server.to("reviewer.one@n53.example.test")
    assert mail_server.to("countersigner.one@n53.example.test")


async def test_the_page_says_who_may_not_be_appointed_and_why(record: Record, mail_server: MailServer) -> None:
    staff = (("practitioner", "reviewer.one@n53.example.test", True), ("other", "reviewer.two@n53.example.test", False))
    case = await a_case(record.pool, mail_server, staff=staff)
    opened = await case.ask("commission")
    page: Any = await record.value("SELECT page FROM gates WHERE gate = $1", opened.gate)
    offered = [option["value"] for option in page["options"]["reviewer"]]
    assert offered[0] == "n53.reviewer.3"
    reasons = {r["reason"] for r in page["refused"]["reviewer"]}
    assert reasons == {"In the line management of the case", "Involved in the case"}


async def test_appointing_somebody_in_the_line_is_refused_and_the_author_told(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("commission")
    # Somebody joined the roster after the page had been made.
    await record.pool.execute("UPDATE staff SET email = 'reviewer.one@n53.example.test' WHERE ref = 's1'")
    decision = await case.decide(opened.gate, "appoint", reviewer="n53.reviewer.1", countersigner="n53.countersigner.1")
    settled = await case.settle(opened.gate, decision)
    assert settled.refused == "in_the_line"
    assert await case.settle(opened.gate, decision) == settled
    assert await record.value("SELECT count(*) FROM appointments") == 0
    assert await record.value("SELECT state FROM gates") == "open"
    [message] = [m for m in mail_server.to("senior.lead@n53.example.test") if "again" in m["Subject"]]
    assert "line management" in message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    again = await case.decide(opened.gate, "appoint", reviewer="n53.reviewer.2", countersigner="n53.countersigner.1")
    assert (await case.settle(opened.gate, again)).decision is not None


async def test_nobody_available_is_escalated(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    settled = await case.answer("commission", "nobody", reasons="All know the case")
    assert settled.decision is not None
    assert settled.decision.escalation is not None
    assert settled.decision.escalation.kind is EscalationKind.REVIEWER
    assert await record.value("SELECT concern FROM escalations") == "All know the case"
    assert "know" not in settled.model_dump_json()


# --- actions ---------------------------------------------------------------------------------------


async def test_acceptance_numbers_the_plan_with_its_owners(record: Record, mail_server: MailServer) -> None:
    case = await accepted(record, mail_server)
    assert await case.column("accepted_version") == 1
    rows = await record.rows("SELECT * FROM actions ORDER BY ref")
    assert [row["owner_email"] for row in rows] == ["line.manager@n53.example.test", "sfo.team@n53.example.test"]
    assert (rows[0]["kind"], rows[0]["due_on"], rows[0]["version"]) == ("plan", date(2027, 3, 1), 1)
    assert (rows[0]["finding"], rows[0]["improvement"]) == (1, "Reports are acted on")


async def test_the_owner_of_an_action_reads_which_finding_it_answers(record: Record, mail_server: MailServer) -> None:
    case = await accepted(record, mail_server)
    opened = await case.ask("action", "a1", stage="action-plan")
    facts = await facts_on(case, opened.gate)
    assert facts["Action a1"].startswith("Brief the team")
    assert facts["Finding that it answers"] == "The neighbour reported shouting."
    assert facts["What should improve"] == "Reports are acted on"


async def test_an_action_is_done_with_its_evidence(record: Record, mail_server: MailServer) -> None:
    case = await accepted(record, mail_server)
    done: dict[str, Any] = {"done_on": "2026-12-01", "evidence": "Minutes of two meetings"}
    assert (await case.answer("action", "done", "a1", stage="action-plan", done_on="2026-12-01")).refused
    settled = await case.answer("action", "done", "a2", stage="action-plan", **done)
    assert settled.decision is not None
    assert "Minutes" not in settled.model_dump_json()
    [row] = await record.rows("SELECT state, done_on, evidence FROM actions WHERE ref = 'a2'")
    assert row == {"state": "done", "done_on": date(2026, 12, 1), "evidence": "Minutes of two meetings"}


async def test_an_action_is_withdrawn_only_by_the_head_of_pdu(record: Record, mail_server: MailServer) -> None:
    case = await accepted(record, mail_server)
    state = "SELECT state FROM actions WHERE ref = 'a1'"
    await case.answer("action", "withdrawn", "a1", stage="action-plan", reasons="Overtaken")
    assert await record.value(state) == "open"
    await case.answer("withdraw_action", "refused", "a1", stage="action-plan", reasons="Still needed")
    assert await record.value(state) == "open"
    again = await case.ask("action", "a1", stage="action-plan", ask=2)
    assert (await facts_on(case, again.gate))["Reasons given: decide whether an action may be withdrawn"]
    await case.settle(again.gate, await case.decide(again.gate, "withdrawn", "Overtaken twice"))
    await case.answer("withdraw_action", "agreed", "a1", stage="action-plan", ask=2, reasons="Yes")
    assert await record.value(state) == "withdrawn"
    decided = await record.value(
        "SELECT g.question FROM actions a JOIN decisions d USING (decision) JOIN gates g USING (gate) WHERE ref = 'a1'"
    )
    assert decided == "withdraw_action"


async def test_early_look_records_actions_and_only_the_bare_referral(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    action = {"what": "Check", "owner": "s2", "due_on": "2026-10-30"}
    settled = await case.answer("early_look", "actions", stage="early-look", referral="yes", actions=[action])
    assert settled.decision is not None
    assert settled.decision.refs == {"actions": ("a1",)}
    async with record.owner() as owner:
        [referral] = await owner.fetch("SELECT * FROM referrals")
    assert set(dict(referral)) == {"reference", "made_by_role", "at"}
    await case.answer("management_action", "done", "a1", stage="early-look", done_on="2026-10-12")
    [row] = await record.rows("SELECT state, done_on FROM actions")
    assert row == {"state": "done", "done_on": date(2026, 10, 12)}
    await case.answer("confirm_actions", "not_confirmed", stage="early-look", reasons="Half done")
    [row] = await record.rows("SELECT state, done_on FROM actions")
    assert row == {"state": "open", "done_on": None}


async def test_a_management_action_is_due_on_its_date_and_escalated_when_late(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    action = {"what": "Check", "owner": "s2", "due_on": "2026-10-30"}
    await case.answer("early_look", "actions", stage="early-look", referral="no", actions=[action])
    opened = await case.ask("management_action", "a1", stage="early-look")
    assert opened.due.on == date(2026, 10, 30)
    assert mail_server.to("line.manager@n53.example.test")
    top = next(step for step in opened.steps if step.rung is Rung.NATIONAL_TEAM)
    steps = tuple(step for step in opened.steps if step.at <= top.at)
    chased = await case.gates.chase_gate(Chase(gate=opened.gate, at=top.at, steps=steps))
    assert chased.overdue
    assert chased.escalation is not None
    assert chased.escalation.kind is EscalationKind.OVERDUE
    assert await record.value("SELECT about FROM escalations") == opened.gate


# --- more time -------------------------------------------------------------------------------------

REVIEW_DUE = "UPDATE cases SET review_due = '2027-01-06', original_review_due = '2027-01-06', rulebook = '2026-04-01'"


async def ask_for_time(record: Record, case: ACase, new_on: str, *, late: bool = False) -> str:
    """More time is asked for in the record, and its decision is asked; the gate."""
    await record.pool.execute(
        "INSERT INTO extension_requests (request, reference, new_on, reason_code, reasons, late, at) "
        "VALUES ($1, $2, $3, 'trial', 'The judge asked', $4, $5)",
        uuid4(),
        case.reference,
        date.fromisoformat(new_on),
        late,
        case.at,
    )
    return (await case.ask("extension", new_on)).gate


@pytest.mark.parametrize(
    ("asked_on", "new_on", "code"),
    [
        ("2027-02-01", "2027-01-06", "not_later"),
        ("2027-09-01", "2027-09-01", "too_long"),
        ("2027-02-01", "2027-02-02", "later_than_asked"),
        ("2027-02-01", "2026-10-01", "in_the_past"),
    ],
)
async def test_an_extension_beyond_the_rules_is_refused(
    record: Record, mail_server: MailServer, asked_on: str, new_on: str, code: str
) -> None:
    case = await a_case(record.pool, mail_server)
    await record.pool.execute(REVIEW_DUE)
    gate = await ask_for_time(record, case, asked_on)
    await record.pool.execute("UPDATE gates SET page = page - 'not_before'")
    decision = await case.decide(gate, "granted", "Trial", new_on=new_on)
    assert (await case.settle(gate, decision)).refused == code
    assert await record.value("SELECT granted FROM extension_requests") is None


async def test_the_request_for_time_may_be_shortened(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await record.pool.execute(REVIEW_DUE)
    gate = await ask_for_time(record, case, "2027-02-01")
    settled = await case.settle(gate, await case.decide(gate, "granted", "Trial", new_on="2027-01-29"))
    assert settled.decision is not None
    assert settled.decision.facts == {"new_on": "2027-01-29"}
    [row] = await record.rows("SELECT granted, granted_on FROM extension_requests")
    assert row == {"granted": True, "granted_on": date(2027, 1, 29)}


async def test_a_review_that_was_stopped_meanwhile_has_no_date_to_grant(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    await record.pool.execute(REVIEW_DUE)
    gate = await ask_for_time(record, case, "2027-02-01")
    decision = await case.decide(gate, "granted", "Trial", new_on="2027-02-01")
    await record.pool.execute("UPDATE cases SET review_due = NULL, original_review_due = NULL")
    assert (await case.settle(gate, decision)).refused == "review_stopped"


async def test_nobody_decides_their_own_request_for_time(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await record.pool.execute(REVIEW_DUE)
    gate = await ask_for_time(record, case, "2027-02-01")
    await record.pool.execute(
        "UPDATE extension_requests SET requested_by = (SELECT person_email FROM gates WHERE gate = $1)", gate
    )
    decision = await case.decide(gate, "granted", "Trial", new_on="2027-02-01")
    assert (await case.settle(gate, decision)).refused == "is_the_requester"


async def test_whoever_decides_on_time_reads_what_it_depends_on(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await record.pool.execute(REVIEW_DUE)
    first = await ask_for_time(record, case, "2027-02-01")
    await case.settle(first, await case.decide(first, "granted", "Trial", new_on="2027-01-29"))
    await record.pool.execute("UPDATE cases SET review_due = '2027-01-29'")
    facts = await facts_on(case, await ask_for_time(record, case, "2027-03-01", late=True))
    assert facts["Original date"] == "6 January 2027"
    assert facts["Date as it stands"] == "29 January 2027"
    assert facts["Date asked for"] == "1 March 2027"
    assert facts["Reason"] == "trial. The judge asked"
    assert facts["Late"] == "Asked after the date had passed"
    assert facts["Extensions granted so far"] == "1"
    assert facts["All extensions together"].startswith("12 months after the original date")
    assert "draft not ready" in facts["What remains"]


async def test_nothing_typed_reaches_a_history(record: Record, mail_server: MailServer) -> None:
    case = await commissioned(record, mail_server)
    opened = await case.ask("draft")
    case.at += timedelta(hours=1)
    settled = await case.settle(opened.gate, await case.decide(opened.gate, "draft_ready", **DRAFT))
    text = settled.model_dump_json() + opened.model_dump_json()
    for word in ("neighbour", "Brief the team", "@", "Example"):
        assert word not in text
