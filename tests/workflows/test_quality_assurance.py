"""Quality assurance on the real server: the internal version is made and searched, then the review is rated."""

from typing import Any

import pytest

from starter.script import SILENT, USUAL, Line
from tests.workflows.conftest import PLANTED, Office
from tests.workflows.disclosing import accepted, answering, asked, ended, recorded
from workflows.contract.messages import CaseOpening
from workflows.contract.vocabulary import Stage

REVISE = Line("revise", reasons="Invented reason.")
PART = "quality-assurance"

pytestmark = pytest.mark.usefixtures("plain_files")


async def signed(office: Office, **changed: Any) -> CaseOpening:
    """Version 1 of a review is signed and not rated yet."""
    opening = await recorded(office, version=None)
    await accepted(office, opening, 1, **changed)
    await office.record.pool.execute("UPDATE cases SET accepted_version = NULL WHERE reference = $1", opening.reference)
    return opening


@pytest.mark.parametrize(
    ("learning", "line", "outcome", "questions"),
    [
        ("Invented learning.", SILENT, "accepted", ["quality:v1"]),
        (
            f"Invented learning about {PLANTED}.",
            USUAL["internal_leaks"],
            "accepted",
            ["internal_leaks:i1", "quality:v1"],
        ),
        (f"Invented learning about {PLANTED}.", REVISE, "returned", ["internal_leaks:i1"]),
    ],
    ids=["clean", "settled", "revised"],
)
async def test_the_finished_review_is_searched_before_it_is_rated(
    office: Office, learning: str, line: Line, outcome: str, questions: list[str]
) -> None:
    opening = await signed(office, learning=learning)
    async with answering(office, opening, {"internal_leaks": [line]}):
        stage = await office.start(opening, Stage.QUALITY_ASSURANCE, version=1)
        assert (await ended(stage))["outcome"] == outcome
    assert await asked(office, opening, part=PART) == questions
    made = await office.record.rows(
        "SELECT kind, version, format FROM rendition_files WHERE reference = $1", opening.reference
    )
    assert made == [{"kind": "internal_rendition", "version": 1, "format": "html"}]


async def test_the_rating_shows_the_files_that_are_rated(office: Office) -> None:
    opening = await signed(office)
    stage = await office.start(opening, Stage.QUALITY_ASSURANCE, version=1)
    gate = await office.gate(f"{opening.reference}/{PART}/quality:v1")
    offered = {"kind": "internal_rendition", "version": 1, "languages": ["en"], "formats": ["html"]}
    assert gate["page"]["rendition"] == offered
    await stage.cancel()
