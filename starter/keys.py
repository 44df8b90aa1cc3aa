"""Key rings: the secrets that seal links and encrypt payloads, each under an id so that it can be renewed."""

import base64
import binascii
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Self

KEY_BYTES = 32
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,16}")


class PayloadKeyError(Exception):
    """A payload cannot be read with the keys that there are; the text names the key id, never content."""


@dataclass(frozen=True, slots=True, repr=False)
class KeyRing:
    """One active key that seals, and every key that may still be read. Its text form never shows a key.

    Rotate by putting a new key first, and drop the old one only when nothing sealed with it is left to read.
    """

    active_id: str
    readable: Mapping[str, bytes]

    def __post_init__(self) -> None:
        if self.active_id not in self.readable:
            raise ValueError("the active key is not among the readable ones")
        object.__setattr__(self, "readable", MappingProxyType(dict(self.readable)))

    @property
    def active(self) -> bytes:
        """The key that seals from now on, 32 bytes."""
        return self.readable[self.active_id]

    def get(self, kid: str) -> bytes | None:
        """Return the key with this id, or None when the ring does not know it."""
        return self.readable.get(kid)

    @classmethod
    def generate(cls) -> Self:
        """Make a ring of one fresh random key under a fresh random id."""
        kid = "k" + secrets.token_hex(4)
        return cls(kid, {kid: secrets.token_bytes(KEY_BYTES)})

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `kid:base64url-of-32-bytes`, comma separated, the active key first.

        Raises ValueError, whose text says which entry is wrong by its place and never quotes it.
        """
        entries = [_entry(place, part.strip()) for place, part in enumerate(text.split(","), start=1)]
        keys = dict(entries)
        if len(keys) != len(entries):
            raise ValueError("two keys have the same id")
        return cls(entries[0][0], keys)

    def encode(self) -> str:
        """Write the text that `parse` reads. Secret: for a 0600 file or a child's environment."""
        ordered = [self.active_id, *(kid for kid in self.readable if kid != self.active_id)]
        return ",".join(f"{kid}:{base64.urlsafe_b64encode(self.readable[kid]).decode()}" for kid in ordered)

    def __repr__(self) -> str:
        return f"KeyRing(active_id={self.active_id!r}, {len(self.readable)} keys)"


def kept_rings(path: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the rings of these names from a file of `NAME=ring` lines, after making those that it lacks.

    The file has mode 0600 and is whole or not there: what was sealed with a key that a power cut takes away
    can never be read again.
    """
    kept = dict(line.split("=", 1) for line in path.read_text().splitlines()) if path.exists() else {}
    made = {name: KeyRing.generate().encode() for name in names if name not in kept}
    if made:
        _write_privately(path, "".join(f"{name}={ring}\n" for name, ring in (kept | made).items()))
    return {name: (kept | made)[name] for name in names}


def _write_privately(path: Path, text: str) -> None:
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


def _entry(place: int, text: str) -> tuple[str, bytes]:
    kid, colon, encoded = text.partition(":")
    if not colon or not _KEY_ID.fullmatch(kid):
        raise ValueError(f"key {place} is not of the form kid:base64url, kid up to 16 letters, digits, - or _")
    try:
        # Some tools leave the padding out; validate=True refuses the characters that b64decode would skip.
        key = base64.b64decode(encoded.rstrip("=") + "=" * (-len(encoded.rstrip("=")) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"key {place} is not base64url") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"key {place} has {len(key)} bytes, not {KEY_BYTES}")
    return kid, key
