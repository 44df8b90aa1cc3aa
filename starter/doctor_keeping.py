"""The checks of what keeps and what erases: the cases' keys, and closed cases past their period."""

import asyncpg

from starter.connections import OUT_OF_REACH
from starter.doctor import CONNECT, DATABASE, Check, Finding, Level, NotLookedAtError, Practice
from starter.erasure import unfinished
from starter.judging import RulesError, rules_in_force
from starter.retention import number_due
from workflows.policy.due import on_in_london

_KEYS = """
    SELECT coalesce(array_agg(DISTINCT kid) FILTER (WHERE kid IS NOT NULL), '{}') AS kids,
        count(*) FILTER (WHERE sealed IS NOT NULL) AS live, count(*) FILTER (WHERE sealed IS NULL) AS destroyed,
        count(*) FILTER (WHERE sealed IS NOT NULL AND backed_up_at IS NULL) AS uncopied
    FROM sfo_keys.case_keys
"""


async def _case_keys(practice: Practice) -> Finding:
    """Every case's key can be opened with our ring; without it the case's histories cannot be read."""
    settings = practice.settings
    try:
        connection = await asyncpg.connect(settings.keys_database_url, timeout=CONNECT, command_timeout=CONNECT)
    except (*OUT_OF_REACH, asyncpg.PostgresError) as error:
        remedy = "bring it back, or correct SFO_KEYS_DATABASE_URL: no case goes on without it"
        return Finding(Level.AWAY, f"the store of the cases' keys does not answer: {type(error).__name__}", remedy)
    try:
        row = await connection.fetchrow(_KEYS)
    except asyncpg.PostgresError:
        return Finding(Level.FAIL, "the store of the cases' keys is not there", "run `sfo schema` as the owner")
    finally:
        connection.terminate()
    assert row is not None  # noqa: S101  # an aggregate is one row
    said = f"{row['live']} cases have a key, {row['destroyed']} keys are destroyed"
    lacking = sorted(kid for kid in row["kids"] if settings.payload_keys.get(kid) is None)
    if lacking:
        remedy = "put the key back into SFO_PAYLOAD_KEYS, after the active one"
        return Finding(Level.FAIL, f"{said}; some are sealed under {', '.join(lacking)}, which we lack", remedy)
    if settings.key_backup_dir and row["uncopied"]:
        remedy = "see that workers may write to SFO_KEY_BACKUP_DIR; a copy is made when a case is next read"
        return Finding(Level.WARN, f"{said}; {row['uncopied']} have no copy", remedy)
    others = [kid for kid in row["kids"] if kid != settings.payload_keys.active_id]
    more = f"; keep {', '.join(others)} in SFO_PAYLOAD_KEYS, which seals some" if others else ""
    return Finding(Level.OK, said + more)


async def _retention(practice: Practice) -> Finding:
    pool, today = await practice.record(), on_in_london(practice.now())
    try:
        rule = rules_in_force(practice.settings, today).rulebook.retention
    except RulesError:
        raise NotLookedAtError("the rulebooks cannot be read, see rules-valid") from None
    async with pool.acquire() as connection:
        begun = await unfinished(connection)
        due, held = await number_due(connection, rule, today) if rule else (0, 0)
    if begun:
        remedy = "say why it stopped, and go on: `sfo erase --again --as ADDRESS`"
        return Finding(Level.WARN, f"an erasure is ordered and not done: {', '.join(begun)}", remedy)
    if rule is None:
        return Finding(Level.WARN, "the rulebook says no period for which a case is kept", "add [retention] to it")
    if due > held:
        remedy = "`sfo retention` lists them; two people decide each, with `sfo erase`"
        return Finding(Level.WARN, f"{due} closed cases are past their period, {held} of them held", remedy)
    return Finding(Level.OK, f"{due} closed cases are past their period, {held} of them held; no erasure is unfinished")


CHECKS = (
    Check("case-keys", _case_keys, ("SFO_KEYS_DATABASE_URL", "SFO_PAYLOAD_KEYS")),
    Check("retention", _retention, (*DATABASE, "SFO_RULEBOOK_DIR")),
)
