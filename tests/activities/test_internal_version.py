"""The internal version: the review as its readers inside HMPPS are given it, made and searched before it is rated."""

import asyncio
from typing import Any

import pytest

from tests.activities.disclosing import (
    TEAM,
    applied,
    audit_of,
    in_disclosure,
    keep_it_short,
    open_leaks,
    prepare,
    say,
    text_of,
    write,
)
from tests.activities.reviewing import page_of, rate
from tests.builders import ACase
from tests.conftest import MailServer, Record
from workflows.contract.rendition import Audience, RenditionText

STAGE, KIND = "quality-assurance", "internal_rendition"
NAMED = "Zelda Quillfeather"  # another name of the supervised person
ACTION = {"finding": "1", "what": "Invented action", "due_on": "2027-03-01", "improvement": "Invented"}
OWNERS = {
    "s2": "The line manager",
    "n53.sfo_team": "The SFO Team",
    "head.lei@n53.example.test": "The head of PDU",
    "somebody.else@invented.example.test": "Somebody who was named for it",
}


@pytest.fixture(autouse=True)
def _kept_short(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_it_short(monkeypatch)


async def a_review(record: Record, mail_server: MailServer, **changed: object) -> ACase:
    """Version 1 is written and not rated yet."""
    case = await in_disclosure(record, mail_server, is_convicted=False, **changed)
    await case.pool.execute(
        "UPDATE cases SET accepted_version = NULL, person_aliases = $2 WHERE reference = $1", case.reference, [NAMED]
    )
    return case


async def internal(case: ACase, version: int = 1) -> RenditionText:
    return RenditionText.model_validate(await text_of(case, version, KIND))


async def files(case: ACase) -> list[tuple[int, str]]:
    rows = await case.pool.fetch(
        "SELECT version, format FROM rendition_files WHERE reference = $1 AND kind = $2 ORDER BY version",
        case.reference, KIND,
    )  # fmt: skip
    return [(row["version"], row["format"]) for row in rows]


async def test_it_is_made_once_with_the_number_of_its_review_and_searched(
    shared_record: Record, mail_server: MailServer
) -> None:
    case = await a_review(shared_record, mail_server)
    made = await asyncio.gather(*(prepare(case, 1, Audience.INTERNAL) for _ in range(2)))
    assert [(one.rendition, one.leaks) for one in made] == [("1", 0), ("1", 0)]
    assert await files(case) == [(1, "html")]
    [row] = await audit_of(case, "rendition_made")
    assert (row["subject"], row["sha256"]) == ("i1", made[0].sha256)
    [searched] = await audit_of(case, "file_searched")
    assert (searched["subject"], searched["findings"]) == ("i1", 0)
    text = await internal(case)
    assert (text.audience, text.review_version, text.removed, text.summary) == ("internal", 1, (), ())
    await write(case, 2, learning="Another text")  # accepted at once: the reader of the third is told what differs
    await write(case, 3, learning="A third text")
    await case.pool.execute("UPDATE cases SET accepted_version = 1 WHERE reference = $1", case.reference)
    assert (await prepare(case, 3, Audience.INTERNAL)).rendition == "3"
    corrected = await internal(case, 3)
    assert corrected.changed_since == 1
    assert [change.kind for change in corrected.changes] == ["changed"]
    assert await files(case) == [(1, "html"), (3, "html")]


async def test_an_action_is_owned_by_a_role_and_what_was_made_once_stays(
    shared_record: Record, mail_server: MailServer
) -> None:
    case = await a_review(shared_record, mail_server, actions=[{**ACTION, "owner": owner} for owner in OWNERS])
    made = await prepare(case, 1, Audience.INTERNAL)
    sections = {section.name: section for section in (await internal(case)).sections}
    owners = [
        "".join(piece.text for piece in cell.pieces)
        for block in sections["actions"].blocks
        for cell in block.cells
        if cell.label == "Who does it"
    ]
    assert owners == list(OWNERS.values())
    await case.pool.execute("UPDATE staff SET role = 'other' WHERE reference = $1", case.reference)
    assert await prepare(case, 1, Audience.INTERNAL) == made


async def test_what_the_search_finds_is_settled_or_revised_before_it_is_rated(
    shared_record: Record, mail_server: MailServer
) -> None:
    case = await a_review(shared_record, mail_server, learning=f"Listen to {NAMED}")
    assert (await prepare(case, 1, Audience.INTERNAL)).leaks == 1
    [found] = await open_leaks(case, 1, KIND)
    page = await page_of(case, (await case.ask("internal_leaks", "i1", stage=STAGE)).gate)
    assert page["rendition"] == {"kind": KIND, "version": 1, "languages": ["en"], "formats": ["html"]}
    assert [row["key"] for row in page["leaks"]] == [found["key"]]
    applied(await say(case, "internal_leaks", "revise", "i1", "The name must go", stage=STAGE))
    assert (await prepare(case, 1, Audience.INTERNAL)).leaks == 1
    drafting = await page_of(case, (await case.ask("draft", stage="review-2")).gate)
    assert ["Reasons given: settle what the search of the finished review found", "The name must go"] in drafting[
        "facts"
    ]
    rows = [{"key": found["key"], "harmless": "yes", "why": "A character of a novel"}]
    applied(await say(case, "internal_leaks", "settled", "i1", leaks=rows, stage=STAGE))
    assert (await prepare(case, 1, Audience.INTERNAL)).leaks == 0


async def test_the_rater_and_whoever_is_entitled_are_offered_its_files(
    shared_record: Record, mail_server: MailServer
) -> None:
    case = await a_review(shared_record, mail_server)
    assert "rendition" not in await page_of(case, (await case.ask("quality", "v1", stage=STAGE)).gate)
    await prepare(case, 1, Audience.INTERNAL)
    offered = {"kind": KIND, "version": 1, "languages": ["en"], "formats": ["html"]}
    rating = await page_of(case, (await case.ask("quality", "v1", stage=STAGE, ask=2)).gate)
    assert rating["rendition"] == offered
    await case.pool.execute(
        "INSERT INTO enquiries (reference, number, kind, asked, received_on, at) "
        "VALUES ($1, 1, 'coroner', 'Invented', $2, $3)",
        case.reference, case.at.date(), case.at,
    )  # fmt: skip
    assert "rendition" not in await page_of(case, (await case.ask("enquiry_review", "1", "enquiry/1")).gate)
    await case.pool.execute("UPDATE cases SET accepted_version = 1 WHERE reference = $1", case.reference)
    entitled = await page_of(case, (await case.ask("enquiry_review", "1", "enquiry/1", ask=2)).gate)
    assert entitled["rendition"] == offered


async def test_readers_of_an_earlier_version_are_named_to_the_team_once_a_corrected_one_is_accepted(
    shared_record: Record, mail_server: MailServer
) -> None:
    case = await a_review(shared_record, mail_server)
    applied(await rate(case, "good"))
    assert await letters(case) == []  # nobody has read anything yet
    await case.pool.execute(
        """INSERT INTO releases (reference, kind, rendition, sha256, reader, received_by, at)
           SELECT $1, kind, 1, 'x', reader, 'Invented Reader', $2 FROM (VALUES ('review', 'coroner-1'),
               ('review', 'regional_director'), ('victim_rendition', 'v1')) given (kind, reader)""",
        case.reference, case.at,
    )  # fmt: skip
    await write(case, 2, learning="Another text")
    await case.pool.execute("UPDATE cases SET accepted_version = 1 WHERE reference = $1", case.reference)
    applied(await rate(case, "good", "2", "quality-assurance-2"))
    [(to, words)] = await letters(case)
    assert to == TEAM
    assert words["lines"] == ["coroner-1, who has version 1", "regional director, who has version 1"]
    assert "Invented Reader" not in str(words)


async def letters(case: ACase) -> list[tuple[str, dict[str, Any]]]:
    rows = await case.pool.fetch(
        "SELECT to_email, context AS words FROM outbox WHERE reference = $1 AND letter = 'review_corrected'",
        case.reference,
    )
    return [(row["to_email"], row["words"]) for row in rows]
