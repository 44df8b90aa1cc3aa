"""The backup of the cases' keys: one small sealed file a case, and beside them which cases were erased.

A file holds what the store of keys holds: the key sealed under SFO_PAYLOAD_KEYS, never the key itself.
"""

import base64
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ERASURES_FILE = "erasures.jsonl"


@dataclass(frozen=True, slots=True)
class SealedKey:
    """The key of a case as it is kept: `sealed` under the key `kid` of the ring; `fingerprint` of the key itself."""

    reference: str
    fingerprint: str
    kid: str
    sealed: bytes


def read_copy(folder: Path, reference: str) -> SealedKey | None:
    """Return the copy of a case's key, or None where there is none. Raises OSError, ValueError for a broken file."""
    try:
        found = json.loads(_place(folder, reference).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    try:
        if found["reference"] != reference:
            raise ValueError(f"the copy for {reference} is that of another case")
        return SealedKey(reference, found["fingerprint"], found["kid"], base64.b64decode(found["sealed"]))
    except (KeyError, TypeError):
        raise ValueError(f"the copy of the key of {reference} is not whole") from None


def write_copy(folder: Path, key: SealedKey) -> None:
    """The copy is there whole, for its owner alone. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = {"reference": key.reference, "fingerprint": key.fingerprint, "kid": key.kid}
    content["sealed"] = base64.b64encode(key.sealed).decode()
    place = _place(folder, key.reference)
    draft = place.with_suffix(f".{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(json.dumps(content) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(place)
    _settle(folder)


def has_copy(folder: Path, reference: str) -> bool:
    """Whether there is a copy of the key. Raises OSError."""
    return _place(folder, reference).exists()


def destroy_copy(folder: Path, reference: str) -> None:
    """There is no copy any more, nor a draft of one. Raises OSError."""
    for path in folder.glob(f"{reference}.*"):
        path.unlink(missing_ok=True)
    _settle(folder)


def note_erasure(folder: Path, erasure: dict[str, Any]) -> None:
    """The file of erasures says so, once a case. It outlives a record that is restored. Raises OSError, ValueError."""
    if any(known["reference"] == erasure["reference"] for known in noted_erasures(folder)):
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(folder / ERASURES_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
        file.write(json.dumps(erasure) + "\n")
        file.flush()
        os.fsync(file.fileno())
    _settle(folder)


def noted_erasures(folder: Path) -> list[dict[str, Any]]:
    """Every erasure that the file knows, the oldest first. Raises OSError, ValueError that names a broken line."""
    try:
        lines = (folder / ERASURES_FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            _ = entry["reference"]
        except (ValueError, KeyError, TypeError):
            raise ValueError(
                f"{folder / ERASURES_FILE}, line {number}: not an erasure as `sfo erase` writes it"
            ) from None
        found.append(entry)
    return found


def _place(folder: Path, reference: str) -> Path:
    return folder / f"{reference}.key"


def _settle(folder: Path) -> None:
    """A power cut takes nothing back."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
