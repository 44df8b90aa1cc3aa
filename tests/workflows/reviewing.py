"""A review on the real server, carried step by step as its people would; times are the workflow's own."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from temporalio.client import WorkflowHandle

from tests.workflows.conftest import Office
from workflows.contract.messages import CaseOpening
from workflows.contract.vocabulary import Stage

REVIEWER, LEAD, DIRECTOR = "reviewer.one@n53.example.test", "senior.lead@n53.example.test", "director@n53.example.test"
COUNTERSIGNER = "countersigner.one@n53.example.test"
APPOINT = {"reviewer": "n53.reviewer.1", "countersigner": "n53.countersigner.1"}
INTERVIEWED = ("s1", "s2")
Review = WorkflowHandle[Any, Any]


def a_draft(today: date) -> dict[str, Any]:
    """An invented draft with every part that a submission needs."""
    finding = {"kind": "deficiency", "level": "team", "theme": "handover", "text": "Invented.", "reasons": "Invented."}
    action = {
        "finding": "1", "what": "Invented action.", "owner": "n53lei.head", "due_on": str(today + timedelta(days=200)),
        "improvement": "Invented.",
    }  # fmt: skip
    return {
        "sources": [{"what": "Invented."}],
        "chronology": [{"on": str(today - timedelta(days=60)), "what": "Invented."}],
        "analysis": "Invented.",
        "findings": [finding],
        "judgement": "partly",
        "judgement_reasons": "Invented.",
        "learning": "Invented.",
        "actions": [action],
    }


async def commissioned(office: Office, **charge: Any) -> tuple[CaseOpening, Review]:
    """A review with its two managers; everybody in the case has been told."""
    opening = await office.report(**charge)
    review = await office.start(opening, Stage.REVIEW)
    await office.answer(review, f"{opening.reference}/review/commission", "appoint", APPOINT)
    return opening, review


async def invited(office: Office, opening: CaseOpening, review: Review, member: str, ask: str = "") -> None:
    """One member of staff is invited, and a time is agreed."""
    stem = f"{opening.reference}/review"
    on = office.now(review).date() + timedelta(days=12)
    times = [{"on": str(on), "at": "10:30", "place": "Invented House"}]
    await office.answer(review, f"{stem}/invite:{member}{ask}", "invited", {"times": times})
    await office.answer(review, f"{stem}/invitation:{member}{ask}", "accepted", {"time": "1"})
    await office.gate(f"{stem}/interview:{member}{ask}")


async def held(office: Office, opening: CaseOpening, review: Review, member: str, ask: str = "") -> None:
    """The interview is recorded as held on the day that the workflow's clock shows."""
    fields = {"held_on": str(office.now(review).date()), "workload_asked": "yes", "support_offered": "yes"}
    gate = f"{opening.reference}/review/interview:{member}{ask}"
    decided = await office.answer(review, gate, "held", fields)
    assert (await office.receipt(review, decided))["applied"]


async def interviewed(office: Office, **charge: Any) -> tuple[CaseOpening, Review]:
    """A review whose staff have been interviewed; the draft is awaited until the date."""
    opening, review = await commissioned(office, **charge)
    for member in INTERVIEWED:
        await invited(office, opening, review, member)
    await office.skip(review, timedelta(days=15))
    for member in INTERVIEWED:
        await held(office, opening, review, member)
    return opening, review


async def drafted(office: Office, opening: CaseOpening, review: Review, version: int = 1, ask: str = "") -> None:
    """The next version stands in the record, and its facts are being asked about."""
    await office.answer(
        review, f"{opening.reference}/review/draft{ask}", "draft_ready", a_draft(datetime.now(UTC).date())
    )
    await office.gate(f"{opening.reference}/review/facts:v{version}")


async def moved(office: Office, gate: str, on: date) -> dict[str, Any] | None:
    """The gate's row once it stands at this date."""
    rows = await office.record.rows("SELECT * FROM gates WHERE gate = $1 AND due_on = $2", gate, on)
    return rows[0] if rows else None
