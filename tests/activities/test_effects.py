"""What answers do to a real record, from commissioning to handing over."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.builders import OTHER, PRACTITIONER, ACase, a_case
from tests.conftest import MailServer, Record
from workflows.contract.messages import CourtRecord, RenditionRequest
from workflows.contract.vocabulary import CourtEventKind, EscalationKind

DRAFT: dict[str, Any] = {
    "sources": "Records",
    "analysis": "Contact was weekly. The neighbour reported shouting. Contact went on.",
    "findings": [
        {"kind": "deficiency", "level": "team", "text": "The neighbour reported shouting.", "reasons": "Load"}
    ],
    "judgement": "partly",
    "learning": "Listen",
    "actions": [
        {"what": "Brief the team", "owner": "s2", "due_on": "2027-03-01"},
        {"what": "Audit records", "owner": "n53.sfo_team", "due_on": "2027-04-01"},
    ],
}
RATED: dict[str, Any] = {
    "analysis_of_practice": "good",
    "overall_judgements": "good",
    "learning": "good",
    "victims": "good",
}
PASSAGE = {
    "passage": "The neighbour reported shouting.",
    "ground": "third_party_confidence",
    "note": "Told in confidence",
}


async def commissioned(record: Record, mail_server: MailServer, **more: Any) -> ACase:
    case = await a_case(record.pool, mail_server, **more)
    settled = await case.answer("commission", "appoint", reviewer="n53.reviewer.1", countersigner="n53.countersigner.1")
    assert settled.decision is not None
    return case


async def told(record: Record, case: ACase) -> None:
    for ref in case.staff:
        await record.pool.execute(
            "INSERT INTO duties VALUES ($1, 'told', $2, 'met', NULL, $3)", case.reference, ref, case.at
        )


async def drafted(record: Record, mail_server: MailServer) -> ACase:
    case = await commissioned(record, mail_server)
    settled = await case.answer("draft", "draft_ready", **DRAFT)
    assert settled.decision is not None
    assert settled.decision.facts == {"version": "1", "judgement": "partly"}
    return case


async def accepted(record: Record, mail_server: MailServer) -> ACase:
    case = await drafted(record, mail_server)
    settled = await case.answer(
        "quality", "rated", "v1", stage="quality-assurance", reasons="Clear", composite="good", **RATED
    )
    assert settled.decision is not None
    assert settled.decision.facts["accepted"] == "yes"
    assert settled.decision.refs == {"actions": ("a1", "a2")}
    return case


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


async def test_nobody_is_interviewed_untold(record: Record, mail_server: MailServer) -> None:
    case = await commissioned(record, mail_server)
    opened = await case.ask("interview", PRACTITIONER)
    page: Any = await record.value("SELECT page FROM gates WHERE gate = $1", opened.gate)
    decision = await case.decide(opened.gate, "held", held_on="2026-10-30")
    assert page["not_before"] == "2026-10-12"
    assert (await case.settle(opened.gate, decision)).refused == "not_told"
    await told(record, case)
    decision = await case.decide(opened.gate, "held", held_on="2026-10-06")  # no time to prepare
    assert (await case.settle(opened.gate, decision)).refused == "incomplete"
    decision = await case.decide(opened.gate, "held", held_on="2026-10-30")
    assert (await case.settle(opened.gate, decision)).decision is not None
    assert await record.value("SELECT state FROM duties WHERE kind = 'interviewed'") == "met"


async def test_an_impossible_interview_is_closed_by_its_reason(record: Record, mail_server: MailServer) -> None:
    case = await commissioned(record, mail_server)
    await case.answer("interview", "not_possible", OTHER, reasons="Left the service")
    assert await record.value("SELECT state FROM duties WHERE kind = 'interviewed'") == "closed"


async def test_versions_follow_each_other_and_nobody_can_change_one(record: Record, mail_server: MailServer) -> None:
    case = await drafted(record, mail_server)
    again = await case.answer("draft", "draft_ready", ask=2, **{**DRAFT, "learning": "Listen more"})
    assert again.decision is not None
    assert again.decision.facts["version"] == "2"
    rows = await record.rows("SELECT version, sha256 FROM documents ORDER BY version")
    assert [row["version"] for row in rows] == [1, 2]
    assert rows[0]["sha256"] != rows[1]["sha256"]


async def test_submitting_needs_the_facts_offered(record: Record, mail_server: MailServer) -> None:
    case = await drafted(record, mail_server)
    opened = await case.ask("submit", "v1")
    decision = await case.decide(opened.gate, "submitted", facts_satisfied="yes")
    assert (await case.settle(opened.gate, decision)).refused == "facts_not_offered"
    await case.answer("facts", "no_comments", "v1")
    decision = await case.decide(opened.gate, "submitted", facts_satisfied="yes")
    assert (await case.settle(opened.gate, decision)).decision is not None
    signed = await case.answer("countersign", "signed", "v1", stage="countersign", facts_satisfied="yes")
    assert signed.decision is not None


async def test_a_returned_review_comes_back_with_its_text_and_the_reasons(
    record: Record, mail_server: MailServer
) -> None:
    case = await drafted(record, mail_server)
    await case.answer("countersign", "returned", "v1", stage="countersign", reasons="Say why the handover was late")
    opened = await case.ask("draft", stage="review-2")
    page: Any = await record.value("SELECT page FROM gates WHERE gate = $1", opened.gate)
    assert ["Reasons given: countersign the review", "Say why the handover was late"] in page["facts"]
    assert page["document"]["learning"] == "Listen"


async def test_a_review_below_the_mark_is_not_accepted(record: Record, mail_server: MailServer) -> None:
    case = await drafted(record, mail_server)
    settled = await case.answer(
        "quality", "rated", "v1", stage="quality-assurance", reasons="Weak", composite="inadequate", **RATED
    )
    assert settled.decision is not None
    assert settled.decision.facts["accepted"] == "no"
    assert settled.decision.refs == {}
    assert await case.column("accepted_version") is None


async def test_acceptance_numbers_the_plan_with_its_owners(record: Record, mail_server: MailServer) -> None:
    case = await accepted(record, mail_server)
    assert await case.column("accepted_version") == 1
    rows = await record.rows("SELECT ref, kind, owner_email, due_on, version FROM actions ORDER BY ref")
    assert [row["owner_email"] for row in rows] == ["line.manager@n53.example.test", "sfo.team@n53.example.test"]
    assert (rows[0]["kind"], rows[0]["due_on"], rows[0]["version"]) == ("plan", date(2027, 3, 1), 1)
    await case.answer("action", "withdrawn", "a1", stage="action-plan", reasons="Overtaken")
    assert await record.value("SELECT state FROM actions WHERE ref = 'a1'") == "open"
    await case.answer("withdraw_action", "agreed", "a1", stage="action-plan", reasons="Yes")
    await case.answer("action", "done", "a2", stage="action-plan", reasons="Minutes", done_on="2026-12-01")
    rows = await record.rows("SELECT ref, state FROM actions ORDER BY ref")
    assert [row["state"] for row in rows] == ["withdrawn", "done"]


async def test_early_look_records_actions_and_only_the_bare_referral(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    action = {"what": "Check", "owner": "s2", "due_on": "2026-10-30"}
    settled = await case.answer("early_look", "actions", stage="early-look", referral="yes", actions=[action])
    assert settled.decision is not None
    assert settled.decision.refs == {"actions": ("a1",)}
    [row] = await record.rows("SELECT * FROM referrals")
    assert set(row) == {"reference", "made_by_role", "at"}
    await case.answer("management_action", "done", "a1", stage="early-look", done_on="2026-10-12")
    assert await record.value("SELECT state FROM actions") == "done"
    await case.answer("confirm_actions", "not_confirmed", stage="early-look", reasons="Half done")
    assert await record.value("SELECT state FROM actions") == "open"


@pytest.mark.parametrize(("new_on", "code"), [("2027-01-06", "not_later"), ("2027-09-01", "too_long")])
async def test_an_extension_beyond_the_rules_is_refused(
    record: Record, mail_server: MailServer, new_on: str, code: str
) -> None:
    case = await a_case(record.pool, mail_server)
    await record.pool.execute("UPDATE cases SET review_due = '2027-01-06', original_review_due = '2027-01-06'")
    opened = await case.ask("extension", "2027-02-01")
    await record.pool.execute("UPDATE gates SET page = page - 'not_before'")
    decision = await case.decide(opened.gate, "granted", "Trial", new_on=new_on)
    assert (await case.settle(opened.gate, decision)).refused == code


async def test_the_request_for_time_is_decided(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await record.pool.execute("UPDATE cases SET review_due = '2027-01-06', original_review_due = '2027-01-06'")
    await record.pool.execute(
        "INSERT INTO extension_requests (request, reference, new_on, reason_code, at) "
        "VALUES ($1, $2, '2027-02-01', 'trial', $3)",
        uuid4(),
        case.reference,
        case.at,
    )
    settled = await case.answer("extension", "granted", "2027-02-01", reasons="Trial", new_on="2027-01-29")
    assert settled.decision is not None
    assert settled.decision.facts == {"new_on": "2027-01-29"}
    [row] = await record.rows("SELECT granted, granted_on FROM extension_requests")
    assert (row["granted"], row["granted_on"]) == (True, date(2027, 1, 29))


# --- victims ---------------------------------------------------------------------------------------


async def convict(case: ACase) -> None:
    await case.casework.record_court_event(
        CourtRecord(
            reference=case.reference,
            at=case.at,
            event=f"{case.reference}/convicted",
            kind=CourtEventKind.CONVICTED,
            on=case.at.date(),
        )
    )


async def rendered(case: ACase, stage: str = "victim-disclosure", ask: int = 1) -> str:
    await case.answer("redactions", "proposed", "v1", stage=stage, ask=ask, redactions=[PASSAGE])
    number = await case.pool.fetchval("SELECT max(number) FROM redactions")
    decisions = [{"number": str(number), "accepted": "yes"}]
    settled = await case.answer("redaction_decision", "decided", "v1", stage=stage, ask=ask, decisions=decisions)
    assert settled.decision is not None
    request = RenditionRequest(reference=case.reference, version=1, at=case.at)
    rendition = await case.casework.prepare_rendition(request)
    assert await case.casework.prepare_rendition(request) == rendition
    return rendition.rendition


async def assess(case: ACase, answer: str = "manageable") -> None:
    for ref in ("s1", "s2", "s4"):
        reasons = "Exceptional worry" if answer != "manageable" else None
        await case.answer("staff_impact", answer, ref, stage="victim-disclosure", reasons=reasons)


async def release(case: ACase, rendition: str, ask: int = 1) -> str | None:
    settled = await case.answer("release", "released", f"r{rendition}", stage="victim-disclosure", ask=ask)
    return settled.refused


async def test_the_rendition_has_marked_gaps_everywhere_and_is_fixed(record: Record, mail_server: MailServer) -> None:
    case = await accepted(record, mail_server)
    assert await rendered(case) == "1"
    content: Any = await record.value("SELECT content FROM documents WHERE kind = 'victim_rendition'")
    gap = "[Redacted: Given in confidence by a third party]"
    assert content["analysis"] == f"Contact was weekly. {gap} Contact went on."
    assert content["findings"][0]["text"] == gap
    assert "shouting" not in str(content)
    assert all("owner" not in action for action in content["actions"])


async def test_nothing_to_redact_is_agreed_only_when_nothing_was_proposed(
    record: Record, mail_server: MailServer
) -> None:
    case = await accepted(record, mail_server)
    stage = "victim-disclosure"
    await case.answer("redactions", "proposed", "v1", stage=stage, redactions=[PASSAGE])
    assert (await case.answer("redaction_decision", "agreed", "v1", stage=stage)).refused == "redactions_undecided"
    await case.answer("redactions", "none_needed", "v1", stage=stage, ask=2, reasons="All may be shown")
    assert (await case.answer("redaction_decision", "agreed", "v1", stage=stage, ask=2)).decision is not None
    request = RenditionRequest(reference=case.reference, version=1, at=case.at)
    await case.casework.prepare_rendition(request)
    content: Any = await record.value("SELECT content FROM documents WHERE kind = 'victim_rendition'")
    assert "shouting" in content["analysis"]


async def test_other_redactions_make_another_rendition(record: Record, mail_server: MailServer) -> None:
    case = await accepted(record, mail_server)
    assert await rendered(case) == "1"
    await case.answer("redactions", "none_needed", "v1", stage="victim-disclosure", ask=2, reasons="All may be shown")
    request = RenditionRequest(reference=case.reference, version=1, at=case.at)
    assert (await case.casework.prepare_rendition(request)).rendition == "2"


async def test_the_second_person_is_not_the_first(record: Record, mail_server: MailServer) -> None:
    case = await accepted(record, mail_server)
    await case.answer("redactions", "proposed", "v1", stage="victim-disclosure", redactions=[PASSAGE])
    opened = await case.ask("redaction_decision", "v1", stage="victim-disclosure")
    proposer = "sfo.team@n53.example.test"
    await record.pool.execute("UPDATE gates SET person_email = $2 WHERE gate = $1", opened.gate, proposer)
    decision = await case.decide(opened.gate, "decided", decisions=[{"number": "1", "accepted": "yes"}])
    assert (await case.settle(opened.gate, decision)).refused == "is_the_proposer"


async def test_nothing_is_released_before_conviction_assessment_or_under_a_hold(
    record: Record, mail_server: MailServer
) -> None:
    case = await accepted(record, mail_server)
    rendition = await rendered(case)
    assert await release(case, rendition) == "not_convicted"
    await convict(case)
    assert (await release(case, rendition, 2) or "").startswith("impact_missing")
    await assess(case, "exceptional")
    assert await record.value("SELECT count(*) FROM escalations WHERE kind = 'staff_safety'") == 3
    assert await release(case, rendition, 3) == "held"
    for number in (1, 2, 3):
        stage = f"escalation/staff_safety-{number}"
        await case.answer("acknowledge", "acknowledged", f"staff_safety-{number}", stage=stage)
        await case.answer("resolve", "release", f"staff_safety-{number}", stage=stage, reasons="Plan in place")
    assert await release(case, rendition, 4) is None


async def test_only_the_released_rendition_is_handed_over_and_logged(record: Record, mail_server: MailServer) -> None:
    case = await accepted(record, mail_server)
    await convict(case)
    rendition = await rendered(case)
    await assess(case)
    handed: dict[str, Any] = {"handed_over_on": "2026-12-01"}
    early = await case.answer("handover", "handed_over", "v1", stage="victim-disclosure", **handed)
    assert early.refused == "not_released"
    assert await release(case, rendition) is None
    await case.answer("tell_family", "told", "v1", stage="victim-disclosure", told_on="2026-11-20")
    await case.answer("offer", "accepted", "v1", stage="victim-disclosure")
    settled = await case.answer("handover", "handed_over", "v1", stage="victim-disclosure", ask=2, **handed)
    assert settled.decision is not None
    [row] = await record.rows("SELECT reader, rendition, sha256 FROM releases")
    assert (row["reader"], row["rendition"]) == ("v1", 1)
    assert row["sha256"] == await record.value("SELECT sha256 FROM documents WHERE kind = 'victim_rendition'")
    states = {r["kind"]: r["state"] for r in await record.rows("SELECT kind, state FROM duties WHERE subject = 'v1'")}
    assert states == {"victim_told": "met", "victim_answered": "met", "victim_given": "met"}


async def test_a_hold_stops_a_handover_after_release(record: Record, mail_server: MailServer) -> None:
    case = await accepted(record, mail_server)
    await convict(case)
    rendition = await rendered(case)
    await assess(case)
    assert await release(case, rendition) is None
    await case.answer("staff_impact", "exceptional", "s1", stage="victim-disclosure", ask=2, reasons="A threat")
    settled = await case.answer("handover", "handed_over", "v1", stage="victim-disclosure", handed_over_on="2026-12-01")
    assert settled.refused == "held"


async def test_a_stop_by_the_national_team_closes_what_was_to_be_given(record: Record, mail_server: MailServer) -> None:
    case = await accepted(record, mail_server)
    await convict(case)
    await case.answer("offer", "accepted", "v1", stage="victim-disclosure")
    await case.answer("staff_impact", "exceptional", "s1", stage="victim-disclosure", reasons="A threat")
    stage = "escalation/staff_safety-1"
    held = await case.answer("resolve", "hold", "staff_safety-1", stage=stage, reasons="Not yet")
    assert held.decision is not None
    assert await record.value("SELECT state FROM escalations") != "resolved"
    await case.answer("resolve", "stop", "staff_safety-1", stage=stage, ask=2, reasons="Never")
    assert await record.value("SELECT state FROM duties WHERE kind = 'victim_given'") == "closed"
    await case.answer("offer", "accepted", "v2", stage="victim-disclosure")
    assert await record.value("SELECT count(*) FROM duties WHERE kind = 'victim_given' AND state = 'owed'") == 0


async def test_no_contact_closes_the_leg(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await case.answer("tell_family", "no_contact", "v2", stage="victim-disclosure", reasons="Asked not to be contacted")
    rows = await record.rows("SELECT state FROM duties WHERE subject = 'v2'")
    assert {row["state"] for row in rows} == {"closed"}


async def test_an_enquiry_is_answered(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await record.pool.execute(
        "INSERT INTO enquiries (reference, number, kind, received_on, asked, at) "
        "VALUES ($1, 1, 'foi', $2, 'How many?', $3)",
        case.reference,
        case.at.date(),
        case.at,
    )
    settled = await case.answer("enquiry_foi", "refused", "1", stage="enquiry/1", reasons="Exempt")
    assert settled.decision is not None
    assert await record.value("SELECT answer FROM enquiries") == "refused"


async def test_nothing_typed_reaches_a_history(record: Record, mail_server: MailServer) -> None:
    case = await commissioned(record, mail_server)
    opened = await case.ask("draft")
    case.at += timedelta(hours=1)
    settled = await case.settle(opened.gate, await case.decide(opened.gate, "draft_ready", **DRAFT))
    text = settled.model_dump_json() + opened.model_dump_json()
    for word in ("neighbour", "Brief the team", "@", "Example"):
        assert word not in text
