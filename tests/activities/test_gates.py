"""Gates against a real record and a real mail server."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from temporalio.exceptions import ApplicationError

from activities.refusals import because
from tests.activities.clocked import announce
from tests.builders import HEAD_EMAIL, MONDAY, a_case
from tests.conftest import MailServer, Record
from workflows.contract.messages import (
    Chase,
    DecideSignal,
    Settlement,
    Step,
    Withdrawal,
)
from workflows.contract.vocabulary import EscalationKind, ReasonCode, Role, Rung, StepKind

SPOC = "spoc@n53.example.test"
SPOC_DEPUTY = "sfo.team@n53.example.test"
LEAD = "senior.lead@n53.example.test"
DIRECTOR = "director@n53.example.test"
NOTIFIED = {"sent_on": "2026-10-07"}


def step(kind: StepKind, rung: Rung = Rung.ASKED, days: int = 1) -> Step:
    return Step(at=MONDAY + timedelta(days=days), kind=kind, rung=rung)


async def appoint(record: Record, reference: str, key: str, email: str, role: str = "reviewing_manager") -> None:
    await record.pool.execute(
        "INSERT INTO appointments VALUES ($1, $2, $3, 'Example Reviewer', $4, now(), NULL)", reference, role, key, email
    )


async def test_an_opened_gate_has_its_letter_link_page_and_schedule(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("notification", stage="notification", counted_from=date(2026, 10, 6))
    assert opened.role is Role.SPOC
    assert opened.due.on == date(2026, 10, 20)
    assert opened.due.at == datetime(2026, 10, 20, 22, 59, 59, tzinfo=UTC)
    assert opened.steps
    [message] = mail_server.to(SPOC)
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    [link] = [line for line in text.splitlines() if line.startswith("https://")]
    assert link.startswith("https://sfo.example.test/a/")
    assert case.reference in text
    assert "20 October 2026" in text
    assert "Supervised" not in text
    assert message["Auto-Submitted"] == "auto-generated"
    page = await record.value("SELECT page FROM gates WHERE gate = $1", opened.gate)
    assert {"title", "why", "if_silent", "facts", "options", "refused", "document", "redactions"} <= set(page)  # type: ignore[call-overload]
    assert await case.column("stage") == "notification"


async def test_opening_twice_returns_the_same_and_sends_one_letter(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    first = await case.ask("notification", stage="notification")
    assert await case.ask("notification", stage="notification") == first
    assert len(mail_server.messages) == 1


async def test_opening_ten_times_at_once_is_one_gate(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await asyncio.gather(*(case.ask("notification", stage="notification") for _ in range(10)))
    assert len({o.model_dump_json() for o in opened}) == 1
    assert len(mail_server.messages) == 1
    assert await record.value("SELECT count(*) FROM audit") == 1


async def test_a_repeated_opening_names_the_answer_that_came_meanwhile(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("notification", stage="notification")
    decision = await case.decide(opened.gate, "sent", **NOTIFIED)
    assert (await case.ask("notification", stage="notification")).decision == str(decision)


async def test_unknown_question_and_case_are_final(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    with pytest.raises(ApplicationError) as unknown:
        await case.ask("no_such_question")
    assert (unknown.value.type, unknown.value.non_retryable) == ("UnknownQuestion", True)
    request = case.request("notification").model_copy(update={"gate": "SFO-2026-99999/notification/notification"})
    with pytest.raises(ApplicationError) as missing:
        await case.gates.open_gate(request)
    assert missing.value.type == "UnknownCase"


async def test_an_action_is_due_on_its_own_date(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await record.pool.execute(
        "INSERT INTO actions VALUES ($1, 'a1', 'management', 'Check', 'Owner', 'owner@x.example.test', '2026-11-02')",
        case.reference,
    )
    opened = await case.ask("management_action", "a1", stage="early-look")
    assert opened.due.on == date(2026, 11, 2)
    assert mail_server.to("owner@x.example.test")


async def test_nobody_eligible_goes_to_the_senior_lead_and_is_escalated(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("draft")  # nobody has been appointed
    assert opened.role is Role.SENIOR_LEAD
    assert opened.escalation is not None
    assert (opened.escalation.kind, opened.escalation.number) == (EscalationKind.REVIEWER, 1)
    assert mail_server.to(LEAD)


async def test_a_national_team_that_is_away_altogether_is_escalated_to_nobody_else(
    record: Record, mail_server: MailServer
) -> None:
    """An escalation of an escalation would go to the same team, which is away, and so on without an end."""
    case = await a_case(record.pool, mail_server)
    await record.pool.execute(
        """INSERT INTO absences (absence, person_key, deputy_key, from_on, to_on, set_by)
           SELECT gen_random_uuid(), key, NULL, '2026-10-01', '2026-10-31', 'x@example.test'
           FROM unnest($1::text[]) AS key""",
        ["national.team", "national.duty.1", "national.duty.2"],
    )
    opened = await case.ask("acknowledge", "overdue-1", stage="escalation/overdue-1")
    assert (opened.role, opened.escalation) == (Role.SENIOR_LEAD, None)
    assert mail_server.to(LEAD)
    assert await record.value("SELECT count(*) FROM escalations") == 0


async def test_an_answer_is_applied_once_however_often_it_is_delivered(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("notification", stage="notification")
    decision = await case.decide(opened.gate, "sent", **NOTIFIED)
    settled = await asyncio.gather(*(case.settle(opened.gate, decision) for _ in range(5)))
    assert len({s.model_dump_json() for s in settled}) == 1
    assert settled[0].decision is not None
    assert settled[0].decision.facts == {"sent_on": "2026-10-07"}
    assert await case.column("notified_on") == date(2026, 10, 7)
    assert await record.value("SELECT count(*) FROM audit WHERE action = 'decision_applied'") == 1


async def test_after_a_reset_the_same_answer_is_given_again(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("notification", stage="notification")
    typed = DecideSignal(gate=opened.gate, answer="sent", reason=ReasonCode.ASKED_BY_PHONE)
    refused = await case.gates.settle_gate(Settlement(gate=opened.gate, at=case.at, signal=typed))
    assert refused.refused == "needs_the_page"
    opened = await case.ask("confirm_actions", stage="early-look")
    typed = DecideSignal(gate=opened.gate, answer="confirmed", reason=ReasonCode.ASKED_BY_PHONE)
    first = await case.gates.settle_gate(Settlement(gate=opened.gate, at=case.at, signal=typed))
    assert first.decision is not None
    again = await case.ask("confirm_actions", stage="early-look")
    assert again.decision == first.decision.decision
    case.pass_days(1)
    offered = DecideSignal(gate=opened.gate, decision=again.decision)
    assert await case.gates.settle_gate(Settlement(gate=opened.gate, at=case.at, signal=offered)) == first


@pytest.mark.parametrize(
    ("answer", "reason", "code"),
    [
        ("nonsense", ReasonCode.OTHER, "unknown_answer"),
        (None, ReasonCode.OTHER, "unknown_answer"),
        ("confirmed", None, "reason_missing"),
    ],
)
async def test_what_operations_type_is_refused_with_a_code(
    record: Record, mail_server: MailServer, answer: str | None, reason: ReasonCode | None, code: str
) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("confirm_actions", stage="early-look")
    signal = DecideSignal(gate=opened.gate, answer=answer, reason=reason)
    settled = await case.gates.settle_gate(Settlement(gate=opened.gate, at=case.at, signal=signal))
    assert (settled.decision, settled.refused) == (None, code)
    assert await record.value("SELECT state FROM gates") == "open"


async def test_what_operations_type_is_written_before_it_counts(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("confirm_actions", stage="early-look")
    signal = DecideSignal(gate=opened.gate, answer="confirmed", reason=ReasonCode.ASKED_BY_PHONE)
    settlement = Settlement(gate=opened.gate, at=case.at, signal=signal)
    settled = await case.gates.settle_gate(settlement)
    assert settled.decision is not None
    assert await case.gates.settle_gate(settlement) == settled
    [row] = await record.rows("SELECT * FROM decisions")
    assert (row["channel"], row["reason_code"], row["by_email"]) == ("operations", "asked_by_phone", None)
    later = settlement.model_copy(update={"at": case.at + timedelta(hours=1)})
    assert (await case.gates.settle_gate(later)).refused == "already_decided"


async def test_an_unknown_decision_is_refused(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("notification", stage="notification")
    assert (await case.settle(opened.gate, uuid4())).refused == "unknown_decision"


async def test_an_answer_of_somebody_who_was_not_asked_does_not_count(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("notification", stage="notification")
    decision = await case.decide(opened.gate, "sent", by="stranger@x.example.test", **NOTIFIED)
    assert (await case.settle(opened.gate, decision)).refused == "not_asked"
    assert await record.value("SELECT state FROM gates") == "open"
    # The place is free again: the person asked can still answer.
    assert (await case.settle(opened.gate, await case.decide(opened.gate, "sent", **NOTIFIED))).decision


async def test_a_late_answer_counts_and_stays_late(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("notification", stage="notification")
    case.pass_days(40)
    settled = await case.settle(opened.gate, await case.decide(opened.gate, "sent", **NOTIFIED))
    assert settled.decision is not None
    assert settled.decision.late


async def test_the_other_links_die_with_the_answer(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("notification", stage="notification")
    await case.gates.chase_gate(Chase(gate=opened.gate, at=case.at, steps=(step(StepKind.CLIMB, Rung.DEPUTY),)))
    await case.settle(opened.gate, await case.decide(opened.gate, "sent", by=SPOC_DEPUTY, **NOTIFIED))
    links = {r["email"]: r["revoked_at"] for r in await record.rows("SELECT * FROM links")}
    assert links[SPOC_DEPUTY] is None
    assert links[SPOC] is not None


# --- nobody left, walled fields, refusals in words ---------------------------------------------------


def _in_line(*emails: str) -> tuple[tuple[str, str, bool], ...]:
    return (("head_of_pdu", HEAD_EMAIL, True), *(("practitioner", email, True) for email in emails))


REVIEWERS = tuple(f"reviewer.{number}@n53.example.test" for number in ("one", "two", "three"))
COUNTERSIGNERS = tuple(f"countersigner.{number}@n53.example.test" for number in ("one", "two"))


@pytest.mark.parametrize(
    ("tied", "missing"),
    [
        (REVIEWERS, ["reviewer"]),
        (COUNTERSIGNERS, ["countersigner"]),
        ((*REVIEWERS, *COUNTERSIGNERS), ["reviewer", "countersigner"]),
    ],
)
async def test_nobody_eligible_in_the_region_is_noticed_when_the_review_is_commissioned(
    record: Record, mail_server: MailServer, tied: tuple[str, ...], missing: list[str]
) -> None:
    case = await a_case(record.pool, mail_server, staff=_in_line(*tied))
    opened = await case.ask("commission")
    assert (opened.role, opened.escalation) == (Role.SENIOR_LEAD, None)
    detail = await record.value("SELECT detail FROM audit WHERE action = 'nobody_eligible'")
    assert detail == {"missing": missing, "region": "N53"}


async def test_a_region_with_people_left_is_not_noticed(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server, staff=_in_line(*REVIEWERS[:2], COUNTERSIGNERS[0]))
    await case.ask("commission")
    assert await record.value("SELECT count(*) FROM audit WHERE action = 'nobody_eligible'") == 0


@pytest.mark.parametrize(
    ("question", "stage", "subject", "role", "kind"),
    [
        ("commission", "review", None, None, EscalationKind.REVIEWER),
        ("lend", "review", "N56", Role.OTHER_REGION_LEAD, EscalationKind.REVIEWER),
        ("draft", "review", None, None, EscalationKind.REVIEWER),  # nobody is appointed, so the senior lead is asked
        ("countersign", "countersign", "v1", None, EscalationKind.REVIEWER),
        ("notification", "notification", None, None, EscalationKind.OVERDUE),
    ],
)
async def test_a_search_for_a_reviewer_that_nobody_answers_reaches_the_national_team_as_one(
    record: Record,
    mail_server: MailServer,
    question: str,
    stage: str,
    subject: str | None,
    role: Role | None,
    kind: EscalationKind,
) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask(question, subject, stage=stage, role=role)
    climb = step(StepKind.CLIMB, Rung.NATIONAL_TEAM, 20)
    chased = await case.gates.chase_gate(Chase(gate=opened.gate, at=case.at, steps=(climb,)))
    assert chased.escalation is not None
    assert chased.escalation.kind is kind


async def test_a_draft_that_its_reviewing_manager_leaves_unanswered_is_overdue(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    await appoint(record, case.reference, "n53.reviewer.1", "reviewer.one@n53.example.test")
    opened = await case.ask("draft")
    climb = step(StepKind.CLIMB, Rung.NATIONAL_TEAM, 20)
    chased = await case.gates.chase_gate(Chase(gate=opened.gate, at=case.at, steps=(climb,)))
    assert chased.escalation is not None
    assert chased.escalation.kind is EscalationKind.OVERDUE


async def test_what_a_question_counts_its_working_days_from_stands_with_it(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    counted = await case.ask("notification", stage="notification", counted_from=date(2026, 10, 6))
    months = await case.ask("draft")
    rows = {r["gate"]: (r["counted_from"], r["counted_days"]) for r in await record.rows("SELECT * FROM gates")}
    assert rows == {counted.gate: (date(2026, 10, 6), 10), months.gate: (None, None)}


async def test_a_bank_holiday_in_the_record_counts_from_the_next_question_on(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    before = await case.ask("confirm_actions", stage="early-look")
    await announce(record, date(2026, 10, 8))
    after = await case.ask("confirm_actions", stage="early-look", ask=2)
    assert (before.due.on, after.due.on) == (date(2026, 10, 12), date(2026, 10, 13))


async def test_a_walled_field_leaves_the_decision_as_it_is_applied(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    settled = await case.answer("early_look", "no_action", stage="early-look", referral="yes", reasons="Looked")
    assert settled.decision is not None, settled.refused
    assert "referral" not in settled.decision.facts
    assert await record.value("SELECT fields ? 'referral' FROM decisions") is False
    assert "referral" not in str(await record.rows("SELECT detail FROM audit"))
    assert "referral" not in str(await record.rows("SELECT result FROM transitions"))
    async with record.owner() as owner:
        assert await owner.fetchval("SELECT count(*) FROM referrals") == 1


async def test_a_walled_field_leaves_a_decision_that_is_made_void_too(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("early_look", stage="early-look")
    await case.decide(opened.gate, "no_action", "Looked", referral="yes")
    await case.gates.withdraw_gates(Withdrawal(reference=case.reference, gates=(opened.gate,), at=case.at))
    assert await record.value("SELECT fields ? 'referral' FROM decisions") is False
    async with record.owner() as owner:
        assert await owner.fetchval("SELECT count(*) FROM referrals") == 0


@pytest.mark.parametrize(
    "code",
    [
        "away", "in_the_line", "in_the_case", "is_the_author", "is_the_countersigner", "is_the_proposer",
        "is_the_requester", "is_cared_for", "not_asked", "not_told", "not_invited", "too_early", "already_held",
        "in_the_past", "not_later", "later_than_asked", "too_long", "beyond_cap", "old_version", "facts_not_offered",
        "comments_unanswered", "incomplete_review", "names_somebody", "review_stopped", "unknown_region",
    ],
)  # fmt: skip
def test_a_refusal_of_the_review_has_a_sentence_of_its_own(code: str) -> None:
    assert because(code) != because("something_new")


def test_a_refusal_says_why_and_names_the_places_and_an_unknown_one_has_general_words() -> None:
    assert because("too_early").startswith("it leaves the person less time")
    assert because("incomplete_review:learning,findings-2").endswith("Look at: learning, findings-2.")
    assert because("is_the_author:reviewer.one") == because("is_the_author")
    assert "regional SFO Team" in because("something_new")
