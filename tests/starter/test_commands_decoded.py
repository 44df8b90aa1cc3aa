"""`sfo audit decoded` from the command line: who had what read, of a case or at all."""

import json

from starter.payload_readings import Reading, note_reading
from tests.conftest import MailServer, Record
from tests.starter.front_desk import a_case_now
from tests.starter.test_commands import Sfo
from tests.starter.test_commands import command as command  # the fixture


async def test_it_tells_who_had_payloads_of_a_case_read_and_without_a_case_all_and_the_refused(
    command: Sfo, record: Record, mail_server: MailServer
) -> None:
    case = (await a_case_now(record, mail_server)).reference
    empty = await command("audit", "decoded")
    assert (empty.code, empty.out) == (0, "nothing was read or sealed, and nothing refused\n")
    by = ("operations.engineer.1", ("operations",))
    async with record.pool.acquire() as connection:
        await note_reading(connection, Reading("decode", *by, 2, ("k1", "k2"), (case, "SFO-2026-00099")))
        await note_reading(connection, Reading("encode", *by, 1, ("k1",)))
        await note_reading(connection, Reading("decode", "n53.spoc", ("spoc",), refused="other_role"))
        await note_reading(connection, Reading("decode", refused="not_signed_in"))
    (of_the_case,) = (await command("audit", "decoded", case)).out.splitlines()
    assert of_the_case.endswith(
        f"Z  operations.engineer.1 (operations): decoded 2 payloads, key k1 k2, of {case} SFO-2026-00099"
    )
    lines = (await command("audit", "decoded")).out.splitlines()
    assert [line.partition("Z  ")[2] for line in lines[1:]] == [
        "operations.engineer.1 (operations): encoded 1 payload, key k1, of no case",
        "n53.spoc (spoc): decode refused: whoever is signed in is not operations",
        "nobody known (no role): decode refused: nobody is signed in",
    ]
    told = json.loads((await command("audit", "decoded", "--json")).out)
    assert [(one["person"], one["refused"], one["cases"]) for one in told] == [
        ("operations.engineer.1", None, [case, "SFO-2026-00099"]),
        ("operations.engineer.1", None, []),
        ("n53.spoc", "other_role", []),
        (None, "not_signed_in", []),
    ]


async def test_a_case_that_there_is_not_is_bad_input(command: Sfo) -> None:
    refused = await command("audit", "decoded", "SFO-2026-99999")
    assert (refused.code, "sfo cases" in refused.err) == (2, True)
