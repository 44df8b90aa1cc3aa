"""The way back as the record and Temporal know it, and a row that is not lost while the record is away."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from starter import rollout_record
from starter.deployment_state import Known, Routing
from starter.record import append_audit
from starter.replaying import Fate, Foreseen, Replayed
from starter.rollout_record import Ledger, NotOnRecordError, as_counts, way_back
from tests.conftest import Record

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


def a_routing(current: str, *earlier: str) -> Routing:
    """`current` after these, the latest first."""
    builds = [current, *earlier]
    return Routing(
        current, "", 0.0, None, b"", True,
        tuple(Known(one, "drained", NOON, NOON - timedelta(days=number)) for number, one in enumerate(builds)),
    )  # fmt: skip


async def test_the_way_back_is_what_the_record_says_and_else_what_temporal_remembers(record: Record) -> None:
    ledger = Ledger(record.pool, "operator@example.test")
    assert await way_back(record.pool, a_routing("c", "b", "a")) == "b"
    assert await way_back(record.pool, a_routing("c")) == ""
    await ledger.made_current("c", "a", {})
    assert await way_back(record.pool, a_routing("c", "b", "a")) == "a"
    assert await way_back(record.pool, a_routing("c", "b")) == "b"  # Temporal has forgotten the other


async def test_a_build_that_was_taken_back_is_no_way_back_until_it_is_current_again(record: Record) -> None:
    ledger = Ledger(record.pool, "operator@example.test")
    await ledger.went_back("bad", "a", 100, "1 workflow fails")
    assert await way_back(record.pool, a_routing("a", "bad", "older")) == "older"
    await ledger.made_current("bad", "a", {})
    assert await way_back(record.pool, a_routing("x", "bad", "older")) == "bad"


async def test_a_row_is_written_as_soon_as_the_record_answers(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []
    write = append_audit

    async def away_once(*arguments: object) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise asyncpg.InterfaceError("gone")
        await write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(rollout_record, "append_audit", away_once)
    await Ledger(record.pool, "operator@example.test").drained("a", "b")
    assert (len(tries), len(await record.rows("SELECT 1 FROM audit"))) == (2, 1)

    async def away(*_: object) -> None:
        raise asyncpg.InterfaceError("gone")

    monkeypatch.setattr(rollout_record, "append_audit", away)
    monkeypatch.setattr(rollout_record, "_PAUSES", (0.01, 0.01))
    with pytest.raises(NotOnRecordError, match="build drained: a is done in Temporal and could not be written"):
        await Ledger(record.pool, "operator@example.test").drained("a", "b")


def test_the_counts_of_a_check_are_those_of_all_types() -> None:
    found = Foreseen()
    for fate in (Fate.GOES_ON, Fate.GOES_ON, Fate.BREAKS):
        found.add(Replayed("sfo/SFO-2026-00042/review", "review", fate))
    assert as_counts(found) == {"goes_on": 2, "breaks": 1, "unread": 0}
