"""The register of readers: internal ones put into it once, every release and download in one table."""

from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from starter.judging import rules_in_force
from starter.register import Giving, GivingRefusedError, as_table, give, readers
from starter.reports import ReportRefusedError
from tests.conftest import MailServer, Record
from tests.starter.disclosing import (
    AUTHOR,
    OFFICER,
    REFERENCE,
    RENDITION,
    TEAM,
    TODAY,
    Disclosure,
    a_disclosure,
)

DAY = timedelta(days=1)
DIRECTOR = Giving("regional_director", 2, "secure_email", TODAY)


@pytest_asyncio.fixture
async def case(record: Record, mail_server: MailServer) -> Disclosure:
    return await a_disclosure(record, mail_server)


async def record_it(case: Disclosure, giving: Giving, email: str = TEAM) -> bool:
    async with case.record.pool.acquire() as connection:
        given = await give(connection, rules_in_force(case.desk.settings, TODAY), REFERENCE, giving, email)
        return given.is_new


async def register(case: Disclosure) -> list[dict[str, Any]]:
    async with case.record.pool.acquire() as connection:
        return await readers(connection, REFERENCE) or []


async def test_an_internal_reader_stands_in_the_register_with_the_hash_of_what_was_read(case: Disclosure) -> None:
    assert await record_it(case, DIRECTOR) is True
    (row,) = await case.record.rows("SELECT * FROM releases")
    digest = await case.record.value("SELECT sha256 FROM documents WHERE kind = 'review' AND version = 2")
    assert (row["kind"], row["rendition"], row["reader"], row["sha256"]) == ("review", 2, "regional_director", digest)
    assert (row["how"], row["on_date"], row["received_by"]) == ("secure_email", TODAY, None)
    assert (row["given_by"], row["recorded_by"]) == ("n53.sfo_team", TEAM)
    (audited,) = await case.audits("review_given")
    assert (audited["actor"], audited["subject"]) == (TEAM, "regional_director")
    assert audited["detail"] == {"version": 2, "sha256": digest, "how": "secure_email", "on": str(TODAY)}


async def test_the_same_twice_is_recorded_once_and_something_else_about_it_is_refused(case: Disclosure) -> None:
    assert [await record_it(case, DIRECTOR) for _ in range(2)] == [True, False]
    for other in (
        Giving("regional_director", 2, "post", TODAY),
        Giving("regional_director", 2, "secure_email", TODAY - DAY),
    ):
        with pytest.raises(GivingRefusedError, match="nothing has changed") as refused:
            await record_it(case, other)
        assert refused.value.code == "given_already"
    assert len(await case.audits("review_given")) == 1


async def test_designated_readers_are_told_apart_by_name_and_known_again(case: Disclosure) -> None:
    def designated(name: str, **more: Any) -> Giving:
        return Giving("designated", more.get("version", 2), "in_person", TODAY, name)

    for name in ("Invented Reader", "Invented Other", " invented READER "):
        await record_it(case, designated(name))
    rows = await case.record.rows("SELECT reader, received_by FROM releases ORDER BY reader")
    assert [tuple(row.values()) for row in rows] == [
        ("designated-1", "Invented Reader"), ("designated-2", "Invented Other"),
    ]  # fmt: skip
    await case.run("UPDATE cases SET accepted_version = 1")
    await record_it(case, designated("Invented Other", version=1))
    assert await case.record.value("SELECT reader FROM releases WHERE rendition = 1") == "designated-2"


@pytest.mark.parametrize(
    ("code", "statement", "giving", "said"),
    [
        ("not_accepted", "UPDATE cases SET accepted_version = NULL", DIRECTOR, "has no accepted review"),
        ("not_accepted", "SELECT 1", Giving("regional_director", 1, "post", TODAY), "give version 2"),
        ("not_accepted", "SELECT 1", Giving("regional_director", 3, "post", TODAY), "give version 2"),
        ("being_corrected", "UPDATE cases SET corrected_since = now()", DIRECTOR, "is being corrected"),
        (
            "in_the_future",
            "SELECT 1",
            Giving("regional_director", 2, "post", TODAY + timedelta(1)),
            "lies in the future",
        ),
        (
            "before_the_review",
            "SELECT 1",
            Giving("regional_director", 2, "post", TODAY - 31 * DAY),
            "before the review",
        ),
    ],
)
async def test_what_cannot_be_is_refused_by_name_and_nothing_is_recorded(
    case: Disclosure, code: str, statement: str, giving: Giving, said: str
) -> None:
    await case.run(statement)
    before = await case.everything()
    with pytest.raises(GivingRefusedError, match=said) as refused:
        await record_it(case, giving)
    assert refused.value.code == code
    assert await case.everything() == before


@pytest.mark.parametrize("email", [AUTHOR, OFFICER, "senior.lead@n56.example.test"])
async def test_whoever_holds_no_such_role_records_nobody(case: Disclosure, email: str) -> None:
    with pytest.raises(ReportRefusedError, match="only the SFO Team, senior lead, regional director or national"):
        await record_it(case, DIRECTOR, email)


async def test_it_can_be_recorded_after_the_case_has_closed(case: Disclosure) -> None:
    await case.close()
    assert await record_it(case, DIRECTOR) is True
    assert await case.record.value("SELECT closed_on IS NOT NULL FROM cases") is True


async def test_the_table_has_every_reader_of_every_version_and_each_download(case: Disclosure) -> None:
    assert await register(case) == []
    await record_it(case, DIRECTOR)
    await record_it(case, Giving("designated", 2, "in_person", TODAY, "Invented Reader"))
    await case.release()
    browser, link, _ = await case.visit("handover", "v1", rendition=RENDITION)
    await browser.web.get(f"{link}/rendition.docx")
    await case.run(
        "INSERT INTO releases (reference, rendition, sha256, reader, language, given_by, received_by, how, "
        "on_date, at) "
        "VALUES ($1, 1, 'ab12', 'v1', 'v1-1', 'n53.head', 'family', 'read_out', $2, now() + interval '1 year')",
        REFERENCE,
        TODAY,
    )
    await case.run(
        "INSERT INTO releases (reference, kind, rendition, sha256, reader, received_by, how, on_date, entitlement, at) "
        "VALUES ($1, 'review', 2, 'cd34', 'coroner-3', 'Invented Coroner', 'post', $2, 'inquest', now() + interval "
        "'2 years')",
        REFERENCE,
        TODAY,
    )
    found = await register(case)
    assert [(one["what"], one["reader"], one["version"]) for one in found] == [
        ("given", "regional_director", 2), ("given", "designated-1", 2), ("downloaded", "victim_liaison_officer", 1),
        ("given", "v1", 1), ("given", "coroner-3", 2),
    ]  # fmt: skip
    lines = as_table(found).splitlines()
    assert lines[0].split() == ["DATE", "READER", "WHAT", "VERSION", "HOW", "BY", "SHA256"]
    for line, parts in zip(
        lines[1:],
        [
            ("Regional Probation Director", "the review itself", "by secure email", "n53.sfo_team"),
            ("designated reader 1, Invented Reader", "in person, as a copy"),
            ("victim liaison officer", "the version for victims", "downloaded as docx"),
            ("victim or family v1", "1 (v1-1)", "in person, read out", "n53.head", "ab12"),
            ("coroner 3, Invented Coroner (inquest)", "by recorded post", "cd34"),
        ],
        strict=True,
    ):
        assert all(part in line for part in (*parts, "2027-03-10")), line
    assert "@" not in as_table(found)
    assert "family" not in {one["received_by"] for one in found if one["reader"] != "v1"}


async def test_of_a_case_that_is_not_there_there_is_no_register(case: Disclosure) -> None:
    async with case.record.pool.acquire() as connection:
        assert await readers(connection, "SFO-2026-99999") is None
