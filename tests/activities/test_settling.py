"""What becomes of an answer as it is settled: heard of twice, typed too late, counted, and told to whoever gave it."""

import pytest

from activities import opening, settling
from activities.measures import GATES_ANSWERED, GATES_OPENED
from activities.opening import is_on_the_clock, is_review, role_in_words, stage_of
from starter.record import append_audit
from tests.builders import ACase, a_case
from tests.conftest import MailServer, Record
from workflows.contract.messages import DecideSignal, Lapse, Settled, Settlement
from workflows.contract.vocabulary import ReasonCode

NOTIFIED = {"sent_on": "2026-10-07"}


def typed(case: ACase, gate: str, answer: str = "confirmed") -> Settlement:
    """What operations typed in the Temporal UI."""
    signal = DecideSignal(gate=gate, answer=answer, reason=ReasonCode.ASKED_BY_PHONE)
    return Settlement(gate=gate, at=case.at, signal=signal)


async def test_an_answer_that_was_applied_before_the_period_ended_is_what_its_end_returns(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("notification", stage="notification")
    settled = await case.settle(opened.gate, await case.decide(opened.gate, "sent", **NOTIFIED))
    assert settled.decision is not None
    assert await case.gates.lapse_gate(Lapse(gate=opened.gate, at=case.at)) == settled


async def test_an_applied_answer_of_which_nothing_is_remembered_is_decided_already(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("notification", stage="notification")
    decision = await case.decide(opened.gate, "sent", **NOTIFIED)
    await case.settle(opened.gate, decision)
    async with record.owner() as owner:
        await owner.execute("DELETE FROM transitions")
    assert await case.settle(opened.gate, decision) == Settled(refused="already_decided")


@pytest.mark.parametrize(
    ("state", "code"), [("lapsed", "lapsed"), ("withdrawn", "withdrawn"), ("decided", "already_decided")]
)
async def test_what_comes_once_the_question_is_closed_is_told_how_it_closed(
    record: Record, mail_server: MailServer, state: str, code: str
) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("confirm_actions", stage="early-look")
    decision = await case.decide(opened.gate, "confirmed")
    await record.pool.execute("UPDATE gates SET state = $1, closed_at = opened_at", state)
    assert await case.gates.settle_gate(typed(case, opened.gate)) == Settled(refused=code)
    assert await case.settle(opened.gate, decision) == Settled(refused=code)
    detail = await record.value("SELECT detail FROM audit WHERE action = 'decision_void'")
    assert isinstance(detail, dict)
    assert detail["state"] == state


async def test_a_question_that_was_opened_and_answered_is_counted_by_its_role_and_whether_it_was_in_time(
    record: Record, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[tuple[object, dict[str, object]]] = []
    for module in (opening, settling):
        monkeypatch.setattr(module, "count", lambda what, **labels: counted.append((what, labels)))
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("notification", stage="notification")
    case.pass_days(40)
    await case.settle(opened.gate, await case.decide(opened.gate, "sent", **NOTIFIED))
    asked = {"question": "notification", "role": "spoc"}
    assert counted == [(GATES_OPENED, asked), (GATES_ANSWERED, {**asked, "timing": "late"})]


async def test_a_question_knows_its_deputy_by_key_and_by_name(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    await case.ask("notification", stage="notification")
    [gate] = await record.rows("SELECT * FROM gates")
    assert gate["deputy_key"]
    assert gate["deputy_name"]
    assert (gate["deputy_key"], gate["deputy_name"]) != (gate["person_key"], gate["person_name"])


async def test_whoever_answered_has_a_receipt_with_the_title_and_the_row_of_the_audit_and_not_the_answer(
    record: Record, mail_server: MailServer
) -> None:
    case = await a_case(record.pool, mail_server)
    opened = await case.ask("notification", stage="notification")
    settled = await case.decide(opened.gate, "sent", **NOTIFIED)
    async with record.pool.acquire() as connection:
        detail = {"decision": str(settled)}
        await append_audit(connection, case.at, case.reference, "other", "decision_recorded", opened.gate, {})
        await append_audit(connection, case.at, case.reference, "spoc", "decision_recorded", opened.gate, detail)
    await case.settle(opened.gate, settled)
    [letter] = await record.rows("SELECT * FROM outbox WHERE letter = 'receipt'")
    [recorded] = await record.rows("SELECT * FROM audit WHERE action = 'decision_recorded' AND actor = 'spoc'")
    [decision] = await record.rows("SELECT * FROM decisions")
    title = await record.value("SELECT page ->> 'title' FROM gates")
    assert (letter["event"], letter["to_email"]) == (f"{opened.gate}/receipt", decision["by_email"])
    assert letter["to_name"] == decision["by_name"]
    assert letter["context"] == {
        "reference": case.reference,
        "title": title,
        "received": decision["received_at"].isoformat(),  # type: ignore[attr-defined]
        "audit": recorded["seq"],
    }


# --- names of roles and stages ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("spoc", "the single point of contact"),
        ("sfo_team", "the SFO Team"),
        ("national_team", "the national SFO team"),
        ("reviewing_manager", "the reviewing manager"),
        ("head_of_pdu", "the head of PDU"),
        ("other_region_lead", "the other region lead"),
    ],
)
def test_a_role_is_named_as_letters_name_it(role: str, words: str) -> None:
    assert role_in_words(role) == words


@pytest.mark.parametrize(
    ("gate", "part", "number"),
    [
        ("SFO-2026-00001/review/draft", "review", 1),
        ("SFO-2026-00001/review-2/draft", "review-2", 2),
        ("SFO-2026-00001/quality-assurance-13/rate", "quality-assurance-13", 13),
        ("SFO-2026-00001/escalation/overdue-3/resolve", "escalation/overdue-3", 1),
        ("SFO-2026-00001/enquiry/2/answer", "enquiry/2", 1),
    ],
)
def test_the_stage_of_a_question_and_its_round_are_in_its_name(gate: str, part: str, number: int) -> None:
    assert stage_of(gate) == (part, number)


@pytest.mark.parametrize(
    ("part", "stands_still", "reviews"),
    [
        ("review", True, True),
        ("review-2", True, True),
        ("countersign", True, False),
        ("countersign-2", True, False),
        ("notification", False, False),
        ("escalation/overdue-3", False, False),
    ],
)
def test_the_stages_of_the_review_stand_still_with_its_clock_in_each_round(
    part: str, stands_still: bool, reviews: bool
) -> None:
    assert is_on_the_clock(part) is stands_still
    assert is_review(part) is reviews
