"""How payloads travel to Temporal: pydantic JSON, encrypted with AES-256-GCM before it leaves the process.

Workflow modules never import this one: the sandbox would load `cryptography` a second time and die of it.
"""

import dataclasses
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes, PayloadCodec

from starter.keys import KeyRing

ENCODING = b"binary/encrypted"
KEY_ID = "encryption-key-id"
_NONCE_BYTES = 12


class PayloadKeyError(Exception):
    """A payload cannot be read with the keys of this ring; the text names the key id, never content."""


class EncryptionCodec(PayloadCodec):
    """Encrypts with the ring's active key and reads with any of its keys.

    A payload that is not encrypted passes through as it is, for a signal typed by hand in the Web UI.
    Ciphertext is bound to its key id and to nothing else: the codec server of the UI knows no workflow id.
    """

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._ciphers = {kid: AESGCM(key) for kid, key in ring.readable.items()}

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Every payload encrypted under the active key, its id in clear in the metadata."""
        return [self._encrypted(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Every payload in clear. Raises PayloadKeyError for an unknown key id or an altered payload."""
        return [self._decrypted(payload) for payload in payloads]

    def _encrypted(self, payload: Payload) -> Payload:
        kid = self._ring.active_id.encode()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._ciphers[self._ring.active_id].encrypt(nonce, payload.SerializeToString(), kid)
        return Payload(metadata={"encoding": ENCODING, KEY_ID: kid}, data=nonce + sealed)

    def _decrypted(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        kid = payload.metadata.get(KEY_ID, b"")
        name = kid.decode(errors="replace")
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise PayloadKeyError(f"no key {name!r} in the ring; add it to SFO_PAYLOAD_KEYS after the active one")
        try:
            clear = cipher.decrypt(payload.data[:_NONCE_BYTES], payload.data[_NONCE_BYTES:], kid)
        except (InvalidTag, ValueError):  # ValueError: cut so short that the nonce is not whole
            raise PayloadKeyError(f"a payload under key {name!r} was altered or the key is another one") from None
        return Payload.FromString(clear)


def data_converter(ring: KeyRing) -> DataConverter:
    """Make the converter that client, worker and replayer share; the texts of failures are encrypted too."""
    return dataclasses.replace(
        pydantic_data_converter,
        payload_codec=EncryptionCodec(ring),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
