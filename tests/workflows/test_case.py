"""The case as a whole: what the court, the national team and operations do to it in mid-flight."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from starter.script import SILENT, Line
from tests.workflows.conftest import PATIENCE, Office
from tests.workflows.people import People
from workflows.contract import ids
from workflows.contract.messages import AmendedCharge, CaseOpening, CourtEvent, OffenceRef, RaisedConcern, RaisedEnquiry
from workflows.contract.vocabulary import CourtEventKind, EnquiryKind, EscalationKind
from workflows.policy.calendar import add_working_days

MURDER, KIDNAPPING, UNLISTED = "COML025", "COML020", "ZZ99001"


@asynccontextmanager
async def running(
    office: Office, lines: Mapping[str, list[Line]] | None = None, speed: float = 5 * 86_400, **charge: Any
) -> AsyncIterator[tuple[CaseOpening, WorkflowHandle[Any, Any]]]:
    """A whole case, five case days a second, in which everybody answers at once."""
    opening = await office.report(speed=speed, **charge)
    case = await office.client.start_workflow(
        "sfo-case", opening, id=ids.case_id(opening.reference), task_queue=ids.CASEWORK_QUEUE
    )
    answering = asyncio.create_task(People(office, opening.reference, lines or {}).run())
    try:
        yield opening, case
    finally:
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)


def offence(code: str) -> dict[str, Any]:
    return {"code": code, "offence_on": str(datetime.now(UTC).date() - timedelta(days=8)), "victim_age": 34}


def amended(code: str) -> AmendedCharge:
    today = datetime.now(UTC).date()
    return AmendedCharge(
        amended_on=today, offences=(OffenceRef(code=code, offence_on=today - timedelta(days=8), victim_age=34),)
    )


async def opened(office: Office, opening: CaseOpening, gate: str) -> dict[str, Any]:
    """The gate's row as soon as it stands in the record, open or answered."""
    rows = await office.until(
        lambda: office.record.rows("SELECT * FROM gates WHERE gate = $1", f"{opening.reference}/{gate}")
    )
    row: dict[str, Any] = rows[0]
    return row


async def end_of(office: Office, opening: CaseOpening, part: str) -> dict[str, Any]:
    """How a stage ended, once it has been started and has ended."""
    handle = office.client.get_workflow_handle(f"{ids.case_id(opening.reference)}/{part}")
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                end: dict[str, Any] = await handle.result()
                return end
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
                await asyncio.sleep(0.02)


async def test_an_unlisted_offence_is_asked_about_and_reviewed_in_the_public_interest(office: Office) -> None:
    lines = {
        "offence_class": [Line("not_sfo")],
        "public_interest": [Line("review", reasons="Invented reason.")],
        "commission": [SILENT],
    }
    charge: dict[str, Any] = {"offences": [offence(UNLISTED)], "public_interest": "Invented proposal."}
    async with running(office, lines, **charge) as (opening, _):
        await opened(office, opening, "review/commission")
        assert (await end_of(office, opening, "charge"))["ground"] == "public_interest"


async def test_an_offence_that_is_not_an_sfo_closes_unreviewed(office: Office) -> None:
    lines = {"offence_class": [Line("not_sfo")]}
    async with running(office, lines, offences=[offence(UNLISTED)]) as (_, case):
        assert (await asyncio.wait_for(case.result(), PATIENCE))["outcome"] == "not_reviewed"


async def test_risk_not_recorded_is_asked_and_never_assessed_is_reviewed(office: Office) -> None:
    lines = {"rosh": [Line("never_assessed")], "commission": [SILENT]}
    charge: dict[str, Any] = {"rosh_highest": "not_recorded", "offences": [offence(KIDNAPPING)]}
    async with running(office, lines, **charge) as (opening, _):
        await opened(office, opening, "review/commission")
        assert (await end_of(office, opening, "charge"))["ground"] == "not_assessed"


async def test_an_amendment_takes_the_place_of_a_charge_that_is_still_asked_about(office: Office) -> None:
    lines = {"rosh": [SILENT], "commission": [SILENT]}
    charge: dict[str, Any] = {"rosh_highest": "not_recorded", "offences": [offence(KIDNAPPING)]}
    async with running(office, lines, **charge) as (opening, case):
        await opened(office, opening, "charge/rosh")
        await case.signal("amend_charge", amended(MURDER))
        assert (await end_of(office, opening, "charge"))["outcome"] == "withdrawn"
        assert (await end_of(office, opening, "charge-2"))["ground"] == "always_reviewed"
        await opened(office, opening, "review/commission")


async def test_a_review_that_a_reduced_charge_stopped_begins_anew_on_an_upgrade(office: Office) -> None:
    # Nobody is interviewed before the review is stopped: who was is not invited a second time.
    lines = {"reduced_charge": [Line("stops", reasons="Invented reason.")], "draft": [SILENT], "interview": [SILENT]}
    async with running(office, lines, rosh_highest="low") as (opening, case):
        await opened(office, opening, "review/draft")
        await case.signal("amend_charge", amended(KIDNAPPING))
        assert (await end_of(office, opening, "review"))["outcome"] == "withdrawn"
        await case.signal("amend_charge", amended(MURDER))
        await opened(office, opening, "review-2/commission")
        await opened(office, opening, "review-2/interview:s1")
        await opened(office, opening, "review-2/draft")
        told = await office.record.value(
            "SELECT count(*) FROM outbox WHERE reference = $1 AND letter = 'review_stopped'", opening.reference
        )
        assert told == len(opening.staff)


async def test_a_verdict_reported_first_implies_the_appearance(office: Office) -> None:
    lines = {"notification": [SILENT], "tell_family": [SILENT]}
    async with running(office, lines, first_appearance_on=None) as (opening, case):
        await case.signal("court_event", CourtEvent(kind=CourtEventKind.CONVICTED, on=datetime.now(UTC).date()))
        await opened(office, opening, "notification/notification")
        await opened(office, opening, "victim-disclosure/tell_family:v1")


async def test_discontinued_before_the_court_appearance_closes_the_case(office: Office) -> None:
    async with running(office, first_appearance_on=None) as (_, case):
        await case.signal("court_event", CourtEvent(kind=CourtEventKind.DISCONTINUED, on=datetime.now(UTC).date()))
        assert (await asyncio.wait_for(case.result(), PATIENCE))["outcome"] == "not_reviewed"


async def test_a_terminated_stage_goes_on_where_the_record_says_it_was(office: Office) -> None:
    """Commissioned and told, then terminated: the same questions stand, nobody is asked or told twice."""
    async with running(office, {"draft": [SILENT], "interview": [SILENT]}) as (opening, _):
        for gate in ("draft", "interview:s1", "interview:s2"):
            await opened(office, opening, f"review/{gate}")
        letters = """SELECT count(*) FROM outbox WHERE reference = $1
            AND (letter = 'asked' AND gate LIKE '%/review/%' OR letter = 'review_under_way')"""
        before = await office.record.value(letters, opening.reference)
        review = office.client.get_workflow_handle(f"{ids.case_id(opening.reference)}/review")
        first = (await review.describe()).run_id
        await review.terminate("drill")
        await office.until(lambda: is_another_run(review, first))
        decision = await office.answer(
            review, f"{opening.reference}/review/interview:s1", "not_possible", {}, "Invented."
        )
        assert (await office.receipt(review, decision))["applied"]
        assert await office.record.value(letters, opening.reference) == before


async def is_another_run(handle: WorkflowHandle[Any, Any], first: str) -> bool:
    described = await handle.describe()
    return described.run_id != first


async def test_a_stage_cancelled_by_hand_is_begun_anew(office: Office) -> None:
    """A cancelled notification is not a sent one."""
    async with running(office, {"notification": [SILENT]}) as (opening, _):
        await opened(office, opening, "notification/notification")
        await office.client.get_workflow_handle(f"{ids.case_id(opening.reference)}/notification").cancel()
        await opened(office, opening, "notification-2/notification")
        states = await office.record.rows(
            "SELECT gate, state FROM gates WHERE reference = $1 AND question = 'notification'", opening.reference
        )
        assert {str(s["gate"]).split("/")[1]: s["state"] for s in states} == {
            "notification": "withdrawn",
            "notification-2": "open",
        }
        assert (
            await office.record.value("SELECT notified_on FROM cases WHERE reference = $1", opening.reference) is None
        )


async def test_two_amendments_count_in_the_order_in_which_they_came(office: Office) -> None:
    async with running(office, {"commission": [SILENT], "reduced_charge": [SILENT]}) as (opening, case):
        await opened(office, opening, "review/commission")
        for n, code in enumerate((KIDNAPPING, MURDER), start=1):
            await case.signal("amend_charge", amended(code).model_copy(update={"event": f"amendment-{n}"}))
        await end_of(office, opening, "charge-3")
        codes = await office.record.rows(
            "SELECT code FROM offences WHERE reference = $1 AND round > 1 ORDER BY round", opening.reference
        )
        assert [row["code"] for row in codes] == [KIDNAPPING, MURDER]


async def test_a_charge_reduced_after_conviction_leaves_nothing_hanging(office: Office) -> None:
    lines = {"reduced_charge": [Line("stops", reasons="Invented reason.")], "draft": [SILENT]}
    async with running(office, lines, rosh_highest="low") as (opening, case):
        await opened(office, opening, "review/draft")
        await case.signal("court_event", CourtEvent(kind=CourtEventKind.CONVICTED, on=datetime.now(UTC).date()))
        await opened(office, opening, "victim-disclosure/offer:v1")
        await case.signal("amend_charge", amended(KIDNAPPING))
        assert (await asyncio.wait_for(case.result(), PATIENCE))["outcome"] == "withdrawn"


async def test_a_case_that_is_reset_still_stops_its_running_review(office: Office) -> None:
    async with running(office, {"draft": [SILENT]}) as (opening, case):
        await opened(office, opening, "review/draft")
        history = await case.fetch_history()
        first = next(e for e in history.events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
        await office.client.workflow_service.reset_workflow_execution(
            ResetWorkflowExecutionRequest(
                namespace=office.client.namespace,
                workflow_execution=WorkflowExecution(workflow_id=case.id),
                reason="drill",
                request_id="drill",
                workflow_task_finish_event_id=first.event_id,
            )
        )
        again = office.client.get_workflow_handle(case.id)
        await office.until(lambda: runs(again, "review"))
        await again.signal("court_event", CourtEvent(kind=CourtEventKind.DISCONTINUED, on=datetime.now(UTC).date()))
        assert (await end_of(office, opening, "review"))["outcome"] == "withdrawn"


async def runs(case: WorkflowHandle[Any, Any], stage: str) -> bool:
    status = await case.query("status")
    return stage in status["stages_open"]


async def test_letters_that_nobody_takes_climb_once_and_end(office: Office) -> None:
    """Every address is refused for good: the ladder is used up, the national team is asked once, and that is all."""
    async with running(office, {"notification": [SILENT], "early_look": [SILENT]}, speed=1) as (opening, _):
        gate = f"{opening.reference}/notification/notification"
        await opened(office, opening, "notification/notification")
        handle = office.client.get_workflow_handle(ids.workflow_of_gate(gate))
        for _ in range(12):
            await handle.signal("undeliverable", {"gate": gate})
            await asyncio.sleep(0.2)
        raised = await office.until(
            lambda: office.record.rows(
                "SELECT kind, about FROM escalations WHERE reference = $1 ORDER BY kind", opening.reference
            )
        )
        assert [(r["kind"], r["about"]) for r in raised] == [("other", gate), ("overdue", gate)]
        letters = await office.record.value("SELECT count(*) FROM outbox WHERE gate = $1", gate)
        assert isinstance(letters, int)
        assert letters <= 5


async def test_a_concern_typed_by_hand_is_one_escalation_and_can_be_resolved_by_hand(office: Office) -> None:
    lines = {"notification": [SILENT], "early_look": [SILENT], "acknowledge": [SILENT], "resolve": [SILENT]}
    async with running(office, lines, speed=1) as (opening, case):
        await case.signal("raise_concern", {"kind": "other", "reason": "system_failure"})
        stem = f"{opening.reference}/escalation/other-1"
        await opened(office, opening, "escalation/other-1/acknowledge:other-1")
        handle = office.client.get_workflow_handle(f"sfo/{stem}")
        typed = {"reason": "asked_by_phone"}
        await handle.signal("acknowledge", {"gate": f"{stem}/acknowledge:other-1", "answer": "acknowledged", **typed})
        await opened(office, opening, "escalation/other-1/resolve:other-1")
        await handle.signal("resolve", {"gate": f"{stem}/resolve:other-1", "answer": "release", **typed})
        assert (await end_of(office, opening, "escalation/other-1"))["resolution"] == "release"
        state = await office.record.value("SELECT state FROM escalations WHERE reference = $1", opening.reference)
        assert state == "resolved"


async def test_disclosure_that_the_national_team_stopped_gives_nothing(office: Office) -> None:
    """The concern is raised and resolved long before the conviction; disclosure still obeys it."""
    lines = {"resolve": [Line("stop", reasons="Invented reason.")], "draft": [SILENT]}
    async with running(office, lines) as (opening, case):
        await opened(office, opening, "notification/notification")
        await case.signal("raise_concern", RaisedConcern(kind=EscalationKind.STAFF_SAFETY))
        await end_of(office, opening, "escalation/staff_safety-1")
        await case.signal("court_event", CourtEvent(kind=CourtEventKind.CONVICTED, on=datetime.now(UTC).date()))
        assert (await end_of(office, opening, "victim-disclosure"))["outcome"] == "not_disclosed"
        asked = await office.record.rows(
            "SELECT gate FROM gates WHERE reference = $1 AND question IN ('redactions', 'release', 'handover')",
            opening.reference,
        )
        assert asked == []


async def test_a_case_closes_although_disclosure_was_stopped_before_a_family_was_told(office: Office) -> None:
    """What they were owed is closed by that decision, whether the conviction comes before it or after it."""
    async with running(office, {"resolve": [Line("stop", reasons="Invented reason.")]}) as (opening, case):
        await opened(office, opening, "notification/notification")
        await case.signal("raise_concern", RaisedConcern(kind=EscalationKind.STAFF_SAFETY))
        await end_of(office, opening, "escalation/staff_safety-1")
        await case.signal("court_event", CourtEvent(kind=CourtEventKind.CONVICTED, on=datetime.now(UTC).date()))
        async with asyncio.timeout(PATIENCE):
            assert (await case.result())["outcome"] == "completed"
        asked = await office.record.value(
            "SELECT count(*) FROM gates WHERE reference = $1 AND stage = 'victim-disclosure'", opening.reference
        )
        assert asked == 0


async def test_a_freedom_of_information_request_runs_from_the_day_it_was_received(office: Office) -> None:
    lines = {"notification": [SILENT], "enquiry_foi": [SILENT]}
    async with running(office, lines, speed=1) as (opening, case):
        received = date(2026, 11, 16)
        await case.signal("enquiry", RaisedEnquiry(kind=EnquiryKind.FOI, received_on=received))
        gate = await opened(office, opening, "enquiry/1/enquiry_foi:1")
        assert gate["due_on"] == add_working_days(received, 20, {date(2026, 12, 25), date(2026, 12, 28)})
        assert gate["role"] == "national_team"


async def test_told_at_a_conviction_before_the_review_exists_nobody_is_asked_twice(office: Office) -> None:
    """Reported twice; nothing needs redacting, once a second person agrees."""
    lines = {
        "redactions": [Line("none_needed", {"summary": "Invented summary."}, "Invented reason.")],
        "redaction_decision": [Line("again", reasons="Invented reason."), Line("agreed")],
    }
    async with running(office, lines) as (opening, case):
        await opened(office, opening, "notification/notification")
        for _ in range(2):
            await case.signal("court_event", CourtEvent(kind=CourtEventKind.CONVICTED, on=datetime.now(UTC).date()))
        async with asyncio.timeout(PATIENCE):
            assert (await case.result())["outcome"] == "completed"
        times = await office.record.rows(
            """SELECT question || ':' || subject AS about, count(*) AS times FROM gates
               WHERE reference = $1 AND stage = 'victim-disclosure' GROUP BY 1 HAVING count(*) > 1 ORDER BY 1""",
            opening.reference,
        )
        version = await office.record.value(
            "SELECT accepted_version FROM cases WHERE reference = $1", opening.reference
        )
        assert times == [{"about": f"{question}:v{version}", "times": 2} for question in lines][::-1]
