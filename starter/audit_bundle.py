"""The audit chain as a signed bundle: a zip file that a third party checks with `deploy/verify_audit.py` alone.

The rows of the cases that are exported stand in it in full, with the very text that was hashed. Of every other row
there is its number and the two hashes, so that the chain can be followed and nothing of another case is told.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from starter.audit_signing import signed
from starter.connections import Connection
from starter.disclosure_answers import Row
from starter.keys import KeyRing
from starter.schema import SCHEMA_DIR

FORMAT = "sfo-audit-bundle/1"
ROWS, HEADS, MANIFEST, SIGNATURE = "rows.jsonl", "heads.jsonl", "manifest.json", "manifest.sig"
_AT_ONCE = 1000  # rows fetched together
_PATIENCE = 3600.0  # seconds; a chain of years is read from its first row

# The text is that of `sfo.audit_hash` in deploy/schema/0001_record.sql.
_ROWS = """
    SELECT seq, encode(prev, 'hex') AS prev, encode(hash, 'hex') AS hash, detail::text AS detail,
        CASE WHEN $1::text[] IS NULL OR reference = ANY($1) THEN jsonb_build_array(
            seq, to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            reference, actor, action, subject, detail)::text END AS text
    FROM sfo.audit ORDER BY seq
"""
_SHOWN = ("recorded_at", "at", "reference", "actor", "action", "subject")


@dataclass(frozen=True, slots=True)
class Exported:
    """How many rows stand in a bundle in full, how many as a link, and the last one's number and hash."""

    rows: int
    links: int
    last: tuple[int, str]


async def export(
    connection: Connection, references: Sequence[str] | None, heads: bytes, ring: KeyRing, output: Path
) -> Exported:
    """Write the bundle of these cases, or of everything, to a file that only we may read. Raises OSError.

    `heads` is the file of exported heads as it is. The output is whole or not there.
    """
    draft = output.with_name(f"{output.name}.draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        try:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
                exported = await _fill(bundle, connection, references, heads, ring)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    draft.replace(output)
    return exported


async def _fill(
    bundle: zipfile.ZipFile, connection: Connection, references: Sequence[str] | None, heads: bytes, ring: KeyRing
) -> Exported:
    with bundle.open(ROWS, "w", force_zip64=True) as file:
        exported, digest = await _write_rows(file, connection, references)
    bundle.writestr(HEADS, heads)
    seq, head = exported.last
    manifest = {
        "format": FORMAT,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "key": ring.active_id,
        "schema": max(path.name for path in SCHEMA_DIR.glob("*.sql")),
        "references": sorted(references) if references is not None else None,
        "rows": exported.rows,
        "links": exported.links,
        "head": {"seq": seq, "hash": head},
        "files": {ROWS: digest, HEADS: hashlib.sha256(heads).hexdigest()},
    }
    written = (json.dumps(manifest, indent=2, sort_keys=True) + "\n").encode()
    bundle.writestr(MANIFEST, written)
    bundle.writestr(SIGNATURE, signed(ring, written) + b"\n")
    return exported


async def _write_rows(
    file: IO[bytes], connection: Connection, references: Sequence[str] | None
) -> tuple[Exported, str]:
    digest, full, links, last = hashlib.sha256(), 0, 0, (0, "0" * 64)
    async with aclosing(_rows(connection, references)) as rows:
        async for row in rows:
            line = (_line(row) + "\n").encode()
            file.write(line)
            digest.update(line)
            full, links = (full + 1, links) if row["text"] else (full, links + 1)
            last = row["seq"], row["hash"]
    return Exported(full, links, last), digest.hexdigest()


async def _rows(connection: Connection, references: Sequence[str] | None) -> AsyncGenerator[Row, None]:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("SET LOCAL statement_timeout = 0")
        chosen = list(references) if references is not None else None
        async for row in connection.cursor(_ROWS, chosen, prefetch=_AT_ONCE, timeout=_PATIENCE):
            yield row


def _line(row: Row) -> str:
    """One row as JSON, its keys in order. The detail stands as PostgreSQL writes it, so that no number changes."""
    link = {"hash": row["hash"], "prev": row["prev"], "seq": row["seq"]}
    if row["text"] is None:
        return _canonical(link)
    hashed = json.loads(row["text"], parse_int=str, parse_float=str)
    shown = {name: _canonical(value) for name, value in zip(_SHOWN, hashed[1:7], strict=True)}
    shown |= {name: _canonical(value) for name, value in link.items()}
    shown |= {"detail": row["detail"], "text": _canonical(row["text"])}
    return "{" + ",".join(f'"{name}":{value}' for name, value in sorted(shown.items())) + "}"


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
