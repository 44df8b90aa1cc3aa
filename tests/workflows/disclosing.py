"""Disclosure on the real server: a case whose review is accepted, as the record holds it, and what people are asked.

Everything is real but two things: the case begins where the record says, like one that is opened again, and files are
made in one format.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from temporalio.client import WorkflowHandle

from activities.record import fingerprint
from starter.script import Line
from tests.workflows.conftest import Office
from tests.workflows.people import People
from tests.workflows.reviewing import a_draft
from tests.workflows.test_case import is_another_run
from workflows.contract import ids
from workflows.contract.messages import (
    CaseNews,
    CaseOpening,
    ChargeReading,
    CourtEvent,
    CourtRecord,
    RenditionRequest,
    StageEnd,
    StageRecord,
)
from workflows.contract.vocabulary import CourtEventKind, Outcome, Stage

Handle = WorkflowHandle[Any, Any]
LONGEST = 30.0
DISCLOSURE, AGAIN = "victim-disclosure", "victim-disclosure-2"
CONCERN = "escalation/staff_safety-1"
REASON = "Invented reason."
EXCEPTIONAL = Line("exceptional", reasons=REASON)
ROSTER = [
    {"role": "practitioner", "name": "Invented Practitioner Ash", "email": "ash@invented.example.test"},
    {"role": "head_of_pdu", "name": "Invented Head Ash", "email": "head.ash@invented.example.test"},
]
PLAIN: dict[str, list[Line]] = {
    "redactions": [Line("none_needed", {"summary": "Invented summary."}, "Invented reason.")],
    "redaction_decision": [Line("agreed")],
}
TOLD = {"referred_on": "now", "told_on": "now"}
WANTS = {**TOLD, "answer": "accepted", "wish": "copy"}


# --- what the record holds before a test begins ---------------------------------------------------------


async def recorded(office: Office, number: int = 1, *, version: int | None = 1, **charge: Any) -> CaseOpening:
    """A case with so many families before any verdict; `version` is the review that was accepted, if one was."""
    victims = [
        {"name": f"Invented Family {n}", "liaison_officer_email": f"liaison.{n}@invented.example.test"}
        for n in range(1, number + 1)
    ]
    opening = await office.report(victims=victims, **{"roster": ROSTER, **charge})
    reference, at = opening.reference, datetime.now(UTC)
    judged = await office.casework.judge_charge(ChargeReading(reference=reference, round=1, at=at))
    end = StageEnd(outcome=Outcome.REVIEWED, ground=judged.ground, rulebook=judged.rulebook)
    charged = StageRecord(reference=reference, stage="charge", outcome=end.outcome, at=at, end=end)
    await office.casework.end_stage(charged)
    await office.record.pool.execute(
        """INSERT INTO appointments (reference, role, person_key, name, email, at)
           SELECT $1, r || 'ing_manager', 'n53.' || r || 'er.1', 'Invented', r || 'er.one@n53.example.test', now()
           FROM unnest(ARRAY['review', 'countersign']) r""",
        reference,
    )
    if version is not None:
        await accepted(office, opening, version)
    return opening.model_copy(update={"reopened": True})


async def accepted(office: Office, opening: CaseOpening, version: int, **changed: Any) -> None:
    """This version of the review stands in the record, accepted."""
    content = a_draft(datetime.now(UTC).date()) | changed
    await office.record.pool.execute(
        """INSERT INTO documents (reference, kind, version, content, sha256, at)
           VALUES ($1, 'review', $2, $3, $4, now())""",
        opening.reference, version, content, fingerprint(content),
    )  # fmt: skip
    await office.record.pool.execute(
        "UPDATE cases SET accepted_version = $2 WHERE reference = $1", opening.reference, version
    )


async def convicted(office: Office, opening: CaseOpening, kind: CourtEventKind = CourtEventKind.CONVICTED) -> None:
    """The court has convicted, or done otherwise, on the record; what the review owed to staff is done."""
    reference, at = opening.reference, datetime.now(UTC)
    verdict = CourtRecord(reference=reference, at=at, event=f"{reference}/{kind}", kind=kind, on=at.date())
    await office.casework.record_court_event(verdict)
    await office.record.pool.execute(
        "UPDATE duties SET state = 'met' WHERE reference = $1 AND kind NOT LIKE 'victim%'", reference
    )


async def stands(office: Office, opening: CaseOpening, victim: str, **columns: str) -> None:
    """How a leg stands; what a family that has answered is owed stands with it."""
    today = datetime.now(UTC).date()
    for column, value in columns.items():
        await office.record.pool.execute(
            f"UPDATE victims SET {column} = $3 WHERE reference = $1 AND ref = $2",
            opening.reference, victim, today if value == "now" else value,
        )  # fmt: skip
    met = ["victim_told"] * ("told_on" in columns) + ["victim_answered"] * ("answer" in columns)
    for kind, state in [*((kind, "met") for kind in met), *([("victim_given", "owed")] if columns == WANTS else [])]:
        await office.record.pool.execute(
            """INSERT INTO duties (reference, kind, subject, state, at) VALUES ($1, $2, $3, $4, now())
               ON CONFLICT (reference, kind, subject) DO UPDATE SET state = excluded.state""",
            opening.reference, kind, victim, state,
        )  # fmt: skip


async def released(office: Office, opening: CaseOpening, *given: str, version: int = 1) -> None:
    """The rendition of this version was released when disclosure ran for the first time; these families have it."""
    reference, at, decision = opening.reference, datetime.now(UTC), uuid4()
    request = RenditionRequest(reference=reference, version=version, at=at)
    rendition = await office.casework.prepare_rendition(request)
    gate = f"{reference}/{DISCLOSURE}/release:r{rendition.rendition}"
    await office.record.pool.execute(
        """INSERT INTO gates (gate, reference, stage, round, question, subject, role, person_name, person_email, page,
               state, due_on, due_at, original_due_on, opened_at)
           VALUES ($1, $2, $3, 1, 'release', $4, 'regional_director', 'Invented', 'director@invented.example.test',
               '{}', 'decided', $5, $6, $5, $6)""",
        gate, reference, DISCLOSURE, f"r{rendition.rendition}", at.date(), at,
    )  # fmt: skip
    await office.record.pool.execute(
        """INSERT INTO decisions (decision, gate, answer, channel, received_at, late, applied_at)
           VALUES ($1, $2, 'released', 'link', $3, false, $3)""",
        decision, gate, at,
    )  # fmt: skip
    for victim in given:
        await stands(office, opening, victim, **WANTS)
        await office.record.pool.execute(
            "INSERT INTO releases (reference, rendition, sha256, reader, at) VALUES ($1, $2, $3, $4, $5)",
            reference, int(rendition.rendition), rendition.sha256, victim, at,
        )  # fmt: skip
        await office.record.pool.execute(
            "UPDATE duties SET state = 'met' WHERE reference = $1 AND subject = $2", reference, victim
        )


# --- running --------------------------------------------------------------------------------------------


@asynccontextmanager
async def answering(
    office: Office, opening: CaseOpening, lines: Mapping[str, list[Line]] | None = None
) -> AsyncIterator[None]:
    """Everybody answers at once; `lines` says where otherwise than usual."""
    people = asyncio.create_task(People(office, opening.reference, {**PLAIN, **(lines or {})}).run())
    try:
        yield
    finally:
        people.cancel()
        await asyncio.gather(people, return_exceptions=True)


async def the_case(office: Office, opening: CaseOpening) -> Handle:
    """The case goes on from where the record says."""
    return await office.client.start_workflow(
        "sfo-case", opening, id=ids.case_id(opening.reference), task_queue=ids.CASEWORK_QUEUE
    )


async def the_stage(office: Office, opening: CaseOpening, **more: Any) -> Handle:
    """Disclosure by itself, with a clock of its own; the test says what its case would."""
    return await office.start(opening, Stage.VICTIM_DISCLOSURE, **{"version": 1, **more})


def stage_of(office: Office, opening: CaseOpening, part: str = DISCLOSURE) -> Handle:
    return office.client.get_workflow_handle(f"{ids.case_id(opening.reference)}/{part}")


async def court(case: Handle, kind: CourtEventKind) -> None:
    await case.signal("court_event", CourtEvent(kind=kind, on=datetime.now(UTC).date(), event=f"{kind}-{uuid4()}"))


async def news(stage: Handle, **said: Any) -> None:
    await stage.signal("case_news", CaseNews(**said))


async def ended(handle: Handle) -> dict[str, Any]:
    """How the case, or the stage, ended."""
    async with asyncio.timeout(LONGEST):
        end: dict[str, Any] = await handle.result()
    return end


async def terminated(stage: Handle) -> None:
    """Ended by hand; its case begins it anew."""
    before = (await stage.describe()).run_id
    await stage.terminate("drill")
    async with asyncio.timeout(LONGEST):
        while not await is_another_run(stage, before):
            await asyncio.sleep(0.02)


# --- what was asked -------------------------------------------------------------------------------------


async def asked(office: Office, opening: CaseOpening, *questions: str, part: str | None = None) -> list[str]:
    """What was asked so far, `offer:v1#2`, in the order of the record; of these questions, in this part."""
    rows = await office.record.rows(
        """SELECT gate FROM gates WHERE reference = $1 AND (cardinality($2::text[]) = 0 OR question = ANY($2))
           AND ($3::text IS NULL OR stage = $3) AND page <> '{}' ORDER BY opened_at, length(gate), gate""",
        opening.reference, list(questions), part,
    )  # fmt: skip
    return [str(row["gate"]).rpartition("/")[2] for row in rows]


async def state_of(office: Office, opening: CaseOpening, gate: str) -> object:
    return await office.record.value("SELECT state FROM gates WHERE gate = $1", f"{opening.reference}/{gate}")


async def until_state(office: Office, opening: CaseOpening, gate: str, state: str) -> None:
    async def is_there() -> bool:
        return await state_of(office, opening, gate) == state

    await office.until(is_there)


async def open_gates(office: Office, opening: CaseOpening) -> list[str]:
    rows = await office.record.rows(
        "SELECT gate FROM gates WHERE reference = $1 AND state = 'open' ORDER BY gate", opening.reference
    )
    return [str(row["gate"]).partition("/")[2] for row in rows]


async def translated(office: Office, opening: CaseOpening, gate: str, text: str) -> None:
    """A translation of the first rendition is given back for this leg, `v2`, or once more, `v2#2`."""
    victim, _, number = gate.partition("#")
    data = f"<!doctype html><html lang='cy'><p>{text}</p></html>".encode()
    await office.record.pool.execute(
        """INSERT INTO rendition_files (reference, kind, version, language, format, bytes, sha256, given_by, at)
           VALUES ($1, 'victim_rendition', 1, $2, 'html', $3, $4, 'translator@invented.example.test', now())""",
        opening.reference, f"{victim}-{number or 1}", data, hashlib.sha256(data).hexdigest(),
    )  # fmt: skip
