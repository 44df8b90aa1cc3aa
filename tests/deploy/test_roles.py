"""The roles and databases of a team's server, made by the script itself on a real PostgreSQL."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
import pytest_asyncio

from deploy.embedded.account import installed_binaries
from deploy.embedded.postgres import embedded_postgres
from starter.schema import apply_schema

ROLES = Path(__file__).parents[2] / "deploy" / "compose" / "roles.sql"
PASSWORDS = {name: f"{name.replace('_', '').lower()}0123456789" for name in ("SFO_OWNER_PASSWORD", "SFO_APP_PASSWORD")}
PASSWORDS["TEMPORAL_DB_PASSWORD"] = "temporal0123456789"


@pytest_asyncio.fixture(scope="module")
async def socket() -> AsyncIterator[str]:
    """The folder of the socket of a server of its own, on which nothing has been made but what every server has."""
    folder = Path(tempfile.mkdtemp(prefix="sfo-roles-"))
    try:
        async with embedded_postgres(folder) as server:
            socket = parse_qs(urlsplit(server.owner_url).query)["host"][0]
            await on(socket, "postgres", "DROP DATABASE sfo", "DROP ROLE sfo_app", "DROP ROLE sfo_owner")
            yield socket
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def on(socket: str, database: str, *statements: str, user: str = "postgres") -> list[asyncpg.Record]:
    connection = await asyncpg.connect(host=socket, user=user, database=database)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetch(statements[-1])
    finally:
        await connection.close()


async def made(socket: str, **changes: str) -> tuple[int, str]:
    environment = {"PATH": os.environ["PATH"], "PGHOST": socket, "PGUSER": "postgres", **PASSWORDS, **changes}
    command = [str(installed_binaries() / "psql"), "--no-psqlrc", "--quiet", f"--file={ROLES}"]
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_the_roles_and_databases_are_made_and_a_second_run_changes_nothing(socket: str) -> None:
    assert await made(socket) == (0, "")
    assert await made(socket) == (0, "")
    owners = await on(
        socket, "postgres", "SELECT datname, pg_get_userbyid(datdba) FROM pg_database WHERE datname ~ '^(sfo|temporal)'"
    )
    assert {tuple(row) for row in owners} == {
        ("sfo", "sfo_owner"),
        ("temporal", "temporal"),
        ("temporal_visibility", "temporal"),
    }
    powers = await on(
        socket,
        "postgres",
        "SELECT rolname, rolcanlogin, rolsuper OR rolcreatedb OR rolcreaterole, "
        "rolpassword LIKE 'SCRAM-SHA-256$%' "
        "FROM pg_authid WHERE rolname ~ '^(sfo|temporal)'",
    )
    names = ("sfo_owner", "sfo_app", "temporal")
    assert {tuple(row) for row in powers} == {(name, True, False, True) for name in names}


async def test_a_password_is_changed_by_saying_it_again(socket: str) -> None:
    async def secret() -> str:
        (row,) = await on(socket, "postgres", "SELECT rolpassword FROM pg_authid WHERE rolname = 'sfo_app'")
        return str(row[0])

    await made(socket)
    before = await secret()
    assert (await made(socket, SFO_APP_PASSWORD="another0123456789"))[0] == 0
    assert await secret() != before


async def test_the_schema_goes_on_it_and_nobody_reaches_the_others_database(socket: str) -> None:
    await made(socket)
    assert await apply_schema(f"postgresql://sfo_owner@/sfo?host={socket}&port=5432")
    assert (await on(socket, "sfo", "SELECT count(*) FROM sfo.cases", user="sfo_app"))[0][0] == 0
    for user, database in (("sfo_app", "temporal"), ("temporal", "sfo"), ("sfo_owner", "temporal_visibility")):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await on(socket, database, "SELECT 1", user=user)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await on(socket, "sfo", "CREATE TABLE mine (one int)", user="sfo_app")
    await on(socket, "temporal", "CREATE TABLE schema_version (one int)", "SELECT 1", user="temporal")


@pytest.mark.parametrize("wrong", ["", "short", "with@a-sign-in-it-0123456789", PASSWORDS["SFO_APP_PASSWORD"]])
async def test_a_password_that_would_break_an_address_is_refused_before_anything_is_made(
    socket: str, wrong: str
) -> None:
    code, said = await made(socket, SFO_OWNER_PASSWORD=wrong)
    assert code != 0
    assert "openssl rand -hex 24" in said
    assert wrong == "" or wrong not in said
