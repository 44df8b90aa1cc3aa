"""Invented cases in disclosure in a real record: an accepted review, a conviction, and what their people answer."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import asyncpg
import pytest

from activities.correspondence import Correspondence
from activities.record import fingerprint
from starter.connections import Connection
from tests.activities.reviewing import DRAFT
from tests.builders import ACase, a_case
from tests.conftest import MailServer, Record
from workflows.contract.messages import (
    Closed,
    Closing,
    CourtRecord,
    Leg,
    LegsFound,
    LegsLookup,
    Rendition,
    RenditionRequest,
    Settled,
)
from workflows.contract.rendition import Audience, FileFormat
from workflows.contract.vocabulary import CourtEventKind, Outcome

STAGE = "victim-disclosure"
TEAM, LEAD, HEAD = "sfo.team@n53.example.test", "senior.lead@n53.example.test", "head.lei@n53.example.test"
SHOUTING = "The neighbour reported shouting."
SISTER = "His sister was told in confidence that he had moved."
ANALYSIS = f"""Contact was weekly. {SHOUTING} Contact went on.
The neighbour told the police in May. Nobody asked what the neighbour had seen.
{SISTER}"""
REVIEW: dict[str, Any] = {**DRAFT, "analysis": ANALYSIS, "judgement_reasons": "A report was not acted on. " * 60}
SUMMARY = "We looked at how the case was supervised.\nA report was not acted on."
ON_GROUND = {"ground": "third_party_confidence", "note": "Told in confidence, and not needed to understand it"}
REFERRED = {"referred_on": "2026-10-07", "officer_name": "Invented Officer One", "is_child": "no"}
WANTS = {"wish": "copy", "language": "en"}
HANDED = {"given_by": "n53.senior_lead", "received_by": "family", "how": "in_person"}
AFFECTED = ("s1", "s2", "s4")  # the practitioner, the line manager, another; the Head of PDU assesses


async def in_disclosure(record: Record, mail_server: MailServer, *, is_convicted: bool = True, **changed: Any) -> ACase:
    """Version 1 of the review is accepted and, unless said otherwise, the person is convicted."""
    case = await a_case(record.pool, mail_server)
    await write(case, 1, **changed)
    if is_convicted:
        await court(case, CourtEventKind.CONVICTED)
    return case


async def write(case: ACase, version: int, **changed: Any) -> None:
    """A version of the review, accepted at once."""
    content = {**REVIEW, **changed}
    await case.pool.execute(
        "INSERT INTO documents (reference, kind, version, content, sha256, author_email, at) "
        "VALUES ($1, 'review', $2, $3, $4, 'reviewer.one@n53.example.test', $5)",
        case.reference, version, content, fingerprint(content), case.at,
    )  # fmt: skip
    await case.pool.execute(
        "UPDATE cases SET accepted_version = $2, corrected_since = NULL, ground = 'always_reviewed' "
        "WHERE reference = $1",
        case.reference, version,
    )  # fmt: skip


async def court(case: ACase, kind: CourtEventKind, on: date | None = None) -> None:
    """The court does this; a day later than whatever was before."""
    case.pass_days(1)
    day = on or case.at.date()
    event = f"{case.reference}/court/{kind}-{day}"
    record = CourtRecord(reference=case.reference, at=case.at, event=event, kind=kind, on=day)
    await case.casework.record_court_event(record)


async def say(
    case: ACase, question: str, answer: str, subject: str, reasons: str | None = None, stage: str = STAGE, **fields: Any
) -> Settled:
    """Ask once more than before, and answer as the person asked."""
    ask = 1 + await times_asked(case, question, subject, stage)
    return await case.answer(question, answer, subject, stage=stage, ask=ask, reasons=reasons, **fields)


async def times_asked(case: ACase, question: str, subject: str, stage: str = STAGE) -> int:
    count: int = await case.pool.fetchval(
        "SELECT count(*) FROM gates WHERE reference = $1 AND stage = $2 AND question = $3 AND subject = $4",
        case.reference, stage, question, subject,
    )  # fmt: skip
    return count


def applied(settled: Settled) -> Settled:
    """The answer took effect."""
    assert settled.decision is not None, settled.refused
    return settled


# --- what may leave ----------------------------------------------------------------------------------


def passage(text: str, place: str = "analysis-1", **more: str) -> dict[str, str]:
    return {"place": place, "passage": text, **ON_GROUND, **more}


async def propose(case: ACase, *rows: dict[str, str], subject: str = "v1", stage: str = STAGE) -> Settled:
    """What is to be removed; nothing more, where no row is given."""
    if not rows:
        return await say(case, "redactions", "none_needed", subject, "All may be shown", stage, summary=SUMMARY)
    return await say(case, "redactions", "proposed", subject, stage=stage, summary=SUMMARY, redactions=list(rows))


async def decide_redactions(
    case: ACase, subject: str = "v1", stage: str = STAGE, refused: tuple[int, ...] = ()
) -> Settled:
    """Each passage that stands is accepted but for those refused; where none stands, that is agreed."""
    numbers = [row["number"] for row in await redactions(case, subject)]
    if not numbers:
        return await say(case, "redaction_decision", "agreed", subject, stage=stage)
    rows = [{"number": str(n), "accepted": "no" if n in refused else "yes"} for n in numbers]
    return await say(case, "redaction_decision", "decided", subject, stage=stage, decisions=rows)


async def redactions(case: ACase, subject: str = "v1") -> list[dict[str, Any]]:
    """The rows of a version for an audience, in their order."""
    rows = await case.pool.fetch(
        "SELECT * FROM redactions WHERE reference = $1 AND audience = $2 AND version = $3 ORDER BY number",
        case.reference, "public" if subject.startswith("p") else "victim", int(subject[1:]),
    )  # fmt: skip
    return [dict(row) for row in rows]


async def redact(case: ACase, *rows: dict[str, str], subject: str = "v1", stage: str = STAGE) -> None:
    """Proposed and accepted."""
    applied(await propose(case, *rows, subject=subject, stage=stage))
    applied(await decide_redactions(case, subject, stage))


async def prepare(case: ACase, version: int = 1, audience: Audience = Audience.VICTIM) -> Rendition:
    request = RenditionRequest(reference=case.reference, version=version, at=case.at, audience=audience)
    return await case.casework.prepare_rendition(request)


async def search(case: ACase, rendition: int = 1) -> Rendition:
    """The files of a rendition are searched, such as were given back since."""
    return await case.casework.search_files(RenditionRequest(reference=case.reference, version=rendition, at=case.at))


async def text_of(case: ACase, rendition: int = 1, kind: str = "victim_rendition") -> dict[str, Any]:
    content: dict[str, Any] = await case.pool.fetchval(
        "SELECT content FROM documents WHERE reference = $1 AND kind = $2 AND version = $3",
        case.reference, kind, rendition,
    )  # fmt: skip
    return content


async def assess(case: ACase, *staff: str) -> None:
    """The impact on each is manageable."""
    await case.pool.executemany(
        "INSERT INTO impacts (reference, ref, number, impact, at) VALUES ($1, $2, 1, 'manageable', $3)",
        [(case.reference, ref, case.at) for ref in staff or AFFECTED],
    )


async def release(case: ACase, rendition: int = 1) -> str | None:
    """Why it may not be released; none: it is."""
    return (await say(case, "release", "released", f"r{rendition}")).refused


async def released(record: Record, mail_server: MailServer, **changed: Any) -> ACase:
    """Rendition 1 is released, with one passage removed; the first family wants it in English."""
    case = await in_disclosure(record, mail_server, **changed)
    await redact(case, passage(SISTER, "analysis-3"))
    await wants(case, "v1")
    assert (await prepare(case)).leaks == 0
    await assess(case)
    assert await release(case) is None
    return case


def keep_it_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rendition has one file instead of three, of which each takes a second, and letters stay in the outbox."""

    async def stay(_self: Correspondence, _events: object) -> None:
        return None

    monkeypatch.setattr("activities.renditions.formats", lambda: (FileFormat.HTML,))
    monkeypatch.setattr(Correspondence, "send_waiting", stay)


async def letters_to(case: ACase, email: str) -> list[str]:
    """To whom by name the letters are that wait for this address."""
    rows = await case.pool.fetch(
        "SELECT to_name FROM outbox WHERE reference = $1 AND to_email = $2 ORDER BY recorded_at", case.reference, email
    )
    return [row["to_name"] for row in rows]


# --- the legs ----------------------------------------------------------------------------------------


async def tell(case: ACase, victim: str = "v1") -> None:
    """Referred, and told."""
    applied(await say(case, "refer", "referred", victim, **REFERRED))
    applied(await say(case, "tell_family", "told", victim, told_on="2026-10-08"))


async def wants(case: ACase, victim: str = "v1", **fields: str) -> None:
    """Referred, told, and they want it."""
    await tell(case, victim)
    applied(await say(case, "offer", "accepted", victim, **{**WANTS, **fields}))


async def hand_over(case: ACase, victim: str = "v1", **fields: str) -> str | None:
    """Why it may not be handed over; none: it was."""
    given = {**HANDED, "handed_over_on": case.at.date().isoformat(), **fields}
    return (await say(case, "handover", "handed_over", victim, **given)).refused


async def legs(case: ACase) -> LegsFound:
    return await case.casework.find_legs(LegsLookup(reference=case.reference))


async def leg(case: ACase, victim: str = "v1") -> Leg:
    return {found.victim: found for found in (await legs(case)).legs}[victim]


async def victim_row(case: ACase, victim: str = "v1") -> dict[str, Any]:
    row = await case.pool.fetchrow("SELECT * FROM victims WHERE reference = $1 AND ref = $2", case.reference, victim)
    assert row is not None
    return dict(row)


async def duties(case: ACase, victim: str = "v1") -> dict[str, str]:
    """What this family is or was owed, by kind: owed, met or closed."""
    rows = await case.pool.fetch(
        "SELECT kind, state FROM duties WHERE reference = $1 AND subject = $2", case.reference, victim
    )
    return {row["kind"].removeprefix("victim_"): row["state"] for row in rows}


async def register(case: ACase) -> list[dict[str, Any]]:
    """Who was given what."""
    rows = await case.pool.fetch(
        "SELECT * FROM releases WHERE reference = $1 ORDER BY reader, rendition", case.reference
    )
    return [dict(row) for row in rows]


async def audit_of(case: ACase, action: str) -> list[dict[str, Any]]:
    """What the chain says of an action: the detail of each row, with who and about what."""
    rows = await case.pool.fetch(
        "SELECT actor, subject, detail FROM audit WHERE reference = $1 AND action = $2 ORDER BY seq",
        case.reference, action,
    )  # fmt: skip
    return [{"actor": row["actor"], "subject": row["subject"], **row["detail"]} for row in rows]


async def close(case: ACase) -> Closed:
    closing = Closing(reference=case.reference, outcome=Outcome.COMPLETED, at=case.at)
    return await case.casework.close_case(closing)


@asynccontextmanager
async def superuser(record: Record) -> AsyncIterator[Connection]:
    """Whoever the triggers do not stop."""
    connection = await asyncpg.connect(record.superuser_url, server_settings={"search_path": "sfo"})
    try:
        await connection.execute("SET session_replication_role = replica")
        yield connection
    finally:
        await connection.close()


async def give_back(case: ACase, language: str, words: str, rendition: int = 1) -> None:
    """A translation of a rendition, as the SFO Team gives it back on the page."""
    data = f"<!DOCTYPE html><html lang='cy'><head><title>Adolygiad</title></head><body><p>{words}</p></body></html>"
    await case.pool.execute(
        "INSERT INTO rendition_files VALUES ($1, 'victim_rendition', $2, $3, 'html', $4, $5, $6, $7)",
        case.reference, rendition, language, data.encode(), hashlib.sha256(data.encode()).hexdigest(), TEAM, case.at,
    )  # fmt: skip


async def open_leaks(case: ACase, rendition: int = 1, kind: str = "victim_rendition") -> list[dict[str, Any]]:
    """What the search found and nobody has settled, in whatever file."""
    rows = await case.pool.fetch(
        "SELECT * FROM leaks WHERE reference = $1 AND kind = $2 AND version = $3 AND why IS NULL ORDER BY key",
        case.reference, kind, rendition,
    )  # fmt: skip
    return [dict(row) for row in rows]
