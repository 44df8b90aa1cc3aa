"""Verifies a bundle of `sfo audit export` without the service. Needs Python 3.11 and `pip install cryptography`.

    python3 verify_audit.py BUNDLE.zip KID:PUBLIC-KEY

The public key is what `sfo audit key` prints; have it by another way than the bundle. What is verified:
1. manifest.sig is the Ed25519 signature of manifest.json by that key;
2. every file in the zip stands in the manifest with its sha256, and none is missing;
3. rows.jsonl: the numbers run from 1 without a gap; `prev` of each row is `hash` of the one before, the first has 64
   zeros; where a row stands in full, sha256(prev + text) is its hash, and what it shows is what that text says.
   A row of a case that was not exported is only a link: its number, `prev` and `hash`;
4. heads.jsonl: each head, which was written down at an earlier time, is still that row of the chain.

Ends with 0 verified; 1 not, each problem on a line of its own; 2 the bundle or key cannot be read.
"""

import base64
import hashlib
import json
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SHOWN = ("seq", "recorded_at", "at", "reference", "actor", "action", "subject", "detail")  # as the text has them


def exact(text: str | bytes) -> Any:
    """Read JSON with every number as it is written: 1.0 is not 1, and a number is not a text."""
    return json.loads(text, parse_int=lambda digits: ("number", digits), parse_float=lambda digits: ("number", digits))


def lines(data: bytes) -> list[bytes]:
    """Split at line feeds alone: other signs that end a line may stand in a text."""
    return [line for line in data.split(b"\n") if line]


def signature_and_files(files: dict[str, bytes], key: str) -> Iterator[str]:
    """Check 1 and 2: who signed, and what."""
    kid, _, public = key.partition(":")
    manifest = json.loads(files["manifest.json"])
    signer = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(public))
    try:
        signer.verify(base64.urlsafe_b64decode(files["manifest.sig"]), files["manifest.json"])
    except (InvalidSignature, ValueError):
        yield f"manifest.json: it was not signed like this by the key {kid}; it names the key {manifest['key']}"
    for name in sorted((files.keys() | manifest["files"].keys()) - {"manifest.json", "manifest.sig"}):
        if name not in files or name not in manifest["files"]:
            yield f"{name}: it is {'not in the manifest' if name in files else 'missing'}"
        elif hashlib.sha256(files[name]).hexdigest() != manifest["files"][name]:
            yield f"{name}: it is not the file that was signed"


def chain(files: dict[str, bytes]) -> Iterator[str]:
    """Check 3 and 4: every row in its place, and the heads that were exported earlier."""
    manifest, hashes, full, before = json.loads(files["manifest.json"]), {0: "0" * 64}, 0, 0
    for row in map(exact, lines(files["rows.jsonl"])):
        seq = int(row["seq"][1])
        if seq != before + 1:
            yield f"row {seq}: it comes after row {before}; a row was removed, or they are not in order"
        if row["prev"] != hashes[before]:
            yield f"row {seq}: it does not follow from the row before it"
        if "text" in row:
            full += 1
            if hashlib.sha256(bytes.fromhex(row["prev"]) + row["text"].encode()).hexdigest() != row["hash"]:
                yield f"row {seq}: its text was edited"
            if exact(row["text"]) != [row[name] for name in SHOWN]:
                yield f"row {seq}: what it shows is not what its text says"
            if manifest["references"] is not None and row["reference"] not in manifest["references"]:
                yield f"row {seq}: it is of a case that the manifest does not name"
        hashes[seq], before = row["hash"], seq
    if (manifest["head"], manifest["rows"]) != ({"seq": before, "hash": hashes[before]}, full):
        yield "rows.jsonl: its last row or its number of rows is not that of the manifest"
    for head in map(json.loads, lines(files["heads.jsonl"])):
        if hashes.get(head["seq"]) != head["hash"]:
            yield f"head {head['seq']}: the row that was exported as the head is gone or another one"


def main(bundle: str, key: str) -> int:
    """Print what is wrong, or what was verified."""
    try:
        with zipfile.ZipFile(bundle) as file:
            files = {name: file.read(name) for name in file.namelist()}
        problems = list(dict.fromkeys([*signature_and_files(files, key), *chain(files)]))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError, IndexError) as error:
        print(f"{bundle}: the bundle or the key cannot be read, {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    manifest, heads = json.loads(files["manifest.json"]), len(lines(files["heads.jsonl"]))
    counts = f"{manifest['rows']} rows in full, {manifest['links']} as links; heads exported earlier: {heads}"
    print("\n".join(problems) or f"verified: {counts}")
    if not heads:
        print("no head was exported earlier: whether the end of the chain was cut off is NOT verified")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) == 3 else __doc__)
