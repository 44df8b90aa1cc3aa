"""After the demo: people who answer what a case that is opened again asks of them, and what they were given."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from starter.cast import Cast
from starter.connections import Pool
from starter.demo import beside
from starter.script import DRAFT, SUMMARY, USUAL, Line
from starter.up import RunningStack
from workflows.contract.messages import CaseClock

CORRECTED = "Invented learning, corrected: hand a case over in one meeting, with the person in the room."
LINES: dict[str, list[Line]] = {
    "draft": [replace(DRAFT, fields={**DRAFT.fields, "learning": CORRECTED}, after_days=5)],
    # What was removed from the version before is carried over: nothing more is proposed.
    "redactions": [Line("none_needed", {"summary": SUMMARY}, "Invented reason: it stands as it was decided")],
    "handover": [replace(USUAL["handover"], fields={**USUAL["handover"].fields, "how": "read_out"})],
}


@asynccontextmanager
async def answering(running: RunningStack, pool: Pool, *references: str) -> AsyncIterator[None]:
    """Everybody in these cases reads and answers what comes from now on."""
    clocks = {
        reference: CaseClock.model_validate(
            await pool.fetchval("SELECT clock FROM sfo.cases WHERE reference = $1", reference)
        )
        for reference in references
    }
    assert running.settings.mailbox_dir is not None
    cast = Cast(running.settings.mailbox_dir, dict.fromkeys(references, LINES), clocks)
    cast.skip_what_came()
    async with beside(cast.run()):
        yield


async def until_closed(pool: Pool, *references: str) -> None:
    """Until each of these cases has closed again."""
    async with asyncio.timeout(150):
        while await pool.fetchval(
            "SELECT count(*) FROM sfo.cases WHERE reference = ANY($1) AND closed_on IS NULL", references
        ):
            await asyncio.sleep(0.3)


async def given(pool: Pool, reference: str) -> list[tuple[str, int]]:
    """Who has which rendition, by the register."""
    rows = await pool.fetch(
        "SELECT reader, rendition FROM sfo.releases WHERE reference = $1 AND kind = 'victim_rendition' ORDER BY at",
        reference,
    )
    return [(row["reader"], row["rendition"]) for row in rows]


async def text_of(pool: Pool, reference: str, rendition: int) -> dict[str, Any]:
    content: dict[str, Any] = await pool.fetchval(
        "SELECT content FROM sfo.documents WHERE reference = $1 AND kind = 'victim_rendition' AND version = $2",
        reference,
        rendition,
    )
    return content


async def times_asked(pool: Pool, reference: str, question: str, subject: str) -> int:
    count: int = await pool.fetchval(
        "SELECT count(*) FROM sfo.gates WHERE reference = $1 AND question = $2 AND subject = $3",
        reference,
        question,
        subject,
    )
    return count
