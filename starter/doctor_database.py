"""The checks of PostgreSQL: that it answers, that the role has no right too many, the schema, the clock, the audit."""

import asyncio
import json
import time
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg

from starter.audit import HEADS_FILE
from starter.connections import OUT_OF_REACH
from starter.doctor import DATABASE, Check, Finding, Level, Practice, ago, of_skew
from starter.schema import SchemaError, compare_schema

OLDEST = 15
"""The oldest major version of PostgreSQL that is not warned of; the tests run with 18."""
HEAD_AGE = timedelta(hours=2)
ROWS = 1_000


async def _database(practice: Practice) -> Finding:
    try:
        pool = await practice.pool()
        started = time.monotonic()
        number = int(await pool.fetchval("SELECT current_setting('server_version_num')"))
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
        remedy = "correct role, password or database in SFO_DATABASE_URL, or let pg_hba.conf have this role in"
        return Finding(Level.FAIL, f"PostgreSQL lets us not in: SQLSTATE {error.sqlstate}", remedy)
    except OUT_OF_REACH as error:
        remedy = "see whether PostgreSQL runs and whether SFO_DATABASE_URL names it; meanwhile nothing moves"
        return Finding(Level.AWAY, f"PostgreSQL does not answer: {type(error).__name__}", remedy)
    found = f"PostgreSQL {number // 10_000}.{number % 10_000} answers in {(time.monotonic() - started) * 1000:.0f} ms"
    if number // 10_000 < OLDEST:
        return Finding(Level.WARN, found, f"move to PostgreSQL {OLDEST} or newer")
    return Finding(Level.OK, found)


_RIGHTS = """
    SELECT current_user AS role, r.rolsuper AS super,
        has_table_privilege('sfo.audit', 'INSERT, UPDATE, DELETE, TRUNCATE') AS audit_written,
        has_any_column_privilege('sfo.audit', 'INSERT, UPDATE') AS audit_column,
        has_table_privilege('sfo.audit', 'SELECT') AND has_function_privilege(
            'sfo.audit_append(timestamptz, text, text, text, text, jsonb)', 'EXECUTE') AS audit_used,
        has_table_privilege('sfo.cases', 'UPDATE') AND has_table_privilege('sfo.outbox', 'INSERT') AS record_used,
        EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'sfo' AND pg_has_role(c.relowner, 'MEMBER')) AS owns
    FROM pg_roles r WHERE r.rolname = current_user
"""


async def _rights(practice: Practice) -> Finding:
    """Held by the database's own word, without trying to write."""
    row = await (await practice.record()).fetchrow(_RIGHTS)
    assert row is not None  # noqa: S101  # a session has a role
    too_many = [
        what
        for what, is_so in (
            ("is a superuser", row["super"]),
            ("owns tables", row["owns"]),
            ("may change the audit chain", row["audit_written"] or row["audit_column"]),
        )
        if is_so
    ]
    if too_many:
        remedy = "connect as sfo_app in SFO_DATABASE_URL, and give the owner's address as SFO_SCHEMA_DATABASE_URL alone"
        return Finding(Level.FAIL, f"{row['role']} {', '.join(too_many)}", remedy)
    if not (row["audit_used"] and row["record_used"]):
        remedy = "run `sfo schema` as the owner, and connect as sfo_app in SFO_DATABASE_URL"
        return Finding(Level.FAIL, f"{row['role']} may not use the record", remedy)
    return Finding(Level.OK, f"{row['role']} works, and can neither update nor delete a row of the audit chain")


async def _schema(practice: Practice) -> Finding:
    await practice.record()
    try:
        state = await compare_schema(practice.settings.schema_database_url, practice.schema_dir)
    except asyncpg.InsufficientPrivilegeError:
        remedy = "set SFO_SCHEMA_DATABASE_URL to the owner's address where you run this"
        return Finding(Level.WARN, "this role may not see which schema files are applied", remedy)
    except SchemaError as error:
        return Finding(Level.FAIL, str(error), "put the files of deploy/schema back as they were released")
    except (*OUT_OF_REACH, asyncpg.InvalidAuthorizationSpecificationError) as error:
        remedy = "correct SFO_SCHEMA_DATABASE_URL"
        return Finding(Level.FAIL, f"the owner's address does not work: {type(error).__name__}", remedy)
    if state.edited:
        remedy = "restore the file as it was released; a change is a new numbered file"
        return Finding(Level.FAIL, f"edited after it was applied: {', '.join(state.edited)}", remedy)
    if state.missing:
        return Finding(Level.FAIL, f"not applied yet: {', '.join(state.missing)}", "run `sfo schema` as the owner")
    if state.newer:
        remedy = "this code is older than the database: start the newer release here too"
        return Finding(Level.WARN, f"applied by a newer release: {', '.join(state.newer)}", remedy)
    return Finding(Level.OK, f"{len(state.applied)} files applied, up to {max(state.applied)}, each as it is here")


async def _clock(practice: Practice) -> Finding:
    pool = await practice.record()
    before = practice.now()
    theirs: datetime = await pool.fetchval("SELECT clock_timestamp()")
    after = practice.now()
    return of_skew(before + (after - before) / 2 - theirs, "PostgreSQL")


_CHAIN = """
    WITH tail AS (SELECT * FROM sfo.audit ORDER BY seq DESC LIMIT $1),
    chained AS (SELECT t.*, lag(seq) OVER (ORDER BY seq) AS seq_before, lag(hash) OVER (ORDER BY seq) AS before
        FROM tail t)
    SELECT count(*) AS rows, max(seq) AS last, min(seq) FILTER (WHERE seq <> seq_before + 1 OR prev <> before
        OR hash <> sfo.audit_hash(prev, seq, recorded_at, at, reference, actor, action, subject, detail)) AS broken
    FROM chained
"""


async def _chain(practice: Practice) -> Finding:
    row = await (await practice.record()).fetchrow(_CHAIN, ROWS)
    if row is None or not row["rows"]:
        return Finding(Level.OK, "nothing is recorded yet")
    if row["broken"]:
        remedy = "run `sfo audit verify`, leave everything as it is, and tell your security team"
        return Finding(Level.FAIL, f"row {row['broken']} does not verify", remedy)
    return Finding(Level.OK, f"the last {row['rows']} rows verify, up to row {row['last']}; all: `sfo audit verify`")


async def _head(practice: Practice) -> Finding:
    pool, path = await practice.record(), practice.settings.data_dir / HEADS_FILE
    if await pool.fetchval("SELECT count(*) FROM (SELECT FROM sfo.audit LIMIT 1) a") == 0:
        return Finding(Level.OK, "nothing is recorded yet, so there is no head")
    seen = await asyncio.to_thread(_last_head, path)
    if seen is None:
        remedy = "look where the gateway runs, which exports it; or run `sfo audit head` here every hour"
        return Finding(Level.WARN, f"no exported head in {path}", remedy)
    seq, hash_, at = seen
    kept = await pool.fetchval("SELECT encode(hash, 'hex') FROM sfo.audit WHERE seq = $1", seq)
    if kept != hash_:
        remedy = "run `sfo audit verify`, leave everything as it is, and tell your security team"
        return Finding(Level.FAIL, f"row {seq} is not the one that was exported as the head", remedy)
    found = f"row {seq} was exported {ago(at, practice.now())} and is in the chain"
    if practice.now() - at > HEAD_AGE:
        return Finding(Level.WARN, found, "see whether a gateway runs and may write to SFO_DATA_DIR; read gateway.log")
    return Finding(Level.OK, found)


def _last_head(path: Path) -> tuple[int, str, datetime] | None:
    try:
        entry = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
        return int(entry["seq"]), str(entry["hash"]), datetime.fromisoformat(entry["exported_at"])
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


CHECKS = (
    Check("database", _database, DATABASE),
    Check("database-rights", _rights, DATABASE),
    Check("schema", _schema, (*DATABASE, "SFO_SCHEMA_DATABASE_URL")),
    Check("database-clock", _clock, DATABASE),
    Check("audit-chain", _chain, DATABASE),
    Check("audit-head", _head, (*DATABASE, "SFO_DATA_DIR")),
)
