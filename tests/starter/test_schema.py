"""The schema applies once, whoever starts first, and an edited file is seen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from deploy.embedded.postgres import EmbeddedPostgres
from starter.schema import SCHEMA_DIR, SchemaError, apply_schema, at_work_as, kind_of

_NUMBERS = count(1)


@pytest_asyncio.fixture
async def empty(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database without anything in it, and the owner's address of it."""
    name = f"empty_{next(_NUMBERS)}"
    superuser = postgres.owner_url.replace("sfo_owner@/sfo", "postgres@/postgres")
    connection = await asyncpg.connect(superuser)
    await connection.execute(f"CREATE DATABASE {name} OWNER sfo_owner")
    yield postgres.owner_url.replace("@/sfo", f"@/{name}")
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


def files(folder: Path, **named: str) -> Path:
    for name, sql in named.items():
        (folder / f"{name[1:]}.sql").write_text(sql)
    return folder


async def tables(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {row["tablename"] for row in rows}
    finally:
        await connection.close()


async def test_the_real_schema_applies_once_with_four_starters_at_once(empty: str) -> None:
    applied = await asyncio.gather(*(apply_schema(empty) for _ in range(4)))
    names = sorted(path.name for path in SCHEMA_DIR.glob("*.sql"))
    assert sorted(applied) == [[], [], [], names]
    assert await apply_schema(empty) == []


async def test_later_files_are_added_in_order(empty: str, tmp_path: Path) -> None:
    folder = files(tmp_path, _0001_a="CREATE TABLE a (x int)")
    assert await apply_schema(empty, folder) == ["0001_a.sql"]
    files(tmp_path, _0002_b="CREATE TABLE b (x int)", _0003_c="ALTER TABLE b ADD y int")
    assert await apply_schema(empty, folder) == ["0002_b.sql", "0003_c.sql"]


async def test_a_function_with_semicolons_is_one_statement_to_us(empty: str, tmp_path: Path) -> None:
    body = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; RETURN 2; END $$; SELECT f();"
    assert await apply_schema(empty, files(tmp_path, _0001_f=body)) == ["0001_f.sql"]


async def test_a_file_that_fails_leaves_nothing_and_keeps_those_before_it(empty: str, tmp_path: Path) -> None:
    folder = files(tmp_path, _0001_a="CREATE TABLE a (x int)", _0002_b="CREATE TABLE b (x int); SELECT 1/0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await apply_schema(empty, folder)
    assert await tables(empty) == {"a"}
    files(tmp_path, _0002_b="CREATE TABLE b (x int)")
    assert await apply_schema(empty, folder) == ["0002_b.sql"]


async def test_an_edited_file_is_refused_with_the_remedy(empty: str, tmp_path: Path) -> None:
    folder = files(tmp_path, _0001_a="CREATE TABLE a (x int)")
    await apply_schema(empty, folder)
    files(tmp_path, _0001_a="CREATE TABLE a (x bigint)", _0002_b="CREATE TABLE b (x int)")
    with pytest.raises(SchemaError, match=r"0001_a.sql was edited.*new numbered file"):
        await apply_schema(empty, folder)
    assert await tables(empty) == {"a"}


async def test_older_code_leaves_a_newer_database_alone(empty: str, tmp_path: Path) -> None:
    folder = files(tmp_path, _0001_a="CREATE TABLE a (x int)", _0002_b="CREATE TABLE b (x int)")
    await apply_schema(empty, folder)
    (folder / "0002_b.sql").unlink()
    assert await apply_schema(empty, folder) == []


@pytest.mark.parametrize("name", ["_0003_late", "_1_short", "_0001_Capital"])
async def test_a_file_out_of_the_numbering_is_refused(empty: str, tmp_path: Path, name: str) -> None:
    folder = files(tmp_path, _0001_a="SELECT 1", **{name: "SELECT 1"})
    with pytest.raises(SchemaError):
        await apply_schema(empty, folder)


async def test_two_files_with_one_number_and_an_empty_folder_are_refused(empty: str, tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="no schema file"):
        await apply_schema(empty, tmp_path)
    with pytest.raises(SchemaError, match="numbered"):
        await apply_schema(empty, files(tmp_path, _0001_a="SELECT 1", _0001_b="SELECT 1"))


# --- expand, then contract ---------------------------------------------------------------------------

GIVES_UP = "-- contracts: nobody reads y since release 2\nALTER TABLE a DROP COLUMN y;"


@asynccontextmanager
async def at_work(url: str, service: str, build: str) -> AsyncIterator[None]:
    """A worker or a gateway as the database sees it: by another role than the owner."""
    connection = await asyncpg.connect(
        url.replace("sfo_owner@", "sfo_app@"), server_settings={"application_name": at_work_as(service, build)}
    )
    try:
        yield
    finally:
        await connection.close()


async def test_what_contracts_waits_for_every_older_build(empty: str, tmp_path: Path) -> None:
    folder = files(tmp_path, _0001_a="CREATE TABLE a (x int, y int)")
    await apply_schema(empty, folder, build_id="new")
    files(tmp_path, _0002_b="-- expands: b\nCREATE TABLE b (x int);", _0003_gives_up=GIVES_UP)
    async with at_work(empty, "sfo-worker", "new"), at_work(empty, "sfo-gateway", "old"):
        with pytest.raises(SchemaError, match=r"0003_gives_up.sql takes away.*sfo-gateway old\. .*--expand.*0002_b"):
            await apply_schema(empty, folder, build_id="new")
        assert await tables(empty) == {"a", "b"}  # what expands is not held up by it
        assert await apply_schema(empty, folder, build_id="new", only_expand=True) == []
    async with at_work(empty, "sfo-worker", "new"), at_work(empty, "sfo-command", "old"):
        assert await apply_schema(empty, folder, build_id="new") == ["0003_gives_up.sql"]


async def test_a_worker_from_before_builds_were_named_counts_as_older(empty: str, tmp_path: Path) -> None:
    folder = files(tmp_path, _0001_a="CREATE TABLE a (x int, y int)", _0002_gives_up=GIVES_UP)
    connection = await asyncpg.connect(empty, server_settings={"application_name": "sfo-worker"})
    try:
        with pytest.raises(SchemaError, match=r"still use the database: sfo-worker\."):
            await apply_schema(empty, folder, build_id="new")
    finally:
        await connection.close()


async def test_only_expand_ends_before_what_contracts(empty: str, tmp_path: Path) -> None:
    folder = files(
        tmp_path, _0001_a="CREATE TABLE a (x int, y int)", _0002_gives_up=GIVES_UP, _0003_c="CREATE TABLE c (x int)"
    )
    assert await apply_schema(empty, folder, only_expand=True) == ["0001_a.sql"]
    assert await apply_schema(empty, folder) == ["0002_gives_up.sql", "0003_c.sql"]


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("-- expands: a table", "expands"),
        ("-- contracts: a column", "contracts"),
        ("-- contracts:", None),
        ("-- A table.\n-- contracts: too late", None),
    ],
)
def test_the_first_line_says_which_it_is(sql: str, kind: str | None) -> None:
    assert kind_of(sql) == kind


def test_a_long_build_is_known_by_as_much_as_the_database_keeps() -> None:
    assert len(at_work_as("sfo-worker", "b" * 64)) == 63


async def test_the_application_can_work_and_cannot_touch_the_audit(postgres: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(postgres.app_url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM sfo.cases") == 0
        for statement in ("DELETE FROM sfo.audit", "UPDATE sfo.audit SET actor = 'x'", "TRUNCATE sfo.audit"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()
