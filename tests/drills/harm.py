"""What may have gone wrong for anybody, counted from the record, from Temporal and from the mail server's folder."""

import email
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from starter.audit import verify
from starter.connections import Pool
from starter.delivery import Delivery
from starter.deployment_state import FAILING
from starter.reconciling import Reconciliation
from starter.temporal_state import count_all, count_open
from tests.drills.counted import Row, count
from tests.drills.service import Service

_ENDED = "ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated')"
_LOST = """
    SELECT l.link FROM unnest($1::uuid[]) AS l(link) WHERE NOT EXISTS (
        SELECT FROM sfo.links JOIN sfo.decisions d USING (gate) WHERE sfo.links.link = l.link
            AND (d.void_at IS NOT NULL OR d.applied_at IS NOT NULL AND EXISTS (
                SELECT FROM sfo.audit WHERE action = 'decision_applied' AND detail ->> 'decision' = d.decision::text)))
"""
"""An answer counts as kept once it was applied, or its author was told why it could not be."""
_NEVER_WENT = """
    SELECT event FROM sfo.outbox WHERE state <> 'sent' AND recorded_at < clock_timestamp() - interval '5 seconds'
"""
_DOUBLED_EVER = {
    "answers that stand twice": """
        SELECT gate FROM sfo.decisions WHERE void_at IS NULL GROUP BY gate HAVING count(*) > 1""",
    "answers applied twice": """
        SELECT detail ->> 'decision' FROM sfo.audit WHERE action = 'decision_applied'
        GROUP BY detail ->> 'decision' HAVING count(*) > 1""",
    "answers recorded twice": """
        SELECT detail ->> 'decision' FROM sfo.audit WHERE action = 'decision_recorded'
        GROUP BY detail ->> 'decision' HAVING count(*) > 1""",
    "people asked twice": """
        SELECT min(event) FROM sfo.outbox WHERE letter = 'asked' GROUP BY gate, to_email HAVING count(*) > 1""",
}
_DOUBLED = _DOUBLED_EVER | {
    "questions asked twice": """
        SELECT min(gate) FROM sfo.gates GROUP BY reference, question, stage, subject HAVING count(*) > 1""",
}
"""The last one holds where nothing goes round a second time, as in the drills here."""


@dataclass
class Mails:
    """Every message at the mail server, by its Message-ID: when each copy was taken, in the order of arrival."""

    taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @property
    def twice(self) -> dict[str, list[float]]:
        """Those that came more than once."""
        return {name: times for name, times in self.taken.items() if len(times) > 1}


def mails(folder: Path) -> Mails:
    """Read the Maildir."""
    found = Mails()
    for path in sorted((folder / "new").iterdir(), key=lambda one: one.stat().st_mtime):
        message = email.message_from_bytes(path.read_bytes())
        found.taken[str(message["Message-ID"])].append(path.stat().st_mtime)
    return found


@dataclass
class Harm:
    """`lost`: answers that a page had said are recorded; everything else by what it is, empty where there is none."""

    lost: list[UUID]
    doubled: dict[str, list[str]]
    other: dict[str, object]
    mails: Mails
    """Letters that came twice are no harm where SMTP leaves no choice, so whoever looks judges them."""

    @property
    def found(self) -> dict[str, object]:
        """Whatever is wrong."""
        every = {"answers lost": self.lost, **self.doubled, **self.other}
        return {what: which for what, which in every.items() if which}

    @property
    def doubles(self) -> int:
        """How much somebody would have met twice."""
        return sum(map(len, self.doubled.values()))


_RESTS = """
    SELECT NOT EXISTS (SELECT FROM outbox WHERE state IN ('queued', 'sending'))
       AND NOT EXISTS (SELECT FROM decisions WHERE applied_at IS NULL AND void_at IS NULL)
"""


async def rested(service: Service, within: float = 120) -> float:
    """Wait until no answer and no letter is under way; returns the seconds. Raises TimeoutError."""
    return await service.until(_RESTS, within=within)


async def harm(service: Service, recorded: Iterable[UUID]) -> Harm:
    """Look for it once everything rests."""
    pool = service.pool
    sent = await pool.fetch("SELECT message_id FROM sfo.outbox WHERE state = 'sent'")
    found = mails(service.mailbox)  # after the rows, so that each of them is to be found
    nowhere = [row["message_id"] for row in sent if row["message_id"] not in found.taken]
    return Harm(
        await lost(pool, recorded),
        await doubled(pool),
        {**await _other(service), "letters called sent that are nowhere": nowhere},
        found,
    )


async def lost(pool: Pool, recorded: Iterable[UUID]) -> list[UUID]:
    """Of these links, whose answer a page had called recorded, those whose answer is nowhere."""
    return [row["link"] for row in await pool.fetch(_LOST, list(recorded))]


async def doubled(pool: Pool) -> dict[str, list[str]]:
    """What is there twice and may be only once."""
    return {what: [str(row[0]) for row in await pool.fetch(query)] for what, query in _DOUBLED.items()}


async def counted(
    service: Service, drill: str, what: str, cases: int, recorded: Collection[UUID], resumed: float | None
) -> Harm:
    """Wait until everything rests, look, and put one row into the table."""
    await rested(service, within=180)
    done = await harm(service, recorded)
    twice = len(done.mails.twice)
    count(Row(drill, what, 1, cases, len(recorded), resumed, len(done.lost), done.doubles, twice))
    return done


async def put_down(
    pool: Pool, drill: str, what: str, times: int = 1, *, gone: int = 0, twice: int | None = None
) -> Row:
    """One row by the record alone, for a drill of another kind. `gone`: answers that this record never heard of."""
    found = await pool.fetchrow(
        """SELECT (SELECT count(*) FROM sfo.cases), count(*),
               count(*) FILTER (WHERE applied_at IS NULL AND void_at IS NULL)
           FROM sfo.decisions"""
    )
    assert found is not None
    cases, answers, waiting = found
    more = sum([len(await pool.fetch(query)) for query in _DOUBLED_EVER.values()])
    return count(Row(drill, what, times, cases, answers, None, waiting + gone, more, twice))


async def _other(service: Service) -> dict[str, object]:
    pool, client = service.pool, service.client
    async with pool.acquire() as connection:
        broken = await verify(connection)
    reconciliation = Reconciliation.of(service.settings, Delivery(client, pool), pool)
    return {
        "rows of the chain that do not verify": broken,
        "workflows that ended in failure": await count_all(client, _ENDED),
        "workflows that fail": await count_open(client, FAILING),
        "stranded": [str(one) for one in await reconciliation.look()],
        "letters that never went": [str(row[0]) for row in await pool.fetch(_NEVER_WENT)],
    }
