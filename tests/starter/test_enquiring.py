"""Logging a request from outside: what is told to whoever logs it, and what cannot have come in."""

import io

import pytest

from tests.conftest import MailServer, Record
from tests.starter.front_desk import a_case_now
from tests.starter.test_commands import Sfo
from tests.starter.test_commands import command as command  # the fixture
from workflows.contract.vocabulary import EnquiryKind
from workflows.policy.enquiries import ROUTES

ASKER = "An invented newspaper"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("foi", "the national SFO team is asked, due 2026-11-02: 20 working days from receipt"),
        ("subject_access", "the national SFO team is asked, due 2026-11-05: 1 calendar month from receipt"),
        ("media", "the region's senior lead is asked, due 2026-10-06: 1 working day from receipt"),
        ("child_safeguarding", "the regional SFO Team is asked, due 2026-10-26: 15 working days from receipt"),
    ],
)
async def test_it_says_who_is_asked_and_until_when(
    command: Sfo, record: Record, mail_server: MailServer, kind: str, said: str
) -> None:
    reference = (await a_case_now(record, mail_server)).reference
    ended = await command("enquiry", reference, "--kind", kind, "--received-on", "2026-10-05", "--from", f" {ASKER} ")
    assert ended.code == 0
    assert ended.out == f"{reference}: enquiry 1, {kind}, received 2026-10-05, logged\n  {said}\n"
    assert "the relay delivers it" in ended.err
    assert await record.value("SELECT asked_by FROM enquiries") == ASKER


async def test_its_date_leaves_out_a_bank_holiday_announced_late(
    command: Sfo, record: Record, mail_server: MailServer
) -> None:
    reference = (await a_case_now(record, mail_server)).reference
    await record.pool.execute(
        "INSERT INTO bank_holidays (holiday, name, source, announced_by) "
        "VALUES ('2026-10-12', 'Invented day', 'Invented', 'Example')"
    )
    ended = await command("enquiry", reference, "--kind", "foi", "--received-on", "2026-10-05")
    assert "due 2026-11-03" in ended.out


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        ({"--kind": "gossip"}, 2, "'gossip' is not one of 'foi'"),
        ({"--received-on": "soon"}, 2, "is not a date"),
        ({"--received-on": "2090-01-01"}, 1, "lies in the future"),
        ({"--received-on": "2016-10-05"}, 1, "more than a year before the charge of 2026-10-05"),
        ({"--from": "x" * 201}, 1, "longer than 200 characters"),
    ],
)
async def test_what_cannot_be_is_refused_with_what_to_do(
    command: Sfo, record: Record, mail_server: MailServer, changed: dict[str, str], code: int, said: str
) -> None:
    reference = (await a_case_now(record, mail_server)).reference
    options = {"--kind": "foi", "--received-on": "2026-10-05", **changed}
    ended = await command("enquiry", reference, *(part for option in options.items() for part in option))
    assert ended.code == code
    assert said in ended.err
    assert await record.value("SELECT count(*) FROM enquiries") == 0


@pytest.mark.parametrize(("typed", "code", "count"), [("y\n", 0, 2), ("n\n", 1, 1), ("\n", 1, 1), ("", 1, 1)])
async def test_the_same_one_twice_is_asked_about(
    command: Sfo,
    record: Record,
    mail_server: MailServer,
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    code: int,
    count: int,
) -> None:
    reference = (await a_case_now(record, mail_server)).reference
    one = ("enquiry", reference, "--kind", "foi", "--received-on", "2026-10-05", "--from")
    assert (await command(*one, ASKER)).code == 0
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    again = await command(*one, ASKER.upper())
    assert again.code == code
    assert f"enquiry 1 of {reference} is of this kind, of 2026-10-05 and from the same asker" in again.err
    assert ASKER not in again.err
    assert await record.value("SELECT count(*) FROM enquiries") == count


async def test_another_asker_kind_or_day_is_another_enquiry_and_so_is_one_that_says_so(
    command: Sfo, record: Record, mail_server: MailServer
) -> None:
    reference = (await a_case_now(record, mail_server)).reference
    for number, arguments in enumerate(
        (
            ("--kind", "foi", "--received-on", "2026-10-05", "--from", ASKER),
            ("--kind", "foi", "--received-on", "2026-10-05", "--from", "Another invented asker"),
            ("--kind", "foi", "--received-on", "2026-10-05"),
            ("--kind", "media", "--received-on", "2026-10-05", "--from", ASKER),
            ("--kind", "foi", "--received-on", "2026-10-04", "--from", ASKER),
            ("--kind", "foi", "--received-on", "2026-10-05", "--from", ASKER, "--another"),
        ),
        start=1,
    ):
        ended = await command("enquiry", reference, *arguments)
        assert (ended.code, f"enquiry {number}," in ended.out) == (0, True), ended.err


async def test_the_help_teaches_where_each_kind_goes(command: Sfo) -> None:
    shown = (await command("enquiry", "--help")).out
    for kind in EnquiryKind:
        (line,) = [line for line in shown.splitlines() if line.startswith(f"    {kind} ")]
        assert line.endswith(f" {ROUTES[kind].first.deadline}")
    assert "statutory clocks" in shown
