"""`sfo absence`: set, tried, listed and ended from the command line, with errors that say what to do."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import MailServer, Record
from tests.starter.front_desk import a_case_now
from tests.starter.test_commands import Sfo
from tests.starter.test_commands import command as command  # the fixture
from workflows.policy.due import on_in_london

LEAD = "senior.lead@n53.example.test"


def day(days: int) -> str:
    return (on_in_london(datetime.now(UTC)) + timedelta(days=days)).isoformat()


def setting(*more: str, deputy: str = "n53.reviewer.2", by: str = LEAD, first: str = "", last: str = "") -> list[str]:
    dates = ["--from", first or day(1), "--to", last or day(9)]
    return ["absence", "set", "n53.reviewer.1", *dates, "--deputy", deputy, "--as", by, *more]


async def test_an_absence_is_tried_set_listed_and_ended(command: Sfo, record: Record) -> None:
    tried = await command(*setting("--dry-run"))
    assert (tried.code, tried.out) == (0, "n53.reviewer.2 may answer in every open case of n53.reviewer.1\n")
    assert await record.value("SELECT count(*) FROM absences") == 0
    done = await command(*setting())
    assert done.code == 0
    assert f"n53.reviewer.1 is away from {day(1)} to {day(9)}; n53.reviewer.2 stands in" in done.out
    listed = await command("absence", "list")
    assert listed.out == f"{day(1)} to {day(9)}  n53.reviewer.1, n53.reviewer.2 stands in\n"
    ended = await command("absence", "end", "n53.reviewer.1", "--as", LEAD)
    assert (ended.code, "has ended" in ended.out) == (0, True)
    assert (await command("absence", "list")).out == "Nobody is away.\n"
    again = await command("absence", "end", "n53.reviewer.1", "--as", LEAD)
    assert (again.code, "sfo absence list" in again.err) == (2, True)


async def test_it_says_where_the_deputy_may_not_answer(command: Sfo, record: Record, mail_server: MailServer) -> None:
    case = await a_case_now(record, mail_server)
    for role, email in (("reviewing_manager", "reviewer.one"), ("countersigning_manager", "reviewer.two")):
        await record.pool.execute(
            "INSERT INTO appointments (reference, role, person_key, name, email, at) "
            "VALUES ($1, $2, 'x.y', 'X', $3, now())",
            *(case.reference, role, f"{email}@n53.example.test"),
        )
    tried = await command(*setting("--dry-run"))
    assert f"{case.reference}: n53.reviewer.2 may not “Write the draft review” (countersigns the review)" in tried.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (setting(deputy="n53.reviewer.9"), 2, "those who can stand in are n53.reviewer.2, n53.reviewer.3"),
        (setting(deputy="n56.reviewer.1"), 1, "choose somebody else"),
        (setting(by="nobody@example.test"), 1, "only they themselves"),
        (setting(first=day(-1)), 1, "The first day has passed"),
        (setting(first=day(9), last=day(8)), 1, "enter that day or a later one"),
        (setting(first="tomorrow"), 2, "write it as YYYY-MM-DD"),
        (["absence", "set", "n53.nobody", *setting()[3:]], 2, "nobody in the directory has the key n53.nobody"),
    ],
)
async def test_what_cannot_be_says_what_to_do_and_sets_nothing(
    command: Sfo, record: Record, arguments: list[str], code: int, words: str
) -> None:
    said = await command(*arguments)
    assert (said.code, words in said.err) == (code, True), said.err
    assert await record.value("SELECT count(*) FROM absences") == 0
