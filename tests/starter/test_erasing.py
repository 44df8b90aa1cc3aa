"""Who may order an erasure and when, what is declared of each column, and what the database refuses by itself."""

from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from tests.builders import ACase
from tests.conftest import MailServer, Record
from tests.starter.front_desk import a_case_now
from tests.starter.test_commands import Sfo
from tests.starter.test_commands import command as command  # the fixture

ENGINEER, DUTY, DUTY_2 = (f"{name}@national.example.test" for name in ("engineer.one", "duty.one", "duty.two"))
TEAM, LEAD = "sfo.team@national.example.test", "senior.lead@n53.example.test"


async def closed(record: Record, mail: MailServer, outcome: str = "completed", years: int = 11) -> ACase:
    case = await a_case_now(record, mail)
    today = await record.value("SELECT (clock ->> 'case_anchor')::date FROM cases WHERE reference = $1", case.reference)
    assert isinstance(today, date)
    await record.pool.execute(
        "UPDATE cases SET closed_on = $2, outcome = $3, stage = 'closed' WHERE reference = $1",
        case.reference,
        today - timedelta(days=365 * years + 5),
        outcome,
    )
    return case


async def proposed(command: Sfo, case: ACase, by: str = ENGINEER) -> None:
    ended = await command("erase", case.reference, "--as", by)
    assert ended.code == 0, ended.err
    assert "Nothing is erased yet" in ended.out


# --- what is declared --------------------------------------------------------------------------------


async def test_every_table_and_each_column_that_stays_is_declared(record: Record) -> None:
    """A column that a later file adds must say whether it stays: nobody forgets a name by forgetting this."""
    columns: dict[str, set[str]] = {}
    async with record.owner() as owner:
        found = await owner.fetch(
            """SELECT table_name AS t, column_name AS c FROM information_schema.columns
               JOIN information_schema.tables USING (table_schema, table_name)
               WHERE table_schema = 'sfo' AND table_type = 'BASE TABLE'"""
        )
    for row in found:
        columns.setdefault(str(row["t"]), set()).add(str(row["c"]))
    declared: dict[str, set[str]] = {}
    whole = set()
    for rule in await record.pool.fetch("SELECT tbl, fate, kept, blanked FROM erasure_rules"):
        names = [*rule["kept"], *(str(one).partition("=")[0] for one in rule["blanked"])]
        assert len(names) == len(set(names)), rule["tbl"]
        declared.setdefault(str(rule["tbl"]), set()).update(names)
        if rule["fate"] == "deleted":
            whole.add(rule["tbl"])
    assert declared.keys() == columns.keys()
    for table, those in declared.items():
        if those or table not in whole:
            assert those == columns[table], table


async def test_what_is_emptied_can_be_empty(record: Record) -> None:
    async with record.owner() as owner:
        for rule in await owner.fetch("SELECT tbl, unnest(blanked) AS name FROM erasure_rules WHERE fate = 'blanked'"):
            if "=" not in rule["name"]:
                value = await owner.fetchval("SELECT emptied($1, $2)", rule["tbl"], rule["name"])
                assert value is not None, tuple(rule)


# --- who and when ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--as", LEAD), 1, "only the operations or the national team"),
        (("--as", TEAM), 1, "give your own address"),
        (("--as", "nobody@x.example.test"), 1, "only the operations or the national team"),
        (("--confirm", "--as", DUTY), 1, "nobody has proposed"),
        ((), 2, "--as is missing"),
        (("--as", ENGINEER, "--reason-code", "boredom"), 2, "--reason-code"),
        (("--again", "--as", ENGINEER), 2, "leave the rest out"),
    ],
)
async def test_what_is_refused_says_why(
    command: Sfo, record: Record, mail_server: MailServer, arguments: tuple[str, ...], code: int, said: str
) -> None:
    case = await closed(record, mail_server)
    ended = await command("erase", case.reference, *arguments)
    assert ended.code == code, ended
    assert said in ended.err
    assert await record.value("SELECT count(*) FROM erasures") == 0


async def test_one_person_never_does_both(command: Sfo, record: Record, mail_server: MailServer) -> None:
    case = await closed(record, mail_server)
    await proposed(command, case, DUTY)
    ended = await command("erase", case.reference, "--as", DUTY_2)
    assert (ended.code, "was proposed by national.duty.1" in ended.err) == (1, True)
    for by, code, said in (
        (DUTY, 1, "another person confirms it"),
        (ENGINEER, 1, "only the national team"),
        (DUTY_2, 3, "Temporal does not answer"),  # which is asked whether a workflow of it still runs
    ):
        ended = await command("erase", case.reference, "--confirm", "--as", by)
        assert (ended.code, said in ended.err) == (code, True), ended
    assert await record.value("SELECT confirmed_by FROM erasures") is None
    with pytest.raises(asyncpg.CheckViolationError):
        await record.pool.execute("UPDATE erasures SET confirmed_by = proposed_by, confirmed_at = now()")


@pytest.mark.parametrize(("outcome", "years", "said"), [("completed", 9, "kept until"), ("not_reviewed", 5, "kept")])
async def test_before_its_date_only_an_order_erases_it(
    command: Sfo, record: Record, mail_server: MailServer, outcome: str, years: int, said: str
) -> None:
    case = await closed(record, mail_server, outcome, years)
    ended = await command("erase", case.reference, "--as", ENGINEER)
    assert (ended.code, said in ended.err) == (1, True), ended
    ended = await command("erase", case.reference, "--as", ENGINEER, "--reason-code", "commissioner_order")
    assert ended.code == 0, ended


async def test_an_open_case_is_not_erased_whoever_orders_it(
    command: Sfo, record: Record, mail_server: MailServer
) -> None:
    case = await a_case_now(record, mail_server)
    ended = await command("erase", case.reference, "--as", ENGINEER, "--reason-code", "court_order")
    assert (ended.code, "it is open" in ended.err) == (1, True)


async def test_a_hold_stands_against_it_until_the_national_team_lifts_it(
    command: Sfo, record: Record, mail_server: MailServer
) -> None:
    case = await closed(record, mail_server)
    held = ("hold", "set", case.reference, "--reason-code", "inquest", "--as", LEAD)
    assert (await command(*held)).out == f"{case.reference}: held, inquest\n"
    assert (await command(*held)).out == f"{case.reference}: held already, inquest\n"
    ended = await command("erase", case.reference, "--as", ENGINEER, "--reason-code", "court_order")
    assert (ended.code, "under hold: inquest" in ended.err) == (1, True)
    assert "n53.senior_lead" in (await command("hold", "list")).out
    lift = ("hold", "lift", case.reference, "--reason-code", "inquest", "--as")
    ended = await command(*lift, LEAD)
    assert (ended.code, "only the national team" in ended.err) == (1, True), ended.err
    assert (await command(*lift, DUTY)).code == 0
    assert (await command(*lift, DUTY)).code == 1
    assert (await command("hold", "list")).out == "nothing is held\n"
    (one,) = (await command("hold", "list", case.reference, "--json")).json
    assert (one["lifted_by"], one["set_by"]) == ("national.duty.1", "n53.senior_lead")
    await proposed(command, case)
    actions = [row["action"] for row in await record.rows("SELECT action FROM audit ORDER BY seq")]
    assert actions[-3:] == ["hold_set", "hold_lifted", "erasure_proposed"]


@pytest.mark.parametrize(
    ("kind", "change", "stands"),
    [
        ("joint", "", True),
        ("same_person", "", True),
        ("joint", "closed_on = '2026-01-01', outcome = 'completed'", False),
        ("joint", "held", True),
        ("same_person", "held", False),
    ],
)
async def test_a_case_that_belongs_to_it_and_needs_it_stands_against_it(
    command: Sfo, record: Record, mail_server: MailServer, kind: str, change: str, stands: bool
) -> None:
    case = await closed(record, mail_server)
    other = "SFO-2026-00999"
    async with record.owner() as owner:
        await owner.execute(
            """INSERT INTO cases SELECT (jsonb_populate_record(c, jsonb_build_object(
                   'reference', $2::text, 'charge_key', 'x', 'closed_on', NULL))).*
               FROM cases c WHERE reference = $1""",
            case.reference,
            other,
        )
        await owner.execute(
            "INSERT INTO relations VALUES ($1, $2, $3, 'x@example.test', now())", case.reference, other, kind
        )
        if change == "held":
            await owner.execute(
                "INSERT INTO holds (reference, reason_code, set_by) VALUES ($1, 'inquest', 'x.y')", other
            )
            change = "closed_on = '2026-01-01', outcome = 'completed'"
        if change:
            await owner.execute(f"UPDATE cases SET {change} WHERE reference = $1", other)
    ended = await command("erase", case.reference, "--as", ENGINEER)
    assert (ended.code, f"{other} belongs to it" in ended.err) == ((1, True) if stands else (0, False)), ended


# --- what the database refuses by itself ----------------------------------------------------------------


async def test_the_database_erases_nothing_that_two_people_have_not_ordered(
    record: Record, mail_server: MailServer
) -> None:
    case = await closed(record, mail_server)
    erase = "SELECT sfo.erase_case($1, false)"
    order = "INSERT INTO erasures (reference, reason_code, proposed_by) VALUES ($1, 'court_order', 'a.b')"
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="two people"):
        await record.pool.execute(erase, case.reference)
    await record.pool.execute(order, case.reference)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="two people"):
        await record.pool.execute(erase, case.reference)
    await record.pool.execute("UPDATE erasures SET confirmed_by = 'c.d', confirmed_at = now()")
    held = "INSERT INTO holds (reference, reason_code, set_by) VALUES ($1, 'inquest', 'x.y') RETURNING hold"
    await record.pool.execute(held, case.reference)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="under hold"):
        await record.pool.execute(erase, case.reference)
    await record.pool.execute("UPDATE holds SET lifted_by = 'x.y', lifted_at = now()")
    await record.pool.execute("UPDATE cases SET closed_on = NULL")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="is open"):
        await record.pool.execute(erase, case.reference)
    await record.pool.execute("UPDATE cases SET closed_on = '2026-01-01'")
    await record.pool.execute(erase, case.reference)
    assert await record.value("SELECT person_name FROM cases") == "erased"
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="was erased"):
        await record.pool.execute("UPDATE cases SET closed_on = NULL")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM documents",
        "DELETE FROM gates",
        "UPDATE documents SET content = '{}'",
        "UPDATE erasure_rules SET scope = 'true'",
        "DELETE FROM erasures",
        "UPDATE erasures SET reason_code = 'x'",
        "DELETE FROM holds",
    ],
)
async def test_the_service_has_gained_no_right_to_delete(
    record: Record, mail_server: MailServer, statement: str
) -> None:
    case = await closed(record, mail_server)
    async with record.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('sfo.erasing', $1, true)", case.reference)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


async def test_a_setting_alone_opens_nothing_even_for_the_owner_of_another_case(
    record: Record, mail_server: MailServer
) -> None:
    case = await closed(record, mail_server)
    await record.pool.execute(
        "INSERT INTO documents (reference, kind, version, content, sha256, at) "
        "VALUES ($1, 'review', 1, '{}', 'x', now())",
        case.reference,
    )
    async with record.owner() as owner, owner.transaction():
        await owner.execute("SELECT set_config('sfo.erasing', 'SFO-2026-00998', true)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="immutable"):
            await owner.execute("DELETE FROM documents")


async def test_what_the_figures_count_of_an_accepted_review_stays_and_its_words_go(
    record: Record, mail_server: MailServer
) -> None:
    case = await closed(record, mail_server)
    content: dict[str, Any] = {
        "judgement": "partly",
        "judgement_reasons": "Words.",
        "findings": [
            {"kind": "deficiency", "level": "team", "theme": "handover", "text": "Words.", "reasons": "Words."}
        ],
    }
    for version in (1, 2):
        await record.pool.execute(
            "INSERT INTO documents (reference, kind, version, content, sha256, at) "
            "VALUES ($1, 'review', $2, $3, 'x', now())",
            case.reference,
            version,
            content,
        )
    await record.pool.execute(
        "INSERT INTO ratings VALUES ($1, 1, $2, 'good', true, false, now())",
        case.reference,
        {"standard_1": "good", "must_change": "Words."},
    )
    await record.pool.execute("UPDATE cases SET accepted_version = 2")
    await record.pool.execute(
        "INSERT INTO erasures (reference, reason_code, proposed_by, confirmed_by, confirmed_at) "
        "VALUES ($1, 'court_order', 'a.b', 'c.d', now())",
        case.reference,
    )
    counts: Any = await record.value("SELECT sfo.erase_case($1, false)", case.reference)
    assert (counts["documents"], counts["cases"]) == (2, 1)
    (left,) = await record.rows("SELECT version, content FROM documents")
    assert left == {
        "version": 2,
        "content": {"judgement": "partly", "findings": [{"kind": "deficiency", "level": "team", "theme": "handover"}]},
    }
    assert await record.value("SELECT ratings FROM ratings") == {"standard_1": "good"}
    assert await record.value("SELECT sfo.erase_case($1, false)", case.reference) is not None
    assert await record.value("SELECT counts FROM erasures") == counts  # the second time says what the first one did


# --- what is due ---------------------------------------------------------------------------------------


async def test_what_is_due_is_listed_with_what_stands_against_it_and_nothing_goes_by_itself(
    command: Sfo, record: Record, mail_server: MailServer
) -> None:
    assert (await command("retention")).out == "no closed case is past its period\n"
    case = await closed(record, mail_server)
    (one,) = (await command("retention", "--json")).json
    assert (one["reference"], one["due"], one["against"], one["proposed"]) == (case.reference, True, [], False)
    assert "due" in (await command("retention", "--region", "N53")).out
    assert (await command("retention", "--region", "N56")).out == "no closed case is past its period\n"
    assert (await command("retention", "--region", "X99")).code == 2
    await command("hold", "set", case.reference, "--reason-code", "litigation", "--as", LEAD)
    assert "under hold: litigation" in (await command("retention")).out
    await record.pool.execute("UPDATE cases SET closed_on = (clock ->> 'case_anchor')::date")
    assert (await command("retention")).out == "no closed case is past its period\n"
    (one,) = (await command("retention", "--all", "--json")).json
    assert one["due"] is False
    assert await record.value("SELECT count(*) FROM cases WHERE erased_at IS NOT NULL") == 0
