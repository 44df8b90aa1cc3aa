"""Nothing readable reaches Temporal, and every key of the ring still reads."""

import dataclasses

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import WithSerializationContext, WorkflowSerializationContext
from temporalio.exceptions import ApplicationError

from starter.keys import KeyRing, PayloadKeyError
from starter.payloads import ENCODING, KEY_ID, EncryptionCodec, data_converter
from workflows.contract.messages import DecideSignal

SIGNAL = DecideSignal(gate="SFO-2026-00042/review/draft", decision="secret-name")
OLD = KeyRing("old", {"old": b"o" * 32})
NEW = KeyRing("new", {"new": b"n" * 32, "old": b"o" * 32})


async def test_a_message_comes_back_as_it_was_and_travels_unreadable() -> None:
    converter = data_converter(NEW)
    (payload,) = await converter.encode([SIGNAL])
    assert payload.metadata["encoding"] == ENCODING
    assert payload.metadata[KEY_ID] == b"new"
    assert b"secret" not in payload.SerializeToString()
    assert await converter.decode([payload], [DecideSignal]) == [SIGNAL]


def test_the_converter_of_a_case_shares_all_but_the_codec_which_alone_knows_whose_a_payload_is() -> None:
    """Else what it shares would seal for another case: neither part may ask for a context of its own."""
    converter = data_converter(NEW)
    one = converter.with_context(WorkflowSerializationContext("default", "sfo/SFO-2026-00042/review"))
    assert one.payload_converter is converter.payload_converter
    assert one.failure_converter is converter.failure_converter
    assert one.payload_codec is not converter.payload_codec
    assert one.with_context(WorkflowSerializationContext("default", "sfo/SFO-2026-00042")) is one
    assert converter.with_context(WorkflowSerializationContext("default", "sfo-weekday-digest")) is converter
    other = WorkflowSerializationContext("default", "sfo/SFO-2026-00043")
    made: list[object] = []

    class Counted(pydantic_data_converter.payload_converter_class):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    counted = dataclasses.replace(converter, payload_converter_class=Counted)
    assert counted.with_context(other).payload_converter is counted.payload_converter
    assert len(made) == 1
    for part in (converter.payload_converter, converter.failure_converter):
        assert not isinstance(part, WithSerializationContext) or part.with_context(other) is part


async def test_the_same_message_never_looks_the_same() -> None:
    (one,), (other,) = await data_converter(NEW).encode([SIGNAL]), await data_converter(NEW).encode([SIGNAL])
    assert one.data != other.data


async def test_an_old_key_still_reads_and_the_new_one_seals() -> None:
    payloads = await data_converter(OLD).encode([SIGNAL])
    assert await data_converter(NEW).decode(payloads, [DecideSignal]) == [SIGNAL]


async def test_without_its_key_a_payload_is_refused_and_the_key_is_named() -> None:
    payloads = await data_converter(NEW).encode([SIGNAL])
    with pytest.raises(PayloadKeyError, match=r"'new'.*SFO_PAYLOAD_KEYS"):
        await data_converter(OLD).decode(payloads, [DecideSignal])


@pytest.mark.parametrize("cut", [0, 5, 12, 20, -1])
async def test_an_altered_payload_is_refused(cut: int) -> None:
    codec = EncryptionCodec(NEW)
    (sealed,) = await codec.encode([Payload(data=b"x" * 40)])
    sealed.data = sealed.data[:cut] if cut >= 0 else sealed.data[:-1] + bytes([sealed.data[-1] ^ 1])
    with pytest.raises(PayloadKeyError):
        await codec.decode([sealed])


async def test_the_key_id_is_bound_to_the_content() -> None:
    twice = KeyRing("a", {"a": b"k" * 32, "b": b"k" * 32})
    (sealed,) = await EncryptionCodec(twice).encode([Payload(data=b"x")])
    sealed.metadata[KEY_ID] = b"b"
    with pytest.raises(PayloadKeyError):
        await EncryptionCodec(twice).decode([sealed])


async def test_what_was_typed_in_the_web_ui_is_read_as_it_is() -> None:
    clear = Payload(metadata={"encoding": b"json/plain"}, data=SIGNAL.model_dump_json().encode())
    assert await data_converter(NEW).decode([clear], [DecideSignal]) == [SIGNAL]


async def test_the_text_of_a_failure_is_unreadable_and_its_type_is_not() -> None:
    converter, failure = data_converter(NEW), Failure()
    await converter.encode_failure(ApplicationError("secret-name", type="MailRefused"), failure)
    assert b"secret" not in failure.SerializeToString()
    assert failure.application_failure_info.type == "MailRefused"
    assert str(await converter.decode_failure(failure)) == "MailRefused: secret-name"
