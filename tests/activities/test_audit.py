"""The audit chain, immutable documents, and a record whose errors say nothing of a person."""

import asyncio

import asyncpg
import pytest

from activities.record import RecordError, audit, once, transaction
from tests.builders import MONDAY, a_case
from tests.conftest import MailServer, Record


async def _chain(record: Record, rows: int = 5) -> None:
    async def one(number: int) -> None:
        async with transaction(record.pool) as connection:
            await audit(
                connection, MONDAY, "SFO-2026-00001", "system", "tested", f"row-{number}", number=number, word="é"
            )

    await asyncio.gather(*(one(number) for number in range(rows)))


async def _broken(record: Record) -> list[tuple[object, object]]:
    async with record.owner() as owner:
        return [(row["bad"], row["why"]) for row in await owner.fetch("SELECT * FROM audit_verify()")]


async def _tamper(record: Record, statement: str) -> None:
    connection = await asyncpg.connect(record.superuser_url)
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_concurrent_writers_make_one_chain(record: Record) -> None:
    await _chain(record, 40)
    assert await _broken(record) == []
    assert await record.value("SELECT max(seq) FROM audit") == 40


async def test_an_edited_row_is_detected(record: Record) -> None:
    await _chain(record)
    await _tamper(record, "UPDATE sfo.audit SET actor = 'somebody else' WHERE seq = 3")
    assert await _broken(record) == [(3, "content")]


async def test_a_row_whose_hash_was_made_to_fit_is_detected(record: Record) -> None:
    await _chain(record)
    await _tamper(
        record,
        """UPDATE sfo.audit SET actor = 'x',
           hash = sfo.audit_hash(prev, seq, recorded_at, at, reference, 'x', action, subject, detail) WHERE seq = 3""",
    )
    assert await _broken(record) == [(4, "chain")]


async def test_a_removed_row_is_detected(record: Record) -> None:
    await _chain(record)
    await _tamper(record, "DELETE FROM sfo.audit WHERE seq = 3")
    assert (4, "gap") in await _broken(record)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'x'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "INSERT INTO audit VALUES (100, now(), now(), 'r', 'a', 'b', 'c', '{}', '\\x00', '\\x00')",
        "ALTER TABLE audit DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_no_change ON audit",
    ],
)
async def test_the_application_cannot_touch_the_chain(record: Record, statement: str) -> None:
    await _chain(record, 2)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await record.pool.execute(statement)
    assert await _broken(record) == []


async def test_even_the_owner_is_stopped_by_the_trigger(record: Record) -> None:
    await _chain(record, 2)
    async with record.owner() as owner:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await owner.execute("UPDATE audit SET actor = 'x'")


@pytest.mark.parametrize("statement", ["UPDATE documents SET content = '{}'", "DELETE FROM documents"])
async def test_documents_are_immutable(record: Record, mail_server: MailServer, statement: str) -> None:
    case = await a_case(record.pool, mail_server)
    await record.pool.execute("INSERT INTO documents VALUES ($1, 'review', 1, '{}', 'x', NULL, now())", case.reference)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await record.pool.execute(statement)
    async with record.owner() as owner:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await owner.execute(statement)


async def test_once_runs_the_work_once_and_repeats_its_result(record: Record) -> None:
    calls = 0

    async def work(connection: object) -> int:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0.05)
        return calls

    assert set(await asyncio.gather(*(once(record.pool, "k", int, work) for _ in range(6)))) == {1}
    assert calls == 1


async def test_work_that_fails_leaves_nothing_behind(record: Record) -> None:
    async def fail(connection: asyncpg.Connection) -> int:
        await connection.execute("INSERT INTO transitions (key, result) VALUES ('other', '1')")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await once(record.pool, "k", int, fail)  # type: ignore[arg-type]
    assert await record.value("SELECT count(*) FROM transitions") == 0


async def test_a_database_error_leaves_without_the_row(record: Record, mail_server: MailServer) -> None:
    case = await a_case(record.pool, mail_server)
    with pytest.raises(RecordError) as failed:
        async with transaction(record.pool) as connection:
            await connection.execute(
                "INSERT INTO staff VALUES ($1, 's1', 'other', 'Ann Person', 'ann@x.example.test', false)",
                case.reference,
            )
    assert str(failed.value) == "SQLSTATE 23505"
    assert failed.value.__cause__ is None
    with pytest.raises(RecordError) as refused:
        async with transaction(record.pool) as connection:
            await connection.fetchval("SELECT 1 FROM cases WHERE charged_on = $1", "Ann Person")
    assert "Ann" not in str(refused.value)
