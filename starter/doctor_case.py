"""The checks of what waits in the record: for Temporal, for the mail server, for people; and what cases rest on."""

import asyncio
from datetime import timedelta

import httpx

from starter.connections import Pool
from starter.doctor import DATABASE, Check, Finding, Level, NotLookedAtError, Practice, ago
from starter.judging import RulesError, pinned_rules
from starter.relay import BACKLOGS
from workflows.policy.links import seal

RELAY_WARN, RELAY_FAIL = timedelta(minutes=5), timedelta(hours=1)
LETTERS_WARN, LETTERS_FAIL = timedelta(minutes=15), timedelta(hours=4)
REFUSED_WITHIN = timedelta(days=7)


async def _relay(practice: Practice) -> Finding:
    """By the relay's own queries, so that nothing waits which is not seen here."""
    pool, now = await practice.record(), practice.now()
    waiting = []
    for backlog in BACKLOGS:
        row = await pool.fetchrow(f"SELECT count(*) AS number, min(since) AS since FROM ({backlog.query}) b")
        if row and row["number"]:
            waiting.append((row["since"], f"{row['number']} {backlog.name} since {ago(row['since'], now)}"))
    if not waiting:
        return Finding(Level.OK, f"nothing waits, in none of {len(BACKLOGS)} queues")
    oldest, said = now - min(since for since, _ in waiting), ", ".join(text for _, text in sorted(waiting))
    remedy = "see whether a gateway runs, whose relay delivers it, and whether Temporal answers; read gateway.log"
    if oldest > RELAY_WARN:
        return Finding(Level.FAIL if oldest > RELAY_FAIL else Level.WARN, said, remedy)
    return Finding(Level.OK, said)


_LETTERS = """
    SELECT count(*) FILTER (WHERE state IN ('queued', 'sending')) AS waiting,
        min(recorded_at) FILTER (WHERE state IN ('queued', 'sending')) AS since,
        count(*) FILTER (WHERE state = 'held') AS held,
        count(*) FILTER (WHERE state = 'refused' AND recorded_at > $1) AS refused
    FROM sfo.outbox WHERE state IN ('queued', 'sending', 'held') OR state = 'refused' AND recorded_at > $1
"""


async def _outbox(practice: Practice) -> Finding:
    now = practice.now()
    row = await (await practice.record()).fetchrow(_LETTERS, now - REFUSED_WITHIN)
    assert row is not None  # noqa: S101  # an aggregate is one row
    said = f"{row['waiting']} letters wait, {row['held']} are held to be gathered, {row['refused']} refused in a week"
    if row["waiting"]:
        said += f"; the oldest waits since {ago(row['since'], now)}"
        remedy = "see mail and mail-sender here, and whether a worker runs, which sends them; read worker.log"
        if now - row["since"] > LETTERS_WARN:
            return Finding(Level.FAIL if now - row["since"] > LETTERS_FAIL else Level.WARN, said, remedy)
    if row["refused"]:
        remedy = "correct the addresses in the directory, then `reassign`; which: sfo.outbox WHERE state = 'refused'"
        return Finding(Level.WARN, said, remedy)
    return Finding(Level.OK, said)


async def _pinned(practice: Practice) -> Finding:
    """Every open case can be carried by the rulebook that it began with."""
    pool = await practice.record()
    try:
        known = (await asyncio.to_thread(pinned_rules, practice.settings)).rulebooks
    except RulesError:
        raise NotLookedAtError("the rulebooks cannot be read, see rules-valid") from None
    rows = await pool.fetch(
        "SELECT rulebook, count(*) AS number FROM sfo.cases WHERE closed_on IS NULL AND rulebook IS NOT NULL GROUP BY 1"
    )
    missing = [f"{row['number']} cases need {row['rulebook']}" for row in rows if row["rulebook"] not in known]
    if missing:
        return Finding(Level.FAIL, ", ".join(sorted(missing)), "put its file back into SFO_RULEBOOK_DIR, as it was")
    number = sum(row["number"] for row in rows)
    return Finding(Level.OK, f"{number} open cases have begun a clock, each by a rulebook that is here")


async def _gateway(practice: Practice) -> Finding:
    address = practice.settings.public_url
    remedy = "start `sfo gateway`, and see whether SFO_PUBLIC_URL leads to it: links do not open meanwhile"
    async with _web() as web:
        try:
            reply = await web.get(f"{address}/health")
        except (httpx.TransportError, httpx.InvalidURL) as error:
            return Finding(Level.AWAY, f"nothing answers at {address}: {type(error).__name__}", remedy)
        try:
            down = sorted(name for name, one in reply.json()["components"].items() if one["status"] != "UP")
        except (ValueError, KeyError, TypeError, AttributeError):
            return Finding(Level.FAIL, f"what answers at {address} is no gateway: {reply.status_code}", remedy)
        if down:
            return Finding(
                Level.FAIL, f"it runs, and cannot use {', '.join(down)}", "give it the settings of this check"
            )
        build = await _build(web, address)
    ours = practice.settings.build_id
    if build != ours:
        remedy = "start worker and gateway from the same release"
        return Finding(Level.WARN, f"it works; its build is {build}, this code is {ours}", remedy)
    return Finding(Level.OK, f"works at {address}, build {build}")


async def _build(web: httpx.AsyncClient, address: str) -> str:
    try:
        return str((await web.get(f"{address}/info")).json()["build"]["build_id"])
    except (httpx.TransportError, ValueError, KeyError, TypeError):
        return "unknown"


async def _link_keys(practice: Practice) -> Finding:
    """The newest link, sealed with our active key, is opened by the gateway. Looking at a link changes nothing."""
    link = await _newest_link(await practice.record())
    if link is None:
        return Finding(Level.OK, "there is no link yet")
    ring = practice.settings.link_keys
    token = seal(link, ring.active_id, ring.active)
    async with _web() as web:
        try:
            reply = await web.get(f"{practice.settings.public_url}/a/{token}")
        except httpx.TransportError:
            raise NotLookedAtError("the gateway does not answer, see gateway") from None
    if reply.status_code == 404:
        remedy = "give gateway, worker and this command the same SFO_LINK_KEYS; keep an old key after the active one"
        return Finding(Level.FAIL, "the gateway does not know a link that our active key seals", remedy)
    if reply.status_code >= 500:
        raise NotLookedAtError("the gateway does not work, see gateway")
    return Finding(Level.OK, f"the newest link opens at the gateway; active key {ring.active_id}")


async def _newest_link(pool: Pool) -> bytes | None:
    link = await pool.fetchval("SELECT link FROM sfo.links WHERE revoked_at IS NULL ORDER BY recorded_at DESC LIMIT 1")
    return link.bytes if link else None


def _web() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=4.0, trust_env=False)


CHECKS = (
    Check("gateway", _gateway, ("SFO_PUBLIC_URL",)),
    Check("link-keys", _link_keys, (*DATABASE, "SFO_PUBLIC_URL", "SFO_LINK_KEYS")),
    Check("relay", _relay, DATABASE),
    Check("outbox", _outbox, DATABASE),
    Check("pinned-rulebooks", _pinned, (*DATABASE, "SFO_RULEBOOK_DIR")),
)
