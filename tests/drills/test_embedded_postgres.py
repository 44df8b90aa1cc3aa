"""The embedded PostgreSQL from outside: real processes that start, stop, are killed and come back."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from deploy.embedded.account import fitting_identity, installed_binaries
from deploy.embedded.postgres import embedded_postgres
from deploy.embedded.process import Identity, ServiceError, locked
from tests.drills.embedded import (
    NOBODY,
    PROJECT,
    STARTER,
    add_row,
    as_root,
    gone_within,
    on_linux,
    query,
    tethered,
)
from tests.drills.embedded import private as private  # the fixture


async def test_rows_outlive_a_stop(private: Path) -> None:
    async with embedded_postgres(private) as database:
        assert await add_row(database) == 1
    assert gone_within(1, database.pid)
    async with embedded_postgres(private) as database:
        assert await add_row(database) == 2


async def test_owner_owns_the_database_and_the_application_owns_nothing(private: Path) -> None:
    async with embedded_postgres(private) as database:
        owns = "SELECT pg_get_userbyid(datdba) = current_user FROM pg_database WHERE datname = 'sfo'"
        assert await query(database.owner_url, owns) is True
        assert await query(database.app_url, owns) is False
        assert await query(database.app_url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await query(database.app_url, "CREATE TABLE mine (x int)")


async def test_killed_server_comes_back_though_its_pid_is_in_use_again(private: Path) -> None:
    async with embedded_postgres(private) as database:
        await add_row(database)
        os.kill(database.pid, signal.SIGKILL)
        assert gone_within(5, database.pid)
    stale = private / "postgres" / "postmaster.pid"
    sleeper = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        stale.write_text("\n".join([str(sleeper.pid), *stale.read_text().splitlines()[1:]]) + "\n")
        async with embedded_postgres(private) as database:
            assert await add_row(database) == 2
    finally:
        sleeper.kill()
        await sleeper.wait()


@on_linux
@as_root
async def test_every_identity_serves_the_same_private_folder(private: Path) -> None:
    chosen = await fitting_identity(private / "probe.log")
    for count, identity in enumerate([chosen, Identity.NOBODY, None, Identity.NOBODY], start=1):
        async with embedded_postgres(private, identity=identity) as database:
            assert await add_row(database) == count
            user = Path(f"/proc/{database.pid}").stat().st_uid
            assert user == (NOBODY if Identity.NOBODY in (identity, chosen) else 0)
            scratch = Path((private / "postgres.scratch").read_text())
        assert not scratch.exists()


@on_linux
@as_root
@pytest.mark.parametrize("user", [NOBODY, 54321], ids=["known to passwd", "unknown to passwd"])
def test_an_ordinary_user_needs_no_more_than_a_private_folder(user: int) -> None:
    # The Python that runs the tests may live in root's home: reading it is the one liberty taken here.
    reading = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    postgres = [str(installed_binaries() / "postgres"), "--version"]
    renamed = [*become, *reading, *tethered(os.getpid(), "mapped"), *postgres]
    if not works(*become, *postgres) or not works(*renamed):
        pytest.skip("this machine or this checkout does not let another user run PostgreSQL")
    home = Path(tempfile.mkdtemp(prefix="sfo-user-", dir="/tmp"))
    try:
        os.chown(home, user, user)
        subprocess.run([*become, *reading, *STARTER, "postgres", home / "data"], cwd=PROJECT, check=True, timeout=60)
        assert (home / "data" / "postgres").stat().st_uid == user
    finally:
        shutil.rmtree(home)


@on_linux
@as_root
def test_root_becomes_nobody_where_namespaces_are_refused(private: Path) -> None:
    """As in a container: the program below is root in a world of its own, in which it forbids any other."""
    program = subprocess.Popen(
        [*STARTER, "refused", private], cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert program.stdin is not None
    assert program.stdout is not None
    with program:
        if program.stdout.readline() != "entered\n":
            pytest.skip("this machine refuses user namespaces itself")
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{program.pid}/{name}").write_text("0 0 70000")
        program.stdin.write("go on\n")
        program.stdin.close()
        assert program.wait(60) == 0
    assert (private / "postgres").stat().st_uid == NOBODY
    assert "unshare was refused" in (private / "postgres.log").read_text()


def works(*command: str) -> bool:
    return shutil.which(command[0]) is not None and subprocess.run(command, capture_output=True).returncode == 0


async def test_a_start_that_fails_names_the_log(private: Path) -> None:
    async with embedded_postgres(private):
        pass
    (private / "postgres" / "global" / "pg_control").write_bytes(b"no")
    with pytest.raises(ServiceError, match=r"postgres\.log"):
        async with embedded_postgres(private):
            pass
    assert "pg_control" in (private / "postgres.log").read_text()


async def test_an_unfinished_first_start_is_made_again(private: Path) -> None:
    unfinished = private / "postgres.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18")
    async with embedded_postgres(private) as database:
        assert await query(database.owner_url, "SELECT 1") == 1
    assert not unfinished.exists()


async def test_the_log_keeps_no_statement_and_no_detail(private: Path) -> None:
    async with embedded_postgres(private) as database:
        await query(database.owner_url, "CREATE TABLE people (name text UNIQUE)")
        await query(database.owner_url, "INSERT INTO people VALUES ('Ada Example')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await query(database.owner_url, "INSERT INTO people VALUES ('Ada Example')")
    log = (private / "postgres.log").read_text()
    assert "people_name_key" in log
    assert "Ada" not in log


async def test_a_folder_serves_one_process_at_a_time(private: Path) -> None:
    async with locked(private / "x.lock"):
        with pytest.raises(ServiceError, match="another process is using"):
            async with locked(private / "x.lock", timedelta(seconds=0.1)):
                pass
    async with locked(private / "x.lock", timedelta(seconds=0.1)):
        pass
