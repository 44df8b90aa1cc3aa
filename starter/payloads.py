"""How payloads travel to Temporal: pydantic JSON, encrypted with AES-256-GCM before it leaves the process.

Workflow modules never import this one: the sandbox would load `cryptography` a second time and die of it.
"""

import copy
import dataclasses
import re
import secrets
from collections.abc import Sequence
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import (
    ActivitySerializationContext,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
    SerializationContext,
    WithSerializationContext,
    WorkflowSerializationContext,
)

from starter.case_keys import CaseKeys
from starter.keys import KeyRing, PayloadKeyError
from starter.settings import Settings
from workflows.contract import ids

ENCODING = b"binary/encrypted"
KEY_ID = "encryption-key-id"
_NONCE_BYTES = 12
_OF_CASE = re.compile(r"case:(SFO-\d{4}-\d{5}):([0-9a-f]{16})")


class EncryptionCodec(PayloadCodec, WithSerializationContext):
    """Seals what belongs to a case with the case's own key, anything else with the ring's active one; reads them all.

    Temporal says by the workflow's id whose payload it is. A payload that is not encrypted passes through as it is, for
    a signal typed by hand in the Web UI. Ciphertext is bound to its key id, which names the case and its key: the codec
    server of the UI, the replayer and whoever reads a history know no workflow id. Without `keys` all is the ring's.
    """

    def __init__(self, ring: KeyRing, keys: CaseKeys | None = None) -> None:
        self.keys = keys
        self._ring = ring
        self._ciphers = {kid: AESGCM(key) for kid, key in ring.readable.items()}
        self._reference: str | None = None

    def with_context(self, context: SerializationContext) -> Self:
        """Return the codec of the case that the workflow is of; of no case: one that seals with the ring."""
        if isinstance(context, WorkflowSerializationContext | ActivitySerializationContext):
            return self.of_case(case_of(context.workflow_id or ""))
        return self.of_case(None)

    def of_case(self, reference: str | None) -> Self:
        """Return the codec that seals with the key of this case; None: with the ring."""
        if reference == self._reference:
            return self
        other = copy.copy(self)
        other._reference = reference
        return other

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Every payload encrypted, its key's id in clear in the metadata. Raises PayloadKeyError, KeysAwayError."""
        kid, cipher = self._ring.active_id, self._ciphers[self._ring.active_id]
        if self.keys and self._reference and payloads:
            key = await self.keys.sealing(self._reference)
            kid, cipher = key.key_id, key.cipher
        return [_sealed(payload, kid.encode(), cipher) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Every payload in clear.

        Raises PayloadKeyError for an unknown key id, an altered payload or an erased case; KeysAwayError.
        """
        return [await self._decrypted(payload) for payload in payloads]

    async def _decrypted(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        kid = payload.metadata.get(KEY_ID, b"")
        name = kid.decode(errors="replace")
        cipher = await self._cipher(name)
        try:
            clear = cipher.decrypt(payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:], kid)
        except (InvalidTag, ValueError):  # ValueError: cut so short that the nonce is not whole
            raise PayloadKeyError(f"a payload under key {name!r} was altered or the key is another one") from None
        return Payload.FromString(clear)

    async def _cipher(self, name: str) -> AESGCM:
        named = _OF_CASE.fullmatch(name)
        if named and self.keys:
            return (await self.keys.opening(*named.groups())).cipher
        if name not in self._ciphers:
            raise PayloadKeyError(f"no key {name!r} in the ring; add it to SFO_PAYLOAD_KEYS after the active one")
        return self._ciphers[name]


@dataclasses.dataclass(frozen=True)
class CaseConverter(DataConverter):
    """The converter of a case shares everything but the codec with that of any other.

    The SDK asks for one several times for each payload, and would make all its parts anew each time.
    """

    def with_context(self, context: SerializationContext) -> Self:
        """Return the converter that seals for the case which this context is of; only the codec knows of contexts."""
        codec = self.payload_codec
        if not isinstance(codec, WithSerializationContext):
            return self
        of_case = codec.with_context(context)
        if of_case is codec:
            return self
        other = copy.copy(self)
        object.__setattr__(other, "payload_codec", of_case)
        return other


def case_of(workflow_id: str) -> str | None:
    """The case of a workflow; None for one that is of no case, such as the weekday digest."""
    reference = ids.reference_of(workflow_id)
    return reference if ids.REFERENCE.match(reference) else None


def _sealed(payload: Payload, kid: bytes, cipher: AESGCM) -> Payload:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = cipher.encrypt(nonce, payload.SerializeToString(), kid)
    return Payload(metadata={"encoding": ENCODING, KEY_ID: kid}, data=nonce + sealed)


def data_converter(ring: KeyRing, keys: CaseKeys | None = None) -> DataConverter:
    """Make the converter that client, worker and replayer share; the texts of failures are encrypted too."""
    return CaseConverter(
        payload_converter_class=pydantic_data_converter.payload_converter_class,
        payload_codec=EncryptionCodec(ring, keys),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


def converter_of(settings: Settings) -> DataConverter:
    """Make the converter of the service that these settings describe: each case under a key of its own."""
    return data_converter(settings.payload_keys, CaseKeys.of(settings))
