"""The database's shape: the numbered files of deploy/schema, each applied once, in order.

A file expands: it adds what the release before does not mind, and is applied while that runs. Or it contracts: it takes
away what no running build uses any more, which its first line says, `-- contracts: what, and since which release`.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from starter.settings import Settings

_DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
SCHEMA_DIR = _DEPLOY / "schema"
KEYS_DIR = _DEPLOY / "keys"
"""The store of the cases' keys: in the record's own database or in one of its own, so it counts its files apart."""

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_LOCK = "sfo.schema"
_OF_RECORD, _OF_KEYS = "sfo_schema", "sfo_keys_schema"
_KIND = re.compile(r"-- (expands|contracts): \S")
_AT_WORK = """SELECT DISTINCT application_name AS name FROM pg_stat_activity
    WHERE datname = current_database() AND application_name ~ '^sfo-(worker|gateway)' ORDER BY 1"""
_BOOKKEEPING = """
    CREATE SCHEMA IF NOT EXISTS {books};
    CREATE TABLE IF NOT EXISTS {books}.applied (
        file       text PRIMARY KEY,
        sha256     text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
"""


class SchemaError(Exception):
    """The files and the database disagree; the text names the file and the remedy."""


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def contracts(self) -> bool:
        return kind_of(self.sql) == "contracts"


@dataclass(frozen=True, slots=True)
class SchemaState:
    """How the files stand to the database, each by its name. `newer` are applied and not among the files."""

    applied: tuple[str, ...]
    missing: tuple[str, ...]
    edited: tuple[str, ...]
    newer: tuple[str, ...]


def kind_of(sql: str) -> str | None:
    """`expands` or `contracts`, as the first line of a schema file says; None where it says neither."""
    found = _KIND.match(sql)
    return found[1] if found else None


def at_work_as(service: str, build_id: str) -> str:
    """Under which name the database sees a worker or gateway, so that a contraction knows of builds that still run."""
    return f"{service} {build_id}"[:63]  # PostgreSQL keeps no more of a name


async def compare_schema(database_url: str, schema_dir: Path | None = None) -> SchemaState:
    """Return how the files stand to the database, and change nothing. Raises SchemaError, and what asyncpg raises."""
    schema_dir = schema_dir or SCHEMA_DIR
    files = {file.name: file.sha256 for file in _read(schema_dir)}
    connection = await asyncpg.connect(database_url, timeout=4, server_settings={"application_name": "sfo-doctor"})
    try:
        applied = await _applied(connection, _books(schema_dir))
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        applied = {}
    finally:
        await connection.close()
    return SchemaState(
        applied=tuple(applied),
        missing=tuple(name for name in files if name not in applied),
        edited=tuple(name for name in files if applied.get(name, files[name]) != files[name]),
        newer=tuple(name for name in applied if name not in files),
    )


async def apply_schema(
    database_url: str, schema_dir: Path | None = None, *, build_id: str = "", only_expand: bool = False
) -> list[str]:
    """Bring the database to the newest file and return the names applied now, none when it was there already.

    Each file is one transaction. Any number of starters may call this at once: the others wait for the first.
    A file that contracts is refused while a worker or gateway of another build than `build_id` uses the database, with
    what comes after it; what comes before is applied. With `only_expand` it ends before such a file.
    `database_url` connects as the owner. Raises SchemaError, and what asyncpg raises for a wrong statement.
    """
    schema_dir = schema_dir or SCHEMA_DIR
    files = _read(schema_dir)
    # A change that waits for a lock makes everybody behind it wait: it gives up and is repeated.
    settings = {"application_name": "sfo-schema", "lock_timeout": "10000"}
    connection = await asyncpg.connect(database_url, timeout=10, server_settings=settings)
    try:
        # The others wait for the first, however long it takes.
        await connection.execute("SET lock_timeout = 0")
        await connection.execute("SELECT pg_advisory_lock(hashtext($1))", _LOCK)
        await connection.execute("RESET lock_timeout")
        return await _apply(connection, files, _books(schema_dir), build_id, only_expand=only_expand)
    finally:
        await connection.close()  # the lock is the session's and goes with it


async def apply_all(settings: Settings, *, only_expand: bool = False) -> list[str]:
    """Bring record and store of keys to their newest files; return the names applied now. As `apply_schema` does."""
    places = ((settings.schema_database_url, SCHEMA_DIR), (settings.keys_schema_database_url, KEYS_DIR))
    applied = [
        await apply_schema(url, folder, build_id=settings.build_id, only_expand=only_expand) for url, folder in places
    ]
    return [name for names in applied for name in names]


def _read(schema_dir: Path) -> list[_File]:
    paths = sorted(schema_dir.glob("*.sql"))
    if not paths:
        raise SchemaError(f"there is no schema file in {schema_dir}")
    numbers = [_number(path) for path in paths]
    if numbers != list(range(1, len(paths) + 1)):
        raise SchemaError(f"the schema files are numbered {numbers}; number them 0001, 0002 and so on without a gap")
    return [_File(path.name, path.read_text(encoding="utf-8")) for path in paths]


def _number(path: Path) -> int:
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise SchemaError(f"{path.name} is not named like 0002_what_it_does.sql; rename it")
    return int(match[1])


def _books(schema_dir: Path) -> str:
    return _OF_KEYS if schema_dir == KEYS_DIR else _OF_RECORD


async def _apply(
    connection: asyncpg.Connection, files: list[_File], books: str, build_id: str, *, only_expand: bool
) -> list[str]:
    await connection.execute(_BOOKKEEPING.format(books=books))
    applied = await _applied(connection, books)
    _check(files, applied)
    fresh = [file for file in files if file.name not in applied]
    for place, file in enumerate(fresh):
        if file.contracts and only_expand:
            return [one.name for one in fresh[:place]]
        if file.contracts:
            await _refuse_while_needed(connection, file, build_id, fresh[:place])
        async with connection.transaction():
            await connection.execute(file.sql)  # the whole file at once: a function's body has semicolons
            await connection.execute(
                f"INSERT INTO {books}.applied (file, sha256) VALUES ($1, $2)", file.name, file.sha256
            )
    return [file.name for file in fresh]


async def _refuse_while_needed(
    connection: asyncpg.Connection, file: _File, build_id: str, applied: list[_File]
) -> None:
    """Whoever works says so by the name of its connections; a worker and a gateway always hold one."""
    ours = {at_work_as(service, build_id) for service in ("sfo-worker", "sfo-gateway")}
    others = [row["name"] for row in await connection.fetch(_AT_WORK) if row["name"] not in ours]
    if others:
        before = f" Applied before it: {', '.join(one.name for one in applied)}." if applied else ""
        raise SchemaError(
            f"{file.name} takes away what an older build may use, and these still use the database: "
            f"{', '.join(others)}. Stop them and repeat, or leave it for later: `sfo schema --expand`.{before}"
        )


async def _applied(connection: asyncpg.Connection, books: str) -> dict[str, str]:
    rows = await connection.fetch(f"SELECT file, sha256 FROM {books}.applied ORDER BY file")
    return {row["file"]: row["sha256"] for row in rows}


def _check(files: list[_File], applied: dict[str, str]) -> None:
    """Refuse a file that was edited, and a file that comes before one already applied.

    A database that knows more files than this code is a newer release's and is left as it is.
    """
    newest = max(applied, default="")
    for file in files:
        if applied.get(file.name, file.sha256) != file.sha256:
            raise SchemaError(f"{file.name} was edited after it was applied; restore it and add a new numbered file")
        if file.name not in applied and file.name < newest:
            raise SchemaError(f"{file.name} comes before {newest}, which is applied; give it the next number")
