"""Invented reviews in a real record: commissioned, written, commented on, submitted, rated."""

from typing import Any

from tests.builders import ACase, a_case
from tests.conftest import MailServer, Record
from workflows.contract.messages import Settled
from workflows.policy.quality import is_hmip_sample

HMIP_SHARE = 0.2  # of the rulebook that the tests use

DRAFT: dict[str, Any] = {
    "sources": [{"what": "Records of supervision"}],
    "chronology": [{"on": "2026-02-02", "what": "The first appointment was kept.", "source": "Records"}],
    "analysis": "Contact was weekly. The neighbour reported shouting. Contact went on.",
    "findings": [
        {
            "kind": "deficiency",
            "level": "team",
            "theme": "information",
            "text": "The neighbour reported shouting.",
            "reasons": "Load",
        },
        {"kind": "strength", "level": "", "text": "Contact was kept.", "reasons": ""},
    ],
    "judgement": "partly",
    "judgement_reasons": "A report was not acted on.",
    "learning": "Listen",
    "actions": [
        {"finding": "1", "what": "Brief the team", "owner": "s2", "due_on": "2027-03-01",
         "improvement": "Reports are acted on"},
        {"finding": "1", "what": "Audit records", "owner": "n53.sfo_team", "due_on": "2027-04-01",
         "improvement": "Gaps are seen"},
    ],
}  # fmt: skip
COMMENTS = [
    {"paragraph": "analysis-1", "comment": "Contact was fortnightly."},
    {"paragraph": "findings-1", "comment": "The report came from a relative."},
]
ANSWERS = [
    {"number": "1", "accepted": "yes", "answer": ""},
    {"number": "2", "accepted": "no", "answer": "The record names the neighbour."},
]


async def commissioned(record: Record, mail_server: MailServer, **more: Any) -> ACase:
    case = await a_case(record.pool, mail_server, **more)
    settled = await case.answer("commission", "appoint", reviewer="n53.reviewer.1", countersigner="n53.countersigner.1")
    assert settled.decision is not None
    return case


async def write(case: ACase, stage: str = "review", ask: int = 1, **changed: Any) -> str:
    """Write the next version and return its number."""
    settled = await case.answer("draft", "draft_ready", stage=stage, ask=ask, **{**DRAFT, **changed})
    assert settled.decision is not None, settled.refused
    return settled.decision.facts["version"]


async def drafted(record: Record, mail_server: MailServer, **changed: Any) -> ACase:
    case = await commissioned(record, mail_server)
    assert await write(case, **changed) == "1"
    return case


async def submit(case: ACase, version: str, stage: str = "review", ask: int = 1) -> Settled:
    return await case.answer("submit", "submitted", f"v{version}", stage=stage, ask=ask, facts_satisfied="yes")


async def submitted(case: ACase, version: str, stage: str = "review") -> None:
    """The facts are offered without a comment, and the version is submitted."""
    await case.answer("facts", "no_comments", f"v{version}", stage=stage)
    assert (await submit(case, version, stage)).decision is not None


def rated_by(case: ACase) -> str:
    return "hmip" if is_hmip_sample(case.reference, HMIP_SHARE) else "national_team"


async def rate(
    case: ACase, composite: str, version: str = "1", stage: str = "quality-assurance", **more: Any
) -> Settled:
    standards = dict.fromkeys(("analysis_of_practice", "overall_judgements", "learning", "victims"), "good")
    fields = {**standards, "rated_by": rated_by(case), "composite": composite, **more}
    return await case.answer("quality", "rated", f"v{version}", stage=stage, reasons="Clear", **fields)


async def accepted(record: Record, mail_server: MailServer) -> ACase:
    case = await drafted(record, mail_server)
    settled = await rate(case, "good")
    assert settled.decision is not None
    assert settled.decision.facts["accepted"] == "yes"
    assert settled.decision.refs == {"actions": ("a1", "a2")}
    return case


async def page_of(case: ACase, gate: str) -> dict[str, Any]:
    page: dict[str, Any] = await case.pool.fetchval("SELECT page FROM gates WHERE gate = $1", gate)
    return page


async def facts_on(case: ACase, gate: str) -> dict[str, str]:
    """The facts of a page by label; the last one where a label comes again."""
    return dict((await page_of(case, gate))["facts"])
