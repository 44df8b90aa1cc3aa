"""The files of a rendition: handed out byte for byte to who was asked, noted once, and never while anything holds."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from starter.record import Asked, read_gate
from starter.rendition_files import SHUT, FileRefusedError, hand_out, size_in_words
from tests.conftest import MailServer, Record
from tests.starter.disclosing import (
    BYTES,
    DIRECTOR,
    LEAD,
    NATIONAL,
    NOW,
    OFFICER,
    REFERENCE,
    RENDITION,
    TEAM,
    Disclosure,
    a_disclosure,
    text_of,
)
from tests.starter.front_desk import heading
from workflows.contract.rendition import FileFormat

TYPES = {
    "html": "text/html; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}
ASKED = [
    ("release", "r1", DIRECTOR, "regional_director"),
    ("leaks", "r1", LEAD, "senior_lead"),
    ("language", "v1", TEAM, "sfo_team"),
    ("handover", "v1", OFFICER, "victim_liaison_officer"),
]


@pytest_asyncio.fixture
async def case(record: Record, mail_server: MailServer) -> Disclosure:
    found = await a_disclosure(record, mail_server)
    await found.release()
    return found


@pytest.mark.parametrize(("question", "subject", "email", "role"), ASKED)
async def test_each_file_leaves_byte_for_byte_and_each_download_is_noted_by_role(
    record: Record, mail_server: MailServer, question: str, subject: str, email: str, role: str
) -> None:
    case = await a_disclosure(record, mail_server)
    if question != "release":
        await case.release()
    browser, link, page = await case.visit(question, subject, email=email, rendition=RENDITION)
    for format_, data in BYTES.items():
        assert f"{link}/rendition.{format_}" in page.text
        got = await browser.web.get(f"{link}/rendition.{format_}")
        assert (got.status_code, got.content) == (200, data)
        assert got.headers["content-type"] == TYPES[format_]
        assert got.headers["content-disposition"] == f'attachment; filename="review-{REFERENCE}-version-1.{format_}"'
        assert got.headers["x-content-type-options"] == "nosniff"
        assert got.headers["cache-control"] == "no-store"
        assert got.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        *_, row = await case.audits("rendition_downloaded")
        assert (row["actor"], row["subject"]) == (role, f"{REFERENCE}/victim-disclosure/{question}:{subject}")
        assert row["detail"] == {
            "kind": "victim_rendition", "version": 1, "language": "en", "format": format_,
            "sha256": hashlib.sha256(data).hexdigest(), "rung": "asked",
        }  # fmt: skip
    assert len(await case.audits("rendition_downloaded")) == 3


async def test_the_page_names_each_file_with_its_format_and_size_and_says_that_it_is_noted(case: Disclosure) -> None:
    await case.file("pdf", b"%PDF-" + b"x" * 1_234_567, "v1-1")
    rendition = {**RENDITION, "languages": ["en", "v1-1"]}
    _, link, page = await case.visit("handover", "v1", rendition=rendition)
    text = text_of(page)
    assert "The files of version 1" in text
    assert "Download: Web page, in English, 26 bytes" in text
    assert "Download: Word document, in English, 16 bytes" in text
    assert "Download: PDF, translation 1 for v1, 1.2 megabytes , given back on 10 March 2027" in text
    assert "Each download is noted" in text
    assert f"{link}/rendition.pdf?language=v1-1" in page.text


async def test_a_page_changes_nothing_and_a_download_nothing_but_its_audit_row(case: Disclosure) -> None:
    browser, link, _ = await case.visit("handover", "v1", rendition=RENDITION)
    before = await case.everything()
    await browser.web.get(f"{link}/decide")
    assert await case.everything() == before
    await browser.web.get(f"{link}/rendition.docx")
    after = await case.everything()
    assert {name for name in after if after[name] != before[name]} == {"audit"}
    assert len(after["audit"]) == len(before["audit"]) + 1


async def test_nobody_gets_a_file_before_a_code_or_by_somebody_elses_link(case: Disclosure) -> None:
    _, link, _ = await case.visit("handover", "v1", rendition=RENDITION)
    stranger = case.desk.browser()
    assert (await stranger.web.get(f"{link}/rendition.docx")).status_code == 303
    await case.sign_in(stranger, await case.link(await case.ask("release", "r9", email=DIRECTOR, rendition=RENDITION)))
    refused = await stranger.web.get(f"{link}/rendition.docx")
    assert (refused.status_code, heading(refused)) == (403, "This link belongs to somebody else")
    head = await stranger.web.head(f"{link}/rendition.docx")
    assert head.status_code == 405
    assert await case.audits("rendition_downloaded") == []


HOLD = """
    INSERT INTO escalations (reference, kind, number, state, reason, outcome, raised_at)
    SELECT reference, 'staff_safety', 1, '{}', 'other', {}, now() FROM cases
"""
LEAK = """
    INSERT INTO leaks (reference, kind, version, key, what, place, excerpt, formats, at)
    SELECT reference, 'victim_rendition', 1, 'k', 'name', 'p', 'x', ARRAY['{}'], now() FROM cases
"""
SHUTS: list[tuple[str, str]] = [
    ("held", HOLD.format("raised", "NULL")),
    ("held", HOLD.format("acknowledged", "NULL")),
    ("stopped", HOLD.format("resolved", "'stop'")),
    ("being_corrected", "UPDATE cases SET corrected_since = now()"),
    ("not_convicted", "DELETE FROM court_events"),
    ("not_released", "UPDATE decisions SET answer = 'not_released'"),
    ("not_searched", "DELETE FROM file_searches"),
    ("not_searched", "UPDATE victims SET adult = 'Somebody New'"),
    ("not_searched", LEAK.format("en.docx")),
]


@pytest.mark.parametrize(("code", "statement"), SHUTS)
async def test_nothing_is_handed_over_while_anything_stands_against_it(
    case: Disclosure, code: str, statement: str
) -> None:
    browser, link, _ = await case.visit("handover", "v1", rendition=RENDITION)
    async with case.record.owner() as owner:
        await owner.execute(statement)
    got = await browser.web.get(f"{link}/rendition.docx")
    assert (got.status_code, heading(got)) == (409, "This file cannot be handed out")
    assert SHUT[code] in text_of(got)
    assert await case.audits("rendition_downloaded") == []
    page = await browser.web.get(f"{link}/decide")
    assert (SHUT[code] in text_of(page)) is (code != "not_searched")
    assert ("rendition.docx" in page.text) is (code == "not_searched")


async def test_a_resolved_concern_and_another_familys_finding_hold_nothing(case: Disclosure) -> None:
    browser, link, _ = await case.visit("handover", "v1", rendition=RENDITION)
    await case.run(HOLD.format("resolved", "'release'"))
    await case.run(LEAK.format("v2-1.docx"))
    assert (await browser.web.get(f"{link}/rendition.docx")).status_code == 200


async def test_what_the_court_did_counts_in_the_order_in_which_the_case_heard_of_it(case: Disclosure) -> None:
    browser, link, _ = await case.visit("handover", "v1", rendition=RENDITION)
    statuses = []
    for kind, applied in (("sentenced", True), ("quashed", False), ("convicted", False)):
        await case.court(kind, applied=applied)
        statuses.append((await browser.web.get(f"{link}/rendition.docx")).status_code)
    assert statuses == [200, 409, 409]  # a quashing shuts as soon as it is reported, a conviction once it was heard
    await case.run("UPDATE court_events SET applied_at = at + interval '1 hour' WHERE kind = 'quashed'")
    assert (await browser.web.get(f"{link}/rendition.docx")).status_code == 409
    await case.run("UPDATE court_events SET applied_at = at + interval '2 hours' WHERE applied_at IS NULL")
    assert (await browser.web.get(f"{link}/rendition.docx")).status_code == 200


async def test_other_questions_only_look_and_are_not_shut(case: Disclosure) -> None:
    await case.run(HOLD.format("raised", "NULL"))
    browser, link, _ = await case.visit("leaks", "r1", email=LEAD, rendition=RENDITION)
    assert (await browser.web.get(f"{link}/rendition.docx")).status_code == 200


async def test_a_concern_raised_in_the_same_moment_comes_before_the_file_or_after_it(case: Disclosure) -> None:
    browser, link, _ = await case.visit("handover", "v1", rendition=RENDITION)
    async with case.record.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT 1 FROM cases FOR NO KEY UPDATE")
        await connection.execute(HOLD.format("raised", "NULL"))
        asked = asyncio.create_task(browser.web.get(f"{link}/rendition.docx"))
        await asyncio.sleep(0.3)
        assert not asked.done()  # it waits for whoever holds the case
        await transaction.commit()
    assert (await asked).status_code == 409


@pytest.mark.parametrize("answer", ["handed_over", "declined"])
async def test_an_answered_question_hands_out_nothing_any_more(case: Disclosure, answer: str) -> None:
    browser, link, _ = await case.visit("handover", "v1", rendition=RENDITION)
    await case.decide(f"{REFERENCE}/victim-disclosure/handover:v1", answer)
    got = await browser.web.get(f"{link}/rendition.docx")
    assert (got.status_code, heading(got)) == (409, "This question has been answered")


@pytest.mark.parametrize("state", ["decided", "withdrawn", "lapsed"])
async def test_a_question_that_closed_after_the_page_was_read_hands_out_nothing(case: Disclosure, state: str) -> None:
    gate = await case.ask("release", "r3", email=DIRECTOR, rendition=RENDITION)
    async with case.record.pool.acquire() as connection:
        read = await read_gate(connection, gate)
        assert read is not None
        await case.run("UPDATE gates SET state = $2 WHERE gate = $1", gate, state)
        with pytest.raises(FileRefusedError, match="closed"):
            await hand_out(connection, read, Asked(DIRECTOR, "Invented Person", "asked"), "en", FileFormat.WORD)
    assert await case.audits("rendition_downloaded") == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("rendition.txt", 404),
        ("rendition.docm", 404),
        ("rendition.docx?language=cy", 404),
        ("rendition.docx?language=v2-1", 404),  # another family's
        ("rendition.docx?language=../en", 404),
        ("rendition.pdf?language=v1-1", 404),  # an earlier translation than the one that is handed over
        ("rendition.pdf?language=v1-2", 200),
    ],
)
async def test_only_what_is_offered_to_this_family_is_there(case: Disclosure, path: str, status: int) -> None:
    for language in ("v1-1", "v1-2", "v2-1"):
        await case.file("docx" if language == "v2-1" else "pdf", language.encode(), language)
    rendition = {**RENDITION, "languages": ["en", "v1-1", "v1-2", "v2-1"]}
    browser, link, _ = await case.visit("handover", "v1", rendition=rendition)
    got = await browser.web.get(f"{link}/{path}")
    assert got.status_code == status
    if status == 200:
        name = f'filename="review-{REFERENCE}-version-1-translation-v1-2.pdf"'
        assert (got.content, name in got.headers["content-disposition"]) == (b"v1-2", True)


async def test_a_question_without_a_rendition_has_no_files(case: Disclosure) -> None:
    browser, link, page = await case.visit("offer", "v1", rendition=RENDITION)
    assert (await browser.web.get(f"{link}/rendition.docx")).status_code == 404
    assert "rendition.docx" not in page.text
    browser, link, page = await case.visit("handover", "v1")
    assert (await browser.web.get(f"{link}/rendition.docx")).status_code == 404


async def test_a_file_that_was_altered_in_the_record_does_not_leave(case: Disclosure) -> None:
    browser, link, _ = await case.visit("handover", "v1", rendition=RENDITION)
    async with case.record.owner() as owner:
        await owner.execute("ALTER TABLE rendition_files DISABLE TRIGGER rendition_files_immutable")
        await owner.execute("UPDATE rendition_files SET bytes = 'other' WHERE format = 'docx'")
    got = await browser.web.get(f"{link}/rendition.docx")
    assert got.status_code == 409
    assert SHUT["altered"] in text_of(got)
    assert await case.audits("rendition_downloaded") == []


async def test_a_format_that_was_not_rendered_is_neither_offered_nor_found(case: Disclosure) -> None:
    rendition = {**RENDITION, "formats": ["html", "docx"]}
    browser, link, page = await case.visit("handover", "v1", rendition=rendition)
    assert "rendition.pdf" not in page.text
    got = await browser.web.get(f"{link}/rendition.pdf")
    assert (got.status_code, SHUT["no_such_file"] in text_of(got)) == (404, True)


async def test_the_public_version_has_its_own_name(case: Disclosure) -> None:
    await case.rendition(kind="public_rendition")
    page: dict[str, Any] = {**RENDITION, "kind": "public_rendition"}
    browser, link, _ = await case.visit("release_public", "p1", email=NATIONAL, stage="enquiry/1", rendition=page)
    got = await browser.web.get(f"{link}/rendition.pdf")
    assert f'filename="review-{REFERENCE}-version-1-public.pdf"' in got.headers["content-disposition"]


# --- the internal version ----------------------------------------------------------------------------------

OF_THE_REVIEW: dict[str, Any] = {**RENDITION, "kind": "internal_rendition", "version": 2}
ENQUIRY = {"email": TEAM, "stage": "enquiry/1", "rendition": OF_THE_REVIEW}


@pytest.mark.parametrize(
    ("question", "subject", "asked"),
    [
        ("internal_leaks", "i2", {"email": LEAD, "stage": "quality-assurance", "rendition": OF_THE_REVIEW}),
        ("quality", "v2", {"email": NATIONAL, "stage": "quality-assurance", "rendition": OF_THE_REVIEW}),
        ("enquiry_review", "1", ENQUIRY),
    ],
)
async def test_the_internal_version_is_handed_to_whoever_settles_rates_or_gives_it(
    case: Disclosure, question: str, subject: str, asked: dict[str, Any]
) -> None:
    await case.rendition(2, "internal_rendition")
    browser, link, page = await case.visit(question, subject, **asked)
    assert "rendition.docx" in page.text
    got = await browser.web.get(f"{link}/rendition.docx")
    assert (got.status_code, got.content) == (200, BYTES["docx"])
    assert f'filename="review-{REFERENCE}-version-2-internal.docx"' in got.headers["content-disposition"]
    (row,) = await case.audits("rendition_downloaded")
    assert (row["detail"]["kind"], row["detail"]["version"]) == ("internal_rendition", 2)


@pytest.mark.parametrize(("code", "statement"), [
    ("held", HOLD.format("raised", "NULL")),
    ("being_corrected", "UPDATE cases SET corrected_since = now()"),
    ("not_accepted", "UPDATE cases SET accepted_version = 1"),
    ("not_searched", "DELETE FROM file_searches"),
    ("not_searched", LEAK.replace("victim_rendition', 1", "internal_rendition', 2").format("en.docx")),
])  # fmt: skip
async def test_nobody_outside_is_given_a_review_while_anything_stands_against_it(
    case: Disclosure, code: str, statement: str
) -> None:
    await case.rendition(2, "internal_rendition")
    browser, link, _ = await case.visit("enquiry_review", "1", **ENQUIRY)
    async with case.record.owner() as owner:
        await owner.execute(statement)
    got = await browser.web.get(f"{link}/rendition.docx")
    assert (got.status_code, SHUT[code] in text_of(got)) == (409, True)
    assert await case.audits("rendition_downloaded") == []


async def test_who_becomes_known_later_holds_no_internal_version(case: Disclosure) -> None:
    await case.rendition(2, "internal_rendition")
    browser, link, _ = await case.visit("enquiry_review", "1", **ENQUIRY)
    await case.run("UPDATE victims SET adult = 'Somebody New'")
    assert (await browser.web.get(f"{link}/rendition.docx")).status_code == 200


async def test_a_deputy_who_was_asked_is_noted_as_the_deputy(case: Disclosure) -> None:
    gate = await case.ask("handover", "v1", rendition=RENDITION)
    link, browser = await case.link(gate, "deputy@n53.example.test", "deputy"), case.desk.browser()
    await case.sign_in(browser, link)
    assert (await browser.web.get(f"{link}/rendition.html")).status_code == 200
    (row,) = await case.audits("rendition_downloaded")
    assert (row["actor"], row["detail"]["rung"]) == ("victim_liaison_officer", "deputy")
    assert "@" not in str(row["detail"]) + row["actor"]


async def test_a_file_is_noted_at_the_cases_own_time(case: Disclosure) -> None:
    browser, link, _ = await case.visit("handover", "v1", rendition=RENDITION)
    await browser.web.get(f"{link}/rendition.html")
    (row,) = await case.audits("rendition_downloaded")
    assert NOW <= row["at"] < NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1_000, "1 kilobyte"), (84_200, "84 kilobytes"),
        (999_499, "999 kilobytes"), (999_500, "1.0 megabytes"), (1_234_567, "1.2 megabytes"),
    ],
)  # fmt: skip
def test_sizes_are_named_in_words(size: int, words: str) -> None:
    assert size_in_words(size) == words
