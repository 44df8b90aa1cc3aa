"""Heads that a restore has lost: named once in the chain, and nothing else is forgiven by that."""

from datetime import UTC, datetime

from starter.audit import Head, lost_heads, note_restored, read_head, verify
from starter.record import append_audit
from tests.conftest import Record

AHEAD = Head(99, "ab" * 32)


async def test_a_lost_end_is_noted_once_and_another_one_is_still_seen(record: Record) -> None:
    async with record.pool.acquire() as connection:
        for number in range(3):
            await append_audit(connection, datetime.now(UTC), None, "system", "digest_written", str(number), {})
        kept = await read_head(connection)
        assert kept
        assert await lost_heads(connection, [kept, AHEAD]) == [AHEAD]
        assert len(await verify(connection, [kept, AHEAD])) == 1
        assert await note_restored(connection, [kept, AHEAD]) == [AHEAD]
        assert await note_restored(connection, [kept, AHEAD]) == []
        detail = await connection.fetchval("SELECT detail FROM audit WHERE action = 'record_restored'")
        assert (detail["last"], detail["lost_to"]) == (3, 99)
        assert await verify(connection, [kept, AHEAD]) == []
        # Another head, or the same row with another hash, is no part of that loss.
        assert len(await verify(connection, [Head(98, AHEAD.hash), Head(99, "cd" * 32)])) == 2
        assert len(await verify(connection, [Head(kept.seq, "cd" * 32)])) == 1


async def test_nothing_is_noted_where_nothing_is_lost(record: Record) -> None:
    async with record.pool.acquire() as connection:
        await append_audit(connection, datetime.now(UTC), None, "system", "digest_written", "N53", {})
        head = await read_head(connection)
        assert head
        assert await note_restored(connection, [head]) == []
        assert await connection.fetchval("SELECT count(*) FROM audit") == 1
