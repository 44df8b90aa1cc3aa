"""Requests from outside on a real server: which question each kind asks, until when, and how it goes on."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowHandle

from starter.script import SILENT, TODAY, Line
from tests.workflows.conftest import Office
from tests.workflows.disclosing import answering, asked, convicted, recorded
from workflows.contract import ids
from workflows.contract.messages import CaseOpening, EnquiryBrief
from workflows.contract.vocabulary import EnquiryKind, Ground
from workflows.policy.calendar import add_working_days

RECEIVED = date(2026, 11, 16)
CHRISTMAS = {date(2026, 12, 25), date(2026, 12, 28), date(2027, 1, 1)}


async def start(
    office: Office, kind: EnquiryKind, received_on: date | None = RECEIVED, opening: CaseOpening | None = None
) -> tuple[CaseOpening, WorkflowHandle[Any, Any]]:
    """An enquiry in the record and its workflow at work; in a new case, where none is given."""
    opening = opening or await office.report()
    await office.record.pool.execute(
        "INSERT INTO enquiries (reference, number, kind, received_on, at) VALUES ($1, 1, $2, $3, now())",
        opening.reference,
        str(kind),
        received_on or datetime.now(UTC).date(),
    )
    brief = EnquiryBrief(
        reference=opening.reference,
        kind=kind,
        number=1,
        received_on=received_on,
        clock=opening.clock,
        region=opening.region,
        pdu=opening.pdu,
        ground=Ground.ALWAYS_REVIEWED,
        rulebook="2026-04-01",
        staff=opening.staff,
    )
    handle = await office.client.start_workflow(
        "enquiry", brief, id=ids.enquiry_id(opening.reference, 1), task_queue=ids.CASEWORK_QUEUE
    )
    return opening, handle


async def outcome(handle: WorkflowHandle[Any, Any]) -> str:
    return str((await handle.result())["outcome"])


@pytest.mark.parametrize(
    ("kind", "question", "role", "due_on"),
    [
        (EnquiryKind.MEDIA, "enquiry_media", "senior_lead", date(2026, 11, 17)),
        (EnquiryKind.CHILD_SAFEGUARDING, "enquiry_review", "sfo_team", date(2026, 12, 7)),
        (EnquiryKind.PUBLICATION, "enquiry_publication", "national_team", date(2026, 12, 14)),
    ],
)
async def test_a_kind_asks_its_own_question_from_receipt(
    office: Office, kind: EnquiryKind, question: str, role: str, due_on: date
) -> None:
    opening, _ = await start(office, kind)
    gate = await office.gate(f"{opening.reference}/enquiry/1/{question}:1")
    assert (gate["role"], gate["due_on"]) == (role, due_on)


async def test_more_time_is_asked_for_once_and_counted_from_the_same_receipt(office: Office) -> None:
    opening, handle = await start(office, EnquiryKind.SUBJECT_ACCESS, None)
    first = await office.gate(f"{opening.reference}/enquiry/1/enquiry_sar:1")
    await office.answer(handle, first["gate"], "more_time", reasons="Invented reason")
    again = await office.gate(f"{opening.reference}/enquiry/1/enquiry_sar:1#2")
    received_on = await office.record.value("SELECT received_on FROM enquiries")
    assert isinstance(received_on, date)
    months = (again["due_on"].year - received_on.year) * 12 + again["due_on"].month - received_on.month
    assert (months, again["deadline"]) == (3, "enquiry_sar_extended")
    refused = await office.answer(handle, again["gate"], "more_time", reasons="Invented reason")
    assert (await office.receipt(handle, refused))["code"] == "more_time_taken"
    await office.answer(handle, again["gate"], "disclosed", reasons="Invented reason")
    assert await outcome(handle) == "answered"
    assert await office.record.value("SELECT answer FROM enquiries") == "disclosed"


async def test_a_coroner_s_report_has_its_own_clock_until_the_coroner_sets_another_date(office: Office) -> None:
    opening, handle = await start(office, EnquiryKind.CORONER)
    first = await office.gate(f"{opening.reference}/enquiry/1/enquiry_review:1")
    assert first["due_on"] == add_working_days(RECEIVED, 20, CHRISTMAS)
    await office.answer(handle, first["gate"], "prevention_report")
    reply = await office.gate(f"{opening.reference}/enquiry/1/enquiry_prevention:1")
    assert reply["due_on"] == RECEIVED + timedelta(days=56)
    await office.answer(handle, reply["gate"], "more_time", fields={"new_on": "2027-07-01"})
    longer = await office.gate(f"{opening.reference}/enquiry/1/enquiry_prevention:1#2")
    assert longer["due_at"] == datetime(2027, 7, 1, 22, 59, 59, tzinfo=UTC)
    fields = {"answered_on": "2027-01-04", "replied_by": "An invented official"}
    received_at = datetime(2027, 1, 4, 12, tzinfo=UTC)
    await office.answer(handle, longer["gate"], "replied", fields=fields, received_at=received_at)
    assert await outcome(handle) == "answered"


async def test_silence_is_chased_and_never_an_answer(office: Office) -> None:
    opening, handle = await start(office, EnquiryKind.MEDIA, None)
    gate = await office.gate(f"{opening.reference}/enquiry/1/enquiry_media:1")
    await office.skip(handle, timedelta(days=12))
    late = "SELECT * FROM gates WHERE gate = $1 AND overdue AND climbed @> '{deputy,regional_director}'"
    (row,) = await office.until(lambda: office.record.rows(late, gate["gate"]))
    assert row["state"] == "open"
    assert await office.record.value("SELECT state FROM enquiries") == "open"


@pytest.mark.usefixtures("plain_files")
async def test_a_decided_publication_prepares_a_text_of_its_own_and_waits_for_its_release(office: Office) -> None:
    """Refused once, because somebody became known; not released once; then it is."""
    opening = await recorded(office)
    await convicted(office, opening)
    reasons = "Invented reason."
    lines = {
        "enquiry_publication": [Line("publish", {"decided_by": "secretary_of_state", "decided_on": TODAY}, reasons)],
        "release_public": [SILENT, Line("not_released", reasons=reasons), Line("released")],
    }
    async with answering(office, opening, lines):
        _, handle = await start(office, EnquiryKind.PUBLICATION, None, opening)
        gate = str((await office.gate(f"{opening.reference}/enquiry/1/release_public:p1"))["gate"])
        await office.record.pool.execute("UPDATE staff SET name = 'Invented New One' WHERE ref = 's1'")
        refused = await office.answer(handle, gate, "released")
        assert (await office.receipt(handle, refused))["code"] == "not_searched"
        assert await outcome(handle) == "answered"
    assert await asked(office, opening, part="enquiry/1") == [
        "enquiry_publication:1", "redactions:p1", "redaction_decision:p1", "staff_impact:s1",
        "release_public:p1", "release_public:p1#2", "redactions:p1#2", "redaction_decision:p1#2", "staff_impact:s1#2",
        "release_public:p1#3",
    ]  # fmt: skip
    made = await office.record.rows(
        "SELECT version, format FROM rendition_files WHERE reference = $1 AND kind = 'public_rendition'",
        opening.reference,
    )
    assert made == [{"version": 1, "format": "html"}]
    assert (
        await office.record.value("SELECT answer FROM enquiries WHERE reference = $1", opening.reference) == "publish"
    )
