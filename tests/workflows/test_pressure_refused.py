"""Reviews under pressure: those who may not, silence, one person in two roles."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowHandle

from starter.script import SILENT
from tests.workflows.conftest import Office
from tests.workflows.reviewing import (
    COUNTERSIGNER,
    REVIEWER,
    commissioned,
    drafted,
)
from tests.workflows.test_case import opened, running
from tests.workflows.test_pressure import HEAD_OF_PDU, refused, written_up
from tests.workflows.test_pressure import strict_rules as strict_rules  # the fixture
from workflows.contract import ids
from workflows.contract.messages import (
    CareBrief,
    CaseOpening,
    ReassignSignal,
    ReplaceSignal,
)
from workflows.contract.vocabulary import ReasonCode, Role, Stage

# --- those who may not ----------------------------------------------------------------------------------


async def standing(office: Office, gate: str) -> dict[str, Any]:
    """Whom the question is asked of, and whose links to it live."""
    row = await office.gate(gate)
    links = await office.record.rows(
        "SELECT email FROM links WHERE gate = $1 AND revoked_at IS NULL ORDER BY email", gate
    )
    return {"asked": row["person_key"], "role": row["role"], "links": [link["email"] for link in links]}


@pytest.mark.parametrize(
    ("to", "code"),
    [("n53lei.head", "in_the_line"), ("s1", "in_the_line"), ("n53.countersigner.1", "is_the_countersigner")],
    ids=["head of the unit", "practitioner", "countersigner"],
)
async def test_a_draft_is_never_reassigned_to_somebody_who_is_not_independent(
    office: Office, caplog: pytest.LogCaptureFixture, to: str, code: str
) -> None:
    opening, review = await written_up(office)
    draft = f"{opening.reference}/review/draft"
    before = await standing(office, draft)
    assert before == {"asked": "n53.reviewer.1", "role": "reviewing_manager", "links": [REVIEWER]}
    await review.signal("reassign", ReassignSignal(gate=draft, to=to, reason=ReasonCode.ABSENCE))
    await refused(office, caplog, "reassign", code)
    assert await standing(office, draft) == before
    await drafted(office, opening, review)  # whoever was asked answers as ever


NOT_THEIRS = (
    (Role.COUNTERSIGNING_MANAGER, "n53.reviewer.1", "is_the_author"),
    (Role.COUNTERSIGNING_MANAGER, "n53lei.head", "in_the_line"),
    (Role.REVIEWING_MANAGER, "n53.director", "in_the_line"),
    (Role.REVIEWING_MANAGER, "n53.countersigner.1", "is_the_countersigner"),
    (Role.REVIEWING_MANAGER, "n53.nobody", "unknown_person"),
)


async def test_neither_the_author_nor_the_line_gets_the_countersignature_or_the_review(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(office, {"countersign": [SILENT]}) as (opening, case):
        gate = f"{opening.reference}/countersign/countersign:v1"
        await opened(office, opening, "countersign/countersign:v1")
        before, appointed = await standing(office, gate), await appointments(office, opening)
        assert before["links"] == [COUNTERSIGNER]
        for number, (role, to, code) in enumerate(NOT_THEIRS, start=1):
            await replace(case, role, to)
            await refused(office, caplog, "replace_manager", code)
            assert (await case.query("status"))["dead_letters"] == number
        stage = office.client.get_workflow_handle(ids.workflow_of_gate(gate))
        await stage.signal("reassign", ReassignSignal(gate=gate, to="n53.reviewer.1", reason=ReasonCode.ABSENCE))
        await refused(office, caplog, "reassign", "is_the_author")
        assert await standing(office, gate) == before
        assert await appointments(office, opening) == appointed

        # Whoever handed the review over is its author still; somebody independent takes the countersignature.
        await replace(case, Role.REVIEWING_MANAGER, "n53.reviewer.2")
        await replace(case, Role.COUNTERSIGNING_MANAGER, "n53.reviewer.1")
        await refused(office, caplog, "replace_manager", "is_the_author")
        await replace(case, Role.COUNTERSIGNING_MANAGER, "n53.countersigner.2")
        await office.until(lambda: is_asked(office, gate, "n53.countersigner.2"))
        assert await appointments(office, opening) == {
            "reviewing_manager": "n53.reviewer.2",
            "countersigning_manager": "n53.countersigner.2",
        }
        assert (await case.query("status"))["dead_letters"] == len(NOT_THEIRS) + 1


async def replace(case: WorkflowHandle[Any, Any], role: Role, to: str) -> None:
    await case.signal("replace_manager", ReplaceSignal(role=role, to=to, reason=ReasonCode.ILLNESS))


async def is_asked(office: Office, gate: str, key: str) -> bool:
    return bool((await standing(office, gate))["asked"] == key)


async def appointments(office: Office, opening: CaseOpening) -> dict[str, str]:
    rows = await office.record.rows("SELECT * FROM appointments WHERE reference = $1", opening.reference)
    return {str(row["role"]): str(row["person_key"]) for row in rows}


# --- silence --------------------------------------------------------------------------------------------


async def test_each_silence_that_has_a_meaning_lets_the_work_go_on(office: Office) -> None:
    """The interviewee, the Head of PDU and the person fed back to never answer; every other silence is chased."""
    one = [{"role": "practitioner", "name": "Invented One", "email": "one@invented.example.test"}]
    opening, review = await commissioned(office, roster=one)
    stem = f"{opening.reference}/review"
    times = [{"on": str(office.now(review).date() + timedelta(days=n)), "at": "10:30", "place": "Invented House"}
             for n in (12, 14)]  # fmt: skip
    await office.answer(review, f"{stem}/invite:s1", "invited", {"times": times})
    await lapsed(office, review, f"{stem}/invitation:s1")
    interview = await office.gate(f"{stem}/interview:s1")
    assert dict(interview["page"]["facts"])["Time"].endswith("10:30, Invented House")
    chosen = await office.record.rows("SELECT reply, chosen FROM interviews WHERE reference = $1", opening.reference)
    assert chosen == [{"reply": "lapsed", "chosen": 1}]

    await office.answer(review, f"{stem}/interview:s1", "not_possible", reasons="Invented reason.")
    await drafted(office, opening, review)
    await lapsed(office, review, f"{stem}/facts:v1")
    offered = await office.record.rows(
        "SELECT version, comments FROM factual_comments WHERE reference = $1", opening.reference
    )
    assert offered == [{"version": 1, "comments": None}]
    await office.answer(review, f"{stem}/submit:v1", "submitted", {"facts_satisfied": "yes"})
    assert (await review.result())["outcome"] == "submitted"

    telling = await office.start(opening, Stage.STAFF_FEEDBACK)
    stem = f"{opening.reference}/staff-feedback"
    given = {"given_on": str(office.now(telling).date()), "learning": "Invented."}
    await office.answer(telling, f"{stem}/give_feedback:s1", "given", given)
    await lapsed(office, telling, f"{stem}/feedback:s1")
    assert (await telling.result())["outcome"] == "fed_back"
    duty = "SELECT state FROM duties WHERE reference = $1 AND kind = 'fed_back'"
    assert await office.record.value(duty, opening.reference) == "closed"


async def lapsed(office: Office, handle: WorkflowHandle[Any, Any], gate: str) -> None:
    """Nobody answers: an hour before the end the question stands, an hour after it does not."""
    due_at = (await office.gate(gate))["due_at"]
    await office.skip_to(handle, due_at - timedelta(hours=1))
    assert await office.record.value("SELECT state FROM gates WHERE gate = $1", gate) == "open"
    await office.skip_to(handle, due_at + timedelta(hours=1))

    async def has_lapsed() -> bool:
        return await office.record.value("SELECT state FROM gates WHERE gate = $1", gate) == "lapsed"

    await office.until(has_lapsed)


# --- one person in two roles ----------------------------------------------------------------------------


async def test_one_person_in_two_roles_is_one_person_who_does_not_look_after_themselves(office: Office) -> None:
    """The head of the delivery unit was the line manager of the case too, and a practitioner is named twice."""
    ash = {"name": "Invented Ash", "email": "ash@invented.example.test"}
    roster = [
        {"role": "practitioner", **ash},
        {"role": "line_manager", "name": "Invented Head", "email": HEAD_OF_PDU},
        {"role": "head_of_pdu", "name": "Invented Head", "email": HEAD_OF_PDU.upper()},
        {"role": "other", "name": ash["name"], "email": "Ash@Invented.Example.Test"},
    ]
    opening, _ = await commissioned(office, roster=roster)
    assert [(member.ref, member.role) for member in opening.staff] == [
        ("s1", Role.PRACTITIONER),
        ("s2", Role.LINE_MANAGER),
    ]
    stem = f"{opening.reference}/review"
    for member in ("s1", "s2"):
        await office.gate(f"{stem}/invite:{member}")
    for email in (ash["email"], HEAD_OF_PDU):
        assert len(office.letters(email, "review is under way")) == 1
    invites = "SELECT count(*) FROM gates WHERE reference = $1 AND question = 'invite'"
    assert await office.record.value(invites, opening.reference) == 2

    care = await cared_for(office, opening)
    by_line_manager = await office.gate(f"{opening.reference}/staff-care/welfare:line_manager")
    by_head = await office.gate(f"{opening.reference}/staff-care/welfare:head_of_pdu")
    assert by_line_manager["person_email"] == HEAD_OF_PDU
    assert [row["member"] for row in by_line_manager["page"]["contacts"]] == ["s1"]
    assert [row["member"] for row in by_head["page"]["contacts"]] == ["s2"]
    assert by_head["person_key"] == "n53lei.head.deputy"  # the head of the unit is whom it is about
    await care.cancel()


async def cared_for(office: Office, opening: CaseOpening) -> WorkflowHandle[Any, Any]:
    brief = CareBrief(
        staff=opening.staff,
        **opening.model_dump(include={"reference", "clock", "region", "pdu"}),
        ground="always_reviewed",
        rulebook="2026-04-01",
    )
    return await office.client.start_workflow(
        ids.STAFF_CARE, brief, id=f"{ids.case_id(opening.reference)}/{ids.STAFF_CARE}", task_queue=ids.CASEWORK_QUEUE
    )
