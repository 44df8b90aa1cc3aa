"""The three-month limit at speed 1, crossed on the real server: reminders, overdue, extension, lateness."""

from datetime import UTC, datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta

from tests.workflows.conftest import Office
from tests.workflows.reviewing import REVIEWER, a_draft, interviewed, moved
from workflows.contract import ids
from workflows.contract.messages import DecideSignal, ExtensionSignal
from workflows.contract.vocabulary import ReasonCode, Stage
from workflows.policy.due import due_moment


async def test_the_limit_is_three_calendar_months_and_the_clock_reaches_it(office: Office) -> None:
    opening, review = await interviewed(office)
    draft = f"{opening.reference}/review/draft"
    gate = await office.gate(draft)
    today = datetime.now(UTC).date()
    assert gate["due_on"] == today + relativedelta(months=3)
    assert gate["due_at"] == due_moment(gate["due_on"])

    await office.skip_to(review, gate["due_at"] - timedelta(hours=1))
    assert not (await office.gate(draft))["overdue"]
    reminded = office.letters(REVIEWER, "reminder")
    assert len(reminded) >= 4  # half, four fifths, two weeks and one week before; the day itself if it is a working day

    await office.skip_to(review, gate["due_at"] + timedelta(hours=1))
    assert await office.until(lambda: office.record.value("SELECT overdue FROM gates WHERE gate = $1", draft))
    described = await review.describe()
    shown = {pair.key.name: pair.value for pair in described.typed_search_attributes}
    assert shown["SfoOverdue"] is True
    assert shown["SfoAwaiting"] == "reviewing_manager"

    await office.skip(review, timedelta(days=30))
    escalated = await office.until(
        lambda: office.record.value(
            "SELECT count(*) FROM escalations WHERE reference = $1 AND kind = 'overdue'", opening.reference
        )
    )
    assert escalated == 1
    assert office.letters("senior.lead@n53.example.test", "no answer yet")
    assert office.letters("director@n53.example.test", "no answer yet")
    assert office.letters(REVIEWER, "overdue")
    assert office.letters(REVIEWER, "reminder") == reminded


async def test_an_extension_moves_the_date_and_keeps_the_original(office: Office) -> None:
    opening, review = await interviewed(office)
    stem = f"{opening.reference}/review"
    original = (await office.gate(f"{stem}/draft"))["due_on"]
    new_on = original + timedelta(days=30)
    await office.skip_to(review, due_moment(original) + timedelta(days=2))
    assert await office.until(lambda: office.record.value("SELECT overdue FROM gates WHERE gate = $1", f"{stem}/draft"))

    await review.signal("request_extension", ExtensionSignal(new_on=new_on, reason=ReasonCode.TRIAL))
    decided = await office.answer(
        review, f"{stem}/extension:{new_on}", "granted", {"new_on": str(new_on)}, "Invented reason."
    )
    assert (await office.receipt(review, decided))["applied"]
    gate = await office.until(lambda: moved(office, f"{stem}/draft", new_on))
    assert gate["original_due_on"] == original
    case = (await office.record.rows("SELECT * FROM cases WHERE reference = $1", opening.reference))[0]
    assert (case["review_due"], case["original_review_due"]) == (new_on, original)
    # Granted late: the case stays marked as having been overdue, but operations see that the date has moved.
    late = await office.record.value(
        "SELECT late FROM deadlines WHERE reference = $1 ORDER BY id DESC LIMIT 1", opening.reference
    )
    assert late is True

    reminders = len(office.letters(REVIEWER, "reminder"))
    await office.skip_to(review, due_moment(new_on) + timedelta(hours=1))
    assert await office.until(lambda: office.record.value("SELECT overdue FROM gates WHERE gate = $1", f"{stem}/draft"))
    assert len(office.letters(REVIEWER, "reminder")) > reminders


@pytest.mark.parametrize(("minutes_after", "late"), [(-5, False), (5, True)])
async def test_lateness_is_judged_by_when_the_answer_was_received(
    office: Office, minutes_after: int, late: bool
) -> None:
    """The signal arrives after the date in both cases; only the moment of receipt differs."""
    opening, review = await interviewed(office)
    draft = f"{opening.reference}/review/draft"
    due_at = (await office.gate(draft))["due_at"]
    await office.skip_to(review, due_at + timedelta(hours=3))
    received_at = due_at + timedelta(minutes=minutes_after)
    decided = await office.answer(
        review, draft, "draft_ready", a_draft(datetime.now(UTC).date()), received_at=received_at
    )
    assert (await office.receipt(review, decided))["applied"]
    assert await office.record.value("SELECT late FROM decisions WHERE decision = $1::uuid", decided) is late
    await office.gate(f"{opening.reference}/review/facts:v1")


async def test_silence_on_facts_is_recorded_and_the_review_goes_on(office: Office) -> None:
    opening, review = await interviewed(office)
    stem = f"{opening.reference}/review"
    await office.answer(review, f"{stem}/draft", "draft_ready", a_draft(datetime.now(UTC).date()))
    gate = await office.gate(f"{stem}/facts:v1")
    await office.skip_to(review, gate["due_at"] + timedelta(hours=1))
    await office.gate(f"{stem}/submit:v1")
    facts = (await office.record.rows("SELECT * FROM factual_comments WHERE reference = $1", opening.reference))[0]
    assert facts["comments"] is None
    await office.answer(review, f"{stem}/submit:v1", "submitted", {"facts_satisfied": "yes"})
    assert (await review.result())["outcome"] == "submitted"


async def test_a_second_answer_changes_nothing_and_rubbish_is_a_dead_letter(office: Office) -> None:
    opening = await office.report()
    stage = await office.start(opening, Stage.NOTIFICATION)
    gate = f"{opening.reference}/notification/notification"
    await office.gate(gate)
    await stage.signal("decide", "rubbish")
    await stage.signal("decide", {"gate": gate, "surprise": True})
    await stage.signal("decide", DecideSignal(gate=gate, answer="sent", reason=ReasonCode.ASKED_BY_PHONE))
    refused = await office.until(
        lambda: office.record.value("SELECT 1 FROM gates WHERE gate = $1 AND state = 'open'", gate)
    )
    assert refused == 1  # the date is missing, so operations must use the page; the question stands
    today = str(datetime.now(UTC).date())
    decided = await office.answer(stage, gate, "sent", {"sent_on": today})
    assert (await stage.result())["outcome"] == "notified"
    assert (await stage.query("receipt", decided))["applied"]


async def test_a_cancelled_stage_withdraws_its_question(office: Office) -> None:
    opening = await office.report()
    stage = await office.start(opening, Stage.NOTIFICATION)
    gate = f"{opening.reference}/notification/notification"
    await office.gate(gate)
    await stage.cancel()
    assert (await stage.result())["outcome"] == "withdrawn"
    assert await office.record.value("SELECT state FROM gates WHERE gate = $1", gate) == "withdrawn"


async def test_a_reassigned_gate_asks_the_new_person_and_kills_the_old_link(office: Office) -> None:
    opening = await office.report()
    stage = await office.start(opening, Stage.NOTIFICATION)
    gate = f"{opening.reference}/notification/notification"
    await office.gate(gate)
    await stage.signal("reassign", {"gate": gate, "to": "n53.sfo_team", "reason": "absence"})
    await office.until(
        lambda: office.record.value("SELECT 1 FROM gates WHERE gate = $1 AND person_key = 'n53.sfo_team'", gate)
    )
    revoked = await office.record.rows("SELECT email, revoked_at IS NOT NULL AS dead FROM links WHERE gate = $1", gate)
    assert {r["email"]: r["dead"] for r in revoked} == {
        "spoc@n53.example.test": True,
        "sfo.team@n53.example.test": False,
    }
    assert ids.workflow_of_gate(gate) == stage.id
