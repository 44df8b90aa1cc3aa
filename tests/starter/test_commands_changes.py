"""The commands that change a review under way: what they print, how they end, what they say when refused."""

import pytest

from starter.__main__ import sfo
from tests.builders import ACase
from tests.conftest import MailServer, Record
from tests.starter.front_desk import a_case_now
from tests.starter.test_commands import Sfo
from tests.starter.test_commands import command as command  # the fixture

LEAD, NATIONAL = "senior.lead@n53.example.test", "sfo.team@national.example.test"
AUTHOR = "reviewer.one@n53.example.test"


@pytest.fixture
def because() -> tuple[str, ...]:
    return ("--reason-code", "trial", "--as", LEAD)


async def under_review(record: Record, mail_server: MailServer) -> ACase:
    case = await a_case_now(record, mail_server)
    await record.pool.execute("UPDATE cases SET review_due = '2027-01-05', original_review_due = '2027-01-05'")
    await record.pool.execute(
        "INSERT INTO appointments (reference, role, person_key, name, email, at) "
        "VALUES ($1, 'reviewing_manager', 'n53.reviewer.1', 'Example', $2, now())",
        case.reference,
        AUTHOR,
    )
    return case


async def test_each_change_is_recorded_while_temporal_is_away(
    command: Sfo, record: Record, mail_server: MailServer, because: tuple[str, ...]
) -> None:
    reference = (await under_review(record, mail_server)).reference
    for arguments, said in (
        (("pause", reference, "--reasons", "Words of a person", *because), "the clock of the review stops"),
        (("transfer", reference, "--region", "N56", "--pdu", "N56CAM", *because), "moves to N56 N56CAM"),
        (
            ("replace", reference, "--role", "reviewing_manager", "--to", "n53.reviewer.2", *because),
            "n53.reviewer.2 is the reviewing manager",
        ),
    ):
        ended = await command(*arguments)
        assert (ended.code, ended.out) == (0, f"{reference}: {said} as soon as the case's process takes it up\n")
        assert "the relay delivers it" in ended.err
    assert await record.value("SELECT count(*) FROM requests WHERE delivered_at_wall IS NULL") == 3


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("resume", "REF", "--reason-code", "trial", "--as", LEAD), 1, "is running"),
        (("pause", "REF", "--reason-code", "trial", "--as", AUTHOR), 1, "only the senior lead"),
        (("pause", "REF", "--reason-code", "boredom", "--as", LEAD), 2, "--reason-code"),
        (("pause", "REF", "--reason-code", "trial"), 2, "--as"),
        (("pause", "SFO-2026-99999", "--reason-code", "trial", "--as", LEAD), 1, "there is no case"),
        (("replace", "REF", "--role", "spoc", "--to", "x", "--reason-code", "trial", "--as", LEAD), 2, "--role"),
        (("relate", "REF", "REF", "--kind", "joint", "--as", LEAD), 1, "named twice"),
        (("bank-holiday", "2027-02-30", "--name", "x", "--source", "y", "--as", NATIONAL), 2, "is not a date"),
        (("bank-holiday", "2027-02-06", "--name", "x", "--source", "y", "--as", NATIONAL), 1, "is a Saturday"),
        (("extend", "REF", "--reason-code", "trial", "--as", AUTHOR), 2, "--to, or how much later with --by"),
        (("extend", "REF", "--by", "a while", "--reason-code", "trial", "--as", AUTHOR), 2, '"6 weeks" or "2 months"'),
        (("extend", "REF", "--to", "2026-09-01", "--reason-code", "trial", "--as", AUTHOR), 1, "lies in the past"),
        (("extend", "REF", "--by", "999 months", "--reason-code", "trial", "--as", LEAD), 1, "only the reviewing"),
    ],
)
async def test_what_cannot_be_says_why_and_what_to_do(
    command: Sfo, record: Record, mail_server: MailServer, arguments: tuple[str, ...], code: int, said: str
) -> None:
    reference = (await under_review(record, mail_server)).reference
    ended = await command(*(reference if one == "REF" else one for one in arguments))
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err


async def test_more_time_by_a_span_names_the_date_and_who_decides(
    command: Sfo, record: Record, mail_server: MailServer
) -> None:
    reference = (await under_review(record, mail_server)).reference
    ended = await command("extend", reference, "--by", "6 weeks", "--reason-code", "illness", "--as", AUTHOR)
    assert (ended.code, ended.out) == (0, f"{reference}: 2027-02-16 asked for; the national SFO team decides\n")


async def test_a_bank_holiday_says_what_it_touches_and_is_announced_once(
    command: Sfo, record: Record, mail_server: MailServer
) -> None:
    case = await under_review(record, mail_server)
    await case.ask("early_look", stage="early-look")
    typed = ("bank-holiday", "2026-10-14", "--name", "Invented Day", "--source", "Invented", "--as", NATIONAL)
    assert (await command(*typed)).out == "2026-10-14: announced; cases touched: 1, questions: 1\n"
    assert (await command(*typed)).out == "2026-10-14: announced already; cases touched: 1, questions: 1\n"
    assert await record.value("SELECT count(*) FROM requests") == 1


async def test_related_cases_are_related_once(command: Sfo, record: Record, mail_server: MailServer) -> None:
    first, second = [(await a_case_now(record, mail_server)).reference for _ in range(2)]
    typed = ("relate", first, second, "--kind", "joint", "--as", LEAD)
    assert (await command(*typed)).out == f"{first} and {second}: related\n"
    assert (await command(*typed)).out == f"{first} and {second}: related already\n"


def test_each_command_teaches_by_an_example() -> None:
    for name in ("pause", "resume", "transfer", "replace", "relate", "bank-holiday", "extend"):
        described = sfo.commands[name]
        assert f"sfo {name} " in (described.epilog or "")
        assert len(described.help or "") > 100
