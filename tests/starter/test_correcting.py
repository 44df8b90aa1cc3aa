"""A correction of the accepted review: by whom, when not, what stands still meanwhile, and what the case hears."""

import asyncio

import pytest
import pytest_asyncio

from starter.correcting import CorrectionRefusedError, request_correction
from starter.judging import Rules, rules_in_force
from starter.reopening import TakenUp, hand_on
from starter.reports import ReportRefusedError
from tests.conftest import MailServer, Record
from tests.starter.disclosing import (
    AUTHOR,
    DIRECTOR,
    LEAD,
    NATIONAL,
    OFFICER,
    REFERENCE,
    RENDITION,
    TEAM,
    TODAY,
    Disclosure,
    a_disclosure,
    text_of,
)
from workflows.contract.vocabulary import ReasonCode

WORDS = "The date of the first appointment in the invented chronology is wrong"


@pytest_asyncio.fixture
async def case(record: Record, mail_server: MailServer) -> Disclosure:
    return await a_disclosure(record, mail_server)


def rules(case: Disclosure) -> Rules:
    return rules_in_force(case.desk.settings, TODAY)


async def correct(case: Disclosure, email: str = LEAD) -> TakenUp:
    async with case.record.pool.acquire() as connection:
        return await request_correction(connection, rules(case), REFERENCE, ReasonCode.ERROR_FOUND, WORDS, email)


async def test_it_is_recorded_once_and_the_case_hears_a_code_and_no_words(case: Disclosure) -> None:
    await hand_on(case.temporal.delivery(case.record), await correct(case))
    assert await case.record.value("SELECT corrected_since IS NOT NULL FROM cases") is True
    (row,) = await case.record.rows("SELECT * FROM requests")
    request = str(row["request"])
    assert (row["signal"], row["reasons"], row["asked_by"]) == ("correct", WORDS, LEAD)
    assert row["message"] == {"reason": "error_found", "request": request}
    (signal,) = case.temporal.signals
    assert (signal.workflow_id, signal.name, signal.request) == (f"sfo/{REFERENCE}", "correct", request)
    assert signal.content == {"reason": "error_found", "request": request}
    (audited,) = await case.audits("correction_asked")
    assert (audited["actor"], audited["subject"]) == (LEAD, request)
    assert audited["detail"] == {"reason": "error_found", "version": 2}
    assert WORDS not in str(audited)
    with pytest.raises(CorrectionRefusedError, match=f"is being corrected since {TODAY}") as refused:
        await correct(case, DIRECTOR)
    assert refused.value.code == "being_corrected"
    assert len(await case.record.rows("SELECT * FROM requests")) == 1


@pytest.mark.parametrize(
    ("email", "may"),
    [
        (LEAD, True), (DIRECTOR, True), (NATIONAL, True), ("director.deputy@n53.example.test", True),
        (LEAD.upper(), True), (TEAM, False), (AUTHOR, False), (OFFICER, False),
        ("senior.lead@n56.example.test", False), ("nobody@example.test", False),
    ],
)  # fmt: skip
async def test_only_the_senior_lead_the_director_the_national_team_and_deputies_may(
    case: Disclosure, email: str, may: bool
) -> None:
    if may:
        assert (await correct(case, email)).is_reopened is False
        return
    before = await case.everything()
    with pytest.raises(
        ReportRefusedError, match="only the senior lead, regional director or national SFO team for N53"
    ):
        await correct(case, email)
    assert await case.everything() == before


async def test_without_an_accepted_review_there_is_nothing_to_correct(case: Disclosure) -> None:
    await case.run("UPDATE cases SET accepted_version = NULL")
    before = await case.everything()
    with pytest.raises(CorrectionRefusedError, match="has no accepted review") as refused:
        await correct(case)
    assert refused.value.code == "not_accepted"
    with pytest.raises(ReportRefusedError, match="there is no case"):
        async with case.record.pool.acquire() as connection:
            await request_correction(connection, rules(case), "SFO-2026-99999", ReasonCode.OTHER, WORDS, LEAD)
    assert await case.everything() == before


async def test_a_closed_case_is_opened_again_and_started_without_a_signal(case: Disclosure) -> None:
    await case.close()
    taken = await correct(case)
    assert taken.is_reopened
    await hand_on(case.temporal.delivery(case.record), taken)
    (row,) = await case.record.rows("SELECT * FROM cases")
    assert (row["closed_on"], row["reopened_on"]) == (None, TODAY)
    assert row["corrected_since"] is not None
    assert [run.is_running for run in case.temporal.runs[case.case_id]] == [False, True]
    assert case.temporal.signals == []
    assert [len(await case.audits(action)) for action in ("case_reopened", "correction_asked")] == [1, 1]


async def test_nothing_is_handed_over_from_that_moment(case: Disclosure) -> None:
    await case.release()
    browser, link, _ = await case.visit("handover", "v1", rendition=RENDITION)
    assert (await browser.web.get(f"{link}/rendition.pdf")).status_code == 200
    async with case.record.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await request_correction(connection, rules(case), REFERENCE, ReasonCode.ERROR_FOUND, WORDS, LEAD)
        asked = asyncio.create_task(browser.web.get(f"{link}/rendition.pdf"))
        await asyncio.sleep(0.2)
        assert not asked.done()
        await transaction.commit()
    refused = await asked
    assert (refused.status_code, "The review is being corrected" in text_of(refused)) == (409, True)
    assert len(await case.audits("rendition_downloaded")) == 1
