"""A review that is due after all: amended upward, or convicted after the charge was said to be dropped."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.worker import Replayer

from starter.sandbox import workflow_runner
from starter.script import SILENT, USUAL, Line
from tests.workflows.conftest import PATIENCE, Office
from tests.workflows.test_case import KIDNAPPING, MURDER, UNLISTED, amended, end_of, offence, opened, running
from workflows.case import Case
from workflows.contract import ids
from workflows.contract.messages import CourtEvent, RaisedEnquiry
from workflows.contract.vocabulary import CourtEventKind, EnquiryKind


async def replays(office: Office, handle: WorkflowHandle[Any, Any]) -> None:
    """A worker that has nothing of it in its cache goes on as the one that made it would."""
    replayer = Replayer(
        workflows=[Case], workflow_runner=workflow_runner(), data_converter=office.client.data_converter
    )
    await replayer.replay_workflow(await handle.fetch_history())


async def test_a_charge_let_go_is_followed_when_it_becomes_a_serious_further_offence_after_all(office: Office) -> None:
    """It was none, and only an enquiry kept the case open; then the charge is amended upward."""
    lines = {"offence_class": [Line("not_sfo")], "enquiry_foi": [SILENT]}
    async with running(office, lines | {"commission": [SILENT]}, offences=[offence(UNLISTED)]) as (opening, case):
        await case.signal("enquiry", RaisedEnquiry(kind=EnquiryKind.FOI, received_on=datetime.now(UTC).date()))
        await opened(office, opening, "enquiry/1/enquiry_foi:1")
        assert (await end_of(office, opening, "charge"))["is_sfo"] is False
        await case.signal("amend_charge", amended(MURDER))
        for gate in ("notification/notification", "early-look/early_look", "review/commission"):
            await opened(office, opening, gate)
        await replays(office, case)


async def test_staff_are_cared_for_again_when_a_review_is_due_after_all(office: Office) -> None:
    """Nothing but an enquiry was open, so their care had ended with the prosecution; then there is a conviction."""
    lines = {
        "commission": [SILENT, USUAL["commission"]],
        "enquiry_foi": [SILENT],
        "welfare": [SILENT, SILENT, SILENT, USUAL["welfare"]],
    }
    async with running(office, lines) as (opening, case):
        await opened(office, opening, "review/commission")
        today = datetime.now(UTC).date()
        await case.signal("enquiry", RaisedEnquiry(kind=EnquiryKind.FOI, received_on=today))
        foi = await opened(office, opening, "enquiry/1/enquiry_foi:1")
        await case.signal("court_event", CourtEvent(kind=CourtEventKind.DISCONTINUED, on=today))
        await end_of(office, opening, "staff-care")
        await case.signal("court_event", CourtEvent(kind=CourtEventKind.CONVICTED, on=today))
        for part in ("victim-disclosure", "staff-feedback", "action-plan"):
            await end_of(office, opening, part)
        enquiry = office.client.get_workflow_handle(f"{ids.case_id(opening.reference)}/enquiry/1")
        await office.answer(enquiry, foi["gate"], "refused", reasons="Invented reason.")
        async with asyncio.timeout(PATIENCE):
            assert (await case.result())["outcome"] == "completed"
        owed = await office.record.rows(
            "SELECT state FROM duties WHERE reference = $1 AND kind = 'cared_for'", opening.reference
        )
        assert {row["state"] for row in owed} == {"met"}
        await replays(office, case)


async def test_a_charge_amended_upward_after_the_verdict_is_reviewed_while_the_case_is_open(office: Office) -> None:
    """Below the threshold and convicted, with the notification still to be sent: then the charge must be reviewed."""
    lines = {"notification": [SILENT], "commission": [SILENT], "refer": [SILENT]}
    charge: dict[str, Any] = {"rosh_highest": "low", "offences": [offence(KIDNAPPING)]}
    async with running(office, lines, **charge) as (opening, case):
        await opened(office, opening, "notification/notification")
        await case.signal("court_event", CourtEvent(kind=CourtEventKind.CONVICTED, on=datetime.now(UTC).date()))
        await end_of(office, opening, "early-look")
        await case.signal("amend_charge", amended(MURDER))
        assert (await end_of(office, opening, "charge-2"))["ground"] == "always_reviewed"
        handle = office.client.get_workflow_handle(f"{ids.case_id(opening.reference)}/notification")
        today = {"sent_on": datetime.now(UTC).date().isoformat()}
        await office.answer(handle, f"{opening.reference}/notification/notification", "sent", today)
        await opened(office, opening, "review/commission")


async def test_a_conviction_after_the_charge_was_said_to_be_dropped_brings_the_review_back(office: Office) -> None:
    """What was reported first was wrong, and the notification was still to be sent."""
    lines = {"notification": [SILENT], "commission": [SILENT], "refer": [SILENT]}
    async with running(office, lines) as (opening, case):
        await opened(office, opening, "notification/notification")
        for kind in (CourtEventKind.DISCONTINUED, CourtEventKind.CONVICTED):
            await case.signal("court_event", CourtEvent(kind=kind, on=datetime.now(UTC).date()))
        handle = office.client.get_workflow_handle(f"{ids.case_id(opening.reference)}/notification")
        today = {"sent_on": datetime.now(UTC).date().isoformat()}
        await office.answer(handle, f"{opening.reference}/notification/notification", "sent", today)
        await opened(office, opening, "review/commission")
