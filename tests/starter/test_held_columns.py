"""Every column of the schema is declared: whose data it is, and in what words it is told."""

import pytest

from starter.held import IDENTIFYING, How, Whose
from starter.held_columns import HELD, TABLES, columns_of
from tests.conftest import Record

NEVER_HANDED_OUT = {
    *("codes.code_hash", "address_codes.code_hash", "sessions.session_hash", "sessions.csrf"),
    *("sign_ins.state_hash", "sign_ins.browser_hash", "sign_ins.nonce", "sign_ins.verifier"),
    "rendition_files.bytes",
    "erasures.probe",
}


async def readable(record: Record) -> set[str]:
    """Every column that the service may read."""
    rows = await record.rows(
        """SELECT table_name || '.' || column_name AS name FROM information_schema.columns
           JOIN information_schema.tables USING (table_schema, table_name)
           WHERE table_schema = 'sfo' AND table_type = 'BASE TABLE'"""
    )
    return {str(row["name"]) for row in rows}


async def columns_there(record: Record) -> set[str]:
    """Every column of the schema, whoever may read it."""
    async with record.owner() as owner:
        rows = await owner.fetch(
            """SELECT c.relname || '.' || a.attname AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
               WHERE c.relnamespace = 'sfo'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
                   AND NOT a.attisdropped"""
        )
    return {row["name"] for row in rows}


async def undeclared(record: Record) -> set[str]:
    return (await columns_there(record)) - set(HELD)


async def test_every_column_of_every_migration_is_declared_and_none_that_is_not_there(record: Record) -> None:
    behind_the_wall = {"referrals.reference", "referrals.made_by_role", "referrals.at"}
    assert await undeclared(record) == behind_the_wall, "declare what is new in starter/held_columns_*.py"
    assert not behind_the_wall & await readable(record)
    assert set(HELD) - await columns_there(record) == set(), "these columns are gone from the schema; take them out"
    assert {name.partition(".")[0] for name in HELD} == set(TABLES)


async def test_a_new_column_is_not_overlooked(record: Record) -> None:
    async with record.owner() as owner:
        await owner.execute("ALTER TABLE sfo.cases ADD nickname text")
        await owner.execute("CREATE TABLE sfo.friends (name text)")
    assert await undeclared(record) >= {"cases.nickname", "friends.name"}


@pytest.mark.parametrize("table", TABLES)
def test_a_table_says_when_and_tells_each_person_of_a_row_apart(table: str) -> None:
    columns, declared = columns_of(table), TABLES[table]
    assert all((declared.words, declared.source, declared.kept))
    assert declared.since in ("", *columns)
    assert declared.about in ("", *columns)
    assert all(held.words and not held.words.endswith(".") for held in columns.values())
    assert all(held.of for held in columns.values() if held.how in IDENTIFYING)


def test_what_names_somebody_is_never_declared_as_nobodys() -> None:
    telling = ("_name", "_email", "_key", "_by", "by_email")
    allowed = {"cases.charge_key", "enquiries.asked_by", "releases.received_by"}
    for name, held in HELD.items():
        if name.endswith(telling) and name not in allowed:
            assert (held.how in IDENTIFYING, held.whose is Whose.NOBODY) == (True, False), name
    assert {name for name, held in HELD.items() if held.how is How.NEVER} == NEVER_HANDED_OUT
    secrets = [name for name in HELD if name.endswith(("_hash", "csrf", "nonce", "verifier")) and "audit" not in name]
    assert [name for name in secrets if HELD[name].how is not How.NEVER] == []
