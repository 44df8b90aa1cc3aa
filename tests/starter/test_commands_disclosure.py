"""The commands about disclosure: what they print, how they end, what they say when refused, and that they teach."""

import json
from pathlib import Path
from typing import Any

import pytest

from starter.__main__ import sfo
from tests.conftest import MailServer, Record
from tests.starter.disclosing import BYTES, LEAD, NAMES, OFFICER, OFFICER_2, REFERENCE, TEAM, TODAY, a_disclosure
from tests.starter.test_commands import Sfo
from tests.starter.test_commands import command as command  # the fixture

WISH = ("--wish", "copy", "--language", "en")
GIVE = ("--version", "2", "--how", "in_person", "--on", str(TODAY))


async def test_each_command_records_while_temporal_is_away_and_says_what_follows(
    command: Sfo, record: Record, mail_server: MailServer, tmp_path: Path
) -> None:
    case = await a_disclosure(record, mail_server)
    await case.run("UPDATE victims SET answer = 'declined'")
    words = tmp_path / "wrong.txt"
    words.write_text("Invented words about an error")
    for arguments, said in (
        (("opt-in", REFERENCE, "v1", *WISH, "--reasons", "Invented words", "--as", OFFICER), "v1 wants the review"),
        (
            ("correct", REFERENCE, "--reason-code", "ERROR_FOUND", "--reasons-file", str(words), "--as", LEAD),
            "being corrected",
        ),
    ):
        ended = await command(*arguments)
        assert (ended.code, ended.out.startswith(f"{REFERENCE}: ")) == (0, True), ended.err
        assert said in ended.out
        assert "taken up as soon as the case's process hears of it" in ended.out
        assert "the relay delivers it" in ended.err
    reasons = await record.rows("SELECT reasons FROM requests ORDER BY recorded_at")
    assert [row["reasons"] for row in reasons] == ["Invented words", "Invented words about an error"]


async def test_a_closed_case_is_said_to_be_opened_again(command: Sfo, record: Record, mail_server: MailServer) -> None:
    case = await a_disclosure(record, mail_server)
    await case.run("UPDATE victims SET answer = 'declined'")
    await case.close()
    ended = await command("opt-in", REFERENCE, "v2", *WISH, "--as", TEAM)
    assert (ended.code, ended.out) == (0, f"{REFERENCE}: v2 wants the review; the case is opened again\n")
    assert await record.value("SELECT reopened_on IS NOT NULL AND closed_on IS NULL FROM cases") is True


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("opt-in", REFERENCE, "v9", *WISH, "--as", TEAM), 1, "has no victim or family v9; it has v1, v2"),
        (("opt-in", REFERENCE, "v1", *WISH, "--as", OFFICER_2), 1, "only the SFO Team, senior lead or national"),
        (("opt-in", "SFO-2026-99999", "v1", *WISH, "--as", TEAM), 1, "there is no case SFO-2026-99999"),
        (("opt-in", REFERENCE, "v1", "--wish", "fax", "--language", "en", "--as", TEAM), 2, "--wish"),
        (("opt-in", REFERENCE, "v1", "--wish", "copy", "--language", "other", "--as", TEAM), 2, "--language-other"),
        (("opt-in", REFERENCE, "v1", *WISH), 2, "--as"),
        (("opt-in", REFERENCE, "v1", *WISH, "--reasons", "x" * 5_001, "--as", TEAM), 2, "shorten it to 5000"),
        (("correct", REFERENCE, "--reason-code", "boredom", "--reasons", "x", "--as", LEAD), 2, "--reason-code"),
        (("correct", REFERENCE, "--reason-code", "error_found", "--as", LEAD), 2, "what is wrong is missing"),
        (
            ("correct", REFERENCE, "--reason-code", "error_found", "--reasons", "  ", "--as", LEAD),
            2,
            "what is wrong is missing",
        ),
        (
            ("correct", REFERENCE, "--reason-code", "error_found", "--reasons", "x", "--as", TEAM),
            1,
            "only the senior lead",
        ),
        (("readers", "SFO-2026-99999"), 2, "there is no case"),
        (("give", REFERENCE, "--to", "the_press", *GIVE, "--as", TEAM), 2, "--to"),
        (("give", REFERENCE, "--to", "designated", *GIVE, "--as", TEAM), 2, "--name"),
        (("give", REFERENCE, "--to", "designated", "--name", " ", *GIVE, "--as", TEAM), 2, "--name"),
        (("give", REFERENCE, "--to", "designated", "--name", "a\nb", *GIVE, "--as", TEAM), 2, "in one line"),
        (("give", REFERENCE, "--to", "regional_director", "--name", "X", *GIVE, "--as", TEAM), 2, "nobody else"),
        (("give", REFERENCE, "--to", "regional_director", *GIVE, "--version", "0", "--as", TEAM), 2, "--version"),
        (("give", REFERENCE, "--to", "regional_director", *GIVE, "--version", "1", "--as", TEAM), 1, "give version 2"),
        (("give", REFERENCE, "--to", "regional_director", *GIVE, "--on", "soon", "--as", TEAM), 2, "is not a date"),
        (("disclosure", "SFO-2026-99999"), 2, "there is no case"),
    ],
)
async def test_what_cannot_be_says_why_and_what_to_do(
    command: Sfo, record: Record, mail_server: MailServer, arguments: tuple[str, ...], code: int, said: str
) -> None:
    case = await a_disclosure(record, mail_server)
    before = await case.everything()
    ended = await command(*arguments)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert await case.everything() == before


async def test_a_reader_is_recorded_once_and_listed(command: Sfo, record: Record, mail_server: MailServer) -> None:
    await a_disclosure(record, mail_server)
    assert "nobody has been given" in (await command("readers", REFERENCE)).out
    typed = ("give", REFERENCE, "--to", "chief_probation_officer", *GIVE, "--as", TEAM)
    said = f"{REFERENCE}: version 2 given to the Chief Probation Officer"
    assert (await command(*typed)).out == f"{said}, recorded\n"
    assert (await command(*typed)).out == f"{said}, recorded already\n"
    listed = await command("readers", REFERENCE)
    assert "Chief Probation Officer" in listed.out
    found: list[dict[str, Any]] = (await command("readers", REFERENCE, "--json")).json
    assert [(one["reader"], one["kind"], one["version"]) for one in found] == [("chief_probation_officer", "review", 2)]


@pytest.mark.parametrize("ending", BYTES)
async def test_a_reader_is_given_the_internal_version_as_a_file(
    command: Sfo, record: Record, mail_server: MailServer, tmp_path: Path, ending: str
) -> None:
    case, output = await a_disclosure(record, mail_server), tmp_path / f"review.{ending}"
    await case.rendition(2, "internal_rendition")
    typed = ("give", REFERENCE, "--to", "regional_director", *GIVE, "--as", TEAM, "--output", str(output))
    for said in ("recorded", "recorded already"):
        ended = await command(*typed)
        assert (ended.code, ended.out.splitlines()[-1].endswith(said)) == (0, True), ended.err
        assert f"the internal version 2 written to {output}" in ended.out
        assert output.read_bytes() == BYTES[ending]
        output.unlink()
    taken = await case.audits("rendition_downloaded")
    assert [(row["actor"], row["subject"], row["detail"]["to"]) for row in taken] == [
        ("sfo_team", "i2", "regional_director")
    ] * 2
    listed = (await command("readers", REFERENCE)).out
    assert f"downloaded as {ending}" in listed
    story = (await command("disclosure", REFERENCE)).out
    assert "SFO Team downloaded the internal version, number 2, in English" in story


@pytest.mark.parametrize(("statement", "ending", "code", "said"), [
    ("SELECT 1", "txt", 2, "ends in one of .html, .docx, .pdf"),
    ("SELECT 1", "docx", 1, "version 2 was not made as docx"),
    ("UNSEARCHED", "docx", 1, "is searched first"),
    ("UPDATE cases SET corrected_since = now()", "docx", 1, "is being corrected"),
])  # fmt: skip
async def test_a_file_that_may_not_leave_is_not_written_and_its_reader_not_recorded(
    command: Sfo, record: Record, mail_server: MailServer, tmp_path: Path, statement: str, ending: str, code: int,
    said: str,
) -> None:  # fmt: skip
    case, output = await a_disclosure(record, mail_server), tmp_path / f"review.{ending}"
    if statement == "UNSEARCHED":
        await case.rendition(2, "internal_rendition")
        statement = "DELETE FROM file_searches"
    async with record.owner() as owner:
        await owner.execute(statement)
    before = await case.everything()
    ended = await command("give", REFERENCE, "--to", "regional_director", *GIVE, "--as", TEAM, "--output", str(output))
    assert (ended.code, said in ended.err, output.exists()) == (code, True, False), ended.err
    assert await case.everything() == before


async def test_the_story_is_text_or_json_and_names_nobody(
    command: Sfo, record: Record, mail_server: MailServer
) -> None:
    case = await a_disclosure(record, mail_server)
    await case.ask("offer", "v1")
    text, data = await command("disclosure", REFERENCE), await command("disclosure", REFERENCE, "--json")
    assert (text.code, data.code) == (0, 0)
    heads = ["Victims and families", "The release", "The impact on staff", "Who has read what", "The audit trail"]
    assert [line for line in text.out.splitlines() if line in heads] == heads
    assert {"legs", "release", "impacts", "readers", "trail", "chain"} <= set(data.json)
    assert [name for name in NAMES if name in text.out + json.dumps(data.json)] == []
    assert "Invented Family One" in (await command("disclosure", REFERENCE, "--names")).out


def test_each_command_teaches_by_an_example() -> None:
    for name in ("opt-in", "correct", "readers", "give", "disclosure"):
        described = sfo.commands[name]
        assert f"sfo {name} " in (described.epilog or "")
        assert len(described.help or "") > 100
