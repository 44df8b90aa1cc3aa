"""A key for each case: one however many ask, sealed wherever it lies, cached for minutes, and gone once destroyed."""

import asyncio
import os
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.client import Client
from temporalio.converter import ActivitySerializationContext, WorkflowSerializationContext
from temporalio.exceptions import ApplicationError

from starter.case_keys import CaseKeys, ErasedError, KeysAwayError
from starter.keys import KeyRing, PayloadKeyError
from starter.payloads import KEY_ID, EncryptionCodec, data_converter
from starter.signals import RowRefusedError, TemporalAwayError, send_signal
from tests.conftest import Record
from tests.starter.front_desk import FakeTemporal
from workflows.contract.messages import DecideSignal

ONE, OTHER = "SFO-2026-00001", "SFO-2026-00002"
RING = KeyRing("p1", {"p1": b"p" * 32})
ROTATED = KeyRing("p2", {"p2": b"q" * 32, "p1": b"p" * 32})
CLEAR = Payload(metadata={"encoding": b"json/plain"}, data=b'"invented"')


def in_workflow(codec: EncryptionCodec, workflow: str) -> EncryptionCodec:
    return codec.with_context(WorkflowSerializationContext(namespace="default", workflow_id=workflow))


def codec_of(record: Record, ring: KeyRing = RING, copies: Path | None = None, lasts: float = 300) -> EncryptionCodec:
    return EncryptionCodec(ring, CaseKeys(record.app_url, ring, copies, lasts=lasts))


def named(payload: Payload) -> str:
    return payload.metadata[KEY_ID].decode()


@pytest.mark.parametrize("workflow", ["sfo/{}", "sfo/{}/review-2", "sfo/{}/escalation/overdue-1", "sfo/{}/enquiry/1"])
async def test_a_payload_names_its_cases_key_and_is_read_without_knowing_the_workflow(
    record: Record, workflow: str
) -> None:
    (sealed,) = await in_workflow(codec_of(record), workflow.format(ONE)).encode([CLEAR])
    assert named(sealed).startswith(f"case:{ONE}:")
    assert b"invented" not in sealed.SerializeToString()
    assert await codec_of(record).decode([sealed]) == [CLEAR]


async def test_an_activity_seals_for_the_case_of_its_workflow(record: Record) -> None:
    context = ActivitySerializationContext("default", "1", "tell", "sfo-casework", f"sfo/{ONE}/review", "review", False)
    (sealed,) = await codec_of(record).with_context(context).encode([CLEAR])
    assert named(sealed).startswith(f"case:{ONE}:")


async def test_what_is_of_no_case_stays_under_the_ring_also_after_a_case(record: Record) -> None:
    of_case = in_workflow(codec_of(record), f"sfo/{ONE}")
    for workflow in ("sfo/weekday-digest-2026-11-27", "sfo-forecast", "sfo/SFO-2026-1"):
        (sealed,) = await in_workflow(of_case, workflow).encode([CLEAR])
        assert named(sealed) == "p1"
    assert await record.value("SELECT count(*) FROM sfo_keys.case_keys") == 0


async def test_what_was_sealed_under_the_ring_before_is_still_read(record: Record) -> None:
    old = await EncryptionCodec(RING).encode([CLEAR])
    assert await in_workflow(codec_of(record), f"sfo/{ONE}").decode(old) == [CLEAR]


async def test_twenty_that_begin_at_once_in_four_processes_make_one_key(record: Record) -> None:
    codecs = [codec_of(record) for _ in range(4)]
    sealed = await asyncio.gather(*(in_workflow(one, f"sfo/{ONE}").encode([CLEAR]) for one in codecs * 5))
    assert len({named(payload) for (payload,) in sealed}) == 1
    for (payload,) in sealed:
        assert await codec_of(record).decode([payload]) == [CLEAR]


async def test_a_key_that_was_once_read_is_not_asked_for_again_until_its_time_is_over(record: Record) -> None:
    codec = in_workflow(codec_of(record), f"sfo/{ONE}")
    short = in_workflow(codec_of(record, lasts=0), f"sfo/{ONE}")
    (sealed,) = await codec.encode([CLEAR])
    await short.decode([sealed])
    await CaseKeys(record.app_url, RING).destroy(ONE)
    assert await codec.decode([sealed]) == [CLEAR]  # for minutes, as docs/security.md says
    with pytest.raises(ErasedError):
        await short.decode([sealed])


async def test_at_most_so_many_are_held(record: Record) -> None:
    keys = CaseKeys(record.app_url, RING, at_most=2)
    for number in range(1, 5):
        await keys.sealing(f"SFO-2026-{number:05}")
    assert len(keys._cache) == 2


async def test_neither_store_nor_copy_holds_the_key_itself(record: Record, tmp_path: Path) -> None:
    keys = CaseKeys(record.app_url, RING, tmp_path / "copies")
    key = await keys.sealing(ONE)
    file = tmp_path / "copies" / f"{ONE}.key"
    assert file.stat().st_mode & 0o777 == 0o600
    row = await record.value("SELECT sealed FROM sfo_keys.case_keys")
    assert isinstance(row, bytes)
    assert key.fingerprint in file.read_text()
    stranger = CaseKeys(record.app_url, KeyRing("p1", {"p1": b"x" * 32}))
    with pytest.raises(PayloadKeyError, match="altered"):
        await stranger.sealing(ONE)
    assert os.listdir(tmp_path / "copies") == [f"{ONE}.key"]


async def test_a_lost_row_is_read_from_the_copy_and_never_replaced_by_a_new_key(record: Record, tmp_path: Path) -> None:
    (sealed,) = await in_workflow(codec_of(record, copies=tmp_path), f"sfo/{ONE}").encode([CLEAR])
    async with record.superuser() as superuser:
        await superuser.execute("SET session_replication_role = replica; DELETE FROM sfo_keys.case_keys")
    with pytest.raises(PayloadKeyError, match="no key of case"):
        await codec_of(record).decode([sealed])
    (again,) = await in_workflow(codec_of(record, copies=tmp_path), f"sfo/{ONE}").encode([CLEAR])
    assert named(again) == named(sealed)


async def test_a_copy_that_is_missing_is_written_with_the_next_reading(record: Record, tmp_path: Path) -> None:
    (sealed,) = await in_workflow(codec_of(record), f"sfo/{ONE}").encode([CLEAR])
    await codec_of(record, copies=tmp_path).decode([sealed])
    assert (tmp_path / f"{ONE}.key").exists()
    state = await CaseKeys(record.app_url, RING).state(ONE)
    assert state is not None
    assert state.copied


async def test_under_a_new_key_of_the_ring_the_cases_key_is_sealed_anew_and_stays_itself(
    record: Record, tmp_path: Path
) -> None:
    (sealed,) = await in_workflow(codec_of(record, copies=tmp_path), f"sfo/{ONE}").encode([CLEAR])
    assert await codec_of(record, ROTATED, tmp_path).decode([sealed]) == [CLEAR]
    only_new = KeyRing("p2", {"p2": b"q" * 32})
    assert await codec_of(record, only_new).decode([sealed]) == [CLEAR]
    assert '"p2"' in (tmp_path / f"{ONE}.key").read_text()


async def test_destroyed_it_is_gone_from_store_and_copy_and_stays_so(record: Record, tmp_path: Path) -> None:
    codec = codec_of(record, copies=tmp_path)
    (sealed,) = await in_workflow(codec, f"sfo/{ONE}").encode([CLEAR])
    (kept,) = await in_workflow(codec, f"sfo/{OTHER}").encode([CLEAR])
    keys = CaseKeys(record.app_url, RING, tmp_path)
    first = await keys.destroy(ONE)
    assert await keys.destroy(ONE) == first
    fresh = codec_of(record, copies=tmp_path)
    with pytest.raises(ErasedError, match="erased"):
        await fresh.decode([sealed])
    with pytest.raises(ErasedError):
        await in_workflow(fresh, f"sfo/{ONE}/review").encode([CLEAR])  # and no other key takes its place
    assert await fresh.decode([kept]) == [CLEAR]
    assert os.listdir(tmp_path) == [f"{OTHER}.key"]
    assert await record.value("SELECT sealed FROM sfo_keys.case_keys WHERE reference = $1", ONE) is None


async def test_a_case_that_never_had_a_key_gets_none_after_its_erasure(record: Record) -> None:
    assert await CaseKeys(record.app_url, RING).destroy(ONE) is None
    with pytest.raises(ErasedError):
        await in_workflow(codec_of(record), f"sfo/{ONE}").encode([CLEAR])


async def test_a_worker_that_reads_while_the_key_is_destroyed_leaves_no_copy(record: Record, tmp_path: Path) -> None:
    (sealed,) = await in_workflow(codec_of(record), f"sfo/{ONE}").encode([CLEAR])
    async with record.owner() as owner, owner.transaction():
        await owner.execute("SELECT pg_advisory_xact_lock(hashtextextended('sfo_keys/' || $1, 0))", ONE)
        reading = asyncio.ensure_future(codec_of(record, copies=tmp_path).decode([sealed]))
        await asyncio.sleep(0.3)  # it has read the row and waits to write the copy
        await owner.fetchval("SELECT sfo_keys.destroy($1)", ONE)
    with pytest.raises(ErasedError):
        await reading
    assert not list(tmp_path.glob("*"))


async def test_with_the_store_away_nothing_is_sealed_with_another_key(record: Record) -> None:
    keys = CaseKeys("postgresql://sfo_app@127.0.0.1:1/none", RING)
    with pytest.raises(KeysAwayError, match="SFO_KEYS_DATABASE_URL"):
        await in_workflow(EncryptionCodec(RING, keys), f"sfo/{ONE}").encode([CLEAR])
    assert issubclass(KeysAwayError, OSError)  # whoever retries what is away retries this


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sfo_keys.case_keys SET sealed = 'x', kid = 'p1', destroyed_at = NULL",
        "UPDATE sfo_keys.case_keys SET fingerprint = 'x'",
        "DELETE FROM sfo_keys.case_keys",
        "TRUNCATE sfo_keys.case_keys",
    ],
)
async def test_neither_the_service_nor_the_owner_brings_a_key_back_or_exchanges_it(
    record: Record, statement: str
) -> None:
    await CaseKeys(record.app_url, RING).sealing(ONE)
    await CaseKeys(record.app_url, RING).destroy(ONE)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await record.pool.execute(statement)
    async with record.owner() as owner:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await owner.execute(statement)


async def test_a_payload_under_another_key_of_the_case_is_said_to_be_so(record: Record) -> None:
    (sealed,) = await in_workflow(codec_of(record), f"sfo/{ONE}").encode([CLEAR])
    sealed.metadata[KEY_ID] = f"case:{ONE}:{'0' * 16}".encode()
    with pytest.raises(PayloadKeyError, match="another key"):
        await codec_of(record).decode([sealed])


# --- the ways by which a payload reaches Temporal without the library's own client ---------------------


async def test_a_raw_signal_and_the_text_of_a_failure_are_under_the_cases_key(record: Record) -> None:
    temporal = FakeTemporal(data_converter=data_converter(RING, CaseKeys(record.app_url, RING)))
    sent: list[Payload] = []
    taken = temporal.signal_workflow_execution

    async def seen(request: Any, **more: Any) -> None:
        sent.extend(request.input.payloads)
        await taken(request, **more)

    temporal.signal_workflow_execution = seen  # type: ignore[method-assign]
    signal = DecideSignal(gate=f"{ONE}/review/draft", decision="d1")
    await send_signal(cast(Client, temporal), f"sfo/{ONE}/review", "decide", signal, "d1")
    assert [named(payload)[:-16] for payload in sent] == [f"case:{ONE}:"]
    failure = Failure()
    context = WorkflowSerializationContext(namespace="default", workflow_id=f"sfo/{ONE}/review")
    await temporal.data_converter.with_context(context).encode_failure(ApplicationError("invented words"), failure)
    assert named(failure.encoded_attributes).startswith(f"case:{ONE}:")
    assert b"invented" not in failure.SerializeToString()


async def test_to_an_erased_case_no_signal_goes_and_the_relay_goes_on_with_the_others(record: Record) -> None:
    keys = CaseKeys(record.app_url, RING)
    await keys.destroy(ONE)
    temporal = FakeTemporal(data_converter=data_converter(RING, keys))
    signal = DecideSignal(gate=f"{ONE}/review/draft", decision="d1")
    with pytest.raises(RowRefusedError, match="erased"):
        await send_signal(cast(Client, temporal), f"sfo/{ONE}/review", "decide", signal, "d1")
    await send_signal(cast(Client, temporal), f"sfo/{OTHER}/review", "decide", signal, "d1")
    assert temporal.sent == 1


async def test_with_the_store_away_a_signal_waits_as_for_temporal(record: Record) -> None:
    keys = CaseKeys("postgresql://sfo_app@127.0.0.1:1/none", RING)
    temporal = FakeTemporal(data_converter=data_converter(RING, keys))
    with pytest.raises(TemporalAwayError) as error:
        await send_signal(cast(Client, temporal), f"sfo/{ONE}/review", "decide", DecideSignal(gate="x"), "d1")
    assert not isinstance(error.value, RowRefusedError)
    assert temporal.sent == 0
