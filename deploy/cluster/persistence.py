"""The two databases of a Temporal cluster on PostgreSQL, made and brought up to date by Temporal's own tool."""

import asyncio
import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

from deploy.cluster.binaries import SQL_TOOL, binary
from deploy.embedded.process import Command, ServiceError, running

ROLE = "temporal"
DATABASES = {"temporal": "temporal", "temporal_visibility": "visibility"}
"""Each database, and what its schema is called in the tool."""

_PORT = "5432"  # names the socket's file
_PLUGIN = "postgres12_pgx"


def socket_of(url: str) -> Path:
    """Return the folder of the socket in the address of an embedded PostgreSQL."""
    return Path(parse_qs(urlsplit(url).query)["host"][0])


async def prepare_persistence(socket: Path, log: Path) -> None:
    """Both databases exist and have the newest schema that the tool knows. Safe to repeat.

    Raises ServiceError when the tool fails; its words are in `log`.
    """
    await _make_databases(socket)
    for database, schema in DATABASES.items():
        if not await _has_versions(socket, database):
            await _tool(socket, log, database, "setup-schema", "--version", "0.0")
        await _tool(socket, log, database, "update-schema", "--schema-name", f"postgresql/v12/{schema}")


async def _make_databases(socket: Path) -> None:
    connection = await asyncpg.connect(host=str(socket), user="postgres", database="postgres")
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", ROLE):
            await connection.execute(f"CREATE ROLE {ROLE} LOGIN")
        for database in DATABASES:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
                await connection.execute(f"CREATE DATABASE {database} OWNER {ROLE}")
    finally:
        await connection.close()


async def _has_versions(socket: Path, database: str) -> bool:
    connection = await asyncpg.connect(host=str(socket), user=ROLE, database=database)
    try:
        return bool(await connection.fetchval("SELECT to_regclass('schema_version') IS NOT NULL"))
    finally:
        await connection.close()


async def _tool(socket: Path, log: Path, database: str, *words: str) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TEMPORAL_", "SQL_"))}
    arguments = [
        binary(SQL_TOOL),
        *("--plugin", _PLUGIN, "--endpoint", "127.0.0.1", "--port", _PORT, "--user", ROLE, "--database", database),
        *("--connect-attributes", f"host={socket}"),
        *words,
    ]
    async with running(Command(arguments, log=log, environment=kept)) as tool:
        try:
            status = await asyncio.wait_for(tool.wait(), 120)
        except TimeoutError:
            status = None
    if status != 0:
        raise ServiceError(f"the schema of {database} could not be brought up to date; read {log}")
